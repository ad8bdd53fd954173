/* check_error: what an example does about an error: it prints it and ends. Not
 * by exit(): other threads are running, and may use what that tears down, or
 * come here as well. */
#ifndef CHECK_ERROR_H
#define CHECK_ERROR_H

#include <stdio.h>
#include <stdlib.h>

#include <uv.h>

static inline void check(int err) {
  if (err == 0)
    return;
  (void) fflush(stdout);
  (void) fprintf(stderr, "%s\n", uv_strerror(err));
  _Exit(1);
}

#endif
