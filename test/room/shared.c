/* Room shared: who is idle, and who is called. */
#include "core/shared.h"

#include <sched.h>

#include "support/locks.h"
#include "support/suite.h"

#define BRIEFLY UINT64_C(1000000)

static loopchan_receiver_t rx;
static loopchan_sender_t *tx;
static lc_channel_t *channel;
static lc_consumer_t *consumer;
static lc_shared_t *shared;

static void fresh(void) {
  loopchan_options_t options = {.msg_size = sizeof(int),
                                .flags = LOOPCHAN_SHARED,
                                .spin_ns = LOOPCHAN_NO_SPIN};

  ck_assert_int_eq(loopchan_open(NULL, &rx, &tx, &options), 0);
  channel = rx.channel;
  consumer = rx.consumer;
  shared = channel->shared;
  lc_shared_lock(channel);
}

static void expect_nothing_left(void) {
  ck_assert(lc_queue_is_empty(&shared->idle));
  ck_assert_uint_eq(shared->called, 0);
  lc_shared_unlock(channel);
  loopchan_sender_drop(tx);
  ck_assert_int_eq(loopchan_close(&rx, NULL), 0);
}

/* Someone else's place in the queue. */
static lc_idle_t idle[20];

static void queue_up(size_t n) {
  size_t i;

  for (i = 0; i < n; i++) {
    idle[i].consumer = consumer;
    idle[i].state = LC_AWAY;
    lc_wake_init(&idle[i].wake, &idle[i].monitor);
    lc_shared_queue_up(&idle[i]);
  }
}

static size_t count_called(size_t n) {
  size_t i, called = 0;

  for (i = 0; i < n; i++)
    called += idle[i].state == LC_CALLED;
  return called;
}

static size_t count_woken(size_t n) {
  size_t i, woken = 0;

  for (i = 0; i < n; i++)
    woken += lc_wake_count(&idle[i].wake) == 1;
  return woken;
}

static void go_away(size_t n) {
  size_t i;

  for (i = 0; i < n; i++) {
    lc_shared_withdraw(&idle[i]);
    lc_wake_destroy(&idle[i].wake);
  }
}

/* The lock is released, and taken again. */
static void look(void) {
  lc_shared_unlock(channel);
  lc_shared_lock(channel);
}

static void send_one(void) {
  lc_shared_unlock(channel);
  ck_assert_int_eq(loopchan_send(tx, &(int){1}), 0);
  lc_shared_lock(channel);
}

static void receive(size_t n) {
  int msg;

  lc_shared_unlock(channel);
  while (n-- > 0)
    ck_assert_int_eq(loopchan_try_recv(&rx, &msg), 0);
  lc_shared_lock(channel);
}

START_TEST(whoever_finds_work_does_not_wait) {
  send_one();
  ck_assert_int_eq(lc_shared_wait(consumer, LC_NEVER), 0);
  receive(1);
}
END_TEST

START_TEST(whoever_finds_the_end_does_not_wait) {
  lc_rx_refuse(channel);
  ck_assert_int_eq(lc_shared_wait(consumer, LC_NEVER), 0);
}
END_TEST

START_TEST(when_the_last_one_leaves_the_inbox_is_parked_no_more) {
  ck_assert_int_eq(lc_shared_wait(consumer, LC_NOW), UV_ETIMEDOUT);
  ck_assert_int_eq(lc_shared_wait(consumer, 1), UV_ETIMEDOUT);
  ck_assert(!lc_inbox_is_parked(&channel->inbox));
}
END_TEST

START_TEST(while_one_is_idle_the_inbox_is_parked) {
  queue_up(2);
  look();
  ck_assert(lc_inbox_is_parked(&channel->inbox));
  ck_assert_uint_eq(count_called(2), 0);
  lc_shared_withdraw(&idle[0]);
  look();
  ck_assert(lc_inbox_is_parked(&channel->inbox));
  go_away(2);
}
END_TEST

START_TEST(a_send_calls_one_the_first) {
  queue_up(3);
  look();
  send_one();
  ck_assert_uint_eq(count_called(3), 1);
  ck_assert_int_eq(idle[0].state, LC_CALLED);
  go_away(3);
  receive(1);
}
END_TEST

START_TEST(each_send_calls_one_as_long_as_any_is_idle) {
  queue_up(3);
  look();
  send_one();
  send_one();
  ck_assert_uint_eq(count_called(3), 2);
  send_one();
  send_one();
  ck_assert_uint_eq(count_called(3), 3);
  go_away(3);
  receive(4);
}
END_TEST

START_TEST(several_messages_call_as_many) {
  int msgs[2] = {1, 2};

  queue_up(3);
  look();
  lc_shared_unlock(channel);
  ck_assert_int_eq(loopchan_send_many(tx, msgs, 2), 2);
  lc_shared_lock(channel);
  ck_assert_uint_eq(count_called(3), 2);
  look();
  ck_assert_uint_eq(count_called(3), 2);
  go_away(3);
  receive(2);
}
END_TEST

START_TEST(one_that_was_called_and_goes_has_the_next_called) {
  queue_up(3);
  look();
  send_one();
  lc_shared_withdraw(&idle[0]);
  look();
  ck_assert_int_eq(idle[1].state, LC_CALLED);
  ck_assert_int_eq(idle[2].state, LC_QUEUED);
  go_away(3);
  receive(1);
}
END_TEST

START_TEST(at_the_end_all_are_called) {
  size_t n;

  queue_up(3);
  look();
  lc_shared_unlock(channel);
  ck_assert_int_eq(loopchan_shutdown(&rx), 0);
  lc_shared_lock(channel);
  ck_assert_uint_eq(count_called(3), 3);
  go_away(3);
  for (n = 1; n <= 20; n++) {
    queue_up(n);
    look();
    ck_assert_uint_eq(count_called(n), n);
    ck_assert_uint_eq(count_woken(n), n);
    go_away(n);
  }
}
END_TEST

/* A sender that has a slab locks nothing before it wakes. */
static void send_and_stand(void *arg) {
  void *place;

  (void) arg;
  if (loopchan_reserve(tx, &place) != 0)
    return;
  loopchan_abandon(tx, place);
  locks_stand_still(0);
  (void) loopchan_send(tx, &(int){1});
}

/* The sender finds the lock held, and loses its processor before it sleeps
 * there. The lock is released by a thread that does not look for messages, as
 * one does that asks whose loop it is on. */
START_TEST(while_a_debtor_stands_still_others_receive) {
  uv_thread_t debtor;
  int msg = 0;

  queue_up(1);
  look();
  ck_assert_int_eq(uv_thread_create(&debtor, send_and_stand, NULL), 0);
  while (lc_inbox_is_parked(&channel->inbox) || !locks_stand())
    sched_yield();
  ck_assert_uint_eq(count_called(1), 0);
  lc_owner_set_none(&shared->holder);
  lc_lock_release(&shared->lock);
  ck_assert_int_eq(loopchan_recv_timeout(&rx, &msg, BRIEFLY), 0);
  ck_assert_int_eq(msg, 1);
  ck_assert_int_eq(loopchan_recv_timeout(&rx, &msg, BRIEFLY), UV_ETIMEDOUT);
  ck_assert_int_eq(loopchan_send(tx, &(int){2}), 0);
  ck_assert_int_eq(loopchan_recv(&rx, &msg), 0);
  ck_assert_int_eq(msg, 2);
  locks_go_on();
  ck_assert_int_eq(uv_thread_join(&debtor), 0);
  lc_shared_lock(channel);
  ck_assert_uint_eq(count_called(1), 1);
  go_away(1);
}
END_TEST

/* However many are idle. One that was looked at would lead to a dead end. */
START_TEST(a_close_looks_at_no_idle_of_others) {
  loopchan_receiver_t clone = {.data = NULL};

  lc_shared_unlock(channel);
  ck_assert_int_eq(loopchan_receiver_clone(NULL, &clone, &rx), 0);
  ck_assert_int_eq(loopchan_recv_timeout(&clone, &(int){0}, BRIEFLY),
                   UV_ETIMEDOUT);
  lc_shared_lock(channel);
  queue_up(2);
  lc_shared_unlock(channel);
  idle[0].queue.next = NULL;
  ck_assert_int_eq(loopchan_close(&clone, NULL), 0);
  idle[0].queue.next = &idle[1].queue;
  lc_shared_lock(channel);
  go_away(2);
}
END_TEST

static Suite *suite(void) {
  Suite *suite = suite_create("room shared");

  SUITE_CASE(
      suite, "shared", fresh, expect_nothing_left,
      whoever_finds_work_does_not_wait, whoever_finds_the_end_does_not_wait,
      when_the_last_one_leaves_the_inbox_is_parked_no_more,
      while_one_is_idle_the_inbox_is_parked, a_send_calls_one_the_first,
      each_send_calls_one_as_long_as_any_is_idle, several_messages_call_as_many,
      one_that_was_called_and_goes_has_the_next_called,
      at_the_end_all_are_called, while_a_debtor_stands_still_others_receive,
      a_close_looks_at_no_idle_of_others);
  return suite;
}
