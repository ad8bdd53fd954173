/* lock_vs_lock: [lock.hand] and [lock.place] alone. Three threads take the
 * lock, and may find it held. */
#include "atomic.h"
#include "explore.h"
#include "wait/lock.h"

static lc_lock_t its_lock;
static lc_atomic(uint64_t) visits;
static uint64_t guarded;

static void use(void *arg) {
  (void) arg;
  lc_lock_take(&its_lock, false);
  /* relaxed: it orders nothing, but others may run here */
  (void) lc_add(&visits, 1, memory_order_relaxed);
  explore_write(&guarded);
  lc_lock_release(&its_lock);
}

static void run(void) {
  explore_each_step();
  lc_atomic_init(&visits, 0);
  lc_lock_init(&its_lock);
  explore_spawn(use, NULL);
  explore_spawn(use, NULL);
  use(NULL);
  explore_join();
}

static const explore_twin_t twins[] = {
    {.name = "release_hides_what_was_done",
     .site = "lc_lock_release",
     .kind = EXPLORE_RMW,
     .order = memory_order_relaxed,
     .caught_as = "race"},
    {.name = "release_with_sleepers_hides_what_was_done",
     .site = "lc_lock_release_slow",
     .kind = EXPLORE_RMW,
     .order = memory_order_relaxed,
     .caught_as = "race"},
    {.name = "taken_too_early",
     .site = "lc_lock_try",
     .kind = EXPLORE_RMW,
     .order = memory_order_relaxed,
     .caught_as = "race"},
    {.name = "taken_late_and_too_early",
     .site = "take_free",
     .kind = EXPLORE_RMW,
     .order = memory_order_relaxed,
     .caught_as = "race"},
    {.name = "push_hides_the_place",
     .site = "push_sleeper",
     .kind = EXPLORE_RMW,
     .order = memory_order_relaxed,
     .caught_as = "race"},
    {.name = "place_looked_at_too_early",
     .site = "lc_lock_release_slow",
     .kind = EXPLORE_LOAD,
     .order = memory_order_relaxed,
     .caught_as = "race"},
    {.name = "woken_after_the_unlock",
     .late_signals = true,
     .caught_as = "race"},
    {.name = "nobody_is_woken", .no_signals = true, .caught_as = "stuck"},
    {.name = NULL}};

static const explore_program_t program = {"lock_vs_lock", run, 4, 0, twins};

int main(int argc, char **argv) {
  return explore_main(argc, argv, &program);
}
