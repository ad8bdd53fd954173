/* writers: the operations of the sending side on a loop. */
#include <string.h>

#include "world.h"

static writer_t *writer_of(const op_t *op) {
  writer_t *writer = &world.writers[op->which % WRITERS];

  if (writer->state == W_NEVER)
    return NULL;
  writer->channel->touched = true;
  return writer;
}

static int number_of(const writer_t *writer) {
  return (int) (writer - world.writers);
}

void op_writer_open(const op_t *op) {
  writer_t *writer = &world.writers[op->which % WRITERS];
  channel_t *channel = channel_of(op);
  loopchan_sender_t **tx = &channel->tx[op->amount % SENDERS];
  int loop = op->amount / SENDERS % LOOPS, err, i;

  for (i = 0; i < PLACES; i++)
    if (channel->places[i].at != NULL)
      return;
  if (!channel->opened || *tx == NULL ||
      (writer->state != W_NEVER && writer->state != W_CLOSED))
    return;
  trace_begin("writer_open(writer %d, channel %d, loop %d)", number_of(writer),
              index_of(channel), loop);
  memory_arm();
  err = loopchan_writer_open(&world.loops[loop], &writer->w, *tx);
  expect_result(err, memory_ran_out() ? UV_ENOMEM : 0);
  if (err != 0)
    return;
  *tx = NULL;
  writer->state = W_OPEN;
  writer->loop = loop;
  writer->channel = channel;
  writer->armed = writer->due = false;
  writer->closing = 0;
  writer->w.data = writer;
}

/* Called back in the order of writing, with what became of it. */
static void on_write(loopchan_write_t *req, int status) {
  write_t *write = req->data;
  writer_t *writer = &world.writers[write->m.writer];
  size_t size = writer->channel->size;
  uint64_t message = write->m.message;
  const void *msg = req->msg;

  trace_enter("write of message %d: status %d", (int) message, status, 0);
  EXPECT(world.turning == writer->loop);
  EXPECT(writer->count > 0 && writer->order[0] == write);
  EXPECT(status == write->m.status);
  EXPECT((status == 0) == (msg == NULL));
  if (status != 0)
    message_expect(message, msg, size);
  writer->count--;
  memmove(writer->order, writer->order + 1,
          writer->count * sizeof *writer->order);
  write->m.used = false;
  world_feed(writer->channel);
  if (status != 0)
    message_expect(message, msg, size);
  trace_leave();
}

/* Newest only: it was accepted, or refused, inside the call. */
static void settle_write(writer_t *writer, write_t *write, offer_t *offer,
                         int err) {
  channel_t *channel = writer->channel;
  model_t *m = &channel->m;

  if (err != 0) {
    writer->count--;
    write->m.used = false;
  }
  if (!m->latest) {
    channel->offer = offer->outer;
    if (err == 0)
      model_write(m, &write->m);
  } else if (err == 0 && !offer->accepted && model_refuses(m)) {
    offer_end(offer, channel, 0);
    write->m.status = UV_EPIPE;
  } else {
    offer_end(offer, channel, err == 0);
    write->m.status = 0;
  }
}

void op_write(const op_t *op) {
  writer_t *writer = writer_of(op);
  char bytes[SIZE_MOST];
  write_t *write;
  offer_t offer;
  int i = 0, err, wanted;

  if (writer == NULL)
    return;
  while (i < REQUESTS && writer->writes[i].m.used)
    i++;
  if (i == REQUESTS)
    return;
  write = &writer->writes[i];
  write->m.message = ++world.last_message;
  write->m.writer = number_of(writer);
  message_fill(write->m.message, bytes, writer->channel->size);
  wanted = writer->state == W_OPEN ? 0 : UV_EINVAL;
  trace_begin("write(writer %d, message %d)", number_of(writer),
              (int) write->m.message, 0);
  memory_arm();
  write->req.data = write;
  write->m.used = true;
  write->due = 0;
  writer->order[writer->count++] = write;
  offer_begin(&offer, writer->channel, -1, write->m.message, 1);
  err = loopchan_write(&write->req, &writer->w, bytes, on_write);
  expect_result(err, memory_ran_out() ? UV_ENOMEM : wanted);
  settle_write(writer, write, &offer, err);
}

void op_try_write(const op_t *op) {
  writer_t *writer = writer_of(op);
  uint64_t message = ++world.last_message;
  char bytes[SIZE_MOST];
  offer_t offer;
  int err, wanted;
  model_t *m;

  if (writer == NULL)
    return;
  m = &writer->channel->m;
  wanted = writer->state != W_OPEN                   ? UV_EINVAL
           : model_has_waiting(m, number_of(writer)) ? UV_EAGAIN
                                                     : model_offer(m);
  message_fill(message, bytes, writer->channel->size);
  trace_begin("try_write(writer %d, message %d)", number_of(writer),
              (int) message, 0);
  offer_begin(&offer, writer->channel, -1, message, 1);
  memory_arm();
  err = loopchan_try_write(&writer->w, bytes);
  if (wanted == EITHER)
    wanted = err == 0 ? 0 : UV_EAGAIN;
  expect_result(err, memory_ran_out() ? UV_ENOMEM : wanted);
  offer_end(&offer, writer->channel, err == 0);
}

static void on_gone(loopchan_writer_t *w) {
  writer_t *writer = w->data;

  trace_enter("writer %d is told", number_of(writer), 0, 0);
  EXPECT(world.turning == writer->loop && writer->state == W_OPEN);
  EXPECT(writer->armed && model_refuses(&writer->channel->m));
  writer->armed = false;
  world_feed(writer->channel);
  trace_leave();
}

void op_on_closed(const op_t *op) {
  writer_t *writer = writer_of(op);
  bool arm = op->amount % 4 != 0;

  if (writer == NULL)
    return;
  trace_begin("writer_on_closed(writer %d, %d)", number_of(writer), arm, 0);
  expect_result(loopchan_writer_on_closed(&writer->w, arm ? on_gone : NULL),
                writer->state == W_OPEN ? 0 : UV_EINVAL);
  if (writer->state != W_OPEN)
    return;
  writer->armed = arm;
  writer->due = false;
}

static void on_writer_close(loopchan_writer_t *w) {
  writer_t *writer = w->data;

  trace_enter("writer %d is closed", number_of(writer), 0, 0);
  EXPECT(world.turning == writer->loop && writer->state == W_CLOSING);
  EXPECT(writer->count == 0);
  writer->state = W_CLOSED;
  writer->channel->m.senders--;
  writer->channel->touched = true;
  world_feed(writer->channel);
  trace_leave();
}

static void on_handle_close(uv_handle_t *handle) {
  on_writer_close((loopchan_writer_t *) handle);
}

void op_writer_close(const op_t *op) {
  writer_t *writer = writer_of(op);
  bool first, as_handle = op->amount % 2;
  int err = 0;

  if (writer == NULL)
    return;
  first = writer->state == W_OPEN;
  if (as_handle && !first)
    return;
  trace_begin("writer_close(writer %d)", number_of(writer), 0, 0);
  if (as_handle)
    loopchan_close_handle((uv_handle_t *) &writer->w, on_handle_close);
  else
    err = loopchan_writer_close(&writer->w, on_writer_close);
  expect_result(err, first ? 0 : UV_EALREADY);
  if (!first)
    return;
  writer->state = W_CLOSING;
  model_cancel(&writer->channel->m, number_of(writer));
}

void writer_begin_turn(writer_t *writer) {
  size_t i;

  if (writer->state == W_NEVER || writer->state == W_CLOSED)
    return;
  for (i = 0; i < writer->count; i++)
    writer->order[i]->due = writer->order[i]->m.status != UNDECIDED;
  writer->due = writer->state == W_OPEN && writer->armed &&
                model_refuses(&writer->channel->m);
  if (writer->state == W_CLOSING)
    writer->closing++;
}

void writer_end_turn(writer_t *writer) {
  /* By rendezvous a message may be in the receiver's hands when the writer is
   * closed: then it takes a turn to hear of it, and one to close. */
  if (loop_is_tight(writer->loop))
    return; /* op_settle sees that all is called back */
  EXPECT(writer->state != W_CLOSING || writer->closing < 2);
  if (writer->state != W_OPEN)
    return;
  EXPECT(writer->count == 0 || !writer->order[0]->due);
  EXPECT(!writer->due || !writer->armed);
}
