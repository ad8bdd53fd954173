/* shutdown_vs_two: receivers on two loops, one of which shuts the channel down
 * while a message is sent. If it was accepted, it is received once; and both
 * receivers get the end, behind it. */
#include "atomic.h"
#include "explore.h"

static loopchan_receiver_t rxs[2];
static int accepted, received[2], ended[2];

static void on_message(loopchan_receiver_t *rx, int status, void *msg) {
  int self = rx == &rxs[1];

  if (status == 0) {
    explore_check(*(uint64_t *) msg == 1, "message");
    received[self]++;
    return;
  }
  ended[self]++;
  explore_check(loopchan_close(rx, NULL) == 0, "close");
}

static void send_one(void *arg) {
  uint64_t message = 1;
  int err = loopchan_send(arg, &message);

  explore_check(err == 0 || err == UV_EPIPE, "send");
  accepted = err == 0;
  loopchan_sender_drop(arg);
}

static void run(void) {
  loopchan_options_t options = {.msg_size = sizeof(uint64_t),
                                .flags = LOOPCHAN_SHARED,
                                .spin_ns = LOOPCHAN_NO_SPIN};
  loopchan_sender_t *tx;

  accepted = received[0] = received[1] = ended[0] = ended[1] = 0;
  explore_check(loopchan_open(&explore_loop, &rxs[0], &tx, &options) == 0,
                "open");
  explore_check(
      loopchan_receiver_clone(&explore_other_loop, &rxs[1], &rxs[0]) == 0,
      "clone");
  explore_check(loopchan_recv_start(&rxs[0], on_message) == 0, "start");
  explore_check(loopchan_recv_start(&rxs[1], on_message) == 0, "start");
  explore_spawn(explore_other_loop_run, NULL);
  explore_spawn(send_one, tx);
  explore_check(loopchan_shutdown(&rxs[0]) == 0, "shutdown");
  explore_loop_run();
  explore_join();
  explore_check(received[0] + received[1] == accepted, "conservation");
  explore_check(ended[0] == 1 && ended[1] == 1, "the end");
}

static const explore_twin_t twins[] = {
    {.name = "nobody_is_told", .no_signals = true, .caught_as = "stuck"},
    {.name = "loops_without_order",
     .site = "lc_lock_release",
     .kind = EXPLORE_RMW,
     .order = memory_order_relaxed,
     .caught_as = "race"},
    {.name = "shutdown_looks_too_early",
     .site = "lc_inbox_close",
     .kind = EXPLORE_RMW,
     .order = memory_order_release,
     .caught_as = "race"},
    {.name = NULL}};

static const explore_program_t program = {"shutdown_vs_two", run, 2, 0, twins};

int main(int argc, char **argv) {
  return explore_main(argc, argv, &program);
}
