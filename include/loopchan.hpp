/* loopchan.hpp: loopchan for C++17: typed, move-only, with lambdas.
 *
 * Header-only, on top of loopchan.h, which remains the contract: each call does
 * what its loopchan_ namesake does, is allowed on the same threads and inside
 * the same callbacks, and returns the same codes. Only the differences are
 * described here.
 *
 *   auto ch = loopchan::open<std::string>(loop).value();
 *   std::thread worker([tx = std::move(ch.tx)] { (void) tx.send("done"); });
 *   ch.rx.start([](std::string &&text) { std::puts(text.c_str()); },
 *               [&] { ch.rx.close(); });
 *
 * Messages: any T that can be moved, of any size and alignment, whatever
 * operators it overloads. Inside the library a message is a sequence of bytes
 * that are copied from place to place, and most objects do not survive that
 * (libstdc++'s std::string points into itself). So a T is sent
 *   - as its bytes, if that is how it is copied (trivially copyable), if it has
 *     no more than max_inline of them, and if it is aligned as max_align_t at
 *     most: no allocation;
 *   - a std::unique_ptr with the default deleter as its pointer: none either;
 *   - else in a box: moved to the heap, and the box's pointer is sent.
 *
 * This header puts no T of more than max_inline bytes on the stack: result
 * keeps it in its box. A message that is accepted is moved from. One that is
 * refused is still the caller's, with its value: it was not moved (the first
 * two), or was moved back: assigned, or, if T has no assignment, constructed in
 * its old place (which must not throw then). A message that is accepted and
 * never received is destroyed when the receiver, or the last of several,
 * closes; with options.latest also by the send that replaces it, on that
 * thread.
 *
 * Times: a time-out is any std::chrono duration; see time_span.
 *
 * Errors: a std::error_code with libuv's codes, which converts to true if it is
 * an error. errc names the usual ones; they also compare with std::errc.
 * Success is std::error_code(). A call on an end that is empty (made by
 * default, moved from, or, on a loop, closed) returns errc::invalid. A
 * thread_receiver that is closed is not empty: its calls return what their
 * namesakes do then.
 *
 * Exceptions: none crosses the C library. Code that the library calls is
 * noexcept: if a callback or a message's destructor throws, the program ends by
 * std::terminate. If a copy or move of a T throws, the exception leaves the
 * call that copied or moved it: a send is not made then; a message that throws
 * when it is moved out of its box, to be received or to be handed back, is
 * lost. Nothing else throws, except result::value(), making or copying a result
 * of a large T, and growing a vector; a failed allocation is errc::no_memory.
 * Works with -fno-exceptions and -fno-rtti: value() of an error then ends the
 * program by std::terminate. (If only some files of a program are compiled with
 * -fno-exceptions, the linker may use their value() in all of them.)
 *
 * Ends: destructors do what is described at each class. Moving an end does not
 * move its handle, which is on the heap. Several threads at once may make const
 * calls on one sender, and clone one receiver. A receiver's stats, const too,
 * are for its own thread, or with options.shared, if it is a thread_receiver,
 * for any.
 */

#ifndef LOOPCHAN_HPP
#define LOOPCHAN_HPP

#if __cplusplus < 201703L && (!defined(_MSVC_LANG) || _MSVC_LANG < 201703L)
#error "loopchan.hpp needs C++17"
#endif

#include <algorithm>
#include <cassert>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <initializer_list>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

#include <loopchan.h>

#ifdef forever
#error "forever is a macro, perhaps Qt's: define QT_NO_KEYWORDS"
#endif

/* One object for the whole program, so that a plug-in's errors equal the
 * program's, even if it hides its symbols. */
#if defined(__GNUC__) && !defined(_WIN32)
#define LOOPCHAN_ONE_FOR_ALL __attribute__((visibility("default")))
#else
#define LOOPCHAN_ONE_FOR_ALL
#endif

/* gcc's -Wshadow compares the parameters of templates with the globals of the
 * program that uses them. */
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
#endif

namespace loopchan {

/* ------------------------------------------------------------------ errors */

/* The codes of libuv that are usual here. */
enum class errc : int {
  again = UV_EAGAIN,
  already = UV_EALREADY,
  canceled = UV_ECANCELED,
  closed = UV_EPIPE,
  end_of_file = UV_EOF,
  invalid = UV_EINVAL,
  no_memory = UV_ENOMEM,
  timed_out = UV_ETIMEDOUT
};

}  // namespace loopchan

template <> struct std::is_error_code_enum<loopchan::errc> : std::true_type {};

namespace loopchan {
namespace detail {

struct LOOPCHAN_ONE_FOR_ALL uv_category final : std::error_category {
  const char *name() const noexcept override { return "libuv"; }
  std::string message(int err) const override {
    char text[128];
    return uv_strerror_r(err, text, sizeof text);
  }
  /* On Unix they are errno, negated, on Windows numbers of libuv's own: those
   * that the library returns are named. */
  std::error_condition default_error_condition(
      int err) const noexcept override {
    switch (err) {
      case UV_EAGAIN:
        return std::errc::resource_unavailable_try_again;
      case UV_EALREADY:
        return std::errc::connection_already_in_progress;
      case UV_EBUSY:
        return std::errc::device_or_resource_busy;
      case UV_ECANCELED:
        return std::errc::operation_canceled;
      case UV_EINVAL:
        return std::errc::invalid_argument;
      case UV_EMFILE:
        return std::errc::too_many_files_open;
      case UV_ENFILE:
        return std::errc::too_many_files_open_in_system;
      case UV_ENOMEM:
        return std::errc::not_enough_memory;
      case UV_ENOSYS:
        return std::errc::function_not_supported;
      case UV_EPERM:
        return std::errc::operation_not_permitted;
      case UV_EPIPE:
        return std::errc::broken_pipe;
      case UV_ETIMEDOUT:
        return std::errc::timed_out;
      default:
        return err < 0 && err > first_of_libuv
                   ? std::error_condition(-err, std::generic_category())
                   : std::error_condition(err, *this);
    }
  }

  /* From here down the numbers are no system's errno. */
  static constexpr int first_of_libuv = -3000;
};

/* Never destroyed: an error may be looked at when the program ends. */
union LOOPCHAN_ONE_FOR_ALL kept_category {
  constexpr kept_category() noexcept : it() {}
  ~kept_category() {}
  uv_category it;
};

LOOPCHAN_ONE_FOR_ALL inline const kept_category the_category;

/* A success is a std::error_code's own, and so compares equal to one. */
inline std::error_code code(int err) noexcept {
  return err == 0 ? std::error_code() : std::error_code(err, the_category.it);
}

}  // namespace detail

/* The category of all errors here: libuv. */
inline const std::error_category &category() noexcept {
  return detail::the_category.it;
}

/* So that an errc is a std::error_code. */
inline std::error_code make_error_code(errc err) noexcept {
  return detail::code(static_cast<int>(err));
}

/* ------------------------------------------------------------------- times */

namespace detail {

/* Counts of 1 / Den, exact; what is too large stays at the largest. */
template <std::uint64_t Den> struct fraction {
  std::uint64_t whole;
  std::uint64_t rest; /* below Den, which is below 2^63 */

  constexpr fraction plus(const fraction &other) const noexcept {
    std::uint64_t sum = rest + other.rest, carry = sum >= Den ? 1 : 0;
    if (other.whole > UINT64_MAX - whole ||
        carry > UINT64_MAX - whole - other.whole)
      return {UINT64_MAX, 0};
    return {whole + other.whole + carry, sum - carry * Den};
  }
  constexpr fraction times(std::uint64_t n) const noexcept {
    fraction sum{0, 0}, power = *this;
    for (; n != 0; n /= 2) {
      if (n % 2 != 0)
        sum = sum.plus(power);
      power = power.plus(power);
    }
    return sum;
  }
  constexpr std::uint64_t rounded_up() const noexcept {
    return whole + (rest != 0 && whole != UINT64_MAX ? 1 : 0);
  }
};

constexpr std::uint64_t common_factor(std::uint64_t a,
                                      std::uint64_t b) noexcept {
  return b == 0 ? a : common_factor(b, a % b);
}

/* Nanoseconds of count periods, and above times 2^64 more. */
template <class Period>
constexpr std::uint64_t whole_ns(std::uint64_t count,
                                 std::uint64_t above = 0) noexcept {
  constexpr std::uint64_t second = 1000000000;
  constexpr std::uint64_t num = Period::num, all = Period::den;
  constexpr std::uint64_t common = common_factor(second, all);
  constexpr std::uint64_t den = all / common;
  constexpr fraction<den> period =
      (den == 1 ? fraction<den>{1, 0} : fraction<den>{0, 1})
          .times(num)
          .times(second / common);

  if constexpr (den == 1)
    return above != 0 || count > UINT64_MAX / period.whole
               ? UINT64_MAX
               : count * period.whole;
  constexpr std::uint64_t half = UINT64_C(1) << 32;
  return period.times(count)
      .plus(period.times(above).times(half).times(half))
      .rounded_up();
}

template <class Period>
constexpr std::uint64_t real_ns(long double count) noexcept {
  constexpr long double num = Period::num, den = Period::den;
  long double time = count * num / den * 1e9L;

  if (!(time > 0)) /* NaN too */
    return 0;
  if (time >= static_cast<long double>(UINT64_MAX))
    return UINT64_MAX;
  auto whole = static_cast<std::uint64_t>(time);
  return static_cast<long double>(whole) < time ? whole + 1 : whole;
}

}  // namespace detail

/* A time-out, or another span of time, in nanoseconds: any
 * std::chrono::duration converts to it, also of floating or unsigned numbers,
 * and of any period. It is rounded up: no wait is shorter than requested. A
 * negative value, and NaN, is 0. A value of 2^64 - 1 ns (584 years) or more is
 * forever. */
class time_span {
 public:
  constexpr time_span() noexcept = default;
  template <class Rep, class Period>
  constexpr time_span(const std::chrono::duration<Rep, Period> &time) noexcept(
      std::is_arithmetic_v<Rep>)
      : ns_(from<Period>(time.count())) {}

  constexpr std::uint64_t ns() const noexcept { return ns_; }

 private:
  template <class Period, class Rep>
  static constexpr std::uint64_t from(const Rep &count) {
    if constexpr (std::is_same_v<Rep, std::uint64_t>)
      return detail::whole_ns<Period>(count);
    else if constexpr (std::is_same_v<Rep, long double>)
      return detail::real_ns<Period>(count);
    else if constexpr (!std::is_integral_v<Rep>)
      return detail::real_ns<Period>(static_cast<long double>(count));
    else if (!(count > Rep()))
      return 0;
    else if constexpr (sizeof(Rep) > sizeof(std::uint64_t))
      return detail::whole_ns<Period>(static_cast<std::uint64_t>(count),
                                      static_cast<std::uint64_t>(count >> 64));
    else
      return detail::whole_ns<Period>(static_cast<std::uint64_t>(count));
  }

  std::uint64_t ns_ = 0;
};

/* A time-out that never expires. (In parentheses: max is a macro on
 * Windows.) */
inline constexpr time_span forever = (std::chrono::hours::max)();

/* options.spin_time: a call that has to wait sleeps at once. */
inline constexpr time_span no_spin = std::chrono::nanoseconds(LOOPCHAN_NO_SPIN);

/* ----------------------------------------------------------------- results */

/* A T with more bytes than this is kept on the heap: not in a slab, and not on
 * the stack. */
inline constexpr std::size_t max_inline = 4096;

template <class T> class result;

/* Why there is no value: converts to a result without one. */
class unexpected {
 public:
  explicit unexpected(std::error_code err) noexcept : err_(err) {}
  const std::error_code &error() const noexcept { return err_; }
  friend bool operator==(const unexpected &a, const unexpected &b) noexcept {
    return a.err_ == b.err_;
  }
  friend bool operator!=(const unexpected &a, const unexpected &b) noexcept {
    return a.err_ != b.err_;
  }

 private:
  std::error_code err_;
};

namespace detail {

/* T may overload what it likes, and its namespace may have greedy templates:
 * calls here are qualified, addresses are std::addressof's, and new is
 * ::new. */

template <class T> using bare = std::remove_cv_t<std::remove_reference_t<T>>;

template <class T>
inline constexpr bool is_plain = std::is_object_v<T> && !std::is_array_v<T> &&
                                 !std::is_const_v<T> && !std::is_volatile_v<T>;

template <class T> inline constexpr bool is_result = false;
template <class T> inline constexpr bool is_result<result<T>> = true;

/* An object on the heap, or nothing. */
template <class T, class... Args> std::unique_ptr<T> make(Args &&...args) {
  return std::unique_ptr<T>(::new (std::nothrow)
                                T(std::forward<Args>(args)...));
}

/* The error of a result that has one. */
inline std::error_code error_of(std::error_code err) noexcept {
  return err ? err : make_error_code(errc::invalid);
}

struct filled_by {};

/* A T that travels, or stays, on the heap. */
template <class T> struct box {
  template <class... Args>
  explicit box(std::in_place_t how, Args &&...args)
      : msg(how, std::forward<Args>(args)...) {}
  std::optional<T> msg; /* there; a writer hands it back like this */
};

/* An optional T on the heap. Its moves cannot throw. */
template <class T> class boxed_optional {
 public:
  boxed_optional() = default;
  template <class... Args>
  explicit boxed_optional(std::in_place_t how, Args &&...args)
      : box_(new box<T>(how, std::forward<Args>(args)...)) {}
  boxed_optional(boxed_optional &&) noexcept = default;
  boxed_optional &operator=(boxed_optional &&) noexcept = default;
  boxed_optional(const boxed_optional &from)
      : box_(from.has_value() ? new box<T>(std::in_place, *from) : nullptr) {}
  boxed_optional &operator=(const boxed_optional &from) {
    boxed_optional copy(from);
    box_ = std::move(copy.box_);
    return *this;
  }

  bool has_value() const noexcept { return box_.get() != nullptr; }
  void reset() noexcept { box_.reset(); }
  void adopt(std::unique_ptr<box<T>> from) noexcept { box_ = std::move(from); }
  template <class... Args> void emplace(Args &&...args) {
    box_.reset();
    box_.reset(new box<T>(std::in_place, std::forward<Args>(args)...));
  }
  void swap(boxed_optional &other) noexcept { box_.swap(other.box_); }
  T &operator*() noexcept { return *box_.get()->msg; }
  const T &operator*() const noexcept { return *box_.get()->msg; }

 private:
  std::unique_ptr<box<T>> box_;
};

template <class T> inline constexpr bool is_large = (sizeof(T) > max_inline);

template <class T>
using optional_of =
    std::conditional_t<is_large<T>, boxed_optional<T>, std::optional<T>>;

struct may_be_copied {};
struct only_moves {
  only_moves() = default;
  only_moves(only_moves &&) = default;
  only_moves &operator=(only_moves &&) = default;
};
template <class T>
using copied_as = std::conditional_t<std::is_copy_constructible_v<T>,
                                     may_be_copied, only_moves>;

/* Whether a T other than bool can be constructed from a whole result<U>. */
template <class T, class U>
struct takes_result
    : std::bool_constant<!std::is_same_v<T, bool> &&
                         (std::is_constructible_v<T, result<U> &> ||
                          std::is_constructible_v<T, result<U>> ||
                          std::is_constructible_v<T, const result<U> &> ||
                          std::is_constructible_v<T, const result<U>>)> {};

/* Fills a result<T> from a result<U>, whose value is passed on as Value. */
template <class T, class U, class Value> struct converted {
  static constexpr bool possible = std::conjunction_v<
      std::negation<std::is_same<T, U>>, std::negation<std::is_void<U>>,
      std::is_constructible<T, Value>, std::negation<takes_result<T, U>>>;
  static constexpr bool implicit = possible && std::is_convertible_v<Value, T>;
  static constexpr bool explicitly = possible && !implicit;

  std::conditional_t<std::is_reference_v<Value>, const result<U> &, result<U> &>
      from;

  template <class Into> std::error_code operator()(Into &into) const {
    if (!from.has_value())
      return from.error();
    into.emplace(static_cast<Value &&>(*from));
    return {};
  }
};

[[noreturn]] inline void no_value(std::error_code err) {
#if defined(__cpp_exceptions) || defined(_CPPUNWIND)
  throw std::system_error(err);
#else
  static_cast<void>(err);
  std::terminate();
#endif
}

/* Calls use with the value of from. */
template <class Result, class Use>
decltype(auto) use_value(Result &&from, Use &&use) {
  if constexpr (std::is_void_v<typename bare<Result>::value_type>)
    return std::invoke(std::forward<Use>(use));
  else
    return std::invoke(std::forward<Use>(use), *std::forward<Result>(from));
}

/* The value of from, or why there is none. */
template <class To, class Result, class Use>
To value_or_else(Result &&from, Use &&use) {
  if (!from.has_value())
    return std::invoke(std::forward<Use>(use), from.error());
  if constexpr (std::is_void_v<typename To::value_type>)
    return To();
  else
    return To(std::in_place, *std::forward<Result>(from));
}

/* The four of std::expected, for both kinds of result. */
template <class Result, class Use> auto and_then(Result &&from, Use &&use) {
  using to = bare<decltype(detail::use_value(std::forward<Result>(from),
                                             std::forward<Use>(use)))>;
  static_assert(is_result<to>, "and_then wants a function of a result");
  if (!from.has_value())
    return to(unexpected(from.error()));
  return to(
      detail::use_value(std::forward<Result>(from), std::forward<Use>(use)));
}

template <class Result, class Use> auto transform(Result &&from, Use &&use) {
  using made = bare<decltype(detail::use_value(std::forward<Result>(from),
                                               std::forward<Use>(use)))>;
  using to = result<made>;
  if (!from.has_value())
    return to(unexpected(from.error()));
  if constexpr (std::is_void_v<made>) {
    detail::use_value(std::forward<Result>(from), std::forward<Use>(use));
    return to();
  } else {
    return to(std::in_place, detail::use_value(std::forward<Result>(from),
                                               std::forward<Use>(use)));
  }
}

template <class Result, class Use> auto or_else(Result &&from, Use &&use) {
  using to = bare<std::invoke_result_t<Use, std::error_code>>;
  static_assert(std::is_same_v<to, bare<Result>>,
                "or_else wants a function of the same result");
  return detail::value_or_else<to>(std::forward<Result>(from),
                                   std::forward<Use>(use));
}

template <class Result, class Use>
auto transform_error(Result &&from, Use &&use) {
  return detail::value_or_else<bare<Result>>(
      std::forward<Result>(from), [&](std::error_code err) {
        return unexpected(std::invoke(std::forward<Use>(use), err));
      });
}

}  // namespace detail

/* A value, or why there is none: std::expected<T, std::error_code>, except that
 *   - error() is success if there is a value, and an error if there is none;
 *   - value() throws error() in a std::system_error;
 *   - transform wants a function whose value can be moved;
 *   - a T of more than max_inline bytes is on the heap, and moves by a pointer:
 *     a result that was moved from then has no value, and errc::invalid as its
 *     error. */
template <class T>
class [[nodiscard]] result
    : private std::conditional_t<detail::is_large<T>, detail::copied_as<T>,
                                 detail::may_be_copied> {
  template <class U>
  static constexpr bool is_value =
      std::is_constructible_v<T, U> &&
      !std::is_same_v<detail::bare<U>, result> &&
      !std::is_same_v<detail::bare<U>, unexpected> &&
      !std::is_same_v<detail::bare<U>, std::in_place_t> &&
      !(std::is_same_v<T, bool> && detail::is_result<detail::bare<U>>);

 public:
  using value_type = T;
  using error_type = std::error_code;
  using unexpected_type = unexpected;
  template <class U> using rebind = result<U>;

  template <class U = T,
            std::enable_if_t<std::is_default_constructible_v<U>, int> = 0>
  result() : value_(std::in_place) {}
  template <
      class U = T,
      std::enable_if_t<is_value<U> && std::is_convertible_v<U, T>, int> = 0>
  result(U &&value) : value_(std::in_place, std::forward<U>(value)) {}
  template <class U = T,
            std::enable_if_t<is_value<U> && !std::is_convertible_v<U, T>,
                             bool> = true>
  explicit result(U &&value) : value_(std::in_place, std::forward<U>(value)) {}
  template <class... Args>
  explicit result(std::in_place_t how, Args &&...args)
      : value_(how, std::forward<Args>(args)...) {}
  template <class U, class... Args>
  explicit result(std::in_place_t how, std::initializer_list<U> list,
                  Args &&...args)
      : value_(how, list, std::forward<Args>(args)...) {}
  result(const unexpected &why) noexcept : err_(why.error()) {}
  /* From a result of another type, whose value becomes a T. */
  template <class U, class From = detail::converted<T, U, const U &>,
            std::enable_if_t<From::implicit, int> = 0>
  result(const result<U> &from) : result(detail::filled_by(), From{from}) {}
  template <class U, class From = detail::converted<T, U, const U &>,
            std::enable_if_t<From::explicitly, bool> = true>
  explicit result(const result<U> &from)
      : result(detail::filled_by(), From{from}) {}
  template <class U, class From = detail::converted<T, U, U>,
            std::enable_if_t<From::implicit, int> = 0>
  result(result<U> &&from) : result(detail::filled_by(), From{from}) {}
  template <class U, class From = detail::converted<T, U, U>,
            std::enable_if_t<From::explicitly, bool> = true>
  explicit result(result<U> &&from) : result(detail::filled_by(), From{from}) {}

  bool has_value() const noexcept { return value_.has_value(); }
  explicit operator bool() const noexcept { return has_value(); }
  std::error_code error() const noexcept {
    return has_value() ? std::error_code() : detail::error_of(err_);
  }
  template <class U = std::error_code>
  std::error_code error_or(U &&other) const {
    if (!has_value())
      return error();
    return std::forward<U>(other);
  }

  T &operator*() &noexcept { return there(); }
  const T &operator*() const &noexcept { return there(); }
  T &&operator*() &&noexcept { return std::move(there()); }
  const T &&operator*() const &&noexcept { return std::move(there()); }
  T *operator->() noexcept { return std::addressof(there()); }
  const T *operator->() const noexcept { return std::addressof(there()); }
  T &value() & {
    must_have();
    return there();
  }
  const T &value() const & {
    must_have();
    return there();
  }
  T &&value() && {
    must_have();
    return std::move(there());
  }
  const T &&value() const && {
    must_have();
    return std::move(there());
  }

  template <class U = T> T value_or(U &&other) const & {
    if (has_value())
      return there();
    return std::forward<U>(other);
  }
  template <class U = T> T value_or(U &&other) && {
    if (has_value())
      return std::move(there());
    return std::forward<U>(other);
  }

  /* After a constructor that throws there is no value. */
  template <class... Args> T &emplace(Args &&...args) {
    err_ = std::error_code();
    value_.emplace(std::forward<Args>(args)...);
    return there();
  }
  template <class U, class... Args>
  T &emplace(std::initializer_list<U> list, Args &&...args) {
    err_ = std::error_code();
    value_.emplace(list, std::forward<Args>(args)...);
    return there();
  }
  void swap(result &other) noexcept(noexcept(value_.swap(other.value_))) {
    value_.swap(other.value_);
    std::swap(err_, other.err_);
  }
  friend void swap(result &a, result &b) noexcept(noexcept(a.swap(b))) {
    a.swap(b);
  }

  /* What use(value) returns, a result of any type; or the same error. */
  template <class Use> auto and_then(Use &&use) & {
    return detail::and_then(*this, std::forward<Use>(use));
  }
  template <class Use> auto and_then(Use &&use) const & {
    return detail::and_then(*this, std::forward<Use>(use));
  }
  template <class Use> auto and_then(Use &&use) && {
    return detail::and_then(std::move(*this), std::forward<Use>(use));
  }
  template <class Use> auto and_then(Use &&use) const && {
    return detail::and_then(std::move(*this), std::forward<Use>(use));
  }
  /* What use(value) returns, as a result's value; or the same error. */
  template <class Use> auto transform(Use &&use) & {
    return detail::transform(*this, std::forward<Use>(use));
  }
  template <class Use> auto transform(Use &&use) const & {
    return detail::transform(*this, std::forward<Use>(use));
  }
  template <class Use> auto transform(Use &&use) && {
    return detail::transform(std::move(*this), std::forward<Use>(use));
  }
  template <class Use> auto transform(Use &&use) const && {
    return detail::transform(std::move(*this), std::forward<Use>(use));
  }
  /* The same value; or what use(error) returns, a result of this type. */
  template <class Use> auto or_else(Use &&use) & {
    return detail::or_else(*this, std::forward<Use>(use));
  }
  template <class Use> auto or_else(Use &&use) const & {
    return detail::or_else(*this, std::forward<Use>(use));
  }
  template <class Use> auto or_else(Use &&use) && {
    return detail::or_else(std::move(*this), std::forward<Use>(use));
  }
  template <class Use> auto or_else(Use &&use) const && {
    return detail::or_else(std::move(*this), std::forward<Use>(use));
  }
  /* The same value; or what use(error) returns, as a result's error. */
  template <class Use> auto transform_error(Use &&use) & {
    return detail::transform_error(*this, std::forward<Use>(use));
  }
  template <class Use> auto transform_error(Use &&use) const & {
    return detail::transform_error(*this, std::forward<Use>(use));
  }
  template <class Use> auto transform_error(Use &&use) && {
    return detail::transform_error(std::move(*this), std::forward<Use>(use));
  }
  template <class Use> auto transform_error(Use &&use) const && {
    return detail::transform_error(std::move(*this), std::forward<Use>(use));
  }

  template <class Fill>
  result(detail::filled_by, Fill fill) : err_(fill(value_)) {}

 private:
  T &there() noexcept {
    assert(has_value());
    return *value_;
  }
  const T &there() const noexcept {
    assert(has_value());
    return *value_;
  }
  void must_have() const {
    if (!has_value())
      detail::no_value(error());
  }

  detail::optional_of<T> value_;
  std::error_code err_;
};

/* Success without a value, or an error. */
template <> class [[nodiscard]] result<void> {
 public:
  using value_type = void;
  using error_type = std::error_code;
  using unexpected_type = unexpected;
  template <class U> using rebind = result<U>;

  result() = default;
  explicit result(std::in_place_t) noexcept {}
  result(const unexpected &why) noexcept
      : failed_(true), err_(detail::error_of(why.error())) {}

  bool has_value() const noexcept { return !failed_; }
  explicit operator bool() const noexcept { return !failed_; }
  std::error_code error() const noexcept { return err_; }
  template <class U = std::error_code>
  std::error_code error_or(U &&other) const {
    if (failed_)
      return err_;
    return std::forward<U>(other);
  }
  void operator*() const noexcept { assert(!failed_); }
  void value() const {
    if (failed_)
      detail::no_value(err_);
  }
  void emplace() noexcept { *this = result(); }
  void swap(result &other) noexcept { std::swap(*this, other); }

  template <class Use> auto and_then(Use &&use) const {
    return detail::and_then(*this, std::forward<Use>(use));
  }
  template <class Use> auto transform(Use &&use) const {
    return detail::transform(*this, std::forward<Use>(use));
  }
  template <class Use> auto or_else(Use &&use) const {
    return detail::or_else(*this, std::forward<Use>(use));
  }
  template <class Use> auto transform_error(Use &&use) const {
    return detail::transform_error(*this, std::forward<Use>(use));
  }

 private:
  bool failed_ = false;
  std::error_code err_;
};

namespace detail {

template <class T, class U, class = void>
struct can_equal : std::bool_constant<std::is_void_v<T> && std::is_void_v<U>> {
};
template <class T, class U>
struct can_equal<
    T, U,
    std::void_t<decltype(std::declval<const T &>() == std::declval<const U &>()
                             ? 1
                             : 0)>> : std::true_type {};

/* A U that a result<T> is compared with as with a value. */
template <class T, class U>
using equals_value = std::enable_if_t<
    std::conjunction_v<std::bool_constant<!is_result<U>>,
                       std::negation<std::is_same<U, unexpected>>,
                       can_equal<T, U>>,
    int>;

}  // namespace detail

/* Equal: they have the same error, or equal values. */
template <class T, class U,
          std::enable_if_t<detail::can_equal<T, U>::value, int> = 0>
bool operator==(const result<T> &a, const result<U> &b) {
  if (!a.has_value() || !b.has_value())
    return a.has_value() == b.has_value() && a.error() == b.error();
  if constexpr (std::is_void_v<T>)
    return true;
  else
    return *a == *b ? true : false;
}
template <class T, class U, detail::equals_value<T, U> = 0>
bool operator==(const result<T> &a, const U &b) {
  return a.has_value() && (*a == b ? true : false);
}
template <class T, class U, detail::equals_value<T, U> = 0>
bool operator==(const U &a, const result<T> &b) {
  return b == a;
}
template <class T> bool operator==(const result<T> &a, const unexpected &b) {
  return !a.has_value() && a.error() == b.error();
}
template <class T> bool operator==(const unexpected &a, const result<T> &b) {
  return b == a;
}
template <class T, class U,
          std::enable_if_t<detail::can_equal<T, U>::value, int> = 0>
bool operator!=(const result<T> &a, const result<U> &b) {
  return !(a == b);
}
template <class T, class U, detail::equals_value<T, U> = 0>
bool operator!=(const result<T> &a, const U &b) {
  return !(a == b);
}
template <class T, class U, detail::equals_value<T, U> = 0>
bool operator!=(const U &a, const result<T> &b) {
  return !(b == a);
}
template <class T> bool operator!=(const result<T> &a, const unexpected &b) {
  return !(a == b);
}
template <class T> bool operator!=(const unexpected &a, const result<T> &b) {
  return !(b == a);
}

/* ---------------------------------------------------------------- messages */

namespace detail {

/* Checked first, so that a compiler reports it first. */
template <class T> constexpr bool is_message() {
  static_assert(!std::is_array_v<T>,
                "an array is no message: send a std::array, or a vector");
  static_assert(!std::is_reference_v<T>,
                "a reference is no message: send the object, or a pointer");
  static_assert(!std::is_const_v<T> && !std::is_volatile_v<T>,
                "a message is moved: it is neither const nor volatile");
  static_assert(
      std::is_array_v<T> || std::is_reference_v<T> || std::is_object_v<T>,
      "a message is an object");
  return true;
}

/* The same of a T that is complete by now. */
template <class T> constexpr bool is_movable_message() {
  static_assert(std::is_move_constructible_v<T>,
                "a message has to be movable: send a std::unique_ptr<T>");
  return true;
}

template <class T>
inline constexpr bool goes_as_bytes =
    std::is_trivially_copyable_v<T> && !is_large<T> &&
    alignof(T) <= LOOPCHAN_TYPED_MAX_ALIGN;

template <class T> inline constexpr bool goes_in_box = !goes_as_bytes<T>;
template <class T>
inline constexpr bool goes_in_box<std::unique_ptr<T>> = false;

/* What is sent of msg: itself, or, of a const one, a copy. */
template <class T> T &&given(T &msg) noexcept {
  return std::move(msg);
}
template <class T> const T &given(const T &msg) noexcept {
  return msg;
}

/* A refused message goes back into the object that it was moved from. */
template <class T> void give_back(T &to, T &from) {
  static_assert(
      std::is_move_assignable_v<T> || std::is_nothrow_move_constructible_v<T>,
      "a refused T is moved back, which may throw only in an assignment; "
      "send a std::unique_ptr<T>");
  if constexpr (std::is_trivially_copyable_v<T>) {
    /* Its move was a copy. */
  } else if constexpr (std::is_move_assignable_v<T>) {
    to = std::move(from);
  } else {
    to.T::~T();
    ::new (static_cast<void *>(std::addressof(to))) T(std::move(from));
  }
}
template <class T> void give_back(const T &, T &) noexcept {
}

/* How a T travels: as a type that the library may copy.
 *   pack     makes one from a message; false: no memory
 *   accept   the message that was packed is the channel's
 *   refuse   it is the sender's again
 *   take     hands a T that arrived to use, and destroys what is left
 *   builder  a T that is built in a reserved place */
template <class T, bool = goes_as_bytes<T>> struct wire {
  using type = box<T> *;

  template <class Msg> static bool pack(Msg &msg, type &raw) {
    raw = detail::make<box<T>>(std::in_place, detail::given(msg)).release();
    return raw != nullptr;
  }
  template <class Msg> static void accept(Msg &) noexcept {}
  template <class Msg> static void refuse(Msg &msg, type raw) {
    std::unique_ptr<box<T>> back(raw);
    detail::give_back(msg, *raw->msg);
  }
  static std::unique_ptr<box<T>> open(void *raw) noexcept {
    return std::unique_ptr<box<T>>(*static_cast<type *>(raw));
  }
  template <class Use> static void take(void *raw, Use use) {
    std::unique_ptr<box<T>> msg = open(raw);
    use(std::move(*msg.get()->msg));
  }

  struct builder {
    template <class... Args> bool emplace(void *, Args &&...args) {
      std::unique_ptr<box<T>> made =
          detail::make<box<T>>(std::in_place, std::forward<Args>(args)...);
      if (made.get() == nullptr)
        return false;
      msg = std::move(made);
      return true;
    }
    T *get() const noexcept {
      return msg.get() != nullptr ? std::addressof(*msg.get()->msg) : nullptr;
    }
    void put(void *raw) const noexcept { ::new (raw) type(msg.get()); }
    void accept() noexcept { (void) msg.release(); }

    std::unique_ptr<box<T>> msg;
  };
};

template <class T> struct wire<std::unique_ptr<T>, false> {
  using type = typename std::unique_ptr<T>::pointer;

  static bool pack(std::unique_ptr<T> &msg, type &raw) noexcept {
    raw = msg.get();
    return true;
  }
  static void accept(std::unique_ptr<T> &msg) noexcept { (void) msg.release(); }
  static void refuse(std::unique_ptr<T> &, type) noexcept {}
  template <class Use> static void take(void *raw, Use use) {
    std::unique_ptr<T> msg(*static_cast<type *>(raw));
    use(std::move(msg));
  }

  struct builder {
    template <class... Args> bool emplace(void *, Args &&...args) {
      msg = std::unique_ptr<T>(std::forward<Args>(args)...);
      made = true;
      return true;
    }
    std::unique_ptr<T> *get() noexcept {
      return made ? std::addressof(msg) : nullptr;
    }
    void put(void *raw) const noexcept { ::new (raw) type(msg.get()); }
    void accept() noexcept {
      (void) msg.release();
      made = false;
    }

    std::unique_ptr<T> msg;
    bool made = false;
  };
};

template <class T> struct wire<T, true> {
  using type = T;

  template <class Use> static void take(void *raw, Use use) {
    use(std::move(*static_cast<T *>(raw)));
  }

  struct builder {
    template <class... Args> bool emplace(void *raw, Args &&...args) {
      msg = nullptr; /* should the constructor throw */
      msg = ::new (raw) T(std::forward<Args>(args)...);
      return true;
    }
    T *get() const noexcept { return msg; }
    void put(void *) const noexcept {}
    void accept() noexcept { msg = nullptr; }

    T *msg = nullptr;
  };
};

template <class T, class Msg> constexpr bool can_be_sent() {
  static_assert(!std::is_const_v<Msg> || std::is_copy_constructible_v<T>,
                "an lvalue is copied, and this T only moves: std::move it");
  return is_movable_message<T>();
}

/* Has send(const void *) send msg, and gives it back if it is refused. */
template <class T, class Msg, class Send> int put(Msg &msg, Send send) {
  static_assert(can_be_sent<T, Msg>());
  if constexpr (goes_as_bytes<T>) {
    return send(std::addressof(msg));
  } else {
    typename wire<T>::type raw;
    if (!wire<T>::pack(msg, raw))
      return UV_ENOMEM;
    int err = send(&raw);
    if (err == 0)
      wire<T>::accept(msg);
    else
      wire<T>::refuse(msg, raw);
    return err;
  }
}

/* Messages that are packed side by side. Those that were not accepted go back,
 * also when the packing of the next throws. */
template <class T, class Msg> class packed {
  using type = typename wire<T>::type;

 public:
  /* Zeroed: gcc 16 warns of array-new that may fail and initialises nothing
   * (-Wduplicated-branches). */
  packed(Msg *msgs, std::size_t count)
      : msgs_(msgs), raws_(::new (std::nothrow) type[count]()) {
    pack(raws_.get() != nullptr ? count : 0);
  }
  packed(const packed &) = delete;
  packed &operator=(const packed &) = delete;
  ~packed() { give_back_from(0); }

  const type *get() const noexcept { return raws_.get(); }
  std::size_t size() const noexcept { return size_; }
  void accept(std::size_t count) noexcept {
    for (std::size_t i = 0; i < count; i++)
      wire<T>::accept(msgs_[i]);
    give_back_from(count);
  }

 private:
  struct undo {
    packed *all;
    ~undo() {
      if (all != nullptr)
        all->give_back_from(0);
    }
  };

  void pack(std::size_t count) {
    undo guard{this};
    while (size_ < count && wire<T>::pack(msgs_[size_], raws_[size_]))
      size_++;
    guard.all = nullptr;
  }
  void give_back_from(std::size_t first) noexcept {
    for (std::size_t i = first; i < size_; i++)
      wire<T>::refuse(msgs_[i], raws_[i]);
    size_ = 0;
  }

  Msg *msgs_;
  std::unique_ptr<type[]> raws_;
  std::size_t size_ = 0;
};

/* The same with send(const void *, count). */
template <class T, class Msg, class Send>
ssize_t put_many(Msg *msgs, std::size_t count, Send send) {
  static_assert(can_be_sent<T, Msg>());
  if constexpr (goes_as_bytes<T>) {
    return send(msgs, count);
  } else {
    if (msgs == nullptr || count == 0)
      return send(nullptr, count);
    if (count > PTRDIFF_MAX / sizeof(typename wire<T>::type))
      return UV_EINVAL;
    packed<T, Msg> all(msgs, count);
    if (all.size() == 0)
      return UV_ENOMEM;
    ssize_t sent = send(all.get(), all.size());
    all.accept(sent > 0 ? static_cast<std::size_t>(sent) : 0);
    return sent;
  }
}

/* A count, or an index, or the error. */
template <class Count> result<std::size_t> counted(Count count) {
  if (count < 0)
    return unexpected(code(static_cast<int>(count)));
  return static_cast<std::size_t>(count);
}

/* Receives into an optional that is empty, by recv(rx, void *, ...). */
template <class T, class Recv, class... Timeout>
std::error_code receive(optional_of<T> &into, Recv recv,
                        loopchan_receiver_t *rx, Timeout... timeout) {
  static_assert(is_movable_message<T>());
  using raw = typename wire<T>::type;
  alignas(raw) unsigned char place[sizeof(raw)];
  int err = recv(rx, place, timeout...);
  if (err == 0) {
    if constexpr (is_large<T>)
      into.adopt(wire<T>::open(place));
    else
      wire<T>::take(place, [&](T &&msg) { into.emplace(std::move(msg)); });
  }
  return code(err);
}

template <class T, class Recv, class... Timeout>
result<T> received(Recv recv, loopchan_receiver_t *rx, Timeout... timeout) {
  return result<T>(filled_by(), [&](optional_of<T> &into) {
    return detail::receive<T>(into, recv, rx, timeout...);
  });
}

inline result<loopchan_stats_t> stats(const loopchan_receiver_t *rx) noexcept {
  loopchan_stats_t now;
  int err = loopchan_stats(rx, &now);
  if (err != 0)
    return unexpected(code(err));
  return now;
}

template <class T> void drop(void *raw, void *) noexcept {
  wire<T>::take(raw, [](T &&) {});
}

/* A lambda, also one that only moves, which std::function does not take. */
template <class... Args> struct callback {
  virtual ~callback() = default;
  virtual void call(Args... args) noexcept = 0;
};

template <class... Args, class F>
std::unique_ptr<callback<Args...>> make_callback(F f) {
  struct holder final : callback<Args...> {
    explicit holder(F &&from) : held(std::move(from)) {}
    void call(Args... args) noexcept override {
      static_cast<void>(held(args...));
    }
    F held;
  };
  return detail::make<holder>(std::move(f));
}

/* Never opened, or closed to the end: the library has let go. */
inline bool is_free(const loopchan_receiver_t &c) noexcept {
  return c.channel == nullptr;
}
inline bool is_free(const loopchan_writer_t &c) noexcept {
  return c.writer == nullptr;
}

/* What ends on a loop have in common. The destructor closes the end; the loop
 * has to run once more to free what is left. */
template <class Handle, auto Close, class... Args> class loop_end {
 public:
  /* Empties this end; the loop calls on_closed() later. errc::no_memory:
   * nothing was done. errc::already: loopchan_close_handle was called before;
   * this end must not be destroyed until that has called back. */
  template <class OnClosed> std::error_code close(OnClosed on_closed) {
    if (get() == nullptr)
      return errc::invalid;
    if (core_->is_closing())
      return errc::already;
    core_->on_closed = detail::make_callback<>(std::move(on_closed));
    if (core_->on_closed.get() == nullptr)
      return errc::no_memory;
    core_.reset();
    return {};
  }
  void close() noexcept { core_.reset(); }
  explicit operator bool() const noexcept { return get() != nullptr; }
  /* The C handle. Its own member data is used by this header; that of its
   * uv_handle_t is yours. */
  Handle *get() const noexcept { return core_ ? &core_->c : nullptr; }

 protected:
  /* What stays in its place until the handle is closed. */
  struct core {
    Handle c{};
    std::unique_ptr<callback<Args...>> on; /* not here while it runs */
    std::unique_ptr<callback<>> on_closed;

    core() { c.data = this; }
    static core *of(Handle *c) noexcept { return static_cast<core *>(c->data); }
    bool is_closing() const noexcept {
      return uv_is_closing(reinterpret_cast<const uv_handle_t *>(&c)) != 0;
    }
  };

  /* begin(c) opens the C handle. */
  template <class Begin> int open_by(Begin begin) {
    core_.reset(detail::make<core>().release());
    int err = core_ ? begin(get()) : UV_ENOMEM;
    if (err != 0)
      core_.reset();
    return err;
  }
  /* begin(c) has the library call on. */
  template <class Begin>
  std::error_code set(std::unique_ptr<callback<Args...>> on, Begin begin) {
    int err = get() == nullptr      ? UV_EINVAL
              : on.get() == nullptr ? UV_ENOMEM
                                    : begin(get());
    if (err == 0)
      core_->on = std::move(on);
    return code(err);
  }

 private:
  static void finish(Handle *c) noexcept {
    std::unique_ptr<core> self(core::of(c));
    std::unique_ptr<callback<>> last = std::move(self->on_closed);
    self.reset();
    if (last)
      last->call();
  }
  struct closer {
    void operator()(core *self) const noexcept {
      if (Close(&self->c, finish) == 0)
        self->on.reset();
      else if (detail::is_free(self->c))
        delete self;
      else
        assert(false && "destroyed before loopchan_close_handle calls back");
    }
  };

  std::unique_ptr<core, closer> core_;
};

}  // namespace detail

/* -------------------------------------------------------------------- ends */

/* A place in the channel that a sender reserved, in which a message is built.
 * The destructor gives it back unsent, and destroys what was built. It must be
 * destroyed before the sender is dropped; any thread may use it, one at a
 * time. */
template <class T> class place {
 public:
  place() = default;
  place(place &&from) noexcept { swap(from); }
  place &operator=(place &&from) noexcept {
    place gone(std::move(from));
    swap(gone);
    return *this;
  }
  ~place() { abandon(); }

  /* Constructs the message: where it is sent from, or, if T is boxed, on the
   * heap. It replaces one that was constructed before. */
  template <class... Args>
  [[nodiscard]] std::error_code emplace(Args &&...args) {
    if (raw_ == nullptr)
      return errc::invalid;
    return detail::code(
        built_.emplace(raw_, std::forward<Args>(args)...) ? 0 : UV_ENOMEM);
  }
  /* What was constructed, or null. */
  T *get() noexcept { return built_.get(); }
  T &operator*() noexcept { return *get(); }
  T *operator->() noexcept { return get(); }

  /* Sends the message, and empties this. After errc::closed, or errc::again on
   * a rendezvous channel, nothing has changed. errc::invalid: there is no
   * message. */
  [[nodiscard]] std::error_code commit() noexcept {
    if (raw_ == nullptr || get() == nullptr)
      return errc::invalid;
    built_.put(raw_);
    int err = loopchan_commit(tx_, raw_);
    if (err == 0) {
      built_.accept();
      raw_ = nullptr;
    }
    return detail::code(err);
  }
  void abandon() noexcept {
    built_ = {};
    if (raw_ != nullptr)
      loopchan_abandon(tx_, std::exchange(raw_, nullptr));
  }
  /* Whether there is a place. */
  explicit operator bool() const noexcept { return raw_ != nullptr; }

 private:
  template <class> friend class sender;
  place(loopchan_sender_t *tx, void *raw) noexcept : tx_(tx), raw_(raw) {}
  void swap(place &other) noexcept {
    std::swap(tx_, other.tx_);
    std::swap(raw_, other.raw_);
    std::swap(built_, other.built_);
  }

  loopchan_sender_t *tx_ = nullptr;
  void *raw_ = nullptr;
  typename detail::wire<T>::builder built_;
};

/* A sending end, for any thread. The destructor drops it. */
template <class T> class sender {
  static_assert(detail::is_message<T>());

 public:
  sender() = default;
  /* Takes over a C sender of a channel that open<T> made. */
  explicit sender(loopchan_sender_t *tx) noexcept : tx_(tx) {}

  /* Waits for room. A const message, or an lvalue, is copied. */
  [[nodiscard]] std::error_code send(T &&msg) const {
    return put(msg, loopchan_send);
  }
  [[nodiscard]] std::error_code send(const T &msg) const {
    return put(msg, loopchan_send);
  }
  [[nodiscard]] std::error_code try_send(T &&msg) const {
    return put(msg, loopchan_try_send);
  }
  [[nodiscard]] std::error_code try_send(const T &msg) const {
    return put(msg, loopchan_try_send);
  }
  [[nodiscard]] std::error_code send_for(T &&msg, time_span timeout) const {
    return put(msg, loopchan_send_timeout, timeout.ns());
  }
  [[nodiscard]] std::error_code send_for(const T &msg,
                                         time_span timeout) const {
    return put(msg, loopchan_send_timeout, timeout.ns());
  }
  /* Sends an array of count messages, and returns how many were sent: the first
   * ones, moved from, or copied if they are const. The others are still the
   * caller's. If memory for a box runs out on the way, it stops there. (A move
   * back that throws ends the program.) */
  result<std::size_t> send_many(T *msgs, std::size_t count) const {
    return put_many(msgs, count);
  }
  result<std::size_t> send_many(const T *msgs, std::size_t count) const {
    return put_many(msgs, count);
  }
  /* The same for the messages of a vector: copied, or, from an rvalue, moved:
   * those that were sent are erased from it, so T has to be assignable. */
  template <class Alloc>
  result<std::size_t> send_many(const std::vector<T, Alloc> &msgs) const {
    static_assert(!std::is_same_v<T, bool>,
                  "a vector of bools has none side by side: send an array");
    return put_many(msgs.data(), msgs.size());
  }
  template <class Alloc>
  result<std::size_t> send_many(std::vector<T, Alloc> &&msgs) const {
    static_assert(!std::is_same_v<T, bool>,
                  "a vector of bools has none side by side: send an array");
    static_assert(std::is_move_assignable_v<T>,
                  "what is left in the vector is moved up: send an array");
    result<std::size_t> sent = put_many(msgs.data(), msgs.size());
    auto count = static_cast<std::ptrdiff_t>(sent.value_or(0u));
    msgs.erase(msgs.begin(), msgs.begin() + count);
    return sent;
  }
  result<place<T>> reserve() const {
    static_assert(detail::is_movable_message<T>());
    void *raw = nullptr;
    int err = loopchan_reserve(get(), &raw);
    if (err != 0)
      return unexpected(detail::code(err));
    return place<T>(get(), raw);
  }

  /* Another sender of the same channel; an empty one when out of memory, or
   * when this one is empty. */
  [[nodiscard]] sender clone() const {
    return sender(loopchan_sender_clone(get()));
  }
  /* Also true of an empty one. */
  bool is_closed() const noexcept { return loopchan_is_closed(get()) != 0; }
  /* Waits until sends are refused. errc::invalid: this one is empty. */
  [[nodiscard]] std::error_code wait_closed(
      time_span timeout = forever) const noexcept {
    return detail::code(loopchan_wait_closed(get(), timeout.ns()));
  }
  /* How many messages could be sent now without waiting; SIZE_MAX: no bound; 0
   * also if this one is empty. */
  std::size_t room() const noexcept { return loopchan_room(get()); }
  void drop() noexcept { tx_.reset(); }
  explicit operator bool() const noexcept { return get() != nullptr; }
  loopchan_sender_t *get() const noexcept { return tx_.get(); }
  loopchan_sender_t *release() noexcept { return tx_.release(); }

 private:
  struct dropper {
    void operator()(loopchan_sender_t *tx) const noexcept {
      loopchan_sender_drop(tx);
    }
  };

  template <class Msg, class Call, class... Timeout>
  std::error_code put(Msg &msg, Call call, Timeout... timeout) const {
    return detail::code(detail::put<T>(
        msg, [&](const void *raw) { return call(get(), raw, timeout...); }));
  }
  template <class Msg>
  result<std::size_t> put_many(Msg *msgs, std::size_t count) const {
    return detail::counted(
        detail::put_many<T>(msgs, count, [&](const void *raw, std::size_t n) {
          return loopchan_send_many(get(), raw, n);
        }));
  }

  std::unique_ptr<loopchan_sender_t, dropper> tx_;
};

/* options.capacity: no bound. */
inline constexpr std::size_t unbounded = LOOPCHAN_UNBOUNDED;
/* options.capacity: no message is stored. */
inline constexpr std::size_t rendezvous = LOOPCHAN_RENDEZVOUS;

/* As loopchan_options_t; 0 is the default. */
struct options {
  std::size_t capacity = unbounded;
  bool shared = false; /* receivers may be cloned, threads may share one */
  bool latest = false; /* keeps the newest message only; capacity 0 or 1 */
  unsigned budget_messages = 0;
  time_span budget_time{};
  time_span spin_time{};
};

/* Both ends of a new channel. */
template <class T, template <class> class Receiver> struct channel {
  sender<T> tx;
  Receiver<T> rx;
};

namespace detail {

template <class T>
int open(uv_loop_t *loop, loopchan_receiver_t *rx, sender<T> &tx,
         const options &o) {
  static_assert(is_message<T>() && is_movable_message<T>());
  loopchan_sender_t *first = nullptr;
  loopchan_options_t c{};
  c.msg_size = sizeof(typename wire<T>::type);
  c.capacity = o.capacity;
  c.drop = drop<T>;
  c.flags =
      (o.shared ? LOOPCHAN_SHARED : 0u) | (o.latest ? LOOPCHAN_LATEST : 0u);
  c.budget_messages = o.budget_messages;
  c.budget_ns = o.budget_time.ns();
  c.spin_ns = o.spin_time.ns();
  int err = loopchan_open(loop, rx, &first, &c);
  tx = sender<T>(first);
  return err;
}

}  // namespace detail

template <class T> class thread_receiver;

namespace coro {
template <class T> class receiver;
}  // namespace coro

/* A receiving end on a loop, for the loop's thread. */
template <class T>
class loop_receiver
    : public detail::loop_end<loopchan_receiver_t, loopchan_close, T *> {
  static_assert(detail::is_message<T>());

 public:
  static result<channel<T, loopchan::loop_receiver>> open(uv_loop_t *loop,
                                                          const options &o) {
    channel<T, loopchan::loop_receiver> made;
    int err = made.rx.open_by([&](loopchan_receiver_t *rx) {
      return loop ? detail::open(loop, rx, made.tx, o) : UV_EINVAL;
    });
    if (err != 0)
      return unexpected(detail::code(err));
    return made;
  }

  /* Makes another receiver of the same channel, not started: on a loop, if
   * called on that loop's thread; for threads, on any thread. Each message is
   * received by exactly one. errc::invalid: without options.shared, or this is
   * empty. */
  result<loop_receiver> clone(uv_loop_t *loop) const {
    return clone_of(this->get(), loop);
  }
  result<thread_receiver<T>> clone() const {
    return thread_receiver<T>::clone_of(this->get());
  }

  /* Calls on_message(T &&) for each message, then on_end() once, which usually
   * closes. The callbacks are destroyed after on_end(), or after the close, or
   * when a start after a stop replaces them. */
  template <class OnMessage, class OnEnd>
  std::error_code start(OnMessage on_message, OnEnd on_end) {
    auto on = detail::make_callback<T *>(
        [m = std::move(on_message), e = std::move(on_end)](T *msg) mutable {
          msg ? static_cast<void>(m(std::move(*msg))) : static_cast<void>(e());
        });
    return this->set(std::move(on), [](loopchan_receiver_t *c) {
      return loopchan_recv_start(c, deliver);
    });
  }
  std::error_code stop() {
    return detail::code(loopchan_recv_stop(this->get()));
  }
  result<T> try_recv() {
    return detail::received<T>(loopchan_try_recv, this->get());
  }
  std::error_code shutdown() {
    return detail::code(loopchan_shutdown(this->get()));
  }
  result<loopchan_stats_t> stats() const { return detail::stats(this->get()); }

 private:
  friend class thread_receiver<T>;

  static result<loop_receiver> clone_of(loopchan_receiver_t *from,
                                        uv_loop_t *loop) {
    loop_receiver made;
    int err = made.open_by([&](loopchan_receiver_t *rx) {
      return loop ? loopchan_receiver_clone(loop, rx, from) : UV_EINVAL;
    });
    if (err != 0)
      return unexpected(detail::code(err));
    return made;
  }
  /* Owns the callbacks while they run, for they may be replaced. */
  static void deliver(loopchan_receiver_t *c, int status, void *raw) noexcept {
    auto *self = loop_receiver::core::of(c);
    auto running = std::move(self->on);
    if (status != 0)
      return running->call(nullptr);
    detail::wire<T>::take(raw,
                          [&](T &&msg) { running->call(std::addressof(msg)); });
    if (self->on.get() == nullptr)
      self->on = std::move(running);
  }
};

/* A receiving end for one thread, or with options.shared for several at once.
 * The destructor closes it; no thread may be receiving then. */
template <class T> class thread_receiver {
  static_assert(detail::is_message<T>());

 public:
  static result<channel<T, loopchan::thread_receiver>> open(const options &o) {
    channel<T, loopchan::thread_receiver> made;
    int err = made.rx.open_by([&](loopchan_receiver_t *rx) {
      return detail::open(nullptr, rx, made.tx, o);
    });
    if (err != 0)
      return unexpected(detail::code(err));
    return made;
  }

  /* As loop_receiver's. */
  result<thread_receiver> clone() const { return clone_of(get()); }
  result<loop_receiver<T>> clone(uv_loop_t *loop) const {
    return loop_receiver<T>::clone_of(get(), loop);
  }

  result<T> recv() { return detail::received<T>(loopchan_recv, get()); }
  result<T> try_recv() { return detail::received<T>(loopchan_try_recv, get()); }
  result<T> recv_for(time_span timeout) {
    return detail::received<T>(loopchan_recv_timeout, get(), timeout.ns());
  }
  /* Waits for one message, and appends it and all others that are there, max at
   * most; SIZE_MAX: no limit. Messages that are sent during the call may be
   * left out. */
  template <class Alloc>
  std::error_code recv_many(std::vector<T, Alloc> &into, std::size_t max) {
    if (max == 0)
      return detail::code(
          static_cast<int>(loopchan_recv_many(get(), nullptr, 0)));
    std::uint64_t most = max;
    for (std::uint64_t n = 0; n < most; n++) {
      /* Before it receives: no message must be lost for lack of memory. */
      if (into.size() == into.capacity())
        grow(into);
      std::error_code err = n == 0 ? receive_into(into, loopchan_recv)
                                   : receive_into(into, loopchan_try_recv);
      if (err)
        return n == 0 ? err : std::error_code();
      if (n == 0 && most > often)
        most = at_most(most);
    }
    return {};
  }

  /* for (T &msg : rx) receives until recv() returns an error. It does not say
   * which: if options.shared is set, that may be errc::no_memory before the
   * end; where that matters, call recv() yourself. */
  struct iterator {
    T &operator*() { return *msg; }
    void operator++() {
      msg.reset(); /* not kept while waiting for the next */
      static_cast<void>(detail::receive<T>(msg, loopchan_recv, rx->get()));
    }
    bool operator!=(std::nullptr_t) const noexcept { return msg.has_value(); }
    thread_receiver *rx;
    detail::optional_of<T> msg;
  };
  iterator begin() {
    iterator first{this, {}};
    first.operator++();
    return first;
  }
  std::nullptr_t end() { return nullptr; }

  result<loopchan_stats_t> stats() const { return detail::stats(get()); }
  std::error_code shutdown() { return detail::code(loopchan_shutdown(get())); }
  std::error_code close() {
    return detail::code(loopchan_close(get(), nullptr));
  }
  explicit operator bool() const noexcept { return get() != nullptr; }
  loopchan_receiver_t *get() const noexcept { return rx_.get(); }

 private:
  friend class loop_receiver<T>;
  friend class coro::receiver<T>;

  struct closer {
    void operator()(loopchan_receiver_t *rx) const noexcept {
      loopchan_close(rx, nullptr);
      delete rx;
    }
  };

  /* begin(c) opens the C receiver. */
  template <class Begin> int open_by(Begin begin) {
    rx_.reset(detail::make<loopchan_receiver_t>().release());
    return rx_.get() != nullptr ? begin(get()) : UV_ENOMEM;
  }
  static result<thread_receiver> clone_of(loopchan_receiver_t *from) {
    thread_receiver made;
    int err = made.open_by([&](loopchan_receiver_t *rx) {
      return loopchan_receiver_clone(nullptr, rx, from);
    });
    if (err != 0)
      return unexpected(detail::code(err));
    return made;
  }

  /* For as many messages or more, reading the figures once, which takes
   * mutexes, is cheap. */
  static constexpr std::size_t often = 256;

  /* How many a call that has one may take. Without a limit, senders that are as
   * fast as this would keep it from ending. */
  std::uint64_t at_most(std::uint64_t max) const noexcept {
    loopchan_stats_t now;
    if (loopchan_stats(get(), &now) != 0)
      return max;
    return std::min<std::uint64_t>(max, 1 + now.queued + now.waiting);
  }
  template <class Alloc> static void grow(std::vector<T, Alloc> &into) {
    std::size_t size = into.size(), most = into.max_size();
    into.reserve(size == 0 ? 1 : size <= most / 2 ? 2 * size : most);
  }
  template <class Alloc, class Recv>
  std::error_code receive_into(std::vector<T, Alloc> &into, Recv call) {
    using raw = typename detail::wire<T>::type;
    alignas(raw) unsigned char place[sizeof(raw)];
    int err = call(get(), place);
    if (err == 0)
      detail::wire<T>::take(
          place, [&](T &&msg) { into.emplace_back(std::move(msg)); });
    return detail::code(err);
  }

  std::unique_ptr<loopchan_receiver_t, closer> rx_;
};

/* Waits until one of several thread receivers, of any message types, has a
 * message or its end of file. Returns its index; receive from that one then. */
template <class... T>
result<std::size_t> select_for(time_span timeout,
                               const thread_receiver<T> &...rxs) {
  static_assert(sizeof...(T) > 0, "there is no receiver");
  loopchan_receiver_t *const all[] = {rxs.get()...};
  return detail::counted(loopchan_select(all, sizeof...(T), timeout.ns()));
}
/* The same, without a time-out. */
template <class... T>
result<std::size_t> select(const thread_receiver<T> &...rxs) {
  return loopchan::select_for(forever, rxs...);
}
/* The same for a vector of receivers. */
template <class T, class Alloc>
result<std::size_t> select_for(
    time_span timeout, const std::vector<thread_receiver<T>, Alloc> &rxs) {
  std::unique_ptr<loopchan_receiver_t *[]> all(
      ::new (std::nothrow) loopchan_receiver_t *[rxs.size() + 1]());
  if (all.get() == nullptr)
    return unexpected(errc::no_memory);
  for (std::size_t i = 0; i < rxs.size(); i++)
    all[i] = rxs[i].get();
  return detail::counted(loopchan_select(all.get(), rxs.size(), timeout.ns()));
}
/* The same for a vector of receivers, without a time-out. */
template <class T, class Alloc>
result<std::size_t> select(const std::vector<thread_receiver<T>, Alloc> &rxs) {
  return loopchan::select_for(forever, rxs);
}

/* A sending end on a loop, for the loop's thread. */
template <class T>
class writer
    : public detail::loop_end<loopchan_writer_t, loopchan_writer_close> {
  static_assert(detail::is_message<T>());

 public:
  static result<writer> open(uv_loop_t *loop, sender<T> &&tx) {
    writer made;
    int err = made.open_by([&](loopchan_writer_t *w) {
      return loopchan_writer_open(loop, w, tx.get());
    });
    if (err != 0)
      return unexpected(detail::code(err));
    (void) tx.release();
    return made;
  }

  /* Calls on_written(std::error_code, std::optional<T> &&) once the message was
   * accepted, or with the message, if it is handed back. If write() itself
   * returns an error, the message was not taken, and on_written is not
   * called. */
  template <class OnWritten>
  [[nodiscard]] std::error_code write(T &&msg, OnWritten on_written) {
    return put(msg, std::move(on_written));
  }
  template <class OnWritten>
  [[nodiscard]] std::error_code write(const T &msg, OnWritten on_written) {
    return put(msg, std::move(on_written));
  }
  [[nodiscard]] std::error_code try_write(T &&msg) { return try_put(msg); }
  [[nodiscard]] std::error_code try_write(const T &msg) { return try_put(msg); }

  /* Calls on_gone() once when the receiver is closed or shut down. */
  template <class OnGone> std::error_code on_closed(OnGone on_gone) {
    return this->set(detail::make_callback<>(std::move(on_gone)),
                     [](loopchan_writer_t *c) {
                       return loopchan_writer_on_closed(c, tell);
                     });
  }
  /* Cancels on_gone. */
  std::error_code on_closed(std::nullptr_t) {
    int err = loopchan_writer_on_closed(this->get(), nullptr);
    if (err == 0)
      writer::core::of(this->get())->on.reset();
    return detail::code(err);
  }

 private:
  template <class OnWritten> struct request {
    explicit request(OnWritten &&from) : on_written(std::move(from)) {}

    static void done(loopchan_write_t *c, int status) noexcept {
      std::unique_ptr<request> self(static_cast<request *>(c->data));
      if (status == 0)
        return self->call(status, std::move(self->nothing));
      if constexpr (detail::goes_in_box<T>)
        return self->call(status,
                          std::move(detail::wire<T>::open(c->msg).get()->msg));
      else
        detail::wire<T>::take(c->msg, [&](T &&msg) {
          self->nothing.emplace(std::move(msg));
          self->call(status, std::move(self->nothing));
        });
    }
    void call(int status, std::optional<T> &&back) {
      static_cast<void>(on_written(detail::code(status), std::move(back)));
    }

    OnWritten on_written;
    loopchan_write_t c{};
    std::optional<T> nothing;
  };

  template <class Msg, class OnWritten>
  std::error_code put(Msg &msg, OnWritten on_written) {
    using one = request<OnWritten>;
    std::unique_ptr<one> req = detail::make<one>(std::move(on_written));
    if (req.get() == nullptr)
      return errc::no_memory;
    req.get()->c.data = req.get();
    int err = detail::put<T>(msg, [&](const void *raw) {
      return loopchan_write(&req.get()->c, this->get(), raw, one::done);
    });
    if (err == 0)
      (void) req.release();
    return detail::code(err);
  }
  template <class Msg> std::error_code try_put(Msg &msg) {
    return detail::code(detail::put<T>(msg, [&](const void *raw) {
      return loopchan_try_write(this->get(), raw);
    }));
  }
  static void tell(loopchan_writer_t *c) noexcept {
    auto running = std::move(writer::core::of(c)->on);
    running->call();
  }
};

/* ------------------------------------------------------------------ making */

/* A channel into a loop. */
template <class T>
result<channel<T, loop_receiver>> open(uv_loop_t *loop, const options &o = {}) {
  return loop_receiver<T>::open(loop, o);
}

/* A channel to a thread, or to several. */
template <class T>
result<channel<T, thread_receiver>> open(const options &o = {}) {
  return thread_receiver<T>::open(o);
}

/* Turns a sender into a writer. After an error tx is still the caller's. */
template <class T>
result<writer<T>> open_writer(uv_loop_t *loop, sender<T> &&tx) {
  return writer<T>::open(loop, std::move(tx));
}

}  // namespace loopchan

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif

#endif /* LOOPCHAN_HPP */
