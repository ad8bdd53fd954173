/* http2: HTTP/2 on a connection, by nghttp2: many requests at once, each of
 * them a stream. */
#ifndef HTTP2_H
#define HTTP2_H

#include <nghttp2/nghttp2.h>

#include "request.h"

enum { HTTP2_PREFACE = 24 };

struct protocol;
struct connection;
struct stream;

struct http2 {
  nghttp2_session *session;
  struct stream *first;
  struct stream *done; /* to their last byte, which is under way */
  unsigned char *out;  /* what is being written */
  size_t out_bytes;
  int busy;   /* inside the library, or on the way through its streams */
  int broken; /* out of memory, or the client broke the protocol */
  int resets; /* so many more are put up with */
};

extern const struct protocol http2;

/* What a client begins with that knows that this is HTTP/2. */
extern const char http2_preface[HTTP2_PREFACE + 1];

/* The connection goes over from http1, which is idle. Returns 0 when there is
 * no memory for that. */
int http2_begin(struct connection *c);

/* It goes over with a request that is complete and becomes the first stream.
 * Returns 0 if it does not: the settings are wrong, or there is no memory. */
int http2_upgrade(struct connection *c);

#endif
