/* two_vs_place: one place that comes free, and two senders that want it, one of
 * which may stand in line for a moment. One of them gets it: what was taken is
 * never more than the capacity, however old a count of places freed a sender
 * sees. */
#include "atomic.h"
#include "explore.h"

static loopchan_receiver_t rx;

typedef struct {
  loopchan_sender_t *tx;
  uint64_t timeout_ns;
  int accepted;
} sender_t;

static void send_one(void *arg) {
  sender_t *self = arg;
  uint64_t message = 1;
  int err = loopchan_send_timeout(self->tx, &message, self->timeout_ns);

  explore_check(err == 0 || err == UV_ETIMEDOUT, "send");
  self->accepted = err == 0;
  loopchan_sender_drop(self->tx);
}

static void run(void) {
  loopchan_options_t options = {
      .msg_size = sizeof(uint64_t), .capacity = 1, .spin_ns = 1};
  sender_t one = {.timeout_ns = 0}, other = {.timeout_ns = 1};
  uint64_t message = 0;

  explore_check(loopchan_open(NULL, &rx, &one.tx, &options) == 0, "open");
  other.tx = loopchan_sender_clone(one.tx);
  explore_check(loopchan_try_send(one.tx, &message) == 0, "fill");
  explore_spawn(send_one, &one);
  explore_spawn(send_one, &other);
  explore_check(loopchan_try_recv(&rx, &message) == 0, "receive");
  explore_join();
  explore_check(one.accepted + other.accepted <= 1, "the bound holds");
  while (loopchan_try_recv(&rx, &message) == 0) {
  }
  explore_check(loopchan_close(&rx, NULL) == 0, "close");
}

static const explore_twin_t twins[] = {{.name = "taken_without_release",
                                        .site = "lc_credit_take",
                                        .kind = EXPLORE_RMW,
                                        .order = memory_order_relaxed,
                                        .caught_as = "the bound holds"},
                                       {.name = "taken_read_without_acquire",
                                        .site = "lc_credit_take",
                                        .kind = EXPLORE_LOAD,
                                        .order = memory_order_relaxed,
                                        .caught_as = "the bound holds"},
                                       {.name = "taken_in_line_without_release",
                                        .site = "lc_credit_take_in_line",
                                        .kind = EXPLORE_RMW,
                                        .order = memory_order_relaxed,
                                        .caught_as = "the bound holds"},
                                       {.name = NULL}};

static const explore_program_t program = {"two_vs_place", run, 1, twins};

int main(int argc, char **argv) {
  return explore_main(argc, argv, &program);
}
