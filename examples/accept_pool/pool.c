#include <unistd.h>

#include "must.h"
#include "pool.h"

enum { BATCH = 64 };

/* Called in the close of the last receiver, so on one thread. Without it the
 * clients would wait for a server that has forgotten them. */
static void hang_up(void *msg, void *arg) {
  struct pool *p = arg;

  close(*(int *) msg);
  p->dropped++;
}

static void refuse(struct pool *p, int fd) {
  close(fd);
  p->refused++;
}

/* There was room for the one that waited. UV_EPIPE: all receivers are closed.
 * UV_ECANCELED: pool_close was called. */
static void on_written(loopchan_write_t *waiting, int status) {
  struct pool *p = waiting->data;

  if (status == 0)
    acceptor_start(&p->acceptor);
  else
    refuse(p, *(int *) waiting->msg);
}

/* The loop never waits, and never has more than one that the channel did not
 * take: while that one waits for room, the others wait in the backlog. */
static void take(struct acceptor *a, int fd) {
  struct pool *p = a->data;
  int err;

  p->accepted++;
  err = sockets_try_write(&p->writer, &fd);
  if (err == UV_EAGAIN) {
    err = sockets_write(&p->waiting, &p->writer, &fd, on_written);
    acceptor_stop(a);
    if (err != 0)
      acceptor_start(a);
  }
  if (err != 0)
    refuse(p, fd);
}

static void on_closed(struct acceptor *a) {
  (void) a;
}

int pool_open(struct pool *p, const struct settings *settings, uv_loop_t *loop,
              loopchan_receiver_t *rx) {
  loopchan_options_t options = {
      .capacity = settings->ahead == 0 ? LOOPCHAN_RENDEZVOUS : settings->ahead,
      .drop = hang_up,
      .drop_arg = p,
      .spin_ns = LOOPCHAN_NO_SPIN, /* a loop that waits should sleep */
      .flags = LOOPCHAN_SHARED};

  return sockets_open(loop, rx, &p->tx, &options);
}

int pool_accept(struct pool *p, uv_loop_t *loop, int fd) {
  int err = loopchan_writer_open(loop, &p->writer, p->tx);

  if (err != 0)
    return err;
  p->waiting.data = p;
  p->acceptor.batch = BATCH;
  p->acceptor.take = take;
  p->acceptor.closed = on_closed;
  p->acceptor.data = p;
  err = acceptor_open(&p->acceptor, loop, fd);
  if (err == 0)
    acceptor_start(&p->acceptor);
  return err;
}

/* It was the only sender: the receivers get what is in the channel, then
 * UV_EOF. */
void pool_close(struct pool *p) {
  acceptor_close(&p->acceptor);
  must(loopchan_writer_close(&p->writer, NULL), "loopchan_writer_close");
}
