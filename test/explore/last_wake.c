/* last_wake: [wake.last] alone. A thread waits for the last one that is busy
 * somewhere, and frees the memory there, the wake's too. */
#include "explore.h"
#include "wait/wake.h"

static lc_wake_t wake;
static lc_monitor_t monitor;
static uint64_t busy;

static void pay_last(void *arg) {
  (void) arg;
  explore_write(&busy);
  lc_wake_signal_last(&wake);
}

static void run(void) {
  explore_each_step();
  lc_wake_init(&wake, &monitor);
  explore_spawn(pay_last, NULL);
  while (!lc_wake_wait(&wake, LC_NEVER)) {
  }
  explore_write(&busy);
  lc_wake_destroy(&wake);
  explore_join();
}

static const explore_twin_t twins[] = {{.name = "signal_hides_what_was_done",
                                        .site = "signal_awake",
                                        .kind = EXPLORE_RMW,
                                        .order = memory_order_acquire,
                                        .caught_as = "race"},
                                       {.name = "collected_too_early",
                                        .site = "collect_awake",
                                        .kind = EXPLORE_RMW,
                                        .order = memory_order_relaxed,
                                        .caught_as = "race"},
                                       {.name = "found_too_early",
                                        .site = "lc_wake_make_monitor",
                                        .kind = EXPLORE_RMW,
                                        .order = memory_order_release,
                                        .caught_as = "race"},
                                       {.name = "signalled_after_the_unlock",
                                        .late_signals = true,
                                        .caught_as = "race"},
                                       {.name = NULL}};

static const explore_program_t program = {"last_wake", run, -1, 0, twins};

int main(int argc, char **argv) {
  return explore_main(argc, argv, &program);
}
