/* Room latest: the word with one node at most; a put, a claim and a close in
 * every state. */
#include "queue/latest.h"

#include <stdatomic.h>
#include <uv.h>

#include "support/suite.h"

static lc_inbox_t inbox;
static lc_link_t nodes[4], eof_link, *replaced;

static void fresh(void) {
  lc_inbox_init(&inbox);
  lc_link_init(&eof_link, LC_CONTROL);
  replaced = &eof_link;
}

static lc_push_t put(size_t i) {
  return lc_latest_put(&inbox, &nodes[i], &replaced);
}

/* The chain of a take, claimed. */
static lc_chain_t claim(void) {
  lc_chain_t chain;

  ck_assert(lc_inbox_take(&inbox, &chain));
  lc_latest_claim(&inbox, &chain);
  ck_assert_ptr_null(chain.end);
  ck_assert_ptr_null(inbox.taken);
  ck_assert_ptr_null(lc_latest_look(&inbox));
  return chain;
}

START_TEST(a_put_replaces_what_is_there) {
  ck_assert_ptr_null(lc_latest_look(&inbox));
  ck_assert_int_eq(put(0), LC_PUSHED);
  ck_assert_ptr_null(replaced);
  ck_assert_int_eq(put(1), LC_PUSHED);
  ck_assert_ptr_eq(replaced, &nodes[0]);
  ck_assert_ptr_eq(lc_latest_look(&inbox), &nodes[1]);
  ck_assert_int_eq(put(0), LC_PUSHED);
  ck_assert_ptr_eq(replaced, &nodes[1]);
}
END_TEST

START_TEST(what_is_claimed_is_not_replaced) {
  lc_chain_t chain;

  ck_assert_int_eq(put(0), LC_PUSHED);
  chain = claim();
  ck_assert_ptr_eq(lc_latest_node(&chain), &nodes[0]);
  ck_assert(!lc_inbox_take(&inbox, &chain));
  ck_assert_int_eq(put(1), LC_PUSHED);
  ck_assert_ptr_null(replaced);
}
END_TEST

START_TEST(a_claim_gets_what_came_after_the_look) {
  lc_chain_t chain;

  ck_assert_int_eq(put(0), LC_PUSHED);
  ck_assert(lc_inbox_take(&inbox, &chain));
  ck_assert_int_eq(put(1), LC_PUSHED);
  lc_latest_claim(&inbox, &chain);
  ck_assert_ptr_eq(lc_latest_node(&chain), &nodes[1]);
}
END_TEST

/* Whatever the node was used for before. */
START_TEST(a_node_leads_nowhere) {
  lc_chain_t chain;

  nodes[0].next = (uintptr_t) &nodes[1] | LC_CONTROL | LC_TO_OLDER;
  ck_assert_int_eq(put(0), LC_PUSHED);
  chain = claim();
  ck_assert(!lc_link_is_control(chain.newest));
  ck_assert_ptr_null(lc_link_next(chain.newest));
}
END_TEST

START_TEST(the_first_put_after_a_park_owes_a_wake) {
  lc_chain_t chain;

  ck_assert(lc_inbox_park(&inbox));
  ck_assert_int_eq(put(0), LC_PUSHED_OWES_WAKE);
  ck_assert_ptr_null(replaced);
  ck_assert_int_eq(put(1), LC_PUSHED_HELPS);
  lc_inbox_note_signal(&inbox, lc_inbox_parks(&inbox));
  ck_assert_int_eq(put(2), LC_PUSHED);
  ck_assert(!lc_inbox_park(&inbox));
  chain = claim();
  ck_assert_ptr_eq(lc_latest_node(&chain), &nodes[2]);
  ck_assert(lc_inbox_park(&inbox));
}
END_TEST

START_TEST(a_closed_word_refuses) {
  lc_chain_t chain;

  ck_assert_int_eq(put(0), LC_PUSHED);
  ck_assert(lc_inbox_close(&inbox, &chain));
  ck_assert_ptr_eq(lc_latest_node(&chain), &nodes[0]);
  ck_assert_int_eq(put(1), LC_REFUSED);
  ck_assert_ptr_null(lc_latest_look(&inbox));
}
END_TEST

START_TEST(the_end_of_file_leads_to_the_last_node) {
  lc_chain_t chain;

  ck_assert_int_eq(put(0), LC_PUSHED);
  ck_assert_int_eq(lc_inbox_push(&inbox, &eof_link, &eof_link, LC_NO_STREAK),
                   LC_PUSHED);
  chain = claim();
  ck_assert_ptr_eq(chain.newest, &eof_link);
  ck_assert_ptr_eq(lc_latest_node(&chain), &nodes[0]);
}
END_TEST

START_TEST(the_end_of_file_may_be_alone) {
  lc_chain_t chain;

  ck_assert_int_eq(lc_inbox_push(&inbox, &eof_link, &eof_link, LC_NO_STREAK),
                   LC_PUSHED);
  chain = claim();
  ck_assert_ptr_eq(chain.newest, &eof_link);
  ck_assert_ptr_null(lc_latest_node(&chain));
}
END_TEST

#ifdef SLOW /* under a sanitizer */
#define PUTS 5000
#else
#define PUTS 50000
#endif
#define THREADS 3

typedef struct {
  lc_link_t link; /* first */
  size_t number;
} item_t;

/* A thread puts an item, and goes on with the one that it replaced, if any;
 * else with one of its own that is new. */
typedef struct {
  uv_thread_t thread;
  size_t first;
  item_t items[PUTS + 1];
} putter_t;

static putter_t putters[THREADS];
static atomic_int won[THREADS * PUTS], running;

static void put_all(void *arg) {
  putter_t *self = arg;
  item_t *item = self->items, *fresh_item = self->items + 1;

  for (size_t i = 0; i < PUTS; i++) {
    lc_link_t *old;
    item->number = self->first + i;
    if (lc_latest_put(&inbox, &item->link, &old) == LC_REFUSED)
      break;
    item = (item_t *) (void *) old;
    if (item != NULL)
      won[item->number]++;
    else
      item = fresh_item++;
  }
  running--;
}

static void win(const lc_chain_t *chain) {
  won[((const item_t *) (const void *) lc_latest_node(chain))->number]++;
}

START_TEST(what_many_threads_put_is_won_once) {
  lc_chain_t chain;

  running = THREADS;
  for (size_t i = 0; i < THREADS; i++) {
    putters[i].first = i * PUTS;
    ck_assert_int_eq(uv_thread_create(&putters[i].thread, put_all, &putters[i]),
                     0);
  }
  while (running > 0)
    if (lc_inbox_take(&inbox, &chain)) {
      lc_latest_claim(&inbox, &chain);
      win(&chain);
    }
  for (size_t i = 0; i < THREADS; i++)
    uv_thread_join(&putters[i].thread);
  if (lc_inbox_close(&inbox, &chain))
    win(&chain);
  for (size_t i = 0; i < (size_t) THREADS * PUTS; i++)
    if (won[i] != 1)
      ck_abort_msg("%d was won %d times", (int) i, won[i]);
}
END_TEST

static Suite *suite(void) {
  Suite *suite = suite_create("room latest");

  SUITE_CASE(suite, "states", fresh, NULL, a_put_replaces_what_is_there,
             what_is_claimed_is_not_replaced,
             a_claim_gets_what_came_after_the_look, a_node_leads_nowhere,
             the_first_put_after_a_park_owes_a_wake, a_closed_word_refuses,
             the_end_of_file_leads_to_the_last_node,
             the_end_of_file_may_be_alone, what_many_threads_put_is_won_once);
  return suite;
}
