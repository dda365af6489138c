/* convert: the configuration of another proxy becomes one of mailwicket. */
#ifndef CTL_CONVERT_H
#define CTL_CONVERT_H

struct args;

/*
 * Reads the file that the arguments name and prints what it becomes, or what
 * is wrong with it, nothing else.  Returns the exit status.
 */
int	convert_run(const struct args *);

#endif
