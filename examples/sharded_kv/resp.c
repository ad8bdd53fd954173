/* resp: reads requests that may be cut anywhere, and writes replies.
 *
 * Knows:    bytes. Not commands, not sockets.
 * Promises: what it says does not depend on how the bytes were cut, and no
 *           byte is read again and again: only the line or the head of the
 *           string that was incomplete is.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "must.h"
#include "resp.h"

#define BAD "-ERR Protocol error: "

enum { LONGEST_NUMBER_LINE = 32, KEPT_WORDS = 1024 };

static enum resp_result bad(struct resp *r, const char *why) {
  r->error = why;
  return RESP_BAD;
}

static void add_word(struct resp *r, size_t at, size_t length) {
  if (r->count == r->room) {
    r->room = r->room == 0 ? 8 : 2 * r->room;
    r->words = must_realloc(r->words, r->room * sizeof(*r->words));
  }
  r->words[r->count++] = (struct resp_word){(uint32_t) at, (uint32_t) length};
}

/* Finds the end of the line at r->at: *end is its LF's place. */
static enum resp_result find_line(struct resp *r, const char *bytes,
                                  size_t length, size_t most, size_t *end) {
  size_t there = length - r->at;
  const char *lf;

  if (there == 0)
    return RESP_MORE;
  lf = memchr(bytes + r->at, '\n', there < most ? there : most);
  if (lf == NULL)
    return there < most ? RESP_MORE : bad(r, BAD "too long a line");
  *end = (size_t) (lf - bytes);
  return RESP_REQUEST;
}

static int is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r';
}

static enum resp_result read_words(struct resp *r, const char *bytes,
                                   size_t length) {
  size_t end, at = 0;
  enum resp_result result = find_line(r, bytes, length, RESP_MOST_LINE, &end);

  if (result != RESP_REQUEST)
    return result;
  /* For redis-server they hold words together; here they would be stored. */
  if (memchr(bytes + r->at, '"', end - r->at) != NULL ||
      memchr(bytes + r->at, '\'', end - r->at) != NULL)
    return bad(r, BAD "quotes in a line of words");
  while (at < end) {
    size_t begin = at;
    while (at < end && !is_blank(bytes[at]))
      at++;
    if (at > begin)
      add_word(r, begin, at - begin);
    at++;
  }
  r->at = end + 1;
  return RESP_REQUEST;
}

/* A sign, a number, CR LF. *end is the LF's place. */
static enum resp_result read_head(struct resp *r, const char *bytes,
                                  size_t length, int64_t *number, size_t *end) {
  enum resp_result result =
      find_line(r, bytes, length, LONGEST_NUMBER_LINE, end);

  if (result != RESP_REQUEST)
    return result;
  if (*end < r->at + 2 || bytes[*end - 1] != '\r')
    return bad(r, BAD "expected CR LF");
  if (!slice_number((struct slice){bytes + r->at + 1, *end - r->at - 2},
                    number))
    return bad(r, BAD "expected a number");
  return RESP_REQUEST;
}

static enum resp_result read_count(struct resp *r, const char *bytes,
                                   size_t length) {
  int64_t count;
  size_t end;
  enum resp_result result = read_head(r, bytes, length, &count, &end);

  if (result != RESP_REQUEST)
    return result;
  if (count > RESP_MOST_WORDS)
    return bad(r, BAD "invalid multibulk length");
  r->left = count > 0 ? (size_t) count : 0; /* none, or fewer: nothing asked */
  r->at = end + 1;
  return RESP_REQUEST;
}

static enum resp_result read_string(struct resp *r, const char *bytes,
                                    size_t length) {
  int64_t size;
  size_t end;
  enum resp_result result;

  if (r->at < length && bytes[r->at] != '$')
    return bad(r, BAD "expected '$'");
  result = read_head(r, bytes, length, &size, &end);
  if (result != RESP_REQUEST)
    return result;
  /* Told before the bytes have come, so that they are never kept. */
  if (size < 0 || size > RESP_MOST_BYTES ||
      end + 1 + (size_t) size + 2 > RESP_MOST_BYTES)
    return bad(r, BAD "invalid bulk length");
  size_t begin = end + 1, after = begin + (size_t) size;
  if (length < after + 2)
    return RESP_MORE;
  if (bytes[after] != '\r' || bytes[after + 1] != '\n')
    return bad(r, BAD "expected CR LF");
  add_word(r, begin, (size_t) size);
  r->at = after + 2;
  r->left--;
  return RESP_REQUEST;
}

enum resp_result resp_read(struct resp *r, const char *bytes, size_t length) {
  enum resp_result result = RESP_REQUEST;

  if (length > 0 && bytes[0] != '*')
    return read_words(r, bytes, length);
  if (r->at == 0)
    result = read_count(r, bytes, length);
  while (result == RESP_REQUEST && r->left > 0)
    result = read_string(r, bytes, length);
  return result;
}

void resp_reset(struct resp *r) {
  r->at = 0;
  r->left = 0;
  r->count = 0;
  if (r->room > KEPT_WORDS)
    resp_free(r); /* only a burst needed so many */
}

void resp_free(struct resp *r) {
  free(r->words);
  *r = (struct resp){0};
}

static void put_head(struct buffer *b, char sign, int64_t number) {
  char *place = buffer_reserve(b, LONGEST_NUMBER_LINE);
  b->length += (size_t) snprintf(place, LONGEST_NUMBER_LINE,
                                 "%c%" PRId64 "\r\n", sign, number);
}

void resp_put_line(struct buffer *b, const char *line) {
  buffer_add(b, line, strlen(line));
  buffer_add(b, "\r\n", 2);
}

void resp_put_number(struct buffer *b, int64_t number) {
  put_head(b, ':', number);
}

void resp_put_string(struct buffer *b, struct slice s) {
  /* All of it at once: else the last two bytes could double a great buffer. */
  buffer_reserve(b, LONGEST_NUMBER_LINE + s.length + 2);
  put_head(b, '$', (int64_t) s.length);
  buffer_add(b, s.bytes, s.length);
  buffer_add(b, "\r\n", 2);
}

void resp_put_nothing(struct buffer *b) {
  resp_put_line(b, "$-1");
}

void resp_put_array(struct buffer *b, size_t count) {
  put_head(b, '*', (int64_t) count);
}
