/*
 * Whose pages may send events to a collector, and what browsers are told of it.
 */
#include "compat.h"

#include "beacon_origin.h"
#include "headers.h"


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
    ngx_str_t        *origin;
    static ngx_str_t  name = ngx_string("Origin");
    static ngx_str_t  yes = ngx_string("true");

    origin = ngx_exportsite_header(r, &ngx_exportsite_origin_name);

    if (origin == NULL
        || ngx_exportsite_beacon_header(r, "Access-Control-Allow-Origin",
                                        *origin)
           != NGX_OK
        || ngx_exportsite_beacon_header(r, "Access-Control-Allow-Credentials",
                                        yes)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_exportsite_beacon_header(r, "Vary", name);
}


ngx_int_t
ngx_exportsite_beacon_preflight(ngx_http_request_t *r)
{
    static ngx_str_t  method = ngx_string("POST");
    static ngx_str_t  header = ngx_string("Content-Type");
    static ngx_str_t  day = ngx_string("86400");

    if (ngx_exportsite_beacon_allow(r) != NGX_OK
        || ngx_exportsite_beacon_header(r, "Access-Control-Allow-Methods",
                                        method)
           != NGX_OK
        || ngx_exportsite_beacon_header(r, "Access-Control-Allow-Headers",
                                        header)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_exportsite_beacon_header(r, "Access-Control-Max-Age", day);
}


ngx_int_t
ngx_exportsite_beacon_header(ngx_http_request_t *r, const char *name,
    ngx_str_t value)
{
    ngx_table_elt_t  *h;

    h = ngx_list_push(&r->headers_out.headers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    h->hash = 1;
    ngx_exportsite_header_unlink(h);
    h->key.len = ngx_strlen(name);
    h->key.data = (u_char *) name;
    h->value = value;

    return NGX_OK;
}
