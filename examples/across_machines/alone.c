/* alone: what compare measures the worker against: no loop, no channel and no
 * thread of its own. libnats' thread does each job itself, and returns the
 * result as the worker does. It knows no stop: a killed worker loses nothing.
 */
#include <inttypes.h>
#include <nats/nats.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "job.h"
#include "url.h"

#define ACK_TO "Ack-To"

/* ms */
enum { FLUSH_WAIT = 5000 };

static void check(natsStatus s) {
  if (s == NATS_OK)
    return;
  fprintf(stderr, "alone: %s\n", natsStatus_GetText(s));
  exit(1);
}

static void give_back(jsCtx *js, const uint64_t numbers[NUMBERS],
                      uint64_t answer, const char *ack) {
  char text[TEXT], subject[NAME];
  natsMsg *msg;
  int bytes = snprintf(text, sizeof text, "%" PRIu64 " %" PRIu64 " 1",
                       numbers[1], answer);

  snprintf(subject, sizeof subject, RESULT_SUBJECT "%" PRIu64, numbers[0]);
  check(natsMsg_Create(&msg, subject, NULL, text, bytes));
  check(natsMsgHeader_Set(msg, ACK_TO, ack));
  check(js_PublishMsgAsync(js, &msg, NULL));
}

static void on_job(natsConnection *connection, natsSubscription *sub,
                   natsMsg *msg, void *js) {
  const char *ack = natsMsg_GetReply(msg);
  uint64_t numbers[NUMBERS]; /* of the run, of the job, of its rounds */

  (void) connection;
  (void) sub;
  if (ack != NULL &&
      read_numbers(natsMsg_GetData(msg), natsMsg_GetDataLength(msg), numbers))
    give_back(js, numbers, work(numbers[1], numbers[2]), ack);
  natsMsg_Destroy(msg);
}

static void on_stored(jsCtx *js, natsMsg *msg, jsPubAck *ack,
                      jsPubAckErr *error, void *connection) {
  const char *to;

  (void) js;
  (void) error;
  if (ack != NULL && natsMsgHeader_Get(msg, ACK_TO, &to) == NATS_OK)
    check(natsConnection_PublishString(connection, to, "+ACK"));
  natsMsg_Destroy(msg);
}

static const char *read_options(int argc, char **argv) {
  const char *url = NATS_DEFAULT_URL;
  int option;

  opterr = 0;
  while ((option = getopt(argc, argv, ":s:")) == 's')
    url = optarg;
  if (option == -1 && optind == argc)
    return url;
  if (option == -1)
    refuse_word("alone", argv[optind]);
  else
    refuse_option("alone", option, argv);
  exit(2);
}

int main(int argc, char **argv) {
  const char *url = read_options(argc, argv);
  natsConnection *connection;
  natsOptions *options;
  natsSubscription *sub;
  natsStatus s;
  jsOptions o;
  jsCtx *js;

  check(natsOptions_Create(&options));
  check(natsOptions_SetURL(options, url));
  check(natsOptions_SetSendAsap(options, true)); /* else a ms late */
  s = natsConnection_Connect(&connection, options);
  natsOptions_Destroy(options);
  if (s != NATS_OK)
    return say_no_connection("alone", url, s);
  check(jsOptions_Init(&o));
  o.PublishAsync.AckHandler = on_stored;
  o.PublishAsync.AckHandlerClosure = connection;
  check(natsConnection_JetStream(&js, connection, &o));
  check(natsConnection_QueueSubscribe(&sub, connection, DELIVER_SUBJECT,
                                      WORKERS, on_job, js));
  check(natsConnection_FlushTimeout(connection, FLUSH_WAIT));
  puts("ready");
  fflush(stdout);
  for (;;)
    pause();
}
