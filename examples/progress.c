/* progress: a worker thread reports to a loop. Prints 20% to 100%.
 * The program ends because of (1) and (2): the receiver gets UV_EOF only after
 * its last sender is dropped, and an open receiver keeps uv_run() going. */
#include <stdio.h>

#include <loopchan.h>

static int work_err; /* why the thread has sent no more; read after the join */

static void work(void *arg) {
  loopchan_sender_t *tx = arg;
  for (int percent = 20; work_err == 0 && percent <= 100; percent += 20)
    work_err = loopchan_send(tx, &percent);
  loopchan_sender_drop(tx); /* (1) */
}

static void on_percent(loopchan_receiver_t *rx, int status, void *msg) {
  if (status == UV_EOF)
    loopchan_close(rx, NULL); /* (2) */
  else
    printf("%d%%\n", *(int *) msg);
}

int main(void) {
  loopchan_options_t options = {.msg_size = sizeof(int)};
  loopchan_receiver_t rx = {0};
  uv_loop_t *loop = uv_default_loop();
  loopchan_sender_t *tx;
  uv_thread_t worker;

  int err = loop == NULL ? UV_ENOMEM : loopchan_open(loop, &rx, &tx, &options);
  if (err == 0)
    err = loopchan_recv_start(&rx, on_percent);
  if (err == 0)
    err = uv_thread_create(&worker, work, tx);
  if (err == 0)
    err = uv_run(loop, UV_RUN_DEFAULT);
  if (err == 0)
    err = uv_thread_join(&worker);
  if (err == 0)
    err = work_err;
  if (err == 0)
    err = uv_loop_close(loop);
  if (err == 0 && fflush(stdout) != 0)
    err = UV_EIO;
  if (err != 0)
    fprintf(stderr, "%s\n", uv_strerror(err));
  return err != 0;
}
