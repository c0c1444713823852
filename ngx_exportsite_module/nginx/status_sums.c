/*
 * The numbers of the status page, from shared memory and from this worker.
 */
#include "compat.h"

#include "contents_zone.h"
#include "errors.h"
#include "geo.h"
#include "profile_zone.h"
#include "segments.h"
#include "status_sums.h"
#include "worker.h"


static ngx_int_t ngx_exportsite_sum_slots(ngx_pool_t *pool,
    ngx_exportsite_status_t *status);
static void ngx_exportsite_sum_waiting(ngx_exportsite_slot_t *slot,
    ngx_exportsite_status_t *status, uint64_t *since);
static ngx_int_t ngx_exportsite_sum_worker(ngx_exportsite_slot_t *slot,
    ngx_exportsite_status_t *status);
static void ngx_exportsite_sum_derived(ngx_exportsite_status_t *status);
static void ngx_exportsite_sum_redis(ngx_exportsite_status_t *status);
static void ngx_exportsite_sum_spool(ngx_exportsite_status_t *status);
static ngx_int_t ngx_exportsite_sum_databases(ngx_pool_t *pool,
    ngx_exportsite_status_t *status);
static ngx_int_t ngx_exportsite_sum_segments(ngx_pool_t *pool,
    ngx_exportsite_status_t *status);
static ngx_int_t ngx_exportsite_sum_slot_errors(ngx_pool_t *pool,
    ngx_exportsite_status_t *status);


ngx_int_t
ngx_exportsite_status_gather(ngx_http_request_t *r,
    ngx_exportsite_status_t *status)
{
    ngx_memzero(status, sizeof(ngx_exportsite_status_t));

    ngx_exportsite_segments_update();

    if (ngx_exportsite_sum_slots(r->pool, status) != NGX_OK
        || ngx_exportsite_sum_databases(r->pool, status) != NGX_OK
        || ngx_exportsite_sum_slot_errors(r->pool, status) != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_exportsite_profile_stats(&status->profiles);
    ngx_exportsite_contents_stats(&status->contents);

    ngx_exportsite_sum_derived(status);
    ngx_exportsite_sum_redis(status);
    ngx_exportsite_sum_spool(status);

    return ngx_exportsite_sum_segments(r->pool, status);
}


void
ngx_exportsite_status_free(ngx_exportsite_status_t *status)
{
    ngx_exportsite_definitions_free(&status->definitions);
}


/* The counts of workers that are gone are in their slots still. */
static ngx_int_t
ngx_exportsite_sum_slots(ngx_pool_t *pool, ngx_exportsite_status_t *status)
{
    uint64_t                   since, now;
    uint64_t                  *total, *counter;
    ngx_uint_t                 n, i;
    ngx_exportsite_slot_t     *slot;
    ngx_exportsite_worker_t   *w = &ngx_exportsite_worker;

    if (ngx_array_init(&status->workers, pool, 8,
                       sizeof(ngx_exportsite_status_worker_t))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    since = 0;
    total = (uint64_t *) &status->sum;

    for (n = 0; n < w->queues->slots; n++) {
        slot = ngx_exportsite_slot(w->queues, n);
        counter = (uint64_t *) &slot->counters;

        for (i = 0; i < sizeof(slot->counters) / sizeof(uint64_t); i++) {
            total[i] += counter[i];
        }

        ngx_exportsite_sum_waiting(slot, status, &since);

        if (slot->pid != 0
            && ngx_exportsite_sum_worker(slot, status) != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    now = ngx_exportsite_now();
    status->oldest = since != 0 && since < now ? now - since : 0;
    status->living = status->workers.nelts;

    status->sum.events_lost[ngx_exportsite_lost_memory] += w->queues->lost
                                                           + w->state->left;

    for (i = 0; i < ngx_exportsite_lost_reasons; i++) {
        status->lost += status->sum.events_lost[i];
    }

    return NGX_OK;
}


/*
 * What waits in a slot's memory, whoever's it is, and in the files of its
 * owner; nobody's slot has none. What the owner says of the oldest may be a
 * second old: it means nothing once all were sent.
 */
static void
ngx_exportsite_sum_waiting(ngx_exportsite_slot_t *slot,
    ngx_exportsite_status_t *status, uint64_t *since)
{
    uint64_t    oldest, queued;
    es_ring_t  *ring;

    ring = ngx_exportsite_slot_ring(slot);
    queued = es_ring_waiting(ring);
    oldest = queued > 0 ? slot->oldest : 0;

    status->queued += queued;
    status->bytes += es_ring_used(ring);

    if (oldest != 0 && (*since == 0 || oldest < *since)) {
        *since = oldest;
    }

    if (slot->pid == 0) {
        return;
    }

    status->spool_files += slot->spool_files;
    status->spool_events += slot->spool_events;
    status->spool_bytes += slot->spool_bytes;

    if (slot->spool_error != 0) {
        status->spool_failing++;
        status->spool_errno = slot->spool_error;
    }

    oldest = slot->spool_oldest;

    if (oldest != 0 && (*since == 0 || oldest < *since)) {
        *since = oldest;
    }
}


static ngx_int_t
ngx_exportsite_sum_worker(ngx_exportsite_slot_t *slot,
    ngx_exportsite_status_t *status)
{
    ngx_uint_t                       i;
    ngx_exportsite_status_worker_t  *worker;

    worker = ngx_array_push(&status->workers);
    if (worker == NULL) {
        return NGX_ERROR;
    }

    worker->pid = slot->pid;
    worker->recorded = slot->counters.events_queued;
    worker->queued = es_ring_waiting(ngx_exportsite_slot_ring(slot));
    worker->sent = slot->counters.events_sent;
    worker->spooled = slot->counters.events_spooled;
    worker->replayed = slot->counters.events_replayed;
    worker->geo_lookups = slot->counters.geo_lookups;
    worker->reconnects = slot->counters.reconnects;
    worker->lost = 0;

    for (i = 0; i < ngx_exportsite_lost_reasons; i++) {
        worker->lost += slot->counters.events_lost[i];
    }

    return NGX_OK;
}


/* Counters that are told together under one name. */
static void
ngx_exportsite_sum_derived(ngx_exportsite_status_t *status)
{
    ngx_uint_t                  i;
    ngx_exportsite_counters_t  *sum = &status->sum;

    for (i = 0; i < NGX_EXPORTSITE_LATENCIES; i++) {
        status->answered += sum->batch_within[i];
    }

    status->profile_answers[0] = sum->profile_hits;
    status->profile_answers[1] = sum->profile_unknown;
    status->profile_answers[2] = sum->profile_misses;

    status->left[0] = sum->slots_left[ngx_exportsite_left_missing];
    status->left[1] = sum->slots_left[ngx_exportsite_left_large];
    status->left[2] = sum->slots_left[ngx_exportsite_left_failed];
    status->left[3] = sum->slots_left[ngx_exportsite_left_refused];
    status->left[4] = sum->slots_left_long;
    status->left[5] = sum->slots_left_deep;
    status->left[6] = sum->slots_left_unclosed;
    status->left[7] = sum->slots_left_many;

    status->passed[0] = sum->slots_passed_compressed;
    status->passed[1] = sum->slots_passed_encoding;
    status->passed[2] = sum->slots_passed_unfinished;
}


static void
ngx_exportsite_sum_redis(ngx_exportsite_status_t *status)
{
    ngx_exportsite_worker_t    *w = &ngx_exportsite_worker;
    ngx_exportsite_state_sh_t  *sh = w->state;

    status->redis = w->redis.state;
    status->redis_states[w->redis.state] = 1;
    status->redis_error.data = w->redis.error;
    status->redis_error.len = ngx_strlen(w->redis.error);
    status->redis_losses = w->redis.losses;

    status->listening = sh->tracking_id != 0;
    status->keeper = sh->keeper;
    status->version = sh->version;
    status->fields = sh->fields;

    status->breaker_open = sh->breaker_open != 0;
    status->breaker_failures = sh->breaker_failures;
    status->breaker_opened = sh->breaker_opened;
}


static void
ngx_exportsite_sum_spool(ngx_exportsite_status_t *status)
{
    ngx_exportsite_stream_conf_t  *scf = &ngx_exportsite_worker.conf->stream;

    if (scf->spool == NULL || scf->off) {
        return;
    }

    status->spool_enabled = 1;
    status->spool_path = scf->spool->name;
    status->spool_max = scf->spool_max;
}


static ngx_int_t
ngx_exportsite_sum_databases(ngx_pool_t *pool,
    ngx_exportsite_status_t *status)
{
    ngx_uint_t                    n;
    ngx_exportsite_geo_t         *geo = ngx_exportsite_worker.conf->geo;
    ngx_exportsite_geo_status_t   found, *db;

    if (ngx_array_init(&status->databases, pool, 4,
                       sizeof(ngx_exportsite_geo_status_t))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    for (n = 0; ngx_exportsite_geo_status(geo, n, &found) == NGX_OK; n++) {
        db = ngx_array_push(&status->databases);
        if (db == NULL) {
            return NGX_ERROR;
        }

        *db = found;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_exportsite_sum_segments(ngx_pool_t *pool,
    ngx_exportsite_status_t *status)
{
    size_t                            at;
    uint32_t                          n;
    es_segments_t                    *set;
    ngx_exportsite_definition_t       d;
    ngx_exportsite_status_segment_t  *segment;

    if (ngx_array_init(&status->segments, pool, 16,
                       sizeof(ngx_exportsite_status_segment_t))
        != NGX_OK
        || ngx_exportsite_definitions_read(&status->definitions) != NGX_OK)
    {
        return NGX_ERROR;
    }

    at = 0;
    set = ngx_exportsite_segments_set();

    while (ngx_exportsite_definitions_next(&status->definitions, &at, &d)) {

        segment = ngx_array_push(&status->segments);
        if (segment == NULL) {
            return NGX_ERROR;
        }

        n = es_segments_find(set, d.name);

        segment->definition = d;
        segment->warning = n == ES_SEGMENT_UNKNOWN
                           ? NULL : es_segments_warning(set, n);

        status->segment_errors += d.error.len != 0;
        status->segment_warnings += segment->warning != NULL;
    }

    status->nsegments = status->segments.nelts;

    return NGX_OK;
}


static ngx_int_t
ngx_exportsite_sum_slot_errors(ngx_pool_t *pool,
    ngx_exportsite_status_t *status)
{
    ngx_uint_t                    at;
    ngx_exportsite_slot_error_t   found, *error;

    if (ngx_array_init(&status->slot_errors, pool, 1,
                       sizeof(ngx_exportsite_slot_error_t))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    at = 0;

    while (ngx_exportsite_errors_slot_next(&at, &found)) {
        error = ngx_array_push(&status->slot_errors);
        if (error == NULL) {
            return NGX_ERROR;
        }

        *error = found;
    }

    status->nslot_errors = status->slot_errors.nelts;

    return NGX_OK;
}
