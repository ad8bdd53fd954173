/* close_vs_room: the close of the last receiver of a shared rendezvous channel,
 * with a message that was accepted and not received, and a sender that asks for
 * room meanwhile. The message is dropped by the close, outside the lock: the
 * sender leaves the receiving side alone. */
#include "atomic.h"
#include "explore.h"

static loopchan_receiver_t rx;
static int dropped;

static void on_message(loopchan_receiver_t *receiver, int status, void *msg) {
  (void) receiver;
  (void) status;
  (void) msg;
  explore_check(false, "closed before the loop runs");
}

static void count_dropped(void *msg, void *arg) {
  (void) arg;
  explore_check(*(uint64_t *) msg == 7, "the message");
  dropped++;
}

static void ask_for_room(void *tx) {
  explore_check(loopchan_room(tx) == 0, "the receiver has been called");
  loopchan_sender_drop(tx);
}

static void run(void) {
  loopchan_options_t options = {.msg_size = sizeof(uint64_t),
                                .capacity = LOOPCHAN_RENDEZVOUS,
                                .flags = LOOPCHAN_SHARED,
                                .drop = count_dropped,
                                .spin_ns = LOOPCHAN_NO_SPIN};
  uint64_t message = 7;
  loopchan_sender_t *tx;

  dropped = 0;
  explore_check(loopchan_open(&explore_loop, &rx, &tx, &options) == 0, "open");
  explore_check(loopchan_recv_start(&rx, on_message) == 0, "start");
  explore_check(loopchan_try_send(tx, &message) == 0, "try_send");
  explore_spawn(ask_for_room, tx);
  explore_check(loopchan_close(&rx, NULL) == 0, "close");
  explore_check(dropped == 1, "dropped");
  explore_join();
  explore_loop_run();
}

static const explore_twin_t twins[] = {{.name = "receiver_without_order",
                                        .site = "lc_lock_release",
                                        .kind = EXPLORE_RMW,
                                        .order = memory_order_relaxed,
                                        .caught_as = "race"},
                                       {.name = NULL}};

static const explore_program_t program = {"close_vs_room", run, 2, 0, twins};

int main(int argc, char **argv) {
  return explore_main(argc, argv, &program);
}
