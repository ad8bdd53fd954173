/* fail: a library to be loaded before a program (LD_PRELOAD), that has one of
 * its calls fail, as the environment says: FAIL=memory:7 the seventh
 * allocation, FAIL=memory:7+ all from the seventh on, FAIL=thread:2 the second
 * thread. Behind malloc is glibc's own.
 */
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#pragma GCC visibility push(default)

/* What follows counts. Before it a loop was made and closed: where there is no
 * memory for its very first, libuv gives up with an abort, and nothing that a
 * program does prevents it. */
static atomic_bool counts;

static void __attribute__((constructor)) begin(void) {
  int (*init)(void *), (*close)(void *);
  static max_align_t loop[4096 / sizeof(max_align_t)];

  *(void **) &init = dlsym(RTLD_DEFAULT, "uv_loop_init");
  *(void **) &close = dlsym(RTLD_DEFAULT, "uv_loop_close");
  if (init != NULL && init(loop) == 0)
    close(loop);
  atomic_store(&counts, true);
}

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

/* Whether this call of that kind is to fail. */
static bool fails(const char *kind, atomic_ulong *calls) {
  const char *fail = getenv("FAIL");
  size_t length = strlen(kind);
  char *end;

  if (!atomic_load(&counts) || fail == NULL || strncmp(fail, kind, length) != 0)
    return false;
  unsigned long n = strtoul(fail + length, &end, 10);
  unsigned long call = atomic_fetch_add(calls, 1) + 1;
  return call == n || (call > n && *end == '+');
}

static bool no_memory(void) {
  static atomic_ulong calls;

  if (!fails("memory:", &calls))
    return false;
  errno = ENOMEM;
  return true;
}

void *malloc(size_t size) {
  return no_memory() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
  return no_memory() ? NULL : __libc_calloc(count, size);
}

/* libuv's are left alone: it aborts where a loop's table of descriptors cannot
 * grow, which no program prevents. */
void *realloc(void *old, size_t size) {
  Dl_info caller;
  bool is_libuv = dladdr(__builtin_return_address(0), &caller) != 0 &&
                  strstr(caller.dli_fname, "/libuv.") != NULL;

  return !is_libuv && no_memory() ? NULL : __libc_realloc(old, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
  return no_memory() ? NULL : __libc_memalign(alignment, size);
}

int posix_memalign(void **block, size_t alignment, size_t size) {
  void *made = aligned_alloc(alignment, size);

  if (made == NULL)
    return ENOMEM;
  *block = made;
  return 0;
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                   void *(*run)(void *), void *arg) {
  static atomic_ulong calls;
  int (*create)(pthread_t *, const pthread_attr_t *, void *(*) (void *),
                void *);

  if (fails("thread:", &calls))
    return EAGAIN;
  *(void **) &create = dlsym(RTLD_NEXT, "pthread_create");
  return create(thread, attributes, run, arg);
}
