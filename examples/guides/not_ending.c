/* not_ending: why does the program not end? On a timer, after the last word, it
 * looks at the channel's figures and at libuv's handles, then mends the fault.
 * Prints the figures; what libuv says goes to stderr. */
#include <loopchan.h>

#include "../check.h"

static loopchan_receiver_t words;
static loopchan_sender_t *forgotten;
static uv_timer_t watch;

static void on_timer(uv_timer_t *timer) {
  loopchan_stats_t stats;

  uv_print_active_handles(timer->loop, stderr);
  check(loopchan_stats(&words, &stats));
  printf("sent %llu, received %llu, queued %llu, senders %zu\n",
         (unsigned long long) stats.sent, (unsigned long long) stats.received,
         (unsigned long long) stats.queued, stats.senders);
  loopchan_sender_drop(forgotten); /* this was missing */
  uv_close((uv_handle_t *) timer, NULL);
}

static void on_word(loopchan_receiver_t *rx, int status, void *msg) {
  (void) msg;
  if (status == UV_EOF)
    check(loopchan_close(rx, NULL));
  else
    check(uv_timer_start(&watch, on_timer, 20, 0));
}

int main(void) {
  loopchan_options_t options = {.msg_size = sizeof(char *)};
  uv_loop_t *loop = uv_default_loop();
  const char *word = "hello";
  loopchan_sender_t *tx;

  check(loop == NULL ? UV_ENOMEM : 0);
  check(loopchan_open(loop, &words, &tx, &options));
  check(loopchan_recv_start(&words, on_word));
  check(uv_timer_init(loop, &watch));
  forgotten = loopchan_sender_clone(tx);
  check(forgotten == NULL ? UV_ENOMEM : 0);
  check(loopchan_send(tx, &word));
  loopchan_sender_drop(tx);
  check(uv_run(loop, UV_RUN_DEFAULT));
  check(uv_loop_close(loop));
  return 0;
}
