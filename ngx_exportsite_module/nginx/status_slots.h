/*
 * The part of the JSON status about slots.
 */
#ifndef NGX_EXPORTSITE_STATUS_SLOTS_H
#define NGX_EXPORTSITE_STATUS_SLOTS_H

#include "json.h"
#include "status_sums.h"


json_t *ngx_exportsite_status_slots(ngx_exportsite_status_t *status);

#endif
