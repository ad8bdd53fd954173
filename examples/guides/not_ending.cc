/* not_ending: why does the program not end? In C++ a sender is dropped with its
 * scope, but this one is static. On a timer, after the last word, the program
 * looks at the channel's figures and at libuv's handles, then mends the fault.
 * Prints the figures; what libuv says goes to stderr. */
#include <loopchan.hpp>

#include "../check.h"

static loopchan::loop_receiver<const char *> words;
static loopchan::sender<const char *> forgotten;
static uv_timer_t watch;

static void on_timer(uv_timer_t *timer) {
  uv_print_active_handles(timer->loop, stderr);
  loopchan_stats_t stats = words.stats().value();
  std::printf("sent %d, received %d, queued %d, senders %d\n",
              static_cast<int>(stats.sent), static_cast<int>(stats.received),
              static_cast<int>(stats.queued), static_cast<int>(stats.senders));
  forgotten.drop(); /* this was missing */
  uv_close(reinterpret_cast<uv_handle_t *>(timer), nullptr);
}

int main() {
  uv_loop_t *loop = uv_default_loop();

  {
    auto [tx, rx] = loopchan::open<const char *>(loop).value();
    words = std::move(rx);
    forgotten = tx.clone();
    check(forgotten ? 0 : UV_ENOMEM);
    check(tx.send("hello"));
  }
  check(words.start(
      [](const char *) { check(uv_timer_start(&watch, on_timer, 20, 0)); },
      [] { words.close(); }));
  check(uv_timer_init(loop, &watch));
  check(uv_run(loop, UV_RUN_DEFAULT));
  check(uv_loop_close(loop));
}
