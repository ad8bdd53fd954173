/* produce: the threads and loops of a crowd that only send. */
#include <limits.h>
#include <sched.h>
#include <string.h>

#include "crowd.h"

#define AT_ONCE 12
#define WRITES 8

static channel_t *channel_of(const stream_t *stream) {
  return &game.channels[stream->channel];
}

void expect_send_result(const stream_t *stream, bool was_ended, bool may_wait,
                        int err) {
  const channel_t *channel = channel_of(stream);
  bool full = err == UV_EAGAIN || err == UV_ETIMEDOUT;

  if (err == UV_EPIPE)
    EXPECT(atomic_load_explicit(&channel->ending, memory_order_relaxed));
  else
    EXPECT(!was_ended && !stream->refused);
  if (full)
    EXPECT(!may_wait && channel->capacity != LOOPCHAN_UNBOUNDED);
  EXPECT(err == 0 || err == UV_EPIPE || full);
}

uint32_t make_messages(stream_t *stream, void *bytes, uint32_t count) {
  uint32_t first = stream->next, i;
  size_t size = channel_of(stream)->size;
  uint64_t now = uv_hrtime();

  EXPECT(first + count <= MESSAGES);
  for (i = 0; i < count; i++) {
    message_t message = {stream->index, first + i, count - 1 - i, 0};
    char *to = (char *) bytes + i * size;
    memset(to, (int) (first + i), size);
    memcpy(to, &message, sizeof message);
    stream->begun_ns[first + i] = now;
  }
  stream->next += count;
  return first;
}

void note_accepted(stream_t *stream, uint32_t number) {
  channel_t *channel = channel_of(stream);
  int accepted, received;

  stream->returned_ns[number] = uv_hrtime();
  stream->accepted[number] = true;
  accepted = 1 + atomic_fetch_add_explicit(&channel->accepted, 1,
                                           memory_order_relaxed);
  /* In this order, what moves from one to the other is not missed. */
  received = atomic_load_explicit(&channel->in_hand, memory_order_acquire);
  received += atomic_load_explicit(&channel->received, memory_order_relaxed);
  if (channel->capacity < INT_MAX && channel->capacity > 0)
    EXPECT(accepted - received <= (int) channel->capacity);
}

/* What all sends of one message have in common. */
static void settle(stream_t *stream, uint32_t number, bool was_ended,
                   bool may_wait, int err) {
  trace_end(err);
  expect_send_result(stream, was_ended, may_wait, err);
  if (err == 0)
    note_accepted(stream, number);
  stream->refused = stream->refused || err == UV_EPIPE;
}

static bool is_ended(const stream_t *stream) {
  return atomic_load_explicit(&channel_of(stream)->ended,
                              memory_order_acquire) != 0;
}

static void send_one(stream_t *stream, bool wait) {
  bool was_ended = is_ended(stream);
  char bytes[SIZE_MOST];
  uint32_t number = make_messages(stream, bytes, 1);

  trace_begin(wait ? "send(channel %d, message %d)"
                   : "try_send(channel %d, message %d)",
              stream->channel, (int) number, 0);
  settle(stream, number, was_ended, wait,
         wait ? loopchan_send(stream->tx, bytes)
              : loopchan_try_send(stream->tx, bytes));
}

static void send_for_a_while(stream_t *stream, uint64_t timeout_ns) {
  bool was_ended = is_ended(stream);
  char bytes[SIZE_MOST];
  uint32_t number = make_messages(stream, bytes, 1);

  trace_begin("send_timeout(channel %d, message %d, %d ns)", stream->channel,
              (int) number, (int) timeout_ns);
  settle(stream, number, was_ended, false,
         loopchan_send_timeout(stream->tx, bytes, timeout_ns));
}

static void send_many(stream_t *stream, uint32_t count) {
  bool was_ended = is_ended(stream);
  char bytes[AT_ONCE * SIZE_MOST];
  uint32_t first = make_messages(stream, bytes, count), i;
  ssize_t sent;

  trace_begin("send_many(channel %d, %d messages from %d)", stream->channel,
              (int) count, (int) first);
  sent = loopchan_send_many(stream->tx, bytes, count);
  trace_end(sent);
  for (i = 0; (ssize_t) i < sent; i++)
    note_accepted(stream, first + i);
  /* Fewer went: the others were refused. */
  if (sent != (ssize_t) count) {
    expect_send_result(stream, was_ended && sent > 0, true, UV_EPIPE);
    stream->refused = true;
  }
  EXPECT(sent != 0 && (sent > 0 || sent == UV_EPIPE));
  EXPECT(sent < 0 || !was_ended);
}

/* Builds a message in place; commits it, maybe after a second try, or not. */
static void reserve(stream_t *stream, bool commit) {
  bool was_ended = is_ended(stream);
  uint32_t number;
  void *place;
  int err;

  trace_begin("reserve(channel %d)", stream->channel, 0, 0);
  err = loopchan_reserve(stream->tx, &place);
  trace_end(err);
  expect_send_result(stream, was_ended, false, err);
  if (err != 0)
    return;
  number = make_messages(stream, place, 1);
  err = UV_EAGAIN;
  if (commit) {
    was_ended = is_ended(stream);
    trace_begin("commit(channel %d, message %d)", stream->channel, (int) number,
                0);
    err = loopchan_commit(stream->tx, place);
    EXPECT(err != UV_EAGAIN ||
           channel_of(stream)->capacity == LOOPCHAN_RENDEZVOUS);
    settle(stream, number, was_ended, false, err);
  }
  if (err == 0)
    return;
  trace_begin("abandon(channel %d, message %d)", stream->channel, (int) number,
              0);
  loopchan_abandon(stream->tx, place);
  trace_end(0);
}

static void renew_sender(stream_t *stream) {
  loopchan_sender_t *clone;

  if (stream->users != NULL)
    return;
  trace_begin("clone and drop(channel %d)", stream->channel, 0, 0);
  clone = loopchan_sender_clone(stream->tx);
  EXPECT(clone != NULL);
  loopchan_sender_drop(stream->tx);
  stream->tx = clone;
  trace_end(0);
}

static void ask_whether_closed(const stream_t *stream) {
  bool was_ended = is_ended(stream);
  int closed;

  trace_begin("is_closed(channel %d)", stream->channel, 0, 0);
  closed = loopchan_is_closed(stream->tx);
  trace_end(closed);
  EXPECT(closed == 0 || closed == 1);
  EXPECT(closed || (!was_ended && !stream->refused));
  EXPECT(!closed || atomic_load(&channel_of(stream)->ending));
}

void send_briefly(stream_t *stream, uint64_t *choices) {
  unsigned choice = draw_below(choices, 4);

  if (stream->tx == NULL || stream->next == MESSAGES)
    return;
  if (choice == 0)
    reserve(stream, draw_below(choices, 4) != 0);
  else
    send_one(stream, false);
}

static void produce_one(stream_t *stream, uint64_t *choices) {
  uint32_t count;

  switch (draw_below(choices, 12)) {
    default:
      send_one(stream, true);
      break;
    case 1:
      send_one(stream, false);
      break;
    case 2:
    case 3:
      send_for_a_while(stream, draw_below(choices, 200) * 1000);
      break;
    case 4:
      count = 1 + draw_below(choices, AT_ONCE);
      if (stream->next + count <= MESSAGES)
        send_many(stream, count);
      break;
    case 5:
      reserve(stream, true);
      break;
    case 6:
      reserve(stream, false);
      break;
    case 7:
      renew_sender(stream);
      break;
    case 8:
      ask_whether_closed(stream);
      break;
    case 9:
      sched_yield();
  }
}

/* One of those that the actor sends to and has not given up; NULL: none. */
static stream_t *pick_stream(actor_t *actor) {
  unsigned i, from = draw_below(&actor->stream, CHANNELS);

  for (i = 0; i < CHANNELS; i++) {
    stream_t *stream = actor->streams[(from + i) % CHANNELS];
    if (stream != NULL && stream->tx != NULL && stream->next < MESSAGES)
      return stream;
  }
  return NULL;
}

/* Of a shared one, the last who used it. */
static void drop_sender(stream_t *stream) {
  loopchan_sender_t *tx = stream->tx;

  stream->tx = NULL;
  if (stream->users != NULL && atomic_fetch_sub(stream->users, 1) > 1)
    return;
  trace_begin("drop(channel %d)", stream->channel, 0, 0);
  loopchan_sender_drop(tx);
  trace_end(0);
}

void give_up_senders(actor_t *actor) {
  int i;

  for (i = 0; i < CHANNELS; i++)
    if (actor->streams[i] != NULL && actor->streams[i]->tx != NULL)
      drop_sender(actor->streams[i]);
}

void produce_on_thread(void *arg) {
  actor_t *actor = arg;
  unsigned ops = 1 + draw_below(&actor->stream, MESSAGES);
  stream_t *stream;

  trace_act(actor->actor, "a producer on a thread");
  while (ops-- > 0 && (stream = pick_stream(actor)) != NULL) {
    produce_one(stream, &actor->stream);
    if (stream->refused && draw_below(&actor->stream, 4) == 0)
      drop_sender(stream);
  }
  give_up_senders(actor);
}

/* ------------------------------------------------------------- with writers */

typedef struct {
  loopchan_write_t req;
  uint32_t number;
  bool used;
} write_t;

typedef struct {
  loopchan_writer_t w;
  stream_t *stream;
  bool open, closing, told;
  write_t writes[WRITES];
  uint32_t last; /* number called back, plus one */
} writer_t;

static bool is_writing(const writer_t *writer) {
  int i;

  for (i = 0; i < WRITES; i++)
    if (writer->writes[i].used)
      return true;
  return false;
}

static void on_write(loopchan_write_t *req, int status) {
  write_t *write = (write_t *) req;
  writer_t *writer = req->data;
  message_t message;

  trace_enter("write of message %d: status %d", (int) write->number, status, 0);
  EXPECT(write->used && write->number >= writer->last);
  writer->last = write->number + 1;
  write->used = false;
  EXPECT((status == 0) == (req->msg == NULL));
  if (status == 0) {
    note_accepted(writer->stream, write->number);
  } else {
    memcpy(&message, req->msg, sizeof message);
    EXPECT(message.stream == writer->stream->index);
    EXPECT(message.number == write->number);
    EXPECT(status == UV_EPIPE || (status == UV_ECANCELED && writer->closing));
    EXPECT(status != UV_EPIPE ||
           atomic_load(&channel_of(writer->stream)->ending));
  }
  trace_leave();
}

static void write_one(writer_t *writer) {
  stream_t *stream = writer->stream;
  char bytes[SIZE_MOST];
  write_t *write;
  int i = 0, err;

  while (i < WRITES && writer->writes[i].used)
    i++;
  if (i == WRITES || stream->next == MESSAGES)
    return;
  write = &writer->writes[i];
  write->number = make_messages(stream, bytes, 1);
  write->used = true;
  write->req.data = writer;
  trace_begin("write(channel %d, message %d)", stream->channel,
              (int) write->number, 0);
  err = loopchan_write(&write->req, &writer->w, bytes, on_write);
  trace_end(err);
  EXPECT(err == 0);
}

static void try_write_one(writer_t *writer) {
  stream_t *stream = writer->stream;
  bool was_ended = is_ended(stream);
  char bytes[SIZE_MOST];
  uint32_t number;

  if (stream->next == MESSAGES)
    return;
  number = make_messages(stream, bytes, 1);
  trace_begin("try_write(channel %d, message %d)", stream->channel,
              (int) number, 0);
  settle(stream, number, was_ended, false,
         loopchan_try_write(&writer->w, bytes));
}

static void on_gone(loopchan_writer_t *w) {
  writer_t *writer = w->data;

  trace_enter("channel %d is gone", writer->stream->channel, 0, 0);
  EXPECT(!writer->told && writer->open);
  EXPECT(atomic_load(&channel_of(writer->stream)->ending));
  writer->told = true;
  trace_leave();
}

static void on_closed(loopchan_writer_t *w) {
  writer_t *writer = w->data;

  trace_enter("writer of channel %d is closed", writer->stream->channel, 0, 0);
  EXPECT(writer->closing && !is_writing(writer));
  trace_leave();
}

static void close_writer(writer_t *writer) {
  if (!writer->open)
    return;
  writer->open = false;
  writer->closing = true;
  trace_begin("writer_close(channel %d)", writer->stream->channel, 0, 0);
  expect_result(loopchan_writer_close(&writer->w, on_closed), 0);
}

static void open_writers(actor_t *actor, writer_t *writers) {
  int i;

  for (i = 0; i < CHANNELS; i++) {
    writer_t *writer = &writers[i];
    if (actor->streams[i] == NULL)
      continue;
    writer->stream = actor->streams[i];
    trace_begin("writer_open(channel %d)", i, 0, 0);
    expect_result(
        loopchan_writer_open(&actor->loop, &writer->w, writer->stream->tx), 0);
    writer->w.data = writer;
    writer->open = true;
    EXPECT(loopchan_writer_on_closed(&writer->w, on_gone) == 0);
  }
}

static void run(uv_loop_t *loop, uv_run_mode mode) {
  trace_begin(mode == UV_RUN_NOWAIT ? "run(no wait)" : "run(once)", 0, 0, 0);
  uv_run(loop, mode);
  trace_end(0);
}

void produce_on_loop(void *arg) {
  actor_t *actor = arg;
  unsigned ops = 1 + draw_below(&actor->stream, MESSAGES), i;
  bool patient = draw_below(&actor->stream, 3) != 0;
  writer_t writers[CHANNELS];

  trace_act(actor->actor, "a producer on a loop");
  memset(writers, 0, sizeof writers);
  open_writers(actor, writers);
  while (ops-- > 0) {
    writer_t *writer = &writers[draw_below(&actor->stream, CHANNELS)];
    unsigned choice = draw_below(&actor->stream, 32);
    if (writer->open && choice < 16)
      write_one(writer);
    else if (writer->open && choice < 20)
      try_write_one(writer);
    else if (choice == 31 && draw_below(&actor->stream, 4) == 0)
      close_writer(writer);
    else
      run(&actor->loop, UV_RUN_NOWAIT);
  }
  for (i = 0; i < CHANNELS; i++) {
    while (patient && writers[i].open && is_writing(&writers[i]))
      run(&actor->loop, UV_RUN_ONCE);
    close_writer(&writers[i]);
  }
  uv_run(&actor->loop, UV_RUN_DEFAULT);
  for (i = 0; i < CHANNELS; i++)
    EXPECT(!is_writing(&writers[i]));
}
