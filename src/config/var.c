/*
 * Parses and expands %variables.
 * Runs in: master, auth, auth-worker.
 * Hostile input: values, which hold what a client sent as its name.
 * Never: expands a value a second time.
 */
#include "config/var.h"

#include <ctype.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "lib/netaddr.h"
#include "lib/strutil.h"

/* Offsets and widths beyond this are as good as this. */
#define VAR_NUMBER_MAX	1000
/* Longest value on its way through the modifiers. */
#define VAR_WORK_MAX	2048
#define VAR_ERROR_MAX	128
/* Room for a value that is written: a number, an address, a fingerprint. */
#define VAR_ROOM_MAX	(2 * VAR_PRINT_MAX + 1)

_Static_assert(VAR_ROOM_MAX >= NETADDR_TEXT_MAX, "addresses");

struct var_name {
	const char	*name;
	char		 letter;
	enum var_id	 id;
	size_t		 off;
};

#define AT(member)	offsetof(struct var_values, member)

static const struct var_name var_names[] = {
	{ "user", 'u', VAR_USER, 0 },
	{ "username", 'n', VAR_USERNAME, 0 },
	{ "domain", 'd', VAR_DOMAIN, 0 },
	{ "service", 's', VAR_SERVICE, 0 },
	{ "rip", 'r', VAR_ADDR, AT(rip) },
	{ "lip", 'l', VAR_ADDR, AT(lip) },
	{ "rport", 'b', VAR_PORT, AT(rip) },
	{ "lport", 'a', VAR_PORT, AT(lip) },
	{ "real_rip", '\0', VAR_ADDR, AT(real_rip) },
	{ "real_lip", '\0', VAR_ADDR, AT(real_lip) },
	{ "real_rport", '\0', VAR_PORT, AT(real_rip) },
	{ "real_lport", '\0', VAR_PORT, AT(real_lip) },
	{ "pid", 'p', VAR_PID, 0 },
	{ "mech", 'm', VAR_TEXT, AT(mech) },
	{ "secured", 'c', VAR_SECURED, 0 },
	{ "session", '\0', VAR_TEXT, AT(session) },
	{ "login_user", '\0', VAR_TEXT, AT(login_user) },
	{ "auth_user", '\0', VAR_TEXT, AT(auth_user) },
	{ "ssl_client_cert_fp", '\0', VAR_PRINT, AT(cert_print) },
	{ "ssl_client_cert_pubkey_fp", '\0', VAR_PRINT, AT(cert_key_print) },
	{ "forward_", '\0', VAR_FORWARD, 0 },
};

static const char var_modifiers[] = "LUTRED";

static int
var_number(const char **text)
{
	int n = 0;

	while (isdigit((unsigned char)**text)) {
		n = n * 10 + (**text - '0');
		if (n > VAR_NUMBER_MAX)
			n = VAR_NUMBER_MAX;
		(*text)++;
	}
	return n;
}

/* "[[-]offset.][0]width" */
static void
var_parse_range(const char **text, struct var_piece *piece)
{
	bool is_negative = **text == '-';
	int number;

	if (is_negative)
		(*text)++;
	piece->has_zeros = !is_negative && **text == '0';
	number = var_number(text);
	if (**text == '.') {
		(*text)++;
		piece->offset = is_negative ? -number : number;
		piece->has_zeros = **text == '0';
		number = var_number(text);
	}
	piece->width = (size_t)number;
}

/* "forward_NAME", whose name is kept in the piece. */
static bool
var_is_forward(const char *name, size_t len, struct var_piece *piece)
{
	const size_t n = strlen("forward_");

	if (len <= n || memcmp(name, "forward_", n) != 0 ||
	    str_copy(piece->forward, sizeof(piece->forward), name + n,
	    len - n) == -1)
		return false;
	str_lower(piece->forward);
	return true;
}

static const struct var_name *
var_find(const char *name, size_t len, struct var_piece *piece)
{
	const size_t n = sizeof(var_names) / sizeof(var_names[0]);

	for (size_t i = 0; i < n; i++) {
		if (var_names[i].id == VAR_FORWARD ?
		    var_is_forward(name, len, piece) :
		    strlen(var_names[i].name) == len &&
		    strncmp(var_names[i].name, name, len) == 0)
			return &var_names[i];
	}
	return NULL;
}

static const struct var_name *
var_find_letter(char letter)
{
	const size_t n = sizeof(var_names) / sizeof(var_names[0]);

	for (size_t i = 0; i < n && letter != '\0'; i++) {
		if (var_names[i].letter == letter)
			return &var_names[i];
	}
	return NULL;
}

int
var_parse(const char **text, struct var_piece *piece, char *err,
    size_t err_size)
{
	const struct var_name *name;
	const char *start = *text, *end;
	size_t n = 0;

	memset(piece, 0, sizeof(*piece));
	if (**text == '%') {
		piece->text = "%";
		(*text)++;
		return 0;
	}
	var_parse_range(text, piece);
	while (**text != '\0' && strchr(var_modifiers, **text) != NULL) {
		if (n == VAR_MODIFIERS_MAX) {
			snprintf(err, err_size, "too many modifiers in %%%.*s",
			    (int)(*text - start), start);
			return -1;
		}
		piece->modifiers[n++] = *(*text)++;
	}
	end = *text;
	if (*end == '{') {
		end += strcspn(end, "}");
		name = *end == '\0' ? NULL : var_find(*text + 1,
		    (size_t)(end - *text - 1), piece);
	} else
		name = var_find_letter(*end);
	if (*end != '\0')
		end++;
	if (name == NULL) {
		snprintf(err, err_size, "unknown variable %%%.*s",
		    end - start > 40 ? 40 : (int)(end - start), start);
		return -1;
	}
	piece->id = name->id;
	piece->off = name->off;
	*text = end;
	return 0;
}

/* A number as text. */
static const char *
var_number_text(char *dst, size_t size, uint32_t number)
{
	snprintf(dst, size, "%" PRIu32, number);
	return dst;
}

/* What stands in values at the variable's place. */
static const void *
var_at(const struct var_piece *piece, const struct var_values *values)
{
	const void *at;

	memcpy(&at, (const char *)values + piece->off, sizeof(at));
	return at;
}

static const char *
var_addr_text(char dst[VAR_ROOM_MAX], const struct netaddr *a, bool is_port)
{
	if (a == NULL)
		return NULL;
	return is_port ? var_number_text(dst, VAR_ROOM_MAX, a->port) :
	    netaddr_text(a, dst);
}

static const char *
var_print_text(char dst[VAR_ROOM_MAX], const uint8_t *print, size_t len)
{
	return len == 0 || len > VAR_PRINT_MAX ? NULL : str_hex(dst, print,
	    len);
}

/* What was told under this name, or NULL. */
static const char *
var_forward(const struct var_values *values, const char *name)
{
	const char *p = values->forward;
	size_t len = strlen(name), left = p == NULL ? 0 : values->forward_len;

	for (size_t n; left > 0; p += n, left -= n) {
		n = strlen(p) + 1;
		if (strncmp(p, name, len) == 0 && p[len] == '=')
			return p + len + 1;
	}
	return NULL;
}

/* The value; what is no text by itself is written to dst. */
static const char *
var_value(const struct var_piece *piece, const struct var_values *values,
    size_t *len, char dst[VAR_ROOM_MAX])
{
	const char *user = values->user == NULL ? "" : values->user;
	const char *at = strchr(user, '@');
	const char *value = NULL;

	switch (piece->id) {
	case VAR_LITERAL:
		break;
	case VAR_USER:
		value = user;
		break;
	case VAR_USERNAME:
		*len = at == NULL ? strlen(user) : (size_t)(at - user);
		return user;
	case VAR_DOMAIN:
		value = at == NULL ? "" : at + 1;
		break;
	case VAR_SERVICE:
		value = values->service;
		break;
	case VAR_PID:
		value = var_number_text(dst, VAR_ROOM_MAX, values->pid);
		break;
	case VAR_SECURED:
		value = values->is_secured ? "secured" : "";
		break;
	case VAR_FORWARD:
		value = var_forward(values, piece->forward);
		break;
	case VAR_TEXT:
		value = var_at(piece, values);
		break;
	case VAR_ADDR:
	case VAR_PORT:
		value = var_addr_text(dst, var_at(piece, values),
		    piece->id == VAR_PORT);
		break;
	case VAR_PRINT:
		value = var_print_text(dst, var_at(piece, values),
		    values->print_bytes);
		break;
	}
	if (value == NULL)
		value = "";
	*len = strlen(value);
	return value;
}

/* What modifiers work on. */
struct var_work {
	char	text[VAR_WORK_MAX];
	size_t	len;
};

/* Replaces the byte at i by another text; -1 when it does not fit. */
static int
work_replace(struct var_work *work, size_t i, const char *by)
{
	size_t n = strlen(by);

	if (work->len - 1 + n > sizeof(work->text))
		return -1;
	memmove(work->text + i + n, work->text + i + 1, work->len - i - 1);
	memcpy(work->text + i, by, n);
	work->len += n - 1;
	return 0;
}

static int
work_escape(struct var_work *work)
{
	char by[3] = "\\";

	for (size_t i = 0; i < work->len; i++) {
		if (memchr("\\\"'", work->text[i], 3) == NULL)
			continue;
		by[1] = work->text[i];
		if (work_replace(work, i, by) == -1)
			return -1;
		i++;
	}
	return 0;
}

/* "sub.example.org" becomes "sub,dc=example,dc=org". */
static int
work_dn(struct var_work *work)
{
	for (size_t i = 0; i < work->len; i++) {
		if (work->text[i] == '.' &&
		    work_replace(work, i, ",dc=") == -1)
			return -1;
	}
	return 0;
}

static void
work_case(struct var_work *work, char from, char to)
{
	for (size_t i = 0; i < work->len; i++) {
		char *c = &work->text[i];

		if (*c >= from && *c <= from + ('z' - 'a'))
			*c = (char)(*c - from + to);
	}
}

static void
work_trim(struct var_work *work)
{
	size_t start = 0;

	while (work->len > 0 && work->text[work->len - 1] == ' ')
		work->len--;
	while (start < work->len && work->text[start] == ' ')
		start++;
	work->len -= start;
	memmove(work->text, work->text + start, work->len);
}

static void
work_reverse(struct var_work *work)
{
	for (size_t i = 0; i < work->len / 2; i++) {
		char c = work->text[i];

		work->text[i] = work->text[work->len - 1 - i];
		work->text[work->len - 1 - i] = c;
	}
}

static int
work_modify(struct var_work *work, char modifier)
{
	switch (modifier) {
	case 'L':
		work_case(work, 'A', 'a');
		return 0;
	case 'U':
		work_case(work, 'a', 'A');
		return 0;
	case 'T':
		work_trim(work);
		return 0;
	case 'R':
		work_reverse(work);
		return 0;
	case 'E':
		return work_escape(work);
	default:
		return work_dn(work);
	}
}

/* Takes the part of the value that the piece asks for. */
static int
work_cut(struct var_work *work, const struct var_piece *piece)
{
	size_t skip = (size_t)(piece->offset < 0 ? -piece->offset :
	    piece->offset);

	if (skip > work->len)
		skip = piece->offset < 0 ? 0 : work->len;
	else if (piece->offset < 0)
		skip = work->len - skip;
	work->len -= skip;
	if (skip > 0)
		memmove(work->text, work->text + skip, work->len);
	if (piece->width == 0)
		return 0;
	if (work->len > piece->width)
		work->len = piece->width;
	if (!piece->has_zeros || work->len == piece->width)
		return 0;
	if (piece->width > sizeof(work->text))
		return -1;
	skip = piece->width - work->len;
	memmove(work->text + skip, work->text, work->len);
	memset(work->text, '0', skip);
	work->len = piece->width;
	return 0;
}

int
var_append(const struct var_piece *piece, const struct var_values *values,
    char *dst, size_t size)
{
	char scratch[VAR_ROOM_MAX];
	size_t used = strnlen(dst, size), len;
	struct var_work work;
	const char *value;

	if (used == size)
		return -1;
	if (piece->id == VAR_LITERAL)
		return str_copy(dst + used, size - used, piece->text,
		    strlen(piece->text));
	value = var_value(piece, values, &len, scratch);
	if (len > sizeof(work.text))
		return -1;
	memcpy(work.text, value, len);
	work.len = len;
	for (const char *m = piece->modifiers; *m != '\0'; m++) {
		if (work_modify(&work, *m) == -1)
			return -1;
	}
	if (work_cut(&work, piece) == -1)
		return -1;
	return str_copy(dst + used, size - used, work.text, work.len);
}

int
var_expand(const char *text, const struct var_values *values, char *dst,
    size_t size)
{
	struct var_piece piece;
	char err[VAR_ERROR_MAX];
	const char *percent;
	size_t used;

	dst[0] = '\0';
	while (*text != '\0') {
		percent = text + strcspn(text, "%");
		used = strlen(dst);
		if (str_copy(dst + used, size - used, text,
		    (size_t)(percent - text)) == -1)
			goto fail;
		text = percent;
		if (*text == '\0')
			break;
		text++;
		if (var_parse(&text, &piece, err, sizeof(err)) == -1 ||
		    var_append(&piece, values, dst, size) == -1)
			goto fail;
	}
	return 0;
fail:
	dst[0] = '\0';
	return -1;
}

int
var_check_name(const char *text, char *err, size_t err_size)
{
	struct var_piece piece;

	while ((text = strchr(text, '%')) != NULL) {
		text++;
		if (var_parse(&text, &piece, err, err_size) == -1)
			return -1;
		if (piece.id != VAR_LITERAL && piece.id != VAR_USER &&
		    piece.id != VAR_USERNAME && piece.id != VAR_DOMAIN) {
			snprintf(err, err_size,
			    "only %%u, %%n and %%d make a name");
			return -1;
		}
	}
	return 0;
}
