/* Fault: every allocation fails once, in the life of every flavour of channel.
 * The call that needed it says UV_ENOMEM, its message is still its sender's,
 * nothing else is lost and nothing is left. */
#include "support/flavour.h"
#include "support/scenario.h"
#include "support/suite.h"

#ifdef SLOW /* under a sanitizer */
#define SEEDS 2
#else
#define SEEDS 8
#endif

static const source_t no_memory = {memory_fail, memory_has_failed, UV_ENOMEM,
                                   false};

/* At the least: the core, and a sender. */
START_TEST(any_allocation_may_fail_while_threads_and_a_writer_send) {
  for (scenario_seed = 0; scenario_seed < SEEDS; scenario_seed++)
    ck_assert_uint_gt(sweep(scenario_exchange, &loop, _i, &no_memory), 6);
}
END_TEST

START_TEST(any_allocation_may_fail_while_a_select_waits) {
  ck_assert_uint_gt(
      sweep(scenario_select, &loop, FIRST_ON_THREAD + _i, &no_memory), 3);
}
END_TEST

START_TEST(any_allocation_may_fail_in_typed_calls) {
  ck_assert_uint_ge(sweep(scenario_typed, &loop, _i, &no_memory), 1);
}
END_TEST

static Suite *suite(void) {
  Suite *suite = suite_create("fault memory");

  SUITE_LOOP_CASE(suite, "each flavour, and the newest only", start_clean,
                  expect_clean, WITH_LATEST,
                  any_allocation_may_fail_while_threads_and_a_writer_send);
  SUITE_LOOP_CASE(suite, "each flavour", start_clean, expect_clean, FLAVOURS,
                  any_allocation_may_fail_in_typed_calls);
  SUITE_LOOP_CASE(suite, "each capacity", start_clean, expect_clean, CAPACITIES,
                  any_allocation_may_fail_while_a_select_waits);
  return suite;
}
