/* rendezvous: sending where nothing is stored.
 *
 * A send that may wait puts its message into the wait queue, where the receiver
 * matches it: it is received where it is, in the sender's slab, and the node is
 * free again when the send returns. A send that may not wait is accepted only
 * if a receiver waits, that is, if the inbox is PARKED; then it is pushed.
 */
#ifndef LC_RENDEZVOUS_H
#define LC_RENDEZVOUS_H

#include "core/tx.h"

/* Any thread. Sends one message, until the deadline. 0, UV_EPIPE, UV_EAGAIN,
 * UV_ETIMEDOUT, UV_ENOMEM; or what lc_tx_wait returned. */
LC_MUST_USE int lc_rendezvous_send(loopchan_sender_t *tx, lc_tx_cache_t *cache,
                                   const void *msg, uint64_t deadline_ns);

/* Any thread. Publishes the node that was allocated last, for a receiver that
 * waits. Refused: UV_EAGAIN or UV_EPIPE, and it is still the caller's. */
LC_MUST_USE int lc_rendezvous_publish(loopchan_sender_t *tx,
                                      lc_tx_cache_t *cache, lc_slab_t *slab,
                                      lc_link_t *node);

#endif /* LC_RENDEZVOUS_H */
