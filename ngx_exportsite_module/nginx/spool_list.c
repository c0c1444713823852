/*
 * The files that a worker holds, the oldest first.
 */
#include "compat.h"

#include "spool_list.h"


static ngx_queue_t  ngx_exportsite_spool_files;


ngx_uint_t
ngx_exportsite_spool_on(void)
{
    return ngx_exportsite_worker.conf->stream.spool != NULL;
}


void
ngx_exportsite_spool_list_init(void)
{
    ngx_queue_init(&ngx_exportsite_spool_files);
}


void
ngx_exportsite_spool_insert(ngx_exportsite_spool_file_t *file)
{
    ngx_queue_t                  *q;
    ngx_exportsite_spool_file_t  *other;

    for (q = ngx_queue_last(&ngx_exportsite_spool_files);
         q != ngx_queue_sentinel(&ngx_exportsite_spool_files);
         q = ngx_queue_prev(q))
    {
        other = ngx_queue_data(q, ngx_exportsite_spool_file_t, queue);

        if (ngx_strcmp(other->name, file->name) < 0) {
            break;
        }
    }

    ngx_queue_insert_after(q, &file->queue);
    ngx_exportsite_spool_gauge();
}


ngx_exportsite_spool_file_t *
ngx_exportsite_spool_next(ngx_exportsite_spool_file_t *file)
{
    ngx_queue_t  *q;

    if (!ngx_exportsite_spool_on()) {
        return NULL;
    }

    q = file ? ngx_queue_next(&file->queue)
             : ngx_queue_head(&ngx_exportsite_spool_files);

    return q == ngx_queue_sentinel(&ngx_exportsite_spool_files)
           ? NULL : ngx_queue_data(q, ngx_exportsite_spool_file_t, queue);
}


void
ngx_exportsite_spool_gauge(void)
{
    ngx_exportsite_slot_t        *slot = ngx_exportsite_worker.slot;
    ngx_exportsite_spool_file_t  *file;

    slot->spool_bytes = 0;
    slot->spool_events = 0;
    slot->spool_files = 0;
    slot->spool_oldest = 0;
    slot->spool_first = 0;

    for (file = ngx_exportsite_spool_next(NULL);
         file != NULL;
         file = ngx_exportsite_spool_next(file))
    {
        slot->spool_bytes += ngx_max(file->end, file->size);
        slot->spool_events += file->events;
        slot->spool_files++;

        if (file->events == 0 || file->failed) {
            continue;
        }

        if (slot->spool_oldest == 0) {
            slot->spool_oldest = file->oldest;
        }

        if (slot->spool_first == 0 && !file->sending) {
            slot->spool_first = file->oldest;
        }
    }
}


ngx_uint_t
ngx_exportsite_spool_holds(const u_char *name)
{
    ngx_exportsite_spool_file_t  *file;

    for (file = ngx_exportsite_spool_next(NULL);
         file != NULL;
         file = ngx_exportsite_spool_next(file))
    {
        if (ngx_strcmp(file->name, name) == 0) {
            return 1;
        }
    }

    return 0;
}


void
ngx_exportsite_spool_unreadable(ngx_exportsite_spool_file_t *file)
{
    file->failed = 1;
    ngx_exportsite_spool_gauge();

    ngx_log_error(NGX_LOG_ERR, ngx_exportsite_worker.log, ngx_errno,
                  "exportsite: \"%V/%s\" cannot be read: its events are tried "
                  "again when nginx starts anew", ngx_exportsite_spool_dir(),
                  file->name);
}
