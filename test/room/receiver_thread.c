/* Room receiver_thread: parked only inside a call, no debt left behind. */
#include "api/receiver.h"
#include "support/suite.h"

static loopchan_receiver_t rx;
static loopchan_sender_t *tx;

static void fresh(void) {
  loopchan_options_t options = {.msg_size = sizeof(int),
                                .spin_ns = LOOPCHAN_NO_SPIN};

  ck_assert_int_eq(loopchan_open(NULL, &rx, &tx, &options), 0);
}

static void expect_nothing_left(void) {
  loopchan_sender_drop(tx);
  ck_assert_int_eq(loopchan_close(&rx, NULL), 0);
}

START_TEST(a_time_out_leaves_the_inbox_awake) {
  ck_assert_int_eq(loopchan_recv_timeout(&rx, &(int){0}, 1000), UV_ETIMEDOUT);
  ck_assert_ptr_null(lc_load(&rx.channel->inbox.word, memory_order_relaxed));
}
END_TEST

#define ROUNDS 20000

static void send_rounds(void *arg) {
  int i;

  (void) arg;
  for (i = 0; i < ROUNDS; i++)
    if (loopchan_send(tx, &i) != 0)
      return;
}

/* Time-outs as short as a send takes, so that the two meet. */
START_TEST(time_outs_and_sends_lose_no_message) {
  uv_thread_t sender;
  int expected = 0, message, err;
  uint64_t timeout = 0;

  ck_assert_int_eq(uv_thread_create(&sender, send_rounds, NULL), 0);
  while (expected < ROUNDS) {
    err = loopchan_recv_timeout(&rx, &message, timeout);
    timeout = (timeout + 37) % 3000;
    if (err == UV_ETIMEDOUT)
      continue;
    ck_assert_int_eq(err, 0);
    ck_assert_int_eq(message, expected++);
  }
  ck_assert_int_eq(uv_thread_join(&sender), 0);
  ck_assert_int_eq(loopchan_try_recv(&rx, &message), UV_EAGAIN);
}
END_TEST

static Suite *suite(void) {
  Suite *suite = suite_create("room receiver_thread");

  SUITE_CASE(suite, "receiver_thread", fresh, expect_nothing_left,
             a_time_out_leaves_the_inbox_awake,
             time_outs_and_sends_lose_no_message);
  return suite;
}
