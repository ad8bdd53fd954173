/* try_send_vs_try_recv: rendezvous, a send that only tries, to a loop that is
 * asleep, and the loop that comes by and looks without having been woken. What
 * it then finds is whole; and it is received once, or dropped. */
#include "atomic.h"
#include "explore.h"

static loopchan_receiver_t rx;
static int accepted, received, dropped;

static void on_drop(void *msg, void *arg) {
  (void) arg;
  explore_check(*(uint64_t *) msg == 7, "dropped whole");
  dropped++;
}

static void on_message(loopchan_receiver_t *receiver, int status, void *msg) {
  (void) receiver;
  if (status == 0) {
    explore_check(*(uint64_t *) msg == 7, "delivered whole");
    received++;
  }
}

static void try_one(void *arg) {
  loopchan_sender_t *tx = arg;
  uint64_t message = 7;
  int err = loopchan_try_send(tx, &message);

  explore_check(err == 0 || err == UV_EAGAIN || err == UV_EPIPE, "try_send");
  accepted = err == 0;
  loopchan_sender_drop(tx);
}

static void run(void) {
  loopchan_options_t options = {.msg_size = sizeof(uint64_t),
                                .capacity = LOOPCHAN_RENDEZVOUS,
                                .drop = on_drop,
                                .spin_ns = LOOPCHAN_NO_SPIN};
  loopchan_sender_t *tx;
  uint64_t message = 0;

  accepted = received = dropped = 0;
  explore_check(loopchan_open(&explore_loop, &rx, &tx, &options) == 0, "open");
  explore_check(loopchan_recv_start(&rx, on_message) == 0, "start");
  explore_spawn(try_one, tx);
  if (loopchan_try_recv(&rx, &message) == 0) {
    explore_check(message == 7, "received whole");
    received++;
  }
  explore_check(loopchan_close(&rx, NULL) == 0, "close");
  explore_join();
  explore_loop_run();
  explore_check(accepted == received + dropped, "conservation");
}

static const explore_twin_t twins[] = {{.name = "offer_hides_the_message",
                                        .site = "lc_inbox_push_if_parked",
                                        .kind = EXPLORE_RMW,
                                        .order = memory_order_acquire,
                                        .caught_as = "race"},
                                       {.name = NULL}};

static const explore_program_t program = {"try_send_vs_try_recv", run, 3, 0,
                                          twins};

int main(int argc, char **argv) {
  return explore_main(argc, argv, &program);
}
