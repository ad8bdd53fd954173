/* writer_close_vs_match: a writer that closes while another thread may have its
 * message in hand. All writes are called back before its close is, with what
 * became of them, and who answers touches no writer that is gone. */
#include "explore.h"

#define WRITES 2

static loopchan_receiver_t rx;
static loopchan_writer_t writer;
static loopchan_write_t requests[WRITES];
static int called_back, accepted, closed;
static uint64_t received;

static void receive_all(void *arg) {
  uint64_t message;

  (void) arg;
  while (loopchan_recv(&rx, &message) == 0)
    explore_check(message == received++, "order");
  explore_check(loopchan_close(&rx, NULL) == 0, "close");
}

static void on_written(loopchan_write_t *req, int status) {
  explore_check(req == &requests[called_back++], "order of callbacks");
  explore_check(closed == 0, "called back behind the close");
  explore_check(status == 0 || status == UV_ECANCELED, "status");
  explore_check((status == 0) == (req->msg == NULL), "handed back");
  accepted += status == 0;
}

static void on_close_done(loopchan_writer_t *w) {
  explore_check(w == &writer, "another writer");
  closed++;
}

static void run(void) {
  loopchan_options_t options = {.msg_size = sizeof(uint64_t),
                                .capacity = LOOPCHAN_RENDEZVOUS,
                                .spin_ns = LOOPCHAN_NO_SPIN};
  loopchan_sender_t *tx;
  uint64_t message;

  called_back = accepted = closed = 0;
  received = 0;
  explore_check(loopchan_open(NULL, &rx, &tx, &options) == 0, "open");
  explore_check(loopchan_writer_open(&explore_loop, &writer, tx) == 0,
                "writer_open");
  explore_spawn(receive_all, NULL);
  for (message = 0; message < WRITES; message++)
    explore_check(
        loopchan_write(&requests[message], &writer, &message, on_written) == 0,
        "write");
  explore_loop_turn();
  explore_check(loopchan_writer_close(&writer, on_close_done) == 0,
                "writer_close");
  explore_loop_run();
  explore_join();
  explore_check(closed == 1 && called_back == WRITES, "called back");
  explore_check((uint64_t) accepted == received, "conservation");
}

static const explore_twin_t twins[] = {
    {.name = "forgotten_answer", .no_signals = true, .caught_as = "stuck"},
    {.name = "line_without_exclusion",
     .no_exclusion = true,
     .caught_as = "race"},
    {.name = NULL}};

static const explore_program_t program = {"writer_close_vs_match", run, 3, 2,
                                          twins};

int main(int argc, char **argv) {
  return explore_main(argc, argv, &program);
}
