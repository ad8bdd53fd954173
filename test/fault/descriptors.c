/* Fault: no descriptor is left. A channel needs none of its own, whatever its
 * flavour; a loop that exists has what wakes it. */
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "support/flavour.h"
#include "support/scenario.h"
#include "support/suite.h"

static int spare;

/* From here on no call gets a descriptor. */
static void use_up(void) {
  struct rlimit limit;

  start_clean();
  spare = dup(0);
  ck_assert_int_ge(spare, 0);
  ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
  limit.rlim_cur = (rlim_t) spare;
  ck_assert_int_eq(close(spare), 0);
  ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
  ck_assert_int_eq(dup(0), -1);
}

START_TEST(every_flavour_lives_without_a_descriptor) {
  ck_assert_int_eq(scenario_exchange(&loop, _i, 0), 0);
}
END_TEST

/* A loop of one's own to receive on is what one cannot have; the other half of
 * the program goes on. */
START_TEST(a_loop_that_cannot_be_made_leaves_threads_to_receive) {
  uv_loop_t second;

  ck_assert_int_eq(uv_loop_init(&second), UV_EMFILE);
  open_flavour(FIRST_ON_THREAD);
  send_ints(0, 3);
  expect_ints(0, 3);
  drop_tx();
  close_rx();
}
END_TEST

static Suite *suite(void) {
  Suite *suite = suite_create("fault descriptors");

  SUITE_LOOP_CASE(suite, "each flavour", use_up, expect_clean, FLAVOURS,
                  every_flavour_lives_without_a_descriptor);
  SUITE_CASE(suite, "loop", use_up, expect_clean,
             a_loop_that_cannot_be_made_leaves_threads_to_receive);
  return suite;
}
