/* close_vs_watch: a shutdown and a close behind it, and two threads that wait
 * for them on one sender. Each is woken, and finds sends refused. */
#include "explore.h"

static loopchan_receiver_t rx;

static void wait_for_it(void *arg) {
  explore_check(loopchan_wait_closed(arg, LOOPCHAN_FOREVER) == 0, "wait");
  explore_check(loopchan_is_closed(arg) == 1, "closed");
}

static void run(void) {
  loopchan_options_t options = {.msg_size = sizeof(uint64_t),
                                .spin_ns = LOOPCHAN_NO_SPIN};
  loopchan_sender_t *tx;

  explore_check(loopchan_open(NULL, &rx, &tx, &options) == 0, "open");
  explore_spawn(wait_for_it, tx);
  explore_spawn(wait_for_it, tx);
  explore_check(loopchan_shutdown(&rx) == 0, "shutdown");
  explore_check(loopchan_close(&rx, NULL) == 0, "close");
  explore_join();
  loopchan_sender_drop(tx);
}

static const explore_twin_t twins[] = {
    {.name = "forgotten_watcher", .no_signals = true, .caught_as = "stuck"},
    {.name = "watchers_without_order", .no_order = true, .caught_as = "race"},
    {.name = NULL}};

static const explore_program_t program = {"close_vs_watch", run, 3, 0, twins};

int main(int argc, char **argv) {
  return explore_main(argc, argv, &program);
}
