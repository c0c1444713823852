/*
 * The status in Prometheus' text exposition format, version 0.0.4.
 */
#ifndef NGX_EXPORTSITE_STATUS_PROMETHEUS_H
#define NGX_EXPORTSITE_STATUS_PROMETHEUS_H

#include "reply.h"
#include "status_sums.h"


void ngx_exportsite_status_prometheus(ngx_exportsite_reply_t *reply,
    ngx_exportsite_status_t *status);

#endif
