/* receiver: what all kinds of receivers have in common. */
#ifndef LC_RECEIVER_H
#define LC_RECEIVER_H

#include <stdalign.h>

#include "base/mark.h"
#include "core/shared.h"

static_assert(offsetof(loopchan_receiver_t, async) == 0,
              "a loop receiver is a handle");

/* What loopchan_receiver_t.state says, in a mark. */
enum { LC_NEVER_OPENED, LC_OPEN, LC_CLOSING, LC_CLOSED_FOR_GOOD };

static inline bool lc_receiver_is_loop(const loopchan_receiver_t *rx) {
  return rx->async.type == UV_ASYNC;
}

static inline void lc_receiver_set(loopchan_receiver_t *rx, unsigned state) {
  rx->state = lc_mark(rx, state);
}

/* The thread of its loop, if it has one. */
static inline void lc_receiver_expect_handle(const loopchan_receiver_t *rx) {
  lc_expect(rx->state != lc_mark(rx, LC_OPEN) || !lc_receiver_is_loop(rx) ||
                !uv_is_closing((const uv_handle_t *) &rx->async),
            "uv_close was called on the receiver, not loopchan_close");
  (void) rx;
}

/* Only its thread may ask. Whether the library uses it. */
static inline bool lc_receiver_is_in_use(const loopchan_receiver_t *rx) {
  if (!LC_MARKS_LAST || (rx->state != lc_mark(rx, LC_OPEN) &&
                         rx->state != lc_mark(rx, LC_CLOSING)))
    return false;
  lc_receiver_expect_handle(rx);
  return true;
}

/* While it was open. */
static inline bool lc_receiver_was_moved(const loopchan_receiver_t *rx) {
  bool was_moved = lc_mark_is_not_from(rx->state, rx, LC_OPEN);

  lc_expect(!was_moved,
            "the receiver was moved while it was open, or was not zeroed");
  return was_moved;
}

/* Open, and where it was opened. */
static inline bool lc_receiver_is_in_place(const loopchan_receiver_t *rx) {
  if (LC_LIKELY(rx->state == lc_mark(rx, LC_OPEN)))
    return true;
  (void) lc_receiver_was_moved(rx);
  return false;
}

/* The thread of its loop, if it has one. */
static inline bool lc_receiver_is_open(const loopchan_receiver_t *rx) {
  if (rx == NULL || !lc_receiver_is_in_place(rx))
    return false;
  lc_receiver_expect_handle(rx);
  return true;
}

/* After a call that could not enter. False: it was never opened, or was moved.
 * The state of a shared one must not be read by a thread that is not inside. */
static inline bool lc_receiver_is_closed(const loopchan_receiver_t *rx,
                                         int err) {
  return err == UV_EOF ||
         (rx != NULL && !rx->shared && (rx->state & LC_MARK_IS) > LC_OPEN);
}

static inline lc_gate_t *lc_receiver_gate(loopchan_receiver_t *rx) {
  static_assert(sizeof(lc_gate_t) == sizeof rx->gate &&
                    alignof(lc_gate_t) == alignof(uintptr_t),
                "the gate fits");
  return (lc_gate_t *) &rx->gate;
}

/* Every call on an open receiver is between enter and exit. With a plain
 * receiver a debug build aborts if a call on another thread is there too; with
 * a shared one the call has the receiving side to itself, except while it
 * waits. */
typedef struct {
  lc_channel_t *channel;
  lc_consumer_t *consumer; /* shared: the receiver's; else NULL */
  uintptr_t was; /* debug: who was inside before: a callback's caller */
} lc_scope_t;

/* 0; or UV_EINVAL: not open, or moved; or UV_EOF: shared, and closed, or about
 * to be. */
LC_MUST_USE int lc_receiver_enter_shared(loopchan_receiver_t *rx,
                                         lc_scope_t *scope);
void lc_receiver_exit_shared(loopchan_receiver_t *rx, const lc_scope_t *scope);

LC_MUST_USE static inline int lc_receiver_enter(loopchan_receiver_t *rx,
                                                lc_scope_t *scope) {
  if (LC_UNLIKELY(rx != NULL && rx->shared))
    return lc_receiver_enter_shared(rx, scope);
  if (!lc_receiver_is_open(rx))
    return UV_EINVAL;
  scope->channel = rx->channel;
  scope->consumer = NULL;
  if (lc_receiver_is_loop(rx))
    lc_loop_note_call(rx->channel->loop);
#ifndef NDEBUG
  scope->was = lc_guard_enter(&rx->channel->rx.guard);
  lc_expect(scope->was == 0 || scope->was == lc_thread_self(),
            "another thread is in a call on the receiver");
#endif
  return 0;
}

static inline void lc_receiver_exit(loopchan_receiver_t *rx,
                                    const lc_scope_t *scope) {
  if (LC_UNLIKELY(scope->consumer != NULL))
    lc_receiver_exit_shared(rx, scope);
#ifndef NDEBUG
  else
    lc_guard_exit(&scope->channel->rx.guard, scope->was);
#endif
}

/* Shared receivers, see receiver_shared.c: opens, closes, starts, stops one. */
LC_MUST_USE int lc_receiver_shared_open(uv_loop_t *loop,
                                        loopchan_receiver_t *rx,
                                        lc_channel_t *channel);
int lc_receiver_shared_close(loopchan_receiver_t *rx, lc_on_closed_t on_closed);
LC_MUST_USE int lc_receiver_shared_start(loopchan_receiver_t *rx,
                                         loopchan_recv_cb cb);
int lc_receiver_shared_stop(loopchan_receiver_t *rx);
bool lc_receiver_shared_is_handle(const uv_async_t *async);

/* Copies a message out. msg may be NULL if there is nothing to copy. 0, or
 * UV_EAGAIN, or UV_EOF: the end, or shared, and the receiver is being closed.
 */
LC_MUST_USE int lc_receiver_take(const lc_scope_t *scope, void *msg);

/* In a call that found nothing and does not wait: as lc_rx_tidy, once. False:
 * shared, and the receiver is being closed. */
LC_MUST_USE bool lc_receiver_tidy(const lc_scope_t *scope);

/* Sets what is left to set when a receiver has been made. consumer is NULL for
 * one that is not shared. */
void lc_receiver_begin(loopchan_receiver_t *rx, lc_channel_t *channel,
                       lc_consumer_t *consumer, bool on_loop);

/* Ends the receiver's use of the core, and the library's use of rx. */
void lc_receiver_end(loopchan_receiver_t *rx, lc_channel_t *channel,
                     lc_on_closed_t on_closed);

/* receiver_loop's part in the life of a receiver. */
LC_MUST_USE int lc_receiver_loop_open(uv_loop_t *loop, loopchan_receiver_t *rx,
                                      lc_channel_t *channel);
void lc_receiver_loop_close(loopchan_receiver_t *rx);

/* Receiver, at the end of the channel. If there is a callback, requests it. */
void lc_receiver_loop_end_came(lc_channel_t *channel);

/* NULL: some other handle. */
loopchan_receiver_t *lc_receiver_loop_from_handle(const uv_handle_t *handle);

#endif /* LC_RECEIVER_H */
