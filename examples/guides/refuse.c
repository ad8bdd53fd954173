/* refuse: a loop takes requests and has a thread answer them. No more than four
 * wait for the thread; the others are refused at once. */
#include <loopchan.h>

#include "../check.h"

static loopchan_receiver_t requests, answers;

static void answer(void *arg) {
  loopchan_sender_t *tx = arg;
  int request;

  while (loopchan_recv(&requests, &request) == 0)
    check(loopchan_send(tx, &request));
  check(loopchan_close(&requests, NULL));
  loopchan_sender_drop(tx);
}

/* A request has come in, on the loop's thread, which must not wait. */
static void take(loopchan_sender_t *tx, int request) {
  int err = loopchan_try_send(tx, &request);
  if (err == UV_EAGAIN)
    printf("request %d: 503, try again later\n", request);
  else
    check(err);
}

static void on_answer(loopchan_receiver_t *rx, int status, void *msg) {
  if (status == UV_EOF)
    check(loopchan_close(rx, NULL));
  else
    printf("request %d: 200\n", *(int *) msg);
}

int main(void) {
  loopchan_options_t of_requests = {.msg_size = sizeof(int), .capacity = 4};
  loopchan_options_t of_answers = {.msg_size = sizeof(int)};
  loopchan_sender_t *requests_tx, *answers_tx;
  uv_thread_t thread;

  check(uv_default_loop() == NULL ? UV_ENOMEM : 0);
  check(loopchan_open(NULL, &requests, &requests_tx, &of_requests));
  check(loopchan_open(uv_default_loop(), &answers, &answers_tx, &of_answers));
  check(loopchan_recv_start(&answers, on_answer));
  for (int request = 1; request <= 6; request++)
    take(requests_tx, request);
  loopchan_sender_drop(requests_tx);
  /* Only now, so that each run refuses the same ones. */
  check(uv_thread_create(&thread, answer, answers_tx));
  check(uv_run(uv_default_loop(), UV_RUN_DEFAULT));
  check(uv_thread_join(&thread));
  check(uv_loop_close(uv_default_loop()));
  return 0;
}
