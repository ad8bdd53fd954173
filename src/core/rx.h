/* rx: the receiving side: parking, taking, and what is dropped in the end. */
#ifndef LC_RX_H
#define LC_RX_H

#include "core/channel.h"

/* Receiver, before it parks. True: a spin has found links in the inbox. */
LC_MUST_USE bool lc_rx_spin(lc_channel_t *channel, uint64_t deadline_ns);

/* Receiver, when it has found nothing, before it sleeps; no lock is needed.
 * Frees a little of what was kept while messages flowed, or lets senders run,
 * because they may be about to send. True: look once more, there is time: for
 * messages, and for more to free. */
bool lc_rx_tidy(lc_channel_t *channel, uint64_t deadline_ns);

/* Receiver, when the channel has ended; no lock is held. Frees all that was
 * kept for messages to come. False: the time is up. */
bool lc_rx_tidy_all(lc_channel_t *channel, uint64_t deadline_ns);

/* Receiver. True: parked, the next send owes a wake. On a rendezvous channel,
 * only if no more sends wait than are seen to. */
LC_MUST_USE bool lc_rx_park(lc_channel_t *channel);
LC_MUST_USE bool lc_rx_park_behind(lc_channel_t *channel, size_t seen_to);

/* Receiving thread, parked. Sleeps until it is woken, or until the deadline.
 * UV_ETIMEDOUT: nothing has come, and it is no longer parked. 0: look for
 * messages, and park again; a wake may be for nothing, and the receiver still
 * parked. */
LC_MUST_USE int lc_rx_sleep(lc_channel_t *channel, uint64_t deadline_ns);

/* Receiver. Moves what the inbox has to the backlog's end. True: there was
 * something. With LC_LATEST, call this only when the message will be received
 * next: in the backlog it can no longer be replaced. */
bool lc_rx_gather(lc_channel_t *channel);

/* Receiver. Returns the oldest message's node, which is not taken; NULL: none
 * now. What lc_rx_next returned before must not be in use any more. */
lc_link_t *lc_rx_peek(lc_channel_t *channel);

/* Receiver. Whether there is a message. */
bool lc_rx_has_message(lc_channel_t *channel);

/* Receiver. Takes the oldest message there is now; NULL: none. Its node is
 * valid until the next peek or next; in a callback until lc_rx_end_callback; if
 * it was matched, until lc_rx_complete. */
LC_MUST_USE lc_link_t *lc_rx_next(lc_channel_t *channel);

/* Receiver. As lc_rx_next and lc_rx_has_message, but limited in what they do
 * about links: for a turn of a loop, or under a lock. NULL: none now, unless
 * lc_rx_is_unfinished. True: there is one, or it is unfinished. */
LC_MUST_USE lc_link_t *lc_rx_next_briefly(lc_channel_t *channel);
LC_MUST_USE bool lc_rx_has_message_briefly(lc_channel_t *channel);

/* Receiver, after one of these. There are links to be reversed, or control
 * links to be handled, before the next message: look again. */
static inline bool lc_rx_is_unfinished(const lc_channel_t *channel) {
  const lc_backlog_t *backlog = &channel->rx.backlog;

  return backlog->reversed.oldest == NULL
             ? lc_backlog_is_long(backlog)
             : lc_link_is_control(backlog->reversed.oldest);
}

/* Receiver, once after each lc_rx_next. On a rendezvous channel, returns the
 * send that waits until this message has been received: lc_rx_complete lets it
 * go on. NULL: no send waits for that. */
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
 * then in the backlog. */
void lc_rx_refuse(lc_channel_t *channel);

/* Receiver. On a channel that refuses sends: lc_rx_give_up counts all messages
 * as dropped, lc_rx_drop_all drops them. Without a drop function the first call
 * does both. */
void lc_rx_give_up(lc_channel_t *channel);
void lc_rx_drop_all(lc_channel_t *channel);

#endif /* LC_RX_H */
