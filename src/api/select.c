/* select: waiting for one of several receivers.
 *
 * Knows:   cores, and how to have their wakes forwarded.
 * Threads: the one that receives from all of them.
 * Promise: a ready receiver is found after at most as many calls as there are
 *          receivers; a sender pays no more than for a receiver that is parked.
 */
#include <limits.h>

#include "api/receiver.h"

/* An array longer than this is large: looking at all of a thousand takes as
 * long as some hundred messages. So a call looks at this many, then at the one
 * found last, and only then at the rest. */
#define LC_SELECT_FEW 16

/* It is open, a thread receiver, and not shared. */
static bool is_selectable(loopchan_receiver_t *rx) {
  return rx != NULL && !rx->shared && lc_receiver_is_open(rx) &&
         !lc_receiver_is_loop(rx);
}

/* Of a large array only the first is checked here; the others are when they are
 * looked at.
 */
static bool can_select(loopchan_receiver_t *const rxs[], size_t n) {
  size_t check = n <= LC_SELECT_FEW ? n : 1, i;

  if (rxs == NULL || n == 0 || n > INT_MAX)
    return false;
  for (i = 0; i < check; i++) {
    if (!is_selectable(rxs[i]))
      return false;
  }
  return true;
}

/* Debug: this thread is in a call on all of them, or is no longer. One that
 * cannot be selected on is refused when it is looked at. */
static void note_call(loopchan_receiver_t *const rxs[], size_t n, bool inside) {
#ifndef NDEBUG
  lc_scope_t scope;
  size_t i;

  for (i = 0; i < n; i++) {
    if (!is_selectable(rxs[i]) || lc_receiver_enter(rxs[i], &scope) != 0 ||
        inside)
      continue;
    scope.was = 0; /* as before the select */
    lc_receiver_exit(rxs[i], &scope);
  }
#else
  (void) rxs;
  (void) n;
  (void) inside;
#endif
}

static bool is_ready(lc_channel_t *channel) {
  /* In this order: the end is found where messages are looked for. */
  return lc_rx_has_message(channel) || channel->rx.ended;
}

/* The receiver's index, if it is ready; or UV_EAGAIN; or UV_EINVAL. */
static int look_at(loopchan_receiver_t *const rxs[], size_t n, size_t at) {
  if (n > LC_SELECT_FEW && !is_selectable(rxs[at]))
    return UV_EINVAL;
  return is_ready(rxs[at]->channel) ? (int) at : UV_EAGAIN;
}

/* The same for the next count receivers, until one is found. */
static int look_round(loopchan_receiver_t *const rxs[], size_t n, size_t count,
                      lc_select_t *select) {
  int found = UV_EAGAIN;

  for (; count > 0 && found == UV_EAGAIN; count--) {
    size_t at = select->next < n ? select->next : 0;
    select->next = at + 1;
    found = look_at(rxs, n, at);
  }
  if (found >= 0)
    select->last = (size_t) found;
  return found;
}

/* Each call goes on where the last one ended, so all have their turn, however
 * often the one found last is found again. */
static int find_ready(loopchan_receiver_t *const rxs[], size_t n) {
  lc_select_t *select = &rxs[0]->channel->waiting.select;
  size_t few = n < LC_SELECT_FEW ? n : LC_SELECT_FEW;
  int found = look_round(rxs, n, few, select);

  if (found == UV_EAGAIN && n > LC_SELECT_FEW && select->last < n)
    found = look_at(rxs, n, select->last);
  if (found == UV_EAGAIN)
    found = look_round(rxs, n, n - few, select);
  return found;
}

/* Parks one receiver after the other, and forwards its wakes; returns how many
 * were parked before one had something, or something failed, which goes into
 * *err. */
static size_t park_all(loopchan_receiver_t *const rxs[], size_t n,
                       lc_wake_t *wake, uint64_t deadline_ns, int *err) {
  size_t i;

  for (i = 0; i < n; i++) {
    lc_channel_t *channel = rxs[i]->channel;
    if (lc_wake_is_forwarded(&channel->wake))
      continue; /* it is in the array twice */
    *err = lc_wake_make_monitor(&channel->wake);
    if (*err != 0)
      break;
    lc_wake_forward(&channel->wake, wake);
    if (!lc_rx_tidy(channel, deadline_ns) && lc_rx_park(channel))
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
    (void) lc_inbox_unpark(&channel->inbox);
  }
}

/* 0: look again; UV_ETIMEDOUT; UV_ENOMEM; or what lc_wake_make_monitor
 * returned. */
static int wait_for_any(loopchan_receiver_t *const rxs[], size_t n,
                        uint64_t deadline_ns) {
  lc_channel_t *first = rxs[0]->channel;
  lc_wake_t *wake = first->waiting.select.wake;
  size_t parked;
  int err = 0;

  if (wake == NULL)
    wake = first->waiting.select.wake = lc_wake_new_target();
  if (wake == NULL)
    return UV_ENOMEM;
  parked = park_all(rxs, n, wake, deadline_ns, &err);
  if (parked == n) {
    (void) lc_wake_spin(wake, &first->rx.backoff, deadline_ns);
    if (!lc_wake_wait(wake, deadline_ns))
      err = UV_ETIMEDOUT;
  }
  unpark_all(rxs, parked);
  return err;
}

/* A receiver that is only looked at never sleeps. */
static int tidy_all(loopchan_receiver_t *const rxs[], size_t n) {
  size_t i;

  for (i = 0; i < n; i++)
    (void) lc_rx_tidy(rxs[i]->channel, LC_NOW);
  return UV_ETIMEDOUT;
}

int loopchan_select(loopchan_receiver_t *const rxs[], size_t n,
                    uint64_t timeout_ns) {
  uint64_t deadline_ns = lc_call_deadline(timeout_ns);
  int found, err = 0;

  lc_called(__func__);
  if (!can_select(rxs, n))
    return UV_EINVAL;
  note_call(rxs, n, true);
  while ((found = find_ready(rxs, n)) == UV_EAGAIN && err == 0)
    err = deadline_ns == LC_NOW ? tidy_all(rxs, n)
                                : wait_for_any(rxs, n, deadline_ns);
  note_call(rxs, n, false);
  return found != UV_EAGAIN ? found : err;
}
