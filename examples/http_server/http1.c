#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "connections.h"
#include "status.h"

enum { MOST_KEPT = 16 << 10 };

/* ------------------------------------------------------------- the answer */

static void write_answer(struct connection *c) {
  struct http1 *h = &c->as.http1;
  const struct answer *a = &h->request.answer;
  char date[STATUS_DATE];
  uv_buf_t bufs[2];
  int bytes;

  h->keep = h->whole && parser_keeps_alive(&h->parser) && !c->all->stopping &&
            !c->turned_away;
  bytes = snprintf(
      h->answer, sizeof(h->answer),
      "HTTP/1.1 %d %s\r\nDate: %s\r\nContent-Type: %s\r\n"
      "Content-Length: %zu\r\n%s%s%s%s%s\r\n",
      a->status, status_reason(a->status), status_date(date), a->type, a->bytes,
      a->allow == NULL ? "" : "Allow: ", a->allow == NULL ? "" : a->allow,
      a->allow == NULL ? "" : "\r\n",
      a->status == 503 ? "Retry-After: 1\r\n" : "",
      !h->keep                    ? "Connection: close\r\n"
      : h->parser.http_minor == 0 ? "Connection: keep-alive\r\n"
                                  : "");
  h->state = HTTP1_ANSWERING;
  c->since = c->all->ticks;
  bufs[0] = uv_buf_init(h->answer, (unsigned) bytes);
  bufs[1] = uv_buf_init((char *) (uintptr_t) a->content,
                        (unsigned) request_content(&h->request));
  connection_send(c, bufs, bufs[1].len == 0 ? 1 : 2);
}

/* Not inside the parser: it is not to be begun again there. */
static void respond(struct request *r) {
  struct connection *c = r->connection;
  if (!c->as.http1.parsing)
    write_answer(c);
}

static int is_answered(const struct http1 *h) {
  return h->request.answer.status != 0;
}

static int is_busy(const struct http1 *h) {
  return h->state == HTTP1_SERVING || h->state == HTTP1_ANSWERING;
}

/* Answers now, whether the request has come to its end or not. */
static void cut_short(struct connection *c, int status) {
  if (is_answered(&c->as.http1))
    write_answer(c);
  else
    request_refuse(&c->as.http1.request, status);
}

/* --------------------------------------------------- what the parser says */

static struct connection *connection_of(parser_t *parser) {
  return parser->data;
}

static int on_target(parser_t *parser, const char *at, size_t bytes) {
  return head_target(&connection_of(parser)->as.http1.head, at, bytes);
}

/* Behind the body they are trailers, and only counted. */
static int on_name(parser_t *parser, const char *at, size_t bytes) {
  struct http1 *h = &connection_of(parser)->as.http1;

  if (h->state == HTTP1_HEAD)
    head_name(&h->head, at, bytes);
  return head_count(&h->head, bytes + 2);
}

static int on_value(parser_t *parser, const char *at, size_t bytes) {
  struct http1 *h = &connection_of(parser)->as.http1;

  if (h->state == HTTP1_HEAD)
    head_value(&h->head, at, bytes);
  return head_count(&h->head, bytes + 2);
}

/* The client waits for a word before it sends the body. If that cannot be
 * written at once, then it will send it after a while anyhow. */
static void encourage(struct connection *c) {
  static char text[] = "HTTP/1.1 100 Continue\r\n\r\n";
  uv_buf_t buf = uv_buf_init(text, sizeof(text) - 1);
  uv_try_write((uv_stream_t *) &c->tcp, &buf, 1);
}

static int on_head(parser_t *parser) {
  struct connection *c = connection_of(parser);
  struct http1 *h = &c->as.http1;
  struct head *head = &h->head;
  struct request *r = &h->request;
  const char *method = parser_method(parser);

  head_end(head, parser->http_major, parser->http_minor);
  if (head->wrong != 0)
    return -1;
  head->http2 = head->http2 && parser->upgrade && head->settings[0] != '\0';
  parser->upgrade = 0; /* to anything else it does not go over */
  r->announced = parser_announced(parser);
  request_method(r, method, strlen(method));
  pages_route(r, head->target, head->target_bytes);
  pages_head(c->all->pages, r);
  h->state = HTTP1_BODY;
  c->since = r->moved = c->all->ticks;
  head->bytes = 0;
  if (is_answered(h))
    return r->announced > SMALL_BODY || (head->expects && r->announced > 0) ? -1
                                                                            : 0;
  if (head->expects && r->announced > 0 && parser->http_minor > 0)
    encourage(c);
  return 0;
}

static int on_body(parser_t *parser, const char *at, size_t bytes) {
  struct http1 *h = &connection_of(parser)->as.http1;

  if (is_answered(h)) {
    h->request.moved = *h->request.now;
    return 0;
  }
  h->head.wrong = request_append(&h->request, at, bytes);
  return h->head.wrong == 0 ? 0 : -1;
}

static int on_whole(parser_t *parser) {
  connection_of(parser)->as.http1.whole = 1;
  return parser_pause(parser);
}

/* --------------------------------------------------------------- the bytes */

static const parser_settings_t *settings(void) {
  static parser_settings_t all;

  all.on_url = on_target;
  all.on_header_field = on_name;
  all.on_header_value = on_value;
  all.on_headers_complete = on_head;
  all.on_body = on_body;
  all.on_message_complete = on_whole;
  return &all;
}

static void begin_message(struct connection *c) {
  struct http1 *h = &c->as.http1;

  request_begin(&h->request, c, respond);
  h->head = (struct head){.wrong = 0};
  h->whole = 0;
  h->state = HTTP1_HEAD;
  c->since = c->all->ticks;
  parser_begin(&h->parser, &h->framing, settings(), c);
}

static void refuse_wrong(struct connection *c, const char *bytes,
                         size_t count) {
  struct http1 *h = &c->as.http1;
  int status = h->head.wrong;

  if (status == 0) /* the parser's own verdict */
    status = parser_lacks_method(&h->parser) && head_has_method(bytes, count)
                 ? 501
                 : 400;
  h->whole = 0; /* where the next one begins is not known */
  if (is_answered(h))
    write_answer(c);
  else if (status == 503)
    pages_turn_away(c->all->pages, &h->request);
  else
    request_refuse(&h->request, status);
}

static void serve(struct connection *c, const char *rest, size_t count) {
  struct http1 *h = &c->as.http1;

  if (is_answered(h)) {
    write_answer(c);
  } else if (h->head.http2 && !h->eof && !c->all->stopping &&
             http2_upgrade(c)) {
    if (count > 0)
      c->protocol->read(c, rest, count);
  } else {
    h->state = HTTP1_SERVING;
    pages_whole(c->all->pages, &h->request);
  }
}

/* Returns how many bytes are done with; the others are for the next request. */
static size_t consume(struct connection *c, const char *bytes, size_t count) {
  struct http1 *h = &c->as.http1;
  enum parser_status status;
  size_t used;

  if (!h->spoken) {
    size_t known = count < HTTP2_PREFACE ? count : HTTP2_PREFACE;
    if (memcmp(bytes, http2_preface, known) != 0) {
      h->spoken = 1;
    } else if (known < HTTP2_PREFACE) {
      return 0;
    } else {
      if (http2_begin(c))
        c->protocol->read(c, bytes, count);
      else
        connection_close(c);
      return count;
    }
  }
  if (h->state == HTTP1_IDLE)
    begin_message(c);
  h->parsing = 1;
  status =
      parser_feed(&h->parser, &h->framing, settings(), bytes, count, &used);
  h->parsing = 0;
  if (status == PARSER_MORE && h->state == HTTP1_HEAD &&
      head_is_endless(&h->head, used))
    status = PARSER_WRONG;
  if (status == PARSER_WRONG) {
    refuse_wrong(c, bytes, count);
    return count;
  }
  if (status == PARSER_PAUSED && h->head.http2 && !is_answered(h)) {
    serve(c, bytes + used, count - used);
    return c->protocol == &http1 ? used : count;
  }
  if (status == PARSER_PAUSED)
    serve(c, NULL, 0);
  return used;
}

/* So much is not read ahead that a client could fill the memory with it. */
static void keep(struct connection *c, const char *bytes, size_t count) {
  struct http1 *h = &c->as.http1;
  char *more = realloc(h->kept, h->kept_bytes + count);

  if (more == NULL) {
    connection_close(c);
    return;
  }
  memcpy(more + h->kept_bytes, bytes, count);
  h->kept = more;
  h->kept_bytes += count;
  if (h->kept_bytes > MOST_KEPT)
    connection_pause(c);
}

static void take(struct connection *c, const char *bytes, size_t count) {
  size_t used = consume(c, bytes, count);
  if (used < count && c->state == OPEN && c->protocol == &http1)
    keep(c, bytes + used, count - used);
}

static void take_kept(struct connection *c) {
  struct http1 *h = &c->as.http1;
  char *kept = h->kept;
  size_t count = h->kept_bytes;

  h->kept = NULL;
  h->kept_bytes = 0;
  connection_resume(c);
  if (count > 0)
    take(c, kept, count);
  free(kept);
}

static void read_bytes(struct connection *c, const char *bytes, size_t count) {
  struct http1 *h = &c->as.http1;

  if (!is_busy(h) && h->kept_bytes == 0) {
    take(c, bytes, count);
    return;
  }
  keep(c, bytes, count);
  if (!is_busy(h) && c->state == OPEN)
    take_kept(c);
}

/* ---------------------------------------------------------------- its life */

/* A client that will ask no more may still wait for its answers. One that has
 * gone altogether looks the same, until something is sent to it. */
static void at_eof(struct connection *c) {
  struct http1 *h = &c->as.http1;

  h->eof = 1;
  if (!is_busy(h))
    connection_close(c);
}

static void at_sent(struct connection *c) {
  struct http1 *h = &c->as.http1;

  request_end(&h->request, 1);
  h->state = HTTP1_IDLE;
  c->since = c->all->ticks;
  if (!h->keep) {
    if (h->eof)
      connection_close(c);
    else
      connection_finish(c);
    return;
  }
  take_kept(c);
  if (c->state == OPEN && c->protocol == &http1 && h->eof && !is_busy(h))
    connection_close(c);
}

/* What is accepted is answered. An idle client may have asked already, so that
 * one has a moment. */
static void at_stop(struct connection *c) {
  struct http1 *h = &c->as.http1;

  if (h->state == HTTP1_IDLE && c->turned_away)
    begin_message(c);
  if (h->state != HTTP1_HEAD && h->state != HTTP1_BODY)
    return;
  if (is_answered(h))
    write_answer(c);
  else
    pages_turn_away(c->all->pages, &h->request);
}

static void at_tick(struct connection *c) {
  struct http1 *h = &c->as.http1;
  int stopping = c->all->stopping;
  unsigned now = c->all->ticks;
  unsigned age = now - c->since;

  switch (h->state) {
    case HTTP1_IDLE:
      if (stopping ? now - c->all->stopped > STOP_GRACE_S : age > IDLE_S)
        connection_finish(c);
      break;
    case HTTP1_HEAD:
      if (age > HEAD_S)
        cut_short(c, 408);
      break;
    case HTTP1_BODY:
      if (now - h->request.moved > BODY_S || age > REQUEST_S)
        cut_short(c, 408);
      break;
    case HTTP1_SERVING:
      break;
    case HTTP1_ANSWERING:
      if (now - c->moved > (stopping ? STOP_PATIENCE_S : ANSWER_S) ||
          age > REQUEST_S)
        connection_close(c);
      break;
  }
}

static void at_lost(struct connection *c) {
  struct http1 *h = &c->as.http1;

  if (h->state != HTTP1_IDLE)
    request_end(&h->request, 0);
  h->state = HTTP1_IDLE;
  free(h->kept);
  h->kept = NULL;
}

const struct protocol http1 = {.read = read_bytes,
                               .eof = at_eof,
                               .sent = at_sent,
                               .stop = at_stop,
                               .tick = at_tick,
                               .lost = at_lost};

void http1_begin(struct connection *c) {
  c->protocol = &http1;
}
