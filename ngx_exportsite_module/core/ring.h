/*
 * A queue of records in a fixed region of shared memory. One process owns it
 * and is both its writer and its reader; when it dies, however suddenly,
 * another adopts it and finds every record that was committed. Only offsets are
 * kept, so the region may lie at another address each time it is mapped.
 *
 * Records are contiguous, 8-byte aligned, with a head of 24 bytes each. `ends`
 * holds both ends of the queue, so one store publishes a record or gives some
 * back. Where a record does not fit before the end of the buffer, a mark is
 * left there and it goes to the start. When nothing remains the queue starts
 * over at offset 0, and an idle site touches only its first pages.
 *
 * Records that whoever they go to has acknowledged may be kept for a while, in
 * case he forgets them: they are "held".
 *
 * es_ring_used(), es_ring_count() and es_ring_waiting() may be called by any
 * process, all else by the owner only.
 */
#ifndef ES_RING_H
#define ES_RING_H

#include <stdatomic.h>

#include "es.h"


/* All but `producer`, which is the host's to read and set, is private. */
typedef struct {
    _Atomic uint64_t  ends;        /* head << 32 | tail; 0 when empty */
    uint64_t          producer;    /* whose sequence numbers these are */
    uint64_t          next_seq;
    uint64_t          released;    /* seq of the last record given back */
    uint64_t          acked;       /* seq of the last one acknowledged */
    uint32_t          size;        /* of the data, a multiple of 8 */
    uint32_t          place;       /* where the reserved record begins */
    _Atomic uint32_t  count;
    _Atomic uint32_t  held;        /* of count */
    char              data[];
} es_ring_t;

/*
 * A place between two records: behind the one numbered `seq`. It stays good
 * until the ring has another owner: if what lies before it is released, even
 * when the ring starts over, it goes on with the oldest record that remains.
 */
typedef struct {
    uint64_t          seq;
    uint32_t          offset;
} es_ring_cursor_t;

typedef struct {
    uint64_t          seq;
    uint64_t          at_ms;
    uint32_t          args;
    uint32_t          len;
    const char       *data;        /* in the ring, good until released */
} es_ring_record_t;


/* Bytes of memory that a ring of `size` data bytes takes. */
size_t es_ring_region(uint32_t size);

/*
 * Makes an empty ring in es_ring_region(size) bytes at r, aligned to 8. Numbers
 * begin at 1.
 */
void es_ring_init(es_ring_t *r, uint32_t size, uint64_t producer);

/*
 * Room for one record of at most max bytes, or NULL if there is none. Nothing
 * is taken until es_ring_commit(), which must be the next call that changes the
 * ring; a second reservation simply replaces the first.
 */
char *es_ring_reserve(es_ring_t *r, uint32_t max);

/*
 * Publishes the reserved record with its first len bytes, len at most what was
 * reserved; args is the host's. Returns its number: numbers only grow, over
 * adoptions too, and none is used twice, but a kill may leave a gap.
 */
uint64_t es_ring_commit(es_ring_t *r, uint32_t len, uint32_t args,
    uint64_t now_ms);

/* The place before the oldest record. */
es_ring_cursor_t es_ring_begin(const es_ring_t *r);

/* Gives the record behind the cursor and steps over it; false at the end. */
bool es_ring_next(const es_ring_t *r, es_ring_cursor_t *c,
    es_ring_record_t *rec);

/* Records up to the one numbered seq are acknowledged: n of them newly. */
void es_ring_acknowledge(es_ring_t *r, uint64_t seq, uint32_t n);

/*
 * Records up to the one numbered seq are done with, acknowledged or not;
 * earlier numbers are no-ops.
 */
void es_ring_release(es_ring_t *r, uint64_t seq);

/* The same with all before a cursor, which takes no walk over the records. */
void es_ring_release_to(es_ring_t *r, es_ring_cursor_t upto);

/*
 * To be called by a new owner, with the size given to es_ring_init(): checks
 * every record and counts anew. Returns false if the ring was damaged (a kill
 * never does that); it is then empty, and the host should give it a new
 * producer, as its numbers cannot be trusted.
 */
bool es_ring_adopt(es_ring_t *r, uint32_t size);

/* Bytes between the oldest and the newest record, heads and gaps included. */
uint32_t es_ring_used(const es_ring_t *r);

/* Records in it, held ones included. */
uint32_t es_ring_count(const es_ring_t *r);

/* Those that are not acknowledged. */
uint32_t es_ring_waiting(const es_ring_t *r);

#endif
