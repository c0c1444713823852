/*
 * Hash tables of a tally. Their memory is a pool's: a table that is full is
 * put into one of twice the size, and what the pool loses with the old ones is
 * less than the new one takes.
 */
#ifndef ES_TALLY_TABLE_H
#define ES_TALLY_TABLE_H

#include "../core/es.h"


typedef struct {
    uint64_t            hash;
    uint64_t            owner;
    void               *what;          /* NULL: free */
} es_tally_slot_t;

/* Empty when it is all zeros, but for these two */
typedef struct {
    es_pool_t          *pool;
    es_str_t          (*name)(const void *what);

    es_tally_slot_t    *slots;
    size_t              size, used;    /* less than half of them are */
} es_tally_table_t;


/*
 * The slot of what has that name, whose hash is given, among those of its
 * owner; or a free one, which es_tally_table_take() has to take before the next
 * is looked for. NULL: no memory.
 */
es_tally_slot_t *es_tally_table_find(es_tally_table_t *table, uint64_t hash,
    uint64_t owner, es_str_t name);

void es_tally_table_take(es_tally_table_t *table, es_tally_slot_t *slot,
    void *what);

#endif
