/* refuse: a loop takes requests and has a thread answer them, in C++. No more
 * than four wait for the thread; the others are refused at once. */
#include <thread>

#include <loopchan.hpp>

#include "../check.h"

static void answer(loopchan::thread_receiver<int> requests,
                   loopchan::sender<int> answers) {
  for (int request : requests)
    check(answers.send(request));
}

/* A request has come in, on the loop's thread, which must not wait. */
static void take(const loopchan::sender<int> &tx, int request) {
  std::error_code err = tx.try_send(request);
  if (err == loopchan::errc::again)
    std::printf("request %d: 503, try again later\n", request);
  else
    check(err);
}

int main() {
  uv_loop_t *loop = uv_default_loop();
  loopchan::options four;
  four.capacity = 4;
  auto requests = loopchan::open<int>(four).value();
  auto answers = loopchan::open<int>(loop).value();

  check(answers.rx.start(
      [](int request) { std::printf("request %d: 200\n", request); },
      [&] { answers.rx.close(); }));
  for (int request = 1; request <= 6; request++)
    take(requests.tx, request);
  requests.tx.drop();
  /* Only now, so that each run refuses the same ones. */
  std::thread thread(answer, std::move(requests.rx), std::move(answers.tx));
  check(uv_run(loop, UV_RUN_DEFAULT));
  thread.join();
  check(uv_loop_close(loop));
}
