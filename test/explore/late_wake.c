/* late_wake: a sender is held up between its push and its uv_async_send, while
 * the loop's thread takes the message and parks again. The late wake must not
 * swallow the one that the next sender owes. */
#include "atomic.h"
#include "explore.h"

static loopchan_receiver_t rx;
static int received;

static void send_one(void *arg) {
  uint64_t message = 1;

  explore_check(loopchan_send(arg, &message) == 0, "send");
  loopchan_sender_drop(arg);
}

static void on_message(loopchan_receiver_t *receiver, int status, void *msg) {
  (void) msg;
  if (status == 0)
    received++;
  else
    explore_check(loopchan_close(receiver, NULL) == 0, "close");
}

static void run(void) {
  loopchan_options_t options = {.msg_size = sizeof(uint64_t),
                                .spin_ns = LOOPCHAN_NO_SPIN};
  loopchan_sender_t *tx, *clone;
  uint64_t message;

  received = 0;
  explore_check(loopchan_open(&explore_loop, &rx, &tx, &options) == 0, "open");
  explore_loop_turn();
  clone = loopchan_sender_clone(tx);
  explore_check(loopchan_recv_start(&rx, on_message) == 0, "start");
  explore_spawn(send_one, tx);
  explore_spawn(send_one, clone);
  /* Takes what is there without being woken, and parks again. */
  if (loopchan_try_recv(&rx, &message) == 0)
    received++;
  explore_check(loopchan_recv_stop(&rx) == 0, "stop");
  explore_check(loopchan_recv_start(&rx, on_message) == 0, "start again");
  explore_loop_run();
  explore_check(received == 2, "count");
  explore_join();
}

static const explore_twin_t twins[] = {
    {.name = "push_looks_too_early",
     .site = "lc_inbox_push",
     .kind = EXPLORE_RMW,
     .order = memory_order_release,
     .site2 = "lc_inbox_parks", /* it would see the callback by that */
     .caught_as = "stuck"},
    {.name = "forgotten_debt", .no_signals = true, .caught_as = "stuck"},
    {.name = NULL}};

static const explore_program_t program = {"late_wake", run, 2, 2, twins};

int main(int argc, char **argv) {
  return explore_main(argc, argv, &program);
}
