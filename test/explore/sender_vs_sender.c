/* sender_vs_sender: three threads send on one sender. One of them is the first,
 * and one of the other two makes the caches that both use. */
#include <stdatomic.h>

#include "atomic.h"
#include "explore.h"

static loopchan_receiver_t rx;

static void send_one(void *tx) {
  explore_check(loopchan_send(tx, NULL) == 0, "send");
}

static void run(void) {
  loopchan_options_t options = {.spin_ns = LOOPCHAN_NO_SPIN};
  loopchan_stats_t stats;
  loopchan_sender_t *tx;

  explore_check(loopchan_open(NULL, &rx, &tx, &options) == 0, "open");
  explore_spawn(send_one, tx);
  explore_spawn(send_one, tx);
  send_one(tx);
  explore_join();
  explore_check(loopchan_stats(&rx, &stats) == 0 && stats.sent == 3, "sent");
  loopchan_sender_drop(tx);
  explore_check(loopchan_close(&rx, NULL) == 0, "close");
}

static const explore_twin_t twins[] = {{.name = "caches_made_without_release",
                                        .site = "make_more_caches",
                                        .kind = EXPLORE_RMW,
                                        .order = memory_order_relaxed,
                                        .caught_as = "race"},
                                       {.name = "caches_found_without_acquire",
                                        .site = "caches_made",
                                        .kind = EXPLORE_LOAD,
                                        .order = memory_order_relaxed,
                                        .caught_as = "race"},
                                       {.name = NULL}};

static const explore_program_t program = {"sender_vs_sender", run, 2, 2, twins};

int main(int argc, char **argv) {
  return explore_main(argc, argv, &program);
}
