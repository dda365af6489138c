/* story: what a parser said, as a text that can be compared. */
#ifndef TESTS_UNIT_STORY_H
#define TESTS_UNIT_STORY_H

#include "unit.h"

#define STORY_MAX	4096

/* A string and its length, which may have a NUL in it. */
#define BYTES(s)	(s), sizeof(s) - 1

struct story {
	char	text[STORY_MAX];
	size_t	len;
};

/* Runs bytes through a parser: `first` at once, then `step` each time. */
typedef void	(*story_run_fn)(struct story *, const char *in, size_t len,
		    size_t first, size_t step);

static inline void	tell(struct story *, const char *, ...)
			    __attribute__((format(printf, 2, 3)));

static inline void
tell(struct story *s, const char *format, ...)
{
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(s->text + s->len, sizeof(s->text) - s->len, format, ap);
	va_end(ap);
	assert_true(n >= 0 && (size_t)n < sizeof(s->text) - s->len);
	s->len += (size_t)n;
}

/* The same story at once, byte by byte, and split at every place. */
static inline void
story_check(story_run_fn run, const char *in, size_t len, const char *want)
{
	struct story s;

	run(&s, in, len, len, len);
	if (strcmp(s.text, want) != 0)
		fail_msg("%.*s\n got: %s\nwant: %s", (int)len, in, s.text,
		    want);
	run(&s, in, len, 1, 1);
	assert_string_equal(s.text, want);
	for (size_t at = 0; at <= len; at += 1 + len / 256) {
		run(&s, in, len, at, len);
		assert_string_equal(s.text, want);
	}
}

#endif
