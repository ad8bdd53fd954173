/* crew_queue_work: libuv's thread pool does the work, as it comes.
 *
 * The pool's queue has no bound, so the crew refuses nothing and ahead means
 * nothing; how many may be under way in all is the pages' to say.
 * And the pool is the process's only one: whatever libuv does on files, and
 * every look-up of a name, stands in the same queue.
 */
#include <stdio.h>
#include <stdlib.h>

#include "crew.h"

struct errand {
  uv_work_t req;
  struct crew *crew;
  struct work *work;
};

struct pool {
  size_t errands;
  int finishing;
};

static void run(uv_work_t *req) {
  struct errand *e = (struct errand *) req;
  work_do(e->work);
}

static void end_if_idle(struct crew *crew) {
  struct pool *pool = crew->own;

  if (pool != NULL && (pool->errands > 0 || !pool->finishing))
    return;
  free(pool);
  crew->ended(crew);
}

static void after(uv_work_t *req, int status) {
  struct errand *e = (struct errand *) req;
  struct crew *crew = e->crew;
  struct pool *pool = crew->own;

  (void) status; /* nothing is ever cancelled */
  crew->done(crew, e->work);
  free(e);
  pool->errands--;
  end_if_idle(crew);
}

/* The pool starts at its first errand, and reads then how many threads it is
 * to have. */
static int start(struct crew *crew) {
  char workers[32];

  crew->own = calloc(1, sizeof(struct pool));
  if (crew->own == NULL)
    return UV_ENOMEM;
  snprintf(workers, sizeof(workers), "%zu", crew->workers);
  return uv_os_setenv("UV_THREADPOOL_SIZE", workers);
}

static int submit(struct crew *crew, struct work *w) {
  struct pool *pool = crew->own;
  struct errand *e = malloc(sizeof(*e));
  int err;

  if (e == NULL)
    return UV_ENOMEM;
  e->crew = crew;
  e->work = w;
  err = uv_queue_work(crew->loop, &e->req, run, after);
  if (err == 0)
    pool->errands++;
  else
    free(e);
  return err;
}

static void finish(struct crew *crew) {
  struct pool *pool = crew->own;

  if (pool != NULL)
    pool->finishing = 1;
  end_if_idle(crew);
}

const struct crew_kind crew_queue_work = {"queue-work", start, submit, finish};
