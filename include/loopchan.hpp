/* loopchan.hpp: loopchan for C++17: typed, move-only, with lambdas.
 *
 * Header-only, on top of loopchan.h, which stays the contract: each call does
 * what its loopchan_ namesake does, on the threads and inside the callbacks
 * that are written there, and answers the same codes. Here is only what
 * differs.
 *
 *   auto ch = loopchan::open<std::string>(loop).value();
 *   std::thread worker([tx = std::move(ch.tx)] { (void) tx.send("done"); });
 *   ch.rx.start([](std::string &&text) { std::puts(text.c_str()); },
 *               [&] { ch.rx.close(); });
 *
 * Messages: any T that can be moved. Inside the library a message is bytes that
 * are copied from place to place, and most objects do not survive that
 * (libstdc++'s std::string points into itself). So a T travels
 *   - as its bytes, if that is how it is copied (trivially copyable, aligned as
 *     max_align_t at most): no allocation;
 *   - a std::unique_ptr with the default deleter as its pointer: none either;
 *   - else in a box: moved to the heap, and the box's pointer is sent.
 * Accepted, it is moved from. Refused, it is in the caller's hands with its
 * value: it never left (the first two), or was moved back. What is accepted and
 * never received is destroyed when the receiver closes.
 *
 * Errors: a std::error_code with libuv's codes; true is an error, as ever. Of
 * those that are usual, errc has the names. A call on an end that is empty
 * (made by default, moved from, closed) answers errc::invalid.
 *
 * Exceptions: none crosses the C library. What runs under it is noexcept: a
 * callback, or a message's destructor, that throws ends the program by
 * std::terminate. A T whose copy or move throws does so out of the call that
 * copied or moved it; a message that throws while it leaves its box is lost.
 * Nothing else throws, but result::value() and what grows a vector; memory that
 * cannot be had is errc::no_memory. Works with -fno-exceptions and -fno-rtti.
 *
 * Ends: destructors do what is written at each class. A moved end takes its
 * handle along: addresses are of the heap. Calls that are const may be made by
 * several threads at once.
 *
 * loopchan_send_many and loopchan_reserve have no counterpart.
 */

#ifndef LOOPCHAN_HPP
#define LOOPCHAN_HPP

#include <cassert>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

#include <loopchan.h>

namespace loopchan {

/* ------------------------------------------------------------------ errors */

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

struct uv_category final : std::error_category {
  const char *name() const noexcept override { return "libuv"; }
  std::string message(int err) const override {
    char text[128];
    return uv_strerror_r(err, text, sizeof text);
  }
  /* Above -4000 they are errno, negated: comparable with std::errc. */
  std::error_condition default_error_condition(
      int err) const noexcept override {
    return err > -4000 ? std::error_condition(-err, std::generic_category())
                       : std::error_condition(err, *this);
  }
};

inline const uv_category the_category{};

inline std::error_code code(int err) noexcept {
  return {err, the_category};
}

}  // namespace detail

inline const std::error_category &category() noexcept {
  return detail::the_category;
}

inline std::error_code make_error_code(errc err) noexcept {
  return detail::code(static_cast<int>(err));
}

/* A value, or why there is none: an optional that knows the reason. */
template <class T> class [[nodiscard]] result : public std::optional<T> {
 public:
  explicit result(int err) noexcept : err_(err) {}
  result(int err, T &&value) : err_(err) {
    if (err == 0)
      this->emplace(std::move(value));
  }

  std::error_code error() const noexcept { return detail::code(err_); }
#if defined(__cpp_exceptions)
  /* The value; or throws error() in a std::system_error. */
  T value() && {
    if (!this->has_value())
      throw std::system_error(error());
    return std::move(**this);
  }
#endif

 private:
  int err_;
};

/* ---------------------------------------------------------------- messages */

namespace detail {

/* An object on the heap, or nothing. */
template <class T, class... Args> std::unique_ptr<T> make(Args &&...args) {
  return std::unique_ptr<T>(new (std::nothrow) T{std::forward<Args>(args)...});
}

template <class T>
inline constexpr bool goes_as_bytes = std::is_trivially_copyable_v<T> &&
                                      alignof(T) <= alignof(std::max_align_t);

/* How a T travels. put has send(const void *) send it, and makes sure whose it
 * is then; take hands the T that arrived to use, and destroys what is left. */
template <class T, bool = goes_as_bytes<T>> struct wire {
  static_assert(std::is_move_assignable_v<T>,
                "a refused T is assigned back; send a std::unique_ptr<T>");
  struct box {
    T msg;
  };
  using pointer_wire = wire<std::unique_ptr<box>, false>;
  using type = box *;

  template <class Send> static int put(T &msg, Send send) {
    std::unique_ptr<box> boxed = make<box>(std::move(msg));
    int err = boxed ? pointer_wire::put(boxed, send) : UV_ENOMEM;
    if (err != 0 && boxed)
      msg = std::move(boxed->msg);
    return err;
  }
  template <class Send> static int put(const T &msg, Send send) {
    std::unique_ptr<box> boxed = make<box>(msg);
    return boxed ? pointer_wire::put(boxed, send) : UV_ENOMEM;
  }
  template <class Use> static void take(void *raw, Use use) {
    pointer_wire::take(raw, [&](auto &&boxed) { use(std::move(boxed->msg)); });
  }
};

template <class T> struct wire<std::unique_ptr<T>, false> {
  using type = typename std::unique_ptr<T>::pointer;

  template <class Send> static int put(std::unique_ptr<T> &msg, Send send) {
    type raw = msg.get();
    int err = send(&raw);
    if (err == 0)
      (void) msg.release();
    return err;
  }
  template <class Use> static void take(void *raw, Use use) {
    std::unique_ptr<T> msg(*static_cast<type *>(raw));
    use(std::move(msg));
  }
};

template <class T> struct wire<T, true> {
  using type = T;

  template <class Send> static int put(const T &msg, Send send) {
    return send(&msg);
  }
  template <class Use> static void take(void *raw, Use use) {
    use(std::move(*static_cast<T *>(raw)));
  }
};

/* What recv(rx, void *, ...) receives. */
template <class T, class Recv, class... Timeout>
result<T> receive(Recv recv, loopchan_receiver_t *rx, Timeout... timeout) {
  using raw = typename wire<T>::type;
  alignas(raw) unsigned char place[sizeof(raw)];
  result<T> got(recv(rx, place, timeout...));
  if (!got.error())
    wire<T>::take(place, [&](T &&msg) { got.emplace(std::move(msg)); });
  return got;
}

template <class T> void drop(void *raw, void *) noexcept {
  wire<T>::take(raw, [](T &&) {});
}

inline std::uint64_t ns(std::chrono::nanoseconds time) noexcept {
  return time.count() > 0 ? static_cast<std::uint64_t>(time.count()) : 0;
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
    void call(Args... args) noexcept override { held(args...); }
    F held;
  };
  return make<holder>(std::move(f));
}

/* Never opened, or closed to the end: the library has let go. */
inline bool is_free(const loopchan_receiver_t &c) noexcept {
  return c.channel == nullptr;
}
inline bool is_free(const loopchan_writer_t &c) noexcept {
  return c.writer == nullptr;
}

/* What ends on a loop have in common. The destructor closes; the loop has to
 * run once more, and frees what is left. */
template <class Handle, auto Close, class... Args> class loop_end {
 public:
  /* Empties this end; the loop calls on_closed(), later.
   * errc::no_memory: nothing was done. errc::already: loopchan_close_handle was
   * first; this end must not be destroyed before that has called back. */
  template <class OnClosed> std::error_code close(OnClosed on_closed) {
    if (!core_ || core_->is_closing())
      return core_ ? errc::already : errc::invalid;
    core_->on_closed = make_callback<>(std::move(on_closed));
    if (!core_->on_closed)
      return errc::no_memory;
    core_.reset();
    return {};
  }
  void close() noexcept { core_.reset(); }
  explicit operator bool() const noexcept { return core_ != nullptr; }
  /* The C handle. Its member data is not yours; the uv_handle_t's is. */
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
    core_.reset(make<core>().release());
    int err = core_ ? begin(get()) : UV_ENOMEM;
    if (err != 0)
      core_.reset();
    return err;
  }
  /* begin(c) has the library call on. */
  template <class Begin>
  std::error_code set(std::unique_ptr<callback<Args...>> on, Begin begin) {
    int err = !core_ ? UV_EINVAL : !on ? UV_ENOMEM : begin(get());
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
      else if (is_free(self->c))
        delete self;
      else
        assert(false && "destroyed before loopchan_close_handle calls back");
    }
  };

  std::unique_ptr<core, closer> core_;
};

}  // namespace detail

/* -------------------------------------------------------------------- ends */

/* A sending end, for any thread. The destructor drops it. */
template <class T> class sender {
 public:
  sender() = default;
  /* Takes over a C sender of a channel that open<T> made. */
  explicit sender(loopchan_sender_t *tx) noexcept : tx_(tx) {}

  /* Waits for room. Of a const message, or an lvalue, a copy is sent. */
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
  [[nodiscard]] std::error_code send_for(
      T &&msg, std::chrono::nanoseconds timeout) const {
    return put(msg, loopchan_send_timeout, detail::ns(timeout));
  }
  [[nodiscard]] std::error_code send_for(
      const T &msg, std::chrono::nanoseconds timeout) const {
    return put(msg, loopchan_send_timeout, detail::ns(timeout));
  }

  /* Another sender of the same channel; an empty one when out of memory. */
  [[nodiscard]] sender clone() const {
    return sender(loopchan_sender_clone(get()));
  }
  bool is_closed() const noexcept { return loopchan_is_closed(get()) != 0; }
  void drop() noexcept { tx_.reset(); }
  explicit operator bool() const noexcept { return tx_ != nullptr; }
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
    return detail::code(detail::wire<T>::put(
        msg, [&](const void *raw) { return call(get(), raw, timeout...); }));
  }

  std::unique_ptr<loopchan_sender_t, dropper> tx_;
};

inline constexpr std::size_t unbounded = LOOPCHAN_UNBOUNDED;
inline constexpr std::size_t rendezvous = LOOPCHAN_RENDEZVOUS;

/* As loopchan_options_t; 0 is the default. */
struct options {
  std::size_t capacity = unbounded;
  bool shared = false; /* a thread receiver for any number of threads */
  unsigned max_messages = 0;
  std::chrono::nanoseconds max_time{0};
  std::chrono::nanoseconds spin_time{0};
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
  static_assert(std::is_same_v<T, std::decay_t<T>>, "a message is an object");
  loopchan_sender_t *first = nullptr;
  loopchan_options_t c{};
  c.msg_size = sizeof(typename wire<T>::type);
  c.capacity = o.capacity;
  c.drop = drop<T>;
  c.flags = o.shared ? LOOPCHAN_SHARED : 0;
  c.max_messages = o.max_messages;
  c.max_ns = ns(o.max_time);
  c.spin_ns = ns(o.spin_time);
  int err = loopchan_open(loop, rx, &first, &c);
  tx = sender<T>(first);
  return err;
}

}  // namespace detail

/* A receiving end on a loop, for the loop's thread. */
template <class T>
class loop_receiver
    : public detail::loop_end<loopchan_receiver_t, loopchan_close, T *> {
 public:
  static result<channel<T, loopchan::loop_receiver>> open(uv_loop_t *loop,
                                                          const options &o) {
    channel<T, loopchan::loop_receiver> made;
    int err = made.rx.open_by([&](loopchan_receiver_t *rx) {
      return loop ? detail::open(loop, rx, made.tx, o) : UV_EINVAL;
    });
    return {err, std::move(made)};
  }

  /* Calls on_message(T &&) for each message, then on_end() once, which usually
   * closes. They are destroyed after the end, or after the close, or when a
   * start after a stop puts others in their place. */
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
    return detail::receive<T>(loopchan_try_recv, this->get());
  }
  std::error_code shutdown() {
    return detail::code(loopchan_shutdown(this->get()));
  }

 private:
  /* Owns the callbacks while they run, for they may be replaced. */
  static void deliver(loopchan_receiver_t *c, int status, void *raw) noexcept {
    auto *self = loop_receiver::core::of(c);
    auto running = std::move(self->on);
    if (status != 0)
      return running->call(nullptr);
    detail::wire<T>::take(raw, [&](T &&msg) { running->call(&msg); });
    if (!self->on)
      self->on = std::move(running);
  }
};

/* A receiving end for one thread, or with options.shared for several at once.
 * The destructor closes; nobody may be receiving then. */
template <class T> class thread_receiver {
 public:
  static result<channel<T, loopchan::thread_receiver>> open(const options &o) {
    channel<T, loopchan::thread_receiver> made;
    made.rx.rx_.reset(detail::make<loopchan_receiver_t>().release());
    int err =
        made.rx ? detail::open(nullptr, made.rx.get(), made.tx, o) : UV_ENOMEM;
    return {err, std::move(made)};
  }

  result<T> recv() { return detail::receive<T>(loopchan_recv, get()); }
  result<T> try_recv() { return detail::receive<T>(loopchan_try_recv, get()); }
  result<T> recv_for(std::chrono::nanoseconds timeout) {
    return detail::receive<T>(loopchan_recv_timeout, get(),
                              detail::ns(timeout));
  }
  /* Waits for one message, and appends it and what is there, max at most. */
  std::error_code recv_many(std::vector<T> &into, std::size_t max) {
    /* At first, for what was received must not be lost to a lack of memory. */
    into.reserve(into.size() + max);
    for (std::size_t n = 0; n < max; n++) {
      result<T> got = n == 0 ? recv() : try_recv();
      if (!got)
        return n == 0 ? got.error() : std::error_code();
      into.push_back(std::move(*got));
    }
    return {};
  }

  /* for (T &msg : rx) receives until recv() gives nothing. */
  struct iterator {
    T &operator*() { return *msg; }
    void operator++() {
      msg.reset(); /* not kept while waiting for the next */
      msg = rx->recv();
    }
    bool operator!=(std::nullptr_t) const noexcept { return msg.has_value(); }
    thread_receiver *rx;
    result<T> msg;
  };
  iterator begin() { return {this, recv()}; }
  std::nullptr_t end() { return nullptr; }

  std::error_code shutdown() { return detail::code(loopchan_shutdown(get())); }
  std::error_code close() {
    return detail::code(loopchan_close(get(), nullptr));
  }
  explicit operator bool() const noexcept { return rx_ != nullptr; }
  loopchan_receiver_t *get() const noexcept { return rx_.get(); }

 private:
  struct closer {
    void operator()(loopchan_receiver_t *rx) const noexcept {
      loopchan_close(rx, nullptr);
      delete rx;
    }
  };

  std::unique_ptr<loopchan_receiver_t, closer> rx_;
};

/* A sending end on a loop, for the loop's thread. */
template <class T>
class writer
    : public detail::loop_end<loopchan_writer_t, loopchan_writer_close> {
 public:
  static result<writer> open(uv_loop_t *loop, sender<T> &&tx) {
    writer made;
    int err = made.open_by([&](loopchan_writer_t *w) {
      return loopchan_writer_open(loop, w, tx.get());
    });
    if (err == 0)
      (void) tx.release();
    return {err, std::move(made)};
  }

  /* Calls on_written(std::error_code, std::optional<T> &&) once the message was
   * accepted, or with the message, handed back. An error here: the message
   * never left, and on_written is not called. */
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

 private:
  template <class OnWritten> struct request {
    OnWritten on_written;
    loopchan_write_t c{};

    static void done(loopchan_write_t *c, int status) noexcept {
      std::unique_ptr<request> self(static_cast<request *>(c->data));
      std::optional<T> back;
      if (status != 0)
        detail::wire<T>::take(c->msg,
                              [&](T &&msg) { back.emplace(std::move(msg)); });
      self->on_written(detail::code(status), std::move(back));
    }
  };

  template <class Msg, class OnWritten>
  std::error_code put(Msg &msg, OnWritten on_written) {
    using one = request<OnWritten>;
    std::unique_ptr<one> req = detail::make<one>(std::move(on_written));
    if (!req)
      return errc::no_memory;
    req->c.data = req.get();
    int err = detail::wire<T>::put(msg, [&](const void *raw) {
      return loopchan_write(&req->c, this->get(), raw, one::done);
    });
    if (err == 0)
      (void) req.release();
    return detail::code(err);
  }
  template <class Msg> std::error_code try_put(Msg &msg) {
    return detail::code(detail::wire<T>::put(msg, [&](const void *raw) {
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

/* A writer made of a sender. After an error tx is still the caller's. */
template <class T>
result<writer<T>> open_writer(uv_loop_t *loop, sender<T> &&tx) {
  return writer<T>::open(loop, std::move(tx));
}

}  // namespace loopchan

#endif /* LOOPCHAN_HPP */
