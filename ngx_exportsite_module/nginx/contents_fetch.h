/*
 * Contents of slots on their way from Redis into the zone.
 */
#ifndef NGX_EXPORTSITE_CONTENTS_FETCH_H
#define NGX_EXPORTSITE_CONTENTS_FETCH_H

#include "contents_zone.h"


/* Who wants a content. Each has places of its own, so that nobody starves. */
typedef enum {
    ngx_exportsite_fetch_used = 0,                /* a request, or nobody */
    ngx_exportsite_fetch_told,                    /* it was changed: waits */
    ngx_exportsite_fetch_many,                    /* if there is room for it */
    ngx_exportsite_fetch_kinds
} ngx_exportsite_fetch_e;


/* Fetches a content unless that is under way; NGX_DECLINED when not now. */
ngx_int_t ngx_exportsite_fetch(ngx_str_t *key, uint64_t id[2],
    ngx_exportsite_fetch_e kind);

/* Nothing waits, and there are places for many. */
ngx_uint_t ngx_exportsite_fetch_idle(void);

/* What is called, from the event loop, when that has become so. */
void ngx_exportsite_fetch_on_idle(void (*handler)(void));

/* Forgets those that wait. */
void ngx_exportsite_fetch_clear(void);

/* Could a content be fetched now that a request asks for? */
ngx_uint_t ngx_exportsite_fetch_ready(void);

#endif
