/*
 * What the files of a tally share and nobody else includes.
 */
#ifndef ES_TALLY_PARTS_H
#define ES_TALLY_PARTS_H

#include "tally.h"
#include "tally_table.h"


typedef struct {
    es_str_t             date;
    es_tally_set_t       sets[ES_DIMENSIONS];
} es_tally_day_t;

struct es_tally_s {
    es_pool_t           *pool;
    uint8_t              key[ES_SIPHASH_KEY];

    es_tally_table_t     days, values, visitors;
    es_tally_day_t      *day;          /* the one asked for last */
    es_tally_set_t      *first, **last;

    uint64_t             nsets, nvalues;
    size_t               most;         /* values of a set */
    uint64_t             nevents;      /* that were told, the current one too */
};

/* What an event adds to each value that it has */
typedef struct {
    es_entry_id_t        at;
    int64_t              metrics[ES_METRICS];
    es_str_t             visitor;      /* empty: none, or not counted */
    uint64_t             visitor_hash;
} es_tally_delta_t;


/* The sets of a day, which are added if need be; NULL: no memory. */
es_tally_day_t *es_tally_day(es_tally_t *tally, es_str_t date);

/*
 * Adds to a value of a set, once an event, unless the value is empty or the
 * event at or below the set's mark. The text is copied if it does not last.
 */
bool es_tally_put(es_tally_t *tally, es_tally_set_t *set, es_str_t text,
    bool copy, const es_tally_delta_t *delta);

#endif
