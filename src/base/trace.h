/* trace: the events of a channel's life, for an observer.
 *
 * Each is a USDT probe of the provider loopchan, where <sys/sdt.h> was found:
 * one nop in the code, and a note beside it that says where its two arguments
 * are. A tracer replaces the nop with its own instruction while it is attached.
 * In builds without NDEBUG each is a line on stderr too, if LOOPCHAN_TRACE is 1
 * in the environment when the first one happens. Otherwise it expands to
 * nothing.
 *
 *   event        what it is about    when
 *   -----------  ------------------  ------------------------------------------
 *   open                             the core is there
 *   sender_new   the sender          loopchan_open's, or a clone
 *   send         the message's node  written, and about to be published, or to
 *                                    wait for that; it may still be refused
 *   wake                             before a debt to the receiver is paid
 *   park                             the next send owes a wake
 *   deliver      the message's node  before the user gets it
 *   eof                              before the user gets UV_EOF
 *   shutdown                         begins
 *   close                            begins
 *   drop         the message's node  before options.drop, if there is one
 *   closed                           before the close callback
 *   sender_drop  the sender          it is no longer in use
 *   free                             the last user has left
 *
 * A node belongs to one message from its send to its deliver or drop: the two
 * events with the same node belong together. So send must come before the
 * message is published: after that it may be delivered, and its node belong to
 * another. (Of a loopchan_send_many with LOOPCHAN_LATEST and no drop, only the
 * last message has a node.)
 */
#ifndef LC_TRACE_H
#define LC_TRACE_H

/* The explorer observes its programs itself. */
#if defined(LC_PROBES) && !defined(LC_EXPLORE)
#include <sys/sdt.h>
#define LC_PROBE(event, channel, what) \
  DTRACE_PROBE2(loopchan, event, channel, what)
#else
#define LC_PROBE(event, channel, what) ((void) 0)
#endif

#if !defined(NDEBUG) && !defined(LC_EXPLORE)
#define LC_TRACE_LINES
void lc_trace_line(const char *event, const void *channel, const void *what);
#else
#define lc_trace_line(event, channel, what) ((void) 0)
#endif

/* The core's address tells channels apart. what is NULL for events that are
 * about nothing but the channel. */
#define lc_trace(event, channel, what)    \
  do {                                    \
    LC_PROBE(event, channel, what);       \
    lc_trace_line(#event, channel, what); \
  } while (0)

#endif /* LC_TRACE_H */
