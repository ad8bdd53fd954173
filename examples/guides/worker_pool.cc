/* worker_pool: three threads take jobs from one channel and send results into
 * another; main feeds the one and reads the other. Prints what came out. */
#include <thread>
#include <vector>

#include <loopchan.hpp>

#include "../check.h"

constexpr int workers = 3, all_jobs = 100;

/* Go: for job := range jobs { results <- job * 2 }; wg.Done() */
static void work(loopchan::thread_receiver<int> &jobs,
                 loopchan::sender<int> results) {
  auto job = jobs.recv();

  for (; job; job = jobs.recv())
    check(results.send(*job * 2));
  if (job.error() != loopchan::errc::end_of_file)
    check(job.error());
}

int main() {
  loopchan::options several, bounded;
  several.shared = true;
  several.capacity = bounded.capacity = all_jobs;
  auto jobs = loopchan::open<int>(several).value();
  auto results = loopchan::open<int>(bounded).value();
  std::vector<std::thread> threads;
  int count = 0, sum = 0;

  for (int i = 0; i < workers; i++) {
    auto tx = results.tx.clone();
    check(tx ? 0 : UV_ENOMEM);
    threads.emplace_back(work, std::ref(jobs.rx), std::move(tx));
  }
  results.tx.drop();
  for (int job = 1; job <= all_jobs; job++)
    check(jobs.tx.send(job));
  jobs.tx.drop(); /* Go: close(jobs) */

  /* Go: wg.Wait(); close(results); for result := range results */
  for (int result : results.rx) {
    sum += result;
    count++;
  }
  std::printf("%d results, their sum is %d\n", count, sum);
  for (std::thread &thread : threads)
    thread.join();
}
