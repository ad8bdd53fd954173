/* free_vs_free: [block.busy] alone. Two threads free a slab each, the last two
 * of their block, which goes with the last of them. */
#include "explore.h"
#include "queue/slab.h"

static lc_slab_pool_t pool;

static void write_and_free(void *arg) {
  lc_slab_t *slab = arg;

  explore_write(lc_slab_first(slab));
  explore_check(lc_slab_pool_put(&pool, slab), "free");
}

static void run(void) {
  size_t bytes = LC_SLAB_MOST;
  lc_slab_t *first, *second;

  explore_check(lc_slab_pool_init(&pool, sizeof(uint64_t), SIZE_MAX), "init");
  pool.few = 0;
  pool.cuts_blocks = true;
  lc_atomic_init(&pool.flooded, true);
  first = lc_slab_pool_get(&pool, &bytes);
  second = lc_slab_pool_get(&pool, &bytes);
  while (lc_slab_pool_trim(&pool)) {
  }
  explore_check(second->offset == first->offset + LC_SLAB_MOST, "a block");
  explore_spawn(write_and_free, first);
  write_and_free(second);
  explore_join();
  lc_slab_pool_free(&pool);
}

static const explore_twin_t twins[] = {{.name = "frees_unseen",
                                        .site = "leave_blocks",
                                        .kind = EXPLORE_STORE,
                                        .order = memory_order_relaxed,
                                        .caught_as = "race"},
                                       {.name = "frees_too_early",
                                        .site = "try_blocks",
                                        .kind = EXPLORE_RMW,
                                        .order = memory_order_relaxed,
                                        .caught_as = "race"},
                                       {.name = NULL}};

static const explore_program_t program = {"free_vs_free", run, 2, 0, twins};

int main(int argc, char **argv) {
  return explore_main(argc, argv, &program);
}
