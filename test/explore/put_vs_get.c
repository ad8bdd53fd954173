/* put_vs_get: [pool.hand] alone. Slabs go from hand to hand over the rack;
 * the next user finds what the last one did. */
#include "explore.h"
#include "queue/slab.h"

static lc_slab_pool_t pool;

/* Carves a node of some slab, and hands the slab on if it has another. */
static void use_one(void *arg) {
  size_t bytes = LC_SLAB_LEAST;
  lc_slab_t *slab = lc_slab_pool_get(&pool, &bytes);

  (void) arg;
  explore_write(lc_node_message(&pool, lc_slab_alloc_node(&pool, slab)));
  if (lc_slab_is_full(slab) || !lc_slab_pool_put(&pool, slab))
    lc_slab_pool_recycle(&pool, slab);
}

static void run(void) {
  explore_check(lc_slab_pool_init(&pool, sizeof(uint64_t), SIZE_MAX), "init");
  explore_spawn(use_one, NULL);
  explore_spawn(use_one, NULL);
  use_one(NULL);
  explore_join();
  lc_slab_pool_free(&pool);
}

static const explore_twin_t twins[] = {{.name = "rack_hides_the_last_user",
                                        .site = "put_in_slot",
                                        .kind = EXPLORE_RMW,
                                        .order = memory_order_relaxed,
                                        .caught_as = "race"},
                                       {.name = "rack_gives_too_early",
                                        .site = "take_waiting",
                                        .kind = EXPLORE_RMW,
                                        .order = memory_order_relaxed,
                                        .caught_as = "race"},
                                       {.name = NULL}};

static const explore_program_t program = {"put_vs_get", run, 3, 0, twins};

int main(int argc, char **argv) {
  return explore_main(argc, argv, &program);
}
