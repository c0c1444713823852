/*
 * The response's headers: one added, and all of a name found.
 */
#ifndef NGX_EXPORTSITE_HEADERS_OUT_H
#define NGX_EXPORTSITE_HEADERS_OUT_H

#include "compat.h"


/* A walk over the response headers of a name. */
typedef struct {
    es_str_t           name;
    ngx_list_part_t   *part;
    ngx_uint_t         i;
} ngx_exportsite_header_at_t;


/*
 * Adds a header, and returns it; NULL without memory. Name (terminated) and
 * value are kept as they are.
 */
ngx_table_elt_t *ngx_exportsite_header_add(ngx_http_request_t *r,
    const char *name, ngx_str_t value);

/* The same for a text. */
ngx_table_elt_t *ngx_exportsite_header_text(ngx_http_request_t *r,
    const char *name, const char *text);

/* Begins a walk; the name (terminated), whose case is ignored, is kept. */
ngx_exportsite_header_at_t ngx_exportsite_header_walk(ngx_http_request_t *r,
    const char *name);

/* The next header of the name; NULL at the end. */
ngx_table_elt_t *ngx_exportsite_header_next(ngx_exportsite_header_at_t *at);

#endif
