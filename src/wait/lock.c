/* lock: a mutex that is held for a few dozen instructions at a time.
 *
 * Knows:   a wake.
 * Threads: any.
 * Promise: one thread has it at a time, and none is left asleep when it is
 *          free.
 */
#include "wait/lock.h"

#include "base/clock.h"

/* The first gap between two looks, and how many there are, each twice as long
 * as the one before: some 12 microseconds in all. With a first gap of 25 ns two
 * receivers took about a tenth more processor time for a message. */
#define LC_LOCK_GAP_NS UINT64_C(400)
#define LC_LOCK_TRIES 5

int lc_lock_init(lc_lock_t *lock, bool spins) {
  int err = lc_wake_init(&lock->freed, NULL);

  if (err != 0)
    return err;
  lc_atomic_init(&lock->word, LC_LOCK_FREE);
  lc_owner_init(&lock->holder);
  lock->tries = spins ? LC_LOCK_TRIES : 0;
  return 0;
}

void lc_lock_destroy(lc_lock_t *lock) {
  lc_wake_destroy(&lock->freed);
}

static bool look_again(lc_lock_t *lock) {
  unsigned i;

  for (i = 0; i < lock->tries; i++) {
    (void) lc_relax_until(lc_deadline(LC_LOCK_GAP_NS << i));
    if (lc_lock_try(lock))
      return true;
  }
  return false;
}

void lc_lock_take_slow(lc_lock_t *lock) {
  if (look_again(lock))
    return;
  /* [lock.hand] (B) */
  while (lc_swap(&lock->word, LC_LOCK_AWAITED, memory_order_acquire) !=
         LC_LOCK_FREE)
    (void) !lc_wake_wait(&lock->freed, LC_NEVER);
}
