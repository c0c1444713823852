/*
 * Lookups: one HMGET for all requests that want the same visitor's profile.
 */
#include "compat.h"

#include "../redis/keys.h"
#include "breaker.h"
#include "lookup.h"
#include "profile_pack.h"
#include "profile_zone.h"
#include "tracking.h"


#define NGX_EXPORTSITE_LOOKUP_BUCKETS  256
#define NGX_EXPORTSITE_LOOKUPS_MAX     1024


/* An HMGET under way, and who waits for it. */
typedef struct {
    ngx_queue_t                queue;             /* in its bucket */
    ngx_queue_t                waiters;
    uint64_t                   hash;
    uint32_t                   epoch;
    ngx_uint_t                 fields;
    ngx_msec_t                 sent_at;
    unsigned                   sent:1;
    size_t                     id_len;
    u_char                     id[64];
} ngx_exportsite_lookup_t;


/* A request that waits; in its pool. */
struct ngx_exportsite_waiter_s {
    ngx_queue_t                queue;
    ngx_event_t                timer;
    ngx_exportsite_visit_t    *visit;
    ngx_exportsite_resume_pt   resume;
};


static ngx_exportsite_lookup_t *ngx_exportsite_lookup(ngx_str_t *id,
    uint64_t hash);
static ngx_int_t ngx_exportsite_lookup_send(ngx_exportsite_lookup_t *lookup);
static void ngx_exportsite_lookup_done(redisAsyncContext *ac, void *reply,
    void *data);
static void ngx_exportsite_lookup_wake(ngx_exportsite_lookup_t *lookup,
    ngx_str_t *profile);
static void ngx_exportsite_lookup_free(ngx_exportsite_lookup_t *lookup);
static void ngx_exportsite_lookup_timeout(ngx_event_t *ev);


static ngx_queue_t  ngx_exportsite_lookups[NGX_EXPORTSITE_LOOKUP_BUCKETS];
static ngx_uint_t   ngx_exportsite_lookup_count;


void
ngx_exportsite_lookup_begin(ngx_str_t *id, uint64_t hash)
{
    (void) ngx_exportsite_lookup(id, hash);
}


ngx_int_t
ngx_exportsite_lookup_wait(ngx_exportsite_visit_t *visit,
    ngx_exportsite_resume_pt resume)
{
    ngx_http_request_t       *r = visit->request;
    ngx_exportsite_lookup_t  *lookup;
    ngx_exportsite_waiter_t  *waiter;

    waiter = ngx_pcalloc(r->pool, sizeof(ngx_exportsite_waiter_t));
    if (waiter == NULL) {
        return NGX_DECLINED;
    }

    lookup = ngx_exportsite_lookup(&visit->visitor, visit->visitor_hash);
    if (lookup == NULL) {
        return NGX_DECLINED;
    }

    waiter->visit = visit;
    waiter->resume = resume;
    waiter->timer.handler = ngx_exportsite_lookup_timeout;
    waiter->timer.data = waiter;
    waiter->timer.log = r->connection->log;

    visit->waiter = waiter;

    ngx_queue_insert_tail(&lookup->waiters, &waiter->queue);
    ngx_add_timer(&waiter->timer, ngx_exportsite_worker.conf->redis.timeout);

    return NGX_OK;
}


void
ngx_exportsite_lookup_detach(ngx_exportsite_visit_t *visit)
{
    ngx_exportsite_waiter_t  *waiter = visit->waiter;

    if (waiter == NULL) {
        return;
    }

    visit->waiter = NULL;
    ngx_queue_remove(&waiter->queue);

    if (waiter->timer.timer_set) {
        ngx_del_timer(&waiter->timer);
    }
}


static void
ngx_exportsite_lookup_timeout(ngx_event_t *ev)
{
    ngx_exportsite_waiter_t  *waiter = ev->data;

    ngx_exportsite_visit_t  *visit = waiter->visit;

    ngx_exportsite_count(profile_timeouts);
    ngx_exportsite_breaker_timed_out();

    ngx_exportsite_lookup_detach(visit);
    waiter->resume(visit);
}


/* The lookup of this id that is under way, or a new one; NULL if not now. */
static ngx_exportsite_lookup_t *
ngx_exportsite_lookup(ngx_str_t *id, uint64_t hash)
{
    ngx_queue_t              *bucket, *q;
    ngx_exportsite_lookup_t  *lookup;

    bucket = &ngx_exportsite_lookups[hash % NGX_EXPORTSITE_LOOKUP_BUCKETS];

    if (bucket->next == NULL) {
        ngx_queue_init(bucket);
    }

    for (q = ngx_queue_head(bucket);
         q != ngx_queue_sentinel(bucket);
         q = ngx_queue_next(q))
    {
        lookup = ngx_queue_data(q, ngx_exportsite_lookup_t, queue);

        if (lookup->hash == hash && lookup->id_len == id->len
            && ngx_memcmp(lookup->id, id->data, id->len) == 0)
        {
            return lookup;
        }
    }

    if (ngx_exportsite_lookup_count >= NGX_EXPORTSITE_LOOKUPS_MAX) {
        return NULL;
    }

    lookup = ngx_alloc(sizeof(ngx_exportsite_lookup_t),
                       ngx_exportsite_worker.log);
    if (lookup == NULL) {
        return NULL;
    }

    lookup->hash = hash;
    lookup->sent = 0;
    lookup->id_len = id->len;
    ngx_memcpy(lookup->id, id->data, id->len);

    ngx_queue_init(&lookup->waiters);
    ngx_queue_insert_tail(bucket, &lookup->queue);
    ngx_exportsite_lookup_count++;

    if (ngx_exportsite_lookup_send(lookup) != NGX_OK) {
        ngx_exportsite_lookup_free(lookup);
        return NULL;
    }

    return lookup;
}


/* NGX_OK also when it will be sent as soon as the first connection stands. */
static ngx_int_t
ngx_exportsite_lookup_send(ngx_exportsite_lookup_t *lookup)
{
    char                       buf[ES_PROFILE_COMMAND_MAX];
    size_t                     len;
    es_str_t                   fields[NGX_EXPORTSITE_FIELDS_MAX];
    ngx_uint_t                 i;
    ngx_exportsite_worker_t   *w = &ngx_exportsite_worker;

    if (w->redis.state != ngx_exportsite_redis_connected) {
        return w->redis.failures + w->redis.losses == 0 ? NGX_OK : NGX_ERROR;
    }

    ngx_exportsite_track();

    lookup->fields = w->state->fields;
    lookup->epoch = ngx_exportsite_profile_epoch(lookup->hash);
    lookup->sent_at = ngx_current_msec;
    lookup->sent = 1;

    for (i = 0; i < lookup->fields; i++) {
        fields[i].len = w->state->field[i].len;
        fields[i].data = (char *) w->state->field[i].data;
    }

    len = es_profile_command(buf, ngx_exportsite_es(w->conf->redis.prefix),
                             (es_str_t) { lookup->id_len, (char *) lookup->id },
                             fields, lookup->fields);

    return ngx_exportsite_redis_send(&w->redis, buf, len,
                                     ngx_exportsite_lookup_done, lookup);
}


void
ngx_exportsite_lookup_connected(void)
{
    ngx_uint_t                i;
    ngx_queue_t              *bucket, *q, *next;
    ngx_exportsite_lookup_t  *lookup;

    for (i = 0; i < NGX_EXPORTSITE_LOOKUP_BUCKETS; i++) {
        bucket = &ngx_exportsite_lookups[i];

        if (bucket->next == NULL) {
            continue;
        }

        for (q = ngx_queue_head(bucket);
             q != ngx_queue_sentinel(bucket);
             q = next)
        {
            next = ngx_queue_next(q);
            lookup = ngx_queue_data(q, ngx_exportsite_lookup_t, queue);

            if (!lookup->sent
                && ngx_exportsite_lookup_send(lookup) != NGX_OK)
            {
                ngx_exportsite_lookup_wake(lookup, NULL);
                ngx_exportsite_lookup_free(lookup);
            }
        }
    }
}


static void
ngx_exportsite_lookup_done(redisAsyncContext *ac, void *reply, void *data)
{
    u_char                    packed[NGX_EXPORTSITE_PROFILE_MAX];
    ngx_str_t                 id, profile;
    redisReply               *r = reply;
    ngx_exportsite_lookup_t  *lookup = data;

    ngx_exportsite_redis_answered(&ngx_exportsite_worker.redis, r);

    if (r == NULL) {
        ngx_exportsite_lookup_wake(lookup, NULL);
        ngx_exportsite_lookup_free(lookup);
        return;
    }

    profile.data = packed;
    profile.len = 0;

    if (ngx_exportsite_profile_pack(&profile, sizeof(packed), r,
                                    lookup->fields)
        != NGX_OK)
    {
        /* what is in the zone is better than an error */
        ngx_exportsite_lookup_wake(lookup, NULL);
        ngx_exportsite_lookup_free(lookup);
        return;
    }

    ngx_exportsite_breaker_answered(ngx_current_msec - lookup->sent_at);

    id.len = lookup->id_len;
    id.data = lookup->id;

    ngx_exportsite_profile_put(&id, lookup->hash, &profile, lookup->fields,
                               lookup->epoch);

    ngx_exportsite_lookup_wake(lookup, &profile);
    ngx_exportsite_lookup_free(lookup);
}


static void
ngx_exportsite_lookup_wake(ngx_exportsite_lookup_t *lookup, ngx_str_t *profile)
{
    ngx_queue_t              *q;
    ngx_exportsite_visit_t   *visit;
    ngx_exportsite_waiter_t  *waiter;

    while (!ngx_queue_empty(&lookup->waiters)) {
        q = ngx_queue_head(&lookup->waiters);
        waiter = ngx_queue_data(q, ngx_exportsite_waiter_t, queue);
        visit = waiter->visit;

        ngx_exportsite_lookup_detach(visit);

        if (profile != NULL && profile->len > 0) {
            visit->profile.data = ngx_pnalloc(visit->request->pool,
                                              profile->len);

            if (visit->profile.data != NULL) {
                ngx_memcpy(visit->profile.data, profile->data, profile->len);
                visit->profile.len = profile->len;
            }
        }

        waiter->resume(visit);
    }
}


static void
ngx_exportsite_lookup_free(ngx_exportsite_lookup_t *lookup)
{
    ngx_queue_remove(&lookup->queue);
    ngx_exportsite_lookup_count--;
    ngx_free(lookup);
}
