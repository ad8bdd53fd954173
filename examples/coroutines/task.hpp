/* task: the least that a coroutine needs. It begins at once, nothing waits for
 * it, and its frame goes when it is done. A program has one of its own, or
 * takes one from a library: loopchan works with any. */
#ifndef TASK_HPP
#define TASK_HPP

#include <coroutine>
#include <exception>

struct task {
  struct promise_type {
    task get_return_object() noexcept { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() noexcept {}
    void unhandled_exception() noexcept { std::terminate(); }
  };
};

#endif /* TASK_HPP */
