/* atomic: thread numbers.
 *
 * Knows:   thread-local storage.
 * Threads: any.
 * Promise: a thread's number outlives the thread unused, so whoever finds its
 *          own number in a field wrote it there itself.
 */
#include "base/atomic.h"

/* The model is said once more: else a definition takes it back. */
LC_PER_THREAD uintptr_t lc_thread_number LC_NO_CALL;

uintptr_t lc_thread_number_take(void) {
  static lc_atomic(uintptr_t) taken;

  /* relaxed: only that the numbers differ matters */
  lc_thread_number = lc_add(&taken, 1, memory_order_relaxed) + 1;
  return lc_thread_number;
}
