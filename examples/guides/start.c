/* start: a loop gives numbers to a thread, and the thread gives their squares
 * back. Prints 1, 4 and 9. */
#include <stdio.h>

#include <loopchan.h>

static loopchan_receiver_t jobs;    /* the thread's end: it waits there */
static loopchan_receiver_t results; /* the loop's end: it is called back */
static int work_err; /* why the thread gave up; main reads it after the join */

static void work(void *arg) {
  loopchan_sender_t *tx = arg;
  int number;

  while (work_err == 0 && loopchan_recv(&jobs, &number) == 0) {
    int square = number * number;
    work_err = loopchan_send(tx, &square);
  }
  loopchan_close(&jobs, NULL);
  loopchan_sender_drop(tx); /* (2) */
}

static void on_result(loopchan_receiver_t *rx, int status, void *msg) {
  if (status == UV_EOF)
    loopchan_close(rx, NULL); /* (3) */
  else
    printf("%d\n", *(int *) msg);
}

int main(void) {
  loopchan_options_t options = {.msg_size = sizeof(int)};
  uv_loop_t *loop = uv_default_loop();
  loopchan_sender_t *jobs_tx, *results_tx;
  uv_thread_t thread;

  int err = loop == NULL ? UV_ENOMEM : 0;
  if (err == 0)
    err = loopchan_open(NULL, &jobs, &jobs_tx, &options);
  if (err == 0)
    err = loopchan_open(loop, &results, &results_tx, &options);
  if (err == 0)
    err = loopchan_recv_start(&results, on_result);
  if (err == 0)
    err = uv_thread_create(&thread, work, results_tx);
  for (int number = 1; err == 0 && number <= 3; number++)
    err = loopchan_send(jobs_tx, &number);
  if (err == 0) {
    loopchan_sender_drop(jobs_tx); /* (1) */
    err = uv_run(loop, UV_RUN_DEFAULT);
  }
  if (err == 0)
    err = uv_thread_join(&thread);
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
