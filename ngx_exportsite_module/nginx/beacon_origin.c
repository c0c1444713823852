/*
 * Whose pages may send events to a collector, and what browsers are told of it.
 */
#include "compat.h"

#include "beacon_origin.h"
#include "headers.h"
#include "headers_out.h"


static ngx_str_t  ngx_exportsite_origin_name = ngx_string("origin");


static ngx_uint_t
ngx_exportsite_origin_headers(ngx_http_request_t *r)
{
    ngx_uint_t        i, n;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    n = 0;

    for (part = &r->headers_in.headers.part; part != NULL; part = part->next) {
        h = part->elts;

        for (i = 0; i < part->nelts; i++) {
            n += h[i].key.len == ngx_exportsite_origin_name.len
                 && ngx_strncasecmp(h[i].key.data,
                                    ngx_exportsite_origin_name.data,
                                    h[i].key.len)
                    == 0;
        }
    }

    return n;
}


/*
 * A browser tells the origin with every POST. A request without one is another
 * program's, which could claim any, unless a browser says it in its other way.
 */
ngx_exportsite_origin_e
ngx_exportsite_beacon_origin(ngx_http_request_t *r,
    ngx_exportsite_beacon_conf_t *conf, es_origin_t *origin)
{
    ngx_str_t        *value;
    ngx_uint_t        i;
    es_authority_t   *named = conf->origins.elts;
    static ngx_str_t  site = ngx_string("sec-fetch-site");

    if (ngx_exportsite_origin_headers(r) > 1) {
        return ngx_exportsite_origin_foreign;
    }

    value = ngx_exportsite_header(r, &ngx_exportsite_origin_name);

    if (value == NULL) {
        value = ngx_exportsite_header(r, &site);

        return (value != NULL && value->len == 10
                && ngx_strncmp(value->data, "cross-site", 10) == 0)
               ? ngx_exportsite_origin_foreign : ngx_exportsite_origin_own;
    }

    if (!es_origin_parse(ngx_exportsite_es(*value), origin)) {
        return ngx_exportsite_origin_foreign;
    }

    /* the request line may name another host than the header, and wins */

    if (r->headers_in.host != NULL
        && es_str_case_eq(origin->host, ngx_exportsite_es(r->headers_in.server))
        && es_origin_same(origin,
                          ngx_exportsite_es(r->headers_in.host->value)))
    {
        return ngx_exportsite_origin_own;
    }

    for (i = 0; i < conf->origins.nelts; i++) {
        if (es_origin_named(origin, &named[i])) {
            return ngx_exportsite_origin_named;
        }
    }

    return ngx_exportsite_origin_foreign;
}


ngx_int_t
ngx_exportsite_beacon_allow(ngx_http_request_t *r)
{
    ngx_str_t  *origin;

    origin = ngx_exportsite_header(r, &ngx_exportsite_origin_name);

    if (origin == NULL
        || !ngx_exportsite_header_add(r, "Access-Control-Allow-Origin", *origin)
        || !ngx_exportsite_header_text(r, "Access-Control-Allow-Credentials",
                                       "true")
        || !ngx_exportsite_header_text(r, "Vary", "Origin"))
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


ngx_int_t
ngx_exportsite_beacon_preflight(ngx_http_request_t *r)
{
    if (ngx_exportsite_beacon_allow(r) != NGX_OK
        || !ngx_exportsite_header_text(r, "Access-Control-Allow-Methods",
                                       "POST")
        || !ngx_exportsite_header_text(r, "Access-Control-Allow-Headers",
                                       "Content-Type")
        || !ngx_exportsite_header_text(r, "Access-Control-Max-Age", "86400"))
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}
