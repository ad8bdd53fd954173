/* fail: a library to be loaded before a program (LD_PRELOAD), that has one of
 * its calls fail, as the environment says: FAIL=memory:7 the seventh
 * allocation, FAIL=memory:7+ all from the seventh on, FAIL=thread:2 the second
 * thread. With FAIL_IN=name only calls count that are made in a file whose name
 * has that in it: those of an addon, for example. Behind malloc is glibc's own.
 */
#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#pragma GCC visibility push(default)

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

/* What follows counts. Before it a loop was made and closed: where there is no
 * memory for its very first, libuv gives up with an abort, and nothing that a
 * program does prevents it. */
static atomic_bool counts;

static void __attribute__((constructor)) begin(void) {
  int (*init)(void *), (*close)(void *);
  static max_align_t loop[4096 / sizeof(max_align_t)];

  *(void **) &init = dlsym(RTLD_DEFAULT, "uv_loop_init");
  *(void **) &close = dlsym(RTLD_DEFAULT, "uv_loop_close");
  if (init != NULL && getenv("FAIL_IN") == NULL && init(loop) == 0)
    close(loop);
  atomic_store(&counts, true);
}

/* Not dladdr: that looks at each symbol of the file. The program's own name is
 * empty there. */
static bool is_in(void *caller, const char *name) {
  struct dl_find_object object;
  const char *file;

  if (_dl_find_object(caller, &object) != 0)
    return false;
  file = object.dlfo_link_map->l_name;
  return strstr(*file != '\0' ? file : program_invocation_short_name, name) !=
         NULL;
}

/* Whether this call of that kind is to fail. libuv's allocations do not: it
 * aborts where a loop's table of descriptors cannot grow, and that is nothing
 * that a program prevents, either. */
static bool fails(const char *kind, atomic_ulong *calls, void *caller) {
  const char *fail = getenv("FAIL"), *in = getenv("FAIL_IN");
  size_t length = strlen(kind);
  char *end;

  if (!atomic_load(&counts) || fail == NULL ||
      strncmp(fail, kind, length) != 0 ||
      (in != NULL ? !is_in(caller, in)
                  : *kind == 'm' && is_in(caller, "/libuv.")))
    return false;
  unsigned long n = strtoul(fail + length, &end, 10);
  unsigned long call = atomic_fetch_add(calls, 1) + 1;
  return call == n || (call > n && *end == '+');
}

static bool no_memory(void *caller) {
  static atomic_ulong calls;

  if (!fails("memory:", &calls, caller))
    return false;
  errno = ENOMEM;
  return true;
}

#define NO_MEMORY no_memory(__builtin_return_address(0))

void *malloc(size_t size) {
  return NO_MEMORY ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
  return NO_MEMORY ? NULL : __libc_calloc(count, size);
}

void *realloc(void *old, size_t size) {
  return NO_MEMORY ? NULL : __libc_realloc(old, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
  return NO_MEMORY ? NULL : __libc_memalign(alignment, size);
}

int posix_memalign(void **block, size_t alignment, size_t size) {
  void *made = NO_MEMORY ? NULL : __libc_memalign(alignment, size);

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

  if (fails("thread:", &calls, __builtin_return_address(0)))
    return EAGAIN;
  *(void **) &create = dlsym(RTLD_NEXT, "pthread_create");
  return create(thread, attributes, run, arg);
}
