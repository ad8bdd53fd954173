/* shared: one channel, several receivers, each with a thread or loop of its
 * own; what the work that they share costs. */
#include <stdlib.h>

#include "bench.h"

#define RECEIVERS_MOST 16

/* A receiver. The lines between two keep them out of each other's caches. */
typedef struct {
  uv_thread_t thread;
  unsigned index; /* 0: the main thread's */
  void *channel, *receiver;
  bench_kind_t kind;
  uint64_t each; /* messages of each sender */
  uint64_t next[BENCH_SENDERS_MOST];
  uint64_t received, ended; /* how many; when */
  unsigned char *seen;      /* a bit for each message of each sender */
  uv_loop_t loop;           /* of all but the main thread */
  char gap[128];
} taker_t;

static uv_barrier_t ready;

/* What one receiver gets of one sender comes in that sender's order. */
static void take(taker_t *taker, const void *message) {
  uint64_t value = bench_read(message, taker->kind.size);
  uint64_t from = value >> BENCH_NUMBER_BITS;
  uint64_t number = value & ((UINT64_C(1) << BENCH_NUMBER_BITS) - 1), bit;

  bench_check(from < taker->kind.senders && number < taker->each &&
                  number >= taker->next[from],
              "a message is double or out of order");
  taker->next[from] = number + 1;
  bit = from * taker->each + number;
  taker->seen[bit / 8] |= (unsigned char) (1u << bit % 8);
  taker->received++;
}

static void on_message(void *arg, const void *message) {
  taker_t *taker = arg;

  if (message != NULL) {
    take(taker, message);
    return;
  }
  if (taker->index == 0)
    bench_stop();
  else
    uv_stop(&taker->loop);
}

static void take_all(taker_t *taker) {
  bench_message_t message;

  if (!taker->kind.to_loop)
    while (bench_peer->recv(taker->receiver, &message))
      take(taker, &message);
  else if (taker->index == 0)
    bench_run();
  else
    uv_run(&taker->loop, UV_RUN_DEFAULT);
  taker->ended = uv_hrtime();
}

static void receive_beside(void *arg) {
  taker_t *taker = arg;
  uv_loop_t *loop = taker->kind.to_loop ? &taker->loop : NULL;

  bench_core(taker->index);
  if (loop != NULL)
    bench_check(uv_loop_init(loop) == 0, "loop");
  taker->receiver =
      bench_peer->add_receiver(taker->channel, loop, &taker->kind);
  uv_barrier_wait(&ready);
  take_all(taker);
  bench_peer->drop_receiver(taker->receiver);
  if (loop != NULL) {
    uv_run(loop, UV_RUN_DEFAULT);
    bench_check(uv_loop_close(loop) == 0, "a handle is left");
  }
}

/* The last one to be dropped ends the channel. */
static void send_all(void *arg) {
  bench_source_t *source = arg;

  bench_send_all(source);
  bench_peer->drop_sender(source->sender);
}

/* Each message was received, and by one of them only. */
static void check_all(const taker_t *takers, unsigned count,
                      uint64_t expected) {
  uint64_t received = 0, byte;
  unsigned i;

  for (i = 0; i < count; i++)
    received += takers[i].received;
  bench_check(received == expected, "count");
  for (byte = 0; byte < expected / 8; byte++) {
    unsigned seen = 0, sum = 0;
    for (i = 0; i < count; i++) {
      seen |= takers[i].seen[byte];
      sum += takers[i].seen[byte];
    }
    bench_check(seen == 255 && sum == 255, "a message is missing or double");
  }
}

static void begin_takers(taker_t *takers, const bench_case_t *test,
                         uint64_t each) {
  unsigned i;

  memset(takers, 0, test->kind.sharing * sizeof *takers);
  for (i = 0; i < test->kind.sharing; i++) {
    taker_t *taker = &takers[i];
    taker->index = i;
    taker->kind = test->kind;
    taker->kind.cb = on_message;
    taker->kind.arg = taker;
    taker->each = each;
    taker->seen = calloc(1, (size_t) (each * test->kind.senders / 8 + 1));
    bench_check(taker->seen != NULL, "memory");
    taker->channel = i == 0 ? bench_peer->open(&taker->kind) : takers->channel;
  }
  takers->receiver = takers->channel;
  for (i = 1; i < test->kind.sharing; i++)
    bench_thread(&takers[i].thread, receive_beside, &takers[i]);
}

/* Joins the receivers; returns when the last of them saw the end. */
static uint64_t end_takers(taker_t *takers, const bench_case_t *test,
                           uint64_t expected) {
  uint64_t ended = takers->ended;
  unsigned i;

  for (i = 1; i < test->kind.sharing; i++) {
    uv_thread_join(&takers[i].thread);
    ended = takers[i].ended > ended ? takers[i].ended : ended;
  }
  check_all(takers, test->kind.sharing, expected);
  for (i = 0; i < test->kind.sharing; i++)
    free(takers[i].seen);
  return ended;
}

static void begin_sources(bench_source_t *sources, const bench_case_t *test,
                          uint64_t each, void *channel) {
  unsigned i;

  bench_add_sources(sources, channel, &test->kind, each);
  if (bench_peer->seal != NULL)
    bench_peer->seal(channel);
  for (i = 0; i < test->kind.senders; i++)
    bench_thread(&sources[i].thread, send_all, &sources[i]);
}

static void run_shared(const bench_case_t *test) {
  static taker_t takers[RECEIVERS_MOST];
  static bench_source_t sources[BENCH_SENDERS_MOST];
  unsigned senders = test->kind.senders, i;
  uint64_t each = (test->messages + senders - 1) / senders, begin, ended;
  double all = (double) (each * senders), cpu;

  bench_check(test->kind.sharing > 1, "shared is for --sharing 2 or more");
  bench_check(uv_barrier_init(&ready, test->kind.sharing) == 0, "barrier");
  begin_takers(takers, test, each);
  uv_barrier_wait(&ready);
  cpu = bench_cpu_ns(CLOCK_PROCESS_CPUTIME_ID);
  begin = uv_hrtime();
  begin_sources(sources, test, each, takers->channel);
  take_all(takers);
  for (i = 0; i < senders; i++)
    uv_thread_join(&sources[i].thread);
  cpu = bench_cpu_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu;
  ended = end_takers(takers, test, each * senders);
  bench_tell("ns/message", (double) (ended - begin) / all);
  bench_tell("cpu ns/message", cpu / all);
  uv_barrier_destroy(&ready);
  bench_peer->close(takers->channel);
  bench_settle();
}

const bench_scenario_t bench_shared = {"shared", 2000000, true, run_shared,
                                       true};
