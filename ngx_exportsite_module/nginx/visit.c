/*
 * A visit's life: made in a phase, found again after internal redirects (which
 * clear the request's contexts) by its pool cleanup, ended with the request.
 */
#include "compat.h"

#include "lookup.h"
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
static ngx_str_t ngx_exportsite_client_args(ngx_http_request_t *r);
static ngx_int_t ngx_exportsite_client_path(ngx_http_request_t *r,
    ngx_str_t *path);
static ngx_uint_t ngx_exportsite_settle(ngx_exportsite_visit_t *visit,
    ngx_uint_t wait);
static void ngx_exportsite_visit_resume(ngx_exportsite_visit_t *visit);
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


void
ngx_exportsite_visit_event(ngx_exportsite_visit_t *visit, ngx_str_t host,
    ngx_str_t path)
{
    visit->used = 1;
    visit->beacon = 1;
    visit->host = host;
    visit->path = path;
    ngx_str_null(&visit->args);

    visit->country_state = ngx_exportsite_todo;
    visit->country_source = NULL;

    visit->language_state = ngx_exportsite_todo;
    visit->language_source = NULL;
    visit->language = -1;

    visit->industry_state = ngx_exportsite_todo;
    visit->industry_source = NULL;
    ngx_str_null(&visit->industry);

    visit->segments = NULL;
    visit->choices = NULL;
}


/* Gives a visit its settings; whom it recognised by others it forgets. */
static void
ngx_exportsite_visit_bind(ngx_exportsite_visit_t *visit,
    ngx_exportsite_loc_conf_t *lcf)
{
    ngx_exportsite_loc_conf_t  *was = visit->conf;

    visit->conf = lcf;

    if (was == lcf
        || (was != NULL && was->cookie == lcf->cookie
            && was->visitor == lcf->visitor
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
    visit->host = main->headers_in.server;
    visit->args = ngx_exportsite_client_args(main);

    if (ngx_exportsite_client_path(main, &visit->path) != NGX_OK) {
        return NULL;
    }

    cln->handler = ngx_exportsite_visit_cleanup;
    ngx_http_set_ctx(main, visit, ngx_exportsite_module);

    ngx_exportsite_segments_update();

    return visit;
}


/* The query string as the client sent it. */
static ngx_str_t
ngx_exportsite_client_args(ngx_http_request_t *r)
{
    u_char  *args, *end, *last;

    if (!r->internal) {
        return r->args;
    }

    last = r->unparsed_uri.data + r->unparsed_uri.len;
    end = ngx_strlchr(r->unparsed_uri.data, last, '#');
    end = end ? end : last;

    args = ngx_strlchr(r->unparsed_uri.data, end, '?');

    if (args == NULL) {
        return (ngx_str_t) ngx_null_string;
    }

    args++;

    return (ngx_str_t) { end - args, args };
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

    /* a request line that nginx refused has no URI to be read again */

    if (!r->internal || r->unparsed_uri.len == 0) {
        *path = r->uri;
        return NGX_OK;
    }

    copy = *r;
    copy.uri_start = r->unparsed_uri.data;
    copy.uri_end = r->unparsed_uri.data + r->unparsed_uri.len;
    copy.uri.len = r->unparsed_uri.len;
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
                                    wait ? ngx_exportsite_visit_resume : NULL)
        == NGX_OK)
    {
        return 1;
    }

    visit->settled = 0;
    visit->request->read_event_handler = ngx_http_test_reading;
    visit->request->write_event_handler = ngx_http_request_empty_handler;

    return 0;
}


/* Goes on with a request that waited. */
static void
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
    ngx_exportsite_lookup_detach(data);
}
