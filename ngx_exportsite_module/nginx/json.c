/*
 * JSON answers of the module's own endpoints.
 */
#include "compat.h"

#include "json.h"
#include "reply.h"
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


static int
ngx_exportsite_json_piece(const char *data, size_t len, void *reply)
{
    ngx_exportsite_reply_add(reply, data, len);

    return 0;
}


ngx_int_t
ngx_exportsite_json_send(ngx_http_request_t *r, json_t *root)
{
    int                     rc;
    ngx_exportsite_reply_t  reply;

    if (root == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_exportsite_reply_init(&reply, r);

    /* times in ms come from whole microseconds, so six digits say enough */
    rc = json_dump_callback(root, ngx_exportsite_json_piece, &reply,
                            JSON_INDENT(2)|JSON_REAL_PRECISION(6));
    json_decref(root);

    if (rc != 0) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_exportsite_reply_text(&reply, "\n");

    return ngx_exportsite_reply_send(&reply, NGX_HTTP_OK, "application/json");
}
