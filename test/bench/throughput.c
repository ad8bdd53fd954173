/* throughput: what a message costs when many are under way. */
#include "bench.h"

#include <stdlib.h>

#define BURST 1000

typedef struct {
  uint64_t next[BENCH_SENDERS_MOST]; /* each sender's next number */
  uint64_t received, expected;
  size_t size;
} sink_t;

/* Every message of every sender, each once, in its order: this implies count
 * and sum. */
static void receive(sink_t *sink, const void *message) {
  uint64_t value = bench_read(message, sink->size);
  uint64_t from = value >> BENCH_NUMBER_BITS;
  uint64_t number = value & ((UINT64_C(1) << BENCH_NUMBER_BITS) - 1);

  bench_check(from < BENCH_SENDERS_MOST && sink->next[from]++ == number,
              "a message is missing, double or out of order");
  sink->received++;
}

static void on_message(void *arg, const void *message) {
  sink_t *sink = arg;

  receive(sink, message);
  if (sink->received == sink->expected)
    bench_stop();
}

static void receive_all(void *channel, sink_t *sink, bool on_loop) {
  bench_message_t message;

  if (on_loop)
    bench_run();
  else
    while (sink->received < sink->expected) {
      bench_recv(bench_peer, channel, &message);
      receive(sink, &message);
    }
  bench_check(sink->received == sink->expected, "count");
}

typedef struct {
  uint64_t time;
  double cpu; /* all threads */
} clocks_t;

static clocks_t begin_clocks(void) {
  return (clocks_t){uv_hrtime(), bench_cpu_ns(CLOCK_PROCESS_CPUTIME_ID)};
}

static void report(void *channel, clocks_t begin, uint64_t messages) {
  clocks_t end = begin_clocks();

  bench_tell("ns/message",
             (double) (end.time - begin.time) / (double) messages);
  bench_tell("cpu ns/message", (end.cpu - begin.cpu) / (double) messages);
  if (bench_peer->wakeups != NULL)
    bench_tell("wakes/message",
               (double) bench_peer->wakeups(channel) / (double) messages);
}

/* Nobody sends to an idle channel. */
static void on_idle(void *arg, const void *message) {
  (void) arg;
  (void) message;
  bench_fail("a message on an idle channel");
}

static void **open_idle(const bench_case_t *test) {
  bench_kind_t kind = test->kind;
  void **idle = calloc(test->receivers, sizeof *idle);
  unsigned i;

  bench_check(idle != NULL, "memory");
  kind.cb = on_idle;
  for (i = 1; i < test->receivers; i++)
    idle[i] = bench_peer->open(&kind);
  return idle;
}

static void close_idle(const bench_case_t *test, void **idle) {
  unsigned i;

  for (i = 1; i < test->receivers; i++)
    bench_peer->close(idle[i]);
  free(idle);
}

static void run_mpsc(const bench_case_t *test) {
  static bench_source_t sources[BENCH_SENDERS_MOST];
  bench_kind_t kind = test->kind;
  uint64_t each = (test->messages + kind.senders - 1) / kind.senders;
  sink_t sink = {.expected = each * kind.senders, .size = kind.size};
  void *channel, **idle = open_idle(test);
  clocks_t begin;
  unsigned i;

  kind.cb = on_message;
  kind.arg = &sink;
  channel = bench_peer->open(&kind);
  bench_add_sources(sources, channel, &kind, each);
  begin = begin_clocks();
  for (i = 0; i < kind.senders; i++)
    bench_thread(&sources[i].thread, bench_send_all, &sources[i]);
  receive_all(channel, &sink, kind.to_loop);
  report(channel, begin, sink.expected);
  for (i = 0; i < kind.senders; i++) {
    uv_thread_join(&sources[i].thread);
    bench_peer->drop_sender(sources[i].sender);
  }
  bench_peer->close(channel);
  close_idle(test, idle);
  bench_settle();
}

typedef struct {
  sink_t sink; /* first */
  bench_source_t source;
  uv_sem_t may_send;
} burst_t;

static void send_bursts(void *arg) {
  burst_t *burst = arg;
  bench_source_t *source = &burst->source;
  bench_message_t message = {{0}};
  uint64_t i;

  bench_core(1);
  for (i = 0; i < source->messages; i++) {
    if (i % BURST == 0)
      uv_sem_wait(&burst->may_send);
    bench_write(&message, source->size, i);
    bench_peer->send(source->sender, &message);
    if (bench_peer->flush != NULL &&
        ((i + 1) % BURST == 0 || i + 1 == source->messages))
      bench_peer->flush(source->sender);
  }
}

static void on_burst_message(void *arg, const void *message) {
  burst_t *burst = arg;

  on_message(&burst->sink, message);
  if (burst->sink.received % BURST == 0)
    uv_sem_post(&burst->may_send);
}

static void receive_bursts(void *channel, burst_t *burst) {
  bench_message_t message;

  while (burst->sink.received < burst->sink.expected) {
    bench_recv(bench_peer, channel, &message);
    receive(&burst->sink, &message);
    if (burst->sink.received % BURST == 0)
      uv_sem_post(&burst->may_send);
  }
}

static void run_burst(const bench_case_t *test) {
  bench_kind_t kind = test->kind;
  burst_t burst = {.sink = {.expected = test->messages, .size = kind.size},
                   .source = {.messages = test->messages, .size = kind.size}};
  void *channel;
  clocks_t begin;

  kind.cb = on_burst_message;
  kind.arg = &burst;
  channel = bench_peer->open(&kind);
  burst.source.sender = bench_peer->add_sender(channel);
  bench_check(uv_sem_init(&burst.may_send, 1) == 0, "semaphore");
  begin = begin_clocks();
  bench_thread(&burst.source.thread, send_bursts, &burst);
  if (kind.to_loop)
    bench_run();
  else
    receive_bursts(channel, &burst);
  bench_check(burst.sink.received == burst.sink.expected, "count");
  report(channel, begin, test->messages);
  uv_thread_join(&burst.source.thread);
  bench_peer->drop_sender(burst.source.sender);
  bench_peer->close(channel);
  bench_settle();
  uv_sem_destroy(&burst.may_send);
}

static void run_seq(const bench_case_t *test) {
  size_t size = test->kind.size;
  void *channel = bench_peer->open(&test->kind);
  void *sender = bench_peer->add_sender(channel);
  bench_message_t out = {{0}}, in;
  uint64_t i, begin = uv_hrtime();

  bench_check(!test->kind.to_loop, "seq is for --to thread");
  for (i = 0; i < test->messages; i++) {
    bench_write(&out, size, i);
    bench_peer->send(sender, &out);
    bench_recv(bench_peer, channel, &in);
    bench_check(bench_read(&in, size) == i,
                "another message than the one sent");
  }
  bench_tell("ns/message",
             (double) (uv_hrtime() - begin) / (double) test->messages);
  bench_peer->drop_sender(sender);
  bench_peer->close(channel);
}

/* One thread sends a hundred messages to its own loop and runs it until they
 * have come, again and again. Nothing here depends on time or chance, so what
 * it takes can be counted: see counts. */
static void run_turns(const bench_case_t *test) {
  bench_kind_t kind = test->kind;
  sink_t sink = {.size = kind.size};
  bench_message_t message = {{0}};
  void *channel, *sender;
  clocks_t begin;
  uint64_t i;

  kind.cb = on_message;
  kind.arg = &sink;
  channel = bench_peer->open(&kind);
  sender = bench_peer->add_sender(channel);
  begin = begin_clocks();
  for (i = 0; i < test->messages;) {
    bench_write(&message, kind.size, i++);
    bench_peer->send(sender, &message);
    if (i % 100 == 0 || i == test->messages) {
      sink.expected = i;
      receive_all(channel, &sink, true);
    }
  }
  report(channel, begin, test->messages);
  bench_peer->drop_sender(sender);
  bench_peer->close(channel);
  bench_settle();
}

const bench_scenario_t bench_mpsc = {"mpsc", 2000000, true, run_mpsc, true};
const bench_scenario_t bench_burst = {"burst", 2000000, true, run_burst, true};
const bench_scenario_t bench_seq = {"seq", 4000000, true, run_seq, false};
const bench_scenario_t bench_turns = {"turns", 1000000, false, run_turns,
                                      false};
