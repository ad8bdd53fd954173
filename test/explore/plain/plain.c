/* plain: the programs as plain C11 and pthreads, run once.
 *
 * For a model checker of C11 programs, which is given this one file with
 * -DPROGRAM=lost_wake: it includes the sources, what they need of libuv,
 * and the program. Run without one, it is a test like any other.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* The checker knows accesses of one size to one place, and has no memset or
 * memcpy for memory without a type. So these move words, of which all that the
 * programs set or copy is made; and the core, which is set to zero whole, is
 * zero from the start. */
static void *plain_malloc(size_t size);
static void plain_free(void *memory);
static void plain_zero(void *at, size_t size);
static void plain_copy(void *to, const void *from, size_t size);

#define malloc plain_malloc
#define free plain_free
#define memset(at, zero, size) plain_zero(at, size)
#define memcpy(to, from, size) plain_copy(to, from, size)

#include "../../../src/alloc.c"
#include "../../../src/atomic.c"
#include "../../../src/channel.c"
#include "../../../src/credit.c"
#include "../../../src/handle.c"
#include "../../../src/inbox.c"
#include "../../../src/line.c"
#include "../../../src/node.c"
#include "../../../src/receiver.c"
#include "../../../src/receiver_loop.c"
#include "../../../src/receiver_thread.c"
#include "../../../src/select.c"
#include "../../../src/sender.c"
#include "../../../src/shared.c"
#include "../../../src/spin.c"
#include "../../../src/wake.c"
#include "../../../src/writer.c"
#include "../explore.h"

#define TEXT_(x) #x
#define TEXT(x) TEXT_(x)
#include TEXT(../ PROGRAM.c)

#undef malloc
#undef free

static lc_channel_t core; /* of a program's only channel */

static void *plain_malloc(size_t size) {
  return size == sizeof core ? &core : malloc(size);
}

static void plain_free(void *memory) {
  if (memory != &core)
    free(memory);
}

static void plain_zero(void *at, size_t size) {
  size_t i;

  for (i = 0; at != &core && i < size / sizeof(uint64_t); i++)
    ((uint64_t *) at)[i] = 0;
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

void explore_check(bool fine, const char *what) {
  (void) what;
  assert(fine);
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

uint64_t uv_hrtime(void) {
  static atomic_ullong now;

  return atomic_fetch_add(&now, 1000000) + 1000000;
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
  while (atomic_load(cond) == 0) {
  }
  uv_mutex_lock(mutex);
}

int uv_cond_timedwait(uv_cond_t *cond, uv_mutex_t *mutex, uint64_t timeout) {
  (void) cond;
  (void) timeout;
  uv_mutex_unlock(mutex);
  uv_mutex_lock(mutex);
  return UV_ETIMEDOUT;
}

/* One handle; see uv_stub.c for what is libuv's here. */
uv_loop_t explore_loop;
static uv_async_t *handle;
static uv_close_cb close_handle_cb;
static bool closing;
static atomic_int pending, told;

int uv_async_init(uv_loop_t *loop, uv_async_t *async, uv_async_cb cb) {
  handle = async;
  async->loop = loop;
  async->type = UV_ASYNC;
  async->async_cb = cb;
  return 0;
}

int uv_async_send(uv_async_t *async) {
  (void) async;
  assert(!closing);
  if (atomic_load_explicit(&pending, memory_order_relaxed) != 0 ||
      atomic_exchange_explicit(&pending, 1, memory_order_acq_rel) != 0)
    return 0;
  atomic_store_explicit(&told, 1, memory_order_relaxed);
  return 0;
}

void uv_close(uv_handle_t *at, uv_close_cb cb) {
  (void) at;
  closing = true;
  close_handle_cb = cb;
}

int uv_is_closing(const uv_handle_t *at) {
  (void) at;
  return closing;
}

void explore_loop_run(void) {
  while (!closing) {
    while (atomic_load_explicit(&told, memory_order_relaxed) == 0) {
    }
    atomic_store_explicit(&told, 0, memory_order_relaxed);
    if (atomic_exchange_explicit(&pending, 0, memory_order_acq_rel) != 0)
      handle->async_cb(handle);
  }
  close_handle_cb((uv_handle_t *) handle);
}
