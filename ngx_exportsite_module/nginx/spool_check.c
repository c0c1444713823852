/*
 * What a killed worker left may end in the middle of an event.
 */
#include "compat.h"

#include "../core/event.h"
#include "spool_check.h"
#include "spool_list.h"
#include "worker.h"


static void ngx_exportsite_spool_check_step(ngx_event_t *ev);
static void ngx_exportsite_spool_check_end(ngx_exportsite_spool_file_t *file,
    ngx_uint_t torn);


static ngx_event_t                   ngx_exportsite_spool_check_event;
static ngx_exportsite_spool_file_t  *ngx_exportsite_spool_checking;
static void                        (*ngx_exportsite_spool_check_done)(void);


void
ngx_exportsite_spool_check_init(void (*done)(void))
{
    ngx_event_t  *ev = &ngx_exportsite_spool_check_event;

    ngx_exportsite_spool_check_done = done;

    ev->handler = ngx_exportsite_spool_check_step;
    ev->data = &ngx_exportsite_worker.redis;
    ev->log = ngx_exportsite_worker.log;
}


void
ngx_exportsite_spool_check(void)
{
    ngx_event_t                  *ev = &ngx_exportsite_spool_check_event;
    ngx_exportsite_spool_file_t  *file;

    if (ngx_exportsite_spool_checking == NULL) {

        file = ngx_exportsite_spool_next(NULL);

        while (file != NULL && (file->checked || file->failed)) {
            file = ngx_exportsite_spool_next(file);
        }

        if (file == NULL) {
            return;
        }

        ngx_exportsite_spool_checking = file;
    }

    if (!ev->posted) {
        ngx_post_event(ev, &ngx_posted_next_events);
    }
}


void
ngx_exportsite_spool_check_forget(ngx_exportsite_spool_file_t *file)
{
    if (file == ngx_exportsite_spool_checking) {
        ngx_exportsite_spool_checking = NULL;
        ngx_exportsite_spool_check();
    }
}


void
ngx_exportsite_spool_check_stop(void)
{
    ngx_exportsite_spool_checking = NULL;

    if (ngx_exportsite_spool_check_event.posted) {
        ngx_delete_posted_event(&ngx_exportsite_spool_check_event);
    }
}


/* What is damaged is passed over, and counted once however long it is. */
static void
ngx_exportsite_spool_check_damage(ngx_exportsite_spool_file_t *file)
{
    if (!file->damaged) {
        file->damaged = 1;
        ngx_exportsite_count(events_lost[ngx_exportsite_lost_torn]);
    }
}


static void
ngx_exportsite_spool_check_record(ngx_exportsite_spool_file_t *file,
    es_spool_record_t *rec)
{
    file->damaged = 0;

    if (!es_event_sound((es_str_t) { rec->len, rec->data }, rec->args)) {
        ngx_exportsite_count(events_lost[ngx_exportsite_lost_torn]);
        return;
    }

    file->last = rec->seq;
    file->events += (rec->flags & ES_SPOOL_SENT) == 0;
    file->doubtful |= rec->flags != 0;

    if (file->oldest == 0) {
        file->oldest = rec->at_ms;
    }
}


static void
ngx_exportsite_spool_check_step(ngx_event_t *ev)
{
    char                         *data;
    size_t                        p, used;
    ssize_t                       n;
    es_spool_e                    rc;
    es_spool_record_t             rec;
    ngx_exportsite_spool_file_t  *file = ngx_exportsite_spool_checking;

    if (file == NULL) {
        return;
    }

    n = ngx_exportsite_spool_read(file, file->size, &data);

    if (n < 0) {
        ngx_exportsite_spool_unreadable(file);
        ngx_exportsite_spool_checking = NULL;
        ngx_exportsite_spool_check();
        return;
    }

    rc = ES_SPOOL_RECORD;

    for (p = 0; p < (size_t) n; p += used) {
        rc = es_spool_get(data + p, n - p, &rec, &used);

        if (rc == ES_SPOOL_MORE) {
            break;
        }

        if (rc == ES_SPOOL_RECORD) {
            ngx_exportsite_spool_check_record(file, &rec);

        } else {
            ngx_exportsite_spool_check_damage(file);
        }
    }

    file->size += p;

    if (p == 0 || file->size >= file->end) {
        ngx_exportsite_spool_check_end(file, file->size < file->end);
        return;
    }

    ngx_exportsite_spool_check();
}


/* Behind size stands nothing, or the beginning of an event. */
static void
ngx_exportsite_spool_check_end(ngx_exportsite_spool_file_t *file,
    ngx_uint_t torn)
{
    if (torn) {
        /* a worker killed while it wrote still had all of that in memory */

        if (file->producer.part < ngx_exportsite_worker.queues->since) {
            ngx_exportsite_spool_check_damage(file);
        }

        ngx_log_error(NGX_LOG_NOTICE, ngx_exportsite_worker.log, 0,
                      "exportsite: cut %O bytes of a torn event off \"%s\"",
                      file->end - file->size, file->name);

        if (ftruncate(file->fd, file->size) == -1) {
            ngx_log_error(NGX_LOG_ERR, ngx_exportsite_worker.log, ngx_errno,
                          "exportsite: ftruncate() of \"%s\" failed",
                          file->name);
        }
    }

    file->before = ngx_min(file->sent, file->events);
    file->events -= file->before;
    file->end = file->size;
    file->checked = 1;

    ngx_exportsite_spool_checking = NULL;
    ngx_exportsite_spool_gauge();
    ngx_exportsite_spool_check_done();
    ngx_exportsite_spool_check();
}
