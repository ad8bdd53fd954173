/* Promise §3.3: one turn of the loop delivers so much and no more; timers and
 * other receivers have their turns between. Counted in turns, not in time. */
#include "support/channel.h"
#include "support/suite.h"

#define MOST 16

static uv_prepare_t turn_begins;
static uv_timer_t timer;
static loopchan_receiver_t other_rx;
static loopchan_sender_t *other_tx;
static int turns, in_this_turn, most_in_a_turn, received, timer_calls;
static int other_received, turns_before_first;

static void on_turn(uv_prepare_t *handle) {
  (void) handle;
  turns++;
  in_this_turn = 0;
}

static void setup(void) {
  turns = in_this_turn = most_in_a_turn = received = timer_calls = 0;
  other_received = turns_before_first = 0;
  start_clean();
  ck_assert_int_eq(uv_prepare_init(&loop, &turn_begins), 0);
  ck_assert_int_eq(uv_prepare_start(&turn_begins, on_turn), 0);
  uv_unref((uv_handle_t *) &turn_begins);
}

static void teardown(void) {
  uv_close((uv_handle_t *) &turn_begins, NULL);
  expect_clean();
}

static void count(loopchan_receiver_t *receiver, int status, void *msg) {
  if (status == UV_EOF) {
    ck_assert_int_eq(loopchan_close(receiver, NULL), 0);
    return;
  }
  ck_assert_int_eq(*(int *) msg, received++);
  if (++in_this_turn > most_in_a_turn)
    most_in_a_turn = in_this_turn;
}

/* All that was sent before the loop runs, and the end. */
static void deliver(const loopchan_options_t *options, int messages,
                    loopchan_recv_cb cb) {
  open_with(&loop, options);
  send_ints(0, messages);
  drop_tx();
  ck_assert_int_eq(loopchan_recv_start(&rx, cb), 0);
  uv_run(&loop, UV_RUN_DEFAULT);
}

START_TEST(a_turn_delivers_no_more_than_max_messages) {
  loopchan_options_t options = int_options();
  loopchan_stats_t stats;

  options.budget_messages = MOST;
  deliver(&options, 10 * MOST, count);
  ck_assert_int_eq(received, 10 * MOST);
  ck_assert_int_eq(most_in_a_turn, MOST);
  ck_assert_int_ge(turns, 10);
  ck_assert_int_eq(loopchan_stats(&rx, &stats), 0);
  ck_assert_uint_eq(stats.budget_cuts, 9);
}
END_TEST

START_TEST(the_default_is_1024) {
  loopchan_options_t options = int_options();

  deliver(&options, 5000, count);
  ck_assert_int_eq(received, 5000);
  ck_assert_int_eq(most_in_a_turn, 1024);
}
END_TEST

static void take_a_millisecond(loopchan_receiver_t *receiver, int status,
                               void *msg) {
  uint64_t end = uv_hrtime() + 1000000;

  while (status == 0 && uv_hrtime() < end) {
  }
  count(receiver, status, msg);
}

/* As much time as has passed since the machine was started. */
START_TEST(a_turn_goes_on_while_it_has_time) {
  loopchan_options_t options = int_options();
  loopchan_stats_t stats;

  options.budget_ns = uv_hrtime();
  deliver(&options, 10 * MOST, count);
  ck_assert_int_eq(most_in_a_turn, 10 * MOST);
  ck_assert_int_eq(loopchan_stats(&rx, &stats), 0);
  ck_assert_uint_eq(stats.budget_cuts, 0);
}
END_TEST

/* The callback's time is its own: each takes at least half of the budget. */
START_TEST(a_turn_ends_when_its_time_is_up) {
  loopchan_options_t options = int_options();

  options.budget_ns = 2000000;
  deliver(&options, 20, take_a_millisecond);
  ck_assert_int_eq(received, 20);
  ck_assert_int_le(most_in_a_turn, 2);
}
END_TEST

#define QUICK 520
#define SLOW_MS 90

static void become_slow(loopchan_receiver_t *receiver, int status, void *msg) {
  if (status == 0 && received >= QUICK)
    take_a_millisecond(receiver, status, msg);
  else
    count(receiver, status, msg);
}

/* Looks at the clock are rare while callbacks are quick; then each is followed
 * by one. */
START_TEST(callbacks_that_become_slow_are_noticed) {
  loopchan_options_t options = int_options();

  options.budget_ns = SLOW_MS * UINT64_C(1000000);
  options.budget_messages = 1000000;
  deliver(&options, 1000, become_slow);
  ck_assert_int_eq(received, 1000);
  ck_assert_int_le(most_in_a_turn, QUICK + SLOW_MS);
}
END_TEST

static void on_timer(uv_timer_t *handle) {
  timer_calls++;
  /* The sender's thread may have been late to begin. */
  if (timer_calls >= 20 && received >= 20) {
    uv_close((uv_handle_t *) handle, NULL);
    close_rx();
  }
}

static void flood(void *arg) {
  loopchan_sender_t *mine = arg;
  int message = 0;

  while (loopchan_send(mine, &message) == 0)
    message++;
  loopchan_sender_drop(mine);
}

/* Each message takes as long as the whole budget, and a sender floods. In which
 * turn the timer is due is for libuv's clock to say, which may stand still for
 * some turns: that each turn has one message is what lets the timer run. */
START_TEST(a_timer_runs_while_a_sender_floods_a_slow_callback) {
  loopchan_options_t options = int_options();
  uv_thread_t sender;

  options.budget_ns = 1;
  open_with(&loop, &options);
  ck_assert_int_eq(uv_timer_init(&loop, &timer), 0);
  ck_assert_int_eq(uv_timer_start(&timer, on_timer, 1, 1), 0);
  ck_assert_int_eq(loopchan_recv_start(&rx, take_a_millisecond), 0);
  ck_assert_int_eq(uv_thread_create(&sender, flood, tx), 0);
  tx = NULL;
  uv_run(&loop, UV_RUN_DEFAULT);
  ck_assert_int_eq(uv_thread_join(&sender), 0);
  ck_assert_int_ge(timer_calls, 20);
  ck_assert_int_eq(most_in_a_turn, 1);
}
END_TEST

static void on_other(loopchan_receiver_t *receiver, int status, void *msg) {
  (void) msg;
  ck_assert_int_eq(status, 0);
  if (++other_received == 1) {
    /* The flooded one has had its first turns and no more. */
    ck_assert_int_le(received, 2 * MOST);
    ck_assert_int_eq(loopchan_close(receiver, NULL), 0);
  }
}

START_TEST(another_receiver_has_its_turn) {
  loopchan_options_t options = int_options();

  options.budget_messages = MOST;
  open_with(&loop, &options);
  ck_assert_int_eq(loopchan_open(&loop, &other_rx, &other_tx, &options), 0);
  send_ints(0, 100 * MOST);
  drop_tx();
  ck_assert_int_eq(loopchan_send(other_tx, &received), 0);
  ck_assert_int_eq(loopchan_recv_start(&rx, count), 0);
  ck_assert_int_eq(loopchan_recv_start(&other_rx, on_other), 0);
  uv_run(&loop, UV_RUN_DEFAULT);
  ck_assert_int_eq(received, 100 * MOST);
  ck_assert_int_eq(other_received, 1);
  loopchan_sender_drop(other_tx);
}
END_TEST

#define MANY 6

static loopchan_receiver_t many_rx[MANY];
static loopchan_sender_t *many_tx[MANY];
static int last_turn_of[MANY], most_turns_between, ended;

static void take_a_millisecond_of_all(loopchan_receiver_t *receiver, int status,
                                      void *msg) {
  int i = (int) (receiver - many_rx);

  (void) msg;
  if (status == UV_EOF) {
    ended++;
    ck_assert_int_eq(loopchan_close(receiver, NULL), 0);
    return;
  }
  if (turns - last_turn_of[i] > most_turns_between)
    most_turns_between = turns - last_turn_of[i];
  last_turn_of[i] = turns;
  take_a_millisecond(receiver, 0, &received);
}

/* Each callback takes as long as the turn may. So one of them all is called in
 * a turn, and each of them in any so many turns, and those that it may take to
 * see that a turn has ended; also if the count of messages ends a delivery
 * before its time is up. */
START_TEST(all_receivers_of_a_loop_share_the_time_of_a_turn) {
  loopchan_options_t options = int_options();
  int i, k;

  options.budget_ns = 1000000;
  options.budget_messages = (unsigned) _i; /* 0: the default */
  ended = most_turns_between = 0;
  for (i = 0; i < MANY; i++) {
    last_turn_of[i] = 0;
    ck_assert_int_eq(loopchan_open(&loop, &many_rx[i], &many_tx[i], &options),
                     0);
    for (k = 0; k < 10; k++)
      ck_assert_int_eq(loopchan_send(many_tx[i], &k), 0);
    loopchan_sender_drop(many_tx[i]);
    ck_assert_int_eq(
        loopchan_recv_start(&many_rx[i], take_a_millisecond_of_all), 0);
  }
  uv_run(&loop, UV_RUN_DEFAULT);
  ck_assert_int_eq(ended, MANY);
  ck_assert_int_eq(received, 10 * MANY);
  ck_assert_int_eq(most_in_a_turn, 1);
  ck_assert_int_le(most_turns_between, 2 * MANY);
}
END_TEST

#define ACCEPTED 12

static loopchan_writer_t writer;
static loopchan_write_t requests[20];
static int written, writer_closed;

static void on_written(loopchan_write_t *req, int status) {
  ck_assert_ptr_eq(req, &requests[written]);
  ck_assert_int_eq(status, written < ACCEPTED ? 0 : UV_ECANCELED);
  ck_assert_int_eq(writer_closed, 0);
  written++;
  take_a_millisecond(NULL, 0, &received);
}

static void on_writer_closed(loopchan_writer_t *w) {
  (void) w;
  writer_closed++;
}

/* Those that were accepted, and those that its close has cancelled; though the
 * writer keeps no loop going. */
START_TEST(a_writers_callbacks_share_it_too) {
  loopchan_options_t options = int_options();
  int i;

  written = writer_closed = 0;
  options.budget_ns = 1000000;
  options.capacity = (size_t) ACCEPTED;
  open_with(NULL, &options);
  ck_assert_int_eq(loopchan_writer_open(&loop, &writer, tx), 0);
  for (i = 0; i < 20; i++)
    ck_assert_int_eq(loopchan_write(&requests[i], &writer, &i, on_written), 0);
  uv_unref((uv_handle_t *) &writer);
  ck_assert_int_eq(loopchan_writer_close(&writer, on_writer_closed), 0);
  uv_run(&loop, UV_RUN_DEFAULT);
  ck_assert_int_eq(written, 20);
  ck_assert_int_eq(writer_closed, 1);
  ck_assert_int_eq(most_in_a_turn, 1);
  close_rx();
}
END_TEST

static void on_due(uv_timer_t *handle) {
  uv_close((uv_handle_t *) handle, NULL);
  close_rx();
  drop_tx();
}

static void count_and_be_due(loopchan_receiver_t *receiver, int status,
                             void *msg) {
  count(receiver, status, msg);
  ck_assert_int_eq(uv_timer_start(&timer, on_due, 1, 0), 0);
}

/* However long it may spin, the loop goes on when the turn's time is up. */
START_TEST(a_spin_ends_with_the_turn) {
  loopchan_options_t options = int_options();

  options.spin_ns = LOOPCHAN_FOREVER / 2;
  options.budget_ns = 1000000;
  open_with(&loop, &options);
  ck_assert_int_eq(uv_timer_init(&loop, &timer), 0);
  ck_assert_int_eq(loopchan_recv_start(&rx, count_and_be_due), 0);
  send_ints(0, 1);
  uv_run(&loop, UV_RUN_DEFAULT);
  ck_assert_int_eq(received, 1);
}
END_TEST

#define FLOOD 300000
#define QUIET 100
#define CROWD 20000

static loopchan_sender_t *crowd[CROWD];
static uint64_t cuts_before_end;

static void count_from_first(loopchan_receiver_t *receiver, int status,
                             void *msg) {
  if (received == 0)
    turns_before_first = turns;
  count(receiver, status, msg);
}

static loopchan_options_t spent_at_once(unsigned flags) {
  loopchan_options_t options = int_options();

  options.budget_ns = 1;
  options.flags = flags;
  return options;
}

/* One sender sends a message, another one very many, and then the first one
 * enough to fill what it has of memory. */
static void send_flood(unsigned flags) {
  loopchan_options_t options = spent_at_once(flags);
  loopchan_sender_t *quiet;
  int i;

  open_with(&loop, &options);
  quiet = loopchan_sender_clone(tx);
  ck_assert_ptr_nonnull(quiet);
  ck_assert_int_eq(loopchan_send(quiet, &(int){0}), 0);
  send_ints(1, FLOOD);
  for (i = FLOOD + 1; i < FLOOD + QUIET; i++)
    ck_assert_int_eq(loopchan_send(quiet, &i), 0);
  loopchan_sender_drop(quiet);
}

/* What the receiver has to do before its first callback grows with the flood,
 * and takes as many turns more, if the budget is always used up. _i:
 * LOOPCHAN_SHARED. */
START_TEST(a_flood_after_a_quiet_sender_is_sorted_in_many_turns) {
  loopchan_stats_t stats;

  send_flood(_i ? LOOPCHAN_SHARED : 0);
  drop_tx();
  ck_assert_int_eq(loopchan_recv_start(&rx, count_from_first), 0);
  uv_run(&loop, UV_RUN_DEFAULT);
  ck_assert_int_eq(received, FLOOD + QUIET);
  ck_assert_int_ge(turns_before_first, FLOOD / 10000);
  ck_assert_int_eq(loopchan_stats(&rx, &stats), 0);
  ck_assert_uint_ge(stats.budget_cuts, FLOOD / 10000);
}
END_TEST

static void close_at_last(loopchan_receiver_t *receiver, int status,
                          void *msg) {
  count_from_first(receiver, status, msg);
  if (received == CROWD)
    ck_assert_int_eq(loopchan_close(receiver, NULL), 0);
}

static void send_from_crowd(void) {
  int i;

  for (i = 0; i < CROWD; i++) {
    crowd[i] = loopchan_sender_clone(tx);
    if (crowd[i] == NULL || loopchan_send(crowd[i], &i) != 0)
      ck_abort_msg("%d was not sent", i);
  }
}

/* The same if many senders send one message each. */
START_TEST(a_flood_of_many_senders_is_sorted_in_many_turns) {
  loopchan_options_t options = spent_at_once(_i ? LOOPCHAN_SHARED : 0);
  int i;

  open_with(&loop, &options);
  send_from_crowd();
  ck_assert_int_eq(loopchan_recv_start(&rx, close_at_last), 0);
  uv_run(&loop, UV_RUN_DEFAULT);
  ck_assert_int_eq(received, CROWD);
  ck_assert_int_ge(turns_before_first, CROWD / 10000);
  for (i = 0; i < CROWD; i++)
    loopchan_sender_drop(crowd[i]);
  drop_tx();
}
END_TEST

static void note_cuts(loopchan_receiver_t *receiver, int status, void *msg) {
  loopchan_stats_t stats;

  if (loopchan_stats(receiver, &stats) != 0)
    ck_abort_msg("no figures");
  if (status == 0)
    cuts_before_end = stats.budget_cuts;
  else
    ck_assert_uint_ge(stats.budget_cuts, cuts_before_end + CROWD / 1000);
  count(receiver, status, msg);
}

/* Behind the messages each sender has left its memory to be freed. */
START_TEST(what_many_dropped_senders_leave_is_freed_in_many_turns) {
  loopchan_options_t options = spent_at_once(_i ? LOOPCHAN_SHARED : 0);
  int i;

  open_with(&loop, &options);
  send_from_crowd();
  for (i = 0; i < CROWD; i++)
    loopchan_sender_drop(crowd[i]);
  drop_tx();
  ck_assert_int_eq(loopchan_recv_start(&rx, note_cuts), 0);
  uv_run(&loop, UV_RUN_DEFAULT);
  ck_assert_int_eq(received, CROWD);
}
END_TEST

/* All that can happen before the first callback, but after the work for it has
 * begun. */
static void half_sorted(unsigned flags) {
  int i;

  send_flood(flags);
  ck_assert_int_eq(loopchan_recv_start(&rx, count_from_first), 0);
  for (i = 0; i < FLOOD / 10000; i++)
    uv_run(&loop, UV_RUN_NOWAIT);
  ck_assert_int_eq(received, 0);
}

START_TEST(what_is_half_sorted_can_be_received_by_other_calls) {
  half_sorted(_i ? LOOPCHAN_SHARED : 0);
  ck_assert_int_eq(loopchan_recv_stop(&rx), 0);
  uv_run(&loop, UV_RUN_NOWAIT);
  send_ints(FLOOD + QUIET, 10);
  drop_tx();
  expect_ints(0, 10);
  received = 10;
  ck_assert_int_eq(loopchan_recv_start(&rx, count_from_first), 0);
  uv_run(&loop, UV_RUN_DEFAULT);
  ck_assert_int_eq(received, FLOOD + QUIET + 10);
}
END_TEST

START_TEST(a_shutdown_of_what_is_half_sorted_leaves_it_in_order) {
  half_sorted(_i ? LOOPCHAN_SHARED : 0);
  send_ints(FLOOD + QUIET, FLOOD);
  ck_assert_int_eq(loopchan_shutdown(&rx), 0);
  ck_assert_int_eq(loopchan_send(tx, &received), UV_EPIPE);
  uv_run(&loop, UV_RUN_DEFAULT);
  ck_assert_int_eq(received, 2 * FLOOD + QUIET);
  drop_tx();
}
END_TEST

START_TEST(a_close_drops_what_is_half_sorted) {
  loopchan_stats_t stats;

  half_sorted(_i ? LOOPCHAN_SHARED : 0);
  send_ints(FLOOD + QUIET, 10);
  close_rx();
  ck_assert_int_eq(loopchan_stats(&rx, &stats), 0);
  ck_assert_uint_eq(stats.dropped, FLOOD + QUIET + 10);
  ck_assert_uint_eq(stats.queued, 0);
  drop_tx();
}
END_TEST

static Suite *suite(void) {
  Suite *suite = suite_create("promise budget");

  SUITE_CASE(suite, "budget", setup, teardown,
             a_turn_delivers_no_more_than_max_messages, the_default_is_1024,
             a_turn_goes_on_while_it_has_time, a_turn_ends_when_its_time_is_up,
             callbacks_that_become_slow_are_noticed, a_spin_ends_with_the_turn,
             a_timer_runs_while_a_sender_floods_a_slow_callback,
             another_receiver_has_its_turn, a_writers_callbacks_share_it_too);
  SUITE_LOOP_CASE(suite, "many", setup, teardown, 3,
                  all_receivers_of_a_loop_share_the_time_of_a_turn);
  SUITE_LOOP_CASE(suite, "flood", setup, teardown, 2,
                  a_flood_after_a_quiet_sender_is_sorted_in_many_turns,
                  a_flood_of_many_senders_is_sorted_in_many_turns,
                  what_many_dropped_senders_leave_is_freed_in_many_turns,
                  what_is_half_sorted_can_be_received_by_other_calls,
                  a_shutdown_of_what_is_half_sorted_leaves_it_in_order,
                  a_close_drops_what_is_half_sorted);
  return suite;
}
