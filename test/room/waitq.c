/* Room waitq: each waiter is completed once, in order, or leaves. */
#include "wait/waitq.h"

#include <sched.h>
#include <stdatomic.h>
#include <string.h>

#include "support/locks.h"
#include "support/loop.h"
#include "support/links.h"
#include "support/suite.h"

#define MOST 4
#define MANY (LC_WAKES + 2) /* as are signalled in two steps */

static lc_inbox_t inbox;
static lc_waitq_t waitq;
static lc_completions_t completions[MOST];
static lc_link_t links[MOST];
static lc_waiter_t waiters[MOST];
static int locks_before;

/* What lay in the memory before must not matter. */
static void open_waitq(lc_flavour_t flavour, size_t capacity) {
  size_t i;

  locks_before = locks_alive();
  memset(&waitq, 0xff, sizeof waitq);
  memset(completions, 0xff, sizeof completions);
  memset(waiters, 0xff, sizeof waiters);
  lc_inbox_init(&inbox);
  lc_waitq_init(&waitq, &inbox, flavour, capacity, true);
  for (i = 0; i < MOST; i++) {
    ck_assert_int_eq(lc_completions_init(&completions[i]), 0);
    lc_link_init(&links[i], 0);
    waiters[i].newest = waiters[i].oldest = &links[i];
    waiters[i].completions = &completions[i];
    waiters[i].escalated = false;
  }
}

static void open_bounded(void) {
  open_waitq(LC_BOUNDED, 1);
}

static void open_many(void) {
  open_waitq(LC_BOUNDED, MANY);
}

static void open_rendezvous(void) {
  open_waitq(LC_RENDEZVOUS, 0);
}

static void close_waitq(void) {
  size_t i;

  for (i = 0; i < MOST; i++)
    lc_completions_destroy(&completions[i]);
  lc_waitq_destroy(&waitq);
  ck_assert_int_eq(locks_alive(), locks_before);
}

static bool enqueue(size_t i) {
  return lc_waitq_enqueue(&waitq, &waiters[i]);
}

static void expect_length(size_t length) {
  ck_assert_uint_eq(lc_waitq_length(&waitq), length);
}

static bool is_cancelled(size_t i) {
  bool left;

  ck_assert(!lc_waitq_cancel(&waitq, &waiters[i], &left));
  return left;
}

/* uv_hrtime() has passed 1: looks, and does not wait. */
static bool is_completed(size_t i) {
  return lc_wake_wait(&completions[i].wake, 1);
}

/* The numbers of the waiters on a list, each a digit. */
static void expect_waiters(const lc_queue_t *list, const char *numbers) {
  const lc_queue_t *at = list->next;

  for (; *numbers != 0; numbers++, at = at->next)
    ck_assert_ptr_eq(at, &waiters[*numbers - '0'].queue);
  ck_assert_ptr_eq(at, list);
}

static void expect_drained(const char *numbers) {
  lc_queue_t drained;

  lc_queue_init(&drained);
  lc_waitq_drain(&waitq, &completions[0], &drained);
  expect_waiters(&drained, numbers);
}

static void expect_unwatched(size_t i, const char *numbers) {
  lc_queue_t cancelled;

  lc_queue_init(&cancelled);
  lc_waitq_unwatch(&waitq, &completions[i], &cancelled);
  expect_waiters(&cancelled, numbers);
}

static void expect_link(lc_link_t *link) {
  lc_list_t list = {NULL, NULL};

  ck_assert_uint_eq(take_into(&list, &inbox), link != NULL);
  ck_assert_ptr_eq(list.oldest, link);
}

START_TEST(with_a_permit_a_waiter_is_complete_at_once) {
  ck_assert(!enqueue(0));
  ck_assert(is_completed(0));
  ck_assert_int_eq(waiters[0].result, 0);
  expect_link(&links[0]);
  expect_length(0);
}
END_TEST

START_TEST(one_that_is_done_is_complete_behind_the_others) {
  uint64_t sent;

  waiters[1].completions = &completions[0];
  lc_waitq_enqueue_completed(&waitq, &waiters[0], 0);
  lc_waitq_enqueue_completed(&waitq, &waiters[1], UV_EPIPE);
  expect_link(NULL);
  expect_length(0);
  ck_assert(is_completed(0));
  ck_assert(!is_completed(0));
  ck_assert(lc_waitq_has_outstanding(&waitq, &completions[0]));
  expect_drained("01");
  ck_assert(!lc_waitq_has_outstanding(&waitq, &completions[0]));
  ck_assert_int_eq(waiters[0].result, 0);
  ck_assert_int_eq(waiters[1].result, UV_EPIPE);
  ck_assert_uint_eq(lc_waitq_figures(&waitq, false, &sent), 0);
  ck_assert_uint_eq(sent, 0);
}
END_TEST

START_TEST(a_parked_receiver_is_owed_a_wake) {
  ck_assert(lc_inbox_park(&inbox));
  ck_assert(enqueue(0));
  ck_assert(is_completed(0));
}
END_TEST

START_TEST(each_permit_is_granted_to_the_first) {
  size_t i;

  for (i = 0; i < MOST; i++)
    ck_assert(!enqueue(i));
  for (i = 0; i < MOST; i++) {
    ck_assert(is_completed(i));
    ck_assert(i + 1 == MOST || !is_completed(i + 1));
    expect_length(MOST - 1 - i);
    expect_link(&links[i]);
    ck_assert_int_eq(lc_permits_release(&waitq.permits), i + 1 < MOST);
    ck_assert(!lc_waitq_grant(&waitq));
  }
  ck_assert_uint_eq(waitq.sent, MOST);
}
END_TEST

START_TEST(a_cancelled_waiter_is_granted_nothing) {
  size_t i;

  for (i = 0; i < MOST; i++)
    ck_assert(!enqueue(i));
  ck_assert(!is_cancelled(0));
  ck_assert(is_cancelled(2));
  ck_assert(!is_cancelled(2));
  ck_assert(is_cancelled(3));
  ck_assert(!lc_waitq_has_outstanding(&waitq, &completions[3]));
  expect_length(1);
  expect_link(&links[0]);
  ck_assert(lc_permits_release(&waitq.permits));
  ck_assert(!lc_waitq_grant(&waitq));
  expect_link(&links[1]);
  ck_assert(is_completed(1));
  ck_assert(!is_completed(2));
  ck_assert(!is_completed(3));
}
END_TEST

START_TEST(when_the_last_is_cancelled_the_marks_go) {
  ck_assert(!enqueue(0));
  ck_assert(!enqueue(1));
  ck_assert(is_cancelled(1));
  ck_assert(!lc_permits_release(&waitq.permits));
  ck_assert_uint_eq(lc_permits_acquire(&waitq.permits, 1), 1);
}
END_TEST

START_TEST(an_escalated_waiter_is_granted_the_first_permit) {
  close_waitq();
  open_waitq(LC_BOUNDED, 4);
  ck_assert_uint_eq(lc_permits_acquire(&waitq.permits, 4), 4);
  ck_assert(!enqueue(0));
  ck_assert(!lc_permits_release(&waitq.permits));
  ck_assert(!is_completed(0));
  /* The permit is there: to escalate grants it. */
  ck_assert(!lc_waitq_escalate(&waitq, &waiters[0]));
  ck_assert(is_completed(0));
  ck_assert(!lc_waitq_escalate(&waitq, &waiters[0]));
  ck_assert(!enqueue(1));
  ck_assert(!lc_waitq_escalate(&waitq, &waiters[1]));
  ck_assert(!is_completed(1));
  ck_assert(lc_permits_release(&waitq.permits));
  ck_assert(!lc_waitq_grant(&waitq));
  ck_assert(is_completed(1));
  ck_assert_uint_eq(waitq.escalated, 0);
}
END_TEST

START_TEST(only_from_four_permits_on_are_they_granted_in_batches) {
  static const struct {
    lc_flavour_t flavour;
    size_t capacity;
    bool in_batches;
  } cases[] = {{LC_BOUNDED, 1, false},
               {LC_BOUNDED, 3, false},
               {LC_BOUNDED, 4, true},
               {LC_RENDEZVOUS, 0, false},
               {LC_UNBOUNDED, 8, false}};
  size_t i;

  for (i = 0; i < sizeof cases / sizeof *cases; i++) {
    lc_waitq_t other;
    lc_waitq_init(&other, &inbox, cases[i].flavour, cases[i].capacity, true);
    ck_assert_int_eq(lc_waitq_grants_in_batches(&other), cases[i].in_batches);
    lc_waitq_destroy(&other);
  }
}
END_TEST

START_TEST(a_cancel_gets_a_permit_that_is_there) {
  close_waitq();
  open_waitq(LC_BOUNDED, 4);
  ck_assert_uint_eq(lc_permits_acquire(&waitq.permits, 4), 4);
  ck_assert(!enqueue(0));
  /* One permit is no batch: no grant is called for. */
  ck_assert(!lc_permits_release(&waitq.permits));
  ck_assert(!is_cancelled(0));
  ck_assert(is_completed(0));
  ck_assert_int_eq(waiters[0].result, 0);
  expect_link(&links[0]);
}
END_TEST

START_TEST(a_refusal_completes_all_and_later_ones) {
  lc_list_t list = {NULL, NULL};
  size_t i;

  for (i = 0; i < 3; i++)
    ck_assert(!enqueue(i));
  close_into(&list, &inbox);
  ck_assert_ptr_eq(list.oldest, &links[0]);
  lc_waitq_refuse(&waitq, false);
  ck_assert(!enqueue(3));
  for (i = 0; i < MOST; i++) {
    ck_assert(is_completed(i));
    ck_assert_int_eq(waiters[i].result, i == 0 ? 0 : UV_EPIPE);
  }
  expect_length(0);
}
END_TEST

START_TEST(a_push_that_is_refused_is_the_result) {
  lc_list_t list = {NULL, NULL};

  close_into(&list, &inbox);
  ck_assert(!enqueue(0));
  ck_assert(is_completed(0));
  ck_assert_int_eq(waiters[0].result, UV_EPIPE);
}
END_TEST

START_TEST(when_the_escalated_one_is_cancelled_batches_are_back) {
  close_waitq();
  open_waitq(LC_BOUNDED, 4);
  ck_assert_uint_eq(lc_permits_acquire(&waitq.permits, 4), 4);
  waiters[1].escalated = true;
  ck_assert(!enqueue(0));
  ck_assert(!enqueue(1));
  ck_assert_uint_eq(waitq.escalated, 1);
  ck_assert(is_cancelled(1));
  ck_assert(!lc_permits_release(&waitq.permits)); /* a batch is two */
  ck_assert(lc_permits_release(&waitq.permits));
  ck_assert(!lc_waitq_grant(&waitq));
  ck_assert(is_completed(0));
}
END_TEST

START_TEST(a_parked_receiver_is_owed_a_wake_by_grant_and_escalate) {
  ck_assert(!enqueue(0));
  ck_assert(!enqueue(1));
  ck_assert(!enqueue(2));
  expect_link(&links[0]);
  ck_assert(lc_inbox_park(&inbox));
  ck_assert(lc_permits_release(&waitq.permits));
  ck_assert(lc_waitq_grant(&waitq));
  expect_link(&links[1]);
  ck_assert(lc_inbox_park(&inbox));
  ck_assert(!lc_waitq_escalate(&waitq, &waiters[2]));
  ck_assert(lc_permits_release(&waitq.permits));
  ck_assert(lc_waitq_grant(&waitq));
  ck_assert_uint_eq(waitq.sent, 3);
}
END_TEST

START_TEST(the_first_of_several_pushes_may_owe_the_wake) {
  close_waitq();
  open_waitq(LC_BOUNDED, 4);
  ck_assert_uint_eq(lc_permits_acquire(&waitq.permits, 4), 4);
  ck_assert(!enqueue(0));
  ck_assert(!enqueue(1));
  ck_assert(!lc_permits_release(&waitq.permits));
  ck_assert(lc_permits_release(&waitq.permits));
  ck_assert(lc_inbox_park(&inbox));
  ck_assert(lc_waitq_grant(&waitq));
  ck_assert(is_completed(0));
  ck_assert(is_completed(1));
}
END_TEST

START_TEST(a_loop_is_woken_once_for_a_completion) {
  static uv_async_t async;

  loop_open();
  ck_assert_int_eq(uv_async_init(&loop, &async, NULL), 0);
  lc_completions_destroy(&completions[0]);
  lc_completions_init_async(&completions[0], &async);
  ck_assert(!enqueue(0));
  ck_assert_uint_eq(lc_wake_count(&completions[0].wake), 1);
  uv_close((uv_handle_t *) &async, NULL);
  expect_loop_clean();
}
END_TEST

/* Of one sender that has several waiters, as a writer has. */
static void enqueue_for(size_t owner, size_t i) {
  waiters[i].completions = &completions[owner];
  ck_assert(!enqueue(i));
}

START_TEST(completions_are_drained_in_order_after_one_wake) {
  close_waitq();
  open_waitq(LC_BOUNDED, 2);
  enqueue_for(0, 0);
  enqueue_for(0, 1);
  enqueue_for(0, 2);
  ck_assert(!waiters[1].queued);
  ck_assert(waiters[2].queued);
  ck_assert(lc_waitq_has_outstanding(&waitq, &completions[0]));
  ck_assert(is_completed(0));
  ck_assert(!is_completed(0));
  expect_drained("01");
  expect_drained("");
  ck_assert(lc_permits_release(&waitq.permits));
  ck_assert(!lc_waitq_grant(&waitq));
  ck_assert(is_completed(0));
  ck_assert(lc_waitq_has_outstanding(&waitq, &completions[0]));
  expect_drained("2");
  ck_assert(!lc_waitq_has_outstanding(&waitq, &completions[0]));
}
END_TEST

START_TEST(unwatching_gives_back_the_own_waiters_in_order) {
  enqueue_for(3, 0);
  lc_waitq_watch(&waitq, &completions[0]);
  enqueue_for(0, 1);
  enqueue_for(2, 2);
  enqueue_for(0, 3);
  expect_unwatched(0, "13");
  ck_assert_int_eq(waiters[1].result, UV_ECANCELED);
  ck_assert_int_eq(waiters[3].result, UV_ECANCELED);
  ck_assert(!waiters[3].queued);
  ck_assert(!lc_waitq_has_outstanding(&waitq, &completions[0]));
  ck_assert(lc_waitq_has_outstanding(&waitq, &completions[2]));
  expect_length(1);
  ck_assert(lc_permits_release(&waitq.permits));
  ck_assert(!lc_waitq_grant(&waitq));
  ck_assert(is_completed(2));
  ck_assert(is_completed(3));
  ck_assert(!is_completed(0));
}
END_TEST

START_TEST(when_the_last_ones_are_unwatched_the_marks_go) {
  ck_assert(!enqueue(0));
  lc_waitq_watch(&waitq, &completions[1]);
  ck_assert(!enqueue(1));
  expect_unwatched(1, "1");
  ck_assert(!lc_permits_release(&waitq.permits));
  ck_assert_uint_eq(lc_permits_acquire(&waitq.permits, 1), 1);
}
END_TEST

/* The first watcher, the one in the middle or the last stops watching. */
START_TEST(a_refusal_wakes_all_watchers) {
  lc_list_t list = {NULL, NULL};
  size_t i, gone = (size_t) _i;

  for (i = 0; i < 3; i++)
    lc_waitq_watch(&waitq, &completions[i]);
  expect_unwatched(gone, "");
  close_into(&list, &inbox);
  lc_waitq_refuse(&waitq, false);
  for (i = 0; i < MOST; i++)
    ck_assert_int_eq(is_completed(i), i < 3 && i != gone);
  for (i = 0; i < 3; i++)
    if (i != gone)
      expect_unwatched(i, "");
  ck_assert(lc_queue_is_empty(&waitq.watchers));
}
END_TEST

/* A thread that was woken may not have run when a close follows a shutdown. */
START_TEST(a_second_refusal_wakes_nobody) {
  lc_list_t list = {NULL, NULL};

  lc_waitq_watch(&waitq, &completions[0]);
  close_into(&list, &inbox);
  lc_waitq_refuse(&waitq, false);
  lc_waitq_refuse(&waitq, false);
  ck_assert_uint_eq(lc_wake_count(&completions[0].wake), 1);
  ck_assert(is_completed(0));
  ck_assert(!is_completed(0));
  expect_unwatched(0, "");
}
END_TEST

START_TEST(a_watcher_with_a_completion_is_woken_once) {
  lc_list_t list = {NULL, NULL};

  lc_waitq_watch(&waitq, &completions[0]);
  ck_assert(!enqueue(0));
  close_into(&list, &inbox);
  lc_waitq_refuse(&waitq, false);
  ck_assert(is_completed(0));
  ck_assert(!is_completed(0));
  expect_drained("0");
  expect_unwatched(0, "");
}
END_TEST

/* However many others wait. One that was looked at would lead to a
 * dead end. */
START_TEST(unwatching_looks_at_no_waiters_of_others) {
  ck_assert_uint_eq(lc_permits_acquire(&waitq.permits, 1), 1);
  lc_waitq_watch(&waitq, &completions[0]);
  enqueue_for(0, 0);
  enqueue_for(1, 1);
  enqueue_for(1, 2);
  enqueue_for(0, 3);
  waiters[1].queue.next = NULL;
  expect_unwatched(0, "03");
  waiters[1].queue.next = &waiters[2].queue;
  expect_length(2);
  lc_waitq_refuse(&waitq, false);
}
END_TEST

START_TEST(rendezvous_the_receiver_matches_and_completes) {
  ck_assert(!enqueue(0));
  ck_assert(!enqueue(1));
  expect_link(NULL);
  ck_assert_ptr_eq(lc_waitq_match(&waitq), &waiters[0]);
  ck_assert(!is_completed(0));
  ck_assert(!is_cancelled(0));
  lc_waitq_complete(&waitq, &waiters[0]);
  ck_assert(is_completed(0));
  ck_assert_int_eq(waiters[0].result, 0);
  ck_assert(is_cancelled(1));
  ck_assert_ptr_null(lc_waitq_match(&waitq));
}
END_TEST

START_TEST(rendezvous_what_was_pushed_before_goes_first) {
  ck_assert(lc_waitq_park(&waitq, 0));
  ck_assert(lc_inbox_push_if_parked(&inbox, &links[3], &links[3]));
  ck_assert(enqueue(0)); /* nobody has paid so far */
  lc_inbox_note_awake(&inbox);
  ck_assert_ptr_null(lc_waitq_match(&waitq));
  expect_link(&links[3]);
  ck_assert_ptr_eq(lc_waitq_match(&waitq), &waiters[0]);
  lc_waitq_complete(&waitq, &waiters[0]);
}
END_TEST

START_TEST(rendezvous_a_receiver_does_not_park_while_one_waits) {
  ck_assert(!enqueue(0));
  ck_assert(!lc_waitq_park(&waitq, 0));
  ck_assert(!lc_inbox_push_if_parked(&inbox, &links[3], &links[3]));
  ck_assert(is_cancelled(0));
  ck_assert(lc_waitq_park(&waitq, 0));
}
END_TEST

START_TEST(a_receiver_parks_behind_those_that_are_seen_to) {
  ck_assert(!enqueue(0));
  ck_assert(lc_waitq_park(&waitq, 1));
  ck_assert(enqueue(1)); /* which finds it parked */
  lc_inbox_note_awake(&inbox);
  ck_assert(!lc_waitq_park(&waitq, 1));
  ck_assert(is_cancelled(0));
  ck_assert(is_cancelled(1));
}
END_TEST

START_TEST(rendezvous_a_waiter_notifies_a_parked_receiver_once) {
  ck_assert(lc_inbox_park(&inbox));
  ck_assert(enqueue(0));
  ck_assert(enqueue(1)); /* nobody has paid so far */
  lc_inbox_note_signal(&inbox, lc_inbox_parks(&inbox));
  ck_assert(!enqueue(2));
  ck_assert(!lc_inbox_unpark(&inbox));
  lc_waitq_refuse(&waitq, false);
}
END_TEST

START_TEST(rendezvous_one_being_received_holds_back_those_behind) {
  enqueue_for(0, 0);
  enqueue_for(0, 1);
  ck_assert_ptr_eq(lc_waitq_match(&waitq), &waiters[0]);
  expect_drained("");
  ck_assert_ptr_eq(lc_waitq_match(&waitq), &waiters[1]);
  lc_waitq_complete(&waitq, &waiters[1]);
  ck_assert(!is_completed(0));
  expect_drained("");
  ck_assert(lc_waitq_has_outstanding(&waitq, &completions[0]));
  lc_waitq_complete(&waitq, &waiters[0]);
  ck_assert(is_completed(0));
  expect_drained("01");
}
END_TEST

/* A receiver may take its time: the refusal wakes before the completion. */
START_TEST(rendezvous_a_refusal_wakes_a_watcher_being_received) {
  enqueue_for(0, 0);
  lc_waitq_watch(&waitq, &completions[0]);
  ck_assert_ptr_eq(lc_waitq_match(&waitq), &waiters[0]);
  lc_waitq_refuse(&waitq, false);
  ck_assert(is_completed(0));
  expect_drained("");
  lc_waitq_complete(&waitq, &waiters[0]);
  ck_assert(is_completed(0));
  expect_drained("0");
  expect_unwatched(0, "");
}
END_TEST

START_TEST(rendezvous_a_cancel_after_the_match_notifies_no_one) {
  ck_assert(!enqueue(0));
  ck_assert_ptr_eq(lc_waitq_match(&waitq), &waiters[0]);
  lc_waitq_complete(&waitq, &waiters[0]);
  ck_assert(lc_waitq_park(&waitq, 0));
  ck_assert(!is_cancelled(0));
  ck_assert(lc_inbox_unpark(&inbox));
}
END_TEST

static atomic_int owed_by_grant;
static atomic_bool may_stand;

static void grant_and_stand(void *arg) {
  (void) arg;
  may_stand = locks_stand_still(0);
  owed_by_grant = (int) lc_waitq_grant(&waitq);
}

static void expect_signalled_once(lc_completions_t *of) {
  ck_assert(lc_wake_wait(&of->wake, 1));
  ck_assert_uint_eq(lc_wake_count(&of->wake), 1);
}

/* A grant completes more than it signals at once, and its thread loses its
 * processor. The next thread that has the lock signals the rest. */
START_TEST(others_signal_what_a_grant_has_left) {
  static lc_completions_t many[MANY];
  static lc_waiter_t sends[MANY];
  static lc_link_t nodes[MANY];
  uv_thread_t granting;
  bool is_due = false;
  size_t i;

  ck_assert_uint_eq(lc_permits_acquire(&waitq.permits, MANY), MANY);
  for (i = 0; i < MANY; i++) {
    lc_link_init(&nodes[i], 0);
    ck_assert_int_eq(lc_completions_init(&many[i]), 0);
    sends[i] = (lc_waiter_t){.newest = &nodes[i], .oldest = &nodes[i]};
    sends[i].completions = &many[i];
    ck_assert(!lc_waitq_enqueue(&waitq, &sends[i]));
  }
  for (i = 0; i < MANY; i++)
    is_due |= lc_permits_release(&waitq.permits);
  ck_assert(is_due);
  owed_by_grant = -1;
  may_stand = false;
  ck_assert_int_eq(uv_thread_create(&granting, grant_and_stand, NULL), 0);
  while (!(may_stand && locks_stand()) && owed_by_grant < 0)
    sched_yield();
  expect_length(0);
  for (i = LC_WAKES; i < MANY; i++)
    expect_signalled_once(&many[i]);
  locks_go_on();
  ck_assert_int_eq(uv_thread_join(&granting), 0);
  ck_assert_int_eq(owed_by_grant, LC_PUSHED);
  for (i = 0; i < LC_WAKES; i++)
    expect_signalled_once(&many[i]);
  for (i = 0; i < MANY; i++)
    lc_completions_destroy(&many[i]);
}
END_TEST

static Suite *suite(void) {
  Suite *suite = suite_create("room waitq");
  TCase *watchers = tcase_create("watchers");

  SUITE_CASE(
      suite, "bounded", open_bounded, close_waitq,
      with_a_permit_a_waiter_is_complete_at_once,
      one_that_is_done_is_complete_behind_the_others,
      a_parked_receiver_is_owed_a_wake, each_permit_is_granted_to_the_first,
      a_cancelled_waiter_is_granted_nothing,
      when_the_last_is_cancelled_the_marks_go,
      an_escalated_waiter_is_granted_the_first_permit,
      a_cancel_gets_a_permit_that_is_there,
      a_refusal_completes_all_and_later_ones,
      a_push_that_is_refused_is_the_result,
      when_the_escalated_one_is_cancelled_batches_are_back,
      only_from_four_permits_on_are_they_granted_in_batches,
      a_parked_receiver_is_owed_a_wake_by_grant_and_escalate,
      the_first_of_several_pushes_may_owe_the_wake,
      a_loop_is_woken_once_for_a_completion,
      completions_are_drained_in_order_after_one_wake,
      unwatching_gives_back_the_own_waiters_in_order,
      unwatching_looks_at_no_waiters_of_others,
      when_the_last_ones_are_unwatched_the_marks_go,
      a_watcher_with_a_completion_is_woken_once, a_second_refusal_wakes_nobody);
  SUITE_CASE(suite, "many", open_many, close_waitq,
             others_signal_what_a_grant_has_left);
  SUITE_CASE(suite, "rendezvous", open_rendezvous, close_waitq,
             rendezvous_the_receiver_matches_and_completes,
             rendezvous_what_was_pushed_before_goes_first,
             rendezvous_a_receiver_does_not_park_while_one_waits,
             a_receiver_parks_behind_those_that_are_seen_to,
             rendezvous_a_waiter_notifies_a_parked_receiver_once,
             rendezvous_a_refusal_wakes_a_watcher_being_received,
             rendezvous_one_being_received_holds_back_those_behind,
             rendezvous_a_cancel_after_the_match_notifies_no_one);
  tcase_add_checked_fixture(watchers, open_bounded, close_waitq);
  tcase_add_loop_test(watchers, a_refusal_wakes_all_watchers, 0, 3);
  suite_add_tcase(suite, watchers);
  return suite;
}
