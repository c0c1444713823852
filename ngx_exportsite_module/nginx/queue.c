/*
 * Events on their way to Redis. Records are numbered in their ring; a batch is
 * a run of consecutive numbers. What Redis has acknowledged is held for two
 * seconds longer, since it may forget it when it dies or fails over: on a new
 * connection its mark is asked first, and what lies beyond it is sent again.
 */
#include "compat.h"

#include "batch.h"
#include "queue.h"
#include "replay.h"
#include "spool.h"
#include "spool_sync.h"
#include "worker.h"


/* so many are sent at once, without waiting for the flush time */
#define NGX_EXPORTSITE_QUEUE_EAGER   384

#define NGX_EXPORTSITE_QUEUE_POLL    20
#define NGX_EXPORTSITE_EXIT_TIME     2000


/* A ring being emptied: the worker's own, or one adopted. */
typedef struct {
    ngx_exportsite_flight_t  flight;        /* first: found from it */
    ngx_queue_t              queue;
    ngx_exportsite_slot_t   *slot;
    es_ring_t               *ring;
    es_ring_cursor_t         next;          /* what is sent next */
    es_ring_cursor_t         sending;       /* the end of the batch under way */
    es_ring_cursor_t         hold[2];       /* next, a round and two ago */
    unsigned                 synced:1;      /* next is what Redis lacks */
} ngx_exportsite_drain_t;


static void ngx_exportsite_queue_take(void);
static ngx_exportsite_drain_t *ngx_exportsite_queue_drain(
    ngx_exportsite_slot_t *slot);
static ngx_uint_t ngx_exportsite_queue_room(void);
static void ngx_exportsite_queue_timer(ngx_event_t *ev);
static void ngx_exportsite_queue_ready(void);
static void ngx_exportsite_queue_send(void);
static void ngx_exportsite_queue_start(ngx_exportsite_drain_t *drain);
static void ngx_exportsite_queue_batch(ngx_exportsite_drain_t *drain);
static void ngx_exportsite_queue_in_sync(ngx_exportsite_drain_t *drain);
static void ngx_exportsite_queue_landed(ngx_exportsite_flight_t *flight,
    ngx_int_t rc);


static ngx_queue_t               ngx_exportsite_drains;
static ngx_exportsite_drain_t   *ngx_exportsite_own;
static ngx_event_t               ngx_exportsite_flush;
static ngx_msec_t                ngx_exportsite_exit_at;
static uint64_t                  ngx_exportsite_target;
static ngx_exportsite_slot_t     ngx_exportsite_private_slot;


/*
 * Where events go, as a number that changes when a reload sends them elsewhere:
 * the keys in the upper half, the address in the lower.
 */
static uint64_t
ngx_exportsite_queue_target(ngx_exportsite_main_conf_t *mcf)
{
    uint32_t                      keys;
    ngx_exportsite_redis_conf_t  *redis = &mcf->redis;

    ngx_crc32_init(keys);
    ngx_crc32_update(&keys, (u_char *) &redis->db, sizeof(redis->db));
    ngx_crc32_update(&keys, redis->prefix.data, redis->prefix.len);
    ngx_crc32_update(&keys, mcf->stream.key.data, mcf->stream.key.len);
    ngx_crc32_final(keys);

    return (uint64_t) keys << 32
           | ngx_crc32_long(redis->address.data, redis->address.len);
}


/*
 * A ring comes from before such a reload: what was sent, the old place has.
 * Only if there is a mark at another address may that be a replica, which
 * perhaps lacks the last of it.
 */
static void
ngx_exportsite_queue_moved(ngx_exportsite_drain_t *drain, uint64_t mark)
{
    uint64_t  moved;

    moved = drain->slot->target ^ ngx_exportsite_target;

    if (moved >> 32 || (moved && mark == 0)) {
        es_ring_release(drain->ring, drain->ring->acked);
    }
}


void
ngx_exportsite_queue_init(void)
{
    ngx_exportsite_worker_t  *w = &ngx_exportsite_worker;

    ngx_queue_init(&ngx_exportsite_drains);
    ngx_exportsite_target = ngx_exportsite_queue_target(w->conf);

    ngx_exportsite_flush.handler = ngx_exportsite_queue_timer;
    ngx_exportsite_flush.data = &w->redis;
    ngx_exportsite_flush.log = w->log;

    w->state->queues = w->queues->since;
    w->slot = &ngx_exportsite_private_slot;
    w->counters = &w->slot->counters;

    ngx_exportsite_batch_init(ngx_exportsite_queue_ready);
    ngx_exportsite_replay_init(ngx_exportsite_queue_send);

    ngx_exportsite_queue_take();

    if (ngx_exportsite_spool_on()) {
        ngx_exportsite_spool_init(ngx_exportsite_replay_go);
    }

    if (ngx_exportsite_own == NULL) {
        ngx_log_error(NGX_LOG_ERR, w->log, 0,
                      "exportsite: no free event queue, too many old workers "
                      "are still finishing: events are lost until one ends");
    }
}


/* Takes a slot for this worker's own, rather one that has unsent events. */
static void
ngx_exportsite_queue_take(void)
{
    ngx_uint_t                 n;
    ngx_exportsite_slot_t     *slot, *own;
    ngx_exportsite_worker_t   *w = &ngx_exportsite_worker;

    own = NULL;

    ngx_exportsite_zone_lock(w->conf->queue_zone);

    for (n = 0; n < w->queues->slots; n++) {
        slot = ngx_exportsite_slot(w->queues, n);

        if (!ngx_exportsite_slot_orphan(slot)) {
            continue;
        }

        if (own == NULL
            || (es_ring_count(ngx_exportsite_slot_ring(own)) == 0
                && es_ring_count(ngx_exportsite_slot_ring(slot)) > 0))
        {
            own = slot;
        }
    }

    if (own != NULL) {
        own->pid = ngx_pid;
    }

    ngx_exportsite_zone_unlock(w->conf->queue_zone);

    if (own != NULL) {
        w->slot = own;
        w->counters = &own->counters;
        ngx_exportsite_own = ngx_exportsite_queue_drain(own);
    }
}


/* Begins to empty the ring of a slot that is now this worker's. */
static ngx_exportsite_drain_t *
ngx_exportsite_queue_drain(ngx_exportsite_slot_t *slot)
{
    ngx_exportsite_drain_t   *drain;
    ngx_exportsite_worker_t  *w = &ngx_exportsite_worker;

    drain = ngx_calloc(sizeof(ngx_exportsite_drain_t), w->log);
    if (drain == NULL) {
        return NULL;
    }

    drain->flight.landed = ngx_exportsite_queue_landed;
    drain->slot = slot;
    drain->ring = ngx_exportsite_slot_ring(slot);

    if (!es_ring_adopt(drain->ring, w->queues->ring_size)) {
        slot->nonce++;
        drain->ring->producer = slot->nonce;
        ngx_log_error(NGX_LOG_ERR, w->log, 0,
                      "exportsite: a damaged event queue was emptied");
    }

    if (ngx_exportsite_spool_on()) {
        ngx_exportsite_spool_reconcile(slot);
    }

    slot->oldest = 0;
    slot->spool_bytes = 0;
    slot->spool_events = 0;
    slot->spool_files = 0;
    slot->spool_oldest = 0;
    slot->spool_first = 0;
    slot->spool_error = 0;

    drain->next = es_ring_begin(drain->ring);

    if (es_ring_waiting(drain->ring) > 0) {
        ngx_log_error(NGX_LOG_NOTICE, w->log, 0,
                      "exportsite: took over %uD unsent events",
                      es_ring_waiting(drain->ring));
    }

    ngx_queue_insert_tail(&ngx_exportsite_drains, &drain->queue);

    return drain;
}


/* Takes the rings that nobody has. */
static void
ngx_exportsite_queue_take_orphans(void)
{
    ngx_uint_t                n, taken;
    ngx_exportsite_slot_t    *slot;
    ngx_exportsite_worker_t  *w = &ngx_exportsite_worker;

    for (n = 0; n < w->queues->slots; n++) {
        slot = ngx_exportsite_slot(w->queues, n);

        if ((slot->pid == 0
             && es_ring_count(ngx_exportsite_slot_ring(slot)) == 0)
            || slot->pid == (ngx_atomic_uint_t) ngx_pid)
        {
            continue;
        }

        ngx_exportsite_zone_lock(w->conf->queue_zone);

        taken = ngx_exportsite_slot_orphan(slot);
        if (taken) {
            slot->pid = ngx_pid;
        }

        ngx_exportsite_zone_unlock(w->conf->queue_zone);

        if (taken) {
            (void) ngx_exportsite_queue_drain(slot);
        }
    }
}


void
ngx_exportsite_queue_adopt(void)
{
    if (ngx_exportsite_own == NULL) {
        ngx_exportsite_queue_take();
    }

    ngx_exportsite_queue_take_orphans();
    ngx_exportsite_queue_send();
}


static void
ngx_exportsite_queue_wait(ngx_msec_t wait)
{
    if (!ngx_exportsite_flush.timer_set) {
        ngx_add_timer(&ngx_exportsite_flush, wait);
    }
}


char *
ngx_exportsite_queue_reserve(size_t size)
{
    char           *p;
    es_ring_t      *ring;
    static time_t   last;

    if (ngx_exportsite_own != NULL) {
        ring = ngx_exportsite_own->ring;

        do {
            p = es_ring_reserve(ring, (uint32_t) size);
            if (p != NULL) {
                return p;
            }

        } while (ngx_exportsite_queue_room());

        if (ngx_exportsite_spool_on()) {
            /* why, it has said itself */
            ngx_exportsite_count(events_lost[ngx_exportsite_lost_disk]);
            return NULL;
        }

        ngx_exportsite_count(events_lost[ngx_exportsite_lost_memory]);

    } else {
        (void) ngx_atomic_fetch_add(&ngx_exportsite_worker.queues->lost, 1);
    }

    if (ngx_time() - last >= 60) {
        last = ngx_time();
        ngx_log_error(NGX_LOG_ERR, ngx_exportsite_worker.log, 0,
                      "exportsite: the event queue is full: events are lost "
                      "until Redis takes some (exportsite_stream buffer=, "
                      "spool=)");
    }

    return NULL;
}


/*
 * The ring is full. While Redis is there, what it acknowledged is held no
 * longer; while it is away, that is what it may ask for when it comes back.
 */
static ngx_uint_t
ngx_exportsite_queue_room(void)
{
    es_ring_t               *ring;
    ngx_uint_t               spool, away;
    ngx_exportsite_drain_t  *own = ngx_exportsite_own;

    ring = own->ring;
    spool = ngx_exportsite_spool_on();
    away = ngx_exportsite_worker.redis.state != ngx_exportsite_redis_connected;

    if (own->next.seq > ring->released && !(spool && away)) {
        es_ring_release_to(ring, own->next);
        return 1;
    }

    return spool && ngx_exportsite_spool_move(own->slot) == NGX_OK;
}


void
ngx_exportsite_queue_commit(size_t len, ngx_uint_t args)
{
    ngx_msec_t                wait;
    ngx_exportsite_worker_t  *w = &ngx_exportsite_worker;

    (void) es_ring_commit(ngx_exportsite_own->ring, (uint32_t) len,
                          (uint32_t) args, ngx_exportsite_now());
    w->counters->events_queued++;

    if (ngx_exportsite_own->flight.busy || !ngx_exportsite_batch_ready()) {
        return;
    }

    wait = w->conf->stream.flush;

    if (es_ring_waiting(ngx_exportsite_own->ring) >= NGX_EXPORTSITE_QUEUE_EAGER)
    {
        wait = 0;
    }

    if (!ngx_exportsite_flush.timer_set) {
        ngx_add_timer(&ngx_exportsite_flush, wait);

    } else if (wait == 0 && !ngx_exportsite_flush.posted) {
        ngx_post_event(&ngx_exportsite_flush, &ngx_posted_events);
    }
}


static void
ngx_exportsite_queue_timer(ngx_event_t *ev)
{
    ngx_exportsite_queue_send();
}


/* Redis takes batches, again or for the first time. */
static void
ngx_exportsite_queue_ready(void)
{
    ngx_exportsite_replay_go();
    ngx_exportsite_queue_send();
}


/* Goes on with every ring that has something, and none under way. */
static void
ngx_exportsite_queue_send(void)
{
    ngx_uint_t               waiting;
    ngx_queue_t             *q, *next;
    ngx_exportsite_drain_t  *drain;

    waiting = 0;

    for (q = ngx_queue_head(&ngx_exportsite_drains);
         q != ngx_queue_sentinel(&ngx_exportsite_drains);
         q = next)
    {
        next = ngx_queue_next(q);
        drain = ngx_queue_data(q, ngx_exportsite_drain_t, queue);

        if (es_ring_count(drain->ring) == 0 && drain != ngx_exportsite_own
            && !drain->flight.busy)
        {
            ngx_queue_remove(q);
            ngx_memory_barrier();
            drain->slot->pid = 0;
            ngx_free(drain);
            continue;
        }

        waiting |= es_ring_waiting(drain->ring) > 0;

        if (!drain->flight.busy && ngx_exportsite_batch_ready()) {
            ngx_exportsite_queue_start(drain);
        }
    }

    if (!ngx_exiting) {
        return;
    }

    /* the timer keeps the worker from exiting, but not for ever */

    if (ngx_exportsite_flush.timer_set) {
        ngx_del_timer(&ngx_exportsite_flush);
    }

    if (!waiting || (ngx_exportsite_spool_on()
                     && ngx_exportsite_worker.redis.state
                        != ngx_exportsite_redis_connected))
    {
        return;
    }

    if (ngx_exportsite_exit_at == 0) {
        ngx_exportsite_exit_at = ngx_current_msec + NGX_EXPORTSITE_EXIT_TIME;
    }

    if ((ngx_msec_int_t) (ngx_exportsite_exit_at - ngx_current_msec) > 0) {
        ngx_add_timer(&ngx_exportsite_flush, NGX_EXPORTSITE_QUEUE_POLL);
    }
}


/*
 * A new name for the numbers that are left in a ring, since those before them
 * are sent from elsewhere, or cannot be trusted. Up to written they are in
 * Redis by the old name, of which the new one does not tell.
 */
static void
ngx_exportsite_queue_rename(ngx_exportsite_drain_t *drain, uint64_t written)
{
    es_ring_release(drain->ring, written);

    drain->slot->nonce++;
    drain->ring->producer = drain->slot->nonce;
    ngx_memory_barrier();
    drain->slot->spilled = 0;

    drain->next = es_ring_begin(drain->ring);
    ngx_exportsite_queue_in_sync(drain);
}


static void
ngx_exportsite_queue_start(ngx_exportsite_drain_t *drain)
{
    if (es_ring_count(drain->ring) == 0) {
        ngx_exportsite_queue_in_sync(drain);
        return;
    }

    if (ngx_exportsite_replay_first()) {
        ngx_exportsite_queue_wait(NGX_EXPORTSITE_QUEUE_POLL);
        return;
    }

    drain->flight.producer.ring = drain->ring->producer;

    if (!drain->synced) {
        (void) ngx_exportsite_batch_mark(&drain->flight);
        return;
    }

    if (drain->slot->spilled) {
        ngx_exportsite_queue_rename(drain, drain->next.seq);
        drain->flight.producer.ring = drain->ring->producer;
    }

    ngx_exportsite_queue_batch(drain);
}


static void
ngx_exportsite_queue_batch(ngx_exportsite_drain_t *drain)
{
    es_ring_cursor_t   cursor;
    es_ring_record_t   rec;

    ngx_exportsite_batch_begin(&drain->flight);

    cursor = drain->next;

    while (es_ring_next(drain->ring, &cursor, &rec)
           && ngx_exportsite_batch_add(&drain->flight, rec.seq, rec.data,
                                       rec.len, rec.args))
    {
        drain->sending = cursor;
    }

    if (drain->flight.events > 0
        && ngx_exportsite_batch_send(&drain->flight) == NGX_OK)
    {
        /* nobody knows whether Redis has it, until it answers */
        drain->slot->unsure = drain->flight.last;
    }
}


static void
ngx_exportsite_queue_in_sync(ngx_exportsite_drain_t *drain)
{
    drain->slot->target = ngx_exportsite_target;
    drain->synced = 1;
}


/* Redis has said up to which number it has the ring's events. */
static void
ngx_exportsite_queue_synced(ngx_exportsite_drain_t *drain, uint64_t mark)
{
    uint32_t           news;
    es_ring_t         *ring = drain->ring;
    es_ring_cursor_t   cursor;
    es_ring_record_t   rec;

    if (mark >= ring->next_seq) {
        /* not ours: with this name it would pass over all that comes */
        ngx_exportsite_queue_rename(drain, ring->acked);
        return;
    }

    ngx_exportsite_queue_moved(drain, mark);

    if (mark < ring->acked && es_ring_count(ring) > es_ring_waiting(ring)) {
        ngx_log_error(NGX_LOG_NOTICE, ngx_exportsite_worker.log, 0,
                      "exportsite: Redis has lost events that it had "
                      "acknowledged: those held are sent again");
    }

    cursor = es_ring_begin(ring);
    news = 0;

    do {
        drain->next = cursor;

        if (!es_ring_next(ring, &cursor, &rec)) {
            break;
        }

        news += rec.seq <= mark && rec.seq > ring->acked;

    } while (rec.seq <= mark);

    ngx_exportsite_worker.counters->events_sent += news;
    es_ring_acknowledge(ring, mark, news);

    ngx_exportsite_queue_in_sync(drain);
}


static void
ngx_exportsite_queue_written(ngx_exportsite_drain_t *drain)
{
    uint32_t                    news;
    es_ring_t                  *ring = drain->ring;
    ngx_exportsite_flight_t    *flight = &drain->flight;
    ngx_exportsite_counters_t  *counters = ngx_exportsite_worker.counters;

    if (flight->last <= ring->released) {
        /* it was spooled meanwhile, and is counted when that is replayed */
        return;
    }

    news = (uint32_t) (flight->last > ring->acked
                       ? flight->last - ngx_max(ring->acked, flight->first - 1)
                       : 0);

    counters->events_sent += news;
    counters->events_repeated += flight->events - news;

    es_ring_acknowledge(ring, flight->last, news);
    drain->next = drain->sending;
}


static void
ngx_exportsite_queue_landed(ngx_exportsite_flight_t *flight, ngx_int_t rc)
{
    ngx_exportsite_drain_t  *drain = (ngx_exportsite_drain_t *) flight;

    if (rc == NGX_ERROR) {
        drain->synced = 0;
        return;
    }

    if (rc == NGX_DECLINED) {
        return;
    }

    if (flight->events == 0) {
        ngx_exportsite_queue_synced(drain, flight->mark);
        ngx_exportsite_queue_send();
        return;
    }

    ngx_exportsite_queue_written(drain);

    if (drain != ngx_exportsite_own || ngx_exiting
        || es_ring_waiting(drain->ring) >= NGX_EXPORTSITE_QUEUE_EAGER)
    {
        ngx_exportsite_queue_send();

    } else if (es_ring_waiting(drain->ring) > 0) {
        ngx_exportsite_queue_wait(ngx_exportsite_worker.conf->stream.flush);
    }
}


void
ngx_exportsite_queue_connected(void)
{
    ngx_exportsite_batch_connected();
}


void
ngx_exportsite_queue_lost(void)
{
    ngx_queue_t             *q;
    ngx_exportsite_drain_t  *drain;

    ngx_exportsite_batch_lost();
    ngx_exportsite_replay_lost();

    for (q = ngx_queue_head(&ngx_exportsite_drains);
         q != ngx_queue_sentinel(&ngx_exportsite_drains);
         q = ngx_queue_next(q))
    {
        drain = ngx_queue_data(q, ngx_exportsite_drain_t, queue);
        drain->synced = 0;
        ngx_memzero(drain->hold, sizeof(drain->hold));
    }
}


/* What was acknowledged two rounds ago is held no longer. */
static void
ngx_exportsite_queue_unhold(ngx_exportsite_drain_t *drain)
{
    if (!drain->synced) {
        return;
    }

    es_ring_release_to(drain->ring, drain->hold[1]);

    /* what is sent once more is acknowledged, too: go by what is known */

    drain->hold[1] = drain->hold[0];
    drain->hold[0] = drain->next;
}


void
ngx_exportsite_queue_round(void)
{
    ngx_queue_t             *q;
    es_ring_cursor_t         cursor;
    es_ring_record_t         rec;
    ngx_exportsite_drain_t  *drain;
    ngx_exportsite_worker_t *w = &ngx_exportsite_worker;

    for (q = ngx_queue_head(&ngx_exportsite_drains);
         q != ngx_queue_sentinel(&ngx_exportsite_drains);
         q = ngx_queue_next(q))
    {
        drain = ngx_queue_data(q, ngx_exportsite_drain_t, queue);

        if (w->redis.state == ngx_exportsite_redis_connected) {
            ngx_exportsite_queue_unhold(drain);
        }

        cursor = drain->next;
        drain->slot->oldest = es_ring_waiting(drain->ring) > 0
                              && es_ring_next(drain->ring, &cursor, &rec)
                              ? rec.at_ms : 0;
    }

    if (ngx_exportsite_spool_on()) {
        if (w->slot->spool_error != 0 && ngx_exportsite_batch_ready()
            && ngx_exportsite_own != NULL
            && es_ring_waiting(ngx_exportsite_own->ring) == 0)
        {
            ngx_exportsite_spool_idle();
        }

        ngx_exportsite_spool_round();
        ngx_exportsite_replay_round();
    }
}


void
ngx_exportsite_queue_exiting(void)
{
    ngx_exportsite_queue_send();
}


/*
 * What could not be sent goes to the spool, or stays for the next worker. If a
 * reload has made other queues, nobody will look into these.
 */
static void
ngx_exportsite_queue_leave(ngx_exportsite_drain_t *drain)
{
    uint32_t                  waiting;
    ngx_exportsite_worker_t  *w = &ngx_exportsite_worker;

    if (ngx_exportsite_spool_on()) {
        while (es_ring_waiting(drain->ring) > 0
               && ngx_exportsite_spool_move(drain->slot) == NGX_OK)
        {
            /* void */
        }
    }

    waiting = es_ring_waiting(drain->ring);

    if (waiting == 0) {
        return;
    }

    if (w->state->queues != w->queues->since) {
        (void) ngx_atomic_fetch_add(&w->state->left, waiting);
        ngx_log_error(NGX_LOG_ERR, w->log, 0,
                      "exportsite: %uD unsent events are lost, as a reload "
                      "changed the size of the queues (exportsite_stream "
                      "buffer=)", waiting);
        return;
    }

    ngx_log_error(NGX_LOG_NOTICE, w->log, 0,
                  "exportsite: left %uD unsent events in memory", waiting);
}


void
ngx_exportsite_queue_exit(void)
{
    ngx_queue_t             *q;
    ngx_exportsite_drain_t  *drain;

    ngx_exportsite_spool_sync_stop();

    if (ngx_exportsite_spool_on()) {
        /* there may be no next worker */
        ngx_exportsite_queue_take_orphans();
    }

    while (!ngx_queue_empty(&ngx_exportsite_drains)) {
        q = ngx_queue_head(&ngx_exportsite_drains);
        drain = ngx_queue_data(q, ngx_exportsite_drain_t, queue);
        ngx_queue_remove(q);

        ngx_exportsite_queue_leave(drain);

        if (drain != ngx_exportsite_own) {
            ngx_memory_barrier();
            drain->slot->pid = 0;
            ngx_free(drain);
        }
    }

    if (ngx_exportsite_spool_on()) {
        ngx_exportsite_spool_exit();
    }

    /* the counters are in it, so it goes last */

    if (ngx_exportsite_own != NULL) {
        ngx_memory_barrier();
        ngx_exportsite_own->slot->pid = 0;
        ngx_free(ngx_exportsite_own);
        ngx_exportsite_own = NULL;
    }

    ngx_exportsite_batch_exit();
}
