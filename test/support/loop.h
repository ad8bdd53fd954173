/* loop: a loop for each test, and the proof that nothing is left on it. */
#ifndef SUPPORT_LOOP_H
#define SUPPORT_LOOP_H

#include <check.h>
#include <uv.h>

static uv_loop_t loop;

static inline void loop_open(void) {
  ck_assert_int_eq(uv_loop_init(&loop), 0);
}

static inline void expect_no_handle(uv_handle_t *handle, void *arg) {
  (void) arg;
  ck_abort_msg("a handle is left: %s", uv_handle_type_name(handle->type));
}

static inline void expect_closing(uv_handle_t *handle, void *arg) {
  if (!uv_is_closing(handle))
    expect_no_handle(handle, arg);
}

/* Every handle has to be closed by then; what is left is to call that back. A
 * handle that is not would keep the loop running, perhaps without end: where
 * nothing forks, check comes here after a failed assertion too. For the same
 * reason a test's handles are static: a failed test's stack is gone. */
static inline void expect_loop_clean(void) {
  uv_walk(&loop, expect_closing, NULL);
  ck_assert_int_eq(uv_run(&loop, UV_RUN_DEFAULT), 0);
  uv_walk(&loop, expect_no_handle, NULL);
  ck_assert_int_eq(uv_loop_close(&loop), 0);
}

#endif /* SUPPORT_LOOP_H */
