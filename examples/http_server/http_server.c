/* http_server: HTTP/1.1 and HTTP/2 on one loop, and the work that takes a
 * processor's time elsewhere.
 *
 *   connections --> http1, http2 --> pages --> crew --> pages --> and back
 *
 * This file is the server's life, and above all its end, which goes the same
 * way: no more connections; when the last has gone nobody can submit, so the
 * crew finishes; when that has ended, so does the loop.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include <loopchan.h>

#include "../descriptors.h"
#include "../standard_files.h"
#include "../thread_pool.h"
#include "connections.h"
#include "options.h"
#include "pages.h"
#include "password.h"

/* Descriptors that are not clients': the process's, the loop's. */
enum { OTHER_FILES = 32 };

struct server {
  uv_loop_t loop;
  uv_work_t nothing; /* see start_pool */
  struct connections connections;
  struct crew crew;
  struct pages pages;
  uv_signal_t signals[2];
};

/* Nothing is left in the loop, so that ends. */
static void on_crew_ended(struct crew *crew) {
  (void) crew;
}

static void on_connections_gone(struct connections *c) {
  struct server *s = c->data;
  s->crew.kind->finish(&s->crew);
}

/* As long as a signal is waited for, the loop does not end. */
static void stop(struct server *s) {
  for (int i = 0; i < 2; i++)
    uv_signal_stop(&s->signals[i]);
  connections_stop(&s->connections);
}

/* A second signal finds no handler, and kills. */
static void on_signal(uv_signal_t *handle, int signum) {
  (void) signum;
  stop(handle->data);
}

static int watch(struct server *s) {
  static const int numbers[] = {SIGTERM, SIGINT};
  int err = 0;

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
                          .ended = on_crew_ended,
                          .data = &s->pages};
  s->pages.crew = &s->crew;
  s->pages.cost = o->cost;
  s->pages.patience = o->patience;
  s->pages.hold.most = MOST_HELD;
  s->connections.pages = &s->pages;
  s->connections.gone = on_connections_gone;
  s->connections.data = s;
}

/* So the pool starts now, and not at the first client's check of the disk. */
static void do_nothing(uv_work_t *req) {
  (void) req;
}

static void close_one(uv_handle_t *handle, void *arg) {
  (void) arg;
  if (!uv_is_closing(handle))
    loopchan_close_handle(handle, NULL); /* receivers too */
}

/* The first error counts; whatever happens, all is given back. */
static int serve(struct server *s, const struct options *o) {
  int port = o->port;
  int err = uv_loop_init(&s->loop);

  if (err != 0)
    return err;
  set_up(s, o);
  err = password_prepare();
  if (err == 0)
    err = watch(s);
  if (err == 0)
    err = s->crew.kind->start(&s->crew);
  if (err == 0)
    err = queue_first_work("http_server: no threads for libuv's pool\n",
                           &s->loop, &s->nothing, do_nothing, NULL);
  if (err == 0)
    err = connections_listen(&s->connections, &s->loop, &port);
  if (err == 0) {
    printf("http://127.0.0.1:%d/\n", port);
    fflush(stdout); /* whoever started us waits for it, perhaps on a pipe */
  } else {
    stop(s);
  }
  uv_run(&s->loop, UV_RUN_DEFAULT);
  uv_walk(&s->loop, close_one, NULL);
  uv_run(&s->loop, UV_RUN_DEFAULT);
  int left = uv_loop_close(&s->loop); /* UV_EBUSY: something was forgotten */
  return err == 0 ? left : err;
}

static int check_descriptors(void) {
  rlim_t needed = MOST_CONNECTIONS + MOST_TURNED_AWAY + 1 + OTHER_FILES;

  if (get_descriptors(needed) == 0)
    return 1;
  fprintf(stderr, "http_server: %ju descriptors are needed (ulimit -n)\n",
          (uintmax_t) needed);
  return 0;
}

int main(int argc, char **argv) {
  static struct server s;
  const struct ledger *l = &s.pages.ledger;
  struct options o;
  int status, err;

  if (open_standard_files() != 0) {
    fprintf(stderr, "http_server: /dev/null: %s\n",
            uv_strerror(uv_translate_sys_error(errno)));
    return EXIT_FAILURE;
  }
  if (!options_read(&o, argc, argv, &status))
    return status;
  if (!check_descriptors())
    return EXIT_FAILURE;
  signal(SIGPIPE, SIG_IGN); /* a client that has gone is no reason to die */
  err = serve(&s, &o);
  printf("accepted %zu, answered %zu, abandoned %zu, refused %zu\n",
         l->accepted, l->answered, l->abandoned, l->refused);
  if (flush_standard_output() != 0 && err == 0)
    err = uv_translate_sys_error(errno);
  if (err != 0)
    fprintf(stderr, "http_server: %s\n", uv_strerror(err));
  /* libuv would end its threads after OpenSSL, whose memory they have. */
  uv_library_shutdown();
  return err != 0 || l->accepted != l->answered + l->abandoned;
}
