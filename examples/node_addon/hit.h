/* hit: what the threads send to JavaScript. */
#ifndef HIT_H
#define HIT_H

#include <stdint.h>

struct hit {
  uint64_t offset; /* where the needle begins */
};

#endif
