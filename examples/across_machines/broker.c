#include <inttypes.h>
#include <nats/adapters/libuv.h>
#include <stdio.h>
#include <string.h>

#include "broker.h"

/* ms */
enum { RECONNECT_WAIT = 200, STORE_WAIT = 10000, FLUSH_WAIT = 5000 };

/* The header of a result that says which job it answers. */
#define ACK_TO "Ack-To"

/* false: that is no job, or not one of this stream. */
static bool read_job(natsMsg *msg, struct job *job) {
  const char *ack = natsMsg_GetReply(msg);
  jsMsgMetaData *meta;
  char text[TEXT];

  memset(job, 0, sizeof *job);
  if (natsMsg_GetMetaData(&meta, msg) != NATS_OK)
    return false;
  job->delivery = meta->NumDelivered;
  jsMsgMetaData_Destroy(meta);
  snprintf(text, sizeof text, "%.*s", natsMsg_GetDataLength(msg),
           natsMsg_GetData(msg));
  if (ack == NULL || strlen(ack) >= sizeof job->ack ||
      sscanf(text, "%" SCNu64 " %" SCNu64, &job->number, &job->rounds) != 2)
    return false;
  strcpy(job->ack, ack);
  return true;
}

/* on_job may wait for room: then the next jobs lie in libnats, MOST_OUT at
 * most. */
static void on_message(natsConnection *connection, natsSubscription *sub,
                       natsMsg *msg, void *arg) {
  struct broker *b = arg;
  struct job job;

  (void) connection;
  (void) sub;
  if (read_job(msg, &job))
    b->on_job(b->arg, &job);
  else
    natsMsg_Term(msg, NULL);
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
    s = natsOptions_SetMaxReconnect(o, -1); /* for ever */
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

/* The consumer is the boss's, so it stays when a worker goes. */
natsStatus broker_subscribe(struct broker *b) {
  jsSubOptions o;
  natsStatus s = jsSubOptions_Init(&o);

  o.Stream = JOBS;
  o.Consumer = WORKERS;
  o.Queue = WORKERS;
  o.ManualAck = true;
  if (s == NATS_OK)
    s = js_Subscribe(&b->subscription, b->stream, JOB_SUBJECT, on_message, b,
                     NULL, &o, NULL);
  if (s == NATS_OK)
    s = natsSubscription_SetOnCompleteCB(b->subscription, on_complete, b);
  if (s == NATS_OK) /* the broker knows of it from then on */
    s = natsConnection_FlushTimeout(b->connection, FLUSH_WAIT);
  return s;
}

natsStatus broker_publish(struct broker *b, const struct job *result) {
  char text[TEXT];
  natsMsg *msg = NULL;
  jsPubOptions o;
  natsStatus s = jsPubOptions_Init(&o);
  int bytes = snprintf(text, sizeof text, "%" PRIu64 " %" PRIu64 " %" PRIu64,
                       result->number, result->answer, result->delivery);

  o.MaxWait = STORE_WAIT;
  if (s == NATS_OK)
    s = natsMsg_Create(&msg, RESULT_SUBJECT, NULL, text, bytes);
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
  natsConnection_Close(b->connection);
}

void broker_free(struct broker *b) {
  natsSubscription_Destroy(b->subscription);
  jsCtx_Destroy(b->stream);
  natsConnection_Destroy(b->connection);
  nats_CloseAndWait(0);
}
