/* What caches are told: the header fields Vary and Cache-Control as lists. */
#ifndef ES_CACHING_H
#define ES_CACHING_H

#include "es.h"


/* What a Cache-Control value says to caches that many visitors share. */
#define ES_CACHING_REFUSED  0x1     /* no-store, or private as a whole */
#define ES_CACHING_INVITED  0x2     /* public or s-maxage */

/* The room that one list added to another may take beyond its own length. */
#define es_caching_room(value)  (2 * (value).len + 2)

/*
 * Adds to a Vary list of len bytes those members of value that it does not have
 * yet, case ignored (RFC 9110, 12.5.5); "*" is a member like others. The list
 * has es_caching_room(value) bytes left. Returns its new length.
 */
size_t es_vary_add(char *list, size_t len, es_str_t value);

/* ES_CACHING_… flags of a Cache-Control value (RFC 9111, 5.2.2). */
unsigned es_caching_flags(es_str_t value);

/*
 * Adds to a Cache-Control list of len bytes the directives of value, none of
 * public, s-maxage and private: the list has begun with the latter. Room and
 * result as above.
 */
size_t es_caching_add(char *list, size_t len, es_str_t value);

/*
 * Whether a header of this name is Cache-Control for some caches only, and over
 * it there: one that ends in -Cache-Control (RFC 9213), or Surrogate-Control.
 */
bool es_caching_targeted(es_str_t name);

#endif
