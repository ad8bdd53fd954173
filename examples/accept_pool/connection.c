#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../http_server/status.h"
#include "server.h"
#include "work.h"

/* ------------------------------------------------------------------- closing
 */

static void on_closed(uv_handle_t *handle) {
  struct connection *c = (struct connection *) handle;

  server_remove(c->server, c);
  free(c);
}

void connection_close(struct connection *c) {
  if (c->state == CLOSED)
    return;
  if (c->working)
    c->server->abandoned++;
  c->state = CLOSED;
  uv_close((uv_handle_t *) &c->tcp, on_closed);
}

static void enter(struct connection *c, enum connection_state state) {
  c->state = state;
  c->since = c->server->ticks;
}

static void resume(struct connection *c);

static void on_shutdown(uv_shutdown_t *shutdown, int status) {
  struct connection *c = shutdown->data;

  if (status != 0)
    connection_close(c);
}

/* Nothing more will be sent. */
static void finish(struct connection *c) {
  enter(c, LINGERING);
  c->shutdown.data = c;
  if (c->eof ||
      uv_shutdown(&c->shutdown, (uv_stream_t *) &c->tcp, on_shutdown) != 0)
    connection_close(c);
  else
    resume(c);
}

/* ---------------------------------------------------------------- the answer
 */

static void take(struct connection *c);

static void on_written(uv_write_t *write, int status) {
  struct connection *c = write->data;

  if (c->state == CLOSED)
    return;
  if (status != 0) {
    connection_close(c);
    return;
  }
  c->server->answered += c->working;
  c->working = false;
  if (!c->keep) {
    finish(c);
    return;
  }
  enter(c, READING);
  c->begun = false;
  take(c);
  if (c->state == READING && c->eof)
    connection_close(c);
  else
    resume(c);
}

static void respond(struct connection *c, int status, const char *text) {
  struct server *s = c->server;
  char date[STATUS_DATE], body[64];
  uv_buf_t buf;
  int bytes;

  s->refused += !c->working;
  c->requests++;
  c->keep = c->whole && parser_keeps_alive(&c->parser) && !server_stops(s) &&
            c->requests < s->settings->requests;
  bytes = text != NULL ? snprintf(body, sizeof(body), "%s\n", text)
                       : snprintf(body, sizeof(body), "%d %s\n", status,
                                  status_reason(status));
  bytes = snprintf(c->answer, sizeof(c->answer),
                   "HTTP/1.1 %d %s\r\nDate: %s\r\nContent-Type: text/plain\r\n"
                   "Content-Length: %d\r\n%s%s%s\r\n%s",
                   status, status_reason(status), status_date(date), bytes,
                   status == 405 ? "Allow: GET, HEAD\r\n" : "",
                   status == 503 ? "Retry-After: 1\r\n" : "",
                   !c->keep                    ? "Connection: close\r\n"
                   : c->parser.http_minor == 0 ? "Connection: keep-alive\r\n"
                                               : "",
                   c->only_head ? "" : body);
  enter(c, ANSWERING);
  c->write.data = c;
  buf = uv_buf_init(c->answer, (unsigned) bytes);
  if (uv_write(&c->write, (uv_stream_t *) &c->tcp, &buf, 1, on_written) != 0)
    connection_close(c);
}

static void serve(struct connection *c) {
  struct server *s = c->server;
  bool heavy = c->page == PAGE_HEAVY;

  if (c->page == PAGE_NONE) {
    respond(c, 404, NULL);
  } else if (!c->get) {
    respond(c, 405, NULL);
  } else if (server_stops(s)) {
    respond(c, 503, NULL);
  } else {
    s->accepted++;
    c->working = true;
    server_works(s);
    work(heavy ? s->settings->heavy_us : s->settings->light_us);
    respond(c, 200, heavy ? "that was heavy" : "hello");
  }
}

/* --------------------------------------------------- what the parser reports
 */

static struct connection *connection_of(parser_t *parser) {
  return parser->data;
}

static int on_target(parser_t *parser, const char *at, size_t bytes) {
  return head_target(&connection_of(parser)->head, at, bytes);
}

static int on_name(parser_t *parser, const char *at, size_t bytes) {
  struct head *head = &connection_of(parser)->head;

  head_name(head, at, bytes);
  return head_count(head, bytes + 2);
}

static int on_value(parser_t *parser, const char *at, size_t bytes) {
  struct head *head = &connection_of(parser)->head;

  head_value(head, at, bytes);
  return head_count(head, bytes + 2);
}

static enum page route(const struct head *head) {
  size_t host = head_skip_host(head->target, head->target_bytes);
  const char *path = head->target + host;
  size_t bytes = head->target_bytes - host;
  const char *query = memchr(path, '?', bytes);

  if (query != NULL)
    bytes = (size_t) (query - path);
  if (bytes == 0 ? host > 0 : bytes == 1 && path[0] == '/')
    return PAGE_LIGHT;
  if (bytes == 6 && memcmp(path, "/heavy", 6) == 0)
    return PAGE_HEAVY;
  return PAGE_NONE;
}

/* No request here has a body, so one that announces some is refused before it
 * is read. */
static int on_head(parser_t *parser) {
  struct connection *c = connection_of(parser);
  const char *method = parser_method(parser);
  struct head *head = &c->head;

  head_end(head, parser->http_major, parser->http_minor);
  c->only_head = strcmp(method, "HEAD") == 0;
  c->get = c->only_head || strcmp(method, "GET") == 0;
  c->page = route(head);
  if (head->wrong == 0 && parser_announced(parser) > 0)
    head->wrong = c->page == PAGE_NONE ? 404 : c->get ? 413 : 405;
  parser->upgrade = 0; /* to nothing */
  return head->wrong == 0 ? 0 : -1;
}

static int on_whole(parser_t *parser) {
  connection_of(parser)->whole = true;
  return parser_pause(parser);
}

/* ------------------------------------------------------------------ the bytes
 */

static const parser_settings_t *parser_settings(void) {
  static const parser_settings_t all = {.on_url = on_target,
                                        .on_header_field = on_name,
                                        .on_header_value = on_value,
                                        .on_headers_complete = on_head,
                                        .on_message_complete = on_whole};
  return &all;
}

static void begin_request(struct connection *c) {
  enter(c, READING);
  c->head = (struct head){.wrong = 0};
  c->begun = true;
  c->whole = c->only_head = false;
  parser_begin(&c->parser, &c->framing, parser_settings(), c);
}

/* A request that is wrong is the last one: where the next one begins is not
 * known. */
static void refuse(struct connection *c, const char *bytes, size_t count) {
  int status = c->head.wrong;

  if (status == 0) /* the parser's own verdict */
    status = parser_lacks_method(&c->parser) && head_has_method(bytes, count)
                 ? 501
                 : 400;
  c->whole = false;
  c->begin = c->end = 0;
  respond(c, status, NULL);
}

/* Takes what is read, up to the end of a request. */
static void take(struct connection *c) {
  const char *bytes = c->read + c->begin;
  size_t count = c->end - c->begin, used;
  enum parser_status status;

  if (count == 0)
    return;
  if (!c->begun)
    begin_request(c);
  status = parser_feed(&c->parser, &c->framing, parser_settings(), bytes, count,
                       &used);
  if (status == PARSER_MORE && head_is_endless(&c->head, used))
    status = PARSER_WRONG;
  if (status == PARSER_WRONG) {
    refuse(c, bytes, count);
    return;
  }
  c->begin += used;
  if (status == PARSER_PAUSED)
    serve(c);
}

/* What comes while a request is answered waits behind it, as far as there is
 * room. */
static void on_room(uv_handle_t *handle, size_t suggested, uv_buf_t *buf) {
  struct connection *c = (struct connection *) handle;

  (void) suggested;
  if (c->state == LINGERING)
    c->begin = c->end = 0;
  memmove(c->read, c->read + c->begin, c->end - c->begin);
  c->end -= c->begin;
  c->begin = 0;
  *buf = uv_buf_init(c->read + c->end, (unsigned) (sizeof(c->read) - c->end));
}

static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buf) {
  struct connection *c = (struct connection *) stream;

  (void) buf;
  if (count < 0) {
    c->eof = true;
    if (count != UV_EOF || c->state != ANSWERING)
      connection_close(c);
    return;
  }
  if (c->state == LINGERING)
    return;
  c->end += (size_t) count;
  if (c->state == READING)
    take(c);
  if (c->state == ANSWERING && c->end - c->begin == sizeof(c->read)) {
    c->paused = true;
    uv_read_stop(stream);
  }
}

static void resume(struct connection *c) {
  if (!c->paused || c->state == CLOSED || c->eof)
    return;
  if (c->end - c->begin == sizeof(c->read) && c->state != LINGERING)
    return;
  c->paused = false;
  if (uv_read_start((uv_stream_t *) &c->tcp, on_room, on_read) != 0)
    connection_close(c);
}

/* ------------------------------------------------------------------- its life
 */

void connection_open(struct server *s, int fd) {
  struct connection *c = calloc(1, sizeof(*c));

  if (c == NULL || uv_tcp_init(&s->loop, &c->tcp) != 0) {
    free(c);
    close(fd);
    return;
  }
  c->server = s;
  server_add(s, c);
  enter(c, READING);
  if (uv_tcp_open(&c->tcp, fd) != 0) {
    close(fd);
    connection_close(c);
    return;
  }
  uv_tcp_nodelay(&c->tcp, 1); /* answers do not wait for acknowledgements */
  if (uv_read_start((uv_stream_t *) &c->tcp, on_room, on_read) != 0)
    connection_close(c);
}

/* Answers a request that has come by half. */
static void cut_short(struct connection *c, int status) {
  c->whole = false;
  respond(c, status, NULL);
}

/* A client that has nothing under way may have asked just now: see below. */
void connection_stop(struct connection *c) {
  if (c->state == READING && c->begun)
    cut_short(c, 503);
}

/* While the server stops, a client has a moment to hear so if it asks. */
static bool is_idle_too_long(const struct connection *c) {
  const struct server *s = c->server;
  unsigned age = s->ticks - c->since;

  if (!s->stopping)
    return age > IDLE_S;
  return age > STOP_GRACE_S && s->ticks - s->stopped > STOP_GRACE_S;
}

void connection_tick(struct connection *c) {
  const struct server *s = c->server;
  unsigned age = s->ticks - c->since;

  switch (c->state) {
    case READING:
      if (c->begun && s->stopping && age > STOP_GRACE_S)
        cut_short(c, 503);
      else if (c->begun && age > HEAD_S)
        cut_short(c, 408);
      else if (!c->begun && is_idle_too_long(c))
        finish(c);
      break;
    case ANSWERING:
      if (age > (s->stopping ? STOP_PATIENCE_S : ANSWER_S))
        connection_close(c);
      break;
    case LINGERING:
      if (age > LINGER_S)
        connection_close(c);
      break;
    case CLOSED:
      break;
  }
}
