/* slab: where messages are stored.
 *
 * A node is a link and a message, nothing else. Nodes are allocated one after
 * the other from a slab, and a slab comes back whole:
 *
 *   slab:   | head, retire link | node | node | node | ... | node |
 *                                 used ->        count nodes
 *
 *   pool ------- get ------> user (a sender, or one reserved place)
 *    ^  ^                     |        |
 *    |  +------- put ---------+        | when the last node is allocated, the
 *    |       (nodes left)              | retire link is pushed behind it
 *    |                                 v
 *    +------ recycle ---------- receiver, when it meets the retire link: by
 *                               then it has had every node of the slab
 *
 * A slab has one user at a time, so allocating a node takes no atomic
 * operation, and recycling costs nothing per message.
 *
 * [pool.hand]  A thread that gets a slab from the pool sees what its last user
 * did.
 *
 *   last user, receiver                     next user
 *   writes the slab's head and nodes
 *   (A) CAS slot: NULL -> slab   release    (B) swap slot: slab -> NULL acquire
 *   A slot is filled only when empty and emptied only whole, so a slab's
 *   address that comes back cannot be mistaken. Weaker: A or B relaxed -> two
 *   users allocate the same node (recycle_vs_send).
 *
 * [pool.orphan]  The thread that frees the pool sees the orphans.
 *
 *   sender whose push was refused           thread that frees the channel
 *   (C) CAS orphans: old -> slab            (D) load orphans
 *   relaxed, both: the sender leaves, and the last user comes after all that
 *   have left [channel.leave].
 */
#ifndef LC_SLAB_H
#define LC_SLAB_H

#include <stdalign.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/debug.h"
#include "base/atomic.h"
#include "queue/inbox.h"

/* Sizes in bytes. A sender's slabs double from the least to the most; with a
 * bound, up to as many messages as may wait, or as fit into the least if that
 * is more. A slab holds at least one message, and no part of one.
 *
 * A sender that is idle keeps its slab. So that many of them do not keep much,
 * all slabs that have a user share LC_KEPT_BYTES: each is no larger than what
 * is left, nor than a fair share, but never smaller than the least. The pool
 * keeps LC_POOL_BYTES at most, or one slab. */
#ifndef LC_SLAB_LEAST
#define LC_SLAB_LEAST 512
#define LC_SLAB_MOST 65536
#define LC_POOL_SLOTS 8
#endif
#define LC_POOL_BYTES ((size_t) LC_SLAB_MOST * 4)
#define LC_KEPT_BYTES ((size_t) LC_SLAB_MOST * 16)

/* What is aligned for any object. MSVC's C has no max_align_t; this is aligned
 * as the one that its C++ has. */
#if defined(_MSC_VER) && !defined(__clang__)
typedef double lc_max_align_t;
#else
typedef max_align_t lc_max_align_t;
#endif

typedef struct lc_slab {
  alignas(lc_max_align_t) lc_link_t retire; /* first: the slab's own address */
  size_t bytes;                             /* of the whole slab */
  uint32_t count, used;                     /* nodes, and how many allocated */
  struct lc_slab *next; /* among orphans, in the backlog, or to be recycled */
} lc_slab_t;

typedef struct {
  size_t stride;             /* from node to node */
  size_t offset;             /* from node to message */
  size_t most;               /* bytes of the largest slab to make */
  unsigned slots;            /* of the pool that are in use */
  bool single;               /* see lc_slab_pool_make_single */
  lc_atomic(size_t) largest; /* bytes of the largest slab made so far */
  lc_atomic(size_t) kept;    /* bytes of the slabs that have a user */
  lc_atomic(size_t) senders; /* among whom LC_KEPT_BYTES are shared */
  lc_atomic(lc_slab_t *) slot[LC_POOL_SLOTS];
  lc_atomic(lc_slab_t *) orphans;
} lc_slab_pool_t;

/* For a channel where no more than so many messages wait; SIZE_MAX: no bound.
 * False: msg_size is so large that a node would overflow. */
LC_MUST_USE bool lc_slab_pool_init(lc_slab_pool_t *pool, size_t msg_size,
                                   size_t bound);

/* From the start: each slab has one node, and as many as there are slots wait,
 * of whatever size. It goes from user to user without the pool, so the bytes
 * that users keep are not counted. */
void lc_slab_pool_make_single(lc_slab_pool_t *pool);

/* Frees every slab there and every orphan. Nobody else uses the pool. */
void lc_slab_pool_free(lc_slab_pool_t *pool);

/* Any thread. A slab with room that is the caller's alone. If one has to be
 * made, *bytes is its size at most, or 0 for one node's, and becomes that of
 * the next. NULL: out of memory. */
lc_slab_t *lc_slab_pool_get(lc_slab_pool_t *pool, size_t *bytes);

/* Any thread. A slab of so many bytes is full, and goes with its last node: its
 * user keeps it no more. */
void lc_slab_pool_spent(lc_slab_pool_t *pool, size_t bytes);

/* Any thread. Bytes of the slabs that have a user now. */
size_t lc_slab_pool_kept(const lc_slab_pool_t *pool);

/* Any thread. How many senders there are now. */
void lc_slab_pool_share(lc_slab_pool_t *pool, size_t senders);

/* Any thread. Twice the bytes of the largest slab that was made so far. */
size_t lc_slab_pool_larger(const lc_slab_pool_t *pool);

/* Any thread. Hands back a slab that has room. False: the pool is full and
 * nodes of the slab are under way, so its retire link must follow them. */
LC_MUST_USE bool lc_slab_pool_put(lc_slab_pool_t *pool, lc_slab_t *slab);

/* Receiver. Recycles a slab whose nodes it has all had. */
void lc_slab_pool_recycle(lc_slab_pool_t *pool, lc_slab_t *slab);

/* Any thread. Keeps a slab until lc_slab_pool_free: its retire link was
 * refused, so it is not known when the receiver is through with its nodes. */
void lc_slab_pool_orphan(lc_slab_pool_t *pool, lc_slab_t *slab);

static inline uint32_t lc_slab_left(const lc_slab_t *slab) {
  return slab->count - slab->used;
}

static inline bool lc_slab_is_full(const lc_slab_t *slab) {
  return lc_slab_left(slab) == 0;
}

static_assert(offsetof(lc_slab_t, retire) == 0, "a retire link is a slab's");

static inline lc_slab_t *lc_slab_of_retire(lc_link_t *retire) {
  return (lc_slab_t *) (void *) retire;
}

/* The slab's first node. Of a slab's links it is pushed first, if ever, and the
 * retire link last. */
static inline lc_link_t *lc_slab_first(lc_slab_t *slab) {
  return (lc_link_t *) (void *) (slab + 1);
}

static inline lc_slab_t *lc_slab_of_first(lc_link_t *node) {
  return (lc_slab_t *) (void *) node - 1;
}

/* Allocates the next node, not initialised. The slab's user only, and only if
 * it is not full. */
static inline lc_link_t *lc_slab_alloc_node(const lc_slab_pool_t *pool,
                                            lc_slab_t *slab) {
  char *node = (char *) slab + sizeof *slab + pool->stride * slab->used;

  lc_assert(!lc_slab_is_full(slab));
  slab->used++;
  lc_prefetch_write(node + LC_AHEAD);
  return (lc_link_t *) (void *) node;
}

/* The same of a slab that has one node and no other behind it. */
static inline lc_link_t *lc_slab_alloc_first(lc_slab_t *slab) {
  lc_assert(slab->used == 0);
  slab->used = 1;
  return lc_slab_first(slab);
}

/* An allocation fetches a line that will be written a little later, this the
 * others of a node that takes several: when a message is published, all that
 * was written of it has to be there. */
void lc_node_fetch_ahead(const lc_slab_pool_t *pool, const lc_link_t *node);

/* Gives back the node that was allocated last. */
static inline void lc_slab_undo_alloc(lc_slab_t *slab) {
  lc_assert(slab->used > 0);
  slab->used--;
}

static inline void *lc_node_message(const lc_slab_pool_t *pool,
                                    lc_link_t *node) {
  return (char *) node + pool->offset;
}

static inline lc_link_t *lc_node_of_message(const lc_slab_pool_t *pool,
                                            void *msg) {
  return (void *) ((char *) msg - pool->offset);
}

#endif /* LC_SLAB_H */
