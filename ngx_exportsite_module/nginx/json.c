/*
 * JSON answers of the module's own endpoints.
 */
#include "compat.h"

#include "json.h"
#include "worker.h"


json_t *
ngx_exportsite_json_text(es_str_t text)
{
    char    *copy;
    size_t   i;
    json_t  *value;

    value = json_stringn(text.len ? text.data : "", text.len);

    if (value != NULL || text.len == 0) {
        return value;
    }

    copy = ngx_alloc(text.len, ngx_exportsite_worker.log);
    if (copy == NULL) {
        return NULL;
    }

    for (i = 0; i < text.len; i++) {
        copy[i] = (u_char) text.data[i] < 0x80 ? text.data[i] : '?';
    }

    value = json_stringn(copy, text.len);
    ngx_free(copy);

    return value;
}


ngx_int_t
ngx_exportsite_json_send(ngx_http_request_t *r, json_t *root)
{
    size_t            len;
    ngx_int_t         rc;
    ngx_buf_t        *b;
    ngx_chain_t       out;
    ngx_table_elt_t  *h;

    if (root == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    len = json_dumpb(root, NULL, 0, JSON_INDENT(2));
    b = ngx_create_temp_buf(r->pool, len + 1);

    if (b == NULL || len == 0) {
        json_decref(root);
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    b->last += json_dumpb(root, (char *) b->last, len, JSON_INDENT(2));
    *b->last++ = '\n';
    b->last_buf = (r == r->main);
    b->last_in_chain = 1;

    json_decref(root);

    h = ngx_list_push(&r->headers_out.headers);
    if (h == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    h->hash = 1;
    ngx_exportsite_header_unlink(h);
    ngx_str_set(&h->key, "Cache-Control");
    ngx_str_set(&h->value, "no-store");

    r->headers_out.status = NGX_HTTP_OK;
    r->headers_out.content_length_n = b->last - b->pos;
    ngx_str_set(&r->headers_out.content_type, "application/json");
    r->headers_out.content_type_len = r->headers_out.content_type.len;
    r->headers_out.content_type_lowcase = NULL;

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    out.buf = b;
    out.next = NULL;

    return ngx_http_output_filter(r, &out);
}
