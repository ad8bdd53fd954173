/* Promise: the programs of the Rust book's chapter on channels, in C. */
#include "support/channel.h"
#include "support/suite.h"

LOOPCHAN_TYPED(words, const char *);

static loopchan_receiver_t words_rx;
static loopchan_sender_t *words_tx;

static void open_words(void) {
  start_clean();
  ck_assert_int_eq(words_open(NULL, &words_rx, &words_tx, NULL), 0);
}

static void close_words(void) {
  ck_assert_int_eq(loopchan_close(&words_rx, NULL), 0);
  expect_clean();
}

static void say(loopchan_sender_t *sender, const char *const *words) {
  for (; *words != NULL; words++)
    if (words_send(sender, words) != 0)
      break;
  loopchan_sender_drop(sender);
}

static void say_hi(void *arg) {
  static const char *const words[] = {"hi", NULL};

  say(arg, words);
}

static void say_four(void *arg) {
  static const char *const words[] = {"hi", "from", "the", "thread", NULL};

  say(arg, words);
}

static void say_more(void *arg) {
  static const char *const words[] = {"more", "messages", "for", "you", NULL};

  say(arg, words);
}

START_TEST(one_producer_sends_one_value) {
  uv_thread_t producer;
  const char *word;

  ck_assert_int_eq(uv_thread_create(&producer, say_hi, words_tx), 0);
  ck_assert_int_eq(words_recv(&words_rx, &word), 0);
  ck_assert_str_eq(word, "hi");
  ck_assert_int_eq(uv_thread_join(&producer), 0);
}
END_TEST

START_TEST(several_values_until_the_channel_ends) {
  static const char *const expected[] = {"hi", "from", "the", "thread"};
  uv_thread_t producer;
  const char *word;
  int received = 0;

  ck_assert_int_eq(uv_thread_create(&producer, say_four, words_tx), 0);
  while (words_recv(&words_rx, &word) == 0)
    ck_assert_str_eq(word, expected[received++]);
  ck_assert_int_eq(received, 4);
  ck_assert_int_eq(uv_thread_join(&producer), 0);
}
END_TEST

START_TEST(several_producers_by_clone) {
  loopchan_sender_t *clone = loopchan_sender_clone(words_tx);
  static const char *const expected[2][5] = {
      {"hi", "from", "the", "thread", ""},
      {"more", "messages", "for", "you", ""}};
  uv_thread_t first, second;
  const char *word;
  int next[2] = {0, 0};

  ck_assert_ptr_nonnull(clone);
  ck_assert_int_eq(uv_thread_create(&first, say_four, clone), 0);
  ck_assert_int_eq(uv_thread_create(&second, say_more, words_tx), 0);
  while (words_recv(&words_rx, &word) == 0) {
    int of_second = strcmp(word, expected[0][next[0]]) != 0;
    ck_assert_str_eq(word, expected[of_second][next[of_second]++]);
  }
  ck_assert_int_eq(next[0], 4);
  ck_assert_int_eq(next[1], 4);
  ck_assert_int_eq(uv_thread_join(&first), 0);
  ck_assert_int_eq(uv_thread_join(&second), 0);
}
END_TEST

static Suite *suite(void) {
  Suite *suite = suite_create("promise rust_book");

  SUITE_CASE(suite, "rust_book", open_words, close_words,
             one_producer_sends_one_value,
             several_values_until_the_channel_ends, several_producers_by_clone);
  return suite;
}
