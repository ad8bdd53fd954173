/* newest: a thread reports its progress far more often than the loop has time
 * to show it, in C++. The loop gets the newest report only, and at the end the
 * last one. */
#include <thread>

#include <loopchan.hpp>

#include "../check.h"

static void work(loopchan::sender<int> tx) {
  for (int percent = 1; percent <= 100; percent++)
    check(tx.send(percent)); /* never waits */
}

int main() {
  uv_loop_t *loop = uv_default_loop();
  loopchan::options newest;
  newest.latest = true;
  auto reports = loopchan::open<int>(loop, newest).value();
  unsigned long long replaced = 0;

  check(reports.rx.start(
      [](int percent) { std::printf("%d percent\n", percent); },
      [&] {
        replaced = reports.rx.stats().value().dropped;
        reports.rx.close();
      }));
  std::thread thread(work, std::move(reports.tx));
  /* The loop is busy all the while, so that each run prints the same. */
  thread.join();
  check(uv_run(loop, UV_RUN_DEFAULT));
  std::printf("%llu reports were replaced\n", replaced);
  check(uv_loop_close(loop));
}
