/*
 * exportsite_beacon: the collector. What it answers, and how an accepted event
 * becomes one of the stream.
 */
#include "compat.h"

#include "beacon.h"
#include "beacon_body.h"
#include "beacon_origin.h"
#include "choose.h"
#include "event_id.h"
#include "headers_out.h"
#include "pool.h"
#include "record.h"
#include "variables.h"
#include "visitor.h"
#include "worker.h"


static ngx_int_t ngx_exportsite_beacon_script(ngx_http_request_t *r,
    ngx_exportsite_beacon_conf_t *conf);
static ngx_int_t ngx_exportsite_beacon_options(ngx_http_request_t *r,
    ngx_exportsite_beacon_conf_t *conf);
static ngx_int_t ngx_exportsite_beacon_post(ngx_http_request_t *r);
static void ngx_exportsite_beacon_read(ngx_http_request_t *r);
static ngx_int_t ngx_exportsite_beacon_take(ngx_http_request_t *r,
    ngx_str_t host);
static void ngx_exportsite_beacon_record(ngx_http_request_t *r,
    es_beacon_t *beacon, ngx_str_t host);
static ngx_int_t ngx_exportsite_beacon_refuse(ngx_http_request_t *r);
static ngx_int_t ngx_exportsite_beacon_answer(ngx_http_request_t *r,
    ngx_uint_t status, const char *reason);


static const char  ngx_exportsite_beacon_methods[] = "GET, HEAD, POST, OPTIONS";


ngx_int_t
ngx_exportsite_beacon_handler(ngx_http_request_t *r)
{
    ngx_exportsite_loc_conf_t  *lcf;

    lcf = ngx_http_get_module_loc_conf(r, ngx_exportsite_module);

    switch (r->method) {

    case NGX_HTTP_GET:
    case NGX_HTTP_HEAD:
        return ngx_exportsite_beacon_script(r, lcf->beacon);

    case NGX_HTTP_OPTIONS:
        return ngx_exportsite_beacon_options(r, lcf->beacon);

    case NGX_HTTP_POST:

        /* a subrequest's visit is that of a page, and must stay so */

        if (r == r->main) {
            return ngx_exportsite_beacon_post(r);
        }
    }

    return ngx_exportsite_header_text(r, "Allow", ngx_exportsite_beacon_methods)
           ? NGX_HTTP_NOT_ALLOWED : NGX_HTTP_INTERNAL_SERVER_ERROR;
}


void
ngx_exportsite_beacon_log(ngx_http_request_t *r)
{
    ngx_exportsite_loc_conf_t  *lcf;

    if (r->headers_out.status != NGX_HTTP_REQUEST_ENTITY_TOO_LARGE) {
        return;
    }

    lcf = ngx_http_get_module_loc_conf(r, ngx_exportsite_module);

    if (lcf->beacon != NULL) {
        ngx_exportsite_count(beacons[ngx_exportsite_beacon_large]);
    }
}


static ngx_int_t
ngx_exportsite_beacon_script(ngx_http_request_t *r,
    ngx_exportsite_beacon_conf_t *conf)
{
    static ngx_str_t           type = ngx_string("application/javascript");
    ngx_http_complex_value_t   body;

    r->headers_out.etag = ngx_exportsite_header_add(r, "ETag", conf->etag);

    if (r->headers_out.etag == NULL
        || !ngx_exportsite_header_text(r, "Cache-Control",
                                       "public, max-age=86400"))
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_memzero(&body, sizeof(ngx_http_complex_value_t));
    body.value = conf->script;

    return ngx_http_send_response(r, NGX_HTTP_OK, &type, &body);
}


static ngx_int_t
ngx_exportsite_beacon_options(ngx_http_request_t *r,
    ngx_exportsite_beacon_conf_t *conf)
{
    ngx_int_t    rc;
    es_origin_t  origin;

    switch (ngx_exportsite_beacon_origin(r, conf, &origin)) {

    case ngx_exportsite_origin_foreign:
        return ngx_exportsite_beacon_refuse(r);

    case ngx_exportsite_origin_named:
        rc = ngx_exportsite_beacon_preflight(r);
        break;

    default: /* ngx_exportsite_origin_own */
        rc = ngx_exportsite_header_text(r, "Allow",
                                        ngx_exportsite_beacon_methods)
             ? NGX_OK : NGX_ERROR;
    }

    return rc == NGX_OK
           ? ngx_exportsite_beacon_answer(r, NGX_HTTP_NO_CONTENT, "")
           : NGX_HTTP_INTERNAL_SERVER_ERROR;
}


static ngx_int_t
ngx_exportsite_beacon_post(ngx_http_request_t *r)
{
    ngx_int_t  rc;

    if (r->headers_in.content_length_n > NGX_EXPORTSITE_BEACON_READ) {
        /* it came by an error_page: nginx has not compared it to our limit */
        return NGX_HTTP_REQUEST_ENTITY_TOO_LARGE;
    }

    rc = ngx_http_read_client_request_body(r, ngx_exportsite_beacon_read);

    return rc >= NGX_HTTP_SPECIAL_RESPONSE ? rc : NGX_DONE;
}


static void
ngx_exportsite_beacon_read(ngx_http_request_t *r)
{
    ngx_int_t                   rc;
    ngx_str_t                   host = ngx_null_string;
    es_origin_t                 origin;
    ngx_exportsite_loc_conf_t  *lcf;

    lcf = ngx_http_get_module_loc_conf(r, ngx_exportsite_module);

    switch (ngx_exportsite_beacon_origin(r, lcf->beacon, &origin)) {

    case ngx_exportsite_origin_foreign:
        rc = ngx_exportsite_beacon_refuse(r);
        break;

    case ngx_exportsite_origin_named:
        host.len = origin.host.len;
        host.data = ngx_pnalloc(r->pool, host.len);

        if (host.data == NULL || ngx_exportsite_beacon_allow(r) != NGX_OK) {
            rc = NGX_HTTP_INTERNAL_SERVER_ERROR;
            break;
        }

        ngx_strlow(host.data, (u_char *) origin.host.data, host.len);

        /* fall through */

    default: /* ngx_exportsite_origin_own */
        rc = ngx_exportsite_beacon_take(r, host);
    }

    ngx_http_finalize_request(r, rc);
}


/* host: of another site's page, which may send here; else empty. */
static ngx_int_t
ngx_exportsite_beacon_take(ngx_http_request_t *r, ngx_str_t host)
{
    ngx_int_t     rc;
    ngx_str_t     body;
    es_pool_t    *pool;
    es_beacon_t   beacon;

    rc = ngx_exportsite_beacon_body(r, ES_BEACON_MAX, &body);

    if (rc == NGX_DECLINED) {
        return ngx_exportsite_beacon_answer(r,
                                            NGX_HTTP_REQUEST_ENTITY_TOO_LARGE,
                                            "more than 8 KB");
    }

    pool = ngx_exportsite_pool(r->pool);

    if (rc != NGX_OK || pool == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    switch (es_beacon_parse(ngx_exportsite_es(body), pool, &beacon)) {

    case ES_BEACON_OK:
        ngx_exportsite_beacon_record(r, &beacon, host);
        return ngx_exportsite_beacon_answer(r, NGX_HTTP_NO_CONTENT, "");

    case ES_BEACON_BAD:
        ngx_exportsite_count(beacons[ngx_exportsite_beacon_bad]);
        return ngx_exportsite_beacon_answer(r, NGX_HTTP_BAD_REQUEST,
                                            beacon.error);

    case ES_BEACON_MANY:
        return ngx_exportsite_beacon_answer(r,
                                            NGX_HTTP_REQUEST_ENTITY_TOO_LARGE,
                                            beacon.error);

    default: /* ES_BEACON_NO_MEMORY */
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
}


static void
ngx_exportsite_beacon_record(ngx_http_request_t *r, es_beacon_t *beacon,
    ngx_str_t host)
{
    size_t                   i;
    u_char                  *known;
    es_beacon_event_t       *event = beacon->event;
    ngx_exportsite_about_t   about;
    ngx_exportsite_visit_t  *visit;

    visit = ngx_exportsite_visit(r);
    known = ngx_exportsite_variables_known(r);

    if (visit == NULL || known == NULL
        || !ngx_exportsite_may_record_event(visit))
    {
        ngx_exportsite_count(beacons[ngx_exportsite_beacon_ignored]);
        return;
    }

    if (host.len == 0) {
        host = visit->host;
    }

    for (i = 0; i < beacon->count; i++) {
        if (ngx_exportsite_event_id_whose(event[i].page)
            == ngx_exportsite_nobodys)
        {
            /* consent was given on the page, and is for the next ones */
            ngx_exportsite_visitor_nobody(visit);
            break;
        }
    }

    for (i = 0; i < beacon->count && !ngx_exportsite_consent(visit); i++) {
        if (ngx_exportsite_event_id_whose(event[i].page)
            == ngx_exportsite_someones)
        {
            /* it was withdrawn: the view would tell who this is */
            event[i].page = es_null_str;
        }
    }

    for (i = 0; i < beacon->count; i++) {

        if (i == 0 || !es_str_eq(event[i].path, event[i - 1].path)) {
            ngx_exportsite_visit_event(visit, host,
                                       ngx_exportsite_ngx(event[i].path));
            ngx_exportsite_variables_forget(r, known);
            ngx_exportsite_choose_all(visit);
            ngx_exportsite_record_about(visit, &about);
        }

        ngx_exportsite_record_event(visit, &event[i], &about);
    }

    ngx_exportsite_count(beacons[ngx_exportsite_beacon_taken]);
}


static ngx_int_t
ngx_exportsite_beacon_refuse(ngx_http_request_t *r)
{
    ngx_exportsite_count(beacons[ngx_exportsite_beacon_foreign]);

    return ngx_exportsite_beacon_answer(r, NGX_HTTP_FORBIDDEN,
                             "the page is of another site, which origin= of "
                             "exportsite_beacon does not name");
}


/* Answers with one line, as "return 400 text" does: without an error_page. */
static ngx_int_t
ngx_exportsite_beacon_answer(ngx_http_request_t *r, ngx_uint_t status,
    const char *reason)
{
    size_t                     len;
    u_char                    *p;
    static ngx_str_t           type = ngx_string("text/plain");
    ngx_exportsite_visit_t    *visit;
    ngx_http_complex_value_t   body;

    visit = ngx_exportsite_visit(r);

    if (visit != NULL) {
        /* the event has asked, not its answer */
        visit->depends = 0;
    }

    ngx_memzero(&body, sizeof(ngx_http_complex_value_t));

    len = ngx_strlen(reason);

    if (len > 0) {
        p = ngx_pnalloc(r->pool, len + 1);

        if (p == NULL
            || !ngx_exportsite_header_text(r, "Cache-Control", "no-store"))
        {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        body.value.data = p;
        body.value.len = len + 1;
        *ngx_cpymem(p, reason, len) = '\n';
    }

    return ngx_http_send_response(r, status, &type, &body);
}
