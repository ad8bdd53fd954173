/* connections: a listener, and what came in by it. */
#ifndef CONNECTIONS_H
#define CONNECTIONS_H

#include <h2o.h>

struct connections {
  uv_tcp_t listener;
  h2o_accept_ctx_t accept; /* who speaks HTTP with them */
  h2o_linklist_t all;
  size_t open; /* the listener included */
  void (*gone)(struct connections *);
  void *data; /* the user's */
};

/* Listens on 127.0.0.1; *port 0 is any, and is then told. Fill in accept first;
 * after an error, too, connections_stop ends it. */
int connections_listen(struct connections *c, uv_loop_t *loop, int *port);

/* Accepts no more. gone is called when the last one has gone. */
void connections_stop(struct connections *c);

/* Ends them from our side: shutdown(2) with this how. h2o then finds that its
 * peer has gone, and closes; with SHUT_RD it gets first what came before. */
void connections_hang_up(struct connections *c, int how);

#endif
