/*
 * Whose pages may send events to a collector, and what browsers are told of it.
 */
#ifndef NGX_EXPORTSITE_BEACON_ORIGIN_H
#define NGX_EXPORTSITE_BEACON_ORIGIN_H

#include "settings.h"
#include "../core/origin.h"


typedef enum {
    ngx_exportsite_origin_own = 0,
    ngx_exportsite_origin_named,                  /* by origin= */
    ngx_exportsite_origin_foreign
} ngx_exportsite_origin_e;


/* Whose page sends a request; origin is filled in for one that is named. */
ngx_exportsite_origin_e ngx_exportsite_beacon_origin(ngx_http_request_t *r,
    ngx_exportsite_beacon_conf_t *conf, es_origin_t *origin);

/*
 * The headers that let a script of a named origin read the answer, and those
 * for the question that its browser asks before (the Fetch standard's CORS
 * protocol).
 */
ngx_int_t ngx_exportsite_beacon_allow(ngx_http_request_t *r);
ngx_int_t ngx_exportsite_beacon_preflight(ngx_http_request_t *r);

#endif
