/* waiter_vs_acquire: [permits.count] alone, for a permit that is acquired for a
 * waiter. The receiver frees the only place and acquires it for the first
 * waiter, while another sender comes by. */
#include "wait/permits.h"
#include "explore.h"

static lc_permits_t permits;
static uint64_t guarded, acquired;

static void take(void *arg) {
  (void) arg;
  acquired = lc_permits_acquire(&permits, 1);
  if (acquired != 0)
    explore_write(&guarded);
}

static void run(void) {
  bool queued;

  acquired = 0;
  lc_permits_init(&permits, 1);
  explore_check(lc_permits_acquire(&permits, 1) == 1, "room at first");
  explore_spawn(take, NULL);
  explore_write(&guarded);
  explore_check(!lc_permits_release(&permits), "no sender waits");
  lc_permits_mark(&permits, LC_NOTIFY_BATCH);
  queued = lc_permits_acquire_for_waiter(&permits);
  if (queued)
    explore_write(&guarded);
  lc_permits_mark(&permits, 0);
  explore_join();
  explore_check(queued + acquired == 1, "the bound");
}

static const explore_twin_t twins[] = {{.name = "count_told_without_release",
                                        .site = "lc_permits_acquire_for_waiter",
                                        .kind = EXPLORE_RMW,
                                        .order = memory_order_relaxed,
                                        .caught_as = "race"},
                                       {.name = "count_read_without_acquire",
                                        .site = "lc_permits_acquired",
                                        .kind = EXPLORE_LOAD,
                                        .order = memory_order_relaxed,
                                        .caught_as = "race"},
                                       {.name = NULL}};

static const explore_program_t program = {"waiter_vs_acquire", run, -1, 0,
                                          twins};

int main(int argc, char **argv) {
  return explore_main(argc, argv, &program);
}
