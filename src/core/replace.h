/* replace: sending where a message takes the place of the one that waits.
 *
 * Each slab has one node here, so a node that was replaced goes with its slab
 * to the sender that replaced it, which keeps it for its next message. No
 * retire link is ever pushed.
 */
#ifndef LC_REPLACE_H
#define LC_REPLACE_H

#include "core/tx.h"

/* Any thread. Sends one message. 0, UV_EPIPE, or UV_ENOMEM. */
LC_MUST_USE int lc_replace_send(loopchan_sender_t *tx, lc_tx_cache_t *cache,
                                const void *msg);

/* Any thread. Publishes a node, and counts. *replaced is the node of the
 * message that waited, or NULL; the caller drops it. UV_EPIPE: refused. */
LC_MUST_USE int lc_replace_put(loopchan_sender_t *tx, lc_tx_cache_t *cache,
                               lc_link_t *node, lc_link_t **replaced);

/* The same thread. Passes a message that was replaced to the user's drop
 * function, and keeps its slab. node may be NULL. */
void lc_replace_drop(loopchan_sender_t *tx, lc_tx_cache_t *cache,
                     lc_link_t *node);

/* Both: publishes a node, and drops the message that it replaced. */
LC_MUST_USE int lc_replace_publish(loopchan_sender_t *tx, lc_tx_cache_t *cache,
                                   lc_link_t *node);

/* Any thread. Publishes the last of count messages; the others are sent and
 * dropped. All or none: 0, UV_EPIPE, or UV_ENOMEM. */
LC_MUST_USE int lc_replace_publish_last(loopchan_sender_t *tx,
                                        lc_tx_cache_t *cache, const char *msgs,
                                        size_t count);

#endif /* LC_REPLACE_H */
