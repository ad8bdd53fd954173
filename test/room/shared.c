/* Room shared: who may lead, and what leading leaves behind. */
#include "api/shared.h"

#include "api/receiver.h"
#include "support/suite.h"

static loopchan_receiver_t rx;
static loopchan_sender_t *tx;
static lc_channel_t *channel;
static lc_shared_t *shared;

static void fresh(void) {
  loopchan_options_t options = {
      .msg_size = sizeof(int), .flags = LOOPCHAN_SHARED, .spin_ns = 1};

  ck_assert_int_eq(loopchan_open(NULL, &rx, &tx, &options), 0);
  channel = rx.channel;
  shared = channel->shared;
  lc_shared_lock(shared);
}

static void expect_nothing_left(void) {
  ck_assert(!shared->led);
  ck_assert_ptr_null(shared->first);
  lc_shared_unlock(shared);
  loopchan_sender_drop(tx);
  ck_assert_int_eq(loopchan_close(&rx, NULL), 0);
}

START_TEST(who_finds_work_does_not_wait) {
  ck_assert_int_eq(loopchan_send(tx, &(int){1}), 0);
  ck_assert_int_eq(lc_shared_wait(shared, channel, LC_NEVER), 0);
}
END_TEST

START_TEST(who_finds_the_end_does_not_wait) {
  (void) lc_rx_refuse(channel);
  ck_assert_int_eq(lc_shared_wait(shared, channel, LC_NEVER), 0);
}
END_TEST

START_TEST(a_leader_whose_time_is_up_is_parked_no_more) {
  ck_assert_int_eq(lc_shared_wait(shared, channel, LC_NOW), UV_ETIMEDOUT);
  ck_assert_int_eq(lc_shared_wait(shared, channel, 1), UV_ETIMEDOUT);
  ck_assert(!lc_inbox_unpark(&channel->inbox));
}
END_TEST

START_TEST(a_follower_whose_time_is_up_leaves_the_line) {
  shared->led = true;
  ck_assert_int_eq(lc_shared_wait(shared, channel, 1), UV_ETIMEDOUT);
  ck_assert_ptr_null(shared->first);
  ck_assert_ptr_eq(shared->end, &shared->first);
  shared->led = false;
}
END_TEST

START_TEST(while_one_leads_no_follower_is_roused) {
  lc_follower_t waiting = {.next = NULL, .queued = true};

  shared->led = true;
  shared->first = &waiting;
  shared->end = &waiting.next;
  lc_shared_unlock(shared);
  lc_shared_lock(shared);
  ck_assert(waiting.queued);
  ck_assert_ptr_eq(shared->first, &waiting);
  shared->first = NULL;
  shared->end = &shared->first;
  shared->led = false;
}
END_TEST

static Suite *suite(void) {
  Suite *suite = suite_create("room shared");

  SUITE_CASE(suite, "shared", fresh, expect_nothing_left,
             who_finds_work_does_not_wait, who_finds_the_end_does_not_wait,
             a_leader_whose_time_is_up_is_parked_no_more,
             a_follower_whose_time_is_up_leaves_the_line,
             while_one_leads_no_follower_is_roused);
  return suite;
}
