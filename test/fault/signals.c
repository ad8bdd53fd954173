/* Fault: signals rain on every thread, and nothing restarts what they
 * interrupt. Blocking calls wait on, no code is one of theirs, and nothing is
 * lost. */
#include "support/exchange.h"
#include "support/flavour.h"
#include "support/signals.h"
#include "support/suite.h"
#include "support/threads.h"

#ifdef SLOW /* under a sanitizer */
#define ROUNDS 5
#else
#define ROUNDS 9
#endif

static atomic_uint handled;

static void on_signal(int number) {
  (void) number;
  handled++;
}

static void hit(pthread_t target) {
  pthread_kill(target, SIGUSR1);
}

static void begin_storm(void) {
  start_clean();
  handled = 0;
  signals_start(SIGUSR1, on_signal, hit);
}

static void end_storm(void) {
  signals_stop();
  ck_assert_uint_gt(handled, 0);
  expect_clean();
}

START_TEST(every_blocking_call_goes_on) {
  loopchan_options_t options = flavour_options(&flavours[_i]);
  exchange_t how = {.loop = &loop,
                    .senders = 3,
                    .each = 200,
                    .writer = true,
                    .end_after = 100,
                    .thread_begins = signals_begin,
                    .thread_ends = signals_end};

  for (int round = 0; round < ROUNDS || handled == 0; round++) {
    how.seed = (unsigned) round;
    how.ending = (ending_t) (round % 3);
    ck_assert_int_eq(exchange(&options, flavours[_i].kind == ON_LOOP, &how), 0);
  }
}
END_TEST

#define TIMEOUT_NS 2000000

/* Nothing to receive, or no room to send. */
static int wait_in_vain(size_t capacity) {
  loopchan_receiver_t *only[] = {&rx};
  int message = 7;

  if (capacity == LOOPCHAN_UNBOUNDED)
    return loopchan_recv_timeout(&rx, &message, TIMEOUT_NS);
  if (capacity == LOOPCHAN_RENDEZVOUS)
    return loopchan_select(only, 1, TIMEOUT_NS);
  return loopchan_send_timeout(tx, &message, TIMEOUT_NS);
}

/* Until it was hit while it waited. */
START_TEST(no_time_out_comes_before_its_time) {
  const flavour_t *flavour = &flavours[FIRST_ON_THREAD + _i];
  unsigned before;

  open_flavour(FIRST_ON_THREAD + _i);
  if (flavour->capacity != LOOPCHAN_UNBOUNDED)
    send_ints(0, flavour_room(flavour, 1024));
  signals_begin();
  do {
    uint64_t begin = uv_hrtime();
    before = handled;
    ck_assert_int_eq(wait_in_vain(flavour->capacity), UV_ETIMEDOUT);
    ck_assert_uint_ge(uv_hrtime() - begin, TIMEOUT_NS);
  } while (handled == before);
  signals_end();
  drop_tx();
  close_rx();
}
END_TEST

static void receive_to_the_end(int self) {
  (void) self;
  signals_begin();
  while (loopchan_recv(&rx, &(int){0}) == 0) {
  }
  signals_end();
}

/* A close of a shared receiver waits for those inside. */
START_TEST(a_close_waits_for_those_inside) {
  signals_begin();
  for (int round = 0; round < ROUNDS || handled == 0; round++) {
    open_flavour(FIRST_SHARED + _i);
    threads_start(3, receive_to_the_end);
    send_ints(0, 3);
    close_rx();
    threads_join();
    drop_tx();
  }
  signals_end();
}
END_TEST

static Suite *suite(void) {
  Suite *suite = suite_create("fault signals");

  SUITE_LOOP_CASE(suite, "each flavour", begin_storm, end_storm, FLAVOURS,
                  every_blocking_call_goes_on);
  SUITE_LOOP_CASE(suite, "each capacity", begin_storm, end_storm, CAPACITIES,
                  no_time_out_comes_before_its_time,
                  a_close_waits_for_those_inside);
  return suite;
}
