/* close_vs_clone: of two receivers one is closed, while a thread waits in each
 * and a message is sent. The close ends the wait there; the message goes to the
 * other one, also if this one had been called for it. */
#include "explore.h"

static loopchan_receiver_t leaves, stays;
static int received[2];

static void receive_until_closed(void *arg) {
  uint64_t message;
  int err;

  (void) arg;
  while ((err = loopchan_recv(&leaves, &message)) == 0)
    received[0]++;
  explore_check(err == UV_EOF, "closed");
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
  uint64_t message;

  received[0] = received[1] = 0;
  explore_check(loopchan_open(NULL, &leaves, &tx, &options) == 0, "open");
  explore_check(loopchan_receiver_clone(NULL, &stays, &leaves) == 0, "clone");
  explore_spawn(receive_until_closed, NULL);
  explore_spawn(send_one, tx);
  explore_check(loopchan_close(&leaves, NULL) == 0, "close");
  while (loopchan_recv(&stays, &message) == 0)
    received[1]++;
  explore_join();
  explore_check(received[0] + received[1] == 1, "conservation");
  explore_check(loopchan_close(&stays, NULL) == 0, "close");
}

static const explore_twin_t twins[] = {
    {.name = "nobody_is_called", .no_signals = true, .caught_as = "stuck"},
    {.name = NULL}};

static const explore_program_t program = {"close_vs_clone", run, 2, 0, twins};

int main(int argc, char **argv) {
  return explore_main(argc, argv, &program);
}
