/*
 * A page's outgoing buffers: slices of what came in, and what is put between.
 */
#ifndef NGX_EXPORTSITE_PAGE_OUT_H
#define NGX_EXPORTSITE_PAGE_OUT_H

#include "page.h"


/* Bytes of the buffer being read, from here to there, if there are any. */
ngx_int_t ngx_exportsite_out_slice(ngx_exportsite_page_t *page, u_char *from,
    u_char *to);

/* Bytes that stay where they are until the request ends. */
ngx_int_t ngx_exportsite_out_bytes(ngx_exportsite_page_t *page, u_char *data,
    size_t len);

/* A copy of at most 8 bytes. */
ngx_int_t ngx_exportsite_out_few(ngx_exportsite_page_t *page, u_char *data,
    size_t len);

/* The buffer being read, which is in a file and not in memory, as a whole. */
ngx_int_t ngx_exportsite_out_file(ngx_exportsite_page_t *page);

/*
 * The buffer was read: what it was flagged with follows its last slice, and
 * when that is sent, it can be used again.
 */
ngx_int_t ngx_exportsite_out_read(ngx_exportsite_page_t *page);

/* Sends on what there is so far, also nothing. */
ngx_int_t ngx_exportsite_out_push(ngx_exportsite_page_t *page);

/*
 * Between two calls of the body filter: takes back what was sent. rc is what
 * the last push returned.
 */
void ngx_exportsite_out_update(ngx_exportsite_page_t *page, ngx_int_t rc);

/* Where the late filters' output goes; page_filter.c is told by nginx. */
extern ngx_http_output_header_filter_pt  ngx_exportsite_page_next_header;
extern ngx_http_output_body_filter_pt  ngx_exportsite_page_next_body;

#endif
