/* hit: what the threads tell JavaScript. */
#ifndef HIT_H
#define HIT_H

#include <stdint.h>

struct hit {
  uint64_t offset; /* where the needle begins */
  int err;         /* 0, or the code of libuv's that ended the search */
};

#endif
