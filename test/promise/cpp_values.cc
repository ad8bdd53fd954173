/* Promise: what the calls of loopchan.hpp take and give: a time-out of any
 * std::chrono duration, rounded up, never overflowing; a result that behaves as
 * std::expected; an error that compares with std::errc, and a success that
 * equals every other. */
#include <loopchan.hpp>

#include <array>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "support/loop.h"
#include "support/suite.h"

using namespace std::chrono_literals;
using loopchan::errc;
using loopchan::result;
using loopchan::time_span;
using loopchan::unexpected;

template <class Rep, class Period = std::ratio<1>>
static std::uint64_t ns(Rep count) {
  return time_span(std::chrono::duration<Rep, Period>(count)).ns();
}

START_TEST(a_time_is_rounded_up_to_nanoseconds) {
  using third = std::ratio<1, 3>;
  using years = std::ratio<31556952>;

  ck_assert_uint_eq(time_span().ns(), 0);
  ck_assert_uint_eq(time_span(5ns).ns(), 5);
  ck_assert_uint_eq(time_span(5us).ns(), 5000);
  ck_assert_uint_eq(time_span(3h).ns(), 10800000000000);
  ck_assert_uint_eq((ns<int, std::pico>(1)), 1);
  ck_assert_uint_eq((ns<int, std::pico>(1000)), 1);
  ck_assert_uint_eq((ns<int, std::pico>(1001)), 2);
  ck_assert_uint_eq((ns<int, std::atto>(1)), 1);
  ck_assert_uint_eq((ns<int, third>(1)), 333333334);
  ck_assert_uint_eq((ns<int, third>(3)), 1000000000);
  ck_assert_uint_eq((ns<int, years>(2)), 63113904000000000);
  ck_assert_uint_eq((ns<std::int8_t, std::milli>(127)), 127000000);
  ck_assert_uint_eq((ns<std::uint8_t, std::milli>(255)), 255000000);
  ck_assert_uint_eq(ns(0.5), 500000000);
  ck_assert_uint_eq(ns(0.5f), 500000000);
  ck_assert_uint_eq(ns(0.5L), 500000000);
  ck_assert_uint_eq((ns<double, std::nano>(0.001)), 1);
  ck_assert_uint_eq((ns<float, std::pico>(1500.0f)), 2);
  ck_assert_uint_eq(ns(1e-300), 1);
}
END_TEST

template <class Real> static void real_is_never_below_nor_above() {
  using limits = std::numeric_limits<Real>;

  ck_assert_uint_eq(ns(limits::quiet_NaN()), 0);
  ck_assert_uint_eq(ns(-limits::quiet_NaN()), 0);
  ck_assert_uint_eq(ns(limits::lowest()), 0);
  ck_assert_uint_eq(ns(-limits::infinity()), 0);
  ck_assert_uint_eq(ns(-limits::min()), 0);
  ck_assert_uint_eq(ns(Real()), 0);
  ck_assert_uint_eq(ns(-Real()), 0);
  ck_assert_uint_eq(ns(limits::max()), LOOPCHAN_FOREVER);
  ck_assert_uint_eq(ns(limits::infinity()), LOOPCHAN_FOREVER);
  ck_assert_uint_eq((ns<Real, std::exa>(limits::max())), LOOPCHAN_FOREVER);
  ck_assert_uint_eq((ns<Real, std::nano>(limits::max())), LOOPCHAN_FOREVER);
  ck_assert_uint_eq((ns<Real, std::nano>(static_cast<Real>(1ull << 63))),
                    1ull << 63);
  ck_assert_uint_eq((ns<Real, std::nano>(2 * static_cast<Real>(1ull << 63))),
                    LOOPCHAN_FOREVER);
}

template <class Whole> static void whole_is_never_below_nor_above() {
  using limits = std::numeric_limits<Whole>;
  using odd = std::ratio<INTMAX_MAX, INTMAX_MAX - 1>;
  constexpr bool is_wide = sizeof(Whole) == 8;

  ck_assert_uint_eq(ns(Whole()), 0);
  if (limits::is_signed) {
    ck_assert_uint_eq(ns(limits::min()), 0);
    ck_assert_uint_eq((ns<Whole, std::pico>(limits::min())), 0);
  }
  ck_assert_uint_eq((ns<Whole, std::exa>(limits::max())), LOOPCHAN_FOREVER);
  ck_assert_uint_eq((ns<Whole, odd>(1)), 1000000001);
  ck_assert_uint_eq((ns<Whole, std::nano>(limits::max())),
                    static_cast<std::uint64_t>(limits::max()));
  ck_assert_uint_eq((ns<Whole, std::atto>(1)), 1);
  if (is_wide) {
    ck_assert_uint_eq(ns(limits::max()), LOOPCHAN_FOREVER);
    ck_assert_uint_eq((ns<Whole, odd>(limits::max())), LOOPCHAN_FOREVER);
    ck_assert_uint_eq((ns<Whole, std::pico>(limits::max())),
                      static_cast<std::uint64_t>(limits::max()) / 1000 + 1);
  }
}

START_TEST(a_time_is_neither_below_zero_nor_above_the_largest) {
  real_is_never_below_nor_above<float>();
  real_is_never_below_nor_above<double>();
  real_is_never_below_nor_above<long double>();
  whole_is_never_below_nor_above<std::int8_t>();
  whole_is_never_below_nor_above<std::uint8_t>();
  whole_is_never_below_nor_above<std::int16_t>();
  whole_is_never_below_nor_above<std::uint16_t>();
  whole_is_never_below_nor_above<std::int32_t>();
  whole_is_never_below_nor_above<std::uint32_t>();
  whole_is_never_below_nor_above<std::int64_t>();
  whole_is_never_below_nor_above<std::uint64_t>();
  whole_is_never_below_nor_above<std::intmax_t>();
  whole_is_never_below_nor_above<long>();
  whole_is_never_below_nor_above<unsigned long long>();
  ck_assert_uint_eq(loopchan::forever.ns(), LOOPCHAN_FOREVER);
}
END_TEST

#ifdef __SIZEOF_INT128__
__extension__ typedef __int128 wide;
__extension__ typedef unsigned __int128 wide_unsigned;

START_TEST(a_time_may_count_in_128_bits) {
  using limits = std::numeric_limits<wide>;
  constexpr wide above = static_cast<wide>(1) << 64;

  static_assert(std::is_integral_v<wide>);
  ck_assert_uint_eq(ns<wide>(2), 2000000000);
  ck_assert_uint_eq(ns<wide>(-above), 0);
  ck_assert_uint_eq(ns(limits::min()), 0);
  ck_assert_uint_eq(ns(limits::max()), LOOPCHAN_FOREVER);
  ck_assert_uint_eq((ns<wide, std::nano>(above - 2)), LOOPCHAN_FOREVER - 1);
  ck_assert_uint_eq((ns<wide, std::nano>(above)), LOOPCHAN_FOREVER);
  ck_assert_uint_eq((ns<wide, std::nano>(above + 5)), LOOPCHAN_FOREVER);
  ck_assert_uint_eq((ns<wide, std::atto>(above)), 18446744074);
  ck_assert_uint_eq((ns<wide, std::atto>(5 * above)), 92233720369);
  ck_assert_uint_eq((ns<wide, std::atto>(above * 1000000000)),
                    LOOPCHAN_FOREVER);
  ck_assert_uint_eq((ns<wide, std::ratio<3>>(above)), LOOPCHAN_FOREVER);
  ck_assert_uint_eq((ns<wide_unsigned, std::nano>(
                        static_cast<wide_unsigned>(above) * above - 1)),
                    LOOPCHAN_FOREVER);
}
END_TEST
#endif

/* Counts without being arithmetic. */
struct ticks {
  constexpr ticks(double from = 0) : n(from) {}
  constexpr operator double() const { return n; }
  double n;
};

START_TEST(a_time_may_count_in_a_class) {
  ck_assert_uint_eq((ns<ticks, std::milli>(ticks(2.5))), 2500000);
  ck_assert_uint_eq(ns(ticks(-1)), 0);
}
END_TEST

/* Each waits for a message that is there: an overflow would not find it. */
START_TEST(every_call_takes_any_duration) {
  loopchan::options options;
  options.capacity = 1;
  options.budget_time = std::chrono::duration<double>(0.001);
  options.spin_time = std::chrono::hours::max();
  auto ch = loopchan::open<int>(options).value();
  const int two = 2;

  ck_assert(!ch.tx.send_for(1, std::chrono::hours::max()));
  ck_assert(ch.tx.send_for(two, std::chrono::hours::min()) == errc::timed_out);
  ck_assert(ch.tx.send_for(two, std::chrono::duration<float>(1e-6f)) ==
            errc::timed_out);
  ck_assert(loopchan::select_for(std::chrono::minutes::max(), ch.rx) == 0u);
  ck_assert(ch.rx.recv_for(std::chrono::seconds::max()) == 1);
  ck_assert(!ch.tx.send_for(two, std::chrono::duration<double>(1e300)));
  ck_assert(ch.rx.recv_for(loopchan::forever) == 2);
  ck_assert(ch.rx.recv_for(std::chrono::duration<double>(-1)).error() ==
            errc::timed_out);
}
END_TEST

START_TEST(a_success_equals_every_other) {
  auto ch = loopchan::open<int>().value();
  std::error_code sent = ch.tx.send(1), none;

  ck_assert(sent == none);
  ck_assert(sent == std::error_code(0, std::system_category()));
  ck_assert(sent == std::errc());
  ck_assert(sent == errc());
  ck_assert(sent == ch.rx.recv().error());
  ck_assert(sent == ch.rx.shutdown());
  ck_assert(sent == result<int>(3).error());
  ck_assert(sent == result<void>().error());
  ck_assert(sent != errc::closed);
}
END_TEST

START_TEST(an_error_is_one_of_std) {
  const std::array<std::pair<int, std::errc>, 13> same = {{
      {UV_EAGAIN, std::errc::resource_unavailable_try_again},
      {UV_EALREADY, std::errc::connection_already_in_progress},
      {UV_EBUSY, std::errc::device_or_resource_busy},
      {UV_ECANCELED, std::errc::operation_canceled},
      {UV_EINVAL, std::errc::invalid_argument},
      {UV_EMFILE, std::errc::too_many_files_open},
      {UV_ENFILE, std::errc::too_many_files_open_in_system},
      {UV_ENOMEM, std::errc::not_enough_memory},
      {UV_ENOSYS, std::errc::function_not_supported},
      {UV_EPERM, std::errc::operation_not_permitted},
      {UV_EPIPE, std::errc::broken_pipe},
      {UV_ETIMEDOUT, std::errc::timed_out},
#ifndef _WIN32
      {UV_ENOTCONN, std::errc::not_connected},
#else
      {UV_EPIPE, std::errc::broken_pipe},
#endif
  }};

  for (const auto &[code, condition] : same) {
    std::error_code err(code, loopchan::category());
    ck_assert(err == condition);
    ck_assert(err.default_error_condition() == condition);
    ck_assert(err != std::errc::file_exists);
    ck_assert(err.message() == uv_strerror(code));
  }
  for (int own : {static_cast<int>(UV_EOF), static_cast<int>(UV_EAI_AGAIN)}) {
    std::error_code err(own, loopchan::category());
    ck_assert(&err.default_error_condition().category() ==
              &loopchan::category());
    ck_assert(err.message() == uv_strerror(own));
  }
}
END_TEST

START_TEST(a_value_is_had_in_every_way) {
  result<std::string> got = std::string("text");
  const result<std::string> same = got;

  static_assert(std::is_same_v<decltype(got.value()), std::string &>);
  static_assert(std::is_same_v<decltype(same.value()), const std::string &>);
  static_assert(
      std::is_same_v<decltype(std::move(got).value()), std::string &&>);
  static_assert(
      std::is_same_v<decltype(std::move(same).value()), const std::string &&>);
  static_assert(std::is_same_v<decltype(*std::move(got)), std::string &&>);
  static_assert(
      std::is_same_v<decltype(*std::move(same)), const std::string &&>);
  ck_assert(got && got.has_value() && !got.error());
  ck_assert(got.value() == "text" && *got == "text");
  ck_assert(same.value() == "text" && same->size() == 4);
  got.value() = "another";
  ck_assert(got->size() == 7);
  ck_assert(got.value_or("none") == "another");
  ck_assert(std::move(got).value_or("none") == "another");
  ck_assert(std::move(*got).empty());
  ck_assert(std::string(std::move(same).value()) == "text");
  got.emplace(3u, 'x');
  ck_assert(got == "xxx");
  got = "assigned";
  ck_assert(got == std::string("assigned"));
  ck_assert(same.error_or(errc::again) == errc::again);
}
END_TEST

START_TEST(another_value_takes_the_place_of_none) {
  result<std::string> got = std::string("text");

  got = unexpected(errc::closed);
  ck_assert(!got && got.value_or("none") == "none");
  ck_assert(std::move(got).value_or("none") == "none");
  ck_assert(got.error_or(errc::again) == errc::closed);
}
END_TEST

START_TEST(an_error_has_no_value) {
  result<int> got = unexpected(errc::closed);
  const result<int> same = got;
  int caught = 0;

  ck_assert(!got && !got.has_value());
  ck_assert(got.error() == errc::closed);
  for (int i = 0; i < 2; i++)
    try {
      (void) (i == 0 ? got.value() : same.value());
    } catch (const std::system_error &thrown) {
      caught += thrown.code() == errc::closed;
    }
  try {
    (void) std::move(got).value();
  } catch (const std::system_error &thrown) {
    caught += thrown.code() == errc::closed;
  }
  try {
    result<void>(unexpected(errc::again)).value();
  } catch (const std::system_error &thrown) {
    caught += thrown.code() == errc::again;
  }
  ck_assert_int_eq(caught, 4);
  /* A success is no error to give. */
  ck_assert(result<int>(unexpected(std::error_code())).error() ==
            errc::invalid);
  ck_assert(result<void>(unexpected(std::error_code())).error() ==
            errc::invalid);
}
END_TEST

START_TEST(results_are_chained) {
  auto half = [](int n) -> result<double> {
    if (n < 0)
      return unexpected(errc::invalid);
    return n / 2.0;
  };
  auto cure = [](std::error_code err) -> result<int> {
    if (err == errc::again)
      return 7;
    return unexpected(err);
  };
  auto worse = [](std::error_code) { return errc::closed; };
  result<int> good = 3, bad = unexpected(errc::again);
  const result<int> fixed = 4;
  int calls = 0;

  ck_assert(good.and_then(half) == 1.5);
  ck_assert(fixed.and_then(half) == 2.0);
  ck_assert(result<int>(-1).and_then(half) == unexpected(errc::invalid));
  ck_assert(bad.and_then(half) == unexpected(errc::again));
  ck_assert(good.transform([](int &n) { return std::to_string(n++); }) == "3");
  ck_assert(good == 4);
  ck_assert(good.transform([&](int) { calls++; }) == result<void>());
  ck_assert(bad.transform([&](int) { calls++; }) == unexpected(errc::again));
  ck_assert_int_eq(calls, 1);
  ck_assert(good.or_else(cure) == 4);
  ck_assert(bad.or_else(cure) == 7);
  ck_assert(good.transform_error(worse) == 4);
  ck_assert(bad.transform_error(worse) == unexpected(errc::closed));
  ck_assert(result<void>().and_then([] { return result<int>(1); }) == 1);
  ck_assert(result<void>().transform([] { return 2; }) == 2);
  ck_assert(!result<void>(unexpected(errc::again)).transform([] {}));
  ck_assert(result<void>(unexpected(errc::again)).or_else([](auto) {
    return result<void>();
  }));
}
END_TEST

/* No default constructor, no copy, no assignment. */
struct stern {
  explicit stern(int n) noexcept : number(n) {}
  stern(stern &&) noexcept = default;
  const int number;
};

START_TEST(a_value_that_only_moves_is_moved_through) {
  result<std::unique_ptr<int>> owned(std::make_unique<int>(5));
  result<stern> one(std::in_place, 1);
  auto next = std::move(owned).transform(
      [](std::unique_ptr<int> &&p) { return std::move(p); });

  ck_assert(owned.has_value() && *owned == nullptr);
  ck_assert_int_eq(**next, 5);
  ck_assert_int_eq(*std::move(next).value(), 5);
  ck_assert_int_eq(*std::move(next).value_or(std::make_unique<int>(6)), 5);
  ck_assert_int_eq(one->number, 1);
  ck_assert_int_eq(std::move(one)
                       .and_then([](stern &&s) {
                         return result<stern>(std::in_place, s.number + 1);
                       })
                       ->number,
                   2);
  ck_assert_int_eq(one.emplace(3).number, 3);
  static_assert(!std::is_default_constructible_v<result<stern>>);
  static_assert(!std::is_copy_constructible_v<result<stern>>);
  static_assert(std::is_move_constructible_v<result<stern>>);
}
END_TEST

START_TEST(results_are_swapped_and_compared) {
  result<int> a = 1, b = a;
  result<long> c = 1;
  result<void> done, failed = unexpected(errc::again);

  b = unexpected(errc::again);
  ck_assert(a != b && a == c && a == 1 && 1 == a && a != 2 && 2 != a);
  ck_assert(b == unexpected(errc::again) && b != unexpected(errc::closed));
  ck_assert(unexpected(errc::again) == b && unexpected(errc::closed) != b);
  ck_assert(b != 1 && a != unexpected(errc::again));
  ck_assert(b == result<int>(unexpected(errc::again)));
  ck_assert(b != result<int>(unexpected(errc::closed)));
  swap(a, b);
  ck_assert(b == 1 && a.error() == errc::again && !b.error());
  a.swap(b);
  ck_assert(a == 1);
  ck_assert(done == result<void>() && done != failed);
  done.swap(failed);
  ck_assert(failed && done.error() == errc::again);
  done.emplace();
  ck_assert(done && !done.error());
  *done;
}
END_TEST

struct only_if_asked {
  explicit only_if_asked(int n) : number(n) {}
  int number;
};

START_TEST(a_result_converts_as_its_value_does) {
  result<int> n = 5, none = unexpected(errc::closed);
  result<long> longer = n, no_longer = none;
  result<only_if_asked> asked(n);
  result<std::unique_ptr<int>> one(std::make_unique<int>(7));
  result<std::shared_ptr<const int>> shared = std::move(one);
  result<bool> flag = n;

  static_assert(!std::is_convertible_v<result<int>, result<only_if_asked>>);
  static_assert(!std::is_constructible_v<result<int>, result<std::string>>);
  static_assert(!std::is_constructible_v<result<std::unique_ptr<const int>>,
                                         result<std::unique_ptr<int>> &>);
  static_assert(std::is_nothrow_swappable_v<result<int>>);
  ck_assert(longer == 5 && no_longer.error() == errc::closed);
  longer = none;
  ck_assert(longer.error() == errc::closed);
  ck_assert_int_eq(asked->number, 5);
  ck_assert(**shared == 7 && *one == nullptr);
  ck_assert(*flag);
}
END_TEST

/* Takes anything, as std::any does. */
struct anything {
  template <class T> anything(T &&) noexcept {}
  anything(const anything &) noexcept = default;
  anything(anything &&) noexcept = default;
  anything &operator=(const anything &) noexcept = default;
  anything &operator=(anything &&) noexcept = default;
};

START_TEST(what_converts_from_anything_is_a_value_like_others) {
  result<anything> got = 5, error = unexpected(errc::closed), copy = error;
  result<bool> flag = unexpected(errc::again), other = flag;
  result<std::error_code> code = std::error_code(errc::closed);

  ck_assert(got && !error && !copy);
  copy = got;
  ck_assert(copy && error.error() == errc::closed);
  ck_assert(!flag && !other);
  ck_assert(code && *code == errc::closed && !code.error());
}
END_TEST

struct big {
  int number;
  char filling[100000];
};

START_TEST(a_large_value_is_on_the_heap_and_copied_whole) {
  result<big> got(std::in_place), none = unexpected(errc::again);

  static_assert(sizeof got < 100);
  static_assert(!std::is_copy_constructible_v<
                result<std::array<std::unique_ptr<int>, 1000>>>);
  got->number = 1;
  result<big> copy = got;
  copy->number = 2;
  ck_assert_int_eq(got->number, 1);
  got = copy;
  ck_assert_int_eq(got.value().number, 2);
  copy = none;
  ck_assert(copy.error() == errc::again);
  result<big> moved = std::move(got);
  ck_assert_int_eq(moved->number, 2);
  ck_assert(!got && got.error() == errc::invalid);
  none.emplace().number = 5;
  moved = std::move(none);
  ck_assert(moved->number == 5 && none.error() == errc::invalid);
  moved->number = 2;
  got.emplace().number = 4;
  moved.swap(got);
  ck_assert_int_eq(moved->number, 4);
  ck_assert(got && !got.error());
}
END_TEST

static Suite *suite() {
  Suite *suite = suite_create("promise cpp values");

#ifdef __SIZEOF_INT128__
  SUITE_CASE(suite, "wide", loop_open, expect_loop_clean,
             a_time_may_count_in_128_bits);
#endif
  SUITE_CASE(suite, "values", loop_open, expect_loop_clean,
             a_time_is_rounded_up_to_nanoseconds,
             a_time_is_neither_below_zero_nor_above_the_largest,
             a_time_may_count_in_a_class, every_call_takes_any_duration,
             a_success_equals_every_other, an_error_is_one_of_std,
             a_value_is_had_in_every_way, another_value_takes_the_place_of_none,
             an_error_has_no_value, results_are_chained,
             a_value_that_only_moves_is_moved_through,
             results_are_swapped_and_compared,
             a_result_converts_as_its_value_does,
             what_converts_from_anything_is_a_value_like_others,
             a_large_value_is_on_the_heap_and_copied_whole);
  return suite;
}
