/* load: what compare gives the workers: a run of its own, whose jobs come as
 * soon as there is room, or at a rate. It prints how many were answered in a
 * second, and how many milliseconds half of them took, and 99 of 100; where
 * some are long, the others are meant.
 *
 * A job is answered when its result has come here, which the broker sends on
 * before it is stored. Its time begins when it was due, not when it was given:
 * so a load that is late itself takes nothing from it.
 */
#include <inttypes.h>
#include <loopchan.h>
#include <math.h>
#include <nats/nats.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../check_error.h"
#include "../option.h"
#include "../standard_files.h"
#include "run.h"

enum { MOST_PER_SECOND = 100000, MOST_AHEAD = 10000, LONG_IS_EACH = 20 };
static const uint64_t run_of_compare = 1000000;
static const uint64_t ack_wait_ms = 600000;
static const uint64_t patience_ns = UINT64_C(60000000000);

LOOPCHAN_TYPED(numbers, uint64_t);

static struct {
  struct run run;
  uint64_t ahead, per_second; /* one of them is 0 */
  uint64_t long_rounds;       /* 0: no job is long */
  uint64_t *due, *took;       /* ns */
  uint64_t given, answered;
  loopchan_receiver_t results;
  loopchan_sender_t *results_tx;
} me = {.run = {.jobs = 1000, .rounds = 1000}, .ahead = 64};

static void check_nats(natsStatus s) {
  if (s == NATS_OK)
    return;
  fprintf(stderr, "load: %s\n", natsStatus_GetText(s));
  exit(1);
}

static void on_message(natsConnection *connection, natsSubscription *sub,
                       natsMsg *msg, void *arg) {
  uint64_t numbers[NUMBERS];

  (void) connection;
  (void) sub;
  (void) arg;
  if (read_numbers(natsMsg_GetData(msg), natsMsg_GetDataLength(msg), numbers))
    check(numbers_send(me.results_tx, &numbers[0]));
  natsMsg_Destroy(msg);
}

static bool is_long(uint64_t job) {
  return me.long_rounds > 0 && job % LONG_IS_EACH == LONG_IS_EACH - 1;
}

static void give(void) {
  char text[TEXT], subject[NAME];
  uint64_t rounds = is_long(me.given) ? me.long_rounds : me.run.rounds;
  int bytes = snprintf(text, sizeof text, "%" PRIu64 " %" PRIu64 " %" PRIu64,
                       me.run.number, me.given, rounds);

  snprintf(subject, sizeof subject, JOB_SUBJECT "%" PRIu64, me.run.number);
  check_nats(js_PublishAsync(me.run.js, subject, text, bytes, NULL));
  me.given++;
}

/* Waits so long for a result. Returns whether one came. */
static bool take_result(uint64_t timeout_ns) {
  uint64_t job;
  int err = numbers_recv_timeout(&me.results, &job, timeout_ns);

  if (err == UV_ETIMEDOUT)
    return false;
  check(err);
  if (job < me.given && me.took[job] == 0) {
    me.took[job] = uv_hrtime() - me.due[job];
    me.answered++;
  }
  return true;
}

static void need_result(void) {
  if (take_result(patience_ns))
    return;
  fputs("load: a job is not answered\n", stderr);
  exit(1);
}

static void give_when_there_is_room(void) {
  while (me.given < me.run.jobs) {
    while (me.given - me.answered >= me.ahead)
      need_result();
    me.due[me.given] = uv_hrtime();
    give();
  }
}

/* As many clients who know nothing of each other would: the pauses are
 * distributed exponentially, and are the same each time. */
static void give_at_a_rate(void) {
  uint64_t due = uv_hrtime(), now, x = 1;

  while (me.given < me.run.jobs) {
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    double part = ((double) (x >> 11) + 1) / 9007199254740993.0;
    due += (uint64_t) (-log(part) * 1e9 / (double) me.per_second);
    me.due[me.given] = due;
    while ((now = uv_hrtime()) < due)
      take_result(due - now);
    give();
  }
}

static int compare(const void *a, const void *b) {
  uint64_t x = *(const uint64_t *) a, y = *(const uint64_t *) b;
  return (x > y) - (x < y);
}

static void sum_up(uint64_t took_ns) {
  uint64_t n = 0;

  for (uint64_t i = 0; i < me.run.jobs; i++)
    if (!is_long(i))
      me.took[n++] = me.took[i];
  qsort(me.took, n, sizeof *me.took, compare);
  printf("%.1f %.3f %.3f\n", (double) me.run.jobs * 1e9 / (double) took_ns,
         (double) me.took[(n - 1) / 2] / 1e6,
         (double) me.took[(n - 1) * 99 / 100] / 1e6);
}

static bool take(int option, char **argv) {
  const char name[] = {(char) option, '\0'};
  const struct given given = {"load", "-", name, optarg};

  switch (option) {
    case 'n':
      return take_number(&given, 1, MOST_JOBS, &me.run.jobs);
    case 'r':
      return take_number(&given, 0, MOST_ROUNDS, &me.run.rounds);
    case 'l':
      return take_number(&given, 0, MOST_ROUNDS, &me.long_rounds);
    case 'a':
      return take_number(&given, 1, MOST_AHEAD, &me.ahead);
    case 'p':
      return take_number(&given, 1, MOST_PER_SECOND, &me.per_second);
    default:
      refuse_option("load", option, argv);
      return false;
  }
}

static const char *read_options(int argc, char **argv) {
  const char *url = NATS_DEFAULT_URL;
  int option;

  opterr = 0;
  while ((option = getopt(argc, argv, ":s:n:r:l:a:p:")) != -1) {
    if (option == 's')
      url = optarg;
    else if (!take(option, argv))
      exit(2);
  }
  if (optind != argc) {
    refuse_word("load", argv[optind]);
    exit(2);
  }
  return url;
}

int main(int argc, char **argv) {
  const char *url = read_options(argc, argv);
  loopchan_options_t unbounded = {0};
  natsSubscription *sub;
  char subject[NAME];
  uint64_t begun;

  me.run.number = run_of_compare;
  me.run.ack_wait_ms = ack_wait_ms;
  me.due = calloc(me.run.jobs, sizeof *me.due);
  me.took = calloc(me.run.jobs, sizeof *me.took);
  check(me.due == NULL || me.took == NULL ? UV_ENOMEM : 0);
  check(numbers_open(NULL, &me.results, &me.results_tx, &unbounded));
  run_open(&me.run, url);
  snprintf(subject, sizeof subject, RESULT_SUBJECT "%" PRIu64, me.run.number);
  check_nats(natsConnection_Subscribe(&sub, me.run.connection, subject,
                                      on_message, NULL));
  begun = uv_hrtime();
  if (me.per_second > 0)
    give_at_a_rate();
  else
    give_when_there_is_room();
  while (me.answered < me.run.jobs)
    need_result();
  sum_up(uv_hrtime() - begun);
  natsSubscription_Destroy(sub);
  run_end(&me.run);
  loopchan_sender_drop(me.results_tx);
  check(loopchan_close(&me.results, NULL));
  free(me.due);
  free(me.took);
  return flush_standard_output() == 0 ? 0 : 1;
}
