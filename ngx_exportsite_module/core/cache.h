/*
 * A cache of byte strings by key in a fixed region of shared memory: when it is
 * full, the entry least recently used goes. Only block numbers are kept, so
 * the region may lie at another address each time it is mapped.
 *
 * The region is a header, a hash index of four bytes a slot, and blocks of 128
 * bytes. An entry is a first block (56 bytes of links and metadata, then 72 for
 * the key and the beginning of the value) and as many further ones as it needs,
 * of 124 bytes each. A key of 32 bytes with a value of 300 (up to 412) takes
 * 512 bytes, and 4 of the index: 64 MB hold 130,000 of them.
 *
 * All functions want the host's lock held. A process may be killed inside any
 * of them, the lock being released for it: a change of the links is announced
 * in the header first, and whoever finds it unfinished empties the cache
 * (counted in `resets`). Between such changes, which take some dozens of
 * instructions, a kill costs the one entry being written at most.
 */
#ifndef ES_CACHE_H
#define ES_CACHE_H

#include <stdatomic.h>

#include "es.h"


#define ES_CACHE_KEY_MAX    64
#define ES_CACHE_VALUE_MAX  0xffffff     /* whatever a cache is made for */
#define ES_CACHE_BLOCK      128

/* Set in the flags of every entry that was there at es_cache_mark_all(). */
#define ES_CACHE_MARKED     0x80000000u

/* What the host keeps with an entry; apart from the mark, its own affair. */
typedef struct {
    uint64_t          read_at;     /* ms */
    uint64_t          tried_at;    /* ms, when a refresh was last begun */
    uint32_t          tag;
    uint32_t          flags;
} es_cache_meta_t;

typedef struct {
    uint64_t          size;        /* bytes that entries can take in all */
    uint64_t          used;        /* bytes that they take */
    uint64_t          entries;
    uint64_t          evictions;   /* of entries, since es_cache_init() */
    uint64_t          resets;      /* after a kill amid a change */
} es_cache_stats_t;

/* What es_cache_walk() calls; len is of the whole value. */
typedef void (*es_cache_visit_pt)(void *data, es_cache_meta_t *meta,
    const char *value, size_t len);

/* From here to the functions: private, shown for the tests to verify. */
typedef struct {
    uint32_t          next;        /* of the entry, or of the free list */
    uint32_t          chain;       /* next entry in this slot of the index */
    uint32_t          newer;
    uint32_t          older;
    uint32_t          hash;
    uint32_t          epoch;       /* of the last look at the header's */
    uint32_t          moved;       /* when put in front, low bits of ms */
    uint32_t          value_len:24;
    uint32_t          key_len:8;
    es_cache_meta_t   meta;
    char              data[ES_CACHE_BLOCK - 56];
} es_cache_first_t;

typedef struct {
    uint32_t          next;
    char              data[ES_CACHE_BLOCK - 4];
} es_cache_more_t;

typedef union {
    uint32_t          next;
    es_cache_first_t  first;
    es_cache_more_t   more;
} es_cache_block_t;

/*
 * Block 0 holds no entry: number 0 ends every list, and its newer and older
 * are the oldest and the newest entry.
 */
typedef struct {
    _Atomic uint32_t  dirty;       /* links are being changed */
    uint32_t          epoch;
    uint32_t          mask;        /* slots of the index less one */
    uint32_t          blocks;      /* number of blocks, block 0 included */
    uint32_t          fresh;       /* blocks from here on were never used */
    uint32_t          free;        /* list of blocks given back */
    uint32_t          free_count;
    uint32_t          blocks_at;   /* offset of block 0 in units of 64 bytes */
    uint64_t          entries;
    uint64_t          evictions;
    uint64_t          resets;
    uint64_t          value_max;   /* what this cache is made for */
    uint32_t          index[];
} es_cache_t;


/*
 * The smallest region that es_cache_init() takes for values of up to value_max
 * bytes; holds any one entry.
 */
size_t es_cache_region_min(size_t value_max);

/*
 * Makes an empty cache of the region, which is aligned to 8 (better 64) bytes.
 * NULL if it is too small, or value_max above ES_CACHE_VALUE_MAX. The region
 * itself is the cache: where it is mapped anew, its address is the es_cache_t.
 */
es_cache_t *es_cache_init(void *region, size_t size, size_t value_max);

/*
 * Hints to the processor that key will be asked for soon: first for its place
 * in the index, some dozens of instructions later for its entry. They change
 * nothing, and alone among these functions they do not want the lock.
 */
void es_cache_prefetch_place(const es_cache_t *c, uint64_t hash);
void es_cache_prefetch_entry(const es_cache_t *c, uint64_t hash);

/*
 * Copies the value of key into buf, its metadata into *meta, and counts as a
 * use of the entry (a move to the front, once a second at most). hash is a
 * keyed 64-bit hash of key, now is in milliseconds. False if there is no such
 * entry, with *len 0, or if its value is longer than size, with *len its
 * length: then *meta is set but nothing copied.
 */
bool es_cache_get(es_cache_t *c, uint64_t hash, es_str_t key, uint64_t now,
    es_cache_meta_t *meta, char *buf, size_t size, size_t *len);

/*
 * The metadata of key in place, for the host to change, or NULL; no use of the
 * entry. Good until the lock is released or the next put or remove.
 */
es_cache_meta_t *es_cache_meta(es_cache_t *c, uint64_t hash, es_str_t key);

/* The same, with the first bytes of the value, size at most, copied to buf. */
es_cache_meta_t *es_cache_peek(es_cache_t *c, uint64_t hash, es_str_t key,
    char *buf, size_t size);

/*
 * Calls visit() for every entry in one slot of the index, with its metadata in
 * place and the first bytes of its value, size at most, in buf; then moves on.
 * Walks over all entries when called with the same *slot, 0 at first, until it
 * is false; the lock may be released between calls, and what is put or removed
 * meanwhile is visited or not. visit() itself must change no entry.
 */
bool es_cache_walk(es_cache_t *c, uint32_t *slot, es_cache_visit_pt visit,
    void *data, char *buf, size_t size);

/*
 * Puts an entry in front, instead of the one with this key if there is one, and
 * evicts the least recently used until it fits. False, and nothing changed, if
 * the key is empty or longer than ES_CACHE_KEY_MAX or the value longer than the
 * cache is made for. key, meta and value must not lie in the cache itself.
 */
bool es_cache_put(es_cache_t *c, uint64_t hash, es_str_t key, uint64_t now,
    const es_cache_meta_t *meta, const char *value, size_t len);

/* False if there was no such entry. */
bool es_cache_remove(es_cache_t *c, uint64_t hash, es_str_t key);

/*
 * Sets ES_CACHE_MARKED for all entries there are, in constant time; the host
 * clears it for one through es_cache_meta(), or by putting it anew.
 */
void es_cache_mark_all(es_cache_t *c);

void es_cache_stats(es_cache_t *c, es_cache_stats_t *stats);

#endif
