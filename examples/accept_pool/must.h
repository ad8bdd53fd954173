/* must: what this server does about an error that can happen only while it
 * starts, or only by a mistake in the server itself: it prints the reason and
 * ends. What a client can cause, and what may run out later, is never passed to
 * it. */
#ifndef MUST_H
#define MUST_H

#include <stdio.h>
#include <stdlib.h>

#include <uv.h>

static inline void must(int err, const char *what) {
  if (err == 0)
    return;
  fprintf(stderr, "accept_pool: %s: %s\n", what, uv_strerror(err));
  _Exit(EXIT_FAILURE); /* not exit: other threads may be running */
}

#endif
