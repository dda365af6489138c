/*
 * A "connect" text.  What it was taken for, written down again with quotes,
 * must mean the same; a text that is refused leaves nothing and gets a reason
 * that can be shown.
 * Runs in: make check, fuzzing.
 * Hostile input: the whole input; the first byte chooses the driver.
 * Never: ships in a program.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "config/connect_keys.h"
#include "config/connect_text.h"
#include "fuzz.h"
#include "lib/buf.h"
#include "lib/strutil.h"
#include "lib/xmem.h"

#define FUZZ_ERROR_MAX	256
#define FUZZ_TEXT_MAX	(1024u * 1024)

static void
add(struct buf *b, const char *text)
{
	CHECK(buf_add(b, text, strlen(text)) == 0);
}

static void
add_word(struct buf *b, const char *key, const char *value)
{
	add(b, key);
	add(b, "='");
	for (; *value != '\0'; value++) {
		if (*value == '\'' || *value == '\\')
			add(b, "\\");
		CHECK(buf_add(b, value, 1) == 0);
	}
	add(b, "' ");
}

static void
check_same(const struct connect_text *one, const struct connect_text *two)
{
	CHECK(one->nhosts == two->nhosts && one->nwords == two->nwords);
	for (size_t i = 0; i < one->nhosts; i++)
		CHECK(strcmp(one->hosts[i], two->hosts[i]) == 0);
	for (size_t i = 0; i < one->nwords; i++) {
		const char *value = connect_text_get(two, one->words[i].key);

		CHECK(value != NULL);
		CHECK(strcmp(one->words[i].value, value) == 0);
		CHECK(!str_has_control(value, strlen(value)));
	}
}

static void
check_again(const struct connect_text *text, const char *driver)
{
	char err[FUZZ_ERROR_MAX] = "";
	struct connect_text again;
	struct buf b;

	buf_init(&b, FUZZ_TEXT_MAX);
	for (size_t i = 0; i < text->nhosts; i++)
		add_word(&b, "host", text->hosts[i]);
	for (size_t i = 0; i < text->nwords; i++)
		add_word(&b, text->words[i].key, text->words[i].value);
	CHECK(buf_add(&b, "", 1) == 0);
	CHECK(connect_text_parse(&again, driver, (const char *)buf_head(&b),
	    err, sizeof(err)) == 0);
	check_same(text, &again);
	connect_text_clear(&again);
	buf_clear(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_bytes)
{
	char err[FUZZ_ERROR_MAX] = "";
	struct connect_text text;
	const char *driver;
	char *copy;

	if (data_bytes == 0 || data_bytes > FUZZ_TEXT_MAX / 4)
		return 0;
	driver = data[0] % 2 == 0 ? "mysql" : "pgsql";
	copy = xstrndup((const char *)data + 1, data_bytes - 1);
	if (connect_text_parse(&text, driver, copy, err, sizeof(err)) == -1) {
		CHECK(text.nhosts == 0 && text.nwords == 0);
		CHECK(err[0] != '\0' && !str_has_control(err, strlen(err)));
	} else {
		check_again(&text, driver);
		CHECK(connect_keys_check(&text, driver, err,
		    sizeof(err)) == 0 || err[0] != '\0');
		connect_text_clear(&text);
	}
	free(copy);
	return 0;
}
