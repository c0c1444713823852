/*
 * Contents of slots from Redis, as all workers share them in the zone.
 */
#ifndef NGX_EXPORTSITE_CONTENTS_ZONE_H
#define NGX_EXPORTSITE_CONTENTS_ZONE_H

#include "content.h"
#include "worker.h"


#define NGX_EXPORTSITE_CONTENT_RETRY  1000        /* ms between two tries */
#define NGX_EXPORTSITE_WALK_KEYS      64


/* What the zone says of a key. */
typedef struct {
    ngx_uint_t                 known;
    ngx_exportsite_left_e      left;              /* or filled */
    uint64_t                   hash;              /* of the content */
    size_t                     size;              /* that the entry takes */
    ngx_uint_t                 stale;             /* to be fetched, by us */
} ngx_exportsite_contents_entry_t;

typedef struct {
    size_t                     len;
    u_char                     data[ES_SLOT_KEY_MAX];
} ngx_exportsite_slot_key_t;

typedef struct {
    ngx_uint_t                 n;
    ngx_exportsite_slot_key_t  key[NGX_EXPORTSITE_WALK_KEYS];
} ngx_exportsite_slot_keys_t;


/* Of a valid KEY, keyed, for all that follows. */
void ngx_exportsite_contents_id(ngx_str_t *key, uint64_t id[2]);

/*
 * Looks a key up, which counts as a use. stale is set, for one caller a second,
 * where the entry is older than refresh= or was changed, and can says that this
 * caller is able to fetch it.
 */
void ngx_exportsite_contents_find(ngx_str_t *key, uint64_t id[2],
    ngx_uint_t can, ngx_exportsite_contents_entry_t *entry);

/*
 * A copy of what find() found, with a reference for the caller; NULL where that
 * has changed since, or without memory.
 */
ngx_exportsite_content_t *ngx_exportsite_contents_copy(uint64_t id[2],
    ngx_exportsite_contents_entry_t *entry);

/*
 * Keeps what Redis answered. With told all workers look again even if the key
 * seems to be as unknown as it was.
 */
void ngx_exportsite_contents_put(ngx_str_t *key, uint64_t id[2],
    ngx_exportsite_left_e left, u_char *data, size_t len, ngx_uint_t told);

/* Moves on when the content is said to have changed (or one that shares it). */
uint32_t ngx_exportsite_contents_epoch(uint64_t id[2]);

/* Is there an entry? And one that is not said to have changed? */
ngx_uint_t ngx_exportsite_contents_known(uint64_t id[2]);
ngx_uint_t ngx_exportsite_contents_fresh(uint64_t id[2]);

/* Is there room beside what is in use? */
ngx_uint_t ngx_exportsite_contents_room(void);

/* This content was changed in Redis; all may have been. */
void ngx_exportsite_contents_changed(uint64_t id[2]);
void ngx_exportsite_contents_all_changed(void);

/*
 * Gives some keys of entries; 0 when there are no more. *slot is where the walk
 * is, 0 at first.
 */
ngx_uint_t ngx_exportsite_contents_walk(uint32_t *slot,
    ngx_exportsite_slot_keys_t *keys);

/* Room and use of the zone; zeros where there is none. */
void ngx_exportsite_contents_stats(es_cache_stats_t *stats);

#endif
