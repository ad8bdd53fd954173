/* rendezvous: a message goes from hand to hand, and its sender goes on when it
 * has been received: what the receiver did before is there for it. Another one
 * only tries. */
#include "explore.h"

static loopchan_receiver_t rx;
static uint64_t guarded;
static int tried;

static void send_one(void *arg) {
  loopchan_sender_t *tx = arg;
  uint64_t message = 1;

  explore_check(loopchan_send(tx, &message) == 0, "send");
  explore_write(&guarded);
  loopchan_sender_drop(tx);
}

static void try_once(void *arg) {
  loopchan_sender_t *tx = arg;
  uint64_t message = 2;
  int err = loopchan_try_send(tx, &message);

  explore_check(err == 0 || err == UV_EAGAIN, "try_send");
  tried = err == 0;
  loopchan_sender_drop(tx);
}

static void run(void) {
  loopchan_options_t options = {.msg_size = sizeof(uint64_t),
                                .capacity = LOOPCHAN_RENDEZVOUS,
                                .spin_ns = LOOPCHAN_NO_SPIN};
  loopchan_sender_t *tx, *clone;
  uint64_t message;
  int received = 0;

  explore_check(loopchan_open(NULL, &rx, &tx, &options) == 0, "open");
  clone = loopchan_sender_clone(tx);
  explore_spawn(send_one, tx);
  explore_spawn(try_once, clone);
  explore_write(&guarded);
  while (loopchan_recv(&rx, &message) == 0)
    received++;
  explore_join();
  explore_check(received == 1 + tried, "conservation");
  explore_check(loopchan_close(&rx, NULL) == 0, "close");
}

static const explore_twin_t twins[] = {
    {.name = "forgotten_answer", .no_signals = true, .caught_as = "stuck"},
    {.name = "line_without_exclusion",
     .no_exclusion = true,
     .caught_as = "race"},
    {.name = NULL}};

static const explore_program_t program = {"rendezvous", run, 2, 2, twins};

int main(int argc, char **argv) {
  return explore_main(argc, argv, &program);
}
