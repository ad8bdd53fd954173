/* start: a loop gives numbers to a thread, and the thread gives their squares
 * back, in C++. Prints 1, 4 and 9. */
#include <cstdio>
#include <thread>

#include <loopchan.hpp>

/* The thread owns its ends: (2) is where the function returns. */
static void work(loopchan::thread_receiver<int> jobs,
                 loopchan::sender<int> results) {
  for (int number : jobs)
    if (results.send(number * number))
      break; /* the loop has closed its end */
}

int main() {
  uv_loop_t *loop = uv_default_loop();
  auto jobs = loopchan::open<int>().value();
  auto results = loopchan::open<int>(loop).value();
  std::error_code err =
      results.rx.start([](int square) { std::printf("%d\n", square); },
                       [&] { results.rx.close(); }); /* (3) */

  std::thread thread(work, std::move(jobs.rx), std::move(results.tx));
  for (int number = 1; !err && number <= 3; number++)
    err = jobs.tx.send(number);
  jobs.tx.drop(); /* (1) */
  if (!err)
    uv_run(loop, UV_RUN_DEFAULT);
  thread.join();
  if (err)
    std::fprintf(stderr, "%s\n", err.message().c_str());
  return err || uv_loop_close(loop) != 0;
}
