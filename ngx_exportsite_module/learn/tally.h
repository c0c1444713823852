/*
 * What a chunk of events adds to the counters. A set of counters is one
 * dimension of one day, "2026-11-22" by country; in it each value (DE) has its
 * metrics, and the visitors that were seen with it.
 *
 *     es_tally_sets() for the day of each event to come; the caller reads the
 *     marks of the sets that are there then, and puts them into `mark`;
 *     es_tally_event() for each event, in the order of their entries;
 *     the caller walks over es_tally_first(), and writes what has values.
 *
 * Each value of a set has at least an event. All time is in proportion to what
 * the entries hold, whatever they hold, and so is memory. It comes from the
 * pool, and ends with it.
 */
#ifndef ES_TALLY_H
#define ES_TALLY_H

#include "../core/siphash.h"
#include "state.h"


#define ES_TALLY_VALUE  200            /* bytes of a value, or of each page */

typedef enum {
    ES_DIMENSION_ALL,                  /* the one value "all" */
    ES_DIMENSION_COUNTRY,
    ES_DIMENSION_LANGUAGE,
    ES_DIMENSION_INDUSTRY,
    ES_DIMENSION_DEVICE,
    ES_DIMENSION_SEGMENT,
    ES_DIMENSION_CAMPAIGN,
    ES_DIMENSION_REFERRER,
    ES_DIMENSION_PAGE,
    ES_DIMENSION_TOPIC,
    ES_DIMENSION_CHOICE,               /* "hero=german" */
    ES_DIMENSION_TRANSITION,           /* "/a\t/b": events, views */
    ES_DIMENSION_TOGETHER,             /* sorted: events, visits */
    ES_DIMENSION_REJECTED,             /* "unknown", ...: events */
    ES_DIMENSIONS
} es_dimension_e;

typedef enum {
    ES_METRIC_EVENTS,
    ES_METRIC_VIEWS,
    ES_METRIC_VISITS,
    ES_METRIC_GOALS,
    ES_METRIC_CLICKS,
    ES_METRIC_DWELL,                   /* ms */
    ES_METRIC_WORTH,                   /* thousandths */
    ES_METRICS
} es_metric_e;

typedef struct es_tally_s  es_tally_t;
typedef struct es_tally_set_s  es_tally_set_t;
typedef struct es_tally_value_s  es_tally_value_t;
typedef struct es_tally_visitor_s  es_tally_visitor_t;

struct es_tally_visitor_s {
    es_str_t             id;
    es_tally_visitor_t  *next;
};

struct es_tally_value_s {
    es_str_t             value;
    int64_t              metrics[ES_METRICS];     /* as much as int64 holds */
    es_tally_visitor_t  *visitors;                /* each once */
    size_t               nvisitors;
    es_tally_value_t    *next;

    uint64_t             serial, told;            /* the tally's own */
};

struct es_tally_set_s {
    es_str_t             date;
    es_dimension_e       dimension;
    es_entry_id_t        mark;         /* events at or below it add nothing */
    es_str_t             marked;       /* the caller's own: its text */
    es_entry_id_t        upto;         /* the last that added, or 0-0 */
    es_tally_value_t    *values;       /* in the order of first appearance */
    size_t               nvalues;
    es_tally_set_t      *next;

    es_tally_value_t   **last;         /* the tally's own, as the next */
    uint64_t             serial;
};


/* The key is that of hash tables, by random. NULL: no memory. */
es_tally_t *es_tally_create(es_pool_t *pool,
    const uint8_t key[ES_SIPHASH_KEY]);

/*
 * Adds all sets of that day, with marks 0-0, if they are not there yet. False:
 * no memory, here and below; the tally is of no use then.
 */
bool es_tally_sets(es_tally_t *tally, es_str_t date);

/*
 * Adds one event to all sets of its day that it concerns. outcome is NULL for
 * an event without visitor; facts, too, where there are no topics. Strings of
 * all three must live as long as the tally. The values of an event are
 *   - of an identified visitor: the visit's campaign and referrer, and its id
 *     in every dimension but the last three,
 *   - of another: its own campaign, and its own referrer that is not the site,
 *   - all else its own; what it does not have is not counted there. What a list
 *     names twice is counted once.
 */
bool es_tally_event(es_tally_t *tally, const es_entry_t *entry,
    const es_state_outcome_t *outcome, const es_state_facts_t *facts,
    es_str_t date);

/* Adds an entry that was no event. */
bool es_tally_rejected(es_tally_t *tally, es_entry_id_t at,
    es_entry_fault_e fault, es_str_t date);

/* How many values that set has that has most. */
size_t es_tally_most(const es_tally_t *tally);

/* The sets in the order in which they came, by `next`; NULL if there is none */
es_tally_set_t *es_tally_first(const es_tally_t *tally);

/* "events", "country", ... as keys and fields in Redis have them */
const char *es_metric_name(es_metric_e metric);
const char *es_dimension_name(es_dimension_e dimension);

#endif
