/* moodycamel: its ConcurrentQueue, which keeps no order between senders, and a
 * uv_async_send for each message; for a thread its BlockingConcurrentQueue. The
 * receiver takes in bulk, with SINGLE one by one. With a bound, its
 * LightweightSemaphore counts the places. With TOKENS each sender has a
 * producer token, and the receiver a consumer token; with MANY senders enqueue
 * in bulk too. Followed: its README.md, "Tokens" (the most efficient way: the
 * bulk methods with tokens) and "Bulk operations". */
#include <concurrentqueue/blockingconcurrentqueue.h>

#include <vector>

#include "../bench.h"

namespace {

#ifdef SINGLE
constexpr size_t bulk = 1;
#else
constexpr size_t bulk = 256; /* messages that the receiver takes at once */
#endif
#ifdef MANY
constexpr size_t array = 64; /* messages that a sender collects */
#endif

template <size_t size> struct message {
  uint64_t word[size / sizeof(uint64_t)];
};

/* The two differ in the name of what takes a message off. */
template <size_t size>
struct loop_queue : moodycamel::ConcurrentQueue<message<size>> {};
template <size_t size>
struct thread_queue : moodycamel::BlockingConcurrentQueue<message<size>> {};

template <typename queue, size_t size> struct channel {
  uv_async_t async; /* of a loop; first */
  bench_kind_t kind;
  uint64_t wakeups;
  queue items;
  moodycamel::LightweightSemaphore room;
  std::vector<message<size>> taken; /* of a thread */
  size_t next, count;               /* of those */
#ifdef TOKENS
  moodycamel::ConsumerToken consumer;
#endif

  explicit channel(const bench_kind_t &kind_)
      : kind(kind_),
        wakeups(0),
        room(static_cast<ssize_t>(kind_.capacity)),
        taken(kind_.to_loop ? 0 : bulk),
        next(0),
        count(0)
#ifdef TOKENS
        ,
        consumer(items)
#endif
  {
  }

  void made_room() {
    if (kind.capacity != 0)
      room.signal(static_cast<ssize_t>(count));
  }
};

template <size_t size> using on_loop = channel<loop_queue<size>, size>;
template <size_t size> using on_thread = channel<thread_queue<size>, size>;

template <typename to_type, size_t size> struct sender {
  to_type *to;
#ifdef TOKENS
  moodycamel::ProducerToken token;
#endif
#ifdef MANY
  std::vector<message<size>> waiting;
#endif

  explicit sender(to_type *to_)
      : to(to_)
#ifdef TOKENS
        ,
        token(to_->items)
#endif
  {
  }
};

/* Takes what is there, at most so many. */
template <size_t size> size_t take(on_loop<size> *from, message<size> *taken) {
#if defined(TOKENS) && defined(SINGLE)
  return from->items.try_dequeue(from->consumer, *taken);
#elif defined(TOKENS)
  return from->items.try_dequeue_bulk(from->consumer, taken, bulk);
#else
  return from->items.try_dequeue_bulk(taken, bulk);
#endif
}

template <size_t size> void on_async(uv_async_t *async) {
  static message<size> taken[bulk];
  auto *from = reinterpret_cast<on_loop<size> *>(async);

  from->wakeups++;
  while ((from->count = take<size>(from, taken)) != 0) {
    from->made_room();
    for (size_t i = 0; i < from->count; i++)
      from->kind.cb(from->kind.arg, &taken[i]);
  }
}

template <size_t size> void *open_on_thread(const bench_kind_t *kind) {
  return new on_thread<size>(*kind);
}

template <size_t size> void *open_on_loop(const bench_kind_t *kind) {
  auto *made = new on_loop<size>(*kind);

  bench_check(
      uv_async_init(uv_default_loop(), &made->async, on_async<size>) == 0,
      "async");
  return made;
}

template <typename to_type, size_t size> void *add_sender(void *to) {
  return new sender<to_type, size>(static_cast<to_type *>(to));
}

template <typename to_type> void wake(to_type *to) {
  if (to->kind.to_loop)
    bench_check(uv_async_send(&to->async) == 0, "async send");
}

#ifdef MANY
template <typename to_type, size_t size> void flush(void *arg) {
  auto *tx = static_cast<sender<to_type, size> *>(arg);
  size_t count = tx->waiting.size();

  for (size_t i = 0; i < count && tx->to->kind.capacity != 0; i++)
    bench_check(tx->to->room.wait(), "wait for room");
  bench_check(tx->to->items.enqueue_bulk(tx->token, tx->waiting.data(), count),
              "enqueue");
  tx->waiting.clear();
  wake(tx->to);
}

template <typename to_type, size_t size> void send(void *arg, const void *msg) {
  auto *tx = static_cast<sender<to_type, size> *>(arg);

  tx->waiting.push_back(*static_cast<const message<size> *>(msg));
  if (tx->waiting.size() == array)
    flush<to_type, size>(arg);
}
#else
template <typename to_type, size_t size> void send(void *arg, const void *msg) {
  auto *tx = static_cast<sender<to_type, size> *>(arg);
  const auto &it = *static_cast<const message<size> *>(msg);

  if (tx->to->kind.capacity != 0)
    bench_check(tx->to->room.wait(), "wait for room");
#ifdef TOKENS
  bench_check(tx->to->items.enqueue(tx->token, it), "enqueue");
#else
  bench_check(tx->to->items.enqueue(it), "enqueue");
#endif
  wake(tx->to);
}
#endif

template <typename to_type, size_t size> void drop_sender(void *tx) {
  delete static_cast<sender<to_type, size> *>(tx);
}

template <size_t size> bool recv(void *arg, void *msg) {
  auto *from = static_cast<on_thread<size> *>(arg);

  if (from->next == from->count) {
#ifdef TOKENS
    from->count =
        from->items.wait_dequeue_bulk(from->consumer, from->taken.data(), bulk);
#else
    from->count = from->items.wait_dequeue_bulk(from->taken.data(), bulk);
#endif
    from->next = 0;
    from->made_room();
  }
  *static_cast<message<size> *>(msg) = from->taken[from->next++];
  return true;
}

template <size_t size> uint64_t wakeups(void *arg) {
  return static_cast<on_loop<size> *>(arg)->wakeups;
}

template <typename to_type> void free_channel(void *arg) {
  delete static_cast<to_type *>(arg);
}

template <size_t size> void close_on_loop(void *arg) {
  uv_close(static_cast<uv_handle_t *>(arg),
           [](uv_handle_t *handle) { free_channel<on_loop<size>>(handle); });
}

template <typename to_type, size_t size> bench_peer_t peer_to() {
  bench_peer_t peer = {};

  peer.add_sender = add_sender<to_type, size>;
  peer.send = send<to_type, size>;
  peer.drop_sender = drop_sender<to_type, size>;
#ifdef MANY
  peer.flush = flush<to_type, size>;
#endif
  return peer;
}

template <size_t size> const bench_peer_t *peer_of(bool to_loop) {
  static bench_peer_t loop = peer_to<on_loop<size>, size>();
  static bench_peer_t thread = peer_to<on_thread<size>, size>();

  loop.open = open_on_loop<size>;
  loop.wakeups = wakeups<size>;
  loop.close = close_on_loop<size>;
  thread.open = open_on_thread<size>;
  thread.recv = recv<size>;
  thread.close = free_channel<on_thread<size>>;
  return to_loop ? &loop : &thread;
}

}  // namespace

const bench_peer_t *bench_peer_of(const bench_kind_t *kind) {
  switch (kind->size) {
    case 8:
      return peer_of<8>(kind->to_loop);
    case 64:
      return peer_of<64>(kind->to_loop);
    case 256:
      return peer_of<256>(kind->to_loop);
    case 1024:
      return peer_of<1024>(kind->to_loop);
    default:
      return peer_of<4096>(kind->to_loop);
  }
}
