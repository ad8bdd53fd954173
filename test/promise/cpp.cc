/* Promise: loopchan.hpp carries every kind of object whole, moves it once it is
 * accepted and not before, destroys what nobody receives, and lets no exception
 * into the library. That wrong programs do not compile is tested by
 * header_cpp. */
#include <loopchan.hpp>

#include <array>
#include <atomic>
#include <cstdlib>
#include <exception>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "support/heap.h"
#include "support/loop.h"
#include "support/suite.h"
#include "support/tracked.h"

using namespace std::chrono_literals;
using loopchan::errc;

struct alignas(256) wide {
  int number;
};

struct pod {
  int number;
  double half;
};

struct alignas(std::max_align_t) strict {
  int number;
};

struct large {
  int number;
  unsigned char more[loopchan::max_inline];
};

/* One of each kind of message: bytes, pointer, box, box by alignment; bytes of
 * the strictest alignment, box by size. */
template <class T> T make(int n);
template <> int make(int n) {
  return n;
}
template <> pod make(int n) {
  return {n, n / 2.0};
}
template <> wide make(int n) {
  return {n};
}
template <> strict make(int n) {
  return {n};
}
template <> large make(int n) {
  return {n, {}};
}
template <> std::string make(int n) {
  return std::to_string(n) + (n % 2 != 0 ? "" : " is long enough for a heap");
}
template <> std::unique_ptr<int> make(int n) {
  return std::make_unique<int>(n);
}
template <> tracked make(int n) {
  return tracked(n);
}

static int number(int msg) {
  return msg;
}
static int number(const pod &msg) {
  return msg.half == msg.number / 2.0 ? msg.number : -1;
}
template <class T> static int number_if_aligned(const T &msg) {
  auto address = reinterpret_cast<std::uintptr_t>(&msg);
  return address % alignof(T) == 0 ? msg.number : -1;
}
static int number(const wide &msg) {
  return number_if_aligned(msg);
}
static int number(const strict &msg) {
  return number_if_aligned(msg);
}
static int number(const large &msg) {
  return msg.number;
}
static int number(const std::string &msg) {
  return msg.empty() ? -1 : std::stoi(msg);
}
static int number(const std::unique_ptr<int> &msg) {
  return msg ? *msg : -1;
}
static int number(const tracked &msg) {
  return msg.number;
}

static const std::array<std::size_t, 4> capacities = {loopchan::unbounded, 1, 7,
                                                      loopchan::rendezvous};

/* Runs test<T>(capacity) for each kind and each capacity. */
#define FOR_EACH_KIND(test)             \
  for (std::size_t room : capacities) { \
    test<int>(room);                    \
    test<pod>(room);                    \
    test<wide>(room);                   \
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

/* Sends from to to - 1, and returns how many were accepted. */
template <class T>
int send_numbers(const loopchan::sender<T> &tx, int from, int to) {
  int accepted = 0;
  for (int i = from; i < to; i++)
    accepted += !tx.send(make<T>(i));
  return accepted;
}

template <class T> static void to_a_thread(std::size_t room) {
  auto ch = loopchan::open<T>(with_room(room)).value();
  int accepted = 0, expected = 0;
  std::thread producer([&accepted, tx = std::move(ch.tx)] {
    accepted = send_numbers(tx, 0, 300);
  });

  for (T &msg : ch.rx)
    ck_assert_int_eq(number(msg), expected++);
  producer.join();
  ck_assert_int_eq(accepted, 300);
  ck_assert_int_eq(expected, 300);
  ck_assert(ch.rx.recv().error() == errc::end_of_file);
}

START_TEST(every_kind_of_message_reaches_a_thread) {
  FOR_EACH_KIND(to_a_thread);
  ck_assert_int_eq(tracked::live, 0);
}
END_TEST

template <class T> static void to_a_loop(std::size_t room) {
  auto ch = loopchan::open<T>(&loop, with_room(room)).value();
  int accepted = 0, expected = 0, ends = 0;
  std::thread producer([&accepted, tx = std::move(ch.tx)] {
    accepted = send_numbers(tx, 0, 300);
  });

  ck_assert(
      !ch.rx.start([&](T &&msg) { ck_assert_int_eq(number(msg), expected++); },
                   [&] {
                     ends++;
                     ch.rx.close();
                   }));
  ck_assert_int_eq(uv_run(&loop, UV_RUN_DEFAULT), 0);
  producer.join();
  ck_assert_int_eq(accepted, 300);
  ck_assert_int_eq(expected, 300);
  ck_assert_int_eq(ends, 1);
}

START_TEST(every_kind_of_message_reaches_a_loop) {
  FOR_EACH_KIND(to_a_loop);
  ck_assert_int_eq(tracked::live, 0);
}
END_TEST

/* To a receiver that does not receive. */
template <class T>
static void expect_refused(const loopchan::sender<T> &tx, errc tried,
                           errc timed) {
  T msg = make<T>(77);

  ck_assert(tx.try_send(std::move(msg)) == tried);
  ck_assert_int_eq(number(msg), 77);
  ck_assert(tx.send_for(std::move(msg), 0ns) == timed);
  ck_assert(tx.send_for(std::move(msg), -1s) == timed);
  ck_assert(tx.send_for(std::move(msg), 1us) == timed);
  ck_assert_int_eq(number(msg), 77);
}

template <class T> static void stays_the_senders(std::size_t room) {
  auto ch = loopchan::open<T>(with_room(room)).value();
  T msg = make<T>(77);

  if (room == loopchan::rendezvous)
    room = 0;
  else if (room == loopchan::unbounded)
    room = 20;
  ck_assert_int_eq(send_numbers(ch.tx, 0, static_cast<int>(room)),
                   static_cast<int>(room));
  if (room != 20)
    expect_refused(ch.tx, errc::again, errc::timed_out);
  ck_assert(!ch.rx.close());
  expect_refused(ch.tx, errc::closed, errc::closed);
  ck_assert(ch.tx.send(std::move(msg)) == errc::closed);
  ck_assert_int_eq(number(msg), 77);
  ck_assert(ch.tx.is_closed());
}

/* What was accepted is destroyed by the close: the sanitizers look for leaks,
 * and tracked counts. */
START_TEST(a_refused_message_stays_the_senders_and_the_others_are_destroyed) {
  FOR_EACH_KIND(stays_the_senders);
  ck_assert_int_eq(tracked::live, 0);
}
END_TEST

START_TEST(an_accepted_message_is_moved_from_and_a_const_one_copied) {
  auto ch = loopchan::open<std::string>().value();
  const std::string kept = "a text that is too long for the object itself";
  std::string given = kept;

  ck_assert(!ch.tx.send(kept));
  ck_assert(!ch.tx.try_send(given));
  ck_assert(!ch.tx.send_for(given, 1s));
  ck_assert(given == kept);
  ck_assert(!ch.tx.send(std::move(given)));
  ck_assert(given.empty());
  for (int i = 0; i < 4; i++)
    ck_assert(*ch.rx.recv() == kept);
}
END_TEST

START_TEST(bytes_and_pointers_go_without_an_allocation) {
  auto numbers = loopchan::open<pod>().value();
  auto pointers = loopchan::open<std::unique_ptr<int>>().value();
  auto msg = std::make_unique<int>(5);
  std::size_t before = heap_allocations();

  ck_assert(!numbers.tx.send({4, 2.0}));
  ck_assert_int_eq(numbers.rx.recv()->number, 4);
  ck_assert(!pointers.tx.send(std::move(msg)));
  ck_assert_ptr_null(msg.get());
  ck_assert_int_eq(**pointers.rx.recv(), 5);
  ck_assert_uint_eq(heap_allocations(), before);
}
END_TEST

START_TEST(an_array_and_a_null_pointer_are_messages_too) {
  auto ch = loopchan::open<std::unique_ptr<int[]>>().value();

  ck_assert(!ch.tx.send(std::make_unique<int[]>(3)));
  ck_assert(!ch.tx.send(nullptr));
  ck_assert_int_eq((*ch.rx.recv())[2], 0);
  loopchan::result<std::unique_ptr<int[]>> null = ch.rx.recv();
  ck_assert(null && *null == nullptr);
}
END_TEST

START_TEST(calls_of_a_thread_receiver_answer_as_their_namesakes) {
  auto ch = loopchan::open<std::string>().value();
  std::vector<std::string> all = {"first"};

  ck_assert(ch.rx.try_recv().error() == errc::again);
  ck_assert(ch.rx.recv_for(1us).error() == errc::timed_out);
  ck_assert(!ch.rx.recv_many(all, 0));
  send_numbers(ch.tx, 1, 6);
  ck_assert_int_eq(number(*ch.rx.recv()), 1);
  ck_assert_int_eq(number(*ch.rx.try_recv()), 2);
  ck_assert_int_eq(number(*ch.rx.recv_for(1h)), 3);
  ck_assert(!ch.rx.recv_many(all, 9));
  ck_assert_uint_eq(all.size(), 3);
  ck_assert(all.front() == "first");
  ck_assert_int_eq(number(all.back()), 5);
  send_numbers(ch.tx, 6, 8);
  ck_assert(!ch.rx.recv_many(all, 1));
  ck_assert_uint_eq(all.size(), 4);
  ck_assert(!ch.rx.shutdown());
  ck_assert(ch.rx.shutdown() == errc::already);
  ck_assert(ch.tx.send("late") == errc::closed);
  ck_assert_int_eq(number(*ch.rx.recv()), 7);
  ck_assert(ch.rx.recv_many(all, 1) == errc::end_of_file);
  ck_assert(!ch.rx.close());
  ck_assert(ch.rx.close() == errc::already);
  ck_assert(ch.rx.recv().error() == errc::invalid);
}
END_TEST

START_TEST(each_message_reaches_one_of_the_pool) {
  loopchan::options options = with_room(5);
  std::array<std::atomic<int>, 1000> seen{};
  std::vector<std::thread> pool;

  options.shared = true;
  auto ch = loopchan::open<std::unique_ptr<int>>(options).value();
  for (int i = 0; i < 4; i++)
    pool.emplace_back([&] {
      for (auto &msg : ch.rx)
        seen[static_cast<std::size_t>(*msg)]++;
    });
  ck_assert_int_eq(send_numbers(ch.tx, 0, 1000), 1000);
  ch.tx.drop();
  for (std::thread &thread : pool)
    thread.join();
  for (const auto &times : seen)
    ck_assert_int_eq(times, 1);
}
END_TEST

static loopchan::options with_clones(std::size_t capacity) {
  loopchan::options options = with_room(capacity);
  options.shared = true;
  return options;
}

/* What came to one of several receivers. */
struct share {
  std::vector<int> got;
  int ends = 0;
  int errors = 0;
};

template <class T> static void keep(share &of, T &&msg) {
  T mine(std::move(msg));
  of.got.push_back(number(mine));
}

/* Receives until the end. */
template <class T>
static std::error_code serve(loopchan::loop_receiver<T> &rx, share &of) {
  return rx.start(
      [&of](T &&msg) {
        of.errors += number(msg) < 0; /* where the library has put it */
        keep(of, std::move(msg));
      },
      [&of, &rx] {
        of.ends++;
        rx.close();
      });
}

/* The same on a loop of this thread, by a clone. */
template <class T>
static void serve_here(const loopchan::loop_receiver<T> &from, share &of,
                       std::promise<void> &ready) {
  uv_loop_t own;

  of.errors += uv_loop_init(&own) != 0;
  auto rx = from.clone(&own);
  of.errors += !rx.has_value() || serve(*rx, of);
  ready.set_value();
  of.errors += uv_run(&own, UV_RUN_DEFAULT) != 0;
  of.errors += uv_loop_close(&own) != 0;
}

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

/* To this loop, to another thread's, and to a third thread. */
template <class T> static void to_clones(std::size_t room) {
  auto ch = loopchan::open<T>(&loop, with_clones(room)).value();
  std::array<share, 3> shares;
  std::promise<void> ready;
  int accepted = 0;
  std::thread other([&] { serve_here(ch.rx, shares[1], ready); });
  std::thread third([&shares, rx = ch.rx.clone().value()]() mutable {
    for (T &msg : rx)
      keep(shares[2], std::move(msg));
    shares[2].ends += rx.recv().error() == errc::end_of_file;
  });

  ready.get_future().wait();
  ck_assert(!serve(ch.rx, shares[0]));
  std::thread producer([&accepted, tx = std::move(ch.tx)] {
    accepted = send_numbers(tx, 0, 300);
  });
  ck_assert_int_eq(uv_run(&loop, UV_RUN_DEFAULT), 0);
  producer.join();
  other.join();
  third.join();
  ck_assert_int_eq(accepted, 300);
  expect_shares(shares, 300);
}

START_TEST(each_message_reaches_one_of_the_clones_and_the_end_each) {
  FOR_EACH_KIND(to_clones);
  for (std::size_t room : capacities) {
    to_clones<strict>(room);
    to_clones<large>(room);
  }
  ck_assert_int_eq(tracked::live, 0);
}
END_TEST

/* Both receive from the channel of tx, until both are closed. */
template <class T, class From, class To>
static void are_two(const loopchan::sender<T> &tx, From &rx, To clone) {
  ck_assert_int_eq(send_numbers(tx, 0, 5), 5);
  ck_assert_int_eq(number(*clone.try_recv()), 0);
  ck_assert_int_eq(number(*rx.try_recv()), 1);
  rx.close();
  ck_assert(!tx.is_closed());
  ck_assert_int_eq(send_numbers(tx, 5, 6), 1);
  for (int i = 2; i < 4; i++)
    ck_assert_int_eq(number(*clone.try_recv()), i);
  ck_assert_uint_eq(clone.stats()->queued, 2); /* destroyed by the close */
  clone.close();
  expect_refused(tx, errc::closed, errc::closed);
}

template <class T> static void clones_of_both_kinds(std::size_t room) {
  if (room != loopchan::unbounded)
    return;
  for (int i = 0; i < 2; i++) {
    auto on = loopchan::open<T>(&loop, with_clones(room)).value();
    auto ch = loopchan::open<T>(with_clones(room)).value();

    if (i == 0) {
      are_two(on.tx, on.rx, on.rx.clone(&loop).value());
      are_two(ch.tx, ch.rx, ch.rx.clone(&loop).value());
    } else {
      are_two(on.tx, on.rx, on.rx.clone().value());
      are_two(ch.tx, ch.rx, ch.rx.clone().value());
    }
  }
}

START_TEST(a_close_of_one_clone_leaves_the_other) {
  FOR_EACH_KIND(clones_of_both_kinds);
  clones_of_both_kinds<strict>(loopchan::unbounded);
  clones_of_both_kinds<large>(loopchan::unbounded);
  ck_assert_int_eq(tracked::live, 0);
}
END_TEST

/* The message that it was called with is still there, and no other is. */
START_TEST(a_clone_may_be_destroyed_by_its_callback) {
  auto ch = loopchan::open<tracked>(&loop, with_clones(0)).value();
  auto rx = std::make_unique<loopchan::loop_receiver<tracked>>(
      ch.rx.clone(&loop).value());
  int got = -1;

  ck_assert(!rx->start(
      [&](tracked &&msg) {
        rx.reset();
        got = msg.number;
      },
      [] { ck_abort_msg("closed"); }));
  send_numbers(ch.tx, 0, 3);
  uv_run(&loop, UV_RUN_NOWAIT);
  ck_assert_int_eq(got, 0);
  ck_assert_int_eq(tracked::live, 2);
  ck_assert_int_eq(number(*ch.rx.try_recv()), 1);
  ch.rx.close();
  ck_assert_int_eq(tracked::live, 0);
}
END_TEST

START_TEST(only_an_open_receiver_that_is_shared_is_cloned) {
  auto on = loopchan::open<int>(&loop).value();
  auto ch = loopchan::open<int>().value();
  auto shared_on = loopchan::open<int>(&loop, with_clones(0)).value();
  auto shared = loopchan::open<int>(with_clones(0)).value();

  ck_assert(on.rx.clone().error() == errc::invalid);
  ck_assert(on.rx.clone(&loop).error() == errc::invalid);
  ck_assert(ch.rx.clone().error() == errc::invalid);
  ck_assert(ch.rx.clone(&loop).error() == errc::invalid);
  ck_assert(shared_on.rx.clone(nullptr).error() == errc::invalid);
  ck_assert(shared.rx.clone(nullptr).error() == errc::invalid);
  ck_assert(shared_on.rx.clone() && shared.rx.clone());
  shared_on.rx.close();
  ck_assert(!shared.rx.close());
  ck_assert(shared_on.rx.clone().error() == errc::invalid);
  ck_assert(shared_on.rx.clone(&loop).error() == errc::invalid);
  ck_assert(shared.rx.clone().error() == errc::invalid);
  ck_assert(shared.rx.clone(&loop).error() == errc::invalid);
}
END_TEST

/* Of its own channel; kept while the next is awaited, the end never comes. */
struct ticket {
  loopchan::sender<ticket> tx;
};

START_TEST(a_message_is_not_kept_while_the_next_is_awaited) {
  auto ch = loopchan::open<ticket>().value();
  int received = 0;

  ck_assert(!ch.tx.send(ticket{ch.tx.clone()}));
  ch.tx.drop();
  for (ticket &msg : ch.rx)
    received += !!msg.tx;
  ck_assert_int_eq(received, 1);
}
END_TEST

static loopchan::options newest_only(bool shared = false) {
  loopchan::options o;

  o.latest = true;
  o.shared = shared;
  return o;
}

/* Sent in each way that there is; only the last one is there in the end. */
template <class T> static int send_in_each_way(const loopchan::sender<T> &tx) {
  std::vector<T> many;

  ck_assert(!tx.send(make<T>(1)));
  ck_assert(!tx.try_send(make<T>(2)));
  ck_assert(!tx.send_for(make<T>(3), 0ns));
  for (int i = 4; i < 8; i++)
    many.push_back(make<T>(i));
  ck_assert_uint_eq(*tx.send_many(std::move(many)), 4);
  auto place = tx.reserve().value();
  ck_assert(!tx.send(make<T>(8)));
  ck_assert(!place.emplace(make<T>(9)));
  ck_assert(!place.commit());
  return 9;
}

/* The others were destroyed: the sanitizers look for leaks, and tracked
 * counts. */
template <class T> static void only_the_newest_is_kept(std::size_t room) {
  loopchan::options o = newest_only(room == 7);
  o.capacity = room == 1 ? 1 : loopchan::unbounded;
  auto ch = loopchan::open<T>(o).value();

  ck_assert_int_eq(send_in_each_way(ch.tx), 9);
  ck_assert_uint_eq(ch.rx.stats()->dropped, 8);
  ck_assert_int_eq(number(*ch.rx.recv()), 9);
  ck_assert(ch.rx.try_recv().error() == errc::again);
  ck_assert_int_eq(send_in_each_way(ch.tx), 9);
  ck_assert(!ch.rx.close());
  T refused = make<T>(10);
  ck_assert(ch.tx.send(std::move(refused)) == errc::closed);
  ck_assert_int_eq(number(refused), 10);
}

START_TEST(what_a_newer_message_replaces_is_destroyed_by_its_send) {
  FOR_EACH_KIND(only_the_newest_is_kept);
  ck_assert_int_eq(tracked::live, 0);
  auto ch = loopchan::open<tracked>(newest_only()).value();
  ck_assert(!ch.tx.send(tracked(1)));
  ck_assert(!ch.tx.send(tracked(2)));
  ck_assert_int_eq(tracked::live, 1);
}
END_TEST

START_TEST(a_loop_gets_the_newest_message_then_the_end) {
  auto ch = loopchan::open<std::string>(&loop, newest_only()).value();
  std::vector<std::string> got;

  ck_assert(
      !ch.rx.start([&](std::string &&msg) { got.push_back(std::move(msg)); },
                   [&] { ch.rx.close(); }));
  for (int i = 0; i <= 100; i++)
    ck_assert(!ch.tx.send(make<std::string>(i)));
  ch.tx.drop();
  ck_assert_int_eq(uv_run(&loop, UV_RUN_DEFAULT), 0);
  ck_assert_uint_eq(got.size(), 1);
  ck_assert_int_eq(number(got[0]), 100);
}
END_TEST

START_TEST(the_newest_only_has_no_other_capacity) {
  loopchan::options o = newest_only();

  o.capacity = 1;
  ck_assert(loopchan::open<int>(o).has_value());
  o.capacity = 2;
  ck_assert(loopchan::open<int>(o).error() == errc::invalid);
  o.capacity = loopchan::rendezvous;
  ck_assert(loopchan::open<int>(o).error() == errc::invalid);
}
END_TEST

START_TEST(a_sender_sees_how_much_room_there_is) {
  auto bounded = loopchan::open<std::string>(with_room(2)).value();
  auto unbounded = loopchan::open<std::string>().value();
  loopchan::sender<std::string> none;

  ck_assert_uint_eq(bounded.tx.room(), 2);
  ck_assert(!bounded.tx.send("one"));
  ck_assert_uint_eq(bounded.tx.room(), 1);
  ck_assert(!bounded.tx.send("two"));
  ck_assert_uint_eq(bounded.tx.room(), 0);
  ck_assert_uint_eq(unbounded.tx.room(), SIZE_MAX);
  ck_assert(!unbounded.rx.close());
  ck_assert_uint_eq(unbounded.tx.room(), 0);
  ck_assert_uint_eq(none.room(), 0);
}
END_TEST

START_TEST(a_sender_waits_for_the_closure) {
  auto ch = loopchan::open<int>().value();
  loopchan::sender<int> none;
  std::atomic<int> closed{0};

  ck_assert(ch.tx.wait_closed(0ns) == errc::timed_out);
  ck_assert(ch.tx.wait_closed(-1s) == errc::timed_out);
  ck_assert(ch.tx.wait_closed(std::chrono::duration<double, std::milli>(
                0.001)) == errc::timed_out);
  ck_assert(none.wait_closed(1s) == errc::invalid);
  std::thread first([&] { closed += !ch.tx.wait_closed(); });
  std::thread second([&] { closed += !ch.tx.wait_closed(24h); });
  ck_assert(!ch.rx.shutdown());
  first.join();
  second.join();
  ck_assert_int_eq(closed, 2);
  ck_assert(!ch.tx.wait_closed(0ns));
}
END_TEST

START_TEST(the_last_of_several_senders_is_the_end) {
  auto ch = loopchan::open<int>().value();
  loopchan::sender<int> other = ch.tx.clone(), moved = std::move(other);

  ck_assert(moved && !other);
  ck_assert(other.send(1) == errc::invalid);
  ck_assert(!other.clone());
  ch.tx.drop();
  ck_assert(!ch.tx);
  ck_assert(ch.rx.try_recv().error() == errc::again);
  ck_assert(!moved.send(2));
  moved = {};
  ck_assert_int_eq(*ch.rx.recv(), 2);
  ck_assert(ch.rx.recv().error() == errc::end_of_file);
}
END_TEST

START_TEST(what_the_callbacks_own_goes_when_they_are_done) {
  auto ends = loopchan::open<int>(&loop).value();
  auto closes = loopchan::open<int>(&loop).value();
  auto shared = std::make_shared<int>(0);
  auto owned = [&] { return std::make_unique<std::shared_ptr<int>>(shared); };

  ck_assert(
      !ends.rx.start([o = owned()](int) { ++**o; }, [o = owned()] { ++**o; }));
  ck_assert(ends.rx.start([o = owned()](int) {}, [] {}) == errc::already);
  ck_assert(!closes.rx.start([o = owned()](int) {}, [] {}));
  ck_assert_int_eq(shared.use_count(), 4);
  closes.rx.close();
  ck_assert_int_eq(shared.use_count(), 3);
  ck_assert(!ends.tx.send(1));
  ends.tx.drop();
  ck_assert_int_eq(uv_run(&loop, UV_RUN_NOWAIT), 1);
  ck_assert_int_eq(*shared, 2);
  ck_assert_int_eq(shared.use_count(), 1);
  ck_assert(ends.rx.start([](int) {}, [] {}) == errc::end_of_file);
}
END_TEST

START_TEST(a_callback_may_put_others_in_its_place) {
  auto ch = loopchan::open<int>(&loop).value();
  std::string calls, text = "first, on a heap of its own for sure; ";

  ck_assert(!ch.rx.start(
      [&, text](int) {
        ck_assert(!ch.rx.stop());
        ck_assert(!ch.rx.start([&](int) { calls += "second"; },
                               [&] { ch.rx.close(); }));
        calls += text; /* it is still there */
      },
      [] {}));
  send_numbers(ch.tx, 0, 2);
  ch.tx.drop();
  ck_assert_int_eq(uv_run(&loop, UV_RUN_DEFAULT), 0);
  ck_assert(calls == text + "second");
}
END_TEST

START_TEST(a_stopped_receiver_goes_on_with_new_callbacks) {
  auto ch = loopchan::open<int>(&loop).value();
  int sum = 0;

  ck_assert(!ch.rx.start(
      [&](int n) {
        sum += n;
        ck_assert(!ch.rx.stop());
      },
      [] { ck_abort_msg("stopped"); }));
  ck_assert(!ch.tx.send(1) && !ch.tx.send(10));
  ch.tx.drop();
  uv_run(&loop, UV_RUN_NOWAIT);
  ck_assert_int_eq(sum, 1);
  ck_assert_int_eq(*ch.rx.try_recv(), 10);
  ck_assert(!ch.rx.start([](int) {}, [&] { ch.rx.close(); }));
  ck_assert_int_eq(uv_run(&loop, UV_RUN_DEFAULT), 0);
}
END_TEST

START_TEST(a_receiver_may_be_destroyed_by_its_callback) {
  auto ch = loopchan::open<tracked>(&loop).value();
  auto rx = std::make_unique<loopchan::loop_receiver<tracked>>();

  *rx = std::move(ch.rx);
  ck_assert(*rx && !ch.rx);
  ck_assert(!rx->start(
      [&](tracked &&msg) {
        rx.reset();
        ck_assert_int_eq(tracked::live, 1); /* the others are destroyed */
        ck_assert_int_eq(msg.number, 0);
      },
      [] { ck_abort_msg("closed"); }));
  send_numbers(ch.tx, 0, 5);
  ck_assert_int_eq(uv_run(&loop, UV_RUN_DEFAULT), 0);
  ck_assert_int_eq(tracked::live, 0);
  ck_assert(ch.tx.send(tracked(1)) == errc::closed);
}
END_TEST

START_TEST(a_close_calls_back_and_empties) {
  auto ch = loopchan::open<tracked>(&loop).value();
  int closes = 0;

  send_numbers(ch.tx, 0, 3);
  ck_assert(!ch.rx.shutdown());
  ck_assert(
      !ch.rx.close([&, own = std::make_unique<int>(1)] { closes += *own; }));
  ck_assert_int_eq(tracked::live, 0);
  ck_assert(!ch.rx);
  ck_assert_ptr_null(ch.rx.get());
  ck_assert(ch.rx.close([] {}) == errc::invalid);
  ck_assert(ch.rx.start([](tracked &&) {}, [] {}) == errc::invalid);
  ck_assert(ch.rx.stop() == errc::invalid);
  ck_assert(ch.rx.try_recv().error() == errc::invalid);
  ck_assert_int_eq(closes, 0);
  ck_assert_int_eq(uv_run(&loop, UV_RUN_DEFAULT), 0);
  ck_assert_int_eq(closes, 1);
}
END_TEST

static void close_it(uv_handle_t *handle, void *) {
  loopchan_close_handle(handle, nullptr);
}

START_TEST(walk_and_close_everything_works) {
  auto ch = loopchan::open<tracked>(&loop).value();
  auto to = loopchan::open<tracked>().value();
  auto w = loopchan::open_writer(&loop, std::move(to.tx)).value();

  ck_assert(!ch.rx.start([](tracked &&) {}, [] {}));
  send_numbers(ch.tx, 0, 3);
  uv_walk(&loop, close_it, nullptr);
  ck_assert_int_eq(tracked::live, 0);
  ck_assert(ch.rx.close([] {}) == errc::already);
  ck_assert(w.close([] {}) == errc::already);
  ck_assert_int_eq(uv_run(&loop, UV_RUN_DEFAULT), 0);
  ck_assert(ch.rx.close([] {}) == errc::already);
}
END_TEST

/* Writes numbers, and notes the answers: number, or -1 for what came back. */
template <class T>
static void write_numbers(loopchan::writer<T> &w, int count,
                          std::vector<std::error_code> &answers) {
  for (int i = 0; i < count; i++)
    ck_assert(!w.write(make<T>(i),
                       [i, &answers, own = std::make_unique<T>(make<T>(i))](
                           std::error_code err, std::optional<T> &&back) {
                         ck_assert(back.has_value() == !!err);
                         ck_assert(!back || number(*back) == i);
                         ck_assert_int_eq(number(*own), i);
                         answers.push_back(err);
                       }));
}

template <class T> static void by_writer(std::size_t room) {
  auto ch = loopchan::open<T>(&loop, with_room(room)).value();
  auto w = loopchan::open_writer(&loop, std::move(ch.tx)).value();
  std::vector<std::error_code> answers;
  int expected = 0;

  ck_assert(!ch.tx && w);
  write_numbers(w, 20, answers);
  ck_assert_uint_eq(answers.size(), 0);
  ck_assert(!ch.rx.start(
      [&](T &&msg) {
        ck_assert_int_eq(number(msg), expected);
        if (++expected == 20)
          ch.rx.close();
      },
      [] { ck_abort_msg("closed before the end"); }));
  while (answers.size() < 20)
    uv_run(&loop, UV_RUN_ONCE);
  for (std::error_code err : answers)
    ck_assert(!err);
  w.close();
  ck_assert_int_eq(uv_run(&loop, UV_RUN_DEFAULT), 0);
}

START_TEST(every_kind_of_message_is_written) {
  FOR_EACH_KIND(by_writer);
  ck_assert_int_eq(tracked::live, 0);
}
END_TEST

template <class T> static void handed_back(std::size_t room) {
  if (room == loopchan::unbounded)
    return;
  for (bool by_receiver : {true, false}) {
    auto ch = loopchan::open<T>(with_room(room)).value();
    auto w = loopchan::open_writer(&loop, std::move(ch.tx)).value();
    std::vector<std::error_code> answers;
    std::size_t accepted = room == loopchan::rendezvous ? 0 : room, i = 0;
    int gone = 0, closed = 0;
    T msg = make<T>(77);

    write_numbers(w, 20, answers);
    ck_assert(w.try_write(std::move(msg)) == errc::again);
    ck_assert_int_eq(number(msg), 77);
    ck_assert(!w.on_closed(
        [&, own = std::make_unique<T>(make<T>(1))] { gone += number(*own); }));
    if (by_receiver) {
      ck_assert(!ch.rx.close());
      ck_assert_int_eq(uv_run(&loop, UV_RUN_NOWAIT), 1);
      ck_assert(w.try_write(std::move(msg)) == errc::closed);
      ck_assert_int_eq(number(msg), 77);
    }
    ck_assert(!w.close([&] { closed++; }));
    ck_assert(w.write(std::move(msg), [](auto, auto &&) {}) == errc::invalid);
    ck_assert_int_eq(number(msg), 77);
    ck_assert_int_eq(uv_run(&loop, UV_RUN_DEFAULT), 0);
    ck_assert_uint_eq(answers.size(), 20);
    for (std::error_code err : answers)
      ck_assert(i++ < accepted
                    ? !err
                    : err == (by_receiver ? errc::closed : errc::canceled));
    ck_assert_int_eq(gone, by_receiver);
    ck_assert_int_eq(closed, 1);
  }
}

START_TEST(a_write_that_was_not_accepted_is_handed_back) {
  FOR_EACH_KIND(handed_back);
  ck_assert_int_eq(tracked::live, 0);
}
END_TEST

START_TEST(a_writer_is_not_opened_without_a_loop_and_leaves_the_sender) {
  auto ch = loopchan::open<int>().value();

  ck_assert(loopchan::open_writer(nullptr, std::move(ch.tx)).error() ==
            errc::invalid);
  ck_assert(!ch.tx.send(1));
}
END_TEST

START_TEST(a_loop_receiver_is_not_opened_without_a_loop) {
  ck_assert(loopchan::open<int>(nullptr).error() == errc::invalid);
}
END_TEST

/* Fails each allocation in turn until one more would be needed. Returns how
 * many failed. */
template <class Do> static int sweep(Do attempt) {
  for (int n = 0;; n++) {
    heap_fail(static_cast<std::size_t>(n) + 1);
    std::error_code err = attempt();
    bool failed = heap_has_failed();
    heap_fail(0);
    ck_assert(failed ? err == errc::no_memory : !err);
    if (!failed)
      return n;
  }
}

START_TEST(a_lack_of_memory_is_answered_and_changes_nothing) {
  auto ch = loopchan::open<tracked>(&loop).value();
  auto to = loopchan::open<tracked>().value();
  auto shared = loopchan::open<tracked>(&loop, with_clones(0)).value();
  auto w = loopchan::open_writer(&loop, to.tx.clone()).value();
  tracked msg(77);
  int answers = 0;
  auto ended = [&] { answers++; };
  auto on_written = [&](auto, auto &&) { answers++; };

  ck_assert_int_eq(sweep([&] { return loopchan::open<int>().error(); }), 1);
  ck_assert_int_eq(sweep([&] { return loopchan::open<int>(&loop).error(); }),
                   1);
  ck_assert_int_eq(sweep([&] { return shared.rx.clone().error(); }), 1);
  ck_assert_int_eq(sweep([&] { return shared.rx.clone(&loop).error(); }), 1);
  shared.rx.close();
  ck_assert_int_eq(sweep([&] { return ch.rx.start([](tracked &&) {}, ended); }),
                   1);
  ck_assert_int_eq(sweep([&] {
                     ck_assert_int_eq(msg.number, 77);
                     return w.write(std::move(msg), on_written);
                   }),
                   2);
  msg = tracked(77);
  ck_assert_int_eq(sweep([&] {
                     ck_assert_int_eq(msg.number, 77);
                     return to.tx.send(std::move(msg));
                   }),
                   1);
  ck_assert_int_eq(sweep([&] { return w.on_closed(ended); }), 1);
  ck_assert_int_eq(sweep([&] { return w.close(ended); }), 1);
  ck_assert_int_eq(sweep([&] { return ch.rx.close(ended); }), 1);
  ck_assert_int_eq(uv_run(&loop, UV_RUN_DEFAULT), 0);
  ck_assert_int_eq(answers, 3);
}
END_TEST

START_TEST(errors_are_codes_of_libuv) {
  std::error_code err = errc::closed;

  ck_assert(err && err.value() == UV_EPIPE);
  ck_assert(err == std::errc::broken_pipe);
  ck_assert(err != std::errc::timed_out);
  ck_assert(err.message() == uv_strerror(UV_EPIPE));
  ck_assert_str_eq(err.category().name(), "libuv");
  ck_assert(&err.category() == &loopchan::category());
  err = errc::end_of_file;
  ck_assert(err.message() == uv_strerror(UV_EOF));
  try {
    (void) loopchan::open<int>(nullptr).value();
    ck_abort_msg("nothing was thrown");
  } catch (const std::system_error &thrown) {
    ck_assert(thrown.code() == errc::invalid);
  }
}
END_TEST

/* Throws when it is copied, when it is told to. */
struct thrower {
  thrower() = default;
  thrower(const thrower &from) : may(from.may) {
    if (!may)
      throw 1;
  }
  thrower &operator=(const thrower &) = default;
  bool may = false;
};

START_TEST(a_copy_that_throws_is_not_sent) {
  auto ch = loopchan::open<thrower>().value();
  int caught = 0;

  try {
    (void) ch.tx.send(thrower());
  } catch (int) {
    caught++;
  }
  ck_assert_int_eq(caught, 1);
  ck_assert(ch.rx.try_recv().error() == errc::again);
}
END_TEST

/* Whoever throws under the library: std::terminate is called, which the exit
 * code shows. */
enum { TERMINATED = 42 };

struct throws_at_its_end {
  throws_at_its_end() = default;
  throws_at_its_end(throws_at_its_end &&from) noexcept
      : armed(std::exchange(from.armed, false)) {}
  throws_at_its_end &operator=(throws_at_its_end &&) = default;
  ~throws_at_its_end() noexcept(false) {
    if (armed)
      throw 1;
  }
  bool armed = true;
};

static void message_throws() {
  auto ch = loopchan::open<int>(&loop).value();
  (void) ch.tx.send(1);
  ch.rx.start([](int) { throw 1; }, [] {});
  uv_run(&loop, UV_RUN_DEFAULT);
}

static void end_throws() {
  auto ch = loopchan::open<int>(&loop).value();
  ch.tx.drop();
  ch.rx.start([](int) {}, [] { throw 1; });
  uv_run(&loop, UV_RUN_DEFAULT);
}

static void close_throws() {
  auto ch = loopchan::open<int>(&loop).value();
  ch.rx.close([] { throw 1; });
  uv_run(&loop, UV_RUN_DEFAULT);
}

static void destructor_throws() {
  auto ch = loopchan::open<throws_at_its_end>().value();
  (void) ch.tx.send({});
  ch.rx.close();
}

static void written_throws() {
  auto ch = loopchan::open<int>().value();
  auto w = loopchan::open_writer(&loop, std::move(ch.tx)).value();
  (void) w.write(1, [](auto, auto &&) { throw 1; });
  uv_run(&loop, UV_RUN_DEFAULT);
}

static void gone_throws() {
  auto ch = loopchan::open<int>().value();
  auto w = loopchan::open_writer(&loop, std::move(ch.tx)).value();
  w.on_closed([] { throw 1; });
  ch.rx.close();
  uv_run(&loop, UV_RUN_DEFAULT);
}

static void (*const throwing[])() = {message_throws, end_throws,
                                     close_throws,   destructor_throws,
                                     written_throws, gone_throws};

START_TEST(an_exception_under_the_library_ends_the_program) {
  std::set_terminate([] { std::_Exit(TERMINATED); });
  throwing[_i]();
}
END_TEST

static Suite *suite() {
  Suite *suite = suite_create("promise cpp");
  TCase *ends = tcase_create("exceptions");

  SUITE_CASE(suite, "cpp", loop_open, expect_loop_clean,
             every_kind_of_message_reaches_a_thread,
             every_kind_of_message_reaches_a_loop,
             a_refused_message_stays_the_senders_and_the_others_are_destroyed,
             an_accepted_message_is_moved_from_and_a_const_one_copied,
             bytes_and_pointers_go_without_an_allocation,
             an_array_and_a_null_pointer_are_messages_too,
             calls_of_a_thread_receiver_answer_as_their_namesakes,
             each_message_reaches_one_of_the_pool,
             each_message_reaches_one_of_the_clones_and_the_end_each,
             a_close_of_one_clone_leaves_the_other,
             a_clone_may_be_destroyed_by_its_callback,
             only_an_open_receiver_that_is_shared_is_cloned,
             a_message_is_not_kept_while_the_next_is_awaited,
             what_a_newer_message_replaces_is_destroyed_by_its_send,
             a_loop_gets_the_newest_message_then_the_end,
             the_newest_only_has_no_other_capacity,
             a_sender_sees_how_much_room_there_is,
             a_sender_waits_for_the_closure,
             the_last_of_several_senders_is_the_end,
             what_the_callbacks_own_goes_when_they_are_done,
             a_callback_may_put_others_in_its_place,
             a_stopped_receiver_goes_on_with_new_callbacks,
             a_receiver_may_be_destroyed_by_its_callback,
             a_close_calls_back_and_empties, walk_and_close_everything_works,
             every_kind_of_message_is_written,
             a_write_that_was_not_accepted_is_handed_back,
             a_writer_is_not_opened_without_a_loop_and_leaves_the_sender,
             a_loop_receiver_is_not_opened_without_a_loop,
             a_lack_of_memory_is_answered_and_changes_nothing,
             errors_are_codes_of_libuv, a_copy_that_throws_is_not_sent);
  tcase_add_checked_fixture(ends, loop_open, nullptr);
  if (suite_forks() != 0)
    tcase_add_loop_exit_test(
        ends, an_exception_under_the_library_ends_the_program, TERMINATED, 0,
        static_cast<int>(std::size(throwing)));
  suite_add_tcase(suite, ends);
  return suite;
}
