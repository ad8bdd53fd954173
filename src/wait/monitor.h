/* monitor: a mutex and a condition variable, for one thread to sleep on. */
#ifndef LC_MONITOR_H
#define LC_MONITOR_H

#include <uv.h>

#include "base/debug.h"

typedef struct {
  uv_mutex_t mutex;
  uv_cond_t cond;
} lc_monitor_t;

/* 0, or an error of libuv, and nothing is left behind. */
LC_MUST_USE static inline int lc_monitor_init(lc_monitor_t *monitor) {
  int err = uv_mutex_init(&monitor->mutex);

  if (err != 0)
    return err;
  err = uv_cond_init(&monitor->cond);
  if (err != 0)
    uv_mutex_destroy(&monitor->mutex);
  return err;
}

static inline void lc_monitor_destroy(lc_monitor_t *monitor) {
  uv_cond_destroy(&monitor->cond);
  uv_mutex_destroy(&monitor->mutex);
}

#endif /* LC_MONITOR_H */
