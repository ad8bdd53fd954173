#ifndef SLICE_H
#define SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes that somebody else owns. */
struct slice {
  const char *bytes;
  size_t length;
};

/* Compares with a word in capitals, as commands are named: either case. */
bool slice_is(struct slice s, const char *word);

/* Reads all of it as a decimal number, written the one way that INCR writes
 * it: no plus, no blanks, no zeros in front. */
bool slice_number(struct slice s, int64_t *number);

#endif
