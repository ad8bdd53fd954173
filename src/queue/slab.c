/* slab: slabs of nodes, and the pool that they wait in.
 *
 * Knows:   how large a node is, memory. Not whom a message is for; cannot wake.
 * Threads: recycle from the receiver's; the rest from any.
 * Promise: a slab has one user at a time, and none is lost.
 */
#include "queue/slab.h"

#include "base/alloc.h"

/* Up to this size, a node fills most of the pages that it lies in. A slab of a
 * larger one is pages of the system's even if it is not part of a block. */
#define LC_FULL_NODE 12288

/* How often a thread looks for slabs that another one has for a moment, before
 * it makes more. */
#define LC_LOOKS_MOST 64

/* How many slabs that are too large it looks past. */
#define LC_LOOKS_DEEP 16

/* How many slabs a receiver frees at most when it has nothing else to do. */
#define LC_TRIM_MOST 32

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

/* How many nodes fit into a slab of this size; at least one. */
static size_t nodes_in(size_t bytes, size_t stride) {
  return bytes < sizeof(lc_slab_t) + stride
             ? 1
             : (bytes - sizeof(lc_slab_t)) / stride;
}

static size_t bytes_of(size_t nodes, size_t stride) {
  return sizeof(lc_slab_t) + nodes * stride;
}

/* The bytes that the whole nodes in a slab of at most this size take; at least
 * one node's. */
static size_t whole_nodes(const lc_slab_pool_t *pool, size_t most) {
  return bytes_of(nodes_in(most, pool->stride), pool->stride);
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
  return pool->stride <= LC_FULL_NODE;
}

bool lc_slab_pool_init(lc_slab_pool_t *pool, size_t msg_size, size_t bound) {
  size_t align = alignment_of_size(msg_size);

  if (msg_size > PTRDIFF_MAX - sizeof(lc_slab_t) - 2 * align)
    return false;
  pool->offset = (uint16_t) round_up(sizeof(lc_link_t), align);
  pool->stride = round_up(pool->offset + msg_size, align);
  pool->most = bytes_of(most_nodes(pool->stride, bound), pool->stride);
  pool->few = (uint8_t) few_of(pool->most);
  pool->single = false;
  pool->cuts_blocks = fills_pages(pool) && pool->most > LC_SLAB_MOST / 2 &&
                      pool->most <= LC_SLAB_MOST &&
                      lc_burst_is_pages(LC_BLOCK_BYTES);
  lc_atomic_init(&pool->flooded, false);
  lc_atomic_init(&pool->largest, LC_SLAB_LEAST / 2);
  lc_atomic_init(&pool->made, 0);
  lc_atomic_init(&pool->kept, 0);
  lc_atomic_init(&pool->senders, 0);
  lc_atomic_init(&pool->waiting, 0);
  lc_atomic_init(&pool->unasked, 0);
  lc_atomic_init(&pool->empty_looks, 0);
  lc_atomic_init(&pool->period, 0);
  lc_atomic_init(&pool->unneeded, 0);
  lc_blocks_init(&pool->blocks);
  lc_atomic_init(&pool->top, NULL);
  lc_atomic_init(&pool->orphans, NULL);
  return true;
}

void lc_slab_pool_make_single(lc_slab_pool_t *pool) {
  pool->most = bytes_of(1, pool->stride);
  pool->few = LC_SINGLE_SLABS;
  pool->single = true;
  pool->cuts_blocks = false;
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

/* Whether it is worth while to look again for slabs that another thread has for
 * a moment. */
static bool expects_slabs(const lc_slab_pool_t *pool) {
  return pool->single ? bytes_waiting(pool) > 0 : has_more_than_few(pool);
}

/* Also those on their way in: never less than there are. */
static void count_bytes(lc_slab_pool_t *pool, size_t bytes) {
  /* relaxed: a hint */
  size_t were = lc_add(&pool->waiting, bytes, memory_order_relaxed);

  lc_assert(were + bytes <= PTRDIFF_MAX);
  (void) were;
}

static lc_slab_t *seen_on_top(lc_slab_pool_t *pool) {
  /* relaxed: a guess, which an operation that follows sets right */
  return lc_load(&pool->top, memory_order_relaxed);
}

static void put_on_top(lc_slab_pool_t *pool, lc_slab_t *slab) {
  count_bytes(pool, slab->bytes);
  slab->next = seen_on_top(pool);
  /* [pool.hand] (A) */
  while (!lc_cas(&pool->top, &slab->next, slab, memory_order_release,
                 memory_order_relaxed)) {
  }
}

/* False: more than `most` bytes would wait then. */
static bool try_to_put(lc_slab_pool_t *pool, lc_slab_t *slab, size_t most) {
  if (bytes_waiting(pool) + slab->bytes > most)
    return false;
  put_on_top(pool, slab);
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

/* One of a whole block has no count: it is split before it is used. */
static void init_slab(const lc_slab_pool_t *pool, lc_slab_t *slab, size_t bytes,
                      uint32_t offset) {
  lc_link_init(&slab->retire, LC_CONTROL);
  slab->bytes = bytes;
  slab->count = (uint16_t) nodes_in(bytes, pool->stride);
  slab->used = 0;
  slab->offset = offset;
}

/* relaxed, both: a hint; a size lost in a race is soon made again */
static void note_size(lc_slab_pool_t *pool, size_t bytes) {
  if (lc_load(&pool->largest, memory_order_relaxed) < bytes)
    lc_store(&pool->largest, bytes, memory_order_relaxed);
}

/* No node of it is under way. */
static bool is_unused(const lc_slab_t *slab) {
  return slab->used == 0;
}

/* No node of it is under way, and it is part of a block. */
static bool can_split(const lc_slab_t *slab) {
  return slab->offset > 0 && is_unused(slab);
}

/* Cuts a slab to a size. The rest is a slab behind it, if it has room
 * for a node. */
static void split(lc_slab_pool_t *pool, lc_slab_t *slab, size_t bytes) {
  size_t end = round_up(bytes, LC_CACHE_LINE);
  lc_slab_t *rest = (lc_slab_t *) (void *) ((char *) slab + end);

  note_size(pool, bytes);
  if (slab->bytes < end + bytes_of(1, pool->stride))
    return;
  init_slab(pool, rest, slab->bytes - end, slab->offset + (uint32_t) end);
  rest->next = slab->next;
  init_slab(pool, slab, end, slab->offset);
  slab->next = rest;
}

/* Moves the first that has at most `most` bytes, or can be split, to the front.
 * False: there is none among the first few. */
static bool bring_to_front(lc_slab_t **slabs, size_t most) {
  lc_slab_t **at = slabs, *fit;
  unsigned n;

  for (n = 0; *at != NULL && (*at)->bytes > most && !can_split(*at); n++) {
    if (n == LC_LOOKS_DEEP)
      return false;
    at = &(*at)->next;
  }
  fit = *at;
  if (fit == NULL)
    return false;
  *at = fit->next;
  fit->next = *slabs;
  *slabs = fit;
  return true;
}

/* Takes a slab that waits in the pool: any of at most `most` bytes, or `bytes`
 * cut from a larger one that can be split. If many wait and none is to be seen,
 * another thread has them for a moment, or for long, if it is preempted. */
static lc_slab_t *take_waiting(lc_slab_pool_t *pool, size_t bytes,
                               size_t most) {
  lc_slab_t *slab = take_all(pool);
  unsigned looks;

  for (looks = 0; slab == NULL && looks < LC_LOOKS_MOST && expects_slabs(pool);
       looks++) {
    lc_relax();
    slab = take_all(pool);
  }
  if (slab == NULL)
    return NULL;
  if (!bring_to_front(&slab, most)) {
    give_back(pool, slab);
    return NULL;
  }
  if (slab->bytes > most)
    split(pool, slab, bytes);
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
  return whole_nodes(pool, most < pool->most ? most : pool->most);
}

static void count_made(lc_slab_pool_t *pool, size_t bytes) {
  /* relaxed: a hint */
  lc_add(&pool->made, bytes, memory_order_relaxed);
}

/* A whole block, as one slab. */
static lc_slab_t *make_block(lc_slab_pool_t *pool) {
  lc_slab_t *slab = lc_block_make();

  if (slab == NULL)
    return NULL;
  init_slab(pool, slab, LC_BLOCK_ROOM, LC_BLOCK_HEAD);
  slab->next = NULL;
  count_made(pool, LC_BLOCK_ROOM);
  return slab;
}

static lc_slab_t *make_one(lc_slab_pool_t *pool, size_t bytes) {
  lc_slab_t *slab = lc_malloc_burst(bytes, fills_pages(pool));

  if (slab == NULL)
    return NULL;
  init_slab(pool, slab, bytes, 0);
  count_made(pool, bytes);
  note_size(pool, bytes);
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

/* What users keep may be much and still no flood. */
static bool makes_blocks(lc_slab_pool_t *pool) {
  size_t kept = lc_slab_pool_kept(pool);

  /* relaxed: a hint */
  if (!is_flooded(pool) &&
      lc_load(&pool->made, memory_order_relaxed) >= kept + LC_BLOCK_BYTES / 2)
    set_flooded(pool, true);
  return is_flooded(pool);
}

/* From a new block, the rest of which waits on top of the pool: below it, slabs
 * that are too large for many users might hide it. */
static lc_slab_t *make_in_block(lc_slab_pool_t *pool, size_t bytes) {
  lc_slab_t *slab = make_block(pool);

  if (slab == NULL)
    return NULL;
  split(pool, slab, bytes);
  if (slab->next != NULL)
    put_on_top(pool, slab->next);
  return slab;
}

static lc_slab_t *make_slab(lc_slab_pool_t *pool, size_t bytes) {
  lc_slab_t *slab = NULL;

  if (pool->cuts_blocks && makes_blocks(pool))
    slab = make_in_block(pool, bytes);
  if (slab == NULL)
    slab = make_one(pool, bytes);
  return slab;
}

/* Returns the bytes that were freed. 0: none now, the slab waits in the pool.
 */
static size_t free_slab(lc_slab_pool_t *pool, lc_slab_t *slab) {
  size_t bytes = slab->bytes;

  if (slab->offset == 0) {
    lc_free_burst(slab, bytes);
  } else if (!lc_blocks_free(&pool->blocks, slab, slab->offset, bytes)) {
    put_on_top(pool, slab);
    return 0;
  }
  count_made(pool, 0 - bytes);
  return bytes;
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
  size_t want = *bytes < most ? whole_nodes(pool, *bytes) : most;
  lc_slab_t *slab = take_waiting(pool, want, most);
  size_t left = bytes_waiting(pool);

  if (left < bytes_unneeded(pool))
    set_unneeded(pool, left);

  /* relaxed, both: a hint */
  lc_store(&pool->unasked, 0, memory_order_relaxed);
  lc_store(&pool->empty_looks, 0, memory_order_relaxed);
  if (slab == NULL)
    slab = make_slab(pool, want);
  if (slab == NULL)
    return NULL;
  if (*bytes < 2 * slab->bytes)
    *bytes = 2 * slab->bytes;
  lc_assert(slab->count == nodes_in(slab->bytes, pool->stride));
  lc_assert(!lc_slab_is_full(slab));
  if (!pool->single)
    /* relaxed: a hint */
    lc_add(&pool->kept, slab->bytes, memory_order_relaxed);
  return slab;
}

void lc_slab_pool_spent(lc_slab_pool_t *pool, size_t bytes) {
  size_t kept;

  if (pool->single)
    return;
  /* relaxed: a hint */
  kept = lc_add(&pool->kept, 0 - bytes, memory_order_relaxed);
  lc_assert(kept >= bytes);
  (void) kept;
}

size_t lc_slab_pool_kept(const lc_slab_pool_t *pool) {
  /* relaxed: a hint */
  return lc_load(&pool->kept, memory_order_relaxed);
}

void lc_slab_pool_set_senders(lc_slab_pool_t *pool, size_t senders) {
  /* relaxed: a hint */
  lc_store(&pool->senders, senders, memory_order_relaxed);
}

bool lc_slab_pool_put(lc_slab_pool_t *pool, lc_slab_t *slab) {
  lc_assert(!lc_slab_is_full(slab));
  lc_slab_pool_spent(pool, slab->bytes);
  if (try_to_put(pool, slab, bytes_of_few(pool)))
    return true;
  if (!is_unused(slab))
    return false;
  (void) free_slab(pool, slab);
  return true;
}

/* The place of the link to the first that is fit; NULL is there if none is. */
static lc_slab_t **find(lc_slab_t **at, bool (*is_fit)(const lc_slab_t *)) {
  while (*at != NULL && !is_fit(*at))
    at = &(*at)->next;
  return at;
}

/* One that waits in the pool. of_block: one of a block if possible, as that
 * cannot be freed before all its slabs are; false once there is none. NULL:
 * there is none at all, or another thread is at the stack. */
static lc_slab_t *take_unused(lc_slab_pool_t *pool, bool *of_block) {
  lc_slab_t *slabs = take_all(pool), *unused;
  lc_slab_t **at = find(&slabs, *of_block ? can_split : is_unused);

  if (*of_block && *at == NULL) {
    *of_block = false;
    at = find(&slabs, is_unused);
  }
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

unsigned lc_slab_pool_empty_looks(const lc_slab_pool_t *pool) {
  /* relaxed: a hint */
  return lc_load(&pool->empty_looks, memory_order_relaxed);
}

void lc_slab_pool_set_empty_looks(lc_slab_pool_t *pool, unsigned looks) {
  /* relaxed: a hint */
  lc_store(&pool->empty_looks, looks, memory_order_relaxed);
}

/* The bytes that were freed; 0: only the few wait, or none of the others could
 * be freed. */
static size_t trim(lc_slab_pool_t *pool, bool *of_block) {
  lc_slab_t *slab =
      has_more_than_few(pool) ? take_unused(pool, of_block) : NULL;

  return slab != NULL ? free_slab(pool, slab) : 0;
}

/* The same for as many small slabs as one large one is worth. */
static size_t trim_some(lc_slab_pool_t *pool) {
  bool of_block = pool->cuts_blocks;
  size_t freed = 0;
  unsigned slabs;

  for (slabs = 0; slabs < LC_TRIM_MOST && freed < LC_SLAB_MOST; slabs++) {
    size_t bytes = trim(pool, &of_block);
    if (bytes == 0)
      break;
    freed += bytes;
  }
  return freed;
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
    freed = trim_some(pool);
  if (freed > 0) {
    set_unneeded(pool, unneeded > freed ? unneeded - freed : 0);
  } else if (!lc_blocks_tidy(&pool->blocks)) {
    end_flood(pool);
    set_unneeded(pool, bytes_waiting(pool));
    /* relaxed: a hint */
    lc_store(&pool->period, now, memory_order_relaxed);
  }
}

bool lc_slab_pool_trim(lc_slab_pool_t *pool) {
  if (trim_some(pool) > 0 || lc_blocks_tidy(&pool->blocks))
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
  return slab->bytes < lc_load(&pool->largest, memory_order_relaxed) / 2 &&
         (pool->single || slab->bytes < share(pool) / 2);
}

/* What is kept in a flood, if the few are not more. */
static size_t flood_bytes(const lc_slab_pool_t *pool) {
  if (pool->stride >= LC_FLOOD_MOST / LC_FLOOD_MESSAGES)
    return LC_FLOOD_MOST;
  if (pool->stride <= LC_FLOOD_LEAST / LC_FLOOD_MESSAGES)
    return LC_FLOOD_LEAST;
  return pool->stride * LC_FLOOD_MESSAGES;
}

size_t lc_slab_pool_most(const lc_slab_pool_t *pool) {
  size_t few = bytes_of_few(pool), flood = flood_bytes(pool);

  return pool->single || few > flood ? few : flood;
}

void lc_slab_pool_recycle(lc_slab_pool_t *pool, lc_slab_t *slab) {
  size_t unasked = count_unasked(pool, slab->bytes);
  bool of_block = pool->cuts_blocks;

  slab->used = 0;
  if (is_small(pool, slab) || !try_to_put(pool, slab, lc_slab_pool_most(pool)))
    (void) free_slab(pool, slab);
  if (pool->single || unasked <= flood_bytes(pool) / 2)
    return;
  /* One for this one, and another one. */
  (void) trim(pool, &of_block);
  (void) trim(pool, &of_block);
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
    (void) free_slab(pool, slab); /* no other thread uses the blocks */
    slab = next;
  }
}

void lc_slab_pool_free(lc_slab_pool_t *pool) {
  /* [pool.orphan] (D) */
  free_all(pool, lc_load(&pool->orphans, memory_order_relaxed));
  free_all(pool, take_all(pool));
  /* relaxed: no other thread uses the pool */
  lc_assert(lc_load(&pool->made, memory_order_relaxed) == 0);
}
