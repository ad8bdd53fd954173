/* pipe_loopchan: the pipe is a channel whose receiver is a handle of Node's own
 * loop.
 *
 * Without (1) an open search would keep the process alive without end; without
 * (2) the process would end although a promise waits. Without (3) what awaits a
 * promise would run only when something else happens to run JavaScript. Without
 * (4) Node aborts when a thread of worker_threads ends with a search open: a
 * handle is left on its loop.
 */
#include <stdlib.h>

#include <loopchan.h>

#include "pipe.h"

LOOPCHAN_TYPED(hits, struct hit);

struct pipe {
  loopchan_receiver_t rx;
  loopchan_sender_t *tx; /* the last port; the others are its clones */
  size_t ports_left;
  napi_env env;
  int env_ends;
  napi_async_context context;
  napi_async_cleanup_hook_handle hook;
  struct pipe_user user;
  struct hit batch[BATCH];
};

struct scopes {
  napi_handle_scope handles;
  napi_callback_scope callback;
};

/* Opens both scopes, or none: then the environment ends. */
static int enter(struct pipe *p, struct scopes *s) {
  if (p->env_ends || napi_open_handle_scope(p->env, &s->handles) != napi_ok)
    return 0;
  if (napi_open_callback_scope(p->env, NULL, p->context, &s->callback) ==
      napi_ok)
    return 1;
  napi_close_handle_scope(p->env, s->handles);
  return 0;
}

static void leave(struct pipe *p, struct scopes *s) {
  napi_close_callback_scope(p->env, s->callback); /* (3) */
  napi_close_handle_scope(p->env, s->handles);
}

/* Takes what is there beside the first, and stops: while JavaScript is busy
 * with a batch the channel fills up, and the threads wait. */
static void on_hit(loopchan_receiver_t *rx, int status, struct hit *first) {
  struct pipe *p = rx->data;
  struct scopes scopes;
  size_t count = 0;

  if (status == 0) {
    p->batch[count++] = *first;
    while (count < BATCH && hits_try_recv(rx, &p->batch[count]) == 0)
      count++;
  }
  loopchan_recv_stop(rx);
  uv_unref((uv_handle_t *) rx);
  if (!enter(p, &scopes))
    return;
  p->user.ready(p->user.arg, p->batch, count);
  leave(p, &scopes);
}

int pipe_pull(struct pipe *p) {
  int err = hits_recv_start(&p->rx, on_hit);
  if (err == 0)
    uv_ref((uv_handle_t *) &p->rx); /* (2) */
  return err;
}

static void on_closed(loopchan_receiver_t *rx) {
  struct pipe *p = rx->data;
  struct scopes scopes;
  int entered = enter(p, &scopes);

  p->user.closed(p->user.arg, entered);
  if (entered)
    leave(p, &scopes);
  loopchan_sender_drop(p->tx);
  napi_async_destroy(p->env, p->context);
  napi_remove_async_cleanup_hook(p->hook); /* lets the environment end */
  free(p);
}

/* It may be closed already, and wait for on_closed: here as below. */
void pipe_close(struct pipe *p) {
  (void) loopchan_close(&p->rx, on_closed);
}

static void on_env_end(napi_async_cleanup_hook_handle hook, void *arg) {
  struct pipe *p = arg;
  (void) hook;
  p->env_ends = 1;
  pipe_close(p);
}

size_t pipe_queued(struct pipe *p) {
  loopchan_stats_t stats;
  return loopchan_stats(&p->rx, &stats) == 0 ? (size_t) stats.queued : 0;
}

static int open_channel(struct pipe *p, size_t capacity) {
  loopchan_options_t options = {.capacity = capacity};
  uv_loop_t *loop;
  int err;

  if (napi_get_uv_event_loop(p->env, &loop) != napi_ok)
    return UV_ECANCELED;
  err = hits_open(loop, &p->rx, &p->tx, &options);
  if (err != 0)
    return err;
  p->rx.data = p;
  uv_unref((uv_handle_t *) &p->rx); /* (1) */
  return 0;
}

/* The hook comes before the channel, for a channel takes a turn of the loop to
 * be closed again. */
static int set_up(struct pipe *p, size_t capacity) {
  napi_value name;
  int err = UV_ECANCELED;

  if (napi_create_string_utf8(p->env, "find", NAPI_AUTO_LENGTH, &name) !=
          napi_ok ||
      napi_async_init(p->env, NULL, name, &p->context) != napi_ok)
    return err;
  if (napi_add_async_cleanup_hook(p->env, on_env_end, p, &p->hook) ==
      napi_ok) { /* (4) */
    err = open_channel(p, capacity);
    if (err == 0)
      return 0;
    napi_remove_async_cleanup_hook(p->hook);
  }
  napi_async_destroy(p->env, p->context);
  return err;
}

int pipe_open(napi_env env, struct pipe **pipe, size_t ports, size_t capacity,
              const struct pipe_user *user) {
  struct pipe *p = calloc(1, sizeof(*p));
  int err;

  if (p == NULL)
    return UV_ENOMEM;
  p->env = env;
  p->ports_left = ports;
  p->user = *user;
  err = set_up(p, capacity);
  if (err == 0)
    *pipe = p;
  else
    free(p);
  return err;
}

/* The last port is the channel's first sender: when all ports have ended, none
 * is left, and UV_EOF comes. */
void *pipe_port(struct pipe *p) {
  loopchan_sender_t *tx = p->tx;
  if (--p->ports_left > 0)
    return loopchan_sender_clone(tx);
  p->tx = NULL;
  return tx;
}

int pipe_send(void *port, const struct hit *hit) {
  return hits_send(port, hit);
}

int pipe_is_closed(void *port) {
  return loopchan_is_closed(port);
}

void pipe_end(void *port) {
  loopchan_sender_drop(port);
}
