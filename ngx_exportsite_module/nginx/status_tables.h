/*
 * The tables of the status page that have a row for each thing: workers,
 * databases, segments, contents that cannot be taken.
 */
#ifndef NGX_EXPORTSITE_STATUS_TABLES_H
#define NGX_EXPORTSITE_STATUS_TABLES_H

#include "reply.h"
#include "status_sums.h"


void ngx_exportsite_status_tables(ngx_exportsite_reply_t *reply,
    ngx_exportsite_status_t *status);

#endif
