/*
 * Profiles. An entry of the zone holds the fields that rules, variables and
 * ladders name, each as number (1 byte), length (2 bytes) and text; its tag is
 * how many fields were known when it was read. An entry that is old, marked as
 * changed, or read before a new field was named still answers, and is read again
 * behind.
 */
#include "compat.h"

#include "../core/siphash.h"
#include "../core/text.h"
#include "../redis/keys.h"
#include "breaker.h"
#include "keeper.h"
#include "profile.h"
#include "worker.h"


#define NGX_EXPORTSITE_LOOKUP_BUCKETS  256
#define NGX_EXPORTSITE_LOOKUPS_MAX     1024
#define NGX_EXPORTSITE_RETRY           1000    /* ms between two refreshes */
#define NGX_EXPORTSITE_VALUE_MAX       512

#define NGX_EXPORTSITE_CHANGED         0x1     /* a flag of the entry */


/* An HMGET under way, and who waits for it. */
typedef struct {
    ngx_queue_t                queue;          /* in its bucket */
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
};


static ngx_int_t ngx_exportsite_profile_wait(ngx_exportsite_visit_t *visit);
static void ngx_exportsite_profile_refresh(ngx_exportsite_visit_t *visit);
static ngx_exportsite_lookup_t *ngx_exportsite_lookup(
    ngx_exportsite_visit_t *visit);
static ngx_int_t ngx_exportsite_lookup_send(ngx_exportsite_lookup_t *lookup);
static void ngx_exportsite_lookup_done(redisAsyncContext *ac, void *reply,
    void *data);
static void ngx_exportsite_lookup_store(ngx_exportsite_lookup_t *lookup,
    u_char *packed, size_t len);
static void ngx_exportsite_lookup_wake(ngx_exportsite_lookup_t *lookup,
    u_char *packed, size_t len);
static void ngx_exportsite_lookup_free(ngx_exportsite_lookup_t *lookup);
static void ngx_exportsite_profile_timeout(ngx_event_t *ev);


static ngx_queue_t  ngx_exportsite_lookups[NGX_EXPORTSITE_LOOKUP_BUCKETS];
static ngx_uint_t   ngx_exportsite_lookup_count;


static ngx_inline es_cache_t *
ngx_exportsite_profile_cache(void)
{
    ngx_exportsite_profile_sh_t  *sh = ngx_exportsite_worker.profiles;

    return (es_cache_t *) ((u_char *) sh + sh->cache_offset);
}


/* Milliseconds that go on over a reload and are the same for all workers. */
static ngx_inline uint64_t
ngx_exportsite_now(void)
{
    ngx_time_t  *tp = ngx_timeofday();

    return (uint64_t) tp->sec * 1000 + tp->msec;
}


static ngx_inline uint64_t
ngx_exportsite_profile_hash(ngx_str_t *id)
{
    return es_siphash13(ngx_exportsite_worker.profiles->hash_key, id->data,
                        id->len);
}


static ngx_inline uint32_t *
ngx_exportsite_profile_epoch(uint64_t hash)
{
    return &ngx_exportsite_worker.state->epochs[hash % NGX_EXPORTSITE_EPOCHS];
}


/* The place of an id that Redis does not know, or the one to take for it. */
static ngx_exportsite_unknown_t *
ngx_exportsite_unknown(uint64_t hash, ngx_uint_t take)
{
    ngx_uint_t                    i;
    ngx_exportsite_unknown_t     *set, *oldest;
    ngx_exportsite_profile_sh_t  *sh = ngx_exportsite_worker.profiles;

    set = (ngx_exportsite_unknown_t *) ((u_char *) sh + sh->unknown_offset)
          + (hash % sh->unknown_sets) * NGX_EXPORTSITE_UNKNOWN_WAYS;

    oldest = set;

    for (i = 0; i < NGX_EXPORTSITE_UNKNOWN_WAYS; i++) {
        if (set[i].hash == hash && set[i].read_at != 0) {
            return &set[i];
        }

        if (set[i].read_at < oldest->read_at) {
            oldest = &set[i];
        }
    }

    return take ? oldest : NULL;
}


ngx_int_t
ngx_exportsite_profile_load(ngx_exportsite_visit_t *visit, ngx_uint_t wait)
{
    char                       buf[ES_CACHE_VALUE_MAX];
    size_t                     len;
    uint64_t                   now, age;
    es_cache_t                *cache;
    ngx_uint_t                 found, stale, fields;
    es_cache_meta_t            meta, *live;
    ngx_exportsite_worker_t   *w = &ngx_exportsite_worker;
    ngx_exportsite_unknown_t  *unknown;

    fields = w->state->fields;

    if (fields == 0 || w->conf->redis.sockaddr == NULL) {
        return NGX_OK;
    }

    now = ngx_exportsite_now();
    cache = ngx_exportsite_profile_cache();
    visit->visitor_hash = ngx_exportsite_profile_hash(&visit->visitor);
    unknown = NULL;
    stale = 0;

    ngx_exportsite_zone_lock(w->conf->profile_zone);

    found = es_cache_get(cache, visit->visitor_hash,
                         ngx_exportsite_es(visit->visitor), now, &meta, buf,
                         sizeof(buf), &len);
    if (found) {
        age = now - meta.read_at;

        if ((age >= w->conf->profile_ttl || meta.flags != 0
             || meta.tag < fields)
            && now - meta.tried_at >= NGX_EXPORTSITE_RETRY)
        {
            live = es_cache_meta(cache, visit->visitor_hash,
                                 ngx_exportsite_es(visit->visitor));
            live->tried_at = now;
            stale = 1;
        }

    } else {
        unknown = ngx_exportsite_unknown(visit->visitor_hash, 0);

        if (unknown != NULL
            && (now - unknown->read_at >= w->conf->profile_ttl
                || unknown->fields < fields)
            && now - unknown->tried_at >= NGX_EXPORTSITE_RETRY)
        {
            unknown->tried_at = now;
            stale = 1;
        }
    }

    ngx_exportsite_zone_unlock(w->conf->profile_zone);

    if (found || unknown != NULL) {
        if (found) {
            w->counters->profile_hits++;
            visit->profile.data = ngx_pnalloc(visit->request->pool, len);

            if (visit->profile.data != NULL) {
                ngx_memcpy(visit->profile.data, buf, len);
                visit->profile.len = len;
            }

        } else {
            w->counters->profile_unknown++;
        }

        if (stale) {
            w->counters->profile_stale++;
            ngx_exportsite_profile_refresh(visit);
        }

        return NGX_OK;
    }

    w->counters->profile_misses++;

    if (!wait || !ngx_exportsite_breaker_closed()
        || (w->redis.state != ngx_exportsite_redis_connected
            && w->redis.failures + w->redis.losses > 0))
    {
        ngx_exportsite_profile_refresh(visit);
        return NGX_OK;
    }

    return ngx_exportsite_profile_wait(visit);
}


static ngx_int_t
ngx_exportsite_profile_wait(ngx_exportsite_visit_t *visit)
{
    ngx_http_request_t       *r = visit->request;
    ngx_exportsite_lookup_t  *lookup;
    ngx_exportsite_waiter_t  *waiter;

    waiter = ngx_pcalloc(r->pool, sizeof(ngx_exportsite_waiter_t));
    if (waiter == NULL) {
        return NGX_OK;
    }

    lookup = ngx_exportsite_lookup(visit);
    if (lookup == NULL) {
        return NGX_OK;
    }

    waiter->visit = visit;
    waiter->timer.handler = ngx_exportsite_profile_timeout;
    waiter->timer.data = waiter;
    waiter->timer.log = r->connection->log;

    visit->waiter = waiter;

    ngx_queue_insert_tail(&lookup->waiters, &waiter->queue);
    ngx_add_timer(&waiter->timer, ngx_exportsite_worker.conf->redis.timeout);

    ngx_exportsite_count(profile_waits);

    return NGX_AGAIN;
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


void
ngx_exportsite_profile_detach(ngx_exportsite_visit_t *visit)
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
ngx_exportsite_profile_timeout(ngx_event_t *ev)
{
    ngx_exportsite_waiter_t  *waiter = ev->data;

    ngx_exportsite_visit_t  *visit = waiter->visit;

    ngx_exportsite_count(profile_timeouts);
    ngx_exportsite_breaker_timed_out();

    ngx_exportsite_profile_detach(visit);
    ngx_exportsite_visit_resume(visit);
}


static void
ngx_exportsite_profile_refresh(ngx_exportsite_visit_t *visit)
{
    (void) ngx_exportsite_lookup(visit);
}


/* The lookup of this visitor that is under way, or a new one; NULL if not now. */
static ngx_exportsite_lookup_t *
ngx_exportsite_lookup(ngx_exportsite_visit_t *visit)
{
    ngx_queue_t              *bucket, *q;
    ngx_exportsite_lookup_t  *lookup;

    bucket = &ngx_exportsite_lookups[visit->visitor_hash
                                     % NGX_EXPORTSITE_LOOKUP_BUCKETS];
    if (bucket->next == NULL) {
        ngx_queue_init(bucket);
    }

    for (q = ngx_queue_head(bucket);
         q != ngx_queue_sentinel(bucket);
         q = ngx_queue_next(q))
    {
        lookup = ngx_queue_data(q, ngx_exportsite_lookup_t, queue);

        if (lookup->hash == visit->visitor_hash
            && lookup->id_len == visit->visitor.len
            && ngx_memcmp(lookup->id, visit->visitor.data, lookup->id_len) == 0)
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

    lookup->hash = visit->visitor_hash;
    lookup->sent = 0;
    lookup->id_len = visit->visitor.len;
    ngx_memcpy(lookup->id, visit->visitor.data, lookup->id_len);

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
    lookup->epoch = *ngx_exportsite_profile_epoch(lookup->hash);
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
ngx_exportsite_profile_connected(void)
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
                ngx_exportsite_lookup_wake(lookup, NULL, 0);
                ngx_exportsite_lookup_free(lookup);
            }
        }
    }
}


/* Appends a field's value to a packed profile if it may be used at all. */
static u_char *
ngx_exportsite_profile_pack(u_char *p, u_char *last, ngx_uint_t number,
    redisReply *value)
{
    size_t  len;

    if (value->type != REDIS_REPLY_STRING || value->len == 0) {
        return p;
    }

    len = value->len;

    if (len > NGX_EXPORTSITE_VALUE_MAX || (size_t) (last - p) < len + 3
        || !es_text_safe((es_str_t) { len, value->str }))
    {
        ngx_exportsite_count(profile_rejected);
        return p;
    }

    *p++ = (u_char) number;
    *p++ = (u_char) (len >> 8);
    *p++ = (u_char) len;

    return ngx_cpymem(p, value->str, len);
}


static void
ngx_exportsite_lookup_done(redisAsyncContext *ac, void *reply, void *data)
{
    u_char                   *p, packed[ES_CACHE_VALUE_MAX];
    ngx_uint_t                i;
    redisReply               *r = reply;
    ngx_exportsite_lookup_t  *lookup = data;

    ngx_exportsite_redis_answered(&ngx_exportsite_worker.redis, r);
    p = packed;

    if (r != NULL) {
        ngx_exportsite_breaker_answered(ngx_current_msec - lookup->sent_at);

        if (r->type == REDIS_REPLY_ARRAY) {
            for (i = 0; i < r->elements && i < lookup->fields; i++) {
                p = ngx_exportsite_profile_pack(p, packed + sizeof(packed), i,
                                                r->element[i]);
            }

        } else if (r->type == REDIS_REPLY_ERROR) {
            ngx_exportsite_count(profile_rejected);
            ngx_exportsite_redis_complain(&ngx_exportsite_worker.redis,
                               "HMGET of a profile", r,
                               "a profile is a hash, es:profile:ID");
        }

        ngx_exportsite_lookup_store(lookup, packed, p - packed);
    }

    ngx_exportsite_lookup_wake(lookup, packed, p - packed);
    ngx_exportsite_lookup_free(lookup);
}


static void
ngx_exportsite_lookup_store(ngx_exportsite_lookup_t *lookup, u_char *packed,
    size_t len)
{
    es_str_t                   id;
    es_cache_meta_t            meta;
    ngx_exportsite_worker_t   *w = &ngx_exportsite_worker;
    ngx_exportsite_unknown_t  *unknown;

    id.len = lookup->id_len;
    id.data = (char *) lookup->id;

    meta.read_at = ngx_exportsite_now();
    meta.tried_at = meta.read_at;
    meta.tag = lookup->fields;
    meta.flags = 0;

    if (lookup->epoch != *ngx_exportsite_profile_epoch(lookup->hash)) {
        /* changed after it was asked for: what came may be the old one */
        meta.flags = NGX_EXPORTSITE_CHANGED;
    }

    ngx_exportsite_zone_lock(w->conf->profile_zone);

    unknown = ngx_exportsite_unknown(lookup->hash, len == 0);

    if (len > 0) {
        if (unknown != NULL) {
            unknown->read_at = 0;
        }

        (void) es_cache_put(ngx_exportsite_profile_cache(), lookup->hash, id,
                            meta.read_at, &meta, (char *) packed, len);

    } else {
        unknown->hash = lookup->hash;
        unknown->read_at = meta.flags ? 1 : meta.read_at;
        unknown->tried_at = meta.read_at;
        unknown->fields = lookup->fields;

        (void) es_cache_remove(ngx_exportsite_profile_cache(), lookup->hash,
                               id);
    }

    ngx_exportsite_zone_unlock(w->conf->profile_zone);
}


static void
ngx_exportsite_lookup_wake(ngx_exportsite_lookup_t *lookup, u_char *packed,
    size_t len)
{
    ngx_queue_t              *q;
    ngx_exportsite_visit_t   *visit;
    ngx_exportsite_waiter_t  *waiter;

    while (!ngx_queue_empty(&lookup->waiters)) {
        q = ngx_queue_head(&lookup->waiters);
        waiter = ngx_queue_data(q, ngx_exportsite_waiter_t, queue);
        visit = waiter->visit;

        ngx_exportsite_profile_detach(visit);

        if (len > 0) {
            visit->profile.data = ngx_pnalloc(visit->request->pool, len);

            if (visit->profile.data != NULL) {
                ngx_memcpy(visit->profile.data, packed, len);
                visit->profile.len = len;
            }
        }

        ngx_exportsite_visit_resume(visit);
    }
}


static void
ngx_exportsite_lookup_free(ngx_exportsite_lookup_t *lookup)
{
    ngx_queue_remove(&lookup->queue);
    ngx_exportsite_lookup_count--;
    ngx_free(lookup);
}


void
ngx_exportsite_profile_changed(ngx_str_t *id)
{
    uint64_t                   hash;
    es_cache_meta_t           *meta;
    ngx_exportsite_worker_t   *w = &ngx_exportsite_worker;
    ngx_exportsite_unknown_t  *unknown;

    hash = ngx_exportsite_profile_hash(id);

    ngx_exportsite_zone_lock(w->conf->profile_zone);

    (*ngx_exportsite_profile_epoch(hash))++;

    meta = es_cache_meta(ngx_exportsite_profile_cache(), hash,
                         ngx_exportsite_es(*id));
    if (meta != NULL) {
        meta->flags |= NGX_EXPORTSITE_CHANGED;
    }

    unknown = ngx_exportsite_unknown(hash, 0);
    if (unknown != NULL) {
        unknown->read_at = 1;
    }

    ngx_exportsite_zone_unlock(w->conf->profile_zone);
}


void
ngx_exportsite_profile_all_changed(void)
{
    ngx_uint_t                    i, n;
    ngx_exportsite_worker_t      *w = &ngx_exportsite_worker;
    ngx_exportsite_unknown_t     *unknown;
    ngx_exportsite_profile_sh_t  *sh = w->profiles;

    unknown = (ngx_exportsite_unknown_t *) ((u_char *) sh + sh->unknown_offset);
    n = sh->unknown_sets * NGX_EXPORTSITE_UNKNOWN_WAYS;

    ngx_exportsite_zone_lock(w->conf->profile_zone);

    for (i = 0; i < NGX_EXPORTSITE_EPOCHS; i++) {
        w->state->epochs[i]++;
    }

    es_cache_mark_all(ngx_exportsite_profile_cache());

    for (i = 0; i < n; i++) {
        if (unknown[i].read_at != 0) {
            unknown[i].read_at = 1;
        }
    }

    ngx_exportsite_zone_unlock(w->conf->profile_zone);
}


void
ngx_exportsite_profile_stats(es_cache_stats_t *stats)
{
    ngx_exportsite_zone_lock(ngx_exportsite_worker.conf->profile_zone);

    es_cache_stats(ngx_exportsite_profile_cache(), stats);

    ngx_exportsite_zone_unlock(ngx_exportsite_worker.conf->profile_zone);
}
