/*
 * The contents of a page's slots. Whatever goes wrong leaves the page's own.
 */
#include "compat.h"

#include "../core/siphash.h"
#include "contents.h"
#include "depend.h"
#include "slots.h"


static void ngx_exportsite_slots_cleanup(void *data);
static ngx_exportsite_left_e ngx_exportsite_slot_get(
    ngx_exportsite_page_t *page, ngx_exportsite_slot_conf_t *slot,
    ngx_exportsite_fill_t *fill);
static ngx_exportsite_left_e ngx_exportsite_slot_text_get(ngx_str_t *text,
    ngx_exportsite_content_t **content);
static ngx_int_t ngx_exportsite_script_tag(ngx_exportsite_page_t *page);


ngx_int_t
ngx_exportsite_slots(ngx_exportsite_page_t *page)
{
    ngx_uint_t                   i, n;
    ngx_pool_cleanup_t          *cln;
    ngx_exportsite_slot_conf_t  *slot;

    n = page->conf->slots ? page->conf->slots->nelts : 0;

    if (n > 0) {
        cln = ngx_pool_cleanup_add(page->request->pool, 0);
        page->fills = ngx_pcalloc(page->request->pool,
                                  n * sizeof(ngx_exportsite_fill_t));

        if (cln == NULL || page->fills == NULL) {
            return NGX_ERROR;
        }

        cln->handler = ngx_exportsite_slots_cleanup;
        cln->data = page;

        slot = page->conf->slots->elts;

        for (i = 0; i < n; i++) {
            page->fills[i].left = ngx_exportsite_slot_get(page, &slot[i],
                                                          &page->fills[i]);
        }
    }

    return page->conf->script ? ngx_exportsite_script_tag(page) : NGX_OK;
}


static void
ngx_exportsite_slots_cleanup(void *data)
{
    ngx_uint_t              i;
    ngx_exportsite_page_t  *page = data;

    for (i = 0; i < page->conf->slots->nelts; i++) {
        if (page->fills[i].content != NULL) {
            ngx_exportsite_content_release(page->fills[i].content);
        }
    }
}


static ngx_exportsite_left_e
ngx_exportsite_slot_get(ngx_exportsite_page_t *page,
    ngx_exportsite_slot_conf_t *slot, ngx_exportsite_fill_t *fill)
{
    ngx_str_t                value;
    ngx_http_request_t      *r = page->request;
    ngx_exportsite_visit_t  *visit = ngx_exportsite_visit(r);

    if (ngx_exportsite_value(r, visit, &slot->value, &value) != NGX_OK) {
        return ngx_exportsite_left_failed;
    }

    switch (slot->source) {

    case ngx_exportsite_slot_file:
        return ngx_exportsite_slot_file_get(r, &value, &fill->content);

    case ngx_exportsite_slot_redis:
        return ngx_exportsite_contents_get(&value, &fill->content);

    case ngx_exportsite_slot_text:
        return ngx_exportsite_slot_text_get(&value, &fill->content);

    default: /* ngx_exportsite_slot_uri */
        if (visit != NULL) {
            /* it answers after the header, and may ask whatever it likes */
            ngx_exportsite_depend_visitor(visit);
        }

        fill->uri = value;
        return value.len ? ngx_exportsite_filled : ngx_exportsite_left_missing;
    }
}


static ngx_exportsite_left_e
ngx_exportsite_slot_text_get(ngx_str_t *text,
    ngx_exportsite_content_t **content)
{
    size_t  len;

    if (text->len == 0) {
        return ngx_exportsite_left_missing;
    }

    len = text->len + ngx_escape_html(NULL, text->data, text->len);

    if (len > NGX_EXPORTSITE_CONTENT_MAX) {
        return ngx_exportsite_left_large;
    }

    *content = ngx_exportsite_content_new(len);
    if (*content == NULL) {
        return ngx_exportsite_left_failed;
    }

    (void) ngx_escape_html((*content)->data, text->data, text->len);
    ngx_exportsite_content_seal(*content);

    return ngx_exportsite_filled;
}


/* A nonce as CSP has it (base64, either alphabet); others are left out. */
static ngx_uint_t
ngx_exportsite_nonce_valid(ngx_str_t *nonce)
{
    size_t  i;
    u_char  c;

    for (i = 0; i < nonce->len; i++) {
        c = nonce->data[i];

        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z')
              || (c >= 'A' && c <= 'Z') || c == '+' || c == '/' || c == '='
              || c == '_' || c == '-'))
        {
            return 0;
        }
    }

    return nonce->len > 0;
}


static ngx_int_t
ngx_exportsite_script_tag(ngx_exportsite_page_t *page)
{
    u_char                   *p;
    size_t                    len;
    ngx_str_t                 uri, nonce;
    ngx_http_request_t       *r = page->request;
    ngx_exportsite_script_t  *script = page->conf->script;
    ngx_exportsite_visit_t   *visit = ngx_exportsite_visit(r);

    ngx_str_null(&nonce);

    if (ngx_exportsite_value(r, visit, &script->uri, &uri) != NGX_OK
        || (script->nonce != NULL
            && ngx_exportsite_value(r, visit, script->nonce, &nonce) != NGX_OK))
    {
        return NGX_ERROR;
    }

    if (uri.len == 0) {
        return NGX_OK;
    }

    if (!ngx_exportsite_nonce_valid(&nonce)) {
        nonce.len = 0;
    }

    len = sizeof("<script src=\"\" defer nonce=\"\"></script>")
          + uri.len + ngx_escape_html(NULL, uri.data, uri.len) + nonce.len;

    p = ngx_pnalloc(r->pool, len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    page->script.data = p;

    p = ngx_cpymem(p, "<script src=\"", sizeof("<script src=\"") - 1);
    p = (u_char *) ngx_escape_html(p, uri.data, uri.len);
    p = ngx_cpymem(p, "\" defer", sizeof("\" defer") - 1);

    if (nonce.len > 0) {
        p = ngx_sprintf(p, " nonce=\"%V\"", &nonce);
    }

    p = ngx_cpymem(p, "></script>", sizeof("></script>") - 1);

    page->script.len = p - page->script.data;

    return NGX_OK;
}


ngx_int_t
ngx_exportsite_slots_etag(ngx_exportsite_page_t *page, ngx_str_t *etag)
{
    u_char                       *p, *buf;
    size_t                        len;
    uint64_t                      hash;
    ngx_str_t                    *own;
    ngx_uint_t                    i, n;
    static const uint8_t          key[ES_SIPHASH_KEY] = { 0 };
    ngx_exportsite_slot_conf_t   *slot;

    own = &page->request->headers_out.etag->value;
    n = page->conf->slots ? page->conf->slots->nelts : 0;
    slot = n ? page->conf->slots->elts : NULL;

    etag->len = 0;

    len = own->len + page->script.len + n * sizeof(hash);
    buf = ngx_pnalloc(page->request->pool,
                      len + sizeof("W/\"0123456789abcdef\""));
    if (buf == NULL) {
        return NGX_ERROR;
    }

    p = ngx_cpymem(buf, own->data, own->len);

    for (i = 0; i < n; i++) {
        if (slot[i].source == ngx_exportsite_slot_uri) {
            return NGX_OK;
        }

        hash = page->fills[i].content ? page->fills[i].content->hash : 0;
        p = ngx_cpymem(p, &hash, sizeof(hash));
    }

    if (page->script.len > 0) {
        p = ngx_cpymem(p, page->script.data, page->script.len);
    }

    hash = es_siphash(key, buf, len);

    etag->data = p;
    etag->len = ngx_sprintf(p, "W/\"%016xL\"", hash) - p;

    return NGX_OK;
}
