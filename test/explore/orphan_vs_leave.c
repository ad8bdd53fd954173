/* orphan_vs_leave: [pool.orphan] alone. Two senders leave a slab each behind as
 * an orphan; whoever leaves last frees both. The order is that of
 * [channel.leave]. */
#include "core/channel.h"
#include "explore.h"

static lc_channel_t *channel;

static void orphan_and_leave(void *arg) {
  loopchan_sender_t *tx = arg;
  size_t bytes = LC_SLAB_LEAST;
  lc_slab_t *slab = lc_slab_pool_get(&channel->pool, &bytes);
  bool last;

  lc_slab_pool_spent(&channel->pool, slab->bytes);
  lc_slab_pool_orphan(&channel->pool, slab);
  last = lc_channel_remove_sender(tx);
  (void) last;
  lc_channel_leave(channel);
}

static void run(void) {
  loopchan_options_t options = {.msg_size = sizeof(uint64_t)};
  loopchan_sender_t *first, *second;

  explore_each_step();
  explore_check(lc_channel_new(&channel, NULL, &options) == 0, "new");
  first = lc_channel_add_sender(channel);
  second = lc_channel_add_sender(channel);
  lc_channel_leave(channel);
  explore_spawn(orphan_and_leave, first);
  explore_spawn(orphan_and_leave, second);
  explore_join();
}

static const explore_twin_t twins[] = {{.name = "leaves_unseen",
                                        .site = "leave_core",
                                        .kind = EXPLORE_RMW,
                                        .order = memory_order_relaxed,
                                        .caught_as = "race"},
                                       {.name = "alone_too_early",
                                        .site = "lc_channel_is_alone",
                                        .kind = EXPLORE_LOAD,
                                        .order = memory_order_relaxed,
                                        .caught_as = "race"},
                                       {.name = NULL}};

static const explore_program_t program = {"orphan_vs_leave", run, 5, 0, twins};

int main(int argc, char **argv) {
  return explore_main(argc, argv, &program);
}
