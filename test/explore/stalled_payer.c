/* stalled_payer: a sender pushes, and stands still before it pays, or between
 * the mutex and the signal, until the receiver is through. What another one has
 * sent is received all the same, and a time-out ends; the receiver closes, and
 * is gone when the debt is paid. */
#include <string.h>

#include "explore.h"

static loopchan_receiver_t rx;
static bool through;

static void stand_still_and_send(void *arg) {
  uint64_t message = 1;

  explore_stand_still(&through, (int) explore_choose(2));
  (void) (loopchan_send(arg, &message) == 0);
  loopchan_sender_drop(arg);
}

static void send_two(void *arg) {
  uint64_t message = 2;

  explore_check(loopchan_send(arg, &message) == 0, "send");
  loopchan_sender_drop(arg);
}

static void run(void) {
  loopchan_options_t options = {.msg_size = sizeof(uint64_t),
                                .spin_ns = LOOPCHAN_NO_SPIN};
  loopchan_sender_t *tx, *clone;
  uint64_t message = 0;
  int err;

  through = false;
  explore_check(loopchan_open(NULL, &rx, &tx, &options) == 0, "open");
  clone = loopchan_sender_clone(tx);
  explore_spawn(stand_still_and_send, tx);
  explore_spawn(send_two, clone);
  while (message != 2)
    explore_check(loopchan_recv(&rx, &message) == 0, "receive");
  err = loopchan_recv_timeout(&rx, &message, 1);
  explore_check(err == 0 || err == UV_ETIMEDOUT || err == UV_EOF, "time-out");
  explore_check(loopchan_close(&rx, NULL) == 0, "close");
  memset(&rx, 0xff, sizeof rx);
  through = true;
  explore_join();
}

static const explore_twin_t twins[] = {
    {.name = "forgotten_debt", .no_signals = true, .caught_as = "stuck"},
    {.name = NULL}};

static const explore_program_t program = {"stalled_payer", run, 2, 1, twins};

int main(int argc, char **argv) {
  return explore_main(argc, argv, &program);
}
