/* atomic: thread numbers.
 *
 * Knows:   thread-local storage, the system's own name for a thread, forks.
 * Threads: any.
 * Promise: no two threads that live at once have one number, and a thread has
 *          the same in every copy of the library.
 */
#include "base/atomic.h"

#include <uv.h>

#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

/* Repeats the TLS model: a definition without it overrides the declaration. */
LC_PER_THREAD uintptr_t lc_thread_number LC_NO_CALL;

/* In the child of a fork, the calling thread has a new number. The old one is
 * its parent's, and the system may give it to another thread once that one has
 * ended. */
#if defined(__linux__) && !defined(LC_EXPLORE)
static void forget_number(void) {
  lc_thread_number = 0;
}

static void watch_forks(void) {
  (void) pthread_atfork(NULL, NULL, forget_number);
}

static void see_to_forks(void) {
  static uv_once_t once = UV_ONCE_INIT;

  uv_once(&once, watch_forks);
}
#else
static void see_to_forks(void) {
}
#endif

uintptr_t lc_thread_number_take(void) {
  see_to_forks();
#if defined(_WIN32)
  lc_thread_number = GetCurrentThreadId();
#elif defined(__linux__)
  /* The value of pthread_self() is soon reused: it is an address in
   * the thread's stack. */
  lc_thread_number = (uintptr_t) syscall(SYS_gettid);
#elif defined(__APPLE__)
  uint64_t number;
  (void) pthread_threadid_np(NULL, &number);
  lc_thread_number = (uintptr_t) number;
#else
  lc_thread_number = (uintptr_t) pthread_self();
#endif
  return lc_thread_number;
}
