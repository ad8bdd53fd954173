/* select: one thread waits for one of many channels, and one of them is busy.
 */
#include <stdlib.h>

#include "bench.h"

static void receive_all(void *const *channels, size_t count, size_t busy,
                        const bench_source_t *source) {
  bench_message_t message;
  uint64_t i;

  for (i = 0; i < source->messages; i++) {
    bench_check(bench_peer->select(channels, count) == busy,
                "an idle channel is ready");
    bench_recv(bench_peer, channels[busy], &message);
    bench_check(bench_read(&message, source->size) == i,
                "another message than the next one");
  }
}

static void run_select(const bench_case_t *test) {
  size_t count = test->receivers, busy = count / 2, i;
  void **channels = calloc(count, sizeof *channels);
  void **senders = calloc(count, sizeof *senders);
  bench_source_t source = {.size = test->kind.size, .messages = test->messages};
  uint64_t begin;

  if (bench_peer->select == NULL)
    exit(BENCH_LACKS);
  bench_check(channels != NULL && senders != NULL, "memory");
  for (i = 0; i < count; i++) {
    channels[i] = bench_peer->open(&test->kind);
    senders[i] = bench_peer->add_sender(channels[i]);
  }
  source.sender = senders[busy];
  begin = uv_hrtime();
  bench_thread(&source.thread, bench_send_all, &source);
  receive_all(channels, count, busy, &source);
  bench_tell("ns/message",
             (double) (uv_hrtime() - begin) / (double) test->messages);
  uv_thread_join(&source.thread);
  for (i = 0; i < count; i++) {
    bench_peer->drop_sender(senders[i]);
    bench_peer->close(channels[i]);
  }
  free(senders);
  free(channels);
}

const bench_scenario_t bench_select = {"select", 100000, true, run_select,
                                       false};
