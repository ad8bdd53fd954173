/* receivers: the operations of the receiving side, and what a turn of the loop
 * must deliver. */
#include <string.h>

#include "world.h"

void channel_take(channel_t *channel, const void *bytes) {
  request_t *pulled;

  message_expect(model_take(&channel->m, &pulled), bytes, channel->size);
  if (pulled != NULL)
    pulled->status = 0;
}

static void on_message(channel_t *channel, const void *msg) {
  model_t *m = &channel->m;
  size_t size = channel->size;
  request_t *pulled;
  uint64_t message;

  channel->calls++;
  EXPECT(channel->calls <= m->budget_messages);
  EXPECT(model_look(m) == 0);
  message = model_take(m, &pulled);
  message_expect(message, msg, size);
  m->waits = NO;
  world_feed(channel);
  message_expect(message, msg, size);
  if (m->started)
    m->waits = MAYBE;
  if (pulled != NULL)
    pulled->status = 0;
}

static void on_recv(loopchan_receiver_t *rx, int status, void *msg) {
  channel_t *channel = rx->data;
  model_t *m = &channel->m;

  EXPECT(world.turning >= 0 && world.turning == channel->loop);
  EXPECT(m->started);
  if (status == 0) {
    trace_enter("channel %d delivers", index_of(channel), 0, 0);
    on_message(channel, msg);
  } else {
    trace_enter("channel %d delivers the end", index_of(channel), 0, 0);
    EXPECT(status == UV_EOF && msg == NULL);
    EXPECT(model_look(m) == UV_EOF && !m->eof_delivered);
    m->eof_delivered = channel->got_eof = true;
    model_stop(m);
    world_feed(channel);
  }
  trace_leave();
}

void op_start(const op_t *op) {
  channel_t *channel = channel_of(op);
  model_t *m = &channel->m;
  bool closed = m->closed || channel->left;
  int wanted = !m->on_loop || (closed && !m->shared) ? UV_EINVAL
               : m->eof_delivered || closed          ? UV_EOF
               : m->started                          ? UV_EALREADY
                                                     : 0;

  if (!channel->opened)
    return;
  trace_begin("recv_start(channel %d)", index_of(channel), 0, 0);
  expect_result(loopchan_recv_start(&channel->rx, on_recv), wanted);
  if (wanted == 0)
    model_start(m, world.turning < 0 && m->sent == 0);
}

void op_stop(const op_t *op) {
  channel_t *channel = channel_of(op);

  if (!channel->opened)
    return;
  trace_begin("recv_stop(channel %d)", index_of(channel), 0, 0);
  expect_result(loopchan_recv_stop(&channel->rx),
                channel->m.on_loop ? 0 : UV_EINVAL);
  if (channel->m.on_loop)
    model_stop(&channel->m);
}

/* What a receive answers; blocking: that it is for thread receivers. */
static int receive_wanted(const channel_t *channel, bool blocking) {
  const model_t *m = &channel->m;

  if (blocking && m->on_loop)
    return UV_EINVAL;
  if (m->closed || channel->left)
    return m->shared ? UV_EOF : UV_EINVAL;
  return model_look(m);
}

void op_try_recv(const op_t *op) {
  channel_t *channel = channel_of(op);
  char bytes[SIZE_MOST];
  int err;

  if (!channel->opened)
    return;
  trace_begin("try_recv(channel %d)", index_of(channel), 0, 0);
  err = loopchan_try_recv(&channel->rx, bytes);
  expect_result(err, receive_wanted(channel, false));
  if (err == 0)
    channel_take(channel, bytes);
}

void op_recv(const op_t *op) {
  channel_t *channel = channel_of(op);
  int err, wanted = receive_wanted(channel, true);
  char bytes[SIZE_MOST];

  if (!channel->opened || wanted == UV_EAGAIN)
    return;
  trace_begin("recv(channel %d)", index_of(channel), 0, 0);
  err = loopchan_recv(&channel->rx, bytes);
  expect_result(err, wanted);
  if (err == 0)
    channel_take(channel, bytes);
}

void op_recv_timeout(const op_t *op) {
  channel_t *channel = channel_of(op);
  int err, wanted = receive_wanted(channel, true);
  uint64_t timeout_ns = op->amount % 2 ? 0 : op->amount * UINT64_C(1000);
  char bytes[SIZE_MOST];

  if (!channel->opened)
    return;
  trace_begin("recv_timeout(channel %d, %d ns)", index_of(channel),
              (int) timeout_ns, 0);
  err = loopchan_recv_timeout(&channel->rx, bytes, timeout_ns);
  expect_result(err, wanted == UV_EAGAIN ? UV_ETIMEDOUT : wanted);
  if (err == 0)
    channel_take(channel, bytes);
}

void op_recv_many(const op_t *op) {
  channel_t *channel = channel_of(op);
  int wanted = receive_wanted(channel, true);
  size_t max = op->amount % 6, i;
  char bytes[5 * SIZE_MOST];
  int64_t got;

  if (!channel->opened || (wanted == UV_EAGAIN && max > 0))
    return;
  trace_begin("recv_many(channel %d, %d)", index_of(channel), (int) max, 0);
  got = loopchan_recv_many(&channel->rx, bytes, max);
  if (max == 0 && is_open(channel) && !channel->m.on_loop)
    wanted = 0;
  if (wanted == 0 && max > 0) {
    /* Places that come free let others in, which are taken, too. */
    wanted = (int) (channel->m.count + channel->m.waiting);
    if (wanted > (int) max)
      wanted = (int) max;
  }
  expect_result(got, wanted);
  for (i = 0; (int64_t) i < got; i++)
    channel_take(channel, bytes + i * channel->size);
}

static bool selected_same(const channel_t *head, const int *slots, size_t n) {
  return head->select_n == n &&
         memcmp(head->selected, slots, n * sizeof *slots) == 0;
}

/* Fair: the search begins behind the one found by the same select before. One
 * over another array that begins with head moves the place, found or not. */
static void expect_fair(channel_t *head, const int *slots, size_t n,
                        size_t found) {
  size_t at = head->select_found;
  bool same = selected_same(head, slots, n);

  do {
    at = (at + 1) % n;
  } while (same && model_look(&world.channels[slots[at]].m) == UV_EAGAIN);
  EXPECT(!same || at == found);
  head->select_n = n;
  head->select_found = found;
  memcpy(head->selected, slots, n * sizeof *slots);
}

void op_select(const op_t *op) {
  loopchan_receiver_t *rxs[CHANNELS];
  int slots[CHANNELS], i, found;
  bool ready = false;
  size_t n = 0;

  for (i = 0; i < CHANNELS; i++) {
    int slot = (op->where + i) % CHANNELS;
    channel_t *channel = &world.channels[slot];
    if (!is_open(channel) || channel->m.on_loop || channel->m.shared)
      continue;
    ready = ready || model_look(&channel->m) != UV_EAGAIN;
    rxs[n] = &channel->rx;
    slots[n++] = slot;
  }
  trace_begin("select(%d receivers, from channel %d)", (int) n,
              n > 0 ? slots[0] : 0, 0);
  found = loopchan_select(rxs, n, op->amount * UINT64_C(100));
  if (!ready) {
    expect_result(found, n == 0 ? UV_EINVAL : UV_ETIMEDOUT);
    if (n > 0 && !selected_same(&world.channels[slots[0]], slots, n))
      world.channels[slots[0]].select_n = 0;
    return;
  }
  trace_end(found);
  EXPECT(found >= 0 && (size_t) found < n);
  EXPECT(model_look(&world.channels[slots[found]].m) != UV_EAGAIN);
  expect_fair(&world.channels[slots[0]], slots, n, (size_t) found);
}

void op_shutdown(const op_t *op) {
  channel_t *channel = channel_of(op);
  bool done = model_refuses(&channel->m) || channel->left;
  int wanted = done ? UV_EALREADY : 0;

  if (!channel->opened)
    return;
  trace_begin("shutdown(channel %d)", index_of(channel), 0, 0);
  expect_result(loopchan_shutdown(&channel->rx), wanted);
  if (wanted == 0)
    model_shutdown(&channel->m);
}

static void on_close(loopchan_receiver_t *rx) {
  channel_t *channel = rx->data;

  trace_enter("channel %d is closed", index_of(channel), 0, 0);
  EXPECT(!channel->gone &&
         (channel->left || (channel->m.closed && channel->m.count == 0)));
  EXPECT(channel->loop == -1 || channel->loop == world.turning);
  channel->gone = true;
  world_feed(channel);
  trace_leave();
}

static void on_handle_close(uv_handle_t *handle) {
  on_close((loopchan_receiver_t *) handle);
}

void channel_begin_close(channel_t *channel) {
  model_close(&channel->m);
  channel->senders_at_close = channel->m.senders;
  channel->closes = true;
}

/* Its slot may have been opened again in the callback. */
void channel_end_close(channel_t *channel) {
  channel->closes = false;
  if (channel->m.closed)
    EXPECT(channel->m.count == 0);
}

static int close_it(channel_t *channel, bool as_handle) {
  if (!as_handle)
    return loopchan_close(&channel->rx, on_close);
  loopchan_close_handle((uv_handle_t *) &channel->rx, on_handle_close);
  return 0;
}

void op_close(const op_t *op) {
  channel_t *channel = channel_of(op);
  bool first = is_open(channel),
       as_handle = channel->loop >= 0 && op->which % 2;
  bool last = first && clones_open(channel) == 0;

  if (!channel->opened || (as_handle && !first))
    return;
  trace_begin("close(channel %d)", index_of(channel), 0, 0);
  if (last) {
    channel_begin_close(channel);
  } else if (first) {
    channel->left = true;
    model_stop(&channel->m);
  }
  expect_result(close_it(channel, as_handle), first ? 0 : UV_EALREADY);
  if (last)
    channel_end_close(channel);
  if (first && (channel->m.closed || channel->left))
    EXPECT(channel->loop >= 0 || channel->gone);
}

void channel_expect_stats(const channel_t *channel,
                          const loopchan_stats_t *stats) {
  const model_t *m = &channel->m;

  EXPECT(stats->sent == m->sent);
  EXPECT(stats->received == m->received);
  /* Inside drop the others count already. */
  EXPECT(stats->queued == (m->closed ? 0 : m->count));
  EXPECT(stats->dropped == m->sent - m->received - stats->queued);
  EXPECT(stats->waiting == m->waiting);
  EXPECT(stats->capacity == m->capacity);
  EXPECT(stats->senders ==
         (m->closed ? channel->senders_at_close : m->senders));
}

/* Of a receiver that has left, they are what they were then. */
void op_stats(const op_t *op) {
  channel_t *channel = channel_of(op);
  loopchan_stats_t stats;

  if (!channel->opened)
    return;
  trace_begin("stats(channel %d)", index_of(channel), 0, 0);
  expect_result(loopchan_stats(&channel->rx, &stats), 0);
  if (!channel->left)
    channel_expect_stats(channel, &stats);
}

void channel_begin_turn(channel_t *channel) {
  const model_t *m = &channel->m;

  channel->was_started = is_open(channel) && m->started;
  channel->was_closing =
      channel->opened && (m->closed || channel->left) && !channel->gone;
  channel->was_ended = model_ended(m);
  /* With all places reserved, those in line stay there. */
  channel->was_there = model_look(m) == 0 ? m->count + m->waiting : 0;
  channel->touched = channel->got_eof = false;
  channel->calls = 0;
}

/* Others on its loop, or it, have a budget of time: it may get less, or come
 * later, but not too late: each of the others may go first, and if one of these
 * is closed, a turn may pass before it is known that its own has ended. */
static void end_tight_turn(channel_t *channel, size_t most, bool has_end) {
  model_t *m = &channel->m;
  bool had_its_turn = channel->calls > 0 || channel->got_eof;

  EXPECT(channel->calls <= most);
  EXPECT(!channel->got_eof || has_end);
  if (had_its_turn || (most == 0 && !has_end))
    channel->starved = 0;
  else
    EXPECT(++channel->starved <= 2 * world.most_members[channel->loop] + 1);
  if (had_its_turn || m->waits == YES || model_look(m) != UV_EAGAIN)
    model_settle(m);
  else
    m->waits = MAYBE;
}

void channel_end_turn(channel_t *channel) {
  model_t *m = &channel->m;
  size_t all = channel->was_there;
  size_t most = all < m->budget_messages ? all : m->budget_messages;
  bool has_end = channel->was_ended && all <= m->budget_messages;

  EXPECT(!channel->was_closing || channel->gone);
  if (!channel->was_started || channel->touched || channel->cloned) {
    channel->starved = 0;
    return;
  }
  if (loop_is_tight(channel->loop)) {
    end_tight_turn(channel, most, has_end);
    return;
  }
  /* Nobody disturbed it: it delivers what is there, within its budget. */
  EXPECT(channel->calls == most);
  EXPECT(channel->got_eof == has_end);
  model_settle(m);
}
