/* slice: reading words and numbers that end where they end, not at a zero. */
#include "slice.h"

static char capital(char c) {
  return (char) (c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
}

bool slice_is(struct slice s, const char *word) {
  size_t i = 0;
  while (i < s.length && word[i] != '\0' && capital(s.bytes[i]) == word[i])
    i++;
  return i == s.length && word[i] == '\0';
}

bool slice_number(struct slice s, int64_t *number) {
  bool negative = s.length > 0 && s.bytes[0] == '-';
  uint64_t most = (uint64_t) INT64_MAX + negative;
  uint64_t n = 0;
  size_t i = negative;

  if (i == s.length || (s.bytes[i] == '0' && s.length > 1))
    return false;
  for (; i < s.length; i++) {
    if (s.bytes[i] < '0' || s.bytes[i] > '9')
      return false;
    uint64_t digit = (uint64_t) (s.bytes[i] - '0');
    if (n > (most - digit) / 10)
      return false;
    n = n * 10 + digit;
  }
  *number = negative ? -(int64_t) (n - 1) - 1 : (int64_t) n;
  return true;
}
