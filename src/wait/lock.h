/* lock: a mutex that is held for some dozen instructions at a time.
 *
 * Threads that receive from one channel may each want it millions of times a
 * second, and it is free again sooner than one of them could be asleep. So a
 * thread that does not get it looks again, after pauses that double: meanwhile
 * the holder may have it several times in a row, with its cache lines where
 * they are. A thread that has looked in vain for some microseconds sleeps: the
 * holder may have lost the processor.
 *
 *                take                      take, in the end
 *      FREE ------------> HELD          ----------------> AWAITED
 *        ^                  |                                |
 *        +------------------+--------------------------------+
 *                            release; AWAITED: wakes one
 *
 * [lock.hand]  A holder sees what those before it did.
 *
 *   holder                                  the next one
 *   (A) swap word: -> FREE       release    (B) CAS word: FREE -> HELD, or
 *                                               swap, -> AWAITED    acquire
 *   B reads what A wrote. Weaker: A or B relaxed -> both use at once what the
 *   lock guards (lock_vs_lock).
 *
 * No wake is lost: a thread makes the word AWAITED before it sleeps, and a
 * release that finds that signals, for the first to come. One that has been
 * woken makes the word AWAITED again, for there may be others.
 */
#ifndef LC_LOCK_H
#define LC_LOCK_H

#include "base/atomic.h"
#include "base/debug.h"
#include "wait/wake.h"

enum { LC_LOCK_FREE, LC_LOCK_HELD, LC_LOCK_AWAITED };

typedef struct {
  lc_atomic(uintptr_t) word;
  lc_owner_t holder; /* a thread looks whether it is that */
  unsigned tries;    /* fixed: how often a thread looks before it sleeps */
  lc_wake_t freed;   /* of those that sleep */
} lc_lock_t;

/* spins: whether a thread may look several times. 0, or what the system
 * returned. */
LC_MUST_USE int lc_lock_init(lc_lock_t *lock, bool spins);
void lc_lock_destroy(lc_lock_t *lock);

/* Whether the calling thread has it. */
static inline bool lc_lock_is_here(const lc_lock_t *lock) {
  return lc_owner_is_here(&lock->holder);
}

/* When it is held. */
void lc_lock_take_slow(lc_lock_t *lock);

static inline bool lc_lock_try(lc_lock_t *lock) {
  uintptr_t was = LC_LOCK_FREE;

  /* [lock.hand] (B); relaxed: it has failed */
  return lc_cas(&lock->word, &was, LC_LOCK_HELD, memory_order_acquire,
                memory_order_relaxed);
}

/* Any thread. No cancellation point. */
static inline void lc_lock_take(lc_lock_t *lock) {
  lc_assert(!lc_lock_is_here(lock));
  if (LC_UNLIKELY(!lc_lock_try(lock)))
    lc_lock_take_slow(lock);
  lc_owner_set_here(&lock->holder);
}

static inline void lc_lock_release(lc_lock_t *lock) {
  lc_assert(lc_lock_is_here(lock));
  lc_owner_set_none(&lock->holder);
  /* [lock.hand] (A) */
  if (LC_UNLIKELY(lc_swap(&lock->word, LC_LOCK_FREE, memory_order_release) ==
                  LC_LOCK_AWAITED))
    lc_wake_signal(&lock->freed);
}

#endif /* LC_LOCK_H */
