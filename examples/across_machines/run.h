#ifndef RUN_H
#define RUN_H

#include <nats/nats.h>

#include "job.h"

/* A run, as its boss sees it. */
struct run {
  uint64_t number, jobs, rounds, ack_wait_ms;
  natsConnection *connection;
  jsCtx *js;
  natsSubscription *alive;
  uint64_t given; /* messages that the broker has stored as jobs */
  uint64_t next;  /* the sequence of the next result */
  uint64_t stored; /* the last sequence when that was last looked at */
  bool silent;    /* the broker does not answer, and that was said */
};

/* Connects, and begins the run or resumes it. Ends the program with a sentence
 * if that cannot be: the run has a boss, or has other jobs. */
void run_open(struct run *r, const char *url);

/* Gives all jobs that were not given, each once. */
void run_give(struct run *r);

/* Gives a job that was lost, or had its place taken by what is no job. */
void run_give_again(struct run *r, uint64_t job);

/* Whether the broker has no job any more: each was done, and its result is
 * stored, or is lost. */
bool run_has_no_jobs(struct run *r);

/* The next result, or NULL: there is none yet. Each comes once; all come, from
 * the run's beginning, whoever was its boss then. */
natsMsg *run_next_result(struct run *r);

/* All that the broker kept of it is removed. */
void run_end(struct run *r);

#endif /* RUN_H */
