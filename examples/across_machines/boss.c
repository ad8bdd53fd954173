/* boss: gives N jobs to the workers, and waits until it has the answer to each.
 *
 * Every job is done at least once. It may be done twice: a worker was lost
 * after it had returned the result, and before it could say so. So the boss
 * counts by the jobs' numbers, not by the results. A job that was lost,
 * whatever the reason, is given again.
 */
#include <errno.h>
#include <inttypes.h>
#include <nats/nats.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../option.h"
#include "../standard_files.h"
#include "run.h"

enum { PROGRESS = 100, LOOK_AGAIN = 50 }; /* ms */

static const uint64_t most_ack_wait_ms = 24 * 60 * 60 * 1000;

static struct {
  bool *answered;
  uint64_t jobs;    /* answered */
  uint64_t results; /* came */
  uint64_t later;   /* of those: the job was delivered again, says the broker */
  uint64_t no_results; /* messages that are no results of this run */
  uint64_t wrong;      /* answers */
} got;

/* A job's first answer is worked out here, too. Later ones change nothing. A
 * wrong one may come from a worker that still has a job of an older run with
 * this number, or from anybody who can publish at the broker. */
static bool is_right(const struct run *r, uint64_t job, uint64_t answer) {
  return got.answered[job] || answer == work(job, r->rounds);
}

static void count(const struct run *r, natsMsg *msg) {
  uint64_t numbers[NUMBERS]; /* of the job, the answer, of the delivery */

  if (!read_numbers(natsMsg_GetData(msg), natsMsg_GetDataLength(msg),
                    numbers) ||
      numbers[0] >= r->jobs) {
    got.no_results++;
    return;
  }
  if (!is_right(r, numbers[0], numbers[1])) {
    got.wrong++;
    return;
  }
  got.results++;
  got.later += numbers[2] > 1;
  if (!got.answered[numbers[0]] && ++got.jobs % PROGRESS == 0) {
    printf("have %" PRIu64 "\n", got.jobs);
    fflush(stdout);
  }
  got.answered[numbers[0]] = true;
}

static void read_results(struct run *r) {
  natsMsg *result;

  while (got.jobs < r->jobs && (result = run_next_result(r)) != NULL) {
    count(r, result);
    natsMsg_Destroy(result);
  }
}

/* They are not in the stream of jobs, and no result is to come. */
static void give_again(struct run *r) {
  uint64_t lost = 0;

  for (uint64_t i = 0; i < r->jobs; i++) {
    if (!got.answered[i]) {
      run_give_again(r, i);
      lost++;
    }
  }
  printf("gave %" PRIu64 " again, which were lost\n", lost);
  fflush(stdout);
}

/* A result is stored before its job is removed: so when there were no jobs, all
 * results are there that will be. */
static void wait_for_results(struct run *r) {
  bool had_no_jobs = run_has_no_jobs(r);

  read_results(r);
  if (got.jobs == r->jobs)
    return;
  if (had_no_jobs)
    give_again(r);
  else
    nats_Sleep(LOOK_AGAIN);
}

static void sum_up(void) {
  printf("all %" PRIu64 " jobs are answered, by %" PRIu64 " results; %" PRIu64
         " of a later delivery, %" PRIu64 " to what was answered already\n",
         got.jobs, got.results, got.later, got.results - got.jobs);
  if (got.no_results + got.wrong > 0)
    printf("ignored %" PRIu64 " messages that are no results, %" PRIu64
           " wrong answers\n",
           got.no_results, got.wrong);
}

/* Returns false when it has said what is wrong. */
static bool take(struct run *r, int option, char **argv) {
  const char name[] = {(char) option, '\0'};
  const struct given given = {"boss", "-", name, optarg};

  switch (option) {
    case 'i':
      return take_number(&given, 1, MOST_RUNS, &r->number);
    case 'n':
      return take_number(&given, 1, MOST_JOBS, &r->jobs);
    case 'r':
      return take_number(&given, 0, MOST_ROUNDS, &r->rounds);
    case 'w':
      return take_number(&given, 1, most_ack_wait_ms, &r->ack_wait_ms);
    default:
      refuse_option("boss", option, argv);
      return false;
  }
}

static void usage(void) {
  fputs(
      "usage: boss [-s URL] [-i RUN] [-n JOBS] [-r ROUNDS] "
      "[-w ACK_WAIT_MS]\n",
      stderr);
  exit(2);
}

static void read_options(int argc, char **argv, const char **url,
                         struct run *r) {
  int option;

  opterr = 0;
  while ((option = getopt(argc, argv, ":s:i:n:r:w:")) != -1) {
    if (option == 's')
      *url = optarg;
    else if (!take(r, option, argv))
      usage();
  }
  if (optind == argc)
    return;
  refuse_word("boss", argv[optind]);
  usage();
}

int main(int argc, char **argv) {
  const char *url = NATS_DEFAULT_URL;
  struct run run = {.jobs = 1000, .rounds = 1000000, .ack_wait_ms = 2000};

  if (open_standard_files() != 0) {
    perror("boss: /dev/null");
    return 1;
  }
  run.number = (uint64_t) nats_NowInNanoSeconds() % MOST_RUNS;
  read_options(argc, argv, &url, &run);
  got.answered = calloc(run.jobs, sizeof *got.answered);
  if (got.answered == NULL) {
    perror("boss");
    return 1;
  }
  run_open(&run, url);
  printf("ready, run %" PRIu64 "\n", run.number);
  if (run.given > 0)
    printf("resumed, %" PRIu64 " were given\n", run.given);
  fflush(stdout);
  read_results(&run);
  if (got.jobs < run.jobs) {
    run_give(&run);
    printf("gave %" PRIu64 "\n", run.jobs);
    fflush(stdout);
  }
  while (got.jobs < run.jobs)
    wait_for_results(&run);
  sum_up();
  if (flush_standard_output() != 0) {
    fprintf(stderr, "boss: cannot print: %s; run %" PRIu64 " stays\n",
            strerror(errno), run.number);
    exit(1);
  }
  run_end(&run);
  free(got.answered);
  return 0;
}
