#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "acceptor.h"

enum { AGAIN_MS = 100 };

static int set(int fd, int option) {
  int on = 1;

  return setsockopt(fd, SOL_SOCKET, option, &on, sizeof(on));
}

static int bind_at(int fd, int port) {
  struct sockaddr_in address;

  uv_ip4_addr("127.0.0.1", port, &address);
  return bind(fd, (struct sockaddr *) &address, sizeof(address));
}

/* The first socket is bound before it is shared, so that it fails if another
 * program listens there, even if that program shares its port. */
static int listen_at(int fd, int *port, int backlog, bool share, bool first) {
  struct sockaddr_in address;
  socklen_t bytes = sizeof(address);

  if (set(fd, SO_REUSEADDR) != 0)
    return -1;
  if (first && bind_at(fd, *port) != 0)
    return -1;
  if (share && set(fd, SO_REUSEPORT) != 0)
    return -1;
  if (!first && bind_at(fd, *port) != 0)
    return -1;
  if (listen(fd, backlog) != 0 ||
      getsockname(fd, (struct sockaddr *) &address, &bytes) != 0)
    return -1;
  *port = ntohs(address.sin_port);
  return 0;
}

int acceptor_listen(int *fd, int *port, int backlog, bool share, bool first) {
  int err;

  *fd = socket(AF_INET, SOCK_STREAM, 0);
  if (*fd < 0)
    return uv_translate_sys_error(errno);
  if (listen_at(*fd, port, backlog, share, first) == 0)
    return 0;
  err = uv_translate_sys_error(errno);
  close(*fd);
  return err;
}

static void on_closed(uv_handle_t *handle) {
  struct acceptor *a = handle->data;

  if (--a->handles > 0)
    return;
  close(a->fd);
  a->closed(a);
}

static void on_ready(uv_poll_t *poll, int status, int events);

static void listen_again(struct acceptor *a) {
  if (a->wanted && !uv_is_active((uv_handle_t *) &a->again) &&
      !uv_is_closing((uv_handle_t *) &a->poll))
    uv_poll_start(&a->poll, UV_READABLE, on_ready);
}

static void on_again(uv_timer_t *again) {
  listen_again(again->data);
}

/* The connection stays in the backlog, so the socket stays readable, and to go
 * on polling it would keep a processor busy with failures. Descriptors may come
 * back in any part of the process or the system: so it tries again later. */
static void wait_for_descriptors(struct acceptor *a) {
  a->lacks++;
  uv_timer_start(&a->again, on_again, AGAIN_MS, 0);
  uv_poll_stop(&a->poll);
}

/* All other errors are those of one connection, which is gone. */
static void on_ready(uv_poll_t *poll, int status, int events) {
  struct acceptor *a = poll->data;

  (void) status;
  (void) events;
  for (int i = 0; i < a->batch && uv_is_active((uv_handle_t *) poll); i++) {
    int fd = accept(a->fd, NULL, NULL);

    if (fd >= 0)
      a->take(a, fd);
    else if (errno == EAGAIN || errno == EWOULDBLOCK)
      return;
    else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
             errno == ENOMEM)
      wait_for_descriptors(a);
  }
}

/* uv_poll_init makes the socket non-blocking. */
int acceptor_open(struct acceptor *a, uv_loop_t *loop, int fd) {
  int err = uv_timer_init(loop, &a->again);

  if (err == 0)
    err = uv_poll_init(loop, &a->poll, fd);
  a->fd = fd;
  a->poll.data = a->again.data = a;
  a->handles = 2;
  return err;
}

void acceptor_start(struct acceptor *a) {
  a->wanted = true;
  listen_again(a);
}

void acceptor_stop(struct acceptor *a) {
  a->wanted = false;
  uv_poll_stop(&a->poll);
}

void acceptor_close(struct acceptor *a) {
  uv_close((uv_handle_t *) &a->poll, on_closed);
  uv_close((uv_handle_t *) &a->again, on_closed);
}
