/* lock: one word that is held for a few hundred instructions at most.
 *
 * Knows:   a monitor, for a thread to sleep on.
 * Threads: any.
 * Promise: one thread has it at a time, and none is left asleep when it is
 *          free. It cannot fail: if the system has no mutex or condition
 *          variable for a thread, that thread goes on looking.
 */
#include "wait/lock.h"

#include <stdalign.h>

#include "base/cancel.h"
#include "base/clock.h"
#include "wait/wake.h"

/* The first gap between two looks, and how many there are, each twice as long
 * as the one before: some 12 microseconds in all. With a first gap of 25 ns two
 * receivers took about a tenth more processor time for a message. */
#define LC_LOCK_GAP_NS UINT64_C(400)
#define LC_LOCK_TRIES 5

/* How long it gives way: a thread that was woken has the processor by then,
 * unless others have it. */
#define LC_LOCK_WAY_NS UINT64_C(200000)

#define LC_LOCK_BITS ((uintptr_t) LC_LOCK_HELD | LC_LOCK_WOKEN)

/* The entry of a thread that sleeps, on its stack. */
typedef struct lc_sleeper {
  struct lc_sleeper *older;  /* NULL: none is */
  struct lc_sleeper *newer;  /* the holder's; set only from oldest to newest */
  struct lc_sleeper *oldest; /* the holder's: of all, or NULL: not known here */
  lc_monitor_t monitor;      /* guards woken */
  bool woken;
} lc_sleeper_t;

static_assert(alignof(lc_sleeper_t) > LC_LOCK_BITS, "the bits are free");

#ifdef LC_NOTES_LOCKS

/* No thread has more at once: two of one channel, and what a user's memory
 * functions may take. */
#define LC_LOCKS_MOST 4

static LC_PER_THREAD const lc_lock_t *held[LC_LOCKS_MOST] LC_NO_CALL;

/* NULL: it is not there. A free place is where no lock is. */
static const lc_lock_t **place_of(const lc_lock_t *lock) {
  size_t i;

  for (i = 0; i < LC_LOCKS_MOST; i++)
    if (held[i] == lock)
      return &held[i];
  return NULL;
}

bool lc_lock_is_held(const lc_lock_t *lock) {
  return place_of(lock) != NULL;
}

static void change_place(const lc_lock_t *was, const lc_lock_t *is) {
  const lc_lock_t **place = place_of(was);

  lc_assert(place != NULL);
  *place = is;
}

void lc_lock_note_taken(const lc_lock_t *lock) {
  change_place(NULL, lock);
}

void lc_lock_note_released(const lc_lock_t *lock) {
  change_place(lock, NULL);
}

#endif

static lc_sleeper_t *newest_in(uintptr_t word) {
  return (lc_sleeper_t *) (word & ~LC_LOCK_BITS);
}

/* Takes the lock if it is free, even if others sleep. gone: bits to clear
 * then. */
static bool take_free(lc_lock_t *lock, uintptr_t gone) {
  /* relaxed: a guess */
  uintptr_t word = lc_load(&lock->word, memory_order_relaxed);

  while ((word & LC_LOCK_HELD) == 0)
    /* [lock.hand] (B); relaxed: it has failed */
    if (lc_cas(&lock->word, &word, (word & ~gone) | LC_LOCK_HELD,
               memory_order_acquire, memory_order_relaxed))
      return true;
  return false;
}

static bool look_again(lc_lock_t *lock) {
  unsigned i;

  for (i = 0; i < LC_LOCK_TRIES; i++) {
    (void) lc_relax_until(lc_deadline(LC_LOCK_GAP_NS << i));
    if (take_free(lock, 0))
      return true;
  }
  return false;
}

/* False: the lock is free. */
static bool push_sleeper(lc_lock_t *lock, lc_sleeper_t *sleeper,
                         uintptr_t gone) {
  /* relaxed: a guess */
  uintptr_t word = lc_load(&lock->word, memory_order_relaxed);

  sleeper->newer = NULL;
  sleeper->woken = false;
  while ((word & LC_LOCK_HELD) != 0) {
    sleeper->older = newest_in(word);
    sleeper->oldest = sleeper->older == NULL ? sleeper : NULL;
    /* [lock.place] (C); relaxed: nothing is read */
    if (lc_cas(&lock->word, &word,
               (uintptr_t) sleeper | (word & LC_LOCK_BITS & ~gone),
               memory_order_release, memory_order_relaxed))
      return true;
  }
  return false;
}

static void sleep_until_woken(lc_sleeper_t *sleeper) {
  int was = lc_cancel_forbid();

  uv_mutex_lock(&sleeper->monitor.mutex);
  while (!sleeper->woken)
    uv_cond_wait(&sleeper->monitor.cond, &sleeper->monitor.mutex);
  uv_mutex_unlock(&sleeper->monitor.mutex);
  lc_cancel_restore(was);
}

void lc_lock_take_slow(lc_lock_t *lock, bool spins) {
  uintptr_t gone = 0;
  lc_sleeper_t sleeper;

  /* It may be free while others sleep. */
  if (take_free(lock, 0) || (spins && look_again(lock)))
    return;
  while (lc_monitor_init(&sleeper.monitor) != 0) {
    if (take_free(lock, 0))
      return;
    lc_yield();
  }
  while (!take_free(lock, gone)) {
    if (!push_sleeper(lock, &sleeper, gone))
      continue;
    sleep_until_woken(&sleeper);
    gone = LC_LOCK_WOKEN;
  }
  lc_monitor_destroy(&sleeper.monitor);
}

/* Holder. The entry that was the newest at the last search leads to the oldest.
 * From the newest one down to it, each entry's next newer one is set. */
static lc_sleeper_t *find_oldest(lc_sleeper_t *newest) {
  lc_sleeper_t *at = newest;

  for (; at->oldest == NULL; at = at->older)
    at->older->newer = at;
  return newest->oldest = at->oldest;
}

/* Holder. Others can only push meanwhile. */
void lc_lock_release_slow(lc_lock_t *lock) {
  for (;;) {
    /* [lock.place] (D) */
    uintptr_t word = lc_load(&lock->word, memory_order_acquire);
    uintptr_t left = word & ~(uintptr_t) LC_LOCK_HELD;
    lc_sleeper_t *newest = newest_in(word), *oldest = NULL;
    if (newest != NULL && (word & LC_LOCK_WOKEN) == 0) {
      oldest = find_oldest(newest);
      left = LC_LOCK_WOKEN;
    }
    if (oldest != newest && oldest != NULL) {
      newest->oldest = oldest->newer;
      /* [lock.hand] (A) */
      lc_add(&lock->word, (uintptr_t) LC_LOCK_WOKEN - LC_LOCK_HELD,
             memory_order_release);
      lc_monitor_notify(&oldest->monitor, &oldest->woken);
      return;
    }
    /* [lock.hand] (A); relaxed: it looks again */
    if (lc_cas(&lock->word, &word, left, memory_order_release,
               memory_order_relaxed)) {
      if (oldest != NULL)
        lc_monitor_notify(&oldest->monitor, &oldest->woken);
      return;
    }
  }
}

void lc_lock_give_way(const lc_lock_t *lock) {
  uint64_t until_ns = lc_deadline(LC_LOCK_WAY_NS);

  /* relaxed: a guess */
  while ((lc_load(&lock->word, memory_order_relaxed) & LC_LOCK_WOKEN) != 0 &&
         uv_hrtime() < until_ns)
    lc_yield();
}
