/* boss: gives N jobs to the workers, and waits until it has the answer to each.
 *
 * Every job is done at least once. It may be done twice: a worker was lost
 * after it had returned the result, and before it could say so. So the boss
 * counts by the jobs' numbers, not by the results.
 */
#include <inttypes.h>
#include <nats/nats.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "job.h"

enum { BATCH = 100, FETCH_WAIT_MS = 500, PROGRESS = 100 };

static const int64_t ns_per_ms = 1000000;

static struct {
  const char *url;
  uint64_t jobs, rounds, ack_wait_ms;
} options = {NATS_DEFAULT_URL, 1000, 1000000, 2000};

static void check(natsStatus s, const char *what) {
  if (s == NATS_OK)
    return;
  fprintf(stderr, "boss: %s: %s\n", what, natsStatus_GetText(s));
  exit(1);
}

/* ------------------------------------------- what the broker keeps */

static void make_stream(jsCtx *js, const char *name, const char *subject) {
  jsStreamConfig config;

  (void) js_DeleteStream(js, name, NULL, NULL); /* of an earlier run */
  check(jsStreamConfig_Init(&config), name);
  config.Name = name;
  config.Subjects = &subject;
  config.SubjectsLen = 1;
  config.Retention = js_WorkQueuePolicy; /* acknowledged is removed */
  config.Storage = js_FileStorage;
  check(js_AddStream(NULL, js, &config, NULL, NULL), name);
}

/* A job that is not acknowledged in time is delivered again. */
static void make_consumer(jsCtx *js) {
  jsConsumerConfig config;

  check(jsConsumerConfig_Init(&config), WORKERS);
  config.Durable = WORKERS;
  config.DeliverGroup = WORKERS;
  config.DeliverSubject = "deliver." WORKERS;
  config.AckPolicy = js_AckExplicit;
  config.AckWait = (int64_t) options.ack_wait_ms * ns_per_ms;
  config.MaxAckPending = MOST_OUT;
  check(js_AddConsumer(NULL, js, JOBS, &config, NULL, NULL), WORKERS);
}

static void give_jobs(jsCtx *js) {
  char text[TEXT];
  uint64_t i;

  for (i = 0; i < options.jobs; i++) {
    int bytes =
        snprintf(text, sizeof text, "%" PRIu64 " %" PRIu64, i, options.rounds);
    check(js_Publish(NULL, js, JOB_SUBJECT, text, bytes, NULL, NULL), "a job");
  }
  printf("gave %" PRIu64 "\n", options.jobs);
  fflush(stdout);
}

/* ---------------------------------------------------- the results */

static struct {
  bool *answered;
  uint64_t jobs, results, again; /* answered; came; of those: delivered again */
} got;

static void count(natsMsg *msg) {
  uint64_t number, answer, delivery;
  char text[TEXT];

  snprintf(text, sizeof text, "%.*s", natsMsg_GetDataLength(msg),
           natsMsg_GetData(msg));
  if (sscanf(text, "%" SCNu64 " %" SCNu64 " %" SCNu64, &number, &answer,
             &delivery) != 3 ||
      number >= options.jobs || answer != work(number, options.rounds)) {
    fprintf(stderr, "boss: a wrong result: %s\n", text);
    exit(1);
  }
  got.results++;
  got.again += delivery > 1;
  if (!got.answered[number] && ++got.jobs % PROGRESS == 0) {
    printf("have %" PRIu64 "\n", got.jobs);
    fflush(stdout);
  }
  got.answered[number] = true;
}

/* A broker that does not answer is asked again: it may come back. */
static void fetch(natsSubscription *sub) {
  natsMsgList list;

  if (natsSubscription_Fetch(&list, sub, BATCH, FETCH_WAIT_MS, NULL) !=
      NATS_OK) {
    nats_Sleep(FETCH_WAIT_MS / 10);
    return;
  }
  for (int i = 0; i < list.Count; i++) {
    count(list.Msgs[i]);
    natsMsg_Ack(list.Msgs[i], NULL);
  }
  natsMsgList_Destroy(&list);
}

static natsConnection *connect_to_broker(void) {
  natsConnection *connection;
  natsOptions *o;

  check(natsOptions_Create(&o), "options");
  check(natsOptions_SetURL(o, options.url), options.url);
  check(natsOptions_SetMaxReconnect(o, -1), "options");
  check(natsOptions_SetReconnectWait(o, 200), "options");
  check(natsConnection_Connect(&connection, o), options.url);
  natsOptions_Destroy(o);
  return connection;
}

static bool read_options(int argc, char **argv) {
  int option;

  while ((option = getopt(argc, argv, "s:n:r:w:")) != -1) {
    switch (option) {
      case 's':
        options.url = optarg;
        break;
      case 'n':
        options.jobs = strtoull(optarg, NULL, 10);
        break;
      case 'r':
        options.rounds = strtoull(optarg, NULL, 10);
        break;
      case 'w':
        options.ack_wait_ms = strtoull(optarg, NULL, 10);
        break;
      default:
        return false;
    }
  }
  return optind == argc && options.jobs > 0 && options.ack_wait_ms > 0;
}

int main(int argc, char **argv) {
  natsConnection *connection;
  natsSubscription *results;
  jsCtx *js;

  if (!read_options(argc, argv)) {
    fputs("usage: boss [-s URL] [-n JOBS] [-r ROUNDS] [-w ACK_WAIT_MS]\n",
          stderr);
    return 2;
  }
  got.answered = calloc(options.jobs, sizeof *got.answered);
  if (got.answered == NULL)
    check(NATS_NO_MEMORY, "jobs");
  connection = connect_to_broker();
  check(natsConnection_JetStream(&js, connection, NULL), "JetStream");
  make_stream(js, JOBS, JOB_SUBJECT);
  make_stream(js, RESULTS, RESULT_SUBJECT);
  make_consumer(js);
  check(
      js_PullSubscribe(&results, js, RESULT_SUBJECT, "boss", NULL, NULL, NULL),
      RESULTS);
  puts("ready");
  fflush(stdout);
  give_jobs(js);
  while (got.jobs < options.jobs)
    fetch(results);
  printf("all %" PRIu64 " jobs are answered, by %" PRIu64 " results; %" PRIu64
         " were delivered again\n",
         got.jobs, got.results, got.again);
  natsSubscription_Destroy(results);
  jsCtx_Destroy(js);
  natsConnection_Destroy(connection);
  nats_CloseAndWait(0);
  free(got.answered);
  return 0;
}
