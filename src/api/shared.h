/* shared: several threads at one thread receiver.
 *
 * The receiver's side of the channel is used by one thread at a time, under a
 * mutex that is never held while waiting. Of the threads that wait one leads:
 * it parks, so that the next send wakes it. The others follow in a queue, each
 * asleep by itself. A thread that leaves while none leads wakes the first of
 * them, which then finds a message, or the end, or leads.
 *
 * A thread that closes shuts the gate at the receiver and waits for those
 * inside. Threads that come later are turned away there, and touch nothing
 * behind it.
 */
#ifndef LC_SHARED_H
#define LC_SHARED_H

#include "core/rx.h"

typedef struct lc_follower {
  struct lc_follower *prev, *next;
  lc_wake_t wake;
  bool queued;
} lc_follower_t;

typedef struct lc_shared {
  uv_mutex_t mutex; /* guards all below, and the receiver's side of the core */
  bool led;
  lc_follower_t *first, *last;
  lc_wake_t emptied; /* who closes waits here for those inside */
} lc_shared_t;

LC_MUST_USE int lc_shared_new(lc_shared_t **shared);
void lc_shared_free(lc_shared_t *shared);

/* Any thread. Has the receiver's side to itself from here on. */
void lc_shared_lock(lc_shared_t *shared);

/* Rouses a follower if nobody leads. */
void lc_shared_unlock(lc_shared_t *shared);

/* Any thread, locked; nothing is there. Unlocks while it waits. 0: look again.
 * UV_ETIMEDOUT, or what lc_wake_init returned. */
LC_MUST_USE int lc_shared_wait(lc_shared_t *shared, lc_channel_t *channel,
                               uint64_t deadline_ns);

#endif /* LC_SHARED_H */
