/* crew_channel: threads behind two channels.
 *
 *   loop -- jobs --> workers       bounded; one receiver, shared by all workers
 *   workers -- results --> loop    bounded; one loop receiver
 *
 * A message is a pointer, and its holder owns the work. The loop never waits:
 * it sends jobs with try_send, and is told when there is no room. A worker may
 * wait for room among the results, which the loop always makes. So nobody waits
 * in a circle, and memory is bounded: ahead works in each channel, one in each
 * worker's hands.
 *
 * The end goes round: the loop drops its sender of jobs; each worker does what
 * is left, sees UV_EOF and drops its sender of results; the loop gets what is
 * left of those, then UV_EOF.
 */
#include <stdlib.h>

#include <loopchan.h>

#include "../check_error.h"
#include "crew.h"

enum { AGAIN_MS = 10 };

LOOPCHAN_TYPED(works, struct work *);

struct worker {
  uv_thread_t thread;
  loopchan_receiver_t *jobs;
  loopchan_sender_t *results;
};

struct workers {
  loopchan_receiver_t jobs, results;
  loopchan_sender_t *jobs_tx; /* the loop's */
  size_t count;
  struct worker worker[];
};

/* A lack of memory is no reason to end the server: after a while there may be
 * some. */
static int is_to_try_again(int err) {
  if (err == UV_ENOMEM)
    uv_sleep(AGAIN_MS);
  return err == UV_ENOMEM;
}

/* Nothing but a lack of memory can refuse a result: the loop closes its
 * receiver when all workers have dropped their senders. If there is none, the
 * result is given up, which frees some, and the client gets a 503. */
static void hand_back(struct worker *me, struct work *w) {
  int err;

  while (is_to_try_again(err = works_send(me->results, &w)))
    work_give_up(w);
  check(err);
}

static void run(void *arg) {
  struct worker *me = arg;
  struct work *w;
  int err;

  do
    while ((err = works_recv(me->jobs, &w)) == 0) {
      work_do(w);
      hand_back(me, w);
    }
  while (is_to_try_again(err));
  check(err == UV_EOF ? 0 : err);
  /* Without this the results never end, and the server never does. */
  loopchan_sender_drop(me->results);
}

static void on_closed(loopchan_receiver_t *rx) {
  struct crew *crew = rx->data;
  free(crew->own);
  crew->ended(crew);
}

static void on_result(loopchan_receiver_t *rx, int status, struct work **w) {
  struct crew *crew = rx->data;
  struct workers *all = crew->own;

  if (status == 0) {
    crew->done(crew, *w);
    return;
  }
  for (size_t i = 0; i < all->count; i++) /* they have nothing left to do */
    check(uv_thread_join(&all->worker[i].thread));
  check(loopchan_close(&all->jobs, NULL));
  check(loopchan_close(rx, on_closed)); /* or uv_run() never returns */
}

static int hire(struct workers *all, loopchan_sender_t *results_tx) {
  struct worker *w = &all->worker[all->count];
  int err;

  w->jobs = &all->jobs;
  w->results = loopchan_sender_clone(results_tx);
  err = w->results == NULL ? UV_ENOMEM : uv_thread_create(&w->thread, run, w);
  if (err == 0)
    all->count++;
  else
    loopchan_sender_drop(w->results);
  return err;
}

static int open_channels(struct crew *crew, struct workers *all,
                         loopchan_sender_t **results_tx) {
  loopchan_options_t results = {.capacity = crew->ahead};
  loopchan_options_t jobs = {.capacity = crew->ahead, .flags = LOOPCHAN_SHARED};
  int err = works_open(NULL, &all->jobs, &all->jobs_tx, &jobs);

  if (err != 0)
    return err;
  err = works_open(crew->loop, &all->results, results_tx, &results);
  if (err != 0) {
    loopchan_sender_drop(all->jobs_tx);
    check(loopchan_close(&all->jobs, NULL));
  }
  return err;
}

static int start(struct crew *crew) {
  struct workers *all =
      calloc(1, sizeof(*all) + crew->workers * sizeof(all->worker[0]));
  loopchan_sender_t *results_tx;
  int err = all == NULL ? UV_ENOMEM : open_channels(crew, all, &results_tx);

  if (err != 0) {
    free(all);
    return err;
  }
  crew->own = all;
  all->results.data = crew;
  err = works_recv_start(&all->results, on_result);
  while (err == 0 && all->count < crew->workers)
    err = hire(all, results_tx);
  loopchan_sender_drop(results_tx); /* the workers have theirs */
  return err;
}

static int submit(struct crew *crew, struct work *w) {
  struct workers *all = crew->own;
  return works_try_send(all->jobs_tx, &w);
}

static void finish(struct crew *crew) {
  struct workers *all = crew->own;

  if (all == NULL) /* start failed at once */
    crew->ended(crew);
  else
    loopchan_sender_drop(all->jobs_tx);
}

const struct crew_kind crew_channel = {"channel", start, submit, finish};
