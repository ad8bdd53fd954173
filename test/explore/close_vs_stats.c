/* close_vs_stats: one thread closes a receiver that another waits at. Whoever
 * has seen the end of the channel there also sees its last figures. */
#include "atomic.h"
#include "explore.h"

enum { CAPACITY = 2 };

static loopchan_receiver_t rx;

static void look(void *arg) {
  loopchan_stats_t stats;
  uint64_t message;

  (void) arg;
  explore_check(loopchan_recv(&rx, &message) == UV_EOF, "end");
  explore_check(loopchan_stats(&rx, &stats) == 0, "stats");
  explore_check(stats.capacity == CAPACITY, "figures");
}

static void run(void) {
  loopchan_options_t options = {.msg_size = sizeof(uint64_t),
                                .capacity = CAPACITY,
                                .flags = LOOPCHAN_SHARED,
                                .spin_ns = LOOPCHAN_NO_SPIN};
  loopchan_sender_t *tx;

  explore_check(loopchan_open(NULL, &rx, &tx, &options) == 0, "open");
  explore_spawn(look, NULL);
  explore_check(loopchan_close(&rx, NULL) == 0, "close");
  explore_join();
  loopchan_sender_drop(tx);
}

static const explore_twin_t twins[] = {
    {.name = "nobody_is_told", .no_signals = true, .caught_as = "stuck"},
    {.name = NULL}};

static const explore_program_t program = {"close_vs_stats", run, 4, 0, twins};

int main(int argc, char **argv) {
  return explore_main(argc, argv, &program);
}
