/* give_vs_take: [rack.hand] alone. Slabs go from hand to hand over the rack;
 * the next user finds what the last one did. */
#include "explore.h"
#include "node.h"

static lc_rack_t rack;

/* Carves a node of some slab, and hands the slab on if it has another. */
static void use_one(void *arg) {
  size_t bytes = LC_SLAB_LEAST;
  lc_slab_t *slab = lc_rack_take(&rack, &bytes);

  (void) arg;
  explore_write(lc_node_message(&rack, lc_slab_carve(&rack, slab)));
  if (lc_slab_is_full(slab) || !lc_rack_give(&rack, slab))
    lc_rack_recycle(&rack, slab);
}

static void run(void) {
  explore_check(lc_rack_init(&rack, sizeof(uint64_t), SIZE_MAX), "init");
  explore_spawn(use_one, NULL);
  explore_spawn(use_one, NULL);
  use_one(NULL);
  explore_join();
  lc_rack_free(&rack);
}

static const explore_twin_t twins[] = {{.name = "rack_hides_the_last_user",
                                        .site = "lc_rack_give",
                                        .kind = EXPLORE_RMW,
                                        .order = memory_order_relaxed,
                                        .caught_as = "race"},
                                       {.name = "rack_gives_too_early",
                                        .site = "take_waiting",
                                        .kind = EXPLORE_RMW,
                                        .order = memory_order_relaxed,
                                        .caught_as = "race"},
                                       {.name = NULL}};

static const explore_program_t program = {"give_vs_take", run, 3, 0, twins};

int main(int argc, char **argv) {
  return explore_main(argc, argv, &program);
}
