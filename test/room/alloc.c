/* Room alloc: cores are counted, and the functions change only between. */
#include "base/alloc.h"

#include <loopchan.h>
#include <stdint.h>
#include <string.h>

#include "support/memory.h"
#include "support/suite.h"

START_TEST(the_functions_stay_while_a_core_is_out) {
  void *block;

  memory_watch();
  block = lc_malloc_core(10);
  ck_assert_ptr_nonnull(block);
  ck_assert_uint_eq(memory_blocks(), 1);
  ck_assert_int_eq(loopchan_replace_allocator(malloc, realloc, calloc, free),
                   UV_EBUSY);
  lc_free_core(block);
  ck_assert_uint_eq(memory_blocks(), 0);
  ck_assert_int_eq(loopchan_replace_allocator(malloc, realloc, calloc, free),
                   0);
  lc_free(lc_malloc(10));
  ck_assert_uint_eq(memory_allocations(), 1);
}
END_TEST

START_TEST(a_failed_allocation_is_not_a_core) {
  memory_watch();
  memory_fail(1);
  ck_assert_ptr_null(lc_malloc_core(10));
  lc_free(NULL);
  ck_assert_int_eq(loopchan_replace_allocator(malloc, realloc, calloc, free),
                   0);
}
END_TEST

START_TEST(a_burst_block_is_a_block_like_any_other) {
  size_t size;
  int i;

  for (size = 1, i = 0; size <= 1000000; size *= 10, i++) {
    char *block = lc_malloc_burst(size, i % 2 == 0);
    ck_assert_ptr_nonnull(block);
    block[0] = block[size - 1] = 1;
    lc_free_burst(block, size);
  }
}
END_TEST

START_TEST(a_burst_block_is_from_the_functions_in_force) {
  void *block;

  memory_watch();
  block = lc_malloc_burst(1000000, true);
  ck_assert_ptr_nonnull(block);
  ck_assert_uint_eq(memory_bytes(), 1000000);
  lc_free_burst(block, 1000000);
  memory_fail(1);
  ck_assert_ptr_null(lc_malloc_burst(1000000, true));
  ck_assert_uint_eq(memory_blocks(), 0);
  ck_assert_int_eq(loopchan_replace_allocator(malloc, realloc, calloc, free),
                   0);
}
END_TEST

START_TEST(a_huge_page_is_aligned_as_one) {
  char *pages[4];
  size_t i;

  for (i = 0; i < 4; i++) {
    pages[i] = lc_malloc_burst(LC_HUGE_PAGE, true);
    ck_assert_ptr_nonnull(pages[i]);
    if (lc_burst_is_pages(LC_HUGE_PAGE))
      ck_assert_uint_eq((uintptr_t) pages[i] % LC_HUGE_PAGE, 0);
    memset(pages[i], 1, LC_HUGE_PAGE);
  }
  for (i = 0; i < 4; i++)
    lc_free_burst(pages[i], LC_HUGE_PAGE);
}
END_TEST

static Suite *suite(void) {
  Suite *suite = suite_create("room alloc");

  SUITE_CASE(suite, "alloc", NULL, NULL, the_functions_stay_while_a_core_is_out,
             a_failed_allocation_is_not_a_core,
             a_burst_block_is_a_block_like_any_other,
             a_burst_block_is_from_the_functions_in_force,
             a_huge_page_is_aligned_as_one);
  return suite;
}
