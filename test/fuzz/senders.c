/* senders: the operations of the sending side. */
#include <string.h>

#include "support/memory.h"
#include "world.h"

static int open_loop_of(unsigned kind) {
  return kind == 1 || kind == 2 ? (int) kind - 1 : -1;
}

static void note_open(channel_t *channel, int loop,
                      const loopchan_options_t *options, unsigned appetite) {
  model_t *m = &channel->m;

  channel->opened = true;
  channel->gone = false;
  channel->loop = loop;
  channel->size = options->msg_size;
  channel->appetite = appetite;
  channel->was_started = channel->was_closing = false;
  channel->touched = true;
  channel->select_n = 0;
  channel->rx.data = channel;
  channel->closes = false;
  channel->cloned = channel->left = false;
  channel->starved = 0;
  channel->tight = options->budget_ns != LOOPCHAN_FOREVER;
  channel->offer = NULL;
  model_open(m, loop >= 0, options->flags, options->capacity,
             options->budget_messages);
}

void offer_begin(offer_t *offer, channel_t *channel, int sender, uint64_t first,
                 size_t count) {
  memset(offer, 0, sizeof *offer);
  offer->first = first;
  offer->count = count;
  offer->sender = sender;
  offer->outer = channel->offer;
  channel->offer = offer;
}

/* The last one stays. */
static void accept_newest(offer_t *offer, model_t *m) {
  offer->accepted = true;
  offer->replaces = model_replace(m, &offer->replaced);
  model_accept(m, offer->first + offer->count - 1);
  m->sent += offer->count - 1;
  m->dropped += offer->count - 1;
}

/* What drop has to get next: what was replaced, then all but the last. */
static uint64_t next_dropped(offer_t *offer, model_t *m) {
  size_t n = offer->dropped++;

  if (!offer->accepted)
    accept_newest(offer, m);
  if (offer->replaces && n == 0)
    return offer->replaced;
  n -= offer->replaces;
  EXPECT(n + 1 < offer->count);
  return offer->first + n;
}

void offer_end(offer_t *offer, channel_t *channel, size_t sent) {
  model_t *m = &channel->m;
  size_t i;

  EXPECT(channel->offer == offer);
  channel->offer = offer->outer;
  for (i = 0; !m->latest && i < sent; i++)
    model_accept(m, offer->first + i);
  if (!m->latest || (sent == 0 && !offer->accepted))
    return;
  EXPECT(sent == offer->count);
  if (!offer->accepted)
    accept_newest(offer, m);
  EXPECT(offer->dropped == offer->count - 1 + offer->replaces);
}

/* No sender is dropped inside a call that uses it. */
static bool is_in_use(const channel_t *channel, int sender) {
  const offer_t *offer = channel->offer;

  while (offer != NULL && offer->sender != sender)
    offer = offer->outer;
  return offer != NULL;
}

static void on_drop(void *msg, void *arg) {
  channel_t *channel = arg;
  model_t *m = &channel->m;
  uint64_t message;

  if (channel->closes) {
    message = model_drop(m);
  } else {
    EXPECT(m->latest && channel->offer != NULL);
    message = next_dropped(channel->offer, m);
  }
  trace_enter("drop of channel %d", index_of(channel), 0, 0);
  message_expect(message, msg, channel->size);
  world_feed(channel);
  message_expect(message, msg, channel->size);
  trace_leave();
}

/* Whether the slot is free: nothing of its last channel is left. */
static bool is_free(const channel_t *channel) {
  return !channel->opened ||
         (channel->gone && channel->m.senders == 0 && !has_clones(channel));
}

/* On a thread, or on a loop. By rendezvous a message that was accepted belongs
 * to one of the loops' receivers, and the model does not know to which. */
static bool is_shared(const op_t *op, size_t capacity) {
  unsigned kind = op->which / 5 % 4;

  return kind == 3 || (kind != 0 && capacity != LOOPCHAN_RENDEZVOUS &&
                       op->amount / 96 % 2 == 1);
}

static void expect_busy(channel_t *channel, int loop,
                        const loopchan_options_t *options) {
  loopchan_sender_t *tx = NULL;

  if (!channel->opened || channel->gone)
    return;
  trace_begin("open(channel %d, again)", index_of(channel), 0, 0);
  expect_result(loopchan_open(loop < 0 ? NULL : &world.loops[loop],
                              &channel->rx, &tx, options),
                UV_EBUSY);
}

void op_open(const op_t *op) {
  static const size_t capacities[] = {LOOPCHAN_UNBOUNDED, 1, 2, 5,
                                      LOOPCHAN_RENDEZVOUS};
  static const size_t sizes[] = {0, 1, 4, 8, 24, SIZE_MOST};
  static const unsigned most[] = {1, 2, 3, 1024};
  static const uint64_t budgets_ns[] = {LOOPCHAN_FOREVER, LOOPCHAN_FOREVER, 1,
                                        50000};
  channel_t *channel = &world.channels[op->where % CHANNELS];
  loopchan_options_t options = {0};
  int loop = open_loop_of(op->which / 5 % 4), err;
  size_t blocks = memory_blocks();

  options.capacity = capacities[op->which % 5];
  options.flags = is_shared(op, options.capacity) ? LOOPCHAN_SHARED : 0;
  if (options.capacity <= 1 && op->which / 20 % 3 == 0)
    options.flags |= LOOPCHAN_LATEST;
  options.msg_size = sizes[op->amount % 6];
  options.budget_messages = most[op->amount / 6 % 4];
  options.budget_ns =
      world.tight ? budgets_ns[op->which / 60 % 4] : LOOPCHAN_FOREVER;
  options.spin_ns = LOOPCHAN_NO_SPIN;
  options.drop = on_drop;
  options.drop_arg = channel;
  if (!is_free(channel)) {
    expect_busy(channel, loop, &options);
    return;
  }
  trace_begin(options.flags & LOOPCHAN_LATEST
                  ? "open(channel %d, capacity %d, loop %d, latest)"
                  : "open(channel %d, capacity %d, loop %d)",
              index_of(channel), (int) options.capacity, loop);
  memory_arm();
  err = loopchan_open(loop < 0 ? NULL : &world.loops[loop], &channel->rx,
                      &channel->tx[0], &options);
  if (memory_ran_out()) {
    expect_result(err, UV_ENOMEM);
    EXPECT(memory_blocks() == blocks);
    return;
  }
  expect_result(err, 0);
  note_open(channel, loop, &options, op->amount / 24 % 4);
  if (loop >= 0)
    EXPECT(loopchan_receiver_from_handle((uv_handle_t *) &channel->rx) ==
           &channel->rx);
}

static loopchan_sender_t *sender_of(const channel_t *channel, const op_t *op) {
  return channel->opened ? channel->tx[op->which % SENDERS] : NULL;
}

void op_clone(const op_t *op) {
  channel_t *channel = channel_of(op);
  loopchan_sender_t *tx = sender_of(channel, op), *clone;
  int i = 0;

  while (i < SENDERS && channel->tx[i] != NULL)
    i++;
  if (tx == NULL || i == SENDERS)
    return;
  trace_begin("clone(channel %d, sender %d)", index_of(channel),
              op->which % SENDERS, 0);
  memory_arm();
  clone = loopchan_sender_clone(tx);
  expect_result(clone != NULL, !memory_ran_out());
  if (clone == NULL)
    return;
  channel->tx[i] = clone;
  channel->m.senders++;
}

static bool has_places(const channel_t *channel, int sender) {
  int i;

  for (i = 0; i < PLACES; i++)
    if (channel->places[i].at != NULL && channel->places[i].sender == sender)
      return true;
  return false;
}

void op_drop(const op_t *op) {
  channel_t *channel = channel_of(op);
  int sender = op->which % SENDERS;

  if (sender_of(channel, op) == NULL || has_places(channel, sender) ||
      is_in_use(channel, sender))
    return;
  trace_begin("drop(channel %d, sender %d)", index_of(channel), sender, 0);
  loopchan_sender_drop(channel->tx[sender]);
  trace_end(0);
  channel->tx[sender] = NULL;
  channel->m.senders--;
}

/* Whether any of its receivers that are open is on a loop, which this thread
 * runs. */
static bool has_loop(const channel_t *channel) {
  bool has = channel->m.on_loop && !channel->left;
  int i;

  for (i = 0; i < CLONES; i++)
    has = has || (world.clones[i].channel == channel &&
                  clone_is_open(&world.clones[i]) && world.clones[i].loop >= 0);
  return has;
}

/* Whether a call that waits would wait, which on this thread has no end. A
 * loop's own thread is told UV_EAGAIN instead. */
static bool would_wait(const channel_t *channel) {
  const model_t *m = &channel->m;

  return !has_loop(channel) && !model_refuses(m) &&
         (model_by_hand(m) || model_room(m) == 0);
}

/* What a call that sent one message has answered. full: what it says for
 * UV_EAGAIN. */
static void settle_send(channel_t *channel, offer_t *offer, int wanted, int err,
                        int full) {
  if (memory_ran_out())
    wanted = UV_ENOMEM;
  else if (wanted == UV_EAGAIN || (wanted == EITHER && err != 0))
    wanted = full;
  else if (wanted == EITHER)
    wanted = 0;
  expect_result(err, wanted);
  offer_end(offer, channel, err == 0);
}

static bool has_room(const channel_t *channel) {
  return channel->m.count + channel->m.waiting < QUEUE_MOST / 2;
}

void op_send(const op_t *op) {
  channel_t *channel = channel_of(op);
  loopchan_sender_t *tx = sender_of(channel, op);
  uint64_t message = ++world.last_message;
  char bytes[SIZE_MOST];
  offer_t offer;
  int err, wanted;

  if (tx == NULL || would_wait(channel) || !has_room(channel))
    return;
  message_fill(message, bytes, channel->size);
  trace_begin("send(channel %d, sender %d, message %d)", index_of(channel),
              op->which % SENDERS, (int) message);
  wanted = model_offer(&channel->m);
  offer_begin(&offer, channel, op->which % SENDERS, message, 1);
  memory_arm();
  err = loopchan_send(tx, bytes);
  settle_send(channel, &offer, wanted, err, UV_EAGAIN);
}

void op_try_send(const op_t *op) {
  channel_t *channel = channel_of(op);
  loopchan_sender_t *tx = sender_of(channel, op);
  uint64_t message = ++world.last_message;
  char bytes[SIZE_MOST];
  offer_t offer;
  int err, wanted;

  if (tx == NULL || !has_room(channel))
    return;
  message_fill(message, bytes, channel->size);
  trace_begin("try_send(channel %d, sender %d, message %d)", index_of(channel),
              op->which % SENDERS, (int) message);
  wanted = model_offer(&channel->m);
  offer_begin(&offer, channel, op->which % SENDERS, message, 1);
  memory_arm();
  err = loopchan_try_send(tx, bytes);
  settle_send(channel, &offer, wanted, err, UV_EAGAIN);
}

void op_send_timeout(const op_t *op) {
  channel_t *channel = channel_of(op);
  loopchan_sender_t *tx = sender_of(channel, op);
  uint64_t message = ++world.last_message;
  uint64_t timeout_ns = op->amount % 2 ? 0 : op->amount * UINT64_C(1000);
  char bytes[SIZE_MOST];
  offer_t offer;
  int err, wanted;

  if (tx == NULL || !has_room(channel))
    return;
  message_fill(message, bytes, channel->size);
  trace_begin("send_timeout(channel %d, message %d, %d ns)", index_of(channel),
              (int) message, (int) timeout_ns);
  wanted = model_offer(&channel->m);
  offer_begin(&offer, channel, op->which % SENDERS, message, 1);
  memory_arm();
  err = loopchan_send_timeout(tx, bytes, timeout_ns);
  settle_send(channel, &offer, wanted, err,
              timeout_ns > 0 && has_loop(channel) ? UV_EAGAIN : UV_ETIMEDOUT);
}

/* What send_many answers to that many. */
static int64_t many_wanted(const model_t *m, size_t count, int64_t got) {
  int offer = model_offer(m);
  size_t room = model_room(m);

  if (count == 0)
    return model_refuses(m) ? UV_EPIPE : 0;
  if (offer == EITHER)
    return got == 1 ? 1 : UV_EAGAIN;
  if (offer != 0)
    return offer;
  if (model_by_hand(m))
    return 1;
  return (int64_t) (count < room ? count : room);
}

/* All, or none. Its drop function may have ended the channel since. */
static int64_t many_of_newest(bool refused, size_t count) {
  return refused ? UV_EPIPE : (int64_t) count;
}

void op_send_many(const op_t *op) {
  channel_t *channel = channel_of(op);
  model_t *m = &channel->m;
  loopchan_sender_t *tx = sender_of(channel, op);
  size_t count = op->amount >= 240 ? 40 : op->amount % 6, i;
  bool refuses = model_refuses(m);
  uint64_t first = world.last_message + 1;
  char bytes[40 * SIZE_MOST];
  int64_t got, wanted;
  offer_t offer;

  if (tx == NULL || !has_room(channel))
    return;
  if (!has_loop(channel) && count > model_room(m))
    count = model_room(m);
  if (count > 0 && would_wait(channel))
    return;
  world.last_message += count;
  for (i = 0; i < count; i++)
    message_fill(first + i, bytes + i * channel->size, channel->size);
  trace_begin("send_many(channel %d, %d messages from %d)", index_of(channel),
              (int) count, (int) first);
  offer_begin(&offer, channel, op->which % SENDERS, first, count);
  memory_arm();
  got = loopchan_send_many(tx, bytes, count);
  wanted =
      m->latest ? many_of_newest(refuses, count) : many_wanted(m, count, got);
  if (memory_ran_out() && (got == UV_ENOMEM || (got > 0 && got < wanted)))
    wanted = got;
  expect_result(got, wanted);
  offer_end(&offer, channel, got > 0 ? (size_t) got : 0);
}

void op_reserve(const op_t *op) {
  channel_t *channel = channel_of(op);
  model_t *m = &channel->m;
  loopchan_sender_t *tx = sender_of(channel, op);
  int i = 0, err, wanted;
  place_t *place;

  while (i < PLACES && channel->places[i].at != NULL)
    i++;
  if (tx == NULL || i == PLACES)
    return;
  place = &channel->places[i];
  wanted = model_refuses(m) ? UV_EPIPE : model_room(m) == 0 ? UV_EAGAIN : 0;
  trace_begin("reserve(channel %d, sender %d, place %d)", index_of(channel),
              op->which % SENDERS, i);
  memory_arm();
  err = loopchan_reserve(tx, &place->at);
  expect_result(err, memory_ran_out() ? UV_ENOMEM : wanted);
  if (err != 0)
    return;
  model_reserve(m);
  place->sender = op->which % SENDERS;
  place->message = ++world.last_message;
  message_fill(place->message, place->at, channel->size);
}

static place_t *place_of(channel_t *channel, const op_t *op) {
  place_t *place = &channel->places[op->which % PLACES];

  return channel->opened && place->at != NULL ? place : NULL;
}

void op_commit(const op_t *op) {
  channel_t *channel = channel_of(op);
  model_t *m = &channel->m;
  place_t *place = place_of(channel, op), taken;
  offer_t offer;
  int err, wanted;

  if (place == NULL)
    return;
  wanted = model_refuses(m) ? UV_EPIPE : model_by_hand(m) ? model_offer(m) : 0;
  trace_begin("commit(channel %d, place %d, message %d)", index_of(channel),
              op->which % PLACES, (int) place->message);
  taken = *place;
  place->at = NULL;
  offer_begin(&offer, channel, taken.sender, taken.message, 1);
  m->reserved--; /* the message takes the place */
  err = loopchan_commit(channel->tx[taken.sender], taken.at);
  if (wanted == EITHER)
    wanted = err == 0 ? 0 : UV_EAGAIN;
  expect_result(err, wanted);
  if (err != 0) {
    *place = taken;
    m->reserved++;
    message_expect(place->message, place->at, channel->size);
  }
  offer_end(&offer, channel, err == 0);
}

void op_abandon(const op_t *op) {
  channel_t *channel = channel_of(op);
  place_t *place = place_of(channel, op);

  if (place == NULL)
    return;
  trace_begin("abandon(channel %d, place %d)", index_of(channel),
              op->which % PLACES, 0);
  loopchan_abandon(channel->tx[place->sender], place->at);
  trace_end(0);
  place->at = NULL;
  model_give_back(&channel->m);
}

void op_is_closed(const op_t *op) {
  channel_t *channel = channel_of(op);
  loopchan_sender_t *tx = sender_of(channel, op);

  if (tx == NULL)
    return;
  trace_begin("is_closed(channel %d)", index_of(channel), 0, 0);
  expect_result(loopchan_is_closed(tx), model_refuses(&channel->m));
}
