#ifndef PASSWORD_H
#define PASSWORD_H

#include <stddef.h>

/* To be called once, before the first password. Returns 0 or UV_ENOMEM. */
int password_prepare(void);

/* Returns a line to keep instead of the password, for free(); NULL: out of
 * memory or of randomness. cost is the number of rounds. */
char *password_hash(const void *password, size_t bytes, unsigned cost);

#endif
