/*
 * The body of a beacon, however nginx has kept it.
 */
#ifndef NGX_EXPORTSITE_BEACON_BODY_H
#define NGX_EXPORTSITE_BEACON_BODY_H

#include "compat.h"


/*
 * A body that was read, in one piece. NGX_DECLINED: it is longer than max;
 * NGX_ERROR: no memory, or its file cannot be read.
 */
ngx_int_t ngx_exportsite_beacon_body(ngx_http_request_t *r, size_t max,
    ngx_str_t *body);

#endif
