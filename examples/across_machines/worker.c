/* worker: takes jobs from a broker, has threads do them, returns the results.
 *
 *   libnats' thread --[jobs]--> threads --[results]--> loop --> the broker
 *   libnats' thread --------------------[stored]-----> loop --> the broker
 *
 * A job is acknowledged when the broker has stored its result, not before: a
 * worker that is killed meanwhile has lost nothing, for the broker gives the
 * job to another one.
 *
 * The end, after SIGTERM: no more jobs come, and the channels' own ends do the
 * rest. Jobs end, so the threads end, so the results end; when the last of them
 * is stored the connection is closed, and the loop has nothing left. A second
 * SIGTERM ends it at once.
 */
#include <errno.h>
#include <loopchan.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../check_error.h"
#include "../option.h"
#include "../standard_files.h"
#include "../thread_pool.h"
#include "broker.h"
#include "url.h"

enum { MOST_THREADS = 64, ROOM = 16 };

LOOPCHAN_TYPED(jobs, struct job);

struct stored {
  struct job result;
  bool stored; /* false: the broker did not say so in time */
};
LOOPCHAN_TYPED(stored, struct stored);

static struct worker {
  uv_loop_t loop;
  uv_signal_t sigterm, sigint;
  uv_work_t subscribing;
  natsStatus subscribed;
  bool is_subscribing, is_stopping, results_ended;
  struct broker broker;
  loopchan_receiver_t jobs; /* shared by the threads */
  loopchan_sender_t *jobs_tx;
  loopchan_receiver_t results;
  loopchan_sender_t *results_tx[MOST_THREADS]; /* a thread's own */
  loopchan_receiver_t stored;
  loopchan_sender_t *stored_tx;
  uv_thread_t threads[MOST_THREADS];
  int count;
  size_t published, acknowledged, given_up;
} me;

/* ------------------------------------------------------- the threads */

static void run(void *results_tx) {
  struct job job;
  int err;

  while ((err = jobs_recv(&me.jobs, &job)) == 0) {
    job.answer = work(job.number, job.rounds);
    check(jobs_send(results_tx, &job));
  }
  check(err == UV_EOF ? 0 : err);
  loopchan_sender_drop(results_tx);
}

/* ------------------------------------------------- libnats' threads */

/* Waits while ROOM jobs wait for a thread. */
static void on_job(void *arg, const struct job *job) {
  (void) arg;
  check(jobs_send(me.jobs_tx, job));
}

static void on_no_more_jobs(void *arg) {
  (void) arg;
  loopchan_sender_drop(me.jobs_tx);
}

static void on_stored(void *arg, const struct job *result, bool is_stored) {
  struct stored message = {*result, is_stored};
  (void) arg;
  check(stored_send(me.stored_tx, &message));
}

/* ------------------------------------------------------ the loop */

static void close_handle(uv_handle_t *handle) {
  if (!uv_is_closing(handle))
    uv_close(handle, NULL);
}

static void forget_signals(void) {
  close_handle((uv_handle_t *) &me.sigterm);
  close_handle((uv_handle_t *) &me.sigint);
}

static void end_if_done(void) {
  if (!me.results_ended || me.published > me.acknowledged + me.given_up)
    return;
  broker_close(&me.broker);
  check(loopchan_close(&me.stored, NULL));
  forget_signals();
}

static void on_result(loopchan_receiver_t *rx, int status, struct job *result) {
  if (status == 0) {
    if (broker_publish(&me.broker, result) == NATS_OK)
      me.published++;
    return; /* else its job is not acknowledged, and comes again */
  }
  for (int i = 0; i < me.count; i++)
    check(uv_thread_join(&me.threads[i]));
  check(loopchan_close(&me.jobs, NULL));
  check(loopchan_close(rx, NULL));
  me.results_ended = true;
  end_if_done();
}

static void on_stored_result(loopchan_receiver_t *rx, int status,
                             struct stored *message) {
  (void) rx;
  check(status);
  if (message->stored) {
    broker_acknowledge(&me.broker, &message->result);
    me.acknowledged++;
  } else {
    me.given_up++;
  }
  end_if_done();
}

static void stop(void) {
  if (me.is_stopping || me.is_subscribing) {
    me.is_stopping = true;
    return;
  }
  me.is_stopping = true;
  if (me.broker.subscription != NULL)
    broker_stop(&me.broker);
  else
    loopchan_sender_drop(me.jobs_tx); /* no job came, none will */
}

/* A job may take long. A second signal does what signals do by default. */
static void on_signal(uv_signal_t *handle, int number) {
  (void) handle;
  (void) number;
  forget_signals();
  stop();
}

/* The broker's answer comes through the loop, so the loop cannot wait for it.
 */
static void subscribe(uv_work_t *req) {
  (void) req;
  me.subscribed = broker_subscribe(&me.broker);
}

static void on_subscribed(uv_work_t *req, int status) {
  bool was_stopping = me.is_stopping;

  (void) req;
  check(status);
  me.is_subscribing = me.is_stopping = false;
  if (me.subscribed == NATS_OK) {
    puts("ready");
    fflush(stdout);
  }
  if (me.subscribed != NATS_OK || was_stopping)
    stop();
}

/* ---------------------------------------------------- beginning and end */

static void open_channels(void) {
  loopchan_options_t shared = {.capacity = ROOM, .flags = LOOPCHAN_SHARED};
  loopchan_options_t bounded = {.capacity = ROOM};
  loopchan_options_t unbounded = {0}; /* no more come than were published */

  check(jobs_open(NULL, &me.jobs, &me.jobs_tx, &shared));
  check(jobs_open(&me.loop, &me.results, &me.results_tx[0], &bounded));
  check(stored_open(&me.loop, &me.stored, &me.stored_tx, &unbounded));
  check(jobs_recv_start(&me.results, on_result));
  check(stored_recv_start(&me.stored, on_stored_result));
}

static void start_threads(void) {
  for (int i = 1; i < me.count; i++) {
    me.results_tx[i] = loopchan_sender_clone(me.results_tx[0]);
    check(me.results_tx[i] == NULL ? UV_ENOMEM : 0);
  }
  for (int i = 0; i < me.count; i++)
    check(uv_thread_create(&me.threads[i], run, me.results_tx[i]));
}

static void watch(uv_signal_t *handle, int number) {
  check(uv_signal_init(&me.loop, handle));
  check(uv_signal_start(handle, on_signal, number));
}

/* Returns false when it has said what is wrong. */
static bool read_options(int argc, char **argv, const char **url) {
  struct given threads = {"worker", "-", "t", "2"};
  uint64_t count = 0;
  int option;

  *url = NATS_DEFAULT_URL;
  opterr = 0;
  while ((option = getopt(argc, argv, ":s:t:")) != -1) {
    if (option == 's') {
      *url = optarg;
    } else if (option == 't') {
      threads.value = optarg;
    } else {
      refuse_option("worker", option, argv);
      return false;
    }
  }
  if (optind != argc) {
    refuse_word("worker", argv[optind]);
    return false;
  }
  if (!take_number(&threads, 1, MOST_THREADS, &count))
    return false;
  me.count = (int) count;
  return true;
}

int main(int argc, char **argv) {
  const char *url;
  natsStatus s;

  check(open_standard_files() == 0 ? 0 : uv_translate_sys_error(errno));
  if (!read_options(argc, argv, &url)) {
    fputs("usage: worker [-s URL] [-t THREADS]\n", stderr);
    return 2;
  }
  check(uv_loop_init(&me.loop));
  me.broker = (struct broker){.loop = &me.loop,
                              .on_job = on_job,
                              .on_no_more_jobs = on_no_more_jobs,
                              .on_stored = on_stored};
  s = broker_connect(&me.broker, url);
  if (s != NATS_OK)
    return say_no_connection("worker", url, s);
  watch(&me.sigterm, SIGTERM);
  watch(&me.sigint, SIGINT);
  open_channels();
  start_threads();
  me.is_subscribing = true;
  check(queue_first_work("worker: no threads for libuv's pool\n", &me.loop,
                         &me.subscribing, subscribe, on_subscribed));
  uv_run(&me.loop, UV_RUN_DEFAULT);
  broker_free(&me.broker);
  loopchan_sender_drop(me.stored_tx); /* libnats had it until now */
  check(uv_loop_close(&me.loop));
  printf("published %zu, acknowledged %zu, given up %zu\n", me.published,
         me.acknowledged, me.given_up);
  check(flush_standard_output() == 0 ? 0 : uv_translate_sys_error(errno));
  if (me.subscribed != NATS_OK)
    fprintf(stderr, "worker: no jobs: %s\n",
            me.subscribed == NATS_NO_RESPONDERS
                ? NO_JETSTREAM
                : natsStatus_GetText(me.subscribed));
  return me.subscribed != NATS_OK;
}
