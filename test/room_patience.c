/* Room patience: what pays is done again. */
#include "patience.h"

#include "support/suite.h"

#define MOST_NS 20000

static lc_patience_t patience;

static void be_impatient(void) {
  int i;

  lc_patience_init(&patience, MOST_NS);
  for (i = 0; i < 30; i++)
    lc_patience_learn(&patience, false);
}

/* How many short looks in vain until there is a long one. */
static int shorts_to_a_long_one(void) {
  int shorts = 0;

  while (patience.next_ns == MOST_NS)
    lc_patience_learn(&patience, false);
  for (; patience.next_ns < MOST_NS; shorts++)
    lc_patience_learn(&patience, false);
  return shorts;
}

START_TEST(patience_that_pays_is_restored) {
  be_impatient();
  ck_assert_uint_lt(patience.next_ns, MOST_NS);
  ck_assert_uint_gt(patience.next_ns, 0);
  lc_patience_learn(&patience, true);
  ck_assert_uint_eq(patience.next_ns, MOST_NS);
}
END_TEST

START_TEST(the_impatient_look_out_long_now_and_then_ever_rarer) {
  int last = 0, round, shorts;

  lc_patience_init(&patience, MOST_NS);
  for (round = 0; round < 5; round++) {
    shorts = shorts_to_a_long_one();
    ck_assert_int_gt(shorts, last);
    last = shorts;
  }
  for (; round < 10; round++)
    ck_assert_int_le(shorts_to_a_long_one(), 100);
}
END_TEST

START_TEST(no_time_at_all_stays_none) {
  lc_patience_init(&patience, 0);
  lc_patience_learn(&patience, false);
  ck_assert_uint_eq(patience.next_ns, 0);
}
END_TEST

static Suite *suite(void) {
  Suite *suite = suite_create("room patience");

  SUITE_CASE(suite, "patience", NULL, NULL, patience_that_pays_is_restored,
             the_impatient_look_out_long_now_and_then_ever_rarer,
             no_time_at_all_stays_none);
  return suite;
}
