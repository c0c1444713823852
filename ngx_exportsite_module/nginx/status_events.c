/*
 * Events in the JSON status: of all workers, on disk, and of each worker.
 */
#include "compat.h"

#include "status_events.h"


static json_t *ngx_exportsite_status_latency(ngx_exportsite_status_t *status);


json_t *
ngx_exportsite_status_events(ngx_exportsite_status_t *status)
{
    ngx_exportsite_counters_t  *sum = &status->sum;

    return json_pack("{s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:I,"
                     " s:I, s:o, s:I, s:I, s:o}",
        "types", ngx_exportsite_status_counts(&ngx_exportsite_status_types,
                                              sum->events_type),
        "recorded", ngx_exportsite_int(sum->events_queued),
        "queued", ngx_exportsite_int(status->queued),
        "bytes", ngx_exportsite_int(status->bytes),
        "sent", ngx_exportsite_int(sum->events_sent),
        "repeated", ngx_exportsite_int(sum->events_repeated),
        "spooled", ngx_exportsite_int(sum->events_spooled),
        "replayed", ngx_exportsite_int(sum->events_replayed),
        "lost", ngx_exportsite_int(status->lost),
        "lost_by", ngx_exportsite_status_counts(&ngx_exportsite_status_reasons,
                                                sum->events_lost),
        "batches", ngx_exportsite_int(sum->batches),
        "oldest_ms", ngx_exportsite_int(status->oldest),
        "latency", ngx_exportsite_status_latency(status));
}


/* Each class counts what no smaller one does; the last has no bound. */
static json_t *
ngx_exportsite_status_latency(ngx_exportsite_status_t *status)
{
    double       mean;
    json_t      *classes, *bound;
    ngx_uint_t   i;

    classes = json_array();

    for (i = 0; i < NGX_EXPORTSITE_LATENCIES; i++) {

        bound = i < NGX_EXPORTSITE_LATENCIES - 1
                ? json_real((double) ngx_exportsite_status_bounds[i] / 1000)
                : json_null();

        json_array_append_new(classes,
            json_pack("{s:o, s:I}", "ms", bound, "count",
                      ngx_exportsite_int(status->sum.batch_within[i])));
    }

    mean = status->answered == 0
           ? 0 : (double) status->sum.batch_us / (double) status->answered;

    return json_pack("{s:I, s:f, s:o}",
                     "count", ngx_exportsite_int(status->answered),
                     "mean", mean / 1000,
                     "within", classes);
}


json_t *
ngx_exportsite_status_spool(ngx_exportsite_status_t *status)
{
    return json_pack("{s:b, s:o, s:I, s:I, s:I, s:I, s:s}",
        "enabled", (int) status->spool_enabled,
        "path", ngx_exportsite_json_str(status->spool_path),
        "files", ngx_exportsite_int(status->spool_files),
        "events", ngx_exportsite_int(status->spool_events),
        "bytes", ngx_exportsite_int(status->spool_bytes),
        "max", ngx_exportsite_int(status->spool_max),
        "error", status->spool_failing ? strerror((int) status->spool_errno)
                                       : "");
}


json_t *
ngx_exportsite_status_workers(ngx_exportsite_status_t *status)
{
    json_t                          *list;
    ngx_uint_t                       n;
    ngx_exportsite_status_worker_t  *worker;

    list = json_array();
    worker = status->workers.elts;

    for (n = 0; n < status->workers.nelts; n++, worker++) {
        json_array_append_new(list,
            json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}",
                "pid", ngx_exportsite_int(worker->pid),
                "recorded", ngx_exportsite_int(worker->recorded),
                "queued", ngx_exportsite_int(worker->queued),
                "sent", ngx_exportsite_int(worker->sent),
                "spooled", ngx_exportsite_int(worker->spooled),
                "replayed", ngx_exportsite_int(worker->replayed),
                "lost", ngx_exportsite_int(worker->lost),
                "geo_lookups", ngx_exportsite_int(worker->geo_lookups),
                "reconnects", ngx_exportsite_int(worker->reconnects)));
    }

    return list;
}


json_t *
ngx_exportsite_status_counts(const ngx_exportsite_status_names_t *names,
    const uint64_t *count)
{
    json_t      *object;
    ngx_uint_t   i;

    object = json_object();

    for (i = 0; i < names->n; i++) {
        json_object_set_new(object, names->name[i],
                            json_integer(ngx_exportsite_int(count[i])));
    }

    return object;
}
