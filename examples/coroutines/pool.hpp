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
    for (std::thread &one : threads_)
      one = std::thread([this, tx = answers.clone()] { work(tx); });
  }
  /* They end when the last sender of questions is dropped. */
  ~pool() {
    for (std::thread &one : threads_)
      one.join();
  }

 private:
  void work(const loopchan::sender<int> &answers) {
    for (int number : questions_) {
      std::error_code err =
          answers.send(number % 2 == 0 ? number / 2 : 3 * number + 1);
      if (err == loopchan::errc::closed)
        break;    /* by the loop */
      check(err); /* otherwise it would wait for an answer that is lost */
    }
  }

  loopchan::thread_receiver<int> questions_;
  std::array<std::thread, 2> threads_;
};

#endif /* POOL_HPP */
