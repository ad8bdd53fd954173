/* Fault: time. Millions of messages pass, and the library holds no more memory
 * at the end than after the first lap.
 *
 * LOOPCHAN_SOAK in the environment says how many, for each flavour of channel:
 * LOOPCHAN_SOAK=1000000000 takes some minutes for the fast ones, and hours by
 * rendezvous. */
#include <stdatomic.h>

#include "support/flavour.h"
#include "support/suite.h"
#include "support/threads.h"

#ifdef SLOW /* under a sanitizer */
#define MESSAGES 50000
#else
#define MESSAGES 1000000
#endif
/* So many times as long takes one that its receiver has to be woken for. */
#define SLOWNESS 25

#define SENDERS 2
/* An unbounded channel's senders are held back after so many. */
#define LAP 10000
/* What a channel keeps for senders to come: a rack of slabs, one slab with each
 * sender, one that is held; and the laps that wait to be received. */
#define BYTES_MOST (1024 * 1024)

static long long messages;
static loopchan_sender_t *txs[SENDERS];
static uv_sem_t laps;
static atomic_llong received, sum;
static atomic_int strange;

static long long share(void) {
  return messages / SENDERS;
}

static void send_share(loopchan_sender_t *mine) {
  for (long long i = 0; i < share(); i++) {
    int message = (int) (i % 1000);
    if (i % LAP == 0)
      uv_sem_wait(&laps);
    strange += loopchan_send(mine, &message) != 0;
  }
  loopchan_sender_drop(mine);
}

/* What the senders of a lap have sent lets them go on with the next. */
static void put_down(int message) {
  sum += message;
  if (++received % LAP == 0) {
    uv_sem_post(&laps);
    strange += memory_bytes() > BYTES_MOST;
  }
}

static void on_message(loopchan_receiver_t *receiver, int status, void *msg) {
  if (status == 0)
    put_down(*(int *) msg);
  else
    strange += loopchan_close(receiver, NULL) != 0;
}

static void work(int self) {
  int message;

  if (self < SENDERS)
    send_share(txs[self]);
  else
    while (loopchan_recv(&rx, &message) == 0)
      put_down(message);
}

START_TEST(memory_stays_flat_however_long_it_runs) {
  static const int hands[] = {0, 1, 2};
  const char *wanted = getenv("LOOPCHAN_SOAK");
  long long expected = 0;

  messages =
      flavour_room(&flavours[_i], 3) < 3 ? MESSAGES / SLOWNESS : MESSAGES;
  if (wanted != NULL)
    messages = atoll(wanted);
  received = sum = 0;
  strange = 0;
  for (long long i = 0; i < share() % 1000; i++)
    expected += i;
  expected = SENDERS * (expected + share() / 1000 * 499500);
  ck_assert_int_eq(uv_sem_init(&laps, SENDERS), 0);
  open_flavour(_i);
  if (flavours[_i].kind == ON_LOOP)
    ck_assert_int_eq(loopchan_recv_start(&rx, on_message), 0);
  for (int s = 0; s < SENDERS; s++)
    txs[s] = loopchan_sender_clone(tx);
  drop_tx();
  threads_start(SENDERS + hands[flavours[_i].kind], work);
  uv_run(&loop, UV_RUN_DEFAULT);
  threads_join();
  ck_assert_int_eq(received, SENDERS * share());
  ck_assert_int_eq(sum, expected);
  ck_assert_int_eq(strange, 0);
  ck_assert_uint_le(memory_peak(), BYTES_MOST);
  printf("%s: %lld messages, %zu bytes at most\n", flavours[_i].name,
         SENDERS * share(), memory_peak());
  if (flavours[_i].kind != ON_LOOP)
    close_rx();
  uv_sem_destroy(&laps);
}
END_TEST

static Suite *suite(void) {
  Suite *suite = suite_create("fault soak");
  TCase *flavour = tcase_create("each flavour");

  tcase_add_checked_fixture(flavour, start_clean, expect_clean);
  tcase_set_timeout(flavour, getenv("LOOPCHAN_SOAK") != NULL ? 0 : 60);
  tcase_add_loop_test(flavour, memory_stays_flat_however_long_it_runs, 0,
                      FLAVOURS);
  suite_add_tcase(suite, flavour);
  return suite;
}
