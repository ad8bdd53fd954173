/* several_loops: two loops, each on a thread of its own, and a thread without a
 * loop serve one channel, in C++. Prints what they received together. Without
 * (1) they never end, and without (2) the loops do not. */
#include <array>
#include <thread>

#include <loopchan.hpp>

#include "../check.h"

struct server {
  int count = 0;
  int sum = 0;
  int ends = 0;

  void serve(int job) {
    count++;
    sum += job;
  }
};

static void on_a_loop(const loopchan::thread_receiver<int> &jobs,
                      server &self) {
  uv_loop_t loop;
  check(uv_loop_init(&loop));
  {
    auto clone = jobs.clone(&loop).value();
    check(clone.start([&](int job) { self.serve(job); },
                      [&] {
                        self.ends++;
                        clone.close(); /* (2) ends this one only */
                      }));
    check(uv_run(&loop, UV_RUN_DEFAULT));
  }
  check(uv_loop_close(&loop));
}

static void on_a_thread(loopchan::thread_receiver<int> &jobs, server &self) {
  auto job = jobs.recv();

  for (; job; job = jobs.recv())
    self.serve(*job);
  if (job.error() != loopchan::errc::end_of_file)
    check(job.error());
  self.ends++;
}

int main() {
  loopchan::options several;
  several.shared = true;
  several.capacity = 8;
  auto [tx, jobs] = loopchan::open<int>(several).value();
  std::array<server, 3> servers;
  server all;

  std::thread one(on_a_loop, std::cref(jobs), std::ref(servers[0]));
  std::thread two(on_a_loop, std::cref(jobs), std::ref(servers[1]));
  std::thread three(on_a_thread, std::ref(jobs), std::ref(servers[2]));
  for (int i = 1; i <= 300; i++)
    check(tx.send(i));
  tx.drop(); /* (1) */
  one.join();
  two.join();
  three.join();
  for (const server &each : servers) {
    all.count += each.count;
    all.sum += each.sum;
    all.ends += each.ends;
  }
  std::printf("%d jobs, their sum is %d\n", all.count, all.sum);
  std::printf("%d ends\n", all.ends);
}
