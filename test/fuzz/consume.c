/* consume: the threads and loops of a crowd that own receivers. */
#include <string.h>

#include "crowd.h"

#define AT_ONCE 7

/* Of this thread: whose log, and whose choices in callbacks. */
static _Thread_local actor_t *me;

/* This thread's receiver of the channel. */
static end_t *mine(channel_t *channel) {
  return &channel->ends_of[me->hand];
}

static void note(channel_t *channel, const void *msg) {
  log_t *log = &channel->logs[me->hand];
  message_t message;
  size_t i;

  memcpy(&message, msg, sizeof message);
  EXPECT(message.stream < STREAMS && message.number < MESSAGES);
  for (i = sizeof message; i < channel->size; i++)
    EXPECT(((const char *) msg)[i] == (char) message.number);
  EXPECT(log->count < RECEIVES);
  log->messages[log->count++] = message;
}

/* It is valid until the callback returns, whatever happened meanwhile. */
static void expect_still(const channel_t *channel, const message_t *wanted,
                         const void *msg) {
  EXPECT(memcmp(msg, wanted, sizeof *wanted) == 0);
  EXPECT(channel->size == sizeof *wanted ||
         ((const char *) msg)[channel->size - 1] == (char) wanted->number);
}

static void note_received(channel_t *channel, const void *msg) {
  message_t message;

  note(channel, msg);
  memcpy(&message, msg, sizeof message);
  atomic_fetch_add_explicit(
      &game.streams[message.stream].received[message.number], 1,
      memory_order_relaxed);
  atomic_fetch_add_explicit(&channel->received, 1, memory_order_relaxed);
}

void crowd_drop(void *msg, void *arg) {
  channel_t *channel = arg;
  message_t message;

  if (!channel->latest) /* else it may be a sender's thread */
    note(channel, msg);
  memcpy(&message, msg, sizeof message);
  atomic_fetch_add_explicit(
      &game.streams[message.stream].dropped[message.number], 1,
      memory_order_relaxed);
}

/* Between these, that many may be received and not counted yet. */
static void take_in_hand(channel_t *channel, int most) {
  atomic_fetch_add_explicit(&channel->in_hand, most, memory_order_relaxed);
}

static void shut(channel_t *channel) {
  atomic_store_explicit(&channel->ending, 1, memory_order_relaxed);
  trace_begin("shutdown(channel %d)", channel->index, 0, 0);
  trace_end(loopchan_shutdown(mine(channel)->rx));
  atomic_store_explicit(&channel->ended, 1, memory_order_release);
}

static void on_closed(loopchan_receiver_t *rx) {
  channel_t *channel = rx->data;

  trace_enter("channel %d is closed", channel->index, 0, 0);
  trace_leave();
}

/* The last of its receivers closes the channel. */
static void close_channel(channel_t *channel) {
  mine(channel)->open = mine(channel)->started = false;
  take_in_hand(channel, 1 << 20); /* what is dropped */
  atomic_store_explicit(&channel->ending, 1, memory_order_relaxed);
  trace_begin("close(channel %d)", channel->index, 0, 0);
  expect_result(loopchan_close(mine(channel)->rx, on_closed), 0);
  if (atomic_fetch_sub_explicit(&channel->receivers, 1, memory_order_acq_rel) ==
      1)
    atomic_store_explicit(&channel->ended, 1, memory_order_release);
}

static void look_in(channel_t *channel) {
  loopchan_stats_t stats;

  trace_begin("stats(channel %d)", channel->index, 0, 0);
  expect_result(loopchan_stats(mine(channel)->rx, &stats), 0);
  EXPECT(stats.queued == stats.sent - stats.received - stats.dropped);
  EXPECT(stats.capacity == channel->capacity);
  EXPECT(channel->capacity == LOOPCHAN_UNBOUNDED ||
         stats.queued <= channel->capacity);
  EXPECT(!channel->latest || stats.queued <= 1);
}

/* After each message: the time may have come to end the channel. */
static bool is_time_to_end(channel_t *channel) {
  if (me->hand > 0)
    return draw_below(&me->stream, 256) == 0;
  return ++channel->taken == channel->end_after;
}

static void count_taken(channel_t *channel) {
  if (!is_time_to_end(channel))
    return;
  if (draw_below(&me->stream, 2) == 0)
    close_channel(channel);
  else
    shut(channel);
}

static void talk(void) {
  int i = (int) draw_below(&me->stream, CHANNELS);

  if (me->streams[i] != NULL)
    send_briefly(me->streams[i], &me->stream);
}

/* Takes one without waiting; false: there was none. */
static bool try_recv(channel_t *channel) {
  char bytes[SIZE_MOST];
  int err;

  take_in_hand(channel, 1);
  trace_begin("try_recv(channel %d)", channel->index, 0, 0);
  err = loopchan_try_recv(mine(channel)->rx, bytes);
  trace_end(err);
  EXPECT(err == 0 || err == UV_EAGAIN || err == UV_EOF);
  if (err == 0)
    note_received(channel, bytes);
  take_in_hand(channel, -1);
  if (err == 0 && mine(channel)->open)
    count_taken(channel);
  return err == 0;
}

/* ------------------------------------------------------------------ on loops
 */

static void start(channel_t *channel);

static void stop(channel_t *channel) {
  trace_begin("recv_stop(channel %d)", channel->index, 0, 0);
  expect_result(loopchan_recv_stop(mine(channel)->rx), 0);
  mine(channel)->started = false;
}

static void on_recv(loopchan_receiver_t *rx, int status, void *msg) {
  channel_t *channel = rx->data;
  message_t message;

  EXPECT(mine(channel)->open && mine(channel)->started &&
         mine(channel)->ends == 0);
  if (status == UV_EOF) {
    trace_enter("channel %d delivers the end", channel->index, 0, 0);
    EXPECT(msg == NULL);
    mine(channel)->ends++;
    close_channel(channel);
    trace_leave();
    return;
  }
  EXPECT(status == 0);
  trace_enter("channel %d delivers", channel->index, 0, 0);
  memcpy(&message, msg, sizeof message);
  note_received(channel, msg);
  count_taken(channel);
  if (draw_below(&me->stream, 4) == 0)
    talk();
  if (mine(channel)->open && draw_below(&me->stream, 16) == 0)
    try_recv(channel);
  if (mine(channel)->open && draw_below(&me->stream, 16) == 0)
    stop(channel);
  if (mine(channel)->open && !mine(channel)->started &&
      draw_below(&me->stream, 2) == 0)
    start(channel);
  expect_still(channel, &message, msg);
  trace_leave();
}

static void start(channel_t *channel) {
  trace_begin("recv_start(channel %d)", channel->index, 0, 0);
  expect_result(loopchan_recv_start(mine(channel)->rx, on_recv), 0);
  mine(channel)->started = true;
}

static void run(actor_t *actor, uv_run_mode mode) {
  int i;

  /* Its place is free before the callback counts a message. */
  for (i = 0; i < actor->owned_count; i++)
    take_in_hand(actor->owned[i], 1);
  trace_begin(mode == UV_RUN_NOWAIT ? "run(no wait)" : "run(once)", 0, 0, 0);
  uv_run(&actor->loop, mode);
  trace_end(0);
  for (i = 0; i < actor->owned_count; i++)
    take_in_hand(actor->owned[i], -1);
}

static void be_restless(actor_t *actor) {
  channel_t *channel =
      actor->owned[draw_below(&actor->stream, (unsigned) actor->owned_count)];

  switch (draw_below(&actor->stream, 8)) {
    default:
      run(actor, UV_RUN_NOWAIT);
      break;
    case 0:
      if (mine(channel)->open && mine(channel)->started)
        stop(channel);
      break;
    case 1:
      if (mine(channel)->open)
        try_recv(channel);
      break;
    case 2:
      if (mine(channel)->open && !mine(channel)->started)
        start(channel);
      break;
    case 3:
      look_in(channel);
      break;
    case 4:
      talk();
  }
}

/* Starts what is stopped; false: all are closed. */
static bool all_started(actor_t *actor) {
  bool any = false;
  int i;

  for (i = 0; i < actor->owned_count; i++) {
    channel_t *channel = actor->owned[i];
    any = any || mine(channel)->open;
    if (mine(channel)->open && !mine(channel)->started)
      start(channel);
  }
  return any;
}

void consume_on_loop(void *arg) {
  actor_t *actor = me = arg;
  unsigned ops = draw_below(&actor->stream, 100);

  trace_act(actor->actor, "a consumer on a loop");
  while (ops-- > 0)
    be_restless(actor);
  give_up_senders(actor);
  while (all_started(actor))
    run(actor, UV_RUN_ONCE);
  uv_run(&actor->loop, UV_RUN_DEFAULT);
}

/* ---------------------------------------------------------------- on threads
 */

/* Receives in one of the ways that wait; the code, 0 if some came. */
static int receive(channel_t *channel, bool briefly) {
  uint64_t timeout_ns = LOOPCHAN_FOREVER;
  char bytes[AT_ONCE * SIZE_MOST];
  int64_t got, i;
  size_t max = 1;

  if (briefly)
    timeout_ns = draw_below(&me->stream, 200) * UINT64_C(1000);
  else if (draw_below(&me->stream, 2) == 0)
    max += draw_below(&me->stream, AT_ONCE);
  take_in_hand(channel, (int) max);
  if (max > 1) {
    trace_begin("recv_many(channel %d, %d)", channel->index, (int) max, 0);
    got = loopchan_recv_many(mine(channel)->rx, bytes, max);
  } else {
    trace_begin(
        briefly ? "recv_timeout(channel %d, %d ns)" : "recv(channel %d)",
        channel->index, briefly ? (int) timeout_ns : 0, 0);
    got = briefly ? loopchan_recv_timeout(mine(channel)->rx, bytes, timeout_ns)
                  : loopchan_recv(mine(channel)->rx, bytes);
    got = got == 0 ? 1 : got;
  }
  trace_end(got);
  EXPECT(got == UV_EOF || (got == UV_ETIMEDOUT && briefly) ||
         (got > 0 && got <= (int64_t) max));
  for (i = 0; i < got; i++)
    note_received(channel, bytes + (size_t) i * channel->size);
  take_in_hand(channel, -(int) max);
  for (i = 0; i < got && channel->flavour != SHARED && mine(channel)->open; i++)
    count_taken(channel);
  return got > 0 ? 0 : (int) got;
}

static void be_restless_on_thread(actor_t *actor) {
  channel_t *channel =
      actor->owned[draw_below(&actor->stream, (unsigned) actor->owned_count)];

  if (!mine(channel)->open)
    return;
  switch (draw_below(&actor->stream, 4)) {
    case 0:
      receive(channel, true);
      break;
    case 1:
      try_recv(channel);
      break;
    case 2:
      look_in(channel);
      break;
    default:
      talk();
  }
}

/* Waits for the one that has something, of those that are open; NULL: none is.
 */
static channel_t *wait_for_one(actor_t *actor) {
  loopchan_receiver_t *rxs[OWNED];
  channel_t *open[OWNED];
  size_t n = 0;
  int i, at;

  for (i = 0; i < actor->owned_count; i++)
    if (mine(actor->owned[i])->open) {
      open[n] = actor->owned[i];
      rxs[n++] = mine(actor->owned[i])->rx;
    }
  if (n == 0)
    return NULL;
  if (n == 1 && draw_below(&actor->stream, 4) != 0)
    return open[0];
  trace_begin("select(%d receivers)", (int) n, 0, 0);
  at = loopchan_select(rxs, n, LOOPCHAN_FOREVER);
  trace_end(at);
  EXPECT(at >= 0 && (size_t) at < n);
  return open[at];
}

void consume_on_thread(void *arg) {
  actor_t *actor = me = arg;
  unsigned ops = draw_below(&actor->stream, 100);
  channel_t *channel;

  trace_act(actor->actor, "a consumer on a thread");
  while (ops-- > 0)
    be_restless_on_thread(actor);
  give_up_senders(actor);
  while ((channel = wait_for_one(actor)) != NULL) {
    /* By rendezvous a sender may have given up meanwhile, and the next wait for
     * room in another channel of this thread. */
    bool briefly =
        channel->capacity == LOOPCHAN_RENDEZVOUS && actor->owned_count > 1;
    if (receive(channel, briefly) == UV_EOF) {
      mine(channel)->ends++;
      EXPECT(loopchan_recv(mine(channel)->rx, NULL) == UV_EINVAL);
      EXPECT(!try_recv(channel));
      close_channel(channel);
    }
  }
}

/* Each ends what is its own, while others are inside. */
void consume_shared(void *arg) {
  actor_t *actor = me = arg;
  channel_t *channel = actor->owned[0];
  int err;

  trace_act(actor->actor, "a hand of a shared receiver");
  do {
    err = receive(channel, draw_below(&actor->stream, 4) == 0);
    if (err != UV_EOF && mine(channel)->open)
      count_taken(channel);
    if (draw_below(&actor->stream, 8) == 0)
      look_in(channel);
  } while (err != UV_EOF);
  if (mine(channel)->open)
    close_channel(channel);
}
