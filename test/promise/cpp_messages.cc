/* Promise: loopchan.hpp carries any T that can be moved, whatever it overloads,
 * however large and however aligned; several at once, in reserved places too;
 * and what is not accepted stays with the caller. */
#include <loopchan.hpp>

#include <array>
#include <cstdint>
#include <memory>
#include <new>
#include <string>
#include <vector>

#include "support/heap.h"
#include "support/loop.h"
#include "support/suite.h"

using namespace std::chrono_literals;
using loopchan::errc;

/* A namespace that takes whatever comes by: templates for every operator, and
 * functions with the names that a header might call. */
namespace greedy {

template <class A, class B> void operator==(const A &, const B &) = delete;
template <class A, class B> void operator!=(const A &, const B &) = delete;
template <class A, class B> void operator&&(const A &, const B &) = delete;
template <class A, class B> void operator||(const A &, const B &) = delete;
template <class A, class B> void operator,(const A &, const B &) = delete;
template <class A> void operator!(const A &) = delete;
template <class A> void operator&(const A &) = delete;
template <class... A> void move(A &&...) = delete;
template <class... A> void forward(A &&...) = delete;
template <class... A> void addressof(A &&...) = delete;
template <class... A> void code(A &&...) = delete;
template <class... A> void put(A &&...) = delete;
template <class T, class... A> void put(A &&...) = delete;
template <class T, class... A> void make(A &&...) = delete;
template <class T, class... A> void receive(A &&...) = delete;
template <class... A> void is_free(A &&...) = delete;
template <class... A> void given(A &&...) = delete;
template <class... A> void give_back(A &&...) = delete;
template <class... A> void counted(A &&...) = delete;
template <class... A> void use_value(A &&...) = delete;

/* Has every operator that it can, and is made of anything. */
template <class Kind> struct hostile : Kind {
  template <class T> hostile(T &&) noexcept : number(-2) {}
  explicit hostile(int n) noexcept : number(n) {}
  hostile(hostile &&from) noexcept : number(std::exchange(from.number, -1)) {}
  hostile(const hostile &from) noexcept : Kind(from), number(from.number) {}
  hostile &operator=(hostile &&from) noexcept {
    number = std::exchange(from.number, -1);
    return *this;
  }
  ~hostile() = default;
  void operator&() const = delete;
  void operator!() const = delete;
  template <class T> void operator,(T &&) const = delete;
  void operator*() const = delete;
  void operator->() const = delete;
  static void *operator new(std::size_t) = delete;
  static void *operator new(std::size_t, void *) = delete;
  static void *operator new(std::size_t, const std::nothrow_t &) = delete;
  static void operator delete(void *) = delete;

  int number;
};

struct plain {};
struct alignas(512) aligned {};

/* The same as bytes. */
struct bytes {
  void operator&() const = delete;
  template <class T> void operator,(T &&) const = delete;
  static void *operator new(std::size_t) = delete;
  static void *operator new(std::size_t, void *) = delete;
  int number;
};

}  // namespace greedy

using hostile = greedy::hostile<greedy::plain>;
using hostile_aligned = greedy::hostile<greedy::aligned>;

struct base {
  virtual ~base() = default;
};

class last final : base {
 public:
  explicit last(int n) : number(n) {}
  last(last &&from) noexcept : number(std::exchange(from.number, -1)) {}
  last &operator=(last &&from) noexcept {
    number = std::exchange(from.number, -1);
    return *this;
  }
  int number;
};

/* Moved by being named only; never assigned. */
struct once {
  explicit once(int n) : number(n), owned(new int(n)) {}
  explicit once(once &&) noexcept = default;
  const int number;
  std::unique_ptr<int> owned;
};

struct bulk {
  int number;
  unsigned char bytes[1 << 20];
};

struct alignas(64) line {
  int number;
};

struct names : private std::string {
  explicit names(int n) : std::string(30, 'x'), number(n) {}
  names(names &&from) noexcept
      : std::string(std::move(from)), number(std::exchange(from.number, -1)) {}
  names &operator=(names &&from) noexcept {
    std::string::operator=(std::move(from));
    number = std::exchange(from.number, -1);
    return *this;
  }
  int number;
};

template <class T> T make(int n) {
  return T(n);
}
template <> greedy::bytes make(int n) {
  return {n};
}
template <> line make(int n) {
  return {n};
}
template <> std::unique_ptr<int> make(int n) {
  return std::make_unique<int>(n);
}

template <class T> int number(const T &msg) {
  auto address = reinterpret_cast<std::uintptr_t>(std::addressof(msg));
  return address % alignof(T) == 0 ? msg.number : -3;
}
static int number(const std::unique_ptr<int> &msg) {
  return msg ? *msg : -1;
}
static int number(int msg) {
  return msg;
}

#define FOR_EACH_KIND(test)       \
  do {                            \
    test<int>();                  \
    test<std::unique_ptr<int>>(); \
    test<hostile>();              \
    test<hostile_aligned>();      \
    test<greedy::bytes>();        \
    test<last>();                 \
    test<once>();                 \
    test<line>();                 \
    test<names>();                \
  } while (0)

static loopchan::options with_room(std::size_t capacity) {
  loopchan::options options;
  options.capacity = capacity;
  return options;
}

template <class T> static void reaches_a_thread() {
  auto ch = loopchan::open<T>(with_room(2)).value();
  T first = make<T>(1), second = make<T>(2), third = make<T>(3);

  ck_assert(!ch.tx.send(std::move(first)));
  ck_assert(!ch.tx.send_for(std::move(second), 1h));
  ck_assert(ch.tx.try_send(std::move(third)) == errc::again);
  ck_assert_int_eq(number(third), 3);
  loopchan::result<T> got = ch.rx.recv();
  ck_assert(got.has_value());
  ck_assert_int_eq(number(got.value()), 1);
  ck_assert(!ch.tx.try_send(std::move(third)));
  ch.tx.drop();
  int expected = 2;
  for (T &msg : ch.rx)
    ck_assert_int_eq(number(msg), expected++);
  ck_assert_int_eq(expected, 4);
}

START_TEST(any_type_that_moves_reaches_a_thread) {
  FOR_EACH_KIND(reaches_a_thread);
}
END_TEST

template <class T> static void reaches_a_loop() {
  auto ch = loopchan::open<T>(&loop, with_room(2)).value();
  auto w = loopchan::open_writer(&loop, ch.tx.clone()).value();
  int expected = 0, backs = 0;

  for (int i = 0; i < 4; i++)
    ck_assert(!w.write(
        make<T>(i), [&, i](std::error_code err, std::optional<T> &&back) {
          ck_assert(back.has_value() == (err == errc::closed));
          ck_assert(!back.has_value() || number(back.value()) == i);
          backs += back.has_value();
        }));
  ck_assert(!ch.rx.start(
      [&](T &&msg) {
        ck_assert_int_eq(number(msg), expected++);
        if (expected == 2)
          ch.rx.close();
      },
      [] {}));
  uv_run(&loop, UV_RUN_NOWAIT);
  while (expected < 2)
    uv_run(&loop, UV_RUN_ONCE);
  w.close();
  ck_assert_int_eq(uv_run(&loop, UV_RUN_DEFAULT), 0);
  ck_assert_int_le(backs, 2);
}

START_TEST(any_type_that_moves_reaches_a_loop) {
  FOR_EACH_KIND(reaches_a_loop);
}
END_TEST

START_TEST(a_closure_is_a_message) {
  int calls = 0;
  auto job = [&calls, own = std::make_unique<int>(2)] { calls += *own; };
  auto ch = loopchan::open<decltype(job)>(with_room(1)).value();

  ck_assert(!ch.tx.send(std::move(job)));
  auto other = std::move(*ch.rx.recv());
  other();
  ck_assert(!ch.tx.send(std::move(other)));
  auto back = std::move(ch.rx.recv()).value();
  ck_assert(!ch.rx.close());
  ck_assert(ch.tx.send(std::move(back)) == errc::closed);
  back();
  ck_assert_int_eq(calls, 4);
}
END_TEST

/* On a stack that has no room for one of them. */
static void carry_bulk(void *) {
  auto ch = loopchan::open<bulk>(with_room(3)).value();
  auto msg = std::make_unique<bulk>();
  std::vector<bulk> all;

  for (int i = 0; i < 3; i++) {
    msg->number = i;
    if (ch.tx.send(*msg))
      return;
  }
  if (ch.tx.try_send(std::move(*msg)) != errc::again || msg->number != 2)
    return;
  auto got = ch.rx.recv();
  if (!got || got->number != 0)
    return;
  auto place = ch.tx.reserve();
  if (!place || place->emplace(*msg) || place->commit())
    return;
  ch.tx.drop();
  int expected = 1;
  for (bulk &each : ch.rx) {
    if (each.number != expected++)
      return;
    if (expected == 3)
      break;
  }
  if (ch.rx.recv_many(all, SIZE_MAX) || all.size() != 1)
    return;
  auto into_loop = loopchan::open<bulk>(&loop, with_room(1)).value();
  auto w = loopchan::open_writer(&loop, std::move(into_loop.tx)).value();
  int backs = 0;
  for (int i = 0; i < 2; i++)
    if (w.write(std::move(*msg),
                [&](std::error_code err, std::optional<bulk> &&back) {
                  backs += err ? back->number : 10;
                }))
      return;
  (void) into_loop.rx.start(
      [&](bulk &&each) {
        backs += each.number * 100;
        into_loop.rx.close();
      },
      [] {});
  uv_run(&loop, UV_RUN_NOWAIT);
  w.close();
  uv_run(&loop, UV_RUN_DEFAULT);
  /* The first was received; the second was handed back, or accepted too. */
  if (backs == 212 || backs == 220)
    loop.data = &loop;
}

START_TEST(a_large_message_is_on_no_stack) {
  uv_thread_t thread;
  uv_thread_options_t options{};

  options.flags = UV_THREAD_HAS_STACK_SIZE;
  options.stack_size = 512 * 1024;
  loop.data = nullptr;
  ck_assert_int_eq(uv_thread_create_ex(&thread, &options, carry_bulk, nullptr),
                   0);
  uv_thread_join(&thread);
  ck_assert_ptr_eq(loop.data, &loop);
}
END_TEST

struct upto {
  unsigned char bytes[loopchan::max_inline];
};
struct above {
  unsigned char bytes[loopchan::max_inline + 1];
};

START_TEST(what_is_not_large_needs_no_allocation) {
  auto small = loopchan::open<upto>(with_room(1)).value();
  auto large = loopchan::open<above>(with_room(1)).value();
  upto first{};
  above second{};

  first.bytes[4095] = 1;
  second.bytes[4096] = 2;
  std::size_t before = heap_allocations();
  ck_assert(!small.tx.send(first));
  ck_assert_uint_eq(small.rx.recv()->bytes[4095], 1);
  ck_assert_uint_eq(heap_allocations(), before);
  ck_assert(!large.tx.send(second));
  ck_assert_uint_eq(heap_allocations(), before + 1);
  auto got = large.rx.recv();
  ck_assert_uint_eq(got->bytes[4096], 2);
  ck_assert_uint_eq(heap_allocations(), before + 1);
}
END_TEST

template <class T> static std::vector<T> make_many(int count) {
  std::vector<T> all;

  for (int i = 0; i < count; i++)
    all.push_back(make<T>(i));
  return all;
}

template <class T> static void sends_many() {
  auto ch = loopchan::open<T>().value();
  std::vector<T> all = make_many<T>(10), got;

  ck_assert(ch.tx.send_many(all.data(), all.size()) == 10u);
  ck_assert(ch.tx.send_many(all.data(), 0) == 0u);
  ck_assert(!ch.rx.recv_many(got, SIZE_MAX));
  ck_assert_uint_eq(got.size(), 10);
  for (int i = 0; i < 10; i++)
    ck_assert_int_eq(number(got[static_cast<std::size_t>(i)]), i);
  ck_assert(ch.tx.send_many(static_cast<T *>(nullptr), 1) ==
            loopchan::unexpected(errc::invalid));
  ck_assert(ch.tx.send_many(got.data(), SIZE_MAX / 2) ==
            loopchan::unexpected(errc::invalid));
  ck_assert(!ch.rx.close());
  ck_assert(ch.tx.send_many(got.data(), got.size()) ==
            loopchan::unexpected(errc::closed));
  ck_assert(ch.tx.send_many(got.data(), 0) ==
            loopchan::unexpected(errc::closed));
  for (int i = 0; i < 10; i++)
    ck_assert_int_eq(number(got[static_cast<std::size_t>(i)]), i);
}

START_TEST(many_messages_are_sent_at_once) {
  FOR_EACH_KIND(sends_many);
}
END_TEST

/* A loop does not wait for itself: what fits goes, the rest stays. */
template <class T> static void keeps_the_rest() {
  auto ch = loopchan::open<T>(&loop, with_room(3)).value();
  std::vector<T> all = make_many<T>(6);
  std::size_t went = 0;
  int expected = 0;

  ck_assert(!ch.tx.send(make<T>(-7)));
  ck_assert(!ch.rx.start(
      [&](T &&msg) {
        if (number(msg) == -7)
          went = ch.tx.send_many(all.data(), all.size()).value();
        else
          ck_assert_int_eq(number(msg), expected++);
        if (static_cast<std::size_t>(expected) == went)
          ch.rx.close();
      },
      [] {}));
  ck_assert_int_eq(uv_run(&loop, UV_RUN_DEFAULT), 0);
  ck_assert_uint_ge(went, 1);
  ck_assert_uint_le(went, 3);
  for (std::size_t i = went; i < 6; i++)
    ck_assert_int_eq(number(all[i]), static_cast<int>(i));
}

START_TEST(of_many_those_that_were_not_accepted_stay) {
  FOR_EACH_KIND(keeps_the_rest);
}
END_TEST

START_TEST(a_vector_is_copied_or_loses_what_went) {
  auto ch = loopchan::open<std::string>().value();
  std::vector<std::string> all = {"one, long enough for a heap of its own",
                                  "two", "three"};
  const std::vector<std::string> same = all;
  std::vector<std::string> got;

  ck_assert(ch.tx.send_many(same) == 3u);
  ck_assert(ch.tx.send_many(all) == 3u);
  ck_assert(ch.tx.send_many(same.data(), 1) == 1u);
  ck_assert(all == same);
  ck_assert(ch.tx.send_many(std::move(all)) == 3u);
  ck_assert(all.empty());
  ck_assert(!ch.rx.recv_many(got, SIZE_MAX));
  ck_assert_uint_eq(got.size(), 10);
  ck_assert(got[2] == "three" && got[6] == same[0] && got[7] == same[0]);
  all = same;
  /* The memory fails at the second box: one goes, two stay. */
  heap_fail(3);
  ck_assert(ch.tx.send_many(std::move(all)) == 1u);
  ck_assert(heap_has_failed());
  ck_assert_uint_eq(all.size(), 2);
  ck_assert(all[0] == "two" && all[1] == "three");
  heap_fail(2);
  ck_assert(ch.tx.send_many(std::move(all)).error() == errc::no_memory);
  heap_fail(1);
  ck_assert(ch.tx.send_many(std::move(all)).error() == errc::no_memory);
  heap_fail(0);
  ck_assert_uint_eq(all.size(), 2);
  ck_assert(all[0] == "two");
}
END_TEST

/* Throws when the third of it is moved to the heap. */
struct fragile {
  explicit fragile(int n) : number(n) {}
  fragile(fragile &&from) : number(from.number) {
    if (until_throw > 0 && --until_throw == 0)
      throw 1;
    from.number = -1;
  }
  fragile &operator=(fragile &&from) noexcept {
    number = std::exchange(from.number, -1);
    return *this;
  }
  ~fragile() {}
  int number;
  static int until_throw;
};

int fragile::until_throw;

START_TEST(of_many_none_goes_when_a_move_throws) {
  auto ch = loopchan::open<fragile>().value();
  std::vector<fragile> all = make_many<fragile>(4);
  int caught = 0;

  fragile::until_throw = 3;
  try {
    (void) ch.tx.send_many(all.data(), all.size());
  } catch (int) {
    caught++;
  }
  ck_assert_int_eq(caught, 1);
  for (int i = 0; i < 4; i++)
    ck_assert_int_eq(all[static_cast<std::size_t>(i)].number, i);
  ck_assert(ch.rx.try_recv().error() == errc::again);
}
END_TEST

template <class T> static void builds_in_place() {
  auto ch = loopchan::open<T>(with_room(2)).value();
  auto place = ch.tx.reserve().value();

  ck_assert_ptr_null(place.get());
  ck_assert(place.commit() == errc::invalid); /* there is none yet */
  ck_assert(!place.emplace(make<T>(5)));
  ck_assert_int_eq(number(*place.get()), 5);
  ck_assert(!place.emplace(make<T>(6)));
  ck_assert(ch.rx.try_recv().error() == errc::again);
  auto other = ch.tx.reserve().value();
  ck_assert(ch.tx.reserve().error() == errc::again); /* they are the two */
  ck_assert(!other.emplace(make<T>(7)));
  other = std::move(place); /* which gives back the seven */
  ck_assert_int_eq(static_cast<bool>(place), false);
  ck_assert(place.emplace(make<T>(1)) == errc::invalid);
  ck_assert(place.commit() == errc::invalid);
  place.abandon();
  ck_assert(!other.commit());
  ck_assert(other.commit() == errc::invalid);
  ck_assert_int_eq(number(*ch.rx.try_recv()), 6);
  {
    auto dropped = ch.tx.reserve().value();
    auto empty = ch.tx.reserve().value();
    ck_assert(!dropped.emplace(make<T>(8)));
  }
  auto kept = ch.tx.reserve().value();
  ck_assert(!kept.emplace(make<T>(9)));
  ck_assert(!ch.rx.close());
  ck_assert(kept.commit() == errc::closed);
  ck_assert_int_eq(number(*kept.get()), 9);
  ck_assert(ch.tx.reserve().error() == errc::closed);
  ck_assert(loopchan::sender<T>().reserve().error() == errc::invalid);
  kept.abandon();
  ck_assert_ptr_null(kept.get());
}

START_TEST(a_message_is_built_in_its_place) {
  FOR_EACH_KIND(builds_in_place);
}
END_TEST

START_TEST(a_reserved_place_answers_as_its_namesakes) {
  auto ch =
      loopchan::open<std::string>(with_room(loopchan::rendezvous)).value();
  auto place = ch.tx.reserve().value();

  heap_fail(1);
  ck_assert(place.emplace("none") == errc::no_memory);
  ck_assert_ptr_null(place.get());
  heap_fail(0);
  ck_assert(!place.emplace(3u, 'x'));
  heap_fail(1);
  ck_assert(place.emplace("none") == errc::no_memory);
  heap_fail(0);
  ck_assert(*place == "xxx" && place->size() == 3);
  ck_assert(place.commit() == errc::again); /* no one waits */
  ck_assert(place && *place == "xxx");
}
END_TEST

START_TEST(bytes_are_built_without_a_copy_or_an_allocation) {
  auto ch = loopchan::open<std::array<int, 4>>(with_room(1)).value();
  std::size_t before = heap_allocations();
  auto place = ch.tx.reserve().value();

  ck_assert(!place.emplace());
  (*place)[3] = 4;
  ck_assert(!place.commit());
  ck_assert_int_eq((*ch.rx.recv())[3], 4);
  ck_assert_uint_eq(heap_allocations(), before);
}
END_TEST

START_TEST(a_vector_grows_by_steps_that_grow) {
  auto ch = loopchan::open<int>().value();
  std::vector<int> all, numbers = make_many<int>(20000);

  ck_assert(ch.tx.send_many(numbers) == 20000u);
  std::size_t before = heap_allocations();
  while (all.size() < 10000)
    ck_assert(!ch.rx.recv_many(all, 10));
  ck_assert_uint_eq(all.size(), 10000);
  ck_assert(!ch.rx.recv_many(all, SIZE_MAX));
  ck_assert(all == numbers);
  ck_assert_uint_le(heap_allocations() - before, 20);
  ch.tx.drop();
  ck_assert(ch.rx.recv_many(all, SIZE_MAX) == errc::end_of_file);
  ck_assert(!ch.rx.recv_many(all, 0));
  ck_assert(!ch.rx.close());
  ck_assert(ch.rx.recv_many(all, 1) == errc::invalid);
  ck_assert(loopchan::thread_receiver<int>().recv_many(all, 0) ==
            errc::invalid);
}
END_TEST

/* Received, it sends another of its kind. */
struct feeder {
  feeder() = default;
  explicit feeder(loopchan::sender<feeder> *to) : tx(to) {}
  feeder(feeder &&from) noexcept : tx(std::exchange(from.tx, nullptr)) {}
  feeder &operator=(feeder &&from) noexcept {
    tx = std::exchange(from.tx, nullptr);
    return *this;
  }
  ~feeder() {}
  loopchan::sender<feeder> *tx = nullptr;
};

/* Feeds the channel whenever a vector takes one in. */
template <class T> struct feeding : std::allocator<T> {
  template <class U> struct rebind { using other = feeding<U>; };
  feeding() = default;
  template <class U> feeding(const feeding<U> &) {}
  template <class... Args> void construct(T *at, Args &&...args) {
    ::new (static_cast<void *>(at)) T(std::forward<Args>(args)...);
    if (left > 0 && at->tx != nullptr) {
      left--;
      (void) at->tx->send(feeder(at->tx));
    }
  }
  static int left;
};

template <class T> int feeding<T>::left;

START_TEST(many_are_as_many_as_there_were) {
  auto ch = loopchan::open<feeder>().value();
  std::vector<feeder, feeding<feeder>> all;

  all.reserve(100000);
  for (int i = 0; i < 300; i++)
    ck_assert(!ch.tx.send(feeder(&ch.tx)));
  feeding<feeder>::left = 50000;
  ck_assert(!ch.rx.recv_many(all, SIZE_MAX));
  ck_assert_uint_ge(all.size(), 300);
  ck_assert_uint_le(all.size(), 310);
}
END_TEST

START_TEST(select_names_the_receiver_that_is_ready) {
  auto numbers = loopchan::open<int>().value();
  auto texts = loopchan::open<std::string>().value();
  std::vector<loopchan::thread_receiver<int>> several;
  std::vector<loopchan::sender<int>> senders;

  ck_assert(loopchan::select_for(0ns, numbers.rx, texts.rx).error() ==
            errc::timed_out);
  ck_assert(!texts.tx.send("text"));
  ck_assert(loopchan::select(numbers.rx, texts.rx) == 1u);
  numbers.tx.drop();
  ck_assert(loopchan::select(numbers.rx) == 0u);
  ck_assert(
      loopchan::select(numbers.rx, loopchan::thread_receiver<int>()).error() ==
      errc::invalid);
  ck_assert(loopchan::select(several).error() == errc::invalid);
  for (int i = 0; i < 3; i++) {
    auto ch = loopchan::open<int>().value();
    several.push_back(std::move(ch.rx));
    senders.push_back(std::move(ch.tx));
  }
  ck_assert(loopchan::select_for(1us, several).error() == errc::timed_out);
  ck_assert(!senders[2].send(1));
  ck_assert(loopchan::select(several) == 2u);
  heap_fail(1);
  ck_assert(loopchan::select(several).error() == errc::no_memory);
  heap_fail(0);
}
END_TEST

START_TEST(stats_are_the_channels) {
  auto on_loop = loopchan::open<int>(&loop, with_room(7)).value();
  auto on_thread = loopchan::open<int>().value();

  ck_assert(!on_loop.tx.send(1) && !on_thread.tx.send(1));
  ck_assert_uint_eq(on_loop.rx.stats()->queued, 1);
  ck_assert_uint_eq(on_loop.rx.stats()->capacity, 7);
  ck_assert(!on_thread.rx.close());
  ck_assert_uint_eq(on_thread.rx.stats().value().dropped, 1);
  on_loop.rx.close();
  ck_assert(on_loop.rx.stats().error() == errc::invalid);
}
END_TEST

START_TEST(a_writer_is_asked_to_tell_nothing_more) {
  auto ch = loopchan::open<int>().value();
  auto w = loopchan::open_writer(&loop, std::move(ch.tx)).value();
  auto owned = std::make_shared<int>(0);

  ck_assert(!w.on_closed([owned] { ++*owned; }));
  ck_assert_int_eq(owned.use_count(), 2);
  ck_assert(!w.on_closed(nullptr));
  ck_assert_int_eq(owned.use_count(), 1);
  ck_assert(!ch.rx.close());
  w.close();
  ck_assert(w.on_closed(nullptr) == errc::invalid);
  ck_assert_int_eq(uv_run(&loop, UV_RUN_DEFAULT), 0);
  ck_assert_int_eq(*owned, 0);
}
END_TEST

static Suite *suite() {
  Suite *suite = suite_create("promise cpp messages");

  SUITE_CASE(
      suite, "messages", loop_open, expect_loop_clean,
      any_type_that_moves_reaches_a_thread, any_type_that_moves_reaches_a_loop,
      a_closure_is_a_message, a_large_message_is_on_no_stack,
      what_is_not_large_needs_no_allocation, many_messages_are_sent_at_once,
      of_many_those_that_were_not_accepted_stay,
      a_vector_is_copied_or_loses_what_went,
      of_many_none_goes_when_a_move_throws, a_message_is_built_in_its_place,
      a_reserved_place_answers_as_its_namesakes,
      bytes_are_built_without_a_copy_or_an_allocation,
      a_vector_grows_by_steps_that_grow, many_are_as_many_as_there_were,
      select_names_the_receiver_that_is_ready, stats_are_the_channels,
      a_writer_is_asked_to_tell_nothing_more);
  return suite;
}
