/*
 * Recording: which answers are views, and what is written of one.
 */
#ifndef NGX_EXPORTSITE_RECORD_H
#define NGX_EXPORTSITE_RECORD_H

#include "visit.h"


/* The id of the view that this visit is, made on first use. */
ngx_str_t ngx_exportsite_event_id(ngx_exportsite_visit_t *visit);

/* Called with the response's header: is this a view? */
ngx_uint_t ngx_exportsite_is_view(ngx_exportsite_visit_t *visit);

/*
 * May the request still become a recorded view? Before the response's header
 * that is a guess: the request is one of a page, and recording is on.
 */
ngx_uint_t ngx_exportsite_may_record(ngx_exportsite_visit_t *visit);

/* Once in a process. */
void ngx_exportsite_record_init(void);

/* The handler of the log phase: queues the event of a view. */
ngx_int_t ngx_exportsite_record_handler(ngx_http_request_t *r);

#endif
