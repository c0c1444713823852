/*
 * Files that were taken over are read once before they are sent: what of them
 * is good, and how many events that is.
 */
#ifndef NGX_EXPORTSITE_SPOOL_CHECK_H
#define NGX_EXPORTSITE_SPOOL_CHECK_H

#include "spool_file.h"


/* done() is called after each file. */
void ngx_exportsite_spool_check_init(void (*done)(void));

/* Goes on with the first file that is not checked, a piece in each turn. */
void ngx_exportsite_spool_check(void);

void ngx_exportsite_spool_check_forget(ngx_exportsite_spool_file_t *file);
void ngx_exportsite_spool_check_stop(void);

#endif
