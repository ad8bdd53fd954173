/* Room slab: nodes are apart and aligned, slabs go round and none is lost. */
#include "queue/slab.h"

#include <loopchan.h>
#include <stdalign.h>
#include <string.h>
#include <uv.h>

#include "base/alloc.h"
#include "support/memory.h"
#include "support/suite.h"

static lc_slab_pool_t pool;

/* What lay in the memory before must not matter. */
static void fresh(void) {
  memory_watch();
  memset(&pool, 0xff, sizeof pool);
  ck_assert(lc_slab_pool_init(&pool, 8, SIZE_MAX));
}

/* As where they are pages. Nodes fill a slab to its end, with links of four
 * bytes too. */
static void allow_blocks(void) {
  ck_assert(lc_slab_pool_init(&pool, sizeof(lc_link_t), SIZE_MAX));
  pool.cuts_blocks = true;
}

static void expect_nothing_left(void) {
  lc_slab_pool_free(&pool);
  ck_assert_uint_eq(memory_blocks(), 0);
}

static lc_slab_t *take(size_t bytes) {
  lc_slab_t *slab = lc_slab_pool_get(&pool, &bytes);

  ck_assert_ptr_nonnull(slab);
  return slab;
}

START_TEST(a_node_of_eight_bytes_takes_sixteen) {
  ck_assert_uint_eq(pool.stride, 16);
}
END_TEST

START_TEST(an_odd_size_asks_for_no_alignment_of_its_own) {
  ck_assert(lc_slab_pool_init(&pool, 17, SIZE_MAX));
  ck_assert_uint_eq(pool.offset, sizeof(lc_link_t));
  /* Up to the next link, of 4 or 8 bytes. */
  ck_assert_uint_eq(pool.stride, sizeof(lc_link_t) == 8 ? 32 : 24);
  ck_assert(lc_slab_pool_init(&pool, 8, SIZE_MAX));
}
END_TEST

START_TEST(places_are_aligned_as_their_size_demands) {
  size_t size;

  for (size = 0; size < 200; size++) {
    size_t align = size == 0 ? 1 : size & ~(size - 1);
    lc_slab_t *slab;
    char *first, *second;
    if (align > LOOPCHAN_TYPED_MAX_ALIGN)
      align = LOOPCHAN_TYPED_MAX_ALIGN;
    ck_assert(lc_slab_pool_init(&pool, size, SIZE_MAX));
    slab = take(LC_SLAB_LEAST);
    first = lc_node_message(&pool, lc_slab_alloc_node(&pool, slab));
    second = lc_node_message(&pool, lc_slab_alloc_node(&pool, slab));
    ck_assert_uint_eq((uintptr_t) first % align, 0);
    ck_assert_uint_eq((uintptr_t) second % align, 0);
    ck_assert(second - first >= (ptrdiff_t) (size + sizeof(lc_link_t)));
    lc_slab_pool_recycle(&pool, slab);
    lc_slab_pool_free(&pool);
  }
}
END_TEST

START_TEST(every_place_of_a_slab_lies_inside_it) {
  lc_slab_t *slab = take(LC_SLAB_LEAST);
  lc_link_t *node = NULL;

  while (!lc_slab_is_full(slab)) {
    node = lc_slab_alloc_node(&pool, slab);
    memset(lc_node_message(&pool, node), 0xff, 8);
    ck_assert_ptr_eq(lc_node_of_message(&pool, lc_node_message(&pool, node)),
                     node);
  }
  ck_assert((char *) node + pool.stride <= (char *) slab + slab->bytes);
  ck_assert(lc_link_is_control(&slab->retire));
  lc_slab_pool_recycle(&pool, slab);
}
END_TEST

START_TEST(a_size_that_overflows_is_refused) {
  size_t size;

  ck_assert(!lc_slab_pool_init(&pool, SIZE_MAX, SIZE_MAX));
  ck_assert(!lc_slab_pool_init(&pool, SIZE_MAX / 2, SIZE_MAX));
  for (size = 0; size < sizeof(lc_slab_t); size++)
    ck_assert(!lc_slab_pool_init(&pool, (size_t) PTRDIFF_MAX - size, SIZE_MAX));
  for (; size < 256; size++)
    ck_assert(
        !lc_slab_pool_init(&pool, (size_t) PTRDIFF_MAX - size, SIZE_MAX) ||
        pool.most <= PTRDIFF_MAX);
  ck_assert(lc_slab_pool_init(&pool, (size_t) PTRDIFF_MAX - 1024, SIZE_MAX));
  ck_assert(pool.most > pool.stride);
  ck_assert(lc_slab_pool_init(&pool, 8, SIZE_MAX));
}
END_TEST

START_TEST(a_slab_given_is_the_slab_taken) {
  lc_slab_t *slab = take(LC_SLAB_LEAST);

  lc_slab_alloc_node(&pool, slab);
  ck_assert(lc_slab_pool_put(&pool, slab));
  ck_assert_ptr_eq(take(LC_SLAB_LEAST), slab);
  ck_assert_uint_eq(slab->used, 1);
  ck_assert(lc_slab_pool_put(&pool, slab));
}
END_TEST

#define HEAD sizeof(lc_slab_t)

/* A slab of so many bytes, with no room for a part of a node. */
static size_t whole(size_t bytes) {
  return bytes - (bytes - HEAD) % pool.stride;
}

START_TEST(slabs_double_up_to_the_most) {
  size_t bytes = LC_SLAB_LEAST, last = 0, i;
  lc_slab_t *slabs[12];

  for (i = 0; i < 12; i++) {
    slabs[i] = lc_slab_pool_get(&pool, &bytes);
    ck_assert_ptr_nonnull(slabs[i]);
    ck_assert_uint_ge(slabs[i]->bytes, last);
    ck_assert_uint_le(slabs[i]->bytes, LC_SLAB_MOST);
    last = slabs[i]->bytes;
  }
  ck_assert_uint_eq(slabs[0]->bytes, whole(LC_SLAB_LEAST));
  ck_assert_uint_eq(slabs[1]->bytes, whole(2 * slabs[0]->bytes));
  ck_assert_uint_eq(last, whole(LC_SLAB_MOST));
  for (i = 0; i < 12; i++)
    lc_slab_pool_recycle(&pool, slabs[i]);
}
END_TEST

/* The largest slab, for messages of a size where so many may wait. The sizes
 * are such that they are aligned to 8 everywhere. */
START_TEST(slabs_hold_what_may_wait_and_at_least_one_message) {
  static const struct {
    size_t msg_size, bound, bytes, count;
  } cases[] = {
      {8, SIZE_MAX, LC_SLAB_MOST, 4094},
      {1032, SIZE_MAX, HEAD + 1040 * 62, 62},
      {32776, SIZE_MAX, HEAD + 32784, 1},
      {LC_SLAB_MOST - HEAD - 8, SIZE_MAX, LC_SLAB_MOST, 1},
      {LC_SLAB_MOST - HEAD + 8, SIZE_MAX, LC_SLAB_MOST + 16, 1},
      {1000008, SIZE_MAX, HEAD + 1000016, 1},
      {8, 1, LC_SLAB_LEAST, 30},
      {8, 30, LC_SLAB_LEAST, 30},
      {8, 31, LC_SLAB_LEAST + 16, 31},
      {8, 4093, LC_SLAB_MOST - 16, 4093},
      {8, 4094, LC_SLAB_MOST, 4094},
      {8, 4095, LC_SLAB_MOST, 4094},
      {1032, 0, HEAD + 1040, 1},
      {1032, 14, HEAD + 1040 * 14, 14},
      {1032, 20, HEAD + 1040 * 20, 20},
      {1000008, 20, HEAD + 1000016, 1},
  };
  size_t c;

  for (c = 0; c < sizeof cases / sizeof *cases; c++) {
    lc_slab_t *slab;
    ck_assert(lc_slab_pool_init(&pool, cases[c].msg_size, cases[c].bound));
    slab = take((size_t) 2 * LC_SLAB_MOST);
    if (sizeof(lc_link_t) == sizeof(uint64_t)) {
      ck_assert_uint_eq(slab->bytes, cases[c].bytes);
      ck_assert_uint_eq(slab->count, cases[c].count);
    }
    lc_slab_pool_recycle(&pool, slab);
    lc_slab_pool_free(&pool);
  }
  ck_assert(lc_slab_pool_init(&pool, 8, SIZE_MAX));
}
END_TEST

START_TEST(many_users_share_what_is_kept) {
  enum { USERS = 200 };
  lc_slab_t *slabs[USERS];
  size_t i;

  lc_slab_pool_set_senders(&pool, USERS);
  for (i = 0; i < USERS; i++)
    slabs[i] = take(LC_SLAB_MOST);
  ck_assert_uint_eq(slabs[0]->bytes, whole(LC_KEPT_BYTES / USERS));
  ck_assert_uint_le(lc_slab_pool_kept(&pool), LC_KEPT_BYTES);
  for (i = 0; i < USERS; i++) {
    lc_slab_pool_spent(&pool, slabs[i]->bytes);
    lc_slab_pool_recycle(&pool, slabs[i]);
  }
  ck_assert_uint_eq(lc_slab_pool_kept(&pool), 0);
}
END_TEST

START_TEST(users_that_come_late_get_what_is_left) {
  enum { USERS = 40 };
  lc_slab_t *slabs[USERS];
  size_t i;

  for (i = 0; i < USERS; i++) {
    lc_slab_pool_set_senders(&pool, i + 1);
    slabs[i] = take(LC_SLAB_MOST);
  }
  ck_assert_uint_eq(slabs[0]->bytes, whole(LC_SLAB_MOST));
  ck_assert_uint_eq(slabs[USERS - 1]->bytes, whole(LC_SLAB_LEAST));
  ck_assert_uint_le(lc_slab_pool_kept(&pool),
                    LC_KEPT_BYTES + USERS * LC_SLAB_LEAST);
  for (i = 0; i < USERS; i++) {
    lc_slab_pool_spent(&pool, slabs[i]->bytes);
    lc_slab_pool_recycle(&pool, slabs[i]);
  }
}
END_TEST

START_TEST(a_slab_too_large_for_one_of_many_waits_for_another) {
  lc_slab_t *large = take(LC_SLAB_MOST), *little;

  ck_assert(lc_slab_pool_put(&pool, large));
  lc_slab_pool_set_senders(&pool, 1000);
  little = take(LC_SLAB_MOST);
  ck_assert_ptr_ne(little, large);
  ck_assert_uint_le(little->bytes, LC_KEPT_BYTES / 1000);
  lc_slab_pool_set_senders(&pool, 1);
  ck_assert_ptr_eq(take(LC_SLAB_LEAST), large);
  lc_slab_pool_recycle(&pool, large);
  lc_slab_pool_recycle(&pool, little);
}
END_TEST

START_TEST(a_full_pool_frees_the_unused_and_refuses_the_used) {
  lc_slab_t *slabs[LC_POOL_SLABS + 2];
  size_t i;

  ck_assert(lc_slab_pool_init(&pool, 8, 1));
  for (i = 0; i < LC_POOL_SLABS + 2; i++)
    slabs[i] = take(LC_SLAB_LEAST);
  for (i = 0; i < LC_POOL_SLABS; i++)
    ck_assert(lc_slab_pool_put(&pool, slabs[i]));
  ck_assert(lc_slab_pool_put(&pool, slabs[i]));
  ck_assert_uint_eq(memory_blocks(), LC_POOL_SLABS + 1);
  lc_slab_alloc_node(&pool, slabs[i + 1]);
  ck_assert(!lc_slab_pool_put(&pool, slabs[i + 1]));
  lc_slab_pool_orphan(&pool, slabs[i + 1]);
}
END_TEST

static size_t bytes_waiting(void) {
  return lc_load(&pool.waiting, memory_order_relaxed);
}

static bool is_tidy(void) {
  return bytes_waiting() <= LC_POOL_BYTES;
}

START_TEST(a_tidy_pool_keeps_no_more_than_its_bytes) {
  static const size_t sizes[] = {0, 8, 1000, 20000, 100000, 1000000};
  size_t s, i;

  for (s = 0; s < sizeof sizes / sizeof *sizes; s++) {
    lc_slab_t *slabs[64];
    ck_assert(lc_slab_pool_init(&pool, sizes[s], SIZE_MAX));
    for (i = 0; i < 64; i++)
      slabs[i] = take(LC_SLAB_MOST);
    for (i = 0; i < 64; i++)
      lc_slab_pool_recycle(&pool, slabs[i]);
    while (lc_slab_pool_trim(&pool)) {
    }
    ck_assert_uint_le(memory_blocks(), LC_POOL_SLABS);
    ck_assert_uint_ge(memory_blocks(), 1);
    ck_assert(memory_blocks() == 1 || memory_bytes() <= LC_POOL_BYTES);
    lc_slab_pool_free(&pool);
    ck_assert_uint_eq(memory_blocks(), 0);
  }
  ck_assert(lc_slab_pool_init(&pool, 8, SIZE_MAX));
}
END_TEST

/* One that goes with its messages. */
static lc_slab_t *take_and_spend(void) {
  lc_slab_t *slab = take(LC_SLAB_MOST);

  lc_slab_pool_spent(&pool, slab->bytes);
  return slab;
}

#define FLOOD (2 * LC_FLOOD_MOST / LC_SLAB_MOST)
#define IN_BLOCK (LC_BLOCK_BYTES / LC_SLAB_MOST - 1) /* and a smaller one */

static lc_slab_t *flood[FLOOD];

static void begin_flood(void) {
  size_t i;

  for (i = 0; i < FLOOD; i++)
    flood[i] = take_and_spend();
}

static void recycle_flood(size_t from, size_t to) {
  while (from < to)
    lc_slab_pool_recycle(&pool, flood[from++]);
}

static size_t trim_all(void) {
  size_t trimmed = 0;

  while (lc_slab_pool_trim(&pool))
    trimmed++;
  return trimmed;
}

START_TEST(while_slabs_are_asked_for_a_flood_of_them_waits) {
  size_t allocations, waiting, i;

  allow_blocks();
  for (i = 0; i < 30; i++)
    flood[i] = take_and_spend();
  recycle_flood(0, 30);
  waiting = bytes_waiting();
  ck_assert_uint_ge(waiting, 30 * LC_SLAB_MOST);
  allocations = memory_allocations();
  for (i = 0; i < 30; i++)
    flood[i] = take_and_spend();
  ck_assert_uint_eq(memory_allocations(), allocations);
  recycle_flood(0, 30);
  ck_assert(lc_slab_pool_is_flooded(&pool));
  /* Each frees a slab, or what is left of a block. */
  ck_assert_uint_le(trim_all(), (waiting - LC_POOL_BYTES) / LC_SLAB_MOST);
  ck_assert(is_tidy());
  ck_assert(!lc_slab_pool_is_flooded(&pool));
  ck_assert_uint_eq(memory_bytes(), LC_POOL_BYTES);
}
END_TEST

START_TEST(as_slabs_pile_up_they_are_parts_of_blocks) {
  size_t singles = LC_BLOCK_BYTES / 2 / LC_SLAB_MOST, i;

  allow_blocks();
  for (i = 0; i < singles; i++) {
    flood[i] = take_and_spend();
    ck_assert_uint_eq(flood[i]->offset, 0);
  }
  ck_assert_uint_eq(memory_blocks(), singles);
  for (; i < singles + IN_BLOCK; i++) {
    flood[i] = take_and_spend();
    ck_assert_uint_gt(flood[i]->offset, 0);
    ck_assert_uint_eq(flood[i]->offset - flood[singles]->offset,
                      (i - singles) * LC_SLAB_MOST);
    memset(flood[i] + 1, 1, flood[i]->bytes - sizeof(lc_slab_t));
  }
  ck_assert_uint_eq(memory_blocks(), singles + 1);
  flood[i] = take_and_spend(); /* what is left */
  ck_assert_uint_lt(flood[i]->bytes, LC_SLAB_MOST);
  memset(flood[i] + 1, 1, flood[i]->bytes - sizeof(lc_slab_t));
  ck_assert_uint_eq(memory_blocks(), singles + 1);
  ck_assert_uint_eq(bytes_waiting(), 0);
  recycle_flood(0, i + 1);
}
END_TEST

/* Each of many senders keeps little, so their slabs are small, and it takes
 * many of them to fill a block. */
START_TEST(small_slabs_are_parts_of_blocks_too) {
  enum { USERS = 1000 };
  size_t i, blocks;

  allow_blocks();
  lc_slab_pool_set_senders(&pool, USERS);
  while (!lc_slab_pool_is_flooded(&pool))
    lc_slab_pool_orphan(&pool, take_and_spend());
  blocks = memory_blocks();
  for (i = 0; i < FLOOD; i++) {
    flood[i] = take_and_spend();
    ck_assert_uint_gt(flood[i]->offset, 0);
    ck_assert_uint_le(flood[i]->bytes, LC_KEPT_BYTES / USERS + LC_CACHE_LINE);
    memset(flood[i] + 1, 1, flood[i]->bytes - sizeof(lc_slab_t));
  }
  ck_assert_uint_eq(memory_blocks(), blocks);
  for (i = 1; i < FLOOD; i++)
    ck_assert_ptr_eq((char *) flood[i - 1] + flood[i - 1]->bytes, flood[i]);
  recycle_flood(0, FLOOD);
  /* Small ones are not freed one at a time. */
  ck_assert_uint_lt(trim_all(), FLOOD / 16);
  ck_assert_uint_le(bytes_waiting(), LC_POOL_SLABS * flood[0]->bytes);
}
END_TEST

/* As when more senders come while messages flow. */
START_TEST(a_slab_of_a_block_that_is_too_large_is_cut) {
  size_t i, blocks;

  allow_blocks();
  begin_flood();
  blocks = memory_blocks();
  lc_slab_pool_recycle(&pool, flood[FLOOD - 1]);
  lc_slab_pool_set_senders(&pool, 1000);
  for (i = 0; i < 32; i++) {
    lc_slab_t *slab = take(LC_SLAB_MOST);
    ck_assert_uint_le(slab->bytes, LC_KEPT_BYTES / 1000 + LC_CACHE_LINE);
    lc_slab_pool_recycle(&pool, slab);
  }
  ck_assert_uint_eq(memory_blocks(), blocks);
  recycle_flood(0, FLOOD - 1);
}
END_TEST

/* So many large ones, which are in no block, wait on top of one that is. */
static void expect_none_hidden(size_t on_top, size_t more_blocks) {
  size_t i, blocks;

  allow_blocks();
  lc_slab_pool_set_senders(&pool, 1);
  pool.cuts_blocks = false;
  for (i = 0; i < 20; i++)
    flood[i] = take_and_spend();
  pool.cuts_blocks = true;
  flood[i] = take_and_spend();
  ck_assert_uint_gt(flood[i]->offset, 0);
  recycle_flood(on_top, 21);
  recycle_flood(0, on_top);
  blocks = memory_blocks();
  lc_slab_pool_set_senders(&pool, 1000);
  for (i = 0; i < 50; i++) { /* all of one large one */
    flood[i] = take_and_spend();
    ck_assert_uint_gt(flood[i]->offset, 0);
  }
  ck_assert_uint_eq(memory_blocks(), blocks + more_blocks);
  recycle_flood(0, i);
  lc_slab_pool_free(&pool);
  ck_assert(lc_slab_pool_init(&pool, 8, SIZE_MAX));
}

START_TEST(slabs_that_are_too_large_hide_no_others) {
  expect_none_hidden(16, 0);
  /* Too many to look behind; but the block that is made then is on top. */
  expect_none_hidden(17, 1);
}
END_TEST

START_TEST(a_slab_of_one_node_is_too_large_for_nobody) {
  lc_slab_t *slab;

  ck_assert(lc_slab_pool_init(&pool, 4000, SIZE_MAX));
  lc_slab_pool_set_senders(&pool, 1000);
  slab = take_and_spend();
  ck_assert_uint_eq(slab->count, 1);
  lc_slab_pool_recycle(&pool, slab);
  ck_assert_ptr_eq(take_and_spend(), slab);
  lc_slab_pool_recycle(&pool, slab);
}
END_TEST

START_TEST(what_many_idle_users_keep_is_no_flood) {
  enum { USERS = 5000 };
  static lc_slab_t *slabs[USERS];
  size_t i;

  allow_blocks();
  lc_slab_pool_set_senders(&pool, USERS);
  for (i = 0; i < USERS; i++)
    slabs[i] = take(LC_SLAB_MOST);
  ck_assert_uint_gt(lc_slab_pool_kept(&pool), LC_BLOCK_BYTES);
  ck_assert(!lc_slab_pool_is_flooded(&pool));
  ck_assert_uint_eq(memory_blocks(), USERS);
  for (i = 0; i < USERS; i++) {
    lc_slab_pool_spent(&pool, slabs[i]->bytes);
    lc_slab_pool_recycle(&pool, slabs[i]);
  }
}
END_TEST

START_TEST(a_block_goes_with_the_last_of_its_slabs) {
  size_t last = LC_BLOCK_BYTES / 2 / LC_SLAB_MOST, i;

  allow_blocks();
  for (i = 0; i <= last; i++)
    flood[i] = take_and_spend();
  recycle_flood(0, last);
  (void) trim_all();
  ck_assert_uint_gt(memory_bytes(), LC_BLOCK_BYTES);
  /* The flood is over: none in its place. */
  lc_slab_pool_recycle(&pool, flood[last]);
  (void) trim_all();
  ck_assert_uint_eq(memory_bytes(), LC_POOL_BYTES);
  for (i = 0; i <= LC_POOL_BYTES / LC_SLAB_MOST; i++) {
    flood[i] = take_and_spend();
    ck_assert_uint_eq(flood[i]->offset, 0);
  }
  recycle_flood(0, i);
}
END_TEST

/* As the pool keeps a few slabs, it should not be those that keep a block. */
START_TEST(a_trim_frees_slabs_of_a_block_first) {
  size_t singles = LC_BLOCK_BYTES / 2 / LC_SLAB_MOST, all = singles + IN_BLOCK,
         i;

  allow_blocks();
  for (i = 0; i < all; i++)
    flood[i] = take_and_spend();
  ck_assert_uint_gt(flood[all - 1]->offset, 0);
  recycle_flood(singles, all);
  recycle_flood(0, singles);
  (void) trim_all();
  ck_assert_uint_eq(memory_bytes(), LC_POOL_BYTES);
}
END_TEST

START_TEST(where_no_block_is_to_be_had_there_may_be_a_slab) {
  size_t last = LC_BLOCK_BYTES / 2 / LC_SLAB_MOST, i;

  allow_blocks();
  for (i = 0; i < last; i++)
    flood[i] = take_and_spend();
  memory_fail(1);
  flood[last] = take_and_spend();
  ck_assert_uint_eq(flood[last]->offset, 0);
  recycle_flood(0, last + 1);
}
END_TEST

static void fresh_with_blocks(void) {
  ck_assert(lc_slab_pool_init(&pool, 8, SIZE_MAX));
  allow_blocks();
}

/* Large messages may leave most of their pages as they are; and small slabs are
 * from a heap, as all are that the user's functions give. */
START_TEST(blocks_are_for_large_slabs_of_small_messages) {
  static const struct {
    size_t size, bound;
    bool large;
  } cases[] = {{0, SIZE_MAX, true},      {8, SIZE_MAX, true},
               {12280, SIZE_MAX, true},  {12288, SIZE_MAX, false},
               {8, 1000, false},         {8, 4094, true},
               {100000, SIZE_MAX, false}};
  size_t c;

  ck_assert(!pool.cuts_blocks);
  expect_nothing_left();
  ck_assert_int_eq(loopchan_replace_allocator(malloc, realloc, calloc, free),
                   0);
  for (c = 0; c < sizeof cases / sizeof *cases; c++) {
    ck_assert(lc_slab_pool_init(&pool, cases[c].size, cases[c].bound));
    ck_assert_int_eq(pool.cuts_blocks,
                     cases[c].large && lc_burst_is_pages(LC_BLOCK_BYTES));
  }
  fresh_with_blocks();
  lc_slab_pool_make_single(&pool);
  ck_assert(!pool.cuts_blocks);
}
END_TEST

/* While other threads take slabs, more bytes are counted than there are. */
START_TEST(a_slab_with_nodes_under_way_is_not_trimmed) {
  lc_slab_t *unused = take(LC_SLAB_MOST), *slab = take(LC_SLAB_MOST);

  lc_slab_alloc_node(&pool, slab);
  ck_assert(lc_slab_pool_put(&pool, unused));
  ck_assert(lc_slab_pool_put(&pool, slab));
  lc_add(&pool.waiting, LC_POOL_BYTES, memory_order_relaxed);
  ck_assert(lc_slab_pool_trim(&pool));
  ck_assert_uint_eq(memory_blocks(), 1);
  ck_assert(!lc_slab_pool_trim(&pool));
  ck_assert_uint_eq(memory_blocks(), 1);
  lc_add(&pool.waiting, 0 - LC_POOL_BYTES, memory_order_relaxed);
  ck_assert_ptr_eq(take(LC_SLAB_MOST), slab);
  ck_assert_uint_eq(slab->used, 1);
  lc_slab_pool_recycle(&pool, slab);
}
END_TEST

START_TEST(a_flood_keeps_no_more_than_its_bytes) {
  size_t i, most = 0;

  begin_flood();
  for (i = 0; i < FLOOD; i++) {
    size_t waiting;
    /* Two come back for each that is asked for. */
    lc_slab_pool_recycle(&pool, flood[i]);
    lc_slab_pool_recycle(&pool, take_and_spend());
    waiting = bytes_waiting();
    most = waiting > most ? waiting : most;
  }
  ck_assert_uint_le(most, lc_slab_pool_most(&pool));
  ck_assert_uint_gt(most, lc_slab_pool_most(&pool) - LC_SLAB_MOST);
}
END_TEST

START_TEST(a_flood_of_large_messages_may_keep_more) {
  static const struct {
    size_t size, most;
  } cases[] = {{0, 4194304},    {8, 4194304},     {120, 4194304},
               {248, 8388608},  {504, 16777216},  {512, 16777216},
               {520, 16777216}, {65536, 16777216}};
  size_t i;

  for (i = 0; i < sizeof cases / sizeof *cases; i++) {
    ck_assert(lc_slab_pool_init(&pool, cases[i].size, SIZE_MAX));
    if (sizeof(lc_link_t) == 8)
      ck_assert_uint_eq(lc_slab_pool_most(&pool), cases[i].most);
  }
  ck_assert(lc_slab_pool_init(&pool, 8, SIZE_MAX));
}
END_TEST

START_TEST(slabs_that_nobody_asks_for_are_freed) {
  begin_flood();
  recycle_flood(0, FLOOD);
  ck_assert(is_tidy());
  ck_assert_uint_ge(memory_blocks(), 1);
}
END_TEST

START_TEST(small_slabs_do_not_stay_when_large_ones_are_made) {
  lc_slab_t *little = take(LC_SLAB_LEAST), *large = take(LC_SLAB_MOST);

  lc_slab_pool_recycle(&pool, little);
  ck_assert_uint_eq(memory_blocks(), 1);
  lc_slab_pool_recycle(&pool, large);
  ck_assert_ptr_eq(take(LC_SLAB_LEAST), large);
  ck_assert(lc_slab_pool_put(&pool, large));
}
END_TEST

START_TEST(single_slabs_have_one_node_and_all_wait) {
  static const size_t sizes[] = {0, 8, 400000};
  lc_slab_t *slabs[LC_SINGLE_SLABS];
  size_t i, n;

  for (n = 0; n < sizeof sizes / sizeof *sizes; n++) {
    ck_assert(lc_slab_pool_init(&pool, sizes[n], 1));
    lc_slab_pool_make_single(&pool);
    for (i = 0; i < LC_SINGLE_SLABS; i++) {
      slabs[i] = take(LC_SLAB_MOST);
      ck_assert_uint_eq(slabs[i]->count, 1);
      ck_assert_ptr_eq(lc_slab_of_first(lc_slab_alloc_node(&pool, slabs[i])),
                       slabs[i]);
    }
    for (i = 0; i < LC_SINGLE_SLABS; i++)
      lc_slab_pool_recycle(&pool, slabs[i]);
    ck_assert_uint_eq(memory_blocks(), LC_SINGLE_SLABS);
    lc_slab_pool_free(&pool);
  }
}
END_TEST

START_TEST(out_of_memory_is_told) {
  size_t bytes = 2048;

  memory_fail(1);
  ck_assert_ptr_null(lc_slab_pool_get(&pool, &bytes));
  ck_assert_uint_eq(bytes, 2048);
}
END_TEST

START_TEST(undo_alloc_gives_the_same_node_again) {
  lc_slab_t *slab = take(LC_SLAB_LEAST);
  lc_link_t *node = lc_slab_alloc_node(&pool, slab);

  lc_slab_undo_alloc(slab);
  ck_assert_ptr_eq(lc_slab_alloc_node(&pool, slab), node);
  ck_assert(lc_slab_pool_put(&pool, slab));
}
END_TEST

/* Threads take, mark, and give; a slab in two hands shows by its mark. */
#define THREADS 4
#define ROUNDS 20000

static void take_and_give(void *arg) {
  size_t *clashes = arg, round, bytes = LC_SLAB_LEAST;

  for (round = 0; round < ROUNDS; round++) {
    lc_slab_t *slab = lc_slab_pool_get(&pool, &bytes);
    if (slab == NULL)
      continue;
    if (slab->used != 0)
      ++*clashes;
    slab->used = 1;
    slab->used = 0;
    if (!lc_slab_pool_put(&pool, slab))
      ++*clashes;
  }
}

START_TEST(a_slab_has_one_user_at_a_time) {
  uv_thread_t threads[THREADS];
  size_t clashes[THREADS] = {0}, i;
  lc_slab_t *slabs[LC_SINGLE_SLABS];

  ck_assert(lc_slab_pool_init(&pool, 8, 1));
  for (i = 0; i < LC_POOL_SLABS; i++)
    slabs[i] = take(LC_SLAB_LEAST);
  for (i = 0; i < LC_POOL_SLABS; i++)
    ck_assert(lc_slab_pool_put(&pool, slabs[i]));
  for (i = 0; i < THREADS; i++)
    ck_assert_int_eq(uv_thread_create(&threads[i], take_and_give, &clashes[i]),
                     0);
  for (i = 0; i < THREADS; i++) {
    ck_assert_int_eq(uv_thread_join(&threads[i]), 0);
    ck_assert_uint_eq(clashes[i], 0);
  }
  ck_assert_uint_eq(memory_blocks(), LC_POOL_SLABS);
}
END_TEST

static Suite *suite(void) {
  Suite *suite = suite_create("room slab");

  SUITE_CASE(
      suite, "node", fresh, expect_nothing_left,
      a_node_of_eight_bytes_takes_sixteen,
      an_odd_size_asks_for_no_alignment_of_its_own,
      places_are_aligned_as_their_size_demands,
      every_place_of_a_slab_lies_inside_it, a_size_that_overflows_is_refused,
      a_slab_given_is_the_slab_taken, slabs_double_up_to_the_most,
      slabs_hold_what_may_wait_and_at_least_one_message,
      many_users_share_what_is_kept, users_that_come_late_get_what_is_left,
      a_slab_too_large_for_one_of_many_waits_for_another,
      a_full_pool_frees_the_unused_and_refuses_the_used,
      a_tidy_pool_keeps_no_more_than_its_bytes,
      while_slabs_are_asked_for_a_flood_of_them_waits,
      as_slabs_pile_up_they_are_parts_of_blocks,
      small_slabs_are_parts_of_blocks_too,
      a_slab_of_a_block_that_is_too_large_is_cut,
      slabs_that_are_too_large_hide_no_others,
      a_slab_of_one_node_is_too_large_for_nobody,
      what_many_idle_users_keep_is_no_flood,
      a_block_goes_with_the_last_of_its_slabs,
      a_trim_frees_slabs_of_a_block_first,
      where_no_block_is_to_be_had_there_may_be_a_slab,
      blocks_are_for_large_slabs_of_small_messages,
      a_slab_with_nodes_under_way_is_not_trimmed,
      a_flood_keeps_no_more_than_its_bytes,
      a_flood_of_large_messages_may_keep_more,
      slabs_that_nobody_asks_for_are_freed,
      small_slabs_do_not_stay_when_large_ones_are_made,
      single_slabs_have_one_node_and_all_wait, out_of_memory_is_told,
      undo_alloc_gives_the_same_node_again, a_slab_has_one_user_at_a_time);
  return suite;
}
