/*
 * Prints certificates: names, kind of key, dates, where they are used.
 * Runs in: wicketctl.
 * Hostile input: names in certificates; output.c escapes them.
 * Never: reads a certificate itself.
 */
#include "ctl/certs.h"

#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include "ctl/master_link.h"
#include "ctl/output.h"

#define CERTS_DAY_S	86400
#define CERTS_DATE_MAX	32

static const char *
certs_date(uint64_t at_s, char dst[CERTS_DATE_MAX])
{
	time_t at = (time_t)at_s;
	struct tm tm;

	if (gmtime_r(&at, &tm) == NULL || strftime(dst, CERTS_DATE_MAX,
	    "%Y-%m-%d %H:%M:%S UTC", &tm) == 0)
		(void)snprintf(dst, CERTS_DATE_MAX, "?");
	return dst;
}

static long long
certs_days_left(const struct master_ctl_cert *m)
{
	return ((long long)m->not_after_s - (long long)time(NULL)) /
	    CERTS_DAY_S;
}

static void
certs_pair(size_t number, const char *name, const char *value)
{
	char key[64];

	(void)snprintf(key, sizeof(key), "cert.%zu.%s", number, name);
	output_pair(key, value);
}

void
certs_print(const struct master_link *l)
{
	char date[CERTS_DATE_MAX], days[32];
	size_t i;

	if (l->ncerts == 0)
		output_note("no certificates: TLS is off");
	for (i = 0; i < l->ncerts; i++) {
		const struct master_ctl_cert *m = &l->certs[i];

		certs_pair(i + 1, "names", m->names);
		certs_pair(i + 1, "key", m->kind);
		certs_pair(i + 1, "used", m->use);
		certs_pair(i + 1, "file", m->file);
		certs_pair(i + 1, "from", certs_date(m->not_before_s, date));
		certs_pair(i + 1, "expires",
		    certs_date(m->not_after_s, date));
		(void)snprintf(days, sizeof(days), "%lld",
		    certs_days_left(m));
		certs_pair(i + 1, "days", days);
	}
}

void
certs_print_warnings(const struct master_link *l)
{
	char date[CERTS_DATE_MAX];
	size_t i;

	for (i = 0; i < l->ncerts; i++) {
		const struct master_ctl_cert *m = &l->certs[i];

		output_fault("certificate %s (%s) %s: %s, %lld days",
		    m->file, m->names, certs_days_left(m) < 0 ?
		    "has expired" : "expires",
		    certs_date(m->not_after_s, date), certs_days_left(m));
	}
}
