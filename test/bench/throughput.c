/* throughput: what a message costs when many are under way. */
#include "bench.h"

#define BURST 1000
#define BOUND 1024

/* A message: its sender in the upper bits, its number there in the lower. */
#define NUMBER_BITS 40

typedef struct {
  uint64_t next[BENCH_SENDERS_MOST]; /* each sender's next number */
  uint64_t received, expected;
} sink_t;

typedef struct {
  uv_thread_t thread;
  const bench_peer_t *peer;
  void *sender;
  unsigned index;
  uint64_t messages;
} source_t;

/* Every message of every sender, each once, in its order: this implies count
 * and sum. */
static void receive(sink_t *sink, uint64_t message) {
  uint64_t from = message >> NUMBER_BITS;
  uint64_t number = message & ((UINT64_C(1) << NUMBER_BITS) - 1);

  bench_check(from < BENCH_SENDERS_MOST && sink->next[from]++ == number,
              "a message is missing, double or out of order");
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

  bench_core(source->index + 1);
  for (i = 0; i < source->messages; i++)
    source->peer->send(source->sender,
                       (uint64_t) source->index << NUMBER_BITS | i);
}

static void mpsc(const bench_round_t *round, double *figures, uv_loop_t *loop,
                 size_t capacity) {
  static source_t sources[BENCH_SENDERS_MOST];
  uint64_t each = (round->messages + round->senders - 1) / round->senders;
  sink_t sink = {.expected = each * round->senders};
  const bench_peer_t *peer = round->peer;
  void *channel = peer->open(loop, capacity, on_message, &sink);
  uint64_t begin;
  unsigned i;

  for (i = 0; i < round->senders; i++) {
    sources[i].peer = peer;
    sources[i].sender = peer->add_sender(channel);
    sources[i].index = i;
    sources[i].messages = each;
  }
  begin = uv_hrtime();
  for (i = 0; i < round->senders; i++)
    bench_thread(&sources[i].thread, send_all, &sources[i]);
  if (loop != NULL)
    uv_run(loop, UV_RUN_DEFAULT);
  else
    while (sink.received < sink.expected)
      receive(&sink, peer->recv(channel));
  figures[0] = (double) (uv_hrtime() - begin) / (double) sink.expected;
  bench_check(sink.received == sink.expected, "count");
  for (i = 0; i < round->senders; i++) {
    uv_thread_join(&sources[i].thread);
    peer->drop_sender(sources[i].sender);
  }
  figures[1] = (double) peer->wakeups(channel) / (double) sink.expected;
  peer->close(channel);
  bench_finish_loop();
}

static void run_mpsc_loop(const bench_round_t *round, double *figures) {
  mpsc(round, figures, uv_default_loop(), 0);
}

static void run_mpsc_thread(const bench_round_t *round, double *figures) {
  mpsc(round, figures, NULL, 0);
}

static void run_bounded_loop(const bench_round_t *round, double *figures) {
  mpsc(round, figures, uv_default_loop(), BOUND);
}

static void run_bounded_thread(const bench_round_t *round, double *figures) {
  mpsc(round, figures, NULL, BOUND);
}

static void run_bounded_one(const bench_round_t *round, double *figures) {
  mpsc(round, figures, NULL, 1);
}

typedef struct {
  sink_t sink; /* first */
  source_t source;
  uv_sem_t may_send;
} burst_t;

static void send_bursts(void *arg) {
  burst_t *burst = arg;
  source_t *source = &burst->source;
  uint64_t i;

  bench_core(1);
  for (i = 0; i < source->messages; i++) {
    if (i % BURST == 0)
      uv_sem_wait(&burst->may_send);
    source->peer->send(source->sender, i);
  }
}

static void on_burst_message(void *arg, uint64_t message) {
  burst_t *burst = arg;

  on_message(&burst->sink, message);
  if (burst->sink.received % BURST == 0)
    uv_sem_post(&burst->may_send);
}

static void run_burst(const bench_round_t *round, double *figures) {
  const bench_peer_t *peer = round->peer;
  burst_t burst = {.sink = {.expected = round->messages},
                   .source = {.peer = peer, .messages = round->messages}};
  uv_loop_t *loop = uv_default_loop();
  void *channel = peer->open(loop, 0, on_burst_message, &burst);
  uint64_t begin;

  burst.source.sender = peer->add_sender(channel);
  bench_check(uv_sem_init(&burst.may_send, 1) == 0, "semaphore");
  begin = uv_hrtime();
  bench_thread(&burst.source.thread, send_bursts, &burst);
  uv_run(loop, UV_RUN_DEFAULT);
  figures[0] = (double) (uv_hrtime() - begin) / (double) round->messages;
  bench_check(burst.sink.received == burst.sink.expected, "count");
  uv_thread_join(&burst.source.thread);
  peer->drop_sender(burst.source.sender);
  figures[1] = (double) peer->wakeups(channel) / (double) round->messages;
  peer->close(channel);
  bench_finish_loop();
  uv_sem_destroy(&burst.may_send);
}

static void run_seq(const bench_round_t *round, double *figures) {
  const bench_peer_t *peer = round->peer;
  void *channel = peer->open(NULL, 0, NULL, NULL);
  void *sender = peer->add_sender(channel);
  uint64_t i, begin = uv_hrtime();

  for (i = 0; i < round->messages; i++) {
    peer->send(sender, i);
    bench_check(peer->recv(channel) == i, "another message than the one sent");
  }
  figures[0] = (double) (uv_hrtime() - begin) / (double) round->messages;
  peer->drop_sender(sender);
  peer->close(channel);
}

const bench_scenario_t bench_mpsc_loop = {
    "mpsc_loop",  {"ns/message", "wakes/message"}, 4000000, 4000, true,
    run_mpsc_loop};
const bench_scenario_t bench_mpsc_thread = {
    "mpsc_thread",  {"ns/message", "wakes/message"}, 4000000, 4000, true,
    run_mpsc_thread};
const bench_scenario_t bench_bounded_loop = {
    "bounded_loop",  {"ns/message", "wakes/message"}, 4000000, 4000, true,
    run_bounded_loop};
const bench_scenario_t bench_bounded_thread = {
    "bounded_thread",  {"ns/message", "wakes/message"}, 4000000, 4000, true,
    run_bounded_thread};
const bench_scenario_t bench_bounded_one = {
    "bounded_one",  {"ns/message", "wakes/message"}, 200000, 1000, true,
    run_bounded_one};
const bench_scenario_t bench_burst = {
    "burst", {"ns/message", "wakes/message"}, 2000000, 4000, false, run_burst};
const bench_scenario_t bench_seq = {"seq", {"ns/message"}, 4000000,
                                    4000,  false,          run_seq};
