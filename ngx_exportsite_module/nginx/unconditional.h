/*
 * What a client asks for on condition is asked of an upstream without one: its
 * answer would be about the page before its slots are filled.
 */
#ifndef NGX_EXPORTSITE_UNCONDITIONAL_H
#define NGX_EXPORTSITE_UNCONDITIONAL_H

#include "compat.h"


/*
 * Where the location of a GET or HEAD request has slots, takes Range, If-Range
 * and the conditions (If-None-Match and its kin) from the headers that are
 * passed on. nginx's own filters still see them, for what turns out to be no
 * page.
 */
void ngx_exportsite_unconditional(ngx_http_request_t *r);

#endif
