/* loop: what is known of a uv_loop_t, and who is served next there.
 *
 * Knows:   libuv's loop by its address, its handles by their wakes. Not
 *          channels, nor what a handle is for.
 * Threads: the loop's; hold, release and the calls that loop.h marks with "Any
 *          thread" from any.
 * Promise: the handles on one loop have one record, and no two loops share one.
 *          In a turn, all members together are served for about as long as one
 *          of them may be; and each that is due is served in time.
 */
#include "wait/loop.h"

#include <string.h>

#include "base/alloc.h"

/* The least share of a turn: with less, going from one member to the next would
 * take too much of it. */
#define LC_LEAST_SHARE_NS 50000

/* This mutex is held for a few steps, and never together with another one. */
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

lc_loop_t *lc_loop_first;

/* The child of a fork finds its parent's records, as they were in the middle of
 * an iteration, and its own loop may have the address of one of its
 * parent's. */
#if defined(_WIN32) || defined(LC_EXPLORE)
static int this_process(void) {
  return 0;
}
#else
static int this_process(void) {
  return (int) uv_os_getpid();
}
#endif

/* Locked, as the next two. */
static lc_loop_t *find_loop(const uv_loop_t *loop, int process) {
  lc_loop_t *found = lc_loop_first;

  while (found != NULL && (found->loop != loop || found->process != process))
    found = found->next;
  return found;
}

static void list_loop(lc_loop_t *loop) {
  loop->prev = NULL;
  loop->next = lc_loop_first;
  if (lc_loop_first != NULL)
    lc_loop_first->prev = loop;
  lc_loop_first = loop;
}

static void unlist_loop(lc_loop_t *loop) {
  if (loop->next != NULL)
    loop->next->prev = loop->prev;
  if (loop->prev != NULL)
    loop->prev->next = loop->next;
  else
    lc_loop_first = loop->next;
}

static lc_loop_t *new_loop(uv_loop_t *loop, int process) {
  lc_loop_t *fresh = lc_malloc(sizeof *fresh);

  if (fresh == NULL)
    return NULL;
  memset(fresh, 0, sizeof *fresh);
  lc_counter_init(&fresh->wakes);
  lc_owner_init(&fresh->loop_thread);
  lc_owner_init(&fresh->caller);
  lc_number_init(&fresh->serving);
  lc_number_init(&fresh->serving_ms);
  lc_gate_init(&fresh->gate);
  lc_lock_init(&fresh->lock);
  lc_queue_init(&fresh->told);
  fresh->loop = loop;
  fresh->process = process;
  lc_queue_init(&fresh->due);
  lc_queue_init(&fresh->later);
  return fresh;
}

lc_loop_t *lc_loop_attach(uv_loop_t *loop) {
  int process = this_process();
  lc_loop_t *found;

  lock_registry();
  found = find_loop(loop, process);
  if (found == NULL) {
    found = new_loop(loop, process);
    if (found != NULL)
      list_loop(found);
  }
  if (found != NULL)
    found->handles++;
  unlock_registry();
  return found;
}

void lc_loop_detach(lc_loop_t *loop) {
  bool last;

  lock_registry();
  lc_assert(loop->handles > 0);
  last = --loop->handles == 0;
  if (last) {
    lc_assert(loop->driver == NULL);
    unlist_loop(loop);
  }
  unlock_registry();
  if (last && lc_gate_shut(&loop->gate))
    lc_free(loop);
}

void lc_loop_hold(lc_loop_t *loop) {
  bool entered = lc_gate_enter(&loop->gate);

  lc_assert(entered);
  (void) entered;
}

/* The registry is not needed: the last sender may be dropped in another copy of
 * the library, which has a registry of its own. */
void lc_loop_release(lc_loop_t *loop) {
  if (lc_gate_leave(&loop->gate))
    lc_free(loop);
}

void lc_loop_enter(lc_loop_t *loop, lc_member_t *member, lc_wake_t *wake,
                   uint64_t most_ns, bool (*serve)(lc_member_t *member)) {
  lc_assert(lc_loop_is_here(loop) || lc_loop_may_be_here(loop));
  lc_assert(most_ns > 0);
  member->loop = loop;
  member->wake = wake;
  member->most_ns = most_ns;
  member->serve = serve;
  member->called = member->served = member->used_ns = 0;
  member->heard = lc_wake_count(wake);
  wake->count_of_all = &loop->wakes;
  member->queued = member->is_later = false;
  member->open = true;
}

void lc_loop_listen(lc_listener_t *listener, lc_member_t *member,
                    void (*reconsider)(lc_listener_t *listener)) {
  listener->member = member;
  listener->reconsider = reconsider;
  listener->is_told = false;
  member->loop->listeners++;
}

bool lc_loop_tell(lc_listener_t *listener) {
  lc_loop_t *loop = listener->member->loop;
  bool is_free;

  lc_lock_take(&loop->lock, true);
  if (!listener->is_told) {
    listener->is_told = true;
    lc_queue_append(&loop->told, &listener->told);
    loop->told_count++;
  }
  is_free = !lc_loop_is_serving(loop);
  lc_lock_release(&loop->lock);
  return is_free;
}

/* Locked. */
static void tell_no_more(lc_loop_t *loop, lc_listener_t *listener) {
  lc_assert(lc_lock_is_held(&loop->lock));
  lc_assert(listener->is_told && loop->told_count > 0);
  listener->is_told = false;
  lc_queue_remove(&listener->told);
  loop->told_count--;
}

static lc_listener_t *take_told(lc_loop_t *loop) {
  lc_listener_t *told;

  lc_lock_take(&loop->lock, true);
  told = lc_container(loop->told.next, lc_listener_t, told);
  tell_no_more(loop, told);
  lc_lock_release(&loop->lock);
  return told;
}

void lc_loop_stop_listening(lc_listener_t *listener) {
  lc_loop_t *loop = listener->member->loop;

  lc_assert(loop->listeners > 0);
  loop->listeners--;
  lc_lock_take(&loop->lock, true);
  if (listener->is_told)
    tell_no_more(loop, listener);
  lc_lock_release(&loop->lock);
}

/* Whether it may be served: it has not been in this turn. */
static bool has_turn(const lc_member_t *member) {
  return member->served <= member->loop->ended;
}

static void queue_up(lc_loop_t *loop, lc_member_t *member) {
  lc_assert(member->open && !member->queued);
  member->queued = true;
  member->is_later = !has_turn(member);
  lc_queue_append(member->is_later ? &loop->later : &loop->due, &member->queue);
  loop->due_count += !member->is_later;
}

static void take_off(lc_loop_t *loop, lc_member_t *member) {
  lc_assert(member->queued);
  lc_assert(member->is_later || loop->due_count > 0);
  member->queued = false;
  lc_queue_remove(&member->queue);
  loop->due_count -= !member->is_later;
}

static lc_member_t *first_of(const lc_queue_t *head) {
  return lc_queue_is_empty(head) ? NULL
                                 : lc_container(head->next, lc_member_t, queue);
}

static void drive(lc_loop_t *loop, lc_member_t *driver) {
  loop->driver = driver;
  lc_wake_self(driver->wake);
}

/* The first of those that are left; NULL: none. */
static lc_member_t *first_left(const lc_loop_t *loop) {
  lc_member_t *first = first_of(&loop->due);

  return first != NULL ? first : first_of(&loop->later);
}

/* Makes the loop come back to those that are left: through the member that is
 * at hand, unless it is NULL or closed. */
static void drive_on(lc_loop_t *loop, lc_member_t *at_hand) {
  lc_member_t *first = first_left(loop);

  if (first != NULL && loop->driver == NULL)
    drive(loop, at_hand != NULL && at_hand->open ? at_hand : first);
}

static void hear(lc_loop_t *loop, lc_member_t *member) {
  uint64_t count = lc_wake_count(member->wake);

  loop->heard += count - member->heard;
  member->heard = count;
}

void lc_loop_leave(lc_member_t *member) {
  lc_loop_t *loop = member->loop;

  lc_assert(lc_loop_is_here(loop) || lc_loop_may_be_here(loop));
  lc_assert(member->open);
  hear(loop, member);
  member->open = false;
  if (member->queued)
    take_off(loop, member);
  if (loop->driver != member)
    return;
  loop->driver = NULL;
  drive_on(loop, NULL);
}

/* A turn has ended since the member's last call, if there was one. */
static void end_turn(lc_loop_t *loop, const lc_member_t *member) {
  lc_member_t *first;

  if (member->called <= loop->ended)
    return;
  loop->ended = member->called;
  loop->used_till_ended = member->used_ns;
  while ((first = first_of(&loop->later)) != NULL && has_turn(first)) {
    take_off(loop, first);
    queue_up(loop, first);
  }
}

/* The next one that is due, while the turn has time; or NULL. */
static lc_member_t *next_due(const lc_loop_t *loop) {
  lc_member_t *next = first_of(&loop->due);

  return next != NULL && lc_loop_used(loop) < next->most_ns ? next : NULL;
}

/* True: one that was served goes on later. */
static bool serve_due(lc_loop_t *loop) {
  lc_member_t *next;
  bool cut = false;

  while ((next = next_due(loop)) != NULL) {
    lc_number_set(&loop->serving, (uintptr_t) next);
    take_off(loop, next);
    next->served = loop->call;
    if (next->serve(next) && next->open && !next->queued) {
      queue_up(loop, next);
      cut = true;
    }
  }
  return cut;
}

#ifdef LC_NOTICES_NESTED_RUN

/* No callback should take that long. */
#define LC_VERY_LONG_MS 50

static uintptr_t now_ms(void) {
  return (uintptr_t) (uv_hrtime() / 1000000) | 1;
}

bool lc_loop_seems_nested(const lc_loop_t *loop) {
  uintptr_t since_ms = lc_number_read(&loop->serving_ms);

  return since_ms != 0 && now_ms() - since_ms > LC_VERY_LONG_MS;
}

#endif

static void set_serving(lc_loop_t *loop, const lc_member_t *member) {
  lc_number_set(&loop->serving, (uintptr_t) member);
#ifdef LC_NOTICES_NESTED_RUN
  lc_number_set(&loop->serving_ms, member != NULL ? now_ms() : 0);
#endif
}

/* The loop begins to serve, that member first; or, if it is NULL, has ended.
 * Those that were told reconsider, except for the member, which is served now.
 * One that is told meanwhile does so the next time. */
static void change_serving(lc_loop_t *loop, const lc_member_t *member) {
  size_t told;

  if (loop->listeners == 0) {
    set_serving(loop, member);
    return;
  }
  lc_lock_take(&loop->lock, true);
  set_serving(loop, member);
  told = loop->told_count;
  lc_lock_release(&loop->lock);
  for (; told > 0; told--) {
    lc_listener_t *next = take_told(loop);
    if (next->member != member)
      next->reconsider(next);
  }
}

/* True: one that was served goes on later. */
static bool serve(lc_loop_t *loop) {
  const lc_member_t *first = next_due(loop);
  bool cut;

  if (first == NULL)
    return false;
  change_serving(loop, first);
  cut = serve_due(loop);
  change_serving(loop, NULL);
  return cut;
}

void lc_loop_serve(lc_member_t *member) {
  lc_loop_t *loop = member->loop;
  bool cut;

  lc_loop_note_callback(loop);
  loop->call++;
  if (member->open)
    hear(loop, member);
  end_turn(loop, member);
  if (loop->driver == member)
    loop->driver = NULL;
  if (member->open && !member->queued)
    queue_up(loop, member);
  cut = serve(loop);
  member->called = loop->call;
  member->used_ns = loop->used_ns;
  /* Its next call proves that the turn of this one has ended: so a member that
   * was cut here goes on there, whatever is called in between. */
  if (cut && member->open)
    drive(loop, member);
  drive_on(loop, member);
}

uint64_t lc_loop_share(const lc_member_t *member) {
  const lc_loop_t *loop = member->loop;
  uint64_t used = lc_loop_used(loop), left, share;

  lc_assert(used < member->most_ns);
  left = member->most_ns - used;
  share = left / (loop->due_count + 1);
  if (share < LC_LEAST_SHARE_NS)
    share = left < LC_LEAST_SHARE_NS ? left : LC_LEAST_SHARE_NS;
  return used + share;
}

bool lc_loop_claim_spin(lc_loop_t *loop) {
  if (loop->spun > loop->ended || first_left(loop) != NULL ||
      lc_counter_read(&loop->wakes) != loop->heard)
    return false;
  loop->spun = loop->call;
  return true;
}
