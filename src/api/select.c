/* select: waiting for one of several receivers.
 *
 * Knows:   cores, and how to have their wakes forwarded.
 * Threads: the one that receives from all of them.
 * Promise: a ready receiver is found after at most as many calls as there are
 *          receivers; a sender pays no more than for a receiver that is parked.
 */
#include <limits.h>

#include "api/receiver.h"

/* Each one is open, belongs to a thread, and to one only. */
static bool can_select(loopchan_receiver_t *const rxs[], size_t n) {
  size_t i;

  if (rxs == NULL || n == 0 || n > INT_MAX)
    return false;
  for (i = 0; i < n; i++) {
    lc_scope_t scope;
    if (rxs[i] == NULL || rxs[i]->shared ||
        lc_receiver_enter(rxs[i], &scope) != 0)
      return false;
    lc_receiver_exit(rxs[i], &scope);
    if (lc_receiver_is_loop(rxs[i]))
      return false;
  }
  return true;
}

static bool is_ready(lc_channel_t *channel) {
  /* In this order: the end is found where messages are looked for. */
  return lc_rx_has_message(channel) || channel->rx.ended;
}

/* Looks round, beginning behind the one found last; -1: none is ready. */
static int find_ready(loopchan_receiver_t *const rxs[], size_t n) {
  size_t *from = &rxs[0]->channel->waiting.select_from, i;

  for (i = 0; i < n; i++) {
    size_t at = (*from + i) % n;
    if (is_ready(rxs[at]->channel)) {
      *from = at + 1;
      return (int) at;
    }
  }
  return -1;
}

/* Parks one after the other, its wakes forwarded; returns how many were parked
 * before one had something, or something failed, which goes into *err. */
static size_t park_all(loopchan_receiver_t *const rxs[], size_t n,
                       lc_wake_t *wake, int *err) {
  size_t i;

  for (i = 0; i < n; i++) {
    lc_channel_t *channel = rxs[i]->channel;
    if (lc_wake_is_forwarded(&channel->wake))
      continue; /* it is there twice */
    *err = lc_wake_make_monitor(&channel->wake);
    if (*err != 0)
      break;
    lc_wake_forward(&channel->wake, wake);
    if (lc_rx_park(channel))
      continue;
    lc_wake_forward(&channel->wake, NULL);
    break;
  }
  return i;
}

static void unpark_all(loopchan_receiver_t *const rxs[], size_t parked) {
  size_t i;

  for (i = 0; i < parked; i++) {
    lc_channel_t *channel = rxs[i]->channel;
    if (!lc_wake_is_forwarded(&channel->wake))
      continue;
    lc_wake_forward(&channel->wake, NULL);
    /* False: a sender came, and may signal late: that is not waited for. */
    (void) !lc_inbox_unpark(&channel->inbox);
  }
}

/* 0: look again; UV_ETIMEDOUT; UV_ENOMEM; or what lc_wake_make_monitor
 * returned. */
static int wait_for_any(loopchan_receiver_t *const rxs[], size_t n,
                        uint64_t deadline_ns) {
  lc_channel_t *first = rxs[0]->channel;
  lc_wake_t *wake = first->waiting.select_wake;
  size_t parked;
  int err = 0;

  if (wake == NULL)
    wake = first->waiting.select_wake = lc_wake_new_target();
  if (wake == NULL)
    return UV_ENOMEM;
  parked = park_all(rxs, n, wake, &err);
  if (parked == n) {
    (void) lc_wake_spin(wake, &first->rx.backoff, deadline_ns);
    if (!lc_wake_wait(wake, deadline_ns))
      err = UV_ETIMEDOUT;
  }
  unpark_all(rxs, parked);
  return err;
}

int loopchan_select(loopchan_receiver_t *const rxs[], size_t n,
                    uint64_t timeout_ns) {
  uint64_t deadline_ns = lc_deadline(timeout_ns);
  int err = 0;

  if (!can_select(rxs, n))
    return UV_EINVAL;
  for (;;) {
    int ready = find_ready(rxs, n);
    if (ready >= 0 || err != 0)
      return ready >= 0 ? ready : err;
    err = wait_for_any(rxs, n, deadline_ns);
  }
}
