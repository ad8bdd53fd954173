/* credit: the bound, as two counts.
 *
 *   taken   places taken: messages in the channel, received, being sent, and
 *           reserved places                       (senders add)
 *   freed   places free again: messages received, places given back
 *                                                 (receiver, seldom senders)
 *
 * The channel is full when taken - freed is its capacity. Both only grow, so a
 * sender that reads taken first and freed then finds it full only if it was,
 * and never finds more taken than there are places [credit.count]. Beside its
 * count each has marks, set while senders stand in line:
 *
 *   taken   the gate: nobody takes a place past the line
 *   freed   who frees a place shall serve the line: at every place (hurried),
 *           or each time that a batch of them came free
 *
 * To free a place and to learn that somebody waits for it are one atomic step,
 * and so are to take one and to learn that others were first.
 *
 * [credit.room]  Who takes a place sees what was done before it was freed.
 *
 *   receiver                                sender
 *   is done with what it received before
 *   (A) add freed                release    (B) load freed          acquire
 *                                           (C) store limit         release
 *                                           another: (D) load limit acquire
 *   As between a buffered channel's receive and its send in Go's memory model:
 *   a channel of capacity N serves as a semaphore of N. Weaker: a sender writes
 *   where the receiver still reads (free_vs_take).
 *
 * [credit.count]  Who reads how many are taken finds no fewer freed than did
 * who took the last.
 *
 *   sender                                  another
 *   reads freed
 *   (E) CAS, add taken           release    (F) load taken          acquire
 *                                           reads freed
 *   Weaker: E or F relaxed -> the other one reads an old freed, to which more
 *   are taken than there are places, and takes the difference below zero for
 *   room: one place has two owners (free_vs_take, line_vs_take).
 */
#ifndef LC_CREDIT_H
#define LC_CREDIT_H

#include <stdbool.h>
#include <stddef.h>

#include "debug.h"
#include "atomic.h"

typedef struct {
  lc_atomic(size_t) taken;
  lc_atomic(size_t) limit; /* of taken, as far as known; never too high */
  size_t capacity, batch;  /* fixed, times LC_PLACE */
  char apart[LC_CACHE_LINE];
  lc_atomic(size_t) freed;
  size_t marks; /* the line's: those that are set */
} lc_credit_t;

/* The unit of both counts; the bits below are the marks. */
#define LC_PLACE ((size_t) 4)
#define LC_GATE ((size_t) 1)
#define LC_SERVE ((size_t) 1)
#define LC_HURRY ((size_t) 2)

static inline size_t lc_credit_count(size_t word) {
  return word & ~(LC_PLACE - 1);
}

void lc_credit_init(lc_credit_t *credit, size_t capacity);

static inline size_t lc_credit_taken(const lc_credit_t *credit) {
  /* [credit.count] (F) */
  return lc_load(&credit->taken, memory_order_acquire);
}

/* Any thread. Places free, beyond those that taken, read before, counts. */
size_t lc_credit_room(lc_credit_t *credit, size_t taken);

/* Any thread. Whether there was no place at a moment of this call. */
bool lc_credit_is_full(lc_credit_t *credit);

/* Any thread. Guesses, for who looks out for a place: whether others stand in
 * line; whether so many places are free that one is worth taking. One at a time
 * would have both sides wait for the same cache line at each message. */
static inline bool lc_credit_has_line(const lc_credit_t *credit) {
  /* relaxed: a guess */
  return (lc_load(&credit->taken, memory_order_relaxed) & LC_GATE) != 0;
}

static inline bool lc_credit_has_batch(const lc_credit_t *credit) {
  /* relaxed, both: a guess */
  size_t taken = lc_load(&credit->taken, memory_order_relaxed);
  size_t freed = lc_load(&credit->freed, memory_order_relaxed);

  return lc_credit_count(freed) + credit->capacity - lc_credit_count(taken) >=
         credit->batch;
}

/* Any thread. Takes up to most places, as many as are free; returns how many.
 * 0: it is full, or others stand in line. */
static inline size_t lc_credit_take(lc_credit_t *credit, size_t most) {
  size_t taken = lc_credit_taken(credit);

  for (;;) {
    size_t room, places;
    if (LC_UNLIKELY((taken & LC_GATE) != 0))
      return 0;
    /* [credit.room] (D) */
    room = lc_load(&credit->limit, memory_order_acquire) - taken;
    /* An old limit may lie behind taken. */
    if (LC_UNLIKELY(room > credit->capacity || room / LC_PLACE < most))
      room = lc_credit_room(credit, taken);
    if (LC_UNLIKELY(room == 0))
      return 0;
    places = room / LC_PLACE < most ? room / LC_PLACE : most;
    /* [credit.count] (E) [credit.count] (F) if it fails */
    if (LC_LIKELY(lc_cas(&credit->taken, &taken, taken + places * LC_PLACE,
                         memory_order_acq_rel, memory_order_acquire)))
      return places;
  }
}

/* Any thread. Gives one place back. True: serve the line. */
LC_MUST_USE static inline bool lc_credit_free(lc_credit_t *credit) {
  /* [credit.room] (A) */
  size_t freed = lc_add(&credit->freed, LC_PLACE, memory_order_release);

  if (LC_LIKELY((freed & (LC_SERVE | LC_HURRY)) == 0))
    return false;
  return (freed & LC_HURRY) != 0 ||
         ((lc_credit_count(freed) + LC_PLACE) & (credit->batch - 1)) == 0;
}

/* The line's calls, one at a time: under its mutex. */

/* Marks: 0, LC_SERVE or LC_HURRY, which are set from now on; 0 opens the gate,
 * any other closes it. */
void lc_credit_mark(lc_credit_t *credit, size_t marks);

/* Takes one place for the first in line. The gate is closed. */
LC_MUST_USE bool lc_credit_take_in_line(lc_credit_t *credit);

#endif /* LC_CREDIT_H */
