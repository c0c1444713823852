/*
 * Slots in the JSON status: how many were filled, why others were not, and the
 * contents from Redis.
 */
#include "compat.h"

#include "status_events.h"
#include "status_slots.h"


static json_t *ngx_exportsite_status_contents(ngx_exportsite_status_t *status);
static json_t *ngx_exportsite_status_slot_errors(
    ngx_exportsite_status_t *status);


json_t *
ngx_exportsite_status_slots(ngx_exportsite_status_t *status)
{
    ngx_exportsite_counters_t  *sum = &status->sum;

    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:o, s:o}",
        "pages", ngx_exportsite_int(sum->slots_pages),
        "bytes", ngx_exportsite_int(sum->slots_bytes),
        "seen", ngx_exportsite_int(sum->slots_seen),
        "filled", ngx_exportsite_int(sum->slots_filled),
        "scripts", ngx_exportsite_int(sum->slots_scripts),
        "left", ngx_exportsite_status_counts(&ngx_exportsite_status_left,
                                             status->left),
        "passed", ngx_exportsite_status_counts(&ngx_exportsite_status_passed,
                                               status->passed),
        "contents", ngx_exportsite_status_contents(status),
        "errors", ngx_exportsite_status_slot_errors(status));
}


static json_t *
ngx_exportsite_status_contents(ngx_exportsite_status_t *status)
{
    es_cache_stats_t  *stats = &status->contents;

    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I}",
        "size", ngx_exportsite_int(stats->size),
        "used", ngx_exportsite_int(stats->used),
        "entries", ngx_exportsite_int(stats->entries),
        "evictions", ngx_exportsite_int(stats->evictions),
        "fetched", ngx_exportsite_int(status->sum.contents_fetched),
        "failed", ngx_exportsite_int(status->sum.contents_failed));
}


static json_t *
ngx_exportsite_status_slot_errors(ngx_exportsite_status_t *status)
{
    json_t                       *list;
    ngx_uint_t                    n;
    ngx_exportsite_slot_error_t  *error;

    list = json_array();
    error = status->slot_errors.elts;

    for (n = 0; n < status->slot_errors.nelts; n++, error++) {
        json_array_append_new(list,
            json_pack("{s:o, s:o}",
                "key", ngx_exportsite_json_text(
                           (es_str_t) { error->key_len, (char *) error->key }),
                "error", ngx_exportsite_json_text(
                           (es_str_t) { error->message_len,
                                        (char *) error->message })));
    }

    return list;
}
