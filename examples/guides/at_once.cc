/* at_once: an end that does not wait, in C++. The loop closes all its handles
 * while a thread sends. What was accepted and is not delivered any more is
 * destroyed, and what is refused is the thread's. Prints that nothing is lost.
 */
#include <string>
#include <thread>

#include <loopchan.hpp>

#include "../check.h"

static unsigned sent, refused; /* the thread's */

static void close_one(uv_handle_t *handle, void *) {
  if (!uv_is_closing(handle))
    loopchan_close_handle(handle, nullptr);
}

static void send_lines(loopchan::sender<std::string> tx) {
  while (refused == 0) {
    std::string line(80, '-');
    sent++;
    std::error_code err = tx.send(std::move(line));
    if (err == loopchan::errc::closed) /* the line is still ours */
      refused++;
    else
      check(err);
  }
}

int main() {
  uv_loop_t *loop = uv_default_loop();
  loopchan::options bounded;
  bounded.capacity = 64;
  auto lines = loopchan::open<std::string>(loop, bounded).value();
  unsigned received = 0;

  check(lines.rx.start(
      [&](std::string &&) {
        if (++received == 1000)
          uv_walk(loop, close_one, nullptr);
      },
      [] {}));
  std::thread thread(send_lines, std::move(lines.tx));
  check(uv_run(loop, UV_RUN_DEFAULT));
  thread.join();
  check(uv_loop_close(loop));
  auto dropped = lines.rx.stats().value().dropped;
  std::printf("received, dropped and refused are %s that were sent\n",
              received + dropped + refused == sent ? "all" : "not all");
}
