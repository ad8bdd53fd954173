/* http1: HTTP/1.0 and 1.1 on a connection, one request after the other.
 *
 *   IDLE --> HEAD --> BODY --> SERVING --> ANSWERING --> IDLE
 *
 * What comes while a request is served waits in kept. A connection that begins
 * as HTTP/2 does, or asks for it politely, goes over to http2.
 */
#ifndef HTTP1_H
#define HTTP1_H

#include "head.h"
#include "parser.h"
#include "request.h"

struct protocol;
struct connection;

enum http1_state {
  HTTP1_IDLE,
  HTTP1_HEAD,
  HTTP1_BODY, /* to its end, also if the request is answered already */
  HTTP1_SERVING,
  HTTP1_ANSWERING
};

struct http1 {
  enum http1_state state;
  parser_t parser;
  struct framing framing;
  struct head head;
  struct request request; /* unless IDLE */
  int spoken;             /* this is not the beginning of HTTP/2 */
  int parsing;            /* inside the parser */
  int whole;              /* the request has come to its end */
  int keep;               /* the connection goes on after this answer */
  int eof;                /* the client will send no more */
  char *kept;
  size_t kept_bytes;
  char answer[512]; /* the head of one */
};

extern const struct protocol http1;

void http1_begin(struct connection *c);

#endif
