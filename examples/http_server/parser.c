#include "parser.h"

#ifdef HTTP_SERVER_LLHTTP

void parser_begin(parser_t *parser, const parser_settings_t *settings,
                  void *data) {
  llhttp_init(parser, HTTP_REQUEST, settings);
  parser->data = data;
}

enum parser_status parser_feed(parser_t *parser,
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

void parser_begin(parser_t *parser, const parser_settings_t *settings,
                  void *data) {
  (void) settings;
  http_parser_init(parser, HTTP_REQUEST);
  parser->data = data;
}

enum parser_status parser_feed(parser_t *parser,
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
