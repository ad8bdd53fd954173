#ifndef LISTING_H
#define LISTING_H

#include <stdio.h>

#include "report.h"

struct line;

/* The lines for stdout. Zero-initialise it. */
struct listing {
  int sorted; /* keep the lines for listing_print; 0: print them at once */
  int safely; /* stdout is a terminal: see name_put */
  struct line *lines;
  size_t count, room;
};

/* Takes the path of a REPORT_DONE over when it returns 0. */
int listing_add(struct listing *l, const struct report *r);

/* Prints what was kept, sorted, and flushes. */
int listing_print(struct listing *l);

void listing_free(struct listing *l);

#endif
