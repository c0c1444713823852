/*
 * Recording: which answers are views, and what is written of one, and of an
 * event that a page's script has sent.
 */
#ifndef NGX_EXPORTSITE_RECORD_H
#define NGX_EXPORTSITE_RECORD_H

#include "../core/beacon.h"
#include "visit.h"


/* What several events of one page have in common, and is costly to find out. */
typedef struct {
    ngx_str_t  segments;
    ngx_str_t  variants;
} ngx_exportsite_about_t;


/* The id of the view that this visit is, made on first use. */
ngx_str_t ngx_exportsite_event_id(ngx_exportsite_visit_t *visit);

/*
 * Called with the response's header, before nginx decides on 304, and again
 * behind all filters that change it: is this a view?
 */
ngx_uint_t ngx_exportsite_is_view(ngx_exportsite_visit_t *visit);

/*
 * May the request still become a recorded view? Before the response's header
 * that is a guess: the request is one of a page, and recording is on.
 */
ngx_uint_t ngx_exportsite_may_record(ngx_exportsite_visit_t *visit);

/* Once in a process. */
void ngx_exportsite_record_init(void);

/* In the log phase: queues the event of a view, if the request was one. */
void ngx_exportsite_record_view(ngx_http_request_t *r);

/* Are events recorded that this visitor's browser tells of? */
ngx_uint_t ngx_exportsite_may_record_event(ngx_exportsite_visit_t *visit);

/* The visitor's segments now, and the choices evaluated so far. */
void ngx_exportsite_record_about(ngx_exportsite_visit_t *visit,
    ngx_exportsite_about_t *about);

/*
 * Queues one event that the visitor's browser tells of; the visit is about its
 * page. Nobody gets a visitor's id by that.
 */
void ngx_exportsite_record_event(ngx_exportsite_visit_t *visit,
    const es_beacon_event_t *event, const ngx_exportsite_about_t *about);

#endif
