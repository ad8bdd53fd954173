/* waitq: sends that wait.
 *
 * Knows:   the permits, the inbox that it pushes to, and which wakes to signal.
 * Threads: any.
 * Promise: first come, first served; each waiter is completed once, or leaves.
 */
#include "wait/waitq.h"

#include "base/alloc.h"

void lc_waitq_init(lc_waitq_t *waitq, lc_inbox_t *inbox, lc_flavour_t flavour,
                   size_t capacity, bool spins) {
  lc_permits_init(&waitq->permits, capacity);
  waitq->inbox = inbox;
  waitq->flavour = flavour;
  waitq->spins = spins;
  lc_lock_init(&waitq->idle_lock);
  lc_queue_init(&waitq->idle);
  lc_lock_init(&waitq->lock);
  waitq->refuses = false;
  lc_queue_init(&waitq->waiters);
  lc_queue_init(&waitq->watchers);
  waitq->to_signal = NULL;
  waitq->to_signal_end = &waitq->to_signal;
  waitq->length = waitq->escalated = 0;
  waitq->sent = 0;
}

static lc_completions_t *completions_at(lc_queue_t *place) {
  return lc_container(place, lc_completions_t, place);
}

static lc_waiter_t *waiter_at(lc_queue_t *queue) {
  return lc_container(queue, lc_waiter_t, queue);
}

void lc_waitq_destroy(lc_waitq_t *waitq) {
  lc_assert(waitq->length == 0);
  lc_assert(lc_queue_is_empty(&waitq->watchers));
  while (!lc_queue_is_empty(&waitq->idle)) {
    lc_completions_t *completions = completions_at(waitq->idle.next);
    lc_queue_remove(&completions->place);
    lc_completions_destroy(completions);
    lc_free(completions);
  }
}

static void begin_empty(lc_completions_t *completions) {
  lc_queue_init(&completions->done);
  completions->first = completions->last = NULL;
  completions->outstanding = 0;
  completions->to_be_signalled = false;
}

int lc_completions_init(lc_completions_t *completions) {
  begin_empty(completions);
  lc_wake_init(&completions->wake, &completions->monitor);
  return lc_wake_make_monitor(&completions->wake);
}

void lc_completions_init_async(lc_completions_t *completions,
                               uv_async_t *async) {
  begin_empty(completions);
  lc_wake_init_async(&completions->wake, async);
}

void lc_completions_destroy(lc_completions_t *completions) {
  lc_wake_destroy(&completions->wake);
}

static void lock(lc_waitq_t *waitq) {
  lc_lock_take(&waitq->lock, waitq->spins);
}

/* Locked. */
static void take_to_signal(lc_waitq_t *waitq, lc_wakes_t *wakes) {
  lc_assert(lc_lock_is_held(&waitq->lock));
  while (waitq->to_signal != NULL && !lc_wakes_are_full(wakes)) {
    lc_completions_t *first = waitq->to_signal;
    waitq->to_signal = first->next_to_signal;
    first->to_be_signalled = false;
    lc_wakes_add(wakes, &first->wake);
  }
  if (waitq->to_signal == NULL)
    waitq->to_signal_end = &waitq->to_signal;
}

/* Another thread may signal the rest, if more are to be signalled. */
static void unlock(lc_waitq_t *waitq) {
  lc_wakes_t wakes;
  bool more;

  wakes.count = 0;
  do {
    take_to_signal(waitq, &wakes);
    more = waitq->to_signal != NULL;
    lc_lock_release(&waitq->lock);
    lc_wakes_signal(&wakes);
    if (more)
      lock(waitq);
  } while (more);
}

/* Takes idle completions whose wake no thread is still to signal. NULL:
 * none. */
static lc_completions_t *take_idle(lc_waitq_t *waitq) {
  lc_completions_t *found = NULL;
  lc_queue_t *at;

  lc_lock_take(&waitq->idle_lock, waitq->spins);
  for (at = waitq->idle.next; found == NULL && at != &waitq->idle;
       at = at->next)
    if (lc_wake_renew(&completions_at(at)->wake))
      found = completions_at(at);
  if (found != NULL)
    lc_queue_remove(&found->place);
  lc_lock_release(&waitq->idle_lock);
  return found;
}

int lc_waitq_borrow(lc_waitq_t *waitq, lc_completions_t **completions) {
  lc_completions_t *borrowed = take_idle(waitq);

  if (borrowed == NULL) {
    int err;
    borrowed = lc_malloc(sizeof *borrowed);
    if (borrowed == NULL)
      return UV_ENOMEM;
    err = lc_completions_init(borrowed);
    if (err != 0) {
      lc_free(borrowed);
      return err;
    }
  }
  lc_assert(borrowed->outstanding == 0 && borrowed->first == NULL);
  lc_queue_init(&borrowed->done);
  *completions = borrowed;
  return 0;
}

void lc_waitq_return(lc_waitq_t *waitq, lc_completions_t *completions) {
  lc_assert(completions->outstanding == 0 && completions->first == NULL);
  lc_lock_take(&waitq->idle_lock, waitq->spins);
  lc_queue_append(&waitq->idle, &completions->place);
  lc_lock_release(&waitq->idle_lock);
}

/* From here on: locked, up to the public calls. */

/* Waiters of the same completions leave the queue in the order of enqueueing,
 * so one link each is enough. */
static void append_own(lc_completions_t *completions, lc_waiter_t *waiter) {
  waiter->next_own = NULL;
  if (completions->last != NULL)
    completions->last->next_own = waiter;
  else
    completions->first = waiter;
  completions->last = waiter;
}

static void take_out_own(lc_completions_t *completions,
                         const lc_waiter_t *waiter) {
  lc_assert(completions->first == waiter);
  completions->first = waiter->next_own;
  if (completions->first == NULL)
    completions->last = NULL;
}

static void append(lc_waitq_t *waitq, lc_waiter_t *waiter) {
  lc_assert(lc_lock_is_held(&waitq->lock));
  append_own(waiter->completions, waiter);
  lc_queue_append(&waitq->waiters, &waiter->queue);
  waitq->length++;
  waitq->escalated += waiter->escalated;
  waiter->queued = true;
  waiter->completed = false;
}

static void take_out(lc_waitq_t *waitq, lc_waiter_t *waiter) {
  lc_assert(lc_lock_is_held(&waitq->lock));
  lc_assert(waiter->queued);
  lc_assert(waitq->length > 0);
  lc_assert(waitq->escalated >= waiter->escalated);
  take_out_own(waiter->completions, waiter);
  lc_queue_remove(&waiter->queue);
  waitq->length--;
  waitq->escalated -= waiter->escalated;
  waiter->queued = false;
}

static lc_waiter_t *first_waiter(lc_waitq_t *waitq) {
  return lc_queue_is_empty(&waitq->waiters) ? NULL
                                            : waiter_at(waitq->waiters.next);
}

static void move_to_done(lc_waitq_t *waitq, lc_waiter_t *waiter) {
  take_out(waitq, waiter);
  lc_queue_append(&waiter->completions->done, &waiter->queue);
}

/* A thread may have seen its result and gone on before it is woken, but the
 * wake stays; a writer that closes waits for it. One wake will do for all sends
 * of a writer. */
static void signal_later(lc_waitq_t *waitq, lc_completions_t *completions) {
  lc_assert(lc_lock_is_held(&waitq->lock));
  if (completions->to_be_signalled)
    return;
  completions->to_be_signalled = true;
  if (lc_wake_is_async(&completions->wake))
    lc_wake_hold(&completions->wake);
  else
    lc_wake_promise(&completions->wake);
  completions->next_to_signal = NULL;
  *waitq->to_signal_end = completions;
  waitq->to_signal_end = &completions->next_to_signal;
}

/* After this the waiter must not be touched: its owner may have freed it.
 * Behind a waiter that is not complete it needs no wake: that one's will do for
 * both. */
static void complete(lc_waitq_t *waitq, lc_waiter_t *waiter, int result) {
  lc_completions_t *completions = waiter->completions;

  lc_assert(lc_lock_is_held(&waitq->lock));
  lc_assert(!waiter->queued);
  lc_assert(!waiter->completed);
  lc_assert(completions->outstanding > 0);
  waiter->result = result;
  waiter->completed = true;
  completions->outstanding--;
  if (completions->done.next == &waiter->queue)
    signal_later(waitq, completions);
}

/* Marks the counts of permits, or unmarks them, so that threads that acquire or
 * release one learn whether others wait. */
static void mark(lc_waitq_t *waitq) {
  lc_assert(lc_lock_is_held(&waitq->lock));
  if (waitq->flavour == LC_BOUNDED)
    lc_permits_mark(&waitq->permits, waitq->length == 0      ? 0
                                     : waitq->escalated == 0 ? LC_NOTIFY_BATCH
                                                             : LC_NOTIFY_EACH);
}

static bool acquire(lc_waitq_t *waitq) {
  lc_assert(lc_lock_is_held(&waitq->lock));
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
  lc_assert(lc_lock_is_held(&waitq->lock));
  if (waitq->length == 0)
    return LC_PUSHED;
  if (lc_inbox_notify(waitq->inbox))
    return LC_PUSHED_OWES_WAKE;
  return lc_inbox_wants_help(waitq->inbox) ? LC_PUSHED_HELPS : LC_PUSHED;
}

static lc_push_t grant(lc_waitq_t *waitq) {
  lc_push_t owed = LC_PUSHED;
  lc_waiter_t *first;

  if (waitq->flavour == LC_RENDEZVOUS)
    return notify_receiver(waitq);
  mark(waitq);
  while ((first = first_waiter(waitq)) != NULL && acquire(waitq)) {
    lc_push_t pushed =
        lc_inbox_push(waitq->inbox, first->newest, first->oldest, LC_NO_STREAK);
    owed = more_urgent(owed, pushed);
    move_to_done(waitq, first);
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
    move_to_done(waitq, waiter);
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
  move_to_done(waitq, waiter);
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
  /* A permit may have been released that did not call for a grant. */
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
    first = first_waiter(waitq);
  if (first != NULL) {
    move_to_done(waitq, first);
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

void lc_waitq_drain(lc_waitq_t *waitq, lc_completions_t *completions,
                    lc_queue_t *to) {
  lc_queue_t *done = &completions->done;

  lock(waitq);
  /* Only on a rendezvous channel may one of these not be complete. On others
   * they are not looked at one by one: they may be many, and other threads want
   * the lock. */
  if (waitq->flavour != LC_RENDEZVOUS)
    lc_queue_append_all(to, done);
  while (!lc_queue_is_empty(done) && waiter_at(done->next)->completed) {
    lc_queue_t *oldest = done->next;
    lc_queue_remove(oldest);
    lc_queue_append(to, oldest);
  }
  unlock(waitq);
}

bool lc_waitq_has_outstanding(lc_waitq_t *waitq,
                              const lc_completions_t *completions) {
  bool has_some;

  lock(waitq);
  has_some =
      completions->outstanding > 0 || !lc_queue_is_empty(&completions->done);
  unlock(waitq);
  return has_some;
}

void lc_waitq_watch(lc_waitq_t *waitq, lc_completions_t *completions) {
  lock(waitq);
  lc_queue_append(&waitq->watchers, &completions->place);
  unlock(waitq);
}

void lc_waitq_unwatch(lc_waitq_t *waitq, lc_completions_t *completions,
                      lc_queue_t *to) {
  lock(waitq);
  lc_queue_remove(&completions->place);
  while (completions->first != NULL) {
    lc_waiter_t *waiter = completions->first;
    take_out(waitq, waiter);
    completions->outstanding--;
    waiter->result = UV_ECANCELED;
    lc_queue_append(to, &waiter->queue);
  }
  mark(waitq);
  unlock(waitq);
}

/* A wake is on its way to a watcher whose oldest waiter is complete. */
static void signal_refusal(lc_waitq_t *waitq, lc_completions_t *watcher) {
  lc_queue_t *done = &watcher->done;

  if (lc_queue_is_empty(done) || !waiter_at(done->next)->completed)
    signal_later(waitq, watcher);
}

void lc_waitq_refuse(lc_waitq_t *waitq, bool alone) {
  lc_waiter_t *first;
  lc_queue_t *at;

  if (alone) {
    lc_assert(waitq->length == 0 && lc_queue_is_empty(&waitq->watchers));
    waitq->refuses = true;
    return;
  }
  lock(waitq);
  /* A close after a shutdown. A watcher has been woken, and may not have run
   * since: a thread's wake is signalled once. */
  if (waitq->refuses) {
    unlock(waitq);
    return;
  }
  waitq->refuses = true;
  while ((first = first_waiter(waitq)) != NULL) {
    move_to_done(waitq, first);
    complete(waitq, first, UV_EPIPE);
  }
  for (at = waitq->watchers.next; at != &waitq->watchers; at = at->next)
    signal_refusal(waitq, completions_at(at));
  unlock(waitq);
}

size_t lc_waitq_length(lc_waitq_t *waitq) {
  size_t length;

  lock(waitq);
  length = waitq->length;
  unlock(waitq);
  return length;
}

size_t lc_waitq_figures(lc_waitq_t *waitq, bool alone, uint64_t *sent) {
  size_t length;

  if (!alone)
    lock(waitq);
  length = waitq->length;
  *sent = waitq->sent;
  if (!alone)
    unlock(waitq);
  return length;
}
