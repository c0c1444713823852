/*
 * Full files are written to the disk itself, in nginx's thread pool, since that
 * may take its time.
 */
#ifndef NGX_EXPORTSITE_SPOOL_SYNC_H
#define NGX_EXPORTSITE_SPOOL_SYNC_H

#include "spool_file.h"


void ngx_exportsite_spool_sync_init(void);

/* Begins with the oldest file that is full and not on disk yet. */
void ngx_exportsite_spool_sync(void);

/* The thread pool is gone. */
void ngx_exportsite_spool_sync_stop(void);

#endif
