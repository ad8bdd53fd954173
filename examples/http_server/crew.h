/* crew: who does the work. There are three kinds, to compare:
 *
 *   channel     threads of our own, behind a bounded channel
 *   on-loop     nobody: the loop does it itself
 *   queue-work  libuv's thread pool
 */
#ifndef CREW_H
#define CREW_H

#include <uv.h>

#include "work.h"

struct crew {
  const struct crew_kind *kind;
  uv_loop_t *loop;
  size_t workers, ahead; /* threads; works that may wait for one */
  /* On the loop: w is done, and the callee's. There may be room by now. */
  void (*done)(struct crew *, struct work *w);
  void (*ended)(struct crew *); /* on the loop: see finish */
  void *data;                   /* the user's */
  void *own;                    /* the kind's */
};

struct crew_kind {
  const char *name;

  /* Fill in the crew first. After an error, too, finish ends it. */
  int (*start)(struct crew *crew);

  /* 0: done will be called, or has been. UV_EAGAIN: as many wait as may wait.
   * After an error w is still the caller's. */
  int (*submit)(struct crew *crew, struct work *w);

  /* No more will be submitted. ended is called when all that was has been
   * handed to done and no thread is left; perhaps inside. */
  void (*finish)(struct crew *crew);
};

extern const struct crew_kind crew_channel, crew_on_loop, crew_queue_work;

/* Returns NULL when there is no such kind. */
const struct crew_kind *crew_kind_by_name(const char *name);

#endif
