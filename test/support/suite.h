/* suite: the main function of a test file.
 *
 * Each test file defines `static Suite *suite(void)` and includes this header.
 * Every test runs in a process of its own, so that a lost wake-up shows as a
 * time-out of that test and of no other. CK_FORK=no runs them in one, as on
 * Windows: there each tells at once how it went, for a failed test may take the
 * others with it, and a hang all that is to be told at the end.
 */
#ifndef SUPPORT_SUITE_H
#define SUPPORT_SUITE_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

static Suite *suite(void);

/* Whether each test has a process of its own, which it may end. */
static inline int suite_forks(void) {
  SRunner *runner = srunner_create(NULL);
  int forks = srunner_fork_status(runner) == CK_FORK;

  srunner_free(runner);
  return forks;
}

/* Adds tests to a new case with the setup and teardown; either may be NULL. */
#define SUITE_CASE(suite, name, setup, teardown, ...)                  \
  do {                                                                 \
    const TTest *const tests_of_case[] = {__VA_ARGS__};                \
    TCase *new_case = tcase_create(name);                              \
    size_t t;                                                          \
    tcase_add_checked_fixture(new_case, setup, teardown);              \
    tcase_set_timeout(new_case, 60);                                   \
    for (t = 0; t < sizeof tests_of_case / sizeof *tests_of_case; t++) \
      tcase_add_test(new_case, tests_of_case[t]);                      \
    suite_add_tcase(suite, new_case);                                  \
  } while (0)

/* The same for loop tests: each test is run with _i from 0 to count - 1. */
#define SUITE_LOOP_CASE(suite, name, setup, teardown, count, ...)      \
  do {                                                                 \
    const TTest *const tests_of_case[] = {__VA_ARGS__};                \
    TCase *new_case = tcase_create(name);                              \
    size_t t;                                                          \
    tcase_add_checked_fixture(new_case, setup, teardown);              \
    tcase_set_timeout(new_case, 60);                                   \
    for (t = 0; t < sizeof tests_of_case / sizeof *tests_of_case; t++) \
      tcase_add_loop_test(new_case, tests_of_case[t], 0, count);       \
    suite_add_tcase(suite, new_case);                                  \
  } while (0)

int main(void) {
  SRunner *runner = srunner_create(suite());
  int failed;

  if (srunner_fork_status(runner) == CK_NOFORK) {
    setvbuf(stdout, NULL, _IONBF, 0);
    srunner_set_log(runner, "-");
  }
  srunner_run_all(runner, CK_ENV);
  failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#endif /* SUPPORT_SUITE_H */
