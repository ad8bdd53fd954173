/* by_hand: two threads send numbers to a loop, as one writes it in C++ without
 * loopchan: a mutex, a vector and a uv_async_t. It is correct as it stands. */
#include <mutex>
#include <thread>
#include <vector>

#include "../check.h"

static std::mutex mutex;
static std::vector<int> numbers;
static int producers = 2;
static uv_async_t async;

static void put(int number) {
  std::lock_guard<std::mutex> lock(mutex);
  numbers.push_back(number);
  check(uv_async_send(&async));
}

static void produce() {
  for (int number = 1; number <= 1000; number++)
    put(number);
  std::lock_guard<std::mutex> lock(mutex);
  producers--;
  check(uv_async_send(&async));
}

static void on_async(uv_async_t *handle) {
  static long sum;
  std::vector<int> taken;
  bool over;

  {
    std::lock_guard<std::mutex> lock(mutex);
    taken.swap(numbers);
    over = producers == 0;
  }
  for (int number : taken)
    sum += number;
  if (over) {
    std::printf("%ld\n", sum);
    uv_close(reinterpret_cast<uv_handle_t *>(handle), nullptr);
  }
}

int main() {
  check(uv_default_loop() == nullptr ? UV_ENOMEM : 0);
  check(uv_async_init(uv_default_loop(), &async, on_async));
  std::thread one(produce), other(produce);
  check(uv_run(uv_default_loop(), UV_RUN_DEFAULT));
  one.join();
  other.join();
  check(uv_loop_close(uv_default_loop()));
}
