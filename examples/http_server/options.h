#ifndef OPTIONS_H
#define OPTIONS_H

#include "crew.h"

struct options {
  int port;
  const struct crew_kind *kind;
  size_t workers, ahead;
  unsigned cost, patience;
};

/* Returns 1 to go on with *o, 0 to end with *status. */
int options_read(struct options *o, int argc, char **argv, int *status);

#endif
