/* http_server: HTTP/1.1 and HTTP/2 on one loop, by libh2o, and the work that
 * takes a processor's time elsewhere.
 *
 *   connections --> h2o --> pages --> crew --> pages --> h2o --> connections
 *
 * This file is the server's life, and above all its end, which goes the same
 * way: no more connections; when the last has gone nobody can submit, so the
 * crew finishes; when that has ended, so does the loop.
 */
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>

#include "connections.h"
#include "options.h"
#include "pages.h"

enum { TICK_MS = 1000, PATIENCE_TICKS = 5 };

struct server {
  uv_loop_t loop;
  h2o_globalconf_t config;
  h2o_context_t context;
  struct connections connections;
  struct crew crew;
  struct pages pages;
  uv_signal_t signals[2];
  uv_timer_t tick;
  int patience; /* ticks left to those who do not read */
};

/* h2o keeps a handle open until it is disposed of, so the loop does not end by
 * itself. */
static void on_crew_ended(struct crew *crew) {
  uv_stop(crew->loop);
}

static void on_connections_gone(struct connections *c) {
  struct server *s = c->data;
  uv_timer_stop(&s->tick);
  s->crew.kind->finish(&s->crew);
}

/* A second was time enough for clients to read that we go. Those that wait for
 * an answer get it; the others are idle. One that does not read its answer may
 * keep us some seconds, not for ever. */
static void on_tick(uv_timer_t *tick) {
  struct server *s = tick->data;
  const struct ledger *l = &s->pages.ledger;

  if (l->accepted > l->answered + l->abandoned)
    s->patience = PATIENCE_TICKS;
  else if (--s->patience == 0)
    connections_hang_up(&s->connections, SHUT_RDWR);
  else if (l->open == 0)
    connections_hang_up(&s->connections, SHUT_RD);
}

/* h2o tells its clients that they shall send no more: "connection: close" with
 * the next answer, or GOAWAY. A second later it would send another GOAWAY and
 * close connections as soon as it has begun to write the last answer, which
 * cuts a long one off; so without that, and on_tick instead. */
static void stop(struct server *s) {
  s->patience = PATIENCE_TICKS;
  uv_timer_start(&s->tick, on_tick, TICK_MS, TICK_MS);
  connections_stop(&s->connections);
  h2o_context_request_shutdown(&s->context);
  h2o_timeout_unlink(&s->context.http2._graceful_shutdown_timeout);
}

/* A second signal finds no handler, and kills. */
static void on_signal(uv_signal_t *handle, int signum) {
  struct server *s = handle->data;
  (void) signum;
  for (int i = 0; i < 2; i++)
    uv_signal_stop(&s->signals[i]);
  stop(s);
}

static int watch(struct server *s) {
  static const int numbers[] = {SIGTERM, SIGINT};
  int err = uv_timer_init(&s->loop, &s->tick);

  s->tick.data = s;
  for (int i = 0; err == 0 && i < 2; i++) {
    err = uv_signal_init(&s->loop, &s->signals[i]);
    s->signals[i].data = s;
    if (err == 0)
      err = uv_signal_start(&s->signals[i], on_signal, numbers[i]);
  }
  return err;
}

static void set_up(struct server *s, const struct options *o) {
  s->crew = (struct crew){.kind = o->kind,
                          .loop = &s->loop,
                          .workers = o->workers,
                          .ahead = o->ahead,
                          .done = pages_answer,
                          .ended = on_crew_ended};
  s->pages.crew = &s->crew;
  s->pages.cost = o->cost;
  h2o_config_init(&s->config);
  pages_register(&s->pages, &s->config);
  h2o_context_init(&s->context, &s->loop, &s->config);
  s->connections.accept.ctx = &s->context;
  s->connections.accept.hosts = s->config.hosts;
  s->connections.gone = on_connections_gone;
  s->connections.data = s;
}

static void close_one(uv_handle_t *handle, void *arg) {
  (void) arg;
  if (!uv_is_closing(handle))
    uv_close(handle, NULL);
}

/* The first error counts; whatever happens, all is given back. */
static int serve(struct server *s, const struct options *o) {
  int port = o->port;
  int err = uv_loop_init(&s->loop);

  if (err != 0)
    return err;
  set_up(s, o);
  err = watch(s);
  if (err == 0)
    err = s->crew.kind->start(&s->crew);
  if (err == 0)
    err = connections_listen(&s->connections, &s->loop, &port);
  if (err == 0) {
    printf("http://127.0.0.1:%d/\n", port);
    fflush(stdout); /* whoever started us waits for it, perhaps on a pipe */
  } else {
    stop(s);
  }
  uv_run(&s->loop, UV_RUN_DEFAULT);
  h2o_context_dispose(&s->context);
  h2o_config_dispose(&s->config);
  uv_walk(&s->loop, close_one, NULL);
  uv_run(&s->loop, UV_RUN_DEFAULT);
  int left = uv_loop_close(&s->loop); /* UV_EBUSY: something was forgotten */
  return err == 0 ? left : err;
}

int main(int argc, char **argv) {
  static struct server s;
  const struct ledger *l = &s.pages.ledger;
  struct options o;
  int status, err;

  if (!options_read(&o, argc, argv, &status))
    return status;
  signal(SIGPIPE, SIG_IGN); /* a client that has gone is no reason to die */
  err = serve(&s, &o);
  printf("accepted %zu, answered %zu, abandoned %zu, refused %zu\n",
         l->accepted, l->answered, l->abandoned, l->refused);
  if (err != 0)
    fprintf(stderr, "http_server: %s\n", uv_strerror(err));
  /* libuv would end its threads after OpenSSL, whose memory they have. */
  uv_library_shutdown();
  return err != 0 || l->accepted != l->answered + l->abandoned;
}
