/*
 * The parts of the JSON status about events: where they are, and what became of
 * them.
 */
#ifndef NGX_EXPORTSITE_STATUS_EVENTS_H
#define NGX_EXPORTSITE_STATUS_EVENTS_H

#include "json.h"
#include "status_sums.h"


json_t *ngx_exportsite_status_events(ngx_exportsite_status_t *status);
json_t *ngx_exportsite_status_spool(ngx_exportsite_status_t *status);

/* One object for each living worker. */
json_t *ngx_exportsite_status_workers(ngx_exportsite_status_t *status);

/* An object of counts by their names. */
json_t *ngx_exportsite_status_counts(
    const ngx_exportsite_status_names_t *names, const uint64_t *count);

#endif
