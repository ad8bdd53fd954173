/* with_loopchan: what by_hand does, with loopchan. */
#include <loopchan.h>

#include "../check.h"

static void produce(void *arg) {
  loopchan_sender_t *tx = arg;

  for (int number = 1; number <= 1000; number++)
    check(loopchan_send(tx, &number));
  loopchan_sender_drop(tx);
}

static void on_number(loopchan_receiver_t *rx, int status, void *msg) {
  static long sum;

  if (status == 0) {
    sum += *(int *) msg;
    return;
  }
  printf("%ld\n", sum);
  check(loopchan_close(rx, NULL));
}

int main(void) {
  loopchan_options_t options = {.msg_size = sizeof(int)};
  loopchan_sender_t *tx[2];
  loopchan_receiver_t rx = {0};
  uv_thread_t threads[2];

  check(uv_default_loop() == NULL ? UV_ENOMEM : 0);
  check(loopchan_open(uv_default_loop(), &rx, &tx[0], &options));
  check(loopchan_recv_start(&rx, on_number));
  tx[1] = loopchan_sender_clone(tx[0]);
  check(tx[1] == NULL ? UV_ENOMEM : 0);
  for (int i = 0; i < 2; i++)
    check(uv_thread_create(&threads[i], produce, tx[i]));
  check(uv_run(uv_default_loop(), UV_RUN_DEFAULT));
  for (int i = 0; i < 2; i++)
    check(uv_thread_join(&threads[i]));
  check(uv_loop_close(uv_default_loop()));
  return 0;
}
