/* copy: what a plug-in shows of the copy of the library that it has inside. */
#ifndef PROMISE_COPY_H
#define PROMISE_COPY_H

#include <loopchan.h>

typedef struct {
  __typeof__(loopchan_open) *open;
  __typeof__(loopchan_send) *send;
  __typeof__(loopchan_try_recv) *try_recv;
  __typeof__(loopchan_recv) *recv;
  __typeof__(loopchan_recv_timeout) *recv_timeout;
  __typeof__(loopchan_recv_start) *recv_start;
  __typeof__(loopchan_is_closed) *is_closed;
  __typeof__(loopchan_close) *close;
  __typeof__(loopchan_sender_drop) *sender_drop;
} copy_t;

/* The one name that such a plug-in has outside. */
#define COPY_NAME "plugin_copy"
extern const copy_t plugin_copy;

#endif /* PROMISE_COPY_H */
