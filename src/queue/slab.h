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
 * The pool is a stack. A thread that gets a slab takes the whole stack, and
 * puts back what it does not want; others find it empty meanwhile, and make
 * slabs.
 *
 * [pool.hand]  A thread that gets a slab from the pool sees what its last user
 * did.
 *
 *   last user, receiver                     next user
 *   writes the slab's head and nodes
 *   (A) CAS top: old -> slab     release    (B) swap top: old -> NULL  acquire
 *                                           (C) CAS top: NULL -> rest  release
 *   The stack is taken only whole, so a slab's address that comes back cannot
 *   be mistaken. Weaker: A or B relaxed -> two users allocate the same node
 *   (recycle_vs_send); C relaxed -> the next user finds a stack that is not
 *   linked yet, if C had to link two (put_vs_get).
 *
 * While messages pile up, slabs are parts of blocks: a new block waits in the
 * pool as one large slab, from which users cut what they need. Its pages come
 * and go together. A slab that cannot be freed because another thread uses the
 * blocks waits in the pool.
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
#include <loopchan.h>

#include "base/atomic.h"
#include "base/debug.h"
#include "queue/block.h"
#include "queue/inbox.h"

/* Sizes in bytes. A sender's slabs double in size, from the least to the most.
 * With a bound, a slab holds no more messages than may wait, or than fit into
 * the least, if that is more. It holds at least one message, and only whole
 * ones.
 *
 * A sender that is idle keeps its slab. So that many idle senders do not keep
 * much memory, all slabs that have a user share LC_KEPT_BYTES: each is no
 * larger than what is left, nor than a fair share, but never smaller than the
 * least, or one message.
 *
 * The pool keeps a few slabs of the largest size, LC_POOL_BYTES at most, or one
 * slab. While messages flow it keeps the bytes of LC_FLOOD_MESSAGES, or what is
 * nearest to that from LC_FLOOD_LEAST to LC_FLOOD_MOST, as new pages can cost
 * more than all else that is done for a message. What is more than the few
 * is freed while the receiver has nothing to do, and when half of that much
 * has come back since a slab was asked for; and what no user has needed for
 * LC_PERIOD_MS, though messages flow.
 *
 * Once the slabs that have no user take half of LC_BLOCK_BYTES, the next ones
 * are parts of blocks of that size, until the pool is down to the few. A
 * block is freed with the last of its slabs, so an idle sender's slab may keep
 * a block; but the pages of the others go when the pool is trimmed. (Not while
 * messages flow: that breaks huge pages, of which there are fewer then.)
 * Measured with four senders to a loop, 4096 bytes, ns per message: 500;
 * without blocks 3600; with pages given back at once 2600 to 4800. And with
 * LC_FLOOD_LEAST for all sizes: 1024 bytes 222, not 81; 8 and 64 bytes the
 * same. */
#ifndef LC_SLAB_LEAST
#define LC_SLAB_LEAST 512
#define LC_SLAB_MOST 65536
#define LC_POOL_SLABS 8
#define LC_SINGLE_SLABS 64
#endif
#define LC_PERIOD_MS 50
#define LC_POOL_BYTES ((size_t) LC_SLAB_MOST * 4)
#define LC_FLOOD_MESSAGES (LC_SLAB_MOST / 2)
#define LC_FLOOD_LEAST ((size_t) LC_SLAB_MOST * 64)
#define LC_FLOOD_MOST ((size_t) LC_SLAB_MOST * 256)
#define LC_KEPT_BYTES ((size_t) LC_SLAB_MOST * 16)

typedef struct lc_slab {
  alignas(LOOPCHAN_TYPED_MAX_ALIGN)
      lc_link_t retire; /* first: the slab's own address */
  size_t bytes;         /* of the whole slab */
  uint16_t count, used; /* nodes it has; nodes allocated */
  uint32_t offset;      /* in its block, in bytes; 0: it is in none */
  struct lc_slab *next; /* in the pool, among orphans, in the backlog, or to be
                           recycled */
} lc_slab_t;

typedef struct {
  size_t stride;             /* from node to node */
  size_t most;               /* bytes of the largest slab to make */
  uint16_t offset;           /* from node to message */
  uint8_t few;               /* slabs that it keeps at all times */
  bool single;               /* see lc_slab_pool_make_single */
  bool cuts_blocks;          /* slabs may be parts of blocks */
  lc_atomic(bool) flooded;   /* and the next ones are */
  lc_atomic(size_t) largest; /* bytes of the largest slab made so far */
  lc_atomic(size_t) made;    /* bytes of the slabs that there are */
  lc_atomic(size_t) kept;    /* bytes of the slabs that have a user */
  lc_atomic(size_t) senders; /* among whom LC_KEPT_BYTES are shared */
  lc_atomic(size_t) waiting; /* bytes of the slabs in the stack */
  lc_atomic(size_t) unasked; /* bytes that came back since a slab was got */
  lc_atomic(unsigned) empty_looks; /* since then, of receivers */
  lc_atomic(unsigned) period;      /* when this period of LC_PERIOD_MS began */
  lc_atomic(size_t) unneeded;      /* the least bytes that waited since then */
  lc_blocks_t blocks;
  lc_atomic(lc_slab_t *) top; /* of the stack */
  lc_atomic(lc_slab_t *) orphans;
} lc_slab_pool_t;

/* bound: how many messages may wait on the channel; SIZE_MAX: no bound.
 * False: msg_size is so large that a node would overflow. */
LC_MUST_USE bool lc_slab_pool_init(lc_slab_pool_t *pool, size_t msg_size,
                                   size_t bound);

/* Right after the init: each slab has one node, and LC_SINGLE_SLABS of them may
 * wait, whatever the size: as many threads may send at once, and nothing is
 * allocated once each has had a slab. A slab goes from user to user without the
 * pool, so the bytes that users keep are not counted. */
void lc_slab_pool_make_single(lc_slab_pool_t *pool);

/* Frees every slab in the pool and every orphan. No other thread uses the
 * pool. */
void lc_slab_pool_free(lc_slab_pool_t *pool);

/* Any thread. A slab with room that is the caller's alone. If one has to be
 * made, *bytes is its size at most, or 0 for one node's; that of the next is
 * raised to twice the size of what was got. NULL: out of memory. */
lc_slab_t *lc_slab_pool_get(lc_slab_pool_t *pool, size_t *bytes);

/* Any thread. A slab of this size is full, and goes with its last node: its
 * user no longer keeps it. */
void lc_slab_pool_spent(lc_slab_pool_t *pool, size_t bytes);

/* Any thread. Bytes of the slabs that have a user now. */
size_t lc_slab_pool_kept(const lc_slab_pool_t *pool);

/* Any thread. How many senders there are now. */
void lc_slab_pool_set_senders(lc_slab_pool_t *pool, size_t senders);

/* Any thread. Hands back a slab that has room. False: the pool is full, and
 * nodes of the slab may not be received yet, so its retire link must follow
 * them. */
LC_MUST_USE bool lc_slab_pool_put(lc_slab_pool_t *pool, lc_slab_t *slab);

/* The most bytes that wait in the pool while messages flow. */
size_t lc_slab_pool_most(const lc_slab_pool_t *pool);

/* Receiver. Takes back a slab whose nodes it has all received. */
void lc_slab_pool_recycle(lc_slab_pool_t *pool, lc_slab_t *slab);

/* Any thread. Whether messages have piled up, since the pool was trimmed. */
bool lc_slab_pool_is_flooded(const lc_slab_pool_t *pool);

/* Any thread. A count, which begins again when a slab is got: how often a
 * receiver has found no message. A hint. */
unsigned lc_slab_pool_empty_looks(const lc_slab_pool_t *pool);
void lc_slab_pool_set_empty_looks(lc_slab_pool_t *pool, unsigned looks);

/* Any thread, after each empty look: frees, a few at a time, slabs that no
 * user has needed in a period that is over. */
void lc_slab_pool_trim_unneeded(lc_slab_pool_t *pool);

/* Any thread. Frees a few slabs that are kept only while messages flow, or some
 * pages of a block. False: there is nothing to free. */
bool lc_slab_pool_trim(lc_slab_pool_t *pool);

/* Any thread. Keeps a slab until lc_slab_pool_free: its retire link was
 * refused, so there is no sign when the receiver has finished with its
 * nodes. */
void lc_slab_pool_orphan(lc_slab_pool_t *pool, lc_slab_t *slab);

static inline uint32_t lc_slab_left(const lc_slab_t *slab) {
  return (uint32_t) (slab->count - slab->used);
}

static inline bool lc_slab_is_full(const lc_slab_t *slab) {
  return lc_slab_left(slab) == 0;
}

static_assert(offsetof(lc_slab_t, retire) == 0, "a retire link is a slab's");
static_assert(LC_BLOCK_HEAD % alignof(lc_slab_t) == 0 &&
                  LC_CACHE_LINE % alignof(lc_slab_t) == 0,
              "slabs cut from a block are aligned");

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

/* Allocates the next node, uninitialised. The slab's user only, and only if it
 * is not full. */
static inline lc_link_t *lc_slab_alloc_node(const lc_slab_pool_t *pool,
                                            lc_slab_t *slab) {
  char *node = (char *) slab + sizeof *slab + pool->stride * slab->used;

  lc_assert(!lc_slab_is_full(slab));
  slab->used++;
  lc_prefetch_write(node + LC_AHEAD);
  return (lc_link_t *) (void *) node;
}

/* The same for a slab that has only one node. */
static inline lc_link_t *lc_slab_alloc_first(lc_slab_t *slab) {
  lc_assert(slab->used == 0);
  slab->used = 1;
  return lc_slab_first(slab);
}

/* Allocating a node prefetches a cache line that will be written a little
 * later. Of a node that takes several lines, this prefetches the others:
 * publishing a message waits for all its writes. */
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
