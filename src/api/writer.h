/* writer: the sending half on a loop. */
#ifndef LC_WRITER_H
#define LC_WRITER_H

#include "core/tx.h"

/* NULL: some other handle. */
loopchan_writer_t *lc_writer_from_handle(uv_handle_t *handle);

/* loopchan_writer_close, with either kind of callback, or none. */
int lc_writer_close(loopchan_writer_t *w, loopchan_writer_cb cb,
                    uv_close_cb handle_cb);

#endif /* LC_WRITER_H */
