/* Fault: a million channels, one after the other, and thousands at once. What
 * one has had the next gets; nothing adds up. */
#include "support/flavour.h"
#include "support/suite.h"

#ifdef SLOW /* under a sanitizer */
#define CHANNELS 30000
#define AT_ONCE 300
#else
#define CHANNELS 1000000
#define AT_ONCE 10000
#endif

/* Each passes what it may pass without waiting. */
static void use(const flavour_t *flavour) {
  loopchan_options_t options = flavour_options(flavour);
  int room = flavour_room(flavour, 3), message;

  if (loopchan_open(flavour_loop(flavour), &rx, &tx, &options) != 0)
    ck_abort_msg("not opened");
  send_ints(0, room);
  expect_ints(0, room / 2);
  loopchan_sender_drop(tx);
  if (room == 0 && loopchan_try_recv(&rx, &message) != UV_EOF)
    ck_abort_msg("no end");
  if (loopchan_close(&rx, NULL) != 0)
    ck_abort_msg("not closed");
  if (flavour->kind == ON_LOOP)
    uv_run(&loop, UV_RUN_DEFAULT);
}

START_TEST(a_million_channels_leave_nothing) {
  for (int i = 0; i < CHANNELS; i++)
    use(&flavours[i % FLAVOURS]);
  ck_assert_uint_eq(memory_blocks(), 0);
  /* One at a time: a core, a sender, a slab, what shared ones have. */
  ck_assert_uint_le(memory_peak(), 8192);
}
END_TEST

static loopchan_receiver_t rxs[AT_ONCE];
static loopchan_sender_t *txs[AT_ONCE];

static void on_message(loopchan_receiver_t *receiver, int status, void *msg) {
  int *count = receiver->data;

  if (status == 0)
    *count += *(int *) msg;
  else
    ck_assert_int_eq(loopchan_close(receiver, NULL), 0);
}

/* One async handle of libuv's each, and one descriptor for all of them. */
START_TEST(thousands_of_receivers_share_one_loop) {
  loopchan_options_t options = int_options();
  int count = 0;

  for (int i = 0; i < AT_ONCE; i++) {
    ck_assert_int_eq(loopchan_open(&loop, &rxs[i], &txs[i], &options), 0);
    rxs[i].data = &count;
    ck_assert_int_eq(loopchan_recv_start(&rxs[i], on_message), 0);
  }
  for (int i = 0; i < AT_ONCE; i++) {
    ck_assert_int_eq(loopchan_send(txs[i], &(int){1}), 0);
    loopchan_sender_drop(txs[i]);
  }
  uv_run(&loop, UV_RUN_DEFAULT);
  ck_assert_int_eq(count, AT_ONCE);
}
END_TEST

/* Clones come and go beside one that stays. */
START_TEST(a_million_senders_leave_nothing) {
  open_flavour(_i);
  for (int i = 0; i < CHANNELS / FLAVOURS; i++) {
    loopchan_sender_t *clone = loopchan_sender_clone(tx);
    if (flavour_room(&flavours[_i], 1) > 0 &&
        (loopchan_send(clone, &i) != 0 || loopchan_try_recv(&rx, &(int){0})))
      ck_abort_msg("clone %d", i);
    loopchan_sender_drop(clone);
  }
  ck_assert_uint_le(memory_peak(), 8192);
  drop_tx();
  close_rx();
}
END_TEST

static Suite *suite(void) {
  Suite *suite = suite_create("fault many_channels");

  SUITE_CASE(suite, "many", start_clean, expect_clean,
             a_million_channels_leave_nothing,
             thousands_of_receivers_share_one_loop);
  SUITE_LOOP_CASE(suite, "each flavour", start_clean, expect_clean, FLAVOURS,
                  a_million_senders_leave_nothing);
  return suite;
}
