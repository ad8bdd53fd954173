/* stream: the addon's one class, a search as JavaScript sees it.
 *
 *   new Stream(fd, needle, threads, capacity)
 *   next()    a promise of a Float64Array of offsets, undefined at the end
 *   close()   a promise that the threads have ended
 *   queued()  how many offsets were found and not delivered
 *
 * Knows:   Node-API, promises. Not which pipe it is, nor how to search.
 * Threads: all of it on Node's.
 * Owners:  the JavaScript object and the open pipe. Each may go first, whoever
 *          is last frees the stream.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <uv.h>

#include "pipe.h"
#include "search.h"

enum { ARGUMENTS = 4, MOST_THREADS = 256, MOST_CAPACITY = 1 << 24 };

struct stream {
  napi_env env;
  struct pipe *pipe; /* NULL: closed */
  struct search *search;
  napi_ref self;        /* weak, but strong while a promise of next() waits */
  int collected;        /* there is no JavaScript object any more */
  int closing;          /* pipe_close was called */
  int ended;            /* all was delivered */
  int err;              /* why the search failed; for the next next() */
  napi_deferred nexted; /* the promises that wait, or NULL */
  napi_deferred closed;
};

/* ------------------------------------------------------ into JavaScript */

/* As a Node-API call failed: throws, unless that has thrown. */
static napi_value fail(napi_env env) {
  const napi_extended_error_info *info;
  bool thrown = true;
  if (napi_get_last_error_info(env, &info) == napi_ok &&
      napi_is_exception_pending(env, &thrown) == napi_ok && !thrown)
    napi_throw_error(env, NULL,
                     info->error_message != NULL ? info->error_message
                                                 : "a call of Node-API failed");
  return NULL;
}

static napi_status make_error(napi_env env, int err, napi_value *error) {
  napi_value code, message;
  char text[64];
  napi_status status = napi_create_string_utf8(
      env, uv_err_name_r(err, text, sizeof(text)), NAPI_AUTO_LENGTH, &code);
  if (status == napi_ok)
    status =
        napi_create_string_utf8(env, uv_strerror_r(err, text, sizeof(text)),
                                NAPI_AUTO_LENGTH, &message);
  return status == napi_ok ? napi_create_error(env, code, message, error)
                           : status;
}

static napi_value throw_code(napi_env env, int err) {
  napi_value error;
  if (make_error(env, err, &error) != napi_ok ||
      napi_throw(env, error) != napi_ok)
    return fail(env);
  return NULL;
}

static napi_status offsets_of(napi_env env, const struct hit *hits,
                              size_t count, napi_value *array) {
  void *data;
  napi_value buffer;
  napi_status status =
      napi_create_arraybuffer(env, count * sizeof(double), &data, &buffer);
  if (status != napi_ok)
    return status;
  for (size_t i = 0; i < count; i++)
    ((double *) data)[i] = (double) hits[i].offset;
  return napi_create_typedarray(env, napi_float64_array, count, buffer, 0,
                                array);
}

/* Settles a promise, with undefined, or with value, or with the error of err.
 * If that fails the environment is ending: nobody waits for the promise. */
static void settle(napi_env env, napi_deferred *deferred, napi_value value,
                   int err) {
  napi_deferred d = *deferred;
  *deferred = NULL;
  if (err != 0 && make_error(env, err, &value) != napi_ok)
    value = NULL;
  if (value == NULL && napi_get_undefined(env, &value) != napi_ok)
    return;
  if (err != 0)
    napi_reject_deferred(env, d, value);
  else
    napi_resolve_deferred(env, d, value);
}

/* The promise of next() for which the pipe was pulled. */
static void settle_pulled(struct stream *s, napi_value value) {
  if (!s->collected)
    napi_reference_unref(s->env, s->self, NULL);
  settle(s->env, &s->nexted, value, s->err);
}

/* ----------------------------------------------------- from the pipe */

/* An error of the search comes behind what was found before it. */
static void on_ready(void *arg, const struct hit *hits, size_t count) {
  struct stream *s = arg;
  napi_value offsets = NULL;

  if (count == 0) {
    s->ended = 1;
    s->err = search_err(s->search);
  } else if (offsets_of(s->env, hits, count, &offsets) != napi_ok) {
    s->err = UV_ENOMEM; /* these are lost: so is the search */
  }
  settle_pulled(s, offsets);
}

static void on_closed(void *arg, int scopes) {
  struct stream *s = arg;
  search_join(s->search);
  search_free(s->search);
  s->pipe = NULL;
  if (scopes && s->nexted != NULL)
    settle_pulled(s, NULL);
  if (scopes && s->closed != NULL)
    settle(s->env, &s->closed, NULL, 0);
  if (s->collected)
    free(s);
}

static void close_pipe(struct stream *s) {
  if (!s->closing)
    pipe_close(s->pipe);
  s->closing = 1;
}

/* Nobody called close(), perhaps: a loop that was left without a word. */
static void on_collected(napi_env env, void *data, void *hint) {
  struct stream *s = data;
  (void) hint;
  napi_delete_reference(env, s->self);
  s->collected = 1;
  if (s->pipe == NULL)
    free(s);
  else
    close_pipe(s);
}

/* ------------------------------------------------------ from JavaScript */

/* The stream of a method's this; V8 has seen to it that this is a Stream. */
static struct stream *this_stream(napi_env env, napi_callback_info info) {
  napi_value self;
  void *data;
  if (napi_get_cb_info(env, info, NULL, NULL, &self, NULL) == napi_ok &&
      napi_unwrap(env, self, &data) == napi_ok)
    return data;
  fail(env);
  return NULL;
}

/* Makes the promise of a method; there is one of a kind at a time. */
static napi_value promise_of(napi_env env, napi_deferred *deferred) {
  napi_value promise;
  if (*deferred != NULL) {
    napi_throw_error(env, NULL, "called before its last promise was settled");
    return NULL;
  }
  return napi_create_promise(env, deferred, &promise) == napi_ok ? promise
                                                                 : fail(env);
}

/* Hits that are there already come from the loop, too: it delivers for about a
 * millisecond, then turns. Were their promise resolved here and now, a consumer
 * that is no faster than the search would go from microtask to microtask, and
 * no timer and no socket had its turn. */
static napi_value next(napi_env env, napi_callback_info info) {
  struct stream *s = this_stream(env, info);
  napi_value promise = s == NULL ? NULL : promise_of(env, &s->nexted);
  if (promise == NULL)
    return NULL;
  int err = s->err;
  if (err == 0 && !s->closing && !s->ended && s->pipe != NULL) {
    err = pipe_pull(s->pipe);
    if (err == 0) {
      napi_reference_ref(env, s->self, NULL); /* or it could be collected */
      return promise;
    }
  }
  settle(env, &s->nexted, NULL, err);
  return promise;
}

static napi_value close_stream(napi_env env, napi_callback_info info) {
  struct stream *s = this_stream(env, info);
  napi_value promise = s == NULL ? NULL : promise_of(env, &s->closed);
  if (promise == NULL)
    return NULL;
  if (s->pipe == NULL)
    settle(env, &s->closed, NULL, 0);
  else
    close_pipe(s);
  return promise;
}

static napi_value queued(napi_env env, napi_callback_info info) {
  struct stream *s = this_stream(env, info);
  napi_value number;
  if (s == NULL)
    return NULL;
  size_t n = s->pipe == NULL || s->closing ? 0 : pipe_queued(s->pipe);
  return napi_create_double(env, (double) n, &number) == napi_ok ? number
                                                                 : fail(env);
}

struct arguments {
  void *needle;
  size_t needle_bytes;
  uint32_t fd, threads, capacity;
};

/* Throws, with the argument's name first. Returns 0. */
static int refuse(napi_env env, int is_range, const char *name,
                  const char *wanted) {
  char text[128];
  snprintf(text, sizeof(text), "%s: %s", name, wanted);
  if (is_range)
    napi_throw_range_error(env, "ERR_OUT_OF_RANGE", text);
  else
    napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", text);
  return 0;
}

/* Returns 0 when it has thrown. Not napi_get_value_uint32: that makes NaN 0,
 * and 2^32 + 1 is 1 for it. The comparison refuses NaN, too. */
static int read_whole(napi_env env, napi_value given, const char *name,
                      uint32_t least, uint32_t most, uint32_t *number) {
  double n;
  char wanted[64];

  if (napi_get_value_double(env, given, &n) != napi_ok)
    return refuse(env, 0, name, "a number is wanted");
  if (!(n >= least && n <= most) || n != (uint32_t) n) {
    snprintf(wanted, sizeof(wanted),
             "a whole number from %" PRIu32 " to %" PRIu32 " is wanted", least,
             most);
    return refuse(env, 1, name, wanted);
  }
  *number = (uint32_t) n;
  return 1;
}

/* A Buffer is a Uint8Array. Not napi_is_buffer: any array of numbers is one for
 * that. */
static int read_needle(napi_env env, napi_value given, struct arguments *a) {
  napi_typedarray_type type;
  if (napi_get_typedarray_info(env, given, &type, &a->needle_bytes, &a->needle,
                               NULL, NULL) != napi_ok ||
      type != napi_uint8_array)
    return refuse(env, 0, "needle", "a Buffer is wanted");
  if (a->needle_bytes == 0)
    return refuse(env, 1, "needle", "a byte at least is wanted");
  if (a->needle_bytes > PIECE)
    return refuse(env, 1, "needle", "at most 256 KiB are searched for");
  return 1;
}

/* Returns 0 when it has thrown. */
static int read_arguments(napi_env env, const napi_value *given,
                          struct arguments *a) {
  return read_whole(env, given[0], "fd", 0, INT32_MAX, &a->fd) &&
         read_needle(env, given[1], a) &&
         read_whole(env, given[2], "threads", 1, MOST_THREADS, &a->threads) &&
         read_whole(env, given[3], "capacity", 1, MOST_CAPACITY, &a->capacity);
}

/* From the pipe's opening on, on_closed and on_collected free what is there. */
static int start(struct stream *s, napi_value self, const struct arguments *a) {
  const struct pipe_user user = {on_ready, on_closed, s};
  int err = search_new(&s->search, (int) a->fd, a->needle, a->needle_bytes,
                       a->threads);
  if (err == 0) {
    err = pipe_open(s->env, &s->pipe, a->threads, a->capacity, &user);
    if (err != 0)
      search_free(s->search);
  }
  if (err != 0) {
    free(s);
    return err;
  }
  if (napi_wrap(s->env, self, s, on_collected, NULL, &s->self) == napi_ok) {
    err = search_start(s->search, s->pipe);
  } else {
    err = UV_ECANCELED;
    s->collected = 1;
  }
  if (err != 0)
    close_pipe(s);
  return err;
}

static napi_value construct(napi_env env, napi_callback_info info) {
  napi_value given[ARGUMENTS], self, target;
  size_t count = ARGUMENTS;
  struct arguments a;

  if (napi_get_cb_info(env, info, &count, given, &self, NULL) != napi_ok ||
      napi_get_new_target(env, info, &target) != napi_ok)
    return fail(env);
  if (target == NULL) {
    napi_throw_type_error(env, "ERR_CONSTRUCT_CALL_REQUIRED",
                          "new Stream(fd, needle, threads, capacity)");
    return NULL;
  }
  if (!read_arguments(env, given, &a))
    return NULL;
  struct stream *s = calloc(1, sizeof(*s));
  if (s == NULL)
    return throw_code(env, UV_ENOMEM);
  s->env = env;
  int err = start(s, self, &a);
  return err == 0 ? self : throw_code(env, err);
}

/* Called for every environment that loads the addon, main thread and
 * worker_threads alike: nothing here is global. */
NAPI_MODULE_INIT() {
  const napi_property_descriptor methods[] = {
      {"next", NULL, next, NULL, NULL, NULL, napi_default, NULL},
      {"close", NULL, close_stream, NULL, NULL, NULL, napi_default, NULL},
      {"queued", NULL, queued, NULL, NULL, NULL, napi_default, NULL},
  };
  napi_value class;

  if (napi_define_class(env, "Stream", NAPI_AUTO_LENGTH, construct, NULL,
                        sizeof(methods) / sizeof(methods[0]), methods,
                        &class) != napi_ok ||
      napi_set_named_property(env, exports, "Stream", class) != napi_ok)
    return fail(env);
  return exports;
}
