/* lock_vs_lock: [lock.hand] alone. Three threads take the lock, and may find
 * it held. */
#include "atomic.h"
#include "explore.h"
#include "wait/lock.h"

static lc_lock_t its_lock;
static lc_atomic(uint64_t) visits;
static uint64_t guarded;

static void use(void *arg) {
  (void) arg;
  lc_lock_take(&its_lock);
  /* relaxed: it orders nothing, but others may run here */
  (void) lc_add(&visits, 1, memory_order_relaxed);
  explore_write(&guarded);
  lc_lock_release(&its_lock);
}

static void run(void) {
  explore_whole_locks();
  lc_atomic_init(&visits, 0);
  explore_check(lc_lock_init(&its_lock, false) == 0, "init");
  explore_spawn(use, NULL);
  explore_spawn(use, NULL);
  use(NULL);
  explore_join();
  lc_lock_destroy(&its_lock);
}

static const explore_twin_t twins[] = {
    {.name = "release_hides_what_was_done",
     .site = "lc_lock_release",
     .kind = EXPLORE_RMW,
     .order = memory_order_relaxed,
     .caught_as = "race"},
    {.name = "taken_too_early",
     .site = "lc_lock_try",
     .kind = EXPLORE_RMW,
     .order = memory_order_relaxed,
     .caught_as = "race"},
    {.name = "taken_late_and_too_early",
     .site = "lc_lock_take_slow",
     .kind = EXPLORE_RMW,
     .order = memory_order_relaxed,
     .caught_as = "race"},
    {.name = "nobody_is_woken", .no_signals = true, .caught_as = "stuck"},
    {.name = NULL}};

static const explore_program_t program = {"lock_vs_lock", run, -1, 0, twins};

int main(int argc, char **argv) {
  return explore_main(argc, argv, &program);
}
