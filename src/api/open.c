/* open: how a channel is made.
 *
 * Knows:   what the options may say, and what each kind of receiver needs.
 * Threads: the receiver's.
 * Promise: a channel is made whole or not at all.
 */
#include "core/tx.h"
#include "api/receiver.h"

static bool are_valid(const loopchan_options_t *options) {
  size_t i;

  for (i = 0; i < sizeof options->reserved / sizeof *options->reserved; i++) {
    if (options->reserved[i] != 0)
      return false;
  }
  return (options->flags & ~(LOOPCHAN_SHARED | LOOPCHAN_LATEST)) == 0 &&
         ((options->flags & LOOPCHAN_LATEST) == 0 || options->capacity <= 1);
}

static bool is_shared(const loopchan_options_t *options) {
  return (options->flags & LOOPCHAN_SHARED) != 0;
}

/* What a receiver needs besides the core and its first sender. */
static int open_flavour(uv_loop_t *loop, loopchan_receiver_t *rx,
                        lc_channel_t *channel,
                        const loopchan_options_t *options) {
  int err = 0;

  if (is_shared(options)) {
    err = lc_shared_new(&channel->shared, options->spin_ns != LOOPCHAN_NO_SPIN);
    return err != 0 ? err : lc_receiver_shared_open(loop, rx, channel);
  }
  if (loop != NULL)
    err = lc_receiver_loop_open(loop, rx, channel);
  if (err != 0)
    return err;
  lc_receiver_begin(rx, channel, NULL, loop != NULL);
  return 0;
}

int loopchan_open(uv_loop_t *loop, loopchan_receiver_t *rx,
                  loopchan_sender_t **tx, const loopchan_options_t *options) {
  lc_channel_t *channel;
  loopchan_sender_t *first;
  int err;

  lc_called(__func__);
  if (rx == NULL || tx == NULL || options == NULL || !are_valid(options))
    return UV_EINVAL;
  if (lc_receiver_is_in_use(rx))
    return UV_EBUSY;
  err = lc_channel_new(&channel,
                       loop != NULL && !is_shared(options) ? &rx->async : NULL,
                       options);
  if (err != 0)
    return err;
  first = lc_channel_first_sender(channel);
  err = open_flavour(loop, rx, channel, options);
  if (err != 0) {
    lc_tx_drop_sender(first);
    lc_channel_leave(channel);
    return err;
  }
  *tx = first;
  return 0;
}
