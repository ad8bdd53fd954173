/* first_sleep: [wake.monitor] alone. A thread sleeps for the first time, while
 * two others signal its wake. */
#include "explore.h"
#include "wait/wake.h"

static lc_wake_t wake;
static lc_monitor_t monitor;

static void pay(void *arg) {
  (void) arg;
  lc_wake_signal(&wake);
}

static void run(void) {
  explore_each_step();
  lc_wake_init(&wake, &monitor);
  explore_spawn(pay, NULL);
  explore_spawn(pay, NULL);
  while (!lc_wake_wait(&wake, LC_NEVER)) {
  }
  explore_join();
  explore_check(lc_wake_count(&wake) == 2, "two were signalled");
  lc_wake_destroy(&wake);
}

static const explore_twin_t twins[] = {
    {.name = "monitor_is_hidden",
     .site = "lc_wake_make_monitor",
     .kind = EXPLORE_RMW,
     .order = memory_order_relaxed,
     .caught_as = "race"},
    {.name = "monitor_is_not_handed_on",
     .site = "set_signalled",
     .kind = EXPLORE_STORE,
     .order = memory_order_relaxed,
     .caught_as = "race"},
    {.name = "monitor_is_looked_at_too_early",
     .site = "signal_awake",
     .kind = EXPLORE_LOAD,
     .order = memory_order_relaxed,
     .caught_as = "race"},
    {.name = "monitor_is_found_too_early",
     .site = "signal_awake",
     .kind = EXPLORE_FAILED,
     .order = memory_order_relaxed,
     .caught_as = "race"},
    {.name = "nobody_is_woken", .no_signals = true, .caught_as = "stuck"},
    {.name = NULL}};

static const explore_program_t program = {"first_sleep", run, 4, 0, twins};

int main(int argc, char **argv) {
  return explore_main(argc, argv, &program);
}
