/* setting_text: a value as it could be written in a configuration. */
#ifndef CONFIG_SETTING_TEXT_H
#define CONFIG_SETTING_TEXT_H

#include <stdint.h>

struct arena;
struct setting;

/*
 * Text of the field; addresses without the port if they have this one;
 * quoted where the syntax wants it.  Lives in the arena.  Secrets become
 * "<hidden>".
 */
const char	*setting_text(const struct setting *, const void *field,
		    uint16_t port, struct arena *);
/* The same of a text: itself, or a copy with quotes in the arena. */
const char	*setting_text_quoted(const char *, struct arena *);

#endif
