/* accept_pool: a server of HTTP/1.1 with several loops, of which an idle one
 * takes the next connection.
 *
 *   acceptor --> pool, a channel of descriptors --> servers, a loop each
 *
 * The work is done on the loops themselves. A loop that works reads nothing, so
 * it matters which loop a connection is given to. The other modes do that in
 * other ways, for comparison.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "../descriptors.h"
#include "../standard_files.h"
#include "must.h"
#include "pool.h"
#include "server.h"

/* Descriptors that are not connections: the process's, each loop's. */
enum { PROCESS_FILES = 32, LOOP_FILES = 16 };

struct program {
  struct settings settings;
  struct server *servers;
  struct pool pool;
  uv_loop_t loop; /* the main thread's: it accepts, in mode pool */
  uv_signal_t signals[2];
};

static void check_descriptors(const struct settings *s) {
  rlim_t needed = s->connections + s->ahead + 1 + PROCESS_FILES +
                  LOOP_FILES * (rlim_t) s->loops;

  if (get_descriptors(needed) == 0)
    return;
  fprintf(stderr,
          "accept_pool: %ju descriptors are needed (ulimit -n), or fewer "
          "--connections\n",
          (uintmax_t) needed);
  exit(EXIT_FAILURE);
}

/* The servers hear of the signal themselves, as soon as they have nothing to
 * do; so that they have nothing to do soon, they are told here. */
static void on_signal(uv_signal_t *handle, int number) {
  struct program *p = handle->data;

  (void) number;
  if (atomic_exchange(&p->settings.stopping, true))
    return;
  for (int i = 0; i < 2; i++)
    uv_close((uv_handle_t *) &p->signals[i], NULL);
  if (p->settings.mode == MODE_POOL)
    pool_close(&p->pool);
}

static void watch(struct program *p) {
  static const int numbers[] = {SIGTERM, SIGINT};

  for (int i = 0; i < 2; i++) {
    must(uv_signal_init(&p->loop, &p->signals[i]), "uv_signal_init");
    p->signals[i].data = p;
    must(uv_signal_start(&p->signals[i], on_signal, numbers[i]),
         "uv_signal_start");
  }
}

/* Returns the listening socket of a server; all have the same port. */
static int listen_for(struct program *p, unsigned i, int first) {
  struct settings *s = &p->settings;
  bool several = s->mode == MODE_REUSEPORT;
  int fd;

  if (i > 0 && !several) { /* mode shared */
    fd = dup(first);
    must(fd < 0 ? uv_translate_sys_error(errno) : 0, "dup");
    return fd;
  }
  must(acceptor_listen(&fd, &s->port, s->backlog, several, i == 0),
       "cannot listen");
  return fd;
}

static void start_pool(struct program *p) {
  struct server *servers = p->servers;

  for (unsigned i = 0; i < p->settings.loops; i++) {
    must(i == 0 ? pool_open(&p->pool, &p->settings, &servers[0].loop,
                            &servers[0].rx)
                : loopchan_receiver_clone(&servers[i].loop, &servers[i].rx,
                                          &servers[0].rx),
         "cannot open the channel");
    server_start(&servers[i], -1);
  }
  must(pool_accept(&p->pool, &p->loop, listen_for(p, 0, -1)), "cannot accept");
}

static void start(struct program *p) {
  struct settings *s = &p->settings;
  int fd = -1;

  p->servers = calloc(s->loops, sizeof(*p->servers));
  must(p->servers == NULL ? UV_ENOMEM : 0, "cannot start");
  must(uv_loop_init(&p->loop), "uv_loop_init");
  watch(p);
  for (unsigned i = 0; i < s->loops; i++) {
    p->servers[i].settings = s;
    p->servers[i].most =
        s->connections / s->loops + (i < s->connections % s->loops);
    server_open(&p->servers[i]);
  }
  if (s->mode == MODE_POOL)
    start_pool(p);
  else
    for (unsigned i = 0; i < s->loops; i++) {
      fd = listen_for(p, i, fd);
      server_start(&p->servers[i], fd);
    }
}

static void run(void *server) {
  server_run(server);
}

/* Prints the ledger. Returns whether all that was accepted is accounted for. */
static bool sum_up(const struct program *p) {
  const struct pool *pool = &p->pool;
  size_t received = 0, lacks = pool->acceptor.lacks;
  bool ok = true;

  for (unsigned i = 0; i < p->settings.loops; i++) {
    const struct server *s = &p->servers[i];

    printf(
        "loop %u: %zu connections; requests: %zu accepted, %zu answered, "
        "%zu abandoned, %zu refused\n",
        i, s->received, s->accepted, s->answered, s->abandoned, s->refused);
    received += s->received;
    lacks += s->acceptor.lacks;
    ok = ok && s->accepted == s->answered + s->abandoned;
  }
  printf("lacks of descriptors: %zu\n", lacks);
  if (p->settings.mode != MODE_POOL)
    return ok;
  printf(
      "channel: %zu connections accepted, %zu received, %zu dropped, "
      "%zu refused\n",
      pool->accepted, received, pool->dropped, pool->refused);
  return ok && pool->accepted == received + pool->dropped + pool->refused;
}

int main(int argc, char **argv) {
  static struct program p;
  int status;

  if (open_standard_files() != 0)
    must(uv_translate_sys_error(errno), "/dev/null");
  if (!settings_read(&p.settings, argc, argv, &status))
    return status;
  check_descriptors(&p.settings);
  signal(SIGPIPE, SIG_IGN); /* a client that has gone is no reason to die */
  start(&p);
  printf("http://127.0.0.1:%d/\n", p.settings.port);
  fflush(stdout); /* whoever started us waits for it, perhaps on a pipe */

  for (unsigned i = 0; i < p.settings.loops; i++)
    must(uv_thread_create(&p.servers[i].thread, run, &p.servers[i]),
         "uv_thread_create");
  uv_run(&p.loop, UV_RUN_DEFAULT);
  for (unsigned i = 0; i < p.settings.loops; i++)
    must(uv_thread_join(&p.servers[i].thread), "uv_thread_join");
  must(uv_loop_close(&p.loop), "a handle was left open");
  if (!sum_up(&p))
    status = EXIT_FAILURE;
  else
    status = EXIT_SUCCESS;
  free(p.servers);
  return flush_standard_output() == 0 ? status : EXIT_FAILURE;
}
