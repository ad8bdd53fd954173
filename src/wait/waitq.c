/* line: sends that wait for their turn.
 *
 * Knows:   the credits, the inbox that it pushes to, whom to answer.
 * Threads: any.
 * Promise: first come, first served; each that joined is answered once, or
 *          left.
 */
#include "wait/waitq.h"

#include "base/alloc.h"

int lc_waitq_init(lc_waitq_t *waitq, lc_inbox_t *inbox, lc_flavour_t flavour,
                  size_t capacity) {
  int err;

  lc_permits_init(&waitq->permits, capacity);
  waitq->inbox = inbox;
  waitq->flavour = flavour;
  waitq->refuses = false;
  waitq->first = waitq->last = NULL;
  waitq->watchers = NULL;
  waitq->idle = NULL;
  waitq->to_signal = NULL;
  waitq->to_signal_end = &waitq->to_signal;
  waitq->length = waitq->escalated = 0;
  waitq->sent = 0;
  err = uv_mutex_init(&waitq->mutex);
  if (err != 0)
    return err;
  err = uv_mutex_init(&waitq->idle_mutex);
  if (err != 0)
    uv_mutex_destroy(&waitq->mutex);
  return err;
}

void lc_waitq_destroy(lc_waitq_t *waitq) {
  lc_assert(waitq->length == 0);
  while (waitq->idle != NULL) {
    lc_completions_t *completions = waitq->idle;
    waitq->idle = completions->next;
    lc_completions_destroy(completions);
    lc_free(completions);
  }
  uv_mutex_destroy(&waitq->idle_mutex);
  uv_mutex_destroy(&waitq->mutex);
}

int lc_completions_init(lc_completions_t *completions, uv_async_t *async) {
  completions->oldest = completions->newest = NULL;
  completions->first = completions->last = NULL;
  completions->prev = completions->next = NULL;
  completions->outstanding = 0;
  return lc_wake_init(&completions->wake, async);
}

void lc_completions_destroy(lc_completions_t *completions) {
  lc_wake_destroy(&completions->wake);
}

static void lock(lc_waitq_t *waitq) {
  uv_mutex_lock(&waitq->mutex);
}

static void unlock(lc_waitq_t *waitq) {
  lc_completions_t *to_signal = waitq->to_signal;

  waitq->to_signal = NULL;
  waitq->to_signal_end = &waitq->to_signal;
  uv_mutex_unlock(&waitq->mutex);
  while (to_signal != NULL) {
    lc_completions_t *next = to_signal->next_to_signal;
    lc_wake_signal(&to_signal->wake);
    to_signal = next;
  }
}

/* One of the idle that no payer is to come to; NULL: none. */
static lc_completions_t *take_idle(lc_waitq_t *waitq) {
  lc_completions_t **at = &waitq->idle, *found;

  uv_mutex_lock(&waitq->idle_mutex);
  while (*at != NULL && !lc_wake_renew(&(*at)->wake))
    at = &(*at)->next;
  found = *at;
  if (found != NULL)
    *at = found->next;
  uv_mutex_unlock(&waitq->idle_mutex);
  return found;
}

int lc_waitq_borrow(lc_waitq_t *waitq, lc_completions_t **completions) {
  lc_completions_t *borrowed = take_idle(waitq);
  int err = 0;

  if (borrowed == NULL) {
    borrowed = lc_malloc(sizeof *borrowed);
    if (borrowed == NULL)
      return UV_ENOMEM;
    err = lc_completions_init(borrowed, NULL);
  }
  if (err != 0) {
    lc_free(borrowed);
    return err;
  }
  lc_assert(borrowed->outstanding == 0 && borrowed->first == NULL);
  borrowed->oldest = borrowed->newest = NULL;
  *completions = borrowed;
  return 0;
}

void lc_waitq_return(lc_waitq_t *waitq, lc_completions_t *completions) {
  uv_mutex_lock(&waitq->idle_mutex);
  completions->next = waitq->idle;
  waitq->idle = completions;
  uv_mutex_unlock(&waitq->idle_mutex);
}

/* From here on: locked, up to the public calls. */

static void append_own(lc_completions_t *completions, lc_waiter_t *waiter) {
  waiter->next_own = NULL;
  if (completions->last != NULL)
    completions->last->next_own = waiter;
  else
    completions->first = waiter;
  completions->last = waiter;
}

/* Those with the same answers leave the line in the order of joining. */
static void take_out_own(lc_completions_t *completions,
                         const lc_waiter_t *waiter) {
  lc_assert(completions->first == waiter);
  completions->first = waiter->next_own;
  if (completions->first == NULL)
    completions->last = NULL;
}

static void append(lc_waitq_t *waitq, lc_waiter_t *waiter) {
  append_own(waiter->completions, waiter);
  waiter->next = NULL;
  waiter->prev = waitq->last;
  if (waitq->last != NULL)
    waitq->last->next = waiter;
  else
    waitq->first = waiter;
  waitq->last = waiter;
  waitq->length++;
  waitq->escalated += waiter->escalated;
  waiter->queued = true;
  waiter->completed = false;
}

static void take_out(lc_waitq_t *waitq, lc_waiter_t *waiter) {
  lc_assert(waiter->queued);
  take_out_own(waiter->completions, waiter);
  if (waiter->prev != NULL)
    waiter->prev->next = waiter->next;
  else
    waitq->first = waiter->next;
  if (waiter->next != NULL)
    waiter->next->prev = waiter->prev;
  else
    waitq->last = waiter->prev;
  waitq->length--;
  waitq->escalated -= waiter->escalated;
  waiter->queued = false;
}

/* Out of the line, it is among the answers, in that order. */
static void move_on(lc_waitq_t *waitq, lc_waiter_t *waiter) {
  lc_completions_t *completions = waiter->completions;

  take_out(waitq, waiter);
  waiter->next = NULL;
  if (completions->newest != NULL)
    completions->newest->next = waiter;
  else
    completions->oldest = waiter;
  completions->newest = waiter;
}

/* A thread that is woken may run at once, in place of its waker, and would find
 * the mutex locked; so it is woken when that is free again. It may have gone
 * before, with its answer, but the wake stays. A writer's does not, so it is
 * paid here, where it cannot close. */
static void signal_later(lc_waitq_t *waitq, lc_completions_t *completions) {
  if (lc_wake_is_async(&completions->wake)) {
    lc_wake_signal(&completions->wake);
    return;
  }
  lc_wake_promise(&completions->wake);
  completions->next_to_signal = NULL;
  *waitq->to_signal_end = completions;
  waitq->to_signal_end = &completions->next_to_signal;
}

/* Nobody may touch it any more: its owner may be gone by the end. Behind one
 * without an answer it waits for that one's wake. */
static void complete(lc_waitq_t *waitq, lc_waiter_t *waiter, int result) {
  lc_completions_t *completions = waiter->completions;

  lc_assert(!waiter->completed);
  waiter->result = result;
  waiter->completed = true;
  completions->outstanding--;
  if (completions->oldest == waiter)
    signal_later(waitq, completions);
}

/* Has whoever takes or frees a place know of the line, or of none. */
static void mark(lc_waitq_t *waitq) {
  if (waitq->flavour == LC_BOUNDED)
    lc_permits_mark(&waitq->permits, waitq->length == 0      ? 0
                                     : waitq->escalated == 0 ? LC_NOTIFY_BATCH
                                                             : LC_NOTIFY_EACH);
}

static bool acquire(lc_waitq_t *waitq) {
  return waitq->flavour == LC_UNBOUNDED ||
         lc_permits_acquire_for_waiter(&waitq->permits);
}

/* What is owed after two pushes. */
static lc_push_t more_urgent(lc_push_t a, lc_push_t b) {
  if (a == LC_PUSHED_OWES_WAKE || b == LC_PUSHED_OWES_WAKE)
    return LC_PUSHED_OWES_WAKE;
  return a == LC_PUSHED_HELPS || b == LC_PUSHED_HELPS ? LC_PUSHED_HELPS
                                                      : LC_PUSHED;
}

static lc_push_t notify_receiver(lc_waitq_t *waitq) {
  if (waitq->length == 0)
    return LC_PUSHED;
  if (lc_inbox_notify(waitq->inbox))
    return LC_PUSHED_OWES_WAKE;
  return lc_inbox_wants_help(waitq->inbox) ? LC_PUSHED_HELPS : LC_PUSHED;
}

static lc_push_t grant(lc_waitq_t *waitq) {
  lc_push_t owed = LC_PUSHED;

  if (waitq->flavour == LC_RENDEZVOUS)
    return notify_receiver(waitq);
  mark(waitq);
  while (waitq->length > 0 && acquire(waitq)) {
    lc_waiter_t *first = waitq->first;
    lc_push_t pushed;
    lc_assert(first != NULL);
    pushed =
        lc_inbox_push(waitq->inbox, first->newest, first->oldest, LC_NO_STREAK);
    owed = more_urgent(owed, pushed);
    move_on(waitq, first);
    waitq->sent += pushed != LC_REFUSED;
    complete(waitq, first, pushed == LC_REFUSED ? UV_EPIPE : 0);
  }
  mark(waitq);
  return owed;
}

lc_push_t lc_waitq_grant(lc_waitq_t *waitq) {
  lc_push_t owed;

  lock(waitq);
  owed = grant(waitq);
  unlock(waitq);
  return owed;
}

lc_push_t lc_waitq_enqueue(lc_waitq_t *waitq, lc_waiter_t *waiter) {
  lc_push_t owed = LC_PUSHED;

  lock(waitq);
  waiter->completions->outstanding++;
  append(waitq, waiter);
  if (waitq->refuses) {
    move_on(waitq, waiter);
    complete(waitq, waiter, UV_EPIPE);
  } else {
    owed = grant(waitq);
  }
  unlock(waitq);
  return owed;
}

void lc_waitq_enqueue_completed(lc_waitq_t *waitq, lc_waiter_t *waiter,
                                int result) {
  lock(waitq);
  waiter->completions->outstanding++;
  append(waitq, waiter);
  move_on(waitq, waiter);
  complete(waitq, waiter, result);
  unlock(waitq);
}

lc_push_t lc_waitq_escalate(lc_waitq_t *waitq, lc_waiter_t *waiter) {
  lc_push_t owed = LC_PUSHED;

  lock(waitq);
  if (waiter->queued) {
    waiter->escalated = true;
    waitq->escalated++;
    owed = grant(waitq);
  }
  unlock(waitq);
  return owed;
}

lc_push_t lc_waitq_cancel(lc_waitq_t *waitq, lc_waiter_t *waiter, bool *left) {
  lc_push_t owed;

  lock(waitq);
  /* A place may have come free that did not call for the line to be served. */
  owed = grant(waitq);
  *left = waiter->queued;
  if (*left) {
    take_out(waitq, waiter);
    waiter->completions->outstanding--;
    mark(waitq);
  }
  unlock(waitq);
  return owed;
}

bool lc_waitq_is_complete(lc_waitq_t *waitq, const lc_waiter_t *waiter) {
  bool completed;

  lock(waitq);
  completed = waiter->completed;
  unlock(waitq);
  return completed;
}

bool lc_waitq_park(lc_waitq_t *waitq, size_t seen_to) {
  bool parked;

  lock(waitq);
  parked = waitq->length <= seen_to && lc_inbox_park(waitq->inbox);
  unlock(waitq);
  return parked;
}

lc_waiter_t *lc_waitq_match(lc_waitq_t *waitq) {
  lc_waiter_t *first = NULL;

  lock(waitq);
  if (!lc_inbox_has_links(waitq->inbox))
    first = waitq->first;
  if (first != NULL) {
    move_on(waitq, first);
    waitq->sent++;
  }
  unlock(waitq);
  return first;
}

void lc_waitq_complete(lc_waitq_t *waitq, lc_waiter_t *waiter) {
  lock(waitq);
  complete(waitq, waiter, 0);
  unlock(waitq);
}

lc_waiter_t *lc_waitq_drain(lc_waitq_t *waitq, lc_completions_t *completions) {
  lc_waiter_t *oldest, *kept = NULL, **end = &oldest;

  lock(waitq);
  oldest = completions->oldest;
  /* Only on a rendezvous channel may one here not be complete. Elsewhere they
   * are not looked at: they may be many, and others want the mutex. */
  if (waitq->flavour == LC_RENDEZVOUS) {
    while (*end != NULL && (*end)->completed)
      end = &(*end)->next;
    kept = *end;
    *end = NULL;
  }
  completions->oldest = kept;
  if (kept == NULL)
    completions->newest = NULL;
  unlock(waitq);
  return oldest;
}

bool lc_waitq_has_outstanding(lc_waitq_t *waitq,
                              const lc_completions_t *completions) {
  bool owes;

  lock(waitq);
  owes = completions->outstanding > 0 || completions->oldest != NULL;
  unlock(waitq);
  return owes;
}

void lc_waitq_watch(lc_waitq_t *waitq, lc_completions_t *completions) {
  lock(waitq);
  completions->next = waitq->watchers;
  if (completions->next != NULL)
    completions->next->prev = completions;
  waitq->watchers = completions;
  unlock(waitq);
}

lc_waiter_t *lc_waitq_unwatch(lc_waitq_t *waitq,
                              lc_completions_t *completions) {
  lc_waiter_t *oldest = NULL, **end = &oldest;

  lock(waitq);
  if (completions->next != NULL)
    completions->next->prev = completions->prev;
  if (completions->prev != NULL)
    completions->prev->next = completions->next;
  else
    waitq->watchers = completions->next;
  while (completions->first != NULL) {
    lc_waiter_t *waiter = completions->first;
    take_out(waitq, waiter);
    completions->outstanding--;
    waiter->result = UV_ECANCELED;
    waiter->next = NULL;
    *end = waiter;
    end = &waiter->next;
  }
  mark(waitq);
  unlock(waitq);
  return oldest;
}

void lc_waitq_refuse(lc_waitq_t *waitq) {
  lc_completions_t *watcher;

  lock(waitq);
  /* A close after a shutdown. A watcher has been woken, and may not have run
   * since: a thread's wake is signalled once. */
  if (waitq->refuses) {
    unlock(waitq);
    return;
  }
  waitq->refuses = true;
  while (waitq->first != NULL) {
    lc_waiter_t *first = waitq->first;
    move_on(waitq, first);
    complete(waitq, first, UV_EPIPE);
  }
  /* A watcher with something to drain has been woken already. */
  for (watcher = waitq->watchers; watcher != NULL; watcher = watcher->next)
    if (watcher->oldest == NULL || !watcher->oldest->completed)
      lc_wake_signal(&watcher->wake);
  unlock(waitq);
}

size_t lc_waitq_length(lc_waitq_t *waitq) {
  size_t length;

  lock(waitq);
  length = waitq->length;
  unlock(waitq);
  return length;
}

uint64_t lc_waitq_sent(lc_waitq_t *waitq) {
  uint64_t sent;

  lock(waitq);
  sent = waitq->sent;
  unlock(waitq);
  return sent;
}
