/*
 * Conditional headers are kept from upstreams: a 304 or a part of the page as
 * it is before its slots are filled would be wrong for the visitor.
 */
#include "compat.h"

#include "../core/asset.h"
#include "page.h"
#include "unconditional.h"
#include "visit.h"


/* A header that has a pointer of its own in headers_in. */
static size_t  ngx_exportsite_conditions[] = {
    offsetof(ngx_http_headers_in_t, if_modified_since),
    offsetof(ngx_http_headers_in_t, if_unmodified_since),
    offsetof(ngx_http_headers_in_t, if_match),
    offsetof(ngx_http_headers_in_t, if_none_match),
    offsetof(ngx_http_headers_in_t, if_range),
    offsetof(ngx_http_headers_in_t, range)
};


static ngx_uint_t
ngx_exportsite_is_condition(ngx_http_request_t *r, ngx_table_elt_t *h)
{
    size_t            i;
    ngx_table_elt_t  *known;

    for (i = 0;
         i < sizeof(ngx_exportsite_conditions) / sizeof(size_t);
         i++)
    {
        known = *(ngx_table_elt_t **) ((char *) &r->headers_in
                                       + ngx_exportsite_conditions[i]);

        if (known != NULL && known->key.len == h->key.len
            && ngx_strncasecmp(known->key.data, h->key.data, h->key.len) == 0)
        {
            return 1;
        }
    }

    return 0;
}


/*
 * Takes the i-th element out of a part of a list without moving any other, as
 * there are pointers to them. Only the first part of a list may be empty.
 */
static ngx_int_t
ngx_exportsite_list_cut(ngx_pool_t *pool, ngx_list_t *list,
    ngx_list_part_t *part, ngx_uint_t i)
{
    ngx_list_part_t  *rest;

    if (i + 1 < part->nelts) {
        rest = ngx_palloc(pool, sizeof(ngx_list_part_t));
        if (rest == NULL) {
            return NGX_ERROR;
        }

        rest->elts = (u_char *) part->elts + (i + 1) * list->size;
        rest->nelts = part->nelts - i - 1;
        rest->next = part->next;

        part->next = rest;

        if (list->last == part) {
            list->last = rest;
            list->nalloc -= i + 1;
        }
    }

    part->nelts = i;

    return NGX_OK;
}


/* Unlinks the parts after the first that became empty. */
static void
ngx_exportsite_list_tidy(ngx_list_t *list)
{
    ngx_list_part_t  *part;

    for (part = &list->part; part->next != NULL; /* void */ ) {

        if (part->next->nelts > 0) {
            part = part->next;
            continue;
        }

        if (list->last == part->next) {
            list->last = part;
            list->nalloc = ngx_max(part->nelts, 1);
        }

        part->next = part->next->next;
    }
}


static void
ngx_exportsite_unconditional_headers(ngx_http_request_t *r)
{
    ngx_uint_t        i;
    ngx_list_t       *list = &r->headers_in.headers;
    ngx_table_elt_t  *h;
    ngx_list_part_t  *part;

    for (part = &list->part; part != NULL; part = part->next) {
        h = part->elts;

        for (i = 0; i < part->nelts; i++) {
            if (ngx_exportsite_is_condition(r, &h[i])
                && ngx_exportsite_list_cut(r->pool, list, part, i) != NGX_OK)
            {
                break;
            }
        }
    }

    ngx_exportsite_list_tidy(list);
}


void
ngx_exportsite_unconditional(ngx_http_request_t *r)
{
    ngx_exportsite_visit_t     *visit;
    ngx_exportsite_loc_conf_t  *lcf;

    lcf = ngx_http_get_module_loc_conf(r, ngx_exportsite_module);

    if (r != r->main || !(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))
        || !ngx_exportsite_has_slots(lcf)
        || (r->headers_in.range == NULL
            && r->headers_in.if_range == NULL
            && r->headers_in.if_match == NULL
            && r->headers_in.if_none_match == NULL
            && r->headers_in.if_modified_since == NULL
            && r->headers_in.if_unmodified_since == NULL)
        || es_path_is_asset(ngx_exportsite_es(r->uri)))
    {
        return;
    }

    visit = ngx_exportsite_visit(r);

    if (visit != NULL) {
        visit->unconditional = 1;
    }

    ngx_exportsite_unconditional_headers(r);
}
