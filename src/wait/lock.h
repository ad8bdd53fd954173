/* lock: one word that is held for a few dozen instructions at a time.
 *
 * It is free again sooner than a thread that finds it held could be asleep. So
 * that thread may look again first, after gaps that double: meanwhile the
 * holder may take it several times in a row, with its cache lines where they
 * are. A thread that has looked in vain for some microseconds sleeps: the
 * holder may have lost the processor.
 *
 * The word has two bits, and the address of the newest of those that sleep:
 * each has a place on its own stack, with a mutex and a condition to sleep by.
 * Only the holder takes one out, the oldest first, so an address that comes
 * back cannot be mistaken for another place. A thread that comes by may take a
 * free lock before one that was woken for it.
 *
 *                    take                      push, then sleep
 *   0  FREE -----------------------> HELD -----------------------+
 *   ^   ^                            |  ^                        v
 *   |   |          release           |  |  take        HELD + sleepers
 *   |   +----------------------------+  |                        |
 *   |                                   |                        | release,
 *   |              take, or push        |                        | wakes the
 *   |              of the one woken     |                        v oldest
 *   +--------------------------------- WOKEN (+ sleepers that are left)
 *
 * WOKEN: one was woken, and has neither taken the lock nor gone to sleep again.
 * Until it has, a release wakes no other. It takes the bit away in the same
 * step. So whenever the lock is free and threads sleep, one is awake for them:
 * it takes the lock, and its release wakes the next; or it finds the lock held,
 * and sleeps again, and that holder's release does.
 *
 * A release touches nothing of the lock when it has let go: another thread may
 * take it, and free its memory. What it touches then, to wake a thread, is that
 * thread's own, which waits for it. It signals inside that thread's mutex,
 * which is gone the moment that the thread has it. A thread that loses the
 * processor just before it signals holds up those that sleep, as one does that
 * loses it while it has the lock.
 *
 * [lock.hand]  A holder sees what those before it did.
 *
 *   holder                                  the next one
 *   (A) CAS, or add: HELD goes   release    (B) CAS: HELD comes     acquire
 *   B reads what A wrote; or what a push wrote behind it, for every change is a
 *   read-modify-write. Weaker: A or B relaxed -> both use at once what the lock
 *   guards (lock_vs_lock).
 *
 * [lock.place]  A holder sees the places of those that sleep.
 *
 *   one that goes to sleep                  holder
 *   writes its place
 *   (C) CAS: its address comes   release    (D) load word           acquire
 *   Weaker: C or D relaxed -> the holder reads where another's place leads to
 *   before that is written (lock_vs_lock).
 */
#ifndef LC_LOCK_H
#define LC_LOCK_H

#include <stdbool.h>

#include "base/atomic.h"
#include "base/debug.h"

enum { LC_LOCK_FREE = 0, LC_LOCK_HELD = 1, LC_LOCK_WOKEN = 2 };

typedef struct {
  lc_atomic(uintptr_t) word;
} lc_lock_t;

static inline void lc_lock_init(lc_lock_t *lock) {
  lc_atomic_init(&lock->word, LC_LOCK_FREE);
}

/* The rest of the next two, for a lock that is held, or that others wait for.
 */
void lc_lock_take_slow(lc_lock_t *lock, bool spins);
void lc_lock_release_slow(lc_lock_t *lock);

static inline bool lc_lock_try(lc_lock_t *lock) {
  uintptr_t was = LC_LOCK_FREE;

  /* [lock.hand] (B); relaxed: it has failed */
  return lc_cas(&lock->word, &was, LC_LOCK_HELD, memory_order_acquire,
                memory_order_relaxed);
}

/* Any thread. No cancellation point. spins: whether it looks again before it
 * sleeps. */
static inline void lc_lock_take(lc_lock_t *lock, bool spins) {
  if (LC_UNLIKELY(!lc_lock_try(lock)))
    lc_lock_take_slow(lock, spins);
}

/* Its holder, whose last use of the lock this may be. */
static inline void lc_lock_release(lc_lock_t *lock) {
  uintptr_t was = LC_LOCK_HELD;

  /* [lock.hand] (A); relaxed: others sleep, which is looked at again */
  if (LC_UNLIKELY(!lc_cas(&lock->word, &was, LC_LOCK_FREE, memory_order_release,
                          memory_order_relaxed)))
    lc_lock_release_slow(lock);
}

#endif /* LC_LOCK_H */
