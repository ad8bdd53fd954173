/* select: one thread receives from two channels, from whichever is ready.
 * Prints how much came from each. Without (1) it would find the ended channel
 * ready again and again: an end of file is something to be received, too. */
#include <loopchan.h>

#include "check.h"

static void send_numbers(void *arg) {
  loopchan_sender_t *tx = arg;
  int i;

  for (i = 0; i < 1000; i++)
    check(loopchan_send(tx, &i));
  loopchan_sender_drop(tx);
}

int main(void) {
  loopchan_options_t options = {.msg_size = sizeof(int)};
  loopchan_receiver_t rxs[2] = {0}, *open[2] = {&rxs[0], &rxs[1]};
  size_t left = 2;
  int i, received[2] = {0};
  uv_thread_t threads[2];

  for (i = 0; i < 2; i++) {
    loopchan_sender_t *tx;
    check(loopchan_open(NULL, &rxs[i], &tx, &options));
    check(uv_thread_create(&threads[i], send_numbers, tx));
  }
  while (left > 0) {
    int message, at = loopchan_select(open, left, LOOPCHAN_FOREVER);
    check(at < 0 ? at : 0);
    int err = loopchan_try_recv(open[at], &message);
    if (err == 0)
      received[open[at] - rxs]++;
    else if (err == UV_EOF)
      open[at] = open[--left]; /* (1) */
    else
      check(err);
  }
  printf("%d from one, %d from the other\n", received[0], received[1]);
  for (i = 0; i < 2; i++) {
    check(uv_thread_join(&threads[i]));
    check(loopchan_close(&rxs[i], NULL));
  }
  return 0;
}
