/*
 * An nginx pool as core/ wants one.
 */
#ifndef NGX_EXPORTSITE_POOL_H
#define NGX_EXPORTSITE_POOL_H

#include "compat.h"


/* An es_pool_t over an nginx pool, and in it; NULL without memory. */
es_pool_t *ngx_exportsite_pool(ngx_pool_t *pool);

/* The nginx pool behind it. */
ngx_pool_t *ngx_exportsite_pool_of(es_pool_t *pool);

#endif
