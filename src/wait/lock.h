/* lock: one word that is held for a few hundred instructions at most.
 *
 * It is free again sooner than a thread that finds it held could be asleep. So
 * that thread may look again first, after gaps that double: meanwhile the
 * holder may take it several times in a row, with its data still in its cache.
 * A thread that has looked in vain for some microseconds sleeps: the holder may
 * have lost the processor.
 *
 * The word has two bits, and the address of the newest of the threads that
 * sleep: each has an entry on its own stack, with a mutex and a condition
 * variable to sleep on. Only the holder takes one out, the oldest first, so
 * there is no ABA problem. Any thread may take a free lock before one that was
 * woken for it; so a thread that has had it for long, and goes on, gives way.
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
 * WOKEN: a thread was woken, and has neither taken the lock nor gone to sleep
 * again. Until it has, a release wakes no other. When it does either, it clears
 * the bit in the same step. So whenever the lock is free and threads sleep, one
 * of them is awake: it takes the lock, and its release wakes the next; or it
 * finds the lock held, and sleeps again, and that holder's release wakes the
 * next.
 *
 * Once a release has let go, it no longer touches the lock: another thread may
 * take it, and free its memory. To wake a thread it touches only that thread's
 * entry, which stays until it has been woken. It signals with the entry's mutex
 * held, because the entry may be gone as soon as its thread has the mutex. A
 * thread that loses the processor just before it signals delays those that
 * sleep, as does one that loses it while it has the lock.
 *
 * [lock.hand]  A holder sees what those before it did.
 *
 *   holder                                  the next one
 *   (A) CAS, or add: HELD goes   release    (B) CAS: HELD comes     acquire
 *   B reads what A wrote; or what a push wrote behind it, because every change
 *   is a read-modify-write. Weaker: A or B relaxed -> both use at once what the
 *   lock guards (lock_vs_lock).
 *
 * [lock.place]  A holder sees the entries of the threads that sleep.
 *
 *   one that goes to sleep                  holder
 *   writes its entry
 *   (C) CAS: its address comes   release    (D) load word           acquire
 *   Weaker: C or D relaxed -> the holder reads an entry before it is written
 *   (lock_vs_lock).
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

/* Debug: each thread knows which locks it has. They are noted in the thread,
 * not in the lock, which is the same in all builds: copies of the library that
 * share a channel need not be of one kind. (Not in the explorer, whose threads
 * are all one of the system's.) */
#if defined(NDEBUG) || defined(LC_EXPLORE)
#define lc_lock_note_taken(lock) ((void) 0)
#define lc_lock_note_released(lock) ((void) 0)
#define lc_lock_is_held(lock) true
#else
#define LC_NOTES_LOCKS
void lc_lock_note_taken(const lc_lock_t *lock);
void lc_lock_note_released(const lc_lock_t *lock);
/* By the calling thread. */
bool lc_lock_is_held(const lc_lock_t *lock);
#endif

static inline void lc_lock_init(lc_lock_t *lock) {
  lc_atomic_init(&lock->word, LC_LOCK_FREE);
}

/* The slow paths of the next two, for a lock that is held, or that others wait
 * for.
 */
void lc_lock_take_slow(lc_lock_t *lock, bool spins);
void lc_lock_release_slow(lc_lock_t *lock);

static inline bool lc_lock_try(lc_lock_t *lock) {
  uintptr_t was = LC_LOCK_FREE;
  /* [lock.hand] (B); relaxed: it has failed */
  bool taken = lc_cas(&lock->word, &was, LC_LOCK_HELD, memory_order_acquire,
                      memory_order_relaxed);

  if (taken)
    lc_lock_note_taken(lock);
  return taken;
}

/* Any thread. No cancellation point. spins: whether it looks again before it
 * sleeps. */
static inline void lc_lock_take(lc_lock_t *lock, bool spins) {
  if (LC_UNLIKELY(!lc_lock_try(lock))) {
    lc_lock_take_slow(lock, spins);
    lc_lock_note_taken(lock);
  }
}

/* The holder. This may be its last use of the lock. */
static inline void lc_lock_release(lc_lock_t *lock) {
  uintptr_t was = LC_LOCK_HELD;

  lc_lock_note_released(lock);
  /* [lock.hand] (A); relaxed: others sleep, which is looked at again */
  if (LC_UNLIKELY(!lc_cas(&lock->word, &was, LC_LOCK_FREE, memory_order_release,
                          memory_order_relaxed)))
    lc_lock_release_slow(lock);
}

/* Any thread that has released it, and will take it again. If others sleep, it
 * lets one of them have it first. */
void lc_lock_give_way(const lc_lock_t *lock);

#endif /* LC_LOCK_H */
