/* Promise §3.4: select waits for whichever is ready, fairly. The list was
 * drawn up after crossbeam's tests/select.rs. */
#include <stdatomic.h>
#include <stdbool.h>

#include "support/channel.h"
#include "support/suite.h"
#include "support/threads.h"

#define MOST 1000

static loopchan_receiver_t rxs[MOST], *all[MOST];
static loopchan_sender_t *txs[MOST];

static void open_all(size_t n, size_t capacity) {
  loopchan_options_t options = int_options();
  size_t i;

  options.capacity = capacity;
  for (i = 0; i < n; i++) {
    all[i] = &rxs[i];
    ck_assert_int_eq(loopchan_open(NULL, &rxs[i], &txs[i], &options), 0);
  }
}

static void drop_all_senders(size_t n) {
  size_t i;

  for (i = 0; i < n; i++)
    loopchan_sender_drop(txs[i]);
}

static void close_all(size_t n) {
  size_t i;

  for (i = 0; i < n; i++)
    ck_assert_int_eq(loopchan_close(&rxs[i], NULL), 0);
}

static void send_on(size_t i, int message) {
  ck_assert_int_eq(loopchan_send(txs[i], &message), 0);
}

static void expect_on(size_t i, int message) {
  int got = -1;

  ck_assert_int_eq(loopchan_try_recv(&rxs[i], &got), 0);
  ck_assert_int_eq(got, message);
}

START_TEST(the_ready_one_is_named_and_keeps_its_message) {
  open_all(3, 0);
  ck_assert_int_eq(loopchan_select(all, 3, 0), UV_ETIMEDOUT);
  ck_assert_int_eq(loopchan_select(all, 3, 100000), UV_ETIMEDOUT);
  send_on(1, 5);
  ck_assert_int_eq(loopchan_select(all, 3, LOOPCHAN_FOREVER), 1);
  ck_assert_int_eq(loopchan_select(all, 3, 0), 1);
  expect_on(1, 5);
  ck_assert_int_eq(loopchan_select(all, 3, 0), UV_ETIMEDOUT);
  drop_all_senders(3);
  close_all(3);
}
END_TEST

START_TEST(an_end_of_file_is_ready) {
  open_all(3, 0);
  loopchan_sender_drop(txs[2]);
  ck_assert_int_eq(loopchan_select(all, 3, LOOPCHAN_FOREVER), 2);
  ck_assert_int_eq(loopchan_recv(&rxs[2], &(int){0}), UV_EOF);
  ck_assert_int_eq(loopchan_select(all, 3, 0), 2);
  ck_assert_int_eq(loopchan_select(all, 2, 0), UV_ETIMEDOUT);
  ck_assert_int_eq(loopchan_shutdown(&rxs[0]), 0);
  ck_assert_int_eq(loopchan_select(all, 2, 0), 0);
  drop_all_senders(2);
  close_all(3);
}
END_TEST

START_TEST(one_alone_is_enough) {
  loopchan_receiver_t *one[2] = {&rxs[0], NULL};

  open_all(1, 0);
  ck_assert_int_eq(loopchan_select(one, 1, 0), UV_ETIMEDOUT);
  send_on(0, 1);
  ck_assert_int_eq(loopchan_select(one, 1, LOOPCHAN_FOREVER), 0);
  drop_all_senders(1);
  close_all(1);
}
END_TEST

static int received;

static void receive_elsewhere(int self) {
  (void) self;
  received = 0;
  if (loopchan_try_recv(&rxs[0], &received) != 0)
    received = -1;
}

/* None of its calls is made at the same time as another. */
START_TEST(a_select_leaves_its_receivers_to_other_threads) {
  open_all(1, 0);
  send_on(0, 1);
  ck_assert_int_eq(loopchan_select(all, 1, 0), 0);
  threads_start(1, receive_elsewhere);
  threads_join();
  ck_assert_int_eq(received, 1);
  drop_all_senders(1);
  close_all(1);
}
END_TEST

/* The first is always ready; the others have their turn nonetheless. */
START_TEST(nobody_waits_behind_a_busier_one) {
  size_t n, i;

  for (n = 1; n <= 5; n++) {
    int named[5] = {0};
    open_all(n, 0);
    for (i = 0; i < n; i++)
      send_on(i, 0);
    for (i = 0; i < 5 * n; i++)
      named[loopchan_select(all, n, 0)]++;
    for (i = 0; i < n; i++)
      ck_assert_int_eq(named[i], 5);
    drop_all_senders(n);
    close_all(n);
  }
}
END_TEST

/* Where not all are looked at in each call. */
#define MANY 100

START_TEST(among_many_each_ready_one_is_found) {
  static const size_t ready[] = {0, 1, 40, MANY - 1};
  size_t round, i;

  open_all(MANY, 0);
  for (i = 0; i < 4; i++)
    send_on(ready[i], 0);
  for (round = 0; round < 7; round++) {
    int found[MANY] = {0};
    for (i = 0; i < MANY; i++)
      found[loopchan_select(all, MANY, 0)]++;
    for (i = 0; i < 4; i++)
      ck_assert_int_gt(found[ready[i]], 0);
  }
  drop_all_senders(MANY);
  close_all(MANY);
}
END_TEST

START_TEST(an_array_may_be_shorter_than_it_was) {
  size_t n;

  open_all(MANY, 0);
  for (n = MANY; n > 0; n--) {
    send_on(n - 1, (int) n);
    ck_assert_int_eq(loopchan_select(all, n, 0), (int) n - 1);
    ck_assert_int_eq(loopchan_select(all, n, 0), (int) n - 1);
    if (n > 1)
      ck_assert_int_eq(loopchan_select(all, n - 1, 0), UV_ETIMEDOUT);
    expect_on(n - 1, (int) n);
  }
  drop_all_senders(MANY);
  close_all(MANY);
}
END_TEST

/* It is refused at once where nothing is ready, and soon where one always is.
 */
static void expect_refused_among_many(loopchan_receiver_t *bad) {
  size_t at, calls;

  for (at = 1; at < MANY; at += 14) {
    loopchan_receiver_t *good = all[at];
    all[at] = bad;
    ck_assert_int_eq(loopchan_select(all, MANY, 0), UV_EINVAL);
    ck_assert_int_eq(loopchan_select(all, MANY, LOOPCHAN_FOREVER), UV_EINVAL);
    send_on(0, 1);
    for (calls = 0; loopchan_select(all, MANY, 0) == 0; calls++)
      ck_assert_uint_lt(calls, MANY);
    expect_on(0, 1);
    all[at] = good;
    ck_assert_int_eq(loopchan_select(all, MANY, 0), UV_ETIMEDOUT);
  }
}

START_TEST(a_bad_one_among_many_is_refused) {
  loopchan_options_t options = int_options();

  open_all(MANY, 0);
  expect_refused_among_many(NULL);
  open_with(&loop, &options);
  expect_refused_among_many(&rx);
  close_rx();
  expect_refused_among_many(&rx);
  uv_run(&loop, UV_RUN_DEFAULT);
  drop_tx();
  options.flags = LOOPCHAN_SHARED;
  open_with(NULL, &options);
  expect_refused_among_many(&rx);
  close_rx();
  drop_tx();
  drop_all_senders(MANY);
  close_all(MANY);
}
END_TEST

START_TEST(one_may_be_there_twice) {
  open_all(2, 0);
  all[1] = &rxs[0];
  all[2] = &rxs[1];
  ck_assert_int_eq(loopchan_select(all, 3, 1000), UV_ETIMEDOUT);
  send_on(1, 1);
  ck_assert_int_eq(loopchan_select(all, 3, LOOPCHAN_FOREVER), 2);
  drop_all_senders(2);
  close_all(2);
}
END_TEST

START_TEST(bad_input_is_refused) {
  loopchan_options_t options = int_options();
  loopchan_receiver_t *two[2] = {&rxs[0], NULL};

  open_all(1, 0);
  ck_assert_int_eq(loopchan_select(NULL, 1, 0), UV_EINVAL);
  ck_assert_int_eq(loopchan_select(all, 0, 0), UV_EINVAL);
  ck_assert_int_eq(loopchan_select(all, SIZE_MAX, 0), UV_EINVAL);
  ck_assert_int_eq(loopchan_select(two, 2, 0), UV_EINVAL);
  ck_assert_int_eq(loopchan_select(&two[1], 1, 0), UV_EINVAL);
  open_with(&loop, &options);
  two[1] = &rx;
  ck_assert_int_eq(loopchan_select(two, 2, 0), UV_EINVAL);
  close_rx();
  ck_assert_int_eq(loopchan_select(two, 2, 0), UV_EINVAL);
  uv_run(&loop, UV_RUN_DEFAULT);
  drop_tx();
  options.flags = LOOPCHAN_SHARED;
  open_with(NULL, &options);
  ck_assert_int_eq(loopchan_select(two, 2, 0), UV_EINVAL);
  close_rx();
  drop_tx();
  drop_all_senders(1);
  close_all(1);
}
END_TEST

#define SENDERS 4
#define EACH 3000
static const size_t capacities[] = {LOOPCHAN_UNBOUNDED, 1, 64,
                                    LOOPCHAN_RENDEZVOUS};
static atomic_int failed;
static size_t channels;

/* Each sender sends to all channels in turn, and then drops its own. */
static void send_everywhere(int self) {
  int i;

  for (i = 0; i < EACH; i++) {
    int message = self * EACH + i;
    if (loopchan_send(txs[((size_t) i + (size_t) self) % channels], &message) !=
        0)
      failed = 1;
  }
}

START_TEST(nothing_is_lost_however_they_meet) {
  static bool got[SENDERS * EACH];
  int left = SENDERS * EACH, message;
  size_t ended;

  channels = _i % 2 == 0 ? 3 : 50;
  failed = 0;
  memset(got, 0, sizeof got);
  open_all(channels, capacities[_i / 2]);
  threads_start(SENDERS, send_everywhere);
  for (; left > 0; left--) {
    int at = loopchan_select(all, channels, LOOPCHAN_FOREVER);
    if (at < 0 || loopchan_try_recv(&rxs[at], &message) != 0 || got[message])
      ck_abort_msg("a ready one has nothing, or a double");
    got[message] = true;
  }
  threads_join();
  ck_assert_int_eq(failed, 0);
  drop_all_senders(channels);
  for (ended = 0; ended < channels; ended++)
    ck_assert_int_eq(loopchan_recv(&rxs[ended], &message), UV_EOF);
  close_all(channels);
}
END_TEST

/* A time-out against the sends that it meets: none is lost. */
START_TEST(a_time_out_loses_nothing) {
  int left = SENDERS * EACH, message;

  channels = 3;
  failed = 0;
  open_all(channels, 0);
  threads_start(SENDERS, send_everywhere);
  while (left > 0) {
    int at = loopchan_select(all, channels, (uint64_t) (left % 50) * 1000);
    if (at == UV_ETIMEDOUT)
      continue;
    if (at < 0)
      ck_abort_msg("select: %d", at);
    while (loopchan_try_recv(&rxs[at], &message) == 0)
      left--;
  }
  threads_join();
  ck_assert_int_eq(failed, 0);
  drop_all_senders(channels);
  close_all(channels);
}
END_TEST

static void send_on_the_last(int self) {
  int message = 7;

  (void) self;
  if (loopchan_send(txs[MOST - 1], &message) != 0)
    failed = 1;
}

START_TEST(a_thousand_receivers_are_watched) {
  failed = 0;
  open_all(MOST, 0);
  threads_start(1, send_on_the_last);
  ck_assert_int_eq(loopchan_select(all, MOST, LOOPCHAN_FOREVER), MOST - 1);
  expect_on(MOST - 1, 7);
  threads_join();
  ck_assert_int_eq(failed, 0);
  drop_all_senders(MOST);
  close_all(MOST);
}
END_TEST

static Suite *suite(void) {
  Suite *suite = suite_create("promise select");
  TCase *stress = tcase_create("stress");

  SUITE_CASE(
      suite, "select", start_clean, expect_clean,
      the_ready_one_is_named_and_keeps_its_message, an_end_of_file_is_ready,
      one_alone_is_enough, a_select_leaves_its_receivers_to_other_threads,
      nobody_waits_behind_a_busier_one, one_may_be_there_twice,
      among_many_each_ready_one_is_found, an_array_may_be_shorter_than_it_was,
      a_bad_one_among_many_is_refused, bad_input_is_refused,
      a_time_out_loses_nothing, a_thousand_receivers_are_watched);
  tcase_add_checked_fixture(stress, start_clean, expect_clean);
  tcase_set_timeout(stress, 60);
  tcase_add_loop_test(stress, nothing_is_lost_however_they_meet, 0, 8);
  suite_add_tcase(suite, stress);
  return suite;
}
