/* own_loop: a send that would have to wait for its own thread does not wait, in
 * C++. Prints what the sends return to a loop that fills its own channel. */
#include <loopchan.hpp>

#include "../check.h"

int main() {
  uv_loop_t *loop = uv_default_loop();
  loopchan::options two;
  two.capacity = 2;
  auto numbers = loopchan::open<int>(loop, two).value();

  check(numbers.rx.start([](int number) { std::printf("got %d\n", number); },
                         [&] { numbers.rx.close(); }));
  for (int i = 1; i <= 3; i++) {
    std::error_code err = numbers.tx.send(i);
    check(err == loopchan::errc::no_memory ? err : std::error_code());
    std::printf("send %d: %s\n", i,
                err ? uv_err_name(err.value()) : "accepted");
  }
  numbers.tx.drop();
  check(uv_run(loop, UV_RUN_DEFAULT));
  check(uv_loop_close(loop));
}
