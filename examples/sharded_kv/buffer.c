/* buffer: what was read and not understood yet, what is to be written. */
#include <string.h>

#include "buffer.h"
#include "must.h"

enum { LEAST_ROOM = 64, KEPT_ROOM = 64 * 1024 };

void buffer_grow(struct buffer *b, size_t room) {
  if (room <= b->room)
    return;
  b->bytes = must_realloc(b->bytes, room);
  b->room = room;
}

char *buffer_reserve(struct buffer *b, size_t more) {
  size_t needed = b->length + more;
  if (needed > b->room) {
    size_t room = b->room == 0 ? LEAST_ROOM : 2 * b->room;
    buffer_grow(b, room < needed ? needed : room);
  }
  return b->bytes + b->length;
}

void buffer_add(struct buffer *b, const void *bytes, size_t length) {
  if (length == 0)
    return; /* memcpy from NULL is undefined, even of nothing */
  memcpy(buffer_reserve(b, length), bytes, length);
  b->length += length;
}

void buffer_drop(struct buffer *b, size_t length) {
  if (length == 0)
    return;
  b->length -= length;
  memmove(b->bytes, b->bytes + length, b->length);
}

void buffer_clear(struct buffer *b) {
  b->length = 0;
  if (b->room > KEPT_ROOM)
    buffer_free(b);
}

void buffer_free(struct buffer *b) {
  free(b->bytes);
  *b = (struct buffer){0};
}
