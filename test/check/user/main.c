/* A program of somebody else's: a thread sends 1 to 100 to a loop, which adds
 * them up. It is built by those who install, vendor or take in loopchan. */
#include <stdio.h>

#include <loopchan.h>

LOOPCHAN_TYPED(numbers, int);

static void work(void *arg) {
  loopchan_sender_t *tx = (loopchan_sender_t *) arg;
  for (int i = 1; i <= 100; i++)
    if (numbers_send(tx, &i) != 0)
      break;
  loopchan_sender_drop(tx);
}

static void on_number(loopchan_receiver_t *rx, int status, int *number) {
  if (status == UV_EOF)
    loopchan_close(rx, NULL);
  else
    *(int *) rx->data += *number;
}

int main(void) {
  loopchan_receiver_t rx;
  loopchan_sender_t *tx;
  uv_thread_t worker;
  int sum = 0;

  rx.data = &sum;
  if (loopchan_version() != LOOPCHAN_VERSION_HEX ||
      numbers_open(uv_default_loop(), &rx, &tx, NULL) != 0 ||
      numbers_recv_start(&rx, on_number) != 0 ||
      uv_thread_create(&worker, work, tx) != 0 ||
      uv_run(uv_default_loop(), UV_RUN_DEFAULT) != 0 ||
      uv_thread_join(&worker) != 0 || uv_loop_close(uv_default_loop()) != 0)
    return 1;
  printf("%d\n", sum);
  return sum != 5050;
}
