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
  shared->first = NULL;
  shared->end = &shared->first;
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

void lc_shared_unlock(lc_shared_t *shared) {
  lc_follower_t *first = shared->first;

  if (!shared->led && first != NULL) {
    shared->first = first->next;
    if (shared->first == NULL)
      shared->end = &shared->first;
    first->queued = false;
    lc_wake_signal(&first->wake);
  }
  uv_mutex_unlock(&shared->mutex);
}

static void unlink_follower(lc_shared_t *shared,
                            const lc_follower_t *follower) {
  lc_follower_t **at = &shared->first;

  while (*at != follower)
    at = &(*at)->next;
  *at = follower->next;
  if (*at == NULL)
    shared->end = at;
}

static int follow(lc_shared_t *shared, uint64_t deadline_ns) {
  lc_follower_t self = {.next = NULL, .queued = true};
  int err = lc_wake_init(&self.wake, NULL);

  if (err != 0)
    return err;
  *shared->end = &self;
  shared->end = &self.next;
  uv_mutex_unlock(&shared->mutex);
  (void) !lc_wake_wait(&self.wake, deadline_ns);
  uv_mutex_lock(&shared->mutex);
  /* Who is out of line was roused, if only just now: it goes on as if in time.
   */
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
