#ifndef BUFFER_H
#define BUFFER_H

#include <stddef.h>

/* Bytes that grow at the end. Zero-initialise it. */
struct buffer {
  char *bytes;
  size_t length, room;
};

/* Makes the room at least so great, and no greater. */
void buffer_grow(struct buffer *b, size_t room);

/* Makes room for more bytes behind the last, and returns their place. */
char *buffer_reserve(struct buffer *b, size_t more);

void buffer_add(struct buffer *b, const void *bytes, size_t length);

/* Takes the first bytes away. */
void buffer_drop(struct buffer *b, size_t length);

/* Empties it, and lets go of memory that only a burst needed. */
void buffer_clear(struct buffer *b);

void buffer_free(struct buffer *b);

#endif
