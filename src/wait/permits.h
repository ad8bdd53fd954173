/* permits: the bound of a channel, as two counts.
 *
 *   acquired  permits taken: messages in the channel, received or being sent,
 *             and reserved places                   (senders add)
 *   released  permits given back: messages received, sends that were refused,
 *             reserved places abandoned             (receiver, seldom senders)
 *
 * The channel is full when acquired - released is its capacity. Both counts
 * only grow, so a sender that reads acquired first and released second finds
 * the channel full only if it was, and never finds more permits acquired than
 * there are [permits.count]. Each count has marks beside it, set while senders
 * wait:
 *
 *   acquired  LC_HAS_WAITERS: no send acquires a permit before those that wait
 *   released  a thread that releases a permit has to grant it to a waiter: each
 *             one (LC_NOTIFY_EACH), or only when a batch of them has come free
 *             (LC_NOTIFY_BATCH)
 *
 * Releasing a permit and learning that a send waits for it are one atomic step,
 * and so are acquiring one and learning that others were first.
 *
 * [permits.room]  A thread that acquires a permit sees what was done before the
 * permit was released.
 *
 *   receiver                                sender
 *   is done with what it received before
 *   (A) add released             release    (B) load released       acquire
 *                                           (C) store limit         release
 *                                           another: (D) load limit acquire
 *   As between a buffered channel's receive and its send in Go's memory model:
 *   a channel of capacity N serves as a semaphore of N. Weaker: a sender writes
 *   where the receiver still reads (release_vs_acquire).
 *
 * [permits.count]  A thread that reads how many permits are acquired finds at
 * least as many released as the thread that acquired the last one did.
 *
 *   sender                                  another
 *   reads released
 *   (E) CAS, add acquired        release    (F) load acquired       acquire
 *                                           reads released
 *   Weaker: E or F relaxed -> the other one reads an old count of released
 *   permits, with more acquired than there are, and takes the difference below
 *   zero for room: one permit has two owners (release_vs_acquire,
 *   waiter_vs_acquire).
 */
#ifndef LC_PERMITS_H
#define LC_PERMITS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/atomic.h"
#include "base/debug.h"

typedef struct {
  lc_atomic(size_t) acquired;
  lc_atomic(size_t) limit; /* of acquired, as far as known; never too high */
  size_t capacity, batch;  /* fixed, times LC_PERMIT */
  char apart[LC_APART];
  lc_atomic(size_t) released;
  size_t marks; /* the wait queue's lock: those set in released */
} lc_permits_t;

/* The unit of both counts; the bits below are the marks. */
#define LC_PERMIT ((size_t) 4)
#define LC_HAS_WAITERS ((size_t) 1)
#define LC_NOTIFY_BATCH ((size_t) 1)
#define LC_NOTIFY_EACH ((size_t) 2)

static_assert((LC_PERMIT & (LC_PERMIT - 1)) == 0 &&
                  (LC_HAS_WAITERS | LC_NOTIFY_BATCH | LC_NOTIFY_EACH) <
                      LC_PERMIT,
              "the marks lie below the counts");

static inline size_t lc_permits_count(size_t word) {
  return word & ~(LC_PERMIT - 1);
}

void lc_permits_init(lc_permits_t *permits, size_t capacity);

static inline size_t lc_permits_acquired(const lc_permits_t *permits) {
  /* [permits.count] (F) */
  return lc_load(&permits->acquired, memory_order_acquire);
}

/* Any thread. How many permits are free, times LC_PERMIT, if as many are
 * acquired as the caller read before. */
size_t lc_permits_available(lc_permits_t *permits, size_t acquired);

/* Any thread. Whether no permit was free at some moment of this call. */
bool lc_permits_is_full(lc_permits_t *permits);

/* Any thread. How many permits could be acquired at some moment of this call; 0
 * while others wait. */
size_t lc_permits_room(lc_permits_t *permits);

/* Any thread. Two guesses for a sender that spins for a permit: whether others
 * wait; and whether enough permits are free that one is worth taking. If it
 * took them one at a time, both sides would wait for the same cache line at
 * each message. */
static inline bool lc_permits_has_waiters(const lc_permits_t *permits) {
  /* relaxed: a guess */
  return (lc_load(&permits->acquired, memory_order_relaxed) & LC_HAS_WAITERS) !=
         0;
}

static inline bool lc_permits_has_batch(const lc_permits_t *permits) {
  /* relaxed, both: a guess */
  size_t acquired = lc_load(&permits->acquired, memory_order_relaxed);
  size_t released = lc_load(&permits->released, memory_order_relaxed);

  return lc_permits_count(released) + permits->capacity -
             lc_permits_count(acquired) >=
         permits->batch;
}

/* Any thread. Whether a batch is more than one permit. */
static inline bool lc_permits_are_batched(const lc_permits_t *permits) {
  return permits->batch > LC_PERMIT;
}

/* Any thread. Acquires as many permits as are free, but not more than most;
 * returns how many. 0: none is free, or others wait. */
static inline size_t lc_permits_acquire(lc_permits_t *permits, size_t most) {
  size_t acquired = lc_permits_acquired(permits);

  for (;;) {
    size_t left, n;
    if (LC_UNLIKELY((acquired & LC_HAS_WAITERS) != 0))
      return 0;
    /* [permits.room] (D) */
    left = lc_load(&permits->limit, memory_order_acquire) - acquired;
    /* An old limit may be below acquired. */
    if (LC_UNLIKELY(left > permits->capacity || left / LC_PERMIT < most))
      left = lc_permits_available(permits, acquired);
    if (LC_UNLIKELY(left == 0))
      return 0;
    n = left / LC_PERMIT < most ? left / LC_PERMIT : most;
    /* [permits.count] (E) [permits.count] (F) if it fails */
    if (LC_LIKELY(lc_cas(&permits->acquired, &acquired,
                         acquired + n * LC_PERMIT, memory_order_acq_rel,
                         memory_order_acquire)))
      return n;
  }
}

/* Any thread. Releases one permit. True: the caller has to grant. */
LC_MUST_USE static inline bool lc_permits_release(lc_permits_t *permits) {
  /* [permits.room] (A) */
  size_t released = lc_add(&permits->released, LC_PERMIT, memory_order_release);

  if (LC_LIKELY((released & (LC_NOTIFY_BATCH | LC_NOTIFY_EACH)) == 0))
    return false;
  return (released & LC_NOTIFY_EACH) != 0 ||
         ((lc_permits_count(released) + LC_PERMIT) & (permits->batch - 1)) == 0;
}

/* The wait queue's calls, under its lock. */

/* Sets the marks: 0, when no send waits, LC_NOTIFY_BATCH or LC_NOTIFY_EACH. */
void lc_permits_mark(lc_permits_t *permits, size_t marks);

/* Acquires one permit for the first waiter. LC_HAS_WAITERS is set. */
LC_MUST_USE bool lc_permits_acquire_for_waiter(lc_permits_t *permits);

#endif /* LC_PERMITS_H */
