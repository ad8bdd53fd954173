/* Promise: messages of every size arrive as they were sent, aligned. */
#include <sched.h>
#include <stdalign.h>

#include "support/flavour.h"
#include "support/suite.h"
#include "support/threads.h"

static const size_t sizes[] = {0,  1,  2,  3,   4,    7,     8,     12,    16,
                               24, 63, 64, 100, 1000, 16384, 20000, 100000};
#define SIZES ((int) (sizeof sizes / sizeof *sizes))

static unsigned char out[100000], in[3 * 100000];

static void fill(size_t size, int seed) {
  size_t i;

  for (i = 0; i < size; i++)
    out[i] = (unsigned char) (i * 7 + (size_t) seed);
}

START_TEST(contents_are_intact) {
  loopchan_options_t options = int_options();
  size_t size = options.msg_size = sizes[_i];
  int n;

  open_with(NULL, &options);
  for (n = 0; n < 100; n++) {
    fill(size, n);
    ck_assert_int_eq(loopchan_send(tx, size == 0 ? NULL : out), 0);
  }
  for (n = 0; n < 100; n += 3) {
    int k, got;
    got = (int) loopchan_recv_many(&rx, size == 0 ? NULL : in, 3);
    ck_assert_int_eq(got, n + 3 <= 100 ? 3 : 1);
    for (k = 0; k < got; k++) {
      fill(size, n + k);
      ck_assert(memcmp(in + (size_t) k * size, out, size) == 0);
    }
  }
  ck_assert_int_eq(loopchan_try_recv(&rx, in), UV_EAGAIN);
  drop_tx();
  close_rx();
}
END_TEST

static int received;

static void expect_aligned(loopchan_receiver_t *receiver, int status,
                           void *msg) {
  size_t size = *(size_t *) receiver->data;
  size_t align = size & ~(size - 1);

  if (status == UV_EOF) {
    close_rx();
    return;
  }
  if (align > alignof(max_align_t))
    align = alignof(max_align_t);
  ck_assert_ptr_nonnull(msg);
  ck_assert(size == 0 || (uintptr_t) msg % align == 0);
  ck_assert(memcmp(msg, out, size) == 0);
  received++;
}

START_TEST(the_callbacks_message_is_aligned) {
  loopchan_options_t options = int_options();
  size_t size = options.msg_size = sizes[_i];
  void *place;
  int n;

  open_with(&loop, &options);
  rx.data = &size;
  received = 0;
  fill(size, 1);
  for (n = 0; n < 50; n++)
    ck_assert_int_eq(loopchan_send(tx, out), 0);
  ck_assert_int_eq(loopchan_reserve(tx, &place), 0);
  memcpy(place, out, size);
  ck_assert_int_eq(loopchan_commit(tx, place), 0);
  drop_tx();
  ck_assert_int_eq(loopchan_recv_start(&rx, expect_aligned), 0);
  uv_run(&loop, UV_RUN_DEFAULT);
  ck_assert_int_eq(received, 51);
}
END_TEST

static void send_what_is_out(int self) {
  (void) self;
  for (int n = 0; n < 3; n++)
    if (loopchan_send(tx, out) != 0)
      return;
}

START_TEST(every_flavour_takes_every_size) {
  for (int size = 0; size < SIZES; size++) {
    loopchan_options_t options = flavour_options(&flavours[_i]);

    options.msg_size = sizes[size];
    open_with(flavour_loop(&flavours[_i]), &options);
    fill(sizes[size], size);
    threads_start(1, send_what_is_out);
    for (int n = 0; n < 3; n++) {
      memset(in, 0, sizes[size]);
      while (loopchan_try_recv(&rx, in) == UV_EAGAIN)
        sched_yield();
      ck_assert(memcmp(in, out, sizes[size]) == 0);
    }
    threads_join();
    drop_tx();
    ck_assert_int_eq(loopchan_try_recv(&rx, in), UV_EOF);
    close_rx();
    uv_run(&loop, UV_RUN_DEFAULT);
  }
}
END_TEST

static Suite *suite(void) {
  Suite *suite = suite_create("promise sizes");

  SUITE_LOOP_CASE(suite, "each size", start_clean, expect_clean, SIZES,
                  contents_are_intact, the_callbacks_message_is_aligned);
  SUITE_LOOP_CASE(suite, "each flavour", start_clean, expect_clean, FLAVOURS,
                  every_flavour_takes_every_size);
  return suite;
}
