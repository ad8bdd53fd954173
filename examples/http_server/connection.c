#include <stdlib.h>

#include "connection.h"
#include "connections.h"

enum { SEND_BUFFER = 128 << 10 };

static void on_closed(uv_handle_t *handle) {
  connections_remove((struct connection *) handle);
  free(handle);
}

void connection_close(struct connection *c) {
  if (c->state == CLOSED)
    return;
  c->state = CLOSED;
  c->protocol->lost(c);
  uv_close((uv_handle_t *) &c->tcp, on_closed);
}

static void on_shutdown(uv_shutdown_t *shutdown, int status) {
  struct connection *c = shutdown->data;
  if (status != 0 && status != UV_ECANCELED)
    connection_close(c);
}

void connection_finish(struct connection *c) {
  if (c->state != OPEN)
    return;
  c->state = LINGERING;
  connection_resume(c);
  c->since = c->all->ticks;
  c->shutdown.data = c;
  if (uv_shutdown(&c->shutdown, (uv_stream_t *) &c->tcp, on_shutdown) != 0)
    connection_close(c);
}

static void on_write(uv_write_t *write, int status) {
  struct connection *c = write->data;

  c->writing = 0;
  if (c->state == CLOSED)
    return;
  c->moved = c->all->ticks;
  if (status != 0)
    connection_close(c);
  else
    c->protocol->sent(c);
}

void connection_send(struct connection *c, const uv_buf_t *bufs,
                     unsigned count) {
  if (c->state != OPEN)
    return;
  c->writing = 1;
  c->moved = c->all->ticks;
  c->write.data = c;
  if (uv_write(&c->write, (uv_stream_t *) &c->tcp, bufs, count, on_write) != 0)
    connection_close(c);
  else
    c->unsent = uv_stream_get_write_queue_size((uv_stream_t *) &c->tcp);
}

/* What is read is used before the next read: one buffer is enough for all. */
static void on_room(uv_handle_t *handle, size_t suggested, uv_buf_t *buf) {
  struct connection *c = (struct connection *) handle;
  (void) suggested;
  *buf = uv_buf_init(c->all->buffer, sizeof(c->all->buffer));
}

static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buf) {
  struct connection *c = (struct connection *) stream;

  if (count == 0 || (count > 0 && c->state == LINGERING))
    return;
  if (count > 0)
    c->protocol->read(c, buf->base, (size_t) count);
  else if (count == UV_EOF && c->state == OPEN)
    c->protocol->eof(c);
  else
    connection_close(c);
}

void connection_pause(struct connection *c) {
  c->paused = 1;
  uv_read_stop((uv_stream_t *) &c->tcp);
}

void connection_resume(struct connection *c) {
  if (c->paused && c->state != CLOSED)
    uv_read_start((uv_stream_t *) &c->tcp, on_room, on_read);
  c->paused = 0;
}

/* Without memory a client is accepted and closed, or it would stay at the head
 * of the queue, and the listener would ask again and again. */
static void decline(struct connections *all) {
  static uv_tcp_t declined;

  if (declined.loop != NULL && uv_is_closing((uv_handle_t *) &declined))
    return; /* still; libuv keeps this one, and the listener waits */
  if (uv_tcp_init(all->listener.loop, &declined) != 0)
    return;
  uv_accept((uv_stream_t *) &all->listener, (uv_stream_t *) &declined);
  uv_close((uv_handle_t *) &declined, NULL);
}

/* Small answers do not wait for a client's acknowledgements. The system takes
 * no more ahead than it can show progress with, see connection_tick. */
static void set_up(struct connection *c) {
  int bytes = SEND_BUFFER;

  uv_tcp_nodelay(&c->tcp, 1);
  uv_send_buffer_size((uv_handle_t *) &c->tcp, &bytes);
  if (c->turned_away)
    c->protocol->stop(c);
}

void connection_accept(struct connections *all) {
  struct connection *c = calloc(1, sizeof(*c));
  int err;

  if (c == NULL || uv_tcp_init(all->listener.loop, &c->tcp) != 0) {
    free(c);
    decline(all);
    return;
  }
  c->since = c->moved = all->ticks;
  connections_add(all, c);
  http1_begin(c);
  err = uv_accept((uv_stream_t *) &all->listener, (uv_stream_t *) &c->tcp);
  if (err == 0)
    err = uv_read_start((uv_stream_t *) &c->tcp, on_room, on_read);
  if (err != 0 || all->open > MOST_CONNECTIONS + MOST_TURNED_AWAY)
    connection_close(c);
  else
    set_up(c);
}

void connection_tick(struct connection *c) {
  size_t unsent = uv_stream_get_write_queue_size((uv_stream_t *) &c->tcp);

  if (unsent < c->unsent)
    c->moved = c->all->ticks;
  c->unsent = unsent;
  if (c->state == OPEN)
    c->protocol->tick(c);
  else if (c->state == LINGERING && c->all->ticks - c->since > LINGER_S)
    connection_close(c);
}
