/* waiting: threads that wait for room, one known to stand behind another. */
#ifndef SUPPORT_WAITING_H
#define SUPPORT_WAITING_H

#include <sched.h>

#include "support/channel.h"

/* Looks until that many senders wait on rx. */
static inline void expect_waiting(size_t count) {
  loopchan_stats_t stats;

  do {
    sched_yield();
    ck_assert_int_eq(loopchan_stats(&rx, &stats), 0);
  } while (stats.waiting != count);
}

/* Sends message on a clone of tx, on a thread of its own. */
typedef struct {
  uv_thread_t thread;
  loopchan_sender_t *tx;
  int message;
  uint64_t timeout_ns;
  int result;
} waiter_t;

static inline void waiter_send(void *arg) {
  waiter_t *waiter = arg;

  waiter->result =
      loopchan_send_timeout(waiter->tx, &waiter->message, waiter->timeout_ns);
}

static inline void waiter_start(waiter_t *waiter, int message) {
  waiter->message = message;
  waiter->timeout_ns = LOOPCHAN_FOREVER;
  waiter->tx = loopchan_sender_clone(tx);
  ck_assert_ptr_nonnull(waiter->tx);
  ck_assert_int_eq(uv_thread_create(&waiter->thread, waiter_send, waiter), 0);
}

/* Its send returned that, and the message is as it was. */
static inline void waiter_expect(waiter_t *waiter, int message, int result) {
  ck_assert_int_eq(uv_thread_join(&waiter->thread), 0);
  ck_assert_int_eq(waiter->result, result);
  ck_assert_int_eq(waiter->message, message);
  loopchan_sender_drop(waiter->tx);
}

static inline void expect_try_send(int message, int result) {
  ck_assert_int_eq(loopchan_try_send(tx, &message), result);
}

static inline void open_capacity(uv_loop_t *on, size_t capacity) {
  loopchan_options_t options = int_options();

  options.capacity = capacity;
  open_with(on, &options);
}

static inline void close_and_drop(void) {
  close_rx();
  drop_tx();
}

#endif /* SUPPORT_WAITING_H */
