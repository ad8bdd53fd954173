/* faults: functions of libuv that are made to fail.
 *
 * Threads: any.
 */
#include "faults.h"

#include <dlfcn.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <uv.h>

#include "locks.h"

static struct {
  atomic_size_t calls, fails_at;
  atomic_int code;
} faults[FAULTS];

void fault_arm(fault_t which, size_t n, int code) {
  faults[which].calls = 0;
  faults[which].fails_at = n;
  faults[which].code = code;
}

int fault_has_happened(fault_t which) {
  return faults[which].fails_at != 0 &&
         faults[which].calls >= faults[which].fails_at;
}

size_t fault_calls(fault_t which) {
  return faults[which].calls;
}

/* What this call is to answer: 0, and it goes through. */
static int answer(fault_t which) {
  size_t call = ++faults[which].calls;

  return call == faults[which].fails_at ? faults[which].code : 0;
}

static bool is_lock(fault_t which) {
  return which == UV_MUTEX_INIT || which == UV_COND_INIT;
}

/* Defines name(parameters), which either fails or passes its arguments on. */
#define STANDS_BEFORE(which, name, parameters, arguments) \
  int name parameters {                                   \
    static _Atomic(void *) found;                         \
    int(*real) parameters;                                \
    int err = answer(which);                              \
    if (err != 0)                                         \
      return err;                                         \
    if (found == NULL) /* twice, at worst */              \
      found = dlsym(RTLD_NEXT, #name);                    \
    *(void **) &real = found;                             \
    err = real arguments;                                 \
    if (err == 0 && is_lock(which))                       \
      locks_made();                                       \
    return err;                                           \
  }

STANDS_BEFORE(UV_MUTEX_INIT, uv_mutex_init, (uv_mutex_t * mutex), (mutex))
STANDS_BEFORE(UV_COND_INIT, uv_cond_init, (uv_cond_t * cond), (cond))
STANDS_BEFORE(UV_ASYNC_INIT, uv_async_init,
              (uv_loop_t * loop, uv_async_t *async, uv_async_cb cb),
              (loop, async, cb))
STANDS_BEFORE(UV_THREAD_CREATE, uv_thread_create,
              (uv_thread_t * thread, uv_thread_cb entry, void *arg),
              (thread, entry, arg))

int uv_async_send(uv_async_t *async) {
  static _Atomic(void *) found;
  int (*real)(uv_async_t *);

  locks_pass();
  if (found == NULL) /* twice, at worst */
    found = dlsym(RTLD_NEXT, "uv_async_send");
  *(void **) &real = found;
  return real(async);
}
