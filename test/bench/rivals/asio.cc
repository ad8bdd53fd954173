/* asio: Boost.Asio's post to an io_context. */
#include <boost/asio.hpp>

#include "../bench.h"

namespace {

boost::asio::io_context context;

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
  static const bench_peer_t peer = {
      open_channel,  add_sender, send<size>, drop_sender, nullptr, nullptr,
      close_channel, run,        stop,       settle,      after_ms};

  return &peer;
}

}  // namespace

const bench_peer_t *bench_peer_of(const bench_kind_t *kind) {
  if (!kind->to_loop || kind->capacity != 0)
    return nullptr;
  return kind->size == 8    ? peer_of<8>()
         : kind->size == 64 ? peer_of<64>()
                            : peer_of<1024>();
}
