/*
 * The part of the status page about slots: how many were filled, why others
 * were not, and the contents from Redis.
 */
#include "compat.h"

#include "contents_zone.h"
#include "errors.h"
#include "status_slots.h"


#define ngx_exportsite_int(n)  ((json_int_t) (n))


static json_t *
ngx_exportsite_status_contents(ngx_exportsite_counters_t *sum)
{
    es_cache_stats_t  stats;

    ngx_exportsite_contents_stats(&stats);

    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I}",
        "size", ngx_exportsite_int(stats.size),
        "used", ngx_exportsite_int(stats.used),
        "entries", ngx_exportsite_int(stats.entries),
        "evictions", ngx_exportsite_int(stats.evictions),
        "fetched", ngx_exportsite_int(sum->contents_fetched),
        "failed", ngx_exportsite_int(sum->contents_failed));
}


static json_t *
ngx_exportsite_status_slot_errors(void)
{
    json_t                       *list;
    ngx_uint_t                    at;
    ngx_exportsite_slot_error_t   error;

    list = json_array();
    at = 0;

    while (ngx_exportsite_errors_slot_next(&at, &error)) {
        json_array_append_new(list,
            json_pack("{s:o, s:o}",
                "key", ngx_exportsite_json_text(
                           (es_str_t) { error.key_len, (char *) error.key }),
                "error", ngx_exportsite_json_text(
                           (es_str_t) { error.message_len,
                                        (char *) error.message })));
    }

    return list;
}


json_t *
ngx_exportsite_status_slots(ngx_exportsite_counters_t *sum)
{
    return json_pack("{s:I, s:I, s:I, s:I, s:I,"
                     " s:{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I},"
                     " s:{s:I, s:I, s:I}, s:o, s:o}",
        "pages", ngx_exportsite_int(sum->slots_pages),
        "bytes", ngx_exportsite_int(sum->slots_bytes),
        "seen", ngx_exportsite_int(sum->slots_seen),
        "filled", ngx_exportsite_int(sum->slots_filled),
        "scripts", ngx_exportsite_int(sum->slots_scripts),

        "left",
#define ngx_exportsite_left(why)                                              \
            ngx_exportsite_int(sum->slots_left[ngx_exportsite_left_##why])

            "missing", ngx_exportsite_left(missing),
            "large", ngx_exportsite_left(large),
            "failed", ngx_exportsite_left(failed),
            "refused", ngx_exportsite_left(refused),
            "long", ngx_exportsite_int(sum->slots_left_long),
            "deep", ngx_exportsite_int(sum->slots_left_deep),
            "unclosed", ngx_exportsite_int(sum->slots_left_unclosed),
            "many", ngx_exportsite_int(sum->slots_left_many),

        "passed",
            "compressed", ngx_exportsite_int(sum->slots_passed_compressed),
            "encoding", ngx_exportsite_int(sum->slots_passed_encoding),
            "unfinished", ngx_exportsite_int(sum->slots_passed_unfinished),

        "contents", ngx_exportsite_status_contents(sum),
        "errors", ngx_exportsite_status_slot_errors());
}
