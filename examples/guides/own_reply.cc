/* own_reply: a loop asks a pool of threads, and each question has a channel of
 * its own for the answer, in C++. Whoever has asked may go away at any time: it
 * destroys its receiver, and the question is not begun, or is given up, or its
 * answer is refused. A question that is destroyed drops its sender: the asker
 * gets the end in place of an answer. */
#include <array>
#include <thread>

#include <loopchan.hpp>

#include "../check.h"

constexpr int askers = 6, hard = 3;

struct question {
  int number;
  loopchan::sender<int> reply; /* of the receiver of the question */
};

/* It is hard to square that number: that ends when the answer is not wanted any
 * more. The question is destroyed at the end, not when the next one comes. */
static void work(question q) {
  do {
    if (q.reply.is_closed())
      return;
  } while (q.number == hard);
  std::error_code err = q.reply.send(q.number * q.number);
  if (err != loopchan::errc::closed) /* nobody is there */
    check(err);
}

static void serve(loopchan::thread_receiver<question> &pool) {
  auto q = pool.recv();

  for (; q; q = pool.recv())
    work(std::move(*q));
  if (q.error() != loopchan::errc::end_of_file)
    check(q.error());
}

class asker {
 public:
  void ask(const loopchan::sender<question> &tx, int number, asker &third) {
    loopchan::options one;
    one.capacity = 1;
    auto answer = loopchan::open<int>(uv_default_loop(), one).value();
    rx_ = std::move(answer.rx);
    check(rx_.start(
        [this, number, &third](int square) {
          square_ = square;
          end("answered", number, third);
        },
        [this, number, &third] { end("no answer", number, third); }));
    /* If the pool is busy, or closed, it is destroyed here. */
    auto err = tx.try_send(question{number, std::move(answer.tx)});
    if (err != loopchan::errc::again && err != loopchan::errc::closed)
      check(err);
  }
  void leave(const char *end) {
    end_ = end;
    rx_.close();
  }
  void print(int number) const {
    std::printf("%d: %s, %d\n", number, end_, square_);
  }

 private:
  void end(const char *end, int number, asker &third) {
    if (number == 1)
      third.leave("left while a thread was working on it");
    leave(end);
  }

  loopchan::loop_receiver<int> rx_;
  const char *end_ = "";
  int square_ = 0;
};

int main() {
  loopchan::options several;
  several.capacity = askers - 1;
  several.shared = true;
  auto pool = loopchan::open<question>(several).value();
  std::array<asker, askers + 1> all;
  std::array<std::thread, 2> threads;

  for (int number = 1; number <= askers; number++)
    all[static_cast<std::size_t>(number)].ask(pool.tx, number, all[hard]);
  pool.tx.drop();
  all[2].leave("left before a thread had it");
  /* Only now, so that each run does the same. */
  for (std::thread &one : threads)
    one = std::thread(serve, std::ref(pool.rx));
  check(uv_run(uv_default_loop(), UV_RUN_DEFAULT));
  for (std::thread &one : threads)
    one.join();
  pool.rx.close();
  for (int number = 1; number <= askers; number++)
    all[static_cast<std::size_t>(number)].print(number);
  check(uv_loop_close(uv_default_loop()));
}
