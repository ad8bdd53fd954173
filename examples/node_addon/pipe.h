/* pipe: carries hits from the threads of a search to Node's thread.
 *
 * There are two: pipe_loopchan.c, and pipe_threadsafe.c, which does the same
 * with Node's own means. An addon is linked with one of them.
 *
 * Errors are libuv's negative codes. UV_ECANCELED stands for a Node-API call
 * that failed: Node's environment is ending.
 */
#ifndef PIPE_H
#define PIPE_H

#include <stddef.h>

#include <node_api.h>

#include "hit.h"

/* As many hits as one delivery may have. */
enum { BATCH = 1024 };

struct pipe;

/* Both are called on Node's thread, from its loop, inside a handle scope and a
 * callback scope: promises may be resolved, and what awaits them runs when the
 * scope ends, and may call anything below. */
struct pipe_user {
  /* Once for each pipe_pull. count is 0: all ports have ended. */
  void (*ready)(void *arg, const struct hit *hits, size_t count);
  /* Once, after pipe_close or because Node's environment ends. Every port is
   * refused by now. The pipe is freed when this returns: no thread may use a
   * port of it any more. While the environment ends there are no scopes, and
   * no call into JavaScript succeeds: scopes is 0. */
  void (*closed)(void *arg, int scopes);
  void *arg;
};

/* A pipe with so many ports, of which never more than capacity hits are sent
 * and not delivered. It keeps the process alive only while it is pulled, or
 * closes. */
int pipe_open(napi_env env, struct pipe **pipe, size_t ports, size_t capacity,
              const struct pipe_user *user);

/* Asks for what is there, or for the first to come: ready is called, not from
 * inside this. One at a time, and none after a count of 0. */
int pipe_pull(struct pipe *pipe);

/* To be called once. */
void pipe_close(struct pipe *pipe);

/* How many hits were sent and not delivered. */
size_t pipe_queued(struct pipe *pipe);

/* A sending end for one thread, to be called once for each of the ports, from
 * Node's thread. NULL: out of memory. */
void *pipe_port(struct pipe *pipe);

/* From the port's thread. A send waits while the pipe is full. Not 0: the pipe
 * is closed, and nobody wants to know. */
int pipe_send(void *port, const struct hit *hit);
int pipe_is_closed(void *port);
void pipe_end(void *port);

#endif
