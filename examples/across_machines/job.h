/* job: what the broker carries between boss and workers. */
#ifndef JOB_H
#define JOB_H

#include <stdint.h>

/* JOBS keeps each job until a worker acknowledges it, RESULTS each result until
 * the boss does. Workers share the consumer WORKERS, so each job goes to one of
 * them. */
#define JOBS "JOBS"
#define JOB_SUBJECT "jobs"
#define RESULTS "RESULTS"
#define RESULT_SUBJECT "results"
#define WORKERS "workers"

/* Jobs that all workers together may have and not have acknowledged. */
enum { MOST_OUT = 256 };

enum { ADDRESS = 128, TEXT = 64 };

/* A result is a job with its answer. */
struct job {
  uint64_t number;
  uint64_t rounds;   /* how much work it is */
  uint64_t delivery; /* 1: the first, more: a worker was lost with it */
  uint64_t answer;
  char ack[ADDRESS]; /* where the broker waits for the acknowledgement */
};

/* Takes some time: the answer to a number, the same on every machine. */
static inline uint64_t work(uint64_t number, uint64_t rounds) {
  uint64_t x = number + 1;

  while (rounds-- > 0) {
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
  }
  return x;
}

#endif /* JOB_H */
