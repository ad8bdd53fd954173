# loopchan_check_coroutines(): LOOPCHAN_HAS_COROUTINES, whether the C++ compiler
# has those of C++20.
include(CheckCXXSourceCompiles)

function(loopchan_check_coroutines)
  set(CMAKE_CXX_STANDARD 20)
  set(CMAKE_CXX_STANDARD_REQUIRED OFF)
  check_cxx_source_compiles("
    #include <coroutine>
    struct task {
      struct promise_type {
        task get_return_object() { return {}; }
        std::suspend_never initial_suspend() noexcept { return {}; }
        std::suspend_never final_suspend() noexcept { return {}; }
        void return_void() {}
        void unhandled_exception() {}
      };
    };
    task nothing() { co_await std::suspend_never(); }
    int main() { nothing(); }" LOOPCHAN_HAS_COROUTINES)
endfunction()
