/* stalled_payer_loop: a sender pushes, and stands still before it wakes the
 * loop. What another one has sent is delivered all the same. */
#include "explore.h"

static loopchan_receiver_t rx;
static bool through;
static int received;

static void stand_still_and_send(void *arg) {
  uint64_t message = 1;

  explore_stand_still(&through, 0);
  (void) (loopchan_send(arg, &message) == 0);
  loopchan_sender_drop(arg);
}

static void send_two(void *arg) {
  uint64_t message = 2;

  explore_check(loopchan_send(arg, &message) == 0, "send");
  loopchan_sender_drop(arg);
}

/* Whoever is in the middle of a wake has to leave the handle for it to close.
 */
static void on_message(loopchan_receiver_t *receiver, int status, void *msg) {
  explore_check(status == 0, "no end before the close");
  received++;
  if (*(uint64_t *) msg != 2)
    return;
  through = true;
  explore_check(loopchan_close(receiver, NULL) == 0, "close");
}

static void run(void) {
  loopchan_options_t options = {.msg_size = sizeof(uint64_t),
                                .spin_ns = LOOPCHAN_NO_SPIN};
  loopchan_sender_t *tx, *clone;

  received = 0;
  through = false;
  explore_check(loopchan_open(&explore_loop, &rx, &tx, &options) == 0, "open");
  explore_loop_turn();
  clone = loopchan_sender_clone(tx);
  explore_check(loopchan_recv_start(&rx, on_message) == 0, "start");
  explore_spawn(stand_still_and_send, tx);
  explore_spawn(send_two, clone);
  explore_loop_run();
  explore_check(received == 1 || received == 2, "count");
  explore_join();
}

static const explore_twin_t twins[] = {
    {.name = "forgotten_debt", .no_signals = true, .caught_as = "stuck"},
    {.name = "left_before_the_signal",
     .late_signals = true,
     .caught_as = "race"},
    {.name = NULL}};

static const explore_program_t program = {"stalled_payer_loop", run, 2, 1,
                                          twins};

int main(int argc, char **argv) {
  return explore_main(argc, argv, &program);
}
