/*
 * The request headers of interest, found in one pass over all.
 */
#ifndef NGX_EXPORTSITE_HEADERS_H
#define NGX_EXPORTSITE_HEADERS_H

#include "visit.h"


/* The headers of interest of the visit's request. */
ngx_exportsite_headers_t *ngx_exportsite_headers(
    ngx_exportsite_visit_t *visit);

/* A request header by its name in any case; NULL if there is none. */
ngx_str_t *ngx_exportsite_header(ngx_http_request_t *r, ngx_str_t *name);

/* Whether a request may be of a page, as the browser says or by its path. */
ngx_uint_t ngx_exportsite_maybe_page(ngx_exportsite_visit_t *visit);

#endif
