/* room_vs_acquire: [permits.count]. A thread looks how much room there is,
 * while another one acquires and releases the only permit again and again. */
#include "wait/permits.h"
#include "explore.h"

static lc_permits_t permits;

static void acquire_and_release(void *arg) {
  (void) arg;
  for (int i = 0; i < 2; i++) {
    explore_check(lc_permits_acquire(&permits, 1) == 1, "room");
    explore_check(!lc_permits_release(&permits), "no sender waits");
  }
}

static void run(void) {
  lc_permits_init(&permits, 1);
  explore_spawn(acquire_and_release, NULL);
  explore_check(lc_permits_room(&permits) <= 1, "no more than there is");
  explore_join();
  explore_check(lc_permits_room(&permits) == 1, "the room");
}

static const explore_twin_t twins[] = {{.name = "count_found_without_acquire",
                                        .site = "lc_permits_available",
                                        .kind = EXPLORE_LOAD,
                                        .order = memory_order_relaxed,
                                        .caught_as = "wrong"},
                                       {.name = NULL}};

static const explore_program_t program = {"room_vs_acquire", run, 4, 2, twins};

int main(int argc, char **argv) {
  return explore_main(argc, argv, &program);
}
