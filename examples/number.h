/* number: reads a number that a user gave: all of the text, in decimal digits,
 * and in the range. strtoul would take blanks, signs and what overflows.
 */
#ifndef NUMBER_H
#define NUMBER_H

#include <stdbool.h>
#include <stdint.h>

static inline bool read_number(const char *text, uint64_t least, uint64_t most,
                               uint64_t *number) {
  uint64_t n = 0;

  if (*text == '\0')
    return false;
  for (; *text != '\0'; text++) {
    if (*text < '0' || *text > '9')
      return false;
    uint64_t digit = (uint64_t) (*text - '0');
    if (digit > most || n > (most - digit) / 10)
      return false;
    n = n * 10 + digit;
  }
  *number = n;
  return n >= least;
}

#endif
