/* http_args: the arguments of a passdb nginx-http. */
#include "unit.h"

#include "config/http_args.h"

static struct http_args a;
static char err[256], label[HTTP_ARGS_LABEL_MAX];

static const struct {
	const char	*word, *text, *host, *socket;
	unsigned int	 port;
	bool		 is_tls, is_in_clear;
	const char	*label;
} urls[] = {
	{ "http://auth.example.org", "http://auth.example.org:80/",
	    "auth.example.org", "", 80, false, true,
	    "http://auth.example.org:80" },
	{ "HTTP://192.0.2.1:8080/a/b?c=d&e=%20",
	    "http://192.0.2.1:8080/a/b?c=d&e=%20", "192.0.2.1", "",
	    8080, false, true,
	    "http://192.0.2.1:8080" },
	{ "https://a-b_c/x", "https://a-b_c:443/x", "a-b_c", "", 443,
	    true, false,
	    "https://a-b_c:443" },
	{ "https://[2001:db8::1]/x", "https://[2001:db8::1]:443/x",
	    "2001:db8::1", "", 443, true, false,
	    "https://[2001:db8::1]:443" },
	{ "http://[::1]:81/", "http://[::1]:81/", "::1", "", 81,
	    false, false,
	    "http://[::1]:81" },
	{ "http://127.0.0.9/x", "http://127.0.0.9:80/x", "127.0.0.9",
	    "", 80, false, false,
	    "http://127.0.0.9:80" },
	{ "http://127.1.2.3/x@y", "http://127.1.2.3:80/x@y",
	    "127.1.2.3", "", 80, false, false,
	    "http://127.1.2.3:80" },
	{ "http://localhost:9000/cgi-bin/nginxauth.cgi",
	    "http://localhost:9000/cgi-bin/nginxauth.cgi",
	    "localhost", "", 9000, false, false,
	    "http://localhost:9000" },
	{ "unix:/run/auth.sock:/auth", "http://localhost:80/auth",
	    "localhost", "/run/auth.sock", 80, false, false,
	    "unix:/run/auth.sock" },
	{ "http://unix:/run/auth.sock:/auth?x",
	    "http://localhost:80/auth?x", "localhost",
	    "/run/auth.sock", 80, false, false,
	    "unix:/run/auth.sock" },
	{ "unix:/run/auth.sock", "http://localhost:80/", "localhost",
	    "/run/auth.sock", 80, false, false,
	    "unix:/run/auth.sock" },
};

static void
test_urls(void **state)
{
	(void)state;
	for (size_t i = 0; i < UNIT_LENGTH(urls); i++) {
		const struct http_url *url = &a.urls[0];

		if (http_args_parse(&a, urls[i].word, err, sizeof(err)) ==
		    -1)
			fail_msg("%s", err);
		assert_int_equal(a.nurls, 1);
		assert_string_equal(http_url_label(url, label),
		    urls[i].label);
		assert_string_equal(url->text, urls[i].text);
		assert_string_equal(url->host, urls[i].host);
		assert_string_equal(url->socket, urls[i].socket);
		assert_int_equal(url->port, urls[i].port);
		assert_int_equal(url->is_tls, urls[i].is_tls);
		assert_int_equal(http_url_is_in_clear(url),
		    urls[i].is_in_clear);
	}
}

static void
test_options(void **state)
{
	(void)state;
	assert_int_equal(http_args_parse(&a, "http://a/", err, sizeof(err)),
	    0);
	assert_false(a.is_compat);
	assert_int_equal(a.timeout_ms, 10000);
	assert_int_equal(http_args_parse(&a, " timeout=500ms https://a/\t"
	    "nginx_compat=yes ssl_ca=/ca cert=/c key=/k unix:/s:/u", err,
	    sizeof(err)), 0);
	assert_int_equal(a.nurls, 2);
	assert_true(a.is_compat);
	assert_int_equal(a.timeout_ms, 500);
	assert_string_equal(a.ca, "/ca");
	assert_string_equal(a.cert, "/c");
	assert_string_equal(a.key, "/k");
	assert_string_equal(a.urls[1].socket, "/s");
	assert_int_equal(http_args_parse(&a, "http://a/?timeout=x timeout=2 "
	    "nginx_compat=no", err, sizeof(err)), 0);
	assert_int_equal(a.timeout_ms, 2000);
	assert_false(a.is_compat);
}

static void
test_headers(void **state)
{
	static const char secret[] = "canary";
	char word[1024] = "http://a/ header=X-A:";

	(void)state;
	assert_int_equal(http_args_parse(&a, "http://a/ header=X-Key:a%20b%25 "
	    "header=B:c:d header=C:%c3%B6 header=D:d", err, sizeof(err)), 0);
	assert_int_equal(a.nheaders, 4);
	assert_string_equal(a.headers[0], "X-Key: a b%");
	assert_string_equal(a.headers[1], "B: c:d");
	assert_string_equal(a.headers[2], "C: \xc3\xb6");
	memset(word + strlen(word), 'x', HTTP_ARGS_HEADER_MAX - 5);
	assert_int_equal(http_args_parse(&a, word, err, sizeof(err)), 0);
	assert_int_equal(strlen(a.headers[0]), HTTP_ARGS_HEADER_MAX);
	memset(word + strlen(word), 'x', 1);
	assert_int_equal(http_args_parse(&a, word, err, sizeof(err)), -1);
	assert_string_equal(err, "header=X-A: the header is too long");
	(void)snprintf(word, sizeof(word), "http://a/ header=%0127d:x", 1);
	assert_int_equal(http_args_parse(&a, word, err, sizeof(err)), 0);
	(void)snprintf(word, sizeof(word), "http://a/ header=%0128d:x", 1);
	assert_int_equal(http_args_parse(&a, word, err, sizeof(err)), -1);
	/* A reason shows no value. */
	assert_int_equal(http_args_parse(&a, "http://a/ header=Host:canary",
	    err, sizeof(err)), -1);
	assert_null(strstr(err, secret));
	assert_int_equal(http_args_parse(&a, "http://a/ header=canary", err,
	    sizeof(err)), -1);
	assert_null(strstr(err, secret));
}

static void
refused(const char *args, const char *reason)
{
	err[0] = '\0';
	if (http_args_parse(&a, args, err, sizeof(err)) == 0)
		fail_msg("%s was taken", args);
	if (strstr(err, reason) == NULL)
		fail_msg("%s: %s", args, err);
}

static void
test_refused(void **state)
{
	static const char *const cases[][2] = {
		{ "", "a URL is missing" },
		{ "timeout=3", "a URL is missing" },
		{ "ftp://a/", "expected http://, https:// or unix:" },
		{ "a/b", "expected http://" },
		{ "file:///etc/passwd", "expected http://" },
		{ "http://", "bad host" },
		{ "http:///x", "bad host" },
		{ "http://a b/", "expected http://" },
		{ "http://-a/", "bad host" },
		{ "http://1.2.3/", "bad host" },
		{ "http://a%u/", "bad host" },
		{ "http://joe:pw@a/", "no name and no password" },
		{ "http://a:0/", "bad port" },
		{ "http://a:65536/", "bad port" },
		{ "http://a:/", "bad port" },
		{ "http://a:80x/", "bad port" },
		{ "http://[a]/", "IPv6 address in brackets" },
		{ "http://[::1/", "IPv6 address in brackets" },
		{ "http://a?b", "a path that begins with a slash" },
		{ "http://a/#b", "no fragment" },
		{ "http://a/\xc3\xb6", "have to be encoded" },
		{ "https://unix:/s:/", "no https over a socket" },
		{ "unix:s:/", "expected unix:/path:/uri" },
		{ "unix:", "expected unix:/path:/uri" },
		{ "unix:/s:u", "a path that begins with a slash" },
		{ "http://a/ nginx_compat=maybe", "expected yes or no" },
		{ "http://a/ timeout=0", "expected a time" },
		{ "http://a/ timeout=", "expected a time" },
		{ "http://a/ timeout=2h", "expected a time" },
		{ "https://a/ ssl_ca=ca.pem", "the absolute path" },
		{ "https://a/ ssl_ca=/%d", "without variables" },
		{ "https://a/ cert=/c", "cert and key go together" },
		{ "https://a/ key=/c", "cert and key go together" },
		{ "http://a/ ssl_ca=/c", "are for https" },
		{ "http://a/ what=ever", "expected http://" },
		{ "http://1/ http://2/", "bad host" },
		{ "http://a/ http://b/ http://c/ http://d/ http://e/ "
		    "http://f/ http://g/ http://h/ http://i/",
		    "more than 8 URLs" },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LENGTH(cases); i++)
		refused(cases[i][0], cases[i][1]);
}

static void
test_headers_refused(void **state)
{
	static const char *const cases[][2] = {
		{ "http://a/ header=X", "expected Name:value" },
		{ "http://a/ header=:x", "expected Name:value" },
		{ "http://a/ header=X_Y:x", "expected Name:value" },
		{ "http://a/ header=auth-user:x", "is set already" },
		{ "http://a/ header=Transfer-Encoding:x", "is set already" },
		{ "http://a/ header=X:", "a value that does not end" },
		{ "http://a/ header=X:a%20", "a value that does not end" },
		{ "http://a/ header=X:a%0d%0ab", "no control characters" },
		{ "http://a/ header=X:%", "no control characters" },
		{ "http://a/ header=X:%2", "no control characters" },
		{ "http://a/ header=X:%2x", "no control characters" },
		{ "http://a/ header=X:%00", "no control characters" },
		{ "http://a/ header=X:\x7f", "no control characters" },
		{ "http://a/ header=A:a header=B:b header=C:c header=D:d "
		    "header=E:e", "more than 4 headers" },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LENGTH(cases); i++)
		refused(cases[i][0], cases[i][1]);
}

static void
test_long(void **state)
{
	char word[1024] = "http://a/";

	(void)state;
	memset(word + 9, 'x', 400);
	assert_int_equal(http_args_parse(&a, word, err, sizeof(err)), 0);
	memset(word + 9, 'x', 600);
	assert_int_equal(http_args_parse(&a, word, err, sizeof(err)), -1);
	memset(word, 0, sizeof(word));
	(void)snprintf(word, sizeof(word), "http://%0300d/", 1);
	assert_int_equal(http_args_parse(&a, word, err, sizeof(err)), -1);
	(void)snprintf(word, sizeof(word), "unix:/%0107d", 1);
	assert_int_equal(http_args_parse(&a, word, err, sizeof(err)), -1);
	(void)snprintf(word, sizeof(word), "unix:/%0106d", 1);
	assert_int_equal(http_args_parse(&a, word, err, sizeof(err)), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_urls),
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_headers),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_headers_refused),
		cmocka_unit_test(test_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
