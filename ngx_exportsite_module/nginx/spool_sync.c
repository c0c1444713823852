/*
 * fsync() of full files, one after the other. An nginx without threads leaves
 * it to the system.
 */
#include "compat.h"

#include "spool_list.h"
#include "spool_sync.h"
#include "worker.h"


#if (NGX_THREADS)

static void ngx_exportsite_spool_sync_thread(void *data, ngx_log_t *log);
static void ngx_exportsite_spool_sync_done(ngx_event_t *ev);


/* What the thread works on: a descriptor of its own, so the file may go. */
typedef struct {
    ngx_fd_t                      fd;
    ngx_err_t                     err;
    unsigned                      busy:1;
    unsigned                      stopped:1;
} ngx_exportsite_spool_sync_t;


static ngx_thread_task_t            ngx_exportsite_spool_task;
static ngx_exportsite_spool_sync_t  ngx_exportsite_spool_syncing;


void
ngx_exportsite_spool_sync_init(void)
{
    ngx_thread_task_t  *task = &ngx_exportsite_spool_task;

    task->ctx = &ngx_exportsite_spool_syncing;
    task->handler = ngx_exportsite_spool_sync_thread;
    task->event.data = &ngx_exportsite_spool_syncing;
    task->event.handler = ngx_exportsite_spool_sync_done;
    task->event.log = ngx_exportsite_worker.log;
}


void
ngx_exportsite_spool_sync(void)
{
    ngx_exportsite_spool_file_t  *file;
    ngx_exportsite_spool_sync_t  *sync = &ngx_exportsite_spool_syncing;

    if (sync->busy || sync->stopped
        || ngx_exportsite_worker.conf->stream.threads == NULL)
    {
        return;
    }

    file = ngx_exportsite_spool_next(NULL);

    while (file != NULL && !file->dirty) {
        file = ngx_exportsite_spool_next(file);
    }

    if (file == NULL) {
        return;
    }

    file->dirty = 0;
    sync->err = 0;
    sync->fd = dup(file->fd);

    if (sync->fd == -1) {
        return;
    }

    if (ngx_thread_task_post(ngx_exportsite_worker.conf->stream.threads,
                             &ngx_exportsite_spool_task)
        == NGX_OK)
    {
        sync->busy = 1;
        return;
    }

    (void) ngx_close_file(sync->fd);
}


void
ngx_exportsite_spool_sync_stop(void)
{
    ngx_exportsite_spool_syncing.stopped = 1;
}


static void
ngx_exportsite_spool_sync_thread(void *data, ngx_log_t *log)
{
    ngx_exportsite_spool_sync_t  *sync = data;

    if (fsync(sync->fd) == -1) {
        sync->err = ngx_errno;
    }
}


static void
ngx_exportsite_spool_sync_done(ngx_event_t *ev)
{
    ngx_exportsite_spool_sync_t  *sync = ev->data;

    (void) ngx_close_file(sync->fd);
    sync->busy = 0;

    if (sync->err) {
        ngx_log_error(NGX_LOG_ERR, ngx_exportsite_worker.log, sync->err,
                      "exportsite: fsync() of a file of the spool failed");
    }

    ngx_exportsite_spool_sync();
}

#else

void
ngx_exportsite_spool_sync_init(void)
{
}


void
ngx_exportsite_spool_sync(void)
{
}


void
ngx_exportsite_spool_sync_stop(void)
{
}

#endif
