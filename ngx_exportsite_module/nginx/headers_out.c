/*
 * The response's headers.
 */
#include "compat.h"

#include "headers_out.h"


ngx_table_elt_t *
ngx_exportsite_header_add(ngx_http_request_t *r, const char *name,
    ngx_str_t value)
{
    ngx_table_elt_t  *h;

    h = ngx_list_push(&r->headers_out.headers);
    if (h == NULL) {
        return NULL;
    }

    h->hash = 1;
    ngx_exportsite_header_unlink(h);
    h->key.len = ngx_strlen(name);
    h->key.data = (u_char *) name;
    h->value = value;

    return h;
}


ngx_table_elt_t *
ngx_exportsite_header_text(ngx_http_request_t *r, const char *name,
    const char *text)
{
    ngx_str_t  value = { ngx_strlen(text), (u_char *) text };

    return ngx_exportsite_header_add(r, name, value);
}


ngx_exportsite_header_at_t
ngx_exportsite_header_walk(ngx_http_request_t *r, const char *name)
{
    return (ngx_exportsite_header_at_t) {
        { ngx_strlen(name), name }, &r->headers_out.headers.part, 0
    };
}


ngx_table_elt_t *
ngx_exportsite_header_next(ngx_exportsite_header_at_t *at)
{
    ngx_table_elt_t  *h;

    while (at->part != NULL) {

        if (at->i == at->part->nelts) {
            at->part = at->part->next;
            at->i = 0;
            continue;
        }

        h = (ngx_table_elt_t *) at->part->elts + at->i++;

        if (h->hash != 0
            && es_str_case_eq(ngx_exportsite_es(h->key), at->name))
        {
            return h;
        }
    }

    return NULL;
}
