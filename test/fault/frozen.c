/* Fault: threads stand still, anywhere, for as long as it pleases. A signal
 * stops one in the middle of whatever it does, under a mutex perhaps, while the
 * others go on as far as they can. Nothing is lost, no wake comes too late for
 * good, and nobody touches what is closed. */
#include <sched.h>

#include "support/exchange.h"
#include "support/flavour.h"
#include "support/signals.h"
#include "support/suite.h"

#ifdef SLOW /* under a sanitizer */
#define ROUNDS 10
#else
#define ROUNDS 20
#endif

static atomic_int frozen, held;
static atomic_bool thawed;
static unsigned freezer_seed;

static void freeze(int number) {
  (void) number;
  frozen++;
  while (!thawed)
    sched_yield();
  frozen--;
}

/* Holds it for a while, sometimes so long that others run out of work. A
 * sanitizer may keep a signal for later: then another hold has two. */
static void hold(pthread_t target) {
  unsigned yields = 1u << draw(&freezer_seed, 10), patience = 10000;

  thawed = false;
  pthread_kill(target, SIGUSR1);
  while (frozen == 0 && patience-- > 0)
    sched_yield();
  while (yields-- > 0)
    sched_yield();
  held += frozen > 0;
  thawed = true;
  while (frozen > 0)
    sched_yield();
}

static void begin_frost(void) {
  start_clean();
  freezer_seed = (unsigned) uv_hrtime();
  held = 0;
  signals_start(SIGUSR1, freeze, hold);
}

static void end_frost(void) {
  signals_stop();
  ck_assert_int_gt(held, 0);
  expect_clean();
}

/* The receiver goes to sleep at once, so that there is somebody to wake. */
START_TEST(whoever_is_frozen_nothing_is_lost) {
  loopchan_options_t options = flavour_options(&flavours[_i]);
  unsigned seed = (unsigned) uv_hrtime();
  exchange_t how = {.loop = &loop,
                    .thread_begins = signals_begin,
                    .thread_ends = signals_end};

  printf("%s: %u\n", flavours[_i].name, seed);
  options.spin_ns = LOOPCHAN_NO_SPIN;
  for (int round = 0; round < ROUNDS || held == 0; round++) {
    how.senders = 1 + (int) draw(&seed, 3);
    how.each = 1 + (int) draw(&seed, 60);
    how.writer = draw(&seed, 2);
    how.ending = (ending_t) draw(&seed, 3);
    how.end_after = 1 + (int) draw(&seed, 60);
    how.seed = seed;
    ck_assert_int_eq(exchange(&options, flavours[_i].kind == ON_LOOP, &how), 0);
  }
}
END_TEST

static Suite *suite(void) {
  Suite *suite = suite_create("fault frozen");

  SUITE_LOOP_CASE(suite, "each flavour", begin_frost, end_frost, WITH_LATEST,
                  whoever_is_frozen_nothing_is_lost);
  return suite;
}
