/* shard: a loop that owns some of the keys, and asks the others for theirs.
 *
 *   questions   from every other loop, done here, taken when there is room for
 *               their answers
 *   answers     to this loop's own questions, taken always
 *
 * Both channels are bounded, and no two loops wait for each other: a question
 * may wait for an answer to find room, but an answer waits for nothing.
 *
 * Threads: shard_run and all callbacks on its own; the rest before it starts,
 *          or after it ended.
 * Ends:    by the channels' own ends. When its last client has gone a shard
 *          closes its writers of questions; whoever gets UV_EOF in place of a
 *          question has nobody left to answer, and closes its writers of
 *          answers; and UV_EOF in place of an answer is the end. So a shard
 *          whose clients are gone goes on answering those whose are not.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <sys/socket.h>

#include "client.h"
#include "must.h"

enum { BACKLOG = 511, LOOKS = 8 /* before patience ends */ };

/* ---------------------------------------------------- between the loops */

int shard_ask(struct shard *s, struct step *step, loopchan_write_t *req,
              loopchan_write_cb cb) {
  loopchan_writer_t *w = &s->peers[step->shard].questions;
  int err = steps_try_write(w, &step);

  if (err != UV_EAGAIN)
    return err;
  err = steps_write(req, w, &step, cb);
  return err == 0 ? UV_EAGAIN : err;
}

static void on_question(loopchan_receiver_t *rx, int status,
                        struct step **question);

static void on_answer_accepted(loopchan_write_t *req, int status) {
  struct shard *s = req->data;
  must(status, "an answer was refused");
  must(steps_recv_start(&s->questions, on_question), "recv_start");
}

/* While an answer waits for room no question is taken: so one request is
 * enough, and what the others want of this shard stays in the channel. */
static void answer(struct shard *s, struct step *step) {
  loopchan_writer_t *w = &s->peers[step->home].answers;
  int err = steps_try_write(w, &step);

  if (err == UV_EAGAIN) {
    s->answer.data = s;
    err = steps_write(&s->answer, w, &step, on_answer_accepted);
    if (err == 0)
      err = loopchan_recv_stop(&s->questions);
  }
  must(err, "an answer was refused");
}

static void on_question(loopchan_receiver_t *rx, int status,
                        struct step **question) {
  struct shard *s = rx->data;

  if (status == 0) {
    step_do(*question, &s->store);
    answer(s, *question);
    return;
  }
  /* All the others have had all their answers, so none waits for room, and
   * closing the writers cancels nothing. */
  must(loopchan_close(rx, NULL), "loopchan_close");
  for (unsigned i = 0; i < s->count; i++)
    if (i != s->number)
      must(loopchan_writer_close(&s->peers[i].answers, NULL), "writer_close");
}

static void on_answer(loopchan_receiver_t *rx, int status,
                      struct step **answered) {
  if (status == 0)
    client_answered(*answered);
  else
    must(loopchan_close(rx, NULL), "loopchan_close");
}

/* --------------------------------------------------------- from outside */

/* Errors reported here mean that a client has gone. */
static void on_connection(uv_stream_t *listener, int status) {
  if (status == 0)
    client_accept(listener->data);
}

/* Looks are counted, not time: a server that got no processor for a while
 * does not hold it against its clients. */
static void on_look(uv_timer_t *timer) {
  struct shard *s = timer->data;

  if (uv_now(&s->loop) - s->stopped_at >= s->total_ms)
    clients_drop(s);
  else
    clients_look(s, s->patience_ms == 0 ? 0 : LOOKS);
}

static void on_signal(uv_signal_t *handle, int signum) {
  struct shard *s = handle->data;
  (void) signum;
  s->stopping = true;
  s->stopped_at = uv_now(&s->loop);
  uv_close((uv_handle_t *) &s->terminate, NULL); /* a second signal kills */
  uv_close((uv_handle_t *) &s->interrupt, NULL);
  uv_close((uv_handle_t *) &s->listener, NULL);
  /* Without it a client that neither reads nor hangs up keeps it going. */
  uint64_t look_ms = s->patience_ms / LOOKS;
  if (look_ms > s->total_ms)
    look_ms = s->total_ms;
  look_ms++;
  must(uv_timer_start(&s->patience, on_look, look_ms, look_ms),
       "uv_timer_start");
  clients_end(s);
}

static void stop_asking(struct shard *s) {
  uv_close((uv_handle_t *) &s->turn, NULL);
  uv_close((uv_handle_t *) &s->patience, NULL);
  for (unsigned i = 0; i < s->count; i++)
    if (i != s->number)
      must(loopchan_writer_close(&s->peers[i].questions, NULL), "writer_close");
}

static void on_turn(uv_prepare_t *handle) {
  struct shard *s = handle->data;
  clients_turn(s);
  if (s->stopping && s->clients == NULL)
    stop_asking(s);
}

/* --------------------------------------------------------- opening, ending */

static void bind_at(struct shard *s, const struct sockaddr_in *address) {
  must(uv_tcp_bind(&s->listener, (const struct sockaddr *) address, 0), "bind");
}

static void share_port(struct shard *s) {
  int on = 1;
  uv_os_fd_t fd;

  must(uv_fileno((uv_handle_t *) &s->listener, &fd), "uv_fileno");
  if (setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) != 0)
    must(uv_translate_sys_error(errno), "SO_REUSEPORT");
}

/* Every loop has an ear of its own at the same port, and the kernel gives each
 * new client to one of them. The first is bound before it shares: so it fails
 * if another program listens there, be it another of these. */
static void listen_at(struct shard *s, int *port) {
  struct sockaddr_in address;
  int length = sizeof(address);

  must(uv_ip4_addr("127.0.0.1", *port, &address), "uv_ip4_addr");
  must(uv_tcp_init_ex(&s->loop, &s->listener, AF_INET), "uv_tcp_init_ex");
  s->listener.data = s;
  if (s->number == 0)
    bind_at(s, &address);
  share_port(s);
  if (s->number != 0)
    bind_at(s, &address);
  must(uv_listen((uv_stream_t *) &s->listener, BACKLOG, on_connection),
       "cannot listen");
  must(uv_tcp_getsockname(&s->listener, (struct sockaddr *) &address, &length),
       "uv_tcp_getsockname");
  *port = ntohs(address.sin_port);
}

static void watch(struct shard *s, uv_signal_t *handle, int signum) {
  must(uv_signal_init(&s->loop, handle), "uv_signal_init");
  handle->data = s;
  must(uv_signal_start(handle, on_signal, signum), "uv_signal_start");
}

/* No drop function: a channel is closed after its UV_EOF, when it is empty. And
 * no spin: a loop that waits awake for messages lets its clients wait, three
 * times as long in the worst hundredth. */
static void open_channels(struct shard *s, size_t room) {
  loopchan_options_t options = {.capacity = room, .spin_ns = LOOPCHAN_NO_SPIN};

  must(steps_open(&s->loop, &s->questions, &s->questions_tx, &options),
       "loopchan_open");
  s->questions.data = s;
  must(steps_recv_start(&s->questions, on_question), "recv_start");
  must(steps_open(&s->loop, &s->answers, &s->answers_tx, &options),
       "loopchan_open");
  s->answers.data = s;
  must(steps_recv_start(&s->answers, on_answer), "recv_start");
}

void shard_open(struct shard *s, unsigned number, struct shard_options *o) {
  s->number = number;
  s->count = o->loops;
  s->patience_ms = o->patience_ms;
  s->total_ms = o->total_ms;
  s->connected_most = o->clients_most;
  s->peers = must_realloc(NULL, s->count * sizeof(*s->peers));
  must(uv_loop_init(&s->loop), "uv_loop_init");
  open_channels(s, o->room);
  listen_at(s, &o->port);
  watch(s, &s->terminate, SIGTERM);
  watch(s, &s->interrupt, SIGINT);
  must(uv_prepare_init(&s->loop, &s->turn), "uv_prepare_init");
  s->turn.data = s;
  must(uv_prepare_start(&s->turn, on_turn), "uv_prepare_start");
  must(uv_timer_init(&s->loop, &s->patience), "uv_timer_init");
  s->patience.data = s;
}

static void open_writer(struct shard *s, loopchan_writer_t *w,
                        loopchan_sender_t *tx) {
  loopchan_sender_t *clone = loopchan_sender_clone(tx);
  *w = (loopchan_writer_t){0};
  must(clone == NULL ? UV_ENOMEM : loopchan_writer_open(&s->loop, w, clone),
       "writer_open");
}

void shard_connect(struct shard *s, struct shard *shards) {
  for (unsigned i = 0; i < s->count; i++) {
    if (i == s->number)
      continue;
    open_writer(s, &s->peers[i].questions, shards[i].questions_tx);
    open_writer(s, &s->peers[i].answers, shards[i].answers_tx);
  }
}

/* While these are there the receivers would not hear of the end. */
void shard_connected(struct shard *s) {
  loopchan_sender_drop(s->questions_tx);
  loopchan_sender_drop(s->answers_tx);
}

void shard_run(struct shard *s) {
  must(uv_run(&s->loop, UV_RUN_DEFAULT), "uv_run");
  must(uv_loop_close(&s->loop), "uv_loop_close");
  store_clear(&s->store);
  free(s->peers);
}

void shard_sum_up(const struct shard *s) {
  loopchan_stats_t questions;

  must(loopchan_stats(&s->questions, &questions), "loopchan_stats");
  printf("loop %u: %" PRIu64 " clients; did %" PRIu64
         " steps for them, %" PRIu64 " for other loops', which woke it %" PRIu64
         " times; cut off %" PRIu64 "\n",
         s->number, s->accepted, s->own_steps, questions.received,
         questions.wakeups, s->cut_off);
}
