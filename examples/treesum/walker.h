#ifndef WALKER_H
#define WALKER_H

#include "report.h"

struct walker {
  uv_thread_t thread;
  char *const *roots; /* ends with a NULL */
  loopchan_sender_t *jobs, *reports;
  int err; /* why it gave up; to be read after the join */
};

/* Starts a thread that sends every file below the roots as a job. It takes over
 * w->jobs and w->reports, and drops them when it is done. */
int walker_start(struct walker *w);

/* Drops them instead of a start. */
void walker_let_go(struct walker *w);

#endif
