/*
 * sasl_decode: from the lines of a SASL exchange to bytes and credentials.
 * Pure functions over what the caller holds; nothing is kept or allocated.
 * One rule for credentials however they come (LOGIN, USER/PASS, PLAIN):
 * they are refused, never repaired.
 */
#ifndef LOGIN_COMMON_SASL_DECODE_H
#define LOGIN_COMMON_SASL_DECODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A response line without its line end (RFC 4422 sets none; 12 KiB). */
#define SASL_LINE_MAX		12288
/* Its decoded bytes. */
#define SASL_RESPONSE_MAX	(SASL_LINE_MAX / 4 * 3)
/* RFC 4616 section 2: at least 255 must be accepted. */
#define SASL_USER_MAX		255
#define SASL_PASS_MAX		1024

enum sasl_result {
	SASL_OK,
	SASL_BAD,	/* not the syntax of SASL: answer BAD or -ERR */
	SASL_FAIL,	/* nobody's credentials: as a wrong password */
	SASL_AUTHZ,	/* asks for another user's rights */
};

/* Both are NUL-terminated and hold no NUL. */
struct sasl_credentials {
	char	user[SASL_USER_MAX + 1];
	size_t	user_len;
	char	pass[SASL_PASS_MAX + 1];
	size_t	pass_len;
};

/* Finds the end of a response line; zero-initialised, or as DONE left it. */
struct sasl_line {
	size_t	pos;		/* bytes seen without a line end */
};

enum sasl_line_result {
	SASL_LINE_MORE,		/* no line end yet */
	SASL_LINE_DONE,
	SASL_LINE_TOO_LONG,	/* beyond SASL_LINE_MAX: close */
	SASL_LINE_FATAL,	/* NUL: close */
};

/*
 * Looks for the line that begins at buf, called again with the same start and
 * more bytes; CR LF and LF end a line. On DONE *line_len is its length
 * without the line end, *consumed with it, and the state is fresh again. The
 * verdict does not depend on how the bytes were split.
 */
enum sasl_line_result	sasl_line_find(struct sasl_line *, const char *buf,
			    size_t len, size_t *line_len, size_t *consumed);

/* Is the line the client's "*" that ends the exchange (RFC 3501, 6.2.2)? */
bool	sasl_is_cancel(const char *line, size_t len);

/*
 * Decodes a response line strictly into dst. A sole "=" means no bytes in an
 * initial response (RFC 4959 section 3, RFC 5034 section 4) and is not valid
 * elsewhere; an empty line is an empty response but no initial one. SASL_OK,
 * SASL_BAD, or SASL_FAIL when it is valid but longer than size.
 */
enum sasl_result	sasl_decode_line(const char *line, size_t len,
			    bool is_initial, void *dst, size_t size,
			    size_t *dst_len);

/*
 * Takes the PLAIN response authzid NUL authcid NUL password (RFC 4616) apart.
 * The authzid must be empty or equal the authcid byte by byte. On any result
 * but SASL_OK the credentials are cleared.
 */
enum sasl_result	sasl_plain_parse(const void *response, size_t len,
			    struct sasl_credentials *);

/* sasl_decode_line() and sasl_plain_parse() in one; leaves no copy behind. */
enum sasl_result	sasl_plain_line(const char *line, size_t len,
			    bool is_initial, struct sasl_credentials *);

/*
 * One half each, for LOGIN, USER and PASS: checks and copies. SASL_OK, or
 * SASL_FAIL and that half is empty.
 */
enum sasl_result	sasl_user_set(struct sasl_credentials *,
			    const char *, size_t);
enum sasl_result	sasl_pass_set(struct sasl_credentials *,
			    const char *, size_t);
/* The same from a line of the LOGIN mechanism's two steps. */
enum sasl_result	sasl_user_line(const char *line, size_t len,
			    bool is_initial, struct sasl_credentials *);
enum sasl_result	sasl_pass_line(const char *line, size_t len,
			    struct sasl_credentials *);

/* Valid UTF-8 without control characters (0x00-0x1f, 0x7f); may be empty. */
bool	sasl_text_ok(const char *, size_t len);

/* Wipes both. */
void	sasl_credentials_clear(struct sasl_credentials *);

#endif
