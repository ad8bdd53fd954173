/* writer_close_vs_grant: a writer that closes, and the place that comes free
 * for its write just then. The write is called back, with what became of it,
 * and who served it touches no writer that is gone. */
#include "explore.h"

static loopchan_receiver_t rx;
static loopchan_writer_t writer;
static loopchan_write_t request;
static int called_back, accepted, received;

static void receive_all(void *arg) {
  uint64_t message;

  (void) arg;
  while (loopchan_recv(&rx, &message) == 0)
    explore_check(message == (uint64_t) received++, "order");
  explore_check(loopchan_close(&rx, NULL) == 0, "close");
}

static void on_written(loopchan_write_t *req, int status) {
  explore_check(req == &request, "another request");
  called_back++;
  explore_check(status == 0 || status == UV_ECANCELED, "status");
  explore_check((status == 0) == (req->msg == NULL), "handed back");
  accepted += status == 0;
}

static void run(void) {
  loopchan_options_t options = {
      .msg_size = sizeof(uint64_t), .capacity = 1, .spin_ns = LOOPCHAN_NO_SPIN};
  loopchan_sender_t *tx;
  uint64_t message = 0;

  called_back = received = 0;
  accepted = 1;
  explore_check(loopchan_open(NULL, &rx, &tx, &options) == 0, "open");
  explore_check(loopchan_writer_open(&explore_loop, &writer, tx) == 0,
                "writer_open");
  explore_spawn(receive_all, NULL);
  explore_check(loopchan_try_write(&writer, &message) == 0, "try_write");
  message++;
  explore_check(loopchan_write(&request, &writer, &message, on_written) == 0,
                "write");
  explore_check(loopchan_writer_close(&writer, NULL) == 0, "writer_close");
  explore_loop_run();
  explore_join();
  explore_check(called_back == 1, "the write is called back");
  explore_check(accepted == received, "conservation");
}

static const explore_twin_t twins[] = {{.name = "line_without_exclusion",
                                        .no_exclusion = true,
                                        .caught_as = "race"},
                                       {.name = NULL}};

static const explore_program_t program = {"writer_close_vs_grant", run, 3, 0,
                                          twins};

int main(int argc, char **argv) {
  return explore_main(argc, argv, &program);
}
