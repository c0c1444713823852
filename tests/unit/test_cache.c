#include "check.h"
#include "step.h"

#include "../../ngx_exportsite_module/core/cache.h"

#define KEYS       300
#define VALUE_MAX  16384
#define STEP_KEYS  33


static uint64_t  seed = 4711;
static char      noise[256 + VALUE_MAX + 1];


static uint32_t
any(uint32_t below)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;

    return (uint32_t) (seed >> 32) % below;
}


/* Keys 2n and 2n + 1 share a hash, so that only the key tells them apart. */
static uint64_t
hash(uint32_t i)
{
    return (i / 2 + 1) * 0x9e3779b97f4a7c15u;
}


static es_str_t
name(uint32_t i, size_t len)
{
    static char  buf[ES_CACHE_KEY_MAX + 256];

    memset(buf, 'k', sizeof(buf));
    buf[0] = (char) i;

    if (len > 3) {
        buf[len - 3] = (char) (i >> 8);
        buf[len - 2] = (char) (i >> 16);
        buf[len - 1] = (char) (i >> 24);

    } else if (len > 1) {
        buf[1] = (char) (i >> 8);
    }

    return (es_str_t) { len, buf };
}


/* Lengths from 2 to 64, no two keys alike. */
static es_str_t
key(uint32_t i)
{
    return name(i, 2 + i % (ES_CACHE_KEY_MAX - 1));
}


/* Every value tells by its bytes which key and length it is for. */
static const char *
content(uint32_t i, size_t len)
{
    return noise + (i * 31 + len * 7) % 256;
}


static bool
put(es_cache_t *c, uint32_t i, size_t len, uint64_t now)
{
    es_cache_meta_t  meta;

    meta = (es_cache_meta_t) { now, now + 1, i, i & 0xff };

    return es_cache_put(c, hash(i), key(i), now, &meta, content(i, len), len);
}


/* 1: there and right, 0: not there, -1: wrong. */
static int
get(es_cache_t *c, uint32_t i, uint64_t now, size_t *len,
    es_cache_meta_t *meta)
{
    static char  value[VALUE_MAX];

    if (!es_cache_get(c, hash(i), key(i), now, meta, value, sizeof(value), len))
    {
        return *len == 0 ? 0 : -1;
    }

    return memcmp(value, content(i, *len), *len) == 0
           && meta->tag == i && (meta->flags & ~ES_CACHE_MARKED) == (i & 0xff)
           && meta->tried_at == meta->read_at + 1 ? 1 : -1;
}


/* Walks a chain of blocks; 0 if one of them was seen before. */
static uint32_t
chain(es_cache_t *c, uint32_t n, char *seen)
{
    uint32_t           count;
    es_cache_block_t  *base;

    base = (es_cache_block_t *) ((char *) c + c->blocks_at * 64);

    for (count = 0; n != 0; count++) {
        if (n >= c->fresh || seen[n]) {
            return 0;
        }

        seen[n] = 1;
        n = base[n].next;
    }

    return count;
}


/* Every link is right, and every block is in exactly one place. */
static bool
sound(es_cache_t *c, size_t size)
{
    bool               ok;
    char              *seen;
    size_t             taken;
    uint32_t           i, n, blocks, entries, prev;
    es_cache_block_t  *base;
    es_cache_first_t  *e;

    base = (es_cache_block_t *) ((char *) c + c->blocks_at * 64);
    seen = calloc(c->blocks, 1);
    ok = c->dirty == 0 && c->fresh >= 1 && c->fresh <= c->blocks
         && (char *) (base + c->blocks) <= (char *) c + size
         && (char *) (c->index + c->mask + 1) <= (char *) base;

    blocks = chain(c, c->free, seen);
    ok = ok && blocks == c->free_count;
    entries = 0;

    for (i = 0; ok && i <= c->mask; i++) {
        for (n = c->index[i]; ok && n != 0; n = e->chain) {
            ok = n < c->fresh;
            e = &base[n].first;
            ok = ok && (e->hash & c->mask) == i;
            entries++;

            prev = chain(c, n, seen);
            taken = e->key_len + (size_t) e->value_len;
            ok = ok && prev != 0
                 && taken <= 72 + (prev - 1) * 124
                 && (prev == 1 || taken > 72 + (prev - 2) * 124);
            blocks += prev;
        }
    }

    ok = ok && entries == c->entries && blocks == c->fresh - 1;
    prev = 0;

    for (n = base[0].first.older; ok && n != 0; n = base[n].first.older) {
        ok = n < c->fresh && base[n].first.newer == prev && entries-- != 0;
        prev = n;
    }

    ok = ok && entries == 0 && base[0].first.newer == prev;

    free(seen);

    return ok;
}


static void
test_capacity(void)
{
    char              *region, value[300], buf[300];
    size_t             len;
    uint32_t           i, found;
    es_cache_t        *c;
    es_cache_meta_t    meta;
    es_cache_stats_t   stats;
    const size_t       size = 64 << 20;

    region = malloc(size);
    c = es_cache_init(region, size, VALUE_MAX);
    check(c != NULL);

    memset(&meta, 0, sizeof(meta));
    memset(value, 'v', sizeof(value));

    for (i = 0; i < 100000; i++) {
        memcpy(value, &i, sizeof(i));
        check(es_cache_put(c, hash(i), name(i, 32), 1, &meta, value, 300));
    }

    es_cache_stats(c, &stats);
    check(stats.entries == 100000 && stats.evictions == 0);
    check(stats.used == 100000 * 512);
    check(stats.used * 5 <= (uint64_t) size * 4);
    check(stats.size > 66 * 1000 * 1000 && stats.size < size);

    for (i = 0, found = 0; i < 100000; i++) {
        found += es_cache_get(c, hash(i), name(i, 32), 1, &meta, buf, 300, &len)
                 && len == 300 && memcmp(buf, &i, sizeof(i)) == 0
                 && buf[299] == 'v';
    }

    check(found == 100000);
    check(sound(c, size));

    free(region);
}


static void
test_limits(void)
{
    char              *memory, buf[100], value[100];
    size_t             len, min, size;
    es_str_t           k;
    es_cache_t        *c;
    es_cache_meta_t    meta;
    es_cache_stats_t   stats;

    min = es_cache_region_min(VALUE_MAX);
    memory = malloc(min + 30000);
    check(es_cache_init(memory, min - 1, VALUE_MAX) == NULL);
    check(es_cache_init(memory, min, VALUE_MAX + 124) == NULL);
    check(es_cache_init(memory, SIZE_MAX / 2, ES_CACHE_VALUE_MAX + 1) == NULL);

    memset(&meta, 0, sizeof(meta));
    memset(value, 'x', sizeof(value));
    k = es_str("key");

    /* every region holds the largest entry, and the smallest only that */

    for (size = min; size < min + 30000; size += 8) {
        check(es_cache_init(memory, size, VALUE_MAX)->blocks - 1 >= 1 + 133);
    }

    c = es_cache_init(memory, min, VALUE_MAX);
    check(c != NULL && c->blocks - 1 == 1 + 133);

    check(put(c, 1, 10, 1));
    check(put(c, 61, VALUE_MAX, 1) && key(61).len == 63);
    check(get(c, 61, 1, &len, &meta) == 1 && len == VALUE_MAX);
    check(get(c, 1, 1, &len, &meta) == 0);
    check(put(c, 62, VALUE_MAX, 1) && key(62).len == 64);
    check(get(c, 62, 1, &len, &meta) == 1 && len == VALUE_MAX);
    es_cache_stats(c, &stats);
    check(stats.entries == 1 && stats.evictions == 2);
    check(stats.used == stats.size);

    /* what cannot be put leaves things as they are */

    check(!put(c, 62, VALUE_MAX + 1, 1));
    check(!es_cache_put(c, 1, es_null_str, 1, &meta, "", 0));
    check(!es_cache_put(c, 1, name(1, 65), 1, &meta, "", 0));
    check(get(c, 62, 1, &len, &meta) == 1);

    /* keys that cannot be there */

    check(!es_cache_get(c, hash(62), name(62, 65), 1, &meta, buf, 100, &len));
    check(!es_cache_get(c, hash(62), es_null_str, 1, &meta, buf, 100, &len));
    check(es_cache_meta(c, hash(62), name(62, 64 + 256)) == NULL);
    check(es_cache_remove(c, hash(62), key(62)));
    check(!es_cache_remove(c, hash(62), key(62)));

    /* empty values, and buffers that are too small */

    check(es_cache_put(c, 9, k, 1, &meta, NULL, 0));
    len = 1;
    check(es_cache_get(c, 9, k, 1, &meta, NULL, 0, &len) && len == 0);
    meta.tag = 5;
    check(es_cache_put(c, 9, k, 1, &meta, value, 100));
    memset(buf, 'y', sizeof(buf));
    meta.tag = 0;
    check(!es_cache_get(c, 9, k, 1, &meta, buf, 99, &len));
    check(len == 100 && meta.tag == 5 && buf[0] == 'y');
    check(es_cache_get(c, 9, k, 1, &meta, buf, 100, &len) && buf[99] == 'x');

    check(sound(c, min));

    free(memory);
}


/* A cache for values beyond 64 KB, up to what value_len can hold. */
static void
test_large(void)
{
    char              *memory, *value, *buf;
    size_t             i, len, min, size;
    es_str_t           k;
    es_cache_t        *c;
    es_cache_meta_t    meta;
    es_cache_stats_t   stats;

    for (size = 1 << 20; size <= ES_CACHE_VALUE_MAX; size = size * 16 - 1) {
        min = es_cache_region_min(size);
        memory = malloc(min);
        value = malloc(size);
        buf = malloc(size);

        for (i = 0; i < size; i++) {
            value[i] = (char) (i * 2654435761u >> 13);
        }

        c = es_cache_init(memory, min, size);
        check(c != NULL);

        memset(&meta, 0, sizeof(meta));
        k = es_str("0123456789abcdef");

        check(put(c, 1, 10, 1));
        check(!es_cache_put(c, 9, k, 1, &meta, value, size + 1));
        check(get(c, 1, 1, &len, &meta) == 1);
        check(es_cache_put(c, 9, k, 1, &meta, value, size));
        memset(buf, 'y', size);
        check(es_cache_get(c, 9, k, 1, &meta, buf, size, &len) && len == size);
        check(memcmp(buf, value, size) == 0);
        check(sound(c, min));

        check(es_cache_remove(c, 9, k));
        es_cache_stats(c, &stats);
        check(stats.entries == 1 && stats.used == 128);

        free(buf);
        free(value);
        free(memory);
    }
}


typedef struct {
    uint32_t  visits;
    uint32_t  wrong;
    uint32_t  marked;
    char      seen[KEYS];
} walk_t;


static void
walk_visit(void *data, es_cache_meta_t *meta, const char *value, size_t len)
{
    size_t    some;
    walk_t   *walk;

    walk = data;
    some = len < 100 ? len : 100;

    walk->visits++;
    walk->marked += (meta->flags & ES_CACHE_MARKED) != 0;
    walk->wrong += meta->tag >= KEYS || walk->seen[meta->tag]++
                   || memcmp(value, content(meta->tag, len), some) != 0;
}


static walk_t
walk_all(es_cache_t *c)
{
    char      buf[100];
    walk_t    walk;
    uint32_t  slot;

    memset(&walk, 0, sizeof(walk));
    slot = 0;

    while (es_cache_walk(c, &slot, walk_visit, &walk, buf, sizeof(buf))) {
        memset(buf, 'y', sizeof(buf));
    }

    check(slot == c->mask + 1);

    return walk;
}


static void
test_walk(void)
{
    char              *memory, buf[300];
    size_t             min;
    walk_t             walk;
    uint32_t           i;
    es_cache_t        *c;
    es_cache_meta_t   *meta;

    min = es_cache_region_min(VALUE_MAX) + 200000;
    memory = malloc(min);
    c = es_cache_init(memory, min, VALUE_MAX);

    walk = walk_all(c);
    check(walk.visits == 0);

    for (i = 0; i < KEYS; i++) {
        check(put(c, i, i * 2, 1));
    }

    walk = walk_all(c);
    check(c->entries == KEYS && walk.visits == KEYS);
    check(walk.wrong == 0 && walk.marked == 0);

    check(es_cache_remove(c, hash(7), key(7)));
    es_cache_mark_all(c);
    check(put(c, 9, 18, 1));
    walk = walk_all(c);
    check(walk.visits == KEYS - 1 && walk.wrong == 0);
    check(walk.marked == KEYS - 2 && !walk.seen[7]);

    /* the beginning of a value, and no use of its entry */

    memset(buf, 'y', sizeof(buf));
    meta = es_cache_peek(c, hash(200), key(200), buf, 300);
    check(meta != NULL && meta->tag == 200);
    check(memcmp(buf, content(200, 400), 300) == 0);
    memset(buf, 'y', sizeof(buf));
    meta = es_cache_peek(c, hash(20), key(20), buf, 300);
    check(meta != NULL && memcmp(buf, content(20, 40), 40) == 0);
    check(buf[40] == 'y');
    check(es_cache_peek(c, hash(7), key(7), buf, 300) == NULL);
    check(es_cache_peek(c, hash(20), key(20), NULL, 0) == meta);
    check(sound(c, min));

    free(memory);
}


static void
test_metadata(void)
{
    char              *memory, buf[100], value[100];
    size_t             len, min;
    es_str_t           k;
    es_cache_t        *c;
    es_cache_meta_t    meta, *place;

    min = es_cache_region_min(VALUE_MAX);
    memory = malloc(min);
    c = es_cache_init(memory, min, VALUE_MAX);
    k = es_str("key");

    memset(&meta, 0, sizeof(meta));
    meta.tag = 5;
    memset(value, 'x', sizeof(value));
    check(es_cache_put(c, 9, k, 1, &meta, value, 100));

    /* in place */

    place = es_cache_meta(c, 9, k);
    check(place != NULL && place->tag == 5);
    place->tried_at = 1234567890123;
    place->flags = 3;
    check(es_cache_get(c, 9, k, 1, &meta, buf, 100, &len));
    check(meta.tried_at == 1234567890123 && meta.flags == 3);

    /* marks: seen either way, cleared either way, not on what comes later */

    es_cache_mark_all(c);
    check(put(c, 4, 5, 1));
    check(get(c, 4, 1, &len, &meta) == 1 && meta.flags == 4);
    check(es_cache_get(c, 9, k, 1, &meta, buf, 100, &len));
    check(meta.flags == (3 | ES_CACHE_MARKED));
    place->flags &= ~ES_CACHE_MARKED;
    check(es_cache_get(c, 9, k, 1, &meta, buf, 100, &len) && meta.flags == 3);
    es_cache_mark_all(c);
    check(es_cache_meta(c, 9, k)->flags == (3 | ES_CACHE_MARKED));
    check(put(c, 4, 5, 1));
    check(get(c, 4, 1, &len, &meta) == 1 && meta.flags == 4);

    check(sound(c, min));

    free(memory);
}


static void
test_use(void)
{
    char             *region;
    size_t            len, size;
    uint32_t          i, blocks;
    es_cache_t       *c;
    es_cache_meta_t   meta;

    size = es_cache_region_min(VALUE_MAX);
    region = malloc(size);
    c = es_cache_init(region, size, VALUE_MAX);
    blocks = c->blocks - 1;

    for (i = 0; i < blocks; i++) {
        check(put(c, i, 1, 5000));
    }

    /* a use within the second does not move, one after it does */

    check(get(c, 0, 6000, &len, &meta) == 1);
    check(get(c, 1, 6001, &len, &meta) == 1);
    check(put(c, blocks, 1, 6001));
    check(get(c, 0, 6001, &len, &meta) == 0);
    check(put(c, blocks + 1, 1, 6001));
    check(get(c, 1, 6001, &len, &meta) == 1);
    check(get(c, 2, 6001, &len, &meta) == 0);

    /* a look at the metadata is no use */

    check(es_cache_meta(c, hash(3), key(3)) != NULL);
    check(put(c, blocks + 2, 1, 9000));
    check(es_cache_meta(c, hash(3), key(3)) == NULL);

    /* to put again what is there evicts nobody */

    check(put(c, 4, 1, 9000));
    check(c->evictions == 3 && c->entries == blocks);

    free(region);
}


typedef struct {
    bool              there;
    bool              marked;
    uint32_t          blocks;
    uint32_t          moved;
    uint64_t          order;
    size_t            len;
    uint64_t          read_at;
} model_t;

static model_t   model[KEYS];
static uint32_t  model_free;
static uint64_t  model_order;


static void
model_drop(uint32_t i)
{
    model[i].there = false;
    model_free += model[i].blocks;
}


static void
model_put(uint32_t i, size_t len, uint64_t now)
{
    size_t    size;
    uint32_t  j, last, needs;

    size = key(i).len + len;
    needs = size <= 72 ? 1 : 1 + (uint32_t) (size - 72 + 123) / 124;

    if (model[i].there) {
        model_drop(i);
    }

    while (model_free < needs) {
        last = KEYS;

        for (j = 0; j < KEYS; j++) {
            if (model[j].there
                && (last == KEYS || model[j].order < model[last].order))
            {
                last = j;
            }
        }

        model_drop(last);
    }

    model_free -= needs;
    model[i] = (model_t) { true, false, needs, (uint32_t) now, ++model_order,
                           len, now };
}


static bool
model_get(es_cache_t *c, uint32_t i, uint64_t now)
{
    int              found;
    size_t           len;
    model_t         *m;
    es_cache_meta_t  meta;

    m = &model[i];
    found = get(c, i, now, &len, &meta);

    if (!m->there || found != 1) {
        return !m->there && found == 0;
    }

    if ((uint32_t) now - m->moved > 1000) {
        m->moved = (uint32_t) now;
        m->order = ++model_order;
    }

    return len == m->len && meta.read_at == m->read_at
           && ((meta.flags & ES_CACHE_MARKED) != 0) == m->marked;
}


static es_cache_t *
model_move(es_cache_t *c, size_t size)
{
    char  *to;

    to = malloc(size);
    memcpy(to, c, size);
    free(c);

    return (es_cache_t *) to;
}


static void
test_model(void)
{
    int          turn, bad;
    size_t       size, len;
    uint32_t     i, j;
    uint64_t     now;
    es_cache_t  *c;

    size = es_cache_region_min(VALUE_MAX) + 30000;
    c = es_cache_init(malloc(size), size, VALUE_MAX);
    model_free = c->blocks - 1;
    now = UINT32_MAX - 1000 * 1000;      /* the low bits will wrap around */
    bad = 0;

    for (turn = 0; turn < 60000; turn++) {
        now += any(60);
        i = any(KEYS);

        switch (any(40)) {

        case 0:
            bad += es_cache_remove(c, hash(i), key(i)) != model[i].there;

            if (model[i].there) {
                model_drop(i);
            }

            break;

        case 1:
            if (any(50) == 0) {
                es_cache_mark_all(c);

                for (j = 0; j < KEYS; j++) {
                    model[j].marked = true;
                }

                c = model_move(c, size);
            }

            break;

        case 2: case 3: case 4: case 5: case 6: case 7: case 8: case 9:
            len = any(200) ? any(600) : any(VALUE_MAX + 1);
            bad += !put(c, i, len, now);
            model_put(i, len, now);
            break;

        default:
            bad += !model_get(c, i, now);
        }

        bad += c->blocks - 1 - (c->fresh - 1 - c->free_count) != model_free;

        if (turn % 100 == 0) {
            bad += !sound(c, size);
        }
    }

    check(bad == 0);
    check(c->evictions > 1000 && c->entries > 50 && c->resets == 0);

    free(c);
}


/* Full enough that puts evict; every value is right by itself. */
static void
killed_fill(es_cache_t *c)
{
    uint32_t  i;

    for (i = 0; i < STEP_KEYS; i++) {
        check(put(c, i, 330, 1));
    }
}


static void
step_work(void *shared)
{
    size_t           len;
    es_cache_t      *c;
    es_cache_meta_t  meta;

    c = shared;

    (void) put(c, STEP_KEYS, 300, 2);                     /* evicts */
    (void) put(c, STEP_KEYS + 1, 3, 2);
    (void) put(c, 5, 200, 2);                             /* replaces */
    (void) get(c, 6, 5000, &len, &meta);                  /* moves */
    es_cache_mark_all(c);
    (void) get(c, 7, 2, &len, &meta);                     /* marks */
    (void) walk_all(c);                                   /* marks all */
    (void) es_cache_remove(c, hash(STEP_KEYS), key(STEP_KEYS));
    (void) put(c, STEP_KEYS + 3, 20, 2);
}


static void
killed_work(void *shared)
{
    size_t           len;
    uint64_t         now;
    uint32_t         i;
    es_cache_t      *c;
    es_cache_meta_t  meta;

    c = shared;
    now = 0;
    seed += (uint64_t) getpid() * 977;

    for ( ;; ) {
        now += 300;
        i = any(40);

        switch (any(8)) {

        case 0:
            (void) es_cache_remove(c, hash(i), key(i));
            break;

        case 1:
            es_cache_mark_all(c);
            break;

        case 2: case 3: case 4:
            (void) put(c, i, any(20) ? any(900) : any(VALUE_MAX), now);
            break;

        default:
            (void) get(c, i, now, &len, &meta);
        }
    }
}


static size_t  killed_size;
static int     killed_clean, killed_dirty;


/* What is found is right, and all goes on as if nothing had happened. */
static void
killed_verify(es_cache_t *c, uint32_t keys)
{
    size_t            len;
    uint32_t          i;
    es_cache_meta_t   meta;
    es_cache_stats_t  stats;

    es_cache_stats(c, &stats);
    check(sound(c, killed_size));

    for (i = 0; i < keys; i++) {
        check(get(c, i, 9000, &len, &meta) >= 0);
    }

    check(put(c, 3, 1234, 9000));
    check(get(c, 3, 9000, &len, &meta) == 1 && len == 1234);
    check(put(c, 62, VALUE_MAX, 9001));
    check(get(c, 62, 9001, &len, &meta) == 1 && len == VALUE_MAX);
    check(sound(c, killed_size));
}


/* Any of the public functions may be the first to find what a kill left. */
static void
step_entry(es_cache_t *c, int which)
{
    size_t            len;
    es_cache_meta_t   meta;
    es_cache_stats_t  stats;

    switch (which % 6) {

    case 0:
        check(get(c, 6, 9000, &len, &meta) == 0);
        break;

    case 1:
        check(put(c, 6, 600, 9000));
        break;

    case 2:
        check(!es_cache_remove(c, hash(6), key(6)));
        break;

    case 3:
        check(es_cache_meta(c, hash(6), key(6)) == NULL);
        break;

    case 4:
        es_cache_mark_all(c);
        break;

    default:
        es_cache_stats(c, &stats);
        check(stats.entries == 0 && stats.used == 0);
    }
}


static void
step_look(const void *shared)
{
    char              *copy;
    uint64_t           resets;
    es_cache_t        *c;
    es_cache_stats_t   stats;

    copy = malloc(killed_size);
    memcpy(copy, shared, killed_size);
    c = (es_cache_t *) copy;

    if (c->dirty) {
        killed_dirty++;
        resets = c->resets;
        step_entry(c, killed_dirty);
        check(c->dirty == 0 && c->resets == resets + 1 && c->entries <= 1);

    } else {
        killed_clean++;
        es_cache_stats(c, &stats);
        check(stats.resets == 0);
        check(stats.entries + stats.evictions >= STEP_KEYS - 1);
    }

    killed_verify(c, STEP_KEYS + 4);
    free(copy);
}


static void
test_kill(void)
{
    int          i;
    long         states;
    es_cache_t  *c;

    killed_size = es_cache_region_min(VALUE_MAX);
    c = es_cache_init(check_shared(killed_size), killed_size, VALUE_MAX);
    killed_fill(c);

    states = check_each_step(step_work, step_look, c, killed_size);
    check(states == 0 || (killed_clean > 30 && killed_dirty > 30));

    for (i = 0; i < 150; i++) {
        check_kill(killed_work, c, any(1500));
        killed_verify(c, 40);
    }

    munmap(c, killed_size);
}


int
main(void)
{
    size_t  i;

    for (i = 0; i < sizeof(noise); i++) {
        noise[i] = (char) any(256);
    }

    test_kill();              /* first: little memory makes forks cheap */
    test_limits();
    test_large();
    test_walk();
    test_metadata();
    test_use();
    test_model();
    test_capacity();

    return check_done();
}
