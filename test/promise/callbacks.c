/* Promise §3.3: from inside a callback everything is allowed.
 * After folly's NotificationQueueTest (destroyCallback). */
#include "support/channel.h"
#include "support/suite.h"

static loopchan_receiver_t other_rx;
static loopchan_sender_t *other_tx;
static int received, eofs, dropped, closed;

static void drop_message(void *msg, void *arg) {
  ck_assert_int_eq(*(int *) msg, received + dropped);
  ++*(int *) arg;
}

static void setup(void) {
  loopchan_options_t options = int_options();

  start_clean();
  received = eofs = dropped = closed = 0;
  options.drop = drop_message;
  options.drop_arg = &dropped;
  open_with(&loop, &options);
}

static void on_close(loopchan_receiver_t *receiver) {
  ck_assert_ptr_eq(receiver, &rx);
  closed++;
}

static void start_and_run(loopchan_recv_cb cb) {
  ck_assert_int_eq(loopchan_recv_start(&rx, cb), 0);
  uv_run(&loop, UV_RUN_DEFAULT);
}

static void close_inside(loopchan_receiver_t *receiver, int status, void *msg) {
  ck_assert_int_eq(status, 0);
  received++;
  ck_assert_int_eq(loopchan_close(receiver, on_close), 0);
  ck_assert_int_eq(closed, 0);
  ck_assert_int_eq(dropped, 4);
  ck_assert_int_eq(*(int *) msg, 0);
  ck_assert_int_eq(loopchan_close(receiver, on_close), UV_EALREADY);
}

START_TEST(close_in_the_callback) {
  send_ints(0, 5);
  start_and_run(close_inside);
  ck_assert_int_eq(received, 1);
  ck_assert_int_eq(closed, 1);
  drop_tx();
}
END_TEST

static void shut_down_inside(loopchan_receiver_t *receiver, int status,
                             void *msg) {
  if (status == UV_EOF) {
    eofs++;
    ck_assert_int_eq(loopchan_close(receiver, on_close), 0);
    return;
  }
  ck_assert_int_eq(*(int *) msg, received);
  if (received++ == 0)
    ck_assert_int_eq(loopchan_shutdown(receiver), 0);
  ck_assert_int_eq(loopchan_send(tx, msg), UV_EPIPE);
}

START_TEST(shut_down_in_the_callback) {
  send_ints(0, 5);
  start_and_run(shut_down_inside);
  ck_assert_int_eq(received, 5);
  ck_assert_int_eq(eofs, 1);
  drop_tx();
}
END_TEST

static void send_inside(loopchan_receiver_t *receiver, int status, void *msg) {
  int next;

  ck_assert_int_eq(status, 0);
  ck_assert_int_eq(*(int *) msg, received++);
  next = received;
  if (next < 5000)
    ck_assert_int_eq(loopchan_send(tx, &next), 0);
  else
    ck_assert_int_eq(loopchan_close(receiver, on_close), 0);
}

START_TEST(send_to_itself_in_the_callback) {
  send_ints(0, 1);
  start_and_run(send_inside);
  ck_assert_int_eq(received, 5000);
  drop_tx();
}
END_TEST

static void drop_inside(loopchan_receiver_t *receiver, int status, void *msg) {
  if (status == UV_EOF) {
    eofs++;
    ck_assert_int_eq(loopchan_close(receiver, on_close), 0);
    return;
  }
  ck_assert_int_eq(*(int *) msg, received);
  if (received++ == 0)
    drop_tx();
}

START_TEST(drop_the_last_sender_in_the_callback) {
  send_ints(0, 3);
  start_and_run(drop_inside);
  ck_assert_int_eq(received, 3);
  ck_assert_int_eq(eofs, 1);
}
END_TEST

static void never(loopchan_receiver_t *receiver, int status, void *msg) {
  (void) receiver;
  (void) status;
  (void) msg;
  ck_abort_msg("a closed receiver was called");
}

static void close_other_inside(loopchan_receiver_t *receiver, int status,
                               void *msg) {
  ck_assert_int_eq(status, 0);
  ck_assert_int_eq(*(int *) msg, received++);
  ck_assert_int_eq(loopchan_close(&other_rx, NULL), 0);
  ck_assert_int_eq(loopchan_close(receiver, on_close), 0);
}

/* Both are ready in one turn; whichever comes first closes the other. */
START_TEST(close_another_receiver_in_the_callback) {
  loopchan_options_t options = int_options();

  ck_assert_int_eq(loopchan_open(&loop, &other_rx, &other_tx, &options), 0);
  send_ints(0, 1);
  ck_assert_int_eq(loopchan_recv_start(&rx, close_other_inside), 0);
  ck_assert_int_eq(loopchan_recv_start(&other_rx, never), 0);
  uv_run(&loop, UV_RUN_DEFAULT);
  ck_assert_int_eq(received, 1);
  drop_tx();
  loopchan_sender_drop(other_tx);
}
END_TEST

/* Larger than any slab, so each message has one to itself, and the slab that
 * comes back first is the first to be sent in. */
typedef struct {
  int number[8192];
} large_t;

static large_t outgoing, incoming;

static void take_more_inside(loopchan_receiver_t *receiver, int status,
                             void *msg) {
  const large_t *in_hand = msg;
  int i, mine = received++;

  ck_assert_int_eq(status, 0);
  ck_assert_int_eq(in_hand->number[0], mine);
  ck_assert_int_eq(loopchan_try_recv(receiver, &incoming), 0);
  ck_assert_int_eq(incoming.number[0], received++);
  ck_assert_int_eq(loopchan_try_recv(receiver, &incoming), UV_EAGAIN);
  for (i = 0; i < 2; i++) {
    outgoing.number[0] = received + i;
    ck_assert_int_eq(loopchan_send(tx, &outgoing), 0);
  }
  ck_assert_int_eq(in_hand->number[0], mine);
  if (received == 100)
    ck_assert_int_eq(loopchan_close(receiver, on_close), 0);
  ck_assert_int_eq(in_hand->number[0], mine);
}

START_TEST(the_message_in_hand_stays_whatever_the_callback_does) {
  loopchan_options_t options = int_options();

  close_rx();
  drop_tx();
  uv_run(&loop, UV_RUN_DEFAULT);
  options.msg_size = sizeof(large_t);
  open_with(&loop, &options);
  for (; outgoing.number[0] < 2; outgoing.number[0]++)
    ck_assert_int_eq(loopchan_send(tx, &outgoing), 0);
  start_and_run(take_more_inside);
  ck_assert_int_eq(received, 100);
  ck_assert_int_eq(closed, 1);
  drop_tx();
}
END_TEST

static void second(loopchan_receiver_t *receiver, int status, void *msg) {
  ck_assert_int_eq(status, 0);
  ck_assert_int_eq(*(int *) msg, received++);
  if (received == 4)
    ck_assert_int_eq(loopchan_close(receiver, on_close), 0);
}

static void hand_on(loopchan_receiver_t *receiver, int status, void *msg) {
  ck_assert_int_eq(status, 0);
  ck_assert_int_eq(*(int *) msg, received++);
  ck_assert_int_eq(loopchan_recv_stop(receiver), 0);
  ck_assert_int_eq(loopchan_recv_start(receiver, second), 0);
}

START_TEST(another_callback_takes_over_in_the_callback) {
  send_ints(0, 4);
  start_and_run(hand_on);
  ck_assert_int_eq(received, 4);
  drop_tx();
}
END_TEST

static void reopen(loopchan_receiver_t *receiver) {
  loopchan_options_t options = int_options();

  closed++;
  ck_assert_ptr_eq(receiver, &rx);
  drop_tx();
  ck_assert_int_eq(loopchan_open(&loop, receiver, &tx, &options), 0);
}

START_TEST(a_receiver_is_opened_again_in_its_close_callback) {
  ck_assert_int_eq(loopchan_close(&rx, reopen), 0);
  uv_run(&loop, UV_RUN_NOWAIT);
  ck_assert_int_eq(closed, 1);
  send_ints(1, 1);
  expect_ints(1, 1);
  drop_tx();
  close_rx();
}
END_TEST

static void use_senders(void *msg, void *arg) {
  (void) arg;
  ck_assert_int_eq(loopchan_send(tx, msg), UV_EPIPE);
  ck_assert_int_eq(loopchan_is_closed(tx), 1);
  ck_assert_int_eq(loopchan_try_recv(&rx, msg), UV_EINVAL);
  ck_assert_int_eq(loopchan_close(&rx, NULL), UV_EALREADY);
  if (++dropped == 3)
    drop_tx();
}

START_TEST(the_drop_function_may_drop_the_last_sender) {
  loopchan_options_t options = int_options();

  close_rx();
  drop_tx();
  uv_run(&loop, UV_RUN_DEFAULT);
  options.drop = use_senders;
  open_with(&loop, &options);
  send_ints(0, 3);
  close_rx();
  ck_assert_int_eq(dropped, 3);
}
END_TEST

static Suite *suite(void) {
  Suite *suite = suite_create("promise callbacks");

  SUITE_CASE(suite, "callbacks", setup, expect_clean, close_in_the_callback,
             shut_down_in_the_callback, send_to_itself_in_the_callback,
             drop_the_last_sender_in_the_callback,
             close_another_receiver_in_the_callback,
             the_message_in_hand_stays_whatever_the_callback_does,
             another_callback_takes_over_in_the_callback,
             a_receiver_is_opened_again_in_its_close_callback,
             the_drop_function_may_drop_the_last_sender);
  return suite;
}
