/* gate_vs_shut: [gate.shut] alone. One writes inside and shuts the gate; two
 * others enter before that, or are turned away and read what was written.
 * Whoever is the last inside tears down what all have used there. */
#include "explore.h"
#include "base/atomic.h"

static lc_gate_t gate;
static uint64_t written_inside, torn_down;

static void leave(bool is_last) {
  if (is_last)
    explore_write(&torn_down);
}

static void scope(void *arg) {
  (void) arg;
  if (!lc_gate_enter(&gate)) {
    explore_read(&written_inside);
    return;
  }
  explore_read(&torn_down);
  leave(lc_gate_leave(&gate));
}

static void run(void) {
  lc_gate_init(&gate);
  explore_spawn(scope, NULL);
  explore_spawn(scope, NULL);
  explore_write(&written_inside);
  leave(lc_gate_shut(&gate));
  explore_join();
}

static const explore_twin_t twins[] = {{.name = "turned_away_too_early",
                                        .site = "lc_gate_enter",
                                        .kind = EXPLORE_LOAD,
                                        .order = memory_order_relaxed,
                                        .caught_as = "race"},
                                       {.name = "turned_away_late_too_early",
                                        .site = "lc_gate_enter",
                                        .kind = EXPLORE_FAILED,
                                        .order = memory_order_relaxed,
                                        .caught_as = "race"},
                                       {.name = "leaves_before_it_has_read",
                                        .site = "lc_gate_leave",
                                        .kind = EXPLORE_RMW,
                                        .order = memory_order_acquire,
                                        .caught_as = "race"},
                                       {.name = "last_before_the_others",
                                        .site = "lc_gate_leave",
                                        .kind = EXPLORE_RMW,
                                        .order = memory_order_release,
                                        .caught_as = "race"},
                                       {.name = "shut_hides_what_was_inside",
                                        .site = "lc_gate_shut",
                                        .kind = EXPLORE_RMW,
                                        .order = memory_order_acquire,
                                        .caught_as = "race"},
                                       {.name = "shut_before_the_others_left",
                                        .site = "lc_gate_shut",
                                        .kind = EXPLORE_RMW,
                                        .order = memory_order_release,
                                        .caught_as = "race"},
                                       {.name = NULL}};

static const explore_program_t program = {"gate_vs_shut", run, -1, 0, twins};

int main(int argc, char **argv) {
  return explore_main(argc, argv, &program);
}
