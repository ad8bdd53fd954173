/* napi: Node's threadsafe function, called back in C, with no JavaScript. The
 * driver is part of this addon: Node's main loop is libuv's default loop. With
 * a bound only for one sender: Node 20 may leave one of several that wait
 * asleep (nodejs/node 58723). Followed: Node's documentation, "Node-API",
 * "Asynchronous thread-safe function calls". */
#include <node_api.h>
#include <stdlib.h>

#include "../../bench.h"

typedef struct {
  napi_threadsafe_function function;
  bench_kind_t kind;
} channel_t;

/* The driver's main. */
int bench_main(int argc, char **argv);

static napi_env node;

static void on_call(napi_env env, napi_value callback, void *context,
                    void *message) {
  channel_t *channel = context;

  (void) env;
  (void) callback;
  channel->kind.cb(channel->kind.arg, message);
  free(message);
}

static void on_end(napi_env env, void *channel, void *context) {
  (void) env;
  (void) context;
  free(channel);
}

static void *open_channel(const bench_kind_t *kind) {
  channel_t *channel = malloc(sizeof *channel);
  napi_value name;

  bench_check(channel != NULL, "memory");
  channel->kind = *kind;
  bench_check(napi_create_string_utf8(node, "bench", NAPI_AUTO_LENGTH, &name) ==
                      napi_ok &&
                  napi_create_threadsafe_function(
                      node, NULL, NULL, name, kind->capacity, 1, channel,
                      on_end, channel, on_call, &channel->function) == napi_ok,
              "create");
  return channel;
}

static void *add_sender(void *arg) {
  channel_t *channel = arg;

  bench_check(napi_acquire_threadsafe_function(channel->function) == napi_ok,
              "acquire");
  return channel;
}

static void send_message(void *arg, const void *message) {
  channel_t *channel = arg;
  void *copy = malloc(channel->kind.size);

  bench_check(copy != NULL, "memory");
  bench_copy(copy, message, channel->kind.size);
  bench_check(napi_call_threadsafe_function(channel->function, copy,
                                            napi_tsfn_blocking) == napi_ok,
              "call");
}

static void drop_sender(void *arg) {
  channel_t *channel = arg;

  bench_check(napi_release_threadsafe_function(channel->function,
                                               napi_tsfn_release) == napi_ok,
              "release");
}

const bench_peer_t *bench_peer_of(const bench_kind_t *kind) {
  static const bench_peer_t peer = {.open = open_channel,
                                    .add_sender = add_sender,
                                    .send = send_message,
                                    .drop_sender = drop_sender,
                                    .close = drop_sender};

  return kind->to_loop && (kind->capacity == 0 || kind->senders == 1) ? &peer
                                                                      : NULL;
}

/* run(argument, ...): the driver's main with these. */
static napi_value run(napi_env env, napi_callback_info info) {
  enum { MOST = 32, LONGEST = 32 };
  napi_value given[MOST];
  size_t count = MOST, i, length;
  static char text[MOST][LONGEST], *argv[MOST + 1];

  node = env;
  bench_check(
      napi_get_cb_info(env, info, &count, given, NULL, NULL) == napi_ok &&
          count <= MOST,
      "arguments");
  for (i = 0; i < count; i++) {
    bench_check(napi_get_value_string_utf8(env, given[i], text[i], LONGEST,
                                           &length) == napi_ok,
                "arguments");
    argv[i] = text[i];
  }
  exit(bench_main((int) count, argv));
}

NAPI_MODULE_INIT() {
  napi_value function;

  bench_check(napi_create_function(env, "run", NAPI_AUTO_LENGTH, run, NULL,
                                   &function) == napi_ok,
              "function");
  (void) exports;
  return function;
}
