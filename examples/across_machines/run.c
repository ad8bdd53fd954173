/* run: what the broker keeps of a run, and how its boss may come and go.
 *
 * The streams are the boss's memory. How many jobs were given is the last
 * sequence of the stream of jobs; a job is stored only if it is the next, so
 * neither a lost answer nor a restart gives one twice. The results stay until
 * the run ends, and are read by their sequence, so a boss that resumes reads
 * all of them, and no broker that comes back hands one out again.
 *
 * Others can publish there, too, and a broker can lose what it had stored. So a
 * job that has no answer when no job is left is given again, and the sequences
 * are compared with what is there.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "run.h"
#include "url.h"

/* ms */
enum { RECONNECT_WAIT = 200, ANSWER_WAIT = 2000 };

enum { PROGRESS = 1000 };

static const int64_t ns_per_ms = 1000000;

static void check(natsStatus s, const char *what) {
  if (s == NATS_OK)
    return;
  fprintf(stderr, "boss: %s: %s\n", what, natsStatus_GetText(s));
  exit(1);
}

static void check_connected(natsStatus s, const char *url) {
  if (s != NATS_OK)
    exit(say_no_connection("boss", url, s));
}

static const char *name_of(char name[NAME], const char *kind,
                           const struct run *r) {
  snprintf(name, NAME, "%s%" PRIu64, kind, r->number);
  return name;
}

static void connect_to_broker(struct run *r, const char *url) {
  natsOptions *o;
  jsOptions js;

  check(natsOptions_Create(&o), "options");
  check_connected(natsOptions_SetURL(o, url), url);
  check(natsOptions_SetMaxReconnect(o, -1), "options");
  check(natsOptions_SetReconnectWait(o, RECONNECT_WAIT), "options");
  check_connected(natsConnection_Connect(&r->connection, o), url);
  natsOptions_Destroy(o);
  check(jsOptions_Init(&js), "options");
  js.Wait = ANSWER_WAIT;
  check(natsConnection_JetStream(&r->js, r->connection, &js), "JetStream");
}

/* ------------------------------------------------------ who is its boss */

static void on_asked(natsConnection *connection, natsSubscription *sub,
                     natsMsg *msg, void *arg) {
  (void) sub;
  (void) arg;
  (void) natsConnection_PublishString(connection, natsMsg_GetReply(msg),
                                      "here");
  natsMsg_Destroy(msg);
}

/* The broker knows whether anybody listens where the boss would: it says so at
 * once if nobody does. Asked twice, for the last boss may have been killed just
 * now. */
static void be_the_boss(struct run *r) {
  char subject[NAME];
  natsMsg *reply = NULL;
  natsStatus s = NATS_TIMEOUT;

  name_of(subject, BOSS_SUBJECT, r);
  for (int i = 0; s == NATS_TIMEOUT && i < 2; i++)
    s = natsConnection_RequestString(&reply, r->connection, subject, "",
                                     ANSWER_WAIT);
  natsMsg_Destroy(reply);
  if (s == NATS_OK || s == NATS_TIMEOUT) {
    fprintf(stderr, "boss: run %" PRIu64 " has a boss%s\n", r->number,
            s == NATS_OK ? "" : ", though it does not answer");
    exit(1);
  }
  if (s != NATS_NO_RESPONDERS)
    check(s, subject);
  check(natsConnection_Subscribe(&r->alive, r->connection, subject, on_asked,
                                 NULL),
        subject);
}

/* ------------------------------------------- what the broker keeps */

static void refuse_other_jobs(struct run *r, const char *stream,
                              const char *wanted) {
  jsStreamInfo *info;

  check(js_GetStreamInfo(&info, r->js, stream, NULL, NULL), stream);
  const char *found = info->Config->Description; /* somebody else's stream? */
  fprintf(stderr, "boss: run %" PRIu64 " is of ", r->number);
  put_quoted(stderr, found == NULL ? "" : found);
  fputs(", not of ", stderr);
  put_quoted(stderr, wanted);
  putc('\n', stderr);
  exit(1);
}

/* Makes a stream, or finds it as an earlier boss made it. Returns its last
 * sequence. */
static uint64_t make_stream(struct run *r, const char *kind,
                            const char *subject_kind,
                            jsRetentionPolicy retention) {
  char name[NAME], subject[NAME], jobs[TEXT];
  const char *subjects[] = {name_of(subject, subject_kind, r)};
  jsStreamConfig config;
  jsStreamInfo *info = NULL;
  jsErrCode error = 0;

  snprintf(jobs, sizeof jobs, "%" PRIu64 " jobs of %" PRIu64 " rounds", r->jobs,
           r->rounds);
  check(jsStreamConfig_Init(&config), kind);
  config.Name = name_of(name, kind, r);
  config.Description = jobs;
  config.Subjects = subjects;
  config.SubjectsLen = 1;
  config.Retention = retention;
  config.Storage = js_FileStorage;
  natsStatus s = js_AddStream(&info, r->js, &config, NULL, &error);
  if (error == JSStreamNameExistErr)
    refuse_other_jobs(r, name, jobs);
  if (s == NATS_NO_RESPONDERS) {
    fprintf(stderr, "boss: %s\n", NO_JETSTREAM);
    exit(1);
  }
  check(s, name);
  uint64_t last = info->State.LastSeq;
  jsStreamInfo_Destroy(info);
  return last;
}

/* A job that is not acknowledged in time is delivered again. */
static void make_consumer(struct run *r) {
  char stream[NAME];
  jsConsumerConfig config;

  check(jsConsumerConfig_Init(&config), WORKERS);
  config.Durable = WORKERS;
  config.DeliverGroup = WORKERS;
  config.DeliverSubject = DELIVER_SUBJECT;
  config.AckPolicy = js_AckExplicit;
  config.AckWait = (int64_t) r->ack_wait_ms * ns_per_ms;
  config.MaxAckPending = MOST_OUT;
  check(js_AddConsumer(NULL, r->js, name_of(stream, JOBS, r), &config, NULL,
                       NULL),
        WORKERS);
}

void run_open(struct run *r, const char *url) {
  connect_to_broker(r, url);
  be_the_boss(r);
  r->next = 1;
  r->stored = 0;
  make_stream(r, RESULTS, RESULT_SUBJECT, js_LimitsPolicy);
  r->given = make_stream(r, JOBS, JOB_SUBJECT, js_WorkQueuePolicy);
  make_consumer(r);
}

/* -------------------------------------------------- while the broker is away
 */

/* It may come back: that is waited for, as long as it takes. */
static void wait_for_broker(struct run *r, natsStatus why) {
  if (!r->silent)
    fprintf(stderr, "boss: the broker does not answer (%s); waiting for it\n",
            natsStatus_GetText(why));
  r->silent = true;
  nats_Sleep(RECONNECT_WAIT);
}

static void answered(struct run *r) {
  if (r->silent)
    fprintf(stderr, "boss: the broker answers again\n");
  r->silent = false;
}

static void run_is_gone(const struct run *r) {
  fprintf(stderr,
          "boss: run %" PRIu64
          " is gone: another boss has ended it, or it was deleted\n",
          r->number);
  exit(1);
}

/* ------------------------------------------------------- jobs and results */

/* Asks until the broker answers, or the run is gone. */
static jsStreamState state_of(struct run *r, const char *kind) {
  char name[NAME];

  name_of(name, kind, r);
  for (;;) {
    jsStreamInfo *info = NULL;
    jsErrCode error = 0;
    natsStatus s = js_GetStreamInfo(&info, r->js, name, NULL, &error);
    if (error == JSStreamNotFoundErr)
      run_is_gone(r);
    if (s == NATS_OK) {
      jsStreamState state = info->State;
      jsStreamInfo_Destroy(info);
      answered(r);
      return state;
    }
    wait_for_broker(r, s);
  }
}

static int job_text(char text[TEXT], const struct run *r, uint64_t job) {
  return snprintf(text, TEXT, "%" PRIu64 " %" PRIu64 " %" PRIu64, r->number,
                  job, r->rounds);
}

/* The sequence cannot say that a job is to be the first; its identity does. */
static natsStatus give(struct run *r, uint64_t i) {
  char text[TEXT], subject[NAME], id[NAME];
  jsPubOptions o;
  int bytes = job_text(text, r, i);

  check(jsPubOptions_Init(&o), "options");
  snprintf(id, sizeof id, "%" PRIu64, i);
  o.MsgId = id;
  o.ExpectLastSeq = i;
  return js_Publish(NULL, r->js, name_of(subject, JOB_SUBJECT, r), text, bytes,
                    &o, NULL);
}

void run_give(struct run *r) {
  while (r->given < r->jobs) {
    if (give(r, r->given) != NATS_OK) {
      r->given = state_of(r, JOBS).LastSeq; /* what became of it */
    } else if (++r->given % PROGRESS == 0) {
      printf("have given %" PRIu64 "\n", r->given);
      fflush(stdout);
    }
  }
}

/* It may be stored twice, if the broker did not say so: then it is done twice.
 */
void run_give_again(struct run *r, uint64_t job) {
  char text[TEXT], subject[NAME];
  int bytes = job_text(text, r, job);
  natsStatus s;

  name_of(subject, JOB_SUBJECT, r);
  while ((s = js_Publish(NULL, r->js, subject, text, bytes, NULL, NULL)) !=
         NATS_OK) {
    state_of(r, JOBS); /* is it there? */
    wait_for_broker(r, s);
  }
}

bool run_has_no_jobs(struct run *r) {
  return state_of(r, JOBS).Msgs == 0;
}

/* There is no result of that sequence. If there was one already when it was
 * asked for, it was removed, or those before it were lost, if the next one has
 * another. */
static bool find_next(struct run *r) {
  jsStreamState state = state_of(r, RESULTS);

  if (state.LastSeq + 1 < r->next)
    r->next = state.LastSeq + 1;
  else if (state.FirstSeq > r->next)
    r->next = state.FirstSeq;
  else if (r->stored >= r->next)
    r->next++;
  r->stored = state.LastSeq;
  return r->stored >= r->next;
}

natsMsg *run_next_result(struct run *r) {
  char name[NAME];

  name_of(name, RESULTS, r);
  for (;;) {
    natsMsg *msg = NULL;
    jsErrCode error = 0;
    natsStatus s = js_GetMsg(&msg, r->js, name, r->next, NULL, &error);
    if (error == JSStreamNotFoundErr)
      run_is_gone(r);
    if (s == NATS_OK) {
      answered(r);
      r->next++;
      return msg;
    }
    if (error != JSNoMessageFoundErr)
      wait_for_broker(r, s);
    else if (!find_next(r))
      return NULL;
  }
}

static void delete_stream(struct run *r, const char *kind) {
  char name[NAME];
  jsErrCode error = 0;
  natsStatus s = js_DeleteStream(r->js, name_of(name, kind, r), NULL, &error);

  if (s != NATS_OK && error != JSStreamNotFoundErr)
    fprintf(stderr, "boss: %s was not removed: %s\n", name,
            natsStatus_GetText(s));
}

void run_end(struct run *r) {
  delete_stream(r, JOBS);
  delete_stream(r, RESULTS);
  natsSubscription_Destroy(r->alive);
  jsCtx_Destroy(r->js);
  natsConnection_Destroy(r->connection);
  nats_CloseAndWait(0);
}
