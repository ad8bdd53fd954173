/* Room backlog: whatever the senders' slabs look like in a chain, links come
 * out in the order of their pushes, and a long chain is turned stretch by
 * stretch, a few links at a time. */
#include "queue/backlog.h"

#include <stdlib.h>

#include "support/memory.h"
#include "support/suite.h"

#define SENDERS 3

static lc_inbox_t inbox;
static lc_slab_pool_t pool;
static lc_backlog_t backlog;
static lc_slab_t *slabs[SENDERS]; /* with room, or NULL */
static uint64_t pushed, taken, received;

static void fresh(void) {
  const lc_backlog_t none = {0};
  size_t i;

  memory_watch();
  lc_inbox_init(&inbox);
  ck_assert(lc_slab_pool_init(&pool, sizeof(uint64_t), SIZE_MAX));
  backlog = none;
  for (i = 0; i < SENDERS; i++)
    slabs[i] = NULL;
  pushed = taken = received = 0;
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
  taken = pushed;
}

/* NULL: none, however often one asks. */
static lc_link_t *oldest(void) {
  lc_link_t *link = lc_backlog_oldest(&backlog);

  while (link == NULL && lc_backlog_is_long(&backlog))
    link = lc_backlog_oldest(&backlog);
  return link;
}

/* Receives as many messages as there are, most at most. */
static void receive(uint64_t most) {
  lc_link_t *link;

  while (most > 0 && (link = oldest()) != NULL) {
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

static void expect_nothing_left(void) {
  size_t i;

  ck_assert_uint_eq(received, pushed);
  ck_assert(lc_backlog_is_empty(&backlog));
  for (i = 0; i < SENDERS; i++)
    if (slabs[i] != NULL)
      lc_slab_pool_recycle(&pool, slabs[i]);
  lc_slab_pool_free(&pool);
  ck_assert_uint_eq(memory_blocks(), 0);
}

static void expect_all_received(void) {
  receive(UINT64_MAX);
  expect_nothing_left();
}

/* In no order, and each slab is recycled when all its nodes have come. */
static void expect_all_in_runs(void) {
  lc_link_t *link, *next, *controls = NULL;

  while ((link = lc_backlog_take_run(&backlog)) != NULL) {
    for (; link != NULL; link = next) {
      next = lc_link_next(link);
      if (lc_link_is_control(link)) {
        lc_link_to_newer(link, controls);
        controls = link;
      } else {
        received++;
      }
    }
  }
  for (; controls != NULL; controls = next) {
    next = lc_link_next(controls);
    lc_slab_pool_recycle(&pool, lc_slab_of_retire(controls));
  }
  expect_nothing_left();
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
  ck_assert_ptr_eq(oldest(), first);
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
  ck_assert_ptr_null(backlog.segments);
  expect_all_received();
}
END_TEST

#define SPANNED 30

static lc_link_t *nodes[LC_SLAB_LEAST * SPANNED];

static size_t count_turned(size_t of) {
  size_t i, turned = 0;

  for (i = 0; i < of; i++)
    turned += !lc_link_is_to_older(nodes[i]);
  return turned;
}

/* Those that are asked for the oldest link, and those that add. */
static void expect_few_at_once(size_t of, size_t at_most) {
  size_t turned = count_turned(of), calls;

  ck_assert_uint_le(turned, at_most);
  for (calls = 0; lc_backlog_oldest(&backlog) == NULL; calls++) {
    size_t more = count_turned(of);
    ck_assert_uint_le(more - turned, LC_LINKS_AT_ONCE);
    turned = more;
  }
  ck_assert_uint_ge(calls, (of - at_most) / LC_LINKS_AT_ONCE - 1);
  ck_assert_ptr_eq(lc_backlog_oldest(&backlog), nodes[0]);
}

/* The first sender's slab spans many of the second one. */
START_TEST(a_segment_that_is_the_whole_backlog_is_turned_a_little_at_once) {
  size_t n = 0, slab;

  nodes[n++] = push(0);
  for (slab = 0; slab < SPANNED; slab++)
    do
      nodes[n++] = push(1);
    while (slabs[1] != NULL);
  while (slabs[0] != NULL)
    nodes[n++] = push(0);
  push(2);
  take();
  expect_few_at_once(n, 0);
  expect_all_received();
}
END_TEST

/* So many senders that none of them fills a slab. */
START_TEST(a_chain_without_a_leap_is_turned_a_little_at_once) {
  lc_link_t links[20 * LC_LINKS_AT_ONCE];
  size_t n;

  for (n = 0; n < sizeof links / sizeof *links; n++) {
    lc_link_init(&links[n], 0);
    push_link(&links[n]);
    nodes[n] = &links[n];
  }
  take();
  expect_few_at_once(n, 2 * LC_LINKS_AT_ONCE);
  ck_assert(!lc_backlog_is_long(&backlog));
  for (n = 0; n < sizeof links / sizeof *links; n++) {
    ck_assert_ptr_eq(lc_backlog_oldest(&backlog), &links[n]);
    lc_backlog_pop(&backlog);
  }
  ck_assert(lc_backlog_is_empty(&backlog));
}
END_TEST

static size_t count_segments(void) {
  const lc_slab_t *slab = backlog.segments;
  size_t count = 0;

  for (; slab != NULL; slab = slab->next)
    count++;
  return count;
}

START_TEST(a_chain_is_cut_up_a_little_at_once) {
  size_t slab, cut;

  for (slab = 0; slab < SPANNED; slab++)
    push_a_slab(0);
  push(0);
  take();
  for (cut = count_segments(); backlog.rest.newest != NULL;
       cut = count_segments()) {
    ck_assert_uint_le(cut, slab);
    slab = cut + LC_LINKS_AT_ONCE;
    ck_assert_ptr_null(lc_backlog_oldest(&backlog));
  }
  ck_assert_uint_eq(cut, SPANNED);
  expect_all_received();
}
END_TEST

/* However long it is: it is turned when its time comes. */
START_TEST(what_is_added_to_a_long_one_waits_as_it_is) {
  size_t n = 0;

  push_a_slab(0);
  push(0);
  take();
  ck_assert(lc_backlog_is_long(&backlog));
  do
    nodes[n++] = push(1);
  while (slabs[1] != NULL);
  nodes[n++] = push(2);
  take();
  ck_assert_uint_eq(count_turned(n), 0);
  receive(pushed - n);
  ck_assert(lc_link_is_to_older(nodes[0]));
  push(2);
  take();
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
  retire = oldest();
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
  ck_assert(lc_backlog_is_long(&backlog)); /* that is no reason to turn it */
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
static size_t do_anything(int round, size_t times) {
  size_t i, longs = 0;

  srand((unsigned) round + 1);
  for (i = 0; i < times; i++) {
    int what = rand() % 1000;
    if (what < 980 - 10 * round)
      push((size_t) rand() % SENDERS);
    else if (what < 985)
      take();
    else if (what < 990)
      receive((uint64_t) rand() % 500);
    else if (lc_backlog_is_long(&backlog))
      lc_backlog_go_on(&backlog, 1 + (size_t) rand() % 30);
    if (what >= 980)
      ck_assert_uint_eq(lc_backlog_count_messages(&backlog, UINT64_MAX),
                        taken - received);
    longs += lc_backlog_is_long(&backlog);
  }
  return longs;
}

START_TEST(no_link_is_lost_nor_overtaken) {
  size_t longs = do_anything(_i, 5000);

  /* If takes are rare. */
  ck_assert(longs > 0 || _i > 0);
  take();
  expect_all_received();
}
END_TEST

START_TEST(no_link_is_lost_when_all_come_in_runs) {
  size_t more;

  for (more = 0; more < 50; more++) {
    fresh();
    (void) do_anything(_i, 500 + 50 * more);
    take();
    expect_all_in_runs();
  }
}
END_TEST

static Suite *suite(void) {
  Suite *suite = suite_create("room backlog");

  SUITE_CASE(suite, "backlog", fresh, NULL,
             what_was_added_comes_out_in_the_order_of_the_pushes,
             a_long_chain_is_turned_stretch_by_stretch,
             a_leap_passes_over_other_senders_links,
             there_is_no_leap_to_a_node_that_was_taken_before,
             a_segment_that_is_the_whole_backlog_is_turned_a_little_at_once,
             a_chain_without_a_leap_is_turned_a_little_at_once,
             a_chain_is_cut_up_a_little_at_once,
             what_is_added_to_a_long_one_waits_as_it_is,
             what_is_added_to_a_long_one_comes_behind_it,
             the_newest_link_need_not_be_a_slabs,
             all_messages_are_counted_and_no_control_links,
             a_count_goes_no_further_than_it_is_asked_to);
  SUITE_LOOP_CASE(suite, "whatever happens", fresh, NULL, 20,
                  no_link_is_lost_nor_overtaken);
  SUITE_LOOP_CASE(suite, "at the end", NULL, NULL, 10,
                  no_link_is_lost_when_all_come_in_runs);
  return suite;
}
