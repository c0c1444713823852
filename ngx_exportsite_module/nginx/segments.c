/*
 * The segments as this worker has them compiled. A worker compares the zone's
 * version with its own whenever a visit begins, and compiles only the rules
 * that changed: at once if they are few, else so many in each turn of the
 * event loop.
 */
#include "compat.h"

#include "pool.h"
#include "segments.h"


static es_pool_t *ngx_exportsite_segment_pool(void *data);
static void ngx_exportsite_segment_pool_free(void *data, es_pool_t *pool);
static ngx_uint_t ngx_exportsite_segments_apply(ngx_uint_t budget);
static void ngx_exportsite_segments_timer(ngx_event_t *ev);
static void ngx_exportsite_bind_segments(es_segments_t *set);


static es_segments_t                 *ngx_exportsite_segments;
static uint64_t                       ngx_exportsite_segments_version;
static ngx_exportsite_definitions_t   ngx_exportsite_segments_coming;
static size_t                         ngx_exportsite_segments_at;
static ngx_event_t                    ngx_exportsite_segments_event;


ngx_int_t
ngx_exportsite_segments_init(void)
{
    es_pool_t                  *pool;
    ngx_exportsite_worker_t    *w = &ngx_exportsite_worker;
    static es_segments_host_t   host = {
        ngx_exportsite_segment_pool, ngx_exportsite_segment_pool_free, NULL
    };

    ngx_exportsite_segments_event.handler = ngx_exportsite_segments_timer;
    ngx_exportsite_segments_event.data = &w->redis;
    ngx_exportsite_segments_event.log = w->log;
    ngx_exportsite_segments_event.cancelable = 1;

    pool = ngx_exportsite_pool(w->cycle->pool);
    if (pool == NULL) {
        return NGX_ERROR;
    }

    ngx_exportsite_segments = es_segments_create(pool, &host);
    if (ngx_exportsite_segments == NULL
        || ngx_exportsite_definitions_read(&ngx_exportsite_segments_coming)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    (void) ngx_exportsite_segments_apply((ngx_uint_t) -1);

    return NGX_OK;
}


void
ngx_exportsite_segments_exit(void)
{
    if (ngx_exportsite_segments != NULL) {
        es_segments_destroy(ngx_exportsite_segments);
        ngx_exportsite_segments = NULL;
    }

    ngx_exportsite_definitions_free(&ngx_exportsite_segments_coming);

    if (ngx_exportsite_segments_event.timer_set) {
        ngx_del_timer(&ngx_exportsite_segments_event);
    }
}


static es_pool_t *
ngx_exportsite_segment_pool(void *data)
{
    es_pool_t   *es;
    ngx_pool_t  *pool;

    pool = ngx_create_pool(1024, ngx_exportsite_worker.log);
    if (pool == NULL) {
        return NULL;
    }

    es = ngx_exportsite_pool(pool);
    if (es == NULL) {
        ngx_destroy_pool(pool);
    }

    return es;
}


static void
ngx_exportsite_segment_pool_free(void *data, es_pool_t *pool)
{
    ngx_destroy_pool(ngx_exportsite_pool_of(pool));
}


es_segments_t *
ngx_exportsite_segments_set(void)
{
    return ngx_exportsite_segments;
}


void
ngx_exportsite_segments_update(void)
{
    uint64_t  version = ngx_exportsite_worker.state->version;

    if (ngx_exportsite_segments_version == version
        || ngx_exportsite_segments_coming.data != NULL
        || ngx_exportsite_definitions_read(&ngx_exportsite_segments_coming)
           != NGX_OK)
    {
        return;
    }

    ngx_exportsite_segments_at = 0;

    if (!ngx_exportsite_segments_apply(NGX_EXPORTSITE_COMPILE_SLICE)) {
        ngx_add_timer(&ngx_exportsite_segments_event, 1);
    }
}


static void
ngx_exportsite_segments_timer(ngx_event_t *ev)
{
    if (!ngx_exportsite_segments_apply(NGX_EXPORTSITE_COMPILE_SLICE)) {
        ngx_add_timer(ev, 1);
    }
}


/* Compiles at most budget rules of the list that is coming; true at its end. */
static ngx_uint_t
ngx_exportsite_segments_apply(ngx_uint_t budget)
{
    es_rule_error_t                err;
    ngx_exportsite_definition_t    d;
    ngx_exportsite_definitions_t  *list = &ngx_exportsite_segments_coming;

    if (ngx_exportsite_segments_at == 0) {
        /* those that go make room for those that come */
        ngx_exportsite_segments_keep(list);
    }

    while (ngx_exportsite_definitions_next(list, &ngx_exportsite_segments_at,
                                           &d))
    {
        if (d.version <= ngx_exportsite_segments_version) {
            continue;
        }

        (void) es_segments_put(ngx_exportsite_segments, d.name, d.text, &err);

        if (--budget == 0) {
            return 0;
        }
    }

    (void) es_segments_link(ngx_exportsite_segments);
    ngx_exportsite_segments_linked(list->version);

    ngx_exportsite_definitions_free(list);

    return 1;
}


void
ngx_exportsite_segments_finish(void)
{
    ngx_exportsite_segments_update();

    while (ngx_exportsite_segments_coming.data != NULL) {
        (void) ngx_exportsite_segments_apply((ngx_uint_t) -1);
    }
}


void
ngx_exportsite_segments_keep(ngx_exportsite_definitions_t *list)
{
    u_char                       *stays;
    size_t                        at, i, count;
    uint32_t                      n;
    ngx_exportsite_definition_t   d;

    count = es_segments_count(ngx_exportsite_segments);

    if (count == 0) {
        return;
    }

    stays = ngx_calloc(count, ngx_exportsite_worker.log);
    if (stays == NULL) {
        return;
    }

    at = 0;

    while (ngx_exportsite_definitions_next(list, &at, &d)) {
        n = es_segments_find(ngx_exportsite_segments, d.name);

        if (n != ES_SEGMENT_UNKNOWN) {
            stays[n] = 1;
        }
    }

    for (i = 0; i < count; i++) {
        if (!stays[i]) {
            es_segments_remove(ngx_exportsite_segments,
                               es_segments_name(ngx_exportsite_segments, i));
        }
    }

    ngx_free(stays);
}


void
ngx_exportsite_bind_rule(es_rule_t *rule)
{
    size_t            i;
    ngx_int_t         n;
    es_rule_field_t  *field;

    for (i = 0; i < rule->nfields; i++) {
        field = &rule->fields[i];

        switch (field->kind) {

        case ES_FIELD_VISITS:
            n = ngx_exportsite_field_number(es_str("visits"));
            break;

        case ES_FIELD_VIEWS:
            n = ngx_exportsite_field_number(es_str("views"));
            break;

        case ES_FIELD_PROFILE:
            n = ngx_exportsite_field_number(field->name);
            break;

        default:
            continue;
        }

        field->bind = (uint32_t) (n + 1);
    }
}


/* Gives the profile fields of all rules their numbers, and others segments. */
static void
ngx_exportsite_bind_segments(es_segments_t *set)
{
    size_t                    i;
    es_rule_t                *rule, **rules;
    ngx_array_t              *list = &ngx_exportsite_worker.conf->rules;

    for (i = 0; i < es_segments_count(set); i++) {
        rule = es_segments_rule(set, i);

        if (rule != NULL) {
            ngx_exportsite_bind_rule(rule);
        }
    }

    rules = list->elts;

    for (i = 0; i < list->nelts; i++) {
        es_segments_bind(set, rules[i]);
    }
}


void
ngx_exportsite_segments_linked(uint64_t version)
{
    ngx_exportsite_segments_version = version;
    ngx_exportsite_bind_segments(ngx_exportsite_segments);
}
