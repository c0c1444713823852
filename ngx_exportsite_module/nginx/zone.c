/*
 * The shared memory zones: declared while nginx.conf is read, laid out when
 * they are new, taken over as they are on a reload.
 */
#include "compat.h"

#include <openssl/rand.h>

#include "content.h"
#include "zone.h"


#define NGX_EXPORTSITE_SLOTS_MIN  64


typedef ngx_int_t (*ngx_exportsite_layout_pt)(ngx_exportsite_zone_t *zone,
    ngx_exportsite_main_conf_t *mcf);


static ngx_shm_zone_t *ngx_exportsite_add_zone(ngx_conf_t *cf,
    ngx_exportsite_main_conf_t *mcf, const char *suffix, size_t size,
    ngx_shm_zone_init_pt init);
static ngx_int_t ngx_exportsite_init_zone(ngx_shm_zone_t *shm_zone, void *data,
    ngx_exportsite_layout_pt layout);
static void *ngx_exportsite_zone_rest(ngx_exportsite_zone_t *zone,
    size_t *size);
static ngx_int_t ngx_exportsite_init_profiles(ngx_shm_zone_t *shm_zone,
    void *data);
static ngx_int_t ngx_exportsite_init_state(ngx_shm_zone_t *shm_zone,
    void *data);
static ngx_int_t ngx_exportsite_init_queues(ngx_shm_zone_t *shm_zone,
    void *data);
static ngx_int_t ngx_exportsite_init_contents(ngx_shm_zone_t *shm_zone,
    void *data);


/*
 * Old workers finish while new ones begin, some of them after hours; so there
 * are many more slots than workers. An untouched one costs address space only.
 * The number does not follow worker_processes closely, as a zone that changes
 * its size starts empty.
 */
static ngx_uint_t
ngx_exportsite_places(ngx_conf_t *cf)
{
    ngx_uint_t        n, workers;
    ngx_core_conf_t  *ccf;

    ccf = (ngx_core_conf_t *) ngx_get_conf(cf->cycle->conf_ctx,
                                           ngx_core_module);

    workers = ngx_ncpu > 0 ? (ngx_uint_t) ngx_ncpu : 1;

    if (ccf->worker_processes != NGX_CONF_UNSET
        && (ngx_uint_t) ccf->worker_processes > workers)
    {
        workers = ccf->worker_processes;
    }

    for (n = NGX_EXPORTSITE_SLOTS_MIN; n < 4 * workers; n *= 2) { /* void */ }

    return n;
}


static size_t
ngx_exportsite_slot_size(ngx_exportsite_main_conf_t *mcf)
{
    return ngx_align(ngx_align(sizeof(ngx_exportsite_slot_t), 64)
                     + es_ring_region(mcf->stream.buffer), ngx_pagesize);
}


ngx_int_t
ngx_exportsite_add_zones(ngx_conf_t *cf, ngx_exportsite_main_conf_t *mcf)
{
    size_t  queues;

    queues = ngx_exportsite_places(cf) * ngx_exportsite_slot_size(mcf);
    queues += queues / 64 + 16 * ngx_pagesize;

    mcf->profile_zone = ngx_exportsite_add_zone(cf, mcf, "", mcf->zone_size,
                                                ngx_exportsite_init_profiles);

    mcf->state_zone = ngx_exportsite_add_zone(cf, mcf, ":state",
                                  sizeof(ngx_exportsite_state_sh_t)
                                  + sizeof(ngx_exportsite_state_sh_t) / 64
                                  + 16 * ngx_pagesize,
                                  ngx_exportsite_init_state);

    mcf->queue_zone = ngx_exportsite_add_zone(cf, mcf, ":queues",
                                              ngx_align(queues, ngx_pagesize),
                                              ngx_exportsite_init_queues);

    if (mcf->profile_zone == NULL || mcf->state_zone == NULL
        || mcf->queue_zone == NULL)
    {
        return NGX_ERROR;
    }

    if (mcf->redis_slots == 0 || mcf->redis.sockaddr == NULL) {
        return NGX_OK;
    }

    mcf->contents_zone = ngx_exportsite_add_zone(cf, mcf, ":contents",
                                                 NGX_EXPORTSITE_CONTENTS_ZONE,
                                                 ngx_exportsite_init_contents);

    return mcf->contents_zone ? NGX_OK : NGX_ERROR;
}


static ngx_shm_zone_t *
ngx_exportsite_add_zone(ngx_conf_t *cf, ngx_exportsite_main_conf_t *mcf,
    const char *suffix, size_t size, ngx_shm_zone_init_pt init)
{
    ngx_str_t               name;
    ngx_shm_zone_t         *shm_zone;
    ngx_exportsite_zone_t  *zone;

    name.data = ngx_pnalloc(cf->pool, mcf->zone_name.len + 16);
    zone = ngx_pcalloc(cf->pool, sizeof(ngx_exportsite_zone_t));

    if (name.data == NULL || zone == NULL) {
        return NULL;
    }

    name.len = ngx_sprintf(name.data, "%V%s", &mcf->zone_name, suffix)
               - name.data;

    shm_zone = ngx_shared_memory_add(cf, &name, size, &ngx_exportsite_module);
    if (shm_zone == NULL) {
        return NULL;
    }

    zone->conf = mcf;
    shm_zone->init = init;
    shm_zone->data = zone;

    return shm_zone;
}


/* The three ways in: handed over by the old cycle, already there, new. */
static ngx_int_t
ngx_exportsite_init_zone(ngx_shm_zone_t *shm_zone, void *data,
    ngx_exportsite_layout_pt layout)
{
    ngx_exportsite_zone_t  *zone = shm_zone->data;
    ngx_exportsite_zone_t  *old = data;

    zone->shpool = (ngx_slab_pool_t *) shm_zone->shm.addr;

    if (old != NULL) {
        zone->sh = old->sh;
        zone->shpool = old->shpool;
        return NGX_OK;
    }

    if (shm_zone->shm.exists) {
        zone->sh = zone->shpool->data;
        return NGX_OK;
    }

    zone->shpool->log_nomem = 0;

    if (layout(zone, zone->conf) != NGX_OK) {
        ngx_log_error(NGX_LOG_EMERG, shm_zone->shm.log, 0,
                      "exportsite: zone \"%V\" is too small",
                      &shm_zone->shm.name);
        return NGX_ERROR;
    }

    zone->shpool->data = zone->sh;

    return NGX_OK;
}


/* All that the slab pool still has, as one piece of whole pages. */
static void *
ngx_exportsite_zone_rest(ngx_exportsite_zone_t *zone, size_t *size)
{
    *size = zone->shpool->pfree * ngx_pagesize;

    return ngx_slab_alloc(zone->shpool, *size);
}


static ngx_int_t
ngx_exportsite_layout_profiles(ngx_exportsite_zone_t *zone,
    ngx_exportsite_main_conf_t *mcf)
{
    size_t                        size, unknown;
    ngx_exportsite_profile_sh_t  *sh;

    sh = ngx_exportsite_zone_rest(zone, &size);
    if (sh == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(sh, sizeof(ngx_exportsite_profile_sh_t));

    /* a 64th of the zone remembers the ids that Redis does not know */
    sh->unknown_sets = size / 64 / (NGX_EXPORTSITE_UNKNOWN_WAYS
                                    * sizeof(ngx_exportsite_unknown_t));
    unknown = sh->unknown_sets * NGX_EXPORTSITE_UNKNOWN_WAYS
              * sizeof(ngx_exportsite_unknown_t);

    sh->unknown_offset = ngx_align(sizeof(ngx_exportsite_profile_sh_t), 64);
    sh->cache_offset = ngx_align(sh->unknown_offset + unknown, 64);
    sh->cache_size = size - sh->cache_offset;

    ngx_memzero((u_char *) sh + sh->unknown_offset, unknown);

    if (RAND_bytes(sh->hash_key, sizeof(sh->hash_key)) != 1
        || es_cache_init((u_char *) sh + sh->cache_offset, sh->cache_size,
                         NGX_EXPORTSITE_PROFILE_MAX)
           == NULL)
    {
        return NGX_ERROR;
    }

    zone->sh = sh;

    return NGX_OK;
}


static ngx_int_t
ngx_exportsite_layout_state(ngx_exportsite_zone_t *zone,
    ngx_exportsite_main_conf_t *mcf)
{
    ngx_exportsite_state_sh_t  *sh;

    sh = ngx_slab_alloc(zone->shpool, sizeof(ngx_exportsite_state_sh_t));
    if (sh == NULL) {
        return NGX_ERROR;
    }

    /* the halves are not touched before they are used */
    ngx_memzero(sh, offsetof(ngx_exportsite_state_sh_t, half));
    sh->half[0].len = 0;
    sh->half[1].len = 0;

    if (RAND_bytes(sh->secret, sizeof(sh->secret)) != 1) {
        return NGX_ERROR;
    }

    zone->sh = sh;

    return NGX_OK;
}


static ngx_int_t
ngx_exportsite_layout_queues(ngx_exportsite_zone_t *zone,
    ngx_exportsite_main_conf_t *mcf)
{
    size_t                      size;
    ngx_uint_t                  n;
    ngx_exportsite_slot_t      *slot;
    ngx_exportsite_queue_sh_t  *sh;

    sh = ngx_exportsite_zone_rest(zone, &size);
    if (sh == NULL) {
        return NGX_ERROR;
    }

    sh->since = ngx_exportsite_now();
    sh->ring_size = mcf->stream.buffer;
    sh->slot_size = ngx_exportsite_slot_size(mcf);
    sh->first = ngx_align(sizeof(ngx_exportsite_queue_sh_t), ngx_pagesize);
    sh->slots = (size - sh->first) / sh->slot_size;

    if (sh->slots == 0) {
        return NGX_ERROR;
    }

    for (n = 0; n < sh->slots; n++) {
        slot = ngx_exportsite_slot(sh, n);
        ngx_memzero(slot, sizeof(ngx_exportsite_slot_t));

        if (RAND_bytes((u_char *) &slot->nonce, sizeof(slot->nonce)) != 1) {
            return NGX_ERROR;
        }

        es_ring_init(ngx_exportsite_slot_ring(slot), sh->ring_size,
                     slot->nonce);
    }

    zone->sh = sh;

    return NGX_OK;
}


static ngx_int_t
ngx_exportsite_layout_contents(ngx_exportsite_zone_t *zone,
    ngx_exportsite_main_conf_t *mcf)
{
    size_t                         size;
    ngx_exportsite_contents_sh_t  *sh;

    sh = ngx_exportsite_zone_rest(zone, &size);
    if (sh == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(sh, sizeof(ngx_exportsite_contents_sh_t));

    sh->version = 1;
    sh->cache_offset = ngx_align(sizeof(ngx_exportsite_contents_sh_t), 64);
    sh->cache_size = size - sh->cache_offset;

    if (RAND_bytes(sh->hash_key, sizeof(sh->hash_key)) != 1
        || es_cache_init((u_char *) sh + sh->cache_offset, sh->cache_size,
                         NGX_EXPORTSITE_ENTRY_HEAD + NGX_EXPORTSITE_CONTENT_MAX)
           == NULL)
    {
        return NGX_ERROR;
    }

    zone->sh = sh;

    return NGX_OK;
}


static ngx_int_t
ngx_exportsite_init_profiles(ngx_shm_zone_t *shm_zone, void *data)
{
    return ngx_exportsite_init_zone(shm_zone, data,
                                    ngx_exportsite_layout_profiles);
}


static ngx_int_t
ngx_exportsite_init_state(ngx_shm_zone_t *shm_zone, void *data)
{
    return ngx_exportsite_init_zone(shm_zone, data,
                                    ngx_exportsite_layout_state);
}


static ngx_int_t
ngx_exportsite_init_queues(ngx_shm_zone_t *shm_zone, void *data)
{
    return ngx_exportsite_init_zone(shm_zone, data,
                                    ngx_exportsite_layout_queues);
}


static ngx_int_t
ngx_exportsite_init_contents(ngx_shm_zone_t *shm_zone, void *data)
{
    return ngx_exportsite_init_zone(shm_zone, data,
                                    ngx_exportsite_layout_contents);
}
