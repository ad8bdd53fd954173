/* shared: several receivers of one channel, and several threads at one of them.
 *
 * The receiving side of the channel is used by one thread at a time, under a
 * lock that is never held while a thread waits, nor while the user's code runs.
 * A receiver takes one message at a time, when it is ready to hand it over. One
 * that finds nothing queues up: it is idle. While one is idle, the inbox is
 * PARKED, so that the next push owes a wake. That debt is paid here, by calling
 * the first in the queue.
 *
 *            queues up             is called
 *     AWAY ------------> QUEUED -------------> CALLED
 *       ^                   |                     |
 *       +-------------------+---------------------+
 *          its time is up, it is stopped or closed, or it comes;
 *          if its loop serves another member instead, it queues up again
 *
 * A thread that releases the lock makes sure that no message waits while a
 * receiver is idle (lc_shared_unlock). So when a receiver takes the first of
 * several messages, the next receiver is called; and when one that was called
 * is stopped or closed before it takes a message, or its loop serves another
 * member instead, another is called in its place.
 *
 * On a rendezvous channel a send that does not wait is accepted if a receiver
 * is idle. That receiver is called. One that was not called takes a message
 * only if more wait than receivers were called, so each of these still finds
 * one; and as many sends are accepted as receivers are idle.
 * Each of these receivers takes the oldest message that is there, so the order
 * holds even if one that was called is stopped or closed before it comes.
 */
#ifndef LC_SHARED_H
#define LC_SHARED_H

#include "base/queue.h"
#include "wait/lock.h"
#include "core/rx.h"

/* DISMISSED: taken out by a close that has not woken it yet. */
typedef enum { LC_AWAY, LC_QUEUED, LC_CALLED, LC_DISMISSED } lc_idle_state_t;

/* The place in the queue of a loop receiver, or of a thread in a call.
 * shared.lock guards all of it but the wake and what a thread waits with. */
typedef struct lc_idle {
  lc_queue_t queue;             /* in idle, spare, called or dismissed */
  struct lc_consumer *consumer; /* whose it is */
  lc_idle_state_t state;
  lc_wake_t wake;
  lc_monitor_t monitor; /* a thread's, of the wake */
  lc_backoff_t backoff; /* a thread's, before it sleeps */
} lc_idle_t;

/* One of the receivers. */
typedef struct lc_consumer {
  /* Fixed after open. */
  lc_channel_t *channel;
  lc_loop_t *loop;      /* NULL: a thread receiver */
  void *message;        /* a loop's: the copy that its callback gets */
  lc_wake_t emptied;    /* a thread that closes waits for those inside */
  lc_monitor_t monitor; /* of emptied */
  lc_queue_t queue;     /* the lock guards this, and the next three */
  size_t threads;       /* that wait in a call on it */
  bool closing;
  lc_idle_t idle;
  /* Used by the loop's thread. */
  lc_delivery_t delivery;
  lc_listener_t listener; /* to be called, or not, as its loop is free */
  bool in_callback;
  lc_on_closed_t on_closed;
} lc_consumer_t;

typedef struct lc_shared {
  lc_lock_t lock;          /* guards all below, and the receiving side */
  lc_owner_t holder;       /* the thread that has the lock */
  bool spins;              /* fixed: a thread that finds it held looks again */
  char apart[LC_APART];    /* threads that look again do not disturb the rest */
  lc_queue_t idle;         /* the next one to be called is first */
  lc_queue_t spare;        /* places of threads that are in no call */
  lc_queue_t consumers;    /* those that are open */
  lc_queue_t called_loops; /* loop receivers that were called, and have not
                              come yet */
  size_t called;           /* how many were, with threads */
  uint64_t wakes;          /* how many were called so far */
  bool parked;             /* the inbox may be; false: it is not */
} lc_shared_t;

/* spins: whether a thread that finds the lock held may look again. */
LC_MUST_USE int lc_shared_new(lc_shared_t **shared, bool spins);
void lc_shared_free(lc_shared_t *shared);

/* Any thread. Locks the receiving side. The unlock also wakes the receivers
 * that it calls. */
void lc_shared_lock(lc_channel_t *channel);
void lc_shared_unlock(lc_channel_t *channel);

/* Locked. Unlocks, lets a thread that waits for the lock have it, and locks. */
void lc_shared_give_way(lc_channel_t *channel);

/* Any thread. Pays a debt. Under the lock there is nothing to do: the unlock
 * will call. */
void lc_shared_pay(lc_channel_t *channel);

#ifdef LC_NOTICES_NESTED_RUN
/* Any thread. As lc_channel_ring, for each receiver on a loop. */
void lc_shared_ring(lc_channel_t *channel);
#endif

/* Adds a receiver. */
void lc_shared_add(lc_consumer_t *consumer);

/* Locked. Ends the waits of the threads in calls on the receiver, and appends
 * these to dismissed. True: that was the last receiver. */
LC_MUST_USE bool lc_shared_remove(lc_consumer_t *consumer,
                                  lc_queue_t *dismissed);

/* Locked, and unlocks meanwhile. Wakes those threads. What they may look at
 * once they know of the end has to be written before. */
void lc_shared_dismiss(lc_channel_t *channel, lc_queue_t *dismissed);

/* Locked. As lc_rx_next_briefly and lc_rx_has_message_briefly, without the
 * messages that are for others. */
LC_MUST_USE lc_link_t *lc_shared_next(const lc_consumer_t *consumer);
bool lc_shared_has_message(const lc_consumer_t *consumer);

/* Locked, and there is no message. The calling thread waits for a message,
 * unlocked. 0: look again. UV_ETIMEDOUT; UV_EOF: the receiver is being closed;
 * or UV_ENOMEM. */
LC_MUST_USE int lc_shared_wait(lc_consumer_t *consumer, uint64_t deadline_ns);

/* Locked. Makes a loop receiver idle; or no longer idle, whether it was called
 * or not. */
void lc_shared_queue_up(lc_idle_t *idle);
void lc_shared_withdraw(lc_idle_t *idle);

#ifndef NDEBUG
/* Whether the calling thread may use the receiving side now. Debug: if there is
 * one receiver, it is in a call on that; if there are several, it has their
 * lock. */
static inline bool lc_shared_may_receive(const lc_channel_t *channel) {
  return channel->shared == NULL ? lc_guard_is_here(&channel->rx.guard)
                                 : lc_owner_is_here(&channel->shared->holder);
}
#endif

/* Any thread, rendezvous. Stores a chain for an idle receiver, if no send
 * waits. 0, UV_EAGAIN or UV_EPIPE. */
LC_MUST_USE int lc_shared_give(lc_channel_t *channel, lc_link_t *newest,
                               lc_link_t *oldest);

/* Any thread, rendezvous. Whether lc_shared_give would store one. */
bool lc_shared_has_idle(lc_channel_t *channel);

/* Any thread. Whether a loop that receives runs here, or may come to run here:
 * see loop.h. */
bool lc_shared_is_here(lc_channel_t *channel);
bool lc_shared_may_be_here(lc_channel_t *channel);

#endif /* LC_SHARED_H */
