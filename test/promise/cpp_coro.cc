/* Promise: loopchan_coro.hpp gives a coroutine each message once, of several
 * receivers to one, takes none that no coroutine waits for, leaves nothing
 * behind of a coroutine that is destroyed, allocates nothing, and does not keep
 * the loop. */
#include <loopchan_coro.hpp>

#include <array>
#include <cstdlib>
#include <deque>
#include <exception>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#ifndef _WIN32
#include <sys/mman.h>
#endif

#include "support/heap.h"
#include "support/loop.h"
#include "support/suite.h"
#include "support/tracked.h"

using namespace std::chrono_literals;
using loopchan::errc;
using loopchan::result;
namespace coro = loopchan::coro;

/* ------------------------------------------------------------------- tasks */

struct alignas(256) wide {
  int number;
};

/* gcc aligns a frame as operator new does, whatever is in it. */
struct frame_memory {
  static constexpr std::align_val_t alignment{alignof(wide)};

  void *operator new(std::size_t size) {
    return ::operator new(size, alignment);
  }
  void operator delete(void *frame) { ::operator delete(frame, alignment); }
};

/* Begins at once; destroyed with its object, wherever it is then. */
class task {
 public:
  struct promise_type : frame_memory {
    task get_return_object() {
      return task(std::coroutine_handle<promise_type>::from_promise(*this));
    }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_always final_suspend() noexcept { return {}; }
    void return_void() noexcept {}
    void unhandled_exception() { std::terminate(); }
  };

  task() = default;
  task(task &&from) noexcept : frame_(std::exchange(from.frame_, nullptr)) {}
  task &operator=(task &&from) noexcept {
    task gone(std::move(*this));
    std::swap(frame_, from.frame_);
    return *this;
  }
  ~task() {
    if (frame_)
      std::exchange(frame_, nullptr).destroy();
  }
  bool done() const { return frame_ && frame_.done(); }

 private:
  explicit task(std::coroutine_handle<promise_type> frame) : frame_(frame) {}
  std::coroutine_handle<promise_type> frame_;
};

/* Begins at once, and goes when it is done. */
struct detached {
  struct promise_type : frame_memory {
    detached get_return_object() { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() noexcept {}
    void unhandled_exception() { std::terminate(); }
  };
};

/* Begins when another coroutine awaits it, which goes on after it. */
template <class T> class lazy {
 public:
  struct promise_type : frame_memory {
    struct go_on {
      bool await_ready() noexcept { return false; }
      std::coroutine_handle<> await_suspend(
          std::coroutine_handle<promise_type> self) noexcept {
        return self.promise().after;
      }
      void await_resume() noexcept {}
    };
    lazy get_return_object() {
      return lazy(std::coroutine_handle<promise_type>::from_promise(*this));
    }
    std::suspend_always initial_suspend() noexcept { return {}; }
    go_on final_suspend() noexcept { return {}; }
    void return_value(T from) { value.emplace(std::move(from)); }
    void unhandled_exception() { std::terminate(); }
    std::coroutine_handle<> after;
    std::optional<T> value;
  };

  lazy(lazy &&from) noexcept : frame_(std::exchange(from.frame_, nullptr)) {}
  ~lazy() {
    if (frame_)
      frame_.destroy();
  }
  bool await_ready() noexcept { return false; }
  std::coroutine_handle<> await_suspend(
      std::coroutine_handle<> after) noexcept {
    frame_.promise().after = after;
    return frame_;
  }
  T await_resume() { return std::move(*frame_.promise().value); }

 private:
  explicit lazy(std::coroutine_handle<promise_type> frame) : frame_(frame) {}
  std::coroutine_handle<promise_type> frame_;
};

/* Wraps what it awaits: resumed, it goes on only when the queue is run, as with
 * an executor. So await_resume is called after the callback has returned. */
static std::deque<std::coroutine_handle<>> posted;

template <class Awaiter> struct later {
  Awaiter awaiter;
  task trampoline{};

  static task post(Awaiter &awaiter, std::coroutine_handle<> to, bool &ready) {
    struct suspend {
      Awaiter &awaiter;
      bool &ready;
      bool await_ready() { return false; }
      bool await_suspend(std::coroutine_handle<> self) {
        ready = !awaiter.await_suspend(self);
        return !ready;
      }
      void await_resume() {}
    };
    co_await suspend{awaiter, ready};
    if (!ready)
      posted.push_back(to);
  }
  bool await_ready() { return awaiter.await_ready(); }
  bool await_suspend(std::coroutine_handle<> to) {
    static bool ready;
    trampoline = post(awaiter, to, ready);
    return !ready;
  }
  auto await_resume() { return awaiter.await_resume(); }
};

class posting {
 public:
  struct promise_type : task::promise_type {
    posting get_return_object() {
      return posting(std::coroutine_handle<promise_type>::from_promise(*this));
    }
    template <class Awaitable> auto await_transform(Awaitable &&from) {
      using awaiter =
          decltype(std::forward<Awaitable>(from).operator co_await());
      return later<awaiter>{std::forward<Awaitable>(from).operator co_await()};
    }
  };

  posting(posting &&from) noexcept
      : frame_(std::exchange(from.frame_, nullptr)) {}
  ~posting() {
    if (frame_)
      frame_.destroy();
  }
  bool done() const { return frame_.done(); }

 private:
  explicit posting(std::coroutine_handle<promise_type> frame) : frame_(frame) {}
  std::coroutine_handle<promise_type> frame_;
};

/* Resumed by the test. */
struct gate {
  std::coroutine_handle<> waiting;

  bool await_ready() noexcept { return false; }
  void await_suspend(std::coroutine_handle<> from) noexcept { waiting = from; }
  void await_resume() noexcept {}
  void open() { std::exchange(waiting, nullptr).resume(); }
};

/* ---------------------------------------------------------------- messages */

struct large {
  int number;
  unsigned char rest[100000];
};

/* One of each kind of message: bytes, pointer, box, box by alignment, by size,
 * and one that only moves. */
template <class T> static T make(int n) {
  if constexpr (std::is_same_v<T, std::string>)
    return std::to_string(n) + (n % 2 != 0 ? "" : " is long enough for a heap");
  else if constexpr (std::is_same_v<T, std::unique_ptr<int>>)
    return std::make_unique<int>(n);
  else if constexpr (std::is_same_v<T, large>)
    return {n, {}};
  else
    return T{n};
}

template <class T> static int number(const T &msg) {
  if constexpr (std::is_same_v<T, int>)
    return msg;
  else if constexpr (std::is_same_v<T, std::string>)
    return msg.empty() ? -1 : std::stoi(msg);
  else if constexpr (std::is_same_v<T, std::unique_ptr<int>>)
    return msg ? *msg : -1;
  else if constexpr (std::is_same_v<T, wide>)
    return reinterpret_cast<std::uintptr_t>(&msg) % alignof(wide) == 0
               ? msg.number
               : -1;
  else
    return msg.number;
}

static const std::array<std::size_t, 4> capacities = {loopchan::unbounded, 1, 7,
                                                      loopchan::rendezvous};

/* Runs test<T>(capacity) for each kind and each capacity. */
#define FOR_EACH_KIND(test)             \
  for (std::size_t room : capacities) { \
    test<int>(room);                    \
    test<wide>(room);                   \
    test<large>(room);                  \
    test<std::string>(room);            \
    test<std::unique_ptr<int>>(room);   \
    test<tracked>(room);                \
  }

static loopchan::options with_room(std::size_t capacity) {
  loopchan::options options;
  options.capacity = capacity;
  options.budget_time = std::chrono::hours(1);  // however slow the machine is
  return options;
}

static loopchan::options patient() {
  return with_room(loopchan::unbounded);
}

static loopchan::options with_clones(std::size_t capacity) {
  loopchan::options options = with_room(capacity);
  options.shared = true;
  return options;
}

static void run() {
  ck_assert_int_eq(uv_run(&loop, UV_RUN_DEFAULT), 0);
}

/* Iterations of the loop, which do not wait. */
static void turn(int times = 1) {
  while (times-- > 0)
    uv_run(&loop, UV_RUN_NOWAIT);
}

/* A writer has no other budget than the usual: on a slow machine it is spent.
 */
template <class Task> static void finish(const Task &one) {
  while (!one.done())
    turn();
}

/* --------------------------------------------------------------- receiving */

template <class T>
static detached add_up(coro::receiver<T> rx, int &received,
                       std::error_code &end) {
  for (;;) {
    result<T> msg = co_await rx.recv();
    if (!msg) {
      end = msg.error();
      msg = co_await rx.recv();
      ck_assert(msg.error() == end);
      msg = co_await rx.recv_for(1h);
      ck_assert(msg.error() == end);
      co_return;
    }
    ck_assert_int_eq(number(*msg), received++);
  }
}

template <class T> static void reaches_a_coroutine(std::size_t room) {
  auto ch = coro::open<T>(&loop, with_room(room)).value();
  int accepted = 0, received = 0;
  std::error_code end;
  add_up<T>(std::move(ch.rx), received, end);
  std::thread producer([&accepted, tx = std::move(ch.tx)] {
    for (int i = 0; i < 300; i++)
      accepted += !tx.send(make<T>(i));
  });

  run();
  producer.join();
  ck_assert_int_eq(accepted, 300);
  ck_assert_int_eq(received, 300);
  ck_assert(end == errc::end_of_file);
}

START_TEST(every_kind_of_message_reaches_a_coroutine_then_the_end) {
  FOR_EACH_KIND(reaches_a_coroutine);
  ck_assert_int_eq(tracked::live, 0);
}
END_TEST

static lazy<int> sum_of_two(coro::receiver<int> &rx) {
  int one = (co_await rx.recv()).value();
  int other = (co_await rx.recv()).value();
  co_return one + other;
}

static task sum_of_four(coro::receiver<int> &rx, int &sum) {
  sum = co_await sum_of_two(rx);
  sum += co_await sum_of_two(rx);
}

START_TEST(a_lazy_task_awaits_inside_another) {
  auto ch = coro::open<int>(&loop, patient()).value();
  int sum = 0;
  task adds = sum_of_four(ch.rx, sum);

  for (int i = 1; i <= 4; i++)
    ck_assert(!ch.tx.send(i));
  turn();
  ck_assert(adds.done());
  ck_assert_int_eq(sum, 10);
}
END_TEST

template <class T>
static task receive(coro::receiver<T> &rx, std::optional<result<T>> &got) {
  got.emplace(co_await rx.recv());
}

START_TEST(a_message_that_is_there_needs_no_loop) {
  auto ch = coro::open<std::string>(&loop, patient()).value();
  std::optional<result<std::string>> got;

  ck_assert(!ch.tx.send("there"));
  task receives = receive(ch.rx, got);
  ck_assert(receives.done());
  ck_assert(got->value() == "there");
}
END_TEST

static task receive_and_rest(coro::receiver<int> &rx, gate &rest,
                             std::vector<int> &got) {
  for (;;) {
    got.push_back((co_await rx.recv()).value());
    co_await rest;
  }
}

START_TEST(a_message_is_taken_only_for_a_coroutine_that_waits) {
  auto ch = coro::open<int>(&loop, with_room(3)).value();
  std::vector<int> got;
  gate rest;
  task receives = receive_and_rest(ch.rx, rest, got);

  for (int i = 0; i < 3; i++)
    ck_assert(!ch.tx.try_send(i));
  ck_assert(ch.tx.try_send(3) == errc::again);
  for (int taken = 1; taken <= 3; taken++) {
    turn(3);
    ck_assert_uint_eq(got.size(), taken);
    ck_assert_uint_eq(ch.rx.stats()->queued, 3 - taken);
    rest.open();
  }
  ck_assert(!ch.tx.try_send(3));
  turn(3);
  ck_assert_uint_eq(got.size(), 4);
  ck_assert(!ch.tx.try_send(4));
  turn(3);
  ck_assert_uint_eq(ch.rx.stats()->queued, 1);
}
END_TEST

START_TEST(a_second_coroutine_that_waits_is_refused_and_the_first_is_not) {
  auto ch = coro::open<int>(&loop, patient()).value();
  std::optional<result<int>> got, refused;
  task first = receive(ch.rx, got);

  ck_assert(!ch.tx.send(5)); /* the first one's */
  task second = receive(ch.rx, refused);
  ck_assert(!first.done());
  ck_assert(second.done());
  ck_assert(refused->error() == errc::already);
  turn();
  ck_assert_int_eq(got->value(), 5);
  ck_assert(!ch.tx.send(6));
  second = receive(ch.rx, refused);
  ck_assert_int_eq(refused->value(), 6);
}
END_TEST

START_TEST(a_close_cancels_the_coroutine_that_waits) {
  auto ch = coro::open<int>(&loop, patient()).value();
  std::optional<result<int>> got;
  bool closed = false;
  task receives = receive(ch.rx, got);

  ck_assert(!ch.tx.send(1));
  ck_assert(!ch.rx.close([&] {
    ck_assert(got.has_value());
    closed = true;
  }));
  ck_assert(!ch.rx);
  ck_assert(!got.has_value());
  run();
  ck_assert(closed);
  ck_assert(receives.done());
  ck_assert(got->error() == errc::canceled);
  ck_assert(got->error() == std::errc::operation_canceled);
  ck_assert(ch.rx.close([] {}) == errc::invalid);
}
END_TEST

START_TEST(a_shutdown_lets_a_coroutine_receive_the_rest) {
  auto ch = coro::open<int>(&loop, patient()).value();
  int received = 0;
  std::error_code end;

  for (int i = 0; i < 3; i++)
    ck_assert(!ch.tx.send(i));
  ck_assert(!ch.rx.shutdown());
  ck_assert(ch.tx.send(3) == errc::closed);
  add_up<int>(std::move(ch.rx), received, end);
  ck_assert_int_eq(received, 3);
  ck_assert(end == errc::end_of_file);
}
END_TEST

START_TEST(an_end_that_comes_later_resumes_a_coroutine) {
  auto ch = coro::open<int>(&loop, patient()).value();
  std::optional<result<int>> got;
  task receives = receive(ch.rx, got);

  ch.tx.drop();
  turn();
  ck_assert(got->error() == errc::end_of_file);
  receives = receive(ch.rx, got);
  ck_assert(got->error() == errc::end_of_file);
}
END_TEST

/* ------------------------------------------------------------------- times */

template <class Time>
static task receive_for(coro::receiver<tracked> &rx, Time time, int &got,
                        std::error_code &err) {
  auto msg = co_await rx.recv_for(time);
  err = msg.error();
  got = msg ? msg->number : -1;
}

START_TEST(a_time_out_comes_never_too_early_and_loses_nothing) {
  auto ch = coro::open<tracked>(&loop, patient()).value();
  int got = 0;
  std::error_code err;

  for (double seconds : {0.02, 0.001, 0.0121, 0.005}) {
    std::chrono::duration<double> time(seconds);
    std::uint64_t begun = uv_hrtime();
    task receives = receive_for(ch.rx, time, got, err);
    while (!receives.done())
      uv_run(&loop, UV_RUN_ONCE);
    ck_assert_uint_ge(uv_hrtime() - begun, loopchan::time_span(time).ns());
    ck_assert(err == errc::timed_out);
    ck_assert(err == std::errc::timed_out);
  }
  ck_assert(!ch.tx.send(tracked(7)));
  task receives = receive_for(ch.rx, 1h, got, err);
  ck_assert(receives.done() && !err);
  ck_assert_int_eq(got, 7);
}
END_TEST

START_TEST(no_time_is_a_look) {
  auto ch = coro::open<tracked>(&loop, patient()).value();
  int got = 0;
  std::error_code err;

  ck_assert(receive_for(ch.rx, 0s, got, err).done());
  ck_assert(err == errc::timed_out);
  ck_assert(receive_for(ch.rx, -5h, got, err).done());
  ck_assert(err == errc::timed_out);
  ck_assert(!ch.tx.send(tracked(3)));
  ck_assert(receive_for(ch.rx, 0s, got, err).done());
  ck_assert(!err);
  ck_assert_int_eq(got, 3);
}
END_TEST

START_TEST(any_time_that_is_long_enough_is_none) {
  auto ch = coro::open<tracked>(&loop, patient()).value();
  int got = 0;
  std::error_code err;
  std::chrono::duration<unsigned long, std::exa> ages(3);

  task first = receive_for(ch.rx, ages, got, err);
  turn(3);
  ck_assert(!first.done());
  ck_assert(!ch.tx.send(tracked(1)));
  turn();
  ck_assert(first.done() && got == 1);
  task second = receive_for(ch.rx, std::chrono::nanoseconds::max(), got, err);
  ck_assert(!ch.tx.send(tracked(2)));
  turn();
  ck_assert(second.done() && got == 2);
}
END_TEST

/* As long as other things keep the loop busy. */
static void wait_until(std::uint64_t time) {
  while (uv_hrtime() < time)
    ;
}

START_TEST(what_came_before_its_time_was_noticed_is_received) {
  auto ch = coro::open<tracked>(&loop, patient()).value();
  int got = 0;
  std::error_code err;
  task receives = receive_for(ch.rx, 2ms, got, err);

  ck_assert(!ch.tx.send(tracked(4)));
  wait_until(uv_hrtime() + 5000000);
  uv_run(&loop, UV_RUN_ONCE);
  uv_run(&loop, UV_RUN_NOWAIT);
  ck_assert(receives.done() && !err);
  ck_assert_int_eq(got, 4);
}
END_TEST

/* The timer of the first wait goes on, and must not end the second. */
START_TEST(an_old_time_does_not_end_a_later_wait) {
  auto ch = coro::open<tracked>(&loop, patient()).value();
  int got = 0;
  std::error_code err;
  task first = receive_for(ch.rx, 2ms, got, err);

  ck_assert(!ch.tx.send(tracked(4)));
  turn();
  ck_assert(first.done() && got == 4);
  task second = receive_for(ch.rx, 1h, got, err);
  wait_until(uv_hrtime() + 5000000);
  turn(3);
  ck_assert(!second.done());
  std::optional<result<tracked>> none;
  second = task();
  { task brief = receive_for(ch.rx, 2ms, got, err); }
  second = receive(ch.rx, none);
  wait_until(uv_hrtime() + 5000000);
  turn(3);
  ck_assert(!second.done());
}
END_TEST

START_TEST(a_wait_keeps_the_loop_only_if_its_receiver_does) {
  auto ch = coro::open<tracked>(&loop, patient()).value();
  int got = 0;
  std::error_code err;
  task receives = receive_for(ch.rx, 1h, got, err);

  uv_unref(reinterpret_cast<uv_handle_t *>(ch.rx.get()));
  run();
  ck_assert(!receives.done());
}
END_TEST

/* --------------------------------------------------------------- destroyed */

template <class T> static void destroyed_while_it_waits(std::size_t room) {
  auto ch = coro::open<T>(&loop, with_room(room)).value();
  std::optional<result<T>> got;
  bool stored = room != loopchan::rendezvous;

  for (int i = 0; i < 2; i++) {
    { task destroyed = receive(ch.rx, got); }
    turn();
    {
      task destroyed = receive(ch.rx, got);
      if (stored)
        ck_assert(!ch.tx.try_send(make<T>(i)));
    }
    turn();
    ck_assert(!got.has_value());
    if (stored)
      ck_assert_uint_eq(ch.rx.stats()->queued, 1);
    task receives = receive(ch.rx, got);
    ck_assert(receives.done() == stored);
    if (!stored) {
      turn();
      ck_assert(!ch.tx.try_send(make<T>(i)));
      turn();
    }
    ck_assert_int_eq(number(got->value()), i);
    got.reset();
  }
  ch.rx.close();
  run();
}

START_TEST(nothing_is_lost_when_a_coroutine_is_destroyed_while_it_waits) {
  FOR_EACH_KIND(destroyed_while_it_waits);
  ck_assert_int_eq(tracked::live, 0);
}
END_TEST

START_TEST(a_time_that_a_destroyed_coroutine_waited_for_is_forgotten) {
  auto ch = coro::open<tracked>(&loop, patient()).value();
  int got = 0;
  std::error_code err;

  { task destroyed = receive_for(ch.rx, 1ms, got, err); }
  wait_until(uv_hrtime() + 3000000);
  turn(3);
  ck_assert_int_eq(got, 0);
  { task destroyed = receive_for(ch.rx, 1h, got, err); }
  task receives = receive_for(ch.rx, 1ms, got, err);
  while (!receives.done())
    uv_run(&loop, UV_RUN_ONCE);
  ck_assert(err == errc::timed_out);
}
END_TEST

static task own(coro::receiver<tracked> rx) {
  for (;;)
    static_cast<void>(co_await rx.recv_for(1h));
}

START_TEST(a_coroutine_may_own_its_receiver_and_be_destroyed) {
  auto ch = coro::open<tracked>(&loop, patient()).value();

  {
    task owner = own(std::move(ch.rx));
    ck_assert(!ch.tx.send(tracked(1)));
    turn();
    ck_assert(!ch.tx.send(tracked(2)));
  }
  ck_assert(ch.tx.is_closed());
  run();
  ck_assert_int_eq(tracked::live, 0);
}
END_TEST

START_TEST(a_coroutine_that_the_close_would_cancel_may_be_destroyed) {
  auto ch = coro::open<int>(&loop, patient()).value();
  std::optional<result<int>> got;
  task receives = receive(ch.rx, got);

  ch.rx.close();
  receives = task();
  run();
  ck_assert(!got.has_value());
}
END_TEST

static task destroy_other(coro::receiver<int> &rx, task &other) {
  for (;;) {
    static_cast<void>(co_await rx.recv());
    other = task();
  }
}

START_TEST(a_coroutine_may_destroy_others) {
  auto one = coro::open<int>(&loop, patient()).value();
  auto two = coro::open<int>(&loop, patient()).value();
  std::optional<result<int>> got;
  task other = receive(two.rx, got);
  task destroys = destroy_other(one.rx, other);

  ck_assert(!one.tx.send(1));
  ck_assert(!two.tx.send(2));
  turn(3);
  ck_assert(!got.has_value() || got->value() == 2);
  ck_assert_uint_eq(two.rx.stats()->queued, got.has_value() ? 0 : 1);
}
END_TEST

/* In one callback, with the next one waiting already: that one is destroyed. */
static task destroy_the_next(coro::receiver<int> &rx, gate &rest) {
  std::optional<result<int>> got;
  static_cast<void>(co_await rx.recv());
  { task next = receive(rx, got); }
  ck_assert(!got.has_value());
  co_await rest;
}

START_TEST(a_wait_that_begins_and_ends_in_one_callback_takes_nothing) {
  auto ch = coro::open<int>(&loop, patient()).value();
  gate rest;
  task receives = destroy_the_next(ch.rx, rest);

  ck_assert(!ch.tx.send(1));
  ck_assert(!ch.tx.send(2));
  turn(3);
  ck_assert(rest.waiting != nullptr);
  ck_assert_uint_eq(ch.rx.stats()->queued, 1);
}
END_TEST

static detached close_after_one(coro::receiver<tracked> rx, int &ended) {
  static_cast<void>(co_await rx.recv());
  rx.close();
  auto none = co_await rx.recv();
  ck_assert(none.error() == errc::invalid);
  ended++;
}

static detached end_after_one(coro::receiver<tracked> rx, int &ended) {
  static_cast<void>(co_await rx.recv_for(1h));
  ended++;
}

static task destroy_after_one(std::optional<coro::receiver<tracked>> &rx,
                              int &ended) {
  static_cast<void>(co_await rx->recv());
  rx.reset();
  ended++;
}

START_TEST(a_coroutine_that_was_resumed_may_close_or_destroy_its_receiver) {
  int ended = 0;
  auto one = coro::open<tracked>(&loop, patient()).value();
  auto two = coro::open<tracked>(&loop, patient()).value();
  auto three = coro::open<tracked>(&loop, patient()).value();
  std::optional<coro::receiver<tracked>> third(std::move(three.rx));

  close_after_one(std::move(one.rx), ended);
  end_after_one(std::move(two.rx), ended);
  task destroys = destroy_after_one(third, ended);
  for (int i = 0; i < 2; i++) {
    ck_assert(!one.tx.send(tracked(i)));
    ck_assert(!two.tx.send(tracked(i)));
    ck_assert(!three.tx.send(tracked(i)));
  }
  run();
  ck_assert_int_eq(ended, 3);
  ck_assert(destroys.done());
  ck_assert_int_eq(tracked::live, 0);
}
END_TEST

START_TEST(a_coroutine_that_timed_out_may_destroy_its_receiver) {
  int ended = 0;
  auto ch = coro::open<tracked>(&loop, patient()).value();
  auto end = [](coro::receiver<tracked> rx, int &all) -> detached {
    auto none = co_await rx.recv_for(1ms);
    ck_assert(none.error() == errc::timed_out);
    all++;
  };

  end(std::move(ch.rx), ended);
  run();
  ck_assert_int_eq(ended, 1);
}
END_TEST

/* ------------------------------------------------------------------- clones */

/* What came to one of several receivers. */
struct share {
  std::vector<int> got;
  int ends = 0;
  int errors = 0;

  template <class T> bool keep(const result<T> &msg) {
    if (msg)
      got.push_back(number(*msg));
    else if (msg.error() == errc::end_of_file)
      ends++;
    else
      errors++;
    return msg.has_value();
  }
};

static void expect_shares(const std::array<share, 3> &shares, int sent) {
  std::vector<int> times(static_cast<std::size_t>(sent));

  for (const share &one : shares) {
    ck_assert_int_eq(one.ends, 1);
    ck_assert_int_eq(one.errors, 0);
    for (int n : one.got)
      times.at(static_cast<std::size_t>(n))++;
  }
  for (int each : times)
    ck_assert_int_eq(each, 1);
}

template <class T> static task serve(coro::receiver<T> &rx, share &of) {
  for (;;) {
    result<T> msg = co_await rx.recv();
    if (!of.keep(msg))
      break;
  }
}

template <class T>
static detached own_and_serve(coro::receiver<T> rx, share &of) {
  for (;;) {
    result<T> msg = co_await rx.recv();
    if (!of.keep(msg))
      break;
  }
}

/* On a loop of this thread, by a clone. */
template <class T>
static void serve_here(const coro::receiver<T> &from, share &of,
                       std::promise<void> &ready) {
  uv_loop_t own;

  of.errors += uv_loop_init(&own) != 0;
  auto rx = from.clone(&own);
  of.errors += !rx.has_value();
  if (rx)
    own_and_serve(std::move(*rx), of);
  ready.set_value();
  of.errors += uv_run(&own, UV_RUN_DEFAULT) != 0;
  of.errors += uv_loop_close(&own) != 0;
}

/* To coroutines on this loop and on another thread's, and to a third thread. */
template <class T> static void to_clones(std::size_t room) {
  auto ch = coro::open<T>(&loop, with_clones(room)).value();
  std::array<share, 3> shares;
  std::promise<void> ready;
  int accepted = 0;
  std::thread other([&] { serve_here(ch.rx, shares[1], ready); });
  std::thread third([&shares, rx = ch.rx.clone().value()]() mutable {
    while (shares[2].keep(rx.recv())) {
    }
  });

  ready.get_future().wait();
  own_and_serve(std::move(ch.rx), shares[0]);
  std::thread producer([&accepted, tx = std::move(ch.tx)] {
    for (int i = 0; i < 300; i++)
      accepted += !tx.send(make<T>(i));
  });
  run();
  producer.join();
  other.join();
  third.join();
  ck_assert_int_eq(accepted, 300);
  expect_shares(shares, 300);
}

START_TEST(each_message_reaches_one_of_the_clones_and_the_end_each) {
  FOR_EACH_KIND(to_clones);
  ck_assert_int_eq(tracked::live, 0);
}
END_TEST

/* On a loop of this thread, by a clone for each message. */
static void serve_one_by_one(const coro::receiver<int> &from, share &of) {
  uv_loop_t own;
  auto one = [](coro::receiver<int> rx, share &keeps) -> detached {
    auto msg = co_await rx.recv_for(1h);
    keeps.keep(msg);
  };

  of.errors += uv_loop_init(&own) != 0;
  while (of.ends == 0 && of.errors == 0) {
    auto rx = from.clone(&own);
    of.errors += !rx.has_value();
    if (rx)
      one(std::move(*rx), of);
    of.errors += uv_run(&own, UV_RUN_DEFAULT) != 0;
  }
  of.errors += uv_loop_close(&own) != 0;
}

START_TEST(clones_are_made_and_closed_while_messages_flow) {
  auto ch = coro::open<int>(&loop, with_clones(7)).value();
  std::array<share, 3> shares;
  task mine = serve(ch.rx, shares[0]);
  std::thread one([&] { serve_one_by_one(ch.rx, shares[1]); });
  std::thread two([&] { serve_one_by_one(ch.rx, shares[2]); });
  std::thread producer([tx = std::move(ch.tx)] {
    for (int i = 0; i < 3000; i++)
      static_cast<void>(tx.send(i));
  });

  while (!mine.done())
    uv_run(&loop, UV_RUN_ONCE);
  producer.join();
  one.join();
  two.join();
  expect_shares(shares, 3000);
}
END_TEST

START_TEST(a_busy_coroutine_leaves_messages_to_that_of_a_clone) {
  auto ch = coro::open<int>(&loop, with_clones(loopchan::unbounded)).value();
  auto clone = ch.rx.clone(&loop).value();
  std::vector<int> got;
  share others;
  gate rest;
  task busy = receive_and_rest(ch.rx, rest, got);

  ck_assert(!ch.tx.send(0));
  turn();
  ck_assert(rest.waiting != nullptr);
  {
    task idle = serve(clone, others);
    for (int i = 1; i <= 3; i++)
      ck_assert(!ch.tx.send(i));
    turn();
    ck_assert(others.got == std::vector<int>({1, 2, 3}));
    rest.open();
  }
  ck_assert(!ch.tx.send(4));
  turn();
  ck_assert(got == std::vector<int>({0, 4}));
}
END_TEST

/* Whichever of the two the send wakes. */
template <class T> static void destroyed_beside_another(std::size_t room) {
  for (int first_goes = 0; first_goes < 2; first_goes++) {
    auto ch = coro::open<T>(&loop, with_clones(room)).value();
    auto clone = ch.rx.clone(&loop).value();
    std::optional<result<T>> one, other;
    task first = receive(ch.rx, one);
    task second = receive(clone, other);

    turn();
    ck_assert(!ch.tx.try_send(make<T>(8)));
    (first_goes ? first : second) = task();
    turn(2);
    ck_assert_int_eq(number((first_goes ? other : one)->value()), 8);
    ck_assert(!(first_goes ? one : other).has_value());
    ch.rx.close();
    clone.close();
    run();
  }
}

START_TEST(a_coroutine_that_is_destroyed_leaves_its_message_to_a_clone) {
  FOR_EACH_KIND(destroyed_beside_another);
  ck_assert_int_eq(tracked::live, 0);
}
END_TEST

START_TEST(each_of_the_clones_closes_alone_and_the_last_the_channel) {
  auto ch = coro::open<int>(&loop, with_clones(3)).value();
  auto clone = ch.rx.clone(&loop).value();
  std::optional<result<int>> one, other;
  task first = receive(ch.rx, one);
  task second = receive(clone, other);

  ch.rx.close();
  turn(2);
  ck_assert(one->error() == errc::canceled);
  ck_assert(ch.rx.clone(&loop).error() == errc::invalid);
  ck_assert(!second.done());
  auto third = clone.clone(&loop).value();
  auto fourth = clone.clone().value();
  ck_assert(!ch.tx.send(1));
  turn();
  ck_assert_int_eq(other->value(), 1);
  clone.close();
  ck_assert(!ch.tx.send(2));
  ck_assert_int_eq(third.try_recv().value(), 2);
  third.close();
  ck_assert(!ch.tx.send(3));
  ck_assert_int_eq(fourth.clone(&loop).value().try_recv().value(), 3);
  ck_assert(!fourth.close());
  ck_assert(ch.tx.send(4) == errc::closed);
}
END_TEST

template <class Rx> static void expect_no_clone(const Rx &rx) {
  ck_assert(rx.clone(&loop).error() == errc::invalid);
  ck_assert(rx.clone().error() == errc::invalid);
}

START_TEST(what_cannot_be_cloned_is_refused_and_goes_on) {
  auto alone = coro::open<int>(&loop, patient()).value();
  auto ch = coro::open<int>(&loop, with_clones(1)).value();
  std::optional<result<int>> got;
  task receives = receive(alone.rx, got);

  expect_no_clone(coro::receiver<int>());
  expect_no_clone(alone.rx);
  ck_assert(!alone.tx.send(6));
  turn();
  ck_assert_int_eq(got->value(), 6);
  ck_assert(ch.rx.clone(nullptr).error() == errc::invalid);
  ck_assert(!ch.tx.send(7));
  ck_assert_int_eq(ch.rx.try_recv().value(), 7);
  loopchan_close_handle(reinterpret_cast<uv_handle_t *>(ch.rx.get()), nullptr);
  expect_no_clone(ch.rx);
  turn(2);
  expect_no_clone(ch.rx);
}
END_TEST

template <class Clone> static void fails_whole(Clone clone) {
  for (std::size_t n = 1;; n++) {
    heap_fail(n);
    auto made = clone();
    bool failed = heap_has_failed();
    heap_fail(0);
    ck_assert(failed ? made.error() == errc::no_memory : made.has_value());
    if (failed)
      continue;
    ck_assert_uint_gt(n, 1);
    break;
  }
}

START_TEST(a_clone_fails_whole_when_memory_runs_out) {
  auto ch = coro::open<int>(&loop, with_clones(1)).value();

  fails_whole([&] { return ch.rx.clone(&loop); });
  fails_whole([&] { return ch.rx.clone(); });
  ck_assert(!ch.tx.send(5));
  ck_assert_int_eq(ch.rx.try_recv().value(), 5);
}
END_TEST

/* ------------------------------------------------------------------ budget */

static uv_idle_t idle;
static int iterations;

/* Calls every(), once in each iteration of the loop. */
template <class Every> static void each_iteration(Every &every) {
  idle.data = &every;
  iterations = 0;
  ck_assert_int_eq(uv_idle_init(&loop, &idle), 0);
  ck_assert_int_eq(uv_idle_start(&idle,
                                 [](uv_idle_t *handle) {
                                   iterations++;
                                   (*static_cast<Every *>(handle->data))();
                                 }),
                   0);
}

static void end_of_iterations() {
  uv_close(reinterpret_cast<uv_handle_t *>(&idle), nullptr);
}

/* Each message that it receives is sent again. */
static detached receive_for_ever(coro::receiver<int> &rx,
                                 loopchan::sender<int> &tx, int &received) {
  while (auto msg = co_await rx.recv()) {
    received++;
    ck_assert(!tx.send(*msg));
  }
}

/* It would run into the time-out of the test. */
static void endless_messages(loopchan::options o, int most) {
  auto ch = coro::open<int>(&loop, o).value();
  int received = 0, before = 0;
  if (o.shared)
    ch.rx = ch.rx.clone(&loop).value();
  auto every = [&] {
    if (most != 0)
      ck_assert_int_le(received - before, most);
    before = received;
    if (iterations < 20)
      return;
    ch.rx.close();
    end_of_iterations();
  };

  each_iteration(every);
  ck_assert(!ch.tx.send(1));
  receive_for_ever(ch.rx, ch.tx, received);
  run();
  ck_assert_int_gt(received, 20);
}

START_TEST(endless_messages_do_not_keep_the_loop) {
  loopchan::options few, brief;

  endless_messages({}, 0);
  few.budget_messages = 5;
  few.budget_time = 1h;
  endless_messages(few, 10); /* five at once, and five behind a callback */
  few.shared = true;         /* then by a clone */
  endless_messages(few, 10);
  brief.budget_messages = UINT32_MAX;
  endless_messages(brief, 0);
}
END_TEST

/* Two coroutines, each on the other's channel: neither is resumed by the
 * receiver that it then awaits. */
static detached forward_for_ever(coro::receiver<int> &first,
                                 coro::receiver<int> &second,
                                 loopchan::sender<int> &tx,
                                 loopchan::sender<int> &tx2, int &received) {
  for (;;) {
    auto one = co_await first.recv();
    auto two = co_await second.recv();
    if (!one || !two)
      break;
    received++;
    ck_assert(!tx.send(*one));
    ck_assert(!tx2.send(*two));
  }
}

START_TEST(two_endless_channels_do_not_keep_the_loop) {
  auto one = coro::open<int>(&loop).value();
  auto two = coro::open<int>(&loop).value();
  int received = 0;
  auto every = [&] {
    if (iterations < 20)
      return;
    one.rx.close();
    two.rx.close();
    end_of_iterations();
  };

  each_iteration(every);
  ck_assert(!one.tx.send(1));
  ck_assert(!two.tx.send(2));
  forward_for_ever(one.rx, two.rx, one.tx, two.tx, received);
  run();
  ck_assert_int_gt(received, 20);
}
END_TEST

static detached write_for_ever(coro::writer<int> &w, int &written) {
  for (;;) {
    std::error_code err = co_await w.write(written);
    if (err)
      break;
    written++;
  }
}

START_TEST(endless_writes_do_not_keep_the_loop) {
  loopchan::options newest;
  newest.latest = true;
  auto ch = loopchan::open<int>(newest).value();
  auto w = coro::open_writer(&loop, std::move(ch.tx)).value();
  int written = 0, other = 0;
  auto every = [&] {
    if (iterations < 20)
      return;
    w.close();
    end_of_iterations();
  };

  each_iteration(every);
  write_for_ever(w, written);
  write_for_ever(w, other);
  run();
  ck_assert_int_gt(written, 20);
  ck_assert_int_gt(other, 20);
}
END_TEST

/* ----------------------------------------------------------------- writing */

template <class T>
static detached write_numbers(coro::writer<T> w, int count, int &written) {
  for (int i = 0; i < count; i++) {
    T msg = make<T>(i);
    {
      std::error_code err = co_await w.write(std::move(msg));
      ck_assert(!err);
    }
    written++;
  }
}

template <class T> static void is_written(std::size_t room) {
  auto ch = loopchan::open<T>(with_room(room)).value();
  auto w = coro::open_writer(&loop, std::move(ch.tx)).value();
  int written = 0, received = 0;
  bool in_order = true;
  std::thread consumer([&] {
    for (T &msg : ch.rx)
      in_order = number(msg) == received++ && in_order;
  });

  write_numbers<T>(std::move(w), 300, written);
  run();
  consumer.join();
  ck_assert(in_order);
  ck_assert_int_eq(written, 300);
  ck_assert_int_eq(received, 300);
}

START_TEST(every_kind_of_message_is_written_in_order) {
  FOR_EACH_KIND(is_written);
  ck_assert_int_eq(tracked::live, 0);
}
END_TEST

template <class T>
static task write(coro::writer<T> &w, T &msg,
                  std::optional<std::error_code> &err) {
  err.emplace(co_await w.write(std::move(msg)));
}

/* Three coroutines wait, of which the first has given its message away. */
template <class T> struct writing {
  explicit writing(std::size_t room)
      : ch(loopchan::open<T>(with_room(room)).value()),
        w(coro::open_writer(&loop, std::move(ch.tx)).value()) {
    if (room == 1)
      ck_assert(!w.try_write(make<T>(100)));
    for (int i = 0; i < 3; i++) {
      msgs.push_back(make<T>(i));
      errs.emplace_back();
    }
    for (std::size_t i = 0; i < 3; i++)
      tasks.push_back(write(w, msgs[i], errs[i]));
    for (const task &each : tasks)
      ck_assert(!each.done());
    ck_assert(w.try_write(make<T>(200)) == errc::again);
  }
  void expect_back(std::size_t i) { ck_assert_int_eq(number(msgs[i]), i); }

  loopchan::channel<T, loopchan::thread_receiver> ch;
  coro::writer<T> w;
  std::vector<T> msgs;
  std::deque<std::optional<std::error_code>> errs;
  std::vector<task> tasks;
};

/* Runs test<T>(capacity) where a write has to wait. */
#define FOR_EACH_THAT_WAITS(test)                                   \
  for (std::size_t room : {std::size_t(1), loopchan::rendezvous}) { \
    test<int>(room);                                                \
    test<wide>(room);                                               \
    test<large>(room);                                              \
    test<std::string>(room);                                        \
    test<std::unique_ptr<int>>(room);                               \
    test<tracked>(room);                                            \
  }                                                                 \
  ck_assert_int_eq(tracked::live, 0)

template <class T> static void accepted_in_their_order(std::size_t room) {
  writing<T> all(room);

  if (room == 1)
    ck_assert_int_eq(number(all.ch.rx.recv().value()), 100);
  for (int i = 0; i < 3; i++) {
    while (true) {
      auto msg = all.ch.rx.try_recv();
      if (msg) {
        ck_assert_int_eq(number(*msg), i);
        break;
      }
      turn();
    }
  }
  turn();
  for (std::size_t i = 0; i < 3; i++)
    ck_assert(all.errs[i].has_value() && !*all.errs[i]);
  all.w.close();
  run();
}

START_TEST(several_coroutines_write_in_the_order_of_their_calls) {
  FOR_EACH_THAT_WAITS(accepted_in_their_order);
}
END_TEST

template <class T> static void canceled_by_the_close(std::size_t room) {
  writing<T> all(room);
  bool closed = false;

  ck_assert(!all.w.close([&] {
    for (auto &err : all.errs)
      ck_assert(err.has_value());
    closed = true;
  }));
  for (auto &err : all.errs)
    ck_assert(!err.has_value());
  run();
  ck_assert(closed);
  for (std::size_t i = 0; i < 3; i++) {
    ck_assert(all.errs[i] == errc::canceled);
    all.expect_back(i);
  }
}

START_TEST(a_close_cancels_writes_and_gives_the_messages_back) {
  FOR_EACH_THAT_WAITS(canceled_by_the_close);
}
END_TEST

template <class T> static void refused_by_the_receiver(std::size_t room) {
  writing<T> all(room);
  std::optional<std::error_code> err;
  T late = make<T>(50);

  ck_assert(!all.ch.rx.close());
  turn(3);
  for (std::size_t i = 0; i < 3; i++) {
    ck_assert(all.errs[i] == errc::closed);
    all.expect_back(i);
  }
  finish(write(all.w, late, err));
  ck_assert(err == errc::closed);
  ck_assert_int_eq(number(late), 50);
  all.w.close();
  ck_assert(write(all.w, late, err).done());
  ck_assert(err == errc::invalid);
  ck_assert_int_eq(number(late), 50);
  ck_assert(all.w.try_write(std::move(late)) == errc::invalid);
  run();
}

START_TEST(a_closed_channel_refuses_writes_and_gives_the_messages_back) {
  FOR_EACH_THAT_WAITS(refused_by_the_receiver);
}
END_TEST

/* What queues is back; what is in the library's hands goes its way, and here it
 * is received, or destroyed. */
template <class T> static void destroyed_while_it_writes(std::size_t room) {
  for (int first = 0; first < 3; first++)
    for (int end = 0; end < 3; end++) {
      writing<T> all(room);
      std::size_t one = static_cast<std::size_t>(first);
      std::size_t other = (one + 1) % 3;
      all.tasks[one] = task();
      all.tasks[other] = task();
      for (std::size_t i : {one, other})
        if (i != 0)
          all.expect_back(i);
      if (end == 0)
        all.w.close();
      else if (end == 1)
        ck_assert(!all.ch.rx.close());
      std::size_t last = 3 - one - other;
      int got = 0;
      for (int i = 0; i < 5; i++) {
        turn();
        got += all.ch.rx.try_recv().has_value();
      }
      ck_assert(!all.errs[one] && !all.errs[other] && all.errs[last]);
      ck_assert(*all.errs[last] == (end == 0   ? make_error_code(errc::canceled)
                                    : end == 1 ? make_error_code(errc::closed)
                                               : std::error_code()));
      ck_assert_int_eq(got, end == 1   ? 0
                            : end == 0 ? room == 1
                                       : (room == 1) + 1 + (last != 0));
      all.w.close();
      run();
    }
}

START_TEST(a_coroutine_may_be_destroyed_while_it_writes) {
  FOR_EACH_THAT_WAITS(destroyed_while_it_writes);
}
END_TEST

static task write_and_close(std::optional<coro::writer<tracked>> &w) {
  {
    std::error_code err = co_await w->write(tracked(1));
    ck_assert(!err);
  }
  w.reset();
}

START_TEST(a_coroutine_that_has_written_may_destroy_its_writer) {
  loopchan::options o = with_room(1);
  auto ch = loopchan::open<tracked>(o).value();
  std::optional<coro::writer<tracked>> w(
      coro::open_writer(&loop, std::move(ch.tx)).value());
  std::optional<std::error_code> err;
  tracked msg(2);

  ck_assert(!w->try_write(tracked(0)));
  task closes = write_and_close(w);
  task other = write(*w, msg, err);
  ck_assert_int_eq(ch.rx.recv()->number, 0);
  run();
  ck_assert(closes.done());
  ck_assert(err == errc::canceled);
  ck_assert_int_eq(msg.number, 2);
  ck_assert_int_eq(ch.rx.recv()->number, 1);
  ck_assert(ch.rx.recv().error() == errc::end_of_file);
}
END_TEST

START_TEST(a_written_message_is_moved_from_and_a_const_one_copied) {
  auto ch = loopchan::open<std::string>().value();
  auto w = coro::open_writer(&loop, std::move(ch.tx)).value();
  const std::string kept = "a text that is too long for the object itself";
  std::string given = kept;
  auto writes = [&]() -> task {
    {
      std::error_code err = co_await w.write(kept);
      ck_assert(!err);
    }
    {
      std::error_code err = co_await w.write(given);
      ck_assert(!err);
    }
    ck_assert(given == kept);
    {
      std::error_code err = co_await w.write(std::move(given));
      ck_assert(!err);
    }
    {
      std::error_code err =
          co_await w.write("a text that goes with its expression alone");
      ck_assert(!err);
    }
  };

  finish(writes());
  ck_assert(given.empty());
  for (int i = 0; i < 3; i++)
    ck_assert(*ch.rx.recv() == kept);
  ck_assert_uint_eq(ch.rx.recv()->size(), 42);
}
END_TEST

/* ------------------------------------------------------------------ memory */

static task pass_on(coro::receiver<std::unique_ptr<int>> &rx,
                    coro::writer<std::unique_ptr<int>> &w) {
  while (auto msg = co_await rx.recv_for(1h)) {
    std::error_code err = co_await w.write(std::move(*msg));
    ck_assert(!err);
  }
}

START_TEST(waiting_allocates_nothing) {
  auto in = coro::open<std::unique_ptr<int>>(&loop, with_room(1)).value();
  auto out = coro::open<std::unique_ptr<int>>(&loop, with_room(1)).value();
  auto w = coro::open_writer(&loop, std::move(out.tx)).value();
  task passes = pass_on(in.rx, w);
  std::vector<std::unique_ptr<int>> msgs;
  int received = 0;

  for (int i = 0; i < 10; i++)
    msgs.push_back(std::make_unique<int>(i));
  std::size_t before = heap_allocations();
  for (auto &msg : msgs) {
    while (in.tx.try_send(std::move(msg))) {
      received += out.rx.try_recv().has_value();
      turn();
    }
    turn();
  }
  for (int i = 0; i < 10; i++, turn())
    received += out.rx.try_recv().has_value();
  ck_assert_int_eq(received, 10);
  ck_assert_uint_eq(heap_allocations(), before);
}
END_TEST

START_TEST(a_lack_of_memory_is_answered_and_changes_nothing) {
  auto other = loopchan::open<std::string>().value();
  auto w = coro::open_writer(&loop, other.tx.clone()).value();
  std::string msg = "a text that is too long for the object itself";
  std::optional<std::error_code> err;

  for (std::size_t n = 1;; n++) {
    heap_fail(n);
    auto ch = coro::open<int>(&loop);
    bool failed = heap_has_failed();
    heap_fail(0);
    ck_assert(failed ? ch.error() == errc::no_memory : ch.has_value());
    if (!failed)
      break;
  }
  heap_fail(1);
  auto none = coro::open_writer(&loop, std::move(other.tx));
  ck_assert(none.error() == errc::no_memory);
  ck_assert(!!other.tx);
  heap_fail(1);
  ck_assert(w.close([] {}) == errc::no_memory);
  heap_fail(1);
  task writes = write(w, msg, err);
  heap_fail(0);
  ck_assert(writes.done());
  ck_assert(err == errc::no_memory);
  ck_assert_uint_eq(msg.size(), 45);
}
END_TEST

/* -------------------------------------------------------------------- rest */

template <class T>
static posting receive_later(coro::receiver<T> &rx, std::vector<int> &got) {
  for (;;) {
    result<T> msg = co_await rx.recv();
    got.push_back(number(*msg));
  }
}

template <class T>
static posting write_later(coro::writer<T> &w, T &msg,
                           std::optional<std::error_code> &err) {
  err.emplace(co_await w.write(std::move(msg)));
}

static void run_posted() {
  while (!posted.empty()) {
    std::coroutine_handle<> next = posted.front();
    posted.pop_front();
    next.resume();
  }
}

template <class T> static void resumed_after_the_callback(std::size_t room) {
  auto ch = coro::open<T>(&loop, with_room(room)).value();
  std::vector<int> got;
  {
    posting receives = receive_later(ch.rx, got);
    turn();
    for (int i = 0; i < 3; i++) {
      ck_assert(!ch.tx.try_send(make<T>(i)));
      turn(2);
      ck_assert_uint_eq(got.size(), i);
      ck_assert_uint_eq(posted.size(), 1);
      run_posted();
      ck_assert_int_eq(got.back(), i);
      turn();
    }
    ck_assert(!ch.tx.try_send(make<T>(3)));
    turn();
    ck_assert_uint_eq(posted.size(), 1);
  }
  posted.clear(); /* its message is destroyed with it */
  ck_assert_uint_eq(ch.rx.stats()->queued, 0);
  ch.rx.close();
  run();
}

template <class T>
static void handed_back_after_the_callback(std::size_t room) {
  for (bool resumed : {true, false}) {
    writing<T> all(room);
    std::optional<std::error_code> err;
    T msg = make<T>(60);
    {
      posting writes = write_later(all.w, msg, err);
      all.w.close();
      run();
      ck_assert_uint_eq(posted.size(), 1);
      if (resumed)
        run_posted();
    }
    posted.clear();
    ck_assert(err.has_value() == resumed);
    ck_assert_int_eq(number(msg), 60);
  }
}

START_TEST(a_task_may_resume_after_the_callback_or_not_at_all) {
  FOR_EACH_KIND(resumed_after_the_callback);
  FOR_EACH_THAT_WAITS(handed_back_after_the_callback);
}
END_TEST

/* Its moves throw when they are told to. */
struct fragile {
  static int moves_left;

  explicit fragile(int n) : number(n) {}
  fragile(fragile &&from) : number(from.number) { step(); }
  fragile &operator=(fragile &&from) {
    number = from.number;
    step();
    return *this;
  }
  static void step() {
    if (moves_left >= 0 && moves_left-- == 0)
      throw std::runtime_error("moved");
  }
  int number;
};

int fragile::moves_left = -1;

START_TEST(a_move_that_throws_does_so_out_of_the_await) {
  auto ch = coro::open<fragile>(&loop, patient()).value();
  auto w = coro::open_writer(&loop, ch.tx.clone()).value();
  int caught = 0;
  auto receives = [&]() -> task {
    for (int i = 0; i < 3; i++)
      try {
        fragile::moves_left = i == 1 ? 0 : -1;
        auto msg = co_await ch.rx.recv();
        ck_assert_int_eq(msg->number, i);
      } catch (const std::runtime_error &) {
        caught++;
      }
    fragile::moves_left = -1;
  };
  auto writes = [&]() -> task {
    fragile msg(3);
    fragile::moves_left = 0;
    try {
      static_cast<void>(co_await w.write(std::move(msg)));
    } catch (const std::runtime_error &) {
      caught++;
    }
  };

  for (int i = 0; i < 3; i++)
    ck_assert(!ch.tx.send(fragile(i)));
  ck_assert(receives().done());
  ck_assert_int_eq(caught, 1);
  finish(writes());
  ck_assert_int_eq(caught, 2);
  ck_assert_uint_eq(ch.rx.stats()->queued, 0);
}
END_TEST

START_TEST(an_empty_end_answers_that_it_is) {
  coro::receiver<int> rx;
  coro::writer<int> w;
  std::optional<result<int>> got;
  std::optional<std::error_code> err;
  int msg = 1;

  ck_assert(receive(rx, got).done());
  ck_assert(got->error() == errc::invalid);
  ck_assert(write(w, msg, err).done());
  ck_assert(err == errc::invalid);
  ck_assert(rx.try_recv().error() == errc::invalid);
  ck_assert(rx.shutdown() == errc::invalid);
  ck_assert(rx.stats().error() == errc::invalid);
  ck_assert(rx.close([] {}) == errc::invalid);
  ck_assert(w.close([] {}) == errc::invalid);
  ck_assert(coro::open<int>(nullptr).error() == errc::invalid);
  auto ch = loopchan::open<int>().value();
  ck_assert(coro::open_writer(nullptr, std::move(ch.tx)).error() ==
            errc::invalid);
  ck_assert(!!ch.tx);
  loopchan::options shared;
  shared.shared = true;
  ck_assert(coro::open<int>(&loop, shared).has_value());
}
END_TEST

static void close_it(uv_handle_t *handle, void *) {
  loopchan_close_handle(handle, nullptr);
}

START_TEST(walk_and_close_everything_works) {
  auto plain = coro::open<tracked>(&loop, patient()).value();
  auto timed = coro::open<tracked>(&loop, patient()).value();
  auto out = loopchan::open<tracked>(with_room(1)).value();
  auto w = coro::open_writer(&loop, std::move(out.tx)).value();
  std::optional<result<tracked>> got;
  std::optional<std::error_code> err;
  std::error_code timed_err;
  tracked msg(1), queued(2);
  int number = 0;
  task first = receive(plain.rx, got);
  task second = receive_for(timed.rx, 1h, number, timed_err);
  ck_assert(!w.try_write(tracked(0)));
  task third = write(w, msg, err);
  task fourth = write(w, queued, err);

  uv_walk(&loop, close_it, nullptr);
  run();
  ck_assert(third.done() && fourth.done());
  ck_assert(err == errc::canceled);
  ck_assert_int_eq(msg.number, 1);
  ck_assert_int_eq(queued.number, 2);
  ck_assert(plain.rx.close([] {}) == errc::already);
  plain.rx.close();
  timed.rx.close();
  w.close();
  ck_assert(got->error() == errc::canceled);
  ck_assert(timed_err == errc::canceled);
}
END_TEST

/* A loop in pages of its own, where a look at it afterwards is noticed. */
struct paged_loop {
  paged_loop() : it(static_cast<uv_loop_t *>(pages())) {
    ck_assert_int_eq(uv_loop_init(it), 0);
  }
  ~paged_loop() {
    uv_walk(it, close_it, nullptr);
    ck_assert_int_eq(uv_run(it, UV_RUN_DEFAULT), 0);
    ck_assert_int_eq(uv_loop_close(it), 0);
    give_back(it);
  }
#ifdef _WIN32
  static void *pages() {
    return std::malloc(sizeof(uv_loop_t));
  }
  static void give_back(void *it) {
    std::free(it);
  }
#else
  static void *pages() {
    void *it = mmap(nullptr, sizeof(uv_loop_t), PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ck_assert(it != MAP_FAILED);
    return it;
  }
  static void give_back(void *it) {
    munmap(it, sizeof(uv_loop_t));
  }
#endif
  uv_loop_t *it;
};

static task use_after_close(coro::receiver<int> &closed,
                            coro::receiver<int> &rx, coro::writer<int> &w,
                            std::vector<std::error_code> &errs) {
  auto none = co_await closed.recv();
  errs.push_back(none.error());
  auto one = co_await rx.recv();
  errs.push_back(one.error());
  int msg = 1;
  errs.push_back(co_await w.write(std::move(msg)));
}

START_TEST(what_a_close_resumes_may_await_though_the_loop_is_gone) {
  std::vector<std::error_code> errs;
  loopchan::channel<int, coro::receiver> closed, other;
  coro::writer<int> w;
  task uses;
  {
    paged_loop gone;
    auto out = loopchan::open<int>().value();
    closed = coro::open<int>(gone.it).value();
    other = coro::open<int>(gone.it).value();
    w = coro::open_writer(gone.it, std::move(out.tx)).value();
    uses = use_after_close(closed.rx, other.rx, w, errs);
  }
  closed.rx.close();
  ck_assert(uses.done());
  ck_assert(errs == std::vector<std::error_code>(
                        {errc::canceled, errc::invalid, errc::invalid}));
}
END_TEST

START_TEST(a_time_that_is_up_after_a_walk_is_a_cancellation) {
  for (const loopchan::options &o : {patient(), with_clones(1)}) {
    auto ch = coro::open<tracked>(&loop, o).value();
    int number = 0;
    std::error_code err;
    task waits = receive_for(ch.rx, 1ms, number, err);

    loopchan_close_handle(reinterpret_cast<uv_handle_t *>(ch.rx.get()),
                          nullptr);
    wait_until(uv_hrtime() + 3000000);
    turn();
    ck_assert(waits.done());
    ck_assert(err == errc::canceled);
    ch.rx.close();
    run();
  }
}
END_TEST

/* The receivers close by themselves; a walk closed what it found beside them.
 */
START_TEST(a_timer_that_a_walk_has_closed_is_no_harm) {
  for (int at_once = 0; at_once < 2; at_once++) {
    auto ch = coro::open<tracked>(&loop, patient()).value();
    int number = 0;
    std::error_code err;
    bool closed = false;
    { task waits = receive_for(ch.rx, 1h, number, err); }
    uv_walk(
        &loop,
        [](uv_handle_t *handle, void *) {
          if (loopchan_receiver_from_handle(handle) == nullptr &&
              !uv_is_closing(handle))
            uv_close(handle, nullptr);
        },
        nullptr);
    if (!at_once)
      turn();
    task refused = receive_for(ch.rx, 1h, number, err);
    ck_assert(refused.done() && err == errc::invalid);
    ck_assert(!ch.rx.close([&] { closed = true; }));
    run();
    ck_assert(closed);
  }
}
END_TEST

START_TEST(an_end_keeps_its_place_when_it_is_moved) {
  auto ch = coro::open<int>(&loop, patient()).value();
  std::optional<result<int>> got;
  task receives = receive(ch.rx, got);
  coro::receiver<int> moved = std::move(ch.rx);

  ck_assert(!ch.rx && !!moved);
  ck_assert(!ch.tx.send(9));
  turn();
  ck_assert_int_eq(got->value(), 9);
}
END_TEST

enum { TERMINATED = 3 };

START_TEST(an_exception_that_leaves_a_resumption_ends_the_program) {
  struct leaky {
    struct promise_type {
      leaky get_return_object() { return {}; }
      std::suspend_never initial_suspend() noexcept { return {}; }
      std::suspend_never final_suspend() noexcept { return {}; }
      void return_void() noexcept {}
      void unhandled_exception() { throw; }
    };
  };
  auto ch = coro::open<int>(&loop, patient()).value();
  auto throws = [](coro::receiver<int> &rx) -> leaky {
    static_cast<void>(co_await rx.recv());
    throw 1;
  };

  std::set_terminate([] { std::_Exit(TERMINATED); });
  throws(ch.rx);
  ck_assert(!ch.tx.send(1));
  turn();
}
END_TEST

static Suite *suite() {
  Suite *suite = suite_create("promise cpp_coro");
  TCase *ends = tcase_create("exceptions");

  SUITE_CASE(suite, "receive", loop_open, expect_loop_clean,
             every_kind_of_message_reaches_a_coroutine_then_the_end,
             a_lazy_task_awaits_inside_another,
             a_message_that_is_there_needs_no_loop,
             a_message_is_taken_only_for_a_coroutine_that_waits,
             a_second_coroutine_that_waits_is_refused_and_the_first_is_not,
             a_close_cancels_the_coroutine_that_waits,
             a_shutdown_lets_a_coroutine_receive_the_rest,
             an_end_that_comes_later_resumes_a_coroutine,
             a_time_out_comes_never_too_early_and_loses_nothing,
             no_time_is_a_look, any_time_that_is_long_enough_is_none,
             what_came_before_its_time_was_noticed_is_received,
             an_old_time_does_not_end_a_later_wait,
             a_wait_keeps_the_loop_only_if_its_receiver_does);
  SUITE_CASE(suite, "destroy", loop_open, expect_loop_clean,
             nothing_is_lost_when_a_coroutine_is_destroyed_while_it_waits,
             a_time_that_a_destroyed_coroutine_waited_for_is_forgotten,
             a_coroutine_may_own_its_receiver_and_be_destroyed,
             a_coroutine_that_the_close_would_cancel_may_be_destroyed,
             a_coroutine_may_destroy_others,
             a_wait_that_begins_and_ends_in_one_callback_takes_nothing,
             a_coroutine_that_was_resumed_may_close_or_destroy_its_receiver,
             a_coroutine_that_timed_out_may_destroy_its_receiver);
  SUITE_CASE(suite, "clones", loop_open, expect_loop_clean,
             each_message_reaches_one_of_the_clones_and_the_end_each,
             clones_are_made_and_closed_while_messages_flow,
             a_busy_coroutine_leaves_messages_to_that_of_a_clone,
             a_coroutine_that_is_destroyed_leaves_its_message_to_a_clone,
             each_of_the_clones_closes_alone_and_the_last_the_channel,
             what_cannot_be_cloned_is_refused_and_goes_on,
             a_clone_fails_whole_when_memory_runs_out);
  SUITE_CASE(suite, "budget", loop_open, expect_loop_clean,
             endless_messages_do_not_keep_the_loop,
             two_endless_channels_do_not_keep_the_loop,
             endless_writes_do_not_keep_the_loop);
  SUITE_CASE(suite, "write", loop_open, expect_loop_clean,
             every_kind_of_message_is_written_in_order,
             several_coroutines_write_in_the_order_of_their_calls,
             a_close_cancels_writes_and_gives_the_messages_back,
             a_closed_channel_refuses_writes_and_gives_the_messages_back,
             a_coroutine_may_be_destroyed_while_it_writes,
             a_coroutine_that_has_written_may_destroy_its_writer,
             a_written_message_is_moved_from_and_a_const_one_copied);
  SUITE_CASE(suite, "rest", loop_open, expect_loop_clean,
             waiting_allocates_nothing,
             a_lack_of_memory_is_answered_and_changes_nothing,
             a_task_may_resume_after_the_callback_or_not_at_all,
             a_move_that_throws_does_so_out_of_the_await,
             an_empty_end_answers_that_it_is, walk_and_close_everything_works,
             what_a_close_resumes_may_await_though_the_loop_is_gone,
             a_time_that_is_up_after_a_walk_is_a_cancellation,
             a_timer_that_a_walk_has_closed_is_no_harm,
             an_end_keeps_its_place_when_it_is_moved);
  tcase_add_checked_fixture(ends, loop_open, nullptr);
  if (suite_forks() != 0)
    tcase_add_exit_test(ends,
                        an_exception_that_leaves_a_resumption_ends_the_program,
                        TERMINATED);
  suite_add_tcase(suite, ends);
  return suite;
}
