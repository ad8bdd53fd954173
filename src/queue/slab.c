/* slab: slabs of nodes, and the pool that they wait in.
 *
 * Knows:   how large a node is, memory. Not whom a message is for; cannot wake.
 * Threads: recycle from the receiver's; the rest from any.
 * Promise: a slab has one user at a time, and none is lost.
 */
#include "queue/slab.h"

#include "base/alloc.h"

/* No system's page is smaller. */
#define LC_PAGE 4096

/* How often a thread looks for slabs that another one has for a moment, before
 * it makes more. */
#define LC_LOOKS_MOST 64

/* A block begins with this, and has a slab at each multiple of LC_SLAB_MOST
 * behind it: so that no page is of two slabs. */
typedef struct {
  lc_atomic(uint32_t) live; /* a bit for each slab that is not freed */
} lc_block_t;

#define LC_BLOCK_SLABS ((uint32_t) (LC_BLOCK_BYTES / LC_SLAB_MOST - 1))

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
  return align < LOOPCHAN_TYPED_MAX_ALIGN ? align : LOOPCHAN_TYPED_MAX_ALIGN;
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

/* How many of the largest slabs the pool keeps at all times. */
static unsigned few_of(size_t most) {
  if (most <= LC_POOL_BYTES / LC_POOL_SLABS)
    return LC_POOL_SLABS;
  return most <= LC_POOL_BYTES ? (unsigned) (LC_POOL_BYTES / most) : 1;
}

/* Whether most of the pages of a slab's messages are written to. */
static bool fills_pages(const lc_slab_pool_t *pool) {
  return pool->stride <= (size_t) 2 * LC_PAGE;
}

bool lc_slab_pool_init(lc_slab_pool_t *pool, size_t msg_size, size_t bound) {
  size_t align = alignment_of_size(msg_size);

  if (msg_size > PTRDIFF_MAX - sizeof(lc_slab_t) - 2 * align)
    return false;
  pool->offset = round_up(sizeof(lc_link_t), align);
  pool->stride = round_up(pool->offset + msg_size, align);
  pool->most = bytes_of(most_nodes(pool->stride, bound), pool->stride);
  pool->flood = LC_FLOOD_BYTES;
  pool->few = few_of(pool->most);
  pool->single = false;
  pool->blocks = fills_pages(pool) && pool->most > LC_SLAB_MOST / 2 &&
                 pool->most <= LC_SLAB_MOST &&
                 lc_burst_is_pages(LC_BLOCK_BYTES);
  lc_atomic_init(&pool->flooded, false);
  lc_atomic_init(&pool->largest, LC_SLAB_LEAST / 2);
  lc_atomic_init(&pool->made, 0);
  lc_atomic_init(&pool->kept, 0);
  lc_atomic_init(&pool->senders, 0);
  lc_atomic_init(&pool->waiting, 0);
  lc_atomic_init(&pool->unasked, 0);
  lc_atomic_init(&pool->vain, 0);
  lc_atomic_init(&pool->period, 0);
  lc_atomic_init(&pool->unneeded, 0);
  lc_atomic_init(&pool->top, NULL);
  lc_atomic_init(&pool->orphans, NULL);
  return true;
}

void lc_slab_pool_make_single(lc_slab_pool_t *pool) {
  pool->most = bytes_of(1, pool->stride);
  pool->flood = 0;
  pool->few = LC_POOL_SLABS;
  pool->single = true;
  pool->blocks = false;
  lc_atomic_init(&pool->largest, 0);
}

void lc_node_fetch_ahead(const lc_slab_pool_t *pool, const lc_link_t *node) {
  const char *ahead = (const char *) node + LC_AHEAD;
  size_t most = 2 * LC_AHEAD, i;

  /* If a node is larger, the processor prefetches the rest by itself. */
  if (most > pool->stride)
    most = pool->stride;
  for (i = LC_CACHE_LINE; i < most; i += LC_CACHE_LINE)
    lc_prefetch_write(ahead + i);
}

/* The bytes that the pool keeps at all times. */
static size_t bytes_of_few(const lc_slab_pool_t *pool) {
  /* relaxed: a hint */
  return pool->few * lc_load(&pool->largest, memory_order_relaxed);
}

static size_t bytes_waiting(const lc_slab_pool_t *pool) {
  /* relaxed: a hint */
  return lc_load(&pool->waiting, memory_order_relaxed);
}

static bool has_more_than_few(const lc_slab_pool_t *pool) {
  return bytes_waiting(pool) > bytes_of_few(pool);
}

/* Also those on their way in: never less than there are. */
static void count_bytes(lc_slab_pool_t *pool, size_t bytes) {
  /* relaxed: a hint */
  lc_add(&pool->waiting, bytes, memory_order_relaxed);
}

static lc_slab_t *seen_on_top(lc_slab_pool_t *pool) {
  /* relaxed: a guess, which an operation that follows sets right */
  return lc_load(&pool->top, memory_order_relaxed);
}

/* False: more than so many bytes would wait then. */
static bool put_on_top(lc_slab_pool_t *pool, lc_slab_t *slab, size_t most) {
  if (bytes_waiting(pool) + slab->bytes > most)
    return false;
  count_bytes(pool, slab->bytes);
  slab->next = seen_on_top(pool);
  /* [pool.hand] (A) */
  while (!lc_cas(&pool->top, &slab->next, slab, memory_order_release,
                 memory_order_relaxed)) {
  }
  return true;
}

static lc_slab_t *take_all(lc_slab_pool_t *pool) {
  if (seen_on_top(pool) == NULL)
    return NULL;
  /* [pool.hand] (B) */
  return lc_swap(&pool->top, NULL, memory_order_acquire);
}

/* What was pushed since goes on top. */
static void give_back(lc_slab_pool_t *pool, lc_slab_t *slabs) {
  lc_slab_t *none = NULL, *newer, *last;

  /* [pool.hand] (C) */
  while (!lc_cas(&pool->top, &none, slabs, memory_order_release,
                 memory_order_relaxed)) {
    none = NULL;
    newer = last = take_all(pool);
    if (newer == NULL)
      continue;
    while (last->next != NULL)
      last = last->next;
    last->next = slabs;
    slabs = newer;
  }
}

/* Takes a slab that waits in the pool, of at most so many bytes if possible. If
 * many wait and none is to be seen, another thread has them for a moment, or
 * for long, if it is preempted. */
static lc_slab_t *take_waiting(lc_slab_pool_t *pool, size_t most) {
  lc_slab_t *slab = take_all(pool);
  unsigned looks;

  for (looks = 0;
       slab == NULL && looks < LC_LOOKS_MOST && has_more_than_few(pool);
       looks++) {
    lc_relax();
    slab = take_all(pool);
  }
  if (slab == NULL)
    return NULL;
  if (slab->bytes > most) {
    give_back(pool, slab);
    return NULL;
  }
  if (slab->next != NULL)
    give_back(pool, slab->next);
  count_bytes(pool, 0 - slab->bytes);
  return slab;
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

static void init_slab(const lc_slab_pool_t *pool, lc_slab_t *slab, size_t bytes,
                      uint32_t number) {
  lc_link_init(&slab->retire, LC_CONTROL);
  slab->bytes = bytes;
  slab->count = (uint16_t) nodes_in(bytes, pool->stride);
  slab->used = 0;
  slab->number = number;
}

static void count_made(lc_slab_pool_t *pool, size_t bytes) {
  /* relaxed: a hint */
  lc_add(&pool->made, bytes, memory_order_relaxed);
}

static lc_slab_t *nth_of_block(lc_block_t *block, uint32_t n) {
  return (lc_slab_t *) (void *) ((char *) block + (size_t) LC_SLAB_MOST * n);
}

static lc_block_t *block_of(lc_slab_t *slab) {
  size_t before = (size_t) LC_SLAB_MOST * slab->number;

  return (lc_block_t *) (void *) ((char *) slab - before);
}

/* Many, of which one is returned and the others wait in the pool. */
static lc_slab_t *make_block(lc_slab_pool_t *pool) {
  lc_block_t *block = lc_malloc_burst(LC_BLOCK_BYTES, true);
  uint32_t n;

  if (block == NULL)
    return NULL;
  lc_atomic_init(&block->live, ((uint32_t) 1 << LC_BLOCK_SLABS) - 1);
  for (n = 1; n <= LC_BLOCK_SLABS; n++) {
    lc_slab_t *slab = nth_of_block(block, n);
    init_slab(pool, slab, pool->most, n);
    slab->next = n < LC_BLOCK_SLABS ? nth_of_block(block, n + 1) : NULL;
  }
  count_made(pool, LC_BLOCK_SLABS * pool->most);
  count_bytes(pool, (LC_BLOCK_SLABS - 1) * pool->most);
  give_back(pool, nth_of_block(block, 2));
  return nth_of_block(block, 1);
}

static lc_slab_t *make_one(lc_slab_pool_t *pool, size_t bytes) {
  lc_slab_t *slab = lc_malloc_burst(bytes, fills_pages(pool));

  if (slab == NULL)
    return NULL;
  init_slab(pool, slab, bytes, 0);
  count_made(pool, bytes);
  return slab;
}

static bool is_flooded(const lc_slab_pool_t *pool) {
  /* relaxed: a hint */
  return lc_load(&pool->flooded, memory_order_relaxed);
}

static void set_flooded(lc_slab_pool_t *pool, bool flooded) {
  /* relaxed: a hint */
  lc_store(&pool->flooded, flooded, memory_order_relaxed);
}

static bool makes_blocks(lc_slab_pool_t *pool) {
  /* relaxed: a hint */
  if (!is_flooded(pool) &&
      lc_load(&pool->made, memory_order_relaxed) >= LC_BLOCK_BYTES / 2)
    set_flooded(pool, true);
  return is_flooded(pool);
}

/* Makes a slab of so many bytes at most, but with one node at least. */
static lc_slab_t *make_slab(lc_slab_pool_t *pool, size_t most) {
  size_t bytes = bytes_of(nodes_in(most, pool->stride), pool->stride);
  lc_slab_t *slab = NULL;

  if (pool->blocks && bytes == pool->most && makes_blocks(pool))
    slab = make_block(pool);
  if (slab == NULL)
    slab = make_one(pool, bytes);
  /* relaxed, both: a hint; a size lost in a race is soon made again */
  if (slab != NULL && lc_load(&pool->largest, memory_order_relaxed) < bytes)
    lc_store(&pool->largest, bytes, memory_order_relaxed);
  return slab;
}

static uint32_t bit_of(uint32_t number) {
  return (uint32_t) 1 << (number - 1);
}

/* Others' slabs may keep the block for long, so the system gets the pages of
 * those that are not live. For each slab that costs more than freeing the whole
 * block does; so while blocks go one after the other it happens twice in a
 * block's life: when a few of its slabs are left, and when one is. */
typedef enum { LC_KEEP, LC_TWICE, LC_EACH_TIME } lc_discard_t;

#define LC_BLOCK_FEW 8

static unsigned count_bits(uint32_t bits) {
  unsigned count = 0;

  for (; bits != 0; bits &= bits - 1)
    count++;
  return count;
}

static bool is_due(lc_discard_t discard, uint32_t others) {
  unsigned count;

  if (discard == LC_KEEP)
    return false;
  count = count_bits(others);
  return discard == LC_TWICE ? count == LC_BLOCK_FEW || count == 1 : count > 0;
}

static void discard_pages(lc_block_t *block, uint32_t own,
                          lc_discard_t discard) {
  /* relaxed: a slab that was freed is never live again */
  uint32_t others = lc_load(&block->live, memory_order_relaxed) & ~own;
  uint32_t n, from;

  if (!is_due(discard, others))
    return;
  lc_split_burst(block, LC_BLOCK_BYTES);
  for (n = 1; n <= LC_BLOCK_SLABS; n++) {
    for (from = n; n <= LC_BLOCK_SLABS && (others & bit_of(n)) == 0; n++) {
    }
    if (n > from)
      lc_discard_burst(nth_of_block(block, from),
                       (size_t) LC_SLAB_MOST * (n - from));
  }
}

/* False: the caller frees the block. */
static bool leave_block(lc_block_t *block, uint32_t own) {
  /* [slab.block] (A) */
  if (lc_add(&block->live, 0 - own, memory_order_release) != own)
    return true;
  /* [slab.block] (B) */
  (void) lc_load(&block->live, memory_order_acquire);
  return false;
}

static void free_slab(lc_slab_pool_t *pool, lc_slab_t *slab,
                      lc_discard_t discard) {
  size_t bytes = slab->bytes;

  count_made(pool, 0 - bytes);
  if (slab->number == 0) {
    lc_free_burst(slab, bytes);
  } else {
    lc_block_t *block = block_of(slab);
    uint32_t own = bit_of(slab->number);
    discard_pages(block, own, discard);
    if (!leave_block(block, own))
      lc_free_burst(block, LC_BLOCK_BYTES);
  }
}

static size_t bytes_unneeded(const lc_slab_pool_t *pool) {
  /* relaxed: a hint */
  return lc_load(&pool->unneeded, memory_order_relaxed);
}

static void set_unneeded(lc_slab_pool_t *pool, size_t bytes) {
  /* relaxed: a hint */
  lc_store(&pool->unneeded, bytes, memory_order_relaxed);
}

lc_slab_t *lc_slab_pool_get(lc_slab_pool_t *pool, size_t *bytes) {
  size_t most = pool->single ? pool->most : share(pool);
  lc_slab_t *slab = take_waiting(pool, most);
  size_t left = bytes_waiting(pool);

  if (left < bytes_unneeded(pool))
    set_unneeded(pool, left);

  /* relaxed, both: a hint */
  lc_store(&pool->unasked, 0, memory_order_relaxed);
  lc_store(&pool->vain, 0, memory_order_relaxed);
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

bool lc_slab_pool_put(lc_slab_pool_t *pool, lc_slab_t *slab) {
  lc_assert(!lc_slab_is_full(slab));
  lc_slab_pool_spent(pool, slab->bytes);
  if (put_on_top(pool, slab, bytes_of_few(pool)))
    return true;
  if (slab->used > 0)
    return false;
  free_slab(pool, slab, LC_KEEP);
  return true;
}

/* The place of the link to a slab without nodes under way. Points to NULL:
 * there is none. */
static lc_slab_t **find_unused(lc_slab_t **at, bool in_block) {
  while (*at != NULL && ((*at)->used > 0 || (in_block && (*at)->number == 0)))
    at = &(*at)->next;
  return at;
}

/* One that waits in the pool: of a block if possible, which cannot be freed
 * before all its slabs are. NULL: there is none, or another thread is at the
 * stack. */
static lc_slab_t *take_unused(lc_slab_pool_t *pool) {
  lc_slab_t *slabs = take_all(pool), *unused;
  lc_slab_t **at = find_unused(&slabs, true);

  if (*at == NULL)
    at = find_unused(&slabs, false);
  unused = *at;
  if (unused != NULL) {
    *at = unused->next;
    count_bytes(pool, 0 - unused->bytes);
  }
  if (slabs != NULL)
    give_back(pool, slabs);
  return unused;
}

bool lc_slab_pool_is_flooded(const lc_slab_pool_t *pool) {
  return is_flooded(pool) || has_more_than_few(pool);
}

unsigned lc_slab_pool_vain(const lc_slab_pool_t *pool) {
  /* relaxed: a hint */
  return lc_load(&pool->vain, memory_order_relaxed);
}

void lc_slab_pool_set_vain(lc_slab_pool_t *pool, unsigned vain) {
  /* relaxed: a hint */
  lc_store(&pool->vain, vain, memory_order_relaxed);
}

/* The bytes that were freed; 0: only the few wait, or none of the others could
 * be freed. */
static size_t trim(lc_slab_pool_t *pool, lc_discard_t discard) {
  lc_slab_t *slab = has_more_than_few(pool) ? take_unused(pool) : NULL;
  size_t bytes;

  if (slab == NULL)
    return 0;
  bytes = slab->bytes;
  free_slab(pool, slab, discard);
  return bytes;
}

/* The next slabs are made one by one again. */
static void end_flood(lc_slab_pool_t *pool) {
  if (is_flooded(pool) && !has_more_than_few(pool))
    set_flooded(pool, false);
}

void lc_slab_pool_trim_unneeded(lc_slab_pool_t *pool) {
  unsigned now = (unsigned) (uv_hrtime() / 1000000);
  size_t unneeded = bytes_unneeded(pool), freed = 0;

  /* relaxed: a hint */
  if (now - lc_load(&pool->period, memory_order_relaxed) < LC_PERIOD_MS)
    return;
  if (unneeded > bytes_of_few(pool))
    freed = trim(pool, LC_EACH_TIME);
  if (freed > 0) {
    set_unneeded(pool, unneeded > freed ? unneeded - freed : 0);
  } else {
    end_flood(pool);
    set_unneeded(pool, bytes_waiting(pool));
    /* relaxed: a hint */
    lc_store(&pool->period, now, memory_order_relaxed);
  }
}

bool lc_slab_pool_trim(lc_slab_pool_t *pool) {
  if (trim(pool, LC_EACH_TIME) > 0)
    return true;
  end_flood(pool);
  return false;
}

/* Returns how many bytes have come back since a user asked for some. */
static size_t count_unasked(lc_slab_pool_t *pool, size_t bytes) {
  size_t unasked;

  /* relaxed, both: a hint; a user that asks at this moment will ask again */
  unasked = lc_load(&pool->unasked, memory_order_relaxed) + bytes;
  lc_store(&pool->unasked, unasked, memory_order_relaxed);
  return unasked;
}

/* Otherwise the small slabs of the beginning would stay in the pool forever. */
static bool is_small(const lc_slab_pool_t *pool, const lc_slab_t *slab) {
  /* relaxed: a hint */
  return slab->bytes < lc_load(&pool->largest, memory_order_relaxed) / 2;
}

void lc_slab_pool_recycle(lc_slab_pool_t *pool, lc_slab_t *slab) {
  size_t few = bytes_of_few(pool);
  size_t most = few > pool->flood ? few : pool->flood;
  size_t unasked = count_unasked(pool, slab->bytes);
  /* Only when the flood is over. */
  lc_discard_t discard = unasked > 2 * LC_FLOOD_BYTES ? LC_TWICE : LC_KEEP;

  slab->used = 0;
  if (unasked > LC_FLOOD_BYTES / 2) {
    (void) trim(pool, discard);
    most = few;
  }
  if (is_small(pool, slab) || !put_on_top(pool, slab, most))
    free_slab(pool, slab, discard);
}

void lc_slab_pool_orphan(lc_slab_pool_t *pool, lc_slab_t *slab) {
  /* [pool.orphan] (C) */
  slab->next = lc_load(&pool->orphans, memory_order_relaxed);
  while (!lc_cas(&pool->orphans, &slab->next, slab, memory_order_relaxed,
                 memory_order_relaxed)) {
  }
}

static void free_all(lc_slab_pool_t *pool, lc_slab_t *slab) {
  while (slab != NULL) {
    lc_slab_t *next = slab->next;
    free_slab(pool, slab, LC_KEEP);
    slab = next;
  }
}

void lc_slab_pool_free(lc_slab_pool_t *pool) {
  /* [pool.orphan] (D) */
  free_all(pool, lc_load(&pool->orphans, memory_order_relaxed));
  free_all(pool, take_all(pool));
}
