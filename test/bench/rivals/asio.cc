/* asio: Boost.Asio's post to an io_context. Followed: its overview, "Core
 * Concepts", "Threads and Boost.Asio" (post hands work to the one thread that
 * runs the io_context) and "Concurrency Hints" (1 for one such thread). */
#include <boost/asio.hpp>

#include "../bench.h"

namespace {

boost::asio::io_context context(1);

template <size_t size> struct message {
  uint64_t word[size / sizeof(uint64_t)];
};

void *open_channel(const bench_kind_t *kind) {
  return new bench_kind_t(*kind);
}

void *add_sender(void *channel) {
  return channel;
}

template <size_t size> void send(void *channel, const void *msg) {
  const auto &it = *static_cast<const message<size> *>(msg);
  const auto *kind = static_cast<const bench_kind_t *>(channel);

  boost::asio::post(context, [it, kind] { kind->cb(kind->arg, &it); });
}

void drop_sender(void *) {
}

void close_channel(void *channel) {
  delete static_cast<bench_kind_t *>(channel);
}

void run() {
  auto work = boost::asio::make_work_guard(context);

  context.restart();
  context.run();
}

void stop() {
  context.stop();
}

void settle() {
}

void after_ms(void (*cb)()) {
  static boost::asio::steady_timer timer(context);

  timer.expires_after(std::chrono::milliseconds(1));
  timer.async_wait([cb](const boost::system::error_code &) { cb(); });
}

template <size_t size> const bench_peer_t *peer_of() {
  static bench_peer_t peer = {};

  peer.open = open_channel;
  peer.add_sender = add_sender;
  peer.send = send<size>;
  peer.drop_sender = drop_sender;
  peer.close = close_channel;
  peer.run = run;
  peer.stop = stop;
  peer.settle = settle;
  peer.after_ms = after_ms;
  return &peer;
}

}  // namespace

const bench_peer_t *bench_peer_of(const bench_kind_t *kind) {
  if (!kind->to_loop || kind->capacity != 0)
    return nullptr;
  switch (kind->size) {
    case 8:
      return peer_of<8>();
    case 64:
      return peer_of<64>();
    case 256:
      return peer_of<256>();
    case 1024:
      return peer_of<1024>();
    default:
      return peer_of<4096>();
  }
}
