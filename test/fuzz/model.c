/* model: what the contract says of one channel, for one thread. */
#include "model.h"

#include <loopchan.h>
#include <string.h>

#include "fuzz.h"

void model_open(model_t *m, bool on_loop, unsigned flags, size_t capacity,
                unsigned budget_messages) {
  memset(m, 0, sizeof *m);
  m->on_loop = on_loop;
  m->shared = (flags & LOOPCHAN_SHARED) != 0;
  m->latest = (flags & LOOPCHAN_LATEST) != 0;
  m->capacity = capacity;
  m->budget_messages = budget_messages;
  m->senders = 1;
}

bool model_by_hand(const model_t *m) {
  return m->capacity == LOOPCHAN_RENDEZVOUS;
}

bool model_refuses(const model_t *m) {
  return m->shut || m->closed;
}

bool model_ended(const model_t *m) {
  return model_refuses(m) || m->senders == 0;
}

size_t model_room(const model_t *m) {
  if (m->capacity == LOOPCHAN_UNBOUNDED || model_by_hand(m) || m->latest)
    return SIZE_MAX;
  EXPECT(m->count + m->reserved <= m->capacity);
  return m->capacity - m->count - m->reserved;
}

int model_offer(const model_t *m) {
  if (model_refuses(m))
    return UV_EPIPE;
  if (!model_by_hand(m))
    return model_room(m) > 0 ? 0 : UV_EAGAIN;
  return m->waits == YES ? 0 : m->waits == NO ? UV_EAGAIN : EITHER;
}

static void put(model_t *m, uint64_t message) {
  EXPECT(m->count < QUEUE_MOST);
  m->queue[(m->first + m->count++) % QUEUE_MOST] = message;
  m->sent++;
}

void model_accept(model_t *m, uint64_t message) {
  EXPECT(!model_refuses(m) && model_room(m) > 0);
  EXPECT(!m->latest || m->count == 0);
  put(m, message);
  m->waits = NO;
}

static request_t *leave_line(model_t *m, size_t at) {
  request_t *request = m->line[at];

  m->waiting--;
  for (; at < m->waiting; at++)
    m->line[at] = m->line[at + 1];
  return request;
}

/* Each place that is free goes to the first in line. */
static void serve(model_t *m) {
  while (!model_by_hand(m) && m->waiting > 0 && model_room(m) > 0) {
    request_t *request = leave_line(m, 0);
    put(m, request->message);
    request->status = 0;
  }
}

void model_reserve(model_t *m) {
  EXPECT(model_room(m) > 0);
  m->reserved++;
}

void model_give_back(model_t *m) {
  EXPECT(m->reserved > 0);
  m->reserved--;
  if (!m->closed)
    serve(m);
}

void model_write(model_t *m, request_t *request) {
  if (model_refuses(m)) {
    request->status = UV_EPIPE;
    return;
  }
  EXPECT(m->waiting < LINE_MOST);
  request->status = UNDECIDED;
  m->line[m->waiting++] = request;
  m->waits = NO; /* joining rouses the receiver */
  serve(m);
}

bool model_has_waiting(const model_t *m, int writer) {
  size_t i;

  for (i = 0; i < m->waiting; i++)
    if (m->line[i]->writer == writer)
      return true;
  return false;
}

void model_cancel(model_t *m, int writer) {
  size_t i = 0;

  while (i < m->waiting)
    if (m->line[i]->writer == writer)
      leave_line(m, i)->status = UV_ECANCELED;
    else
      i++;
  if (m->started)
    m->waits = MAYBE;
}

int model_look(const model_t *m) {
  if (m->count > 0 || (model_by_hand(m) && m->waiting > 0))
    return 0;
  return model_ended(m) ? UV_EOF : UV_EAGAIN;
}

static uint64_t pop(model_t *m) {
  uint64_t message = m->queue[m->first];

  EXPECT(m->count > 0);
  m->first = (m->first + 1) % QUEUE_MOST;
  m->count--;
  return message;
}

uint64_t model_take(model_t *m, request_t **pulled) {
  uint64_t message;

  *pulled = NULL;
  m->received++;
  if (m->started)
    m->waits = MAYBE;
  if (m->count == 0) {
    *pulled = leave_line(m, 0);
    m->sent++;
    return (*pulled)->message;
  }
  message = pop(m);
  serve(m);
  return message;
}

bool model_replace(model_t *m, uint64_t *replaced) {
  EXPECT(m->latest && m->count <= 1);
  if (m->count == 0)
    return false;
  *replaced = pop(m);
  m->dropped++;
  return true;
}

uint64_t model_drop(model_t *m) {
  EXPECT(m->closed);
  m->dropped++;
  return pop(m);
}

void model_start(model_t *m, bool undisturbed) {
  m->started = true;
  m->waits = MAYBE;
  if (undisturbed)
    model_settle(m);
}

void model_stop(model_t *m) {
  m->started = false;
  m->waits = NO;
}

void model_settle(model_t *m) {
  m->waits = m->started && model_look(m) == UV_EAGAIN ? YES : NO;
}

static void refuse_line(model_t *m) {
  while (m->waiting > 0)
    leave_line(m, 0)->status = UV_EPIPE;
}

void model_shutdown(model_t *m) {
  m->shut = true;
  refuse_line(m);
}

void model_close(model_t *m) {
  m->closed = true;
  m->started = false;
  refuse_line(m);
}
