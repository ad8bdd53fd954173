/* server: one of the loops that serve, its connections, and where it gets them
 * from.
 *
 *   mode pool:      the channel, by a receiver of its own
 *   other modes:    an acceptor of its own
 *
 * It takes a connection only when it has nothing else to do. Its receiver is
 * started while the loop waits for something to happen, and stopped while
 * it works; so the channel gives the next connection to a loop that waits.
 */
#ifndef SERVER_H
#define SERVER_H

#include <stdint.h>

#include "connection.h"
#include "pool.h"

struct server {
  const struct settings *settings;
  size_t most; /* connections */
  uv_loop_t loop;
  uv_thread_t thread;
  uv_signal_t signals[2];
  uv_timer_t timer; /* a second: see limit.h */
  uv_idle_t look;   /* active: the loop looks at its sockets before it waits */
  unsigned looks;   /* since then */
  loopchan_receiver_t rx;   /* mode pool */
  struct acceptor acceptor; /* other modes */
  bool fed;                 /* more connections may come */
  bool stopping;
  struct connection *first;
  size_t open;
  unsigned ticks;
  unsigned stopped; /* ticks: when the stop began */

  /* The ledger. */
  size_t received;  /* connections */
  size_t accepted;  /* requests that are worked on */
  size_t answered;  /* of those: the system took the last byte of the answer */
  size_t abandoned; /* of those: the others */
  size_t refused;   /* requests answered otherwise */
};

/* Fill in settings and most before. fd is the server's listening socket, or -1
 * in mode pool, where rx has to be open on the loop before server_start. */
void server_open(struct server *s);
void server_start(struct server *s, int fd);

/* Runs the loop until it has been told to stop, and has stopped. */
void server_run(struct server *s);

/* For connections: what comes next takes a while. */
void server_works(struct server *s);

/* For connections: whether new requests are to be refused. */
bool server_stops(const struct server *s);

/* A connection's own. */
void server_add(struct server *s, struct connection *c);
void server_remove(struct server *s, struct connection *c);

#endif
