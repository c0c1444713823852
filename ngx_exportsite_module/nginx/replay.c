/*
 * Replay. Each file has a mark of its own in Redis, and its batches carry the
 * numbers that the events had in memory, so that what got there before a worker
 * died is passed over. The first events of a file may have been sent from
 * memory before they were written there: they go by the name and the mark of
 * their ring, which sends no others by that name any more.
 */
#include "compat.h"

#include "../core/event.h"
#include "batch.h"
#include "replay.h"
#include "spool.h"
#include "worker.h"


/* Redis may forget what it acknowledged last: files stay for so long. */
#define NGX_EXPORTSITE_REPLAY_HOLD   2000

#define NGX_EXPORTSITE_REPLAY_FIRST  2000


/* What a batch was made of. */
typedef struct {
    ngx_exportsite_flight_t       flight;         /* first: found from it */
    ngx_exportsite_spool_file_t  *file;
    off_t                         end;            /* of it, in the file */
    ngx_uint_t                    fresh;          /* never sent before */
} ngx_exportsite_replay_t;


static ngx_exportsite_spool_file_t *ngx_exportsite_replay_file(void);
static void ngx_exportsite_replay_piece(ngx_exportsite_spool_file_t *file);
static void ngx_exportsite_replay_landed(ngx_exportsite_flight_t *flight,
    ngx_int_t rc);
static void ngx_exportsite_replay_step(ngx_event_t *ev);


static ngx_exportsite_replay_t    ngx_exportsite_replay;
static ngx_event_t                ngx_exportsite_replay_event;
static ngx_msec_t                 ngx_exportsite_replay_since;
static ngx_uint_t                 ngx_exportsite_replay_on;
static void                     (*ngx_exportsite_replay_idle)(void);


void
ngx_exportsite_replay_init(void (*idle)(void))
{
    ngx_event_t  *ev = &ngx_exportsite_replay_event;

    ngx_exportsite_replay_idle = idle;
    ngx_exportsite_replay.flight.landed = ngx_exportsite_replay_landed;

    ev->handler = ngx_exportsite_replay_step;
    ev->data = &ngx_exportsite_worker.redis;
    ev->log = ngx_exportsite_worker.log;
}


/* The first that has something to send. */
static ngx_exportsite_spool_file_t *
ngx_exportsite_replay_file(void)
{
    ngx_exportsite_spool_file_t  *file;

    file = ngx_exportsite_spool_next(NULL);

    while (file != NULL && (file->done || file->failed)) {
        file = ngx_exportsite_spool_next(file);
    }

    return file;
}


ngx_uint_t
ngx_exportsite_replay_first(void)
{
    if (ngx_exiting || ngx_exportsite_replay_file() == NULL) {
        return 0;
    }

    return !ngx_exportsite_replay_on
           || ngx_current_msec - ngx_exportsite_replay_since
              < NGX_EXPORTSITE_REPLAY_FIRST;
}


/* What is under way cannot be given up, and nobody waits for that. */
static void
ngx_exportsite_replay_sending(ngx_exportsite_spool_file_t *file, ngx_int_t rc)
{
    file->sending = rc == NGX_OK;
    ngx_exportsite_spool_gauge();
}


void
ngx_exportsite_replay_go(void)
{
    ngx_exportsite_spool_file_t  *file;
    ngx_exportsite_replay_t      *replay = &ngx_exportsite_replay;

    if (replay->flight.busy || ngx_exiting || !ngx_exportsite_batch_ready()) {
        return;
    }

    file = ngx_exportsite_replay_file();

    if (file == NULL) {

        if (ngx_exportsite_replay_on) {
            ngx_exportsite_replay_on = 0;
            ngx_exportsite_replay_idle();
        }

        return;
    }

    if (!ngx_exportsite_replay_on) {
        ngx_exportsite_replay_on = 1;
        ngx_exportsite_replay_since = ngx_current_msec;
    }

    if (!file->checked) {
        return;
    }

    replay->file = file;
    replay->flight.producer = file->producer;

    if (file->doubtful && !file->asked) {
        replay->flight.producer.part = 0;
    }

    if (replay->flight.producer.part == 0 || !file->marked) {
        ngx_exportsite_replay_sending(file,
                                  ngx_exportsite_batch_mark(&replay->flight));
        return;
    }

    ngx_exportsite_replay_piece(file);
}


static void
ngx_exportsite_replay_step(ngx_event_t *ev)
{
    ngx_exportsite_replay_go();
}


/* Is this one in Redis by what the marks say? Counts it if that is news. */
static ngx_uint_t
ngx_exportsite_replay_written(ngx_exportsite_spool_file_t *file,
    es_spool_record_t *rec)
{
    if (rec->seq > (rec->flags ? file->origin : file->mark)) {
        return 0;
    }

    if (rec->seq > file->acked) {
        file->acked = rec->seq;

        if (!(rec->flags & ES_SPOOL_SENT)) {
            ngx_exportsite_spool_sent(file, 1);
        }
    }

    return 1;
}


static void
ngx_exportsite_replay_done(ngx_exportsite_spool_file_t *file)
{
    file->done = 1;
    file->done_at = ngx_current_msec;

    ngx_exportsite_spool_seal(file);
}


/* Sends a batch from the file, or passes over what Redis has. */
static void
ngx_exportsite_replay_piece(ngx_exportsite_spool_file_t *file)
{
    char                     *data;
    size_t                    p, used;
    ssize_t                   n;
    es_spool_e                rc;
    ngx_uint_t                doubtful;
    es_spool_record_t         rec;
    ngx_exportsite_replay_t  *replay = &ngx_exportsite_replay;

    n = ngx_exportsite_spool_read(file, file->offset, &data);

    if (n < 0) {
        ngx_exportsite_spool_unreadable(file);
        ngx_post_event(&ngx_exportsite_replay_event, &ngx_posted_next_events);
        return;
    }

    ngx_exportsite_batch_begin(&replay->flight);
    replay->fresh = 0;
    doubtful = 0;

    for (p = 0; p < (size_t) n; p += used) {
        rc = es_spool_get(data + p, n - p, &rec, &used);

        if (rc == ES_SPOOL_MORE) {
            break;
        }

        if (rc == ES_SPOOL_DAMAGED
            || !es_event_sound((es_str_t) { rec.len, rec.data }, rec.args)
            || ngx_exportsite_replay_written(file, &rec))
        {
            continue;
        }

        if (replay->flight.events == 0) {
            doubtful = rec.flags != 0;
            replay->flight.producer.part = doubtful ? 0 : file->producer.part;

        } else if (doubtful != (rec.flags != 0)) {
            break;
        }

        if (!ngx_exportsite_batch_add(&replay->flight, rec.seq, rec.data,
                                      rec.len, rec.args))
        {
            break;
        }

        replay->fresh += !(rec.flags & ES_SPOOL_SENT) && rec.seq > file->acked;
    }

    replay->end = file->offset + p;

    if (replay->flight.events > 0) {
        ngx_exportsite_replay_sending(file,
                                  ngx_exportsite_batch_send(&replay->flight));
        return;
    }

    file->offset = replay->end;

    if (p == 0 || file->offset >= file->size) {
        ngx_exportsite_replay_done(file);
    }

    ngx_exportsite_spool_gauge();

    /* nothing was sent: on with it, but let others have their turn */
    ngx_post_event(&ngx_exportsite_replay_event, &ngx_posted_next_events);
}


static void
ngx_exportsite_replay_marked(ngx_exportsite_spool_file_t *file, uint64_t mark)
{
    if (file->doubtful && !file->asked) {
        file->origin = mark;
        file->asked = 1;
        return;
    }

    file->mark = mark;
    file->marked = 1;

    if (mark >= file->last) {
        ngx_exportsite_spool_sent(file, file->before + file->events);
        file->acked = file->last;
        file->offset = file->size;
        ngx_exportsite_replay_done(file);
        ngx_exportsite_spool_gauge();
    }
}


static void
ngx_exportsite_replay_landed(ngx_exportsite_flight_t *flight, ngx_int_t rc)
{
    ngx_exportsite_replay_t      *replay = (ngx_exportsite_replay_t *) flight;
    ngx_exportsite_spool_file_t  *file = replay->file;

    ngx_exportsite_replay_sending(file, NGX_DONE);

    if (rc != NGX_OK) {
        return;
    }

    if (flight->events == 0) {
        ngx_exportsite_replay_marked(file, flight->mark);

    } else {
        ngx_exportsite_spool_sent(file, replay->fresh);
        ngx_exportsite_worker.counters->events_repeated += flight->events
                                                           - replay->fresh;
        if (flight->producer.part == 0) {
            file->origin = flight->last;

        } else {
            file->mark = flight->last;
        }

        file->acked = ngx_max(file->acked, flight->last);
        file->offset = replay->end;

        if (file->offset >= file->size) {
            ngx_exportsite_replay_done(file);
        }

        ngx_exportsite_spool_gauge();
    }

    ngx_exportsite_replay_go();
}


void
ngx_exportsite_replay_lost(void)
{
    ngx_exportsite_spool_file_t  *file;

    ngx_exportsite_replay_on = 0;

    for (file = ngx_exportsite_spool_next(NULL);
         file != NULL;
         file = ngx_exportsite_spool_next(file))
    {
        file->asked = 0;
        file->marked = 0;
        file->done = 0;
        file->offset = ES_SPOOL_HEAD;
    }
}


void
ngx_exportsite_replay_round(void)
{
    ngx_exportsite_spool_file_t  *file, *next;

    for (file = ngx_exportsite_spool_next(NULL); file != NULL; file = next) {
        next = ngx_exportsite_spool_next(file);

        if (file->done && !file->failed
            && ngx_current_msec - file->done_at >= NGX_EXPORTSITE_REPLAY_HOLD
            && !ngx_exportsite_spool_needed(file))
        {
            ngx_exportsite_spool_finish(file);
        }
    }

    ngx_exportsite_replay_go();
}
