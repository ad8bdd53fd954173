/* free_vs_free: [slab.block] alone. Two threads free a slab each, the last two
 * of their block; whoever is last frees the block. */
#include "explore.h"
#include "queue/slab.h"

static lc_slab_pool_t pool;

static void write_and_free(void *arg) {
  lc_slab_t *slab = arg;

  explore_write(lc_node_message(&pool, lc_slab_alloc_node(&pool, slab)));
  lc_slab_pool_recycle(&pool, slab);
}

static void run(void) {
  size_t bytes = LC_SLAB_MOST;
  lc_slab_t *first, *second;

  explore_check(lc_slab_pool_init(&pool, sizeof(uint64_t), SIZE_MAX), "init");
  pool.few = 0;
  pool.flood = 0;
  pool.blocks = true;
  lc_atomic_init(&pool.flooded, true);
  first = lc_slab_pool_get(&pool, &bytes);
  second = lc_slab_pool_get(&pool, &bytes);
  while (lc_slab_pool_trim(&pool)) {
  }
  explore_check(second->number == first->number + 1, "a block");
  explore_spawn(write_and_free, first);
  write_and_free(second);
  explore_join();
  lc_slab_pool_free(&pool);
}

static const explore_twin_t twins[] = {{.name = "frees_unseen",
                                        .site = "leave_block",
                                        .kind = EXPLORE_RMW,
                                        .order = memory_order_relaxed,
                                        .caught_as = "race"},
                                       {.name = "frees_too_early",
                                        .site = "leave_block",
                                        .kind = EXPLORE_LOAD,
                                        .order = memory_order_relaxed,
                                        .caught_as = "race"},
                                       {.name = NULL}};

static const explore_program_t program = {"free_vs_free", run, 2, 0, twins};

int main(int argc, char **argv) {
  return explore_main(argc, argv, &program);
}
