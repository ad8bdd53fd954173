/* pipeline: three stages, each on a thread of its own, a bounded channel
 * between one and the next. However fast the first is, at most 16 numbers are
 * between two stages: then it waits. Prints the sum of the squares. */
#include <loopchan.h>

#include "check.h"

#define NUMBERS 100000

static loopchan_sender_t *numbers_tx, *squares_tx;
static loopchan_receiver_t numbers;

static void count(void *arg) {
  uint64_t n;

  (void) arg;
  for (n = 1; n <= NUMBERS; n++)
    check(loopchan_send(numbers_tx, &n)); /* waits while 16 are ahead */
  loopchan_sender_drop(numbers_tx);
}

static void square(void *arg) {
  uint64_t n;

  (void) arg;
  while (loopchan_recv(&numbers, &n) == 0) {
    n *= n;
    check(loopchan_send(squares_tx, &n));
  }
  check(loopchan_close(&numbers, NULL));
  loopchan_sender_drop(squares_tx);
}

static void add(loopchan_receiver_t *rx, int status, void *msg) {
  static uint64_t sum;

  if (status == 0) {
    sum += *(uint64_t *) msg;
    return;
  }
  printf("%llu\n", (unsigned long long) sum);
  check(loopchan_close(rx, NULL));
}

int main(void) {
  loopchan_options_t options = {.msg_size = sizeof(uint64_t), .capacity = 16};
  loopchan_receiver_t squares = {0};
  uv_thread_t counter, squarer;

  check(uv_default_loop() == NULL ? UV_ENOMEM : 0);
  check(loopchan_open(NULL, &numbers, &numbers_tx, &options));
  check(loopchan_open(uv_default_loop(), &squares, &squares_tx, &options));
  check(loopchan_recv_start(&squares, add));
  check(uv_thread_create(&counter, count, NULL));
  check(uv_thread_create(&squarer, square, NULL));
  check(uv_run(uv_default_loop(), UV_RUN_DEFAULT));
  check(uv_thread_join(&counter));
  check(uv_thread_join(&squarer));
  check(uv_loop_close(uv_default_loop()));
  return 0;
}
