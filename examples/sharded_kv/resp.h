/* resp: Redis' protocol. Requests are arrays of strings,
 *
 *   *2 CRLF $3 CRLF GET CRLF $3 CRLF key CRLF
 *
 * or, for people with telnet, a line of words. Replies are a line with a sign
 * in front (+ - :), a string as above, or an array.
 */
#ifndef RESP_H
#define RESP_H

#include <stdint.h>

#include "buffer.h"
#include "slice.h"

enum {
  RESP_MOST_BYTES = 1 << 20, /* of a request */
  RESP_MOST_WORDS = 1 << 16,
  RESP_MOST_LINE = 1 << 16 /* bytes of a request in words */
};

enum resp_result { RESP_MORE, RESP_REQUEST, RESP_BAD };

/* Where a word lies, counted from the request's first byte: the buffer may move
 * while the request is incomplete. */
struct resp_word {
  uint32_t at, length;
};

/* A request as far as it has been read. Zero-initialise it. */
struct resp {
  size_t at;   /* bytes understood so far */
  size_t left; /* words still to come, once the first line was read */
  struct resp_word *words;
  size_t count, room;
  const char *error; /* after RESP_BAD: a line to reply */
};

/* Reads on. bytes begins with the request's first byte, and has what had come
 * at the call before, and perhaps more. RESP_MORE: call again when there is
 * more. RESP_REQUEST: words has count of them, perhaps none; the request is
 * at bytes long. RESP_BAD: nothing that follows can be understood. */
enum resp_result resp_read(struct resp *r, const char *bytes, size_t length);

/* Forgets the request, to read the next. */
void resp_reset(struct resp *r);

void resp_free(struct resp *r);

void resp_put_line(struct buffer *b, const char *line);
void resp_put_number(struct buffer *b, int64_t number);
void resp_put_string(struct buffer *b, struct slice s);
void resp_put_nothing(struct buffer *b);
void resp_put_array(struct buffer *b, size_t count); /* its head */

#endif
