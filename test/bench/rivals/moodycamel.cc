/* moodycamel: its ConcurrentQueue, which keeps no order between senders, and a
 * uv_async_send for each message; for a thread its BlockingConcurrentQueue.
 * With a bound, its LightweightSemaphore counts the places. With TOKENS each
 * sender has a producer token, and the receiver a consumer token. */
#include <concurrentqueue/blockingconcurrentqueue.h>

#include "../bench.h"

namespace {

template <size_t size> struct message {
  uint64_t word[size / sizeof(uint64_t)];
};

/* The two differ in the name of what takes a message off. */
template <size_t size>
struct loop_queue : moodycamel::ConcurrentQueue<message<size>> {};
template <size_t size>
struct thread_queue : moodycamel::BlockingConcurrentQueue<message<size>> {};

template <typename queue> struct channel {
  uv_async_t async; /* of a loop; first */
  bench_kind_t kind;
  uint64_t wakeups;
  queue items;
  moodycamel::LightweightSemaphore room;
#ifdef TOKENS
  moodycamel::ConsumerToken consumer;
#endif

  explicit channel(const bench_kind_t &kind_)
      : kind(kind_),
        wakeups(0),
        room(static_cast<ssize_t>(kind_.capacity))
#ifdef TOKENS
        ,
        consumer(items)
#endif
  {
  }
};

template <typename queue> struct sender {
  channel<queue> *to;
#ifdef TOKENS
  moodycamel::ProducerToken token;

  explicit sender(channel<queue> *to_) : to(to_), token(to_->items) {
  }
#else
  explicit sender(channel<queue> *to_) : to(to_) {
  }
#endif
};

template <typename queue> void made_room(channel<queue> *from) {
  if (from->kind.capacity != 0)
    from->room.signal();
}

template <size_t size> void on_async(uv_async_t *async) {
  auto *from = reinterpret_cast<channel<loop_queue<size>> *>(async);
  message<size> it;

  from->wakeups++;
#ifdef TOKENS
  while (from->items.try_dequeue(from->consumer, it)) {
#else
  while (from->items.try_dequeue(it)) {
#endif
    made_room(from);
    from->kind.cb(from->kind.arg, &it);
  }
}

template <typename queue> void *open_channel(const bench_kind_t *kind) {
  return new channel<queue>(*kind);
}

template <size_t size> void *open_on_loop(const bench_kind_t *kind) {
  auto *made = new channel<loop_queue<size>>(*kind);

  bench_check(
      uv_async_init(uv_default_loop(), &made->async, on_async<size>) == 0,
      "async");
  return made;
}

template <typename queue> void *add_sender(void *to) {
  return new sender<queue>(static_cast<channel<queue> *>(to));
}

template <typename queue, size_t size> void send(void *arg, const void *msg) {
  auto *tx = static_cast<sender<queue> *>(arg);
  const auto &it = *static_cast<const message<size> *>(msg);
  const bench_kind_t &kind = tx->to->kind;

  if (kind.capacity != 0)
    bench_check(tx->to->room.wait(), "wait for room");
#ifdef TOKENS
  bench_check(tx->to->items.enqueue(tx->token, it), "enqueue");
#else
  bench_check(tx->to->items.enqueue(it), "enqueue");
#endif
  if (kind.to_loop)
    bench_check(uv_async_send(&tx->to->async) == 0, "async send");
}

template <typename queue> void drop_sender(void *tx) {
  delete static_cast<sender<queue> *>(tx);
}

template <size_t size> void recv(void *arg, void *msg) {
  auto *from = static_cast<channel<thread_queue<size>> *>(arg);
  auto &it = *static_cast<message<size> *>(msg);

#ifdef TOKENS
  from->items.wait_dequeue(from->consumer, it);
#else
  from->items.wait_dequeue(it);
#endif
  made_room(from);
}

template <size_t size> uint64_t wakeups(void *arg) {
  return static_cast<channel<loop_queue<size>> *>(arg)->wakeups;
}

template <typename queue> void free_channel(void *arg) {
  delete static_cast<channel<queue> *>(arg);
}

template <size_t size> void close_on_loop(void *arg) {
  uv_close(static_cast<uv_handle_t *>(arg),
           [](uv_handle_t *handle) { free_channel<loop_queue<size>>(handle); });
}

template <size_t size> const bench_peer_t *peer_of(bool to_loop) {
  using on_loop = loop_queue<size>;
  using on_thread = thread_queue<size>;
  static const bench_peer_t loop = {open_on_loop<size>,
                                    add_sender<on_loop>,
                                    send<on_loop, size>,
                                    drop_sender<on_loop>,
                                    nullptr,
                                    wakeups<size>,
                                    close_on_loop<size>,
                                    nullptr,
                                    nullptr,
                                    nullptr,
                                    nullptr};
  static const bench_peer_t thread = {open_channel<on_thread>,
                                      add_sender<on_thread>,
                                      send<on_thread, size>,
                                      drop_sender<on_thread>,
                                      recv<size>,
                                      nullptr,
                                      free_channel<on_thread>,
                                      nullptr,
                                      nullptr,
                                      nullptr,
                                      nullptr};

  return to_loop ? &loop : &thread;
}

}  // namespace

const bench_peer_t *bench_peer_of(const bench_kind_t *kind) {
  return kind->size == 8    ? peer_of<8>(kind->to_loop)
         : kind->size == 64 ? peer_of<64>(kind->to_loop)
                            : peer_of<1024>(kind->to_loop);
}
