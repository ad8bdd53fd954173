/* receiver_thread: the blocking calls.
 *
 * Knows:   the core, the clock.
 * Threads: the receiver's, which runs no loop for it.
 * Promise: a thread is parked only inside a call, and a time-out waits for no
 *          sender.
 */
#include "api/receiver.h"

/* How long a receive of many may hold the lock that receivers share. It looks
 * at the clock after this many bytes, or 64 messages. */
#define LC_HOLD_NS 20000
#define LC_RUN ((size_t) 16384)

/* For a receiver that is not shared, and has no message. 0: look again; or
 * UV_ETIMEDOUT. */
static int wait_alone(lc_channel_t *channel, uint64_t deadline_ns) {
  if (lc_rx_spin(channel, deadline_ns) || lc_rx_tidy(channel, deadline_ns) ||
      !lc_rx_park(channel))
    return 0;
  return lc_rx_sleep(channel, deadline_ns);
}

/* As wait_alone; or as lc_shared_wait. */
static int wait_for_one(const lc_scope_t *scope, uint64_t deadline_ns) {
  if (deadline_ns == LC_NOW)
    return lc_receiver_tidy(scope) ? UV_ETIMEDOUT : UV_EOF;
  return scope->channel->shared == NULL
             ? wait_alone(scope->channel, deadline_ns)
             : lc_shared_wait(scope->consumer, deadline_ns);
}

/* 0, UV_EOF, or what wait_for_one returned. */
static int receive(const lc_scope_t *scope, void *msg, uint64_t deadline_ns) {
  int err, waited = 0;

  while ((err = lc_receiver_take(scope, msg)) == UV_EAGAIN && waited == 0) {
    waited = wait_for_one(scope, deadline_ns);
    if (waited == UV_EOF)
      return UV_EOF;
  }
  /* After the time is up it looks once more: with several threads at a shared
   * receiver, another one may have been woken for what is there. */
  return err == UV_EAGAIN ? waited : err;
}

/* Enters if these arguments are valid. 0, UV_EINVAL, or UV_EOF: shared, and
 * closed. */
static int enter(loopchan_receiver_t *rx, const void *msgs, size_t count,
                 lc_scope_t *scope) {
  int err = lc_receiver_enter(rx, scope);
  size_t size;

  if (err != 0)
    return err;
  size = scope->channel->config.msg_size;
  if (!lc_receiver_is_loop(rx) && (msgs != NULL || size == 0 || count == 0) &&
      count <= (size_t) PTRDIFF_MAX / (size != 0 ? size : 1))
    return 0;
  lc_receiver_exit(rx, scope);
  return UV_EINVAL;
}

/* A loop receiver is refused as such, also if it is shared and closed. */
static LC_NOINLINE int why_not(const loopchan_receiver_t *rx, int err) {
  return err == UV_EOF && lc_receiver_is_loop(rx) ? UV_EINVAL : err;
}

static int receive_one(loopchan_receiver_t *rx, void *msg,
                       uint64_t deadline_ns) {
  lc_scope_t scope;
  int err = enter(rx, msg, 1, &scope);

  if (err != 0)
    return why_not(rx, err);
  err = receive(&scope, msg, deadline_ns);
  lc_receiver_exit(rx, &scope);
  return err;
}

int loopchan_recv(loopchan_receiver_t *rx, void *msg) {
  lc_called(__func__);
  return receive_one(rx, msg, LC_NEVER);
}

int loopchan_recv_timeout(loopchan_receiver_t *rx, void *msg,
                          uint64_t timeout_ns) {
  lc_called(__func__);
  return receive_one(rx, msg, lc_call_deadline(timeout_ns));
}

/* Shared, after a run. Lets others in, at the time in *until_ns; 0: this was
 * the first run. False: the receiver is being closed. */
static bool let_others_in(const lc_scope_t *scope, uint64_t *until_ns) {
  if (uv_hrtime() < *until_ns)
    return true;
  if (*until_ns != 0)
    lc_shared_give_way(scope->channel);
  *until_ns = lc_deadline(LC_HOLD_NS);
  return !scope->consumer->closing;
}

/* Takes what is there, at most max. */
static size_t take_more(const lc_scope_t *scope, char *msgs, size_t max) {
  size_t size = scope->channel->config.msg_size, run = 0, n;
  uint64_t until_ns = 0;

  for (n = 0; n < max && lc_receiver_take(scope, msgs) == 0; n++) {
    msgs += size;
    run += size + LC_RUN / 64;
    if (run < LC_RUN || scope->consumer == NULL)
      continue;
    if (!let_others_in(scope, &until_ns))
      return n + 1;
    run = 0;
  }
  return n;
}

ssize_t loopchan_recv_many(loopchan_receiver_t *rx, void *msgs, size_t max) {
  lc_scope_t scope;
  size_t n = 0;
  int err;

  lc_called(__func__);
  err = enter(rx, msgs, max, &scope);
  if (err != 0)
    return why_not(rx, err);
  if (msgs == NULL)
    msgs = &n; /* nothing to copy, but to count from NULL is not allowed */
  if (max > 0) {
    err = receive(&scope, msgs, LC_NEVER);
    if (err == 0)
      n = 1 + take_more(&scope, (char *) msgs + scope.channel->config.msg_size,
                        max - 1);
  }
  lc_receiver_exit(rx, &scope);
  return n > 0 ? (ssize_t) n : err;
}
