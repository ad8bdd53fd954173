/* standard_files: what a program does about descriptors 0, 1 and 2 when it was
 * started without them, as some supervisors do: it has /dev/null in their
 * place. Else the next files that it opens get those numbers, and what it
 * prints goes into a socket or a loop's own pipe; libuv gives up with an abort.
 */
#ifndef STANDARD_FILES_H
#define STANDARD_FILES_H

#include <fcntl.h>
#include <unistd.h>

/* To be called first in main. Returns 0, or -1 with errno set. */
static inline int open_standard_files(void) {
  int fd;

  do
    fd = open("/dev/null", O_RDWR);
  while (fd >= 0 && fd <= STDERR_FILENO);
  return fd < 0 ? -1 : close(fd);
}

#endif
