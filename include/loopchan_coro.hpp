/* loopchan_coro.hpp: loopchan for the coroutines of C++20.
 *
 * Header-only, on top of loopchan.hpp, whose head comment applies here too. A
 * coroutine on the loop's thread awaits messages, and room for them:
 *
 *   task serve(loopchan::coro::receiver<job> jobs,
 *              loopchan::coro::writer<answer> answers) {
 *     while (auto one = co_await jobs.recv())
 *       if (auto err = co_await answers.write(solve(*one)))
 *         break;
 *   }
 *
 *   auto ch = loopchan::coro::open<job>(loop).value();
 *   auto w = loopchan::coro::open_writer(loop, std::move(tx)).value();
 *   serve(std::move(ch.rx), std::move(w));
 *
 * Tasks: any type. A coroutine that waits is resumed on the loop's thread, from
 * a callback of the loop, never from inside a call of this header (but see
 * receiver). Whatever it does then is allowed, as in any callback: await again,
 * close or destroy the ends, destroy itself or other coroutines.
 *
 * Await the results of recv, recv_for and write at once: they refer to the end
 * and to the message.
 *
 * Destroying a coroutine that waits is safe at any time, on the loop's thread.
 * A message is taken from the channel only for a coroutine that waits, so none
 * is lost then. Of the writes that wait, a writer's oldest is in the channel's
 * hands, even while the channel is full: its message is received, or destroyed
 * with the channel. Any other's is back in its place (a move back that throws
 * then ends the program).
 *
 * Memory: an await allocates nothing itself, except the box of a message that
 * is sent in one; the coroutine's frame is allocated as its type says. What the
 * calls in loopchan.h allocate comes on top: nothing in a steady state.
 *
 * Compilers: gcc 12 loses the coroutine at a co_await that is itself the
 * condition of an if or a while. A co_await that initialises a variable there,
 * as above, is compiled correctly. gcc 12 also destroys the result of
 * which ? co_await a : co_await b twice: write an if and an else. And it aligns
 * a frame as operator new does, even if a T in it needs a stricter alignment:
 * then the promise needs its own operator new.
 *
 * The loop stays alive. An await that need not wait is done at once, but in one
 * iteration of the loop only as often, and as long, as its budget allows
 * (options.budget_messages, options.budget_time; for a writer their defaults):
 * then the coroutine is suspended, and goes on in the next iteration. A
 * coroutine that its receiver has resumed gets the next message after that
 * callback, so that the library's own budget counts it. An iteration is
 * recognised by uv_now(): a coroutine that keeps calling uv_update_time() may
 * block the loop.
 *
 * Exceptions: if moving a T throws, the exception leaves the co_await. An
 * exception that leaves resume(), because the task's type allows it, ends the
 * program by std::terminate. Works with -fno-exceptions and -fno-rtti.
 */

#ifndef LOOPCHAN_CORO_HPP
#define LOOPCHAN_CORO_HPP

#include <loopchan.hpp>

#if !defined(__cpp_impl_coroutine)
#error "loopchan_coro.hpp needs a compiler with C++20's coroutines"
#endif

#include <coroutine>
#include <cstring>

/* As in loopchan.hpp. */
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
#endif

namespace loopchan {

namespace detail {

/* How often, and how long, something is done at once in one iteration of the
 * loop. Iterations in the same millisecond count as one. */
class coro_budget {
 public:
  coro_budget() = default;
  coro_budget(unsigned budget_messages, time_span budget_time) noexcept
      : most_(budget_messages != 0 ? budget_messages : 1024),
        most_ns_(budget_time.ns() != 0 ? budget_time.ns() : 1000000) {}

  /* False: it is spent. */
  bool take(const uv_loop_t *loop) noexcept {
    std::uint64_t iteration = uv_now(loop);
    if (count_ == 0 || iteration != iteration_) {
      count_ = 1;
      iteration_ = iteration;
      began_ = uv_hrtime();
      return true;
    }
    if (count_ >= most_ || uv_hrtime() - began_ >= most_ns_)
      return false;
    count_++;
    return true;
  }
  void renew() noexcept { count_ = 0; }
  /* Another one of this size, of which nothing is spent: on any thread. */
  coro_budget unspent() const noexcept {
    coro_budget other;
    other.most_ = most_;
    other.most_ns_ = most_ns_;
    return other;
  }

 private:
  unsigned most_ = 1024; /* fixed, as the next one */
  std::uint64_t most_ns_ = 1000000;
  unsigned count_ = 0; /* the loop's thread's, as all that follows */
  std::uint64_t iteration_ = 0;
  std::uint64_t began_ = 0;
};

/* An end whose core stays in its place until its handles are closed. */
template <class Core> class coro_end {
 public:
  /* As that of loop_receiver. */
  template <class OnClosed> std::error_code close(OnClosed on_closed) {
    if (get() == nullptr)
      return errc::invalid;
    if (uv_is_closing(core_->handle()) != 0)
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
  auto *get() const noexcept {
    return core_.get() != nullptr ? &core_->c : nullptr;
  }

 protected:
  /* begin(c) opens the C handle. */
  template <class Begin> int open_by(Begin begin) {
    core_.reset(detail::make<Core>().release());
    int err = core_.get() != nullptr ? begin(get()) : UV_ENOMEM;
    if (err != 0)
      core_.reset();
    return err;
  }
  Core *core() const noexcept { return core_.get(); }

 private:
  struct closer {
    void operator()(Core *core) const noexcept { core->close(); }
  };

  std::unique_ptr<Core, closer> core_;
};

template <class Core> void free_core(Core *core) noexcept {
  std::unique_ptr<callback<>> last = std::move(core->on_closed);
  delete core;
  if (last.get() != nullptr)
    last.get()->call();
}

/* --------------------------------------------------------------- receiving */

/* A coroutine that receives: in its frame. */
template <class T> struct recv_waiter {
  using raw = typename wire<T>::type;

  recv_waiter() = default;
  recv_waiter(const recv_waiter &) = delete;
  recv_waiter &operator=(const recv_waiter &) = delete;

  std::coroutine_handle<> coroutine;
  int status = UV_EINVAL;
  bool waits = false;                            /* the core refers to it */
  bool has_message = false;                      /* in place */
  alignas(raw) unsigned char place[sizeof(raw)]; /* the message, as it came */
};

/* The C receiver is started while a coroutine waits, and inside the callback
 * that delivers a message: what is awaited there is delivered behind it. */
template <class T> struct receiver_core {
  loopchan_receiver_t c{};
  recv_waiter<T> *waiting = nullptr;
  bool delivering = false; /* inside the callback, with a message */
  bool has_timer = false;
  uv_timer_t timer{};         /* of recv_for; unreferenced: c keeps the loop */
  uv_timer_t last{};          /* see on_c_closed */
  unsigned open_handles = 1;  /* c, and those that are being closed */
  std::uint64_t deadline = 0; /* of what waits, by uv_hrtime */
  std::uint64_t due = 0;      /* the deadline that the timer was started for */
  coro_budget budget;
  std::unique_ptr<callback<>> on_closed;

  receiver_core() noexcept { c.data = this; }

  uv_handle_t *handle() noexcept { return reinterpret_cast<uv_handle_t *>(&c); }
  uv_loop_t *loop() noexcept { return uv_handle_get_loop(handle()); }
  /* Or closed; then the loop may be gone. */
  bool is_closing() noexcept { return uv_is_closing(handle()) != 0; }

  /* True: there is no need to wait. */
  bool recv_now(recv_waiter<T> &w, time_span timeout) noexcept {
    if (waiting != nullptr) {
      w.status = UV_EALREADY;
      return true;
    }
    if (delivering || (!is_closing() && !budget.take(loop())))
      return false;
    w.status = loopchan_try_recv(&c, w.place);
    w.has_message = w.status == 0;
    if (w.status != UV_EAGAIN)
      return true;
    if (timeout.ns() != 0)
      return false;
    w.status = UV_ETIMEDOUT;
    return true;
  }
  /* False: it cannot wait, and status says why. */
  bool wait(recv_waiter<T> &w, time_span timeout) noexcept {
    int err = is_closing() ? UV_EINVAL : arm(timeout.ns());
    if (err == 0 && !delivering)
      err = loopchan_recv_start(&c, deliver);
    w.status = err;
    if (err != 0)
      return false;
    w.waits = true;
    waiting = &w;
    return true;
  }
  /* Its coroutine is being destroyed. */
  void forget() noexcept {
    assert(waiting != nullptr);
    static_cast<void>(take_waiting());
    if (!delivering)
      static_cast<void>(loopchan_recv_stop(&c));
  }
  void close() noexcept {
    if (loopchan_close(&c, on_c_closed) == 0) {
      close_timer();
    } else if (detail::is_free(c)) {
      /* Never opened, or loopchan_close_handle was first: the loop may be
       * gone, and all handles with it. */
      resume(UV_ECANCELED);
      open_handles--;
      if (!close_timer())
        free_core(this);
    } else {
      assert(false && "destroyed before loopchan_close_handle calls back");
    }
  }

 private:
  static receiver_core *of(loopchan_receiver_t *c) noexcept {
    return static_cast<receiver_core *>(c->data);
  }
  static uv_handle_t *as_handle(uv_timer_t &timer) noexcept {
    return reinterpret_cast<uv_handle_t *>(&timer);
  }

  recv_waiter<T> *take_waiting() noexcept {
    recv_waiter<T> *w = std::exchange(waiting, nullptr);
    if (w != nullptr)
      w->waits = false;
    return w;
  }
  /* Resumes the coroutine that waits, if one does. Its frame may be gone
   * afterwards. */
  void resume(int status) noexcept {
    recv_waiter<T> *w = take_waiting();
    if (w == nullptr)
      return;
    w->status = status;
    w->coroutine.resume();
  }
  static void deliver(loopchan_receiver_t *c, int status, void *raw) noexcept {
    receiver_core *core = of(c);
    assert(core->waiting != nullptr);
    if (status == 0) {
      std::memcpy(core->waiting->place, raw, sizeof core->waiting->place);
      core->waiting->has_message = true;
    }
    core->budget.renew();
    core->delivering = status == 0;
    core->resume(status);
    core->delivering = false;
    if (core->waiting == nullptr)
      static_cast<void>(loopchan_recv_stop(c));
  }

  /* A timer that goes off too early is started again, so it need not be stopped
   * when a message comes, nor started for each wait. */
  int arm(std::uint64_t ns) noexcept {
    deadline = LOOPCHAN_FOREVER;
    if (ns == LOOPCHAN_FOREVER)
      return 0;
    std::uint64_t now = uv_hrtime();
    if (ns >= LOOPCHAN_FOREVER - now)
      return 0;
    deadline = now + ns;
    if (!has_timer) {
      static_cast<void>(uv_timer_init(loop(), &timer));
      uv_unref(as_handle(timer));
      timer.data = this;
      has_timer = true;
    }
    if (uv_is_active(as_handle(timer)) != 0 && due <= deadline)
      return 0;
    return start_timer(now);
  }
  int start_timer(std::uint64_t now) noexcept {
    constexpr std::uint64_t ms = 1000000;
    due = deadline;
    return uv_timer_start(&timer, on_time,
                          (deadline - now) / ms + ((deadline - now) % ms != 0),
                          0);
  }
  /* What has come in the meantime is received. */
  static void on_time(uv_timer_t *timer) noexcept {
    auto *core = static_cast<receiver_core *>(timer->data);
    std::uint64_t now = uv_hrtime();
    recv_waiter<T> *w = core->waiting;
    if (w == nullptr || core->deadline == LOOPCHAN_FOREVER)
      return;
    if (now < core->deadline) {
      static_cast<void>(core->start_timer(now));
      return;
    }
    int status = core->is_closing() ? UV_ECANCELED /* by a walk */
                                    : loopchan_try_recv(&core->c, w->place);
    w->has_message = status == 0;
    static_cast<void>(loopchan_recv_stop(&core->c));
    core->resume(status == UV_EAGAIN ? UV_ETIMEDOUT : status);
  }

  /* False: there is none, or a walk has closed it. */
  bool close_timer() noexcept {
    if (!has_timer || uv_is_closing(as_handle(timer)) != 0)
      return false;
    has_timer = false;
    open_handles++;
    uv_close(as_handle(timer), on_timer_closed);
    return true;
  }
  /* A walk may have closed the timer, and there is no asking whether that is
   * done. It is when a handle that is closed from now on is. */
  static void on_c_closed(loopchan_receiver_t *c) noexcept {
    receiver_core *core = of(c);
    core->resume(UV_ECANCELED);
    if (core->has_timer) {
      static_cast<void>(uv_timer_init(core->timer.loop, &core->last));
      core->last.data = core;
      core->open_handles++;
      uv_close(as_handle(core->last), on_timer_closed);
    }
    core->handle_closed();
  }
  static void on_timer_closed(uv_handle_t *timer) noexcept {
    static_cast<receiver_core *>(timer->data)->handle_closed();
  }
  void handle_closed() noexcept {
    if (--open_handles == 0)
      free_core(this);
  }
};

/* What co_await turns a recv into: in the coroutine's frame. */
template <class T> class recv_awaiter : private recv_waiter<T> {
 public:
  recv_awaiter(receiver_core<T> *core, time_span timeout) noexcept
      : core_(core), timeout_(timeout) {}
  ~recv_awaiter() {
    if (this->waits)
      core_->forget();
    if (this->has_message)
      detail::drop<T>(this->place, nullptr);
  }

  bool await_ready() noexcept {
    return core_ == nullptr || core_->recv_now(*this, timeout_);
  }
  bool await_suspend(std::coroutine_handle<> from) noexcept {
    this->coroutine = from;
    return core_->wait(*this, timeout_);
  }
  result<T> await_resume() {
    return result<T>(filled_by(), [this](optional_of<T> &into) {
      if (std::exchange(this->has_message, false)) {
        if constexpr (is_large<T>)
          into.adopt(wire<T>::open(this->place));
        else
          wire<T>::take(this->place,
                        [&](T &&msg) { into.emplace(std::move(msg)); });
      }
      return detail::code(this->status);
    });
  }

 private:
  receiver_core<T> *core_;
  time_span timeout_;
};

/* ----------------------------------------------------------------- writing */

/* A coroutine that writes: in its frame. */
struct write_waiter {
  enum class place { none, queued, in_flight };

  write_waiter() = default;
  write_waiter(const write_waiter &) = delete;
  write_waiter &operator=(const write_waiter &) = delete;

  std::coroutine_handle<> coroutine;
  const void *raw = nullptr; /* the message, as it travels */
  int status = UV_EINVAL;
  bool accepted = false; /* the message is the channel's */
  place at = place::none;
  write_waiter *older = nullptr, *newer = nullptr; /* if queued */
};

/* One write at a time is in the library's hands, for it cannot be taken back
 * when its coroutine is destroyed: its request is here. The others queue. If
 * any does, one is in flight, or its callback is running. */
struct writer_core {
  loopchan_writer_t c{};
  loopchan_write_t request{};
  bool busy = false;                 /* the request is in use */
  write_waiter *in_flight = nullptr; /* null: its coroutine was destroyed */
  write_waiter *oldest = nullptr, *newest = nullptr;
  void (*drop)(void *, void *) = nullptr;
  coro_budget budget;
  std::unique_ptr<callback<>> on_closed;

  writer_core() noexcept {
    c.data = this;
    request.data = this;
  }

  uv_handle_t *handle() noexcept { return reinterpret_cast<uv_handle_t *>(&c); }

  /* Others go first. */
  bool has_writes() const noexcept { return busy || oldest != nullptr; }
  /* True: there is no need to wait. */
  bool write_now(write_waiter &w) noexcept {
    return !has_writes() && try_write(w);
  }
  /* False: it cannot wait, and status says why. */
  bool wait(write_waiter &w) noexcept {
    if (!has_writes())
      return submit(w);
    w.at = write_waiter::place::queued;
    w.older = newest;
    w.newer = nullptr;
    (newest != nullptr ? newest->newer : oldest) = &w;
    newest = &w;
    return true;
  }
  /* Its coroutine is being destroyed. */
  void forget(write_waiter &w) noexcept {
    if (w.at == write_waiter::place::in_flight)
      in_flight = nullptr;
    else if (w.at == write_waiter::place::queued)
      unlink(w);
  }
  void close() noexcept {
    if (loopchan_writer_close(&c, on_c_closed) == 0)
      return;
    assert(detail::is_free(c) &&
           "destroyed before loopchan_close_handle calls back");
    if (detail::is_free(c))
      free_core(this);
  }

 private:
  void unlink(write_waiter &w) noexcept {
    (w.older != nullptr ? w.older->newer : oldest) = w.newer;
    (w.newer != nullptr ? w.newer->older : newest) = w.older;
    w.at = write_waiter::place::none;
  }
  bool try_write(write_waiter &w) noexcept {
    /* If it was closed by a walk, the loop may be gone. */
    if (uv_is_closing(handle()) == 0 &&
        !budget.take(uv_handle_get_loop(handle())))
      return false;
    w.status = loopchan_try_write(&c, w.raw);
    w.accepted = w.status == 0;
    return w.status != UV_EAGAIN;
  }
  bool submit(write_waiter &w) noexcept {
    w.status = loopchan_write(&request, &c, w.raw, on_written);
    if (w.status != 0)
      return false;
    w.accepted = true; /* unless it comes back */
    w.at = write_waiter::place::in_flight;
    in_flight = &w;
    busy = true;
    return true;
  }
  /* Those that queue, until one of them has to wait. Each may destroy others,
   * and close the writer: then nothing is written any more. */
  void serve() noexcept {
    while (!busy && oldest != nullptr) {
      write_waiter &w = *oldest;
      unlink(w);
      if (!try_write(w) && submit(w))
        return;
      if (w.status == UV_EINVAL)
        w.status = UV_ECANCELED; /* the writer is closed */
      w.coroutine.resume();
    }
  }
  static void on_written(loopchan_write_t *request, int status) noexcept {
    auto *core = static_cast<writer_core *>(request->data);
    write_waiter *w = std::exchange(core->in_flight, nullptr);
    core->busy = false;
    core->budget.renew();
    if (w != nullptr) {
      w->status = status;
      w->accepted = status == 0;
      w->at = write_waiter::place::none;
      w->coroutine.resume();
    } else if (status != 0) {
      core->drop(request->msg, nullptr);
    }
    core->serve();
  }
  static void on_c_closed(loopchan_writer_t *c) noexcept {
    free_core(static_cast<writer_core *>(c->data));
  }
};

/* What co_await turns a write into: in the coroutine's frame. Once packed, the
 * message is here, until it is the channel's, or back in its place. */
template <class T, class Msg> class write_awaiter : private write_waiter {
  using type = typename wire<T>::type;
  static constexpr bool is_pointer = !goes_as_bytes<T> && !goes_in_box<T>;

 public:
  write_awaiter(writer_core *core, Msg *msg) noexcept
      : core_(core), msg_(msg) {}
  ~write_awaiter() {
    if (at != place::none)
      core_->forget(*this);
    give_back();
  }

  bool await_ready() {
    if (core_ == nullptr)
      return true;
    if (pack())
      return core_->write_now(*this);
    status = UV_ENOMEM;
    return true;
  }
  bool await_suspend(std::coroutine_handle<> from) noexcept {
    coroutine = from;
    return core_->wait(*this);
  }
  [[nodiscard]] std::error_code await_resume() {
    give_back();
    return detail::code(status);
  }

 private:
  bool pack() {
    if constexpr (goes_as_bytes<T>) {
      raw = std::addressof(*msg_);
    } else {
      if (!wire<T>::pack(*msg_, packed_))
        return false;
      wire<T>::accept(*msg_);
      raw = &packed_;
      is_packed_ = true;
    }
    return true;
  }
  void give_back() {
    if constexpr (!goes_as_bytes<T>) {
      if (!std::exchange(is_packed_, false) || accepted)
        return;
      if constexpr (is_pointer)
        msg_->reset(packed_);
      else
        wire<T>::refuse(*msg_, packed_);
    }
  }

  writer_core *core_;
  Msg *msg_;
  type packed_{};
  bool is_packed_ = false;
};

}  // namespace detail

namespace coro {

/* -------------------------------------------------------------------- ends */

/* What recv and recv_for return: awaiting it gives a result<T>. */
template <class T> class [[nodiscard]] recv_operation {
 public:
  detail::recv_awaiter<T> operator co_await() const noexcept {
    return {core_, timeout_};
  }

 private:
  template <class> friend class receiver;
  recv_operation(detail::receiver_core<T> *core, time_span timeout) noexcept
      : core_(core), timeout_(timeout) {}

  detail::receiver_core<T> *core_;
  time_span timeout_;
};

/* What write returns: awaiting it gives a std::error_code. */
template <class T, class Msg> class [[nodiscard]] write_operation {
 public:
  detail::write_awaiter<T, Msg> operator co_await() const noexcept {
    return {core_, msg_};
  }

 private:
  template <class> friend class writer;
  write_operation(detail::writer_core *core, Msg *msg) noexcept
      : core_(core), msg_(msg) {}

  detail::writer_core *core_;
  Msg *msg_;
};

/* A receiving end on a loop, for coroutines on the loop's thread, only one of
 * which may wait at a time. The destructor closes it; the loop has to run once
 * more to free what is left.
 *
 * A coroutine that waits while the receiver is closed gets errc::canceled, from
 * the loop, before on_closed is called. If loopchan_close_handle was called
 * before, it gets that from inside the close or the destructor that follows.
 * Once a recv_for has had to wait, uv_walk finds the receiver's timer too. A
 * receiver whose handles a walk has closed may be destroyed when all of them
 * have called back: at the latest when uv_run returns. */
template <class T>
class receiver : public detail::coro_end<detail::receiver_core<T>> {
  static_assert(detail::is_message<T>());

 public:
  static result<channel<T, coro::receiver>> open(uv_loop_t *loop,
                                                 const options &o) {
    channel<T, coro::receiver> made;
    int err = made.rx.open_by([&](loopchan_receiver_t *rx) {
      return loop != nullptr ? detail::open(loop, rx, made.tx, o) : UV_EINVAL;
    });
    if (err != 0)
      return unexpected(detail::code(err));
    made.rx.core()->budget =
        detail::coro_budget(o.budget_messages, o.budget_time);
    return made;
  }

  /* Makes another receiver of the same channel: on a loop, for its coroutines,
   * if called on that loop's thread; for threads, on any thread. It does not
   * wait. Several threads may call it at once, if this end is neither moved nor
   * closed meanwhile. Each message is received by exactly one of the receivers:
   * by one on a loop only while a coroutine waits on it. Each is closed on its
   * own, and gets errc::end_of_file itself; with the last one the channel is
   * closed. A clone on a loop has the budget that the channel was opened with.
   * Errors: errc::invalid: without options.shared, the loop is null, or this
   * end is empty, or closed by a walk; errc::no_memory; what uv_async_init
   * returned. After an error nothing has changed. */
  result<receiver> clone(uv_loop_t *loop) const {
    receiver made;
    int err = made.open_by([&](loopchan_receiver_t *rx) {
      return loop != nullptr ? loopchan_receiver_clone(loop, rx, this->get())
                             : UV_EINVAL;
    });
    if (err != 0)
      return unexpected(detail::code(err));
    made.core()->budget = this->core()->budget.unspent();
    return made;
  }
  result<thread_receiver<T>> clone() const {
    return thread_receiver<T>::clone_of(this->get());
  }

  /* co_await rx.recv() gives the oldest message, as a result<T>; it waits until
   * there is one. Errors: errc::end_of_file, and again from every later call;
   * errc::already: another coroutine waits; errc::canceled: closed meanwhile;
   * errc::invalid: this end is empty, or a walk has closed it (with
   * options.shared that is errc::end_of_file). */
  recv_operation<T> recv() noexcept { return recv_for(forever); }
  /* The same, but errc::timed_out after that time; no message is lost then. A
   * wait is never shorter; it may be a few milliseconds longer. With 0 it only
   * checks, which may take one iteration of the loop. */
  recv_operation<T> recv_for(time_span timeout) noexcept {
    static_assert(detail::is_movable_message<T>());
    return {this->core(), timeout};
  }
  result<T> try_recv() {
    return detail::received<T>(loopchan_try_recv, this->get());
  }
  std::error_code shutdown() {
    return detail::code(loopchan_shutdown(this->get()));
  }
  result<loopchan_stats_t> stats() const { return detail::stats(this->get()); }
};

/* A sending end on a loop, for any number of coroutines on the loop's thread.
 * The destructor closes it; the loop has to run once more to free what is left.
 *
 * Coroutines that wait while the writer is closed get errc::canceled, and their
 * messages back, from the loop, before on_closed is called. */
template <class T> class writer : public detail::coro_end<detail::writer_core> {
  static_assert(detail::is_message<T>());

 public:
  static result<writer> open(uv_loop_t *loop, sender<T> &&tx) {
    writer made;
    int err = made.open_by([&](loopchan_writer_t *w) {
      return loopchan_writer_open(loop, w, tx.get());
    });
    if (err != 0)
      return unexpected(detail::code(err));
    made.core()->drop = detail::drop<T>;
    static_cast<void>(tx.release());
    return made;
  }

  /* co_await w.write(std::move(msg)) gives a std::error_code; it waits until
   * the message is accepted, or, on a rendezvous channel, received. Messages
   * are accepted in the order of the writes. After an error the message is back
   * in its place: errc::closed: the receiver is closed or shut down;
   * errc::canceled: the writer was closed meanwhile; errc::invalid: this end is
   * empty, or a walk has closed it; errc::no_memory. A const message, or an
   * lvalue, is copied. */
  write_operation<T, T> write(T &&msg) noexcept { return operation(msg); }
  write_operation<T, const T> write(const T &msg) noexcept {
    return operation(msg);
  }
  /* errc::again: no room, or a write of this writer waits, which goes first. */
  [[nodiscard]] std::error_code try_write(T &&msg) { return try_put(msg); }
  [[nodiscard]] std::error_code try_write(const T &msg) { return try_put(msg); }

 private:
  template <class Msg> write_operation<T, Msg> operation(Msg &msg) noexcept {
    static_assert(detail::can_be_sent<T, Msg>());
    return {this->core(), std::addressof(msg)};
  }
  template <class Msg> std::error_code try_put(Msg &msg) {
    return detail::code(detail::put<T>(msg, [&](const void *raw) {
      return this->core() != nullptr && this->core()->has_writes()
                 ? UV_EAGAIN
                 : loopchan_try_write(this->get(), raw);
    }));
  }
};

/* ------------------------------------------------------------------ making */

/* A channel into a loop, for coroutines. */
template <class T>
result<channel<T, receiver>> open(uv_loop_t *loop, const options &o = {}) {
  return receiver<T>::open(loop, o);
}

/* Turns a sender into a writer. After an error tx is still the caller's. */
template <class T>
result<writer<T>> open_writer(uv_loop_t *loop, sender<T> &&tx) {
  return writer<T>::open(loop, std::move(tx));
}

}  // namespace coro
}  // namespace loopchan

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif

#endif /* LOOPCHAN_CORO_HPP */
