/*
 * A visit's life: made in a phase, found again after internal redirects (which
 * clear the request's contexts) by its pool cleanup, ended with the request.
 */
#include "../core/asset.h"
#include "../core/visitor.h"
#include "profile.h"
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

    visit = ngx_http_get_module_ctx(r->main, ngx_exportsite_module);

    if (visit == NULL && r->main->internal) {
        visit = ngx_exportsite_visit_find(r->main);
    }

    if (visit != NULL && visit->lookup != NULL) {
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
    ngx_str_t         *dest;
    static ngx_str_t   name = ngx_string("sec-fetch-dest");

    dest = ngx_exportsite_header(visit->request, &name);

    if (dest != NULL && dest->len > 0) {
        return (dest->len == 8
                && ngx_strncmp(dest->data, "document", 8) == 0)
               || (dest->len == 6
                   && (ngx_strncmp(dest->data, "iframe", 6) == 0))
               || (dest->len == 5 && ngx_strncmp(dest->data, "empty", 5) == 0)
               || (dest->len == 5 && ngx_strncmp(dest->data, "frame", 5) == 0);
    }

    return !es_path_is_asset(ngx_exportsite_es(visit->path));
}


ngx_str_t
ngx_exportsite_event_id(ngx_exportsite_visit_t *visit)
{
    uint32_t         n;
    uint8_t          bytes[NGX_EXPORTSITE_EVENT_ID_LEN / 2];
    static uint32_t  counter;

    if (!visit->event_id_made) {
        visit->event_id_made = 1;

        n = ++counter;
        ngx_memcpy(bytes, ngx_exportsite_worker.event_nonce, 8);
        bytes[8] = (uint8_t) (n >> 24);
        bytes[9] = (uint8_t) (n >> 16);
        bytes[10] = (uint8_t) (n >> 8);
        bytes[11] = (uint8_t) n;

        es_hex((char *) visit->event_id, bytes, sizeof(bytes));
    }

    return (ngx_str_t) { NGX_EXPORTSITE_EVENT_ID_LEN, visit->event_id };
}
