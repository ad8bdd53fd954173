/* clones: the operations of a channel's other receivers.
 *
 * Which receiver gets a message is not predicted; but each one gets the oldest
 * that is there, and op_settle sees that none is left. */
#include "world.h"

static clone_t *clone_of(const op_t *op) {
  clone_t *clone = &world.clones[op->which % CLONES];

  if (!clone->opened)
    return NULL;
  clone->channel->touched = true;
  return clone;
}

static int number_of(const clone_t *clone) {
  return (int) (clone - world.clones);
}

size_t clones_open(const channel_t *channel) {
  size_t open = 0;
  int i;

  for (i = 0; i < CLONES; i++)
    open +=
        world.clones[i].channel == channel && clone_is_open(&world.clones[i]);
  return open;
}

bool has_clones(const channel_t *channel) {
  int i;

  for (i = 0; i < CLONES; i++)
    if (world.clones[i].channel == channel && world.clones[i].opened &&
        !world.clones[i].gone)
      return true;
  return false;
}

/* The channel's own receiver, or if that is closed any other that is open, or
 * one that is closed too. */
static loopchan_receiver_t *original(channel_t *channel) {
  int i;

  for (i = 0; channel->left && i < CLONES; i++)
    if (world.clones[i].channel == channel && clone_is_open(&world.clones[i]))
      return &world.clones[i].rx;
  return &channel->rx;
}

static void note_clone(clone_t *clone, channel_t *channel, int loop) {
  clone->opened = true;
  clone->closed = clone->gone = false;
  clone->started = clone->eof_delivered = clone->was_closing = false;
  clone->calls = 0;
  clone->loop = loop;
  clone->channel = channel;
  clone->rx.data = clone;
  channel->cloned = true;
}

/* Of what is open already, or of a slot that is free. */
void op_receiver_clone(const op_t *op) {
  channel_t *channel = channel_of(op);
  clone_t *clone = &world.clones[op->which % CLONES];
  int loop = op->amount % (LOOPS + 1) - 1, err, wanted = 0;
  model_t *m = &channel->m;

  if (!channel->opened || (loop >= 0 && model_by_hand(m)))
    return;
  if (!m->shared || m->closed)
    wanted = UV_EINVAL;
  else if (clone->opened && !clone->gone)
    wanted = original(channel) == &clone->rx ? UV_EINVAL : UV_EBUSY;
  trace_begin("receiver_clone(channel %d, clone %d, loop %d)",
              index_of(channel), number_of(clone), loop);
  memory_arm();
  err = loopchan_receiver_clone(loop < 0 ? NULL : &world.loops[loop],
                                &clone->rx, original(channel));
  expect_result(err, memory_ran_out() ? UV_ENOMEM : wanted);
  if (err == 0)
    note_clone(clone, channel, loop);
}

static void on_clone_message(clone_t *clone, const void *msg) {
  channel_t *channel = clone->channel;
  model_t *m = &channel->m;
  uint64_t message;
  request_t *pulled;

  EXPECT(++clone->calls <= m->budget_messages);
  EXPECT(model_look(m) == 0);
  message = model_take(m, &pulled);
  message_expect(message, msg, channel->size);
  world_feed(channel);
  message_expect(message, msg, channel->size);
}

static void on_clone(loopchan_receiver_t *rx, int status, void *msg) {
  clone_t *clone = rx->data;
  channel_t *channel = clone->channel;

  channel->touched = true;
  EXPECT(world.turning >= 0 && world.turning == clone->loop);
  EXPECT(clone_is_open(clone) && clone->started);
  if (status == 0) {
    trace_enter("clone %d delivers", number_of(clone), 0, 0);
    on_clone_message(clone, msg);
  } else {
    trace_enter("clone %d delivers the end", number_of(clone), 0, 0);
    EXPECT(status == UV_EOF && msg == NULL);
    EXPECT(model_look(&channel->m) == UV_EOF && !clone->eof_delivered);
    clone->eof_delivered = true;
    clone->started = false;
    world_feed(channel);
  }
  trace_leave();
}

void op_clone_start(const op_t *op) {
  clone_t *clone = clone_of(op);
  int wanted;

  if (clone == NULL)
    return;
  wanted = clone->loop < 0                         ? UV_EINVAL
           : clone->eof_delivered || clone->closed ? UV_EOF
           : clone->started                        ? UV_EALREADY
                                                   : 0;
  trace_begin("recv_start(clone %d)", number_of(clone), 0, 0);
  expect_result(loopchan_recv_start(&clone->rx, on_clone), wanted);
  clone->started = clone->started || wanted == 0;
}

void op_clone_stop(const op_t *op) {
  clone_t *clone = clone_of(op);

  if (clone == NULL)
    return;
  trace_begin("recv_stop(clone %d)", number_of(clone), 0, 0);
  expect_result(loopchan_recv_stop(&clone->rx),
                clone->loop < 0 ? UV_EINVAL : 0);
  clone->started = clone->started && clone->loop < 0;
}

static int receive(clone_t *clone, unsigned how, void *bytes) {
  if (how == 0)
    return loopchan_try_recv(&clone->rx, bytes);
  if (how == 1)
    return loopchan_recv_timeout(&clone->rx, bytes, 1000);
  return loopchan_recv(&clone->rx, bytes);
}

/* Tries, waits for a moment, or waits for what is there. */
void op_clone_receive(const op_t *op) {
  clone_t *clone = clone_of(op);
  unsigned how = op->amount % 3;
  char bytes[SIZE_MOST];
  int err, wanted;

  if (clone == NULL)
    return;
  wanted = clone->closed ? UV_EOF : model_look(&clone->channel->m);
  if (how > 0 && clone->loop >= 0)
    wanted = UV_EINVAL;
  if (how == 2 && wanted == UV_EAGAIN)
    return;
  if (how == 1 && wanted == UV_EAGAIN)
    wanted = UV_ETIMEDOUT;
  trace_begin("receive(clone %d, way %d)", number_of(clone), (int) how, 0);
  err = receive(clone, how, bytes);
  expect_result(err, wanted);
  if (err == 0)
    channel_take(clone->channel, bytes);
}

void op_clone_shutdown(const op_t *op) {
  clone_t *clone = clone_of(op);
  model_t *m;
  int wanted;

  if (clone == NULL)
    return;
  m = &clone->channel->m;
  wanted = clone->closed || model_refuses(m) ? UV_EALREADY : 0;
  trace_begin("shutdown(clone %d)", number_of(clone), 0, 0);
  expect_result(loopchan_shutdown(&clone->rx), wanted);
  if (wanted == 0)
    model_shutdown(m);
}

static void on_clone_close(loopchan_receiver_t *rx) {
  clone_t *clone = rx->data;
  channel_t *channel = clone->channel;

  trace_enter("clone %d is closed", number_of(clone), 0, 0);
  EXPECT(clone->closed && !clone->gone);
  EXPECT(clone->loop == -1 || clone->loop == world.turning);
  clone->gone = true;
  channel->touched = true;
  world_feed(channel);
  trace_leave();
}

/* The last receiver of a channel closes it. */
void op_clone_close(const op_t *op) {
  clone_t *clone = clone_of(op);
  channel_t *channel;
  bool first, last;

  if (clone == NULL)
    return;
  channel = clone->channel;
  first = clone_is_open(clone);
  last = first && !is_open(channel) && clones_open(channel) == 1;
  trace_begin("close(clone %d)", number_of(clone), 0, 0);
  if (last)
    channel_begin_close(channel);
  if (first) {
    clone->closed = true;
    clone->started = false;
  }
  expect_result(loopchan_close(&clone->rx, on_clone_close),
                first ? 0 : UV_EALREADY);
  if (last)
    channel_end_close(channel);
}

void op_clone_stats(const op_t *op) {
  clone_t *clone = clone_of(op);
  loopchan_stats_t stats;

  if (clone == NULL)
    return;
  trace_begin("stats(clone %d)", number_of(clone), 0, 0);
  expect_result(loopchan_stats(&clone->rx, &stats), 0);
  if (!clone->closed)
    channel_expect_stats(clone->channel, &stats);
}

void clone_begin_turn(clone_t *clone) {
  clone->was_closing = clone->opened && clone->closed && !clone->gone;
  clone->calls = 0;
}

/* A handle that closes is called back in its next turn, whatever the budget. */
void clone_end_turn(const clone_t *clone) {
  EXPECT(!clone->was_closing || clone->gone);
}
