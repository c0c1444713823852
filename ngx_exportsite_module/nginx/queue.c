/*
 * Events on their way to Redis. Records are numbered in their ring; a batch is
 * a run of consecutive numbers, given to a script that passes over what the
 * stream has already. One batch of a ring is under way at a time: were there
 * two, and the first refused, the second's success would make the first look
 * written.
 */
#include "compat.h"

#include "../redis/keys.h"
#include "queue.h"
#include "worker.h"


#define NGX_EXPORTSITE_BATCH_BYTES   (192 * 1024)
#define NGX_EXPORTSITE_BATCH_EVENTS  1024

/* so much is sent at once, without waiting for the flush time */
#define NGX_EXPORTSITE_BATCH_EAGER   (128 * 1024)

#define NGX_EXPORTSITE_RETRY_REFUSED  1000
#define NGX_EXPORTSITE_EXIT_POLL      20
#define NGX_EXPORTSITE_EXIT_TIME      2000


/* A ring being emptied: the worker's own, or one adopted. */
typedef struct {
    ngx_queue_t             queue;
    ngx_exportsite_slot_t  *slot;
    es_ring_t              *ring;
    es_ring_cursor_t        sending;        /* the end of the batch under way */
    ngx_uint_t              events;         /* in it */
    unsigned                busy:1;
} ngx_exportsite_drain_t;


static void ngx_exportsite_queue_take(void);
static ngx_exportsite_drain_t *ngx_exportsite_queue_drain(
    ngx_exportsite_slot_t *slot);
static ngx_uint_t ngx_exportsite_queue_orphan(ngx_exportsite_slot_t *slot);
static void ngx_exportsite_queue_timer(ngx_event_t *ev);
static void ngx_exportsite_queue_send(void);
static void ngx_exportsite_queue_batch(ngx_exportsite_drain_t *drain);
static void ngx_exportsite_queue_done(redisAsyncContext *ac, void *reply,
    void *data);
static void ngx_exportsite_queue_load(void);
static void ngx_exportsite_queue_loaded(redisAsyncContext *ac, void *reply,
    void *data);


static ngx_queue_t                 ngx_exportsite_drains;
static ngx_exportsite_drain_t     *ngx_exportsite_own;
static ngx_event_t                 ngx_exportsite_flush;
static ngx_msec_t                  ngx_exportsite_exit_at;
static ngx_msec_t                  ngx_exportsite_refused_until;
static ngx_uint_t                  ngx_exportsite_script_loaded;
static ngx_uint_t                  ngx_exportsite_script_loading;
static ngx_uint_t                  ngx_exportsite_script_missed;
static char                        ngx_exportsite_script_sha[41];
static char                       *ngx_exportsite_batch;
static ngx_exportsite_counters_t   ngx_exportsite_private_counters;


void
ngx_exportsite_queue_init(void)
{
    ngx_exportsite_worker_t  *w = &ngx_exportsite_worker;

    ngx_queue_init(&ngx_exportsite_drains);

    ngx_exportsite_flush.handler = ngx_exportsite_queue_timer;
    ngx_exportsite_flush.data = &w->redis;
    ngx_exportsite_flush.log = w->log;

    w->counters = &ngx_exportsite_private_counters;

    ngx_exportsite_queue_take();

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

        if (!ngx_exportsite_queue_orphan(slot)) {
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
        w->counters = &own->counters;
        ngx_exportsite_own = ngx_exportsite_queue_drain(own);
    }
}


/* Nobody's, or a dead worker's; wants the lock. */
static ngx_uint_t
ngx_exportsite_queue_orphan(ngx_exportsite_slot_t *slot)
{
    return slot->pid == 0
           || (kill((pid_t) slot->pid, 0) == -1 && ngx_errno == NGX_ESRCH);
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

    drain->slot = slot;
    drain->ring = ngx_exportsite_slot_ring(slot);

    if (!es_ring_adopt(drain->ring, w->queues->ring_size)) {
        slot->nonce++;
        drain->ring->producer = slot->nonce;
        ngx_log_error(NGX_LOG_ERR, w->log, 0,
                      "exportsite: a damaged event queue was emptied");
    }

    if (es_ring_count(drain->ring) > 0) {
        ngx_log_error(NGX_LOG_NOTICE, w->log, 0,
                      "exportsite: took over %uD unsent events",
                      es_ring_count(drain->ring));
    }

    ngx_queue_insert_tail(&ngx_exportsite_drains, &drain->queue);

    return drain;
}


void
ngx_exportsite_queue_adopt(void)
{
    ngx_uint_t                n, taken;
    ngx_exportsite_slot_t    *slot;
    ngx_exportsite_worker_t  *w = &ngx_exportsite_worker;

    if (ngx_exportsite_own == NULL) {
        ngx_exportsite_queue_take();
    }

    for (n = 0; n < w->queues->slots; n++) {
        slot = ngx_exportsite_slot(w->queues, n);

        if ((slot->pid == 0
             && es_ring_count(ngx_exportsite_slot_ring(slot)) == 0)
            || slot->pid == (ngx_atomic_uint_t) ngx_pid)
        {
            continue;
        }

        ngx_exportsite_zone_lock(w->conf->queue_zone);

        taken = ngx_exportsite_queue_orphan(slot);
        if (taken) {
            slot->pid = ngx_pid;
        }

        ngx_exportsite_zone_unlock(w->conf->queue_zone);

        if (taken) {
            (void) ngx_exportsite_queue_drain(slot);
        }
    }

    ngx_exportsite_queue_send();
}


/* Redis would not take the last batch: it gets time. */
static ngx_uint_t
ngx_exportsite_queue_refused(void)
{
    return ngx_exportsite_refused_until != 0
           && (ngx_msec_int_t) (ngx_exportsite_refused_until
                                - ngx_current_msec)
              > 0;
}


static void
ngx_exportsite_queue_wait(ngx_msec_t wait)
{
    if (!ngx_exportsite_flush.timer_set) {
        ngx_add_timer(&ngx_exportsite_flush, wait);
    }
}


static void
ngx_exportsite_queue_refuse(void)
{
    ngx_exportsite_refused_until = ngx_current_msec
                                   + NGX_EXPORTSITE_RETRY_REFUSED;
    ngx_exportsite_queue_wait(NGX_EXPORTSITE_RETRY_REFUSED);
}


char *
ngx_exportsite_queue_reserve(size_t size)
{
    char           *p;
    static time_t   last;

    if (ngx_exportsite_own != NULL) {
        p = es_ring_reserve(ngx_exportsite_own->ring, (uint32_t) size);
        if (p != NULL) {
            return p;
        }
    }

    if (ngx_exportsite_own == NULL) {
        (void) ngx_atomic_fetch_add(&ngx_exportsite_worker.queues->lost, 1);

    } else {
        ngx_exportsite_count(events_lost);
    }

    if (ngx_time() - last >= 60) {
        last = ngx_time();
        ngx_log_error(NGX_LOG_ERR, ngx_exportsite_worker.log, 0,
                      "exportsite: the event queue is full: events are lost "
                      "until Redis takes some (exportsite_stream buffer=)");
    }

    return NULL;
}


void
ngx_exportsite_queue_commit(size_t len, ngx_uint_t args)
{
    ngx_msec_t                wait;
    ngx_exportsite_worker_t  *w = &ngx_exportsite_worker;

    (void) es_ring_commit(ngx_exportsite_own->ring, (uint32_t) len,
                          (uint32_t) args, ngx_exportsite_now());
    w->counters->events_queued++;

    if (ngx_exportsite_own->busy || ngx_exportsite_queue_refused()
        || w->redis.state != ngx_exportsite_redis_connected)
    {
        return;
    }

    wait = w->conf->stream.flush;

    if (es_ring_used(ngx_exportsite_own->ring) >= NGX_EXPORTSITE_BATCH_EAGER) {
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


/* Starts a batch of every ring that has something and none under way. */
static void
ngx_exportsite_queue_send(void)
{
    ngx_uint_t                waiting;
    ngx_queue_t              *q, *next;
    ngx_exportsite_drain_t   *drain;
    ngx_exportsite_worker_t  *w = &ngx_exportsite_worker;

    waiting = 0;

    for (q = ngx_queue_head(&ngx_exportsite_drains);
         q != ngx_queue_sentinel(&ngx_exportsite_drains);
         q = next)
    {
        next = ngx_queue_next(q);
        drain = ngx_queue_data(q, ngx_exportsite_drain_t, queue);

        if (es_ring_count(drain->ring) == 0) {

            if (drain != ngx_exportsite_own) {
                ngx_queue_remove(q);
                ngx_memory_barrier();
                drain->slot->pid = 0;
                ngx_free(drain);
            }

            continue;
        }

        waiting = 1;

        if (drain->busy || ngx_exportsite_queue_refused()
            || w->redis.state != ngx_exportsite_redis_connected)
        {
            continue;
        }

        if (ngx_exportsite_script_loaded) {
            ngx_exportsite_queue_batch(drain);

        } else if (!ngx_exportsite_script_loading) {
            ngx_exportsite_queue_load();
        }
    }

    if (!ngx_exiting) {
        return;
    }

    /* the timer keeps the worker from exiting, but not for ever */

    if (ngx_exportsite_flush.timer_set) {
        ngx_del_timer(&ngx_exportsite_flush);
    }

    if (!waiting) {
        return;
    }

    if (ngx_exportsite_exit_at == 0) {
        ngx_exportsite_exit_at = ngx_current_msec + NGX_EXPORTSITE_EXIT_TIME;
    }

    if ((ngx_msec_int_t) (ngx_exportsite_exit_at - ngx_current_msec) > 0) {
        ngx_add_timer(&ngx_exportsite_flush, NGX_EXPORTSITE_EXIT_POLL);
    }
}


/*
 * Copies the events behind the room for the command's head, whose length is
 * known only then, and writes the head right in front of them.
 */
static void
ngx_exportsite_queue_batch(ngx_exportsite_drain_t *drain)
{
    char                          *p, *body, *last;
    char                           head[ES_BATCH_HEAD_MAX];
    size_t                         args, len;
    uint64_t                       first;
    es_ring_cursor_t               cursor;
    es_ring_record_t               rec;
    ngx_exportsite_worker_t       *w = &ngx_exportsite_worker;
    ngx_exportsite_stream_conf_t  *scf = &w->conf->stream;

    body = ngx_exportsite_batch + ES_BATCH_HEAD_MAX;
    last = body + NGX_EXPORTSITE_BATCH_BYTES;

    cursor = es_ring_begin(drain->ring);
    p = body;
    args = 0;
    first = 0;
    drain->events = 0;

    while (drain->events < NGX_EXPORTSITE_BATCH_EVENTS
           && es_ring_next(drain->ring, &cursor, &rec))
    {
        if (drain->events == 0) {
            first = rec.seq;
        }

        if (rec.seq != first + drain->events
            || (size_t) (last - p) < rec.len)
        {
            break;
        }

        p = (char *) ngx_cpymem(p, rec.data, rec.len);
        args += rec.args;
        drain->events++;
        drain->sending = cursor;
    }

    len = es_batch_head(head, ngx_exportsite_script_sha,
                        ngx_exportsite_es(w->conf->redis.prefix),
                        ngx_exportsite_es(scf->key), drain->ring->producer,
                        scf->maxlen, first, args);

    ngx_memcpy(body - len, head, len);

    if (ngx_exportsite_redis_send(&w->redis, body - len, p - body + len,
                                  ngx_exportsite_queue_done, drain)
        == NGX_OK)
    {
        drain->busy = 1;
        w->counters->batches++;
    }
}


/* The batch stays in the ring, and is sent again a little later. */
static void
ngx_exportsite_queue_not_taken(redisReply *r)
{
    if (r->type == REDIS_REPLY_ERROR) {

        if (ngx_strncmp(r->str, "NOSCRIPT", 8) == 0
            && !ngx_exportsite_script_missed)
        {
            /* a Redis that was restarted, or SCRIPT FLUSH */
            ngx_exportsite_script_missed = 1;
            ngx_exportsite_queue_load();
            return;
        }

        ngx_exportsite_redis_complain(&ngx_exportsite_worker.redis,
                                      "a batch of events", r,
                                      "events wait until it takes them");
    }

    ngx_exportsite_script_loaded = 0;
    ngx_exportsite_queue_refuse();
}


static void
ngx_exportsite_queue_done(redisAsyncContext *ac, void *reply, void *data)
{
    redisReply               *r = reply;
    ngx_exportsite_drain_t   *drain = data;
    ngx_exportsite_worker_t  *w = &ngx_exportsite_worker;

    ngx_exportsite_redis_answered(&w->redis, r);
    drain->busy = 0;

    if (r == NULL) {
        return;
    }

    if (r->type != REDIS_REPLY_INTEGER) {
        ngx_exportsite_queue_not_taken(r);
        return;
    }

    ngx_exportsite_script_missed = 0;
    w->counters->events_sent += drain->events;
    es_ring_release(drain->ring, drain->sending);

    if (drain != ngx_exportsite_own || ngx_exiting
        || es_ring_used(drain->ring) >= NGX_EXPORTSITE_BATCH_EAGER)
    {
        ngx_exportsite_queue_send();

    } else if (es_ring_count(drain->ring) > 0) {
        ngx_exportsite_queue_wait(w->conf->stream.flush);
    }
}


void
ngx_exportsite_queue_connected(void)
{
    ngx_exportsite_worker_t  *w = &ngx_exportsite_worker;

    if (w->conf->stream.off) {
        return;
    }

    if (ngx_exportsite_batch == NULL) {
        ngx_exportsite_batch = ngx_alloc(ES_BATCH_HEAD_MAX
                                         + NGX_EXPORTSITE_BATCH_BYTES, w->log);
        if (ngx_exportsite_batch == NULL) {
            return;
        }
    }

    ngx_exportsite_queue_load();
}


static void
ngx_exportsite_queue_load(void)
{
    size_t       len[3];
    const char  *argv[3];

    ngx_exportsite_script_loaded = 0;

    argv[0] = "SCRIPT";
    len[0] = 6;
    argv[1] = "LOAD";
    len[1] = 4;
    argv[2] = es_batch_script;
    len[2] = ngx_strlen(es_batch_script);

    ngx_exportsite_script_loading =
        ngx_exportsite_redis_command(&ngx_exportsite_worker.redis,
                                     ngx_exportsite_queue_loaded, NULL,
                                     3, argv, len)
        == NGX_OK;
}


static void
ngx_exportsite_queue_loaded(redisAsyncContext *ac, void *reply, void *data)
{
    redisReply               *r = reply;
    ngx_exportsite_worker_t  *w = &ngx_exportsite_worker;

    ngx_exportsite_redis_answered(&w->redis, r);
    ngx_exportsite_script_loading = 0;

    if (r == NULL) {
        return;
    }

    if (r->type != REDIS_REPLY_STRING || r->len != 40) {
        if (r->type == REDIS_REPLY_ERROR) {
            ngx_exportsite_redis_complain(&w->redis, "SCRIPT LOAD", r,
                      "events wait; allow the commands that docs/redis.md "
                      "lists");
        }

        ngx_exportsite_queue_refuse();
        return;
    }

    ngx_memcpy(ngx_exportsite_script_sha, r->str, 40);
    ngx_exportsite_script_loaded = 1;

    ngx_exportsite_queue_send();
}


void
ngx_exportsite_queue_lost(void)
{
    ngx_exportsite_script_loaded = 0;
    ngx_exportsite_refused_until = 0;
}


void
ngx_exportsite_queue_exiting(void)
{
    ngx_exportsite_queue_send();
}


void
ngx_exportsite_queue_exit(void)
{
    ngx_queue_t             *q;
    ngx_exportsite_drain_t  *drain;

    while (!ngx_queue_empty(&ngx_exportsite_drains)) {
        q = ngx_queue_head(&ngx_exportsite_drains);
        drain = ngx_queue_data(q, ngx_exportsite_drain_t, queue);
        ngx_queue_remove(q);

        if (es_ring_count(drain->ring) > 0) {
            ngx_log_error(NGX_LOG_NOTICE, ngx_exportsite_worker.log, 0,
                          "exportsite: left %uD unsent events in memory",
                          es_ring_count(drain->ring));
        }

        ngx_memory_barrier();
        drain->slot->pid = 0;
        ngx_free(drain);
    }

    ngx_exportsite_own = NULL;
    ngx_free(ngx_exportsite_batch);
    ngx_exportsite_batch = NULL;
}
