/*
 * JSON answers of the module's own endpoints.
 */
#ifndef NGX_EXPORTSITE_JSON_H
#define NGX_EXPORTSITE_JSON_H

#include <jansson.h>

#include "compat.h"


/* A number for json_pack()'s "I". */
#define ngx_exportsite_int(n)  ((json_int_t) (n))

/* A string of any bytes: what is not UTF-8 shows as "?". */
json_t *ngx_exportsite_json_text(es_str_t text);

static ngx_inline json_t *
ngx_exportsite_json_str(ngx_str_t s)
{
    return ngx_exportsite_json_text(ngx_exportsite_es(s));
}


/* Answers a request with root, whose reference it takes; root may be NULL. */
ngx_int_t ngx_exportsite_json_send(ngx_http_request_t *r, json_t *root);

#endif
