/* wake: the debt paid.
 *
 * Knows:   libuv's async handle, mutex and condition. Not the inbox.
 * Threads: pay from any; the rest from the receiver's.
 * Promise: each debt rouses its receiver once, and after lc_wake_leave nobody
 *          touches the handle or its loop.
 */
#include "wait/wake.h"

/* An hour. libuv counts time-outs in as few as 32 bits, of milliseconds, and
 * on some systems the end of one in 32 bits, of seconds. */
#define LC_SLEEP_MOST_NS UINT64_C(3600000000000)

/* Under the mutex, or to guess whether to take it. */
static bool is_signalled(const lc_wake_t *wake) {
  /* relaxed: see above */
  return lc_load(&wake->signalled, memory_order_relaxed) != 0;
}

static void set_signalled(lc_wake_t *wake, bool signalled) {
  /* relaxed: see above */
  lc_store(&wake->signalled, signalled, memory_order_relaxed);
}

int lc_wake_init(lc_wake_t *wake, uv_async_t *async) {
  int err = uv_mutex_init(&wake->mutex);

  if (err != 0)
    return err;
  err = uv_cond_init(&wake->cond);
  if (err != 0) {
    uv_mutex_destroy(&wake->mutex);
    return err;
  }
  wake->async = async;
  wake->gone = false;
  lc_atomic_init(&wake->signalled, 0);
  wake->count = 0;
  wake->forward = NULL;
  return 0;
}

void lc_wake_destroy(lc_wake_t *wake) {
  uv_cond_destroy(&wake->cond);
  uv_mutex_destroy(&wake->mutex);
}

/* Tells the one thread that waits, or will. */
static void notify(lc_wake_t *wake) {
  set_signalled(wake, true);
  uv_cond_signal(&wake->cond);
}

static void signal_forward(lc_wake_t *forward) {
  uv_mutex_lock(&forward->mutex);
  notify(forward);
  uv_mutex_unlock(&forward->mutex);
}

void lc_wake_signal(lc_wake_t *wake) {
  uv_mutex_lock(&wake->mutex);
  wake->count++;
  if (wake->async == NULL) {
    lc_assert(!is_signalled(wake));
    notify(wake);
    if (wake->forward != NULL)
      signal_forward(wake->forward);
  } else if (!wake->gone) {
    lc_fence(memory_order_seq_cst); /* [wake.fence] (A) */
    uv_async_send(wake->async);
  }
  uv_mutex_unlock(&wake->mutex);
}

void lc_wake_self(lc_wake_t *wake) {
  /* No mutex: only this thread closes. No fence: the handle's own thread reads
   * its latest clear of `pending`, or a later set whose callback is to come. */
  lc_assert(wake->async != NULL && !wake->gone);
  uv_async_send(wake->async);
}

void lc_wake_callback_fence(void) {
  lc_fence(memory_order_seq_cst); /* [wake.fence] (B) */
}

bool lc_wake_wait(lc_wake_t *wake, uint64_t deadline_ns) {
  uint64_t now = 0;
  bool signalled;

  uv_mutex_lock(&wake->mutex);
  while (!is_signalled(wake)) {
    if (deadline_ns == LC_NEVER) {
      uv_cond_wait(&wake->cond, &wake->mutex);
      continue;
    }
    now = uv_hrtime();
    if (now >= deadline_ns)
      break;
    uv_cond_timedwait(&wake->cond, &wake->mutex,
                      lc_earlier(deadline_ns - now, LC_SLEEP_MOST_NS));
  }
  signalled = is_signalled(wake);
  set_signalled(wake, false);
  uv_mutex_unlock(&wake->mutex);
  return signalled;
}

bool lc_wake_spin(const lc_wake_t *wake, lc_patience_t *patience,
                  uint64_t deadline_ns) {
  lc_spell_t spell;
  bool signalled;

  lc_spell_begin(&spell, patience->next_ns, deadline_ns);
  do
    signalled = is_signalled(wake);
  while (!signalled && lc_spell_goes_on(&spell, LC_LOOK_PAUSES));
  lc_patience_learn(patience, signalled);
  return signalled;
}

void lc_wake_forward(lc_wake_t *wake, lc_wake_t *to) {
  uv_mutex_lock(&wake->mutex);
  lc_assert(wake->forward == NULL || to == NULL);
  wake->forward = to;
  uv_mutex_unlock(&wake->mutex);
}

bool lc_wake_is_forwarded(lc_wake_t *wake) {
  /* No mutex: only this thread changes it. */
  return wake->forward != NULL;
}

void lc_wake_leave(lc_wake_t *wake) {
  uv_mutex_lock(&wake->mutex);
  lc_assert(!wake->gone);
  wake->gone = true;
  uv_mutex_unlock(&wake->mutex);
}

uint64_t lc_wake_count(lc_wake_t *wake) {
  uint64_t count;

  uv_mutex_lock(&wake->mutex);
  count = wake->count;
  uv_mutex_unlock(&wake->mutex);
  return count;
}
