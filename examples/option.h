/* option: what all programs say of a wrong option: on one line its name, the
 * value in quotes, and what is allowed.
 *
 * Not getopt's own messages: these have the words as they are, whatever a
 * terminal takes them for. So opterr is 0, the letters begin with a colon, and
 * the numbers of long options are LONG_OPTION and more, which no letter is.
 */
#ifndef OPTION_H
#define OPTION_H

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include "number.h"
#include "quoted.h"

enum { LONG_OPTION = 256 };

struct given {
  const char *program, *dashes, *name, *value;
};

/* Returns false. */
static inline bool refuse_value(const struct given *g, const char *allowed) {
  fprintf(stderr, "%s: %s%s: not ", g->program, g->dashes, g->name);
  put_quoted(stderr, g->value);
  fprintf(stderr, ", but %s\n", allowed);
  return false;
}

/* Returns false when it has said what is wrong. */
static inline bool take_number(const struct given *g, uint64_t least,
                               uint64_t most, uint64_t *number) {
  char allowed[80];

  if (read_number(g->value, least, most, number))
    return true;
  snprintf(allowed, sizeof(allowed), "a number from %" PRIu64 " to %" PRIu64,
           least, most);
  return refuse_value(g, allowed);
}

static inline void refuse_word(const char *program, const char *word) {
  fprintf(stderr, "%s: not an option: ", program);
  put_quoted(stderr, word);
  putc('\n', stderr);
}

/* getopt has returned this option, '?' or ':'. */
static inline void refuse_option(const char *program, int option, char **argv) {
  const char letter[] = {'-', (char) optopt, '\0'};
  bool is_long = optopt == 0 || optopt >= LONG_OPTION;
  const char *word = is_long ? argv[optind - 1] : letter;

  if (option == ':')
    fprintf(stderr, "%s: %s: the value is missing\n", program, word);
  else
    refuse_word(program, word);
}

#endif
