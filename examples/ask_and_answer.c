/* ask_and_answer: a loop asks a thread; each question carries the sender for
 * its answer. Without (1) the loop never ends: it cannot know that every
 * question has had its answer. (2) is for a thread that closes with questions
 * unread: each of them drops its sender too, which means "no answer". */
#include <loopchan.h>

#include "check.h"

struct question {
  int number;
  loopchan_sender_t *reply;
};
LOOPCHAN_TYPED(questions, struct question);
LOOPCHAN_TYPED(answers, int);

static void drop_question(void *msg, void *arg) {
  (void) arg;
  loopchan_sender_drop(((struct question *) msg)->reply); /* (2) */
}

static void answer(void *arg) {
  loopchan_receiver_t *rx = arg;
  struct question question;
  while (questions_recv(rx, &question) == 0) {
    int square = question.number * question.number;
    int err = answers_send(question.reply, &square);
    check(err == UV_EPIPE ? 0 : err);     /* refused: nobody listens */
    loopchan_sender_drop(question.reply); /* (1) */
  }
  loopchan_close(rx, NULL);
}

static void on_answer(loopchan_receiver_t *rx, int status, int *square) {
  if (status == UV_EOF)
    check(loopchan_close(rx, NULL));
  else
    printf("%d\n", *square);
}

int main(void) {
  loopchan_options_t options = {.drop = drop_question};
  loopchan_receiver_t asked = {0}, answered = {0};
  loopchan_sender_t *ask, *reply;
  uv_thread_t thread;

  check(uv_default_loop() == NULL ? UV_ENOMEM : 0);
  check(questions_open(NULL, &asked, &ask, &options));
  check(answers_open(uv_default_loop(), &answered, &reply, NULL));
  check(answers_recv_start(&answered, on_answer));
  check(uv_thread_create(&thread, answer, &asked));
  for (int i = 1; i <= 4; i++) {
    struct question question = {i, loopchan_sender_clone(reply)};
    check(question.reply == NULL ? UV_ENOMEM : 0);
    check(questions_send(ask, &question));
  }
  loopchan_sender_drop(reply);
  loopchan_sender_drop(ask); /* nothing more to ask: the thread ends */
  check(uv_run(uv_default_loop(), UV_RUN_DEFAULT));
  check(uv_thread_join(&thread));
  check(uv_loop_close(uv_default_loop()));
  return 0;
}
