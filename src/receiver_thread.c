/* receiver_thread: the blocking calls.
 *
 * Knows:   the core, the clock.
 * Threads: the receiver's, which runs no loop for it.
 * Promise: a thread is parked only inside a call, and when the call returns no
 *          debt is left uncollected.
 */
#include <limits.h>

#include "receiver.h"

/* 0, UV_EOF, or UV_ETIMEDOUT. */
static int receive(lc_channel_t *channel, void *msg, uint64_t deadline_ns) {
  for (;;) {
    int err = lc_receiver_take(channel, msg);
    if (err != UV_EAGAIN)
      return err;
    if (lc_spin_wait(&channel->spin, &channel->inbox, deadline_ns) ||
        !lc_channel_park(channel))
      continue;
    if (channel->kind == LC_BY_HAND && deadline_ns == LC_NEVER)
      lc_patience_learn(
          &channel->patience,
          lc_wake_look_out(&channel->wake, channel->patience.next_ns));
    if (lc_wake_wait(&channel->wake, deadline_ns))
      continue;
    if (lc_inbox_unpark(&channel->inbox))
      return UV_ETIMEDOUT;
    /* A sender came between: it pays in a moment, and it brought something. */
    while (!lc_wake_wait(&channel->wake, LC_NEVER)) {
    }
  }
}

static bool can_block(const loopchan_receiver_t *rx) {
  return lc_receiver_is_open(rx) && !lc_receiver_is_loop(rx);
}

static int receive_one(loopchan_receiver_t *rx, void *msg,
                       uint64_t deadline_ns) {
  lc_channel_t *channel;
  uintptr_t was;
  int err;

  if (!can_block(rx) || (msg == NULL && rx->channel->msg_size != 0))
    return UV_EINVAL;
  channel = rx->channel;
  was = lc_receiver_enter(channel);
  err = receive(channel, msg, deadline_ns);
  lc_receiver_exit(channel, was);
  return err;
}

int loopchan_recv(loopchan_receiver_t *rx, void *msg) {
  return receive_one(rx, msg, LC_NEVER);
}

int loopchan_recv_timeout(loopchan_receiver_t *rx, void *msg,
                          uint64_t timeout_ns) {
  return receive_one(rx, msg, lc_deadline(timeout_ns));
}

ssize_t loopchan_recv_many(loopchan_receiver_t *rx, void *msgs, size_t max) {
  lc_channel_t *channel;
  size_t size, n;
  uintptr_t was;
  int err;

  if (!can_block(rx))
    return UV_EINVAL;
  channel = rx->channel;
  size = channel->msg_size;
  if ((msgs == NULL && size != 0 && max != 0) ||
      max > (size_t) SSIZE_MAX / (size != 0 ? size : 1))
    return UV_EINVAL;
  if (max == 0)
    return 0;
  was = lc_receiver_enter(channel);
  err = receive(channel, msgs, LC_NEVER);
  for (n = 0; err == 0;) {
    if (++n == max)
      break;
    err = lc_receiver_take(channel, (char *) msgs + n * size);
  }
  lc_receiver_exit(channel, was);
  return n > 0 ? (ssize_t) n : err;
}
