/* channel: the channel of int that most promises are tested on.
 *
 * open_loop and open_thread are setups, expect_clean is the teardown: by then
 * the test must have dropped its senders and closed rx.
 */
#ifndef SUPPORT_CHANNEL_H
#define SUPPORT_CHANNEL_H

#include <loopchan.h>
#include <string.h>

#include "support/locks.h"
#include "support/loop.h"
#include "support/memory.h"

static loopchan_receiver_t rx;
static loopchan_sender_t *tx;

/* The time budget is off: what a turn of the loop delivers must not depend on
 * how slow the machine is. */
static inline loopchan_options_t int_options(void) {
  loopchan_options_t options;

  memset(&options, 0, sizeof options);
  options.msg_size = sizeof(int);
  options.budget_ns = LOOPCHAN_FOREVER;
  return options;
}

static inline void open_with(uv_loop_t *on, const loopchan_options_t *options) {
  ck_assert_int_eq(loopchan_open(on, &rx, &tx, options), 0);
}

/* Its messages have no bytes: they are bare signals. */
static inline void open_signals(uv_loop_t *on) {
  loopchan_options_t options = int_options();

  options.msg_size = 0;
  open_with(on, &options);
}

static int locks_before;

static inline void start_clean(void) {
  memory_watch();
  locks_before = locks_alive();
  loop_open();
}

static inline void open_loop(void) {
  loopchan_options_t options = int_options();

  start_clean();
  open_with(&loop, &options);
}

static inline void open_thread(void) {
  loopchan_options_t options = int_options();

  start_clean();
  open_with(NULL, &options);
}

static inline void expect_clean(void) {
  expect_loop_clean();
  ck_assert_uint_eq(memory_blocks(), 0);
  ck_assert_int_eq(locks_alive(), locks_before);
}

/* Sends first, first + 1, ... on tx. (An assertion of check's makes a system
 * call, so a loop has one only where it fails.) */
static inline void send_ints(int first, int count) {
  for (; count > 0; count--, first++)
    if (loopchan_send(tx, &first) != 0)
      ck_abort_msg("%d was not sent", first);
}

/* try_recv finds first, first + 1, ... */
static inline void expect_ints(int first, int count) {
  for (; count > 0; count--, first++) {
    int message = -1, err = loopchan_try_recv(&rx, &message);
    if (err != 0 || message != first)
      ck_abort_msg("expected %d, got %d and code %d", first, message, err);
  }
}

static inline void close_rx(void) {
  ck_assert_int_eq(loopchan_close(&rx, NULL), 0);
}

static inline void drop_tx(void) {
  loopchan_sender_drop(tx);
  tx = NULL;
}

#endif /* SUPPORT_CHANNEL_H */
