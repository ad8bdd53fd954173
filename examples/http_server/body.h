/* body: bytes that came with a request, or that answer one. What all of them
 * take is counted in a hold, which has a bound. All of this is the loop's, but
 * a thread may read the bytes that it was given. */
#ifndef BODY_H
#define BODY_H

#include <stddef.h>

struct hold {
  size_t bytes, most;
};

/* Zero-initialise it, but for hold. */
struct body {
  struct hold *hold;
  unsigned char *data; /* NULL as long as nothing came */
  size_t bytes, room;
};

/* How much room it would have for so many bytes more. */
size_t body_room(const struct body *b, size_t bytes);

/* Copies. Returns 0, UV_ENOBUFS (the hold is full) or UV_ENOMEM. */
int body_append(struct body *b, const void *data, size_t bytes);

/* Takes data, which has to be for free(); b is empty. Returns 0 or UV_ENOBUFS:
 * then data is still the caller's. */
int body_take(struct body *b, void *data, size_t bytes);

/* It is empty after that. */
void body_free(struct body *b);

#endif
