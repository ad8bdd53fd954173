#include <stdlib.h>
#include <string.h>

#include "stream.h"

/* A frame of data, and a buffer for some of them. */
enum { FRAME = (16 << 10) + 9, OUT = 4 * FRAME };
enum { STREAM_WINDOW = 256 << 10, CONNECTION_WINDOW = 1 << 20 };

const char http2_preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/* ------------------------------------------------------------ what is sent */

/* The bytes under way have been taken, or never will be. */
static void end_done(struct http2 *h, int delivered) {
  while (h->done != NULL) {
    struct stream *s = h->done;
    h->done = s->next;
    request_end(&s->request, delivered);
    free(s);
  }
}

static void fill(struct http2 *h) {
  const uint8_t *frame;
  ssize_t bytes = 0;

  h->busy++;
  while (h->out_bytes + FRAME <= OUT &&
         (bytes = nghttp2_session_mem_send(h->session, &frame)) > 0) {
    if ((size_t) bytes > OUT - h->out_bytes) {
      bytes = -1;
      break;
    }
    memcpy(h->out + h->out_bytes, frame, (size_t) bytes);
    h->out_bytes += (size_t) bytes;
  }
  h->busy--;
  if (bytes < 0)
    h->broken = 1;
}

/* One buffer at a time: the next is made when the system has taken all. */
void http2_flush(struct connection *c) {
  struct http2 *h = &c->as.http2;

  if (h->busy > 0 || c->writing || c->state != OPEN)
    return;
  if (!h->broken)
    fill(h);
  if (h->broken) {
    connection_close(c);
  } else if (h->out_bytes > 0) {
    uv_buf_t buf = uv_buf_init((char *) h->out, (unsigned) h->out_bytes);
    connection_send(c, &buf, 1);
  } else {
    end_done(h, 1);
    if (!nghttp2_session_want_read(h->session) &&
        !nghttp2_session_want_write(h->session))
      connection_finish(c);
  }
}

/* ---------------------------------------------------------------- its life */

static void read_bytes(struct connection *c, const char *bytes, size_t count) {
  struct http2 *h = &c->as.http2;
  ssize_t used = -1;

  if (!h->broken) {
    h->busy++;
    used = nghttp2_session_mem_recv(h->session, (const uint8_t *) bytes, count);
    h->busy--;
  }
  if (used < 0)
    h->broken = 1;
  http2_flush(c);
}

static void at_sent(struct connection *c) {
  struct http2 *h = &c->as.http2;

  h->out_bytes = 0;
  end_done(h, 1);
  http2_flush(c);
}

/* The client learns that it shall send no more; what is on its way already is
 * refused, and what is accepted is answered. */
static void at_stop(struct connection *c) {
  struct http2 *h = &c->as.http2;

  if (h->broken)
    return;
  h->busy++;
  if (nghttp2_submit_shutdown_notice(h->session) != 0)
    h->broken = 1;
  for (struct stream *s = h->first; s != NULL; s = s->next)
    if (s->state == STREAM_BODY)
      pages_turn_away(c->all->pages, &s->request);
  h->busy--;
  http2_flush(c);
}

/* Returns whether the stream is the connection's end. */
static int is_too_slow(struct connection *c, struct stream *s) {
  struct http2 *h = &c->as.http2;
  unsigned still = c->all->ticks - s->request.moved;
  unsigned age = c->all->ticks - s->request.began;
  unsigned patience = c->all->stopping ? STOP_PATIENCE_S : ANSWER_S;

  switch (s->state) {
    case STREAM_HEAD: /* no other frame may come in between */
      return age > HEAD_S;
    case STREAM_BODY:
      if (still > BODY_S || age > REQUEST_S)
        request_refuse(&s->request, 408);
      break;
    case STREAM_SERVING:
      break;
    case STREAM_ANSWERING:
      if (s->sent && still > BODY_S)
        http2_end_early(h->session, s);
      else if ((still > patience && !c->writing) || age > REQUEST_S)
        nghttp2_submit_rst_stream(h->session, NGHTTP2_FLAG_NONE, s->id,
                                  NGHTTP2_CANCEL);
      break;
  }
  return 0;
}

static void at_tick(struct connection *c) {
  struct http2 *h = &c->as.http2;
  int stopping = c->all->stopping;
  unsigned now = c->all->ticks;
  int idle =
      stopping ? now - c->all->stopped > STOP_GRACE_S : now - c->since > IDLE_S;
  int slow = 0;

  if (c->writing && now - c->moved > (stopping ? STOP_PATIENCE_S : ANSWER_S)) {
    connection_close(c);
    return;
  }
  h->resets += h->resets + MORE_RESETS < MOST_RESETS ? MORE_RESETS : 0;
  h->busy++;
  for (struct stream *s = h->first; s != NULL; s = s->next)
    slow |= is_too_slow(c, s);
  if (slow || (h->first == NULL && idle))
    nghttp2_session_terminate_session(
        h->session, slow ? NGHTTP2_ENHANCE_YOUR_CALM : NGHTTP2_NO_ERROR);
  h->busy--;
  http2_flush(c);
}

static void at_lost(struct connection *c) {
  struct http2 *h = &c->as.http2;

  while (h->first != NULL) {
    struct stream *s = h->first;
    h->first = s->next;
    request_end(&s->request, 0);
    free(s);
  }
  end_done(h, 0);
  nghttp2_session_del(h->session);
  h->session = NULL;
  free(h->out);
  h->out = NULL;
}

const struct protocol http2 = {.read = read_bytes,
                               .eof = connection_close,
                               .sent = at_sent,
                               .stop = at_stop,
                               .tick = at_tick,
                               .lost = at_lost};

/* Returns 0 or an error; then nothing is left behind. */
static int open_http2(struct connection *c, struct http2 *h) {
  static const nghttp2_settings_entry settings[] = {
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, MOST_STREAMS},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, STREAM_WINDOW},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, MOST_HEAD}};
  int err;

  *h = (struct http2){.resets = MOST_RESETS, .out = malloc(OUT)};
  err = h->out == NULL ? UV_ENOMEM : http2_open_session(c, &h->session);
  if (err == 0)
    err = nghttp2_submit_settings(h->session, NGHTTP2_FLAG_NONE, settings,
                                  sizeof(settings) / sizeof(settings[0]));
  if (err == 0)
    err = nghttp2_session_set_local_window_size(h->session, NGHTTP2_FLAG_NONE,
                                                0, CONNECTION_WINDOW);
  if (err != 0) {
    nghttp2_session_del(h->session);
    free(h->out);
  }
  return err;
}

static void go_over(struct connection *c, const struct http2 *h) {
  free(c->as.http1.kept);
  c->as.http2 = *h;
  c->protocol = &http2;
  c->since = c->all->ticks;
}

int http2_begin(struct connection *c) {
  struct http2 h;
  int err = open_http2(c, &h);

  if (err == 0)
    go_over(c, &h);
  return err == 0;
}

/* Base64 in its form for URLs. Returns how many bytes to has; more than room:
 * it does not fit, or is not base64. */
static size_t decode(const char *text, uint8_t *to, size_t room) {
  static const char digits[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  uint32_t bits = 0;
  unsigned count = 0;
  size_t bytes = 0;

  for (; *text != '\0'; text++) {
    const char *digit = strchr(digits, *text);
    if (digit == NULL)
      return room + 1;
    bits = bits << 6 | (uint32_t) (digit - digits);
    count += 6;
    if (count < 8)
      continue;
    count -= 8;
    if (bytes == room)
      return room + 1;
    to[bytes++] = (uint8_t) (bits >> count);
  }
  return bytes;
}

int http2_upgrade(struct connection *c) {
  static const char yes[] =
      "HTTP/1.1 101 Switching Protocols\r\n"
      "Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n";
  struct request *r = &c->as.http1.request;
  uint8_t settings[HEAD_VALUE];
  size_t bytes = decode(c->as.http1.head.settings, settings, sizeof(settings));
  struct http2 h;
  struct stream *s;

  if (bytes > sizeof(settings) || open_http2(c, &h) != 0)
    return 0;
  s = malloc(sizeof(*s));
  if (s == NULL ||
      nghttp2_session_upgrade2(h.session, settings, bytes,
                               r->method == METHOD_HEAD, NULL) != 0 ||
      nghttp2_session_set_stream_user_data(h.session, 1, s) != 0) {
    free(s);
    nghttp2_session_del(h.session);
    free(h.out);
    return 0;
  }
  *s = (struct stream){.request = *r, .id = 1};
  s->request.respond = http2_respond;
  h.first = s;
  h.out_bytes = sizeof(yes) - 1;
  memcpy(h.out, yes, h.out_bytes);
  go_over(c, &h);
  c->as.http2.busy++;
  http2_serve(c, s);
  c->as.http2.busy--;
  http2_flush(c);
  return 1;
}
