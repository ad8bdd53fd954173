/* start: a loop gives numbers to a thread, and the thread gives their squares
 * back, in C++. Prints 1, 4 and 9. */
#include <cstdio>
#include <thread>

#include <loopchan.hpp>

/* The thread owns its ends: (2) is where the function returns. */
static void work(loopchan::thread_receiver<int> jobs,
                 loopchan::sender<int> results, std::error_code &err) {
  for (int number : jobs)
    if ((err = results.send(number * number)))
      break;
}

int main() try {
  uv_loop_t *loop = uv_default_loop();
  auto jobs = loopchan::open<int>().value();
  auto results = loopchan::open<int>(loop).value();
  std::error_code work_err;
  std::error_code err =
      results.rx.start([](int square) { std::printf("%d\n", square); },
                       [&] { results.rx.close(); }); /* (3) */

  std::thread thread(work, std::move(jobs.rx), std::move(results.tx),
                     std::ref(work_err));
  for (int number = 1; !err && number <= 3; number++)
    err = jobs.tx.send(number);
  jobs.tx.drop(); /* (1) */
  if (!err)
    uv_run(loop, UV_RUN_DEFAULT);
  thread.join();
  if (!err)
    err = work_err;
  if (err)
    throw std::system_error(err);
  if (std::fflush(stdout) != 0)
    throw std::system_error(errno, std::generic_category());
  return uv_loop_close(loop) != 0;
} catch (const std::exception &thrown) { /* no thread, no channel */
  std::fprintf(stderr, "%s\n", thrown.what());
  return 1;
}
