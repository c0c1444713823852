/*
 * The part of the status page about slots.
 */
#ifndef NGX_EXPORTSITE_STATUS_SLOTS_H
#define NGX_EXPORTSITE_STATUS_SLOTS_H

#include "json.h"
#include "zone.h"


json_t *ngx_exportsite_status_slots(ngx_exportsite_counters_t *sum);

#endif
