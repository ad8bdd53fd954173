/* loop_to_loop: a loop sends to another loop, and neither ever waits. The
 * channel has room for one message; each write calls back once there was room
 * for it. Prints 1 to 5. Without (1) the producer's loop never ends. */
#include <loopchan.h>

#include "check.h"

#define WRITES 5

static loopchan_sender_t *tx;
static loopchan_write_t requests[WRITES];
static int written;

static void on_written(loopchan_write_t *req, int status) {
  check(status); /* otherwise the message is back, in req->msg */
  if (++written == WRITES)
    check(loopchan_writer_close(req->data, NULL)); /* (1) */
}

static void produce(void *arg) {
  loopchan_writer_t writer = {0};
  uv_loop_t loop;
  int i;

  (void) arg;
  check(uv_loop_init(&loop));
  check(loopchan_writer_open(&loop, &writer, tx)); /* has tx from now on */
  for (i = 0; i < WRITES; i++) {
    int number = i + 1;
    requests[i].data = &writer;
    check(loopchan_write(&requests[i], &writer, &number, on_written));
  }
  check(uv_run(&loop, UV_RUN_DEFAULT));
  check(uv_loop_close(&loop));
}

static void on_number(loopchan_receiver_t *rx, int status, void *msg) {
  if (status == UV_EOF)
    check(loopchan_close(rx, NULL));
  else
    printf("%d\n", *(int *) msg);
}

int main(void) {
  loopchan_options_t options = {.msg_size = sizeof(int), .capacity = 1};
  loopchan_receiver_t rx = {0};
  uv_thread_t producer;

  check(uv_default_loop() == NULL ? UV_ENOMEM : 0);
  check(loopchan_open(uv_default_loop(), &rx, &tx, &options));
  check(loopchan_recv_start(&rx, on_number));
  check(uv_thread_create(&producer, produce, NULL));
  check(uv_run(uv_default_loop(), UV_RUN_DEFAULT));
  check(uv_thread_join(&producer));
  check(uv_loop_close(uv_default_loop()));
  return 0;
}
