/* standard_files: what a program does about its descriptors when it begins, and
 * about its output when it ends.
 *
 * If it was started without descriptors 0, 1 and 2, as some supervisors do, it
 * has /dev/null in their place. Else the next files that it opens get those
 * numbers, and what it prints goes into a socket or a loop's own pipe; libuv
 * gives up with an abort.
 *
 * libuv also aborts if it cannot have the pipe for signals, which it opens in
 * the first uv_loop_init, so the files for that are asked for beforehand.
 */
#ifndef STANDARD_FILES_H
#define STANDARD_FILES_H

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

/* The pipe's two, and what that loop opens before: its own, and, by some
 * versions, two for io_uring. */
enum { FILES_OF_FIRST_LOOP = 5 };

/* How many more files can be opened; most if they are more. The limit
 * (RLIMIT_NOFILE) does not tell, for some are open. */
static inline size_t free_descriptors(size_t most) {
  int fd = most == 0 ? -1 : open("/dev/null", O_RDONLY);
  size_t n;

  if (fd < 0)
    return 0;
  n = 1 + free_descriptors(most - 1);
  close(fd);
  return n;
}

/* To be called first in main. Returns 0, or -1 with errno set. */
static inline int open_standard_files(void) {
  int fd;

  do
    fd = open("/dev/null", O_RDWR);
  while (fd >= 0 && fd <= STDERR_FILENO);
  if (fd < 0 || close(fd) != 0)
    return -1;
  if (free_descriptors(FILES_OF_FIRST_LOOP) == FILES_OF_FIRST_LOOP)
    return 0;
  errno = EMFILE;
  return -1;
}

/* To be called at the end. Returns 0 if all that was printed is written, else
 * -1 with errno set. */
static inline int flush_standard_output(void) {
  if (fflush(stdout) != 0)
    return -1;
  errno = EIO; /* errno of an earlier error is lost */
  return ferror(stdout) ? -1 : 0;
}

#endif
