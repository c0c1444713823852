/*
 * The body of a beacon, however nginx has kept it: in one buffer, in several,
 * in a file, or the first part in memory and the rest in a file.
 */
#include "compat.h"

#include "beacon_body.h"


static ngx_int_t ngx_exportsite_body_copy(u_char *p, ngx_buf_t *b);


ngx_int_t
ngx_exportsite_beacon_body(ngx_http_request_t *r, size_t max, ngx_str_t *body)
{
    off_t         len;
    u_char       *p;
    ngx_chain_t  *cl, *first;

    ngx_str_null(body);

    first = r->request_body ? r->request_body->bufs : NULL;
    len = 0;

    for (cl = first; cl != NULL; cl = cl->next) {
        len += ngx_buf_size(cl->buf);

        if (len > (off_t) max) {
            return NGX_DECLINED;
        }
    }

    if (len == 0) {
        return NGX_OK;
    }

    body->len = (size_t) len;

    if (first->next == NULL && ngx_buf_in_memory(first->buf)) {
        body->data = first->buf->pos;
        return NGX_OK;
    }

    body->data = ngx_pnalloc(r->pool, body->len);
    if (body->data == NULL) {
        return NGX_ERROR;
    }

    p = body->data;

    for (cl = first; cl != NULL; cl = cl->next) {
        if (ngx_exportsite_body_copy(p, cl->buf) != NGX_OK) {
            return NGX_ERROR;
        }

        p += ngx_buf_size(cl->buf);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_exportsite_body_copy(u_char *p, ngx_buf_t *b)
{
    size_t   len = (size_t) ngx_buf_size(b);
    ssize_t  n;

    if (ngx_buf_in_memory(b)) {
        ngx_memcpy(p, b->pos, len);
        return NGX_OK;
    }

    if (len == 0) {
        return NGX_OK;
    }

    n = ngx_read_file(b->file, p, len, b->file_pos);

    return n == (ssize_t) len ? NGX_OK : NGX_ERROR;
}
