/*
 * The table of metrics. docs/status.md tells the same to people.
 */
#include "compat.h"

#include "status_metrics.h"
#include "status_sums.h"


#define ngx_exportsite_counter(name, help, field)                             \
    { name, help, ngx_exportsite_metric_counter,                              \
      offsetof(ngx_exportsite_status_t, field), NULL }

#define ngx_exportsite_gauge(name, help, field)                               \
    { name, help, ngx_exportsite_metric_gauge,                                \
      offsetof(ngx_exportsite_status_t, field), NULL }

#define ngx_exportsite_age(name, help, field)                                 \
    { name, help, ngx_exportsite_metric_age,                                  \
      offsetof(ngx_exportsite_status_t, field), NULL }

#define ngx_exportsite_counters(name, help, field, what)                      \
    { name, help, ngx_exportsite_metric_counter,                              \
      offsetof(ngx_exportsite_status_t, field),                               \
      &ngx_exportsite_status_##what }


const ngx_exportsite_metric_t  ngx_exportsite_metrics[] = {

    ngx_exportsite_gauge("workers", "Worker processes that live.", living),

    /* events */

    ngx_exportsite_counters("events_recorded_total",
        "Events recorded, by type.", sum.events_type, types),
    ngx_exportsite_counter("events_sent_total",
        "Events that Redis acknowledged, each once, replayed ones included.",
        sum.events_sent),
    ngx_exportsite_counter("events_repeated_total",
        "Events that were sent to Redis once more, with the same id.",
        sum.events_repeated),
    ngx_exportsite_counter("events_spooled_total",
        "Events written to spool files.", sum.events_spooled),
    ngx_exportsite_counter("events_replayed_total",
        "Of events sent: those from spool files.", sum.events_replayed),
    ngx_exportsite_counters("events_lost_total",
        "Events lost, by reason.", sum.events_lost, reasons),
    ngx_exportsite_gauge("events_queued",
        "Events in memory that Redis has not acknowledged.", queued),
    ngx_exportsite_gauge("events_memory_bytes",
        "Memory that events take, with those held after they were sent.",
        bytes),
    ngx_exportsite_age("events_oldest_unsent_seconds",
        "Age of the oldest event in memory or files that Redis does not have, "
        "0 if there is none.", oldest),

    /* the spool */

    ngx_exportsite_gauge("spool_enabled",
        "1 if a spool directory is configured.", spool_enabled),
    ngx_exportsite_gauge("spool_failing_workers",
        "Workers that cannot write to the spool.", spool_failing),
    ngx_exportsite_gauge("spool_files", "Spool files.", spool_files),
    ngx_exportsite_gauge("spool_events",
        "Events in spool files that wait for Redis.", spool_events),
    ngx_exportsite_gauge("spool_bytes", "Size of all spool files.",
        spool_bytes),
    ngx_exportsite_gauge("spool_max_bytes",
        "What the spool files may take in all, 0 without a spool.",
        spool_max),

    /* the collector */

    ngx_exportsite_counters("beacons_total",
        "Requests to the collector, by what became of them.",
        sum.beacons, beacons),

    /* Redis */

    { "redis_state", "1 for the state of the connection of the worker that "
      "answered, 0 for the others.", ngx_exportsite_metric_gauge,
      offsetof(ngx_exportsite_status_t, redis_states),
      &ngx_exportsite_status_states },
    ngx_exportsite_gauge("redis_listening",
        "1 if changes in Redis are heard of at once.", listening),
    ngx_exportsite_counter("redis_reconnects_total",
        "Connections to Redis that were lost.", sum.reconnects),
    ngx_exportsite_counter("redis_batches_total",
        "Batches of events sent to Redis, repeats included.", sum.batches),
    ngx_exportsite_gauge("breaker_open",
        "1 while no request waits for Redis.", breaker_open),
    ngx_exportsite_gauge("breaker_failures",
        "Time-outs in a row, three open the breaker.", breaker_failures),
    ngx_exportsite_counter("breaker_opened_total",
        "How often the breaker opened.", breaker_opened),

    /* profiles */

    ngx_exportsite_counters("profile_lookups_total",
        "Profiles asked for: hit and unknown were answered by memory.",
        profile_answers, profiles),
    ngx_exportsite_counter("profile_stale_total",
        "Of hits and unknowns: old or changed, so read again behind.",
        sum.profile_stale),
    ngx_exportsite_counter("profile_waits_total",
        "Of misses: requests that waited for Redis.", sum.profile_waits),
    ngx_exportsite_counter("profile_timeouts_total",
        "Of waits: those that went on without an answer.",
        sum.profile_timeouts),
    ngx_exportsite_counter("profile_rejected_total",
        "Values of profiles that were too long or unsafe.",
        sum.profile_rejected),
    ngx_exportsite_gauge("profile_fields",
        "Fields of profiles that the configuration or rules name.", fields),
    ngx_exportsite_gauge("zone_size_bytes",
        "What profiles in memory can take in all.", profiles.size),
    ngx_exportsite_gauge("zone_used_bytes",
        "What profiles in memory take.", profiles.used),
    ngx_exportsite_gauge("zone_entries", "Profiles in memory.",
        profiles.entries),
    ngx_exportsite_counter("zone_evictions_total",
        "Profiles that went to make room.", profiles.evictions),
    ngx_exportsite_counter("zone_resets_total",
        "How often the memory of profiles was emptied after a kill.",
        profiles.resets),

    /* segments, countries */

    ngx_exportsite_gauge("segments", "Segments defined in Redis.", nsegments),
    ngx_exportsite_gauge("segment_errors",
        "Segments with a rule in Redis that cannot be taken.",
        segment_errors),
    ngx_exportsite_gauge("segment_warnings",
        "Segments with something odd about their rule.", segment_warnings),
    ngx_exportsite_gauge("definitions_version",
        "Grows with every change of the segments.", version),
    ngx_exportsite_counter("regex_limited_total",
        "Regular expressions given up at their match limit.",
        sum.regex_limited),
    ngx_exportsite_counter("geo_lookups_total",
        "Addresses looked up in databases.", sum.geo_lookups),

    /* slots */

    ngx_exportsite_counter("slot_pages_total",
        "Pages with slots configured that went through.", sum.slots_pages),
    ngx_exportsite_counter("slot_page_bytes_total",
        "Bytes of those pages that were read.", sum.slots_bytes),
    ngx_exportsite_counters("slot_pages_passed_total",
        "Pages that could not be read to their end.", passed, passed),
    ngx_exportsite_counter("slots_seen_total",
        "Slots found that their location fills.", sum.slots_seen),
    ngx_exportsite_counter("slots_filled_total",
        "Slots filled.", sum.slots_filled),
    ngx_exportsite_counters("slots_left_total",
        "Slots that kept what the page has, by reason.", left, left),
    ngx_exportsite_counter("script_tags_total",
        "Script tags put into pages.", sum.slots_scripts),
    ngx_exportsite_gauge("slot_errors",
        "Contents in Redis that cannot be taken.", nslot_errors),
    ngx_exportsite_gauge("contents_size_bytes",
        "What contents in memory can take in all.", contents.size),
    ngx_exportsite_gauge("contents_used_bytes",
        "What contents in memory take.", contents.used),
    ngx_exportsite_gauge("contents_entries", "Contents in memory.",
        contents.entries),
    ngx_exportsite_counter("contents_evictions_total",
        "Contents that went to make room.", contents.evictions),
    ngx_exportsite_counter("contents_fetched_total",
        "Contents read from Redis.", sum.contents_fetched),
    ngx_exportsite_counter("contents_failed_total",
        "Contents that could not be read.", sum.contents_failed),

    { NULL, NULL, 0, 0, NULL }
};
