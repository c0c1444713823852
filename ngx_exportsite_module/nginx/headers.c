/*
 * The request headers of interest, found in one pass over all.
 */
#include "compat.h"

#include "../core/asset.h"
#include "headers.h"


/* the lengths of the names of interest, a bit each: most others differ */
#define NGX_EXPORTSITE_LONGEST  (sizeof("accept-language") - 1)
#define NGX_EXPORTSITE_LENGTHS                                                \
    (1u << (sizeof("dnt") - 1) | 1u << (sizeof("sec-gpc") - 1)                \
     | 1u << (sizeof("sec-purpose") - 1)                                      \
     | 1u << (sizeof("sec-fetch-dest") - 1)                                   \
     | 1u << (sizeof("accept-language") - 1))

#define ngx_exportsite_key_is(h, name)                                        \
    (ngx_memcmp((h)->lowcase_key, name, sizeof(name) - 1) == 0)


/* A request header by its name in lower case; NULL if there is none. */
ngx_str_t *
ngx_exportsite_header(ngx_http_request_t *r, ngx_str_t *name)
{
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    part = &r->headers_in.headers.part;
    h = part->elts;

    for (i = 0; /* void */ ; i++) {

        if (i >= part->nelts) {
            if (part->next == NULL) {
                return NULL;
            }

            part = part->next;
            h = part->elts;
            i = 0;
        }

        if (h[i].hash != 0 && h[i].key.len == name->len
            && ngx_strncasecmp(h[i].key.data, name->data, name->len) == 0)
        {
            return &h[i].value;
        }
    }
}


ngx_uint_t
ngx_exportsite_maybe_page(ngx_exportsite_visit_t *visit)
{
    ngx_exportsite_headers_t  *headers = ngx_exportsite_headers(visit);

    return !headers->subresource
           && !es_path_is_asset(ngx_exportsite_es(visit->path));
}


/* Scripts fetch whole pages, too: "empty" may be one. */
static ngx_uint_t
ngx_exportsite_dest_is_page(ngx_str_t *dest)
{
    ngx_uint_t        i;
    static ngx_str_t  pages[] = {
        ngx_string("document"), ngx_string("empty"), ngx_string("iframe"),
        ngx_string("frame")
    };

    for (i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
        if (dest->len == pages[i].len
            && ngx_memcmp(dest->data, pages[i].data, dest->len) == 0)
        {
            return 1;
        }
    }

    return 0;
}


/* Several headers of a name are one list (RFC 9110, section 5.2). */
static ngx_str_t *
ngx_exportsite_header_join(ngx_pool_t *pool, ngx_str_t *a, ngx_str_t *b)
{
    u_char     *p;
    ngx_str_t  *list;

    list = ngx_palloc(pool, sizeof(ngx_str_t) + a->len + 1 + b->len);
    if (list == NULL) {
        return a;
    }

    p = (u_char *) (list + 1);

    list->len = a->len + 1 + b->len;
    list->data = p;

    p = ngx_cpymem(p, a->data, a->len);
    *p++ = ',';
    ngx_memcpy(p, b->data, b->len);

    return list;
}


static void
ngx_exportsite_header_note(ngx_exportsite_headers_t *headers,
    ngx_table_elt_t *h, ngx_pool_t *pool)
{
    ngx_str_t  *value = &h->value;

    switch (h->key.len) {

    case sizeof("dnt") - 1:
        if (ngx_exportsite_key_is(h, "dnt")) {
            headers->dnt = value->len == 1 && value->data[0] == '1';
        }
        break;

    case sizeof("sec-gpc") - 1:
        if (ngx_exportsite_key_is(h, "sec-gpc")) {
            headers->gpc = value->len == 1 && value->data[0] == '1';
        }
        break;

    case sizeof("sec-purpose") - 1:
        if (ngx_exportsite_key_is(h, "sec-purpose")) {
            headers->prefetch = value->len >= 8
                                && ngx_strncasecmp(value->data,
                                              (u_char *) "prefetch", 8) == 0;
        }
        break;

    case sizeof("sec-fetch-dest") - 1:
        if (ngx_exportsite_key_is(h, "sec-fetch-dest") && value->len > 0) {
            headers->subresource = !ngx_exportsite_dest_is_page(value);
        }
        break;

    case sizeof("accept-language") - 1:
        if (ngx_exportsite_key_is(h, "accept-language")) {
            headers->accept_language = headers->accept_language
                ? ngx_exportsite_header_join(pool, headers->accept_language,
                                             value)
                : value;
        }
        break;
    }
}


ngx_exportsite_headers_t *
ngx_exportsite_headers(ngx_exportsite_visit_t *visit)
{
    ngx_uint_t                 i;
    ngx_list_part_t           *part;
    ngx_table_elt_t           *h;
    ngx_exportsite_headers_t  *headers = &visit->headers;

    if (headers->known) {
        return headers;
    }

    headers->known = 1;

    for (part = &visit->request->headers_in.headers.part;
         part != NULL;
         part = part->next)
    {
        h = part->elts;

        for (i = 0; i < part->nelts; i++) {
            if (h[i].key.len <= NGX_EXPORTSITE_LONGEST
                && (NGX_EXPORTSITE_LENGTHS >> h[i].key.len & 1))
            {
                ngx_exportsite_header_note(headers, &h[i],
                                           visit->request->pool);
            }
        }
    }

    return headers;
}
