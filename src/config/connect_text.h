/*
 * connect_text: the words of "connect" for databases that are servers.
 *
 * key=value words with blanks between them, the driver's library decides on
 * the details.  For all a value may stand in single quotes, where \' and \\
 * are ' and \ as libpq has it.  For pgsql \ does so without quotes too, and
 * blanks may stand around the "="; for mysql, as in Dovecot, neither.
 * host= may come several times; for pgsql one may be a list with commas.
 */
#ifndef CONFIG_CONNECT_TEXT_H
#define CONFIG_CONNECT_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* More replicas than anybody lists; one bit each in a message to auth. */
#define CONNECT_HOSTS_MAX	8
/* More than a library has keys that make sense together. */
#define CONNECT_WORDS_MAX	32

/* Both on the heap. */
struct connect_word {
	char	*key, *value;
};

/* Holds the password. */
struct connect_text {
	size_t			 nhosts;	/* 0: the library's default */
	char			*hosts[CONNECT_HOSTS_MAX];
	size_t			 nwords;	/* hosts are not among them */
	struct connect_word	 words[CONNECT_WORDS_MAX];
};

/* Does this driver take such words? */
bool	connect_text_is_for(const char *driver);
/*
 * -1 with a reason in err, which names no value; nothing is to be cleared
 * then.
 */
int	connect_text_parse(struct connect_text *, const char *driver,
	    const char *text, char *err, size_t err_size)
	    __attribute__((warn_unused_result));
/* The value of a key, NULL when it is absent; "host" is never found. */
const char	*connect_text_get(const struct connect_text *,
		    const char *key);
/* Wipes it. */
void	connect_text_clear(struct connect_text *);

#endif
