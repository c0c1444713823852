/*
 * Slices point into the buffers that came in; the last one made of a buffer
 * shadows it, so that who owns it learns when all of it was sent.
 */
#include "compat.h"

#include "page_out.h"


ngx_http_output_header_filter_pt  ngx_exportsite_page_next_header;
ngx_http_output_body_filter_pt    ngx_exportsite_page_next_body;


/* A buffer of ours, with room for the few bytes of an unfinished tag. */
typedef struct {
    ngx_buf_t                  buf;
    u_char                     few[8];
} ngx_exportsite_out_t;


static ngx_buf_t *
ngx_exportsite_out_new(ngx_exportsite_page_t *page)
{
    ngx_chain_t           *cl;
    ngx_exportsite_out_t  *out;

    cl = page->free;

    if (cl != NULL) {
        page->free = cl->next;
        ngx_memzero(cl->buf, sizeof(ngx_buf_t));

    } else {
        cl = ngx_alloc_chain_link(page->request->pool);
        out = ngx_pcalloc(page->request->pool, sizeof(ngx_exportsite_out_t));

        if (cl == NULL || out == NULL) {
            return NULL;
        }

        cl->buf = &out->buf;
    }

    cl->buf->tag = (ngx_buf_tag_t) &ngx_exportsite_page_filter_module;
    cl->next = NULL;

    *page->last = cl;
    page->last = &cl->next;
    page->tail = cl->buf;

    return cl->buf;
}


static ngx_buf_t *
ngx_exportsite_out_memory(ngx_exportsite_page_t *page, u_char *data,
    size_t len)
{
    ngx_buf_t  *b;

    b = ngx_exportsite_out_new(page);
    if (b == NULL) {
        return NULL;
    }

    b->memory = 1;
    b->start = data;
    b->pos = data;
    b->last = data + len;
    b->end = b->last;

    return b;
}


ngx_int_t
ngx_exportsite_out_slice(ngx_exportsite_page_t *page, u_char *from, u_char *to)
{
    if (from == to) {
        return NGX_OK;
    }

    page->slice = ngx_exportsite_out_memory(page, from, to - from);
    if (page->slice == NULL) {
        return NGX_ERROR;
    }

    page->slice->recycled = page->source->recycled;

    return NGX_OK;
}


ngx_int_t
ngx_exportsite_out_bytes(ngx_exportsite_page_t *page, u_char *data, size_t len)
{
    return (len == 0 || ngx_exportsite_out_memory(page, data, len) != NULL)
           ? NGX_OK : NGX_ERROR;
}


ngx_int_t
ngx_exportsite_out_few(ngx_exportsite_page_t *page, u_char *data, size_t len)
{
    ngx_buf_t  *b;

    if (len == 0) {
        return NGX_OK;
    }

    b = ngx_exportsite_out_memory(page, data, len);
    if (b == NULL) {
        return NGX_ERROR;
    }

    b->start = ((ngx_exportsite_out_t *) b)->few;
    b->pos = b->start;
    b->last = ngx_cpymem(b->pos, data, len);
    b->end = b->last;

    return NGX_OK;
}


ngx_int_t
ngx_exportsite_out_file(ngx_exportsite_page_t *page)
{
    ngx_buf_t  *b, *source = page->source;

    b = ngx_exportsite_out_new(page);
    if (b == NULL) {
        return NGX_ERROR;
    }

    b->in_file = 1;
    b->file = source->file;
    b->file_pos = source->file_pos;
    b->file_last = source->file_last;

    page->slice = b;

    return NGX_OK;
}


static void
ngx_exportsite_out_consumed(ngx_buf_t *b)
{
    b->pos = b->last;
    b->file_pos = b->file_last;
}


ngx_int_t
ngx_exportsite_out_read(ngx_exportsite_page_t *page)
{
    ngx_buf_t  *b, *source = page->source;

    b = page->slice;

    if (b != NULL) {
        b->shadow = source;

    } else {
        ngx_exportsite_out_consumed(source);
    }

    if (!source->flush && !source->sync && !source->last_buf
        && !source->last_in_chain)
    {
        return NGX_OK;
    }

    /* the flags belong behind all that was put out, whatever it is */

    if (page->out != NULL) {
        b = page->tail;

    } else {
        b = ngx_exportsite_out_new(page);
        if (b == NULL) {
            return NGX_ERROR;
        }

        b->sync = 1;
    }

    b->flush = source->flush;
    b->sync |= source->sync;
    b->last_buf = source->last_buf;
    b->last_in_chain = source->last_in_chain;

    return NGX_OK;
}


ngx_int_t
ngx_exportsite_out_push(ngx_exportsite_page_t *page)
{
    ngx_chain_t  *out, **last;

    for (last = &page->busy; *last != NULL; last = &(*last)->next) {
        /* void */
    }

    /* a filter may come back here with the page's end before it returns */

    out = page->out;
    *last = out;

    page->out = NULL;
    page->last = &page->out;

    return ngx_exportsite_page_next_body(page->request, out);
}


void
ngx_exportsite_out_update(ngx_exportsite_page_t *page, ngx_int_t rc)
{
    ngx_buf_t           *b;
    ngx_uint_t           sent;
    ngx_chain_t         *cl;
    ngx_http_request_t  *r = page->request;

    /* one with nothing but flags may be on its way if anything is */

    sent = rc == NGX_OK && !r->buffered && !r->connection->buffered
           && r->postponed == NULL && r == r->connection->data;

    while (page->busy != NULL) {
        cl = page->busy;
        b = cl->buf;

        if (ngx_buf_size(b) != 0) {
            break;
        }

        if (b->shadow != NULL) {
            ngx_exportsite_out_consumed(b->shadow);
        }

        page->busy = cl->next;

        if (sent || ngx_buf_in_memory(b)) {
            cl->next = page->free;
            page->free = cl;
        }
    }
}
