/* Room backlog: whatever the senders' slabs look like in a chain, links come
 * out in the order of their pushes, and a long chain is turned stretch by
 * stretch. */
#include "queue/backlog.h"

#include <stdlib.h>

#include "support/memory.h"
#include "support/suite.h"

#define SENDERS 3

static lc_inbox_t inbox;
static lc_slab_pool_t pool;
static lc_backlog_t backlog;
static lc_slab_t *slabs[SENDERS]; /* with room, or NULL */
static uint64_t pushed, received;

static void fresh(void) {
  const lc_backlog_t none = {0};
  size_t i;

  memory_watch();
  lc_inbox_init(&inbox);
  ck_assert(lc_slab_pool_init(&pool, sizeof(uint64_t), SIZE_MAX));
  backlog = none;
  for (i = 0; i < SENDERS; i++)
    slabs[i] = NULL;
  pushed = received = 0;
}

static void push_link(lc_link_t *link) {
  ck_assert_int_eq(lc_inbox_push(&inbox, link, link, LC_NO_STREAK), LC_PUSHED);
}

/* A sender's next message; its number is its place in the order of all. */
static lc_link_t *push(size_t sender) {
  size_t bytes = LC_SLAB_LEAST;
  lc_slab_t *slab = slabs[sender];
  lc_link_t *node;

  if (slab == NULL)
    slab = lc_slab_pool_get(&pool, &bytes);
  ck_assert_ptr_nonnull(slab);
  node = lc_slab_alloc_node(&pool, slab);
  *(uint64_t *) lc_node_message(&pool, node) = pushed++;
  lc_link_init(node, 0);
  push_link(node);
  if (lc_slab_is_full(slab))
    push_link(&slab->retire);
  slabs[sender] = lc_slab_is_full(slab) ? NULL : slab;
  return node;
}

/* Until the sender's slab is full. Returns its first node. */
static lc_link_t *push_a_slab(size_t sender) {
  lc_link_t *first = push(sender);

  while (slabs[sender] != NULL)
    push(sender);
  return first;
}

static void take(void) {
  lc_chain_t chain;

  if (lc_inbox_take(&inbox, &chain))
    lc_backlog_add(&backlog, &chain);
}

/* Receives as many messages as there are, most at most. */
static void receive(uint64_t most) {
  lc_link_t *link;

  while (most > 0 && (link = lc_backlog_oldest(&backlog)) != NULL) {
    lc_backlog_pop(&backlog);
    if (lc_link_is_control(link)) {
      lc_slab_pool_recycle(&pool, lc_slab_of_retire(link));
      continue;
    }
    ck_assert_uint_eq(*(uint64_t *) lc_node_message(&pool, link), received);
    received++;
    most--;
  }
}

static void expect_all_received(void) {
  size_t i;

  receive(UINT64_MAX);
  ck_assert_uint_eq(received, pushed);
  ck_assert(lc_backlog_is_empty(&backlog));
  for (i = 0; i < SENDERS; i++)
    if (slabs[i] != NULL)
      lc_slab_pool_recycle(&pool, slabs[i]);
  lc_slab_pool_free(&pool);
  ck_assert_uint_eq(memory_blocks(), 0);
}

START_TEST(what_was_added_comes_out_in_the_order_of_the_pushes) {
  ck_assert(lc_backlog_is_empty(&backlog));
  ck_assert_ptr_null(lc_backlog_oldest(&backlog));
  push(0);
  push(0);
  take();
  ck_assert(!lc_backlog_is_empty(&backlog));
  push(0);
  take();
  expect_all_received();
}
END_TEST

START_TEST(a_long_chain_is_turned_stretch_by_stretch) {
  lc_link_t *first[4];
  uint64_t of_each;
  size_t i;

  first[0] = push_a_slab(0);
  of_each = pushed;
  for (i = 1; i < 4; i++)
    first[i] = push_a_slab(0);
  push(0);
  take();
  for (i = 0; i < 4; i++) {
    ck_assert(lc_backlog_is_long(&backlog));
    ck_assert(lc_link_is_to_older(first[i]));
    receive(1);
    ck_assert(!lc_link_is_to_older(first[i]));
    receive(of_each - 1);
  }
  ck_assert(!lc_backlog_is_long(&backlog));
  expect_all_received();
}
END_TEST

/* Two senders by turns: the first one's slab spans the second one's messages,
 * and its retire link. */
START_TEST(a_leap_passes_over_other_senders_links) {
  lc_link_t *first = push(0);

  push_a_slab(1);
  push(1);
  while (slabs[0] != NULL)
    push(0);
  push(1);
  take();
  ck_assert(lc_backlog_is_long(&backlog));
  ck_assert(lc_link_is_to_older(first));
  ck_assert_ptr_eq(lc_backlog_oldest(&backlog), first);
  ck_assert(!lc_backlog_is_long(&backlog));
  expect_all_received();
}
END_TEST

START_TEST(there_is_no_leap_to_a_node_that_was_taken_before) {
  push(0);
  take();
  while (slabs[0] != NULL)
    push(0);
  push(0);
  take();
  ck_assert(!lc_backlog_is_long(&backlog));
  expect_all_received();
}
END_TEST

START_TEST(what_is_added_to_a_long_one_comes_behind_it) {
  push_a_slab(0);
  push(0);
  take();
  ck_assert(lc_backlog_is_long(&backlog));
  receive(1);
  push_a_slab(1);
  push(1);
  take();
  push(2);
  take();
  expect_all_received();
}
END_TEST

/* The EOF link is pushed last, and has no slab behind it in memory. */
START_TEST(the_newest_link_need_not_be_a_slabs) {
  lc_link_t *eof = malloc(sizeof *eof), *retire;

  ck_assert_ptr_nonnull(eof);
  lc_link_init(eof, LC_CONTROL);
  push_a_slab(0);
  push_link(eof);
  take();
  receive(pushed);
  retire = lc_backlog_oldest(&backlog);
  lc_backlog_pop(&backlog);
  lc_slab_pool_recycle(&pool, lc_slab_of_retire(retire));
  ck_assert_ptr_eq(lc_backlog_oldest(&backlog), eof);
  lc_slab_pool_free(&pool);
  free(eof);
}
END_TEST

START_TEST(all_messages_are_counted_and_no_control_links) {
  push_a_slab(0);
  push_a_slab(1);
  push(2);
  take();
  push(2);
  take();
  ck_assert_uint_eq(lc_backlog_count_messages(&backlog, UINT64_MAX), pushed);
  ck_assert(!lc_backlog_is_long(&backlog));
  receive(2);
  ck_assert_uint_eq(lc_backlog_count_messages(&backlog, UINT64_MAX),
                    pushed - 2);
  expect_all_received();
}
END_TEST

START_TEST(a_count_goes_no_further_than_it_is_asked_to) {
  push_a_slab(0);
  push_a_slab(1);
  push(2);
  take();
  ck_assert(lc_backlog_is_long(&backlog));
  ck_assert_uint_eq(lc_backlog_count_messages(&backlog, 0), 0);
  ck_assert_uint_eq(lc_backlog_count_messages(&backlog, 1), 1);
  ck_assert(lc_backlog_is_long(&backlog));
  expect_all_received();
}
END_TEST

/* Whoever pushes, takes and receives when. */
START_TEST(no_link_is_lost_nor_overtaken) {
  size_t i, longs = 0;

  srand((unsigned) _i + 1);
  for (i = 0; i < 5000; i++) {
    int what = rand() % 1000;
    if (what < 990 - 10 * _i)
      push((size_t) rand() % SENDERS);
    else if (what < 995)
      take();
    else
      receive((uint64_t) rand() % 500);
    longs += lc_backlog_is_long(&backlog);
  }
  /* If takes are rare. */
  ck_assert(longs > 0 || _i > 0);
  take();
  expect_all_received();
}
END_TEST

static Suite *suite(void) {
  Suite *suite = suite_create("room backlog");

  SUITE_CASE(suite, "backlog", fresh, NULL,
             what_was_added_comes_out_in_the_order_of_the_pushes,
             a_long_chain_is_turned_stretch_by_stretch,
             a_leap_passes_over_other_senders_links,
             there_is_no_leap_to_a_node_that_was_taken_before,
             what_is_added_to_a_long_one_comes_behind_it,
             the_newest_link_need_not_be_a_slabs,
             all_messages_are_counted_and_no_control_links,
             a_count_goes_no_further_than_it_is_asked_to);
  SUITE_LOOP_CASE(suite, "whatever happens", fresh, NULL, 20,
                  no_link_is_lost_nor_overtaken);
  return suite;
}
