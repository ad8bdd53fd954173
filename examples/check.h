/* check: what an example does about an error: it prints it and ends. */
#ifndef CHECK_H
#define CHECK_H

#include <stdio.h>
#include <stdlib.h>

#include <uv.h>

static inline void check(int err) {
  if (err == 0)
    return;
  fprintf(stderr, "%s\n", uv_strerror(err));
  exit(1);
}

#ifdef __cplusplus
#include <system_error>

static inline void check(const std::error_code &err) {
  check(err.value());
}
#endif

#endif
