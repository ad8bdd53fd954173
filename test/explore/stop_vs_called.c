/* stop_vs_called: of the receivers on two loops, the first in the queue is
 * stopped, while a message is sent that it is called for. It does not take the
 * message, so the other one is called in its place. Nothing else comes until
 * then. */
#include "atomic.h"
#include "explore.h"

static loopchan_receiver_t stops, stays;
static loopchan_sender_t *kept;
static int received, ended;

static void never_called(loopchan_receiver_t *rx, int status, void *msg) {
  (void) rx;
  (void) status;
  (void) msg;
  explore_check(false, "it was stopped before its loop ran");
}

static void on_message(loopchan_receiver_t *rx, int status, void *msg) {
  (void) msg;
  if (status == 0) {
    received++;
    loopchan_sender_drop(kept);
    return;
  }
  ended++;
  explore_check(loopchan_close(rx, NULL) == 0, "close");
}

static void send_one(void *arg) {
  uint64_t message = 1;

  explore_check(loopchan_send(arg, &message) == 0, "send");
  loopchan_sender_drop(arg);
}

static void run(void) {
  loopchan_options_t options = {.msg_size = sizeof(uint64_t),
                                .flags = LOOPCHAN_SHARED,
                                .spin_ns = LOOPCHAN_NO_SPIN};
  loopchan_sender_t *tx;

  received = ended = 0;
  explore_check(loopchan_open(&explore_loop, &stops, &tx, &options) == 0,
                "open");
  explore_check(
      loopchan_receiver_clone(&explore_other_loop, &stays, &stops) == 0,
      "clone");
  kept = loopchan_sender_clone(tx);
  explore_check(loopchan_recv_start(&stops, never_called) == 0, "start");
  explore_check(loopchan_recv_start(&stays, on_message) == 0, "start");
  explore_spawn(explore_other_loop_run, NULL);
  explore_spawn(send_one, tx);
  explore_check(loopchan_recv_stop(&stops) == 0, "stop");
  explore_loop_turn(); /* the call may come all the same, for nothing */
  explore_join();      /* not the close: that too would call the other one */
  explore_check(received == 1 && ended == 1, "the other one has all");
  explore_check(loopchan_close(&stops, NULL) == 0, "close");
  explore_loop_run();
}

static const explore_twin_t twins[] = {
    {.name = "nobody_is_called", .no_signals = true, .caught_as = "stuck"},
    {.name = "stop_without_order",
     .site = "lc_lock_release",
     .kind = EXPLORE_RMW,
     .order = memory_order_relaxed,
     .caught_as = "race"},
    {.name = NULL}};

static const explore_program_t program = {"stop_vs_called", run, 3, 1, twins};

int main(int argc, char **argv) {
  return explore_main(argc, argv, &program);
}
