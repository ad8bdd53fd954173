/* tracked: a message that notices when it is copied, or left behind. */
#ifndef SUPPORT_TRACKED_H
#define SUPPORT_TRACKED_H

#include <atomic>
#include <cstdlib>
#include <utility>

/* Knows where it lies, and how many of it there are. A copy of its bytes would
 * notice. */
class tracked {
 public:
  static std::atomic<int> live;

  explicit tracked(int n = 0) noexcept : self_(this), number(n) { live++; }
  tracked(tracked &&from) noexcept : tracked(std::exchange(from.number, -1)) {}
  tracked &operator=(tracked &&from) noexcept {
    number = std::exchange(from.number, -1);
    return *this;
  }
  ~tracked() {
    if (self_ != this)
      std::abort();
    live--;
  }

 private:
  tracked *self_;

 public:
  int number;
};

inline std::atomic<int> tracked::live;

#endif /* SUPPORT_TRACKED_H */
