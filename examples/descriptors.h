/* descriptors: a server limits its connections, so that the limit of its
 * descriptors does not have to. Where there are none left for a loop, libuv
 * gives up with an abort. */
#ifndef DESCRIPTORS_H
#define DESCRIPTORS_H

#include <errno.h>
#include <sys/resource.h>

/* To be called before the first loop is opened: raises the limit if that is
 * needed, and allowed. Returns 0, or -1 with errno set. */
static inline int get_descriptors(rlim_t needed) {
  struct rlimit files;

  if (getrlimit(RLIMIT_NOFILE, &files) != 0)
    return -1;
  if (files.rlim_cur >= needed)
    return 0;
  errno = EMFILE;
  if (needed > files.rlim_max)
    return -1;
  files.rlim_cur = needed;
  return setrlimit(RLIMIT_NOFILE, &files);
}

#endif
