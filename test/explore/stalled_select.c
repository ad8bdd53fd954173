/* stalled_select: a sender pushes, and stands still somewhere in the wake of a
 * select, which sleeps on another wake than the receiver's, until the select's
 * thread is through. What another one has sent is found all the same. */
#include <string.h>

#include "explore.h"

static loopchan_receiver_t rxs[2];
static bool through;

/* Before the receiver's mutex, its signal, the select's mutex, or its signal.
 */
static void stand_still_and_send(void *arg) {
  uint64_t message = 1;

  explore_stand_still(&through, (int) explore_choose(4));
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
  loopchan_receiver_t *both[] = {&rxs[0], &rxs[1]};
  loopchan_sender_t *tx, *other, *clone;
  uint64_t message = 0;

  through = false;
  explore_check(loopchan_open(NULL, &rxs[0], &tx, &options) == 0, "open");
  explore_check(loopchan_open(NULL, &rxs[1], &other, &options) == 0, "open");
  clone = loopchan_sender_clone(tx);
  explore_spawn(stand_still_and_send, tx);
  explore_spawn(send_two, clone);
  while (message != 2) {
    explore_check(loopchan_select(both, 2, LOOPCHAN_FOREVER) == 0, "select");
    explore_check(loopchan_try_recv(&rxs[0], &message) == 0, "receive");
  }
  explore_check(loopchan_close(&rxs[0], NULL) == 0, "close");
  loopchan_sender_drop(other);
  explore_check(loopchan_close(&rxs[1], NULL) == 0, "close");
  memset(rxs, 0xff, sizeof rxs);
  through = true;
  explore_join();
}

static const explore_twin_t twins[] = {
    {.name = "forgotten_debt", .no_signals = true, .caught_as = "stuck"},
    {.name = NULL}};

static const explore_program_t program = {"stalled_select", run, 2, 1, twins};

int main(int argc, char **argv) {
  return explore_main(argc, argv, &program);
}
