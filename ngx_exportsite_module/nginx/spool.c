/*
 * The spool of a worker: the files it holds, what is written to them, and how
 * much of the disk that may take.
 */
#include "compat.h"

#include "../core/ring.h"
#include "spool.h"
#include "spool_check.h"
#include "spool_sync.h"
#include "worker.h"


/* so much is moved at once */
#define NGX_EXPORTSITE_SPOOL_PIECE    (128 * 1024)

/*
 * How large a file may get. At least so many make up the whole, so that the
 * oldest is not half of it; and at most so many, as they are all open.
 */
#define NGX_EXPORTSITE_SPOOL_FILE     (8 * 1024 * 1024)
#define NGX_EXPORTSITE_SPOOL_LEAST    16
#define NGX_EXPORTSITE_SPOOL_MOST     64

#define NGX_EXPORTSITE_SPOOL_RETRY    1000

/* so soon one looks again whose turn it is to give a file up */
#define NGX_EXPORTSITE_SPOOL_TURN     10


/* Records on their way to a file. */
typedef struct {
    size_t        len;
    uint64_t      fresh;                          /* of them, never sent */
    uint64_t      oldest;                         /* at_ms of the first */
    es_ring_cursor_t  end;                        /* behind the last */
    ngx_uint_t    doubtful;                       /* some were sent */
} ngx_exportsite_spool_pack_t;


static ngx_int_t ngx_exportsite_spool_writer(uint64_t producer, size_t len);
static void ngx_exportsite_spool_broken(ngx_err_t err);
static void ngx_exportsite_spool_limit(size_t more);
static void ngx_exportsite_spool_again(ngx_event_t *ev);
static ngx_int_t ngx_exportsite_spool_delete(
    ngx_exportsite_spool_file_t *file);
static void ngx_exportsite_spool_adopt(void);


static ngx_exportsite_spool_file_t  *ngx_exportsite_spool_current;
static uint64_t                      ngx_exportsite_spool_named_at;
static ngx_msec_t                    ngx_exportsite_spool_failed_at;
static unsigned                      ngx_exportsite_spool_failing;
static ngx_event_t                   ngx_exportsite_spool_waiting;


static ngx_inline int
ngx_exportsite_spool_access(void)
{
    return access((char *) ngx_exportsite_spool_dir()->data, R_OK|W_OK|X_OK);
}


void
ngx_exportsite_spool_init(void (*changed)(void))
{
    ngx_event_t  *ev = &ngx_exportsite_spool_waiting;

    ngx_exportsite_spool_list_init();

    ev->handler = ngx_exportsite_spool_again;
    ev->data = &ngx_exportsite_worker.redis;
    ev->log = ngx_exportsite_worker.log;
    ev->cancelable = 1;

    ngx_exportsite_spool_check_init(changed);
    ngx_exportsite_spool_sync_init();

    if (ngx_exportsite_spool_access() == -1) {
        ngx_exportsite_spool_broken(ngx_errno);
    }
}


void
ngx_exportsite_spool_round(void)
{
    if (!ngx_exiting) {
        ngx_exportsite_spool_adopt();
    }

    ngx_exportsite_spool_limit(0);
    ngx_exportsite_spool_sync();
}


void
ngx_exportsite_spool_exit(void)
{
    ngx_exportsite_spool_file_t  *file;

    ngx_exportsite_spool_check_stop();

    while ((file = ngx_exportsite_spool_next(NULL)) != NULL) {
        ngx_queue_remove(&file->queue);
        ngx_exportsite_spool_close(file);
    }

    ngx_exportsite_spool_current = NULL;
    ngx_exportsite_spool_gauge();
    ngx_exportsite_spool_buffer_free();
}


/* Copies the oldest records of a ring to buf, as they stand in a file. */
static void
ngx_exportsite_spool_pack(ngx_exportsite_slot_t *slot, char *buf,
    ngx_exportsite_spool_pack_t *pack)
{
    size_t             size;
    es_ring_t         *ring = ngx_exportsite_slot_ring(slot);
    es_ring_cursor_t   cursor;
    es_ring_record_t   rec;
    es_spool_record_t  copy;

    cursor = es_ring_begin(ring);
    ngx_memzero(pack, sizeof(ngx_exportsite_spool_pack_t));

    while (es_ring_next(ring, &cursor, &rec)) {
        size = es_spool_size(rec.len);

        if (pack->len + size > NGX_EXPORTSITE_SPOOL_BUFFER
            || (pack->len >= NGX_EXPORTSITE_SPOOL_PIECE
                && rec.seq > slot->unsure))
        {
            break;
        }

        copy.seq = rec.seq;
        copy.at_ms = rec.at_ms;
        copy.args = rec.args;
        copy.flags = rec.seq <= ring->acked ? ES_SPOOL_SENT
                     : rec.seq <= slot->unsure ? ES_SPOOL_UNSURE : 0;
        copy.len = rec.len;
        copy.data = rec.data;

        es_spool_put(buf + pack->len, &copy);

        if (pack->len == 0) {
            pack->oldest = rec.at_ms;
        }

        pack->len += size;
        pack->fresh += copy.flags != ES_SPOOL_SENT;
        pack->doubtful |= copy.flags != 0;
        pack->end = cursor;
    }
}


ngx_int_t
ngx_exportsite_spool_move(ngx_exportsite_slot_t *slot)
{
    char                         *buf;
    es_ring_t                    *ring = ngx_exportsite_slot_ring(slot);
    ngx_exportsite_spool_file_t  *file;
    ngx_exportsite_spool_pack_t   pack;

    if (ngx_exportsite_spool_failing
        && ngx_current_msec - ngx_exportsite_spool_failed_at
           < NGX_EXPORTSITE_SPOOL_RETRY)
    {
        return NGX_ERROR;
    }

    buf = ngx_exportsite_spool_buffer();
    if (buf == NULL) {
        return NGX_ERROR;
    }

    ngx_exportsite_spool_pack(slot, buf, &pack);

    if (pack.len == 0) {
        return NGX_ERROR;
    }

    /* whoever finds the ring after a kill in between looks at the files */
    slot->spilled = 1;
    ngx_memory_barrier();

    if (ngx_exportsite_spool_writer(ring->producer, pack.len) != NGX_OK
        || ngx_exportsite_spool_append(ngx_exportsite_spool_current, buf,
                                       pack.len)
           != NGX_OK)
    {
        ngx_exportsite_spool_broken(ngx_errno);
        return NGX_ERROR;
    }

    es_ring_release_to(ring, pack.end);

    if (ngx_exportsite_spool_failing) {
        ngx_exportsite_spool_failing = 0;
        ngx_exportsite_worker.slot->spool_error = 0;
        ngx_log_error(NGX_LOG_NOTICE, ngx_exportsite_worker.log, 0,
                      "exportsite: the spool \"%V\" can be written again",
                      ngx_exportsite_spool_dir());
    }

    file = ngx_exportsite_spool_current;
    file->last = pack.end.seq;
    file->events += pack.fresh;
    file->doubtful |= pack.doubtful;
    file->oldest = file->oldest ? file->oldest : pack.oldest;
    ngx_exportsite_worker.counters->events_spooled += pack.fresh;
    ngx_exportsite_spool_gauge();

    return NGX_OK;
}


void
ngx_exportsite_spool_idle(void)
{
    if (ngx_exportsite_spool_access() == -1) {
        return;
    }

    /* whether there is room is not known, and said anew if there is none */

    ngx_exportsite_spool_failing = 0;
    ngx_exportsite_worker.slot->spool_error = 0;
}


/* Sees to it that the current file is of this producer and has room. */
static ngx_int_t
ngx_exportsite_spool_writer(uint64_t producer, size_t len)
{
    off_t                         max;
    uint64_t                      now;
    ngx_exportsite_spool_file_t  *file;

    ngx_exportsite_spool_limit(len);

    file = ngx_exportsite_spool_current;
    max = ngx_exportsite_worker.conf->stream.spool_max;
    max = ngx_max(ngx_min(max / NGX_EXPORTSITE_SPOOL_LEAST,
                          NGX_EXPORTSITE_SPOOL_FILE),
                  max / NGX_EXPORTSITE_SPOOL_MOST);

    if (file != NULL && file->producer.ring == producer
        && (file->size == ES_SPOOL_HEAD || file->size + (off_t) len <= max))
    {
        return NGX_OK;
    }

    if (file != NULL) {
        ngx_exportsite_spool_seal(file);
    }

    /* the names of one's files must be in their order, whatever the clock */

    now = ngx_max(ngx_exportsite_now(), ngx_exportsite_spool_named_at + 1);

    file = ngx_exportsite_spool_create(ngx_exportsite_spool_dir(), producer,
                                       now);
    if (file == NULL) {
        return NGX_ERROR;
    }

    ngx_exportsite_spool_named_at = now;
    ngx_exportsite_spool_current = file;
    ngx_exportsite_spool_insert(file);

    return NGX_OK;
}


void
ngx_exportsite_spool_seal(ngx_exportsite_spool_file_t *file)
{
    if (file == ngx_exportsite_spool_current) {
        ngx_exportsite_spool_current = NULL;

        if (!file->done) {
            file->dirty = 1;
            ngx_exportsite_spool_sync();
        }
    }
}


static void
ngx_exportsite_spool_broken(ngx_err_t err)
{
    ngx_exportsite_slot_t  *slot = ngx_exportsite_worker.slot;

    ngx_exportsite_spool_failed_at = ngx_current_msec;

    if (ngx_exportsite_spool_failing && slot->spool_error == (uint64_t) err) {
        return;
    }

    ngx_exportsite_spool_failing = 1;
    slot->spool_error = err;

    ngx_log_error(NGX_LOG_ERR, ngx_exportsite_worker.log, err,
                  "exportsite: the spool \"%V\" cannot be written: events stay "
                  "in memory, and are lost when that is full; make room, or "
                  "let the worker's user write there",
                  ngx_exportsite_spool_dir());
}


/* What all workers have on the disk, and when what others may give up began. */
static uint64_t
ngx_exportsite_spool_total(uint64_t *first)
{
    uint64_t                  total;
    ngx_uint_t                n;
    ngx_exportsite_slot_t    *slot;
    ngx_exportsite_worker_t  *w = &ngx_exportsite_worker;

    total = 0;
    *first = UINT64_MAX;

    for (n = 0; n < w->queues->slots; n++) {
        slot = ngx_exportsite_slot(w->queues, n);

        if (slot->spool_bytes == 0 || ngx_exportsite_slot_orphan(slot)) {
            /* what a dead worker held others count, or soon will */
            continue;
        }

        total += slot->spool_bytes;

        if (slot != w->slot && slot->spool_first != 0) {
            *first = ngx_min(*first, slot->spool_first);
        }
    }

    return total;
}


/* Gives up a file that is not sent. */
static ngx_int_t
ngx_exportsite_spool_drop(ngx_exportsite_spool_file_t *file)
{
    uint64_t  lost;

    /* what of it was not looked at counts as one */
    lost = file->events + !file->checked;

    if (ngx_exportsite_spool_delete(file) != NGX_OK) {
        return NGX_ERROR;
    }

    if (lost > 0) {
        ngx_exportsite_worker.counters->events_lost[
                                     ngx_exportsite_lost_spool_max] += lost;
        ngx_log_error(NGX_LOG_ERR, ngx_exportsite_worker.log, 0,
                      "exportsite: the spool \"%V\" is full: the oldest "
                      "%uL events are lost (exportsite_stream spool_max=)",
                      ngx_exportsite_spool_dir(), lost);
    }

    return NGX_OK;
}


/*
 * The oldest file of all workers goes while they have too much, by the hand of
 * the one that holds it. Whoever has to wait for another's looks again soon:
 * were it with the next round, each turn would take a second, and files of
 * busy workers, whose times lie between each other's, as many as there are.
 */
static void
ngx_exportsite_spool_limit(size_t more)
{
    uint64_t                      max, first;
    ngx_uint_t                    turn;
    ngx_event_t                  *ev = &ngx_exportsite_spool_waiting;
    ngx_exportsite_spool_file_t  *file;

    max = ngx_exportsite_worker.conf->stream.spool_max;

    while (ngx_exportsite_spool_total(&first) + more > max) {

        file = ngx_exportsite_spool_next(NULL);

        while (file != NULL && (file->failed || file->sending)) {
            file = ngx_exportsite_spool_next(file);
        }

        if (file == NULL) {
            return;
        }

        /* its events are counted first, unless it cannot stay anyway */

        turn = file->checked ? file->events == 0 || file->oldest <= first
                             : (uint64_t) file->end > max;

        if (!turn) {
            if (!ev->timer_set) {
                ngx_add_timer(ev, NGX_EXPORTSITE_SPOOL_TURN);
            }

            return;
        }

        if (ngx_exportsite_spool_drop(file) != NGX_OK) {
            return;
        }
    }
}


static void
ngx_exportsite_spool_again(ngx_event_t *ev)
{
    ngx_exportsite_spool_limit(0);
}


static ngx_int_t
ngx_exportsite_spool_delete(ngx_exportsite_spool_file_t *file)
{
    static ngx_uint_t  said;

    ngx_queue_remove(&file->queue);
    ngx_exportsite_spool_check_forget(file);

    if (file == ngx_exportsite_spool_current) {
        ngx_exportsite_spool_current = NULL;
    }

    if (ngx_exportsite_spool_remove(ngx_exportsite_spool_dir(), file) != NGX_OK)
    {
        if (!said) {
            said = 1;
            ngx_log_error(NGX_LOG_ERR, ngx_exportsite_worker.log, ngx_errno,
                          "exportsite: \"%V/%s\" is done with, but cannot be "
                          "removed; it is tried again every second",
                          ngx_exportsite_spool_dir(), file->name);
        }

        ngx_exportsite_spool_insert(file);
        ngx_exportsite_spool_check();
        return NGX_ERROR;
    }

    ngx_exportsite_spool_gauge();

    return NGX_OK;
}


void
ngx_exportsite_spool_finish(ngx_exportsite_spool_file_t *file)
{
    uint64_t  damaged = file->events;

    if (ngx_exportsite_spool_delete(file) != NGX_OK || damaged == 0) {
        return;
    }

    ngx_exportsite_worker.counters->events_lost[ngx_exportsite_lost_torn] +=
                                                                      damaged;
    ngx_log_error(NGX_LOG_ERR, ngx_exportsite_worker.log, 0,
                  "exportsite: %uL events of the spool were damaged on the "
                  "disk, and are lost", damaged);
}


void
ngx_exportsite_spool_sent(ngx_exportsite_spool_file_t *file, uint64_t n)
{
    uint64_t                    before;
    ngx_exportsite_counters_t  *counters = ngx_exportsite_worker.counters;

    before = ngx_min(n, file->before);
    file->before -= before;

    n = ngx_min(n - before, file->events);

    if (n > 0) {
        file->events -= n;
        counters->events_sent += n;
        counters->events_replayed += n;
        ngx_exportsite_spool_counted(file, n);
    }
}


void
ngx_exportsite_spool_reconcile(ngx_exportsite_slot_t *slot)
{
    uint64_t    last;
    es_ring_t  *ring = ngx_exportsite_slot_ring(slot);

    if (!slot->spilled || es_ring_count(ring) == 0) {
        return;
    }

    last = ngx_exportsite_spool_last(ngx_exportsite_spool_dir(),
                                     ring->producer);
    es_ring_release(ring, last);
}


ngx_uint_t
ngx_exportsite_spool_needed(ngx_exportsite_spool_file_t *file)
{
    ngx_uint_t                  n;
    ngx_exportsite_slot_t      *slot;
    ngx_exportsite_queue_sh_t  *queues = ngx_exportsite_worker.queues;

    for (n = 0; n < queues->slots; n++) {
        slot = ngx_exportsite_slot(queues, n);

        if (slot->spilled
            && ngx_exportsite_slot_ring(slot)->producer == file->producer.ring
            && ngx_exportsite_slot_orphan(slot))
        {
            return 1;
        }
    }

    return 0;
}


/*
 * All files of one ring should be replayed by one worker, in their order. So
 * whoever meets one that somebody else holds leaves all younger ones of that
 * ring to him.
 */
static ngx_uint_t
ngx_exportsite_spool_blocked(ngx_array_t *blocked, const u_char *name)
{
    ngx_uint_t   i;
    u_char     **other = blocked->elts;

    for (i = 0; i < blocked->nelts; i++) {
        if (ngx_memcmp(other[i] + 14, name + 14, 16) == 0) {
            return 1;
        }
    }

    return 0;
}


/* Complains of a file that is not ours, once in a worker's life. */
static void
ngx_exportsite_spool_foreign(const u_char *name, ngx_err_t err)
{
    static ngx_uint_t  said;

    if (!said) {
        said = 1;
        ngx_log_error(NGX_LOG_ERR, ngx_exportsite_worker.log, err,
                      "exportsite: \"%V/%s\" is no spool file of ours, or "
                      "cannot be opened: it is left alone",
                      ngx_exportsite_spool_dir(), name);
    }
}


static void
ngx_exportsite_spool_adopt(void)
{
    u_char                       *name, **other;
    ngx_int_t                     rc;
    ngx_uint_t                    i, held, taken;
    ngx_pool_t                   *pool;
    ngx_array_t                  *names, blocked;
    ngx_exportsite_spool_file_t  *file;

    pool = ngx_create_pool(4096, ngx_exportsite_worker.log);
    if (pool == NULL) {
        return;
    }

    taken = 0;
    names = ngx_exportsite_spool_names(ngx_exportsite_spool_dir(), pool);

    if (names == NULL
        || ngx_array_init(&blocked, pool, 8, sizeof(u_char *)) != NGX_OK)
    {
        ngx_destroy_pool(pool);
        return;
    }

    held = ngx_exportsite_worker.slot->spool_files;

    for (i = 0; i < names->nelts; i++) {
        name = (u_char *) names->elts + i * names->size;

        if (held + taken >= NGX_EXPORTSITE_SPOOL_MOST) {
            /* the others when these are sent */
            break;
        }

        if (ngx_exportsite_spool_holds(name)
            || ngx_exportsite_spool_blocked(&blocked, name))
        {
            continue;
        }

        ngx_set_errno(0);
        rc = ngx_exportsite_spool_open(ngx_exportsite_spool_dir(), name,
                                       &file);

        if (rc == NGX_OK) {
            ngx_exportsite_spool_insert(file);
            taken++;

        } else if (rc == NGX_ERROR) {
            ngx_exportsite_spool_foreign(name, ngx_errno);

        } else if (rc == NGX_AGAIN) {
            other = ngx_array_push(&blocked);
            if (other == NULL) {
                break;
            }

            *other = name;
        }
    }

    ngx_destroy_pool(pool);

    if (taken > 0) {
        ngx_log_error(NGX_LOG_NOTICE, ngx_exportsite_worker.log, 0,
                      "exportsite: took over %ui files of the spool", taken);
        ngx_exportsite_spool_check();
    }
}
