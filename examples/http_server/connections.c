#include <stdlib.h>
#include <sys/socket.h>

#include "connections.h"

enum { BACKLOG = 511 };

struct connection {
  uv_tcp_t tcp; /* first: a handle is its connection */
  h2o_linklist_t link;
  struct connections *all;
};

static void leave(struct connections *c) {
  if (--c->open == 0)
    c->gone(c);
}

static void on_closed(uv_handle_t *handle) {
  struct connection *one = (struct connection *) handle;
  struct connections *all = one->all;

  h2o_linklist_unlink(&one->link);
  free(one);
  leave(all);
}

/* An error here is one client's, or a lack of descriptors: libuv tries again
 * when there is one. */
static void on_connection(uv_stream_t *listener, int status) {
  struct connections *all = listener->data;
  struct connection *one;

  if (status != 0)
    return;
  one = h2o_mem_alloc(sizeof(*one));
  if (uv_tcp_init(listener->loop, &one->tcp) != 0) {
    free(one);
    return;
  }
  one->all = all;
  one->link = (h2o_linklist_t){NULL, NULL};
  h2o_linklist_insert(&all->all, &one->link);
  all->open++;
  if (uv_accept(listener, (uv_stream_t *) &one->tcp) != 0)
    uv_close((uv_handle_t *) &one->tcp, on_closed);
  else
    h2o_accept(&all->accept,
               h2o_uv_socket_create((uv_stream_t *) &one->tcp, on_closed));
}

int connections_listen(struct connections *c, uv_loop_t *loop, int *port) {
  struct sockaddr_in address;
  int bytes = sizeof(address);
  int err = uv_tcp_init(loop, &c->listener);

  h2o_linklist_init_anchor(&c->all);
  if (err != 0)
    return err;
  c->listener.data = c;
  c->open = 1;
  err = uv_ip4_addr("127.0.0.1", *port, &address);
  if (err == 0)
    err = uv_tcp_bind(&c->listener, (struct sockaddr *) &address, 0);
  if (err == 0)
    err = uv_listen((uv_stream_t *) &c->listener, BACKLOG, on_connection);
  if (err == 0)
    err =
        uv_tcp_getsockname(&c->listener, (struct sockaddr *) &address, &bytes);
  if (err == 0)
    *port = ntohs(address.sin_port);
  return err;
}

static void on_listener_closed(uv_handle_t *handle) {
  leave(handle->data);
}

void connections_stop(struct connections *c) {
  if (c->open == 0) /* it never listened */
    c->gone(c);
  else
    uv_close((uv_handle_t *) &c->listener, on_listener_closed);
}

void connections_hang_up(struct connections *c, int how) {
  for (h2o_linklist_t *l = c->all.next; l != &c->all; l = l->next) {
    struct connection *one = H2O_STRUCT_FROM_MEMBER(struct connection, link, l);
    uv_os_fd_t fd;
    if (uv_fileno((uv_handle_t *) &one->tcp, &fd) == 0)
      shutdown(fd, how); /* fails if the client was faster: as well */
  }
}
