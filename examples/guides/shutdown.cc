/* shutdown: a server's end, in C++. A loop hands jobs to threads and prints how
 * many came back; SIGTERM comes in the middle, and what was begun is finished.
 */
#include <csignal>
#include <thread>
#include <vector>

#include <loopchan.hpp>

#include "../check.h"

constexpr int workers = 2, all_jobs = 100;

static loopchan::sender<int> jobs_tx;
static uv_signal_t sigterm;
static uv_timer_t intake; /* stands for sockets that bring requests */
static int begun, finished;

static void work(loopchan::thread_receiver<int> &jobs,
                 loopchan::sender<int> results) {
  auto job = jobs.recv();

  for (; job; job = jobs.recv())
    check(results.send(*job));
  if (job.error() != loopchan::errc::end_of_file) /* which means: all is done */
    check(job.error());
}

static void on_sigterm(uv_signal_t *handle, int) {
  uv_close(reinterpret_cast<uv_handle_t *>(handle), nullptr);
  uv_close(reinterpret_cast<uv_handle_t *>(&intake), nullptr); /* (1) */
  jobs_tx.drop();                                              /* (2) */
}

static void on_request(uv_timer_t *) {
  std::error_code err = jobs_tx.try_send(begun);
  if (err == loopchan::errc::again) /* the threads are busy: later */
    return;
  check(err);
  if (++begun == all_jobs)
    check(uv_kill(uv_os_getpid(), SIGTERM));
}

int main() {
  uv_loop_t *loop = uv_default_loop();
  loopchan::options several, eight;
  several.shared = true;
  several.capacity = eight.capacity = 8;
  auto jobs = loopchan::open<int>(several).value();
  auto results = loopchan::open<int>(loop, eight).value();
  std::vector<std::thread> threads;

  jobs_tx = std::move(jobs.tx);
  for (int i = 0; i < workers; i++) {
    auto tx = results.tx.clone();
    check(tx ? 0 : UV_ENOMEM);
    threads.emplace_back(work, std::ref(jobs.rx), std::move(tx));
  }
  results.tx.drop();
  check(results.rx.start([](int) { finished++; },
                         [&] {
                           for (std::thread &thread : threads) /* (3) */
                             thread.join();
                           results.rx.close();
                         }));
  check(uv_signal_init(loop, &sigterm));
  check(uv_signal_start(&sigterm, on_sigterm, SIGTERM));
  check(uv_timer_init(loop, &intake));
  check(uv_timer_start(&intake, on_request, 0, 1));
  check(uv_run(loop, UV_RUN_DEFAULT));
  check(uv_loop_close(loop)); /* 0: no handle was forgotten */
  std::printf("%d begun, %d finished\n", begun, finished);
}
