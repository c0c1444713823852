/*
 * The early filters. The header filter sees the response before nginx decides
 * on 304, and so knows its type: here a view is recognised, and gets the
 * cookie, and a page with slots its validators. The body filter sees it before
 * nginx reads files.
 */
#include "compat.h"

#include "headers_out.h"
#include "page.h"
#include "page_uri.h"
#include "record.h"
#include "visit.h"
#include "visitor.h"


static ngx_int_t ngx_exportsite_header_filter(ngx_http_request_t *r);
static ngx_int_t ngx_exportsite_server_timing(ngx_exportsite_visit_t *visit);
static ngx_int_t ngx_exportsite_body_filter(ngx_http_request_t *r,
    ngx_chain_t *in);
static ngx_int_t ngx_exportsite_header_filter_init(ngx_conf_t *cf);


static ngx_http_output_header_filter_pt  ngx_exportsite_next_header_filter;
static ngx_http_output_body_filter_pt    ngx_exportsite_next_body_filter;


static ngx_http_module_t  ngx_exportsite_header_filter_module_ctx = {
    NULL,                                  /* preconfiguration */
    ngx_exportsite_header_filter_init,     /* postconfiguration */

    NULL,                                  /* create main configuration */
    NULL,                                  /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    NULL,                                  /* create location configuration */
    NULL                                   /* merge location configuration */
};


ngx_module_t  ngx_exportsite_header_filter_module = {
    NGX_MODULE_V1,
    &ngx_exportsite_header_filter_module_ctx,   /* module context */
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
ngx_exportsite_header_filter(ngx_http_request_t *r)
{
    ngx_exportsite_visit_t  *visit;

    if (ngx_exportsite_page_header(r) != NGX_OK) {
        return NGX_ERROR;
    }

    if (r != r->main) {
        return ngx_exportsite_next_header_filter(r);
    }

    visit = ngx_exportsite_visit(r);

    if (visit != NULL && ngx_exportsite_is_view(visit)) {
        visit->view = 1;

        if (!visit->crawler
            && (ngx_exportsite_visitor_answer(visit) != NGX_OK
                || ngx_exportsite_server_timing(visit) != NGX_OK))
        {
            return NGX_ERROR;
        }
    }

    return ngx_exportsite_next_header_filter(r);
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
ngx_exportsite_body_filter(ngx_http_request_t *r, ngx_chain_t *in)
{
    ngx_int_t  rc;

    if (r == r->main) {
        ngx_exportsite_page_body(r, in);
        return ngx_exportsite_next_body_filter(r, in);
    }

    if (ngx_exportsite_capture_broken(r)) {
        return NGX_OK;
    }

    ngx_exportsite_page_body(r, in);

    rc = ngx_exportsite_next_body_filter(r, in);

    return rc == NGX_ERROR ? ngx_exportsite_capture_failed(r) : rc;
}


static ngx_int_t
ngx_exportsite_header_filter_init(ngx_conf_t *cf)
{
    if (!ngx_exportsite_used(cf)) {
        return NGX_OK;
    }

    ngx_exportsite_next_header_filter = ngx_http_top_header_filter;
    ngx_http_top_header_filter = ngx_exportsite_header_filter;

    ngx_exportsite_next_body_filter = ngx_http_top_body_filter;
    ngx_http_top_body_filter = ngx_exportsite_body_filter;

    return NGX_OK;
}
