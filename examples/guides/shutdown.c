/* shutdown: a server's end. A loop hands jobs to threads and prints how many
 * came back; SIGTERM comes in the middle, and what was begun is finished. */
#include <signal.h>

#include <loopchan.h>

#include "../check.h"

enum { WORKERS = 2, JOBS = 100 };

static loopchan_receiver_t jobs;    /* the threads', shared */
static loopchan_receiver_t results; /* the loop's */
static loopchan_sender_t *jobs_tx;
static uv_thread_t workers[WORKERS];
static uv_signal_t sigterm;
static uv_timer_t intake; /* stands for sockets that bring requests */
static int begun, finished;

static void work(void *arg) {
  loopchan_sender_t *tx = arg;
  int job, err;

  while ((err = loopchan_recv(&jobs, &job)) == 0)
    check(loopchan_send(tx, &job));
  check(err == UV_EOF ? 0 : err); /* UV_EOF: all is done */
  loopchan_sender_drop(tx);
}

static void on_result(loopchan_receiver_t *rx, int status, void *msg) {
  (void) msg;
  if (status == 0) {
    finished++;
    return;
  }
  for (int i = 0; i < WORKERS; i++) /* (3) */
    check(uv_thread_join(&workers[i]));
  check(loopchan_close(&jobs, NULL));
  check(loopchan_close(rx, NULL));
}

static void on_sigterm(uv_signal_t *handle, int number) {
  (void) number;
  uv_close((uv_handle_t *) handle, NULL);
  uv_close((uv_handle_t *) &intake, NULL); /* (1) */
  loopchan_sender_drop(jobs_tx);           /* (2) */
}

static void on_request(uv_timer_t *timer) {
  int err = loopchan_try_send(jobs_tx, &begun);

  (void) timer;
  if (err == UV_EAGAIN) /* the threads are busy: later */
    return;
  check(err);
  if (++begun == JOBS)
    check(uv_kill(uv_os_getpid(), SIGTERM));
}

int main(void) {
  loopchan_options_t of_jobs = {
      .msg_size = sizeof(int), .capacity = 8, .flags = LOOPCHAN_SHARED};
  loopchan_options_t of_results = {.msg_size = sizeof(int), .capacity = 8};
  uv_loop_t *loop = uv_default_loop();
  loopchan_sender_t *tx;

  check(loop == NULL ? UV_ENOMEM : 0);
  check(loopchan_open(NULL, &jobs, &jobs_tx, &of_jobs));
  check(loopchan_open(loop, &results, &tx, &of_results));
  check(loopchan_recv_start(&results, on_result));
  for (int i = 0; i < WORKERS; i++) {
    loopchan_sender_t *own = loopchan_sender_clone(tx);
    check(own == NULL ? UV_ENOMEM : 0);
    check(uv_thread_create(&workers[i], work, own));
  }
  loopchan_sender_drop(tx);
  check(uv_signal_init(loop, &sigterm));
  check(uv_signal_start(&sigterm, on_sigterm, SIGTERM));
  check(uv_timer_init(loop, &intake));
  check(uv_timer_start(&intake, on_request, 0, 1));
  check(uv_run(loop, UV_RUN_DEFAULT));
  check(uv_loop_close(loop)); /* 0: no handle was forgotten */
  printf("%d begun, %d finished\n", begun, finished);
  return 0;
}
