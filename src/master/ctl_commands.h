/* ctl_commands: what wicketctl's commands do in the master. */
#ifndef MASTER_CTL_COMMANDS_H
#define MASTER_CTL_COMMANDS_H

struct ctl_hooks;

/* Their owner is the struct master. */
extern const struct ctl_hooks ctl_commands;

#endif
