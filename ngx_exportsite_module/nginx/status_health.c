/*
 * What is not well. Bad is what does not work at this moment; what was lost
 * once, or works by a detour, wants a look.
 */
#include "compat.h"

#include "geo.h"
#include "redis.h"
#include "status_health.h"


/* that old, something holds events up for longer than a restart of Redis */
#define NGX_EXPORTSITE_OLD  60000                 /* ms */


typedef struct {
    ngx_exportsite_finding_t  *finding;
    ngx_uint_t                 n;
} ngx_exportsite_health_t;


static void
ngx_exportsite_health_add(ngx_exportsite_health_t *health, ngx_uint_t bad,
    uint64_t count, const char *text, es_str_t detail)
{
    ngx_exportsite_finding_t  *finding = &health->finding[health->n++];

    finding->bad = bad;
    finding->count = count;
    finding->text = text;
    finding->detail = detail;
}


static void
ngx_exportsite_health_bad(ngx_exportsite_health_t *health,
    ngx_exportsite_status_t *status)
{
    if (status->redis == ngx_exportsite_redis_disconnected
        || status->redis == ngx_exportsite_redis_connecting)
    {
        ngx_exportsite_health_add(health, 1, 0, "Redis is away",
                                  ngx_exportsite_es(status->redis_error));
    }

    if (status->breaker_open) {
        ngx_exportsite_health_add(health, 1, 0,
            "The breaker is open: no request waits for Redis", es_null_str);
    }

    if (status->oldest > NGX_EXPORTSITE_OLD) {
        ngx_exportsite_health_add(health, 1, status->oldest / 1000,
            "seconds is the age of the oldest event that Redis does not have",
            es_null_str);
    }
}


static void
ngx_exportsite_health_events(ngx_exportsite_health_t *health,
    ngx_exportsite_status_t *status)
{
    if (status->lost > 0) {
        ngx_exportsite_health_add(health, 0, status->lost,
            status->lost == 1 ? "event was lost since nginx started"
                              : "events were lost since nginx started",
            es_null_str);
    }

    if (status->spool_failing > 0) {
        ngx_exportsite_health_add(health, 1, 0, "The spool cannot be written",
            (es_str_t) { strlen(strerror((int) status->spool_errno)),
                         strerror((int) status->spool_errno) });
    }

    if (status->spool_events > 0) {
        ngx_exportsite_health_add(health, 0, status->spool_events,
            status->spool_events == 1 ? "event waits in the spool"
                                      : "events wait in the spool",
            es_null_str);
    }
}


static void
ngx_exportsite_health_definitions(ngx_exportsite_health_t *health,
    ngx_exportsite_status_t *status)
{
    if (status->redis == ngx_exportsite_redis_connected
        && !status->listening)
    {
        ngx_exportsite_health_add(health, 0, 0,
            "Changes in Redis are not heard of at once", es_null_str);
    }

    if (status->segment_errors > 0) {
        ngx_exportsite_health_add(health, 0, status->segment_errors,
            status->segment_errors == 1
            ? "segment has a rule that cannot be taken"
            : "segments have a rule that cannot be taken", es_null_str);
    }

    if (status->nslot_errors > 0) {
        ngx_exportsite_health_add(health, 0, status->nslot_errors,
            status->nslot_errors == 1
            ? "slot content in Redis cannot be taken"
            : "slot contents in Redis cannot be taken", es_null_str);
    }
}


/* One line for all, with what is wrong with the first. */
static void
ngx_exportsite_health_databases(ngx_exportsite_health_t *health,
    ngx_exportsite_status_t *status)
{
    ngx_str_t                     error;
    ngx_uint_t                    i, n;
    ngx_exportsite_geo_status_t  *db = status->databases.elts;

    n = 0;
    ngx_str_null(&error);

    for (i = 0; i < status->databases.nelts; i++) {
        if (db[i].error.len != 0 && n++ == 0) {
            error = db[i].error;
        }
    }

    if (n > 0) {
        ngx_exportsite_health_add(health, 0, n,
            n == 1 ? "database has a new file that is not used"
                   : "databases have a new file that is not used",
            ngx_exportsite_es(error));
    }
}


ngx_uint_t
ngx_exportsite_status_health(ngx_exportsite_status_t *status,
    ngx_exportsite_finding_t *finding)
{
    ngx_exportsite_health_t  health = { finding, 0 };

    ngx_exportsite_health_bad(&health, status);
    ngx_exportsite_health_events(&health, status);
    ngx_exportsite_health_definitions(&health, status);
    ngx_exportsite_health_databases(&health, status);

    return health.n;
}
