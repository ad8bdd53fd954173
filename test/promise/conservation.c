/* Promise §3.6: each message accepted is received once or dropped once, each
 * refused is still its sender's; whatever sends, writes, closes, shutdowns and
 * drops do to each other.
 *
 * Each game is printed with its seed; LOOPCHAN_SEED in the environment plays it
 * again, as far as the scheduler does. */
#include "support/exchange.h"
#include "support/flavour.h"
#include "support/suite.h"

#ifdef SLOW /* under a sanitizer */
#define ROUNDS 100
#else
#define ROUNDS 300
#endif
/* On a busy machine each message may wait for a turn of the processor: there,
 * as many rounds as are played in this time. */
#define ENOUGH_NS (20 * UINT64_C(1000000000))

static void play(kind_t kind, int senders, unsigned *seed) {
  static const size_t capacities[] = {LOOPCHAN_UNBOUNDED,  1, 2, 7, 1024,
                                      LOOPCHAN_RENDEZVOUS, 64};
  loopchan_options_t options = int_options();
  exchange_t how = {.loop = &loop, .senders = senders};

  options.capacity = capacities[draw(seed, 7)];
  options.flags = kind == ON_SHARED ? LOOPCHAN_SHARED : 0;
  options.budget_messages = 1 + draw(seed, 100);
  options.spin_ns = draw(seed, 2) ? LOOPCHAN_NO_SPIN : 0;
  how.each = 1 + (int) draw(seed, EXCHANGE_EACH);
  how.writer = draw(seed, 4) == 0;
  how.ending = (ending_t) draw(seed, 3);
  how.end_after = 1 + (int) draw(seed, 300);
  how.seed = *seed;
  ck_assert_int_eq(exchange(&options, kind == ON_LOOP, &how), 0);
}

static void play_rounds(kind_t kind, int senders) {
  const char *wanted = getenv("LOOPCHAN_SEED");
  unsigned seed = wanted != NULL ? (unsigned) strtoul(wanted, NULL, 10)
                                 : (unsigned) uv_hrtime();
  uint64_t begin = uv_hrtime();
  int round;

  printf("%d senders: LOOPCHAN_SEED=%u\n", senders, seed);
  fflush(stdout);
  for (round = 0; round < ROUNDS; round++) {
    play(kind, senders, &seed);
    if (wanted == NULL && uv_hrtime() - begin > ENOUGH_NS)
      break;
  }
}

START_TEST(on_a_loop_the_books_balance) {
  play_rounds(ON_LOOP, 1 << _i);
}
END_TEST

START_TEST(on_a_thread_the_books_balance) {
  play_rounds(ON_THREAD, 1 << _i);
}
END_TEST

START_TEST(with_many_hands_the_books_balance) {
  play_rounds(ON_SHARED, 1 << _i);
}
END_TEST

static Suite *suite(void) {
  Suite *suite = suite_create("promise conservation");
  TCase *books = tcase_create("books");

  tcase_add_checked_fixture(books, start_clean, expect_clean);
  tcase_set_timeout(books, 120);
  tcase_add_loop_test(books, on_a_loop_the_books_balance, 0, 4);
  tcase_add_loop_test(books, on_a_thread_the_books_balance, 0, 4);
  tcase_add_loop_test(books, with_many_hands_the_books_balance, 0, 4);
  suite_add_tcase(suite, books);
  return suite;
}
