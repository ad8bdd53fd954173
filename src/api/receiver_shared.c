/* receiver_shared: one of several receivers, on a loop or for threads.
 *
 * Knows:   libuv's handle, the delivery budget, the queue of the idle.
 * Threads: a loop receiver's: the loop's. A thread receiver's: any.
 * Promise: a receiver takes a message when it is ready to hand it over, and
 *          while started it is idle, or called, or a callback runs, or it is
 *          due in its loop's turns.
 *
 * A thread that closes shuts the gate at the receiver and waits for those
 * inside. Threads that come later are turned away there, and touch nothing
 * behind it.
 */
#include "api/receiver.h"

#include "base/alloc.h"
#include "wait/budget.h"

void lc_receiver_exit_shared(loopchan_receiver_t *rx, const lc_scope_t *scope) {
  lc_consumer_t *consumer = scope->consumer;

  lc_shared_unlock(scope->channel);
  if (lc_gate_leave(lc_receiver_gate(rx)))
    lc_wake_signal_last(&consumer->emptied);
}

/* On any thread, a loop receiver's too. 0, UV_EOF, or UV_EINVAL: moved. */
static LC_INLINE int step_in(loopchan_receiver_t *rx, lc_scope_t *scope) {
  if (!lc_gate_enter(lc_receiver_gate(rx)))
    return UV_EOF;
  if (!lc_receiver_is_in_place(rx)) {
    (void) lc_gate_leave(lc_receiver_gate(rx));
    return UV_EINVAL;
  }
  scope->channel = rx->channel;
  scope->consumer = rx->consumer;
  lc_shared_lock(scope->channel);
  if (!scope->consumer->closing)
    return 0;
  lc_receiver_exit_shared(rx, scope);
  return UV_EOF;
}

int lc_receiver_enter_shared(loopchan_receiver_t *rx, lc_scope_t *scope) {
  int err = step_in(rx, scope);

  if (err == 0 && scope->consumer->loop != NULL) {
    lc_loop_note_call(scope->consumer->loop);
    lc_receiver_expect_handle(rx);
  }
  return err;
}

static lc_consumer_t *consumer_of_member(lc_member_t *member) {
  return lc_container(member, lc_consumer_t, delivery.member);
}

static loopchan_receiver_t *receiver_of(const lc_consumer_t *consumer) {
  return (loopchan_receiver_t *) consumer->idle.wake.async;
}

/* Locked, as the next three. The message is copied: its node may be used again
 * before the callback returns. False: none. */
static bool take_copy(lc_consumer_t *consumer, lc_waiter_t **matched) {
  lc_channel_t *channel = consumer->channel;
  lc_link_t *node = lc_shared_next(consumer);

  if (node == NULL)
    return false;
  lc_trace(deliver, channel, node);
  channel->rx.received++;
  lc_copy(consumer->message, lc_node_message(&channel->pool, node),
          channel->config.msg_size);
  *matched = lc_rx_matched(channel);
  return true;
}

/* Unlocked while the callback runs. */
static void hand_over_copy(lc_consumer_t *consumer, int status, void *msg) {
  loopchan_recv_cb cb = consumer->delivery.recv_cb;

  if (status != 0)
    consumer->delivery.recv_cb = NULL;
  consumer->in_callback = true;
  lc_shared_unlock(consumer->channel);
  cb(receiver_of(consumer), status, msg);
  lc_shared_lock(consumer->channel);
  consumer->in_callback = false;
}

/* Delivers until drained, stopped, closed or out of budget. True: drained. */
static bool deliver_copies(lc_consumer_t *consumer, lc_budget_t *budget) {
  lc_channel_t *channel = consumer->channel;
  lc_waiter_t *matched;

  for (;;) {
    if (LC_LIKELY(take_copy(consumer, &matched))) {
      hand_over_copy(consumer, 0, consumer->message);
      lc_rx_complete(channel, matched);
      if (consumer->delivery.recv_cb == NULL)
        return false;
      if (!lc_budget_is_spent(budget))
        continue;
      if (!lc_shared_has_message(consumer))
        return true;
    } else if (!lc_rx_is_unfinished(channel)) {
      return true;
    } else if (!lc_budget_is_over(budget)) {
      lc_shared_give_way(channel);
      continue;
    }
    channel->rx.budget_cuts++;
    return false;
  }
}

/* True: started, and neither drained nor idle. */
static bool deliver_shared(lc_consumer_t *consumer) {
  lc_channel_t *channel = consumer->channel;
  lc_budget_t budget;
  bool drained;

  lc_budget_begin(&budget, &consumer->delivery.member,
                  channel->config.budget_messages);
  drained = deliver_copies(consumer, &budget);
  if (drained && channel->rx.ended) {
    lc_trace(eof, channel, NULL);
    consumer->delivery.eof_delivered = true;
    hand_over_copy(consumer, UV_EOF, NULL);
  }
  lc_budget_end(&budget, consumer->loop);
  if (!drained || consumer->delivery.recv_cb == NULL)
    return consumer->delivery.recv_cb != NULL;
  lc_shared_queue_up(&consumer->idle);
  return false;
}

/* An idle one that has something to free is served again, and frees a little in
 * each turn. */
static bool serve_consumer(lc_member_t *member) {
  lc_consumer_t *consumer = consumer_of_member(member);
  lc_channel_t *channel = consumer->channel;
  bool more, idle;

  lc_shared_lock(channel);
  lc_shared_withdraw(&consumer->idle);
  more = consumer->delivery.recv_cb != NULL && deliver_shared(consumer);
  idle = consumer->idle.state == LC_QUEUED;
  lc_shared_unlock(channel);
  return more || (idle && lc_rx_tidy(channel, LC_NEVER));
}

/* The unlock calls another one, if that is free and this one is not. */
static void reconsider_call(lc_listener_t *listener) {
  lc_channel_t *channel = consumer_of_member(listener->member)->channel;

  lc_shared_lock(channel);
  lc_shared_unlock(channel);
}

static void on_shared_async(uv_async_t *async) {
  const loopchan_receiver_t *rx = (const loopchan_receiver_t *) async;

  lc_loop_serve(&rx->consumer->delivery.member);
}

bool lc_receiver_shared_is_handle(const uv_async_t *async) {
  return async->async_cb == on_shared_async;
}

/* What a loop receiver has besides a thread receiver's part. */
static int open_on_loop(uv_loop_t *loop, loopchan_receiver_t *rx,
                        lc_consumer_t *consumer) {
  lc_channel_t *channel = consumer->channel;
  size_t size = channel->config.msg_size != 0 ? channel->config.msg_size : 1;
  int err = UV_ENOMEM;

  consumer->message = lc_malloc(size);
  if (consumer->message == NULL)
    return UV_ENOMEM;
  consumer->loop = lc_loop_attach(loop);
  if (consumer->loop == NULL)
    goto no_loop;
  lc_wake_init_async(&consumer->idle.wake, &rx->async);
  err = uv_async_init(loop, &rx->async, on_shared_async);
  if (err != 0)
    goto no_handle;
  lc_loop_note_call(consumer->loop);
  lc_loop_enter(consumer->loop, &consumer->delivery.member,
                &consumer->idle.wake, channel->config.budget_ns,
                serve_consumer);
  lc_loop_listen(&consumer->listener, &consumer->delivery.member,
                 reconsider_call);
  return 0;

no_handle:
  lc_loop_detach(consumer->loop);
no_loop:
  lc_free(consumer->message);
  return err;
}

static lc_consumer_t *new_consumer(lc_channel_t *channel) {
  lc_consumer_t *consumer = lc_malloc(sizeof *consumer);

  if (consumer == NULL)
    return NULL;
  memset(consumer, 0, sizeof *consumer);
  consumer->channel = channel;
  consumer->idle.consumer = consumer;
  consumer->idle.state = LC_AWAY;
  return consumer;
}

int lc_receiver_shared_open(uv_loop_t *loop, loopchan_receiver_t *rx,
                            lc_channel_t *channel) {
  lc_consumer_t *consumer = new_consumer(channel);
  int err = 0;

  if (consumer == NULL)
    return UV_ENOMEM;
  lc_wake_init(&consumer->emptied, &consumer->monitor);
  if (loop != NULL)
    err = open_on_loop(loop, rx, consumer);
  if (err != 0) {
    lc_free(consumer);
    return err;
  }
  lc_receiver_begin(rx, channel, consumer, loop != NULL);
  lc_shared_add(consumer);
  return 0;
}

/* Debug: a look at the handle, which only its loop's thread may have. */
static void expect_handle_if_here(const loopchan_receiver_t *rx,
                                  const lc_consumer_t *consumer) {
#ifndef NDEBUG
  if (consumer->loop != NULL &&
      (lc_loop_is_here(consumer->loop) || lc_loop_may_be_here(consumer->loop)))
    lc_receiver_expect_handle(rx);
#else
  (void) rx;
  (void) consumer;
#endif
}

int loopchan_receiver_clone(uv_loop_t *loop, loopchan_receiver_t *clone,
                            loopchan_receiver_t *rx) {
  lc_channel_t *channel;
  lc_scope_t scope;
  int err;

  lc_called(__func__);
  if (clone == NULL || rx == NULL || clone == rx || !rx->shared ||
      step_in(rx, &scope) != 0)
    return UV_EINVAL;
  expect_handle_if_here(rx, scope.consumer);
  if (lc_receiver_is_in_use(clone)) {
    lc_receiver_exit_shared(rx, &scope);
    return UV_EBUSY;
  }
  channel = scope.channel;
  lc_channel_join(channel);
  lc_receiver_exit_shared(rx, &scope);
  err = lc_receiver_shared_open(loop, clone, channel);
  if (err != 0)
    lc_channel_leave(channel);
  return err;
}

int lc_receiver_shared_start(loopchan_receiver_t *rx, loopchan_recv_cb cb) {
  lc_consumer_t *consumer;
  lc_scope_t scope;
  int err = lc_receiver_enter_shared(rx, &scope);

  if (err != 0)
    return err;
  consumer = scope.consumer;
  if (consumer->delivery.eof_delivered) {
    err = UV_EOF;
  } else if (consumer->delivery.recv_cb != NULL) {
    err = UV_EALREADY;
  } else {
    consumer->delivery.recv_cb = cb;
    /* Inside the receive callback delivery goes on after it. */
    if (!consumer->in_callback && consumer->idle.state == LC_AWAY) {
      lc_shared_queue_up(&consumer->idle);
      /* One that stops after each message would otherwise never tidy up. */
      if (lc_slab_pool_is_flooded(&scope.channel->pool))
        lc_wake_self(&consumer->idle.wake);
    }
  }
  lc_receiver_exit(rx, &scope);
  return err;
}

int lc_receiver_shared_stop(loopchan_receiver_t *rx) {
  lc_scope_t scope;
  int err = lc_receiver_enter_shared(rx, &scope);

  if (err != 0)
    return err == UV_EOF ? 0 : err;
  scope.consumer->delivery.recv_cb = NULL;
  lc_shared_withdraw(&scope.consumer->idle);
  lc_receiver_exit(rx, &scope);
  return 0;
}

static void end_consumer(loopchan_receiver_t *rx) {
  lc_consumer_t *consumer = rx->consumer;
  lc_channel_t *channel = consumer->channel;
  lc_on_closed_t on_closed = consumer->on_closed;

  lc_wake_destroy(&consumer->emptied);
  lc_free(consumer);
  lc_receiver_end(rx, channel, on_closed);
}

static void on_shared_closed(uv_handle_t *handle) {
  loopchan_receiver_t *rx = (loopchan_receiver_t *) handle;
  lc_consumer_t *consumer = rx->consumer;

  lc_loop_note_callback(consumer->loop);
  lc_loop_detach(consumer->loop);
  lc_free(consumer->message);
  end_consumer(rx);
}

/* Inside: messages that were meant for this receiver go to the others; with the
 * last one the channel ends. True: it was the last one. */
static bool begin_to_leave(loopchan_receiver_t *rx, lc_consumer_t *consumer) {
  lc_channel_t *channel = consumer->channel;
  lc_queue_t dismissed;
  bool last;

  lc_queue_init(&dismissed);
  last = lc_shared_remove(consumer, &dismissed);
  lc_trace(close, channel, NULL);
  consumer->delivery.recv_cb = NULL;
  if (last) {
    lc_rx_refuse(channel);
    lc_rx_give_up(channel);
  }
  lc_channel_stats(channel, &rx->last);
  lc_shared_dismiss(channel, &dismissed);
  return last;
}

int lc_receiver_shared_close(loopchan_receiver_t *rx,
                             lc_on_closed_t on_closed) {
  lc_consumer_t *consumer;
  lc_scope_t scope;
  int err = lc_receiver_enter_shared(rx, &scope);
  bool last;

  if (err != 0)
    return err == UV_EOF ? UV_EALREADY : err;
  consumer = scope.consumer;
  last = begin_to_leave(rx, consumer);
  consumer->on_closed = on_closed;
  lc_receiver_exit(rx, &scope);
  if (!lc_gate_shut(lc_receiver_gate(rx)))
    while (!lc_wake_wait(&consumer->emptied, LC_NEVER)) {
    }
  lc_receiver_set(rx, LC_CLOSING); /* which those inside have read */
  if (last)
    lc_rx_drop_all(consumer->channel);
  if (consumer->loop == NULL) {
    end_consumer(rx);
    return 0;
  }
  lc_wake_leave(&consumer->idle.wake);
  lc_loop_stop_listening(&consumer->listener);
  lc_loop_leave(&consumer->delivery.member);
  uv_close((uv_handle_t *) &rx->async, on_shared_closed);
  return 0;
}
