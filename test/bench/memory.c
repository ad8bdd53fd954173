/* memory: what waiting messages take, and what is left of it. */
#include "bench.h"

#if defined(__APPLE__)
#include <malloc/malloc.h>
#define malloc_usable_size malloc_size
#elif defined(__FreeBSD__)
#include <malloc_np.h>
#else
#include <malloc.h>
#endif

size_t bench_block_bytes(void *block) {
  return malloc_usable_size(block) + sizeof(size_t);
}

static void run_memory(const bench_round_t *round, double *figures) {
  const bench_peer_t *peer = round->peer;
  void *channel = peer->open(NULL, 0, NULL, NULL);
  void *sender = peer->add_sender(channel);
  size_t idle = peer->held(channel);
  uint64_t i;

  for (i = 0; i < round->messages; i++)
    peer->send(sender, i);
  figures[0] = (double) (peer->held(channel) - idle) / (double) round->messages;
  for (i = 0; i < round->messages; i++)
    bench_check(peer->recv(channel) == i, "another message than the next one");
  figures[1] = (double) (peer->held(channel) - idle);
  figures[2] = (double) idle;
  peer->drop_sender(sender);
  peer->close(channel);
}

const bench_scenario_t bench_memory = {
    "memory", {"bytes/message", "bytes drained", "bytes idle"},
    10000000, 10000,
    false,    run_memory};
