/*
 * Rows of a database: what is taken from them can be sent to a mail host.
 * Runs in: make check, fuzzing.
 * Hostile input: the whole input: lines of "column=value", or "column" (NULL).
 * Never: ships in a program.
 */
#include <string.h>

#include "auth/passdb.h"
#include "auth/passdb_route.h"
#include "auth/userdb.h"
#include "check.h"
#include "config/settings.h"
#include "fuzz.h"
#include "ipc/roles.h"
#include "lib/strutil.h"

/* One line; the value may hold anything but a newline, "\n" is written \x1e. */
static void
fuzz_column(struct auth_worker_row *row, char *line, size_t len)
{
	struct auth_worker_column *c = &row->columns[row->ncolumns];
	char *eq = memchr(line, '=', len);
	size_t nlen = eq == NULL ? len : (size_t)(eq - line);

	if (nlen == 0 || nlen > AUTH_WORKER_NAME_MAX ||
	    row->ncolumns == AUTH_WORKER_COLUMNS_MAX)
		return;
	if (memchr(line, '\0', nlen) != NULL)
		return;
	memcpy(c->name, line, nlen);
	c->name[nlen] = '\0';
	c->is_null = eq == NULL;
	c->value = NULL;
	c->len = 0;
	if (eq != NULL) {
		c->len = len - nlen - 1;
		c->value = (uint8_t *)eq + 1;
		for (size_t i = 1; i <= c->len; i++)
			if (eq[i] == '\x1e')
				eq[i] = '\n';
	}
	row->ncolumns++;
}

static void
fuzz_text(const char *text)
{
	CHECK(!str_has_control(text, strlen(text)));
	CHECK(str_is_utf8(text, strlen(text)));
}

static void
fuzz_route(const struct passdb_fields *f, const struct netaddr *lip)
{
	struct settings settings = { .npassdbs = 0 };
	struct passdb_route_login login = { .settings = &settings,
	    .service = SERVICE_POP3, .lip = lip, .user = "joe",
	    .pass = "secret", .master = "" };
	struct login_auth_route route, again;
	struct wire_writer w;
	struct wire_reader r;
	uint8_t body[8192];

	if (passdb_route_begin(&route, f, &login) == -1)
		return;
	for (size_t i = 0; i < f->nhosts; i++)
		if (f->hosts[i].addr.family != NETADDR_NONE)
			(void)passdb_route_add(&route, f, &f->hosts[i].addr,
			    i, &login);
	fuzz_text(route.user);
	fuzz_text(route.destuser);
	fuzz_text(route.master);
	fuzz_text(route.pass);
	fuzz_text(route.host);
	if (route.naddrs == 0)
		return;
	wire_writer_init(&w, body, sizeof(body));
	login_auth_route_put(&w, &route);
	CHECK(!w.has_failed);
	wire_reader_init(&r, body, w.len);
	CHECK(login_auth_route_get(&r, &again) == 0);
	CHECK(strcmp(again.destuser, route.destuser) == 0);
	CHECK(strcmp(again.pass, route.pass) == 0);
}

static void
fuzz_fields(const struct passdb_fields *f, const struct netaddr *lip)
{
	CHECK(!str_has_control(f->hash, strlen(f->hash)));
	fuzz_text(f->reason);
	CHECK(f->has_password || f->hash[0] == '\0');
	CHECK(!f->has_password || f->hash[0] == '{');
	CHECK(f->timeout_ms <= PASSDB_TIMEOUT_MAX_S * 1000);
	for (size_t i = 0; i < f->nhosts; i++) {
		const struct passdb_host *h = &f->hosts[i];

		CHECK((size_t)h->off + h->len <= strlen(f->host));
		CHECK(h->addr.family != NETADDR_NONE ||
		    passdb_is_host_name(f->host + h->off, h->len));
	}
	if (f->has_password && f->is_password_empty)
		CHECK(password_is_slow(f->hash) ||
		    password_verify(f->hash, "x") != PASSWORD_MATCH);
	if (passdb_is_forwarded(f))
		fuzz_route(f, lip);
}

/* What a mail process is started with can be told, and is sane. */
static void
fuzz_userdb(const struct auth_worker_row *row, const char *prefix)
{
	const struct settings_mail limits = { .first_valid_uid = 500,
	    .first_valid_gid = 1 };
	struct userdb_fields f = { .has_uid = false };
	struct child_mail_ask m = { .user = "joe" };
	char why[PASSDB_WHY_MAX] = "";
	uint8_t body[8192];
	struct wire_writer w;

	if (userdb_fields_read(&f, row, prefix, why) == -1) {
		CHECK(why[0] != '\0');
		fuzz_text(why);
		return;
	}
	CHECK(f.home[0] == '\0' || f.home[0] == '/');
	CHECK(strstr(f.home, "/../") == NULL);
	if (userdb_fields_fault(&f, &limits) == NULL)
		CHECK(f.uid >= 500 && f.gid >= 1);
	memcpy(m.home, f.home, sizeof(m.home));
	memcpy(m.mail, f.mail, sizeof(m.mail));
	wire_writer_init(&w, body, sizeof(body));
	child_mail_ask_put(&w, &m);
	CHECK(!w.has_failed);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_bytes)
{
	static char text[65536];
	static struct auth_worker_row row;
	struct netaddr rip = { NETADDR_V4, 4711, { 192, 0, 2, 7 } };
	const struct login_auth_cert cert = { .len = 32, .print = { 1, 2 } };
	struct passdb_asker asker = { .user = "joe@example.org", .rip = &rip,
	    .real_rip = &rip, .cert = &cert, .default_scheme = "PLAIN" };
	struct passdb_fields f;
	char why[PASSDB_WHY_MAX] = "", *p = text, *end;

	if (data_bytes >= sizeof(text))
		return 0;
	memcpy(text, data, data_bytes);
	text[data_bytes] = '\n';
	row.found = AUTH_WORKER_ONE;
	row.ncolumns = 0;
	for (; p < text + data_bytes; p = end + 1) {
		end = memchr(p, '\n', (size_t)(text + data_bytes + 1 - p));
		fuzz_column(&row, p, (size_t)(end - p));
	}
	fuzz_userdb(&row, "");
	fuzz_userdb(&row, USERDB_PREFETCH_PREFIX);
	passdb_fields_clear(&f);
	if (passdb_fields_read(&f, &row, &asker, why) == -1 ||
	    passdb_check(&f, why) == -1) {
		CHECK(why[0] != '\0');
		fuzz_text(why);
		return 0;
	}
	fuzz_fields(&f, &rip);
	return 0;
}
