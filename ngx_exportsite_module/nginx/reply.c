/*
 * Answers that the module's own endpoints make up.
 */
#include "compat.h"

#include "../core/text.h"
#include "headers_out.h"
#include "reply.h"


#define NGX_EXPORTSITE_REPLY_BUFFER  16384
#define NGX_EXPORTSITE_REPLY_PIECE   512


static ngx_buf_t *ngx_exportsite_reply_buffer(ngx_exportsite_reply_t *reply);


void
ngx_exportsite_reply_init(ngx_exportsite_reply_t *reply, ngx_http_request_t *r)
{
    ngx_memzero(reply, sizeof(ngx_exportsite_reply_t));

    reply->request = r;
}


/* The buffer to write to, which has room; NULL without memory. */
static ngx_buf_t *
ngx_exportsite_reply_buffer(ngx_exportsite_reply_t *reply)
{
    ngx_chain_t  *link;
    ngx_pool_t   *pool = reply->request->pool;

    if (reply->last != NULL && reply->last->buf->last < reply->last->buf->end) {
        return reply->last->buf;
    }

    link = ngx_alloc_chain_link(pool);
    if (link == NULL) {
        return NULL;
    }

    link->next = NULL;
    link->buf = ngx_create_temp_buf(pool, NGX_EXPORTSITE_REPLY_BUFFER);
    if (link->buf == NULL) {
        return NULL;
    }

    if (reply->last != NULL) {
        reply->last->next = link;

    } else {
        reply->first = link;
    }

    reply->last = link;

    return link->buf;
}


void
ngx_exportsite_reply_add(ngx_exportsite_reply_t *reply, const void *data,
    size_t len)
{
    size_t         n;
    ngx_buf_t     *b;
    const u_char  *p = data;

    while (len > 0 && !reply->failed) {

        b = ngx_exportsite_reply_buffer(reply);
        if (b == NULL) {
            reply->failed = 1;
            return;
        }

        n = ngx_min(len, (size_t) (b->end - b->last));

        b->last = ngx_cpymem(b->last, p, n);
        reply->size += n;
        p += n;
        len -= n;
    }
}


void
ngx_exportsite_reply_text(ngx_exportsite_reply_t *reply, const char *text)
{
    ngx_exportsite_reply_add(reply, text, ngx_strlen(text));
}


void
ngx_exportsite_reply_print(ngx_exportsite_reply_t *reply, const char *format,
    ...)
{
    u_char   buf[NGX_EXPORTSITE_REPLY_PIECE], *last;
    va_list  args;

    va_start(args, format);
    last = ngx_vslprintf(buf, buf + sizeof(buf), format, args);
    va_end(args);

    if (last == buf + sizeof(buf)) {
        /* it may have been cut */
        reply->failed = 1;
        return;
    }

    ngx_exportsite_reply_add(reply, buf, last - buf);
}


void
ngx_exportsite_reply_escaped(ngx_exportsite_reply_t *reply, es_str_t text,
    ngx_exportsite_escape_pt escape)
{
    size_t       i, n, done;
    const char  *instead;

    done = 0;

    for (i = 0; i < text.len; i += n) {
        n = es_utf8_length(text.data + i, text.len - i);

        if (n == 0) {
            n = 1;
            instead = "?";

        } else {
            instead = n == 1 ? escape((u_char) text.data[i]) : NULL;
        }

        if (instead != NULL) {
            ngx_exportsite_reply_add(reply, text.data + done, i - done);
            ngx_exportsite_reply_text(reply, instead);
            done = i + n;
        }
    }

    ngx_exportsite_reply_add(reply, text.data + done, text.len - done);
}


void
ngx_exportsite_reply_header(ngx_exportsite_reply_t *reply, const char *name,
    const char *value)
{
    if (!ngx_exportsite_header_text(reply->request, name, value)) {
        reply->failed = 1;
    }
}


ngx_int_t
ngx_exportsite_reply_send(ngx_exportsite_reply_t *reply, ngx_uint_t status,
    const char *type)
{
    ngx_int_t            rc;
    ngx_http_request_t  *r = reply->request;

    ngx_exportsite_reply_header(reply, "Cache-Control", "no-store");

    if (reply->failed || reply->last == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    reply->last->buf->last_buf = (r == r->main);
    reply->last->buf->last_in_chain = 1;

    r->headers_out.status = status;
    r->headers_out.content_length_n = reply->size;
    r->headers_out.content_type.data = (u_char *) type;
    r->headers_out.content_type.len = ngx_strlen(type);
    r->headers_out.content_type_len = r->headers_out.content_type.len;
    r->headers_out.content_type_lowcase = NULL;

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    return ngx_http_output_filter(r, reply->first);
}
