/*
 * A response is recognised as a page with slots before nginx decides on 304:
 * then the contents are chosen and the validators made this visitor's. How the
 * bytes will come is decided ahead of nginx' copy filter, which reads files.
 */
#include "compat.h"

#include "page.h"
#include "page_plan.h"
#include "page_uri.h"
#include "slots.h"
#include "visit.h"
#include "worker.h"


static ngx_uint_t ngx_exportsite_page_wanted(ngx_http_request_t *r,
    ngx_exportsite_loc_conf_t *lcf);
static ngx_uint_t ngx_exportsite_page_wide(ngx_http_request_t *r);
static ngx_int_t ngx_exportsite_page_validators(ngx_exportsite_page_t *page);


ngx_int_t
ngx_exportsite_page_header(ngx_http_request_t *r)
{
    ngx_exportsite_page_t      *page;
    ngx_exportsite_visit_t     *visit;
    ngx_exportsite_loc_conf_t  *lcf;

    lcf = ngx_http_get_module_loc_conf(r, ngx_exportsite_module);

    if (!ngx_exportsite_page_wanted(r, lcf)) {
        visit = r == r->main ? ngx_exportsite_visit(r) : NULL;

        if (visit != NULL && visit->unconditional) {
            /* the upstream was not asked, so nginx has to answer */
            r->disable_not_modified = 0;
        }

        return NGX_OK;
    }

    if (ngx_exportsite_page_wide(r)) {
        ngx_exportsite_count(slots_passed_encoding);
        return NGX_OK;
    }

    page = ngx_pcalloc(r->pool, sizeof(ngx_exportsite_page_t));
    if (page == NULL) {
        return NGX_ERROR;
    }

    page->request = r;
    page->conf = lcf;
    page->last = &page->out;

    if (ngx_exportsite_slots(page) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_http_set_ctx(r, page, ngx_exportsite_page_filter_module);

#if (NGX_HTTP_GZIP)

    if (ngx_exportsite_encoded(r)) {
        /* have it decoded for clients that take gzip, too */

        page->encoded = 1;
        page->gzip_tested = r->gzip_tested;
        page->gzip_ok = r->gzip_ok;

        r->gzip_tested = 1;
        r->gzip_ok = 0;
    }

#endif

    return r == r->main ? ngx_exportsite_page_validators(page) : NGX_OK;
}


static ngx_uint_t
ngx_exportsite_page_wanted(ngx_http_request_t *r,
    ngx_exportsite_loc_conf_t *lcf)
{
    return ngx_exportsite_has_slots(lcf)
           && r->headers_out.status == NGX_HTTP_OK
           && !r->subrequest_in_memory
           && !ngx_exportsite_page_captured(r)
           && ngx_http_test_content_type(r, &lcf->slot_types) != NULL;
}


/* An encoding in which "<" is not always a byte 0x3c, and only that. */
static ngx_uint_t
ngx_exportsite_page_wide(ngx_http_request_t *r)
{
    ngx_str_t          charset;
    ngx_uint_t         i;
    static ngx_str_t   wide[] = {
        ngx_string("utf-16"), ngx_string("utf-32"), ngx_string("utf-7"),
        ngx_string("ucs-2"), ngx_string("iso-10646-ucs-2"),
        ngx_string("unicode"), ngx_string("csunicode"),
        ngx_string("iso-2022-"), ngx_string("hz-gb-2312")
    };

    charset = r->headers_out.charset;

    if (charset.len > 0 && charset.data[0] == '"') {
        charset.data++;
        charset.len--;
    }

    for (i = 0; i < sizeof(wide) / sizeof(wide[0]); i++) {
        if (charset.len >= wide[i].len
            && ngx_strncasecmp(charset.data, wide[i].data, wide[i].len) == 0)
        {
            return 1;
        }
    }

    return 0;
}


static ngx_int_t
ngx_exportsite_page_validators(ngx_exportsite_page_t *page)
{
    ngx_str_t            etag;
    ngx_http_request_t  *r = page->request;

    etag.len = 0;

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))) {
        /* what was done by this request cannot be answered by 304 */
        ngx_http_clear_etag(r);
        ngx_http_clear_last_modified(r);
        return NGX_OK;
    }

    if (r->headers_out.etag != NULL) {
        if (ngx_exportsite_slots_etag(page, &etag) != NGX_OK) {
            return NGX_ERROR;
        }

        if (etag.len > 0) {
            r->headers_out.etag->value = etag;

        } else {
            ngx_http_clear_etag(r);
        }
    }

    if (etag.len == 0) {
        /* "*" would match what nobody can compare */
        r->headers_in.if_none_match = NULL;
    }

    ngx_http_clear_last_modified(r);

    r->headers_in.if_modified_since = NULL;
    r->headers_in.if_unmodified_since = NULL;
    r->headers_in.if_range = NULL;
    r->headers_in.range = NULL;

    /* an upstream was not asked on condition, so nginx has to answer */
    r->disable_not_modified = 0;

    return NGX_OK;
}


void
ngx_exportsite_page_body(ngx_http_request_t *r, ngx_chain_t *in)
{
    ngx_exportsite_page_t  *page;

    page = ngx_exportsite_page(r);

    if (page == NULL || !page->passing || page->begun || in == NULL) {
        return;
    }

    page->begun = 1;
    ngx_exportsite_count(slots_pages);

    if (ngx_exportsite_plan_begin(page, in) == NGX_DONE) {
        /* this file is known to have nothing to fill: it goes as it is */
        ngx_http_set_ctx(r, NULL, ngx_exportsite_page_filter_module);
        return;
    }

    r->filter_need_in_memory = 1;
}
