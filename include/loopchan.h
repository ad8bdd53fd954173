/* loopchan: channels into a libuv event loop.
 *
 * A channel moves messages of a fixed size, by value, from any number of
 * senders on any threads to one receiver, or to one of several. A loop receiver
 * is a uv_async_t handle: its messages arrive by callback on the loop's thread.
 * A thread receiver needs no loop: its thread takes messages with a blocking
 * call. Once the receiver is closed, sends return UV_EPIPE. Once the last
 * sender is dropped, the receiver gets what was accepted, then UV_EOF.
 *
 * This file is the whole contract. For every function:
 *   - Errors are libuv's negative codes; uv_strerror() knows all of them.
 *   - Sizes are in bytes. Times are in nanoseconds and say so in their names.
 *   - Every comment uses the same labels and omits those that do not apply.
 *     Thread: which threads may call it. Callback: whether a callback may.
 *     Message: who owns the message after each result. Blocks, Allocates:
 *     whether it does so, and when. A slab is one block of memory for several
 *     messages, or for one large message. (On Linux, a slab of 12 KiB or more
 *     is mapped from the system, not taken from malloc; while messages pile up,
 *     slabs are cut from blocks of 2 MiB.)
 *   - Blocks: "no" does not rule out a mutex that is held for a moment, or a
 *     system call to wake another thread. (A mutex is held longer if very many
 *     sends wait, or very many senders exist, as some calls go through them
 *     all.)
 *   - Memory: the thread that receives a message sees all that the sender's
 *     thread wrote before the send. A sender that learns that the channel was
 *     closed or shut down sees what the receiver's thread did before that. On a
 *     bounded channel, the send of message n + capacity sees what the receiver
 *     did before it received message n: so a channel can serve as a counting
 *     semaphore, as in Go.
 *   - Signals and fork: unless the function says otherwise, it is not
 *     async-signal-safe, and in the child of a fork() it does not work on a
 *     channel that the parent opened. A child that was forked while no other
 *     thread was in a call may open new channels on new loops. To reuse the
 *     memory of a receiver or writer that the parent had open, it must zero
 *     that memory first.
 *   - Cancellation: no call is a cancellation point. If a thread is cancelled
 *     with pthread_cancel() during a call, the call completes as usual, and the
 *     thread ends at its next cancellation point. options.drop is called with
 *     cancellation disabled; callbacks are called with whatever cancellation
 *     state the thread had when it called uv_run. With
 *     PTHREAD_CANCEL_ASYNCHRONOUS no call is safe.
 *   - Time-outs: a call with a time-out returns when its time is up, and a
 *     receive finds every message that was accepted before it began. Both hold
 *     even if a sender loses the processor just before it wakes the receiver.
 *     (A thread that loses the processor while it holds a mutex delays the
 *     others until it runs again. With LOOPCHAN_SHARED, a mutex is held while
 *     messages are copied. With LOOPCHAN_SHARED, a receiver that was asleep
 *     when a message was sent to it sleeps until the sender of that message
 *     wakes it, or its own time is up; other sends do not wake it earlier. On a
 *     rendezvous channel with that flag, a message of loopchan_try_send is
 *     found only by a receiver that was woken for such a message: see
 *     loopchan_receiver_clone.)
 *   - Copies: a process may contain several copies of the library, in two
 *     plug-ins for example. A copy may use a sender that another copy made, if
 *     both have the same version and the same memory functions. A receiver, a
 *     writer and a reserved place may be used only with the copy that made
 *     them; no other copy recognises their handles. On a loop that several
 *     copies use, each copy knows only its own receivers and writers. What this
 *     file says about all of those on one loop (how the library learns which
 *     thread runs the loop, and how long callbacks may keep it) applies to each
 *     copy separately. Copies stay separate only if their symbols are hidden:
 *     on ELF systems an exported symbol may be bound to another object's symbol
 *     of the same name. To hide them, see LOOPCHAN_EXTERN; with a static
 *     library, link with -Wl,--exclude-libs,ALL; in C++, use
 *     -fvisibility=hidden in any case.
 *   - A call with a NULL argument that is not expressly allowed has no effect.
 *     It returns UV_EINVAL, or NULL if it returns a pointer; loopchan_room
 *     returns 0. If a call could return several errors, UV_EINVAL comes first,
 *     with one exception: with LOOPCHAN_SHARED a receiver that is closed
 *     returns UV_EOF, whatever the message's address and the count are.
 *   - Errors of the caller: those that every build detects return a code,
 *     listed at each function. A debug build of the library, one without
 *     NDEBUG, aborts on the following, after a line on stderr that begins with
 *     the name of the call and says what was wrong: the next call on a receiver
 *     or writer after a plain uv_close on it; a call on a receiver or writer
 *     that was moved while open; a receiver used on two threads at once without
 *     LOOPCHAN_SHARED; a call on a loop's receiver or writer from another
 *     thread, while that loop runs one of this library's callbacks; uv_run
 *     inside a receive or write callback, or one of loopchan_writer_on_closed,
 *     of its own loop (see loopchan_recv_cb); a call on a sender just after its
 *     drop; the drop of a writer's sender; a reserved place that is given back
 *     twice, or not before the drop of its sender. Of these a release build
 *     detects only an end that was moved, the drop of a writer's sender, and a
 *     place that is given back twice.
 *   - Errors that are never detected, and lead to a use after free: freeing the
 *     memory of a receiver, writer or request that is in use, or of a loop
 *     whose handles are not closed; using such memory for something else (a
 *     request for a second loopchan_write, for example); a plain uv_close on a
 *     receiver or writer that no further call is made on, or
 *     loopchan_close_handle on one that another copy of the library made; using
 *     a sender while another thread drops it, or long after its drop;
 *     committing a reserved place on another channel's sender.
 *
 * Which calls may overlap, and when they may be made:
 *
 *                          any     several at   inside any  after     after
 *   call                   thread  once on it   callback    shutdown  close
 *   ---------------------  ------  -----------  ----------  --------  --------
 *   send, try_send,        yes     yes          yes (5)     UV_EPIPE  UV_EPIPE
 *     send_timeout,
 *     send_many, reserve
 *   commit                 yes     yes (1)      yes         UV_EPIPE  UV_EPIPE
 *   abandon                yes     yes (1)      yes         yes       yes
 *   sender_clone,          yes     yes          yes         yes       yes
 *     is_closed, room
 *   wait_closed            yes     yes          yes (5)     yes       yes
 *   sender_drop            yes     no (2)       yes         yes       yes
 *   recv_start             no (3)  no           yes         yes       UV_EINVAL
 *   recv_stop              no (3)  no           yes         yes       yes
 *   try_recv               no (3)  no           yes         yes       UV_EINVAL
 *   recv, recv_timeout,    no (3)  no           yes         yes       UV_EINVAL
 *     recv_many, select
 *   receiver_clone         yes (8) yes          yes         yes       UV_EINVAL
 *   shutdown, close        no (3)  no           yes         yes (4)   no (4)
 *   stats                  no (3)  no           yes         yes       yes
 *   write, try_write       no (6)  no           yes         (7)       (7)
 *   writer_open,           no (6)  no           yes         yes       yes
 *     writer_on_closed,
 *     writer_close
 *
 *   (1) One thread at a time for each reserved place.
 *   (2) It is the last use of that sender: no other call may be using it.
 *   (3) Only the receiver's thread: the loop's thread for a loop receiver, the
 *       one thread that receives for a thread receiver. Until a loop first
 *       runs, a thread that sets it up counts as the loop's, if the start of
 *       the thread that runs it, or a mutex, orders the two. With
 *       LOOPCHAN_SHARED any number of threads may use a thread receiver at
 *       once, except in select, which refuses it. And with that flag, after
 *       the close, calls that fit the kind of receiver return UV_EOF where this
 *       column says UV_EINVAL; select and receiver_clone still return
 *       UV_EINVAL.
 *   (4) Closing after a shutdown is normal. A second shutdown, a second close,
 *       and a shutdown after a close return UV_EALREADY.
 *   (5) A call that has to wait, for room or for the close, does wait, except
 *       on the thread of the receiver's own loop (with several receivers: of
 *       any of their loops). There it returns UV_EAGAIN: see loopchan_send.
 *   (6) Only the thread of the writer's loop, or until that loop first runs a
 *       thread that sets it up, as in (3).
 *   (7) try_write returns UV_EPIPE; a write's callback gets UV_EPIPE.
 *   (8) For a clone on a loop, only that loop's thread.
 */

#ifndef LOOPCHAN_H
#define LOOPCHAN_H

/* <uv.h> needs POSIX names, which -std=c11 hides unless this macro is defined
 * before the first system header. So include this header first, or define the
 * macro yourself. */
#if defined(__STRICT_ANSI__) && !defined(_DEFAULT_SOURCE)
#define _DEFAULT_SOURCE
#endif

#include <stddef.h>
#include <stdint.h>

/* A system header came first, so the macro came too late. Without this #error
 * the compiler would report errors inside libuv's header. */
#if defined(__GLIBC__) && defined(__STRICT_ANSI__) && \
    !defined(_POSIX_C_SOURCE) && !defined(_XOPEN_SOURCE)
#error "uv.h needs POSIX: include loopchan.h first, or use -D_DEFAULT_SOURCE"
#endif

#include <uv.h>

#ifdef __cplusplus
extern "C" {
#endif

/* For a copy that a plug-in or a shared library keeps to itself: define it as
 * nothing (-DLOOPCHAN_EXTERN=), for the copy's sources and for its users, and
 * compile both with -fvisibility=hidden. */
#if defined(LOOPCHAN_EXTERN)
#elif defined(_WIN32) && defined(LOOPCHAN_BUILDING_SHARED)
#define LOOPCHAN_EXTERN __declspec(dllexport)
#elif defined(_WIN32) && defined(LOOPCHAN_USING_SHARED)
#define LOOPCHAN_EXTERN __declspec(dllimport)
#elif defined(__GNUC__)
#define LOOPCHAN_EXTERN __attribute__((visibility("default")))
#else
#define LOOPCHAN_EXTERN
#endif

#if defined(__GNUC__) || defined(__clang__)
#define LOOPCHAN_UNUSED __attribute__((unused))
#else
#define LOOPCHAN_UNUSED
#endif

#define LOOPCHAN_VERSION_MAJOR 1
#define LOOPCHAN_VERSION_MINOR 1
#define LOOPCHAN_VERSION_PATCH 0
#define LOOPCHAN_VERSION_HEX                                        \
  ((LOOPCHAN_VERSION_MAJOR << 16) | (LOOPCHAN_VERSION_MINOR << 8) | \
   LOOPCHAN_VERSION_PATCH)

/* Special capacities. Any other number is a bound: at most that many messages
 * are accepted and not yet received, reserved places included. (One above
 * SIZE_MAX / 8 counts as SIZE_MAX / 8.) On a rendezvous channel a message
 * passes directly from a sender to a receiver, once both are ready.
 * (loopchan_try_send, which does not wait, leaves its message for a receiver
 * that is waiting, which takes it when it has woken up.) LOOPCHAN_UNBOUNDED is
 * 0, as a size_t. */
#define LOOPCHAN_UNBOUNDED (SIZE_MAX - SIZE_MAX)
#define LOOPCHAN_RENDEZVOUS SIZE_MAX

/* Flag: the channel may have several receivers, on loops and for threads (see
 * loopchan_receiver_clone), and any number of threads may use one thread
 * receiver at once. Each message is received by exactly one of them, and all of
 * them get UV_EOF. When one thread closes a thread receiver, other threads'
 * calls that are waiting on it return UV_EOF, and the close waits until all
 * their calls have returned. Later calls that receive return UV_EOF too, as
 * long as the memory of the receiver exists.
 *
 * All threads that use the receiving side share one mutex, which each holds
 * only briefly. A thread that finds it locked spins for some microseconds,
 * whatever options.spin_ns is, then sleeps; with LOOPCHAN_NO_SPIN it sleeps at
 * once. */
#define LOOPCHAN_SHARED 1u

/* Flag, for a capacity of 0 or 1: the channel keeps only the newest message, as
 * suits progress, positions and settings. A send never waits, and is never
 * refused for lack of room: it replaces the message that is still waiting,
 * which goes to options.drop on the sender's thread, inside the send. Messages
 * are received in order, without those that were replaced; a receive that
 * begins after a send returned gets the message of that send or a newer one.
 * The receiver is woken at most once for each message that it receives (twice
 * if a sender loses the processor just before it wakes the receiver), and for
 * the end of file. When the channel is shut down, or its last sender is
 * dropped, the waiting message is still received, then UV_EOF. With
 * LOOPCHAN_SHARED each message is received by one of the receivers, or
 * replaced. See: tokio's watch; examples/guides/back_pressure.md */
#define LOOPCHAN_LATEST 2u

/* A time-out that never expires. */
#define LOOPCHAN_FOREVER UINT64_MAX

/* For options.spin_ns: a call that has to wait sleeps at once. (The value is
 * one nanosecond, because 0 stands for the default.) */
#define LOOPCHAN_NO_SPIN 1u

/* A sending end of a channel: opaque, made by loopchan_open and by
 * loopchan_sender_clone, given up by loopchan_sender_drop. */
typedef struct loopchan_sender_s loopchan_sender_t;

typedef struct loopchan_receiver_s loopchan_receiver_t;
typedef struct loopchan_writer_s loopchan_writer_t;
typedef struct loopchan_write_s loopchan_write_t;
typedef struct loopchan_options_s loopchan_options_t;
typedef struct loopchan_stats_s loopchan_stats_t;

/**
 * Delivers one message, or the end of file, on the loop's thread.
 *
 * Either status is 0 and msg points at the message, which belongs to the
 * callback and stays valid until it returns; or, once, after the last message,
 * status is UV_EOF and msg is NULL. The message counts as received already, and
 * takes up no capacity. Everything is allowed inside (close, stop, shut down,
 * try_recv, send to any channel, this one included, drop senders), except
 * uv_run on the same loop, which libuv forbids. (A debug build of the library
 * aborts when such a nested uv_run calls back one of the library's handles. A
 * nested uv_run that waits for this receiver's next message waits forever,
 * because a receiver is not woken during its own callback. A debug build
 * detects this if a message is sent more than about 50 ms after the callback
 * began.)
 */
typedef void (*loopchan_recv_cb)(loopchan_receiver_t *rx, int status,
                                 void *msg);

/**
 * Reports that a receiver is closed, on the loop's thread (thread receivers:
 * from inside loopchan_close). The library no longer uses rx, which may be
 * opened again, or its memory freed. Everything else is allowed inside too,
 * except uv_run on the same loop.
 */
typedef void (*loopchan_close_cb)(loopchan_receiver_t *rx);

/**
 * Reports the outcome of a write, on the writer's loop: see loopchan_write.
 *
 * If the message was accepted, status is 0 and req->msg is NULL. If it was not,
 * status is UV_EPIPE (the receiver was closed or shut down) or UV_ECANCELED
 * (the writer was closed), and req->msg points at the message, which is the
 * caller's again, until the callback returns. The request may be used again, or
 * freed. Everything is allowed inside, except uv_run on the same loop.
 */
typedef void (*loopchan_write_cb)(loopchan_write_t *req, int status);

/**
 * Reports on a writer, on its loop: either that its receiver was closed or shut
 * down (loopchan_writer_on_closed), or that the writer is closed
 * (loopchan_writer_close) and may be opened again, or its memory freed.
 * Everything is allowed inside, except uv_run on the same loop.
 */
typedef void (*loopchan_writer_cb)(loopchan_writer_t *w);

/**
 * Disposes of a message that was accepted and will never be received.
 *
 * It is called on the receiver's thread, from inside loopchan_close. With
 * LOOPCHAN_LATEST it is also called on a sender's thread, from inside the send,
 * commit or write that replaced the message: possibly on several threads at
 * once, and, if such a call is still in progress, even after the close. msg is
 * valid until this function returns; arg is options.drop_arg. Allowed inside:
 * any call on other channels, and any call on this channel's senders, except
 * dropping one that is in use. (Inside loopchan_close, sends are refused, and
 * of the calls on the receiver only loopchan_stats is allowed.) With
 * LOOPCHAN_LATEST a send from inside this function replaces a message, too,
 * which goes to this function again; so a drop function that always sends may
 * never return.
 */
typedef void (*loopchan_drop_fn)(void *msg, void *arg);

/* The options of loopchan_open. Zero-initialise the struct, then set what you
 * need: a later version may turn a reserved field into a new option, whose
 * value 0 keeps the old behaviour. */
struct loopchan_options_s {
  size_t msg_size;          /* bytes in a message; 0: it carries no data */
  size_t capacity;          /* in messages; or LOOPCHAN_UNBOUNDED (0), or
                               LOOPCHAN_RENDEZVOUS */
  loopchan_drop_fn drop;    /* for messages never received; NULL: discard */
  void *drop_arg;           /* passed to drop */
  unsigned flags;           /* LOOPCHAN_SHARED, LOOPCHAN_LATEST, both, or 0 */
  unsigned budget_messages; /* most messages per loop iteration; 0: 1024 */
  uint64_t budget_ns;       /* ns of callbacks per iteration, of all receivers
                               and writers on the loop; 0: 1000000 (1 ms) */
  uint64_t spin_ns;         /* most ns to spin before sleeping; 0: 20000;
                               LOOPCHAN_NO_SPIN: none */
  uint64_t reserved[4];     /* 0, otherwise loopchan_open returns UV_EINVAL */
};

/* What loopchan_stats returns. All counts are since loopchan_open. */
struct loopchan_stats_s {
  uint64_t sent;        /* messages accepted */
  uint64_t received;    /* messages handed to the receiver's user */
  uint64_t dropped;     /* accepted and never received, or replaced */
  uint64_t queued;      /* sent - received - dropped: waiting now */
  uint64_t wakeups;     /* times that the receiver had to be woken */
  uint64_t budget_cuts; /* loop iterations that the budget cut short */
  size_t senders;       /* sending ends alive now */
  size_t waiting;       /* sends and writes that wait for room now */
  size_t capacity;      /* as in the options */
  uint64_t reserved[4]; /* 0, until a later version counts something here */
};

/* A channel's receiving end. The caller allocates it, anywhere, and must not
 * move it until it is closed. If it was zeroed, calls before loopchan_open
 * return UV_EINVAL. (It need not be zeroed before it is opened, but then a
 * memory checker may report that loopchan_open reads uninitialised memory. A
 * call on a receiver that was moved while it was open has no effect and returns
 * UV_EINVAL, or NULL, but the library still uses the old memory. Only
 * loopchan_open and loopchan_receiver_clone make a new receiver there.) A loop
 * receiver is a libuv handle too: (uv_handle_t *) rx may be passed to uv_ref,
 * uv_unref, uv_has_ref, uv_is_active, uv_is_closing and uv_handle_get_loop, and
 * uv_walk finds it. Never pass it to uv_close: the channel would not notice,
 * and its senders would go on using the handle's memory. See loopchan_close and
 * loopchan_close_handle. The library never touches data or async.data. */
struct loopchan_receiver_s {
  uv_async_t async;
  void *data; /* the user's */

  /* private */
  struct lc_channel *channel;
  struct lc_consumer *consumer; /* NULL without LOOPCHAN_SHARED */
  void (*typed_cb)(void);
  unsigned shared; /* any thread reads it; a compiler may read neighbours too */
  uintptr_t gate;
  unsigned state;
  loopchan_stats_t last;
  void *reserved[4];
};

/* A sending end on a loop: see loopchan_writer_open. The rules above for a loop
 * receiver, its memory and its libuv handle also apply to a writer, which is
 * closed by loopchan_writer_close. */
struct loopchan_writer_s {
  uv_async_t async;
  void *data; /* the user's */

  /* private */
  struct lc_writer *writer;
  unsigned state;
  void *reserved[4];
};

/* A write in progress. The caller allocates it, and must not move it before its
 * callback is called. */
struct loopchan_write_s {
  void *data; /* the user's */
  void *msg;  /* in the callback: the message, if it was not accepted */

  /* private */
  void *reserved[12];
};

/* ------------------------------------------------------------------ making */

/**
 * Makes a channel: its receiver in *rx, its first sender in *tx.
 *
 * With a loop, rx becomes a loop receiver: an active, referenced handle that
 * keeps uv_run() going until it is closed or unreferenced. Opening does not
 * wake the loop. Which thread runs the loop is learned later: see
 * loopchan_send. With loop NULL, rx becomes a thread receiver. Messages are
 * aligned as strictly as an object of msg_size bytes can need: to the largest
 * power of two that divides msg_size, at most alignof(max_align_t), or, with
 * MSVC and on 32-bit Windows, alignof(double).
 *
 * Thread:    for a loop receiver: the loop's. For a thread receiver: any; "the
 *            receiver's thread" is then the one that receives. (A thread may
 *            take over from another one, if a mutex or a join orders their
 *            calls.)
 * Callback:  allowed.
 * Message:   none yet. *options is copied. The caller must close rx, which
 *            must stay in place until it is closed, and drop *tx.
 * Blocks:    no.
 * Allocates: the channel and one sender; with LOOPCHAN_SHARED what its
 *            receivers share, and this receiver's private part, with room for
 *            one message on a loop; for the first receiver or writer on a
 *            loop, that loop's record.
 * Returns:   0;
 *            UV_EINVAL  a NULL other than loop, an unknown flag, a reserved
 *                       field that is not 0, LOOPCHAN_LATEST with a capacity
 *                       other than 0 and 1, or an msg_size with which a
 *                       message, some words in front of it included, would be
 *                       larger than PTRDIFF_MAX;
 *            UV_EBUSY   rx is open, or its close callback has not been called;
 *            UV_ENOMEM;
 *            what uv_async_init returned (UV_EMFILE, ...).
 *            After an error nothing is left behind; *rx and *tx are unchanged.
 * See:       uv_async_init; std::sync::mpsc::channel; examples/one_producer.c
 */
LOOPCHAN_EXTERN int loopchan_open(uv_loop_t *loop, loopchan_receiver_t *rx,
                                  loopchan_sender_t **tx,
                                  const loopchan_options_t *options);

/**
 * Makes another receiver of the same channel: *clone, which receives from the
 * channel of rx.
 *
 * The channel must have been opened with LOOPCHAN_SHARED. Its receivers may be
 * loop receivers and thread receivers, in any mix. Each is started, stopped and
 * closed on its own, without effect on the others.
 *
 * Each message is received by exactly one of them. A receiver takes a message
 * only when it is ready to hand it over, so no message waits behind a slow
 * callback while another receiver is idle. (A thread receiver is idle while a
 * call waits for a message; a loop receiver while it is started and has nothing
 * to do.) A send wakes one idle receiver: the one that has been idle longest,
 * but those on loops that are in a callback of a receiver or writer come after
 * all others. If the receiver leaves messages behind, or is stopped or closed
 * before it takes one, the next idle receiver is woken; and if its loop begins
 * such a callback first, the next one whose loop is in none. On a rendezvous
 * channel, while no send waits, as many calls of loopchan_try_send are accepted
 * as there are idle receivers, and each message goes to one of these.
 *
 * The library does not know of a loop's other callbacks, nor whether the loop
 * is being run. If a receiver is woken meanwhile, it takes its message later,
 * unless another receiver takes it first. On a rendezvous channel only another
 * receiver that was woken too can do that, until this one is stopped or closed.
 * With LOOPCHAN_LATEST no other receiver is woken meanwhile. Two receivers on
 * one loop are called one after the other.
 *
 * loopchan_shutdown on any receiver ends the channel, and each receiver gets
 * UV_EOF, as it does after the last sender is dropped. loopchan_close closes
 * only the receiver it is called on; closing the last one closes the channel.
 * loopchan_stats on any open receiver returns the channel's figures; on a
 * closed one, those that the channel had when that receiver was closed. Options
 * such as budget_messages apply to each receiver.
 *
 * Thread:    with a loop: that loop's. Without one: any. Several at once on one
 *            rx, which must stay open meanwhile.
 * Callback:  allowed.
 * Message:   none. The caller must close *clone, which must stay in place until
 *            it is closed.
 * Blocks:    no; takes the channel's mutex for a moment.
 * Allocates: the clone's private part; on a loop also room for one message; for
 *            the first receiver or writer on that loop, the loop's record.
 * Returns:   0;
 *            UV_EINVAL  a NULL other than loop, clone is rx, or rx was never
 *                       opened, was opened without LOOPCHAN_SHARED, was moved,
 *                       or is closed;
 *            UV_EBUSY   clone is open, or its close callback has not been
 *                       called;
 *            UV_ENOMEM;
 *            what uv_async_init returned (UV_EMFILE, ...).
 *            After an error nothing is left behind, and *clone is unchanged.
 * See:       loopchan_open; async-channel's and flume's Receiver::clone
 */
LOOPCHAN_EXTERN int loopchan_receiver_clone(uv_loop_t *loop,
                                            loopchan_receiver_t *clone,
                                            loopchan_receiver_t *rx);

/* ----------------------------------------------------------------- sending */

/**
 * Sends one message, waiting for room if the channel is bounded and full.
 *
 * The msg_size bytes at msg are copied. The accepted messages of a channel have
 * one order, and it agrees with real time: if one send returned before another
 * began, on whatever threads, its message is received first. A send that finds
 * no room first spins, for options.spin_ns but at most 100 microseconds; then
 * it joins the queue of waiting sends. The queue is served in order. To save
 * wakes it is normally served in batches, whenever B places are free, where B
 * is the largest power of two that is at most half the capacity (at least 1).
 * Once the first send in the queue has waited about 100 microseconds, each free
 * place is given away at once. On a rendezvous channel a send waits until its
 * message has been received: until a receive has returned it, or the callback
 * that got it has returned. With LOOPCHAN_LATEST no send waits; the message
 * that a send replaces is dropped before the send returns.
 *
 * Once a loop has called back, a send on its thread never waits for it: on the
 * thread that runs the receiver's loop (with several receivers, the loop of any
 * of them), loopchan_send behaves as loopchan_try_send. The library learns
 * which thread that is for all receivers and writers on a loop together: it is
 * the thread that last ran a callback of any of them, or made a call on any of
 * them.
 *
 * Before the first callback the library can only guess: the thread that made
 * the last call, loopchan_open for example, may have set up the loop for
 * another thread to run. So a send on that thread waits for room for at most a
 * second, then returns UV_EAGAIN, unless a callback has run, or a call has been
 * made, on another thread meanwhile. On any other thread it waits as usual.
 *
 * So if one thread opens the receiver and another runs the loop, the library
 * does not know the loop's thread until a message is delivered or a write
 * called back there, or that thread makes a call on a receiver or writer of the
 * loop. Callbacks that run earlier (timers, idle, prepare, check, sockets,
 * after_work_cb) may therefore wait for their own loop, which is a deadlock. If
 * such a callback sends and the channel may be full, use loopchan_try_send, or
 * make it call loopchan_stats on the receiver first: then the send waits a
 * second at most, as above. The same holds for a loop that moves to another
 * thread: until the first callback or call there, the old thread counts as the
 * loop's.
 *
 * Thread:    any, several at once on one sender. The first eight threads that
 *            use a sender have a cache each, which makes their sends fast, and
 *            all others share one; a sender for each thread is fastest.
 * Callback:  allowed in any callback, this channel's own included.
 * Message:   0: the channel's. Anything else: still the caller's, untouched.
 *            msg may be NULL when msg_size is 0.
 * Blocks:    on an unbounded channel: no. With LOOPCHAN_LATEST: no, except for
 *            the time that options.drop takes. On a bounded channel: while it
 *            is full. On a rendezvous channel: until the message has been
 *            received. Before it sleeps it spins, as said above. It takes no
 *            lock and makes no system call, unless it waits, others wait, the
 *            receiver sleeps and has to be woken, or a slab has to be
 *            allocated.
 * Allocates: one slab at most; the caches of a sender when a second thread
 *            begins to use it; an object to wait on, which the channel keeps
 *            for reuse. Nothing in a steady state.
 * Returns:   0; UV_EINVAL (a NULL); UV_EPIPE (closed or shut down, also while
 *            it waited); UV_EAGAIN (no room, or on a rendezvous channel no
 *            receiver, and the loop would wait for itself, see above; or the
 *            system has no mutex to wait with); UV_ENOMEM.
 * See:       loopchan_try_send, loopchan_send_timeout, loopchan_send_many;
 *            std::sync::mpsc::sync_channel; examples/one_producer.c
 */
LOOPCHAN_EXTERN int loopchan_send(loopchan_sender_t *tx, const void *msg);

/**
 * Sends one message if that is possible without waiting.
 *
 * On an unbounded channel, and with LOOPCHAN_LATEST, it is loopchan_send. On a
 * bounded channel it is refused only while the messages that are accepted and
 * not yet received, the places that are reserved, and the sends in progress
 * that have their place already, together equal the capacity; and it never
 * overtakes a send that has its place in the order (see loopchan_send). On a
 * rendezvous channel it needs a receiver that waits at that moment: one whose
 * thread waits for a message, in loopchan_recv, another call that receives or
 * loopchan_select; or a started loop receiver that has nothing left to do on
 * its loop. If that receiver is closed before it receives the message, the
 * message goes to another receiver of the channel or, if there is none, to
 * options.drop, like any accepted message that is never received.
 *
 * Thread:    any, several at once on one sender.
 * Callback:  allowed in any callback.
 * Message:   0: the channel's. Anything else: still the caller's, untouched.
 *            msg may be NULL when msg_size is 0.
 * Blocks:    no; with LOOPCHAN_LATEST for the time that options.drop takes.
 * Allocates: one slab at most; the sender's caches, as loopchan_send. Nothing
 *            in a steady state.
 * Returns:   0; UV_EAGAIN (full, or on a rendezvous channel no receiver waits);
 *            UV_EINVAL (a NULL); UV_EPIPE (closed or shut down); UV_ENOMEM.
 * See:       loopchan_send
 */
LOOPCHAN_EXTERN int loopchan_try_send(loopchan_sender_t *tx, const void *msg);

/**
 * Sends one message, waiting at most timeout_ns for room.
 *
 * Thread:    any, several at once on one sender.
 * Callback:  allowed in any callback. Where it would have to wait on the thread
 *            of the receiver's own loop it returns UV_EAGAIN at once (with
 *            timeout_ns 0: UV_ETIMEDOUT); before that thread is known, after a
 *            second, if timeout_ns is longer.
 * Message:   0: the channel's. Anything else: still the caller's, untouched.
 *            msg may be NULL when msg_size is 0.
 * Blocks:    as loopchan_send, timeout_ns nanoseconds at most. With 0 it is
 *            loopchan_try_send, but returns UV_ETIMEDOUT instead of UV_EAGAIN;
 *            with LOOPCHAN_FOREVER it is loopchan_send. On a rendezvous
 *            channel, if the message is already being received when the time is
 *            up, it waits until the receive is done.
 * Allocates: as loopchan_send.
 * Returns:   0; UV_ETIMEDOUT (no room, or on a rendezvous channel no receiver,
 *            in that time); UV_EAGAIN (as loopchan_send); UV_EINVAL (a NULL);
 *            UV_EPIPE (closed or shut down, also while it waited); UV_ENOMEM.
 * See:       loopchan_send
 */
LOOPCHAN_EXTERN int loopchan_send_timeout(loopchan_sender_t *tx,
                                          const void *msg, uint64_t timeout_ns);

/**
 * Sends count messages from an array.
 *
 * Like a loop of loopchan_send that stops at the first error, except that
 * messages which need not wait are published together, in one step: no other
 * sender's message comes between them, and the receiver is woken once at most.
 * On an unbounded channel all messages are published together; on a bounded
 * one, as many as fit each time; on a rendezvous channel, none. With
 * LOOPCHAN_LATEST only the last one is published; then the message that it
 * replaced, and a copy of each of the others, in order, go to options.drop,
 * inside this call. All count as sent, and these as dropped.
 *
 * Thread:    any, several at once on one sender; see loopchan_send.
 * Callback:  allowed in any callback.
 * Message:   if n is returned, the first n are the channel's; the others are
 *            still the caller's. msgs may be NULL when msg_size or count is 0.
 * Blocks:    as loopchan_send.
 * Allocates: slabs for the messages that do not fit into the sender's current
 *            one; otherwise as loopchan_send.
 * Returns:   how many were sent: count, or fewer if a later message was refused
 *            because the channel ended, memory ran out, or a loop would have
 *            waited for itself; sending the rest again tells which. An error if
 *            none was sent: UV_EINVAL (a NULL, or more than SSIZE_MAX bytes or
 *            messages), UV_EPIPE (closed or shut down), UV_EAGAIN (see
 *            loopchan_send), UV_ENOMEM. With count 0: 0, or UV_EPIPE.
 * See:       loopchan_send
 */
LOOPCHAN_EXTERN ssize_t loopchan_send_many(loopchan_sender_t *tx,
                                           const void *msgs, size_t count);

/**
 * Reserves a place in the channel, in which a message can be built without a
 * copy.
 *
 * *msg is set to point at msg_size writable, uninitialised bytes. (With
 * msg_size 0 it is not NULL either, and names the place.) On a bounded channel
 * the place counts against the capacity from then on; with LOOPCHAN_LATEST any
 * number of places may be reserved. loopchan_commit sends the message, and only
 * the commit decides its position in the order of messages. Before the sender
 * that reserved it is dropped, the place must be used up by a commit that
 * returns 0, or given back by loopchan_abandon. Otherwise it is leaked: it
 * counts against the capacity for good, and its memory is never freed. On a
 * rendezvous channel a place can be had at any time; it is the commit that
 * needs a receiver.
 *
 * Thread:    any, several at once on one sender. The place may be handed to
 *            another thread.
 * Callback:  allowed in any callback.
 * Message:   the place is the caller's until committed or abandoned.
 * Blocks:    no.
 * Allocates: one slab at most; the sender's caches, as loopchan_send. Nothing
 *            in a steady state.
 * Returns:   0; UV_EAGAIN (bounded and full); UV_EINVAL (a NULL); UV_EPIPE
 *            (closed or shut down); UV_ENOMEM. After an error *msg is
 *            unchanged.
 * See:       loopchan_commit, loopchan_abandon
 */
LOOPCHAN_EXTERN int loopchan_reserve(loopchan_sender_t *tx, void **msg);

/**
 * Sends the message built in a reserved place.
 *
 * Thread:    any; tx is the sender that reserved.
 * Callback:  allowed in any callback.
 * Message:   0: the channel's, and the place is gone. UV_EPIPE or UV_EAGAIN:
 *            message and place are still the caller's; give the place back
 *            with loopchan_abandon or, after UV_EAGAIN, try again. UV_EINVAL:
 *            nothing has changed.
 * Blocks:    no; with LOOPCHAN_LATEST for the time that options.drop takes.
 * Allocates: no.
 * Returns:   0; UV_EINVAL (a NULL, or a place that was already given back,
 *            which is detected only while its memory exists); UV_EPIPE (closed
 *            or shut down); UV_EAGAIN (on a rendezvous channel no receiver
 *            waits: see loopchan_try_send).
 * See:       loopchan_reserve
 */
LOOPCHAN_EXTERN int loopchan_commit(loopchan_sender_t *tx, void *msg);

/**
 * Gives a reserved place back unsent.
 *
 * What the caller wrote there is discarded, without a call of options.drop.
 *
 * Thread:    any; tx is the sender that reserved.
 * Callback:  allowed in any callback.
 * Message:   the place is the channel's, and must not be touched any more. A
 *            NULL, or a place that was already given back, is ignored; the
 *            latter is detected only while its memory exists.
 * Blocks:    no.
 * Allocates: no.
 * See:       loopchan_reserve
 */
LOOPCHAN_EXTERN void loopchan_abandon(loopchan_sender_t *tx, void *msg);

/**
 * Makes another sender of the same channel.
 *
 * Thread:    any, several at once on one sender.
 * Callback:  allowed in any callback.
 * Blocks:    no; takes the channel's mutex for a moment.
 * Allocates: the sender.
 * Returns:   the sender, which must be dropped like any other; NULL when out of
 *            memory or when tx is NULL. Cloning works on a closed channel too:
 *            the clone's sends are refused as tx's are.
 * See:       loopchan_sender_drop; examples/several_producers.c
 */
LOOPCHAN_EXTERN loopchan_sender_t *loopchan_sender_clone(loopchan_sender_t *tx);

/**
 * Gives up a sender. Once the last sender is dropped, the receiver gets every
 * accepted message and then UV_EOF.
 *
 * Thread:    any; no other call may be using tx. NULL is ignored, and so is a
 *            writer's sender, which the writer drops. Places that tx reserved
 *            have to be given back before.
 * Callback:  allowed in any callback.
 * Blocks:    no; takes the channel's mutex for a moment.
 * Allocates: no.
 * See:       loopchan_sender_clone
 */
LOOPCHAN_EXTERN void loopchan_sender_drop(loopchan_sender_t *tx);

/**
 * Returns whether the receiver was closed or shut down; sends are refused then.
 *
 * Thread:    any, several at once.
 * Callback:  allowed in any callback.
 * Blocks:    no.
 * Allocates: no.
 * Returns:   1: it was, and stays so. 0: it was open a moment ago. UV_EINVAL:
 *            tx is NULL.
 * See:       std::sync::mpsc::Sender; uv_is_closing
 */
LOOPCHAN_EXTERN int loopchan_is_closed(const loopchan_sender_t *tx);

/**
 * Waits until sends are refused: until the receiver is closed or shut down.
 *
 * It is meant for a thread that produces only on demand and has to stop when
 * nobody receives any more.
 *
 * Thread:    any, several at once on one sender; see loopchan_send.
 * Callback:  allowed in any callback. Where it would have to wait on the thread
 *            of the receiver's own loop it returns UV_EAGAIN at once; before
 *            that thread is known, after a second, if timeout_ns is longer.
 * Blocks:    timeout_ns nanoseconds at most; with 0 it only checks; with
 *            LOOPCHAN_FOREVER until sends are refused.
 * Allocates: an object to wait on, which the channel keeps for reuse.
 * Returns:   0: sends are refused, and stay so; UV_ETIMEDOUT (not refused yet);
 *            UV_EAGAIN (the loop would wait for itself, or the system has no
 *            mutex to wait with); UV_EINVAL (tx is NULL); UV_ENOMEM.
 * See:       loopchan_is_closed, loopchan_writer_on_closed; tokio's
 *            Sender::closed
 */
LOOPCHAN_EXTERN int loopchan_wait_closed(loopchan_sender_t *tx,
                                         uint64_t timeout_ns);

/**
 * Returns how many messages could be sent at this moment without waiting.
 *
 * The result is a snapshot: another thread's send or receive may change it
 * before the caller acts on it. Reserved places count as taken.
 *
 * Thread:    any, several at once.
 * Callback:  allowed in any callback.
 * Blocks:    no; on a rendezvous channel that was opened with
 *            LOOPCHAN_SHARED it takes the channel's mutex for a moment.
 * Allocates: no.
 * Returns:   0: the channel is full, closed or shut down, or others wait for
 *            room, or tx is NULL; SIZE_MAX without a bound and with
 *            LOOPCHAN_LATEST; on a rendezvous channel 1 if a receiver waits, as
 *            loopchan_try_send needs, else 0.
 * See:       loopchan_try_send, loopchan_stats; tokio's Sender::capacity
 */
LOOPCHAN_EXTERN size_t loopchan_room(const loopchan_sender_t *tx);

/* --------------------------------------------------------------- receiving */

/**
 * Starts delivery by callback, as uv_read_start does.
 *
 * Messages that were sent before this call are delivered first. cb first runs
 * from the loop, possibly in this same iteration, never from inside this
 * function. After UV_EOF nothing more is delivered; the handle stays open and
 * active until it is closed.
 *
 * In one iteration of the loop at most options.budget_messages messages are
 * delivered, and the callbacks of all receivers and writers on the loop
 * together keep it for about options.budget_ns. (The clock is read after every
 * callback, or after every eighth while eight of them together take no more
 * than a few microseconds.) Then timers and sockets are served, and delivery
 * goes on in the next iteration. The receivers and writers on a loop take
 * turns, each for a share of the time. If n of them have something to do, each
 * is called within n + 1 iterations. (A receiver that first has to put millions
 * of messages in order may spend its share of several iterations on that.) If
 * the receivers on one loop have different budget_ns, each compares the time
 * that all of them have used with its own limit.
 *
 * libuv calls a handle back once in an iteration, with one exception: where it
 * uses epoll or kqueue and finds 1024 handles ready at once, it polls again, up
 * to 48 times, before timers are served. Each time counts as an iteration here.
 *
 * Thread:    the loop's.
 * Callback:  allowed in any callback of this loop.
 * Blocks:    no.
 * Allocates: no.
 * Returns:   0; UV_EINVAL (a NULL, a thread receiver, a receiver that was
 *            never opened or is closed); UV_EALREADY (already started; the old
 *            callback stays); UV_EOF (the end of file was already delivered;
 *            with LOOPCHAN_SHARED also when closed). After an error nothing has
 *            changed.
 * See:       uv_read_start; loopchan_recv_stop
 */
LOOPCHAN_EXTERN int loopchan_recv_start(loopchan_receiver_t *rx,
                                        loopchan_recv_cb cb);

/**
 * Stops delivery, as uv_read_stop does: the receive callback is not called
 * again until the next loopchan_recv_start. Messages keep arriving and wait; a
 * bounded channel fills up, and then its senders wait. With LOOPCHAN_SHARED
 * other receivers get the messages, including one that this receiver was
 * already woken for.
 *
 * Thread:    the loop's.
 * Callback:  allowed in any callback of this loop; inside the receive
 *            callback, the current message is the last.
 * Blocks:    no.
 * Allocates: no.
 * Returns:   0, also when it was not started, or is closed; UV_EINVAL (NULL, a
 *            thread receiver, or never opened).
 * See:       uv_read_stop; loopchan_recv_start
 */
LOOPCHAN_EXTERN int loopchan_recv_stop(loopchan_receiver_t *rx);

/**
 * Takes the oldest message, if there is one.
 *
 * If a send returned before this call began, its message is found, unless
 * another receiver of the channel takes it first. (On a rendezvous channel,
 * also unless another receiver was woken for it: see loopchan_receiver_clone.)
 * On a loop receiver, started or not, this takes the message that the callback
 * would have got next; a UV_EOF returned here does not replace the one that the
 * callback gets.
 *
 * Thread:    the receiver's; with LOOPCHAN_SHARED any for a thread receiver.
 * Callback:  allowed in any callback of this loop.
 * Message:   0: msg_size bytes are copied to msg and are the caller's. Anything
 *            else: *msg is unchanged. msg may be NULL when msg_size is 0.
 * Blocks:    no.
 * Allocates: no.
 * Returns:   0; UV_EAGAIN (nothing there now); UV_EOF (nothing there, and every
 *            sender dropped, or shut down; with LOOPCHAN_SHARED also when
 *            closed); UV_EINVAL (a NULL, a receiver that was never opened or
 *            is closed).
 * See:       loopchan_recv
 */
LOOPCHAN_EXTERN int loopchan_try_recv(loopchan_receiver_t *rx, void *msg);

/**
 * Takes the oldest message, waiting until there is one.
 *
 * Thread:    the receiver's; with LOOPCHAN_SHARED any. Thread receivers only:
 *            it would block a loop.
 * Callback:  allowed, but blocks the loop that the callback is on.
 * Message:   0: msg_size bytes are copied to msg and are the caller's. Anything
 *            else: *msg is unchanged. msg may be NULL when msg_size is 0.
 * Blocks:    until a message or the end of file; spins options.spin_ns at most,
 *            then sleeps.
 * Allocates: no; with LOOPCHAN_SHARED an object to wait on, which the channel
 *            keeps for reuse.
 * Returns:   0; UV_EOF (everything received, and every sender dropped, or shut
 *            down), and again from every later call; UV_EINVAL (a NULL, a loop
 *            receiver, a receiver that was never opened or is closed). With
 *            LOOPCHAN_SHARED also UV_EOF when a thread receiver is closed, and
 *            UV_ENOMEM.
 * See:       loopchan_try_recv, loopchan_recv_timeout; examples/one_producer.c
 */
LOOPCHAN_EXTERN int loopchan_recv(loopchan_receiver_t *rx, void *msg);

/**
 * Takes the oldest message, waiting at most timeout_ns for it. A time-out loses
 * no message.
 *
 * Thread:    as loopchan_recv.
 * Callback:  as loopchan_recv.
 * Message:   as loopchan_recv.
 * Blocks:    timeout_ns nanoseconds at most. With 0 it is loopchan_try_recv,
 *            but returns UV_ETIMEDOUT instead of UV_EAGAIN; with
 *            LOOPCHAN_FOREVER it is loopchan_recv.
 * Allocates: as loopchan_recv.
 * Returns:   0; UV_ETIMEDOUT (no message came in time); UV_EOF, UV_EINVAL, and
 *            with LOOPCHAN_SHARED UV_ENOMEM, as loopchan_recv.
 * See:       loopchan_recv
 */
LOOPCHAN_EXTERN int loopchan_recv_timeout(loopchan_receiver_t *rx, void *msg,
                                          uint64_t timeout_ns);

/**
 * Waits for one message, then takes all that are there, at most max messages.
 *
 * Like one loopchan_recv, then a loop of loopchan_try_recv that stops at the
 * first error or when max are taken. If sends wait for room, it may take more
 * messages than the capacity.
 *
 * Thread:    as loopchan_recv.
 * Callback:  as loopchan_recv.
 * Message:   msgs has room for max messages of msg_size bytes. If n is
 *            returned, the first n are filled; the others are unchanged. msgs
 *            may be NULL when msg_size or max is 0.
 * Blocks:    as loopchan_recv; max 0 does not block.
 * Allocates: as loopchan_recv.
 * Returns:   how many were taken: 1 to max, or 0 when max is 0 and the receiver
 *            is open; or UV_EOF; UV_EINVAL (a NULL, more than SSIZE_MAX bytes
 *            or messages, a loop receiver, a receiver that was never opened or
 *            is closed). With LOOPCHAN_SHARED as loopchan_recv. After an error
 *            msgs is unchanged.
 * See:       loopchan_recv
 */
LOOPCHAN_EXTERN ssize_t loopchan_recv_many(loopchan_receiver_t *rx, void *msgs,
                                           size_t max);

/**
 * Waits until one of several thread receivers has a message or its end of file.
 *
 * It takes no message. The caller then receives from the receiver whose index
 * was returned, and that does not block; on a rendezvous channel it should use
 * loopchan_try_recv, because the sender may have given up meanwhile. While a
 * select waits, each rendezvous channel in its array counts as having a waiting
 * receiver, so loopchan_try_send may be accepted on several of them; each such
 * message stays in its channel until it is received. The search is fair: it
 * goes on where the last select ended, so a ready receiver is found after at
 * most n calls, however busy the others are. (That place is remembered in the
 * first receiver of the array, so arrays that differ should begin with
 * different receivers.) Up to 16 receivers are searched in turn. If there are
 * more, a call looks at the next 16, then at the one found last, then at the
 * rest, so the time to find a busy receiver again does not grow with n. The
 * time of a call that has to wait does grow, by a few tenths of a microsecond
 * for each receiver.
 *
 * Thread:    the one that receives from all of them; thread receivers only,
 *            none with LOOPCHAN_SHARED, where another thread could take the
 *            message first. A receiver may be in the array more than once.
 * Callback:  as loopchan_recv.
 * Blocks:    timeout_ns nanoseconds at most; with 0 it only checks; with
 *            LOOPCHAN_FOREVER until one is ready.
 * Allocates: an object to wait on, which the first receiver of the array keeps
 *            for reuse.
 * Returns:   the index of a ready one; UV_ETIMEDOUT (none is ready); UV_EINVAL
 *            (a NULL; n is 0 or above INT_MAX; a receiver in the array that is
 *            NULL, never opened, closed, shared, or on a loop: with n above 16
 *            this is noticed only if the call looks at that receiver);
 *            UV_ENOMEM; UV_EAGAIN (the system has no mutex to wait with). No
 *            result changes a receiver.
 * See:       select(2); crossbeam's Select; examples/select.c
 */
LOOPCHAN_EXTERN int loopchan_select(loopchan_receiver_t *const rxs[], size_t n,
                                    uint64_t timeout_ns);

/* ------------------------------------------------------ sending from a loop */

/**
 * Turns a sender into a writer, for producers that are loops and must never
 * wait.
 *
 * The writer is an active, referenced handle that keeps uv_run() going until it
 * is closed or unreferenced; (uv_handle_t *) w works as a receiver's does. A
 * sender of a closed channel can become a writer too: its writes are refused as
 * tx's sends are. tx may still be used as before, with loopchan_room for
 * example; only its drop is the writer's.
 *
 * Thread:    that of the producer's loop; it may be the receiver's loop, too.
 * Callback:  allowed.
 * Message:   0: tx is the writer's, which drops it when it is closed. Anything
 *            else: tx is still the caller's. w must stay in place until it is
 *            closed.
 * Blocks:    no; takes the channel's mutex for a moment.
 * Allocates: the private part of the writer; for the first receiver or writer
 *            on a loop, that loop's record.
 * Returns:   0; UV_EINVAL (a NULL); UV_EBUSY (w is open, or its close callback
 *            has not been called; or tx is a writer's); UV_ENOMEM; what
 *            uv_async_init returned. After an error nothing is left behind, and
 *            *w is unchanged.
 * See:       loopchan_write, loopchan_writer_close; examples/loop_to_loop.c
 */
LOOPCHAN_EXTERN int loopchan_writer_open(uv_loop_t *loop, loopchan_writer_t *w,
                                         loopchan_sender_t *tx);

/**
 * Sends one message without waiting, and reports the outcome by callback.
 *
 * The msg_size bytes at msg are copied. For each call that returned 0, cb is
 * called exactly once: from the writer's loop, never from inside this function,
 * in the order of the writes. The messages are accepted in that order too, and
 * take their turn among all other sends and writes that wait for room: first
 * come, first served. On a rendezvous channel cb is called when the message has
 * been received. With LOOPCHAN_LATEST the message is accepted at once. Writes
 * that complete together are called back together, within the time budget of a
 * loop iteration: see loopchan_recv_start. budget_ns is the one in the options
 * of the channel. Any number of writes may wait for room, each with a copy of
 * its message: the capacity bounds what is accepted, not what waits.
 *
 * Thread:    the writer's loop's.
 * Callback:  allowed in any callback of this loop, cb included.
 * Message:   0: on its way; cb gets the outcome, and until then req must stay
 *            in place and be used for nothing else. Anything else: the message
 *            and req are still the caller's, and cb is not called. msg may be
 *            NULL when msg_size is 0.
 * Blocks:    no; takes the channel's mutex for a moment; with LOOPCHAN_LATEST
 *            for the time that options.drop takes.
 * Allocates: as loopchan_try_send.
 * Returns:   0; UV_EINVAL (a NULL, a writer that is closed); UV_ENOMEM. A
 *            closed channel is reported to cb as UV_EPIPE, not here.
 * See:       uv_write; loopchan_try_write
 */
LOOPCHAN_EXTERN int loopchan_write(loopchan_write_t *req, loopchan_writer_t *w,
                                   const void *msg, loopchan_write_cb cb);

/**
 * Sends one message if that is possible without waiting; calls nothing back.
 *
 * Thread:    the writer's loop's.
 * Callback:  allowed in any callback of this loop.
 * Message:   0: the channel's. Anything else: still the caller's, untouched.
 *            msg may be NULL when msg_size is 0.
 * Blocks:    no; with LOOPCHAN_LATEST for the time that options.drop takes.
 * Allocates: as loopchan_try_send.
 * Returns:   0; UV_EAGAIN (as loopchan_try_send, or a write of this writer
 *            waits for room: it goes first); UV_EINVAL (a NULL, a writer that
 *            is closed); UV_EPIPE (closed or shut down); UV_ENOMEM.
 * See:       uv_try_write; loopchan_write
 */
LOOPCHAN_EXTERN int loopchan_try_write(loopchan_writer_t *w, const void *msg);

/**
 * Asks for cb to be called once when the receiver is closed or shut down.
 *
 * The writer's loop calls cb; this function never does. cb is also called if
 * the receiver was closed or shut down before this call. Another call replaces
 * cb, and the new callback is called even if the old one has been; a NULL cb
 * cancels the request, and so does loopchan_writer_close.
 *
 * Thread:    the writer's loop's.
 * Callback:  allowed in any callback of this loop.
 * Blocks:    no.
 * Allocates: no.
 * Returns:   0; UV_EINVAL (w is NULL, never opened, or closed), after which an
 *            earlier request stands.
 * See:       loopchan_is_closed
 */
LOOPCHAN_EXTERN int loopchan_writer_on_closed(loopchan_writer_t *w,
                                              loopchan_writer_cb cb);

/**
 * Closes a writer and drops its sender.
 *
 * The loop does the rest later, as with uv_close: the callbacks of writes that
 * were not accepted get UV_ECANCELED and their messages back, then cb (which
 * may be NULL) is called. So to let all writes be accepted, close in the
 * callback of the last one. Writes that wait for room leave the queue at once,
 * so there is no room for them later; the sender is dropped by the loop, so the
 * receiver gets UV_EOF only after that. w must stay in place until the loop has
 * called cb. uv_is_closing is true once the last write has been called back;
 * until then the handle keeps uv_run() going, even if it was unreferenced
 * before this call. (Do not unreference it after this call: uv_run() could
 * return too early.) On a rendezvous channel a write whose message is being
 * received completes first, and its callback gets 0.
 *
 * Thread:    the writer's loop's.
 * Callback:  allowed in any callback of this loop.
 * Blocks:    no, except that this call, or the loop before it calls cb, may
 *            wait for a thread that is just then waking the writer's loop.
 *            Takes the channel's mutex for a moment.
 * Allocates: no.
 * Returns:   0; UV_EALREADY (closing or closed); UV_EINVAL (NULL, or never
 *            opened). After an error cb is not called.
 * See:       uv_close; loopchan_close_handle
 */
LOOPCHAN_EXTERN int loopchan_writer_close(loopchan_writer_t *w,
                                          loopchan_writer_cb cb);

/* ----------------------------------------------------------------- closing */

/**
 * Ends the channel gracefully. Once it returns, every send is refused with
 * UV_EPIPE, including those that were waiting; accepted messages are still
 * delivered, then UV_EOF.
 *
 * Thread:    the receiver's; with LOOPCHAN_SHARED any for a thread receiver.
 * Callback:  allowed in any callback of this loop.
 * Message:   those of refused sends are still their callers'.
 * Blocks:    no; takes the channel's mutex for a moment.
 * Allocates: no.
 * Returns:   0; UV_EALREADY (closed, or the channel was shut down before, on
 *            whichever of its receivers); UV_EINVAL (NULL, or never opened).
 *            After an error nothing has changed.
 * See:       shutdown(2); tokio's Receiver::close; examples/shutdown.c
 */
LOOPCHAN_EXTERN int loopchan_shutdown(loopchan_receiver_t *rx);

/**
 * Closes the receiver and with it the channel, at once.
 *
 * Once it returns, every send is refused with UV_EPIPE, and every send that was
 * waiting has been woken; the messages of these sends still belong to their
 * callers. Every message that was accepted and not received has been passed to
 * options.drop, oldest first, on this thread, inside this call; the receive
 * callback is not called again. A thread receiver is closed, and cb (which may
 * be NULL) has run, when this returns. A loop receiver is closed when the loop
 * has called cb (which may be NULL), later, as with uv_close; rx must stay in
 * place until then. Senders stay valid, and their sends are refused, until each
 * is dropped. Inside drop the receiver counts as closed. With several
 * receivers, a close that is not the last ends only its own receiver: see
 * loopchan_receiver_clone.
 *
 * Thread:    the receiver's; with LOOPCHAN_SHARED any for a thread receiver.
 * Callback:  allowed in any callback of this loop.
 * Message:   inside the receive callback of this receiver, the current message
 *            stays valid until that callback returns.
 * Blocks:    while drop runs, once for each waiting message (without drop: 2 to
 *            40 nanoseconds for each, by their size); while another thread is
 *            just then waking the loop; with LOOPCHAN_SHARED, until other
 *            threads' calls on rx have returned. Takes the channel's mutex for
 *            a moment.
 * Allocates: no.
 * Returns:   0; UV_EALREADY (closing or closed); UV_EINVAL (NULL, or never
 *            opened). After an error cb is not called.
 * See:       uv_close; loopchan_close_handle
 */
LOOPCHAN_EXTERN int loopchan_close(loopchan_receiver_t *rx,
                                   loopchan_close_cb cb);

/**
 * Returns the loop receiver that a handle belongs to, for uv_walk.
 *
 * Thread:    the loop's.
 * Callback:  allowed.
 * Blocks:    no.
 * Allocates: no.
 * Returns:   the receiver whose handle this is, also while it is closing, and
 *            once it is closed, as long as its memory is unchanged; NULL for
 *            any other handle (that of another copy of the library, or of a
 *            receiver that was moved, included), and for NULL.
 * See:       loopchan_close_handle; uv_walk
 */
LOOPCHAN_EXTERN loopchan_receiver_t *loopchan_receiver_from_handle(
    const uv_handle_t *handle);

/**
 * Closes any handle: a receiver as loopchan_close does, a writer as
 * loopchan_writer_close does, any other as uv_close does.
 *
 * So a uv_walk callback that closes everything only has to call this instead of
 * uv_close. The loop calls cb (which may be NULL) later, as with uv_close. A
 * receiver or writer that is closing or closed already, or was moved while
 * open, is left alone, and cb is not called. NULL is ignored. For any other
 * handle the rules of uv_close hold; so it must not be closing already. A
 * receiver or writer of another copy of the library counts as any other handle,
 * and must not be passed: only its own copy can close it.
 *
 * Thread:    the loop's.
 * Callback:  allowed.
 * Message:   as loopchan_close. The handle must stay in place until the loop
 *            has called cb.
 * Blocks:    as loopchan_close, or not at all.
 * Allocates: no.
 * See:       uv_close, uv_walk; loopchan_close
 */
LOOPCHAN_EXTERN void loopchan_close_handle(uv_handle_t *handle, uv_close_cb cb);

/* ------------------------------------------------------------- observation */

/* A debug build of the library, one without NDEBUG, prints what happens in its
 * channels on stderr, a line for each event, if LOOPCHAN_TRACE is 1 in the
 * environment when the first channel is opened. Where the build found
 * <sys/sdt.h>, the same events are USDT probes, in release builds too: one nop
 * each, until bpftrace, perf or gdb attaches to it. See: examples/tracing */

/**
 * Reads a channel's statistics.
 *
 * A send that is in progress may or may not be counted. Reserved places, though
 * they take up capacity, are in none of the figures. From loopchan_close on,
 * also inside drop, the figures are those of the close, until rx is opened
 * again or its memory is freed. If no other receiver of the channel is open
 * then, they are the channel's final ones, with sent = received + dropped. (A
 * send into a LOOPCHAN_LATEST channel that overlaps the close may be missing
 * from both sides of that equation.)
 *
 * Thread:    the receiver's; with LOOPCHAN_SHARED any for a thread receiver.
 * Callback:  allowed in any callback of this loop.
 * Blocks:    no; takes the channel's mutex for a moment.
 * Allocates: no.
 * Returns:   0; UV_EINVAL (a NULL, or never opened), after which *stats is
 *            unchanged.
 * See:       loopchan_room
 */
LOOPCHAN_EXTERN int loopchan_stats(const loopchan_receiver_t *rx,
                                   loopchan_stats_t *stats);

/**
 * Replaces the memory functions of the library, as uv_replace_allocator does
 * for libuv. The two are independent of each other.
 *
 * The functions are called on any thread that is in a call of this library,
 * sometimes while it holds one of the library's mutexes, so they must not call
 * the library. At present only malloc_func and free_func are used. With the
 * default functions, large slabs on Linux are mapped from the system (see the
 * head of this file), which a preloaded malloc does not see; with other
 * functions all memory comes from them.
 *
 * Thread:    any, while no other call of this library is in progress. If
 *            several copies of the library share senders: before they do.
 * Callback:  allowed, but see UV_EBUSY.
 * Blocks:    no.
 * Allocates: no.
 * Returns:   0; UV_EINVAL (a NULL); UV_EBUSY (the library holds memory from the
 *            present functions: a channel, a sender or a writer is alive, or a
 *            handle's close callback has not been called). After an error the
 *            present functions stay.
 * See:       uv_replace_allocator
 */
LOOPCHAN_EXTERN int loopchan_replace_allocator(uv_malloc_func malloc_func,
                                               uv_realloc_func realloc_func,
                                               uv_calloc_func calloc_func,
                                               uv_free_func free_func);

/**
 * Returns LOOPCHAN_VERSION_HEX of the library in use: 0xMMmmpp.
 *
 * Thread:    any.
 * Signals:   safe.
 * Fork:      safe.
 */
LOOPCHAN_EXTERN unsigned loopchan_version(void);

/**
 * Returns the version as text, such as "1.1.0". The string is static: do not
 * free it.
 *
 * Thread:    any.
 * Signals:   safe.
 * Fork:      safe.
 */
LOOPCHAN_EXTERN const char *loopchan_version_string(void);

/* ------------------------------------------------------------------- types */

/* What LOOPCHAN_TYPED spells differently in C++, where compilers may warn about
 * C's casts and about NULL. */
#ifdef __cplusplus
#define LOOPCHAN_TYPED_CAST(T, pointer) static_cast<T>(pointer)
#define LOOPCHAN_TYPED_CALLBACK(T, callback) reinterpret_cast<T>(callback)
#define LOOPCHAN_TYPED_ZERO \
  {}
#define LOOPCHAN_TYPED_ASSERT static_assert
#define LOOPCHAN_TYPED_ALIGNOF alignof
#else
#define LOOPCHAN_TYPED_CAST(T, pointer) ((T) (pointer))
#define LOOPCHAN_TYPED_CALLBACK(T, callback) ((T) (callback))
#define LOOPCHAN_TYPED_ZERO \
  { 0 }
#if defined(__GNUC__)
#define LOOPCHAN_TYPED_ASSERT __extension__ _Static_assert
#else
#define LOOPCHAN_TYPED_ASSERT _Static_assert
#endif
#define LOOPCHAN_TYPED_ALIGNOF _Alignof
#endif

/* The strictest alignment of any object. C99 has no max_align_t, nor have
 * MSVC's headers in C, where it would be a double. With gcc for 32-bit Windows
 * it is stricter than what malloc there returns. */
#if defined(_MSC_VER) || (defined(_WIN32) && !defined(_WIN64))
#define LOOPCHAN_TYPED_MAX_ALIGN LOOPCHAN_TYPED_ALIGNOF(double)
#elif !defined(__cplusplus) && \
    (!defined(__STDC_VERSION__) || __STDC_VERSION__ < 201112L)
#define LOOPCHAN_TYPED_MAX_ALIGN LOOPCHAN_TYPED_ALIGNOF(long double)
#else
#define LOOPCHAN_TYPED_MAX_ALIGN LOOPCHAN_TYPED_ALIGNOF(max_align_t)
#endif

/**
 * Generates inline wrappers with typed messages, so that the compiler complains
 * about an int that is sent into a channel of struct job. C++ and newer C
 * compilers refuse it; older C compilers warn, unless
 * -Werror=incompatible-pointer-types makes that an error.
 *
 *   LOOPCHAN_TYPED(jobs, struct job);
 *
 * makes jobs_open, jobs_send, jobs_try_send, jobs_send_timeout, jobs_send_many,
 * jobs_reserve, jobs_commit, jobs_abandon, jobs_recv_start, jobs_try_recv,
 * jobs_recv, jobs_recv_timeout, jobs_recv_many, jobs_write, jobs_try_write and
 * the callback type jobs_recv_cb. Each does what its loopchan_ namesake does,
 * with struct job * for void *. jobs_open sets msg_size itself and accepts NULL
 * options. Receivers and senders are the ordinary ones: all other calls take
 * them as they are.
 *
 * A T that needs a stricter alignment than a message has (see loopchan_open)
 * does not compile: one that is aligned more strictly than max_align_t, or, by
 * a compiler extension, than its own size. Send a pointer to it instead.
 *
 * See:       examples/typed.c
 */
#define LOOPCHAN_TYPED(name, T)                                                \
  LOOPCHAN_TYPED_ASSERT(                                                       \
      LOOPCHAN_TYPED_ALIGNOF(T) <= LOOPCHAN_TYPED_MAX_ALIGN &&                 \
          sizeof(T) % LOOPCHAN_TYPED_ALIGNOF(T) == 0,                          \
      "T is aligned more strictly than a message: send a pointer to it");      \
  typedef void (*name##_recv_cb)(loopchan_receiver_t * rx_, int status_,       \
                                 T *msg_);                                     \
  LOOPCHAN_UNUSED static inline int name##_open(                               \
      uv_loop_t *loop_, loopchan_receiver_t *rx_, loopchan_sender_t **tx_,     \
      const loopchan_options_t *options_) {                                    \
    loopchan_options_t typed_ = LOOPCHAN_TYPED_ZERO;                           \
    if (options_)                                                              \
      typed_ = *options_;                                                      \
    typed_.msg_size = sizeof(T);                                               \
    return loopchan_open(loop_, rx_, tx_, &typed_);                            \
  }                                                                            \
  LOOPCHAN_UNUSED static inline int name##_send(loopchan_sender_t *tx_,        \
                                                T const *msg_) {               \
    return loopchan_send(tx_, msg_);                                           \
  }                                                                            \
  LOOPCHAN_UNUSED static inline int name##_try_send(loopchan_sender_t *tx_,    \
                                                    T const *msg_) {           \
    return loopchan_try_send(tx_, msg_);                                       \
  }                                                                            \
  LOOPCHAN_UNUSED static inline int name##_send_timeout(                       \
      loopchan_sender_t *tx_, T const *msg_, uint64_t timeout_ns_) {           \
    return loopchan_send_timeout(tx_, msg_, timeout_ns_);                      \
  }                                                                            \
  LOOPCHAN_UNUSED static inline ssize_t name##_send_many(                      \
      loopchan_sender_t *tx_, T const *msgs_, size_t count_) {                 \
    return loopchan_send_many(tx_, msgs_, count_);                             \
  }                                                                            \
  LOOPCHAN_UNUSED static inline int name##_reserve(loopchan_sender_t *tx_,     \
                                                   T **msg_) {                 \
    void *place_ = LOOPCHAN_TYPED_ZERO;                                        \
    int err_ = msg_ ? loopchan_reserve(tx_, &place_) : UV_EINVAL;              \
    if (err_ == 0)                                                             \
      *msg_ = LOOPCHAN_TYPED_CAST(T *, place_);                                \
    return err_;                                                               \
  }                                                                            \
  LOOPCHAN_UNUSED static inline int name##_commit(loopchan_sender_t *tx_,      \
                                                  T *msg_) {                   \
    return loopchan_commit(tx_, msg_);                                         \
  }                                                                            \
  LOOPCHAN_UNUSED static inline void name##_abandon(loopchan_sender_t *tx_,    \
                                                    T *msg_) {                 \
    loopchan_abandon(tx_, msg_);                                               \
  }                                                                            \
  LOOPCHAN_UNUSED static inline void name##_deliver(loopchan_receiver_t *rx_,  \
                                                    int status_, void *msg_) { \
    LOOPCHAN_TYPED_CALLBACK(name##_recv_cb, rx_->typed_cb)                     \
    (rx_, status_, LOOPCHAN_TYPED_CAST(T *, msg_));                            \
  }                                                                            \
  LOOPCHAN_UNUSED static inline int name##_recv_start(                         \
      loopchan_receiver_t *rx_, name##_recv_cb cb_) {                          \
    loopchan_recv_cb deliver_ = LOOPCHAN_TYPED_ZERO;                           \
    int err_;                                                                  \
    if (cb_)                                                                   \
      deliver_ = name##_deliver;                                               \
    err_ = loopchan_recv_start(rx_, deliver_);                                 \
    if (err_ == 0)                                                             \
      rx_->typed_cb = LOOPCHAN_TYPED_CALLBACK(void (*)(void), cb_);            \
    return err_;                                                               \
  }                                                                            \
  LOOPCHAN_UNUSED static inline int name##_try_recv(loopchan_receiver_t *rx_,  \
                                                    T *msg_) {                 \
    return loopchan_try_recv(rx_, msg_);                                       \
  }                                                                            \
  LOOPCHAN_UNUSED static inline int name##_recv(loopchan_receiver_t *rx_,      \
                                                T *msg_) {                     \
    return loopchan_recv(rx_, msg_);                                           \
  }                                                                            \
  LOOPCHAN_UNUSED static inline int name##_recv_timeout(                       \
      loopchan_receiver_t *rx_, T *msg_, uint64_t timeout_ns_) {               \
    return loopchan_recv_timeout(rx_, msg_, timeout_ns_);                      \
  }                                                                            \
  LOOPCHAN_UNUSED static inline ssize_t name##_recv_many(                      \
      loopchan_receiver_t *rx_, T *msgs_, size_t max_) {                       \
    return loopchan_recv_many(rx_, msgs_, max_);                               \
  }                                                                            \
  LOOPCHAN_UNUSED static inline int name##_write(                              \
      loopchan_write_t *req_, loopchan_writer_t *w_, T const *msg_,            \
      loopchan_write_cb cb_) {                                                 \
    return loopchan_write(req_, w_, msg_, cb_);                                \
  }                                                                            \
  LOOPCHAN_UNUSED static inline int name##_try_write(loopchan_writer_t *w_,    \
                                                     T const *msg_) {          \
    return loopchan_try_write(w_, msg_);                                       \
  }                                                                            \
  /* Lets a semicolon follow the macro. */                                     \
  struct name##_needs_a_semicolon

#ifdef __cplusplus
}
#endif

#endif /* LOOPCHAN_H */
