/*
 * A killed process loses no store that it has executed, so it is enough to keep
 * the compiler from moving stores over the announcement in `dirty`. The rest of
 * the work, copying, is done on blocks that are still in the free list, where
 * only `next` means anything.
 */
#include "cache.h"


#define ES_CACHE_FIRST_DATA  sizeof(((es_cache_first_t *) 0)->data)
#define ES_CACHE_MORE_DATA   sizeof(((es_cache_more_t *) 0)->data)
#define ES_CACHE_USE_MS      1000
#define ES_CACHE_SLOTS_MIN   32
#define ES_CACHE_ALIGN       64

_Static_assert(sizeof(es_cache_block_t) == ES_CACHE_BLOCK, "block has holes");
_Static_assert(sizeof(es_cache_t) == ES_CACHE_ALIGN, "header has holes");
_Static_assert(ES_CACHE_KEY_MAX <= ES_CACHE_FIRST_DATA, "key is contiguous");
_Static_assert(ES_CACHE_VALUE_MAX < 1 << 24, "value_len is too narrow");
_Static_assert(ES_CACHE_KEY_MAX < 1 << 8, "key_len is too narrow");


static inline es_cache_block_t *
es_cache_block(es_cache_t *c, uint32_t n)
{
    return (es_cache_block_t *)
               ((char *) c + (size_t) c->blocks_at * ES_CACHE_ALIGN) + n;
}


static inline es_cache_first_t *
es_cache_entry(es_cache_t *c, uint32_t n)
{
    return &es_cache_block(c, n)->first;
}


static inline uint32_t
es_cache_needs(size_t key_len, size_t len)
{
    size_t  size;

    size = key_len + len;

    if (size <= ES_CACHE_FIRST_DATA) {
        return 1;
    }

    return 1 + (uint32_t) ((size - ES_CACHE_FIRST_DATA + ES_CACHE_MORE_DATA - 1)
                           / ES_CACHE_MORE_DATA);
}


static inline void
es_cache_begin_change(es_cache_t *c)
{
    atomic_store_explicit(&c->dirty, 1, memory_order_relaxed);
    atomic_signal_fence(memory_order_seq_cst);
}


static inline void
es_cache_end_change(es_cache_t *c)
{
    atomic_signal_fence(memory_order_seq_cst);
    atomic_store_explicit(&c->dirty, 0, memory_order_relaxed);
    atomic_signal_fence(memory_order_seq_cst);
}


/* Touches the index and no block but the first, however large the region is. */
static void
es_cache_clear(es_cache_t *c)
{
    es_cache_begin_change(c);

    memset(c->index, 0, ((size_t) c->mask + 1) * sizeof(uint32_t));
    memset(es_cache_block(c, 0), 0, sizeof(es_cache_block_t));

    c->fresh = 1;
    c->free = 0;
    c->free_count = 0;
    c->entries = 0;

    es_cache_end_change(c);
}


/* What every public function begins with. */
static inline void
es_cache_recover(es_cache_t *c)
{
    if (atomic_load_explicit(&c->dirty, memory_order_relaxed)) {
        c->resets++;
        es_cache_clear(c);
    }
}


static inline uint32_t
es_cache_fold(uint64_t hash)
{
    return (uint32_t) (hash ^ (hash >> 32));
}


size_t
es_cache_region_min(size_t value_max)
{
    /* the header, the smallest index, block 0 and the largest entry */

    return sizeof(es_cache_t) + ES_CACHE_SLOTS_MIN * sizeof(uint32_t)
           + (1 + (size_t) es_cache_needs(ES_CACHE_KEY_MAX, value_max))
             * ES_CACHE_BLOCK;
}


es_cache_t *
es_cache_init(void *region, size_t size, size_t value_max)
{
    size_t       slots, at, blocks;
    es_cache_t  *c;

    if (value_max > ES_CACHE_VALUE_MAX || size < es_cache_region_min(value_max))
    {
        return NULL;
    }

    /* one slot for 384 to 768 bytes of the region: chains of one, mostly */

    slots = ES_CACHE_SLOTS_MIN;

    while (slots * 2 * 384 <= size && slots < (size_t) 1 << 31) {
        slots *= 2;
    }

    /* fewer where else the largest entry had no room beside them */

    do {
        at = sizeof(es_cache_t) + slots * sizeof(uint32_t);
        blocks = (size - at) / ES_CACHE_BLOCK;
        slots /= 2;
    } while (blocks < 1 + (size_t) es_cache_needs(ES_CACHE_KEY_MAX, value_max));

    slots *= 2;

    c = region;

    memset(c, 0, sizeof(es_cache_t));

    c->mask = (uint32_t) (slots - 1);
    c->blocks = blocks < UINT32_MAX ? (uint32_t) blocks : UINT32_MAX;
    c->blocks_at = (uint32_t) (at / ES_CACHE_ALIGN);
    c->value_max = value_max;

    es_cache_clear(c);

    return c;
}


/* Brings an entry's mark up to date. */
static inline void
es_cache_mark(es_cache_t *c, es_cache_first_t *e)
{
    if (e->epoch != c->epoch) {
        e->meta.flags |= ES_CACHE_MARKED;
        atomic_signal_fence(memory_order_seq_cst);
        e->epoch = c->epoch;
    }
}


/* The entry with this key, its mark up to date, or 0. */
static uint32_t
es_cache_find(es_cache_t *c, uint32_t hash, es_str_t key)
{
    uint32_t           n;
    es_cache_first_t  *e;

    for (n = c->index[hash & c->mask]; n != 0; n = e->chain) {
        e = es_cache_entry(c, n);

        if (e->hash == hash && e->key_len == key.len
            && memcmp(e->data, key.data, key.len) == 0)
        {
            es_cache_mark(c, e);
            return n;
        }
    }

    return 0;
}


static inline void
es_cache_unlink(es_cache_t *c, es_cache_first_t *e)
{
    es_cache_entry(c, e->newer)->older = e->older;
    es_cache_entry(c, e->older)->newer = e->newer;
}


static inline void
es_cache_link(es_cache_t *c, uint32_t n, es_cache_first_t *e, uint64_t now)
{
    es_cache_first_t  *ends;

    ends = es_cache_entry(c, 0);

    e->newer = 0;
    e->older = ends->older;
    es_cache_entry(c, ends->older)->newer = n;
    ends->older = n;

    e->moved = (uint32_t) now;
}


static void
es_cache_delete(es_cache_t *c, uint32_t n)
{
    uint32_t          *link, count;
    es_cache_first_t  *e;
    es_cache_block_t  *last;

    e = es_cache_entry(c, n);

    es_cache_begin_change(c);

    link = &c->index[e->hash & c->mask];

    while (*link != n) {
        link = &es_cache_entry(c, *link)->chain;
    }

    *link = e->chain;
    es_cache_unlink(c, e);

    last = es_cache_block(c, n);

    for (count = 1; last->next != 0; count++) {
        last = es_cache_block(c, last->next);
    }

    last->next = c->free;
    c->free = n;
    c->free_count += count;
    c->entries--;

    es_cache_end_change(c);
}


/* Brings the free list to n blocks, which the region has room for. */
static void
es_cache_make_room(es_cache_t *c, uint32_t n)
{
    while (c->free_count < n) {

        if (c->fresh == c->blocks) {
            es_cache_delete(c, es_cache_entry(c, 0)->newer);
            c->evictions++;
            continue;
        }

        es_cache_begin_change(c);

        es_cache_block(c, c->fresh)->next = c->free;
        c->free = c->fresh++;
        c->free_count++;

        es_cache_end_change(c);
    }
}


/* Copies the value into the blocks after the first; gives the last of all. */
static es_cache_block_t *
es_cache_write(es_cache_t *c, es_cache_block_t *b, const char *value,
    size_t len)
{
    size_t             n, room;
    char              *to;

    to = b->first.data + b->first.key_len;
    room = ES_CACHE_FIRST_DATA - b->first.key_len;

    for ( ;; ) {
        n = len < room ? len : room;

        if (n != 0) {
            memcpy(to, value, n);
        }

        len -= n;

        if (len == 0) {
            return b;
        }

        value += n;
        b = es_cache_block(c, b->next);
        to = b->more.data;
        room = ES_CACHE_MORE_DATA;
    }
}


/* Copies the first len bytes of the value, which has as many. */
static void
es_cache_read(es_cache_t *c, es_cache_block_t *b, char *buf, size_t len)
{
    size_t  n;

    n = ES_CACHE_FIRST_DATA - b->first.key_len;

    if (len <= n) {
        if (len != 0) {
            memcpy(buf, b->first.data + b->first.key_len, len);
        }

        return;
    }

    memcpy(buf, b->first.data + b->first.key_len, n);

    for ( ;; ) {
        buf += n;
        len -= n;
        b = es_cache_block(c, b->next);
        n = ES_CACHE_MORE_DATA;

        if (len <= n) {
            memcpy(buf, b->more.data, len);
            return;
        }

        memcpy(buf, b->more.data, ES_CACHE_MORE_DATA);
    }
}


void
es_cache_prefetch_place(const es_cache_t *c, uint64_t hash)
{
    __builtin_prefetch(&c->index[es_cache_fold(hash) & c->mask]);
}


void
es_cache_prefetch_entry(const es_cache_t *c, uint64_t hash)
{
    uint32_t     n;
    const char  *entry;

    /* of whatever another process is writing there: it is a hint only */
    n = c->index[es_cache_fold(hash) & c->mask];

    if (n < c->blocks) {
        entry = (const char *) c + (size_t) c->blocks_at * 64
                + (size_t) n * ES_CACHE_BLOCK;
        __builtin_prefetch(entry);
        __builtin_prefetch(entry + 64);
    }
}


bool
es_cache_get(es_cache_t *c, uint64_t hash, es_str_t key, uint64_t now,
    es_cache_meta_t *meta, char *buf, size_t size, size_t *len)
{
    uint32_t           n;
    es_cache_first_t  *e;

    es_cache_recover(c);

    n = es_cache_find(c, es_cache_fold(hash), key);

    if (n == 0) {
        *len = 0;
        return false;
    }

    e = es_cache_entry(c, n);

    if ((uint32_t) now - e->moved > ES_CACHE_USE_MS) {
        es_cache_begin_change(c);
        es_cache_unlink(c, e);
        es_cache_link(c, n, e, now);
        es_cache_end_change(c);
    }

    *meta = e->meta;
    *len = e->value_len;

    if (e->value_len > size) {
        return false;
    }

    es_cache_read(c, es_cache_block(c, n), buf, e->value_len);

    return true;
}


es_cache_meta_t *
es_cache_meta(es_cache_t *c, uint64_t hash, es_str_t key)
{
    return es_cache_peek(c, hash, key, NULL, 0);
}


static inline void
es_cache_beginning(es_cache_t *c, uint32_t n, char *buf, size_t size)
{
    size_t  len;

    len = es_cache_entry(c, n)->value_len;
    es_cache_read(c, es_cache_block(c, n), buf, len < size ? len : size);
}


es_cache_meta_t *
es_cache_peek(es_cache_t *c, uint64_t hash, es_str_t key, char *buf,
    size_t size)
{
    uint32_t  n;

    es_cache_recover(c);

    n = es_cache_find(c, es_cache_fold(hash), key);

    if (n == 0) {
        return NULL;
    }

    es_cache_beginning(c, n, buf, size);

    return &es_cache_entry(c, n)->meta;
}


bool
es_cache_walk(es_cache_t *c, uint32_t *slot, es_cache_visit_pt visit,
    void *data, char *buf, size_t size)
{
    uint32_t           n;
    es_cache_first_t  *e;

    es_cache_recover(c);

    if (*slot > c->mask) {
        return false;
    }

    for (n = c->index[(*slot)++]; n != 0; n = e->chain) {
        e = es_cache_entry(c, n);
        es_cache_mark(c, e);
        es_cache_beginning(c, n, buf, size);
        visit(data, &e->meta, buf, e->value_len);
    }

    return true;
}


bool
es_cache_put(es_cache_t *c, uint64_t hash, es_str_t key, uint64_t now,
    const es_cache_meta_t *meta, const char *value, size_t len)
{
    uint32_t           n, needs, *slot;
    es_cache_block_t  *b, *last;

    if (key.len == 0 || key.len > ES_CACHE_KEY_MAX || len > c->value_max) {
        return false;
    }

    /* the old one's blocks are the first to be used again */

    (void) es_cache_remove(c, hash, key);

    needs = es_cache_needs(key.len, len);
    es_cache_make_room(c, needs);

    n = c->free;
    b = es_cache_block(c, n);

    b->first.hash = es_cache_fold(hash);
    b->first.epoch = c->epoch;
    b->first.value_len = (uint32_t) len & ES_CACHE_VALUE_MAX;
    b->first.key_len = (uint8_t) key.len;
    b->first.meta = *meta;
    memcpy(b->first.data, key.data, key.len);

    last = es_cache_write(c, b, value, len);
    slot = &c->index[b->first.hash & c->mask];

    es_cache_begin_change(c);

    c->free = last->next;
    c->free_count -= needs;
    last->next = 0;

    b->first.chain = *slot;
    *slot = n;
    es_cache_link(c, n, &b->first, now);
    c->entries++;

    es_cache_end_change(c);

    return true;
}


bool
es_cache_remove(es_cache_t *c, uint64_t hash, es_str_t key)
{
    uint32_t  n;

    es_cache_recover(c);

    n = es_cache_find(c, es_cache_fold(hash), key);

    if (n == 0) {
        return false;
    }

    es_cache_delete(c, n);

    return true;
}


void
es_cache_mark_all(es_cache_t *c)
{
    es_cache_recover(c);
    c->epoch++;
}


void
es_cache_stats(es_cache_t *c, es_cache_stats_t *stats)
{
    es_cache_recover(c);

    stats->size = (uint64_t) (c->blocks - 1) * ES_CACHE_BLOCK;
    stats->used = (uint64_t) (c->fresh - 1 - c->free_count) * ES_CACHE_BLOCK;
    stats->entries = c->entries;
    stats->evictions = c->evictions;
    stats->resets = c->resets;
}
