/* scenarios: what is measured. Each counts what it received, and ends the
 * program when the count or a sender's order is wrong. */
#include "scenarios.h"

#include <stdlib.h>
#ifdef __linux__
#include <sched.h>
#include <unistd.h>
#endif

#define SENDERS_MOST 64
#define BURST 1000
#define PACE_NS 50000

/* A message: the sender in the upper bits, its running number in the lower. */
#define NUMBER_BITS 40

typedef struct {
  const bench_peer_t *peer;
  void *channel;
  uint64_t expected, received;
  uint64_t next[SENDERS_MOST];
} sink_t;

typedef struct {
  uv_thread_t thread;
  const bench_peer_t *peer;
  void *sender, *back;
  uint64_t number, messages;
  uv_sem_t *may_send;
  double *latencies;
} source_t;

/* Keeps the calling thread on one core, so that the rounds are alike: the
 * receiver on the first, the senders spread over all. */
static void stay_on_core(uint64_t core) {
#ifdef __linux__
  cpu_set_t cores;

  CPU_ZERO(&cores);
  CPU_SET(core % (uint64_t) sysconf(_SC_NPROCESSORS_ONLN), &cores);
  sched_setaffinity(0, sizeof cores, &cores);
#else
  (void) core;
#endif
}

static void receive(sink_t *sink, uint64_t message) {
  uint64_t number = message & ((UINT64_C(1) << NUMBER_BITS) - 1);

  bench_check(sink->next[message >> NUMBER_BITS]++ == number, "order");
  sink->received++;
}

static void on_message(void *arg, uint64_t message) {
  sink_t *sink = arg;

  receive(sink, message);
  if (sink->received == sink->expected)
    uv_stop(uv_default_loop());
}

static void send_all(void *arg) {
  source_t *source = arg;
  uint64_t i;

  stay_on_core(source->number + 1);
  for (i = 0; i < source->messages; i++)
    source->peer->send(source->sender, source->number << NUMBER_BITS | i);
  source->peer->drop_sender(source->sender);
}

/* Lets what was closed call back. */
static void finish_loop(void) {
  uv_run(uv_default_loop(), UV_RUN_DEFAULT);
}

static bench_result_t mpsc(const bench_peer_t *peer, unsigned senders,
                           uint64_t messages, uv_loop_t *loop) {
  static source_t sources[SENDERS_MOST];
  sink_t sink = {.peer = peer, .expected = messages / senders * senders};
  bench_result_t result;
  uint64_t start;
  unsigned i;

  stay_on_core(0);
  sink.channel = peer->open(loop, on_message, &sink);
  for (i = 0; i < senders; i++) {
    sources[i].peer = peer;
    sources[i].number = i;
    sources[i].messages = messages / senders;
    sources[i].sender = peer->add_sender(sink.channel);
  }
  start = uv_hrtime();
  for (i = 0; i < senders; i++)
    bench_check(
        uv_thread_create(&sources[i].thread, send_all, &sources[i]) == 0,
        "thread");
  if (loop != NULL)
    uv_run(loop, UV_RUN_DEFAULT);
  else
    while (sink.received < sink.expected)
      receive(&sink, peer->recv(sink.channel));
  result.figure = (double) (uv_hrtime() - start) / (double) sink.expected;
  bench_check(sink.received == sink.expected, "count");
  for (i = 0; i < senders; i++)
    uv_thread_join(&sources[i].thread);
  result.extra = (double) peer->wakeups(sink.channel) / (double) sink.expected;
  peer->close(sink.channel);
  finish_loop();
  return result;
}

static bench_result_t mpsc_loop(const bench_peer_t *peer, unsigned senders,
                                uint64_t messages) {
  return mpsc(peer, senders, messages, uv_default_loop());
}

static bench_result_t mpsc_thread(const bench_peer_t *peer, unsigned senders,
                                  uint64_t messages) {
  return mpsc(peer, senders, messages, NULL);
}

static bench_result_t alone(const bench_peer_t *peer, unsigned senders,
                            uint64_t messages) {
  void *channel = peer->open(NULL, NULL, NULL);
  void *sender = peer->add_sender(channel);
  uint64_t i, start = uv_hrtime();
  bench_result_t result = {0};

  (void) senders;
  for (i = 0; i < messages; i++) {
    peer->send(sender, i);
    bench_check(peer->recv(channel) == i, "order");
  }
  result.figure = (double) (uv_hrtime() - start) / (double) messages;
  peer->drop_sender(sender);
  peer->close(channel);
  return result;
}

static void answer_all(void *arg) {
  source_t *source = arg;
  uint64_t i;

  stay_on_core(1);
  for (i = 0; i < source->messages; i++)
    source->peer->send(source->sender, source->peer->recv(source->back));
}

static bench_result_t ping_pong(const bench_peer_t *peer, unsigned senders,
                                uint64_t messages) {
  void *there = peer->open(NULL, NULL, NULL);
  void *back = peer->open(NULL, NULL, NULL);
  void *sender = peer->add_sender(there);
  source_t answerer = {.peer = peer, .messages = messages, .back = there};
  bench_result_t result = {0};
  uint64_t i, start;

  (void) senders;
  answerer.sender = peer->add_sender(back);
  bench_check(uv_thread_create(&answerer.thread, answer_all, &answerer) == 0,
              "thread");
  start = uv_hrtime();
  for (i = 0; i < messages; i++) {
    peer->send(sender, i);
    bench_check(peer->recv(back) == i, "order");
  }
  result.figure = (double) (uv_hrtime() - start) / (double) messages;
  uv_thread_join(&answerer.thread);
  peer->drop_sender(sender);
  peer->drop_sender(answerer.sender);
  peer->close(there);
  peer->close(back);
  return result;
}

static void send_bursts(void *arg) {
  source_t *source = arg;
  uint64_t i;

  stay_on_core(1);
  for (i = 0; i < source->messages; i++) {
    if (i % BURST == 0)
      uv_sem_wait(source->may_send);
    source->peer->send(source->sender, i);
  }
}

static uv_sem_t may_send;

static void on_burst_message(void *arg, uint64_t message) {
  sink_t *sink = arg;

  receive(sink, message);
  if (sink->received == sink->expected)
    uv_stop(uv_default_loop());
  else if (sink->received % BURST == 0)
    uv_sem_post(&may_send);
}

static bench_result_t burst(const bench_peer_t *peer, unsigned senders,
                            uint64_t messages) {
  sink_t sink = {.peer = peer, .expected = messages};
  source_t source = {.peer = peer, .messages = messages, .may_send = &may_send};
  bench_result_t result;
  uint64_t start;

  (void) senders;
  bench_check(uv_sem_init(&may_send, 1) == 0, "semaphore");
  sink.channel = peer->open(uv_default_loop(), on_burst_message, &sink);
  source.sender = peer->add_sender(sink.channel);
  start = uv_hrtime();
  bench_check(uv_thread_create(&source.thread, send_bursts, &source) == 0,
              "thread");
  uv_run(uv_default_loop(), UV_RUN_DEFAULT);
  result.figure = (double) (uv_hrtime() - start) / (double) messages;
  bench_check(sink.received == messages, "count");
  uv_thread_join(&source.thread);
  result.extra = (double) peer->wakeups(sink.channel) / (double) messages;
  peer->drop_sender(source.sender);
  peer->close(sink.channel);
  finish_loop();
  uv_sem_destroy(&may_send);
  return result;
}

/* Each message is the time of its sending. */
static void send_paced(void *arg) {
  source_t *source = arg;
  uint64_t i, due = uv_hrtime();

  stay_on_core(1);
  for (i = 0; i < source->messages; i++) {
    due += PACE_NS;
    while (uv_hrtime() < due) {
    }
    source->peer->send(source->sender, uv_hrtime());
  }
}

typedef struct {
  double *delays;
  uint64_t received, expected;
} paced_t;

static void on_paced_message(void *arg, uint64_t message) {
  paced_t *paced = arg;

  paced->delays[paced->received++] = (double) (uv_hrtime() - message);
  if (paced->received == paced->expected)
    uv_stop(uv_default_loop());
}

static int ascending(const void *left, const void *right) {
  double a = *(const double *) left, b = *(const double *) right;

  return (a > b) - (a < b);
}

static bench_result_t paced(const bench_peer_t *peer, unsigned senders,
                            uint64_t messages) {
  paced_t sink = {.expected = messages};
  source_t source = {.peer = peer, .messages = messages};
  bench_result_t result;
  void *channel;

  (void) senders;
  sink.delays = malloc(messages * sizeof *sink.delays);
  bench_check(sink.delays != NULL, "memory");
  channel = peer->open(uv_default_loop(), on_paced_message, &sink);
  source.sender = peer->add_sender(channel);
  bench_check(uv_thread_create(&source.thread, send_paced, &source) == 0,
              "thread");
  uv_run(uv_default_loop(), UV_RUN_DEFAULT);
  uv_thread_join(&source.thread);
  qsort(sink.delays, messages, sizeof *sink.delays, ascending);
  result.figure = sink.delays[messages / 2];
  result.extra = sink.delays[messages * 99 / 100];
  free(sink.delays);
  peer->drop_sender(source.sender);
  peer->close(channel);
  finish_loop();
  return result;
}

static bench_result_t memory(const bench_peer_t *peer, unsigned senders,
                             uint64_t messages) {
  size_t before = peer->memory();
  void *channel = peer->open(NULL, NULL, NULL);
  void *sender = peer->add_sender(channel);
  bench_result_t result;
  uint64_t i;

  (void) senders;
  for (i = 0; i < messages; i++)
    peer->send(sender, i);
  result.figure = (double) (peer->memory() - before) / (double) messages;
  for (i = 0; i < messages; i++)
    bench_check(peer->recv(channel) == i, "order");
  result.extra = (double) (peer->memory() - before);
  peer->drop_sender(sender);
  peer->close(channel);
  return result;
}

const bench_scenario_t bench_scenarios[] = {
    {"mpsc_loop", "ns/message", "wakes/message", 4000000, 4000, true,
     mpsc_loop},
    {"mpsc_thread", "ns/message", "wakes/message", 4000000, 4000, true,
     mpsc_thread},
    {"burst", "ns/message", "wakes/message", 2000000, 4000, false, burst},
    {"alone", "ns/message", NULL, 4000000, 4000, false, alone},
    {"ping_pong", "ns/round trip", NULL, 100000, 1000, false, ping_pong},
    {"paced", "ns to arrive, p50", "ns, p99", 10000, 100, false, paced},
    {"memory", "bytes/message", "bytes left", 10000000, 10000, false, memory},
};
const size_t bench_scenarios_count =
    sizeof bench_scenarios / sizeof *bench_scenarios;
