/*
 * Lookups: one HMGET for all requests that want the same visitor's profile.
 */
#ifndef NGX_EXPORTSITE_LOOKUP_H
#define NGX_EXPORTSITE_LOOKUP_H

#include "profile.h"


/* Begins a lookup that nobody waits for, unless there is one already. */
void ngx_exportsite_lookup_begin(ngx_str_t *id, uint64_t hash);

/*
 * The same, and resume() is called with the visit when it is over or the time
 * for it is; NGX_DECLINED where it cannot begin.
 */
ngx_int_t ngx_exportsite_lookup_wait(ngx_exportsite_visit_t *visit,
    ngx_exportsite_resume_pt resume);

/* The visit no longer waits. */
void ngx_exportsite_lookup_detach(ngx_exportsite_visit_t *visit);

/*
 * A connection stands, or none could be made: sends what had to wait for it, or
 * lets it go.
 */
void ngx_exportsite_lookup_connected(void);

#endif
