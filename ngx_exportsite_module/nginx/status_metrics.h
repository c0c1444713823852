/*
 * The numbers that Prometheus gets: their names, kinds and meanings, and where
 * they are in what was gathered.
 */
#ifndef NGX_EXPORTSITE_STATUS_METRICS_H
#define NGX_EXPORTSITE_STATUS_METRICS_H

#include "status_names.h"


typedef enum {
    ngx_exportsite_metric_counter = 0,
    ngx_exportsite_metric_gauge,
    ngx_exportsite_metric_age             /* a gauge of ms, told in seconds */
} ngx_exportsite_metric_e;

typedef struct {
    const char                           *name;     /* without exportsite_ */
    const char                           *help;
    ngx_exportsite_metric_e               kind;
    size_t                                offset;   /* in status_t */
    const ngx_exportsite_status_names_t  *names;    /* one each; or NULL */
} ngx_exportsite_metric_t;


/* Ends with one without name. */
extern const ngx_exportsite_metric_t  ngx_exportsite_metrics[];

#endif
