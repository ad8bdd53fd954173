/* with_callbacks: what with_coroutines.cc does, with callbacks: what the loop
 * in follow() was is spread over four functions, and what it had in its
 * variables is in an object that outlives them. */
#include <iostream>

#include <loopchan.hpp>

#include "pool.hpp"

class follower {
 public:
  follower(loopchan::writer<int> questions,
           loopchan::loop_receiver<int> answers, int number)
      : questions_(std::move(questions)),
        answers_(std::move(answers)),
        number_(number) {}

  std::error_code error() const { return err_; }
  void start() {
    std::error_code err =
        answers_.start([this](int answer) { go_on(answer); },
                       [this] { end(loopchan::errc::end_of_file); });
    if (err)
      return end(err);
    go_on(number_);
  }

 private:
  void go_on(int number) {
    number_ = number;
    std::cout << number_ << '\n';
    if (number_ == 1)
      return end({});
    ask();
  }
  void ask() {
    std::error_code err = questions_.write(
        number_, [this](std::error_code refused, std::optional<int> &&) {
          if (refused && questions_)
            end(refused);
        });
    if (err)
      end(err);
  }
  void end(std::error_code err) {
    err_ = err;
    questions_.close(); /* (1) */
    answers_.close();
  }

  loopchan::writer<int> questions_;
  loopchan::loop_receiver<int> answers_;
  int number_;
  std::error_code err_;
};

int main() {
  uv_loop_t *loop = uv_default_loop();
  loopchan::options several;
  several.capacity = 1;
  several.shared = true;
  auto questions = loopchan::open<int>(several).value();
  auto answers = loopchan::open<int>(loop).value();
  auto ask = loopchan::open_writer(loop, std::move(questions.tx)).value();
  follower follows(std::move(ask), std::move(answers.rx), 6);

  {
    pool threads(std::move(questions.rx), std::move(answers.tx));
    follows.start();
    uv_run(loop, UV_RUN_DEFAULT);
  }
  if (follows.error())
    std::cerr << follows.error().message() << '\n';
  return follows.error() || uv_loop_close(loop) != 0;
}
