/*
 * Shared memory, in four zones so that nothing evicts anything of another kind:
 * profiles (the size the operator gives), state and definitions (fixed), the
 * event queues (by stream buffer and number of workers), and, where slots are
 * filled from Redis, their contents (fixed). All survive a reload. No pointers
 * to process memory lie in them.
 */
#ifndef NGX_EXPORTSITE_ZONE_H
#define NGX_EXPORTSITE_ZONE_H

#include "content.h"
#include "settings.h"
#include "../core/cache.h"
#include "../core/ring.h"
#include "../redis/keys.h"


#define NGX_EXPORTSITE_FIELDS_MAX       255
#define NGX_EXPORTSITE_FIELD_NAME_MAX   64
#define NGX_EXPORTSITE_DEFINITIONS_MAX  (3500 * 1024)
#define NGX_EXPORTSITE_EPOCHS           4096
#define NGX_EXPORTSITE_UNKNOWN_WAYS     4
#define NGX_EXPORTSITE_PROFILE_MAX      16384     /* packed */

/* room for contents; what is not used of it costs no memory */
#define NGX_EXPORTSITE_CONTENTS_ZONE    (32 * 1024 * 1024)
#define NGX_EXPORTSITE_CONTENT_EPOCHS   1024
#define NGX_EXPORTSITE_ABSENT_SETS      4096
#define NGX_EXPORTSITE_ABSENT_WAYS      4
#define NGX_EXPORTSITE_SLOT_ERRORS      64
#define NGX_EXPORTSITE_ENTRY_HEAD       (16 + ES_SLOT_KEY_MAX)


/* An id that Redis has no profile of. */
typedef struct {
    uint64_t                   hash;
    uint64_t                   read_at;           /* ms */
    uint64_t                   tried_at;
    uint64_t                   fields;            /* asked for then */
} ngx_exportsite_unknown_t;

typedef struct {
    u_char                     hash_key[16];
    size_t                     cache_size;
    size_t                     unknown_sets;
    size_t                     unknown_offset;    /* from this struct */
    size_t                     cache_offset;
} ngx_exportsite_profile_sh_t;


typedef struct {
    u_char                     len;
    u_char                     data[NGX_EXPORTSITE_FIELD_NAME_MAX];
} ngx_exportsite_field_name_t;

/* One of two halves: a serialized list of definitions, see definitions.c. */
typedef struct {
    size_t                     len;
    u_char                     data[NGX_EXPORTSITE_DEFINITIONS_MAX];
} ngx_exportsite_half_t;

typedef struct {
    ngx_atomic_t               keeper;            /* pid */
    ngx_atomic_t               keeper_beat;       /* s */
    ngx_atomic_t               tracking_id;       /* Redis client id or 0 */

    ngx_atomic_t               breaker_failures;
    ngx_atomic_t               breaker_open;
    ngx_atomic_t               breaker_opened;    /* how often */

    ngx_atomic_t               fields;            /* names in use */
    ngx_exportsite_field_name_t  field[NGX_EXPORTSITE_FIELDS_MAX];

    /* invalidations heard, by hash of the profile's id */
    uint32_t                   epochs[NGX_EXPORTSITE_EPOCHS];

    uint64_t                   queues;            /* since: those in use */
    ngx_atomic_t               left;              /* events in older ones */

    ngx_atomic_t               version;           /* of the definitions */
    ngx_uint_t                 active;
    u_char                     secret[16];        /* when none is configured */

    ngx_exportsite_half_t      half[2];
} ngx_exportsite_state_sh_t;


/* A key that Redis has no content of. */
typedef struct {
    uint64_t                   hash;
    uint64_t                   read_at;           /* ms; 0: nobody's place */
    uint64_t                   tried_at;
    uint64_t                   generation;
} ngx_exportsite_absent_t;

/* A content that could not be taken, and why. */
typedef struct {
    u_char                     key_len;           /* 0: a free place */
    u_char                     message_len;
    u_char                     key[ES_SLOT_KEY_MAX];
    u_char                     message[200];
} ngx_exportsite_slot_error_t;

typedef struct {
    u_char                     hash_key[16];
    ngx_atomic_t               version;           /* of all contents, from 1 */
    uint64_t                   generation;        /* all may have changed */
    size_t                     cache_size;
    size_t                     cache_offset;      /* from this struct */

    /* invalidations heard, by hash of the key */
    uint32_t                   epochs[NGX_EXPORTSITE_CONTENT_EPOCHS];

    ngx_atomic_t               errors;            /* how many */
    ngx_atomic_t               errors_version;
    ngx_exportsite_slot_error_t  error[NGX_EXPORTSITE_SLOT_ERRORS];

    ngx_exportsite_absent_t    absent[NGX_EXPORTSITE_ABSENT_SETS]
                                     [NGX_EXPORTSITE_ABSENT_WAYS];
} ngx_exportsite_contents_sh_t;


typedef enum {
    ngx_exportsite_event_view = 0,
    ngx_exportsite_event_click,
    ngx_exportsite_event_dwell,
    ngx_exportsite_event_scroll,
    ngx_exportsite_event_goal,
    ngx_exportsite_event_other,
    ngx_exportsite_event_types
} ngx_exportsite_event_type_e;

typedef enum {
    ngx_exportsite_lost_memory = 0,               /* full, and no spool */
    ngx_exportsite_lost_disk,                     /* full, spool unwritable */
    ngx_exportsite_lost_spool_max,                /* the oldest on disk */
    ngx_exportsite_lost_torn,                     /* cut off, or damaged */
    ngx_exportsite_lost_large,                    /* larger than may be */
    ngx_exportsite_lost_reasons
} ngx_exportsite_lost_e;

typedef enum {
    ngx_exportsite_beacon_taken = 0,              /* 204 */
    ngx_exportsite_beacon_ignored,                /* 204: crawlers, off */
    ngx_exportsite_beacon_bad,                    /* 400 */
    ngx_exportsite_beacon_foreign,                /* 403 */
    ngx_exportsite_beacon_large,                  /* 413 */
    ngx_exportsite_beacon_answers
} ngx_exportsite_beacon_answer_e;

/* Upper bounds of the classes of a batch's round trip; the last has none. */
#define NGX_EXPORTSITE_LATENCIES  10
#define NGX_EXPORTSITE_LATENCY_BOUNDS_US                                      \
    { 500, 1000, 2500, 5000, 10000, 25000, 100000, 500000, 2000000 }

/* Counted by one worker, summed on the status page. */
typedef struct {
    uint64_t                   profile_hits;
    uint64_t                   profile_stale;
    uint64_t                   profile_misses;
    uint64_t                   profile_waits;
    uint64_t                   profile_timeouts;
    uint64_t                   profile_unknown;
    uint64_t                   profile_rejected;
    uint64_t                   geo_lookups;
    uint64_t                   regex_limited;
    uint64_t                   events_type[ngx_exportsite_event_types];
    uint64_t                   events_queued;     /* recorded */
    uint64_t                   events_sent;       /* acknowledged */
    uint64_t                   events_repeated;   /* of sent, once more */
    uint64_t                   events_spooled;    /* written to files */
    uint64_t                   events_replayed;   /* of sent, from files */
    uint64_t                   events_lost[ngx_exportsite_lost_reasons];
    uint64_t                   batches;
    uint64_t                   batch_us;          /* all round trips */
    uint64_t                   batch_within[NGX_EXPORTSITE_LATENCIES];
    uint64_t                   reconnects;
    uint64_t                   beacons[ngx_exportsite_beacon_answers];

    /* slots, of pages and why what stays stays */
    uint64_t                   slots_pages;
    uint64_t                   slots_bytes;
    uint64_t                   slots_seen;
    uint64_t                   slots_filled;
    uint64_t                   slots_left[ngx_exportsite_left_reasons];
    uint64_t                   slots_left_long;
    uint64_t                   slots_left_deep;
    uint64_t                   slots_left_unclosed;
    uint64_t                   slots_left_many;
    uint64_t                   slots_passed_compressed;
    uint64_t                   slots_passed_encoding;
    uint64_t                   slots_passed_unfinished;
    uint64_t                   slots_scripts;
    uint64_t                   contents_fetched;
    uint64_t                   contents_failed;
} ngx_exportsite_counters_t;

typedef struct {
    ngx_atomic_t               pid;               /* 0: nobody's */
    uint64_t                   nonce;             /* unique to the slot */
    ngx_atomic_t               spilled;           /* some went to files */
    uint64_t                   unsure;            /* sent up to here */
    uint64_t                   target;            /* where its events went */
    ngx_exportsite_counters_t  counters;

    /* what the owner last said of what waits, at least once a second */
    uint64_t                   oldest;            /* ms since 1970; 0: none */
    uint64_t                   spool_bytes;
    uint64_t                   spool_events;
    uint64_t                   spool_files;
    uint64_t                   spool_oldest;      /* ms since 1970; 0: none */
    uint64_t                   spool_first;       /* of what may go first */
    uint64_t                   spool_error;       /* errno of the last write */
} ngx_exportsite_slot_t;

typedef struct {
    ngx_uint_t                 slots;
    size_t                     ring_size;         /* data bytes */
    size_t                     slot_size;         /* slot_t and its ring */
    size_t                     first;             /* offset of slot 0 */
    ngx_atomic_t               lost;              /* by workers without one */
    uint64_t                   since;             /* ms: made then */
} ngx_exportsite_queue_sh_t;


typedef struct {
    ngx_slab_pool_t           *shpool;
    void                      *sh;
    void                      *conf;              /* main_conf_t */
} ngx_exportsite_zone_t;


/* Declares the zones; called once, after the directives are read. */
ngx_int_t ngx_exportsite_add_zones(ngx_conf_t *cf,
    ngx_exportsite_main_conf_t *mcf);

#define ngx_exportsite_zone_sh(shm_zone)                                      \
    (((ngx_exportsite_zone_t *) (shm_zone)->data)->sh)

#define ngx_exportsite_zone_lock(shm_zone)                                    \
    ngx_shmtx_lock(&((ngx_exportsite_zone_t *) (shm_zone)->data)              \
                        ->shpool->mutex)

#define ngx_exportsite_zone_unlock(shm_zone)                                  \
    ngx_shmtx_unlock(&((ngx_exportsite_zone_t *) (shm_zone)->data)            \
                          ->shpool->mutex)


/* Milliseconds that go on over a reload and are the same for all workers. */
static ngx_inline uint64_t
ngx_exportsite_now(void)
{
    ngx_time_t  *tp = ngx_timeofday();

    return (uint64_t) tp->sec * 1000 + tp->msec;
}


static ngx_inline ngx_exportsite_slot_t *
ngx_exportsite_slot(ngx_exportsite_queue_sh_t *sh, ngx_uint_t n)
{
    return (ngx_exportsite_slot_t *)
               ((u_char *) sh + sh->first + n * sh->slot_size);
}


/* Nobody's, or a dead worker's. */
static ngx_inline ngx_uint_t
ngx_exportsite_slot_orphan(ngx_exportsite_slot_t *slot)
{
    return slot->pid == 0
           || (kill((pid_t) slot->pid, 0) == -1 && ngx_errno == NGX_ESRCH);
}


static ngx_inline es_ring_t *
ngx_exportsite_slot_ring(ngx_exportsite_slot_t *slot)
{
    return (es_ring_t *) ((u_char *) slot
                          + ngx_align(sizeof(ngx_exportsite_slot_t), 64));
}

#endif
