/*
 * The status as JSON, for programs.
 */
#ifndef NGX_EXPORTSITE_STATUS_JSON_H
#define NGX_EXPORTSITE_STATUS_JSON_H

#include "json.h"
#include "status_sums.h"


/* NULL without memory. */
json_t *ngx_exportsite_status_json(ngx_exportsite_status_t *status);

#endif
