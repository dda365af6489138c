/*
 * auth_choice: with several auth processes, each user is always asked of the
 * same one, so that their caches do not overlap and their limits count.
 */
#ifndef IPC_AUTH_CHOICE_H
#define IPC_AUTH_CHOICE_H

#include <stddef.h>
#include <stdint.h>

/*
 * A number for this user, who is asked of process number % count: of the name
 * as the client gives it, without regard to ASCII case, up to the separator
 * of a master user's name (auth_master_user_separator; "": none).
 */
uint32_t	auth_choice(const char *user, size_t len,
		    const char *separator);
/*
 * The part that process index of count has of what all have together; the
 * parts differ by one at most, and none is 0.
 */
uint32_t	auth_share(uint32_t total, uint32_t index, uint32_t count);

#endif
