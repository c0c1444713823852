/*
 * exportsite_status: what all workers have counted, from shared memory, and
 * what differs between them.
 */
#include "compat.h"

#include "geo.h"
#include "json.h"
#include "keeper.h"
#include "profile_zone.h"
#include "segments.h"
#include "status.h"
#include "status_slots.h"
#include "worker.h"


static json_t *ngx_exportsite_status_databases(ngx_exportsite_worker_t *w);
static json_t *ngx_exportsite_status_zone(ngx_exportsite_worker_t *w);
static json_t *ngx_exportsite_status_segments(void);
static json_t *ngx_exportsite_status_redis(ngx_exportsite_worker_t *w);
static json_t *ngx_exportsite_status_workers(ngx_exportsite_worker_t *w,
    ngx_exportsite_counters_t *sum, uint64_t *queued, uint64_t *bytes);


#define ngx_exportsite_int(n)  ((json_int_t) (n))


ngx_int_t
ngx_exportsite_status_handler(ngx_http_request_t *r)
{
    json_t                     *root, *workers;
    uint64_t                    queued, bytes;
    ngx_int_t                   rc;
    ngx_exportsite_worker_t    *w = &ngx_exportsite_worker;
    ngx_exportsite_counters_t   sum;

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))) {
        return NGX_HTTP_NOT_ALLOWED;
    }

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    ngx_exportsite_segments_update();

    workers = ngx_exportsite_status_workers(w, &sum, &queued, &bytes);

    root = json_pack("{s:s, s:I, s:I, s:I, s:o, s:o,"
                     " s:{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I},"
                     " s:{s:b, s:I, s:I},"
                     " s:I, s:o, s:I, s:o,"
                     " s:{s:I, s:I, s:I, s:I, s:I, s:I},"
                     " s:o, s:o}",
        "module", NGX_EXPORTSITE_VERSION,
        "pid", ngx_exportsite_int(ngx_pid),
        "keeper", ngx_exportsite_int(w->state->keeper),
        "time", ngx_exportsite_int(ngx_time()),

        "databases", ngx_exportsite_status_databases(w),
        "zone", ngx_exportsite_status_zone(w),

        "profiles",
            "hits", ngx_exportsite_int(sum.profile_hits),
            "stale", ngx_exportsite_int(sum.profile_stale),
            "misses", ngx_exportsite_int(sum.profile_misses),
            "waits", ngx_exportsite_int(sum.profile_waits),
            "timeouts", ngx_exportsite_int(sum.profile_timeouts),
            "unknown", ngx_exportsite_int(sum.profile_unknown),
            "rejected", ngx_exportsite_int(sum.profile_rejected),
            "fields", ngx_exportsite_int(w->state->fields),

        "breaker",
            "open", (int) (w->state->breaker_open != 0),
            "failures", ngx_exportsite_int(w->state->breaker_failures),
            "opened", ngx_exportsite_int(w->state->breaker_opened),

        "segments_version", ngx_exportsite_int(w->state->version),
        "segments", ngx_exportsite_status_segments(),
        "regex_limited", ngx_exportsite_int(sum.regex_limited),
        "slots", ngx_exportsite_status_slots(&sum),

        "events",
            "recorded", ngx_exportsite_int(sum.events_queued),
            "queued", ngx_exportsite_int(queued),
            "bytes", ngx_exportsite_int(bytes),
            "sent", ngx_exportsite_int(sum.events_sent),
            "lost", ngx_exportsite_int(sum.events_lost + w->queues->lost),
            "batches", ngx_exportsite_int(sum.batches),

        "redis", ngx_exportsite_status_redis(w),
        "workers", workers);

    return ngx_exportsite_json_send(r, root);
}


/* Lookups are this worker's: the databases are its own affair. */
static json_t *
ngx_exportsite_status_databases(ngx_exportsite_worker_t *w)
{
    json_t                       *list;
    ngx_uint_t                    n;
    ngx_exportsite_geo_status_t   db;

    list = json_array();

    for (n = 0; ngx_exportsite_geo_status(w->conf->geo, n, &db) == NGX_OK; n++)
    {
        json_array_append_new(list,
            json_pack("{s:o, s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o}",
                "path", ngx_exportsite_json_str(db.path),
                "type", ngx_exportsite_json_str(db.type),
                "build", ngx_exportsite_int(db.built),
                "size", ngx_exportsite_int(db.size),
                "generation", ngx_exportsite_int(db.generation),
                "lookups", ngx_exportsite_int(db.lookups),
                "found", ngx_exportsite_int(db.found),
                "loads", ngx_exportsite_int(db.loads),
                "errors", ngx_exportsite_int(db.errors),
                "error", ngx_exportsite_json_str(db.error)));
    }

    return list;
}


static json_t *
ngx_exportsite_status_zone(ngx_exportsite_worker_t *w)
{
    es_cache_stats_t  stats;

    ngx_exportsite_profile_stats(&stats);

    return json_pack("{s:o, s:I, s:I, s:I, s:I, s:I}",
        "name", ngx_exportsite_json_str(w->conf->zone_name),
        "size", ngx_exportsite_int(stats.size),
        "used", ngx_exportsite_int(stats.used),
        "entries", ngx_exportsite_int(stats.entries),
        "evictions", ngx_exportsite_int(stats.evictions),
        "resets", ngx_exportsite_int(stats.resets));
}


static json_t *
ngx_exportsite_status_segments(void)
{
    size_t                         at;
    json_t                        *list, *segment;
    uint32_t                       n;
    const char                    *warning;
    es_segments_t                 *set;
    ngx_exportsite_definition_t    d;
    ngx_exportsite_definitions_t   definitions;

    list = json_array();
    set = ngx_exportsite_segments_set();

    if (ngx_exportsite_definitions_read(&definitions) != NGX_OK) {
        return list;
    }

    at = 0;

    while (ngx_exportsite_definitions_next(&definitions, &at, &d)) {

        segment = json_pack("{s:o, s:I, s:o}",
                            "name", ngx_exportsite_json_text(d.name),
                            "version", ngx_exportsite_int(d.version),
                            "rule", ngx_exportsite_json_text(d.text));

        if (d.error.len != 0) {
            json_object_set_new(segment, "error",
                                ngx_exportsite_json_text(d.error));
        }

        n = es_segments_find(set, d.name);
        warning = n == ES_SEGMENT_UNKNOWN ? NULL : es_segments_warning(set, n);

        if (warning != NULL) {
            json_object_set_new(segment, "warning", json_string(warning));
        }

        json_array_append_new(list, segment);
    }

    ngx_exportsite_definitions_free(&definitions);

    return list;
}


static json_t *
ngx_exportsite_status_redis(ngx_exportsite_worker_t *w)
{
    ngx_str_t  state = ngx_exportsite_redis_state_name(w->redis.state);

    return json_pack("{s:o, s:o, s:b, s:I, s:s}",
        "state", ngx_exportsite_json_str(state),
        "address", ngx_exportsite_json_str(w->conf->redis.address),
        "listening", (int) (w->state->tracking_id != 0),
        "reconnects", ngx_exportsite_int(w->redis.losses),
        "error", w->redis.error);
}


/* One object a living worker; the sums count those that are gone, too. */
static json_t *
ngx_exportsite_status_workers(ngx_exportsite_worker_t *w,
    ngx_exportsite_counters_t *sum, uint64_t *queued, uint64_t *bytes)
{
    json_t                 *list;
    uint64_t               *total, *counter;
    es_ring_t              *ring;
    ngx_uint_t              n, i;
    ngx_exportsite_slot_t  *slot;

    list = json_array();
    total = (uint64_t *) sum;
    *queued = 0;
    *bytes = 0;

    ngx_memzero(sum, sizeof(ngx_exportsite_counters_t));

    for (n = 0; n < w->queues->slots; n++) {
        slot = ngx_exportsite_slot(w->queues, n);
        ring = ngx_exportsite_slot_ring(slot);
        counter = (uint64_t *) &slot->counters;

        for (i = 0; i < sizeof(slot->counters) / sizeof(uint64_t); i++) {
            total[i] += counter[i];
        }

        *queued += es_ring_count(ring);
        *bytes += es_ring_used(ring);

        if (slot->pid == 0) {
            continue;
        }

        json_array_append_new(list,
            json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I}",
                "pid", ngx_exportsite_int(slot->pid),
                "recorded", ngx_exportsite_int(slot->counters.events_queued),
                "queued", ngx_exportsite_int(es_ring_count(ring)),
                "sent", ngx_exportsite_int(slot->counters.events_sent),
                "lost", ngx_exportsite_int(slot->counters.events_lost),
                "geo_lookups", ngx_exportsite_int(slot->counters.geo_lookups),
                "reconnects", ngx_exportsite_int(slot->counters.reconnects)));
    }

    return list;
}
