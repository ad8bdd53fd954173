/* single: one thread does everything, and the model knows each answer. */
#include <string.h>

#include "support/memory.h"
#include "world.h"

#define DEPTH_MOST 3

struct world world;

/* Whether one of those on the loop has a budget of time. */
static bool has_tight(int loop) {
  bool tight = false;
  int i;

  for (i = 0; i < CHANNELS; i++)
    tight =
        tight || (world.channels[i].loop == loop && world.channels[i].tight);
  for (i = 0; i < WRITERS; i++)
    tight = tight ||
            (world.writers[i].channel != NULL &&
             world.writers[i].loop == loop && world.writers[i].channel->tight);
  for (i = 0; i < CLONES; i++)
    tight = tight || (world.clones[i].opened && world.clones[i].loop == loop &&
                      world.clones[i].channel->tight);
  return tight;
}

/* A turn that was cut short is known to have ended when the one that was cut is
 * called again. If that one is closed, others may be served a turn later. */
bool loop_is_tight(int loop) {
  world.was_tight[loop] = world.was_tight[loop] || has_tight(loop);
  return world.was_tight[loop];
}

static size_t loop_members(int loop) {
  size_t members = 0;
  int i;

  for (i = 0; i < CHANNELS; i++)
    members += world.channels[i].opened && world.channels[i].loop == loop;
  for (i = 0; i < WRITERS; i++)
    members +=
        world.writers[i].channel != NULL && world.writers[i].loop == loop;
  for (i = 0; i < CLONES; i++)
    members += world.clones[i].opened && world.clones[i].loop == loop;
  return members;
}

/* A turn of a loop; each call back that it owes must come. */
static void op_turn(const op_t *op) {
  int loop = op->where % LOOPS, i;

  if (world.turning >= 0 || world.depth > 0)
    return;
  trace_begin("run(loop %d)", loop, 0, 0);
  for (i = 0; i < CHANNELS; i++)
    if (world.channels[i].loop == loop)
      channel_begin_turn(&world.channels[i]);
  for (i = 0; i < WRITERS; i++)
    if (world.writers[i].loop == loop)
      writer_begin_turn(&world.writers[i]);
  for (i = 0; i < CLONES; i++)
    if (world.clones[i].loop == loop)
      clone_begin_turn(&world.clones[i]);
  (void) loop_is_tight(loop);
  if (world.most_members[loop] < loop_members(loop))
    world.most_members[loop] = loop_members(loop);
  world.turning = loop;
  uv_run(&world.loops[loop], UV_RUN_NOWAIT);
  world.turning = -1;
  trace_end(0);
  for (i = 0; i < CHANNELS; i++)
    if (world.channels[i].loop == loop)
      channel_end_turn(&world.channels[i]);
  for (i = 0; i < WRITERS; i++)
    if (world.writers[i].loop == loop)
      writer_end_turn(&world.writers[i]);
  for (i = 0; i < CLONES; i++)
    if (world.clones[i].loop == loop)
      clone_end_turn(&world.clones[i]);
}

static void turn_all(int times);

/* How much has been delivered, of anything. */
static uint64_t count_progress(void) {
  uint64_t progress = 0;
  int i;

  for (i = 0; i < CHANNELS; i++)
    progress += world.channels[i].m.received + world.channels[i].gone +
                world.channels[i].m.eof_delivered;
  for (i = 0; i < CLONES; i++)
    progress += (uint64_t) world.clones[i].eof_delivered + world.clones[i].gone;
  for (i = 0; i < WRITERS; i++)
    progress += (uint64_t) (world.writers[i].state == W_CLOSED) +
                !world.writers[i].armed + REQUESTS - world.writers[i].count;
  return progress;
}

static void expect_settled(const channel_t *channel) {
  const model_t *m = &channel->m;
  bool started = is_open(channel) && m->on_loop && m->started;
  int i;

  for (i = 0; i < CLONES; i++)
    started = started ||
              (world.clones[i].channel == channel && world.clones[i].started);
  if (channel->opened && started)
    EXPECT(model_look(m) == UV_EAGAIN);
}

static void expect_writer_settled(const writer_t *writer) {
  EXPECT(writer->state != W_CLOSING);
  if (writer->state != W_OPEN)
    return;
  EXPECT(writer->count == 0 || writer->order[0]->m.status == UNDECIDED);
  EXPECT(!writer->armed || !model_refuses(&writer->channel->m));
}

/* Both loops turn, and callbacks make no calls, until nothing more comes. Then
 * no message waits for a receiver that is started, nor an end, a write or a
 * close for its callback. */
static void op_settle(const op_t *op) {
  uint64_t before;
  int i;

  (void) op;
  if (world.turning >= 0 || world.depth > 0)
    return;
  world.quiet = true;
  do {
    before = count_progress();
    turn_all((int) (loop_members(0) + loop_members(1)) + 2);
  } while (count_progress() != before);
  world.quiet = false;
  for (i = 0; i < CHANNELS; i++)
    expect_settled(&world.channels[i]);
  for (i = 0; i < WRITERS; i++)
    expect_writer_settled(&world.writers[i]);
}

static void op_no_memory(const op_t *op) {
  world.fails = 1 + op->amount % 3;
}

/* How often each operation comes. */
static const struct {
  void (*run)(const op_t *op);
  unsigned share;
} mix[] = {
    {op_open, 12},        {op_clone, 5},          {op_drop, 4},
    {op_send, 12},        {op_try_send, 14},      {op_send_timeout, 5},
    {op_send_many, 8},    {op_reserve, 6},        {op_commit, 6},
    {op_abandon, 3},      {op_is_closed, 2},      {op_start, 14},
    {op_stop, 5},         {op_try_recv, 12},      {op_recv, 6},
    {op_recv_timeout, 5}, {op_recv_many, 5},      {op_select, 6},
    {op_shutdown, 3},     {op_close, 5},          {op_stats, 10},
    {op_writer_open, 8},  {op_write, 16},         {op_try_write, 6},
    {op_on_closed, 5},    {op_writer_close, 4},   {op_turn, 40},
    {op_no_memory, 4},    {op_receiver_clone, 5}, {op_clone_start, 5},
    {op_clone_stop, 2},   {op_clone_receive, 5},  {op_clone_shutdown, 1},
    {op_clone_close, 3},  {op_clone_stats, 2},    {op_settle, 2},
};

static void run_op(const op_t *op) {
  unsigned at = op->kind, i = 0;

  while (at >= mix[i].share) {
    at -= mix[i].share;
    i = (i + 1) % (sizeof mix / sizeof *mix);
  }
  mix[i].run(op);
}

void world_feed(const channel_t *channel) {
  unsigned i;

  /* An allocation that is to fail is one of the call that is under way. */
  if (++world.depth <= DEPTH_MOST && !world.quiet && world.fails == 0)
    for (i = 0; i < channel->appetite && world.next < world.count; i++) {
      op_t op = world.ops[world.next++];
      /* Half of them are about the very channel. */
      if (op.where >= 128)
        op.where = (uint8_t) index_of(channel);
      run_op(&op);
    }
  world.depth--;
}

void memory_arm(void) {
  if (world.fails > 0)
    memory_fail(world.fails);
}

bool memory_ran_out(void) {
  bool ran_out = world.fails > 0 && memory_has_failed();

  if (world.fails > 0)
    memory_fail(0);
  world.fails = 0;
  return ran_out;
}

void message_fill(uint64_t message, void *bytes, size_t size) {
  size_t first = size < sizeof message ? size : sizeof message;

  if (size == 0)
    return;
  memset(bytes, (int) (message % 251), size);
  memcpy(bytes, &message, first);
}

void message_expect(uint64_t message, const void *bytes, size_t size) {
  size_t align = size & ~(size - 1);
  char wanted[SIZE_MOST];

  if (align > sizeof(max_align_t))
    align = sizeof(max_align_t);
  EXPECT(size == 0 || (uintptr_t) bytes % align == 0);
  message_fill(message, wanted, size);
  if (size > 0 && memcmp(bytes, wanted, size) != 0)
    fail("this is not message %d", (int) message);
}

static void do_op(void (*run)(const op_t *), int where, int which) {
  op_t op = {0, (uint8_t) where, (uint8_t) which, 0};

  run(&op);
}

static void turn_all(int times) {
  for (; times > 0; times--) {
    do_op(op_turn, 0, 0);
    do_op(op_turn, 1, 0);
  }
}

/* Ends everything from the sending side, then from the receiving side. */
static void end_world(void) {
  int i, j;

  for (i = 0; i < CHANNELS; i++)
    for (j = 0; j < PLACES; j++)
      do_op(op_abandon, i, j);
  for (i = 0; i < WRITERS; i++)
    do_op(op_writer_close, 0, i);
  turn_all(3);
  do_op(op_settle, 0, 0);
  for (i = 0; i < CHANNELS; i++)
    for (j = 0; j < SENDERS; j++)
      do_op(op_drop, i, j);
  turn_all(2);
  do_op(op_settle, 0, 0);
  for (i = 0; i < CHANNELS; i++) {
    do_op(op_stats, i, 0);
    if (is_open(&world.channels[i]))
      do_op(op_close, i, 0);
  }
  for (i = 0; i < CLONES; i++) {
    do_op(op_clone_stats, 0, i);
    if (clone_is_open(&world.clones[i]))
      do_op(op_clone_close, 0, i);
  }
  turn_all(1);
  for (i = 0; i < CHANNELS; i++)
    do_op(op_stats, i, 0);
}

static loopchan_receiver_t first_rx[LOOPS];

static void on_first(loopchan_receiver_t *rx, int status, void *msg) {
  (void) rx;
  (void) status;
  (void) msg;
}

/* From its first callback on a loop knows its thread; before, a send would wait
 * a second for it. It keeps no loop going. */
static void begin_loop(int i) {
  loopchan_options_t options = {0};
  loopchan_sender_t *tx;

  memset(&first_rx[i], 0, sizeof first_rx[i]);
  EXPECT(uv_loop_init(&world.loops[i]) == 0);
  EXPECT(loopchan_open(&world.loops[i], &first_rx[i], &tx, &options) == 0);
  EXPECT(loopchan_recv_start(&first_rx[i], on_first) == 0);
  loopchan_sender_drop(tx);
  uv_run(&world.loops[i], UV_RUN_ONCE);
  uv_unref((uv_handle_t *) &first_rx[i]);
}

static void end_loop(int i) {
  EXPECT(loopchan_close(&first_rx[i], NULL) == 0);
  EXPECT(uv_run(&world.loops[i], UV_RUN_DEFAULT) == 0);
  EXPECT(uv_loop_close(&world.loops[i]) == 0);
}

void single_run(const op_t *ops, size_t count) {
  int i;

  memset(&world, 0, sizeof world);
  world.ops = ops;
  world.count = count;
  world.turning = -1;
  world.tight = count > 0 && ops[0].amount % 2 == 1;
  for (i = 0; i < CHANNELS; i++)
    world.channels[i].loop = -1;
  for (i = 0; i < CLONES; i++)
    world.clones[i].loop = -1;
  for (i = 0; i < LOOPS; i++)
    begin_loop(i);
  trace_act(0, "one thread");
  while (world.next < world.count)
    run_op(&world.ops[world.next++]);
  world.fails = 0;
  end_world();
  for (i = 0; i < LOOPS; i++)
    end_loop(i);
  EXPECT(memory_blocks() == 0);
}
