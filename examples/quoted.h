/* quoted: text that somebody else chose, in a message: the name of a file, the
 * value of an option, a URL. It may contain every byte but zero, so it may
 * contain what a terminal takes for a command.
 *
 * What can be printed is a question of the locale: "C" if main has not set it,
 * and then only ASCII can.
 */
#ifndef QUOTED_H
#define QUOTED_H

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>
#include <wctype.h>

/* Unicode's Bidi_Control: nothing to see, but what follows is shown in another
 * order, so that a name looks like another one. */
static inline bool quoted_is_bidi_control(wchar_t c) {
  return c == 0x061c || c == 0x200e || c == 0x200f ||
         (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

/* How many bytes the first character has; *printable: whether it can be shown.
 * Bytes that are no character are one by one. */
static inline size_t quoted_character(const char *text, size_t left,
                                      bool *printable) {
  mbstate_t state;
  wchar_t c;
  size_t n;

  memset(&state, 0, sizeof(state));
  n = mbrtowc(&c, text, left, &state);
  if (n == 0 || n > left) {
    *printable = false;
    return 1;
  }
  *printable = iswprint((wint_t) c) != 0 && !quoted_is_bidi_control(c);
  return n;
}

static inline void quoted_put_escaped(FILE *to, const char *bytes, size_t n) {
  for (size_t i = 0; i < n; i++) {
    if (bytes[i] >= '\a' && bytes[i] <= '\r')
      fprintf(to, "\\%c", "abtnvfr"[bytes[i] - '\a']);
    else
      fprintf(to, "\\%03o", (unsigned char) bytes[i]);
  }
}

/* On one line, so that a shell reads it back, as ls and sha256sum quote: 'a b',
 * 'it'\''s' and 'red'$'\033''[31m' */
static inline void put_quoted(FILE *to, const char *text) {
  size_t left = strlen(text), n;
  bool printable, escaping = false;

  putc('\'', to);
  for (; left > 0; text += n, left -= n) {
    n = quoted_character(text, left, &printable);
    if (printable == escaping)
      fputs(escaping ? "''" : "'$'", to);
    escaping = !printable;
    if (*text == '\'')
      fputs("'\\''", to);
    else if (printable)
      fwrite(text, 1, n, to);
    else
      quoted_put_escaped(to, text, n);
  }
  putc('\'', to);
}

#endif
