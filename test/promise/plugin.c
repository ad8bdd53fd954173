/* Promise: the library may be loaded while the program runs, as a plug-in's, an
 * interpreter's and Node's are. LIBRARY is its file; nothing else of it is
 * linked with. */
#include <check.h>
#include <dlfcn.h>
#include <loopchan.h>
#include <string.h>

#include "support/suite.h"

static void *library;

static void load(void) {
  library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
  if (library == NULL)
    ck_abort_msg("%s", dlerror());
}

static void unload(void) {
  ck_assert_int_eq(dlclose(library), 0);
}

static void *found(const char *name) {
  void *function = dlsym(library, name);

  if (function == NULL)
    ck_abort_msg("%s", dlerror());
  return function;
}

/* Declares a pointer to loopchan_<name> of the library that was loaded. */
#define FIND(name)                                 \
  __typeof__(loopchan_##name) *name;               \
  do {                                             \
    void *function_ = found("loopchan_" #name);    \
    memcpy(&(name), &function_, sizeof function_); \
  } while (0)

START_TEST(a_message_passes) {
  loopchan_options_t options = {.msg_size = sizeof(int)};
  loopchan_receiver_t rx = {.data = NULL};
  loopchan_sender_t *tx;
  int message = 0;
  FIND(open);
  FIND(send);
  FIND(recv);
  FIND(close);
  FIND(sender_drop);

  ck_assert_int_eq(open(NULL, &rx, &tx, &options), 0);
  ck_assert_int_eq(send(tx, &(int){1}), 0);
  ck_assert_int_eq(recv(&rx, &message), 0);
  ck_assert_int_eq(message, 1);
  ck_assert_int_eq(close(&rx, NULL), 0);
  sender_drop(tx);
}
END_TEST

static Suite *suite(void) {
  Suite *suite = suite_create("promise plugin");

  SUITE_CASE(suite, "late", load, unload, a_message_passes);
  return suite;
}
