/*
 * Profiles: in the zone, else from Redis, asked once for all requests that want
 * the same visitor's.
 */
#ifndef NGX_EXPORTSITE_PROFILE_H
#define NGX_EXPORTSITE_PROFILE_H

#include "visit.h"
#include "zone.h"


/*
 * Loads the visit's profile: NGX_OK when it is there or known to be missing,
 * NGX_AGAIN when wait is set and Redis must be asked first; then the visit is
 * resumed, with whatever was found, after the configured time-out at the latest.
 */
ngx_int_t ngx_exportsite_profile_load(ngx_exportsite_visit_t *visit,
    ngx_uint_t wait);

/* A field by its number; empty where the profile has none. */
es_str_t ngx_exportsite_profile_field(ngx_exportsite_visit_t *visit,
    ngx_uint_t number);

/* The visit ends: it no longer waits. */
void ngx_exportsite_profile_detach(ngx_exportsite_visit_t *visit);

/* Redis can be asked: sends what had to wait for the connection. */
void ngx_exportsite_profile_connected(void);

/* This profile was changed in Redis. */
void ngx_exportsite_profile_changed(ngx_str_t *id);

/* Any profile may have been changed. */
void ngx_exportsite_profile_all_changed(void);

/* Room and use of the zone. */
void ngx_exportsite_profile_stats(es_cache_stats_t *stats);

#endif
