/*
 * The files of the spool that a worker holds, and what waits in them.
 */
#ifndef NGX_EXPORTSITE_SPOOL_LIST_H
#define NGX_EXPORTSITE_SPOOL_LIST_H

#include "spool_file.h"
#include "worker.h"


/* Whether there is a spool; if not, there are no files. */
ngx_uint_t ngx_exportsite_spool_on(void);

/* Where it is */
static ngx_inline ngx_str_t *
ngx_exportsite_spool_dir(void)
{
    return &ngx_exportsite_worker.conf->stream.spool->name;
}

void ngx_exportsite_spool_list_init(void);

/* Adds a file, in the order of names: the oldest is the first. */
void ngx_exportsite_spool_insert(ngx_exportsite_spool_file_t *file);

/* The files held, the oldest first; NULL after the last, and at first. */
ngx_exportsite_spool_file_t *ngx_exportsite_spool_next(
    ngx_exportsite_spool_file_t *file);

/* Whether a file of that name is among them */
ngx_uint_t ngx_exportsite_spool_holds(const u_char *name);

/* A file cannot be read: it stays, for somebody to look at. */
void ngx_exportsite_spool_unreadable(ngx_exportsite_spool_file_t *file);

/* Says the sums of what waits in files on the status page. */
void ngx_exportsite_spool_gauge(void);

#endif
