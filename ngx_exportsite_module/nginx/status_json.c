/*
 * The status as JSON: what nobody else has a file for, and the whole.
 */
#include "compat.h"

#include "geo.h"
#include "status_events.h"
#include "status_json.h"
#include "status_slots.h"
#include "worker.h"


static json_t *ngx_exportsite_status_databases(
    ngx_exportsite_status_t *status);
static json_t *ngx_exportsite_status_zone(ngx_exportsite_status_t *status);
static json_t *ngx_exportsite_status_segments(
    ngx_exportsite_status_t *status);
static json_t *ngx_exportsite_status_redis(ngx_exportsite_status_t *status);


json_t *
ngx_exportsite_status_json(ngx_exportsite_status_t *status)
{
    ngx_exportsite_counters_t  *sum = &status->sum;

    return json_pack("{s:s, s:I, s:I, s:I, s:o, s:o,"
                     " s:{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I},"
                     " s:{s:b, s:I, s:I},"
                     " s:I, s:o, s:I, s:o,"
                     " s:o, s:o, s:o,"
                     " s:o, s:o}",
        "module", NGX_EXPORTSITE_VERSION,
        "pid", ngx_exportsite_int(ngx_pid),
        "keeper", ngx_exportsite_int(status->keeper),
        "time", ngx_exportsite_int(ngx_time()),

        "databases", ngx_exportsite_status_databases(status),
        "zone", ngx_exportsite_status_zone(status),

        "profiles",
            "hits", ngx_exportsite_int(sum->profile_hits),
            "stale", ngx_exportsite_int(sum->profile_stale),
            "misses", ngx_exportsite_int(sum->profile_misses),
            "waits", ngx_exportsite_int(sum->profile_waits),
            "timeouts", ngx_exportsite_int(sum->profile_timeouts),
            "unknown", ngx_exportsite_int(sum->profile_unknown),
            "rejected", ngx_exportsite_int(sum->profile_rejected),
            "fields", ngx_exportsite_int(status->fields),

        "breaker",
            "open", (int) status->breaker_open,
            "failures", ngx_exportsite_int(status->breaker_failures),
            "opened", ngx_exportsite_int(status->breaker_opened),

        "segments_version", ngx_exportsite_int(status->version),
        "segments", ngx_exportsite_status_segments(status),
        "regex_limited", ngx_exportsite_int(sum->regex_limited),
        "slots", ngx_exportsite_status_slots(status),

        "events", ngx_exportsite_status_events(status),
        "spool", ngx_exportsite_status_spool(status),
        "beacons", ngx_exportsite_status_counts(
                       &ngx_exportsite_status_beacons, sum->beacons),

        "redis", ngx_exportsite_status_redis(status),
        "workers", ngx_exportsite_status_workers(status));
}


/* Lookups are this worker's: the databases are its own affair. */
static json_t *
ngx_exportsite_status_databases(ngx_exportsite_status_t *status)
{
    json_t                       *list;
    ngx_uint_t                    n;
    ngx_exportsite_geo_status_t  *db;

    list = json_array();
    db = status->databases.elts;

    for (n = 0; n < status->databases.nelts; n++) {
        json_array_append_new(list,
            json_pack("{s:o, s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o}",
                "path", ngx_exportsite_json_str(db[n].path),
                "type", ngx_exportsite_json_str(db[n].type),
                "build", ngx_exportsite_int(db[n].built),
                "size", ngx_exportsite_int(db[n].size),
                "generation", ngx_exportsite_int(db[n].generation),
                "lookups", ngx_exportsite_int(db[n].lookups),
                "found", ngx_exportsite_int(db[n].found),
                "loads", ngx_exportsite_int(db[n].loads),
                "errors", ngx_exportsite_int(db[n].errors),
                "error", ngx_exportsite_json_str(db[n].error)));
    }

    return list;
}


static json_t *
ngx_exportsite_status_zone(ngx_exportsite_status_t *status)
{
    es_cache_stats_t  *stats = &status->profiles;

    return json_pack("{s:o, s:I, s:I, s:I, s:I, s:I}",
        "name", ngx_exportsite_json_str(ngx_exportsite_worker.conf->zone_name),
        "size", ngx_exportsite_int(stats->size),
        "used", ngx_exportsite_int(stats->used),
        "entries", ngx_exportsite_int(stats->entries),
        "evictions", ngx_exportsite_int(stats->evictions),
        "resets", ngx_exportsite_int(stats->resets));
}


static json_t *
ngx_exportsite_status_segments(ngx_exportsite_status_t *status)
{
    json_t                           *list, *object;
    ngx_uint_t                        n;
    ngx_exportsite_definition_t      *d;
    ngx_exportsite_status_segment_t  *segment;

    list = json_array();
    segment = status->segments.elts;

    for (n = 0; n < status->segments.nelts; n++) {
        d = &segment[n].definition;

        object = json_pack("{s:o, s:I, s:o}",
                           "name", ngx_exportsite_json_text(d->name),
                           "version", ngx_exportsite_int(d->version),
                           "rule", ngx_exportsite_json_text(d->text));

        if (d->error.len != 0) {
            json_object_set_new(object, "error",
                                ngx_exportsite_json_text(d->error));
        }

        if (segment[n].warning != NULL) {
            json_object_set_new(object, "warning",
                                json_string(segment[n].warning));
        }

        json_array_append_new(list, object);
    }

    return list;
}


static json_t *
ngx_exportsite_status_redis(ngx_exportsite_status_t *status)
{
    ngx_exportsite_worker_t  *w = &ngx_exportsite_worker;

    return json_pack("{s:s, s:o, s:b, s:I, s:o}",
        "state", ngx_exportsite_status_states.name[status->redis],
        "address", ngx_exportsite_json_str(w->conf->redis.address),
        "listening", (int) status->listening,
        "reconnects", ngx_exportsite_int(status->redis_losses),
        "error", ngx_exportsite_json_str(status->redis_error));
}
