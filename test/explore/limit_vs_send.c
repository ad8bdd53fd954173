/* limit_vs_send: two senders at a bounded channel, one of which learns from the
 * other that there is room. What the receiver did before it freed the places is
 * there for both: the one that looked at the count of places freed, and the one
 * that saw only the limit which the first one stored. */
#include "atomic.h"
#include "explore.h"

static loopchan_receiver_t rx;
static uint64_t guarded;

static void send_one(void *arg) {
  loopchan_sender_t *tx = arg;
  uint64_t message = 0;

  if (loopchan_try_send(tx, &message) == 0)
    explore_read(&guarded);
  loopchan_sender_drop(tx);
}

static void run(void) {
  loopchan_options_t options = {
      .msg_size = sizeof(uint64_t), .capacity = 2, .spin_ns = 1};
  loopchan_sender_t *tx, *other;
  uint64_t message = 0;

  explore_check(loopchan_open(NULL, &rx, &tx, &options) == 0, "open");
  other = loopchan_sender_clone(tx);
  explore_check(loopchan_try_send(tx, &message) == 0, "first");
  explore_check(loopchan_try_send(tx, &message) == 0, "second");
  explore_spawn(send_one, tx);
  explore_spawn(send_one, other);
  explore_write(&guarded);
  explore_check(loopchan_try_recv(&rx, &message) == 0, "first");
  explore_check(loopchan_try_recv(&rx, &message) == 0, "second");
  explore_join();
  while (loopchan_try_recv(&rx, &message) == 0) {
  }
  explore_check(loopchan_close(&rx, NULL) == 0, "close");
}

static const explore_twin_t twins[] = {{.name = "limit_stored_without_release",
                                        .site = "lc_credit_room",
                                        .kind = EXPLORE_STORE,
                                        .order = memory_order_relaxed,
                                        .caught_as = "race"},
                                       {.name = "limit_read_without_acquire",
                                        .site = "lc_credit_take",
                                        .kind = EXPLORE_LOAD,
                                        .order = memory_order_relaxed,
                                        .caught_as = "race"},
                                       {.name = NULL}};

static const explore_program_t program = {"limit_vs_send", run, 1, twins};

int main(int argc, char **argv) {
  return explore_main(argc, argv, &program);
}
