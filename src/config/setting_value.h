/* setting_value: the value of a row: from text, and compared. */
#ifndef CONFIG_SETTING_VALUE_H
#define CONFIG_SETTING_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct setting;

/* Most items of a list, addresses or networks. */
#define SETTING_ITEMS_MAX	64

struct setting_value_ctx {
	struct arena	*arena;		/* for texts and lists */
	uint16_t	 port;		/* of an address without one */
	char		 error[256];	/* why a text was refused */
};

/*
 * Sets the field (the row's offset already added) from text.  -1 with a
 * reason in ctx when the text is not a value of the row; the field is then
 * as it was.
 */
int	setting_value_set(const struct setting *, void *field,
	    const char *text, struct setting_value_ctx *)
	    __attribute__((warn_unused_result));
/*
 * A time as settings say it: a number of seconds, or one with a unit behind
 * it.  -1 when it is none.
 */
int	setting_value_time(const char *text, uint64_t *ms)
	    __attribute__((warn_unused_result));
/* Is the span one of the blank-separated words, in any case? */
bool	setting_value_is_word(const char *words, const char *, size_t len);
bool	setting_value_is_same(const struct setting *, const void *,
	    const void *);

#endif
