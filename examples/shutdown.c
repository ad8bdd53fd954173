/* shutdown: a receiver that has enough stops a sender that would never stop.
 * Without (1) neither ever ends. With loopchan_close in its place, what was
 * accepted would be dropped instead of received: the two counts would differ.
 * Without (2) the thread could not tell the end, UV_EPIPE, from an error. */
#include <inttypes.h>

#include <loopchan.h>

#include "check.h"

enum { ENOUGH = 1000 };

static uint64_t accepted, received;

static void chatter(void *arg) {
  loopchan_sender_t *tx = arg;
  int err;
  while ((err = loopchan_send(tx, NULL)) == 0)
    accepted++;
  if (err != UV_EPIPE) /* (2) */
    fprintf(stderr, "%s\n", uv_strerror(err));
  loopchan_sender_drop(tx);
}

static void on_signal(loopchan_receiver_t *rx, int status, void *msg) {
  (void) msg; /* a bare signal: msg_size is 0 */
  if (status == UV_EOF)
    check(loopchan_close(rx, NULL));
  else if (++received == ENOUGH)
    check(loopchan_shutdown(rx)); /* (1) */
}

int main(void) {
  loopchan_options_t options = {.msg_size = 0};
  loopchan_receiver_t rx = {0};
  loopchan_sender_t *tx;
  uv_thread_t thread;

  check(uv_default_loop() == NULL ? UV_ENOMEM : 0);
  check(loopchan_open(uv_default_loop(), &rx, &tx, &options));
  check(loopchan_recv_start(&rx, on_signal));
  check(uv_thread_create(&thread, chatter, tx));
  check(uv_run(uv_default_loop(), UV_RUN_DEFAULT));
  check(uv_thread_join(&thread));
  if (received < ENOUGH || received != accepted) {
    fprintf(stderr, "%" PRIu64 " accepted, %" PRIu64 " received\n", accepted,
            received);
    return 1;
  }
  printf("everything accepted was received\n");
  check(uv_loop_close(uv_default_loop()));
  return 0;
}
