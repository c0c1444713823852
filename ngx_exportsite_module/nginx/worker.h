/*
 * What a worker process has one of: its connections, its slot in shared memory,
 * its compiled segments. Filled by worker.c when the process starts.
 */
#ifndef NGX_EXPORTSITE_WORKER_H
#define NGX_EXPORTSITE_WORKER_H

#include "redis.h"
#include "settings.h"
#include "visit.h"
#include "zone.h"


typedef struct {
    ngx_cycle_t                  *cycle;
    ngx_log_t                    *log;
    ngx_exportsite_main_conf_t   *conf;

    ngx_exportsite_profile_sh_t  *profiles;
    ngx_exportsite_state_sh_t    *state;
    ngx_exportsite_queue_sh_t    *queues;
    ngx_exportsite_contents_sh_t *contents;       /* NULL: no redis: slots */

    ngx_exportsite_redis_t        redis;          /* commands */
    ngx_exportsite_slot_t        *slot;           /* in the zone, or private */
    ngx_exportsite_counters_t    *counters;       /* of the slot */

    es_rule_scratch_t            *scratch;        /* of regexes */

    /* rules ask for an industry, and hints for rules: here the circle ends */
    ngx_uint_t                  (*rule)(ngx_exportsite_visit_t *visit,
                                        const es_rule_t *rule);
} ngx_exportsite_worker_t;


extern ngx_exportsite_worker_t  ngx_exportsite_worker;


/* The number of a profile field, in all workers; -1 when there are too many. */
ngx_int_t ngx_exportsite_field_number(es_str_t name);

#define ngx_exportsite_count(counter)                                         \
    (ngx_exportsite_worker.counters->counter++)

#endif
