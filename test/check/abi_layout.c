/* abi_layout: prints the sizes of the public structs, and where their fields
 * lie, for test/check/abi. A field that is missing here shows in the
 * struct's size.
 */
#include <loopchan.h>
#include <stdio.h>

#define SIZE(type) printf("%s: %zu\n", #type, sizeof(type))
#define FIELD(type, field)                                                \
  printf("%s.%s: %zu at %zu\n", #type, #field, sizeof((type *) 0)->field, \
         offsetof(type, field))

static void options(void) {
  SIZE(loopchan_options_t);
  FIELD(loopchan_options_t, msg_size);
  FIELD(loopchan_options_t, capacity);
  FIELD(loopchan_options_t, drop);
  FIELD(loopchan_options_t, drop_arg);
  FIELD(loopchan_options_t, flags);
  FIELD(loopchan_options_t, budget_messages);
  FIELD(loopchan_options_t, budget_ns);
  FIELD(loopchan_options_t, spin_ns);
  FIELD(loopchan_options_t, reserved);
}

static void stats(void) {
  SIZE(loopchan_stats_t);
  FIELD(loopchan_stats_t, sent);
  FIELD(loopchan_stats_t, received);
  FIELD(loopchan_stats_t, dropped);
  FIELD(loopchan_stats_t, queued);
  FIELD(loopchan_stats_t, wakeups);
  FIELD(loopchan_stats_t, budget_cuts);
  FIELD(loopchan_stats_t, senders);
  FIELD(loopchan_stats_t, waiting);
  FIELD(loopchan_stats_t, capacity);
  FIELD(loopchan_stats_t, reserved);
}

/* The typed wrappers, which are compiled into the user's program, use typed_cb;
 * the other private fields are the library's own, but for their room. */
static void handles(void) {
  SIZE(loopchan_receiver_t);
  FIELD(loopchan_receiver_t, async);
  FIELD(loopchan_receiver_t, data);
  FIELD(loopchan_receiver_t, typed_cb);
  SIZE(loopchan_writer_t);
  FIELD(loopchan_writer_t, async);
  FIELD(loopchan_writer_t, data);
  SIZE(loopchan_write_t);
  FIELD(loopchan_write_t, data);
  FIELD(loopchan_write_t, msg);
}

int main(void) {
  options();
  stats();
  handles();
  return 0;
}
