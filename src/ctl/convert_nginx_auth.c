/*
 * auth_http of nginx as a passdb.
 * Runs in: wicketctl.
 * Hostile input: the words of the file.
 * Never: asks the service.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "config/faults.h"
#include "config/http_args.h"
#include "config/setting_value.h"
#include "config/settings_table.h"
#include "ctl/convert_nginx_state.h"
#include "lib/strutil.h"

#define AUTH_ERROR_MAX	256

/* nginx's URL has http:// or nothing before it. */
static const char *
auth_url(struct convert_nginx *n, const struct nginx_node *node)
{
	const char *url = node->args[1];

	if (strncmp(url, "http://", 7) == 0 || strncmp(url, "unix:", 5) == 0)
		return url;
	return convert_text(n->out, "http://%s", url);
}

/*
 * Blanks and percent signs of a header are written as in a URL.  Auth-Port,
 * which some servers want to be told, is sent in any case.
 */
static const char *
auth_header(struct convert_nginx *n, const struct nginx_node *node)
{
	const char *from = node->args[2];
	char *text, *to;

	if (http_args_is_own_header(node->args[1])) {
		if (strcmp(node->args[1], "Auth-Port") != 0)
			faults_notice(n->out->faults, &node->place,
			    "auth_http_header %s: this header is sent as it is",
			    node->args[1]);
		return "";
	}
	text = to = convert_text(n->out, "%s%*s", from,
	    (int)(2 * strlen(from)), "");
	for (; *from != '\0'; from++) {
		if ((*from >= '\0' && *from <= ' ') || *from == '%')
			to += snprintf(to, 4, "%%%02X", (unsigned char)*from);
		else
			*to++ = *from;
	}
	*to = '\0';
	return convert_text(n->out, " header=%s:%s", node->args[1], text);
}

/* "args" for a server, or NULL after a fault. */
static const char *
auth_args(struct convert_nginx *n, const struct nginx_server *s)
{
	const struct nginx_node *node = nginx_effective(s, "auth_http");
	const char *args;
	uint64_t ms;

	if (node == NULL) {
		faults_add(n->out->faults, &s->node->place,
		    "a server without auth_http");
		return NULL;
	}
	args = auth_url(n, node);
	if (strpbrk(args, " \t\r\n") != NULL) {
		faults_add(n->out->faults, &node->place, "auth_http: a URL has "
		    "no blanks");
		return NULL;
	}
	node = nginx_effective(s, "auth_http_timeout");
	if (node != NULL && nginx_time(node->args[1], &ms) == -1)
		faults_add(n->out->faults, &node->place, "auth_http_timeout "
		    "%s: expected a time", node->args[1]);
	else if (node != NULL)
		args = convert_text(n->out, "%s timeout=%" PRIu64 "ms", args,
		    ms);
	node = nginx_effective_list(s, "auth_http_header");
	for (; node != NULL; node = node->next)
		if (strcmp(node->args[0], "auth_http_header") == 0)
			args = convert_text(n->out, "%s%s", args,
			    auth_header(n, node));
	return args;
}

/* "proxy_protocol on" is a field of every user here. */
static void
auth_haproxy(struct convert_nginx *n, struct convert_passdb *http)
{
	static const char name[] = "proxy_protocol";
	const struct nginx_node *node = nginx_effective(&n->servers[0], name);
	const char *word = node == NULL ? "off" : node->args[1];

	for (size_t i = 1; i < n->nservers; i++) {
		const struct nginx_node *other = nginx_effective(
		    &n->servers[i], name);

		if (strcmp(word, other == NULL ? "off" :
		    other->args[1]) != 0)
			faults_notice(n->out->faults,
			    &n->servers[i].node->place, "proxy_protocol: not "
			    "that of the first server, which counts");
	}
	if (strcmp(word, "off") == 0)
		return;
	http->is_pass = true;
	(void)convert_passdb_add(n->out, "static", strcmp(word, "v2") == 0 ?
	    "haproxy=v2" : "haproxy=v1");
}

static void
auth_passdb(struct convert_nginx *n)
{
	const char *args = auth_args(n, &n->servers[0]), *other;
	const struct nginx_node *node;
	struct http_args parsed;
	char err[AUTH_ERROR_MAX];

	for (size_t i = 1; args != NULL && i < n->nservers; i++) {
		other = auth_args(n, &n->servers[i]);
		if (other != NULL && strcmp(args, other) != 0)
			faults_notice(n->out->faults,
			    &n->servers[i].node->place, "server: its "
			    "auth_http, or what belongs to it, is not that of "
			    "the first server, which counts");
	}
	if (args == NULL)
		return;
	node = nginx_effective(&n->servers[0], "auth_http");
	if (!str_is_utf8(args, strlen(args)))
		faults_add(n->out->faults, &node->place, "auth_http: not "
		    "UTF-8");
	else if (http_args_parse(&parsed, args, err, sizeof(err)) == -1)
		faults_add(n->out->faults, &node->place, "auth_http: %s", err);
	explicit_bzero(&parsed, sizeof(parsed));
	auth_haproxy(n, convert_passdb_add(n->out, "nginx-http", args));
}

/* LOGIN and USER are taken by nginx in any case, and so is AUTH PLAIN. */
static void
auth_mechanisms(struct convert_nginx *n, const struct nginx_server *s,
    const char **words)
{
	const struct setting *row = settings_table_find("auth_mechanisms",
	    SETTING_GLOBAL);
	const struct nginx_node *node = nginx_effective(s,
	    s->section == CONVERT_IMAP ? "imap_auth" : "pop3_auth");

	for (size_t i = 1; node != NULL && i < node->nargs; i++) {
		const char *mech = node->args[i];

		if (setting_value_is_word(*words, mech, strlen(mech)))
			continue;
		if (!setting_value_is_word("plain login", mech, strlen(mech)) ||
		    !setting_value_is_word(row->words, mech, strlen(mech)))
			faults_notice(n->out->faults, &node->place,
			    "%s %s: not taken over, see auth_mechanisms",
			    node->args[0], mech);
		else
			*words = convert_text(n->out, "%s %s", *words, mech);
	}
}

void
nginx_auth_set(struct convert_nginx *n)
{
	const char *words = "plain";

	for (size_t i = 0; i < n->nservers; i++)
		auth_mechanisms(n, &n->servers[i], &words);
	(void)convert_set(n->out, NULL, CONVERT_AUTH, "mechanisms", words);
	/* The service knows whose name is one. */
	(void)convert_set(n->out, NULL, CONVERT_AUTH, "username_chars", "");
	auth_passdb(n);
}
