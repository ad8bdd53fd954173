/* newest: a thread reports its progress far more often than the loop has time
 * to show it. The loop gets the newest report only, and at the end the last
 * one. */
#include <loopchan.h>

#include "../check.h"

static void count_dropped(void *msg, void *arg) {
  (void) msg;
  ++*(int *) arg;
}

static void on_progress(loopchan_receiver_t *rx, int status, void *msg) {
  if (status == UV_EOF)
    check(loopchan_close(rx, NULL));
  else
    printf("%d percent\n", *(int *) msg);
}

static void work(void *arg) {
  loopchan_sender_t *tx = arg;

  for (int percent = 1; percent <= 100; percent++)
    check(loopchan_send(tx, &percent)); /* never waits */
  loopchan_sender_drop(tx);
}

int main(void) {
  int dropped = 0;
  loopchan_options_t options = {.msg_size = sizeof(int),
                                .flags = LOOPCHAN_LATEST,
                                .drop = count_dropped,
                                .drop_arg = &dropped};
  loopchan_receiver_t rx = {0};
  loopchan_sender_t *tx;
  uv_thread_t thread;

  check(uv_default_loop() == NULL ? UV_ENOMEM : 0);
  check(loopchan_open(uv_default_loop(), &rx, &tx, &options));
  check(loopchan_recv_start(&rx, on_progress));
  check(uv_thread_create(&thread, work, tx));
  /* The loop is busy all the while, so that each run prints the same. */
  check(uv_thread_join(&thread));
  check(uv_run(uv_default_loop(), UV_RUN_DEFAULT));
  printf("%d reports were replaced\n", dropped);
  check(uv_loop_close(uv_default_loop()));
  return 0;
}
