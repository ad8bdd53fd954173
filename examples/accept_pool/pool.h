/* pool: one loop accepts, and each connection goes to a loop that is idle, by
 * one channel that all of them serve. */
#ifndef POOL_H
#define POOL_H

#include <loopchan.h>

#include "acceptor.h"
#include "settings.h"

/* A message is a connected socket's descriptor. */
LOOPCHAN_TYPED(sockets, int);

struct pool {
  struct acceptor acceptor;
  loopchan_sender_t *tx; /* until it is the writer's */
  loopchan_writer_t writer;
  loopchan_write_t waiting; /* for room, with the descriptor that found none */
  size_t accepted;
  size_t refused; /* accepted, but the channel did not take it: closed */
  size_t dropped; /* in the channel, but never received: closed */
};

/* Opens the channel and its first receiver, on the loop that will serve it. */
int pool_open(struct pool *p, const struct settings *settings, uv_loop_t *loop,
              loopchan_receiver_t *rx);

/* Accepts on this loop. The socket is now the pool's. */
int pool_accept(struct pool *p, uv_loop_t *loop, int fd);

/* Accepts no more. The loop ends when its other handles are closed. */
void pool_close(struct pool *p);

#endif
