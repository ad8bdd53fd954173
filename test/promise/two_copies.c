/* Promise: two plug-ins, each with a copy of the library of its own, may pass a
 * sender from one to the other. PLUGIN_A and PLUGIN_B are their files; nothing
 * else of the library is linked with. */
#include <check.h>
#include <dlfcn.h>
#include <loopchan.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>

#include "promise/copy.h"
#include "support/suite.h"

#define EACH 20000

static copy_t a, b;
static loopchan_receiver_t rx;
static loopchan_sender_t *tx;

static void *files[2];

static copy_t load(const char *file, void **handle) {
  const copy_t *copy;

  *handle = dlopen(file, RTLD_NOW | RTLD_LOCAL);
  if (*handle == NULL)
    ck_abort_msg("%s", dlerror());
  copy = dlsym(*handle, COPY_NAME);
  if (copy == NULL)
    ck_abort_msg("%s", dlerror());
#if defined(__ELF__)
  ck_assert_ptr_null(dlsym(*handle, "loopchan_open"));
#endif
  return *copy;
}

static void load_both(void) {
  a = load(PLUGIN_A, &files[0]);
  b = load(PLUGIN_B, &files[1]);
  ck_assert(a.open != b.open);
}

static void unload_both(void) {
  ck_assert_int_eq(dlclose(files[0]), 0);
  ck_assert_int_eq(dlclose(files[1]), 0);
}

static void open_in_a(uv_loop_t *loop, size_t capacity) {
  loopchan_options_t options = {.msg_size = sizeof(int),
                                .capacity = capacity,
                                .spin_ns = LOOPCHAN_NO_SPIN};

  ck_assert_int_eq(a.open(loop, &rx, &tx, &options), 0);
}

/* A copy may have a way to tell threads apart: it meets this one. */
static void meet(const copy_t *copy) {
  loopchan_options_t options = {.msg_size = sizeof(int)};
  loopchan_receiver_t own = {0};
  loopchan_sender_t *own_tx;

  (void) copy->open(NULL, &own, &own_tx, &options);
  (void) copy->send(own_tx, &(int){0});
  copy->sender_drop(own_tx);
  (void) copy->close(&own, NULL);
}

static void meet_in_b(void *arg) {
  (void) arg;
  meet(&b);
}

static void send_all(const copy_t *copy) {
  int i;

  for (i = 0; i < EACH; i++)
    if (copy->send(tx, &i) != 0)
      return;
}

static void send_all_in_b(void *arg) {
  (void) arg;
  send_all(&b);
  b.sender_drop(tx);
}

static const size_t capacities[] = {LOOPCHAN_UNBOUNDED, 1, 64,
                                    LOOPCHAN_RENDEZVOUS};

/* With and without a time-out: it sleeps, and the other copy wakes it. */
START_TEST(a_send_of_one_copy_wakes_the_receiver_of_the_other) {
  uv_thread_t sender;
  int message, expected = 0, err;

  open_in_a(NULL, capacities[_i]);
  ck_assert_int_eq(uv_thread_create(&sender, send_all_in_b, NULL), 0);
  do {
    err = expected % 2 == 0 ? a.recv(&rx, &message)
                            : a.recv_timeout(&rx, &message, 1000000);
    if (err == 0 && message != expected++)
      ck_abort_msg("%d is out of order", message);
  } while (err == 0 || err == UV_ETIMEDOUT);
  ck_assert_int_eq(err, UV_EOF);
  ck_assert_int_eq(expected, EACH);
  ck_assert_int_eq(uv_thread_join(&sender), 0);
  ck_assert_int_eq(a.close(&rx, NULL), 0);
}
END_TEST

START_TEST(a_close_in_one_copy_refuses_in_the_other) {
  open_in_a(NULL, capacities[_i]);
  ck_assert_int_eq(b.is_closed(tx), 0);
  ck_assert_int_eq(a.close(&rx, NULL), 0);
  ck_assert_int_eq(b.is_closed(tx), 1);
  ck_assert_int_eq(b.send(tx, &(int){1}), UV_EPIPE);
  b.sender_drop(tx);
}
END_TEST

/* In each round they begin together. */
#define ROUNDS 20
static atomic_int sending, met;

static void send_in(void *copy) {
  int round;

  for (round = 0; round < ROUNDS; round++) {
    met++;
    while (met < 2 * (round + 1))
      (void) sched_yield();
    send_all(copy);
  }
  sending--;
}

/* Each is the second thread that its copy meets, and both use one sender. */
START_TEST(a_sender_has_one_owner_among_all_copies) {
  uv_thread_t threads[2];
  int message, next[2] = {0, 0}, err, got = 0;
  copy_t *copies[] = {&a, &b};

  meet(&a);
  meet(&b);
  open_in_a(NULL, LOOPCHAN_UNBOUNDED);
  sending = 2;
  met = 0;
  for (int i = 0; i < 2; i++)
    ck_assert_int_eq(uv_thread_create(&threads[i], send_in, copies[i]), 0);
  while ((err = a.recv_timeout(&rx, &message, 1000000)) == 0 || sending > 0) {
    if (err != 0)
      continue;
    got++;
    if (message == next[0])
      next[0] = (next[0] + 1) % EACH;
    else if (message == next[1])
      next[1] = (next[1] + 1) % EACH;
    else
      ck_abort_msg("%d is out of order", message);
  }
  while (a.try_recv(&rx, &message) == 0)
    got++;
  ck_assert_int_eq(got, 2 * ROUNDS * EACH);
  for (int i = 0; i < 2; i++)
    ck_assert_int_eq(uv_thread_join(&threads[i]), 0);
  b.sender_drop(tx);
  ck_assert_int_eq(a.close(&rx, NULL), 0);
}
END_TEST

static int answer_in_callback;

static void send_in_b_twice(loopchan_receiver_t *receiver, int status,
                            void *msg) {
  (void) msg;
  if (status != 0)
    return;
  (void) b.send(tx, &(int){2}); /* takes the place */
  answer_in_callback = b.send(tx, &(int){3});
  ck_assert_int_eq(a.close(receiver, NULL), 0);
}

START_TEST(a_loop_does_not_wait_for_itself_in_the_other_copy) {
  uv_loop_t loop;
  uv_thread_t first;

  /* The loop's thread is the first one in a, and the second in b. */
  ck_assert_int_eq(uv_thread_create(&first, meet_in_b, NULL), 0);
  ck_assert_int_eq(uv_thread_join(&first), 0);
  meet(&a);
  ck_assert_int_eq(uv_loop_init(&loop), 0);
  open_in_a(&loop, 1);
  ck_assert_int_eq(a.recv_start(&rx, send_in_b_twice), 0);
  ck_assert_int_eq(a.send(tx, &(int){1}), 0);
  answer_in_callback = 0;
  uv_run(&loop, UV_RUN_DEFAULT);
  ck_assert_int_eq(answer_in_callback, UV_EAGAIN);
  b.sender_drop(tx);
  ck_assert_int_eq(uv_loop_close(&loop), 0);
}
END_TEST

/* The record of a loop belongs to the copy that opened the receiver. */
START_TEST(the_last_sender_is_dropped_in_the_other_copy) {
  uv_loop_t loop;
  loopchan_receiver_t second = {0};
  loopchan_options_t options = {.msg_size = sizeof(int)};
  loopchan_sender_t *second_tx;

  ck_assert_int_eq(uv_loop_init(&loop), 0);
  open_in_a(&loop, LOOPCHAN_UNBOUNDED);
  ck_assert_int_eq(a.open(&loop, &second, &second_tx, &options), 0);
  ck_assert_int_eq(a.close(&rx, NULL), 0);
  uv_run(&loop, UV_RUN_NOWAIT);
  b.sender_drop(tx); /* the second receiver's handle is open */
  ck_assert_int_eq(a.close(&second, NULL), 0);
  uv_run(&loop, UV_RUN_DEFAULT);
  b.sender_drop(second_tx); /* none is */
  ck_assert_int_eq(uv_loop_close(&loop), 0);
}
END_TEST

/* The memory of the channel goes there, too. */
START_TEST(the_newest_message_goes_from_copy_to_copy) {
  loopchan_options_t options = {.msg_size = sizeof(int),
                                .flags = LOOPCHAN_LATEST};
  int message = 0;

  ck_assert_int_eq(a.open(NULL, &rx, &tx, &options), 0);
  ck_assert_int_eq(b.send(tx, &(int){1}), 0);
  ck_assert_int_eq(b.send(tx, &(int){2}), 0);
  ck_assert_int_eq(a.recv(&rx, &message), 0);
  ck_assert_int_eq(message, 2);
  ck_assert_int_eq(a.close(&rx, NULL), 0);
  b.sender_drop(tx);
}
END_TEST

static Suite *suite(void) {
  Suite *suite = suite_create("promise two_copies");

  SUITE_LOOP_CASE(suite, "capacities", load_both, unload_both, 4,
                  a_send_of_one_copy_wakes_the_receiver_of_the_other,
                  a_close_in_one_copy_refuses_in_the_other);
  SUITE_CASE(suite, "both", load_both, unload_both,
             a_sender_has_one_owner_among_all_copies,
             a_loop_does_not_wait_for_itself_in_the_other_copy,
             the_last_sender_is_dropped_in_the_other_copy,
             the_newest_message_goes_from_copy_to_copy);
  return suite;
}
