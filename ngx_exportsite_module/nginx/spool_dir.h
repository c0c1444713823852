/*
 * The spool's directory: what files are called, and which are there.
 */
#ifndef NGX_EXPORTSITE_SPOOL_DIR_H
#define NGX_EXPORTSITE_SPOOL_DIR_H

#include "compat.h"


/* 13 digits, "-", 16 hex digits, ".spool" */
#define NGX_EXPORTSITE_SPOOL_NAME  36

/*
 * DIR/NAME, terminated, in a place that the next call takes again; NULL with
 * ngx_errno set if it is too long.
 */
u_char *ngx_exportsite_spool_path(ngx_str_t *dir, const u_char *name);

/* Is this the name of one of ours? If so, whose. */
ngx_uint_t ngx_exportsite_spool_named(const u_char *name, size_t len,
    uint64_t *producer);

/*
 * The names of all our files in dir, sorted, that is, the oldest first: an
 * array of NGX_EXPORTSITE_SPOOL_NAME + 1 bytes each. NULL with ngx_errno set.
 */
ngx_array_t *ngx_exportsite_spool_names(ngx_str_t *dir, ngx_pool_t *pool);

#endif
