/*
 * output: what wicketctl prints, for people or as key=value lines.  Bytes
 * that are not printable ASCII become \xHH, whoever they came from.
 */
#ifndef CTL_OUTPUT_H
#define CTL_OUTPUT_H

#include <stdbool.h>

/* key=value lines from now on. */
void	output_use_keys(void);
bool	output_has_keys(void);
/*
 * One value.  A key is of words with dots between them: for people the first,
 * with a number that follows it, is a heading, printed when it changes.
 */
void	output_pair(const char *key, const char *value);
/* A line for people alone, and one for both on stderr. */
void	output_note(const char *, ...) __attribute__((format(printf, 1, 2)));
void	output_fault(const char *, ...) __attribute__((format(printf, 1, 2)));

#endif
