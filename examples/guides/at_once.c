/* at_once: an end that does not wait. The loop closes all its handles while a
 * thread sends. What was accepted and is not delivered any more is dropped, and
 * what is refused is the thread's. Prints that nothing is lost. */
#include <stdlib.h>

#include <loopchan.h>

#include "../check.h"

static loopchan_receiver_t lines;
static int sent, refused; /* the thread's */
static int received, dropped;

static void free_line(void *msg, void *arg) {
  (void) arg;
  free(*(char **) msg);
  dropped++;
}

static void close_one(uv_handle_t *handle, void *arg) {
  (void) arg;
  if (!uv_is_closing(handle))
    loopchan_close_handle(handle, NULL);
}

static void on_line(loopchan_receiver_t *rx, int status, void *msg) {
  check(status);
  free(*(char **) msg);
  if (++received == 1000)
    uv_walk(uv_handle_get_loop((uv_handle_t *) rx), close_one, NULL);
}

static void send_lines(void *arg) {
  loopchan_sender_t *tx = arg;

  while (refused == 0) {
    char *line = malloc(80);
    check(line == NULL ? UV_ENOMEM : 0);
    sent++;
    int err = loopchan_send(tx, &line);
    check(err == UV_EPIPE ? 0 : err);
    if (err != 0) { /* still ours */
      free(line);
      refused++;
    }
  }
  loopchan_sender_drop(tx);
}

int main(void) {
  loopchan_options_t options = {
      .msg_size = sizeof(char *), .capacity = 64, .drop = free_line};
  uv_loop_t *loop = uv_default_loop();
  loopchan_sender_t *tx;
  uv_thread_t thread;

  check(loop == NULL ? UV_ENOMEM : 0);
  check(loopchan_open(loop, &lines, &tx, &options));
  check(loopchan_recv_start(&lines, on_line));
  check(uv_thread_create(&thread, send_lines, tx));
  check(uv_run(loop, UV_RUN_DEFAULT));
  check(uv_thread_join(&thread));
  check(uv_loop_close(loop));
  printf("received, dropped and refused are %s that were sent\n",
         received + dropped + refused == sent ? "all" : "not all");
  return 0;
}
