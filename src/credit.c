/* credit: the bound, as two counts.
 *
 * Knows:   how many places there are, and that there is a line. Not who stands
 *          in it, nor what a place is for.
 * Threads: any; the marks are set by one at a time.
 * Promise: never more than capacity places are taken and not freed.
 */
#include "credit.h"

void lc_credit_init(lc_credit_t *credit, size_t capacity) {
  size_t most = SIZE_MAX / (2 * LC_PLACE);

  if (capacity > most)
    capacity = most;
  lc_atomic_init(&credit->taken, 0);
  lc_atomic_init(&credit->limit, capacity * LC_PLACE);
  lc_atomic_init(&credit->freed, 0);
  credit->capacity = capacity * LC_PLACE;
  credit->marks = 0;
  /* The largest power of two up to half of the capacity. */
  credit->batch = LC_PLACE;
  while (credit->batch <= credit->capacity / 4)
    credit->batch *= 2;
}

size_t lc_credit_room(lc_credit_t *credit, size_t taken) {
  /* [credit.room] (B) */
  size_t freed = lc_load(&credit->freed, memory_order_acquire);
  size_t limit = lc_credit_count(freed) + credit->capacity;

  /* [credit.room] (C) */
  lc_store(&credit->limit, limit, memory_order_release);
  return limit - taken;
}

bool lc_credit_is_full(lc_credit_t *credit) {
  /* [credit.count] (F) */
  size_t taken = lc_load(&credit->taken, memory_order_acquire);

  return lc_credit_room(credit, lc_credit_count(taken)) == 0;
}

void lc_credit_mark(lc_credit_t *credit, size_t marks) {
  size_t gate = (marks != 0 ? LC_GATE : 0) - (credit->marks != 0 ? LC_GATE : 0);
  size_t change = marks - credit->marks;

  /* relaxed, both: each word tells its own readers, in its own order */
  if (gate != 0)
    lc_add(&credit->taken, gate, memory_order_relaxed);
  if (change != 0)
    lc_add(&credit->freed, change, memory_order_relaxed);
  credit->marks = marks;
}

bool lc_credit_take_in_line(lc_credit_t *credit) {
  /* [credit.count] (F) With the gate closed nobody else changes it. */
  size_t taken = lc_load(&credit->taken, memory_order_acquire);

  lc_assert((taken & LC_GATE) != 0);
  if (lc_credit_room(credit, lc_credit_count(taken)) == 0)
    return false;
  /* [credit.count] (E) */
  lc_add(&credit->taken, LC_PLACE, memory_order_release);
  return true;
}
