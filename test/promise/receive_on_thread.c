/* Promise §3.4: the blocking calls. */
#include "support/channel.h"
#include "support/suite.h"

static void send_five(void *arg) {
  int i;

  (void) arg;
  for (i = 0; i < 5; i++)
    if (loopchan_send(tx, &i) != 0)
      return;
}

static void drop_on_worker(void *arg) {
  (void) arg;
  drop_tx();
}

static uv_thread_t run(uv_thread_cb work) {
  uv_thread_t thread;

  ck_assert_int_eq(uv_thread_create(&thread, work, NULL), 0);
  return thread;
}

static void finish(void) {
  drop_tx();
  close_rx();
}

START_TEST(recv_waits_for_a_message) {
  uv_thread_t worker = run(send_five);
  int message, i;

  for (i = 0; i < 5; i++) {
    ck_assert_int_eq(loopchan_recv(&rx, &message), 0);
    ck_assert_int_eq(message, i);
  }
  ck_assert_int_eq(uv_thread_join(&worker), 0);
  finish();
}
END_TEST

START_TEST(recv_waits_for_the_last_drop) {
  uv_thread_t worker = run(drop_on_worker);
  int message = 4;

  ck_assert_int_eq(loopchan_recv(&rx, &message), UV_EOF);
  ck_assert_int_eq(loopchan_recv(&rx, &message), UV_EOF);
  ck_assert_int_eq(loopchan_try_recv(&rx, &message), UV_EOF);
  ck_assert_int_eq(loopchan_recv_timeout(&rx, &message, 0), UV_EOF);
  ck_assert_int_eq(loopchan_recv_many(&rx, &message, 1), UV_EOF);
  ck_assert_int_eq(message, 4);
  ck_assert_int_eq(uv_thread_join(&worker), 0);
  close_rx();
}
END_TEST

START_TEST(try_recv_does_not_wait) {
  int message = 4;

  ck_assert_int_eq(loopchan_try_recv(&rx, &message), UV_EAGAIN);
  ck_assert_int_eq(message, 4);
  send_ints(1, 1);
  ck_assert_int_eq(loopchan_try_recv(&rx, &message), 0);
  ck_assert_int_eq(message, 1);
  finish();
}
END_TEST

START_TEST(a_time_out_comes_not_before_its_time) {
  uint64_t start = uv_hrtime();
  int message = 4;

  ck_assert_int_eq(loopchan_recv_timeout(&rx, &message, 0), UV_ETIMEDOUT);
  ck_assert_int_eq(loopchan_recv_timeout(&rx, &message, 2000000), UV_ETIMEDOUT);
  ck_assert(uv_hrtime() - start >= 2000000);
  ck_assert_int_eq(message, 4);
  send_ints(1, 2);
  ck_assert_int_eq(loopchan_recv_timeout(&rx, &message, 0), 0);
  ck_assert_int_eq(message, 1);
  ck_assert_int_eq(loopchan_recv_timeout(&rx, &message, LOOPCHAN_FOREVER), 0);
  ck_assert_int_eq(message, 2);
  finish();
}
END_TEST

/* A receiver that gave up is awake: the next send need not wake it. */
START_TEST(after_a_time_out_nobody_sleeps) {
  loopchan_stats_t stats;
  int message;

  ck_assert_int_eq(loopchan_recv_timeout(&rx, &message, 100000), UV_ETIMEDOUT);
  send_ints(0, 1);
  ck_assert_int_eq(loopchan_stats(&rx, &stats), 0);
  ck_assert_uint_eq(stats.wakeups, 0);
  expect_ints(0, 1);
  finish();
}
END_TEST

#define TRIPS 2000

static uv_sem_t go_on;

static void send_when_told(void *arg) {
  int i;

  (void) arg;
  for (i = 0; i < TRIPS; i++) {
    uv_sem_wait(&go_on);
    if (loopchan_send(tx, &i) != 0)
      return;
  }
}

/* The sender sets out as the receiver lies down for a time that differs from
 * trip to trip: they meet before, at and after its end. */
START_TEST(a_time_out_and_a_send_meet_and_nothing_is_lost) {
  uv_thread_t worker;
  int i, message;

  ck_assert_int_eq(uv_sem_init(&go_on, 0), 0);
  worker = run(send_when_told);
  for (i = 0; i < TRIPS; i++) {
    uint64_t timeout = 1 + (uint64_t) i % 50 * 1000;
    int err;
    uv_sem_post(&go_on);
    while ((err = loopchan_recv_timeout(&rx, &message, timeout)) != 0)
      ck_assert_int_eq(err, UV_ETIMEDOUT);
    ck_assert_int_eq(message, i);
  }
  ck_assert_int_eq(uv_thread_join(&worker), 0);
  uv_sem_destroy(&go_on);
  finish();
}
END_TEST

START_TEST(time_outs_that_never_come_wait) {
  uv_thread_t worker = run(send_five);
  int message, i;

  for (i = 0; i < 5; i++) {
    uint64_t timeout = i % 2 == 0 ? LOOPCHAN_FOREVER : LOOPCHAN_FOREVER - 1;
    ck_assert_int_eq(loopchan_recv_timeout(&rx, &message, timeout), 0);
    ck_assert_int_eq(message, i);
  }
  ck_assert_int_eq(uv_thread_join(&worker), 0);
  finish();
}
END_TEST

START_TEST(recv_many_takes_what_is_there) {
  int messages[8] = {-1, -1, -1, -1, -1, -1, -1, -1};

  send_ints(0, 5);
  ck_assert_int_eq(loopchan_recv_many(&rx, messages, 2), 2);
  ck_assert_int_eq(messages[1], 1);
  ck_assert_int_eq(messages[2], -1);
  ck_assert_int_eq(loopchan_recv_many(&rx, messages, 8), 3);
  ck_assert_int_eq(messages[0], 2);
  ck_assert_int_eq(messages[2], 4);
  ck_assert_int_eq(messages[3], -1);
  finish();
}
END_TEST

START_TEST(recv_many_waits_for_one) {
  uv_thread_t worker = run(send_five);
  int messages[8], received = 0;

  while (received < 5) {
    ssize_t n = loopchan_recv_many(&rx, messages, 8);
    ck_assert_int_ge(n, 1);
    ck_assert_int_eq(messages[0], received);
    received += (int) n;
  }
  ck_assert_int_eq(uv_thread_join(&worker), 0);
  finish();
}
END_TEST

static loopchan_receiver_t back_rx;
static loopchan_sender_t *back_tx;

static void answer(void *arg) {
  int message;

  (void) arg;
  while (loopchan_recv(&back_rx, &message) == 0)
    if (loopchan_send(tx, &message) != 0)
      return;
  drop_tx();
}

START_TEST(two_threads_answer_each_other) {
  loopchan_options_t options = int_options();
  uv_thread_t worker;
  int i, message;

  ck_assert_int_eq(loopchan_open(NULL, &back_rx, &back_tx, &options), 0);
  worker = run(answer);
  for (i = 0; i < TRIPS; i++) {
    ck_assert_int_eq(loopchan_send(back_tx, &i), 0);
    ck_assert_int_eq(loopchan_recv(&rx, &message), 0);
    ck_assert_int_eq(message, i);
  }
  loopchan_sender_drop(back_tx);
  ck_assert_int_eq(uv_thread_join(&worker), 0);
  ck_assert_int_eq(loopchan_close(&back_rx, NULL), 0);
  close_rx();
}
END_TEST

static Suite *suite(void) {
  Suite *suite = suite_create("promise receive_on_thread");

  SUITE_CASE(suite, "receive_on_thread", open_thread, expect_clean,
             recv_waits_for_a_message, recv_waits_for_the_last_drop,
             try_recv_does_not_wait, a_time_out_comes_not_before_its_time,
             after_a_time_out_nobody_sleeps,
             a_time_out_and_a_send_meet_and_nothing_is_lost,
             time_outs_that_never_come_wait, recv_many_takes_what_is_there,
             recv_many_waits_for_one, two_threads_answer_each_other);
  return suite;
}
