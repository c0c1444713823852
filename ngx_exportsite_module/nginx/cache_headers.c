/*
 * What caches are told. All others have said what they have to say by now; here
 * it is corrected by what the answer depended on.
 */
#include "compat.h"

#include "../core/caching.h"
#include "cache_headers.h"
#include "depend.h"
#include "headers_out.h"
#include "worker.h"


static ngx_int_t ngx_exportsite_vary(ngx_http_request_t *r, uint64_t depends);
static ngx_int_t ngx_exportsite_private(ngx_http_request_t *r);


ngx_int_t
ngx_exportsite_cache_headers(ngx_http_request_t *r,
    ngx_exportsite_visit_t *visit)
{
    ngx_exportsite_loc_conf_t  *lcf;

    lcf = ngx_http_get_module_loc_conf(r, ngx_exportsite_module);

    if (visit->depends == 0 || !lcf->vary) {
        return NGX_OK;
    }

    if (ngx_exportsite_vary(r, visit->depends) != NGX_OK) {
        return NGX_ERROR;
    }

    return (visit->depends & NGX_EXPORTSITE_DEPEND_VISITOR)
           ? ngx_exportsite_private(r) : NGX_OK;
}


/*
 * Makes one line of all headers of a name: first, what they say, and more. add
 * is es_vary_add() or es_caching_add().
 */
static ngx_int_t
ngx_exportsite_header_merge(ngx_http_request_t *r, const char *name,
    size_t (*add)(char *list, size_t len, es_str_t value), es_str_t first,
    es_str_t *more, ngx_uint_t n)
{
    char                        *list;
    size_t                       len;
    ngx_str_t                    value;
    ngx_uint_t                   i;
    ngx_table_elt_t             *h, *line;
    ngx_exportsite_header_at_t   at;

    len = first.len;
    at = ngx_exportsite_header_walk(r, name);

    while ((h = ngx_exportsite_header_next(&at))) {
        len += es_caching_room(ngx_exportsite_es(h->value));
    }

    for (i = 0; i < n; i++) {
        len += es_caching_room(more[i]);
    }

    list = ngx_pnalloc(r->pool, len);
    if (list == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(list, first.data, first.len);

    len = first.len;
    line = NULL;
    at = ngx_exportsite_header_walk(r, name);

    while ((h = ngx_exportsite_header_next(&at))) {
        len = add(list, len, ngx_exportsite_es(h->value));

        if (line == NULL) {
            line = h;

        } else {
            h->hash = 0;
        }
    }

    for (i = 0; i < n; i++) {
        len = add(list, len, more[i]);
    }

    value = (ngx_str_t) { len, (u_char *) list };

    if (line == NULL) {
        return ngx_exportsite_header_add(r, name, value) ? NGX_OK : NGX_ERROR;
    }

    line->value = value;

    return NGX_OK;
}


static ngx_int_t
ngx_exportsite_vary(ngx_http_request_t *r, uint64_t depends)
{
    es_str_t     more[64];
    ngx_str_t   *header;
    ngx_uint_t   i, n;

    n = 0;

    for (i = 1; i < 64 && depends >> i; i++) {
        if (depends >> i & 1) {
            header = ngx_exportsite_depend_name(ngx_exportsite_worker.conf, i);
            more[n++] = ngx_exportsite_es(*header);
        }
    }

    if (n == 0) {
        return NGX_OK;
    }

#if (NGX_HTTP_GZIP)

    if (r->gzip_vary) {
        ngx_http_core_loc_conf_t  *clcf;

        clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

        if (clcf->gzip_vary) {
            /* else nginx would write a line of its own */
            r->gzip_vary = 0;
            more[n++] = es_str("Accept-Encoding");
        }
    }

#endif

    return ngx_exportsite_header_merge(r, "Vary", es_vary_add, es_str(""),
                                       more, n);
}


/* What some shared caches heed more than Cache-Control. */
static void
ngx_exportsite_targeted_remove(ngx_http_request_t *r)
{
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    for (part = &r->headers_out.headers.part; part; part = part->next) {
        h = part->elts;

        for (i = 0; i < part->nelts; i++) {
            if (es_caching_targeted(ngx_exportsite_es(h[i].key))) {
                h[i].hash = 0;
            }
        }
    }
}


static ngx_int_t
ngx_exportsite_private(ngx_http_request_t *r)
{
    unsigned                     flags;
    ngx_uint_t                   any;
    ngx_table_elt_t             *h;
    ngx_exportsite_header_at_t   at;

    ngx_exportsite_targeted_remove(r);

    any = 0;
    flags = 0;
    at = ngx_exportsite_header_walk(r, "Cache-Control");

    while ((h = ngx_exportsite_header_next(&at))) {
        any = 1;
        flags |= es_caching_flags(ngx_exportsite_es(h->value));
    }

    if (!any) {
        h = ngx_exportsite_header_text(r, "Cache-Control", "private");
        return h ? ngx_exportsite_cache_control(r, h) : NGX_ERROR;
    }

    if (flags == ES_CACHING_REFUSED) {
        return NGX_OK;
    }

    return ngx_exportsite_header_merge(r, "Cache-Control", es_caching_add,
                                       es_str("private"), NULL, 0);
}
