/* typed_cpp: a loop and a pool of two threads, in C++. The loop sends words to
 * the pool, which reverses them and sends them back; prints the words in their
 * order. Strings and pointers move from thread to thread, and are freed by
 * their last owner. Without (1) the pool never ends, nor do its senders;
 * without (2) the loop never does. */
#include <algorithm>
#include <iostream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <loopchan.hpp>

#include "check.h"

struct job {
  std::size_t place;
  std::string word;
};

static void work(loopchan::thread_receiver<std::unique_ptr<job>> &jobs,
                 loopchan::sender<std::unique_ptr<job>> done) {
  auto one = jobs.recv();
  for (; one; one = jobs.recv()) {
    std::string &word = (*one)->word;
    std::reverse(word.begin(), word.end());
    check(done.send(std::move(*one)));
  }
  if (one.error() != loopchan::errc::end_of_file)
    check(one.error());
}

int main() {
  uv_loop_t *loop = uv_default_loop();
  std::vector<std::string> words = {"sdrow", "nwo", "rieht", "srettel"};
  loopchan::options several;
  several.shared = true;
  auto jobs = loopchan::open<std::unique_ptr<job>>(several).value();
  auto done = loopchan::open<std::unique_ptr<job>>(loop).value();

  auto clone = done.tx.clone();
  check(clone ? 0 : UV_ENOMEM);
  std::thread one(work, std::ref(jobs.rx), std::move(clone));
  std::thread other(work, std::ref(jobs.rx), std::move(done.tx));
  std::error_code err = done.rx.start(
      [&](std::unique_ptr<job> result) {
        words[result->place] = std::move(result->word);
      },
      [&] {
        done.rx.close(); /* (2) */
      });
  for (std::size_t i = 0; i < words.size() && !err; i++)
    err = jobs.tx.send(std::make_unique<job>(job{i, words[i]}));
  jobs.tx.drop(); /* (1) */
  if (!err)
    uv_run(loop, UV_RUN_DEFAULT);
  one.join();
  other.join();
  for (const std::string &word : words)
    std::cout << word << '\n';
  if (err)
    std::cerr << err.message() << '\n';
  return err || uv_loop_close(loop) != 0;
}
