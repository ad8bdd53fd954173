/* wake: how a debt is paid.
 *
 * Knows:   libuv's async handle, mutex and condition variable. Not the inbox.
 * Threads: those that wake.h marks with "Any thread" from any; the rest from
 *          the receiver's.
 * Promise: each debt wakes its receiver, and after lc_wake_leave no thread
 *          touches the handle or its loop.
 */
#include "wait/wake.h"

#include "base/alloc.h"
#include "base/cancel.h"

/* An hour. libuv may count a time-out in 32 bits of milliseconds, and some
 * systems its end in 32 bits of seconds. */
#define LC_SLEEP_MOST_NS UINT64_C(3600000000000)

static bool is_signalled(const lc_wake_t *wake) {
  /* relaxed: under the mutex, or a guess */
  return (lc_load(&wake->word, memory_order_relaxed) & LC_WAKE_SIGNALLED) != 0;
}

/* Under the mutex. */
static void set_signalled(lc_wake_t *wake, bool signalled) {
  /* [wake.monitor] (A) handed on */
  lc_store(&wake->word,
           (uintptr_t) (LC_WAKE_MADE | (signalled ? LC_WAKE_SIGNALLED : 0)),
           memory_order_release);
}

/* Called by the thread that makes it, or by one that comes after that. */
static bool is_made(const lc_wake_t *wake) {
  /* relaxed: see above */
  return (lc_load(&wake->word, memory_order_relaxed) & LC_WAKE_MADE) != 0;
}

static void init(lc_wake_t *wake, lc_monitor_t *monitor, uv_async_t *async) {
  lc_atomic_init(&wake->word, 0);
  wake->monitor = monitor;
  wake->async = async;
  lc_gate_init(&wake->gate);
  lc_counter_init(&wake->count);
  wake->count_of_all = NULL;
  wake->promised = false;
  wake->forward = NULL;
}

void lc_wake_init(lc_wake_t *wake, lc_monitor_t *monitor) {
  init(wake, monitor, NULL);
}

void lc_wake_init_async(lc_wake_t *wake, uv_async_t *async) {
  init(wake, NULL, async);
}

int lc_wake_make_monitor(lc_wake_t *wake) {
  int err = is_made(wake) ? 0 : lc_monitor_init(wake->monitor);

  if (err == 0 && !is_made(wake))
    /* [wake.monitor] (A) [wake.last] (E) */
    lc_add(&wake->word, (uintptr_t) LC_WAKE_MADE, memory_order_acq_rel);
  return err;
}

void lc_wake_destroy(lc_wake_t *wake) {
  if (is_made(wake))
    lc_monitor_destroy(wake->monitor);
}

typedef struct {
  lc_wake_t wake;
  lc_monitor_t monitor;
} lc_target_t;

static_assert(offsetof(lc_target_t, wake) == 0, "freed as its wake");

static void free_target(lc_wake_t *target) {
  lc_wake_destroy(target);
  lc_free(target);
}

/* Under the mutex. The wake that this one is forwarded to, which stays until
 * its gate is left; or NULL. */
static lc_wake_t *enter_target(lc_wake_t *wake) {
  lc_wake_t *target = wake->forward;

  return target != NULL && lc_gate_enter(&target->gate) ? target : NULL;
}

/* False: there is a monitor. True: there was none, so no thread is asleep; the
 * next one that would sleep finds the wake. */
static bool signal_awake(lc_wake_t *wake) {
  /* [wake.monitor] (B) */
  uintptr_t word = lc_load(&wake->word, memory_order_acquire);

  while ((word & LC_WAKE_MADE) == 0)
    /* [wake.last] (C) [wake.monitor] (B) if it fails */
    if (lc_cas(&wake->word, &word, LC_WAKE_SIGNALLED, memory_order_acq_rel,
               memory_order_acquire))
      return true;
  return false;
}

/* Without a monitor: takes a wake that is there. */
static bool collect_awake(lc_wake_t *wake) {
  uintptr_t word = LC_WAKE_SIGNALLED;

  /* [wake.last] (D); relaxed: there is none */
  return lc_cas(&wake->word, &word, 0, memory_order_acquire,
                memory_order_relaxed);
}

/* The signal is sent with the mutex released. The thread that it wakes may run
 * at once in place of this one; it would wait for the mutex, and each wake
 * would cost four switches between threads, not two. */
static void notify(lc_wake_t *wake) {
  uv_mutex_unlock(&wake->monitor->mutex);
  uv_cond_signal(&wake->monitor->cond);
}

static void signal_target(lc_wake_t *target) {
  if (!signal_awake(target)) {
    uv_mutex_lock(&target->monitor->mutex);
    set_signalled(target, true);
    notify(target);
  }
  if (lc_gate_leave(&target->gate))
    free_target(target);
}

static void signal_asleep(lc_wake_t *wake, lc_number_t *is_for,
                          uintptr_t number) {
  lc_wake_t *target;

  uv_mutex_lock(&wake->monitor->mutex);
  wake->promised = false;
  set_signalled(wake, true);
  target = enter_target(wake);
  notify(wake);
  if (target != NULL)
    signal_target(target);
  /* From here on nobody helps. */
  if (is_for != NULL)
    lc_number_set(is_for, number);
}

static void signal_thread(lc_wake_t *wake, lc_number_t *is_for,
                          uintptr_t number) {
  if (LC_LIKELY(!signal_awake(wake)))
    signal_asleep(wake, is_for, number);
  else if (is_for != NULL)
    lc_number_set(is_for, number);
}

/* The signal is sent with the mutex held: the monitor goes as soon as its
 * waiter has the mutex. */
void lc_wake_signal_last(lc_wake_t *wake) {
  if (signal_awake(wake))
    return;
  uv_mutex_lock(&wake->monitor->mutex);
  set_signalled(wake, true);
  uv_cond_signal(&wake->monitor->cond);
  uv_mutex_unlock(&wake->monitor->mutex);
}

/* It may write to a descriptor, which is a cancellation point. */
static void send_async(uv_async_t *async) {
  int was = lc_cancel_forbid();

  uv_async_send(async);
  lc_cancel_restore(was);
}

/* Inside the gate, which it leaves. */
static void signal_inside(lc_wake_t *wake, uint64_t debts, lc_number_t *is_for,
                          uintptr_t number) {
  /* Counted for all first, so that this sum is never behind the wake's own
   * count. */
  if (debts != 0 && wake->count_of_all != NULL)
    lc_counter_add(wake->count_of_all, debts);
  if (debts != 0)
    lc_counter_add(&wake->count, debts);
  send_async(wake->async);
  if (is_for != NULL)
    lc_number_set(is_for, number);
  /* True: the thread that closes the handle waits for this. */
  if (lc_gate_leave(&wake->gate))
    lc_wake_signal_last(wake);
}

static void signal_loop(lc_wake_t *wake, uint64_t debts, lc_number_t *is_for,
                        uintptr_t number) {
  if (lc_gate_enter(&wake->gate))
    signal_inside(wake, debts, is_for, number);
}

void lc_wake_help(lc_wake_t *wake, lc_number_t *is_for, uintptr_t number) {
  if (wake->async == NULL)
    signal_thread(wake, is_for, number);
  else
    signal_loop(wake, 0, is_for, number);
}

void lc_wake_signal_for(lc_wake_t *wake, lc_number_t *is_for,
                        uintptr_t number) {
  if (wake->async != NULL) {
    signal_loop(wake, 1, is_for, number);
    return;
  }
  lc_counter_add(&wake->count, 1);
  signal_thread(wake, is_for, number);
}

void lc_wake_signal(lc_wake_t *wake) {
  lc_wake_signal_for(wake, NULL, 0);
}

void lc_wake_hold(lc_wake_t *wake) {
  bool entered = wake->async == NULL || lc_gate_enter(&wake->gate);

  lc_assert(entered);
  (void) entered;
}

void lc_wake_signal_held(lc_wake_t *wake) {
  if (wake->async != NULL)
    signal_inside(wake, 1, NULL, 0);
  else
    lc_wake_signal(wake);
}

void lc_wakes_add(lc_wakes_t *wakes, lc_wake_t *wake) {
  lc_assert(!lc_wakes_are_full(wakes));
  wakes->wakes[wakes->count++] = wake;
}

void lc_wakes_signal(lc_wakes_t *wakes) {
  size_t i;

  for (i = 0; i < wakes->count; i++)
    lc_wake_signal_held(wakes->wakes[i]);
  wakes->count = 0;
}

void lc_wake_promise(lc_wake_t *wake) {
  wake->promised = true;
}

/* Where a thread has the mutex, it is in the middle of the signal. */
bool lc_wake_renew(lc_wake_t *wake) {
  bool kept;

  if (uv_mutex_trylock(&wake->monitor->mutex) != 0)
    return false;
  kept = !wake->promised;
  if (kept)
    set_signalled(wake, false);
  uv_mutex_unlock(&wake->monitor->mutex);
  return kept;
}

void lc_monitor_notify(lc_monitor_t *monitor, bool *woken) {
  uv_mutex_lock(&monitor->mutex);
  *woken = true;
  uv_cond_signal(&monitor->cond);
  uv_mutex_unlock(&monitor->mutex);
}

void lc_wake_self(lc_wake_t *wake) {
  /* No gate: only this thread closes. */
  lc_assert(wake->async != NULL);
  send_async(wake->async);
}

/* Under the mutex. True: signalled. */
static bool sleep_until(lc_wake_t *wake, uint64_t deadline_ns) {
  while (!is_signalled(wake)) {
    uint64_t now;
    if (deadline_ns == LC_NEVER) {
      uv_cond_wait(&wake->monitor->cond, &wake->monitor->mutex);
      continue;
    }
    now = uv_hrtime();
    if (now >= deadline_ns)
      return false;
    uv_cond_timedwait(&wake->monitor->cond, &wake->monitor->mutex,
                      lc_earlier(deadline_ns - now, LC_SLEEP_MOST_NS));
  }
  return true;
}

/* The system could not make a monitor. */
static bool wait_awake(lc_wake_t *wake, uint64_t deadline_ns) {
  while (!collect_awake(wake)) {
    if (deadline_ns != LC_NEVER && uv_hrtime() >= deadline_ns)
      return false;
    lc_yield();
  }
  return true;
}

static bool wait_asleep(lc_wake_t *wake, uint64_t deadline_ns) {
  int was = lc_cancel_forbid();
  bool signalled;

  uv_mutex_lock(&wake->monitor->mutex);
  signalled = sleep_until(wake, deadline_ns);
  set_signalled(wake, false);
  uv_mutex_unlock(&wake->monitor->mutex);
  lc_cancel_restore(was);
  return signalled;
}

bool lc_wake_wait(lc_wake_t *wake, uint64_t deadline_ns) {
  if (!is_made(wake) && collect_awake(wake))
    return true;
  return lc_wake_make_monitor(wake) == 0 ? wait_asleep(wake, deadline_ns)
                                         : wait_awake(wake, deadline_ns);
}

void lc_wake_forget(lc_wake_t *wake) {
  if (!is_signalled(wake))
    return;
  if (!is_made(wake)) {
    (void) collect_awake(wake);
    return;
  }
  if (uv_mutex_trylock(&wake->monitor->mutex) != 0)
    return;
  set_signalled(wake, false);
  uv_mutex_unlock(&wake->monitor->mutex);
}

bool lc_wake_spin(const lc_wake_t *wake, lc_backoff_t *backoff,
                  uint64_t deadline_ns) {
  bool signalled = is_signalled(wake);
  lc_spin_t spin;

  lc_spin_begin(&spin, backoff, deadline_ns);
  while (!signalled && lc_spin_goes_on(&spin))
    signalled = is_signalled(wake);
  lc_spin_end(&spin, signalled);
  return signalled;
}

lc_wake_t *lc_wake_new_target(void) {
  lc_target_t *target = lc_malloc(sizeof *target);

  if (target == NULL)
    return NULL;
  lc_wake_init(&target->wake, &target->monitor);
  return &target->wake;
}

void lc_wake_free_target(lc_wake_t *target) {
  if (lc_gate_shut(&target->gate))
    free_target(target);
}

void lc_wake_forward(lc_wake_t *wake, lc_wake_t *to) {
  uv_mutex_lock(&wake->monitor->mutex);
  lc_assert(wake->forward == NULL || to == NULL);
  wake->forward = to;
  uv_mutex_unlock(&wake->monitor->mutex);
}

bool lc_wake_is_forwarded(lc_wake_t *wake) {
  /* No mutex: only this thread changes it. */
  return wake->forward != NULL;
}

/* The last one that is inside signals; it is the only one that comes to the
 * monitor. */
static void wait_for_those_inside(lc_wake_t *wake) {
  lc_monitor_t monitor;

  wake->monitor = &monitor;
  while (!lc_wake_wait(wake, LC_NEVER)) {
  }
  lc_wake_destroy(wake);
  lc_atomic_init(&wake->word, 0);
}

void lc_wake_leave(lc_wake_t *wake) {
  if (wake->async != NULL && !lc_gate_shut(&wake->gate))
    wait_for_those_inside(wake);
}

uint64_t lc_wake_count(const lc_wake_t *wake) {
  return lc_counter_read(&wake->count);
}
