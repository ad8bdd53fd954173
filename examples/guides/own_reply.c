/* own_reply: a loop asks a pool of threads, and each question has a channel of
 * its own for the answer. Whoever has asked may go away at any time: it closes
 * that channel, and the question is not begun, or is given up, or its answer
 * is refused. Without (1) each answer's channel is leaked. Without (2) so are
 * those of questions that nobody takes, and their askers wait without end. */
#include <loopchan.h>

#include "../check.h"

enum { ASKERS = 6, POOL = 2, HARD = 3 };

struct question {
  int number;
  loopchan_sender_t *reply; /* of the receiver of the question */
};
LOOPCHAN_TYPED(questions, struct question);
LOOPCHAN_TYPED(answers, int);

static loopchan_receiver_t pool; /* shared by its threads */

/* ------------------------------------------------------- the pool's threads */

/* It is hard to square HARD: that ends when the answer is not wanted any more.
 */
static void work(const struct question *q) {
  int square = q->number * q->number;

  do {
    if (loopchan_is_closed(q->reply))
      return;
  } while (q->number == HARD);
  int err = answers_send(q->reply, &square); /* has room */
  check(err == UV_EPIPE ? 0 : err);          /* refused: nobody is there */
}

static void serve(void *arg) {
  struct question q;
  int err;

  (void) arg;
  while ((err = questions_recv(&pool, &q)) == 0) {
    work(&q);
    loopchan_sender_drop(q.reply); /* (1) */
  }
  check(err == UV_EOF ? 0 : err);
}

/* Of a question that no thread has taken when the pool is closed. */
static void drop_question(void *msg, void *arg) {
  (void) arg;
  loopchan_sender_drop(((struct question *) msg)->reply); /* (2) */
}

/* -------------------------------------------------------- the loop's thread */

struct asker {
  loopchan_receiver_t answer;
  int number;
};

static struct asker *askers[ASKERS + 1]; /* NULL: has its answer, or has left */
static const char *ends[ASKERS + 1];
static int squares[ASKERS + 1];

static void free_asker(loopchan_receiver_t *rx) {
  free(rx->data);
}

static void leave(struct asker *a, const char *end) {
  ends[a->number] = end;
  askers[a->number] = NULL;
  check(loopchan_close(&a->answer, free_asker));
}

static void on_answer(loopchan_receiver_t *rx, int status, int *square) {
  struct asker *a = rx->data;

  if (status == 0)
    squares[a->number] = *square;
  if (a->number == 1)
    leave(askers[HARD], "left while a thread was working on it");
  leave(a, status == 0 ? "answered" : "no answer");
}

static void ask(loopchan_sender_t *tx, int number) {
  loopchan_options_t one = {.capacity = 1};
  struct asker *a = calloc(1, sizeof(*a));
  struct question q = {.number = number};

  check(a == NULL ? UV_ENOMEM : 0);
  a->number = number;
  check(answers_open(uv_default_loop(), &a->answer, &q.reply, &one));
  a->answer.data = a;
  askers[number] = a;
  check(answers_recv_start(&a->answer, on_answer));
  int err = questions_try_send(tx, &q);
  if (err == UV_EAGAIN || err == UV_EPIPE) /* the pool is busy, or closed */
    loopchan_sender_drop(q.reply);
  else
    check(err);
}

int main(void) {
  loopchan_options_t options = {
      .capacity = ASKERS - 1, .drop = drop_question, .flags = LOOPCHAN_SHARED};
  loopchan_sender_t *tx;
  uv_thread_t threads[POOL];

  check(uv_default_loop() == NULL ? UV_ENOMEM : 0);
  check(questions_open(NULL, &pool, &tx, &options));
  for (int number = 1; number <= ASKERS; number++)
    ask(tx, number);
  loopchan_sender_drop(tx);
  leave(askers[2], "left before a thread had it");
  /* Only now, so that each run does the same. */
  for (int i = 0; i < POOL; i++)
    check(uv_thread_create(&threads[i], serve, NULL));
  check(uv_run(uv_default_loop(), UV_RUN_DEFAULT));
  for (int i = 0; i < POOL; i++)
    check(uv_thread_join(&threads[i]));
  check(loopchan_close(&pool, NULL));
  for (int number = 1; number <= ASKERS; number++)
    printf("%d: %s, %d\n", number, ends[number], squares[number]);
  check(uv_loop_close(uv_default_loop()));
  return 0;
}
