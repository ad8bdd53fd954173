/* pool: two threads that answer questions: which number follows on this one,
 * half of it, or if it is odd, three times it and one? */
#ifndef POOL_HPP
#define POOL_HPP

#include <array>
#include <thread>

#include <loopchan.hpp>

#include "../check.h"

class pool {
 public:
  pool(loopchan::thread_receiver<int> questions, loopchan::sender<int> answers)
      : questions_(std::move(questions)) {
    for (std::thread &one : threads_) {
      auto clone = answers.clone();
      check(clone ? 0 : UV_ENOMEM);
      one = std::thread([this, tx = std::move(clone)] { work(tx); });
    }
  }
  /* They end when the last sender of questions is dropped. */
  ~pool() {
    for (std::thread &one : threads_)
      one.join();
  }

 private:
  void work(const loopchan::sender<int> &answers) {
    auto number = questions_.recv();
    for (; number; number = questions_.recv()) {
      std::error_code err =
          answers.send(*number % 2 == 0 ? *number / 2 : 3 * *number + 1);
      if (err == loopchan::errc::closed)
        return;   /* by the loop */
      check(err); /* otherwise it would wait for an answer that is lost */
    }
    if (number.error() != loopchan::errc::end_of_file)
      check(number.error());
  }

  loopchan::thread_receiver<int> questions_;
  std::array<std::thread, 2> threads_;
};

#endif /* POOL_HPP */
