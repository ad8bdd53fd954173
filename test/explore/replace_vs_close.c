/* replace_vs_close: a channel of the newest message. Two threads send on it,
 * and drop the last sender; the receiver takes a message, and closes. Each
 * message is received or dropped, once, and no node is in two hands. */
#include <stdatomic.h>

#include "atomic.h"
#include "explore.h"

static loopchan_receiver_t rx;
static int accepted, gone[4];

static void once(const uint64_t *message) {
  explore_read(message);
  gone[*message]++;
}

static void on_drop(void *msg, void *arg) {
  (void) arg;
  once(msg);
}

static void send_one(loopchan_sender_t *tx, uint64_t message) {
  int err = loopchan_send(tx, &message);

  explore_check(err == 0 || err == UV_EPIPE, "send");
  accepted += err == 0;
  if (err != 0)
    gone[message]++;
}

static void send_two(void *arg) {
  send_one(arg, 0);
  send_one(arg, 1);
  loopchan_sender_drop(arg);
}

static void send_another(void *arg) {
  send_one(arg, 2);
  loopchan_sender_drop(arg);
}

static void run(void) {
  loopchan_options_t options = {.msg_size = sizeof(uint64_t),
                                .flags = LOOPCHAN_LATEST,
                                .spin_ns = LOOPCHAN_NO_SPIN,
                                .drop = on_drop};
  loopchan_sender_t *tx, *clone;
  loopchan_stats_t stats;
  uint64_t message;

  accepted = 0;
  for (int i = 0; i < 3; i++)
    gone[i] = 0;
  explore_check(loopchan_open(NULL, &rx, &tx, &options) == 0, "open");
  clone = loopchan_sender_clone(tx);
  explore_spawn(send_two, tx);
  explore_spawn(send_another, clone);
  if (loopchan_try_recv(&rx, &message) == 0)
    once(&message);
  explore_check(loopchan_stats(&rx, &stats) == 0, "stats");
  explore_check(stats.queued <= 1, "one waits at most");
  explore_check(loopchan_close(&rx, NULL) == 0, "close");
  explore_join();
  for (int i = 0; i < 3; i++)
    explore_check(gone[i] == 1, "each once");
}

static const explore_twin_t twins[] = {{.name = "put_hides_the_message",
                                        .site = "lc_latest_put",
                                        .kind = EXPLORE_RMW,
                                        .order = memory_order_relaxed,
                                        .caught_as = "race"},
                                       {.name = "close_looks_too_early",
                                        .site = "lc_inbox_close",
                                        .kind = EXPLORE_RMW,
                                        .order = memory_order_release,
                                        .caught_as = "race"},
                                       {.name = "claim_reads_too_early",
                                        .site = "lc_latest_claim",
                                        .kind = EXPLORE_RMW,
                                        .order = memory_order_relaxed,
                                        .caught_as = "race"},
                                       {.name = NULL}};

static const explore_program_t program = {"replace_vs_close", run, 2, 1, twins};

int main(int argc, char **argv) {
  return explore_main(argc, argv, &program);
}
