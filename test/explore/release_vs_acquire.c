/* release_vs_acquire: [permits.room] and [permits.count] alone. One place; only
 * one can take it, and whether by what it found itself or by a limit that
 * another one found, it finds what was done before the place was freed. */
#include "wait/permits.h"
#include "explore.h"

static lc_permits_t permits;
static uint64_t guarded;
static uint64_t acquired[2];

static void take(void *arg) {
  uint64_t *mine = arg;

  *mine = lc_permits_acquire(&permits, 1);
  if (*mine != 0)
    explore_write(&guarded);
}

static void take_again(void *arg) {
  uint64_t *mine = arg;

  take(mine);
  if (*mine != 0) {
    explore_check(!lc_permits_release(&permits), "no sender waits");
    take(mine);
  }
}

static void run(void) {
  acquired[0] = acquired[1] = false;
  lc_permits_init(&permits, 1);
  explore_check(lc_permits_acquire(&permits, 1) == 1, "room at first");
  explore_spawn(take, &acquired[0]);
  explore_spawn(take_again, &acquired[1]);
  explore_write(&guarded);
  explore_check(!lc_permits_release(&permits), "no sender waits");
  explore_join();
  explore_check(acquired[0] + acquired[1] < 2, "the bound");
}

static const explore_twin_t twins[] = {
    {.name = "place_freed_without_release",
     .site = "lc_permits_release",
     .kind = EXPLORE_RMW,
     .order = memory_order_relaxed,
     .caught_as = "race"},
    {.name = "place_found_without_acquire",
     .site = "lc_permits_available",
     .kind = EXPLORE_LOAD,
     .order = memory_order_relaxed,
     .caught_as = "race"},
    {.name = "limit_told_without_release",
     .site = "lc_permits_available",
     .kind = EXPLORE_STORE,
     .order = memory_order_relaxed,
     .caught_as = "race"},
    {.name = "count_told_without_release",
     .site = "lc_permits_acquire",
     .kind = EXPLORE_RMW,
     .order = memory_order_acquire,
     .caught_as = "race"},
    {.name = "count_read_without_acquire",
     .site = "lc_permits_acquired",
     .kind = EXPLORE_LOAD,
     .order = memory_order_relaxed,
     .caught_as = "race"},
    {.name = "count_read_without_acquire_again",
     .site = "lc_permits_acquire",
     .kind = EXPLORE_FAILED,
     .order = memory_order_relaxed,
     .caught_as = "race"},
    {.name = "limit_read_without_acquire",
     .site = "lc_permits_acquire",
     .kind = EXPLORE_LOAD,
     .order = memory_order_relaxed,
     .caught_as = "race"},
    {.name = NULL}};

static const explore_program_t program = {"release_vs_acquire", run, 3, 0,
                                          twins};

int main(int argc, char **argv) {
  return explore_main(argc, argv, &program);
}
