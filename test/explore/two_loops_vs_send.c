/* two_loops_vs_send: receivers of one channel on two loops, and two sends. The
 * callback for one message takes until the other one is received, by the other
 * loop. Then the last sender ends both. */
#include "atomic.h"
#include "explore.h"

static loopchan_receiver_t rxs[2];
static int received[2], ended[2];
static lc_atomic(uint64_t) all;
static bool both;

static void on_message(loopchan_receiver_t *rx, int status, void *msg) {
  int self = rx == &rxs[1];

  (void) msg;
  if (status == 0) {
    received[self]++;
    /* relaxed: it orders nothing */
    if (lc_add(&all, 1, memory_order_relaxed) == 1)
      both = true;
    else
      explore_wait_for(&both);
    return;
  }
  ended[self]++;
  explore_check(loopchan_close(rx, NULL) == 0, "close");
}

static void send_two(void *arg) {
  uint64_t message = 1;

  explore_check(loopchan_send(arg, &message) == 0, "send");
  explore_check(loopchan_send(arg, &message) == 0, "send");
  loopchan_sender_drop(arg);
}

static void run(void) {
  loopchan_options_t options = {.msg_size = sizeof(uint64_t),
                                .flags = LOOPCHAN_SHARED,
                                .spin_ns = LOOPCHAN_NO_SPIN};
  loopchan_sender_t *tx;

  received[0] = received[1] = ended[0] = ended[1] = 0;
  lc_atomic_init(&all, 0);
  both = false;
  explore_check(loopchan_open(&explore_loop, &rxs[0], &tx, &options) == 0,
                "open");
  explore_check(
      loopchan_receiver_clone(&explore_other_loop, &rxs[1], &rxs[0]) == 0,
      "clone");
  explore_check(loopchan_recv_start(&rxs[0], on_message) == 0, "start");
  explore_check(loopchan_recv_start(&rxs[1], on_message) == 0, "start");
  explore_spawn(explore_other_loop_run, NULL);
  explore_spawn(send_two, tx);
  explore_loop_run();
  explore_join();
  explore_check(received[0] + received[1] == 2, "conservation");
  explore_check(ended[0] == 1 && ended[1] == 1, "the end");
}

static const explore_twin_t twins[] = {
    {.name = "nobody_is_called", .no_signals = true, .caught_as = "stuck"},
    {.name = "loops_without_order",
     .site = "lc_lock_release",
     .kind = EXPLORE_RMW,
     .order = memory_order_relaxed,
     .caught_as = "race"},
    {.name = NULL}};

static const explore_program_t program = {"two_loops_vs_send", run, 2, 0,
                                          twins};

int main(int argc, char **argv) {
  return explore_main(argc, argv, &program);
}
