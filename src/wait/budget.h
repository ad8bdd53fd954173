/* budget: how much one receiver or writer may deliver in a turn of its loop.
 *
 * All receivers and writers on one loop share the time of a turn. What those
 * before have used of it is gone, and while others are due, each gets only its
 * share of the rest. Begin a budget where a delivery begins, ask it after each
 * message, and end it.
 */
#ifndef LC_BUDGET_H
#define LC_BUDGET_H

#include "base/clock.h"
#include "wait/loop.h"

typedef struct {
  unsigned messages;    /* left */
  uint64_t start, last; /* ns: the start of the turn, as if only deliveries
                           took time; the last look at the clock */
  uint64_t most_ns;     /* from the start */
  unsigned stride, until_look; /* messages between two looks; till the next */
  uint64_t ticks;              /* for lc_clock_moved */
} lc_budget_t;

/* Looks are rare while they find that callbacks are quick. */
#define LC_STRIDE_MOST 8
#define LC_LONG_CALLBACK_NS 5000

static inline void lc_budget_begin(lc_budget_t *budget,
                                   const lc_member_t *member,
                                   unsigned messages) {
  budget->messages = messages;
  budget->last = uv_hrtime();
  budget->start = budget->last - lc_loop_used(member->loop);
  budget->most_ns = lc_loop_share(member);
  budget->stride = budget->until_look = 1;
  budget->ticks = 0;
}

static inline void lc_budget_look(lc_budget_t *budget) {
  uint64_t now = uv_hrtime();

  if (now - budget->last > LC_LONG_CALLBACK_NS)
    budget->stride = 1;
  budget->last = now;
}

/* Asked after each message. True: there must be no more in this turn. */
static inline bool lc_budget_is_spent(lc_budget_t *budget) {
  if (--budget->messages == 0)
    return true;
  if (budget->until_look > 1) {
    budget->until_look--;
    return false;
  }
  if (budget->stride < LC_STRIDE_MOST)
    budget->stride *= 2;
  if (lc_clock_moved(&budget->ticks))
    lc_budget_look(budget);
  budget->until_look = budget->stride;
  return budget->last - budget->start >= budget->most_ns;
}

/* The same after work that brought no message, and took long enough for a look.
 */
static inline bool lc_budget_is_over(lc_budget_t *budget) {
  budget->last = uv_hrtime();
  return budget->last - budget->start >= budget->most_ns;
}

/* Something else has taken time: the next message is followed by a look. */
static inline void lc_budget_look_soon(lc_budget_t *budget) {
  budget->until_look = 0;
}

/* Records the time used in the loop's record. */
static inline void lc_budget_end(const lc_budget_t *budget, lc_loop_t *loop) {
  loop->used_ns = loop->used_till_ended + (uv_hrtime() - budget->start);
}

#endif /* LC_BUDGET_H */
