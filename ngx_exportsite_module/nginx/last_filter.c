/*
 * The last filter: nothing but nginx' own framing comes after it. What was a
 * page when the early filter saw it may be a part of one by now, or something
 * made of it; a view gets the cookie only here.
 */
#include "compat.h"

#include "alternates.h"
#include "cache_headers.h"
#include "headers_out.h"
#include "record.h"
#include "visitor.h"


static ngx_int_t ngx_exportsite_last_filter(ngx_http_request_t *r);
static ngx_int_t ngx_exportsite_view_answer(ngx_exportsite_visit_t *visit);
static ngx_int_t ngx_exportsite_server_timing(ngx_exportsite_visit_t *visit);
static ngx_int_t ngx_exportsite_last_filter_init(ngx_conf_t *cf);


static ngx_http_output_header_filter_pt  ngx_exportsite_last_next_header;


static ngx_http_module_t  ngx_exportsite_last_filter_module_ctx = {
    NULL,                                  /* preconfiguration */
    ngx_exportsite_last_filter_init,       /* postconfiguration */

    NULL,                                  /* create main configuration */
    NULL,                                  /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    NULL,                                  /* create location configuration */
    NULL                                   /* merge location configuration */
};


ngx_module_t  ngx_exportsite_last_filter_module = {
    NGX_MODULE_V1,
    &ngx_exportsite_last_filter_module_ctx,     /* module context */
    NULL,                                  /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    NULL,                                  /* init module */
    NULL,                                  /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    NULL,                                  /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


static ngx_int_t
ngx_exportsite_last_filter(ngx_http_request_t *r)
{
    ngx_exportsite_visit_t  *visit;

    visit = r == r->main ? ngx_exportsite_visit(r) : NULL;

    if (visit != NULL
        && (ngx_exportsite_view_answer(visit) != NGX_OK
            || ngx_exportsite_alternates(r, visit) != NGX_OK
            || ngx_exportsite_cache_headers(r, visit) != NGX_OK))
    {
        return NGX_ERROR;
    }

    return ngx_exportsite_last_next_header(r);
}


static ngx_int_t
ngx_exportsite_view_answer(ngx_exportsite_visit_t *visit)
{
    if (visit->request->headers_out.status != NGX_HTTP_NOT_MODIFIED) {
        /* a 304 has lost its type; all else is what it says by now */
        visit->view = ngx_exportsite_is_view(visit);
    }

    if (!visit->view || visit->crawler) {
        return NGX_OK;
    }

    return ngx_exportsite_visitor_answer(visit) == NGX_OK
           ? ngx_exportsite_server_timing(visit) : NGX_ERROR;
}


/* Tells the page's script which view its events belong to. */
static ngx_int_t
ngx_exportsite_server_timing(ngx_exportsite_visit_t *visit)
{
    ngx_str_t                   id, timing;
    ngx_http_request_t         *r = visit->request;
    ngx_exportsite_loc_conf_t  *lcf;

    lcf = ngx_http_get_module_loc_conf(r, ngx_exportsite_module);

    if (!lcf->enable || lcf->script == NULL
        || lcf->script->uri.complex.value.len == 0
        || !ngx_exportsite_may_record(visit))
    {
        return NGX_OK;
    }

    timing.data = ngx_pnalloc(r->pool, sizeof("es;desc=\"\"") - 1
                                       + NGX_EXPORTSITE_EVENT_ID_LEN);
    if (timing.data == NULL) {
        return NGX_ERROR;
    }

    id = ngx_exportsite_event_id(visit);
    timing.len = ngx_sprintf(timing.data, "es;desc=\"%V\"", &id) - timing.data;

    return ngx_exportsite_header_add(r, "Server-Timing", timing)
           ? NGX_OK : NGX_ERROR;
}


static ngx_int_t
ngx_exportsite_last_filter_init(ngx_conf_t *cf)
{
    if (!ngx_exportsite_used(cf)) {
        return NGX_OK;
    }

    ngx_exportsite_last_next_header = ngx_http_top_header_filter;
    ngx_http_top_header_filter = ngx_exportsite_last_filter;

    return NGX_OK;
}
