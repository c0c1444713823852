/*
 * The nginx headers, and the one place where nginx versions differ: 1.23 turned
 * repeated headers from arrays into lists.
 */
#ifndef NGX_EXPORTSITE_COMPAT_H
#define NGX_EXPORTSITE_COMPAT_H

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "../core/es.h"


static ngx_inline es_str_t
ngx_exportsite_es(ngx_str_t s)
{
    return (es_str_t) { s.len, (const char *) s.data };
}


static ngx_inline ngx_str_t
ngx_exportsite_ngx(es_str_t s)
{
    return (ngx_str_t) { s.len, (u_char *) s.data };
}


/* The n-th Cookie header of a request, NULL after the last. */
static ngx_inline ngx_table_elt_t *
ngx_exportsite_cookie_header(ngx_http_request_t *r, ngx_uint_t n)
{
#if (nginx_version >= 1023000)
    ngx_table_elt_t  *h;

    for (h = r->headers_in.cookie; h != NULL && n > 0; h = h->next) {
        n--;
    }

    return h;
#else
    ngx_table_elt_t  **h = r->headers_in.cookies.elts;

    return n < r->headers_in.cookies.nelts ? h[n] : NULL;
#endif
}


/* A response header's list link, which newer versions want cleared. */
static ngx_inline void
ngx_exportsite_header_unlink(ngx_table_elt_t *h)
{
#if (nginx_version >= 1023000)
    h->next = NULL;
#else
    (void) h;
#endif
}


/* A Cache-Control header that was added, where its variable looks for it. */
static ngx_inline ngx_int_t
ngx_exportsite_cache_control(ngx_http_request_t *r, ngx_table_elt_t *h)
{
#if (nginx_version >= 1023000)
    r->headers_out.cache_control = h;
#else
    ngx_array_t       *known = &r->headers_out.cache_control;
    ngx_table_elt_t  **place;

    if (known->elts == NULL
        && ngx_array_init(known, r->pool, 1, sizeof(ngx_table_elt_t *))
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    place = ngx_array_push(known);
    if (place == NULL) {
        return NGX_ERROR;
    }

    *place = h;
#endif

    return NGX_OK;
}

#endif
