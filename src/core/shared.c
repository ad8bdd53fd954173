/* shared: several receivers of one channel, and several threads at one of them.
 *
 * Knows:   the receiving side of the core, and how to wake a receiver.
 * Threads: any.
 * Promise: no message waits while a receiver is idle, and no receiver is called
 *          twice for one send.
 */
#include "core/shared.h"

#include "base/alloc.h"

static lc_idle_t *idle_at(lc_queue_t *at) {
  return lc_container(at, lc_idle_t, queue);
}

static lc_consumer_t *consumer_at(lc_queue_t *at) {
  return lc_container(at, lc_consumer_t, queue);
}

int lc_shared_new(lc_shared_t **out, bool spins) {
  lc_shared_t *shared = lc_malloc(sizeof *shared);

  if (shared == NULL)
    return UV_ENOMEM;
  lc_lock_init(&shared->lock);
  lc_owner_init(&shared->holder);
  shared->spins = spins;
  lc_queue_init(&shared->idle);
  lc_queue_init(&shared->spare);
  lc_queue_init(&shared->consumers);
  lc_queue_init(&shared->called_loops);
  shared->called = 0;
  shared->wakes = 0;
  shared->parked = false;
  *out = shared;
  return 0;
}

void lc_shared_free(lc_shared_t *shared) {
  lc_assert(lc_queue_is_empty(&shared->idle) &&
            lc_queue_is_empty(&shared->consumers) && shared->called == 0);
  while (!lc_queue_is_empty(&shared->spare)) {
    lc_idle_t *idle = idle_at(shared->spare.next);
    lc_queue_remove(&idle->queue);
    lc_wake_destroy(&idle->wake);
    lc_free(idle);
  }
  lc_free(shared);
}

static bool is_locked(const lc_shared_t *shared) {
  return lc_owner_is_here(&shared->holder);
}

static void take_lock(lc_shared_t *shared) {
  lc_assert(!is_locked(shared));
  lc_lock_take(&shared->lock, shared->spins);
  lc_owner_set_here(&shared->holder);
}

static void release_lock(lc_shared_t *shared) {
  lc_assert(is_locked(shared));
  lc_owner_set_none(&shared->holder);
  lc_lock_release(&shared->lock);
}

/* A thread that has the lock is awake, and calls idle receivers when it
 * unlocks; so nothing needs to be signalled. While messages flow no receiver
 * parks, and the inbox's word, which the senders write, is not read here. */
void lc_shared_lock(lc_channel_t *channel) {
  lc_shared_t *shared = channel->shared;

  take_lock(shared);
  if (shared->parked && !lc_inbox_is_parked(&channel->inbox)) {
    shared->parked = false;
    lc_inbox_note_awake(&channel->inbox);
  }
}

/* From here on: locked, up to the public calls. */

static void call(lc_shared_t *shared, lc_idle_t *idle, lc_wakes_t *wakes) {
  lc_assert(is_locked(shared));
  lc_assert(idle->state == LC_QUEUED);
  lc_queue_remove(&idle->queue);
  idle->state = LC_CALLED;
  shared->called++;
  if (idle->consumer->loop != NULL)
    lc_queue_append(&shared->called_loops, &idle->queue);
  shared->wakes++;
  lc_wake_hold(&idle->wake);
  lc_wakes_add(wakes, &idle->wake);
}

/* How many messages wait, or most, if there are more. No long chain is reversed
 * for that. If there is none, handles the control links. A receiver has to be
 * open: the close of the last one drops what is left without the lock. */
static uint64_t count_waiting(lc_channel_t *channel, uint64_t most) {
  const lc_backlog_t *backlog = &channel->rx.backlog;
  uint64_t stored;

  lc_assert(is_locked(channel->shared));
  lc_assert(!lc_queue_is_empty(&channel->shared->consumers));
  if (channel->config.flavour == LC_LATEST)
    return lc_rx_has_message(channel);
  stored = lc_backlog_count_messages(backlog, most);
  if (stored < most && lc_rx_gather(channel))
    stored = lc_backlog_count_messages(backlog, most);
  if (stored == 0 && lc_rx_peek(channel) != NULL)
    stored = lc_backlog_count_messages(backlog, most);
  return stored + (channel->config.flavour == LC_RENDEZVOUS
                       ? lc_waitq_length(&channel->waitq)
                       : 0);
}

/* Rendezvous: the receivers that were called will take what is in the backlog,
 * and the rest of them one waiting send each. */
static bool park(lc_channel_t *channel) {
  lc_shared_t *shared = channel->shared;
  size_t called = shared->called;
  uint64_t stored = lc_backlog_count_messages(&channel->rx.backlog, called);

  if (!lc_rx_park_behind(channel, called - (size_t) stored))
    return false;
  shared->parked = true;
  return true;
}

/* Whether it can come at once, as a thread can, and a loop that is in no
 * callback of ours. The loop is told that it is wanted. */
static bool is_free(lc_idle_t *idle) {
  return idle->consumer->loop == NULL ||
         lc_loop_tell(&idle->consumer->listener);
}

static bool seems_free(const lc_idle_t *idle) {
  return idle->consumer->loop == NULL ||
         !lc_loop_is_serving(idle->consumer->loop);
}

/* A loop that is in a callback of ours would let a message wait; so this looks
 * past it. NULL: all are busy, and the first that is free again will look. */
static lc_idle_t *first_free(const lc_shared_t *shared) {
  lc_queue_t *at;

  for (at = shared->idle.next; at != &shared->idle; at = at->next)
    if (seems_free(idle_at(at)) && is_free(idle_at(at)))
      return idle_at(at);
  for (at = shared->idle.next; at != &shared->idle; at = at->next)
    if (is_free(idle_at(at)))
      return idle_at(at);
  return NULL;
}

/* If all are busy: the one that has been idle for the longest time. */
static lc_idle_t *first_to_call(const lc_shared_t *shared) {
  lc_idle_t *first = first_free(shared);

  return first != NULL ? first : idle_at(shared->idle.next);
}

/* If one was called whose loop has begun a callback of another member instead,
 * and there is one that is free: takes back the call. False: nothing to do. */
static bool take_back(lc_shared_t *shared) {
  lc_queue_t *at = shared->called_loops.next;

  while (at != &shared->called_loops &&
         !lc_loop_is_serving_another(&idle_at(at)->consumer->delivery.member))
    at = at->next;
  if (at == &shared->called_loops || first_free(shared) == NULL)
    return false;
  lc_shared_withdraw(idle_at(at));
  lc_shared_queue_up(idle_at(at));
  return true;
}

/* Calls an idle receiver for each message, or all at the end of the channel, as
 * far as wakes has room. If any is left idle, parks, so that the next push
 * comes here. */
static void call_idle(lc_channel_t *channel, lc_wakes_t *wakes) {
  lc_shared_t *shared = channel->shared;

  while (!lc_queue_is_empty(&shared->idle) && !lc_wakes_are_full(wakes)) {
    uint64_t waiting = count_waiting(channel, shared->called + 1);
    if (waiting > shared->called || channel->rx.ended)
      call(shared, first_to_call(shared), wakes);
    else if (waiting > 0 && take_back(shared))
      continue;
    else if (lc_inbox_is_parked(&channel->inbox) ||
             (waiting > 0 && channel->config.flavour == LC_LATEST) ||
             park(channel))
      return;
  }
}

/* Rendezvous. Whether all that is there is for other receivers: what is stored
 * was accepted for those that have been called. */
static bool is_for_others(const lc_consumer_t *consumer) {
  lc_channel_t *channel = consumer->channel;
  size_t others = channel->shared->called;

  lc_assert(is_locked(channel->shared));
  if (channel->config.flavour != LC_RENDEZVOUS || channel->rx.ended)
    return false;
  others -= consumer->idle.state == LC_CALLED;
  return lc_rx_peek(channel) != NULL &&
         count_waiting(channel, others + 1) <= others;
}

lc_link_t *lc_shared_next(const lc_consumer_t *consumer) {
  return is_for_others(consumer) ? NULL : lc_rx_next_briefly(consumer->channel);
}

bool lc_shared_has_message(const lc_consumer_t *consumer) {
  return lc_rx_has_message_briefly(consumer->channel) &&
         !is_for_others(consumer);
}

/* A spare place, whichever receiver it was used for before. NULL: out of
 * memory. */
static lc_idle_t *take_spare(lc_consumer_t *consumer) {
  lc_shared_t *shared = consumer->channel->shared;
  lc_idle_t *idle;

  lc_assert(is_locked(shared));
  if (!lc_queue_is_empty(&shared->spare)) {
    idle = idle_at(shared->spare.next);
    lc_queue_remove(&idle->queue);
    lc_wake_forget(&idle->wake);
  } else {
    idle = lc_malloc(sizeof *idle);
    if (idle == NULL)
      return NULL;
    lc_wake_init(&idle->wake, &idle->monitor);
    lc_backoff_init(&idle->backoff, consumer->channel->rx.backoff.most_ns,
                    true);
  }
  idle->consumer = consumer;
  idle->state = LC_AWAY;
  return idle;
}

void lc_shared_queue_up(lc_idle_t *idle) {
  lc_shared_t *shared = idle->consumer->channel->shared;

  lc_assert(is_locked(shared));
  lc_assert(idle->state == LC_AWAY);
  idle->state = LC_QUEUED;
  lc_queue_append(&shared->idle, &idle->queue);
}

void lc_shared_withdraw(lc_idle_t *idle) {
  lc_channel_t *channel = idle->consumer->channel;
  lc_shared_t *shared = channel->shared;

  lc_assert(is_locked(shared));
  if (idle->state == LC_CALLED) {
    lc_assert(shared->called > 0);
    shared->called--;
    if (idle->consumer->loop != NULL)
      lc_queue_remove(&idle->queue);
  } else if (idle->state == LC_QUEUED) {
    lc_queue_remove(&idle->queue);
    if (lc_queue_is_empty(&shared->idle))
      (void) lc_inbox_unpark(&channel->inbox);
  } else if (idle->state == LC_DISMISSED) {
    lc_queue_remove(&idle->queue);
  }
  idle->state = LC_AWAY;
}

/* Takes the threads in calls on the consumer out of the queue. If there are
 * none, the queue, which may be long, is not searched. */
static void take_out_waiting(const lc_consumer_t *consumer,
                             lc_queue_t *dismissed) {
  lc_shared_t *shared = consumer->channel->shared;
  lc_queue_t *at, *next;

  if (consumer->threads == 0)
    return;
  for (at = shared->idle.next; at != &shared->idle; at = next) {
    next = at->next;
    if (idle_at(at)->consumer != consumer)
      continue;
    lc_shared_withdraw(idle_at(at));
    idle_at(at)->state = LC_DISMISSED;
    lc_queue_append(dismissed, at);
    shared->wakes++;
  }
}

bool lc_shared_remove(lc_consumer_t *consumer, lc_queue_t *dismissed) {
  lc_assert(!consumer->closing);
  consumer->closing = true;
  lc_shared_withdraw(&consumer->idle);
  take_out_waiting(consumer, dismissed);
  lc_queue_remove(&consumer->queue);
  return lc_queue_is_empty(&consumer->channel->shared->consumers);
}

void lc_shared_dismiss(lc_channel_t *channel, lc_queue_t *dismissed) {
  lc_shared_t *shared = channel->shared;
  lc_wakes_t wakes;

  lc_assert(is_locked(shared));
  wakes.count = 0;
  while (!lc_queue_is_empty(dismissed)) {
    while (!lc_queue_is_empty(dismissed) && !lc_wakes_are_full(&wakes)) {
      lc_idle_t *idle = idle_at(dismissed->next);
      lc_shared_withdraw(idle);
      lc_wakes_add(&wakes, &idle->wake);
    }
    release_lock(shared);
    lc_wakes_signal(&wakes);
    take_lock(shared);
  }
}

/* Unlocks while it waits. A late wake for a thread that had the place before
 * may come, for nothing. */
static void wait_for_call(lc_idle_t *idle, uint64_t deadline_ns) {
  lc_channel_t *channel = idle->consumer->channel;
  bool woken = true;

  while (woken && idle->state == LC_QUEUED) {
    lc_shared_unlock(channel);
    if (lc_wake_spin(&idle->wake, &idle->backoff, deadline_ns) ||
        !lc_rx_tidy(channel, deadline_ns))
      woken = lc_wake_wait(&idle->wake, deadline_ns);
    lc_shared_lock(channel);
  }
}

int lc_shared_wait(lc_consumer_t *consumer, uint64_t deadline_ns) {
  lc_channel_t *channel = consumer->channel;
  lc_idle_t *idle = take_spare(consumer);
  int err;

  if (idle == NULL)
    return UV_ENOMEM;
  consumer->threads++;
  lc_shared_queue_up(idle);
  wait_for_call(idle, deadline_ns);
  /* If it was called, then it was in time, even if the deadline has passed. */
  err = consumer->closing          ? UV_EOF
        : idle->state == LC_QUEUED ? UV_ETIMEDOUT
                                   : 0;
  lc_shared_withdraw(idle);
  consumer->threads--;
  lc_queue_append(&channel->shared->spare, &idle->queue);
  return err;
}

static LC_NOINLINE void unlock_and_wake(lc_channel_t *channel) {
  lc_wakes_t wakes;
  bool more = true;

  wakes.count = 0;
  while (more) {
    call_idle(channel, &wakes);
    more = lc_wakes_are_full(&wakes);
    release_lock(channel->shared);
    lc_wakes_signal(&wakes);
    if (more)
      take_lock(channel->shared);
  }
}

void lc_shared_unlock(lc_channel_t *channel) {
  if (lc_queue_is_empty(&channel->shared->idle))
    release_lock(channel->shared);
  else
    unlock_and_wake(channel);
}

void lc_shared_give_way(lc_channel_t *channel) {
  lc_shared_unlock(channel);
  lc_lock_give_way(&channel->shared->lock);
  lc_shared_lock(channel);
}

/* The message may have been taken meanwhile; so this thread looks, in place of
 * a receiver. */
void lc_shared_pay(lc_channel_t *channel) {
  if (is_locked(channel->shared)) {
    lc_inbox_note_awake(&channel->inbox);
    return;
  }
  lc_shared_lock(channel);
  lc_shared_unlock(channel);
}

#ifdef LC_NOTICES_NESTED_RUN
/* If the lock is held, this thread has it, and is receiving, not sending; or
 * another has it, for which a send does not wait. */
void lc_shared_ring(lc_channel_t *channel) {
  lc_shared_t *shared = channel->shared;
  lc_queue_t *at;

  if (!lc_lock_try(&shared->lock))
    return;
  lc_owner_set_here(&shared->holder);
  for (at = shared->consumers.next; at != &shared->consumers; at = at->next) {
    lc_consumer_t *consumer = consumer_at(at);
    if (consumer->loop != NULL && lc_loop_seems_nested(consumer->loop))
      lc_wake_help(&consumer->idle.wake, NULL, 0);
  }
  release_lock(shared);
}
#endif

void lc_shared_add(lc_consumer_t *consumer) {
  lc_shared_lock(consumer->channel);
  lc_queue_append(&consumer->channel->shared->consumers, &consumer->queue);
  lc_shared_unlock(consumer->channel);
}

/* Rendezvous, not closed: a receiver is idle, or has been called and would find
 * nothing. */
static bool has_idle(lc_channel_t *channel) {
  lc_shared_t *shared = channel->shared;

  return lc_waitq_length(&channel->waitq) == 0 &&
         (!lc_queue_is_empty(&shared->idle) ||
          count_waiting(channel, shared->called) < shared->called);
}

int lc_shared_give(lc_channel_t *channel, lc_link_t *newest,
                   lc_link_t *oldest) {
  lc_chain_t chain = {newest, NULL};
  int err = UV_EAGAIN;

  lc_shared_lock(channel);
  if (lc_inbox_is_closed(&channel->inbox)) {
    err = UV_EPIPE;
  } else if (has_idle(channel)) {
    lc_link_to_older(oldest, NULL);
    lc_backlog_add(&channel->rx.backlog, &chain);
    err = 0;
  }
  lc_shared_unlock(channel);
  return err;
}

bool lc_shared_has_idle(lc_channel_t *channel) {
  bool has;

  lc_shared_lock(channel);
  has = !lc_inbox_is_closed(&channel->inbox) && has_idle(channel);
  lc_shared_unlock(channel);
  return has;
}

static bool any_loop(lc_channel_t *channel, bool (*is)(lc_loop_t *loop)) {
  lc_shared_t *shared = channel->shared;
  lc_queue_t *at;
  bool any = false;

  take_lock(shared);
  for (at = shared->consumers.next; at != &shared->consumers && !any;
       at = at->next)
    any = consumer_at(at)->loop != NULL && is(consumer_at(at)->loop);
  release_lock(shared);
  return any;
}

bool lc_shared_is_here(lc_channel_t *channel) {
  return any_loop(channel, lc_loop_is_here);
}

bool lc_shared_may_be_here(lc_channel_t *channel) {
  return any_loop(channel, lc_loop_may_be_here);
}
