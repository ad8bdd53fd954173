/* acceptor: a listening socket, and what a loop accepts from it.
 *
 * Each connection is accepted as a plain descriptor, by a uv_poll_t and
 * accept(2). A uv_tcp_t belongs to the loop that accepted it: to move one, its
 * descriptor has to be duplicated and its handle closed, three system calls
 * more for each connection. A plain descriptor belongs to nobody until a loop
 * passes it to uv_tcp_open. It also leaves to us what to do when there are no
 * descriptors left.
 */
#ifndef ACCEPTOR_H
#define ACCEPTOR_H

#include <stdbool.h>
#include <stddef.h>

#include <uv.h>

struct acceptor {
  uv_poll_t poll;
  uv_timer_t again; /* active while there is no descriptor to accept with */
  int fd;
  int batch;    /* most connections that are accepted one after the other */
  bool wanted;  /* connections are wanted, by acceptor_start */
  int handles;  /* open ones */
  size_t lacks; /* how often there was no descriptor */
  void *data;   /* the user's */

  /* Gets a connection's descriptor, which is then the user's. */
  void (*take)(struct acceptor *, int fd);

  void (*closed)(struct acceptor *);
};

/* Listens on 127.0.0.1. If *port is 0, it becomes the one that was chosen.
 * With share, other sockets may listen at the same port later, if they share
 * it, too; first is whether this is the first one of ours. *fd is the user's
 * until acceptor_open. */
int acceptor_listen(int *fd, int *port, int backlog, bool share, bool first);

/* Fill in batch, take, closed and data before. The socket is now the
 * acceptor's. After an error of acceptor_open the program has to end. */
int acceptor_open(struct acceptor *a, uv_loop_t *loop, int fd);

/* Both may be repeated, and called in take, and after acceptor_close. */
void acceptor_start(struct acceptor *a);
void acceptor_stop(struct acceptor *a);

/* closed is called when the memory is not needed any more. */
void acceptor_close(struct acceptor *a);

#endif
