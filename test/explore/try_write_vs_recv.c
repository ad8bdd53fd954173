/* try_write_vs_recv: rendezvous, a loop that writes, and between its writes
 * only tries, and a thread that receives. What is tried overtakes nothing that
 * was written. */
#include "explore.h"

#define WRITES 2

static loopchan_receiver_t rx;
static loopchan_writer_t writer;
static loopchan_write_t requests[WRITES];
static int called_back;
static uint64_t sent, received;

static void receive_all(void *arg) {
  uint64_t message;

  (void) arg;
  while (loopchan_recv(&rx, &message) == 0)
    explore_check(message == received++, "order");
  explore_check(loopchan_close(&rx, NULL) == 0, "close");
}

static void try_one(void) {
  int err = loopchan_try_write(&writer, &sent);

  explore_check(err == 0 || err == UV_EAGAIN, "try_write");
  sent += err == 0;
}

static void on_written(loopchan_write_t *req, int status) {
  explore_check(req == &requests[called_back++], "order of callbacks");
  explore_check(status == 0, "written");
  if (called_back < WRITES)
    return;
  try_one();
  explore_check(loopchan_writer_close(&writer, NULL) == 0, "writer_close");
}

static void run(void) {
  loopchan_options_t options = {.msg_size = sizeof(uint64_t),
                                .capacity = LOOPCHAN_RENDEZVOUS,
                                .spin_ns = LOOPCHAN_NO_SPIN};
  loopchan_sender_t *tx;
  int i;

  called_back = 0;
  sent = received = 0;
  explore_check(loopchan_open(NULL, &rx, &tx, &options) == 0, "open");
  explore_check(loopchan_writer_open(&explore_loop, &writer, tx) == 0,
                "writer_open");
  explore_spawn(receive_all, NULL);
  for (i = 0; i < WRITES; i++) {
    explore_check(loopchan_write(&requests[i], &writer, &sent, on_written) == 0,
                  "write");
    sent++;
    try_one();
  }
  explore_loop_run();
  explore_join();
  explore_check(received == sent, "count");
}

static const explore_twin_t twins[] = {
    {.name = "forgotten_answer", .no_signals = true, .caught_as = "stuck"},
    {.name = "line_without_exclusion",
     .no_exclusion = true,
     .caught_as = "race"},
    {.name = NULL}};

static const explore_program_t program = {"try_write_vs_recv", run, 2, 0,
                                          twins};

int main(int argc, char **argv) {
  return explore_main(argc, argv, &program);
}
