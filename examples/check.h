/* check: check_error.h, and what a short example does in other failures, so
 * that the example itself is about channels alone: it is started without
 * descriptors 0, 1 or 2; what it prints cannot be written; and, in C++, an
 * exception that nothing catches. */
#ifndef CHECK_H
#define CHECK_H

#include "check_error.h"

#if defined(__GNUC__) && !defined(_WIN32)
#include <errno.h>

#include "standard_files.h"

static void check_output(void) {
  check(flush_standard_output() == 0 ? 0 : uv_translate_sys_error(errno));
}

/* A closed standard output is an error, too. */
__attribute__((constructor)) static void before_main(void) {
  int is_closed = fcntl(STDOUT_FILENO, F_GETFD) == -1;

  check(open_standard_files() == 0 ? 0 : uv_translate_sys_error(errno));
  check(is_closed ? UV_EBADF : 0);
  check(atexit(check_output) == 0 ? 0 : UV_ENOMEM);
}
#endif

#ifdef __cplusplus
#include <exception>
#include <system_error>

static inline void check(const std::error_code &err) {
  check(err.value());
}

/* From std::thread without a thread, value() without a value. */
[[noreturn]] static inline void end_with_exception() {
  try {
    if (std::exception_ptr thrown = std::current_exception())
      std::rethrow_exception(thrown);
    (void) fputs("terminated\n", stderr);
  } catch (const std::exception &thrown) {
    (void) fprintf(stderr, "%s\n", thrown.what());
  }
  _Exit(1);
}

static const std::terminate_handler before_check =
    std::set_terminate(end_with_exception);
#endif

#endif
