/* latest: what a send costs its sender: where it replaces the message before,
 * with --latest, and where all are kept. */
#include <stdlib.h>

#include "bench.h"

typedef struct {
  uv_thread_t thread;
  void *sender;
  size_t size;
  bool latest;
  uint64_t messages;
  uint64_t next;  /* number that the receiver has not seen yet */
  double took_ns; /* the sender */
} stream_t;

static double send_all(stream_t *stream) {
  bench_message_t message = {{0}};
  uint64_t i, begin = uv_hrtime();

  for (i = 0; i < stream->messages; i++) {
    bench_write(&message, stream->size, i);
    bench_peer->send(stream->sender, &message);
  }
  return (double) (uv_hrtime() - begin);
}

static void send_beside(void *arg) {
  stream_t *stream = arg;

  bench_core(1);
  stream->took_ns = send_all(stream);
}

/* Whether it was the last one. Only messages that were replaced are left out.
 */
static bool receive(stream_t *stream, const void *message) {
  uint64_t number = bench_read(message, stream->size);

  bench_check(stream->latest ? number >= stream->next : number == stream->next,
              "a message is missing, double or out of order");
  stream->next = number + 1;
  return stream->next == stream->messages;
}

static void on_message(void *arg, const void *message) {
  if (receive(arg, message))
    bench_stop();
}

static void receive_all(void *channel, stream_t *stream, bool on_loop) {
  bench_message_t message;

  if (on_loop) {
    bench_run();
    return;
  }
  do
    bench_recv(bench_peer, channel, &message);
  while (!receive(stream, &message));
}

static void run(const bench_case_t *test, bool alone) {
  bench_kind_t kind = test->kind;
  stream_t stream = {
      .size = kind.size, .latest = kind.latest, .messages = test->messages};
  void *channel;

  kind.cb = on_message;
  kind.arg = &stream;
  channel = bench_peer->open(&kind);
  stream.sender = bench_peer->add_sender(channel);
  if (alone)
    stream.took_ns = send_all(&stream);
  else
    bench_thread(&stream.thread, send_beside, &stream);
  receive_all(channel, &stream, kind.to_loop);
  if (!alone)
    uv_thread_join(&stream.thread);
  bench_check(stream.next == stream.messages, "the last message");
  bench_tell("ns/send", stream.took_ns / (double) test->messages);
  bench_peer->drop_sender(stream.sender);
  bench_peer->close(channel);
  bench_settle();
}

/* A thread sends as fast as it can, and the receiver takes what it can get. */
static void run_sends(const bench_case_t *test) {
  run(test, false);
}

/* One thread sends, and receives when it has sent all. */
static void run_alone(const bench_case_t *test) {
  bench_check(test->kind.capacity == 0 || test->kind.latest,
              "alone is for unbounded channels");
  run(test, true);
}

const bench_scenario_t bench_sends = {"sends", 2000000, true, run_sends, false};
const bench_scenario_t bench_alone = {"alone", 2000000, true, run_alone, false};
