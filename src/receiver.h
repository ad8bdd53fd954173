/* receiver: what both kinds of receivers have in common. */
#ifndef LC_RECEIVER_H
#define LC_RECEIVER_H

#include "channel.h"

/* What loopchan_receiver_t.state tells. */
enum { LC_NEVER_OPENED, LC_OPEN, LC_CLOSING, LC_CLOSED_FOR_GOOD };

static inline bool lc_receiver_is_loop(const loopchan_receiver_t *rx) {
  return rx->async.type == UV_ASYNC;
}

static inline bool lc_receiver_is_open(const loopchan_receiver_t *rx) {
  if (rx == NULL || rx->state != LC_OPEN)
    return false;
  /* Fails after a plain uv_close on a receiver. */
  lc_assert(!lc_receiver_is_loop(rx) ||
            !uv_is_closing((const uv_handle_t *) &rx->async));
  return true;
}

/* Every call on an open receiver lies between these two. Fails when a call on
 * another thread lies there too. */
static inline uintptr_t lc_receiver_enter(lc_channel_t *channel) {
#ifdef NDEBUG
  (void) channel;
  return 0;
#else
  uintptr_t was = lc_occupant_enter(&channel->occupant);

  lc_assert(was == 0 || was == lc_thread_self());
  return was;
#endif
}

static inline void lc_receiver_exit(lc_channel_t *channel, uintptr_t was) {
#ifdef NDEBUG
  (void) channel;
  (void) was;
#else
  lc_occupant_exit(&channel->occupant, was);
#endif
}

/* Copies a message out. msg may be NULL if there is nothing to copy. 0, or
 * UV_EAGAIN, or UV_EOF. */
LC_MUST_USE int lc_receiver_take(lc_channel_t *channel, void *msg);

/* loopchan_close, with either kind of callback, or none. */
int lc_receiver_close(loopchan_receiver_t *rx, loopchan_close_cb cb,
                      uv_close_cb handle_cb);

/* The receiver's use of the core ends, and with it the library's of rx. */
void lc_receiver_let_go(loopchan_receiver_t *rx);

/* receiver_loop's part in the life of a receiver. */
int lc_loop_open(uv_loop_t *loop, loopchan_receiver_t *rx);
void lc_loop_end_came(lc_channel_t *channel);
void lc_loop_close(loopchan_receiver_t *rx);

#endif /* LC_RECEIVER_H */
