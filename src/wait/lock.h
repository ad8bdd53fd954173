/* lock: a mutex that is held for a few dozen instructions at a time.
 *
 * Threads that receive from one channel may each take it millions of times a
 * second, and it is free again sooner than one of them could be asleep. So a
 * thread that finds it held looks again, after gaps that double: meanwhile
 * the holder may take it several times in a row, with its cache lines where
 * they are. A thread that has looked in vain for some microseconds sleeps: the
 * holder may have lost the processor.
 *
 *            take                 about to sleep
 *      FREE -------> HELD ------------------------> AWAITED
 *      ^  |           |                              ^   |
 *      |  |           |     take, about to sleep     |   |
 *      |  +-----------|------------------------------+   |
 *      |              | release                          | release, wakes one
 *      +--------------+----------------------------------+
 *
 * [lock.hand]  A holder sees what those before it did.
 *
 *   holder                                  the next one
 *   (A) swap word: -> FREE       release    (B) CAS word: FREE -> HELD, or
 *                                               swap, -> AWAITED    acquire
 *   B reads what A wrote. Weaker: A or B relaxed -> both use at once what the
 *   lock guards (lock_vs_lock).
 *
 * No wake is lost: a thread makes the word AWAITED before it sleeps, and the
 * release that finds it so signals. Of several that sleep one is woken, and two
 * signals may wake the same one; it makes the word AWAITED again, whether it
 * gets the lock or not, so that a later release signals for the others.
 *
 * A release signals last, when another thread may have taken the lock already,
 * and may be done with what it guards. So a thread that releases it is inside
 * the gate of its receiver, or a user of the core, until the release returns. A
 * thread that loses the processor just before it signals holds up those that
 * sleep, as one does that loses it while it has the lock.
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
  unsigned tries;    /* fixed: how often a thread looks again */
  lc_wake_t freed;   /* those that sleep wait for this */
} lc_lock_t;

/* spins: whether a thread that finds it held looks again. 0, or what the
 * system returned. */
LC_MUST_USE int lc_lock_init(lc_lock_t *lock, bool spins);
void lc_lock_destroy(lc_lock_t *lock);

/* Whether the calling thread has it. */
static inline bool lc_lock_is_here(const lc_lock_t *lock) {
  return lc_owner_is_here(&lock->holder);
}

/* The rest of lc_lock_take, for a thread that has found it held. */
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

/* Its holder, which keeps the memory of the lock until this returns. */
static inline void lc_lock_release(lc_lock_t *lock) {
  lc_assert(lc_lock_is_here(lock));
  lc_owner_set_none(&lock->holder);
  /* [lock.hand] (A) */
  if (LC_UNLIKELY(lc_swap(&lock->word, LC_LOCK_FREE, memory_order_release) ==
                  LC_LOCK_AWAITED))
    lc_wake_signal(&lock->freed);
}

#endif /* LC_LOCK_H */
