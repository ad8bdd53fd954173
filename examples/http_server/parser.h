/* parser: HTTP/1 requests, by llhttp; or, where a system does not have that
 * yet, by http-parser, whose successor it is. The callbacks are the same. */
#ifndef PARSER_H
#define PARSER_H

#include <stddef.h>
#include <stdint.h>

#ifdef HTTP_SERVER_LLHTTP
#include <llhttp.h>
typedef llhttp_t parser_t;
typedef llhttp_settings_t parser_settings_t;
#else
#include <http_parser.h>
typedef http_parser parser_t;
typedef http_parser_settings parser_settings_t;
#endif

enum parser_status { PARSER_MORE, PARSER_PAUSED, PARSER_WRONG };

/* Where a message is, for what has to be right between its parts: see
 * parser.c. */
struct framing {
  enum {
    FRAMING_BLANK, /* empty lines before it */
    FRAMING_HEAD,
    FRAMING_SIZE, /* of a chunk */
    FRAMING_EXTENSION,
    FRAMING_DATA,
    FRAMING_DATA_END,
    FRAMING_TRAILERS,
    FRAMING_OVER /* or what follows is counted, not framed */
  } part;
  int cr;        /* the last byte was one */
  int filled;    /* the line is not empty */
  uint64_t left; /* of a chunk */
};

/* For one message. data is then parser->data. */
void parser_begin(parser_t *parser, struct framing *framing,
                  const parser_settings_t *settings, void *data);

/* Parses as far as it can; *used is how far that was. PARSER_WRONG also when a
 * callback returned -1, or, perhaps after all callbacks, for the framing. */
enum parser_status parser_feed(parser_t *parser, struct framing *framing,
                               const parser_settings_t *settings,
                               const char *bytes, size_t count, size_t *used);

/* After PARSER_WRONG: whether that was for the method. */
int parser_lacks_method(const parser_t *parser);

/* For on_message_complete to return: so that what follows is left alone. */
int parser_pause(parser_t *parser);

const char *parser_method(const parser_t *parser);

/* In on_headers_complete: how many bytes follow; UINT64_MAX: in chunks. */
uint64_t parser_announced(const parser_t *parser);

int parser_keeps_alive(const parser_t *parser);

#endif
