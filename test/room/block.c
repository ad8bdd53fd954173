/* Room block: a block goes with its last part, and pages go before. */
#include "queue/block.h"

#include <loopchan.h>
#include <string.h>
#if defined(__linux__)
#include <sys/mman.h>
#endif

#include "support/memory.h"
#include "support/suite.h"

#define PART 4096
#define PARTS (LC_BLOCK_ROOM / PART)

static lc_blocks_t blocks;
static char *room;

/* What lay in the memory before must not matter. */
static void fresh(void) {
  memset(&blocks, 0xff, sizeof blocks);
  lc_blocks_init(&blocks);
  room = lc_block_make();
  ck_assert_ptr_nonnull(room);
  memset(room, 1, LC_BLOCK_ROOM);
}

static void counted(void) {
  memory_watch();
  fresh();
}

static void expect_nothing_left(void) {
  ck_assert_uint_eq(memory_blocks(), 0);
}

/* As the system gives them, where it gives pages. */
static void paged(void) {
  ck_assert_int_eq(loopchan_replace_allocator(malloc, realloc, calloc, free),
                   0);
  fresh();
}

static bool try_to_free(size_t from, size_t to) {
  return lc_blocks_free(&blocks, room + from, LC_BLOCK_HEAD + from, to - from);
}

static void free_part(size_t part) {
  ck_assert(try_to_free(part * PART, (part + 1) * PART));
}

/* In how many steps. */
static size_t tidy_all(void) {
  size_t steps = 0;

  while (lc_blocks_tidy(&blocks))
    steps++;
  return steps;
}

START_TEST(a_block_goes_with_its_last_part) {
  ck_assert_uint_eq(memory_bytes(), LC_BLOCK_BYTES);
  ck_assert(try_to_free(100, LC_BLOCK_ROOM - 1));
  ck_assert(try_to_free(0, 100));
  ck_assert_uint_eq(memory_blocks(), 1);
  ck_assert(try_to_free(LC_BLOCK_ROOM - 1, LC_BLOCK_ROOM));
}
END_TEST

START_TEST(a_block_may_go_as_one_part) {
  ck_assert(try_to_free(0, LC_BLOCK_ROOM));
}
END_TEST

START_TEST(no_call_waits_for_another) {
  lc_store(&blocks.busy, 1, memory_order_relaxed);
  ck_assert(!try_to_free(0, LC_BLOCK_ROOM));
  ck_assert(lc_blocks_tidy(&blocks)); /* there may be some */
  lc_store(&blocks.busy, 0, memory_order_relaxed);
  ck_assert_uint_eq(memory_blocks(), 1);
  ck_assert(try_to_free(0, LC_BLOCK_ROOM));
}
END_TEST

START_TEST(out_of_memory_is_told) {
  memory_fail(1);
  ck_assert_ptr_null(lc_block_make());
  ck_assert(try_to_free(0, LC_BLOCK_ROOM));
}
END_TEST

START_TEST(a_block_is_tidied_once_for_each_time_that_parts_go) {
  ck_assert_uint_eq(tidy_all(), 0);
  free_part(1);
  free_part(2);
  ck_assert_uint_eq(tidy_all(), 1);
  ck_assert_uint_eq(tidy_all(), 0);
  free_part(3);
  ck_assert_uint_eq(tidy_all(), 1);
  ck_assert(try_to_free(0, PART));
  ck_assert(try_to_free(4 * PART, LC_BLOCK_ROOM));
  ck_assert_uint_eq(tidy_all(), 0);
}
END_TEST

/* However large the hole that each makes. */
START_TEST(a_step_makes_sixteen_holes_at_most) {
  size_t part;

  for (part = 0; part + 1 < PARTS; part += 2)
    free_part(part);
  ck_assert_uint_eq(tidy_all(), PARTS / 2 / 16 + 1);
  /* One more joins two of them. */
  free_part(1);
  ck_assert_uint_eq(tidy_all(), PARTS / 2 / 16 + 1);
  for (part = 3; part < PARTS; part += 2)
    free_part(part);
  free_part(PARTS - 1);
}
END_TEST

START_TEST(blocks_are_tidied_in_turn) {
  char *first = room, *second;

  free_part(0);
  second = room = lc_block_make();
  ck_assert_ptr_nonnull(second);
  free_part(0);
  ck_assert_uint_eq(tidy_all(), 2);
  ck_assert(try_to_free(PART, LC_BLOCK_ROOM));
  room = first;
  ck_assert(try_to_free(PART, LC_BLOCK_ROOM));
}
END_TEST

static void expect_all(size_t part, char byte) {
  size_t others = 0, i;

  for (i = 0; i < PART; i++)
    others += room[part * PART + i] != byte;
  ck_assert_uint_eq(others, 0);
}

static void lock_block(void) {
#if defined(__linux__)
  (void) mlock(room - LC_BLOCK_HEAD, LC_BLOCK_BYTES);
#endif
}

/* Linux gives them back as zeros when they are read again. */
START_TEST(pages_go_that_have_nothing_live) {
  size_t part, page = 16; /* parts: no system's page is larger than 64 KiB */

  /* As in a program that called mlockall, if this one may. */
  if (_i > 0 && lc_burst_is_pages(LC_BLOCK_BYTES))
    lock_block();
  ck_assert(try_to_free(1, page * PART - 1)); /* one byte lives at each end */
  for (part = 2 * page; part < 4 * page; part++)
    free_part(part);
  (void) tidy_all();
  if (lc_burst_is_pages(LC_BLOCK_BYTES)) {
    ck_assert_int_eq(room[1], 1);
    ck_assert_int_eq(room[page * PART - 2], 1);
    expect_all(3 * page - 1, 0);
  }
  ck_assert_int_eq(room[0], 1);
  ck_assert_int_eq(room[page * PART - 1], 1);
  for (part = page; part < 2 * page; part++)
    expect_all(part, 1);
  for (part = 4 * page; part < PARTS; part++)
    expect_all(part, 1);
  ck_assert(try_to_free(page * PART, 2 * page * PART));
  ck_assert(try_to_free(0, 1));
  ck_assert(try_to_free(page * PART - 1, page * PART));
  ck_assert(try_to_free(4 * page * PART, LC_BLOCK_ROOM));
}
END_TEST

static Suite *suite(void) {
  Suite *suite = suite_create("room block");

  SUITE_CASE(suite, "counts", counted, expect_nothing_left,
             a_block_goes_with_its_last_part, a_block_may_go_as_one_part,
             no_call_waits_for_another, out_of_memory_is_told,
             a_block_is_tidied_once_for_each_time_that_parts_go,
             a_step_makes_sixteen_holes_at_most, blocks_are_tidied_in_turn);
  SUITE_LOOP_CASE(suite, "pages", paged, NULL, 2,
                  pages_go_that_have_nothing_live);
  return suite;
}
