/*
 * A visit's life: made in a phase, found again after internal redirects (which
 * clear the request's contexts) by its pool cleanup, ended with the request.
 */
#include "compat.h"

#include "../core/asset.h"
#include "profile.h"
#include "segments.h"
#include "visit.h"
#include "visitor.h"
#include "worker.h"


static ngx_exportsite_visit_t *ngx_exportsite_visit_find(
    ngx_http_request_t *main);
static ngx_exportsite_visit_t *ngx_exportsite_visit_create(
    ngx_http_request_t *main);
static void ngx_exportsite_visit_bind(ngx_exportsite_visit_t *visit,
    ngx_exportsite_loc_conf_t *lcf);
static ngx_int_t ngx_exportsite_client_path(ngx_http_request_t *r,
    ngx_str_t *path);
static ngx_uint_t ngx_exportsite_settle(ngx_exportsite_visit_t *visit,
    ngx_uint_t wait);
static void ngx_exportsite_visit_cleanup(void *data);


ngx_exportsite_visit_t *
ngx_exportsite_visit(ngx_http_request_t *r)
{
    ngx_exportsite_visit_t  *visit;

    r = r->main;

    visit = ngx_http_get_module_ctx(r, ngx_exportsite_module);

    if (visit == NULL && r->internal) {
        visit = ngx_exportsite_visit_find(r);
    }

    return (visit != NULL && visit->conf != NULL) ? visit : NULL;
}


static ngx_exportsite_visit_t *
ngx_exportsite_visit_find(ngx_http_request_t *main)
{
    ngx_pool_cleanup_t  *cln;

    for (cln = main->pool->cleanup; cln; cln = cln->next) {
        if (cln->handler == ngx_exportsite_visit_cleanup) {
            ngx_http_set_ctx(main, cln->data, ngx_exportsite_module);
            return cln->data;
        }
    }

    return NULL;
}


ngx_int_t
ngx_exportsite_visit_begin(ngx_http_request_t *r,
    ngx_exportsite_place_e place)
{
    ngx_uint_t                  phase;
    ngx_exportsite_visit_t     *visit;
    ngx_exportsite_loc_conf_t  *lcf;

    lcf = ngx_http_get_module_loc_conf(r, ngx_exportsite_module);

    if (place == ngx_exportsite_at_access
        && lcf->phase != NGX_EXPORTSITE_PHASE_ACCESS)
    {
        return NGX_DECLINED;
    }

    visit = ngx_http_get_module_ctx(r->main, ngx_exportsite_module);

    if (visit == NULL && r->main->internal) {
        visit = ngx_exportsite_visit_find(r->main);
    }

    if (visit != NULL && visit->waiter != NULL) {
        return r == r->main ? NGX_DONE : NGX_DECLINED;
    }

    if (visit != NULL && visit->conf != NULL
        && (visit->used || visit->bound) && visit->settled)
    {
        return NGX_DECLINED;
    }

    phase = (place == ngx_exportsite_at_access) ? NGX_EXPORTSITE_PHASE_ACCESS
                                                : NGX_EXPORTSITE_PHASE_REWRITE;

    if (!lcf->enable || lcf->phase != phase) {

        /* a server's settings end where a location's say otherwise */

        if (visit != NULL && !visit->used && !visit->bound
            && place == ngx_exportsite_at_location && r == r->main)
        {
            visit->conf = NULL;
        }

        return NGX_DECLINED;
    }

    if (visit == NULL) {
        visit = ngx_exportsite_visit_create(r->main);
        if (visit == NULL) {
            return NGX_DECLINED;
        }
    }

    if (!visit->used && !visit->bound) {
        ngx_exportsite_visit_bind(visit, lcf);
        visit->bound = (place != ngx_exportsite_at_server);
    }

    return ngx_exportsite_settle(visit, r == r->main) ? NGX_DECLINED
                                                      : NGX_DONE;
}


/* Gives a visit its settings; whom it recognised by others it forgets. */
static void
ngx_exportsite_visit_bind(ngx_exportsite_visit_t *visit,
    ngx_exportsite_loc_conf_t *lcf)
{
    ngx_exportsite_loc_conf_t  *was = visit->conf;

    visit->conf = lcf;

    if (was == NULL || was == lcf
        || (was->cookie == lcf->cookie && was->visitor == lcf->visitor
            && was->consent.flag == lcf->consent.flag
            && was->consent.value == lcf->consent.value
            && was->optout == lcf->optout))
    {
        return;
    }

    visit->consent_state = ngx_exportsite_todo;
    visit->visitor_state = ngx_exportsite_todo;
    visit->new_visitor = 0;
    visit->resign = 0;
    visit->cookie_seen = 0;
    visit->settled = 0;

    ngx_str_null(&visit->visitor);
    ngx_str_null(&visit->profile);
}


static ngx_exportsite_visit_t *
ngx_exportsite_visit_create(ngx_http_request_t *main)
{
    ngx_pool_cleanup_t      *cln;
    ngx_exportsite_visit_t  *visit;

    cln = ngx_pool_cleanup_add(main->pool, sizeof(ngx_exportsite_visit_t));
    if (cln == NULL) {
        return NULL;
    }

    visit = cln->data;
    ngx_memzero(visit, sizeof(ngx_exportsite_visit_t));

    visit->request = main;
    visit->language = -1;
    visit->args = main->args;

    if (ngx_exportsite_client_path(main, &visit->path) != NGX_OK) {
        return NULL;
    }

    cln->handler = ngx_exportsite_visit_cleanup;
    ngx_http_set_ctx(main, visit, ngx_exportsite_module);

    ngx_exportsite_segments_update();

    return visit;
}


/*
 * The path as the client sent it, decoded. A rewrite on the way here has
 * replaced r->uri, but the request line is still there to be read again: on a
 * copy, as nginx' parser notes its findings in the request.
 */
static ngx_int_t
ngx_exportsite_client_path(ngx_http_request_t *r, ngx_str_t *path)
{
    ngx_http_request_t         copy;
    ngx_http_core_srv_conf_t  *cscf;

    if (!r->internal || r->uri_start == NULL) {
        *path = r->uri;
        return NGX_OK;
    }

    copy = *r;
    copy.uri.len = r->uri_end - r->uri_start;
    copy.uri.data = ngx_pnalloc(r->pool, copy.uri.len + 1);
    if (copy.uri.data == NULL) {
        return NGX_ERROR;
    }

    cscf = ngx_http_get_module_srv_conf(r, ngx_http_core_module);

    if (ngx_http_parse_complex_uri(&copy, cscf->merge_slashes) != NGX_OK) {
        *path = r->uri;
        return NGX_OK;
    }

    *path = copy.uri;

    return NGX_OK;
}


/* True unless the request has to wait for its profile. */
static ngx_uint_t
ngx_exportsite_settle(ngx_exportsite_visit_t *visit, ngx_uint_t wait)
{
    ngx_str_t                id;
    ngx_exportsite_worker_t  *w = &ngx_exportsite_worker;

    if (visit->settled) {
        return 1;
    }

    if (w->state->fields == 0 || w->conf->redis.sockaddr == NULL) {
        visit->settled = 1;
        return 1;
    }

    id = ngx_exportsite_visitor_known(visit);

    visit->settled = 1;

    if (id.len == 0) {
        return 1;
    }

    if (ngx_exportsite_profile_load(visit,
                                    wait && ngx_exportsite_maybe_page(visit))
        == NGX_OK)
    {
        return 1;
    }

    visit->settled = 0;
    visit->request->read_event_handler = ngx_http_test_reading;
    visit->request->write_event_handler = ngx_http_request_empty_handler;

    return 0;
}


void
ngx_exportsite_visit_resume(ngx_exportsite_visit_t *visit)
{
    ngx_connection_t    *c;
    ngx_http_request_t  *r;

    r = visit->request;
    c = r->connection;

    visit->settled = 1;

    ngx_log_debug0(NGX_LOG_DEBUG_HTTP, c->log, 0, "exportsite: goes on");

    r->read_event_handler = ngx_http_block_reading;
    r->write_event_handler = ngx_http_core_run_phases;

    ngx_http_core_run_phases(r);
    ngx_http_run_posted_requests(c);
}


static void
ngx_exportsite_visit_cleanup(void *data)
{
    ngx_exportsite_profile_detach(data);
}


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

    if (headers->page || headers->subresource) {
        return headers->page;
    }

    return !es_path_is_asset(ngx_exportsite_es(visit->path));
}


#define ngx_exportsite_key_is(h, name)                                        \
    (ngx_memcmp((h)->lowcase_key, name, sizeof(name) - 1) == 0)

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
            headers->page = ngx_exportsite_dest_is_page(value);
            headers->subresource = !headers->page;
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
            ngx_exportsite_header_note(headers, &h[i],
                                       visit->request->pool);
        }
    }

    return headers;
}


/* Sixteen digits of the process and eight of its count. */
ngx_str_t
ngx_exportsite_event_id(ngx_exportsite_visit_t *visit)
{
    u_char          *p;
    uint32_t         n;
    ngx_uint_t       i;
    static uint32_t  counter;
    static u_char    hex[] = "0123456789abcdef";

    if (!visit->event_id_made) {
        visit->event_id_made = 1;

        ngx_memcpy(visit->event_id, ngx_exportsite_worker.event_nonce, 16);

        n = ++counter;
        p = visit->event_id + NGX_EXPORTSITE_EVENT_ID_LEN;

        for (i = 0; i < 8; i++) {
            *--p = hex[n & 15];
            n >>= 4;
        }
    }

    return (ngx_str_t) { NGX_EXPORTSITE_EVENT_ID_LEN, visit->event_id };
}
