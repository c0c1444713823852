/*
 * Plans: where the slots of a file lie, found once and remembered by each
 * worker for as long as the file does not change.
 */
#ifndef NGX_EXPORTSITE_PAGE_PLAN_H
#define NGX_EXPORTSITE_PAGE_PLAN_H

#include "page.h"


/*
 * Looks whether the response is one whole file, and gives the page its plan if
 * there is one, else room for notes. NGX_DONE if nothing is to be done to it.
 */
ngx_int_t ngx_exportsite_plan_begin(ngx_exportsite_page_t *page,
    ngx_chain_t *in);

/*
 * True if the buffer is as nginx read it from the file; else some filter before
 * ours has changed the page, and there is neither plan nor note of it any more.
 */
ngx_uint_t ngx_exportsite_plan_holds(ngx_exportsite_page_t *page,
    ngx_buf_t *b);

/* Notes an event; too many of them, and there will be no plan. */
void ngx_exportsite_plan_note(ngx_exportsite_page_t *page,
    es_html_event_e event, uint64_t where, ngx_uint_t slot);

/* The page was read to its end: the notes become a plan. */
void ngx_exportsite_plan_keep(ngx_exportsite_page_t *page);

/*
 * The next event of the plan in a buffer that ends at offset end, as
 * es_html_scan() would tell it.
 */
es_html_event_e ngx_exportsite_plan_next(ngx_exportsite_page_t *page,
    uint64_t end, uint64_t *where, ngx_uint_t *slot);

/* A worker's beginning and end. */
ngx_int_t ngx_exportsite_plan_init(ngx_cycle_t *cycle);
void ngx_exportsite_plan_exit(ngx_cycle_t *cycle);

#endif
