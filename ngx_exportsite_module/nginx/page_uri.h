/*
 * uri: contents: subrequests whose answer is captured, and takes the place of
 * the slot when it is complete.
 */
#ifndef NGX_EXPORTSITE_PAGE_URI_H
#define NGX_EXPORTSITE_PAGE_URI_H

#include "page.h"


typedef struct ngx_exportsite_capture_s  ngx_exportsite_capture_t;

/*
 * Puts the answer of uri out at this point of the page, or own, the page's own
 * text, of which a copy is made.
 */
ngx_int_t ngx_exportsite_page_uri(ngx_exportsite_page_t *page, ngx_str_t *uri,
    ngx_str_t *own);

/* The capture of this request, if it is a subrequest of ours; else NULL. */
ngx_exportsite_capture_t *ngx_exportsite_capture(ngx_http_request_t *r);

/*
 * A filter gave up on this request. If it is captured, that is no fault of the
 * page: NGX_OK, and nothing more is to be asked of the filters. Else NGX_ERROR.
 */
ngx_int_t ngx_exportsite_capture_failed(ngx_http_request_t *r);
ngx_uint_t ngx_exportsite_capture_broken(ngx_http_request_t *r);

/* True for a subrequest of ours and all below it. */
ngx_uint_t ngx_exportsite_page_captured(ngx_http_request_t *r);

/* The filters' part for a request that is captured. */
void ngx_exportsite_capture_header(ngx_http_request_t *r,
    ngx_exportsite_capture_t *capture);
ngx_int_t ngx_exportsite_capture_body(ngx_http_request_t *r,
    ngx_exportsite_capture_t *capture, ngx_chain_t *in);

#endif
