/* pipe_threadsafe: the pipe is a napi_threadsafe_function, Node's own way from
 * a thread into JavaScript.
 *
 * Node empties its queue at once, whether JavaScript wants more or not. So what
 * is not wanted yet is kept here, and the bound has to be ours: a semaphore
 * with as many places as the capacity, taken by a send, given back by a
 * delivery. (The queue's own bound is never reached. That also steers clear of
 * nodejs/node issue 58723: of several threads that wait for that queue one may
 * never be woken.) Nor does it tell which message is the last one there, which
 * a batch has to know, nor that all threads have ended, nor can a thread ask
 * whether anybody listens: hence unread, ended and closed.
 *
 * Without (1) a thread that waits for a place would never see the close, and
 * the join that follows would never return.
 */
#include <stdatomic.h>
#include <stdlib.h>

#include <uv.h>

#include "pipe.h"

struct port {
  struct pipe *pipe;
  int refused; /* then Node has forgotten this thread */
};

struct pipe {
  napi_env env;
  napi_threadsafe_function function;
  uv_sem_t places;
  atomic_size_t unread; /* sent, and not arrived here */
  atomic_int closed;
  struct pipe_user user;
  int pulled;
  struct hit *kept; /* a ring of capacity hits */
  size_t capacity, first, count;
  struct hit batch[BATCH];
  size_t ports, given, ended;
  struct port port[];
};

/* Messages that are no hits: a port has ended, and a pull. */
static char end_mark, pull_mark;

static void keep(struct pipe *p, const struct hit *hit) {
  p->kept[(p->first + p->count++) % p->capacity] = *hit;
}

static void deliver(struct pipe *p) {
  size_t n = 0;
  for (; n < BATCH && p->count > 0; n++, p->count--) {
    p->batch[n] = p->kept[p->first];
    p->first = (p->first + 1) % p->capacity;
    uv_sem_post(&p->places);
  }
  p->pulled = 0;
  napi_unref_threadsafe_function(p->env, p->function);
  p->user.ready(p->user.arg, p->batch, n);
}

/* Node has opened both scopes. env is NULL for what is left when the function
 * has ended: p is gone by then. */
static void on_message(napi_env env, napi_value callback, void *context,
                       void *message) {
  struct pipe *p = context;
  (void) callback;
  if (message == &end_mark) {
    if (env != NULL)
      p->ended++;
  } else if (message != &pull_mark) {
    if (env != NULL) {
      keep(p, message);
      atomic_fetch_sub(&p->unread, 1);
    }
    free(message);
  }
  if (env == NULL || !p->pulled || atomic_load(&p->closed))
    return;
  int all_here = atomic_load(&p->unread) == 0 || p->count >= BATCH;
  if (p->count > 0 ? all_here : p->ended == p->ports)
    deliver(p);
}

int pipe_pull(struct pipe *p) {
  if (napi_call_threadsafe_function(p->function, &pull_mark,
                                    napi_tsfn_nonblocking) != napi_ok ||
      napi_ref_threadsafe_function(p->env, p->function) != napi_ok)
    return UV_ECANCELED;
  p->pulled = 1;
  return 0;
}

static void refuse(struct pipe *p) {
  atomic_store(&p->closed, 1);
  uv_sem_post(&p->places); /* (1) */
}

static void pipe_free(struct pipe *p) {
  uv_sem_destroy(&p->places);
  free(p->kept);
  free(p);
}

/* After pipe_close, or because the environment ends. */
static void on_final(napi_env env, void *data, void *hint) {
  struct pipe *p = data;
  (void) env;
  (void) hint;
  refuse(p);
  p->user.closed(p->user.arg, 1);
  pipe_free(p);
}

/* Where Node refuses, it is ending, and calls on_final by itself. */
void pipe_close(struct pipe *p) {
  refuse(p);
  (void) napi_ref_threadsafe_function(p->env, p->function);
  (void) napi_release_threadsafe_function(p->function, napi_tsfn_abort);
}

size_t pipe_queued(struct pipe *p) {
  return p->count + atomic_load(&p->unread);
}

static int create_function(struct pipe *p) {
  napi_value name;
  if (napi_create_string_utf8(p->env, "find", NAPI_AUTO_LENGTH, &name) !=
          napi_ok ||
      napi_create_threadsafe_function(p->env, NULL, NULL, name, 0, 1, p,
                                      on_final, p, on_message,
                                      &p->function) != napi_ok)
    return UV_ECANCELED;
  /* There is no way back: p is the function's now. */
  (void) napi_unref_threadsafe_function(p->env, p->function);
  return 0;
}

int pipe_open(napi_env env, struct pipe **pipe, size_t ports, size_t capacity,
              const struct pipe_user *user) {
  struct pipe *p = calloc(1, sizeof(*p) + ports * sizeof(p->port[0]));
  int err;

  if (p == NULL)
    return UV_ENOMEM;
  p->env = env;
  p->user = *user;
  p->ports = ports;
  p->capacity = capacity;
  p->kept = malloc(capacity * sizeof(*p->kept));
  err = p->kept == NULL ? UV_ENOMEM
                        : uv_sem_init(&p->places, (unsigned) capacity);
  if (err != 0) {
    free(p->kept);
    free(p);
    return err;
  }
  err = create_function(p);
  if (err == 0)
    *pipe = p;
  else
    pipe_free(p);
  return err;
}

void *pipe_port(struct pipe *p) {
  struct port *port = &p->port[p->given];
  if (napi_acquire_threadsafe_function(p->function) != napi_ok)
    return NULL;
  port->pipe = p;
  p->given++;
  return port;
}

static int call(struct port *port, void *message) {
  if (port->refused)
    return UV_EPIPE;
  switch (napi_call_threadsafe_function(port->pipe->function, message,
                                        napi_tsfn_nonblocking)) {
    case napi_ok:
      return 0;
    case napi_closing:
      port->refused = 1;
      return UV_EPIPE;
    default:
      return UV_ENOMEM;
  }
}

int pipe_send(void *arg, const struct hit *hit) {
  struct port *port = arg;
  struct pipe *p = port->pipe;
  struct hit *copy;
  int err = UV_ENOMEM;

  uv_sem_wait(&p->places);
  if (atomic_load(&p->closed)) {
    uv_sem_post(&p->places); /* for the next one who waits */
    return UV_EPIPE;
  }
  copy = malloc(sizeof(*copy));
  if (copy != NULL) {
    *copy = *hit;
    atomic_fetch_add(&p->unread, 1);
    err = call(port, copy);
    if (err == 0)
      return 0;
    atomic_fetch_sub(&p->unread, 1);
    free(copy);
  }
  uv_sem_post(&p->places); /* not taken: for the others, who go on */
  return err;
}

int pipe_is_closed(void *port) {
  return atomic_load(&((struct port *) port)->pipe->closed);
}

void pipe_end(void *arg) {
  struct port *port = arg;
  if (call(port, &end_mark) == 0)
    napi_release_threadsafe_function(port->pipe->function, napi_tsfn_release);
}
