/* put_vs_get: [pool.hand] alone. Slabs go from hand to hand over the
 * pool; the next user finds what the last one did, also in a slab that was put
 * back in between. */
#include "explore.h"
#include "queue/slab.h"

static lc_slab_pool_t pool;

static lc_slab_t *get(void) {
  size_t bytes = LC_SLAB_LEAST;
  lc_slab_t *slab = lc_slab_pool_get(&pool, &bytes);

  explore_write(lc_node_message(&pool, lc_slab_alloc_node(&pool, slab)));
  return slab;
}

static void put(lc_slab_t *slab) {
  if (lc_slab_is_full(slab) || !lc_slab_pool_put(&pool, slab))
    lc_slab_pool_recycle(&pool, slab);
}

/* Allocates a node of some slab, and hands the slab on. */
static void use_one(void *arg) {
  (void) arg;
  put(get());
}

static void run(void) {
  lc_slab_t *first;

  explore_check(lc_slab_pool_init(&pool, sizeof(uint64_t), SIZE_MAX), "init");
  first = get();
  put(get());
  put(first);
  explore_spawn(use_one, NULL);
  explore_spawn(use_one, NULL);
#ifndef EXPLORE_CHECKED /* too much for it */
  use_one(NULL);
  use_one(NULL);
#endif
  explore_join();
  lc_slab_pool_free(&pool);
}

static const explore_twin_t twins[] = {{.name = "pool_hides_the_last_user",
                                        .site = "put_on_top",
                                        .kind = EXPLORE_RMW,
                                        .order = memory_order_relaxed,
                                        .caught_as = "race"},
                                       {.name = "pool_gives_too_early",
                                        .site = "take_all",
                                        .kind = EXPLORE_RMW,
                                        .order = memory_order_relaxed,
                                        .caught_as = "race"},
                                       {.name = "pool_hides_what_is_put_back",
                                        .site = "give_back",
                                        .kind = EXPLORE_RMW,
                                        .order = memory_order_relaxed,
                                        .caught_as = "race"},
                                       {.name = NULL}};

static const explore_program_t program = {"put_vs_get", run, 3, 0, twins};

int main(int argc, char **argv) {
  return explore_main(argc, argv, &program);
}
