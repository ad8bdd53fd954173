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

/* Runs what is still to run. Every handle has to be closed by then. */
static inline void expect_loop_clean(void) {
  ck_assert_int_eq(uv_run(&loop, UV_RUN_DEFAULT), 0);
  uv_walk(&loop, expect_no_handle, NULL);
  ck_assert_int_eq(uv_loop_close(&loop), 0);
}

#endif /* SUPPORT_LOOP_H */
