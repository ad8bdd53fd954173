/* with_loopchan: what by_hand does, with loopchan, in C++. */
#include <thread>

#include <loopchan.hpp>

#include "../check.h"

static void produce(loopchan::sender<int> tx) {
  for (int number = 1; number <= 1000; number++)
    check(tx.send(number));
}

int main() {
  auto numbers = loopchan::open<int>(uv_default_loop()).value();
  long sum = 0;

  check(numbers.rx.start([&](int number) { sum += number; },
                         [&] {
                           std::printf("%ld\n", sum);
                           numbers.rx.close();
                         }));
  auto clone = numbers.tx.clone();
  check(clone ? 0 : UV_ENOMEM);
  std::thread one(produce, std::move(clone));
  std::thread other(produce, std::move(numbers.tx));
  check(uv_run(uv_default_loop(), UV_RUN_DEFAULT));
  one.join();
  other.join();
  check(uv_loop_close(uv_default_loop()));
}
