/* stream: a request of an HTTP/2 connection. Shared by http2.c, which is the
 * connection's life, and http2_session.c, which nghttp2 calls. */
#ifndef STREAM_H
#define STREAM_H

#include "connections.h"

enum stream_state {
  STREAM_HEAD,
  STREAM_BODY,
  STREAM_SERVING,
  STREAM_ANSWERING
};

struct stream {
  struct request request; /* first: a request is its stream */
  struct stream *next, *previous;
  int32_t id;
  enum stream_state state;
  size_t head_bytes;
  size_t authority_bytes;
  char authority[HEAD_VALUE];
  int wrong;      /* the status to refuse it with; 0: none */
  int expects;    /* 100-continue */
  int whole;      /* it has come to its end */
  int sent;       /* the answer's end is on its way */
  size_t offset;  /* in the answer */
  size_t ignored; /* bytes of body behind it */
};

static inline int stream_is_answered(const struct stream *s) {
  return s->request.answer.status != 0;
}

/* http2.c: sends what there is, unless something is being sent. */
void http2_flush(struct connection *c);

/* http2_session.c */
int http2_open_session(struct connection *c, nghttp2_session **session);
void http2_respond(struct request *r);
void http2_serve(struct connection *c, struct stream *s); /* it is complete */

/* The client has its answer, and still goes on with its body. */
int http2_end_early(nghttp2_session *session, struct stream *s);

#endif
