/*
 * The late filter: it sees the page decoded, and before all that would put
 * other text in.
 */
#include "compat.h"

#include "page_out.h"
#include "page_plan.h"
#include "page_read.h"
#include "page_uri.h"
#include "worker.h"


static ngx_int_t ngx_exportsite_page_header_filter(ngx_http_request_t *r);
static ngx_int_t ngx_exportsite_page_body_filter(ngx_http_request_t *r,
    ngx_chain_t *in);
static ngx_int_t ngx_exportsite_page_filter_init(ngx_conf_t *cf);


static ngx_http_module_t  ngx_exportsite_page_filter_module_ctx = {
    NULL,                                  /* preconfiguration */
    ngx_exportsite_page_filter_init,       /* postconfiguration */

    NULL,                                  /* create main configuration */
    NULL,                                  /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    NULL,                                  /* create location configuration */
    NULL                                   /* merge location configuration */
};


ngx_module_t  ngx_exportsite_page_filter_module = {
    NGX_MODULE_V1,
    &ngx_exportsite_page_filter_module_ctx,     /* module context */
    NULL,                                  /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    NULL,                                  /* init module */
    ngx_exportsite_plan_init,              /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    ngx_exportsite_plan_exit,              /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


/* A page that is still compressed: says once what would help. */
static void
ngx_exportsite_page_compressed(ngx_http_request_t *r)
{
    static ngx_uint_t  logged;

    ngx_exportsite_count(slots_passed_compressed);

    if (logged) {
        return;
    }

    logged = 1;

    ngx_log_error(NGX_LOG_WARN, ngx_exportsite_worker.log, 0,
                  "exportsite: a page came with Content-Encoding \"%V\", its "
                  "slots are not filled: add \"gunzip on;\" for gzip, or "
                  "\"proxy_set_header Accept-Encoding '';\" (logged once)",
                  &r->headers_out.content_encoding->value);
}


static ngx_int_t
ngx_exportsite_page_header_filter(ngx_http_request_t *r)
{
    ngx_exportsite_page_t     *page;
    ngx_exportsite_capture_t  *capture;

    capture = ngx_exportsite_capture(r);

    if (capture != NULL) {
        ngx_exportsite_capture_header(r, capture);
        return ngx_exportsite_page_next_header(r);
    }

    page = ngx_exportsite_page(r);

    if (page == NULL) {
        return ngx_exportsite_page_next_header(r);
    }

#if (NGX_HTTP_GZIP)

    if (page->encoded) {
        r->gzip_tested = page->gzip_tested;
        r->gzip_ok = page->gzip_ok;
    }

#endif

    if (r->headers_out.status != NGX_HTTP_OK) {
        /* 304, or another filter said no */
        ngx_http_set_ctx(r, NULL, ngx_exportsite_page_filter_module);
        return ngx_exportsite_page_next_header(r);
    }

    if (ngx_exportsite_encoded(r)) {
        ngx_exportsite_page_compressed(r);
        ngx_http_set_ctx(r, NULL, ngx_exportsite_page_filter_module);
        return ngx_exportsite_page_next_header(r);
    }

    page->passing = 1;
    page->charset = r->headers_out.charset;

    if (r == r->main) {
        ngx_http_clear_content_length(r);
        ngx_http_clear_accept_ranges(r);
    }

    return ngx_exportsite_page_next_header(r);
}


static ngx_int_t
ngx_exportsite_page_body_filter(ngx_http_request_t *r, ngx_chain_t *in)
{
    ngx_int_t                  rc;
    ngx_chain_t               *cl;
    ngx_exportsite_page_t     *page;
    ngx_exportsite_capture_t  *capture;

    capture = ngx_exportsite_capture(r);

    if (capture != NULL) {
        return ngx_exportsite_capture_body(r, capture, in);
    }

    page = ngx_exportsite_page(r);

    if (page == NULL || !page->begun
        || (page->raw && page->busy == NULL && page->out == NULL))
    {
        return ngx_exportsite_page_next_body(r, in);
    }

    for (cl = in; cl != NULL; cl = cl->next) {
        if (ngx_exportsite_page_buffer(page, cl->buf) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    rc = ngx_exportsite_out_push(page);
    ngx_exportsite_out_update(page, rc);

    return rc;
}


static ngx_int_t
ngx_exportsite_page_filter_init(ngx_conf_t *cf)
{
    if (!ngx_exportsite_used(cf)) {
        return NGX_OK;
    }

    ngx_exportsite_page_next_header = ngx_http_top_header_filter;
    ngx_http_top_header_filter = ngx_exportsite_page_header_filter;

    ngx_exportsite_page_next_body = ngx_http_top_body_filter;
    ngx_http_top_body_filter = ngx_exportsite_page_body_filter;

    return NGX_OK;
}
