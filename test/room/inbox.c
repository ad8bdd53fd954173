/* Room inbox: one word, four states, and every call in every state. */
#include "queue/inbox.h"

#include <uv.h>

#include "support/links.h"
#include "support/suite.h"

static lc_inbox_t inbox;
static lc_link_t links[8];
static lc_list_t list;

static void fresh(void) {
  size_t i;

  lc_inbox_init(&inbox);
  for (i = 0; i < 8; i++)
    lc_link_init(&links[i], 0);
  list.oldest = list.newest = NULL;
}

static lc_push_t push(size_t i) {
  return lc_inbox_push(&inbox, &links[i], &links[i], LC_NO_STREAK);
}

/* The list holds links[first] to links[last], in this order. */
static void expect_list(size_t first, size_t last) {
  lc_link_t *link = list.oldest;
  size_t i;

  for (i = first; i <= last; i++) {
    ck_assert_ptr_eq(link, &links[i]);
    ck_assert(i == last || link != list.newest);
    link = lc_link_next(link);
  }
  ck_assert_ptr_null(link);
  ck_assert_ptr_eq(list.newest, &links[last]);
}

START_TEST(an_empty_inbox_has_nothing_to_take) {
  ck_assert(!lc_inbox_has_links(&inbox));
  ck_assert_uint_eq(take_into(&list, &inbox), 0);
  ck_assert_ptr_null(list.oldest);
  ck_assert(!lc_inbox_is_closed(&inbox));
  ck_assert(!lc_inbox_is_parked(&inbox));
}
END_TEST

START_TEST(links_come_out_in_the_order_of_their_pushes) {
  ck_assert_int_eq(push(0), LC_PUSHED);
  ck_assert_int_eq(push(1), LC_PUSHED);
  ck_assert_int_eq(push(2), LC_PUSHED);
  ck_assert_uint_eq(take_into(&list, &inbox), 3);
  expect_list(0, 2);
  ck_assert_uint_eq(take_into(&list, &inbox), 0);
}
END_TEST

START_TEST(what_is_taken_goes_behind_what_was_taken) {
  ck_assert_int_eq(push(0), LC_PUSHED);
  ck_assert_uint_eq(take_into(&list, &inbox), 1);
  ck_assert_int_eq(push(1), LC_PUSHED);
  ck_assert_int_eq(push(2), LC_PUSHED);
  ck_assert_uint_eq(take_into(&list, &inbox), 2);
  expect_list(0, 2);
}
END_TEST

START_TEST(the_word_holds_what_was_taken_last) {
  ck_assert_int_eq(push(0), LC_PUSHED);
  ck_assert(!lc_inbox_holds(&inbox, &links[0]));
  ck_assert_uint_eq(take_into(&list, &inbox), 1);
  ck_assert(lc_inbox_holds(&inbox, &links[0]));
  ck_assert(!lc_inbox_has_links(&inbox));
  ck_assert_int_eq(push(1), LC_PUSHED);
  ck_assert(lc_inbox_has_links(&inbox));
  ck_assert(lc_inbox_holds(&inbox, &links[0]));
  ck_assert_uint_eq(take_into(&list, &inbox), 1);
  ck_assert(!lc_inbox_holds(&inbox, &links[0]));
  ck_assert(lc_inbox_holds(&inbox, &links[1]));
}
END_TEST

START_TEST(a_park_and_a_close_hold_nothing) {
  ck_assert_int_eq(push(0), LC_PUSHED);
  ck_assert_uint_eq(take_into(&list, &inbox), 1);
  ck_assert(lc_inbox_park(&inbox));
  ck_assert(!lc_inbox_holds(&inbox, &links[0]));
  ck_assert_int_eq(push(0), LC_PUSHED_OWES_WAKE);
  ck_assert_uint_eq(take_into(&list, &inbox), 1);
  ck_assert(lc_inbox_holds(&inbox, &links[0]));
  close_into(&list, &inbox);
  ck_assert(!lc_inbox_holds(&inbox, &links[0]));
}
END_TEST

START_TEST(what_is_held_no_more_can_be_pushed_again) {
  ck_assert_int_eq(push(0), LC_PUSHED);
  ck_assert_uint_eq(take_into(&list, &inbox), 1);
  ck_assert_int_eq(push(1), LC_PUSHED);
  ck_assert_uint_eq(take_into(&list, &inbox), 1);
  list.oldest = list.newest = NULL;
  ck_assert_int_eq(push(0), LC_PUSHED);
  ck_assert_uint_eq(take_into(&list, &inbox), 1);
  expect_list(0, 0);
}
END_TEST

START_TEST(a_chain_is_pushed_whole) {
  ck_assert_int_eq(push(0), LC_PUSHED);
  lc_link_to_older(&links[3], &links[2]);
  lc_link_to_older(&links[2], &links[1]);
  ck_assert_int_eq(lc_inbox_push(&inbox, &links[3], &links[1], LC_NO_STREAK),
                   LC_PUSHED);
  ck_assert_int_eq(push(4), LC_PUSHED);
  ck_assert_uint_eq(take_into(&list, &inbox), 5);
  expect_list(0, 4);
}
END_TEST

START_TEST(a_control_link_stays_one_on_its_way) {
  lc_link_init(&links[1], LC_CONTROL);
  ck_assert_int_eq(push(0), LC_PUSHED);
  ck_assert_int_eq(push(1), LC_PUSHED);
  ck_assert_int_eq(push(2), LC_PUSHED);
  ck_assert_uint_eq(take_into(&list, &inbox), 3);
  expect_list(0, 2);
  ck_assert(!lc_link_is_control(&links[0]));
  ck_assert(lc_link_is_control(&links[1]));
  ck_assert(!lc_link_is_control(&links[2]));
}
END_TEST

START_TEST(only_the_first_push_after_a_park_owes_a_wake) {
  ck_assert(lc_inbox_park(&inbox));
  ck_assert(!lc_inbox_has_links(&inbox));
  ck_assert_int_eq(push(0), LC_PUSHED_OWES_WAKE);
  ck_assert_int_eq(push(1), LC_PUSHED_HELPS);
  ck_assert_uint_eq(take_into(&list, &inbox), 2);
  expect_list(0, 1);
}
END_TEST

START_TEST(a_parked_inbox_stays_parked_when_there_is_nothing_to_take) {
  ck_assert(lc_inbox_park(&inbox));
  ck_assert_uint_eq(take_into(&list, &inbox), 0);
  ck_assert(lc_inbox_park(&inbox));
  ck_assert_int_eq(push(0), LC_PUSHED_OWES_WAKE);
}
END_TEST

START_TEST(a_parked_inbox_shows_it_until_the_next_push) {
  ck_assert(lc_inbox_park(&inbox));
  ck_assert(lc_inbox_is_parked(&inbox));
  ck_assert_int_eq(push(0), LC_PUSHED_OWES_WAKE);
  ck_assert(!lc_inbox_is_parked(&inbox));
}
END_TEST

START_TEST(park_fails_when_there_is_work_or_the_end) {
  ck_assert_int_eq(push(0), LC_PUSHED);
  ck_assert(!lc_inbox_park(&inbox));
  close_into(&list, &inbox);
  ck_assert(!lc_inbox_park(&inbox));
}
END_TEST

START_TEST(unpark_fails_when_somebody_owes_a_wake) {
  ck_assert(lc_inbox_park(&inbox));
  ck_assert(lc_inbox_unpark(&inbox));
  ck_assert_int_eq(push(0), LC_PUSHED);
  ck_assert_uint_eq(take_into(&list, &inbox), 1);
  ck_assert(lc_inbox_park(&inbox));
  ck_assert_int_eq(push(1), LC_PUSHED_OWES_WAKE);
  ck_assert(!lc_inbox_unpark(&inbox));
  ck_assert_uint_eq(take_into(&list, &inbox), 1);
  expect_list(0, 1);
}
END_TEST

START_TEST(close_gives_out_what_was_accepted_and_refuses_the_rest) {
  ck_assert_int_eq(push(0), LC_PUSHED);
  ck_assert_int_eq(push(1), LC_PUSHED);
  close_into(&list, &inbox);
  expect_list(0, 1);
  ck_assert(lc_inbox_is_closed(&inbox));
  ck_assert_int_eq(push(2), LC_REFUSED);
  ck_assert_uint_eq(take_into(&list, &inbox), 0);
  close_into(&list, &inbox);
  expect_list(0, 1);
}
END_TEST

START_TEST(close_of_an_empty_or_parked_inbox_gives_nothing) {
  ck_assert(lc_inbox_park(&inbox));
  close_into(&list, &inbox);
  ck_assert_ptr_null(list.oldest);
  fresh();
  close_into(&list, &inbox);
  ck_assert_ptr_null(list.oldest);
}
END_TEST

START_TEST(close_of_an_empty_inbox_leaves_what_was_taken) {
  ck_assert_int_eq(push(0), LC_PUSHED);
  ck_assert_int_eq(push(1), LC_PUSHED);
  ck_assert_uint_eq(take_into(&list, &inbox), 2);
  close_into(&list, &inbox);
  expect_list(0, 1);
}
END_TEST

START_TEST(only_a_parked_inbox_can_be_notified_and_once) {
  ck_assert(!lc_inbox_notify(&inbox));
  ck_assert(lc_inbox_park(&inbox));
  ck_assert(lc_inbox_notify(&inbox));
  ck_assert(!lc_inbox_notify(&inbox));
  ck_assert_int_eq(push(0), LC_PUSHED_HELPS);
  ck_assert(!lc_inbox_notify(&inbox));
  ck_assert_uint_eq(take_into(&list, &inbox), 1);
  close_into(&list, &inbox);
  ck_assert(!lc_inbox_notify(&inbox));
  ck_assert(lc_inbox_is_closed(&inbox));
}
END_TEST

static bool push_if_parked(size_t i) {
  return lc_inbox_push_if_parked(&inbox, &links[i], &links[i]);
}

START_TEST(an_offer_is_for_a_parked_inbox_only) {
  ck_assert(!push_if_parked(0));
  ck_assert(!lc_link_is_to_older(&links[0]));
  ck_assert(lc_inbox_park(&inbox));
  ck_assert(push_if_parked(0));
  ck_assert(lc_link_is_to_older(&links[0]));
  ck_assert(!push_if_parked(1));
  ck_assert_uint_eq(take_into(&list, &inbox), 1);
  expect_list(0, 0);
  close_into(&list, &inbox);
  ck_assert(!push_if_parked(1));
  ck_assert(lc_inbox_is_closed(&inbox));
}
END_TEST

START_TEST(an_offer_ends_at_its_oldest_link) {
  lc_link_init(&links[0], LC_CONTROL);
  lc_link_to_older(&links[0], &links[7]); /* from an earlier life */
  lc_link_to_older(&links[1], &links[0]);
  ck_assert(lc_inbox_park(&inbox));
  ck_assert(lc_inbox_push_if_parked(&inbox, &links[1], &links[0]));
  ck_assert_uint_eq(take_into(&list, &inbox), 2);
  expect_list(0, 1);
  ck_assert(lc_link_is_control(&links[0]));
}
END_TEST

START_TEST(a_push_behind_a_debt_that_is_not_paid_helps) {
  ck_assert(lc_inbox_park(&inbox));
  ck_assert_int_eq(push(0), LC_PUSHED_OWES_WAKE);
  ck_assert_int_eq(push(1), LC_PUSHED_HELPS);
  lc_inbox_note_signal(&inbox, lc_inbox_parks(&inbox));
  ck_assert_int_eq(push(2), LC_PUSHED);
}
END_TEST

START_TEST(a_signal_for_an_earlier_park_does_not_count) {
  uintptr_t earlier;

  ck_assert(lc_inbox_park(&inbox));
  earlier = lc_inbox_parks(&inbox);
  /* A wake for nothing: it parks once more. */
  ck_assert(lc_inbox_park(&inbox));
  lc_inbox_note_signal(&inbox, earlier);
  ck_assert_int_eq(push(0), LC_PUSHED_OWES_WAKE);
  ck_assert_int_eq(push(1), LC_PUSHED_HELPS);
}
END_TEST

START_TEST(whoever_is_awake_needs_no_help) {
  ck_assert(lc_inbox_park(&inbox));
  ck_assert(lc_inbox_unpark(&inbox));
  ck_assert_int_eq(push(0), LC_PUSHED);
  ck_assert(!lc_inbox_park(&inbox));
  ck_assert_int_eq(push(1), LC_PUSHED);
  ck_assert(take_into(&list, &inbox));
  ck_assert(lc_inbox_park(&inbox));
  ck_assert_int_eq(push(2), LC_PUSHED_OWES_WAKE);
  lc_inbox_note_awake(&inbox);
  ck_assert_int_eq(push(3), LC_PUSHED);
}
END_TEST

START_TEST(a_refused_chain_is_as_it_was) {
  lc_link_init(&links[0], LC_CONTROL);
  lc_link_to_older(&links[1], &links[0]);
  close_into(&list, &inbox);
  ck_assert_int_eq(lc_inbox_push(&inbox, &links[1], &links[0], LC_NO_STREAK),
                   LC_REFUSED);
  ck_assert_ptr_eq(lc_link_next(&links[1]), &links[0]);
  ck_assert_ptr_null(lc_link_next(&links[0]));
  ck_assert(!lc_link_is_to_older(&links[0]));
  ck_assert(lc_link_is_control(&links[0]));
  ck_assert(!lc_link_is_control(&links[1]));
}
END_TEST

/* The guess is that it comes behind links[5]. */
START_TEST(a_refused_chain_is_as_it_was_after_a_wrong_guess) {
  lc_streak_t streak = {&links[5], 1};

  close_into(&list, &inbox);
  ck_assert_int_eq(lc_inbox_push(&inbox, &links[0], &links[0], &streak),
                   LC_REFUSED);
  ck_assert_ptr_null(lc_link_next(&links[0]));
}
END_TEST

/* Threads push their own links, each in its order, while the receiver parks
 * and takes; at a random moment it closes. */
#define THREADS 4
#define EACH 20000

typedef struct {
  lc_link_t link; /* first: the link's address is the item's */
  unsigned thread, index;
} item_t;

typedef struct {
  uv_thread_t thread;
  unsigned number, pushed, debts;
  item_t items[EACH];
} pusher_t;

static void push_all(void *arg) {
  pusher_t *self = arg;
  unsigned i;

  for (i = 0; i < EACH; i++) {
    item_t *item = &self->items[i];
    item->thread = self->number;
    item->index = i;
    lc_link_init(&item->link, 0);
    switch (lc_inbox_push(&inbox, &item->link, &item->link, LC_NO_STREAK)) {
      case LC_REFUSED:
        return;
      case LC_PUSHED_OWES_WAKE:
        self->debts++;
        break;
      case LC_PUSHED:
      case LC_PUSHED_HELPS:
        break;
    }
    self->pushed++;
  }
}

START_TEST(pushes_of_many_threads_are_kept_in_order_and_counted) {
  static pusher_t pushers[THREADS];
  unsigned got[THREADS] = {0};
  unsigned i, parks = 0, debts = 0, all = 0, stop_at;
  lc_link_t *link;

  srand((unsigned) _i + 1);
  stop_at = (unsigned) rand() % (THREADS * EACH);
  for (i = 0; i < THREADS; i++) {
    pushers[i].number = i;
    pushers[i].pushed = pushers[i].debts = 0;
    ck_assert_int_eq(
        uv_thread_create(&pushers[i].thread, push_all, &pushers[i]), 0);
  }
  while (all < stop_at) {
    all += (unsigned) take_into(&list, &inbox);
    /* Each park that held until a push came makes one debt. */
    if (all < stop_at && lc_inbox_park(&inbox)) {
      while (!lc_inbox_has_links(&inbox)) {
      }
      parks++;
    }
  }
  close_into(&list, &inbox);
  for (i = 0; i < THREADS; i++) {
    ck_assert_int_eq(uv_thread_join(&pushers[i].thread), 0);
    debts += pushers[i].debts;
  }
  for (link = list.oldest; link != NULL; link = lc_link_next(link)) {
    item_t *item = (item_t *) (void *) link;
    if (item->index != got[item->thread]++)
      ck_abort_msg("out of order: %u", item->index);
  }
  for (i = 0; i < THREADS; i++)
    ck_assert_uint_eq(got[i], pushers[i].pushed);
  ck_assert_uint_eq(debts, parks);
}
END_TEST

static Suite *suite(void) {
  Suite *suite = suite_create("room inbox");
  TCase *threads = tcase_create("threads");

  SUITE_CASE(
      suite, "states", fresh, NULL, an_empty_inbox_has_nothing_to_take,
      links_come_out_in_the_order_of_their_pushes,
      the_word_holds_what_was_taken_last, a_park_and_a_close_hold_nothing,
      what_is_held_no_more_can_be_pushed_again,
      what_is_taken_goes_behind_what_was_taken, a_chain_is_pushed_whole,
      a_control_link_stays_one_on_its_way,
      only_the_first_push_after_a_park_owes_a_wake,
      a_parked_inbox_stays_parked_when_there_is_nothing_to_take,
      a_parked_inbox_shows_it_until_the_next_push,
      park_fails_when_there_is_work_or_the_end,
      unpark_fails_when_somebody_owes_a_wake,
      close_gives_out_what_was_accepted_and_refuses_the_rest,
      close_of_an_empty_or_parked_inbox_gives_nothing,
      close_of_an_empty_inbox_leaves_what_was_taken,
      only_a_parked_inbox_can_be_notified_and_once,
      a_push_behind_a_debt_that_is_not_paid_helps,
      a_signal_for_an_earlier_park_does_not_count,
      whoever_is_awake_needs_no_help, an_offer_is_for_a_parked_inbox_only,
      an_offer_ends_at_its_oldest_link, a_refused_chain_is_as_it_was,
      a_refused_chain_is_as_it_was_after_a_wrong_guess);
  tcase_add_checked_fixture(threads, fresh, NULL);
  tcase_set_timeout(threads, 60);
  tcase_add_loop_test(
      threads, pushes_of_many_threads_are_kept_in_order_and_counted, 0, 20);
  suite_add_tcase(suite, threads);
  return suite;
}
