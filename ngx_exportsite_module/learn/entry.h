/*
 * An entry of the event stream, read strictly: whatever is in Redis, only what
 * docs/events.md describes becomes an event that is learned from.
 */
#ifndef ES_ENTRY_H
#define ES_ENTRY_H

#include "../core/event.h"


/* An entry's id as Redis gave it, "ms-seq" */
typedef struct {
    uint64_t  ms;
    uint64_t  seq;
} es_entry_id_t;

#define ES_ENTRY_ID_TEXT  44           /* room for one, terminated */

typedef enum {
    ES_ENTRY_VIEW,
    ES_ENTRY_CLICK,
    ES_ENTRY_DWELL,
    ES_ENTRY_SCROLL,
    ES_ENTRY_GOAL,
    ES_ENTRY_CRAWL,                /* a crawler's view: nobody's */
    ES_ENTRY_OTHER
} es_entry_kind_e;

/*
 * Why an entry is no event. The first four are asked of each field in turn, the
 * others of all of it when the last one was read.
 */
typedef enum {
    ES_ENTRY_GOOD,
    ES_ENTRY_UNKNOWN,              /* a field that is none of ours */
    ES_ENTRY_TWICE,                /* a field that stands there twice */
    ES_ENTRY_LONG,                 /* a value longer than its field may be */
    ES_ENTRY_TEXT,                 /* not UTF-8, or control characters */
    ES_ENTRY_MISSING,              /* no id, ts, or type */
    ES_ENTRY_FORM,                 /* an id, number, name that is none */
    ES_ENTRY_TIME,                 /* before 2000, or a day after its entry */
    ES_ENTRY_FAULTS
} es_entry_fault_e;

/*
 * More than this is not believed, so that no browser can ruin a sum: a billion
 * for a goal, in thousandths, and a day for a dwell.
 */
#define ES_ENTRY_WORTH_MAX  INT64_C(1000000000000)
#define ES_ENTRY_DWELL_MAX  UINT64_C(86400000)

/* Strings lie where the fields given to es_entry_read() do. */
typedef struct {
    es_entry_id_t    at;
    es_entry_kind_e  kind;
    uint64_t         ts;           /* ms since 1970 */
    uint64_t         ms;           /* of a dwell; else 0 */
    int64_t          worth;        /* of a goal, thousandths of its value */
    es_str_t         field[ES_EVENT_FIELDS];     /* len 0: not there */
} es_entry_t;


/* False if it is not digits "-" digits, both below 2^64. */
bool es_entry_id_parse(es_entry_id_t *id, es_str_t text);

/* Into buf of ES_ENTRY_ID_TEXT bytes; the text, which is terminated. */
es_str_t es_entry_id_format(char *buf, es_entry_id_t id);

/* Less than 0, 0 or more than 0, as memcmp(). */
int es_entry_id_compare(es_entry_id_t a, es_entry_id_t b);

/*
 * A decimal number of at most 32 bytes ("19.9", "-1e3"), in thousandths. It is
 * rounded half away from 0, and ES_ENTRY_WORTH_MAX at most, to either side.
 * False if it is none.
 */
bool es_entry_worth(es_str_t value, int64_t *worth);

/*
 * Reads the entry `at` with n strings, names and values in turn. An empty value
 * is as good as none. Where it is no event, *culprit is the field's name (else
 * empty); it may be any bytes, of any length.
 */
es_entry_fault_e es_entry_read(es_entry_t *entry, es_entry_id_t at,
    const es_str_t *strings, size_t n, es_str_t *culprit);

/* "unknown", "twice", ... for counters and messages */
const char *es_entry_fault_name(es_entry_fault_e fault);

/*
 * Whence a view came: its referrer, unless that is the site itself, as it is
 * when a visitor goes from page to page. Empty if there is none.
 */
es_str_t es_entry_referrer(const es_entry_t *entry);

/* Is it valid UTF-8 without control characters? */
bool es_entry_text(es_str_t text);

/*
 * The next of a list's parts between commas, from *rest on, which moves behind
 * it; false at the end. Empty ones are passed over.
 */
bool es_entry_list(es_str_t *rest, es_str_t *part);

#endif
