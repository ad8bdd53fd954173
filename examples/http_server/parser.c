#include <string.h>

#include "parser.h"

#ifdef HTTP_SERVER_LLHTTP

static void init(parser_t *parser, const parser_settings_t *settings) {
  llhttp_init(parser, HTTP_REQUEST, settings);
}

static enum parser_status feed(parser_t *parser,
                               const parser_settings_t *settings,
                               const char *bytes, size_t count, size_t *used) {
  llhttp_errno_t err = llhttp_execute(parser, bytes, count);

  (void) settings;
  *used = count;
  if (err == HPE_OK)
    return PARSER_MORE;
  *used = (size_t) (llhttp_get_error_pos(parser) - bytes);
  return err == HPE_PAUSED ? PARSER_PAUSED : PARSER_WRONG;
}

int parser_lacks_method(const parser_t *parser) {
  return llhttp_get_errno(parser) == HPE_INVALID_METHOD;
}

int parser_pause(parser_t *parser) {
  (void) parser;
  return HPE_PAUSED;
}

const char *parser_method(const parser_t *parser) {
  return llhttp_method_name((llhttp_method_t) parser->method);
}

uint64_t parser_announced(const parser_t *parser) {
  return (parser->flags & F_CHUNKED) != 0 ? UINT64_MAX : parser->content_length;
}

int parser_keeps_alive(const parser_t *parser) {
  return llhttp_should_keep_alive(parser);
}

#else

static void init(parser_t *parser, const parser_settings_t *settings) {
  (void) settings;
  http_parser_init(parser, HTTP_REQUEST);
}

static enum parser_status feed(parser_t *parser,
                               const parser_settings_t *settings,
                               const char *bytes, size_t count, size_t *used) {
  *used = http_parser_execute(parser, settings, bytes, count);
  switch (HTTP_PARSER_ERRNO(parser)) {
    case HPE_OK:
      return PARSER_MORE;
    case HPE_PAUSED:
      return PARSER_PAUSED;
    default:
      return PARSER_WRONG;
  }
}

int parser_lacks_method(const parser_t *parser) {
  return HTTP_PARSER_ERRNO(parser) == HPE_INVALID_METHOD;
}

int parser_pause(parser_t *parser) {
  http_parser_pause(parser, 1);
  return 0;
}

const char *parser_method(const parser_t *parser) {
  return http_method_str((enum http_method) parser->method);
}

/* Without a length it is the largest number, and a request has no body. */
uint64_t parser_announced(const parser_t *parser) {
  if ((parser->flags & F_CHUNKED) != 0)
    return UINT64_MAX;
  return parser->content_length == UINT64_MAX ? 0 : parser->content_length;
}

int parser_keeps_alive(const parser_t *parser) {
  return http_should_keep_alive(parser);
}

#endif

/* ------------------------------------------------------------- the framing
 *
 * http-parser, as systems build it, does not look at some of the bytes between
 * the parts of a message: whether an LF follows the CR that ends a head or a
 * chunk's size, whether a CR LF follows a chunk, and what is behind its size.
 * A proxy that does look would not agree where the next request begins. So all
 * of that is checked here as well; what the parser refuses is left to it.
 */

/* A line's end, or a byte in it. Returns whether that was the empty line. */
static int is_last_line(struct framing *f, char byte) {
  int last = byte == '\n' && !f->filled;
  f->filled = byte != '\n';
  return last;
}

/* A blank behind the size is refused, too, as llhttp does. */
static int size_byte(struct framing *f, char byte) {
  static const char digits[] = "0123456789abcdefABCDEF";
  const char *digit = byte == '\0' ? NULL : strchr(digits, byte);
  unsigned value = digit == NULL ? 0 : (unsigned) (digit - digits);

  if (digit == NULL && byte != ';')
    return 0;
  if (digit == NULL)
    f->part = FRAMING_EXTENSION;
  else
    f->left = f->left * 16 + (value < 16 ? value : value - 6);
  return 1;
}

/* In the framing of a chunk, where a line ends with CR LF and nothing else. */
static int chunk_byte(struct framing *f, char byte, int after_cr) {
  if (byte == '\n' && after_cr) {
    f->part = f->part == FRAMING_DATA_END ? FRAMING_SIZE
              : f->left > 0               ? FRAMING_DATA
                                          : FRAMING_TRAILERS;
    return 1;
  }
  if (f->part == FRAMING_SIZE)
    return size_byte(f, byte);
  return f->part == FRAMING_EXTENSION && byte != '\n';
}

/* Not in a chunk's data. Returns whether the byte may stand there. */
static int framing_byte(struct framing *f, char byte, int is_chunked) {
  int after_cr = f->cr;

  f->cr = byte == '\r';
  if (after_cr && byte != '\n')
    return 0;
  if (f->cr)
    return 1;
  switch (f->part) {
    case FRAMING_BLANK:
      if (!is_last_line(f, byte))
        f->part = FRAMING_HEAD;
      return 1;
    case FRAMING_HEAD:
      if (is_last_line(f, byte))
        f->part = is_chunked ? FRAMING_SIZE : FRAMING_OVER;
      return 1;
    case FRAMING_TRAILERS:
      if (is_last_line(f, byte))
        f->part = FRAMING_OVER;
      return 1;
    default:
      return chunk_byte(f, byte, after_cr);
  }
}

/* Returns whether the bytes, which the parser has taken, are framed well. */
static int check_framing(struct framing *f, int is_chunked, const char *bytes,
                         size_t count) {
  for (size_t at = 0; at < count && f->part != FRAMING_OVER;) {
    if (f->part == FRAMING_DATA) {
      size_t skip = f->left < count - at ? (size_t) f->left : count - at;
      f->left -= skip;
      f->part = f->left > 0 ? FRAMING_DATA : FRAMING_DATA_END;
      at += skip;
    } else if (!framing_byte(f, bytes[at++], is_chunked)) {
      return 0;
    }
  }
  return 1;
}

void parser_begin(parser_t *parser, struct framing *framing,
                  const parser_settings_t *settings, void *data) {
  *framing = (struct framing){.part = FRAMING_BLANK};
  init(parser, settings);
  parser->data = data;
}

enum parser_status parser_feed(parser_t *parser, struct framing *framing,
                               const parser_settings_t *settings,
                               const char *bytes, size_t count, size_t *used) {
  enum parser_status status = feed(parser, settings, bytes, count, used);
  int is_chunked = (parser->flags & F_CHUNKED) != 0;

  if (status != PARSER_WRONG &&
      !check_framing(framing, is_chunked, bytes, *used))
    return PARSER_WRONG;
  return status;
}
