/* Recognises clients that speak another protocol (HTTP, SSH) to us. */
#ifndef LOGIN_COMMON_FOREIGN_H
#define LOGIN_COMMON_FOREIGN_H

#include <stdbool.h>
#include <stddef.h>

/* A TLS record of type handshake begins so; never valid text for us. */
#define FOREIGN_TLS_FIRST	0x16
#define FOREIGN_TLS_SECOND	0x03

/*
 * Is the first word of a line (len bytes, followed by the byte next) that of
 * HTTP or of an SSH banner? Such a connection must be closed without
 * a word of the input in the answer, for a browser may have been led here
 * (the ALPACA attacks).
 */
bool	foreign_is_word(const char *word, size_t len, unsigned char next);

#endif
