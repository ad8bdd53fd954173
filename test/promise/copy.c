/* A plug-in with a copy of the library of its own, which is hidden in it. */
#include "promise/copy.h"

const copy_t plugin_copy = {
    loopchan_open,      loopchan_send,         loopchan_try_recv,
    loopchan_recv,      loopchan_recv_timeout, loopchan_recv_start,
    loopchan_is_closed, loopchan_close,        loopchan_sender_drop};
