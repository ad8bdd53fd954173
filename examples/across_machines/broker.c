#include <inttypes.h>
#include <nats/adapters/libuv.h>
#include <stdio.h>
#include <string.h>

#include "broker.h"

/* ms */
enum { RECONNECT_WAIT = 200, STORE_WAIT = 10000, FLUSH_WAIT = 5000 };

/* The header of a result that says which job it answers. */
#define ACK_TO "Ack-To"

#define ACK_PREFIX "$JS.ACK."

/* How often the broker has delivered it. Where it waits for the acknowledgement
 * is also what it says of the message, in words with dots between:
 *
 *   $JS.ACK.STREAM.CONSUMER.DELIVERY.SEQUENCE...          nine words
 *   $JS.ACK.DOMAIN.ACCOUNT.STREAM.CONSUMER.DELIVERY...    eleven or more
 */
static bool read_delivery(const char *ack, uint64_t *delivery) {
  char text[ADDRESS], *rest = text, *word;
  const char *fifth = NULL, *seventh = NULL;
  int words = 0;

  strcpy(text, ack);
  while ((word = strsep(&rest, ".")) != NULL) {
    words++;
    if (words == 5)
      fifth = word;
    if (words == 7)
      seventh = word;
  }
  if (words < 9 || strncmp(ack, ACK_PREFIX, strlen(ACK_PREFIX)) != 0)
    return false;
  return read_number(words < 11 ? fifth : seventh, 1, UINT64_MAX, delivery);
}

/* false: that is no job. */
static bool read_job(natsMsg *msg, struct job *job) {
  const char *ack = natsMsg_GetReply(msg);
  uint64_t numbers[NUMBERS];

  memset(job, 0, sizeof *job);
  if (ack == NULL || strlen(ack) >= sizeof job->ack ||
      !read_delivery(ack, &job->delivery) ||
      !read_numbers(natsMsg_GetData(msg), natsMsg_GetDataLength(msg),
                    numbers) ||
      numbers[2] > MOST_ROUNDS)
    return false;
  job->run = numbers[0];
  job->number = numbers[1];
  job->rounds = numbers[2];
  strcpy(job->ack, ack);
  return true;
}

/* What is no job will be none the next time either. Anybody may have sent it:
 * the word goes to nothing but an acknowledgement's subject. */
static void refuse(natsConnection *connection, natsMsg *msg) {
  const char *ack = natsMsg_GetReply(msg);

  if (ack != NULL && strncmp(ack, ACK_PREFIX, strlen(ACK_PREFIX)) == 0)
    (void) natsConnection_PublishString(connection, ack, "+TERM");
}

/* on_job may wait for room: then the next jobs lie in libnats, MOST_OUT at
 * most. */
static void on_message(natsConnection *connection, natsSubscription *sub,
                       natsMsg *msg, void *arg) {
  struct broker *b = arg;
  struct job job;

  (void) sub;
  if (read_job(msg, &job))
    b->on_job(b->arg, &job);
  else
    refuse(connection, msg);
  natsMsg_Destroy(msg);
}

static void on_complete(void *arg) {
  struct broker *b = arg;
  b->on_no_more_jobs(b->arg);
}

static void on_pub_ack(jsCtx *stream, natsMsg *msg, jsPubAck *ack,
                       jsPubAckErr *error, void *arg) {
  struct broker *b = arg;
  struct job result = {0};
  const char *to;

  (void) stream;
  (void) error;
  if (natsMsgHeader_Get(msg, ACK_TO, &to) == NATS_OK)
    snprintf(result.ack, sizeof result.ack, "%s", to);
  b->on_stored(b->arg, &result, ack != NULL);
  natsMsg_Destroy(msg);
}

static natsStatus set_options(struct broker *b, natsOptions *o,
                              const char *url) {
  natsStatus s = natsOptions_SetURL(o, url);

  if (s == NATS_OK)
    s = natsOptions_SetEventLoop(o, b->loop, natsLibuv_Attach, natsLibuv_Read,
                                 natsLibuv_Write, natsLibuv_Detach);
  if (s == NATS_OK)
    s = natsOptions_SetSendAsap(o, true); /* else up to a millisecond late */
  if (s == NATS_OK)
    s = natsOptions_SetMaxReconnect(o, -1); /* without end */
  if (s == NATS_OK)
    s = natsOptions_SetReconnectWait(o, RECONNECT_WAIT);
  return s;
}

natsStatus broker_connect(struct broker *b, const char *url) {
  natsOptions *o = NULL;
  jsOptions js;
  natsStatus s = natsOptions_Create(&o);

  natsLibuv_Init();
  natsLibuv_SetThreadLocalLoop(b->loop);
  if (s == NATS_OK)
    s = set_options(b, o, url);
  if (s == NATS_OK)
    s = natsConnection_Connect(&b->connection, o);
  natsOptions_Destroy(o);
  if (s == NATS_OK)
    s = jsOptions_Init(&js);
  if (s != NATS_OK)
    return s;
  js.PublishAsync.AckHandler = on_pub_ack;
  js.PublishAsync.AckHandlerClosure = b;
  return natsConnection_JetStream(&b->stream, b->connection, &js);
}

/* The runs' consumers deliver to this subject, each message to one of the queue
 * group. That is no subscription of JetStream's, so there need be no run yet.
 */
natsStatus broker_subscribe(struct broker *b) {
  jsAccountInfo *info = NULL;
  natsStatus s = js_GetAccountInfo(&info, b->stream, NULL, NULL);

  jsAccountInfo_Destroy(info); /* it has JetStream: that is all */
  if (s == NATS_OK)
    s = natsConnection_QueueSubscribe(&b->subscription, b->connection,
                                      DELIVER_SUBJECT, WORKERS, on_message, b);
  if (s == NATS_OK)
    s = natsSubscription_SetOnCompleteCB(b->subscription, on_complete, b);
  if (s == NATS_OK) /* the broker knows of it from then on */
    s = natsConnection_FlushTimeout(b->connection, FLUSH_WAIT);
  return s;
}

natsStatus broker_publish(struct broker *b, const struct job *result) {
  char text[TEXT], subject[NAME];
  natsMsg *msg = NULL;
  jsPubOptions o;
  natsStatus s = jsPubOptions_Init(&o);
  int bytes = snprintf(text, sizeof text, "%" PRIu64 " %" PRIu64 " %" PRIu64,
                       result->number, result->answer, result->delivery);

  o.MaxWait = STORE_WAIT;
  snprintf(subject, sizeof subject, RESULT_SUBJECT "%" PRIu64, result->run);
  if (s == NATS_OK)
    s = natsMsg_Create(&msg, subject, NULL, text, bytes);
  if (s == NATS_OK)
    s = natsMsgHeader_Set(msg, ACK_TO, result->ack);
  if (s == NATS_OK)
    s = js_PublishMsgAsync(b->stream, &msg, &o);
  natsMsg_Destroy(msg);
  return s;
}

void broker_acknowledge(struct broker *b, const struct job *result) {
  /* If this is lost the job is done twice, not never. */
  (void) natsConnection_PublishString(b->connection, result->ack, "+ACK");
}

void broker_stop(struct broker *b) {
  natsSubscription_Unsubscribe(b->subscription);
}

void broker_close(struct broker *b) {
  /* First, and not in broker_free: libnats' timer posts a message for each
   * result when its STORE_WAIT is over, stored or not. One that came to a
   * closed connection could be left behind by nats_CloseAndWait. */
  jsCtx_Destroy(b->stream);
  b->stream = NULL;
  natsConnection_Close(b->connection);
}

void broker_free(struct broker *b) {
  natsSubscription_Destroy(b->subscription);
  jsCtx_Destroy(b->stream);
  natsConnection_Destroy(b->connection);
  nats_CloseAndWait(0);
}
