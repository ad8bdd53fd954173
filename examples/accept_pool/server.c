#include <signal.h>
#include <unistd.h>

#include "../http_server/limit.h"
#include "must.h"
#include "server.h"

enum { TICK_MS = 1000, BATCH = 64 };

static const int signal_numbers[] = {SIGTERM, SIGINT};

/* ------------------------------------------------------ getting connections */

static void on_socket(loopchan_receiver_t *rx, int status, int *fd);

/* It may be started already; UV_EOF: there are no more, or it is closed. */
static void start_rx(struct server *s) {
  int err = sockets_recv_start(&s->rx, on_socket);

  must(err == UV_EALREADY || err == UV_EOF ? 0 : err, "loopchan_recv_start");
}

static void take_more(struct server *s) {
  if (!s->fed || s->open >= s->most)
    return;
  if (s->settings->mode == MODE_POOL)
    start_rx(s);
  else
    acceptor_start(&s->acceptor);
}

static void take_no_more(struct server *s) {
  if (s->settings->mode == MODE_POOL)
    must(loopchan_recv_stop(&s->rx), "loopchan_recv_stop");
  else
    acceptor_stop(&s->acceptor);
}

/* It is called before the loop looks at its sockets, and again after that. */
static void on_look(uv_idle_t *look) {
  struct server *s = look->data;

  if (s->looks++ == 0)
    return;
  uv_idle_stop(look);
  take_more(s);
}

/* Without this a loop could be given connections while it works, or several at
 * once although each has a request, while other loops wait. After the work the
 * loop first looks at its sockets, once: what is there goes before new
 * connections, but cannot keep them away for longer. */
void server_works(struct server *s) {
  if (s->settings->mode != MODE_POOL || !s->fed)
    return;
  take_no_more(s);
  if (uv_is_active((uv_handle_t *) &s->look))
    return;
  s->looks = 0;
  uv_idle_start(&s->look, on_look);
}

static void end_if_done(struct server *s) {
  if (!s->stopping || s->fed || s->open > 0 ||
      uv_is_closing((uv_handle_t *) &s->timer))
    return;
  uv_close((uv_handle_t *) &s->timer, NULL);
  uv_close((uv_handle_t *) &s->look, NULL);
  for (int i = 0; i < 2; i++)
    uv_close((uv_handle_t *) &s->signals[i], NULL);
}

static void no_longer_fed(struct server *s) {
  s->fed = false;
  end_if_done(s);
}

static void on_rx_closed(loopchan_receiver_t *rx) {
  no_longer_fed(rx->data);
}

static void on_acceptor_closed(struct acceptor *a) {
  no_longer_fed(a->data);
}

/* If this is the last receiver, what is left in the channel is dropped. A
 * second close does nothing. */
static void close_rx(struct server *s) {
  int err = loopchan_close(&s->rx, on_rx_closed);

  must(err == UV_EALREADY ? 0 : err, "loopchan_close");
}

static void add(struct server *s, int fd) {
  s->received++;
  connection_open(s, fd);
  if (s->open >= s->most)
    take_no_more(s);
}

/* While the server stops it has nothing else to do, and takes what is left. */
static void on_socket(loopchan_receiver_t *rx, int status, int *fd) {
  struct server *s = rx->data;

  if (status != 0) {
    close_rx(s);
    return;
  }
  if (!s->stopping)
    server_works(s);
  add(s, *fd);
  if (s->stopping && s->open >= s->most)
    close_rx(s);
}

static void on_accepted(struct acceptor *a, int fd) {
  add(a->data, fd);
}

void server_add(struct server *s, struct connection *c) {
  c->next = s->first;
  if (c->next != NULL)
    c->next->previous = c;
  s->first = c;
  s->open++;
}

void server_remove(struct server *s, struct connection *c) {
  if (c->next != NULL)
    c->next->previous = c->previous;
  if (c->previous != NULL)
    c->previous->next = c->next;
  else
    s->first = c->next;
  s->open--;
  if (!s->stopping && !uv_is_active((uv_handle_t *) &s->look))
    take_more(s);
  end_if_done(s);
}

/* ------------------------------------------------------------------ the end */

bool server_stops(const struct server *s) {
  return s->stopping || atomic_load(&s->settings->stopping);
}

/* What has been accepted hears that the server stops, as far as there is room.
 * Every loop hears of the signal by itself; a second signal finds no handler,
 * and kills. */
static void on_signal(uv_signal_t *handle, int number) {
  struct server *s = handle->data;

  (void) number;
  for (int i = 0; i < 2; i++)
    uv_signal_stop(&s->signals[i]);
  if (s->stopping)
    return;
  s->stopping = true;
  s->stopped = s->ticks;
  uv_idle_stop(&s->look);
  if (s->settings->mode != MODE_POOL)
    acceptor_close(&s->acceptor);
  else if (s->open < s->most)
    start_rx(s);
  else
    close_rx(s);
  for (struct connection *c = s->first; c != NULL; c = c->next)
    connection_stop(c);
}

/* A connection that closes stays in the list until the loop's next turn. */
static void on_tick(uv_timer_t *timer) {
  struct server *s = timer->data;
  bool over;

  s->ticks++;
  over = s->stopping && s->ticks - s->stopped >= STOP_S;
  if (over && s->settings->mode == MODE_POOL)
    close_rx(s);
  for (struct connection *c = s->first; c != NULL; c = c->next)
    if (over)
      connection_close(c);
    else
      connection_tick(c);
}

/* ------------------------------------------------------------- the beginning
 */

void server_open(struct server *s) {
  must(uv_loop_init(&s->loop), "uv_loop_init");
  must(uv_timer_init(&s->loop, &s->timer), "uv_timer_init");
  must(uv_idle_init(&s->loop, &s->look), "uv_idle_init");
  s->timer.data = s->look.data = s;
  for (int i = 0; i < 2; i++) {
    must(uv_signal_init(&s->loop, &s->signals[i]), "uv_signal_init");
    s->signals[i].data = s;
  }
}

void server_start(struct server *s, int fd) {
  s->fed = true;
  for (int i = 0; i < 2; i++)
    must(uv_signal_start(&s->signals[i], on_signal, signal_numbers[i]),
         "uv_signal_start");
  must(uv_timer_start(&s->timer, on_tick, TICK_MS, TICK_MS), "uv_timer_start");
  if (s->settings->mode == MODE_POOL) {
    s->rx.data = s;
  } else {
    s->acceptor.take = on_accepted;
    s->acceptor.closed = on_acceptor_closed;
    s->acceptor.data = s;
    /* From a socket that others poll too, a loop takes one at a time. */
    s->acceptor.batch = s->settings->mode == MODE_SHARED ? 1 : BATCH;
    must(acceptor_open(&s->acceptor, &s->loop, fd), "cannot listen");
  }
  take_more(s);
}

void server_run(struct server *s) {
  uv_run(&s->loop, UV_RUN_DEFAULT);
  must(uv_loop_close(&s->loop), "a handle was left open");
}
