/*
 * What exportsite_status knows, gathered once for all its forms.
 */
#ifndef NGX_EXPORTSITE_STATUS_SUMS_H
#define NGX_EXPORTSITE_STATUS_SUMS_H

#include "definitions.h"
#include "status_names.h"


/* A living worker. */
typedef struct {
    uint64_t                          pid;
    uint64_t                          recorded;
    uint64_t                          queued;
    uint64_t                          sent;
    uint64_t                          spooled;
    uint64_t                          replayed;
    uint64_t                          lost;
    uint64_t                          geo_lookups;
    uint64_t                          reconnects;
} ngx_exportsite_status_worker_t;

typedef struct {
    ngx_exportsite_definition_t       definition;
    const char                       *warning;      /* or NULL */
} ngx_exportsite_status_segment_t;


/*
 * Of all workers, but for what says "this worker". Arrays are in the request's
 * pool; the texts in them live until the event loop goes on.
 */
typedef struct {
    ngx_exportsite_counters_t         sum;          /* lost: of all reasons */
    uint64_t                          lost;
    uint64_t                          queued;
    uint64_t                          bytes;
    uint64_t                          oldest;       /* age, ms; 0: none */
    uint64_t                          answered;     /* batches in latencies */
    uint64_t                          living;       /* workers */

    uint64_t                          spool_enabled;
    uint64_t                          spool_files;
    uint64_t                          spool_events;
    uint64_t                          spool_bytes;
    uint64_t                          spool_max;
    ngx_str_t                         spool_path;
    uint64_t                          spool_failing;   /* workers */
    uint64_t                          spool_errno;     /* of one */

    uint64_t                          profile_answers[
                                            NGX_EXPORTSITE_STATUS_PROFILES];
    uint64_t                          fields;
    es_cache_stats_t                  profiles;
    es_cache_stats_t                  contents;

    uint64_t                          left[NGX_EXPORTSITE_STATUS_LEFT];
    uint64_t                          passed[NGX_EXPORTSITE_STATUS_PASSED];

    uint64_t                          breaker_open;
    uint64_t                          breaker_failures;
    uint64_t                          breaker_opened;
    uint64_t                          listening;
    uint64_t                          keeper;
    uint64_t                          version;

    ngx_uint_t                        redis;        /* this worker's state */
    uint64_t                          redis_states[
                                              NGX_EXPORTSITE_STATUS_STATES];
    ngx_str_t                         redis_error;
    uint64_t                          redis_losses;

    ngx_array_t                       workers;      /* of status_worker_t */
    ngx_array_t                       databases;    /* of geo_status_t */
    ngx_array_t                       segments;     /* of status_segment_t */
    ngx_array_t                       slot_errors;  /* of slot_error_t */
    uint64_t                          nsegments;
    uint64_t                          segment_errors;
    uint64_t                          segment_warnings;
    uint64_t                          nslot_errors;

    ngx_exportsite_definitions_t      definitions;
} ngx_exportsite_status_t;


/* NGX_ERROR without memory. What was gathered is to be given back by free(). */
ngx_int_t ngx_exportsite_status_gather(ngx_http_request_t *r,
    ngx_exportsite_status_t *status);

void ngx_exportsite_status_free(ngx_exportsite_status_t *status);

#endif
