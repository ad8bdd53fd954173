/* handle: a receiver or a writer met as a libuv handle.
 *
 * Knows:   which handles are ours.
 * Threads: the loop's.
 * Promise: each handle is closed by the call that is meant for its kind.
 */
#include "api/receiver.h"
#include "api/writer.h"

loopchan_receiver_t *loopchan_receiver_from_handle(const uv_handle_t *handle) {
  return handle == NULL ? NULL : lc_loop_from_handle(handle);
}

void loopchan_close_handle(uv_handle_t *handle, uv_close_cb cb) {
  loopchan_receiver_t *rx = loopchan_receiver_from_handle(handle);
  loopchan_writer_t *w;

  if (handle == NULL)
    return;
  w = lc_writer_from_handle(handle);
  if (rx != NULL)
    (void) lc_receiver_close(rx, NULL, cb);
  else if (w != NULL)
    (void) lc_writer_close(w, NULL, cb);
  else
    uv_close(handle, cb);
}
