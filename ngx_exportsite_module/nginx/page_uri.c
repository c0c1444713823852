/*
 * A slot's content from a URI of this server. nginx's postpone filter keeps the
 * order: what the page has after the slot waits for the subrequest, which puts
 * its answer out, or the page's own text, when it is over.
 */
#include "compat.h"

#include "page_out.h"
#include "page_uri.h"
#include "worker.h"


struct ngx_exportsite_capture_s {
    ngx_str_t                  own;
    u_char                    *data;
    size_t                     len;
    size_t                     size;
    ngx_exportsite_left_e      left;              /* why not, if so */
    unsigned                   complete:1;
    unsigned                   done:1;
    unsigned                   broken:1;          /* a filter gave up */
};


static ngx_int_t ngx_exportsite_capture_done(ngx_http_request_t *r,
    void *data, ngx_int_t rc);
static ngx_int_t ngx_exportsite_capture_append(ngx_http_request_t *r,
    ngx_exportsite_capture_t *capture, ngx_buf_t *b);
static void ngx_exportsite_capture_cleanup(void *data);


ngx_exportsite_capture_t *
ngx_exportsite_capture(ngx_http_request_t *r)
{
    if (r->post_subrequest != NULL
        && r->post_subrequest->handler == ngx_exportsite_capture_done)
    {
        return r->post_subrequest->data;
    }

    return NULL;
}


ngx_uint_t
ngx_exportsite_page_captured(ngx_http_request_t *r)
{
    for ( /* void */ ; r != r->main; r = r->parent) {
        if (ngx_exportsite_capture(r) != NULL) {
            return 1;
        }
    }

    return 0;
}


static ngx_exportsite_capture_t *
ngx_exportsite_capture_new(ngx_pool_t *pool, ngx_str_t *own)
{
    ngx_pool_cleanup_t        *cln;
    ngx_exportsite_capture_t  *capture;

    cln = ngx_pool_cleanup_add(pool, sizeof(ngx_exportsite_capture_t));
    if (cln == NULL) {
        return NULL;
    }

    capture = cln->data;
    ngx_memzero(capture, sizeof(ngx_exportsite_capture_t));
    capture->left = ngx_exportsite_left_failed;

    cln->handler = ngx_exportsite_capture_cleanup;

    capture->own.len = own->len;
    capture->own.data = ngx_pnalloc(pool, own->len + 1);
    if (capture->own.data == NULL) {
        return NULL;
    }

    ngx_memcpy(capture->own.data, own->data, own->len);

    return capture;
}


/* The page's own stays, at once. */
static ngx_int_t
ngx_exportsite_page_own(ngx_exportsite_page_t *page,
    ngx_exportsite_capture_t *capture, ngx_exportsite_left_e left)
{
    ngx_exportsite_count(slots_left[left]);

    return ngx_exportsite_out_bytes(page, capture->own.data,
                                    capture->own.len);
}


/*
 * A variable in the arguments may hold anything, decoded: what would end the
 * line of a request to an upstream is encoded.
 */
static ngx_int_t
ngx_exportsite_page_uri_args(ngx_pool_t *pool, ngx_str_t *args)
{
    size_t  i, n;
    u_char  c, *p;

#define ngx_exportsite_unprintable(c)  ((c) <= 0x20 || (c) == 0x7f)

    n = 0;

    for (i = 0; i < args->len; i++) {
        n += ngx_exportsite_unprintable(args->data[i]);
    }

    if (n == 0) {
        return NGX_OK;
    }

    p = ngx_pnalloc(pool, args->len + 2 * n);
    if (p == NULL) {
        return NGX_ERROR;
    }

    n = args->len + 2 * n;

    for (i = 0; i < args->len; i++) {
        c = args->data[i];
        p = ngx_exportsite_unprintable(c) ? ngx_sprintf(p, "%%%02Xd", c)
                                          : ngx_cpymem(p, &c, 1);
    }

    args->data = p - n;
    args->len = n;

    return NGX_OK;
}


ngx_int_t
ngx_exportsite_page_uri(ngx_exportsite_page_t *page, ngx_str_t *uri,
    ngx_str_t *own)
{
    ngx_str_t                    path, args;
    ngx_uint_t                   flags;
    ngx_http_request_t          *sr, *r = page->request;
    ngx_exportsite_capture_t    *capture;
    ngx_http_post_subrequest_t  *ps;

    capture = ngx_exportsite_capture_new(r->pool, own);
    ps = ngx_palloc(r->pool, sizeof(ngx_http_post_subrequest_t));

    if (capture == NULL || ps == NULL) {
        return NGX_ERROR;
    }

    path = *uri;
    ngx_str_null(&args);
    flags = NGX_HTTP_LOG_UNSAFE;

    if (path.data[0] != '/'
        || ngx_http_parse_unsafe_uri(r, &path, &args, &flags) != NGX_OK)
    {
        return ngx_exportsite_page_own(page, capture,
                                       ngx_exportsite_left_refused);
    }

    if (ngx_exportsite_page_uri_args(r->pool, &args) != NGX_OK) {
        return NGX_ERROR;
    }

    ps->handler = ngx_exportsite_capture_done;
    ps->data = capture;

    /* all that comes before goes out now, and no filter may keep a rest */

    if (page->out != NULL) {
        page->tail->flush = 1;
        page->tail->last_in_chain = 1;

        if (ngx_exportsite_out_push(page) == NGX_ERROR) {
            return NGX_ERROR;
        }
    }

    /* SSI that waits keeps what comes before, and all order is lost */

    if ((r->buffered & NGX_HTTP_SSI_BUFFERED)
        || ngx_http_subrequest(r, &path, &args, &sr, ps, 0) != NGX_OK)
    {
        return ngx_exportsite_page_own(page, capture,
                                       ngx_exportsite_left_failed);
    }

    /* the visitor's form is none of its business */

    sr->request_body = ngx_pcalloc(r->pool, sizeof(ngx_http_request_body_t));
    if (sr->request_body == NULL) {
        return NGX_ERROR;
    }

    sr->headers_in.content_length = NULL;
    sr->headers_in.content_length_n = -1;
    sr->headers_in.chunked = 0;

    return NGX_OK;
}


void
ngx_exportsite_capture_header(ngx_http_request_t *r,
    ngx_exportsite_capture_t *capture)
{
    r->filter_need_in_memory = 1;

    /* an error page may answer after the first answer */

    capture->len = 0;
    capture->complete = 0;
    capture->left = ngx_exportsite_filled;

    if (r->headers_out.status != NGX_HTTP_OK || ngx_exportsite_encoded(r)) {
        capture->left = ngx_exportsite_left_failed;

    } else if (r->headers_out.content_length_n == 0) {
        capture->left = ngx_exportsite_left_missing;

    } else if (r->headers_out.content_length_n > NGX_EXPORTSITE_CONTENT_MAX) {
        capture->left = ngx_exportsite_left_large;
    }
}


ngx_int_t
ngx_exportsite_capture_body(ngx_http_request_t *r,
    ngx_exportsite_capture_t *capture, ngx_chain_t *in)
{
    ngx_buf_t  *b;

    if (capture->done) {
        return ngx_exportsite_page_next_body(r, in);
    }

    for ( /* void */ ; in != NULL; in = in->next) {
        b = in->buf;

        if (ngx_exportsite_capture_append(r, capture, b) != NGX_OK) {
            return NGX_ERROR;
        }

        b->pos = b->last;
        b->file_pos = b->file_last;

        if (b->last_buf || b->last_in_chain) {
            capture->complete = 1;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_exportsite_capture_append(ngx_http_request_t *r,
    ngx_exportsite_capture_t *capture, ngx_buf_t *b)
{
    size_t   len, size;
    u_char  *data;

    if (capture->left != ngx_exportsite_filled || ngx_buf_special(b)) {
        return NGX_OK;
    }

    if (!ngx_buf_in_memory(b)) {
        capture->left = ngx_exportsite_left_failed;
        return NGX_OK;
    }

    len = b->last - b->pos;

    if (len > NGX_EXPORTSITE_CONTENT_MAX - capture->len) {
        capture->left = ngx_exportsite_left_large;
        return NGX_OK;
    }

    if (len > capture->size - capture->len) {
        size = ngx_max(ngx_max(4096, 2 * capture->size), capture->len + len);

        data = ngx_alloc(size, r->connection->log);
        if (data == NULL) {
            return NGX_ERROR;
        }

        if (capture->data != NULL) {
            ngx_memcpy(data, capture->data, capture->len);
            ngx_free(capture->data);
        }

        capture->data = data;
        capture->size = size;
    }

    ngx_memcpy(capture->data + capture->len, b->pos, len);
    capture->len += len;

    return NGX_OK;
}


static void
ngx_exportsite_capture_cleanup(void *data)
{
    ngx_exportsite_capture_t  *capture = data;

    if (capture->data != NULL) {
        ngx_free(capture->data);
    }
}


ngx_int_t
ngx_exportsite_capture_failed(ngx_http_request_t *r)
{
    ngx_exportsite_capture_t  *capture = ngx_exportsite_capture(r);

    if (capture == NULL || capture->done || r->connection->error) {
        return NGX_ERROR;
    }

    capture->left = ngx_exportsite_left_failed;
    capture->complete = 1;
    capture->broken = 1;
    r->buffered = 0;

    return NGX_OK;
}


ngx_uint_t
ngx_exportsite_capture_broken(ngx_http_request_t *r)
{
    ngx_exportsite_capture_t  *capture = ngx_exportsite_capture(r);

    return capture != NULL && capture->broken;
}


/*
 * What stays in a slot is the page's, so it is to go through the page's own
 * filters: they take the subrequest for a part of the page.
 */
static ngx_int_t
ngx_exportsite_capture_give_back(ngx_http_request_t *r)
{
    ngx_http_request_t     *page = r->parent;
    ngx_exportsite_page_t  *own = ngx_exportsite_page(page);

    ngx_memzero(r->ctx, sizeof(void *) * ngx_http_max_module);
    r->loc_conf = page->loc_conf;

    r->headers_out.status = NGX_HTTP_OK;
    r->headers_out.content_type = page->headers_out.content_type;
    r->headers_out.content_type_len = page->headers_out.content_type_len;
    r->headers_out.content_type_lowcase = NULL;
    r->headers_out.charset = own ? own->charset : page->headers_out.charset;
    r->headers_out.content_encoding = NULL;
    r->headers_out.content_length_n = -1;

    return ngx_exportsite_page_next_header(r);
}


/* Puts out what was captured, or the page's own. */
static ngx_int_t
ngx_exportsite_capture_put(ngx_http_request_t *r,
    ngx_exportsite_capture_t *capture)
{
    ngx_buf_t    *b;
    ngx_chain_t  *cl;

    if (capture->left == ngx_exportsite_filled && !capture->complete) {
        capture->left = ngx_exportsite_left_failed;
    }

    if (capture->left == ngx_exportsite_filled && capture->len == 0) {
        capture->left = ngx_exportsite_left_missing;
    }

    if (capture->left == ngx_exportsite_filled) {
        ngx_exportsite_count(slots_filled);

    } else {
        ngx_exportsite_count(slots_left[capture->left]);

        if (capture->own.len == 0) {
            return NGX_OK;
        }

        if (ngx_exportsite_capture_give_back(r) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    b = ngx_calloc_buf(r->pool);
    cl = ngx_alloc_chain_link(r->pool);

    if (b == NULL || cl == NULL) {
        return NGX_ERROR;
    }

    if (capture->left == ngx_exportsite_filled) {
        b->pos = capture->data;
        b->last = capture->data + capture->len;

    } else {
        b->pos = capture->own.data;
        b->last = capture->own.data + capture->own.len;
    }

    b->start = b->pos;
    b->end = b->last;
    b->memory = 1;
    b->last_in_chain = 1;

    cl->buf = b;
    cl->next = NULL;

    return ngx_exportsite_page_next_body(r, cl);
}


/*
 * Called each time nginx finalizes the subrequest: it may have an error page
 * to answer with first, or to wait for a file that is being read.
 */
static ngx_int_t
ngx_exportsite_capture_done(ngx_http_request_t *r, void *data, ngx_int_t rc)
{
    ngx_exportsite_capture_t  *capture = data;

    if (capture->done || r->connection->error || r->connection->timedout) {
        return rc;
    }

    switch (rc) {

    case NGX_ERROR:
    case NGX_HTTP_REQUEST_TIME_OUT:
    case NGX_HTTP_CLIENT_CLOSED_REQUEST:
    case NGX_HTTP_CLOSE:
        /* would end the page, too */
        break;

    default:
        if ((rc >= NGX_HTTP_SPECIAL_RESPONSE && !r->header_sent)
            || (r->buffered && !capture->complete))
        {
            return rc;
        }
    }

    capture->done = 1;

    return ngx_exportsite_capture_put(r, capture) == NGX_ERROR ? NGX_ERROR
                                                               : NGX_OK;
}
