/* split_vs_free: a sender whose slabs are parts of a block, and a receiver that
 * frees them, and in the end the block. No slab is in two hands. */
#include <stdatomic.h>

#include "atomic.h"
#include "core/channel.h"
#include "explore.h"

#define MESSAGES 4

static loopchan_receiver_t rx;

static void send_all(void *arg) {
  loopchan_sender_t *tx = arg;
  uint64_t message;

  for (message = 0; message < MESSAGES; message++)
    explore_check(loopchan_send(tx, &message) == 0, "send");
  loopchan_sender_drop(tx);
}

/* As in a flood. */
static void allow_blocks(lc_slab_pool_t *pool) {
  pool->few = 0;
  pool->cuts_blocks = true;
  lc_atomic_init(&pool->flooded, true);
}

static void run(void) {
  loopchan_options_t options = {.msg_size = sizeof(uint64_t),
                                .spin_ns = LOOPCHAN_NO_SPIN};
  uint64_t message, expected = 0;
  loopchan_sender_t *tx;

  explore_check(loopchan_open(NULL, &rx, &tx, &options) == 0, "open");
  allow_blocks(&rx.channel->pool);
  explore_spawn(send_all, tx);
  while (loopchan_recv(&rx, &message) == 0)
    explore_check(message == expected++, "order");
  explore_check(expected == MESSAGES, "count");
  explore_join();
  explore_check(loopchan_close(&rx, NULL) == 0, "close");
}

static const explore_twin_t twins[] = {{.name = "push_hides_the_message",
                                        .site = "lc_inbox_push",
                                        .kind = EXPLORE_RMW,
                                        .order = memory_order_acquire,
                                        .caught_as = "race"},
                                       {.name = "rest_is_hidden",
                                        .site = "give_back",
                                        .kind = EXPLORE_RMW,
                                        .order = memory_order_relaxed,
                                        .caught_as = "race"},
                                       {.name = "rest_is_taken_too_early",
                                        .site = "take_all",
                                        .kind = EXPLORE_RMW,
                                        .order = memory_order_relaxed,
                                        .caught_as = "race"},
                                       {.name = NULL}};

static const explore_program_t program = {"split_vs_free", run, 3, 2, twins};

int main(int argc, char **argv) {
  return explore_main(argc, argv, &program);
}
