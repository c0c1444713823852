/*
 * What caches are told: Vary and Cache-Control.
 */
#ifndef NGX_EXPORTSITE_CACHE_HEADERS_H
#define NGX_EXPORTSITE_CACHE_HEADERS_H

#include "visit.h"


/*
 * When the response's header is as all others have made it: corrects Vary and
 * Cache-Control by what the answer depended on until now. NGX_ERROR without
 * memory.
 */
ngx_int_t ngx_exportsite_cache_headers(ngx_http_request_t *r,
    ngx_exportsite_visit_t *visit);

#endif
