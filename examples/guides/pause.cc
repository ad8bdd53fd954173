/* pause: a loop reads from a pipe and passes what it reads to a slow thread, in
 * C++. While the channel is full it does not read, so the pipe fills up, and
 * the thread that writes into it waits. Prints how many bytes arrived. */
#include <array>
#include <thread>
#include <vector>

#include <loopchan.hpp>

#include "../check.h"

using chunk = std::vector<char>;

constexpr std::size_t size_of_chunk = 4096, chunks = 500;

static loopchan::writer<chunk> writer;
static std::array<char, size_of_chunk> space; /* what is being read */
static uv_pipe_t pipe_end;

static void on_space(uv_handle_t *, std::size_t, uv_buf_t *buf) {
  *buf = uv_buf_init(space.data(), space.size());
}

static void on_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *);

static void read_on() {
  auto *stream = reinterpret_cast<uv_stream_t *>(&pipe_end);
  check(uv_read_start(stream, on_space, on_read)); /* (2) */
}

static void on_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *) {
  if (size == 0)
    return;
  if (size < 0) {
    check(size == UV_EOF ? 0 : static_cast<int>(size));
    uv_close(reinterpret_cast<uv_handle_t *>(stream), nullptr);
    writer.close();
    return;
  }
  check(uv_read_stop(stream)); /* (1) */
  check(writer.write(chunk(space.begin(), space.begin() + size),
                     [](std::error_code err, std::optional<chunk> &&) {
                       check(err);
                       read_on();
                     }));
}

static void count(loopchan::thread_receiver<chunk> arriving) {
  std::size_t total = 0;
  for (const chunk &one : arriving)
    total += one.size();
  std::printf("%zu bytes\n", total);
}

static void write_all(uv_file to) {
  chunk bytes(size_of_chunk);
  uv_fs_t req;

  for (std::size_t left = chunks * size_of_chunk; left > 0;) {
    uv_buf_t buf = uv_buf_init(
        bytes.data(), static_cast<unsigned>(std::min(left, size_of_chunk)));
    int n = uv_fs_write(nullptr, &req, to, &buf, 1, -1, nullptr);
    uv_fs_req_cleanup(&req);
    check(n < 0 ? n : n == 0 ? UV_EIO : 0);
    left -= static_cast<std::size_t>(n);
  }
  check(uv_fs_close(nullptr, &req, to, nullptr));
  uv_fs_req_cleanup(&req);
}

int main() {
  uv_loop_t *loop = uv_default_loop();
  loopchan::options four;
  four.capacity = 4;
  uv_file ends[2];

  check(loop == nullptr ? UV_ENOMEM : 0);
  check(uv_pipe(ends, UV_NONBLOCK_PIPE, 0));
  check(uv_pipe_init(loop, &pipe_end, 0));
  check(uv_pipe_open(&pipe_end, ends[0]));
  auto [tx, rx] = loopchan::open<chunk>(four).value();
  writer = loopchan::open_writer(loop, std::move(tx)).value();
  read_on();
  std::thread counter(count, std::move(rx)), source(write_all, ends[1]);
  check(uv_run(loop, UV_RUN_DEFAULT));
  source.join();
  counter.join();
  check(uv_loop_close(loop));
}
