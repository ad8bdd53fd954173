/* connections: a listener, and what came in by it. */
#ifndef CONNECTIONS_H
#define CONNECTIONS_H

#include "connection.h"
#include "pages.h"

struct connections {
  uv_tcp_t listener;
  uv_timer_t timer; /* a second: see limit.h */
  struct pages *pages;
  struct connection *first;
  size_t open; /* clients */
  unsigned ticks;
  unsigned stopped; /* ticks: when the stop began */
  int stopping, listening;
  void (*gone)(struct connections *);
  void *data;            /* the user's */
  char buffer[32 << 10]; /* see connection.c */
};

/* Listens on 127.0.0.1; *port 0 is any, and is then told. Fill in pages and
 * gone first; after an error, too, connections_stop ends it. */
int connections_listen(struct connections *c, uv_loop_t *loop, int *port);

/* Accepts no more, connections or requests. gone is called when the last one
 * has gone, which takes STOP_S at most. */
void connections_stop(struct connections *c);

/* A connection's own. */
void connections_add(struct connections *all, struct connection *c);
void connections_remove(struct connection *c);

#endif
