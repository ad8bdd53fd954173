/* loop: what is known of a uv_loop_t.
 *
 * Knows:   libuv's loop by its address. Not channels, nor what a handle is for.
 * Threads: attach and detach from the loop's; the rest from any.
 * Promise: the handles on one loop have one record, and no two loops share one.
 */
#include "wait/loop.h"

#include <string.h>

#include "base/alloc.h"

/* It is held for a few steps, and never while another one is. */
#if defined(_WIN32)
static uv_mutex_t registry_mutex;
static uv_once_t registry_once = UV_ONCE_INIT;

static void make_registry(void) {
  (void) uv_mutex_init(&registry_mutex); /* it cannot fail on Windows */
}

static void lock_registry(void) {
  uv_once(&registry_once, make_registry);
  uv_mutex_lock(&registry_mutex);
}
#else
static uv_mutex_t registry_mutex = PTHREAD_MUTEX_INITIALIZER;

static void lock_registry(void) {
  uv_mutex_lock(&registry_mutex);
}
#endif

static void unlock_registry(void) {
  uv_mutex_unlock(&registry_mutex);
}

static lc_loop_t *first_loop;

/* Locked, as the next two. */
static lc_loop_t *find_loop(const uv_loop_t *loop) {
  lc_loop_t *found = first_loop;

  while (found != NULL && found->loop != loop)
    found = found->next;
  return found;
}

static void list_loop(lc_loop_t *loop) {
  loop->prev = NULL;
  loop->next = first_loop;
  if (first_loop != NULL)
    first_loop->prev = loop;
  first_loop = loop;
}

static void unlist_loop(lc_loop_t *loop) {
  if (loop->next != NULL)
    loop->next->prev = loop->prev;
  if (loop->prev != NULL)
    loop->prev->next = loop->next;
  else
    first_loop = loop->next;
}

static lc_loop_t *new_loop(uv_loop_t *loop) {
  lc_loop_t *fresh = lc_malloc(sizeof *fresh);

  if (fresh == NULL)
    return NULL;
  memset(fresh, 0, sizeof *fresh);
  lc_loop_thread_init(&fresh->loop_thread);
  lc_loop_thread_init(&fresh->caller);
  fresh->loop = loop;
  return fresh;
}

lc_loop_t *lc_loop_attach(uv_loop_t *loop) {
  lc_loop_t *found;

  lock_registry();
  found = find_loop(loop);
  if (found == NULL) {
    found = new_loop(loop);
    if (found != NULL)
      list_loop(found);
  }
  if (found != NULL)
    found->handles++;
  unlock_registry();
  return found;
}

/* Locked; unlocks, and frees what nothing leads to. */
static void unlock_and_free(lc_loop_t *loop) {
  bool used = loop->handles > 0 || loop->cores > 0;

  unlock_registry();
  if (!used)
    lc_free(loop);
}

void lc_loop_detach(lc_loop_t *loop) {
  lock_registry();
  lc_assert(loop->handles > 0);
  if (--loop->handles == 0)
    unlist_loop(loop);
  unlock_and_free(loop);
}

void lc_loop_hold(lc_loop_t *loop) {
  lock_registry();
  lc_assert(loop->handles > 0);
  loop->cores++;
  unlock_registry();
}

void lc_loop_release(lc_loop_t *loop) {
  lock_registry();
  lc_assert(loop->cores > 0);
  loop->cores--;
  unlock_and_free(loop);
}
