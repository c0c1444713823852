/*
 * Contents of slots in the zone. An entry's key is a keyed hash of the KEY; its
 * value is a head, the KEY, which is compared, and the content. Keys that Redis
 * has no content of have a table of their own, so that unknown ones, which
 * visitors may choose, evict nothing.
 */
#include "compat.h"

#include "../core/siphash.h"
#include "contents_zone.h"


/* flags of an entry: the reason why it has no content, and */
#define NGX_EXPORTSITE_CONTENT_LEFT     0x7
#define NGX_EXPORTSITE_CONTENT_CHANGED  0x8

/* slots of the index walked over under one lock */
#define NGX_EXPORTSITE_WALK_SLOTS       1024


typedef struct {
    uint64_t  hash;                               /* of the content */
    uint32_t  len;
    uint32_t  key_len;
} ngx_exportsite_entry_head_t;

_Static_assert(sizeof(ngx_exportsite_entry_head_t) + ES_SLOT_KEY_MAX
               == NGX_EXPORTSITE_ENTRY_HEAD, "the zone is made for less");


static void ngx_exportsite_contents_visit(void *data, es_cache_meta_t *meta,
    const char *value, size_t len);


static ngx_inline es_cache_t *
ngx_exportsite_contents_cache(void)
{
    ngx_exportsite_contents_sh_t  *sh = ngx_exportsite_worker.contents;

    return (es_cache_t *) ((u_char *) sh + sh->cache_offset);
}


#define ngx_exportsite_contents_lock()                                        \
    ngx_exportsite_zone_lock(ngx_exportsite_worker.conf->contents_zone)

#define ngx_exportsite_contents_unlock()                                      \
    ngx_exportsite_zone_unlock(ngx_exportsite_worker.conf->contents_zone)


static ngx_inline es_str_t
ngx_exportsite_contents_name(uint64_t id[2])
{
    return (es_str_t) { 2 * sizeof(uint64_t), (char *) id };
}


void
ngx_exportsite_contents_id(ngx_str_t *key, uint64_t id[2])
{
    es_siphash128(ngx_exportsite_worker.contents->hash_key, key->data, key->len,
                  (uint8_t *) id);
}


static ngx_inline uint32_t *
ngx_exportsite_contents_counter(uint64_t id[2])
{
    return &ngx_exportsite_worker.contents->epochs[id[0]
                                              % NGX_EXPORTSITE_CONTENT_EPOCHS];
}


uint32_t
ngx_exportsite_contents_epoch(uint64_t id[2])
{
    return *(volatile uint32_t *) ngx_exportsite_contents_counter(id);
}


/* The key at the beginning of an entry's value; 0 if there is none. */
static ngx_uint_t
ngx_exportsite_contents_key(const char *value, size_t len,
    ngx_exportsite_entry_head_t *head, ngx_str_t *key)
{
    if (len < sizeof(*head)) {
        return 0;
    }

    ngx_memcpy(head, value, sizeof(*head));

    key->data = (u_char *) value + sizeof(*head);
    key->len = head->key_len;

    return head->key_len <= ES_SLOT_KEY_MAX
           && len == sizeof(*head) + head->key_len + (size_t) head->len;
}


/* The functions down to put() want the lock. */

/* The place of a key that Redis does not have, or the one to take for it. */
static ngx_exportsite_absent_t *
ngx_exportsite_absent(uint64_t id[2], ngx_uint_t take)
{
    ngx_uint_t                i;
    ngx_exportsite_absent_t  *set, *oldest;

    set = ngx_exportsite_worker.contents->absent[id[0]
                                                 % NGX_EXPORTSITE_ABSENT_SETS];
    oldest = set;

    for (i = 0; i < NGX_EXPORTSITE_ABSENT_WAYS; i++) {
        if (set[i].hash == id[1] && set[i].read_at != 0) {
            return &set[i];
        }

        if (set[i].read_at < oldest->read_at) {
            oldest = &set[i];
        }
    }

    return take ? oldest : NULL;
}


/* The metadata of an entry, its head, and the size of its value; or NULL. */
static es_cache_meta_t *
ngx_exportsite_contents_entry(ngx_str_t *key, uint64_t id[2],
    ngx_exportsite_entry_head_t *head, size_t *size)
{
    char              value[NGX_EXPORTSITE_ENTRY_HEAD];
    ngx_str_t         k;
    es_cache_meta_t  *meta;

    meta = es_cache_peek(ngx_exportsite_contents_cache(), id[0],
                         ngx_exportsite_contents_name(id), value,
                         sizeof(value));
    if (meta == NULL) {
        return NULL;
    }

    ngx_memcpy(head, value, sizeof(*head));
    *size = sizeof(*head) + head->key_len + (size_t) head->len;

    if (!ngx_exportsite_contents_key(value, *size, head, &k)
        || k.len != key->len || ngx_memcmp(k.data, key->data, k.len) != 0)
    {
        return NULL;
    }

    return meta;
}


/* Is it time to ask Redis again, and has nobody else done so just now? */
static ngx_uint_t
ngx_exportsite_contents_stale(uint64_t read_at, uint64_t *tried_at,
    ngx_uint_t changed)
{
    uint64_t  now = ngx_exportsite_now();

    if ((!changed && now - read_at < ngx_exportsite_worker.conf->redis.refresh)
        || now - *tried_at < NGX_EXPORTSITE_CONTENT_RETRY)
    {
        return 0;
    }

    *tried_at = now;

    return 1;
}


static void
ngx_exportsite_contents_look(ngx_str_t *key, uint64_t id[2], ngx_uint_t can,
    ngx_exportsite_contents_entry_t *entry)
{
    size_t                        len;
    es_cache_meta_t               copy, *meta;
    ngx_exportsite_absent_t      *absent;
    ngx_exportsite_entry_head_t   head;

    meta = ngx_exportsite_contents_entry(key, id, &head, &entry->size);

    if (meta != NULL) {
        (void) es_cache_get(ngx_exportsite_contents_cache(), id[0],
                            ngx_exportsite_contents_name(id),
                            ngx_exportsite_now(), &copy, NULL, 0,
                            &len);

        entry->known = 1;
        entry->left = meta->flags & NGX_EXPORTSITE_CONTENT_LEFT;
        entry->hash = head.hash;
        entry->stale = can
                 && ngx_exportsite_contents_stale(meta->read_at,
                        &meta->tried_at,
                        meta->flags & (NGX_EXPORTSITE_CONTENT_CHANGED
                                       | ES_CACHE_MARKED));
        return;
    }

    absent = ngx_exportsite_absent(id, 0);

    if (absent != NULL) {
        entry->known = 1;
        entry->left = ngx_exportsite_left_missing;
        entry->stale = can
                 && ngx_exportsite_contents_stale(absent->read_at,
                        &absent->tried_at,
                        absent->generation
                        != ngx_exportsite_worker.contents->generation);
    }
}


void
ngx_exportsite_contents_find(ngx_str_t *key, uint64_t id[2], ngx_uint_t can,
    ngx_exportsite_contents_entry_t *entry)
{
    ngx_memzero(entry, sizeof(ngx_exportsite_contents_entry_t));

    ngx_exportsite_contents_lock();

    ngx_exportsite_contents_look(key, id, can, entry);

    ngx_exportsite_contents_unlock();
}


ngx_exportsite_content_t *
ngx_exportsite_contents_copy(uint64_t id[2],
    ngx_exportsite_contents_entry_t *entry)
{
    size_t                        len;
    ngx_str_t                     key;
    ngx_uint_t                    found;
    es_cache_meta_t               meta;
    ngx_exportsite_content_t     *content;
    ngx_exportsite_entry_head_t   head;

    content = ngx_exportsite_content_new(entry->size);
    if (content == NULL) {
        return NULL;
    }

    ngx_exportsite_contents_lock();

    found = es_cache_get(ngx_exportsite_contents_cache(), id[0],
                         ngx_exportsite_contents_name(id),
                         ngx_exportsite_now(), &meta,
                         (char *) content->data, entry->size, &len);

    ngx_exportsite_contents_unlock();

    if (!found
        || !ngx_exportsite_contents_key((char *) content->data, len, &head,
                                        &key)
        || head.hash != entry->hash)
    {
        ngx_exportsite_content_release(content);
        return NULL;
    }

    content->hash = head.hash;
    content->len = head.len;
    ngx_memmove(content->data, content->data + sizeof(head) + head.key_len,
                head.len);

    return content;
}


/* With the lock: the value in its entry, unless it is the one there is. */
static void
ngx_exportsite_contents_write(ngx_str_t *key, uint64_t id[2],
    ngx_exportsite_left_e left, u_char *value, size_t size)
{
    size_t                         was;
    es_cache_meta_t                meta, *old;
    ngx_exportsite_entry_head_t    head;
    ngx_exportsite_contents_sh_t  *sh = ngx_exportsite_worker.contents;

    meta.read_at = ngx_exportsite_now();
    meta.tried_at = meta.read_at;
    meta.tag = 0;
    meta.flags = left;

    old = ngx_exportsite_contents_entry(key, id, &head, &was);

    if (old != NULL && was == size
        && (old->flags & NGX_EXPORTSITE_CONTENT_LEFT) == meta.flags
        && ngx_memcmp(&head, value, sizeof(head)) == 0)
    {
        *old = meta;
        return;
    }

    (void) es_cache_put(ngx_exportsite_contents_cache(), id[0],
                        ngx_exportsite_contents_name(id), meta.read_at, &meta,
                        (char *) value, size);

    ngx_memory_barrier();
    sh->version++;
}


/* With the lock. */
static void
ngx_exportsite_contents_remove(uint64_t id[2], ngx_uint_t told)
{
    ngx_exportsite_absent_t       *absent;
    ngx_exportsite_contents_sh_t  *sh = ngx_exportsite_worker.contents;

    absent = ngx_exportsite_absent(id, 1);

    absent->hash = id[1];
    absent->read_at = ngx_exportsite_now();
    absent->tried_at = absent->read_at;
    absent->generation = sh->generation;

    if (es_cache_remove(ngx_exportsite_contents_cache(), id[0],
                        ngx_exportsite_contents_name(id))
        || told)
    {
        ngx_memory_barrier();
        sh->version++;
    }
}


void
ngx_exportsite_contents_put(ngx_str_t *key, uint64_t id[2],
    ngx_exportsite_left_e left, u_char *data, size_t len, ngx_uint_t told)
{
    u_char                       *p, *value;
    ngx_exportsite_absent_t      *absent;
    ngx_exportsite_entry_head_t   head;

    value = NULL;

    if (left != ngx_exportsite_left_missing) {
        head.hash = ngx_exportsite_content_hash(data, len);
        head.len = (uint32_t) len;
        head.key_len = (uint32_t) key->len;

        value = ngx_alloc(sizeof(head) + key->len + len,
                          ngx_exportsite_worker.log);
        if (value == NULL) {
            return;
        }

        p = ngx_cpymem(value, &head, sizeof(head));
        p = ngx_cpymem(p, key->data, key->len);

        if (len > 0) {
            ngx_memcpy(p, data, len);
        }
    }

    ngx_exportsite_contents_lock();

    if (value == NULL) {
        ngx_exportsite_contents_remove(id, told);

    } else {
        absent = ngx_exportsite_absent(id, 0);

        if (absent != NULL) {
            absent->read_at = 0;
        }

        ngx_exportsite_contents_write(key, id, left, value,
                                      sizeof(head) + key->len + len);
    }

    ngx_exportsite_contents_unlock();

    if (value != NULL) {
        ngx_free(value);
    }
}


static ngx_uint_t
ngx_exportsite_contents_flags(uint64_t id[2], uint32_t *flags)
{
    es_cache_meta_t  *meta;

    ngx_exportsite_contents_lock();

    meta = es_cache_meta(ngx_exportsite_contents_cache(), id[0],
                         ngx_exportsite_contents_name(id));

    *flags = meta ? meta->flags : 0;

    ngx_exportsite_contents_unlock();

    return meta != NULL;
}


ngx_uint_t
ngx_exportsite_contents_known(uint64_t id[2])
{
    uint32_t  flags;

    return ngx_exportsite_contents_flags(id, &flags);
}


ngx_uint_t
ngx_exportsite_contents_fresh(uint64_t id[2])
{
    uint32_t  flags;

    return ngx_exportsite_contents_flags(id, &flags)
           && !(flags & (NGX_EXPORTSITE_CONTENT_CHANGED|ES_CACHE_MARKED));
}


ngx_uint_t
ngx_exportsite_contents_room(void)
{
    es_cache_stats_t  stats;

    ngx_exportsite_contents_stats(&stats);

    /* what is under way may take the other half */

    return stats.used < stats.size / 2;
}


void
ngx_exportsite_contents_changed(uint64_t id[2])
{
    es_cache_meta_t          *meta;
    ngx_exportsite_absent_t  *absent;

    ngx_exportsite_contents_lock();

    (*ngx_exportsite_contents_counter(id))++;

    meta = es_cache_meta(ngx_exportsite_contents_cache(), id[0],
                         ngx_exportsite_contents_name(id));
    if (meta != NULL) {
        meta->flags |= NGX_EXPORTSITE_CONTENT_CHANGED;
    }

    absent = ngx_exportsite_absent(id, 0);
    if (absent != NULL) {
        absent->read_at = 1;
    }

    ngx_exportsite_contents_unlock();
}


void
ngx_exportsite_contents_all_changed(void)
{
    ngx_uint_t                     i;
    ngx_exportsite_contents_sh_t  *sh = ngx_exportsite_worker.contents;

    ngx_exportsite_contents_lock();

    for (i = 0; i < NGX_EXPORTSITE_CONTENT_EPOCHS; i++) {
        sh->epochs[i]++;
    }

    sh->generation++;
    es_cache_mark_all(ngx_exportsite_contents_cache());

    /* what a worker has and the zone has lost is asked for at once */
    sh->version++;

    ngx_exportsite_contents_unlock();
}


static void
ngx_exportsite_contents_visit(void *data, es_cache_meta_t *meta,
    const char *value, size_t len)
{
    ngx_str_t                     key;
    ngx_exportsite_slot_key_t    *k;
    ngx_exportsite_slot_keys_t   *keys = data;
    ngx_exportsite_entry_head_t   head;

    if (keys->n == NGX_EXPORTSITE_WALK_KEYS
        || !ngx_exportsite_contents_key(value, len, &head, &key)
        || !es_slot_key_valid(ngx_exportsite_es(key)))
    {
        return;
    }

    k = &keys->key[keys->n++];
    k->len = key.len;
    ngx_memcpy(k->data, key.data, key.len);
}


ngx_uint_t
ngx_exportsite_contents_walk(uint32_t *slot, ngx_exportsite_slot_keys_t *keys)
{
    char         value[NGX_EXPORTSITE_ENTRY_HEAD];
    ngx_uint_t   i, more;

    keys->n = 0;
    more = 1;

    while (more && keys->n == 0) {

        ngx_exportsite_contents_lock();

        /* half of the room is left for those that share the last slot */

        for (i = 0;
             more && i < NGX_EXPORTSITE_WALK_SLOTS
             && keys->n <= NGX_EXPORTSITE_WALK_KEYS / 2;
             i++)
        {
            more = es_cache_walk(ngx_exportsite_contents_cache(), slot,
                                 ngx_exportsite_contents_visit, keys, value,
                                 sizeof(value));
        }

        ngx_exportsite_contents_unlock();
    }

    return keys->n > 0;
}


void
ngx_exportsite_contents_stats(es_cache_stats_t *stats)
{
    if (ngx_exportsite_worker.contents == NULL) {
        ngx_memzero(stats, sizeof(es_cache_stats_t));
        return;
    }

    ngx_exportsite_contents_lock();

    es_cache_stats(ngx_exportsite_contents_cache(), stats);

    ngx_exportsite_contents_unlock();
}
