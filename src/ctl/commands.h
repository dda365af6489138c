/* commands: what wicketctl does for each of its commands. */
#ifndef CTL_COMMANDS_H
#define CTL_COMMANDS_H

struct args;

/* Does what was asked for; returns the exit status. */
int	commands_run(const struct args *);

#endif
