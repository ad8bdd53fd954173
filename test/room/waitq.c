/* Room line: who joins is answered once, in turn, or leaves. */
#include "wait/waitq.h"

#include <string.h>

#include "support/locks.h"
#include "support/loop.h"
#include "support/links.h"
#include "support/suite.h"

#define MOST 4

static lc_inbox_t inbox;
static lc_waitq_t waitq;
static lc_completions_t completions[MOST];
static lc_link_t links[MOST];
static lc_waiter_t pendings[MOST];
static int locks_before;

/* What lay in the memory before must not matter. */
static void open_line(lc_flavour_t flavour, size_t capacity) {
  size_t i;

  locks_before = locks_alive();
  memset(&waitq, 0xff, sizeof waitq);
  memset(completions, 0xff, sizeof completions);
  memset(pendings, 0xff, sizeof pendings);
  lc_inbox_init(&inbox);
  ck_assert_int_eq(lc_waitq_init(&waitq, &inbox, flavour, capacity), 0);
  for (i = 0; i < MOST; i++) {
    ck_assert_int_eq(lc_completions_init(&completions[i], NULL), 0);
    lc_link_init(&links[i], 0);
    pendings[i].newest = pendings[i].oldest = &links[i];
    pendings[i].completions = &completions[i];
    pendings[i].escalated = false;
  }
}

static void open_bounded(void) {
  open_line(LC_BOUNDED, 1);
}

static void open_by_hand(void) {
  open_line(LC_RENDEZVOUS, 0);
}

static void close_line(void) {
  size_t i;

  for (i = 0; i < MOST; i++)
    lc_completions_destroy(&completions[i]);
  lc_waitq_destroy(&waitq);
  ck_assert_int_eq(locks_alive(), locks_before);
}

static bool join(size_t i) {
  return lc_waitq_enqueue(&waitq, &pendings[i]);
}

static void expect_length(size_t length) {
  ck_assert_uint_eq(lc_waitq_length(&waitq), length);
}

static bool leaves(size_t i) {
  bool left;

  ck_assert(!lc_waitq_cancel(&waitq, &pendings[i], &left));
  return left;
}

/* uv_hrtime() has passed 1: looks, and does not wait. */
static bool is_answered(size_t i) {
  return lc_wake_wait(&completions[i].wake, 1);
}

static void expect_link(lc_link_t *link) {
  lc_list_t list = {NULL, NULL};

  ck_assert_uint_eq(take_into(&list, &inbox), link != NULL);
  ck_assert_ptr_eq(list.oldest, link);
}

START_TEST(with_room_the_answer_is_there_at_once) {
  ck_assert(!join(0));
  ck_assert(is_answered(0));
  ck_assert_int_eq(pendings[0].result, 0);
  expect_link(&links[0]);
  expect_length(0);
}
END_TEST

START_TEST(one_that_is_done_has_its_answer_behind_the_others) {
  pendings[1].completions = &completions[0];
  lc_waitq_enqueue_completed(&waitq, &pendings[0], 0);
  lc_waitq_enqueue_completed(&waitq, &pendings[1], UV_EPIPE);
  expect_link(NULL);
  expect_length(0);
  ck_assert(is_answered(0));
  ck_assert(!is_answered(0));
  ck_assert(lc_waitq_has_outstanding(&waitq, &completions[0]));
  ck_assert_ptr_eq(lc_waitq_drain(&waitq, &completions[0]), &pendings[0]);
  ck_assert_ptr_eq(pendings[0].next, &pendings[1]);
  ck_assert(!lc_waitq_has_outstanding(&waitq, &completions[0]));
  ck_assert_int_eq(pendings[0].result, 0);
  ck_assert_int_eq(pendings[1].result, UV_EPIPE);
  ck_assert_uint_eq(lc_waitq_sent(&waitq), 0);
}
END_TEST

START_TEST(a_parked_receiver_is_owed_a_wake) {
  ck_assert(lc_inbox_park(&inbox));
  ck_assert(join(0));
  ck_assert(is_answered(0));
}
END_TEST

START_TEST(each_place_serves_the_first) {
  size_t i;

  for (i = 0; i < MOST; i++)
    ck_assert(!join(i));
  for (i = 0; i < MOST; i++) {
    ck_assert(is_answered(i));
    ck_assert(i + 1 == MOST || !is_answered(i + 1));
    expect_length(MOST - 1 - i);
    expect_link(&links[i]);
    ck_assert_int_eq(lc_permits_release(&waitq.permits), i + 1 < MOST);
    ck_assert(!lc_waitq_grant(&waitq));
  }
  ck_assert_uint_eq(waitq.sent, MOST);
}
END_TEST

START_TEST(who_leaves_is_served_no_more) {
  size_t i;

  for (i = 0; i < MOST; i++)
    ck_assert(!join(i));
  ck_assert(!leaves(0));
  ck_assert(leaves(2));
  ck_assert(!leaves(2));
  ck_assert(leaves(3));
  ck_assert(!lc_waitq_has_outstanding(&waitq, &completions[3]));
  expect_length(1);
  expect_link(&links[0]);
  ck_assert(lc_permits_release(&waitq.permits));
  ck_assert(!lc_waitq_grant(&waitq));
  expect_link(&links[1]);
  ck_assert(is_answered(1));
  ck_assert(!is_answered(2));
  ck_assert(!is_answered(3));
}
END_TEST

START_TEST(when_the_last_leaves_the_gate_is_open) {
  ck_assert(!join(0));
  ck_assert(!join(1));
  ck_assert(leaves(1));
  ck_assert(!lc_permits_release(&waitq.permits));
  ck_assert_uint_eq(lc_permits_acquire(&waitq.permits, 1), 1);
}
END_TEST

START_TEST(who_hurries_is_served_by_the_first_place) {
  close_line();
  open_line(LC_BOUNDED, 4);
  ck_assert_uint_eq(lc_permits_acquire(&waitq.permits, 4), 4);
  ck_assert(!join(0));
  ck_assert(!lc_permits_release(&waitq.permits));
  ck_assert(!is_answered(0));
  /* The place is free: the hurry itself serves. */
  ck_assert(!lc_waitq_escalate(&waitq, &pendings[0]));
  ck_assert(is_answered(0));
  ck_assert(!lc_waitq_escalate(&waitq, &pendings[0]));
  ck_assert(!join(1));
  ck_assert(!lc_waitq_escalate(&waitq, &pendings[1]));
  ck_assert(!is_answered(1));
  ck_assert(lc_permits_release(&waitq.permits));
  ck_assert(!lc_waitq_grant(&waitq));
  ck_assert(is_answered(1));
  ck_assert_uint_eq(waitq.escalated, 0);
}
END_TEST

START_TEST(who_would_leave_gets_a_place_that_is_free) {
  close_line();
  open_line(LC_BOUNDED, 4);
  ck_assert_uint_eq(lc_permits_acquire(&waitq.permits, 4), 4);
  ck_assert(!join(0));
  /* One place is no batch: nobody is told to serve. */
  ck_assert(!lc_permits_release(&waitq.permits));
  ck_assert(!leaves(0));
  ck_assert(is_answered(0));
  ck_assert_int_eq(pendings[0].result, 0);
  expect_link(&links[0]);
}
END_TEST

START_TEST(a_refusal_is_an_answer_for_all_and_for_later) {
  lc_list_t list = {NULL, NULL};
  size_t i;

  for (i = 0; i < 3; i++)
    ck_assert(!join(i));
  close_into(&list, &inbox);
  ck_assert_ptr_eq(list.oldest, &links[0]);
  lc_waitq_refuse(&waitq);
  ck_assert(!join(3));
  for (i = 0; i < MOST; i++) {
    ck_assert(is_answered(i));
    ck_assert_int_eq(pendings[i].result, i == 0 ? 0 : UV_EPIPE);
  }
  expect_length(0);
}
END_TEST

START_TEST(a_push_that_is_refused_is_the_answer) {
  lc_list_t list = {NULL, NULL};

  close_into(&list, &inbox);
  ck_assert(!join(0));
  ck_assert(is_answered(0));
  ck_assert_int_eq(pendings[0].result, UV_EPIPE);
}
END_TEST

START_TEST(when_the_hurried_one_leaves_the_line_is_patient_again) {
  close_line();
  open_line(LC_BOUNDED, 4);
  ck_assert_uint_eq(lc_permits_acquire(&waitq.permits, 4), 4);
  pendings[1].escalated = true;
  ck_assert(!join(0));
  ck_assert(!join(1));
  ck_assert_uint_eq(waitq.escalated, 1);
  ck_assert(leaves(1));
  ck_assert(!lc_permits_release(&waitq.permits)); /* a batch is two */
  ck_assert(lc_permits_release(&waitq.permits));
  ck_assert(!lc_waitq_grant(&waitq));
  ck_assert(is_answered(0));
}
END_TEST

START_TEST(a_parked_receiver_is_owed_a_wake_by_who_serves_or_hurries) {
  ck_assert(!join(0));
  ck_assert(!join(1));
  ck_assert(!join(2));
  expect_link(&links[0]);
  ck_assert(lc_inbox_park(&inbox));
  ck_assert(lc_permits_release(&waitq.permits));
  ck_assert(lc_waitq_grant(&waitq));
  expect_link(&links[1]);
  ck_assert(lc_inbox_park(&inbox));
  ck_assert(!lc_waitq_escalate(&waitq, &pendings[2]));
  ck_assert(lc_permits_release(&waitq.permits));
  ck_assert(lc_waitq_grant(&waitq));
  ck_assert_uint_eq(waitq.sent, 3);
}
END_TEST

START_TEST(the_first_of_several_pushes_may_owe_the_wake) {
  close_line();
  open_line(LC_BOUNDED, 4);
  ck_assert_uint_eq(lc_permits_acquire(&waitq.permits, 4), 4);
  ck_assert(!join(0));
  ck_assert(!join(1));
  ck_assert(!lc_permits_release(&waitq.permits));
  ck_assert(lc_permits_release(&waitq.permits));
  ck_assert(lc_inbox_park(&inbox));
  ck_assert(lc_waitq_grant(&waitq));
  ck_assert(is_answered(0));
  ck_assert(is_answered(1));
}
END_TEST

START_TEST(a_loop_is_woken_once_for_an_answer) {
  static uv_async_t async;

  loop_open();
  ck_assert_int_eq(uv_async_init(&loop, &async, NULL), 0);
  lc_completions_destroy(&completions[0]);
  ck_assert_int_eq(lc_completions_init(&completions[0], &async), 0);
  ck_assert(!join(0));
  ck_assert_uint_eq(lc_wake_count(&completions[0].wake), 1);
  uv_close((uv_handle_t *) &async, NULL);
  expect_loop_clean();
}
END_TEST

/* Those of one sender that has several in line, as a writer has. */
static void join_for(size_t owner, size_t i) {
  pendings[i].completions = &completions[owner];
  ck_assert(!join(i));
}

START_TEST(answers_are_collected_in_order_after_one_wake) {
  close_line();
  open_line(LC_BOUNDED, 2);
  join_for(0, 0);
  join_for(0, 1);
  join_for(0, 2);
  ck_assert(!pendings[1].queued);
  ck_assert(pendings[2].queued);
  ck_assert(lc_waitq_has_outstanding(&waitq, &completions[0]));
  ck_assert(is_answered(0));
  ck_assert(!is_answered(0));
  ck_assert_ptr_eq(lc_waitq_drain(&waitq, &completions[0]), &pendings[0]);
  ck_assert_ptr_eq(pendings[0].next, &pendings[1]);
  ck_assert_ptr_null(pendings[1].next);
  ck_assert_ptr_null(lc_waitq_drain(&waitq, &completions[0]));
  ck_assert(lc_permits_release(&waitq.permits));
  ck_assert(!lc_waitq_grant(&waitq));
  ck_assert(is_answered(0));
  ck_assert(lc_waitq_has_outstanding(&waitq, &completions[0]));
  ck_assert_ptr_eq(lc_waitq_drain(&waitq, &completions[0]), &pendings[2]);
  ck_assert(!lc_waitq_has_outstanding(&waitq, &completions[0]));
}
END_TEST

START_TEST(who_watches_no_more_has_its_own_back_in_order) {
  join_for(3, 0);
  lc_waitq_watch(&waitq, &completions[0]);
  join_for(0, 1);
  join_for(2, 2);
  join_for(0, 3);
  ck_assert_ptr_eq(lc_waitq_unwatch(&waitq, &completions[0]), &pendings[1]);
  ck_assert_ptr_eq(pendings[1].next, &pendings[3]);
  ck_assert_ptr_null(pendings[3].next);
  ck_assert_int_eq(pendings[1].result, UV_ECANCELED);
  ck_assert_int_eq(pendings[3].result, UV_ECANCELED);
  ck_assert(!pendings[3].queued);
  ck_assert(!lc_waitq_has_outstanding(&waitq, &completions[0]));
  ck_assert(lc_waitq_has_outstanding(&waitq, &completions[2]));
  expect_length(1);
  ck_assert(lc_permits_release(&waitq.permits));
  ck_assert(!lc_waitq_grant(&waitq));
  ck_assert(is_answered(2));
  ck_assert(is_answered(3));
  ck_assert(!is_answered(0));
}
END_TEST

START_TEST(when_the_last_ones_are_unwatched_the_gate_is_open) {
  ck_assert(!join(0));
  lc_waitq_watch(&waitq, &completions[1]);
  ck_assert(!join(1));
  ck_assert_ptr_eq(lc_waitq_unwatch(&waitq, &completions[1]), &pendings[1]);
  ck_assert(!lc_permits_release(&waitq.permits));
  ck_assert_uint_eq(lc_permits_acquire(&waitq.permits, 1), 1);
}
END_TEST

/* The first watcher, the one in the middle or the last stops watching. */
START_TEST(a_refusal_is_told_to_all_who_watch) {
  lc_list_t list = {NULL, NULL};
  size_t i, gone = (size_t) _i;

  for (i = 0; i < 3; i++)
    lc_waitq_watch(&waitq, &completions[i]);
  ck_assert_ptr_null(lc_waitq_unwatch(&waitq, &completions[gone]));
  close_into(&list, &inbox);
  lc_waitq_refuse(&waitq);
  for (i = 0; i < MOST; i++)
    ck_assert_int_eq(is_answered(i), i < 3 && i != gone);
  for (i = 0; i < 3; i++)
    if (i != gone)
      ck_assert_ptr_null(lc_waitq_unwatch(&waitq, &completions[i]));
  ck_assert_ptr_null(waitq.watchers);
}
END_TEST

/* A thread that was woken may not have run when a close follows a shutdown. */
START_TEST(a_second_refusal_wakes_nobody) {
  lc_list_t list = {NULL, NULL};

  lc_waitq_watch(&waitq, &completions[0]);
  close_into(&list, &inbox);
  lc_waitq_refuse(&waitq);
  lc_waitq_refuse(&waitq);
  ck_assert_uint_eq(lc_wake_count(&completions[0].wake), 1);
  ck_assert(is_answered(0));
  ck_assert(!is_answered(0));
  ck_assert_ptr_null(lc_waitq_unwatch(&waitq, &completions[0]));
}
END_TEST

START_TEST(a_watcher_with_an_answer_to_collect_is_woken_once) {
  lc_list_t list = {NULL, NULL};

  lc_waitq_watch(&waitq, &completions[0]);
  ck_assert(!join(0));
  close_into(&list, &inbox);
  lc_waitq_refuse(&waitq);
  ck_assert(is_answered(0));
  ck_assert(!is_answered(0));
  ck_assert_ptr_eq(lc_waitq_drain(&waitq, &completions[0]), &pendings[0]);
}
END_TEST

/* However many others stand in line. One that was looked at would lead to a
 * dead end. */
START_TEST(who_unwatches_takes_its_own_without_a_look_at_others) {
  lc_waiter_t *oldest;

  ck_assert_uint_eq(lc_permits_acquire(&waitq.permits, 1), 1);
  lc_waitq_watch(&waitq, &completions[0]);
  join_for(0, 0);
  join_for(1, 1);
  join_for(1, 2);
  join_for(0, 3);
  pendings[1].next = NULL;
  oldest = lc_waitq_unwatch(&waitq, &completions[0]);
  pendings[1].next = &pendings[2];
  ck_assert_ptr_eq(oldest, &pendings[0]);
  ck_assert_ptr_eq(oldest->next, &pendings[3]);
  ck_assert_ptr_null(pendings[3].next);
  expect_length(2);
  lc_waitq_refuse(&waitq);
}
END_TEST

START_TEST(by_hand_the_receiver_pulls_and_answers) {
  ck_assert(!join(0));
  ck_assert(!join(1));
  expect_link(NULL);
  ck_assert_ptr_eq(lc_waitq_match(&waitq), &pendings[0]);
  ck_assert(!is_answered(0));
  ck_assert(!leaves(0));
  lc_waitq_complete(&waitq, &pendings[0]);
  ck_assert(is_answered(0));
  ck_assert_int_eq(pendings[0].result, 0);
  ck_assert(leaves(1));
  ck_assert_ptr_null(lc_waitq_match(&waitq));
}
END_TEST

START_TEST(by_hand_what_was_pushed_before_goes_first) {
  ck_assert(lc_waitq_park(&waitq, 0));
  ck_assert_int_eq(lc_inbox_push_if_parked(&inbox, &links[3], &links[3]),
                   LC_PUSHED_OWES_WAKE);
  ck_assert(join(0)); /* nobody has paid so far */
  lc_inbox_is_up(&inbox);
  ck_assert_ptr_null(lc_waitq_match(&waitq));
  expect_link(&links[3]);
  ck_assert_ptr_eq(lc_waitq_match(&waitq), &pendings[0]);
  lc_waitq_complete(&waitq, &pendings[0]);
}
END_TEST

START_TEST(by_hand_nobody_parks_while_one_stands_in_line) {
  ck_assert(!join(0));
  ck_assert(!lc_waitq_park(&waitq, 0));
  ck_assert_int_eq(lc_inbox_push_if_parked(&inbox, &links[3], &links[3]),
                   LC_REFUSED);
  ck_assert(leaves(0));
  ck_assert(lc_waitq_park(&waitq, 0));
}
END_TEST

START_TEST(a_receiver_parks_behind_those_that_are_seen_to) {
  ck_assert(!join(0));
  ck_assert(lc_waitq_park(&waitq, 1));
  ck_assert(join(1)); /* which finds it parked */
  lc_inbox_is_up(&inbox);
  ck_assert(!lc_waitq_park(&waitq, 1));
  ck_assert(leaves(0));
  ck_assert(leaves(1));
}
END_TEST

START_TEST(by_hand_who_joins_rouses_a_parked_receiver_once) {
  ck_assert(lc_inbox_park(&inbox));
  ck_assert(join(0));
  ck_assert(join(1)); /* nobody has paid so far */
  lc_inbox_signalled(&inbox, lc_inbox_parks(&inbox));
  ck_assert(!join(2));
  ck_assert(!lc_inbox_unpark(&inbox));
  lc_waitq_refuse(&waitq);
}
END_TEST

START_TEST(by_hand_one_that_is_being_received_keeps_back_those_behind_it) {
  join_for(0, 0);
  join_for(0, 1);
  ck_assert_ptr_eq(lc_waitq_match(&waitq), &pendings[0]);
  ck_assert_ptr_null(lc_waitq_drain(&waitq, &completions[0]));
  ck_assert_ptr_eq(lc_waitq_match(&waitq), &pendings[1]);
  lc_waitq_complete(&waitq, &pendings[1]);
  ck_assert(!is_answered(0));
  ck_assert_ptr_null(lc_waitq_drain(&waitq, &completions[0]));
  ck_assert(lc_waitq_has_outstanding(&waitq, &completions[0]));
  lc_waitq_complete(&waitq, &pendings[0]);
  ck_assert(is_answered(0));
  ck_assert_ptr_eq(lc_waitq_drain(&waitq, &completions[0]), &pendings[0]);
  ck_assert_ptr_eq(pendings[0].next, &pendings[1]);
  ck_assert_ptr_null(pendings[1].next);
}
END_TEST

/* Who receives may take its time: the refusal is told before the answer. */
START_TEST(by_hand_a_refusal_is_told_to_whose_message_is_being_received) {
  join_for(0, 0);
  lc_waitq_watch(&waitq, &completions[0]);
  ck_assert_ptr_eq(lc_waitq_match(&waitq), &pendings[0]);
  lc_waitq_refuse(&waitq);
  ck_assert(is_answered(0));
  ck_assert_ptr_null(lc_waitq_drain(&waitq, &completions[0]));
  lc_waitq_complete(&waitq, &pendings[0]);
  ck_assert(is_answered(0));
  ck_assert_ptr_eq(lc_waitq_drain(&waitq, &completions[0]), &pendings[0]);
}
END_TEST

START_TEST(by_hand_who_leaves_when_it_was_received_rouses_nobody) {
  ck_assert(!join(0));
  ck_assert_ptr_eq(lc_waitq_match(&waitq), &pendings[0]);
  lc_waitq_complete(&waitq, &pendings[0]);
  ck_assert(lc_waitq_park(&waitq, 0));
  ck_assert(!leaves(0));
  ck_assert(lc_inbox_unpark(&inbox));
}
END_TEST

static Suite *suite(void) {
  Suite *suite = suite_create("room line");
  TCase *watchers = tcase_create("watchers");

  SUITE_CASE(suite, "bounded", open_bounded, close_line,
             with_room_the_answer_is_there_at_once,
             one_that_is_done_has_its_answer_behind_the_others,
             a_parked_receiver_is_owed_a_wake, each_place_serves_the_first,
             who_leaves_is_served_no_more,
             when_the_last_leaves_the_gate_is_open,
             who_hurries_is_served_by_the_first_place,
             who_would_leave_gets_a_place_that_is_free,
             a_refusal_is_an_answer_for_all_and_for_later,
             a_push_that_is_refused_is_the_answer,
             when_the_hurried_one_leaves_the_line_is_patient_again,
             a_parked_receiver_is_owed_a_wake_by_who_serves_or_hurries,
             the_first_of_several_pushes_may_owe_the_wake,
             a_loop_is_woken_once_for_an_answer,
             answers_are_collected_in_order_after_one_wake,
             who_watches_no_more_has_its_own_back_in_order,
             who_unwatches_takes_its_own_without_a_look_at_others,
             when_the_last_ones_are_unwatched_the_gate_is_open,
             a_watcher_with_an_answer_to_collect_is_woken_once,
             a_second_refusal_wakes_nobody);
  SUITE_CASE(suite, "by hand", open_by_hand, close_line,
             by_hand_the_receiver_pulls_and_answers,
             by_hand_what_was_pushed_before_goes_first,
             by_hand_nobody_parks_while_one_stands_in_line,
             a_receiver_parks_behind_those_that_are_seen_to,
             by_hand_who_joins_rouses_a_parked_receiver_once,
             by_hand_a_refusal_is_told_to_whose_message_is_being_received,
             by_hand_one_that_is_being_received_keeps_back_those_behind_it,
             by_hand_who_leaves_when_it_was_received_rouses_nobody);
  tcase_add_checked_fixture(watchers, open_bounded, close_line);
  tcase_add_loop_test(watchers, a_refusal_is_told_to_all_who_watch, 0, 3);
  suite_add_tcase(suite, watchers);
  return suite;
}
