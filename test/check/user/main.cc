// The same in C++, on one thread: a text goes in and comes out.
#include <loopchan.hpp>
#ifdef __cpp_impl_coroutine
#include <loopchan_coro.hpp>
#endif
#include <string>

int main() {
  auto ch = loopchan::open<std::string>();
  return !ch || ch->tx.send("text") || ch->rx.recv().value() != "text";
}
