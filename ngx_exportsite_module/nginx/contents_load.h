/*
 * The keeper's work on contents: what changes in Redis, into the zone.
 */
#ifndef NGX_EXPORTSITE_CONTENTS_LOAD_H
#define NGX_EXPORTSITE_CONTENTS_LOAD_H

#include "worker.h"


/* This one was changed; KEY is as it came from Redis. */
void ngx_exportsite_contents_load(ngx_str_t *key);

/*
 * All may have changed: those that the zone has are fetched again, and then
 * those that Redis has, as far as there is room.
 */
void ngx_exportsite_contents_load_all(void);

/* Fetches those that the zone has, in case that a change was not heard of. */
void ngx_exportsite_contents_refresh(void);

/* No connection, or no office, any more. */
void ngx_exportsite_contents_stop(void);

#endif
