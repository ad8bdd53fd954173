#include <stdlib.h>
#include <string.h>

#include <uv.h>

#include "body.h"

enum { LEAST_ROOM = 1 << 10 };

/* Twice what is needed at most: who announces much and sends little takes
 * little. */
size_t body_room(const struct body *b, size_t bytes) {
  size_t room = b->room == 0 ? LEAST_ROOM : b->room;
  while (room - b->bytes < bytes)
    room *= 2;
  return bytes == 0 ? b->room : room;
}

int body_append(struct body *b, const void *data, size_t bytes) {
  size_t room = body_room(b, bytes);

  if (bytes == 0)
    return 0;
  if (room > b->room) {
    unsigned char *more;
    if (room - b->room > b->hold->most - b->hold->bytes)
      return UV_ENOBUFS;
    more = realloc(b->data, room);
    if (more == NULL)
      return UV_ENOMEM;
    b->hold->bytes += room - b->room;
    b->data = more;
    b->room = room;
  }
  memcpy(b->data + b->bytes, data, bytes);
  b->bytes += bytes;
  return 0;
}

int body_take(struct body *b, void *data, size_t bytes) {
  if (bytes > b->hold->most - b->hold->bytes)
    return UV_ENOBUFS;
  b->hold->bytes += bytes;
  b->data = data;
  b->bytes = b->room = bytes;
  return 0;
}

void body_free(struct body *b) {
  free(b->data);
  b->hold->bytes -= b->room;
  b->data = NULL;
  b->bytes = b->room = 0;
}
