/* waitq: sends that wait.
 *
 * A sender that finds a bounded channel full enqueues with its message ready to
 * be pushed. The thread that grants - the receiver when it has released a
 * permit, or a sender that comes by - pushes the first waiter's message for it.
 * So a message is in the channel the moment there is room, in the order of
 * waiting, no matter when its sender runs again.
 *
 *   sender:    enqueues ......... waits for the completion ...... goes on
 *   granter:            acquires a permit, pushes, completes
 *
 * On a rendezvous channel nothing is pushed: the receiver matches the first
 * waiter, receives its message where it is, and completes it then. A message
 * that a try_send pushed was pushed while nothing waited, so it goes first.
 */
#ifndef LC_WAITQ_H
#define LC_WAITQ_H

#include <uv.h>

#include "base/queue.h"
#include "queue/inbox.h"
#include "wait/lock.h"
#include "wait/permits.h"
#include "wait/wake.h"

/* Where a thread, or a writer, learns what became of its sends. Guarded by the
 * wait queue's lock, except for the wake; and for place, while it is in idle. A
 * thread borrows one from the wait queue, because its wake may still be
 * signalled after the thread has gone on. */
typedef struct lc_completions {
  lc_wake_t wake;
  lc_monitor_t monitor;           /* a thread's */
  lc_queue_t done;                /* waiters that have left the wait queue */
  struct lc_waiter *first, *last; /* waiters that are in it */
  size_t outstanding;             /* waiters that are not complete yet */
  lc_queue_t place;               /* in watchers, or in idle */
  bool to_be_signalled;           /* it is in to_signal */
  struct lc_completions *next_to_signal;
} lc_completions_t;

/* One send in the wait queue. */
typedef struct lc_waiter {
  lc_queue_t queue;           /* in the wait queue, then in done */
  struct lc_waiter *next_own; /* in the wait queue: the next of the same
                                 completions */
  lc_link_t *newest, *oldest; /* what is to be pushed */
  lc_completions_t *completions;
  int result; /* when complete: 0, or UV_EPIPE, or UV_ECANCELED */
  bool queued, escalated, completed;
} lc_waiter_t;

/* The kind of channel that the options ask for. From LC_RENDEZVOUS on, a send
 * is more than a push. */
typedef enum {
  LC_UNBOUNDED, /* there is always a permit */
  LC_BOUNDED,
  LC_RENDEZVOUS, /* nothing is granted, the receiver matches */
  LC_LATEST      /* there is always a permit: what waits is replaced */
} lc_flavour_t;

typedef struct {
  lc_permits_t permits;
  lc_inbox_t *inbox; /* where a grant pushes */
  lc_flavour_t flavour;
  bool spins;          /* fixed: a thread that finds a lock held looks again */
  lc_lock_t idle_lock; /* guards the next one */
  lc_queue_t idle;     /* completions that no thread has borrowed */
  lc_lock_t lock;      /* guards all below, and completions */
  bool refuses;
  lc_queue_t waiters; /* first come, first served */
  lc_queue_t watchers;
  lc_completions_t *to_signal,
      **to_signal_end; /* to be signalled after the unlock */
  size_t length, escalated;
  uint64_t sent; /* messages of waiters that were accepted */
} lc_waitq_t;

void lc_waitq_init(lc_waitq_t *waitq, lc_inbox_t *inbox, lc_flavour_t flavour,
                   size_t capacity, bool spins);
void lc_waitq_destroy(lc_waitq_t *waitq);

/* A thread's: 0, or an error of libuv. Or a writer's. */
LC_MUST_USE int lc_completions_init(lc_completions_t *completions);
void lc_completions_init_async(lc_completions_t *completions,
                               uv_async_t *async);
void lc_completions_destroy(lc_completions_t *completions);

/* Any thread. Lends completions, for one send. 0, UV_ENOMEM, or what
 * lc_completions_init returned. */
LC_MUST_USE int lc_waitq_borrow(lc_waitq_t *waitq,
                                lc_completions_t **completions);
void lc_waitq_return(lc_waitq_t *waitq, lc_completions_t *completions);

/* The calls that return an lc_push_t may have pushed, for the first waiters.
 * The caller does what this leaves to do for the receiver: see
 * lc_channel_settle. */

/* Any thread. Enqueues at the end; it may be complete at once. */
LC_MUST_USE lc_push_t lc_waitq_enqueue(lc_waitq_t *waitq, lc_waiter_t *waiter);

/* Any thread. Enqueues a waiter whose send was done, or refused, without
 * waiting: it is complete, behind those that came before. */
void lc_waitq_enqueue_completed(lc_waitq_t *waitq, lc_waiter_t *waiter,
                                int result);

/* Any thread. Whether a waiter that is not escalated may be left in the queue
 * though there is a permit for it, until a batch of them is free. */
static inline bool lc_waitq_grants_in_batches(const lc_waitq_t *waitq) {
  return waitq->flavour == LC_BOUNDED &&
         lc_permits_are_batched(&waitq->permits);
}

/* Any thread. From now on each permit that is released calls for a grant, until
 * this one is complete. */
LC_MUST_USE lc_push_t lc_waitq_escalate(lc_waitq_t *waitq, lc_waiter_t *waiter);

/* Any thread. Pushes the messages of the first waiters, as many as there are
 * permits. */
LC_MUST_USE lc_push_t lc_waitq_grant(lc_waitq_t *waitq);

/* Any thread. *left is true: there was no permit for it, and it is out of the
 * queue, not complete; false: it is complete, or being received. */
LC_MUST_USE lc_push_t lc_waitq_cancel(lc_waitq_t *waitq, lc_waiter_t *waiter,
                                      bool *left);

/* The thread whose waiter it is, when it did not leave. */
bool lc_waitq_is_complete(lc_waitq_t *waitq, const lc_waiter_t *waiter);

/* Receiver, rendezvous. Parks if no more than seen_to sends wait, and there is
 * no work in the inbox; otherwise false. A waiter that comes later notifies the
 * receiver. */
LC_MUST_USE bool lc_waitq_park(lc_waitq_t *waitq, size_t seen_to);

/* Receiver, rendezvous. Takes the first waiter out, to be completed when its
 * message has been received. NULL: none; or a link in the inbox goes first. */
lc_waiter_t *lc_waitq_match(lc_waitq_t *waitq);
void lc_waitq_complete(lc_waitq_t *waitq, lc_waiter_t *waiter);

/* The thread of the writer's loop. Moves the waiters that are complete to the
 * end of a list, in the order of enqueueing: one that is being received holds
 * back those behind it. */
void lc_waitq_drain(lc_waitq_t *waitq, lc_completions_t *completions,
                    lc_queue_t *to);

/* The same thread. Whether a waiter is not complete yet, or not drained. */
bool lc_waitq_has_outstanding(lc_waitq_t *waitq,
                              const lc_completions_t *completions);

/* The same thread, or one that waits for no completion. While it watches, its
 * wake also reports the refusal, once. Unwatching moves all waiters of these
 * completions to the end of a list, oldest first; their result is UV_ECANCELED.
 * The waiters of others cost nothing, however many they are. */
void lc_waitq_watch(lc_waitq_t *waitq, lc_completions_t *completions);
void lc_waitq_unwatch(lc_waitq_t *waitq, lc_completions_t *completions,
                      lc_queue_t *to);

/* Receiver. Refuses all waiters, now and later; a second call does nothing. The
 * inbox is closed. alone: no other thread uses the wait queue, now or later. */
void lc_waitq_refuse(lc_waitq_t *waitq, bool alone);

/* Any thread. How many wait; and how many messages of waiters were accepted. */
size_t lc_waitq_length(lc_waitq_t *waitq);
size_t lc_waitq_figures(lc_waitq_t *waitq, bool alone, uint64_t *sent);

#endif /* LC_WAITQ_H */
