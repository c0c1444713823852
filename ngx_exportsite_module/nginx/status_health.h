/*
 * What is not well, for a person to read first.
 */
#ifndef NGX_EXPORTSITE_STATUS_HEALTH_H
#define NGX_EXPORTSITE_STATUS_HEALTH_H

#include "status_sums.h"


#define NGX_EXPORTSITE_FINDINGS  9

/* A sentence: the count, where there is one, its text, then the detail. */
typedef struct {
    ngx_uint_t   bad;          /* does not work now; else: wants a look */
    uint64_t     count;        /* 0: none is told */
    const char  *text;
    es_str_t     detail;       /* foreign text, may be empty */
} ngx_exportsite_finding_t;


/* Fills finding[NGX_EXPORTSITE_FINDINGS], the worst first; returns how many. */
ngx_uint_t ngx_exportsite_status_health(ngx_exportsite_status_t *status,
    ngx_exportsite_finding_t *finding);

#endif
