#ifndef OPTIONS_H
#define OPTIONS_H

#include <stddef.h>

enum { EXIT_FAILED = 1, EXIT_CANNOT = 2, EXIT_INTERRUPTED = 130 };

struct options {
  int sorted, progress, summary;
  size_t workers;
  char **roots; /* ends with a NULL */
};

/* Returns 1 to go on with *o, 0 to end with *status. */
int options_read(struct options *o, int argc, char **argv, int *status);

#endif
