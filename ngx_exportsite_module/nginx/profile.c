/*
 * A visit's profile: from the zone, else from Redis.
 */
#include "compat.h"

#include "breaker.h"
#include "headers.h"
#include "lookup.h"
#include "profile.h"
#include "profile_zone.h"


/* Also before the first connection stands, but not where one was lost. */
static ngx_uint_t
ngx_exportsite_profile_may_wait(void)
{
    ngx_exportsite_redis_t  *redis = &ngx_exportsite_worker.redis;

    return ngx_exportsite_breaker_closed()
           && (redis->state == ngx_exportsite_redis_connected
               || redis->failures + redis->losses == 0);
}


ngx_int_t
ngx_exportsite_profile_load(ngx_exportsite_visit_t *visit,
    ngx_exportsite_resume_pt resume)
{
    ngx_uint_t                found;
    ngx_exportsite_worker_t  *w = &ngx_exportsite_worker;

    /* work that is to be done anyway goes on while memory is waited for */

    visit->visitor_hash = ngx_exportsite_profile_hash(&visit->visitor);
    ngx_exportsite_profile_prefetch(visit->visitor_hash, 0);

    if (resume != NULL && !ngx_exportsite_maybe_page(visit)) {
        resume = NULL;
    }

    ngx_exportsite_profile_prefetch(visit->visitor_hash, 1);

    found = ngx_exportsite_profile_get(&visit->visitor, visit->visitor_hash,
                                       visit->request->pool, &visit->profile);

    if (found == 0) {
        w->counters->profile_misses++;

        if (resume != NULL && ngx_exportsite_profile_may_wait()
            && ngx_exportsite_lookup_wait(visit, resume) == NGX_OK)
        {
            w->counters->profile_waits++;
            return NGX_AGAIN;
        }

        ngx_exportsite_lookup_begin(&visit->visitor, visit->visitor_hash);

        return NGX_OK;
    }

    if (found & NGX_EXPORTSITE_PROFILE_FOUND) {
        w->counters->profile_hits++;

    } else {
        w->counters->profile_unknown++;
    }

    if (found & NGX_EXPORTSITE_PROFILE_STALE) {
        w->counters->profile_stale++;
        ngx_exportsite_lookup_begin(&visit->visitor, visit->visitor_hash);
    }

    return NGX_OK;
}


es_str_t
ngx_exportsite_profile_field(ngx_exportsite_visit_t *visit, ngx_uint_t number)
{
    size_t   len;
    u_char  *p, *last;

    p = visit->profile.data;
    last = p + visit->profile.len;

    while (p < last) {
        len = (size_t) p[1] << 8 | p[2];

        if (p[0] == number) {
            return (es_str_t) { len, (char *) p + 3 };
        }

        p += 3 + len;
    }

    return es_null_str;
}
