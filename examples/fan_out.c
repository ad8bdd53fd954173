/* fan_out: one publisher, and every event goes to each of several loops.
 *
 * A channel gives a message to one receiver, so each subscriber has a channel.
 * The events themselves are not copied: they count how many hold them, and the
 * last one frees them.
 *
 * The publisher never waits for a subscriber. One that is too slow misses
 * events, and with the next one that it gets it is told how many it missed.
 * (tokio's broadcast does the same, with Lagged, but discards the oldest
 * events. Here those that find no room are missed.) One that closes its
 * receiver gets no more; what was in its channel is released by drop. Without
 * (1) events are leaked. Without (2) the slow one would not learn of what it
 * missed last. */
#include <stdatomic.h>

#include <loopchan.h>

#include "check.h"

enum { EVENTS = 100, SUBSCRIBERS = 4 };

typedef struct {
  atomic_int holders;
  int number;
} event_t;

/* What a channel carries: an event, or NULL, and how many were missed before
 * it. */
typedef struct {
  event_t *event;
  int missed;
} item_t;

LOOPCHAN_TYPED(items, item_t);

typedef struct {
  const char *name;
  size_t capacity;
  int leaves_at; /* after so many events; 0: it stays */
  int is_slow;

  uv_loop_t loop;
  uv_thread_t thread;

  /* used by the subscriber */
  loopchan_receiver_t rx;
  int received, missed;

  /* used by the publisher */
  loopchan_sender_t *tx;
  int untold; /* missed, not reported yet */
} subscriber_t;

static atomic_int events_alive;
static uv_sem_t all_published;

static void hold(event_t *event) {
  atomic_fetch_add(&event->holders, 1);
}

static void release(event_t *event) {
  if (event == NULL || atomic_fetch_sub(&event->holders, 1) > 1)
    return;
  free(event);
  atomic_fetch_sub(&events_alive, 1);
}

static void release_item(void *msg, void *arg) {
  (void) arg;
  release(((item_t *) msg)->event);
}

/* ------------------------------------------------------------ the subscribers
 */

static void on_item(loopchan_receiver_t *rx, int status, item_t *item) {
  subscriber_t *s = rx->data;

  if (status == UV_EOF) {
    check(loopchan_close(rx, NULL));
    return;
  }
  s->missed += item->missed;
  if (item->event == NULL)
    return;
  s->received++;
  if (item->event->number != s->received + s->missed)
    check(UV_EINVAL); /* a gap that was not reported */
  if (s->is_slow && s->received == 1)
    uv_sem_wait(&all_published);
  release(item->event);
  if (s->received == s->leaves_at)
    check(loopchan_close(rx, NULL));
}

static void subscribe(subscriber_t *s) {
  loopchan_options_t options = {.capacity = s->capacity,
                                .drop = release_item}; /* (1) */

  check(uv_loop_init(&s->loop));
  check(items_open(&s->loop, &s->rx, &s->tx, &options));
  s->rx.data = s;
  check(items_recv_start(&s->rx, on_item));
}

static void run(void *arg) {
  subscriber_t *s = arg;

  check(uv_run(&s->loop, UV_RUN_DEFAULT));
  check(uv_loop_close(&s->loop));
}

/* -------------------------------------------------------------- the publisher
 */

static void forget(subscriber_t *s) {
  loopchan_sender_drop(s->tx);
  s->tx = NULL;
}

static void publish_to(subscriber_t *s, event_t *event) {
  item_t item = {.event = event, .missed = s->untold};
  int err;

  if (s->tx == NULL)
    return;
  hold(event);
  err = items_try_send(s->tx, &item);
  if (err == 0) {
    s->untold = 0;
    return;
  }
  release(event);
  if (err == UV_EAGAIN)
    s->untold++;
  else if (err == UV_EPIPE)
    forget(s);
  else
    check(err);
}

static void publish(subscriber_t *all, int number) {
  event_t *event = malloc(sizeof(*event));

  check(event == NULL ? UV_ENOMEM : 0);
  atomic_init(&event->holders, 1); /* the publisher, until all have it */
  event->number = number;
  atomic_fetch_add(&events_alive, 1);
  for (int i = 0; i < SUBSCRIBERS; i++)
    publish_to(&all[i], event);
  release(event);
}

/* This may wait for room: there is nothing else to publish. As main has opened
 * the receiver, a wait of a second ends with UV_EAGAIN until the subscriber's
 * loop has called back. */
static void end(subscriber_t *s) {
  item_t last = {.event = NULL, .missed = s->untold};
  int err = 0;

  if (s->tx != NULL && s->untold > 0) {
    do
      err = items_send(s->tx, &last); /* (2) */
    while (err == UV_EAGAIN);
  }
  check(err == UV_EPIPE ? 0 : err); /* it may have left */
  forget(s);
}

int main(void) {
  static subscriber_t all[SUBSCRIBERS] = {
      {.name = "first", .capacity = EVENTS},
      {.name = "second", .capacity = EVENTS},
      {.name = "slow", .capacity = 8, .is_slow = 1},
      {.name = "leaver", .capacity = EVENTS, .leaves_at = 10}};
  int i;

  check(uv_sem_init(&all_published, 0));
  for (i = 0; i < SUBSCRIBERS; i++)
    subscribe(&all[i]);
  for (i = 0; i < SUBSCRIBERS; i++)
    check(uv_thread_create(&all[i].thread, run, &all[i]));
  for (i = 1; i <= EVENTS; i++)
    publish(all, i);
  uv_sem_post(&all_published);
  for (i = 0; i < SUBSCRIBERS; i++)
    end(&all[i]);
  for (i = 0; i < SUBSCRIBERS; i++) {
    subscriber_t *s = &all[i];
    check(uv_thread_join(&s->thread));
    if (s->is_slow)
      printf("%s: %s, %d in all\n", s->name,
             s->missed > 0 ? "some received, some missed" : "missed none",
             s->received + s->missed);
    else
      printf("%s: %d received, %d missed\n", s->name, s->received, s->missed);
  }
  uv_sem_destroy(&all_published);
  printf("%d events left\n", atomic_load(&events_alive));
  return 0;
}
