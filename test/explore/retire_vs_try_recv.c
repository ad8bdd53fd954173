/* retire_vs_try_recv: by hand, a send that stands in line, and others that go
 * and leave more slabs with room than the rack can keep, so that one goes back
 * through the inbox. Whoever looks finds the one in line. */
#include "atomic.h"
#include "explore.h"

#define SENDERS 3 /* the rack of the explored sources keeps two slabs */

static loopchan_receiver_t rx;
static loopchan_writer_t writer;
static loopchan_write_t request;
static int received;

static void on_message(loopchan_receiver_t *receiver, int status, void *msg) {
  (void) receiver;
  (void) msg;
  received += status == 0;
}

static void on_written(loopchan_write_t *req, int status) {
  explore_check(req->msg == NULL && status == 0, "written");
}

static void drop_all(void *arg) {
  loopchan_sender_t **txs = arg;
  int i;

  for (i = 0; i < SENDERS; i++)
    loopchan_sender_drop(txs[i]);
}

static void run(void) {
  loopchan_options_t options = {.msg_size = sizeof(uint64_t),
                                .capacity = LOOPCHAN_RENDEZVOUS,
                                .spin_ns = 1};
  loopchan_sender_t *tx, *txs[SENDERS];
  uint64_t message = 7;
  int i;

  received = 0;
  explore_check(loopchan_open(&explore_loop, &rx, &tx, &options) == 0, "open");
  explore_check(loopchan_recv_start(&rx, on_message) == 0, "start");
  for (i = 0; i < SENDERS; i++) {
    txs[i] = loopchan_sender_clone(tx);
    explore_check(loopchan_try_send(txs[i], &message) == 0, "try_send");
    explore_loop_turn();
  }
  explore_check(received == SENDERS, "each had a slab of its own");
  explore_check(loopchan_recv_stop(&rx) == 0, "stop");
  explore_check(loopchan_writer_open(&explore_loop, &writer, tx) == 0,
                "writer_open");
  explore_check(loopchan_write(&request, &writer, &message, on_written) == 0,
                "write");
  explore_spawn(drop_all, txs);
  explore_check(loopchan_try_recv(&rx, &message) == 0, "found");
  explore_join();
  explore_check(loopchan_writer_close(&writer, NULL) == 0, "writer_close");
  explore_check(loopchan_close(&rx, NULL) == 0, "close");
  explore_loop_run();
}

static const explore_twin_t twins[] = {{.name = "push_hides_the_slab",
                                        .site = "lc_inbox_push",
                                        .kind = EXPLORE_RMW,
                                        .order = memory_order_acquire,
                                        .caught_as = "race"},
                                       {.name = NULL}};

static const explore_program_t program = {"retire_vs_try_recv", run, 3, 0,
                                          twins};

int main(int argc, char **argv) {
  return explore_main(argc, argv, &program);
}
