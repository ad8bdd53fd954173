#ifndef WALKER_H
#define WALKER_H

#include "worker.h"

struct walker {
  uv_thread_t thread;
  char *const *roots; /* ends with a NULL */
  struct worker *workers;
  size_t worker_count;
  loopchan_sender_t *reports;
  int err; /* why it gave up; to be read after the join */
};

/* Starts a thread that gives the files below the roots to the workers. It takes
 * over w->reports and the workers' inlets, and drops them when it is done. */
int walker_start(struct walker *w);

/* Drops them instead of a start. */
void walker_let_go(struct walker *w);

#endif
