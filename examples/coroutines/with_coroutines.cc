/* with_coroutines: a coroutine on a loop asks a pool of threads, awaits each
 * answer, and asks on with it, until it is 1; prints the numbers. While it
 * waits the loop does other things. with_callbacks.cc is the same without it.
 */
#include <iostream>

#include <loopchan_coro.hpp>

#include "pool.hpp"
#include "task.hpp"

namespace coro = loopchan::coro;

/* Its ends close when it is done, and with them the loop has nothing left,
 * and the pool no more questions. */
static task follow(coro::writer<int> questions, coro::receiver<int> answers,
                   int number, std::error_code &err) {
  std::cout << number << '\n';
  while (number != 1) {
    err = co_await questions.write(number);
    if (err)
      break;
    auto answer = co_await answers.recv();
    if (!answer) {
      err = answer.error();
      break;
    }
    number = *answer;
    std::cout << number << '\n';
  }
}

int main() {
  uv_loop_t *loop = uv_default_loop();
  loopchan::options several;
  several.capacity = 1;
  several.shared = true;
  auto questions = loopchan::open<int>(several).value();
  auto answers = coro::open<int>(loop).value();
  auto ask = coro::open_writer(loop, std::move(questions.tx)).value();
  std::error_code err;

  {
    pool threads(std::move(questions.rx), std::move(answers.tx));
    follow(std::move(ask), std::move(answers.rx), 6, err);
    uv_run(loop, UV_RUN_DEFAULT);
  }
  if (err)
    std::cerr << err.message() << '\n';
  return err || uv_loop_close(loop) != 0;
}
