/*
 * A worker's beginning, its round once a second, and its end.
 */
#include "compat.h"

#include "breaker.h"
#include "content.h"
#include "contents_load.h"
#include "event_id.h"
#include "fields.h"
#include "geo.h"
#include "keeper.h"
#include "lookup.h"
#include "pool.h"
#include "process.h"
#include "profile_zone.h"
#include "queue.h"
#include "record.h"
#include "segments.h"
#include "tracking.h"
#include "variables.h"
#include "worker.h"


#define NGX_EXPORTSITE_ROUND  1000


static ngx_int_t ngx_exportsite_bind_configuration(
    ngx_exportsite_worker_t *w);
static void ngx_exportsite_redis_ready(ngx_exportsite_redis_t *redis);
static void ngx_exportsite_redis_lost(ngx_exportsite_redis_t *redis);
static void ngx_exportsite_redis_exiting(ngx_exportsite_redis_t *redis);
static void ngx_exportsite_round(ngx_event_t *ev);


static ngx_event_t  ngx_exportsite_round_event;


ngx_int_t
ngx_exportsite_init_process(ngx_cycle_t *cycle)
{
    es_pool_t                   *pool;
    ngx_exportsite_worker_t     *w = &ngx_exportsite_worker;
    ngx_exportsite_main_conf_t  *mcf;

    if (ngx_process != NGX_PROCESS_WORKER && ngx_process != NGX_PROCESS_SINGLE)
    {
        return NGX_OK;
    }

    mcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_exportsite_module);

    if (mcf == NULL || mcf->profile_zone == NULL) {
        return NGX_OK;
    }

    w->cycle = cycle;
    w->log = cycle->log;
    w->conf = mcf;
    w->profiles = ngx_exportsite_zone_sh(mcf->profile_zone);
    w->state = ngx_exportsite_zone_sh(mcf->state_zone);
    w->queues = ngx_exportsite_zone_sh(mcf->queue_zone);

    if (mcf->contents_zone != NULL) {
        w->contents = ngx_exportsite_zone_sh(mcf->contents_zone);
    }

    pool = ngx_exportsite_pool(cycle->pool);

    if (pool == NULL
        || (w->scratch = es_rule_scratch_create(pool)) == NULL)
    {
        return NGX_ERROR;
    }

    w->rule = ngx_exportsite_rule;

    ngx_exportsite_record_init();
    ngx_exportsite_queue_init();

    if (ngx_exportsite_bind_configuration(w) != NGX_OK
        || ngx_exportsite_event_id_init() != NGX_OK
        || ngx_exportsite_segments_init() != NGX_OK)
    {
        return NGX_ERROR;
    }

    (void) ngx_exportsite_geo_init_worker(cycle, mcf->geo);

    if (mcf->redis.sockaddr != NULL) {
        w->redis.ready = ngx_exportsite_redis_ready;
        w->redis.lost = ngx_exportsite_redis_lost;
        w->redis.exiting = ngx_exportsite_redis_exiting;

        ngx_exportsite_redis_start(&w->redis, &mcf->redis, "commands", w->log);

        /* the first worker of a new configuration takes the office over */
        ngx_exportsite_keeper_try(ngx_worker == 0);
    }

    ngx_exportsite_round_event.handler = ngx_exportsite_round;
    ngx_exportsite_round_event.data = &w->redis;
    ngx_exportsite_round_event.log = w->log;
    ngx_exportsite_round_event.cancelable = 1;
    ngx_add_timer(&ngx_exportsite_round_event, NGX_EXPORTSITE_ROUND);

    return NGX_OK;
}


/*
 * What the configuration could not know: the numbers of the profile fields that
 * it names, and the key that signs where no secret is configured.
 */
static ngx_int_t
ngx_exportsite_bind_configuration(ngx_exportsite_worker_t *w)
{
    es_rule_t                 **rule;
    ngx_int_t                   number;
    ngx_uint_t                  i;
    ngx_exportsite_key_t       *key;
    ngx_exportsite_source_t   **source;
    ngx_exportsite_main_conf_t *mcf = w->conf;

    rule = mcf->rules.elts;

    for (i = 0; i < mcf->rules.nelts; i++) {
        ngx_exportsite_bind_rule(rule[i]);
    }

    source = mcf->profile_sources.elts;

    for (i = 0; i < mcf->profile_sources.nelts; i++) {
        number = ngx_exportsite_field_number(
                     ngx_exportsite_es(source[i]->name));
        source[i]->field = number < 0 ? NGX_EXPORTSITE_FIELDS_MAX
                                      : (ngx_uint_t) number;
    }

    if (ngx_exportsite_bind_variables() != NGX_OK) {
        return NGX_ERROR;
    }

    if (mcf->secrets.nelts == 0) {
        key = ngx_array_push(&mcf->secrets);
        if (key == NULL) {
            return NGX_ERROR;
        }

        ngx_memcpy(key->bytes, w->state->secret, sizeof(key->bytes));
    }

    return NGX_OK;
}


static void
ngx_exportsite_redis_ready(ngx_exportsite_redis_t *redis)
{
    ngx_exportsite_track_anew();
    ngx_exportsite_keeper_connected();
    ngx_exportsite_queue_connected();
    ngx_exportsite_lookup_connected();
    ngx_exportsite_breaker_probe();
}


static void
ngx_exportsite_redis_lost(ngx_exportsite_redis_t *redis)
{
    ngx_exportsite_queue_lost();
    ngx_exportsite_lookup_connected();
    ngx_exportsite_contents_stop();

    if (redis->stood) {
        ngx_exportsite_count(reconnects);

        /* what was read over it is no longer tracked */
        ngx_exportsite_profile_all_changed();
    }
}


static void
ngx_exportsite_redis_exiting(ngx_exportsite_redis_t *redis)
{
    ngx_exportsite_queue_exiting();
}


static void
ngx_exportsite_round(ngx_event_t *ev)
{
    if (ngx_exportsite_worker.conf->redis.sockaddr != NULL) {
        ngx_exportsite_keeper_try(0);
        ngx_exportsite_breaker_probe();

        if (!ngx_exiting) {
            ngx_exportsite_queue_adopt();
        }

        ngx_exportsite_queue_round();
    }

    ngx_exportsite_segments_update();

    ngx_add_timer(ev, NGX_EXPORTSITE_ROUND);
}


void
ngx_exportsite_exit_process(ngx_cycle_t *cycle)
{
    ngx_exportsite_worker_t  *w = &ngx_exportsite_worker;

    if (w->conf == NULL) {
        return;
    }

    if (w->conf->redis.sockaddr != NULL) {
        ngx_exportsite_keeper_resign();
        ngx_exportsite_redis_stop(&w->redis);
        ngx_exportsite_contents_stop();
    }

    ngx_exportsite_store_exit();
    ngx_exportsite_queue_exit();
    ngx_exportsite_segments_exit();
    ngx_exportsite_geo_exit_worker(w->conf->geo);
}
