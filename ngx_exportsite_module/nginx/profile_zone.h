/*
 * The profiles in the zone, and the ids that Redis has no profile of.
 */
#ifndef NGX_EXPORTSITE_PROFILE_ZONE_H
#define NGX_EXPORTSITE_PROFILE_ZONE_H

#include "worker.h"


#define NGX_EXPORTSITE_PROFILE_FOUND    0x1
#define NGX_EXPORTSITE_PROFILE_UNKNOWN  0x2       /* Redis has none */
#define NGX_EXPORTSITE_PROFILE_STALE    0x4       /* to be read again, by us */


/* Of an id, for all that follows. */
uint64_t ngx_exportsite_profile_hash(ngx_str_t *id);

/*
 * Hints that a profile will be asked for: two steps, with some work between
 * them and before the question.
 */
void ngx_exportsite_profile_prefetch(uint64_t hash, ngx_uint_t step);

/*
 * Copies a profile into pool. FOUND or UNKNOWN, with STALE if it is old,
 * changed or from before a field was named, and nobody else is about to read
 * it; 0 if the zone knows nothing of the id.
 */
ngx_uint_t ngx_exportsite_profile_get(ngx_str_t *id, uint64_t hash,
    ngx_pool_t *pool, ngx_str_t *profile);

/*
 * Keeps what Redis answered; an empty one as unknown. fields is how many were
 * asked for, epoch what profile_epoch() said before.
 */
void ngx_exportsite_profile_put(ngx_str_t *id, uint64_t hash,
    ngx_str_t *profile, ngx_uint_t fields, uint32_t epoch);

/* Moves on when the profile is said to have changed (or one that shares it). */
uint32_t ngx_exportsite_profile_epoch(uint64_t hash);

/* This profile was changed in Redis. */
void ngx_exportsite_profile_changed(ngx_str_t *id);

/* Any profile may have been changed. */
void ngx_exportsite_profile_all_changed(void);

/* Room and use of the zone. */
void ngx_exportsite_profile_stats(es_cache_stats_t *stats);

#endif
