/* rx: the receiving side: parking, taking, and what is dropped in the end. */
#ifndef LC_RX_H
#define LC_RX_H

#include "core/channel.h"

/* When the core is made: sets what a take on this flavour has to know. */
void lc_rx_init(lc_channel_t *channel);

/* What stands for no slab that is deferred: the same for each copy of the
 * library. */
lc_slab_t *lc_rx_no_slab(lc_channel_t *channel);

/* Receiver, before it parks. True: a spin has found links in the inbox. */
LC_MUST_USE bool lc_rx_spin(lc_channel_t *channel, uint64_t deadline_ns);

/* Receiver. True: parked, the next send owes a wake. On a rendezvous channel,
 * only if no more sends wait than are seen to. */
LC_MUST_USE bool lc_rx_park(lc_channel_t *channel);
LC_MUST_USE bool lc_rx_park_behind(lc_channel_t *channel, size_t seen_to);

/* Receiving thread, parked. Sleeps until it is woken: 0; or until the deadline:
 * UV_ETIMEDOUT, and it is parked no more, or 0 if something has come. A wake
 * may be for nothing; then it is parked still. So after a 0 look, and park
 * again. */
LC_MUST_USE int lc_rx_sleep(lc_channel_t *channel, uint64_t deadline_ns);

/* Receiver. Moves what the inbox has to the backlog's end. True: there was
 * something. On a channel of the newest message only if that is received next:
 * what is in the backlog is replaced no more. */
bool lc_rx_gather(lc_channel_t *channel);

/* Receiver. The oldest message's node, which stays the oldest; NULL: none now.
 * The user is done with what lc_rx_next returned before. */
lc_link_t *lc_rx_peek(lc_channel_t *channel);

/* Receiver. Whether there is a message. */
bool lc_rx_has_message(lc_channel_t *channel);

/* Receiver. Takes the oldest message there is now; NULL: none. Its node is
 * valid until the next peek or next; in a callback until lc_rx_end_callback; if
 * it was matched, until lc_rx_complete. */
LC_MUST_USE lc_link_t *lc_rx_next(lc_channel_t *channel);

/* Receiver, once after each lc_rx_next. On a rendezvous channel, the send whose
 * message that was and that waits until it has been received: lc_rx_complete
 * lets it go. NULL: none waits for that. */
static inline lc_waiter_t *lc_rx_matched(lc_channel_t *channel) {
  lc_waiter_t *matched = channel->rx.matched;

  if (LC_UNLIKELY(matched != NULL))
    channel->rx.matched = NULL;
  return matched;
}

static inline void lc_rx_complete(lc_channel_t *channel, lc_waiter_t *matched) {
  if (LC_UNLIKELY(matched != NULL))
    lc_waitq_complete(&channel->waitq, matched);
}

/* Receiver. The callback has returned: its message is not used any more. */
void lc_rx_end_callback(lc_channel_t *channel);

/* Receiver. Refuses all later sends, and those that wait; what was accepted is
 * in the backlog. */
void lc_rx_refuse(lc_channel_t *channel);

/* Receiver. Of a channel that refuses, counts all messages as dropped; drops
 * them, unless that was done with the count: there is no drop function. */
void lc_rx_give_up(lc_channel_t *channel);
void lc_rx_drop_all(lc_channel_t *channel);

#endif /* LC_RX_H */
