/* memory: what waiting messages and idle channels take; what opening costs. */
#include <stdlib.h>

#include "bench.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif

#define IDLE 1000

/* Bytes of the blocks that malloc gave and did not get back, its own word for
 * each included. */
static double bytes_held(void) {
#if defined(__GLIBC__) && (__GLIBC__ > 2 || __GLIBC_MINOR__ >= 33)
  struct mallinfo2 info = mallinfo2();
  return (double) info.uordblks + (double) info.hblkhd;
#else
  exit(BENCH_LACKS);
#endif
}

typedef struct {
  size_t size;
  uint64_t received, expected;
} queue_t;

static void receive(queue_t *queue, const void *message) {
  bench_check(bench_read(message, queue->size) == queue->received++,
              "another message than the next one");
}

static void on_message(void *arg, const void *message) {
  queue_t *queue = arg;

  receive(queue, message);
  if (queue->received == queue->expected)
    bench_stop();
}

static void receive_all(void *channel, queue_t *queue, bool on_loop) {
  bench_message_t message;

  if (on_loop)
    bench_run();
  else
    while (queue->received < queue->expected) {
      bench_recv(bench_peer, channel, &message);
      receive(queue, &message);
    }
}

static double idle_bytes(const bench_kind_t *kind) {
  static void *channels[IDLE], *senders[IDLE];
  double bytes = bytes_held();
  size_t i;

  for (i = 0; i < IDLE; i++) {
    channels[i] = bench_peer->open(kind);
    senders[i] = bench_peer->add_sender(channels[i]);
  }
  bytes = bytes_held() - bytes;
  for (i = 0; i < IDLE; i++) {
    bench_peer->drop_sender(senders[i]);
    bench_peer->close(channels[i]);
  }
  bench_settle();
  return bytes / IDLE;
}

static void run_memory(const bench_case_t *test) {
  queue_t queue = {.size = test->kind.size, .expected = test->messages};
  bench_kind_t kind = test->kind;
  bench_message_t message = {{0}};
  double idle = idle_bytes(&kind), before;
  void *channel, *sender;
  uint64_t i;

  kind.cb = on_message;
  kind.arg = &queue;
  channel = bench_peer->open(&kind);
  sender = bench_peer->add_sender(channel);
  before = bytes_held();
  for (i = 0; i < test->messages; i++) {
    bench_write(&message, kind.size, i);
    bench_peer->send(sender, &message);
  }
  bench_tell("bytes/message",
             (bytes_held() - before) / (double) test->messages);
  receive_all(channel, &queue, kind.to_loop);
  bench_check(queue.received == test->messages, "count");
  bench_tell("bytes drained", bytes_held() - before);
  bench_tell("bytes idle", idle);
  bench_peer->drop_sender(sender);
  bench_peer->close(channel);
  bench_settle();
}

/* A channel and a sender, made and unmade: by a loop receiver the loop turns
 * each time until the handle is closed. */
static void run_open_close(const bench_case_t *test) {
  uint64_t i, begin = uv_hrtime();

  for (i = 0; i < test->messages; i++) {
    void *channel = bench_peer->open(&test->kind);
    bench_peer->drop_sender(bench_peer->add_sender(channel));
    bench_peer->close(channel);
    if (test->kind.to_loop)
      bench_settle();
  }
  bench_tell("ns/channel",
             (double) (uv_hrtime() - begin) / (double) test->messages);
}

const bench_scenario_t bench_memory = {"memory", 10000000, false, run_memory,
                                       false};
const bench_scenario_t bench_open_close = {"open_close", 100000, true,
                                           run_open_close, false};
