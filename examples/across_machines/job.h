/* job: what the broker carries between boss and workers. */
#ifndef JOB_H
#define JOB_H

#include <stdint.h>
#include <string.h>

#include "../number.h"

/* A run has a number, and all that the broker keeps of it is named by that:
 *
 *   JOBS-7     stream, subject jobs.7: each job, until a worker acknowledges it
 *   RESULTS-7  stream, subject results.7: each result, until the run ends
 *   boss.7     where its boss answers, if it has one
 *
 * The jobs of all runs are delivered to one subject, and the workers are one
 * queue group there. So each job goes to one of them, they serve every run, and
 * they may be there before any. */
#define JOBS "JOBS-"
#define JOB_SUBJECT "jobs."
#define RESULTS "RESULTS-"
#define RESULT_SUBJECT "results."
#define BOSS_SUBJECT "boss."
#define DELIVER_SUBJECT "deliver.workers"
#define WORKERS "workers"

/* Jobs of a run that all workers together may have and not have acknowledged.
 */
enum { MOST_OUT = 256 };

enum { ADDRESS = 128, TEXT = 64, NAME = 32, NUMBERS = 3 };

#define MOST_RUNS UINT64_C(1000000000000000000)
#define MOST_JOBS UINT64_C(10000000)
#define MOST_ROUNDS UINT64_C(1000000000000)

#define NO_JETSTREAM "the broker has no JetStream (nats-server --jetstream)"

/* A result is a job with its answer. */
struct job {
  uint64_t run, number;
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

/* Jobs and results are NUMBERS numbers with a blank between: "7 0 1000". A
 * message may come from anybody, and may be empty: bytes is NULL then. */
static inline bool read_numbers(const char *bytes, int length,
                                uint64_t numbers[NUMBERS]) {
  char text[TEXT];
  char *rest = text;

  if (length <= 0 || length >= TEXT || memchr(bytes, 0, (size_t) length))
    return false;
  memcpy(text, bytes, (size_t) length);
  text[length] = '\0';
  for (int i = 0; i < NUMBERS; i++) {
    char *number = strsep(&rest, " ");
    if (number == NULL || !read_number(number, 0, UINT64_MAX, &numbers[i]))
      return false;
  }
  return rest == NULL;
}

#endif /* JOB_H */
