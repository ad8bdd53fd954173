/* plain: the programs as plain C11 and pthreads, run once.
 *
 * For a model checker of C11 programs, which is given this one file with
 * -DPROGRAM=lost_wake: it includes the sources, what they need of libuv,
 * and the program. Run without one, it is a test like any other.
 *
 * A checker cannot wait, so with EXPLORE_CHECKED a wait is marked as a loop
 * that changes nothing: the thread is put aside until it reads what it waits
 * for, and if all that are put aside have read the last store, a wake was lost.
 */
#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#ifndef static_assert /* the checker's <assert.h> */
#define static_assert _Static_assert
#endif

/* The checker knows accesses of one size to one place, and has no memset or
 * memcpy for memory without a type. So these move words, of which all that the
 * programs set or copy is made; and the core, which is set to zero whole, is
 * zero from the start. */
static void plain_zero(void *at, size_t size);
static void plain_copy(void *to, const void *from, size_t size);

#define memset(at, zero, size) plain_zero(at, size)
#define memcpy(to, from, size) plain_copy(to, from, size)

#include "wait/lock.h"

/* The checker knows its own mutexes, so a lock is one, but in its own program:
 * that one has less to check otherwise. */
#ifdef EXPLORE_PLAIN_LOCKS
#define lc_lock_init(lock) pthread_mutex_init((pthread_mutex_t *) (lock), NULL)
#define lc_lock_take(lock, spins) \
  ((void) (spins), pthread_mutex_lock((pthread_mutex_t *) (lock)))
#define lc_lock_release(lock) pthread_mutex_unlock((pthread_mutex_t *) (lock))
#endif

#include "base/atomic.c"
#include "queue/backlog.c"
#include "core/channel.c"
#include "core/rendezvous.c"
#include "core/replace.c"
#include "core/rx.c"
#include "core/shared.c"
#include "core/stats.c"
#include "core/tx.c"
#include "wait/permits.c"
#include "queue/inbox.c"
#include "queue/latest.c"
#include "wait/waitq.c"
#include "wait/lock.c"
#include "wait/loop.c"
#include "queue/block.c"
#include "queue/slab.c"
#include "wait/backoff.c"
#include "wait/wake.c"
#ifndef EXPLORE_ROOMS /* a program that needs no public call */
#include "api/close.c"
#include "api/open.c"
#include "api/outlook.c"
#include "api/receiver.c"
#include "api/receiver_loop.c"
#include "api/receiver_shared.c"
#include "api/receiver_thread.c"
#include "api/reserve.c"
#include "api/select.c"
#include "api/sender.c"
#include "api/writer.c"
#endif
#include "../explore.h"

#define TEXT_(x) #x
#define TEXT(x) TEXT_(x)
#include TEXT(PROGRAM.c)

/* Of a program's channels. */
static lc_channel_t cores[3];
static size_t cores_used;

static bool is_core(const void *at) {
  return at == &cores[0] || at == &cores[1] || at == &cores[2];
}

/* In place of alloc.c, whose count of blocks all threads would share. A core is
 * one of three constants: so a compiler, too, sees that none is freed. */
void *lc_malloc(size_t size) {
  return malloc(size);
}

void lc_free(void *memory) {
  free(memory);
}

void *lc_malloc_core(size_t size) {
  assert(size == sizeof *cores && cores_used < 3);
  cores_used++;
  return cores_used == 1 ? &cores[0] : cores_used == 2 ? &cores[1] : &cores[2];
}

void lc_free_core(void *memory) {
  assert(is_core(memory));
}

void *lc_malloc_burst(size_t size, bool full) {
  (void) full;
  return lc_malloc(size);
}

void lc_free_burst(void *memory, size_t size) {
  (void) size;
  lc_free(memory);
}

bool lc_burst_is_pages(size_t size) {
  (void) size;
  return false;
}

void lc_discard_burst(void *part, size_t size) {
  (void) part;
  (void) size;
}

static void plain_zero(void *at, size_t size) {
  size_t i;

  for (i = 0; !is_core(at) && i < size; i++)
    if (i % sizeof(uint64_t) == 0)
      ((uint64_t *) at)[i / sizeof(uint64_t)] = 0;
    else
      ((char *) at)[i] = 0;
}

static void plain_copy(void *to, const void *from, size_t size) {
  size_t i;

  for (i = 0; i < size / sizeof(uint64_t); i++)
    ((uint64_t *) to)[i] = ((const uint64_t *) from)[i];
}

#define THREADS_MOST 4

static pthread_t threads[THREADS_MOST];
static void (*works[THREADS_MOST])(void *);
static void *args[THREADS_MOST];
static int threads_count;

static void *run_work(void *number) {
  int t = (int) (intptr_t) number;

  works[t](args[t]);
  return NULL;
}

void explore_spawn(void (*work)(void *), void *arg) {
  int t = threads_count++;

  works[t] = work;
  args[t] = arg;
  if (pthread_create(&threads[t], NULL, run_work, (void *) (intptr_t) t) != 0)
    abort();
}

void explore_join(void) {
  while (threads_count > 0)
    pthread_join(threads[--threads_count], NULL);
}

#ifdef EXPLORE_CHECKED
void __VERIFIER_loop_begin(void);
void __VERIFIER_spin_start(void);
void __VERIFIER_spin_end(bool goes_on);
#else
#define __VERIFIER_loop_begin() ((void) 0)
#define __VERIFIER_spin_start() ((void) 0)
#define __VERIFIER_spin_end(goes_on) ((void) (goes_on))
#endif

static void wait_for(atomic_int *told) {
  int is_told = 0;

  __VERIFIER_loop_begin();
  while (!is_told) {
    __VERIFIER_spin_start();
    is_told = atomic_load_explicit(told, memory_order_acquire);
    __VERIFIER_spin_end(is_told != 0);
  }
}

void explore_check(bool fine, const char *what) {
  (void) what;
  assert(fine);
}

void explore_each_step(void) {
}

void explore_stand_still(const bool *until, int after) {
  (void) until;
  (void) after;
}

unsigned explore_choose(unsigned count) {
  (void) count;
  return 0;
}

void explore_wait_for(const bool *until) {
  (void) until;
}

/* The program marks its plain accesses; here they are made. */
void explore_read(const void *at) {
  (void) *(const volatile uint64_t *) at;
}

void explore_write(const void *at) {
  *(volatile uint64_t *) (uintptr_t) at = 1;
}

int explore_main(int argc, char **argv, const explore_program_t *what) {
  (void) argc;
  (void) argv;
  what->run();
  return 0;
}

/* Each thread's own clock: one for all would order them. */
uint64_t uv_hrtime(void) {
  static _Thread_local uint64_t now;

  return now += 1000000;
}

int uv_mutex_init(uv_mutex_t *mutex) {
  return pthread_mutex_init(mutex, NULL);
}

void uv_mutex_destroy(uv_mutex_t *mutex) {
  pthread_mutex_destroy(mutex);
}

void uv_mutex_lock(uv_mutex_t *mutex) {
  pthread_mutex_lock(mutex);
}

int uv_mutex_trylock(uv_mutex_t *mutex) {
  return pthread_mutex_trylock(mutex) == 0 ? 0 : UV_EBUSY;
}

void uv_mutex_unlock(uv_mutex_t *mutex) {
  pthread_mutex_unlock(mutex);
}

/* A condition is a number that a signal changes: each has one waiter. */
int uv_cond_init(uv_cond_t *cond) {
  atomic_init(cond, 0);
  return 0;
}

void uv_cond_destroy(uv_cond_t *cond) {
  (void) cond;
}

void uv_cond_signal(uv_cond_t *cond) {
  atomic_store(cond, 1);
}

void uv_cond_wait(uv_cond_t *cond, uv_mutex_t *mutex) {
  atomic_store(cond, 0);
  uv_mutex_unlock(mutex);
  wait_for(cond);
  uv_mutex_lock(mutex);
}

int uv_cond_timedwait(uv_cond_t *cond, uv_mutex_t *mutex, uint64_t timeout) {
  (void) cond;
  (void) timeout;
  uv_mutex_unlock(mutex);
  uv_mutex_lock(mutex);
  return UV_ETIMEDOUT;
}

/* One handle on each loop; see uv_stub.c for what is libuv's here. */
typedef struct {
  uv_async_t *async;
  uv_close_cb close_cb;
  bool closing;
  atomic_int pending, told;
} handle_t;

uv_loop_t explore_loop, explore_other_loop;
static handle_t handles[2];

static handle_t *handle_on(const uv_loop_t *loop) {
  return &handles[loop == &explore_other_loop];
}

static handle_t *handle_of(const uv_handle_t *at) {
  return handle_on(((const uv_async_t *) at)->loop);
}

int uv_async_init(uv_loop_t *loop, uv_async_t *async, uv_async_cb cb) {
  handle_on(loop)->async = async;
  async->loop = loop;
  async->type = UV_ASYNC;
  async->async_cb = cb;
  return 0;
}

int uv_async_send(uv_async_t *async) {
  handle_t *handle = handle_of(async);

  assert(!handle->closing);
  if (atomic_load_explicit(&handle->pending, memory_order_relaxed) != 0 ||
      atomic_exchange_explicit(&handle->pending, 1, memory_order_acq_rel) != 0)
    return 0;
  atomic_exchange_explicit(&handle->told, 1, memory_order_acq_rel);
  return 0;
}

void uv_close(uv_handle_t *at, uv_close_cb cb) {
  handle_of(at)->closing = true;
  handle_of(at)->close_cb = cb;
}

void uv_ref(uv_handle_t *at) {
  (void) at;
}

int uv_is_closing(const uv_handle_t *at) {
  return handle_of(at)->closing;
}

static void turn(handle_t *handle) {
  atomic_exchange_explicit(&handle->told, 0, memory_order_acq_rel);
  if (atomic_exchange_explicit(&handle->pending, 0, memory_order_acq_rel) != 0)
    handle->async->async_cb(handle->async);
}

static void run_loop(handle_t *handle) {
  while (!handle->closing) {
    wait_for(&handle->told);
    turn(handle);
  }
  if (handle->close_cb != NULL)
    handle->close_cb((uv_handle_t *) handle->async);
}

void explore_loop_turn(void) {
  turn(&handles[0]);
}

void explore_loop_run(void) {
  run_loop(&handles[0]);
}

void explore_other_loop_run(void *arg) {
  (void) arg;
  run_loop(&handles[1]);
}
