/* permits: the bound of a channel, as two counts.
 *
 * Knows:   how many permits there are, and whether a send waits for one. Not
 *          which one, nor what a permit is for.
 * Threads: any; the marks are set under the wait queue's lock.
 * Promise: never more than capacity permits are acquired and not released.
 */
#include "wait/permits.h"

void lc_permits_init(lc_permits_t *permits, size_t capacity) {
  size_t most = SIZE_MAX / (2 * LC_PERMIT);

  if (capacity > most)
    capacity = most;
  lc_atomic_init(&permits->acquired, 0);
  lc_atomic_init(&permits->limit, capacity * LC_PERMIT);
  lc_atomic_init(&permits->released, 0);
  permits->capacity = capacity * LC_PERMIT;
  permits->marks = 0;
  /* The largest power of two up to half of the capacity. */
  permits->batch = LC_PERMIT;
  while (permits->batch <= permits->capacity / 4)
    permits->batch *= 2;
  lc_assert((permits->batch & (permits->batch - 1)) == 0);
}

size_t lc_permits_available(lc_permits_t *permits, size_t acquired) {
  /* [permits.room] (B) */
  size_t released = lc_load(&permits->released, memory_order_acquire);
  size_t limit = lc_permits_count(released) + permits->capacity;

  /* [permits.room] (C) */
  lc_store(&permits->limit, limit, memory_order_release);
  return limit - acquired;
}

bool lc_permits_is_full(lc_permits_t *permits) {
  return lc_permits_available(
             permits, lc_permits_count(lc_permits_acquired(permits))) == 0;
}

/* If acquired is the same before and after, no permit was acquired in between,
 * so the number read then was that of the free permits at one moment. */
size_t lc_permits_room(lc_permits_t *permits) {
  for (;;) {
    size_t acquired = lc_permits_acquired(permits), available;
    if ((acquired & LC_HAS_WAITERS) != 0)
      return 0;
    available = lc_permits_available(permits, acquired);
    if (lc_permits_acquired(permits) == acquired)
      return available / LC_PERMIT;
  }
}

void lc_permits_mark(lc_permits_t *permits, size_t marks) {
  size_t waiters = (marks != 0 ? LC_HAS_WAITERS : 0) -
                   (permits->marks != 0 ? LC_HAS_WAITERS : 0);
  size_t change = marks - permits->marks;

  lc_assert(marks <= LC_NOTIFY_EACH);
  /* relaxed, both: each has its own readers; adds hand on what was released */
  if (waiters != 0)
    lc_add(&permits->acquired, waiters, memory_order_relaxed);
  if (change != 0)
    lc_add(&permits->released, change, memory_order_relaxed);
  permits->marks = marks;
}

bool lc_permits_acquire_for_waiter(lc_permits_t *permits) {
  /* While LC_HAS_WAITERS is set no other thread adds to it. */
  size_t acquired = lc_permits_acquired(permits);

  lc_assert((acquired & LC_HAS_WAITERS) != 0);
  if (lc_permits_available(permits, lc_permits_count(acquired)) == 0)
    return false;
  /* [permits.count] (E) */
  lc_add(&permits->acquired, LC_PERMIT, memory_order_release);
  return true;
}
