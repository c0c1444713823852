/*
 * The early filters. The header filter sees the response before nginx decides
 * on 304, and so knows its type: here a view is recognised, and a page with
 * slots gets its validators. The body filter sees it before nginx reads files.
 */
#include "compat.h"

#include "page.h"
#include "page_uri.h"
#include "record.h"
#include "visit.h"


static ngx_int_t ngx_exportsite_header_filter(ngx_http_request_t *r);
static ngx_int_t ngx_exportsite_variant_etag(ngx_exportsite_visit_t *visit);
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

    visit = r == r->main ? ngx_exportsite_visit(r) : NULL;

    if (visit != NULL && ngx_exportsite_variant_etag(visit) != NGX_OK) {
        return NGX_ERROR;
    }

    if (ngx_exportsite_page_header(r) != NGX_OK) {
        return NGX_ERROR;
    }

    if (visit != NULL) {
        visit->view = ngx_exportsite_is_view(visit);
    }

    return ngx_exportsite_next_header_filter(r);
}


/*
 * nginx makes a file's ETag of its time and size. Two variants of one page may
 * be alike in both, and a browser must not keep one for the other: so a file
 * that was chosen for its visitor has its name in it, too.
 */
static ngx_int_t
ngx_exportsite_variant_etag(ngx_exportsite_visit_t *visit)
{
    size_t               root;
    u_char              *p, *last;
    ngx_str_t            path, *etag;
    ngx_http_request_t  *r = visit->request;

    if (visit->depends == 0 || r->headers_out.etag == NULL
        || r->headers_out.status != NGX_HTTP_OK || r->upstream != NULL)
    {
        return NGX_OK;
    }

    etag = &r->headers_out.etag->value;

    if (etag->len < 2 || etag->data[etag->len - 1] != '"') {
        return NGX_OK;
    }

    p = ngx_pnalloc(r->pool, etag->len + sizeof("-12345678") - 1);
    last = ngx_http_map_uri_to_path(r, &path, &root, 0);

    if (p == NULL || last == NULL) {
        return NGX_ERROR;
    }

    etag->len = ngx_sprintf(p, "%*s-%08xD\"", etag->len - 1, etag->data,
                            ngx_murmur_hash2(path.data, last - path.data))
                - p;
    etag->data = p;

    return NGX_OK;
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
