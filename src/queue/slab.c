/* slab: where messages are stored.
 *
 * Knows:   how large a node is, memory. Not whom a message is for; cannot wake.
 * Threads: get, put and orphan from any; recycle from the receiver's.
 * Promise: a slab has one user at a time, and none is lost.
 */
#include "queue/slab.h"

#include "base/alloc.h"

/* No system's page is smaller. */
#define LC_PAGE 4096

/* to: a power of two. */
static size_t round_up(size_t size, size_t to) {
  return (size + to - 1) & ~(to - 1);
}

/* An object of this size may need this alignment and no more: the largest power
 * of two that divides the size. */
static size_t alignment_of_size(size_t size) {
  size_t align = size & ~(size - 1);

  if (align < alignof(lc_link_t))
    return alignof(lc_link_t);
  return align < alignof(lc_max_align_t) ? align : alignof(lc_max_align_t);
}

/* How many nodes a slab of so many bytes holds; one at least. */
static size_t nodes_in(size_t bytes, size_t stride) {
  return bytes < sizeof(lc_slab_t) + stride
             ? 1
             : (bytes - sizeof(lc_slab_t)) / stride;
}

static size_t bytes_of(size_t nodes, size_t stride) {
  return sizeof(lc_slab_t) + nodes * stride;
}

/* How many nodes the largest slab to make has. */
static size_t most_nodes(size_t stride, size_t bound) {
  size_t most = nodes_in(LC_SLAB_MOST, stride), few;

  if (bound >= most)
    return most;
  few = nodes_in(LC_SLAB_LEAST, stride);
  return bound < few ? few : bound;
}

static unsigned slots_for(size_t most) {
  if (most <= LC_POOL_BYTES / LC_POOL_SLOTS)
    return LC_POOL_SLOTS;
  return most <= LC_POOL_BYTES ? (unsigned) (LC_POOL_BYTES / most) : 1;
}

bool lc_slab_pool_init(lc_slab_pool_t *pool, size_t msg_size, size_t bound) {
  size_t align = alignment_of_size(msg_size);
  size_t i;

  if (msg_size > PTRDIFF_MAX - sizeof(lc_slab_t) - 2 * align)
    return false;
  pool->offset = round_up(sizeof(lc_link_t), align);
  pool->stride = round_up(pool->offset + msg_size, align);
  pool->most = bytes_of(most_nodes(pool->stride, bound), pool->stride);
  pool->slots = slots_for(pool->most);
  pool->single = false;
  lc_atomic_init(&pool->largest, LC_SLAB_LEAST / 2);
  lc_atomic_init(&pool->kept, 0);
  lc_atomic_init(&pool->senders, 0);
  lc_atomic_init(&pool->orphans, NULL);
  for (i = 0; i < LC_POOL_SLOTS; i++)
    lc_atomic_init(&pool->slot[i], NULL);
  return true;
}

void lc_slab_pool_make_single(lc_slab_pool_t *pool) {
  pool->most = bytes_of(1, pool->stride);
  pool->slots = LC_POOL_SLOTS;
  pool->single = true;
  lc_atomic_init(&pool->largest, 0);
}

void lc_node_fetch_ahead(const lc_slab_pool_t *pool, const lc_link_t *node) {
  const char *ahead = (const char *) node + LC_AHEAD;
  size_t most = 2 * LC_AHEAD, i;

  /* Of a larger one the processor sees by itself that more will be wanted. */
  if (most > pool->stride)
    most = pool->stride;
  for (i = LC_CACHE_LINE; i < most; i += LC_CACHE_LINE)
    lc_prefetch_write(ahead + i);
}

/* Hands a slab that has room to whoever looks there next. */
static bool put_in_slot(lc_slab_pool_t *pool, size_t i, lc_slab_t *slab) {
  lc_slab_t *none = NULL;

  /* relaxed: a guess, the CAS decides */
  if (lc_load(&pool->slot[i], memory_order_relaxed) != NULL)
    return false;
  /* [pool.hand] (A) */
  return lc_cas(&pool->slot[i], &none, slab, memory_order_release,
                memory_order_relaxed);
}

/* One that waits in the pool, of so many bytes at most, if that can be. */
static lc_slab_t *take_waiting(lc_slab_pool_t *pool, size_t most) {
  size_t i;

  for (i = 0; i < pool->slots; i++) {
    lc_slab_t *slab;
    /* relaxed: a guess, the swap decides */
    if (lc_load(&pool->slot[i], memory_order_relaxed) == NULL)
      continue;
    /* [pool.hand] (B) */
    slab = lc_swap(&pool->slot[i], NULL, memory_order_acquire);
    if (slab == NULL || (slab->bytes > most && put_in_slot(pool, i, slab)))
      continue;
    return slab;
  }
  return NULL;
}

/* The bytes that the next slab to get a user may have. */
static size_t share(const lc_slab_pool_t *pool) {
  size_t kept = lc_slab_pool_kept(pool);
  /* relaxed: a hint */
  size_t senders = lc_load(&pool->senders, memory_order_relaxed);
  size_t left = kept < LC_KEPT_BYTES ? LC_KEPT_BYTES - kept : 0;
  size_t most = senders > 0 ? LC_KEPT_BYTES / senders : LC_KEPT_BYTES;

  if (most > left)
    most = left;
  if (most < LC_SLAB_LEAST)
    most = LC_SLAB_LEAST;
  return most < pool->most ? most : pool->most;
}

/* Of so many bytes at most, but for what is less than one node. */
static lc_slab_t *make_slab(lc_slab_pool_t *pool, size_t most) {
  size_t nodes = nodes_in(most, pool->stride);
  size_t bytes = bytes_of(nodes, pool->stride);
  lc_slab_t *slab = lc_malloc_burst(bytes, pool->stride <= LC_PAGE);

  if (slab == NULL)
    return NULL;
  lc_link_init(&slab->retire, LC_CONTROL);
  slab->bytes = bytes;
  slab->count = (uint32_t) nodes;
  slab->used = 0;
  /* relaxed, both: a hint; a size lost in a race is soon made again */
  if (lc_load(&pool->largest, memory_order_relaxed) < bytes)
    lc_store(&pool->largest, bytes, memory_order_relaxed);
  return slab;
}

lc_slab_t *lc_slab_pool_get(lc_slab_pool_t *pool, size_t *bytes) {
  size_t most = pool->single ? pool->most : share(pool);
  lc_slab_t *slab = take_waiting(pool, most);

  if (slab == NULL) {
    slab = make_slab(pool, *bytes < most ? *bytes : most);
    if (slab == NULL)
      return NULL;
    *bytes = 2 * slab->bytes;
  }
  if (!pool->single)
    /* relaxed: a hint */
    lc_add(&pool->kept, slab->bytes, memory_order_relaxed);
  return slab;
}

void lc_slab_pool_spent(lc_slab_pool_t *pool, size_t bytes) {
  if (pool->single)
    return;
  /* relaxed: a hint */
  lc_add(&pool->kept, 0 - bytes, memory_order_relaxed);
}

size_t lc_slab_pool_kept(const lc_slab_pool_t *pool) {
  /* relaxed: a hint */
  return lc_load(&pool->kept, memory_order_relaxed);
}

void lc_slab_pool_share(lc_slab_pool_t *pool, size_t senders) {
  /* relaxed: a hint */
  lc_store(&pool->senders, senders, memory_order_relaxed);
}

size_t lc_slab_pool_larger(const lc_slab_pool_t *pool) {
  /* relaxed: a hint */
  return 2 * lc_load(&pool->largest, memory_order_relaxed);
}

/* False: every slot is taken. */
static bool put_in_any(lc_slab_pool_t *pool, lc_slab_t *slab) {
  size_t i;

  for (i = 0; i < pool->slots; i++)
    if (put_in_slot(pool, i, slab))
      return true;
  return false;
}

bool lc_slab_pool_put(lc_slab_pool_t *pool, lc_slab_t *slab) {
  lc_assert(!lc_slab_is_full(slab));
  lc_slab_pool_spent(pool, slab->bytes);
  if (put_in_any(pool, slab))
    return true;
  if (slab->used > 0)
    return false;
  lc_free_burst(slab, slab->bytes);
  return true;
}

void lc_slab_pool_recycle(lc_slab_pool_t *pool, lc_slab_t *slab) {
  slab->used = 0;
  /* Small slabs from the start would fill the pool forever. relaxed: a hint */
  if (slab->bytes < lc_load(&pool->largest, memory_order_relaxed) / 2 ||
      !put_in_any(pool, slab))
    lc_free_burst(slab, slab->bytes);
}

void lc_slab_pool_orphan(lc_slab_pool_t *pool, lc_slab_t *slab) {
  /* [pool.orphan] (C) */
  slab->next = lc_load(&pool->orphans, memory_order_relaxed);
  while (!lc_cas(&pool->orphans, &slab->next, slab, memory_order_relaxed,
                 memory_order_relaxed)) {
  }
}

void lc_slab_pool_free(lc_slab_pool_t *pool) {
  /* [pool.orphan] (D) */
  lc_slab_t *slab = lc_load(&pool->orphans, memory_order_relaxed);

  while (slab != NULL) {
    lc_slab_t *next = slab->next;
    lc_free_burst(slab, slab->bytes);
    slab = next;
  }
  while ((slab = take_waiting(pool, SIZE_MAX)) != NULL)
    lc_free_burst(slab, slab->bytes);
}
