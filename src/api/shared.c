/* shared: several threads at one thread receiver.
 *
 * Knows:   the core, who leads, who follows.
 * Threads: any.
 * Promise: while a message is there and somebody waits, somebody is awake.
 */
#include "api/shared.h"

#include "base/alloc.h"

int lc_shared_new(lc_shared_t **out) {
  lc_shared_t *shared = lc_malloc(sizeof *shared);
  int err;

  if (shared == NULL)
    return UV_ENOMEM;
  err = uv_mutex_init(&shared->mutex);
  if (err != 0)
    goto no_mutex;
  err = lc_wake_init(&shared->emptied, NULL);
  if (err != 0)
    goto no_wake;
  shared->led = false;
  shared->first = shared->last = NULL;
  *out = shared;
  return 0;

no_wake:
  uv_mutex_destroy(&shared->mutex);
no_mutex:
  lc_free(shared);
  return err;
}

void lc_shared_free(lc_shared_t *shared) {
  lc_assert(shared->first == NULL && !shared->led);
  lc_wake_destroy(&shared->emptied);
  uv_mutex_destroy(&shared->mutex);
  lc_free(shared);
}

void lc_shared_lock(lc_shared_t *shared) {
  uv_mutex_lock(&shared->mutex);
}

static void step_in(lc_shared_t *shared, lc_follower_t *follower) {
  follower->prev = shared->last;
  follower->next = NULL;
  if (shared->last != NULL)
    shared->last->next = follower;
  else
    shared->first = follower;
  shared->last = follower;
  follower->queued = true;
}

static void unlink_follower(lc_shared_t *shared, lc_follower_t *follower) {
  lc_assert(follower->queued);
  if (follower->prev != NULL)
    follower->prev->next = follower->next;
  else
    shared->first = follower->next;
  if (follower->next != NULL)
    follower->next->prev = follower->prev;
  else
    shared->last = follower->prev;
  follower->queued = false;
}

void lc_shared_unlock(lc_shared_t *shared) {
  lc_follower_t *first = shared->first;

  if (!shared->led && first != NULL) {
    unlink_follower(shared, first);
    lc_wake_signal(&first->wake);
  }
  uv_mutex_unlock(&shared->mutex);
}

static int follow(lc_shared_t *shared, uint64_t deadline_ns) {
  lc_follower_t self;
  int err = lc_wake_init(&self.wake, NULL);

  if (err != 0)
    return err;
  step_in(shared, &self);
  uv_mutex_unlock(&shared->mutex);
  (void) !lc_wake_wait(&self.wake, deadline_ns);
  uv_mutex_lock(&shared->mutex);
  /* If already dequeued, it was woken, even if the deadline has passed. */
  if (self.queued) {
    unlink_follower(shared, &self);
    err = UV_ETIMEDOUT;
  }
  lc_wake_destroy(&self.wake);
  return err;
}

static int lead(lc_shared_t *shared, lc_channel_t *channel,
                uint64_t deadline_ns) {
  int err;

  if (!lc_rx_park(channel))
    return 0;
  shared->led = true;
  uv_mutex_unlock(&shared->mutex);
  err = lc_rx_sleep(channel, deadline_ns);
  uv_mutex_lock(&shared->mutex);
  shared->led = false;
  return err;
}

int lc_shared_wait(lc_shared_t *shared, lc_channel_t *channel,
                   uint64_t deadline_ns) {
  return shared->led ? follow(shared, deadline_ns)
                     : lead(shared, channel, deadline_ns);
}
