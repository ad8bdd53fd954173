/* shared: several receivers at one channel, and several threads at one of them.
 *
 * The receiving side of the channel is used by one thread at a time, under a
 * lock that is never held while a thread waits, nor while the user's code
 * runs. A receiver takes one message at a time, when it is ready to hand it
 * over. One that finds nothing queues up: it is idle. While one is idle, the
 * inbox is PARKED, so that the next push owes a wake. That is paid here: the
 * first in the queue is called.
 *
 *            queues up             is called
 *     AWAY ------------> QUEUED -------------> CALLED
 *       ^                   |                     |
 *       +-------------------+---------------------+
 *          its time is up, it is stopped or closed, or it comes
 *
 * Whoever releases the lock sees to it that no message waits while a receiver
 * is idle (lc_shared_unlock): so one that takes the first of several messages
 * has the next receiver called, and one that was called for a message and does
 * not want it any more has it passed on.
 *
 * On a rendezvous channel a send that does not wait is accepted if a receiver
 * is idle, which is called then; and what is stored is left to those that have
 * been called. So as many are accepted as receivers are idle, and no other
 * receiver gets them. Any of those takes the oldest message that is there: so
 * the order holds, also if one that was called is stopped or closed before it
 * comes.
 */
#ifndef LC_SHARED_H
#define LC_SHARED_H

#include "base/queue.h"
#include "core/rx.h"
#include "wait/lock.h"

typedef enum { LC_AWAY, LC_QUEUED, LC_CALLED } lc_idle_state_t;

/* A loop receiver's place in the queue, or that of a thread in a call. The
 * lock of the channel's lc_shared_t guards it, but for the wake and what a
 * thread waits with. */
typedef struct lc_idle {
  lc_queue_t queue;             /* of the idle, or those to spare */
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
  void *message;        /* a loop's: what is in its callback's hands */
  lc_wake_t emptied;    /* whoever closes waits here for those inside */
  lc_monitor_t monitor; /* of emptied */
  lc_queue_t queue;     /* the lock guards this, and the next three */
  size_t threads;       /* that wait in a call on it */
  bool closing;
  lc_idle_t idle;
  /* The loop's thread's. */
  lc_delivery_t delivery;
  bool in_callback;
  lc_on_closed_t on_closed;
} lc_consumer_t;

typedef struct lc_shared {
  lc_lock_t lock;       /* guards all below, and the receiving side */
  lc_owner_t holder;    /* a thread looks whether it has the lock */
  bool spins;           /* fixed: a thread that finds it held looks again */
  char apart[LC_APART]; /* those that look again do not disturb */
  lc_queue_t idle;      /* whoever is called first is first */
  lc_queue_t spare;     /* places of threads, in no call */
  lc_queue_t consumers; /* those that are open */
  size_t called;        /* how many were called, and have not come yet */
  uint64_t wakes;       /* how many were called so far */
} lc_shared_t;

/* spins: whether a thread that finds the lock held may look again. */
LC_MUST_USE int lc_shared_new(lc_shared_t **shared, bool spins);
void lc_shared_free(lc_shared_t *shared);

/* Any thread. Has the receiving side to itself from here on. The unlock also
 * wakes those that are called then. */
void lc_shared_lock(lc_channel_t *channel);
void lc_shared_unlock(lc_channel_t *channel);

/* Any thread. Pays a debt; does nothing under the lock, to be released soon. */
void lc_shared_settle(lc_channel_t *channel);

#ifdef LC_NOTICES_NESTED_RUN
/* Any thread. As lc_channel_ring, for each receiver on a loop. */
void lc_shared_ring(lc_channel_t *channel);
#endif

/* A receiver more, or less. */
void lc_shared_add(lc_consumer_t *consumer);

/* Locked. True: that was the last one. */
LC_MUST_USE bool lc_shared_remove(lc_consumer_t *consumer);

/* Locked. As lc_rx_next and lc_rx_has_message; but what is for others is not
 * there. */
LC_MUST_USE lc_link_t *lc_shared_next(const lc_consumer_t *consumer);
bool lc_shared_has_message(const lc_consumer_t *consumer);

/* Locked, nothing is there. The calling thread waits for a message, unlocked.
 * 0: look again. UV_ETIMEDOUT; UV_EOF: the receiver is being closed; or
 * UV_ENOMEM. */
LC_MUST_USE int lc_shared_wait(lc_consumer_t *consumer, uint64_t deadline_ns);

/* Locked. A loop receiver becomes idle; or is not, any more, whether it was
 * called or not. */
void lc_shared_queue_up(lc_idle_t *idle);
void lc_shared_come(lc_idle_t *idle);

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
