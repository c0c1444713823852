/*
 * A beacon: what a page's script tells of its visitor, one event or a list of
 * them, in JSON. All of it is good or none is taken.
 */
#ifndef ES_BEACON_H
#define ES_BEACON_H

#include "es.h"


#define ES_BEACON_MAX     8192    /* bytes of a body, as the caller bounds it */
#define ES_BEACON_EVENTS  32

/* What is not given is empty. */
typedef struct {
    es_str_t  type;               /* [a-z0-9_-]{1,32} */
    es_str_t  path;               /* decoded, without "?" and what follows */
    es_str_t  page;               /* 24 hex digits in small letters */
    es_str_t  label;              /* UTF-8 without NUL, of any length */
    es_str_t  value;              /* a number in 32 characters at most */
    uint64_t  ms;                 /* below 2^53 */
    bool      timed;              /* there is ms */
} es_beacon_event_t;

typedef struct {
    size_t             count;
    es_beacon_event_t  event[ES_BEACON_EVENTS];
    char               error[160];    /* one line, where it is not taken */
} es_beacon_t;

typedef enum {
    ES_BEACON_OK,
    ES_BEACON_BAD,                /* not what it must be, see error */
    ES_BEACON_MANY,               /* more than ES_BEACON_EVENTS */
    ES_BEACON_NO_MEMORY
} es_beacon_result_e;


/*
 * Reads a body: an object, or an array of objects, with the members type (which
 * must be there), path, page, label, value and ms. Anything else is an error: a
 * member that is unknown or there twice, a wrong type, a NUL. The strings lie
 * in memory of the pool. An error names the place by the event's number from 1;
 * what it repeats of the body is 32 printable characters at most.
 *
 * A path is percent-decoded; a "%" without two hex digits is itself. A value is
 * the shortest decimal that reads back as the same number, without exponent
 * where it is a whole number.
 *
 * While it works, the JSON library keeps memory of its own, in proportion to
 * the body's length.
 */
es_beacon_result_e es_beacon_parse(es_str_t body, es_pool_t *pool,
    es_beacon_t *beacon);

#endif
