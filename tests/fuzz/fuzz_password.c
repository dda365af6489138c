/*
 * Stored hashes: one of any form is verified, refused, or has a dummy that
 * nobody's password fits.
 * Runs in: make check, fuzzing.
 * Hostile input: the whole input: a password, a newline, "{SCHEME}data".
 * Never: ships in a program.
 */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "fuzz.h"
#include "lib/password.h"

/* Costs beyond these would make an input slow, if allowed. */
#define FUZZ_NUMBER_MAX	2000
#define FUZZ_DIGIT_MAX	'6'	/* of yescrypt's and scrypt's memory */

/* May it be verified in a moment?  What it may cost at all is not asked. */
static int
fuzz_is_cheap(const char *full)
{
	const char *data = strchr(full, '}'), *p;

	if (data == NULL)
		return 1;
	data++;
	/* Behind an encoding the cost cannot be seen from here. */
	if (strchr(full, '.') != NULL && strchr(full, '.') < data)
		return password_dummy_hash((char [PASSWORD_HASH_MAX + 1]){ "" },
		    PASSWORD_HASH_MAX + 1, full) == -1;
	if (strncmp(data, "$2", 2) == 0)
		return strncmp(data + 3, "$04$", 4) == 0;
	if (strncmp(data, "$y$", 3) == 0 || strncmp(data, "$gy", 3) == 0)
		return strchr(data + 3, '$') != NULL &&
		    strchr(data + 3, '$')[2] < FUZZ_DIGIT_MAX;
	if (strncmp(data, "$7$", 3) == 0)
		return data[3] < FUZZ_DIGIT_MAX;
	if (data[0] == '_')
		return data[3] == '.' && data[4] == '.';
	for (p = data; *p != '\0'; p++)
		if (strtoul(p, NULL, 10) > FUZZ_NUMBER_MAX)
			return 0;
	return 1;
}

static void
fuzz_dummy(const char *full, const char *pass)
{
	char dummy[PASSWORD_HASH_MAX + 1], again[PASSWORD_HASH_MAX + 1];

	if (password_dummy_hash(dummy, sizeof(dummy), full) == -1)
		return;
	CHECK(password_is_slow(full));
	CHECK(password_is_slow(dummy));
	CHECK(strlen(dummy) <= strlen(full));
	CHECK(password_dummy_hash(again, sizeof(again), dummy) == 0);
	CHECK(strcmp(again, dummy) == 0);
	if (fuzz_is_cheap(dummy))
		CHECK(password_verify(dummy, pass) != PASSWORD_MATCH);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_bytes)
{
	char pass[600], full[PASSWORD_HASH_MAX + 1];
	const uint8_t *end = data_bytes == 0 ? NULL :
	    memchr(data, '\n', data_bytes);
	enum password_verdict verdict;
	size_t len;

	if (end == NULL || (size_t)(end - data) >= sizeof(pass))
		return 0;
	memcpy(pass, data, (size_t)(end - data));
	pass[end - data] = '\0';
	len = data_bytes - (size_t)(end - data) - 1;
	if (password_full_hash(full, sizeof(full), (const char *)end + 1, len,
	    "PLAIN") == -1)
		return 0;
	fuzz_dummy(full, pass);
	if (!fuzz_is_cheap(full))
		return 0;
	verdict = password_verify(full, pass);
	CHECK(verdict == password_verify(full, pass));
	CHECK(pass[0] != '\0' || verdict != PASSWORD_MATCH);
	return 0;
}
