/*
 * The profiles in the zone. An entry holds the fields that rules, variables and
 * ladders name, packed by profile.c; its tag is how many fields were known when
 * it was read. What is old, marked as changed, or read before a new field was
 * named still answers, and is read again behind. Ids that Redis does not know
 * have a table of their own, so that random ids evict nobody.
 */
#include "compat.h"

#include "../core/siphash.h"
#include "profile_zone.h"


#define NGX_EXPORTSITE_RETRY    1000              /* ms between refreshes */
#define NGX_EXPORTSITE_CHANGED  0x1               /* a flag of the entry */


static ngx_uint_t ngx_exportsite_profile_copy(ngx_str_t *id, uint64_t hash,
    char *buf, size_t size, size_t *len);
static ngx_uint_t ngx_exportsite_unknown_get(uint64_t hash);


static ngx_inline es_cache_t *
ngx_exportsite_profile_cache(void)
{
    ngx_exportsite_profile_sh_t  *sh = ngx_exportsite_worker.profiles;

    return (es_cache_t *) ((u_char *) sh + sh->cache_offset);
}


uint64_t
ngx_exportsite_profile_hash(ngx_str_t *id)
{
    return es_siphash13(ngx_exportsite_worker.profiles->hash_key, id->data,
                        id->len);
}


void
ngx_exportsite_profile_prefetch(uint64_t hash, ngx_uint_t step)
{
    if (step == 0) {
        es_cache_prefetch_place(ngx_exportsite_profile_cache(), hash);

    } else {
        es_cache_prefetch_entry(ngx_exportsite_profile_cache(), hash);
    }
}


static ngx_inline uint32_t *
ngx_exportsite_profile_counter(uint64_t hash)
{
    return &ngx_exportsite_worker.state->epochs[hash % NGX_EXPORTSITE_EPOCHS];
}


uint32_t
ngx_exportsite_profile_epoch(uint64_t hash)
{
    return *ngx_exportsite_profile_counter(hash);
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


ngx_uint_t
ngx_exportsite_profile_get(ngx_str_t *id, uint64_t hash, ngx_pool_t *pool,
    ngx_str_t *profile)
{
    char                      buf[NGX_EXPORTSITE_PROFILE_MAX];
    size_t                    len;
    ngx_uint_t                found;
    ngx_exportsite_worker_t  *w = &ngx_exportsite_worker;

    ngx_exportsite_zone_lock(w->conf->profile_zone);

    found = ngx_exportsite_profile_copy(id, hash, buf, sizeof(buf), &len);

    if (!(found & NGX_EXPORTSITE_PROFILE_FOUND)) {
        found = ngx_exportsite_unknown_get(hash);
    }

    ngx_exportsite_zone_unlock(w->conf->profile_zone);

    if (found & NGX_EXPORTSITE_PROFILE_FOUND) {
        profile->data = ngx_pnalloc(pool, len);

        if (profile->data != NULL) {
            ngx_memcpy(profile->data, buf, len);
            profile->len = len;
        }
    }

    return found;
}


/* The functions below want the lock. */

static ngx_uint_t
ngx_exportsite_profile_copy(ngx_str_t *id, uint64_t hash, char *buf,
    size_t size, size_t *len)
{
    uint64_t                  now;
    es_cache_t               *cache;
    es_cache_meta_t           meta;
    ngx_exportsite_worker_t  *w = &ngx_exportsite_worker;

    now = ngx_exportsite_now();
    cache = ngx_exportsite_profile_cache();

    if (!es_cache_get(cache, hash, ngx_exportsite_es(*id), now, &meta, buf,
                      size, len))
    {
        return 0;
    }

    if ((now - meta.read_at < w->conf->profile_ttl && meta.flags == 0
         && meta.tag >= w->state->fields)
        || now - meta.tried_at < NGX_EXPORTSITE_RETRY)
    {
        return NGX_EXPORTSITE_PROFILE_FOUND;
    }

    es_cache_meta(cache, hash, ngx_exportsite_es(*id))->tried_at = now;

    return NGX_EXPORTSITE_PROFILE_FOUND|NGX_EXPORTSITE_PROFILE_STALE;
}


static ngx_uint_t
ngx_exportsite_unknown_get(uint64_t hash)
{
    uint64_t                   now;
    ngx_exportsite_worker_t   *w = &ngx_exportsite_worker;
    ngx_exportsite_unknown_t  *unknown;

    unknown = ngx_exportsite_unknown(hash, 0);

    if (unknown == NULL) {
        return 0;
    }

    now = ngx_exportsite_now();

    if ((now - unknown->read_at < w->conf->profile_ttl
         && unknown->fields >= w->state->fields)
        || now - unknown->tried_at < NGX_EXPORTSITE_RETRY)
    {
        return NGX_EXPORTSITE_PROFILE_UNKNOWN;
    }

    unknown->tried_at = now;

    return NGX_EXPORTSITE_PROFILE_UNKNOWN|NGX_EXPORTSITE_PROFILE_STALE;
}


void
ngx_exportsite_profile_put(ngx_str_t *id, uint64_t hash, ngx_str_t *profile,
    ngx_uint_t fields, uint32_t epoch)
{
    es_cache_meta_t            meta;
    ngx_exportsite_worker_t   *w = &ngx_exportsite_worker;
    ngx_exportsite_unknown_t  *unknown;

    meta.read_at = ngx_exportsite_now();
    meta.tried_at = meta.read_at;
    meta.tag = (uint32_t) fields;

    /* changed after it was asked for, what came may be the old one */
    meta.flags = epoch != ngx_exportsite_profile_epoch(hash)
                 ? NGX_EXPORTSITE_CHANGED : 0;

    ngx_exportsite_zone_lock(w->conf->profile_zone);

    unknown = ngx_exportsite_unknown(hash, profile->len == 0);

    if (profile->len > 0) {
        if (unknown != NULL) {
            unknown->read_at = 0;
        }

        (void) es_cache_put(ngx_exportsite_profile_cache(), hash,
                            ngx_exportsite_es(*id), meta.read_at, &meta,
                            (char *) profile->data, profile->len);

    } else {
        unknown->hash = hash;
        unknown->read_at = meta.flags ? 1 : meta.read_at;
        unknown->tried_at = meta.read_at;
        unknown->fields = fields;

        (void) es_cache_remove(ngx_exportsite_profile_cache(), hash,
                               ngx_exportsite_es(*id));
    }

    ngx_exportsite_zone_unlock(w->conf->profile_zone);
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

    (*ngx_exportsite_profile_counter(hash))++;

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
