/* full: what the sending calls return when a channel with room for two
 * messages is full, has room again, and is closed, in C++. */
#include <chrono>

#include <loopchan.hpp>

#include "../check.h"

using namespace std::chrono_literals;

static void show(const char *what, std::error_code err) {
  check(err == loopchan::errc::no_memory ? err : std::error_code());
  std::printf("%-24s %s\n", what, err ? uv_err_name(err.value()) : "accepted");
}

int main() {
  loopchan::options two;
  two.capacity = 2;
  auto [tx, rx] = loopchan::open<int>(two).value();

  show("send", tx.send(7));
  show("try_send", tx.try_send(7));
  show("try_send, full", tx.try_send(7));
  show("send_timeout, full", tx.send_for(7, 1ms));
  show("reserve, full", tx.reserve().error());
  loopchan_stats_t stats = rx.stats().value();
  std::printf("%d messages wait, of %d\n", static_cast<int>(stats.queued),
              static_cast<int>(stats.capacity));

  check(rx.recv().error());
  show("try_send, room again", tx.try_send(7));
  check(rx.close());
  show("send, closed", tx.send(7));
}
