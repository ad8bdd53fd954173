/* http2_session: what nghttp2 calls, and what it is told to answer. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "status.h"
#include "stream.h"

/* A head that is so much too long ends the connection: its bytes would have to
 * be unpacked all the same. */
enum { MOST_UNPACKED = 8 * MOST_HEAD, MOST_IGNORED = 2 * MOST_BODY };

static ssize_t on_content(nghttp2_session *session, int32_t id, uint8_t *to,
                          size_t room, uint32_t *flags,
                          nghttp2_data_source *source, void *data) {
  struct stream *s = source->ptr;
  size_t left = s->request.answer.bytes - s->offset;
  size_t bytes = left < room ? left : room;

  (void) session;
  (void) id;
  (void) data;
  memcpy(to, s->request.answer.content + s->offset, bytes);
  s->offset += bytes;
  s->request.moved = *s->request.now;
  if (bytes == left)
    *flags |= NGHTTP2_DATA_FLAG_EOF;
  return (ssize_t) bytes;
}

static nghttp2_nv field(const char *name, const char *value) {
  return (nghttp2_nv){(uint8_t *) (uintptr_t) name,
                      (uint8_t *) (uintptr_t) value, strlen(name),
                      strlen(value), NGHTTP2_NV_FLAG_NONE};
}

void http2_respond(struct request *r) {
  struct stream *s = (struct stream *) r;
  struct http2 *h = &r->connection->as.http2;
  nghttp2_data_provider content = {{.ptr = s}, on_content};
  char status[16], length[24], date[STATUS_DATE];
  nghttp2_nv fields[6];
  size_t count = 0;

  s->state = STREAM_ANSWERING;
  snprintf(status, sizeof(status), "%d", r->answer.status);
  snprintf(length, sizeof(length), "%zu", r->answer.bytes);
  fields[count++] = field(":status", status);
  fields[count++] = field("date", status_date(date));
  fields[count++] = field("content-type", r->answer.type);
  fields[count++] = field("content-length", length);
  if (r->answer.allow != NULL)
    fields[count++] = field("allow", r->answer.allow);
  if (r->answer.status == 503)
    fields[count++] = field("retry-after", "1");
  if (nghttp2_submit_response(h->session, s->id, fields, count,
                              request_content(r) == 0 ? NULL : &content) != 0)
    h->broken = 1;
  http2_flush(r->connection);
}

/* --------------------------------------------- what the library has to say */

static struct stream *stream_of(nghttp2_session *session, int32_t id) {
  return nghttp2_session_get_stream_user_data(session, id);
}

/* A stream that is opened to be reset costs a client nothing. */
static void count_reset(struct http2 *h) {
  if (--h->resets < 0)
    nghttp2_session_terminate_session(h->session, NGHTTP2_ENHANCE_YOUR_CALM);
}

/* Whatever a client does wrong is answered, and an answer waits until the
 * client takes it. So one that only sends would fill the memory. */
static int on_frame_begin(nghttp2_session *session, const nghttp2_frame_hd *hd,
                          void *data) {
  (void) hd;
  (void) data;
  if (nghttp2_session_get_outbound_queue_size(session) <= MOST_UNSENT)
    return 0;
  return nghttp2_session_terminate_session(session, NGHTTP2_ENHANCE_YOUR_CALM);
}

static struct stream *add_stream(struct connection *c, int32_t id) {
  struct http2 *h = &c->as.http2;
  struct stream *s = calloc(1, sizeof(*s));

  if (s == NULL)
    return NULL;
  request_begin(&s->request, c, http2_respond);
  s->id = id;
  s->next = h->first;
  if (s->next != NULL)
    s->next->previous = s;
  h->first = s;
  return s;
}

static int on_begin(nghttp2_session *session, const nghttp2_frame *frame,
                    void *data) {
  struct connection *c = data;
  int32_t id = frame->hd.stream_id;
  struct stream *s;

  if (frame->hd.type != NGHTTP2_HEADERS ||
      frame->headers.cat != NGHTTP2_HCAT_REQUEST)
    return 0;
  if (c->all->stopping) /* it may safely come back, but elsewhere */
    return nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, id,
                                     NGHTTP2_REFUSED_STREAM);
  s = add_stream(c, id);
  if (s == NULL)
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  return nghttp2_session_set_stream_user_data(session, id, s);
}

static int is_named(const uint8_t *name, size_t bytes, const char *wanted) {
  return strlen(wanted) == bytes && memcmp(name, wanted, bytes) == 0;
}

static void take_expect(struct stream *s, const uint8_t *value, size_t bytes) {
  static const char wanted[] = "100-continue";

  if (bytes == sizeof(wanted) - 1 &&
      strncasecmp((const char *) value, wanted, bytes) == 0)
    s->expects = 1;
  else
    s->wrong = 417;
}

/* The library has seen to it that this comes before any host, and once. */
static void take_authority(struct stream *s, const uint8_t *value,
                           size_t bytes) {
  s->authority_bytes = bytes;
  memcpy(s->authority, value,
         bytes < sizeof(s->authority) ? bytes : sizeof(s->authority));
}

/* Beside an authority it has to be the same. */
static void take_host(struct stream *s, const uint8_t *value, size_t bytes) {
  if (s->authority_bytes == 0)
    return;
  if (bytes != s->authority_bytes || bytes > sizeof(s->authority) ||
      strncasecmp((const char *) value, s->authority, bytes) != 0)
    s->wrong = 400;
}

/* The library has seen to it that it is a number. */
static uint64_t read_length(const uint8_t *value, size_t bytes) {
  uint64_t n = 0;
  for (size_t i = 0; i < bytes && n < UINT64_MAX / 100; i++)
    n = n * 10 + (uint64_t) (value[i] - '0');
  return n;
}

static int on_field(nghttp2_session *session, const nghttp2_frame *frame,
                    const uint8_t *name, size_t name_bytes,
                    const uint8_t *value, size_t value_bytes, uint8_t flags,
                    void *data) {
  struct stream *s = stream_of(session, frame->hd.stream_id);
  struct request *r;

  (void) data;
  (void) flags;
  if (s == NULL)
    return 0;
  r = &s->request;
  s->head_bytes += name_bytes + value_bytes + 32; /* as HTTP/2 counts it */
  if (s->head_bytes > MOST_UNPACKED)
    return nghttp2_session_terminate_session(session,
                                             NGHTTP2_ENHANCE_YOUR_CALM);
  if (s->state != STREAM_HEAD)
    return 0; /* a trailer */
  if (s->head_bytes > MOST_HEAD && s->wrong == 0)
    s->wrong = 431;
  if (is_named(name, name_bytes, ":method"))
    request_method(r, (const char *) value, value_bytes);
  else if (is_named(name, name_bytes, ":path") && value_bytes > MOST_TARGET)
    s->wrong = 414;
  else if (is_named(name, name_bytes, ":path"))
    pages_route(r, (const char *) value, value_bytes);
  else if (is_named(name, name_bytes, ":authority"))
    take_authority(s, value, value_bytes);
  else if (is_named(name, name_bytes, "content-length"))
    r->announced = read_length(value, value_bytes);
  else if (is_named(name, name_bytes, "host"))
    take_host(s, value, value_bytes);
  else if (is_named(name, name_bytes, "expect"))
    take_expect(s, value, value_bytes);
  return 0;
}

static void end_head(struct connection *c, struct stream *s, int is_last) {
  nghttp2_nv go_on = field(":status", "100");

  s->state = STREAM_BODY;
  s->request.began = s->request.moved = c->all->ticks;
  if (s->wrong != 0)
    request_refuse(&s->request, s->wrong);
  else
    pages_head(c->all->pages, &s->request);
  if (s->expects && !is_last && !stream_is_answered(s))
    nghttp2_submit_headers(c->as.http2.session, NGHTTP2_FLAG_NONE, s->id, NULL,
                           &go_on, 1, NULL);
}

void http2_serve(struct connection *c, struct stream *s) {
  s->whole = 1;
  if (stream_is_answered(s))
    return;
  s->state = STREAM_SERVING;
  pages_whole(c->all->pages, &s->request);
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame,
                    void *data) {
  struct connection *c = data;
  struct stream *s = stream_of(session, frame->hd.stream_id);
  int is_last = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;

  if (frame->hd.type == NGHTTP2_RST_STREAM)
    count_reset(&c->as.http2);
  if (s == NULL ||
      (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA))
    return 0;
  if (s->state == STREAM_HEAD)
    end_head(c, s, is_last);
  if (is_last)
    http2_serve(c, s);
  return 0;
}

/* A client that has its answer, and still goes on with its body. Not before
 * that is long: there are clients that take this for a failure. */
int http2_end_early(nghttp2_session *session, struct stream *s) {
  return nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, s->id,
                                   NGHTTP2_NO_ERROR);
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t id,
                   const uint8_t *bytes, size_t count, void *data) {
  struct connection *c = data;
  struct stream *s = stream_of(session, id);
  int status;

  (void) flags;
  if (s == NULL)
    return 0;
  if (stream_is_answered(s)) {
    s->request.moved = c->all->ticks;
    s->ignored += count;
    return s->ignored > MOST_IGNORED ? http2_end_early(session, s) : 0;
  }
  status = request_append(&s->request, bytes, count);
  if (status == 503)
    pages_turn_away(c->all->pages, &s->request);
  else if (status != 0)
    request_refuse(&s->request, status);
  return 0;
}

static int on_sent(nghttp2_session *session, const nghttp2_frame *frame,
                   void *data) {
  struct connection *c = data;
  struct stream *s = stream_of(session, frame->hd.stream_id);

  if (frame->hd.type == NGHTTP2_RST_STREAM &&
      frame->rst_stream.error_code != NGHTTP2_NO_ERROR)
    count_reset(&c->as.http2);
  if (s == NULL || (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) == 0 ||
      (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA))
    return 0;
  s->sent = 1;
  return 0;
}

static int on_stream_end(nghttp2_session *session, int32_t id, uint32_t code,
                         void *data) {
  struct connection *c = data;
  struct http2 *h = &c->as.http2;
  struct stream *s = stream_of(session, id);

  (void) code;
  if (s == NULL)
    return 0;
  if (s->next != NULL)
    s->next->previous = s->previous;
  if (s->previous != NULL)
    s->previous->next = s->next;
  else
    h->first = s->next;
  if (h->first == NULL)
    c->since = c->all->ticks;
  if (s->sent) {
    s->next = h->done;
    h->done = s;
    return 0;
  }
  request_end(&s->request, 0);
  free(s);
  return 0;
}

int http2_open_session(struct connection *c, nghttp2_session **session) {
  nghttp2_session_callbacks *all;
  int err = nghttp2_session_callbacks_new(&all);

  if (err != 0)
    return err;
  nghttp2_session_callbacks_set_on_begin_frame_callback(all, on_frame_begin);
  nghttp2_session_callbacks_set_on_begin_headers_callback(all, on_begin);
  nghttp2_session_callbacks_set_on_header_callback(all, on_field);
  nghttp2_session_callbacks_set_on_frame_recv_callback(all, on_frame);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(all, on_data);
  nghttp2_session_callbacks_set_on_frame_send_callback(all, on_sent);
  nghttp2_session_callbacks_set_on_stream_close_callback(all, on_stream_end);
  err = nghttp2_session_server_new(session, all, c);
  nghttp2_session_callbacks_del(all);
  return err;
}
