/* What resp promises: that requests are understood, however they are cut; and
 * that what is wrong is told at the byte that is wrong, not later. */
#include <stdlib.h>
#include <string.h>

#include <check.h>

#include "resp.h"

/* Writes down all that a reader says of bytes that come in pieces: the words of
 * each request in brackets, and the error. Each call sees memory of its own, as
 * long as what has come, so that the sanitizers see it read further. */
struct reader {
  struct resp resp;
  struct buffer come, said;
  size_t used;
  int is_bad;
};

static void write_down(struct reader *r, const char *request) {
  buffer_add(&r->said, "[", 1);
  for (size_t i = 0; i < r->resp.count; i++) {
    buffer_add(&r->said, i == 0 ? "" : "|", i != 0);
    buffer_add(&r->said, request + r->resp.words[i].at,
               r->resp.words[i].length);
  }
  buffer_add(&r->said, "]", 1);
}

static void feed(struct reader *r, const char *piece, size_t length) {
  enum resp_result result = RESP_REQUEST;

  buffer_add(&r->come, piece, length);
  while (!r->is_bad && result == RESP_REQUEST) {
    size_t rest = r->come.length - r->used;
    char *copy = malloc(rest + 1);
    ck_assert_ptr_nonnull(copy);
    char *request = copy + 1; /* the first byte is not to be read either */
    if (rest > 0)
      memcpy(request, r->come.bytes + r->used, rest);
    char *exact = realloc(copy, rest + 1);
    ck_assert_ptr_nonnull(exact);
    request = exact + 1;
    result = resp_read(&r->resp, request, rest);
    if (result == RESP_REQUEST) {
      write_down(r, request);
      r->used += r->resp.at;
      resp_reset(&r->resp);
    } else if (result == RESP_BAD) {
      r->is_bad = 1;
      buffer_add(&r->said, r->resp.error, strlen(r->resp.error));
    }
    free(exact);
  }
}

/* What it says in the end; the reader is to be used no more. Free it. */
static char *finish(struct reader *r) {
  buffer_add(&r->said, "", 1);
  resp_free(&r->resp);
  buffer_free(&r->come);
  return r->said.bytes;
}

static char *read_whole(const char *text, size_t length) {
  struct reader r = {0};
  feed(&r, text, length);
  return finish(&r);
}

static char *read_in_two(const char *text, size_t length, size_t cut) {
  struct reader r = {0};
  feed(&r, text, cut);
  feed(&r, text + cut, length - cut);
  return finish(&r);
}

static char *read_by_bytes(const char *text, size_t length) {
  struct reader r = {0};
  for (size_t i = 0; i < length; i++)
    feed(&r, text + i, 1);
  return finish(&r);
}

static void expect_said(char *said, const char *wanted) {
  ck_assert_str_eq(said, wanted);
  free(said);
}

/* Whole, cut in two at each place, and byte by byte. */
static void expect_bytes(const char *text, size_t length, const char *wanted) {
  expect_said(read_whole(text, length), wanted);
  for (size_t cut = 0; cut <= length; cut++)
    expect_said(read_in_two(text, length, cut), wanted);
  expect_said(read_by_bytes(text, length), wanted);
}

static void expect(const char *text, const char *wanted) {
  expect_bytes(text, strlen(text), wanted);
}

#define BAD "-ERR Protocol error: "

START_TEST(requests_are_read_however_they_are_cut) {
  expect("", "");
  expect("*1\r\n$4\r\nPING\r\n", "[PING]");
  expect("*2\r\n$3\r\nGET\r\n$0\r\n\r\n*1\r\n$4\r\nQUIT\r\n", "[GET|][QUIT]");
  expect("*1\r\n$5\r\na\r\nb\n\r\n", "[a\r\nb\n]");
  expect("*1\r\n$11\r\n*1\r\n$1\r\na\r\n\r\n", "[*1\r\n$1\r\na\r\n]");
  expect("*0\r\n*-1\r\n*1\r\n$1\r\na\r\n", "[][][a]");
  expect(
      "*12\r\n$1\r\n0\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n$1\r\n4\r\n$1\r\n"
      "5\r\n$1\r\n6\r\n$1\r\n7\r\n$1\r\n8\r\n$1\r\n9\r\n$1\r\nx\r\n$1\r\n"
      "y\r\n",
      "[0|1|2|3|4|5|6|7|8|9|x|y]");
}
END_TEST

START_TEST(lines_of_words_are_requests) {
  expect("PING\r\n", "[PING]");
  expect("PING\n", "[PING]");
  expect(" \t SET  key\tvalue \r\n\r\n \n", "[SET|key|value][][]");
  expect("PING\r\n*1\r\n$1\r\na\r\nPING\r\n", "[PING][a][PING]");
}
END_TEST

START_TEST(what_is_incomplete_is_waited_for) {
  expect("PING", "");
  expect("*", "");
  expect("*2\r\n$3\r\nGET\r\n", "");
  expect("*1\r\n$3\r\nGET\r", "");
  expect("a\n*1\r\n$1048000\r\nb", "[a]");
}
END_TEST

START_TEST(zeros_are_bytes_like_others) {
  static const char text[] = "*1\r\n$3\r\n\0\r\n\r\na\0b\n";
  struct reader r = {0};
  feed(&r, text, sizeof(text) - 1);
  ck_assert_uint_eq(r.said.length, 10);
  ck_assert_mem_eq(r.said.bytes, "[\0\r\n][a\0b]", 10);
  free(finish(&r));
}
END_TEST

START_TEST(what_is_wrong_is_told) {
  expect("*1\r\n+4\r\n", BAD "expected '$'");
  expect("*1\r\nPING\r\n", BAD "expected '$'");
  expect("a\n*x\r\n", "[a]" BAD "expected a number");
  expect("*\r\n", BAD "expected a number");
  expect("*01\r\n", BAD "expected a number");
  expect("*99999999999999999999\r\n", BAD "expected a number");
  expect("*65537\r\n", BAD "invalid multibulk length");
  expect("*1\n", BAD "expected CR LF");
  expect("*\n", BAD "expected CR LF");
  expect("*1\r\n$\n", BAD "expected CR LF");
  expect("*1\r\n$1\r\nab\r\n", BAD "expected CR LF");
  expect("*1\r\n$1\r\na\rb", BAD "expected CR LF");
  expect("*1\r\n$-1\r\n", BAD "invalid bulk length");
  expect("*2\r\n$1\r\na\r\n$1048576\r\n", BAD "invalid bulk length");
  expect("*1\r\n$-9223372036854775808\r\n", BAD "invalid bulk length");
  expect("*11111111111111111111111111111111111111", BAD "too long a line");
  expect("a\nSET \"a b\" c\n", "[a]" BAD "quotes in a line of words");
  expect("SET 'a' it's\n", BAD "quotes in a line of words");
}
END_TEST

/* As long as its parts, but all of it must fit. */
START_TEST(a_request_has_a_greatest_length) {
  struct buffer text = {0};
  const char *half = "$524288\r\n";
  char *place;

  buffer_add(&text, "*2\r\n", 4);
  buffer_add(&text, half, strlen(half));
  place = buffer_reserve(&text, 524288);
  memset(place, 'a', 524288);
  text.length += 524288;
  buffer_add(&text, "\r\n", 2);
  expect_said(read_whole(text.bytes, text.length), "");
  buffer_add(&text, half, strlen(half));
  expect_said(read_whole(text.bytes, text.length), BAD "invalid bulk length");
  buffer_free(&text);
}
END_TEST

START_TEST(a_line_has_a_greatest_length) {
  char *text = malloc(RESP_MOST_LINE);
  ck_assert_ptr_nonnull(text);
  memset(text, 'a', RESP_MOST_LINE);
  expect_said(read_whole(text, RESP_MOST_LINE - 1), "");
  expect_said(read_whole(text, RESP_MOST_LINE), BAD "too long a line");
  text[RESP_MOST_LINE - 1] = '\n';
  char *said = read_whole(text, RESP_MOST_LINE);
  ck_assert_uint_eq(strlen(said), RESP_MOST_LINE - 1 + 2);
  free(said);
  free(text);
}
END_TEST

/* Requests with some bytes changed: whatever they mean now, it is the same by
 * whole and by bytes. Every fixed seed gives the same text. */
START_TEST(nonsense_means_the_same_however_it_is_cut) {
  static const char good[] =
      "*2\r\n$3\r\nGET\r\n$1\r\na\r\nPING a b\r\n*0\r\n*1\r\n$2\r\n\r\n\r\n";
  static const char odd[] = "*$\r\n -0129:ax\xff";
  unsigned state = (unsigned) _i + 1;

  for (int round = 0; round < 2000; round++) {
    char text[sizeof(good)];
    memcpy(text, good, sizeof(good));
    for (int change = 0; change < 3; change++) {
      state = state * 1664525u + 1013904223u;
      text[(state >> 8) % (sizeof(good) - 1)] =
          odd[(state >> 20) % (sizeof(odd) - 1)];
    }
    char *whole = read_whole(text, sizeof(good) - 1);
    expect_said(read_by_bytes(text, sizeof(good) - 1), whole);
    free(whole);
  }
}
END_TEST

START_TEST(replies_are_written) {
  struct buffer b = {0};
  resp_put_line(&b, "+OK");
  resp_put_number(&b, INT64_MIN);
  resp_put_string(&b, (struct slice){"a\r\n", 3});
  resp_put_string(&b, (struct slice){"", 0});
  resp_put_nothing(&b);
  resp_put_array(&b, 2);
  buffer_add(&b, "", 1);
  ck_assert_str_eq(b.bytes,
                   "+OK\r\n:-9223372036854775808\r\n$3\r\na\r\n\r\n$0\r\n\r\n"
                   "$-1\r\n*2\r\n");
  buffer_free(&b);
}
END_TEST

static bool reads(const char *text, int64_t wanted) {
  int64_t number = wanted + 1;
  return slice_number((struct slice){text, strlen(text)}, &number) &&
         number == wanted;
}

START_TEST(numbers_are_read_if_they_are_numbers) {
  int64_t number;
  static const char *const wrong[] = {"",
                                      "-",
                                      "-0",
                                      "+1",
                                      "01",
                                      "-01",
                                      "1 ",
                                      " 1",
                                      "0x1",
                                      "1.5",
                                      "--1",
                                      "/",
                                      ":",
                                      "9223372036854775808",
                                      "-9223372036854775809",
                                      "92233720368547758070"};

  ck_assert(reads("0", 0));
  ck_assert(reads("7", 7));
  ck_assert(reads("-10", -10));
  ck_assert(reads("9223372036854775806", INT64_MAX - 1));
  ck_assert(slice_number((struct slice){"9223372036854775807", 19}, &number));
  ck_assert(number == INT64_MAX);
  ck_assert(reads("-9223372036854775808", INT64_MIN));
  for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
    ck_assert_msg(
        !slice_number((struct slice){wrong[i], strlen(wrong[i])}, &number),
        "%s", wrong[i]);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("resp");
  TCase *test = tcase_create("resp");
  SRunner *runner = srunner_create(suite);
  int failed;

  suite_add_tcase(suite, test);
  tcase_set_timeout(test, 900);
  tcase_add_test(test, requests_are_read_however_they_are_cut);
  tcase_add_test(test, lines_of_words_are_requests);
  tcase_add_test(test, what_is_incomplete_is_waited_for);
  tcase_add_test(test, zeros_are_bytes_like_others);
  tcase_add_test(test, what_is_wrong_is_told);
  tcase_add_test(test, a_request_has_a_greatest_length);
  tcase_add_test(test, a_line_has_a_greatest_length);
  tcase_add_loop_test(test, nonsense_means_the_same_however_it_is_cut, 0, 4);
  tcase_add_test(test, replies_are_written);
  tcase_add_test(test, numbers_are_read_if_they_are_numbers);
  srunner_run_all(runner, CK_NORMAL);
  failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed != 0;
}
