#include "connections.h"

enum { BACKLOG = 511, TICK_MS = 1000 };

static void end_if_gone(struct connections *c) {
  if (!c->stopping || c->listening || c->open > 0)
    return;
  if (uv_is_active((uv_handle_t *) &c->timer)) /* or it was never opened */
    uv_timer_stop(&c->timer);
  c->gone(c);
}

void connections_add(struct connections *all, struct connection *c) {
  c->all = all;
  c->next = all->first;
  if (c->next != NULL)
    c->next->previous = c;
  all->first = c;
  c->turned_away = all->open++ >= MOST_CONNECTIONS;
}

void connections_remove(struct connection *c) {
  struct connections *all = c->all;

  if (c->next != NULL)
    c->next->previous = c->previous;
  if (c->previous != NULL)
    c->previous->next = c->next;
  else
    all->first = c->next;
  all->open--;
  end_if_gone(all);
}

/* A connection that closes stays in the list until the loop's next turn. */
static void on_tick(uv_timer_t *timer) {
  struct connections *all = timer->data;
  int over;

  all->ticks++;
  pages_tick(all->pages);
  over = all->stopping && all->ticks - all->stopped >= STOP_S;
  for (struct connection *c = all->first; c != NULL; c = c->next)
    if (over)
      connection_close(c);
    else
      connection_tick(c);
}

/* An error here is one client's, or a lack of descriptors: libuv tries again
 * when there is one. */
static void on_connection(uv_stream_t *listener, int status) {
  if (status == 0)
    connection_accept(listener->data);
}

int connections_listen(struct connections *c, uv_loop_t *loop, int *port) {
  struct sockaddr_in address;
  int bytes = sizeof(address);
  int err = uv_timer_init(loop, &c->timer);

  if (err == 0)
    err = uv_tcp_init(loop, &c->listener);
  if (err != 0)
    return err;
  c->timer.data = c->listener.data = c;
  c->listening = 1;
  err = uv_ip4_addr("127.0.0.1", *port, &address);
  if (err == 0)
    err = uv_tcp_bind(&c->listener, (struct sockaddr *) &address, 0);
  if (err == 0)
    err = uv_listen((uv_stream_t *) &c->listener, BACKLOG, on_connection);
  if (err == 0)
    err =
        uv_tcp_getsockname(&c->listener, (struct sockaddr *) &address, &bytes);
  if (err == 0)
    err = uv_timer_start(&c->timer, on_tick, TICK_MS, TICK_MS);
  if (err == 0)
    *port = ntohs(address.sin_port);
  return err;
}

static void on_listener_closed(uv_handle_t *handle) {
  struct connections *c = handle->data;
  c->listening = 0;
  end_if_gone(c);
}

void connections_stop(struct connections *all) {
  all->stopping = 1;
  all->stopped = all->ticks;
  pages_stop(all->pages);
  if (!all->listening) {
    end_if_gone(all);
    return;
  }
  uv_close((uv_handle_t *) &all->listener, on_listener_closed);
  for (struct connection *c = all->first; c != NULL; c = c->next)
    if (c->state == OPEN)
      c->protocol->stop(c);
}
