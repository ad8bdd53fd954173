/* writer_vs_sender: a loop that writes and a thread that sends, with one place
 * between them. The write is called back, the send returns, both arrive. */
#include "explore.h"

static loopchan_receiver_t rx;
static loopchan_writer_t writer;
static loopchan_write_t request;
static int received;

static void receive_all(void *arg) {
  uint64_t message;

  (void) arg;
  while (loopchan_recv(&rx, &message) == 0)
    received++;
  explore_check(loopchan_close(&rx, NULL) == 0, "close");
}

static void send_one(void *arg) {
  uint64_t message = 1;

  explore_check(loopchan_send(arg, &message) == 0, "send");
  loopchan_sender_drop(arg);
}

static void on_written(loopchan_write_t *req, int status) {
  (void) req;
  explore_check(status == 0, "write");
  explore_check(loopchan_writer_close(&writer, NULL) == 0, "writer_close");
}

static void run(void) {
  loopchan_options_t options = {
      .msg_size = sizeof(uint64_t), .capacity = 1, .spin_ns = LOOPCHAN_NO_SPIN};
  loopchan_sender_t *tx, *clone;
  uint64_t message = 0;

  received = 0;
  explore_check(loopchan_open(NULL, &rx, &tx, &options) == 0, "open");
  clone = loopchan_sender_clone(tx);
  explore_check(loopchan_writer_open(&explore_loop, &writer, tx) == 0,
                "writer_open");
  explore_spawn(receive_all, NULL);
  explore_spawn(send_one, clone);
  explore_check(loopchan_write(&request, &writer, &message, on_written) == 0,
                "write");
  explore_loop_run();
  explore_join();
  explore_check(received == 2, "count");
}

static const explore_twin_t twins[] = {
    {.name = "forgotten_answer", .no_signals = true, .caught_as = "stuck"},
    {.name = "line_without_exclusion",
     .no_exclusion = true,
     .caught_as = "race"},
    {.name = NULL}};

static const explore_program_t program = {"writer_vs_sender", run, 2, 1, twins};

int main(int argc, char **argv) {
  return explore_main(argc, argv, &program);
}
