/* uv_stub: the part of libuv that the library uses, as the explorer's own.
 *
 * uv_async_send is as libuv's: a relaxed look at `pending`, nothing more if it
 * is set; then it is set, and the loop's thread is told. The loop clears it
 * before it calls back. What tells the loop's thread, a descriptor, orders
 * nothing here. */
#include <stdlib.h>
#include <string.h>

#include "atomic.h"
#include "engine.h"

#define HANDLES_MOST 4
#define LOCKS_MOST 24
#define ARENA_SIZE (64 * 1024)

typedef struct {
  uv_async_t *async;
  uint64_t *pending; /* an atomic place in the arena */
  uv_close_cb close_cb;
  bool *told; /* its loop's */
  bool closing, closed;
} handle_t;

/* A mutex, or a condition. */
typedef struct {
  const void *at;
  bool free;                 /* mutex */
  bool *waits[THREADS_MOST]; /* condition: of those that wait */
  unsigned waiting;          /* how many */
  view_t view;
} lock_t;

uv_loop_t explore_loop, explore_other_loop;
extern struct lc_loop *lc_loop_first;
bool uv_stub_weakened;

static handle_t handles[HANDLES_MOST];
static size_t handles_count;
static lock_t locks[LOCKS_MOST];
static size_t locks_count;
static bool told, other_told; /* the loops: to look what is pending */
static uint64_t clock_ns;
static _Alignas(16) char arena[ARENA_SIZE];
static size_t arena_used, blocks;

/* Of threads that are to stand still. */
static const bool *stands_until[THREADS_MOST];
static int passes[THREADS_MOST];

/* By the twin, what a thread will signal when it has released its mutex. */
static uv_cond_t *put_off[THREADS_MOST];

/* Memory is never used again within a run; freeing it is a write to it, so
 * that a use by another thread that is not ordered before shows as a race. */
typedef union {
  size_t size;
  max_align_t align;
} head_t;

static void *arena_malloc(size_t size) {
  head_t *head = (head_t *) (void *) (arena + arena_used);

  size = (size + 15) / 16 * 16;
  if (arena_used + sizeof *head + size > ARENA_SIZE)
    engine_fail("explorer: the arena is used up");
  arena_used += sizeof *head + size;
  blocks++;
  head->size = size;
  memset(head + 1, 0, size);
  return head + 1;
}

static void arena_free(void *block) {
  size_t i;

  explore_check(blocks > 0, "freed twice");
  for (i = 0; i < ((head_t *) block - 1)->size; i += 8)
    explore_write((char *) block + i);
  blocks--;
}

static void *arena_calloc(size_t count, size_t size) {
  return arena_malloc(count * size);
}

static void *arena_realloc(void *block, size_t size) {
  (void) block;
  return arena_malloc(size);
}

void uv_stub_reset(void) {
  handles_count = locks_count = 0;
  memset(stands_until, 0, sizeof stands_until);
  memset(put_off, 0, sizeof put_off);
  told = other_told = false;
  clock_ns = 0;
  arena_used = blocks = 0;
  lc_loop_first = NULL; /* a run that failed has left its records */
  if (loopchan_replace_allocator(arena_malloc, arena_realloc, arena_calloc,
                                 arena_free) != 0)
    engine_fail("explorer: blocks are left from the run before");
}

size_t uv_stub_blocks(void) {
  return blocks;
}

uint64_t uv_hrtime(void) {
  return clock_ns += 1000000;
}

/* Whether the twin leaves something out; says so if it does. */
static bool left_out(bool twins_flag) {
  uv_stub_weakened = uv_stub_weakened || twins_flag;
  return twins_flag;
}

bool uv_stub_no_order(void) {
  return engine_twin != NULL && left_out(engine_twin->no_order);
}

bool uv_stub_no_exclusion(void) {
  return engine_twin != NULL && left_out(engine_twin->no_exclusion);
}

static bool no_signals(void) {
  return engine_twin != NULL && left_out(engine_twin->no_signals);
}

static bool late_signals(void) {
  return engine_twin != NULL && left_out(engine_twin->late_signals);
}

void explore_stand_still(const bool *until, int after) {
  stands_until[engine_self()] = until;
  passes[engine_self()] = after;
}

unsigned explore_choose(unsigned count) {
  return engine_choose(count);
}

static void stand_still(void) {
  const bool *until = stands_until[engine_self()];

  if (until == NULL || passes[engine_self()]-- > 0)
    return;
  stands_until[engine_self()] = NULL;
  engine_wait_for(until, "its processor");
}

static lock_t *lock_of(const void *at) {
  size_t i;

  for (i = 0; i < locks_count; i++)
    if (locks[i].at == at)
      return &locks[i];
  if (locks_count == LOCKS_MOST)
    engine_fail("explorer: more than %d locks", LOCKS_MOST);
  memset(&locks[locks_count], 0, sizeof *locks);
  locks[locks_count].at = at;
  locks[locks_count].free = true;
  return &locks[locks_count++];
}

/* Of mutexes and of conditions: to make one is a write to it, and so is to
 * destroy it; to use it, a read. */
int uv_mutex_init(uv_mutex_t *mutex) {
  lock_of(mutex);
  explore_write(mutex);
  return 0;
}

void uv_mutex_destroy(uv_mutex_t *mutex) {
  explore_write(mutex);
  explore_check(lock_of(mutex)->free, "a held mutex is destroyed");
}

static void take(lock_t *lock) {
  lock->free = false;
  memory_acquire(&lock->view);
}

void uv_mutex_lock(uv_mutex_t *mutex) {
  lock_t *lock = lock_of(mutex);

  explore_read(mutex);
  stand_still();
  engine_yield();
  if (uv_stub_no_order())
    return;
  if (!uv_stub_no_exclusion())
    engine_wait_for(&lock->free, "a mutex");
  take(lock);
}

int uv_mutex_trylock(uv_mutex_t *mutex) {
  lock_t *lock = lock_of(mutex);

  explore_read(mutex);
  engine_yield();
  if (uv_stub_no_order())
    return 0;
  if (!lock->free && !uv_stub_no_exclusion())
    return UV_EBUSY;
  take(lock);
  return 0;
}

static void signal_one(uv_cond_t *cond) {
  lock_t *lock = lock_of(cond);
  unsigned chosen;

  stand_still();
  engine_yield();
  explore_read(cond);
  if (no_signals() || lock->waiting == 0)
    return;
  chosen = engine_choose(lock->waiting);
  *lock->waits[chosen] = true;
  lock->waits[chosen] = lock->waits[--lock->waiting];
}

void uv_mutex_unlock(uv_mutex_t *mutex) {
  uv_cond_t *late = put_off[engine_self()];
  lock_t *lock = lock_of(mutex);

  if (uv_stub_no_order())
    return;
  memory_release(&lock->view);
  lock->free = true;
  put_off[engine_self()] = NULL;
  if (late != NULL)
    signal_one(late);
}

int uv_cond_init(uv_cond_t *cond) {
  lock_of(cond);
  explore_write(cond);
  return 0;
}

void uv_cond_destroy(uv_cond_t *cond) {
  explore_write(cond);
  explore_check(lock_of(cond)->waiting == 0,
                "a condition is destroyed that a thread waits for");
}

void uv_cond_signal(uv_cond_t *cond) {
  if (late_signals())
    put_off[engine_self()] = cond;
  else
    signal_one(cond);
}

void uv_cond_wait(uv_cond_t *cond, uv_mutex_t *mutex) {
  static bool signalled[THREADS_MOST];
  bool *mine = &signalled[engine_self()];
  lock_t *lock = lock_of(cond);

  explore_read(cond);
  *mine = false;
  lock->waits[lock->waiting++] = mine;
  uv_mutex_unlock(mutex);
  engine_wait_for(mine, "a signal");
  uv_mutex_lock(mutex);
}

int uv_cond_timedwait(uv_cond_t *cond, uv_mutex_t *mutex, uint64_t timeout) {
  (void) timeout;
  explore_read(cond);
  uv_mutex_unlock(mutex);
  uv_mutex_lock(mutex);
  return UV_ETIMEDOUT;
}

static handle_t *handle_of(const void *at) {
  size_t i;

  for (i = handles_count; i > 0; i--)
    if ((const void *) handles[i - 1].async == at)
      return &handles[i - 1];
  engine_fail("wrong: a handle that was never opened is used");
}

int uv_async_init(uv_loop_t *loop, uv_async_t *async, uv_async_cb cb) {
  handle_t *handle = &handles[handles_count++];

  memset(handle, 0, sizeof *handle);
  handle->async = async;
  handle->told = loop == &explore_other_loop ? &other_told : &told;
  handle->pending = (uint64_t *) (void *) (arena + arena_used);
  arena_used += 16;
  explore_init(handle->pending, 0);
  async->loop = loop;
  async->type = UV_ASYNC;
  async->async_cb = cb;
  return 0;
}

int uv_async_send(uv_async_t *async) {
  handle_t *handle = handle_of(async);

  stand_still();
  explore_check(!handle->closing, "uv_async_send after uv_close");
  if (explore_load(handle->pending, memory_order_relaxed, __func__) != 0)
    return 0;
  if (explore_swap(handle->pending, 1, memory_order_acq_rel, __func__) != 0)
    return 0;
  engine_yield();
  explore_check(!handle->closing, "uv_async_send after uv_close");
  if (!no_signals())
    *handle->told = true;
  return 0;
}

void uv_close(uv_handle_t *at, uv_close_cb cb) {
  handle_t *handle = handle_of(at);

  explore_check(!handle->closing, "uv_close twice");
  handle->closing = true;
  handle->close_cb = cb;
  *handle->told = true;
}

/* The explorer's loops go on until all is closed. */
void uv_ref(uv_handle_t *at) {
  (void) at;
}

int uv_is_closing(const uv_handle_t *at) {
  return handle_of(at)->closing;
}

/* The loops are known by what tells them. */
static bool all_closed(const bool *of) {
  size_t i;

  for (i = 0; i < handles_count; i++)
    if (handles[i].told == of && !handles[i].closed)
      return false;
  return true;
}

static void close_one(handle_t *handle) {
  handle->closed = true;
  if (handle->close_cb != NULL)
    handle->close_cb((uv_handle_t *) handle->async);
}

static void turn(bool *of) {
  size_t i;

  *of = false;
  for (i = 0; i < handles_count; i++) {
    handle_t *handle = &handles[i];
    if (handle->told != of || handle->closing)
      continue;
    if (explore_swap(handle->pending, 0, memory_order_acq_rel, __func__) == 1)
      handle->async->async_cb(handle->async);
  }
  for (i = 0; i < handles_count; i++)
    if (handles[i].told == of && handles[i].closing && !handles[i].closed)
      close_one(&handles[i]);
}

static void run(bool *of) {
  while (!all_closed(of)) {
    engine_wait_for(of, "a wake of the loop");
    turn(of);
  }
}

void explore_loop_turn(void) {
  turn(&told);
}

void explore_loop_run(void) {
  run(&told);
}

void explore_other_loop_run(void *arg) {
  (void) arg;
  run(&other_told);
}
