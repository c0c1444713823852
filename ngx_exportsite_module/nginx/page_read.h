/*
 * A page's incoming buffers are read here, and what is to go out is put out.
 */
#ifndef NGX_EXPORTSITE_PAGE_READ_H
#define NGX_EXPORTSITE_PAGE_READ_H

#include "page.h"


/* Reads the whole buffer. NGX_ERROR without memory, or if a filter fails. */
ngx_int_t ngx_exportsite_page_buffer(ngx_exportsite_page_t *page,
    ngx_buf_t *b);

#endif
