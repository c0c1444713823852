/*
 * The contents of a page's slots, from wherever the configuration takes them.
 */
#ifndef NGX_EXPORTSITE_SLOTS_H
#define NGX_EXPORTSITE_SLOTS_H

#include "page.h"


/*
 * Fills page->fills and page->script for this visitor. The contents stay alive
 * until the request ends.
 */
ngx_int_t ngx_exportsite_slots(ngx_exportsite_page_t *page);

/*
 * The ETag of the page as filled: weak, made of the page's own and of all that
 * may be put in. Empty if it has none: there is a uri: slot.
 */
ngx_int_t ngx_exportsite_slots_etag(ngx_exportsite_page_t *page,
    ngx_str_t *etag);

/* A file under the root, as slot_file.c has it in memory. */
ngx_exportsite_left_e ngx_exportsite_slot_file_get(ngx_http_request_t *r,
    ngx_str_t *path, ngx_exportsite_content_t **content);

#endif
