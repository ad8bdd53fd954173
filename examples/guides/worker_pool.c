/* worker_pool: three threads take jobs from one channel and send results into
 * another; main feeds the one and reads the other. Prints what came out. */
#include <loopchan.h>

#include "../check.h"

enum { WORKERS = 3, JOBS = 100 };

static loopchan_receiver_t jobs;

/* Go: for job := range jobs { results <- job * 2 }; wg.Done() */
static void work(void *arg) {
  loopchan_sender_t *tx = arg;
  int job, err;

  while ((err = loopchan_recv(&jobs, &job)) == 0) {
    job *= 2;
    check(loopchan_send(tx, &job));
  }
  check(err == UV_EOF ? 0 : err);
  loopchan_sender_drop(tx);
}

int main(void) {
  loopchan_options_t of_jobs = {
      .msg_size = sizeof(int), .capacity = JOBS, .flags = LOOPCHAN_SHARED};
  loopchan_options_t of_results = {.msg_size = sizeof(int), .capacity = JOBS};
  loopchan_sender_t *jobs_tx, *results_tx;
  loopchan_receiver_t results = {0};
  uv_thread_t workers[WORKERS];
  int result, count = 0, sum = 0;

  check(loopchan_open(NULL, &jobs, &jobs_tx, &of_jobs));
  check(loopchan_open(NULL, &results, &results_tx, &of_results));
  for (int i = 0; i < WORKERS; i++) {
    loopchan_sender_t *tx = loopchan_sender_clone(results_tx);
    check(tx == NULL ? UV_ENOMEM : 0);
    check(uv_thread_create(&workers[i], work, tx));
  }
  loopchan_sender_drop(results_tx);
  for (int job = 1; job <= JOBS; job++)
    check(loopchan_send(jobs_tx, &job));
  loopchan_sender_drop(jobs_tx); /* Go: close(jobs) */

  /* Go: wg.Wait(); close(results); for result := range results */
  for (; loopchan_recv(&results, &result) == 0; count++)
    sum += result;
  printf("%d results, their sum is %d\n", count, sum);
  for (int i = 0; i < WORKERS; i++)
    check(uv_thread_join(&workers[i]));
  check(loopchan_close(&jobs, NULL));
  check(loopchan_close(&results, NULL));
  return 0;
}
