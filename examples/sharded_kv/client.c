/* client: one connection: requests in, steps out, replies in their order.
 *
 * Knows:   its loop and its shard; other shards by shard_ask only.
 * Threads: its loop's.
 * Bounds:  of what a client makes the server keep; see the enum. Whoever passes
 *          one is not read from until there is less, and TCP tells it to wait.
 *
 * Events only note what happened and make the client ready; turn() does all the
 * rest, once in a turn of the loop, so that many answers make one write. It is
 * the only place that frees a client: when its handle is closed and every step
 * of its that was away is home again.
 */
#include <utlist.h>

#ifdef __linux__
#include <linux/sockios.h>
#include <sys/ioctl.h>
#endif

#include "client.h"
#include "must.h"
#include "requests.h"

enum {
  STEPS_MOST = 64,          /* begun and not told to the client */
  UNREAD_MOST = 64 * 1024,  /* bytes read and not begun, or one request */
  UNSENT_MOST = 256 * 1024, /* bytes of replies, then no step is begun */
  READ_BYTES = 16 * 1024
};

enum state {
  STATE_OPEN,
  STATE_ENDING,    /* nothing more is read; what was read is answered */
  STATE_LINGERING, /* all is answered, and the end said; it has not hung up */
  STATE_CLOSING,
  STATE_CLOSED /* the handle; steps may be away */
};

struct client {
  uv_tcp_t tcp;
  struct shard *shard;
  struct client *prev, *next; /* in shard->clients */
  struct client *next_ready;  /* in shard->ready */
  bool is_ready;
  enum state state;

  struct requests requests;
  bool reading;
  bool has_hung_up;

  struct step *steps; /* begun and not told, oldest first */
  unsigned untold;    /* how many */
  unsigned away;      /* of these, with other shards */
  loopchan_write_t ask;
  bool asking; /* ask is in use: a step waits for room in a channel */
  int64_t sum; /* of the request whose steps are being told */

  struct buffer out, sending; /* to be written; being written */
  uint64_t told;              /* bytes of replies, all in all */
  uint64_t taken;             /* of these, when it was last looked at */
  unsigned idle;              /* looks since then that found no more */
  uv_write_t write;
  uv_shutdown_t shutdown;
};

static void make_ready(struct client *c) {
  if (c->is_ready)
    return;
  c->is_ready = true;
  LL_PREPEND2(c->shard->ready, c, next_ready);
}

static void on_closed(uv_handle_t *handle) {
  struct client *c = handle->data;
  c->state = STATE_CLOSED;
  make_ready(c);
}

static void hang_up(struct client *c) {
  if (c->state >= STATE_CLOSING)
    return;
  c->state = STATE_CLOSING;
  c->shard->connected--;
  uv_close((uv_handle_t *) &c->tcp, on_closed);
}

static void stop_reading(struct client *c) {
  if (c->reading)
    must(uv_read_stop((uv_stream_t *) &c->tcp), "uv_read_stop");
  c->reading = false;
}

static void end(struct client *c) {
  if (c->state != STATE_OPEN)
    return;
  c->state = STATE_ENDING;
  stop_reading(c);
  make_ready(c);
}

/* ----------------------------------------------------------------- reading */

static void on_room_wanted(uv_handle_t *handle, size_t suggested,
                           uv_buf_t *buf) {
  struct client *c = handle->data;
  (void) suggested;
  buf->base = requests_reserve(&c->requests, READ_BYTES);
  buf->len = READ_BYTES;
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf) {
  struct client *c = stream->data;
  (void) buf;
  if (n == UV_EOF && c->state == STATE_OPEN) {
    c->has_hung_up = true;
    end(c); /* it may still read: `printf ... | nc` is answered */
  } else if (n < 0) {
    hang_up(c);
  } else if (c->state == STATE_OPEN) {
    requests_came(&c->requests, (size_t) n);
    if (requests_unread(&c->requests) >= UNREAD_MOST)
      stop_reading(c); /* the others first; turn() starts it again */
    make_ready(c);
  }
}

static void read_on(struct client *c, bool wanted) {
  if (!wanted)
    stop_reading(c);
  else if (!c->reading)
    must(uv_read_start((uv_stream_t *) &c->tcp, on_room_wanted, on_read),
         "uv_read_start");
  c->reading = wanted;
}

/* ------------------------------------------------------------------- steps */

static size_t unsent(const struct client *c) {
  return c->out.length + c->sending.length;
}

static void on_asked(loopchan_write_t *req, int status) {
  struct client *c = req->data;
  must(status, "a question was refused");
  c->asking = false;
  make_ready(c);
}

/* From here on the step is the other shard's, and may be done before this
 * returns; that it is home again is told in a later turn of the loop. */
static void ask(struct client *c, struct step *step) {
  c->away++;
  c->ask.data = c;
  int err = shard_ask(c->shard, step, &c->ask, on_asked);
  if (err == UV_EAGAIN)
    c->asking = true;
  else
    must(err, "a question was refused");
}

static void begin(struct client *c, struct step *step) {
  step->client = c;
  step->home = c->shard->number;
  step->done = true;
  DL_APPEND(c->steps, step);
  c->untold++;
  if (step->verb == VERB_SAY)
    return;
  if (step->shard == c->shard->number) {
    step_do(step, &c->shard->store);
    c->shard->own_steps++;
  } else {
    step->done = false;
    ask(c, step);
  }
}

/* ----------------------------------------------------------------- replies */

static void end_of_request(struct client *c, enum ending ending) {
  if (ending == ENDING_SUM)
    resp_put_number(&c->out, c->sum);
  else if (ending == ENDING_OK)
    resp_put_line(&c->out, "+OK");
  c->sum = 0;
}

static void reply(struct client *c, const struct step *step) {
  size_t before = c->out.length;

  buffer_add(&c->out, step->reply.bytes, step->reply.length);
  c->sum += step->count;
  if (step->last)
    end_of_request(c, step->ending);
  c->told += c->out.length - before;
}

/* A step that is away holds up those behind it; so does a client that does not
 * take what it was told. */
static void tell_what_is_done(struct client *c) {
  while (c->steps != NULL && c->steps->done && unsent(c) <= UNSENT_MOST) {
    struct step *step = c->steps;
    reply(c, step);
    DL_DELETE(c->steps, step);
    c->untold--;
    step_free(step);
  }
}

static void on_written(uv_write_t *req, int status) {
  struct client *c = req->data;
  if (status != 0)
    hang_up(c);
  buffer_clear(&c->sending);
  make_ready(c);
}

/* The callback of a write is one more turn of the loop, so a write that the
 * system takes at once does without. But not when there is much: then others
 * have their turn before this client's next requests are looked at. */
static void write_out(struct client *c) {
  uv_stream_t *stream = (uv_stream_t *) &c->tcp;
  uv_buf_t buf = uv_buf_init(c->out.bytes, (unsigned) c->out.length);
  int n = 0;

  if (buf.len == 0 || c->sending.length > 0)
    return;
  if (buf.len <= UNSENT_MOST)
    n = uv_try_write(stream, &buf, 1);
  if (n == (int) buf.len) {
    buffer_clear(&c->out);
    return;
  }
  if (n > 0) {
    buf.base += n;
    buf.len -= (size_t) n;
  }
  struct buffer empty = c->sending;
  c->sending = c->out;
  c->out = empty;
  c->write.data = c;
  if (uv_write(&c->write, stream, &buf, 1, on_written) != 0)
    hang_up(c);
}

/* ---------------------------------------------------------------- the turn */

static bool may_begin(const struct client *c) {
  return c->untold < STEPS_MOST && !c->asking && unsent(c) <= UNSENT_MOST;
}

/* True: nothing to do before more is read. */
static bool go_on(struct client *c) {
  tell_what_is_done(c);
  while (may_begin(c)) {
    struct step *step = requests_next(&c->requests, c->shard->count);
    if (step == NULL)
      return true;
    begin(c, step);
    tell_what_is_done(c);
  }
  return false;
}

static void client_free(struct client *c) {
  struct step *step, *next;
  DL_FOREACH_SAFE(c->steps, step, next) {
    step_free(step);
  }
  DL_DELETE(c->shard->clients, c);
  requests_free(&c->requests);
  buffer_free(&c->out);
  buffer_free(&c->sending);
  free(c);
}

/* libuv 1.44 calls it without asking whether it is there. */
static void on_shutdown(uv_shutdown_t *req, int status) {
  (void) req;
  (void) status;
}

/* A socket that is closed with bytes unread resets the connection, and the
 * replies that are still on their way are lost. So the end is said, and what
 * the client says is read and forgotten until it hangs up, too. */
static void say_the_end(struct client *c) {
  c->state = STATE_LINGERING;
  if (c->has_hung_up ||
      uv_shutdown(&c->shutdown, (uv_stream_t *) &c->tcp, on_shutdown) != 0)
    hang_up(c);
  else
    read_on(c, true);
}

static void turn(struct client *c) {
  if (c->state <= STATE_ENDING) {
    bool wants_more = go_on(c);
    write_out(c);
    if (c->requests.is_over)
      end(c);
    if (c->state == STATE_OPEN)
      read_on(c, wants_more);
    else if (c->state == STATE_ENDING && wants_more && c->untold == 0 &&
             unsent(c) == 0)
      say_the_end(c);
  }
  /* A step that comes home looks for its client; so does the callback of a
   * question that had to wait, even if its answer was faster. */
  if (c->state == STATE_CLOSED && c->away == 0 && !c->asking)
    client_free(c);
}

void clients_turn(struct shard *s) {
  struct client *c, *next = s->ready;

  s->ready = NULL;
  while ((c = next) != NULL) {
    next = c->next_ready;
    c->is_ready = false;
    turn(c);
  }
}

void client_accept(struct shard *s) {
  struct client *c = must_realloc(NULL, sizeof(*c));
  uv_stream_t *stream = (uv_stream_t *) &c->tcp;

  *c = (struct client){.shard = s};
  must(uv_tcp_init(&s->loop, &c->tcp), "uv_tcp_init");
  c->tcp.data = c;
  DL_APPEND(s->clients, c);
  s->accepted++;
  s->connected++;
  /* If the descriptors ran out libuv would try again and again to accept, for
   * the one that it has in reserve may be taken by another loop. Without
   * nodelay the kernel would keep the end of a reply for later. */
  if (uv_accept((uv_stream_t *) &s->listener, stream) != 0 ||
      s->connected > s->connected_most || uv_tcp_nodelay(&c->tcp, 1) != 0)
    hang_up(c);
  else
    make_ready(c);
}

void client_answered(struct step *step) {
  struct client *c = step->client;
  step->done = true;
  c->away--;
  make_ready(c);
}

void clients_end(struct shard *s) {
  struct client *c;
  DL_FOREACH(s->clients, c) {
    end(c);
  }
}

/* ---------------------------------------------------------------- patience */

/* What the kernel has, and the client's has not: 0 if that cannot be known. */
static size_t in_kernel(const struct client *c) {
#ifdef __linux__
  uv_os_fd_t fd;
  int bytes;
  if (uv_fileno((const uv_handle_t *) &c->tcp, &fd) == 0 &&
      ioctl(fd, SIOCOUTQ, &bytes) == 0)
    return (size_t) bytes;
#else
  (void) c;
#endif
  return 0;
}

static size_t untaken(const struct client *c) {
  return c->out.length + c->tcp.write_queue_size + in_kernel(c);
}

/* Whether it has had nothing for so many looks, although there was something;
 * or has had all, and does not hang up. While this server owes the next reply
 * the client is not to blame. */
static bool tries_patience(struct client *c, unsigned patience) {
  size_t left = untaken(c);
  uint64_t taken = c->told - left;

  if (taken != c->taken || (left == 0 && c->state < STATE_LINGERING))
    c->idle = 0;
  else
    c->idle++;
  c->taken = taken;
  return c->idle >= patience;
}

static void cut_off(struct client *c) {
  if (c->state >= STATE_CLOSING)
    return;
  if (c->untold > 0 || untaken(c) > 0)
    c->shard->cut_off++;
  hang_up(c);
}

void clients_look(struct shard *s, unsigned patience) {
  struct client *c;
  DL_FOREACH(s->clients, c) {
    if (c->state < STATE_CLOSING && tries_patience(c, patience))
      cut_off(c);
  }
}

void clients_drop(struct shard *s) {
  struct client *c;
  DL_FOREACH(s->clients, c) {
    cut_off(c);
  }
}
