/* uv: the little of libuv that the library uses, for a checker that brings its
 * own system headers and would choke on the real one. */
#ifndef PLAIN_UV_H
#define PLAIN_UV_H

#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#ifndef SSIZE_MAX
#define SSIZE_MAX LONG_MAX
#endif
typedef long plain_ssize_t;
#define ssize_t plain_ssize_t

enum {
  UV_EAGAIN = -1,
  UV_EALREADY = -2,
  UV_EBUSY = -3,
  UV_ECANCELED = -4,
  UV_EINVAL = -5,
  UV_ENOMEM = -6,
  UV_ENOTSUP = -7,
  UV_EOF = -8,
  UV_EPIPE = -9,
  UV_ETIMEDOUT = -10
};

typedef enum { UV_UNKNOWN_HANDLE, UV_ASYNC } uv_handle_type;

typedef struct {
  int turns;
} uv_loop_t;

typedef struct uv_async_s uv_async_t;
typedef struct uv_async_s uv_handle_t;
typedef void (*uv_async_cb)(uv_async_t *async);
typedef void (*uv_close_cb)(uv_handle_t *handle);

struct uv_async_s {
  void *data;
  uv_loop_t *loop;
  uv_handle_type type;
  uv_async_cb async_cb;
};

typedef pthread_mutex_t uv_mutex_t;
typedef atomic_int uv_cond_t;

typedef void *(*uv_malloc_func)(size_t size);
typedef void *(*uv_realloc_func)(void *memory, size_t size);
typedef void *(*uv_calloc_func)(size_t count, size_t size);
typedef void (*uv_free_func)(void *memory);

uint64_t uv_hrtime(void);
int uv_mutex_init(uv_mutex_t *mutex);
void uv_mutex_destroy(uv_mutex_t *mutex);
void uv_mutex_lock(uv_mutex_t *mutex);
int uv_mutex_trylock(uv_mutex_t *mutex);
void uv_mutex_unlock(uv_mutex_t *mutex);
int uv_cond_init(uv_cond_t *cond);
void uv_cond_destroy(uv_cond_t *cond);
void uv_cond_signal(uv_cond_t *cond);
void uv_cond_wait(uv_cond_t *cond, uv_mutex_t *mutex);
int uv_cond_timedwait(uv_cond_t *cond, uv_mutex_t *mutex, uint64_t timeout);
int uv_async_init(uv_loop_t *loop, uv_async_t *async, uv_async_cb cb);
int uv_async_send(uv_async_t *async);
void uv_close(uv_handle_t *handle, uv_close_cb cb);
void uv_ref(uv_handle_t *handle);
int uv_is_closing(const uv_handle_t *handle);

#endif /* PLAIN_UV_H */
