/*
 * An nginx pool as core/ wants one.
 */
#include "compat.h"

#include "pool.h"


typedef struct {
    es_pool_t    pool;                            /* first */
    ngx_pool_t  *ngx;
} ngx_exportsite_pool_t;


static void *
ngx_exportsite_pool_alloc(es_pool_t *pool, size_t size)
{
    return ngx_palloc(((ngx_exportsite_pool_t *) pool)->ngx, size);
}


es_pool_t *
ngx_exportsite_pool(ngx_pool_t *pool)
{
    ngx_exportsite_pool_t  *p;

    p = ngx_palloc(pool, sizeof(ngx_exportsite_pool_t));
    if (p == NULL) {
        return NULL;
    }

    p->pool.alloc = ngx_exportsite_pool_alloc;
    p->ngx = pool;

    return &p->pool;
}


ngx_pool_t *
ngx_exportsite_pool_of(es_pool_t *pool)
{
    return ((ngx_exportsite_pool_t *) pool)->ngx;
}
