/* must: what this server does when it cannot go on: it says why and ends. That
 * is for what can fail only at the start, for what the protocol between the
 * loops rules out, and for memory, as redis-server does it. Apart from memory,
 * nothing that a client can cause is here. */
#ifndef MUST_H
#define MUST_H

#include <stdio.h>
#include <stdlib.h>

#include <uv.h>

static inline void must(int err, const char *what) {
  if (err == 0)
    return;
  fprintf(stderr, "sharded_kv: %s: %s\n", what, uv_strerror(err));
  _Exit(EXIT_FAILURE); /* not exit: other threads are running */
}

static inline void *must_realloc(void *old, size_t bytes) {
  void *memory = realloc(old, bytes);
  if (memory == NULL)
    must(UV_ENOMEM, "cannot go on");
  return memory;
}

#endif
