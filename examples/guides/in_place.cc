/* in_place: large messages without a copy, in C++. The sender builds each
 * message in its place, the receiver reads it there. Prints a sum of all bytes.
 */
#include <array>
#include <thread>

#include <loopchan.hpp>

#include "../check.h"

using frame = std::array<unsigned char, 1 << 20>;

static void send_frames(loopchan::sender<frame> tx) {
  for (unsigned char i = 0; i < 50; i++) {
    auto place = tx.reserve().value();
    check(place.emplace());
    place->fill(i); /* a camera would write here */
    check(place.commit());
  }
}

int main() {
  uv_loop_t *loop = uv_default_loop();
  auto frames = loopchan::open<frame>(loop).value();
  unsigned long long sum = 0;

  check(frames.rx.start(
      [&](frame &&one) {
        for (unsigned char byte : one)
          sum += byte;
      },
      [&] {
        std::printf("%llu\n", sum);
        frames.rx.close();
      }));
  std::thread camera(send_frames, std::move(frames.tx));
  check(uv_run(loop, UV_RUN_DEFAULT));
  camera.join();
  check(uv_loop_close(loop));
}
