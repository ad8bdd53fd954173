/* own_loop: a send that would have to wait for its own thread does not wait.
 * Prints what the sends return to a loop that fills its own channel. */
#include <loopchan.h>

#include "../check.h"

static void on_number(loopchan_receiver_t *rx, int status, void *msg) {
  if (status == 0)
    printf("got %d\n", *(int *) msg);
  else
    check(loopchan_close(rx, NULL));
}

int main(void) {
  loopchan_options_t options = {.msg_size = sizeof(int), .capacity = 2};
  uv_loop_t *loop = uv_default_loop();
  loopchan_receiver_t numbers = {0};
  loopchan_sender_t *tx;

  check(loop == NULL ? UV_ENOMEM : 0);
  check(loopchan_open(loop, &numbers, &tx, &options));
  check(loopchan_recv_start(&numbers, on_number));
  for (int i = 1; i <= 3; i++) {
    int err = loopchan_send(tx, &i);
    check(err == UV_ENOMEM ? err : 0);
    printf("send %d: %s\n", i, err == 0 ? "accepted" : uv_err_name(err));
  }
  loopchan_sender_drop(tx);
  check(uv_run(loop, UV_RUN_DEFAULT));
  check(uv_loop_close(loop));
  return 0;
}
