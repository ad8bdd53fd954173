/* cancel: forbidding the cancellation of threads.
 *
 * No call is a cancellation point: a thread that ended in the middle of one
 * would leave a mutex locked, or its place in a queue taken, and all others
 * would wait for it. So where a call may reach one of the system's cancellation
 * points, cancellation is disabled meanwhile. The user's callbacks run with the
 * user's own state.
 */
#ifndef LC_CANCEL_H
#define LC_CANCEL_H

#if !defined(_WIN32) && !defined(__ANDROID__) && !defined(LC_EXPLORE)
#include <uv.h>

/* Returns the state for lc_cancel_restore. */
static inline int lc_cancel_forbid(void) {
  int was = PTHREAD_CANCEL_ENABLE;

  (void) pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &was);
  return was;
}

static inline void lc_cancel_restore(int was) {
  int forbidden;

  (void) pthread_setcancelstate(was, &forbidden);
}

#else /* no thread can be cancelled */

static inline int lc_cancel_forbid(void) {
  return 0;
}

static inline void lc_cancel_restore(int was) {
  (void) was;
}

#endif

#endif /* LC_CANCEL_H */
