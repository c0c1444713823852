/*
 * Where a client is, by MMDB databases (exportsite_geo). A configuration has a
 * list of them; the first that knows a field gives it.
 *
 * What is looked at is never the operator's file but a copy in memory, so that
 * a file overwritten or cut short under a running worker hurts nobody.
 */
#ifndef NGX_EXPORTSITE_GEO_H
#define NGX_EXPORTSITE_GEO_H

#include "compat.h"


typedef struct ngx_exportsite_geo_s  ngx_exportsite_geo_t;

typedef enum {
    ngx_exportsite_geo_country = 0,
    ngx_exportsite_geo_continent,
    ngx_exportsite_geo_region,
    ngx_exportsite_geo_city,
    ngx_exportsite_geo_organization,
    ngx_exportsite_geo_asn
} ngx_exportsite_geo_field_e;

/* One database, for the status page. The strings live as long as the call. */
typedef struct {
    ngx_str_t   path;
    ngx_str_t   type;          /* as the database calls itself */
    ngx_str_t   error;         /* why the present file is not used, or empty */
    time_t      built;
    off_t       size;          /* bytes */
    ngx_uint_t  generation;    /* 1: as loaded with the configuration */
    ngx_uint_t  loads;         /* of all workers, since the configuration */
    ngx_uint_t  errors;        /* files refused, likewise */
    uint64_t    lookups;       /* by this worker */
    uint64_t    found;
} ngx_exportsite_geo_status_t;


/*
 * exportsite_geo file [auto_reload=time] [country=path]: reads cf->args, loads
 * and checks the database, and adds it to *geo, which is made if it is NULL.
 */
char *ngx_exportsite_geo_add(ngx_conf_t *cf, ngx_exportsite_geo_t **geo);

/*
 * To be called once in each process that serves requests, never elsewhere;
 * geo may be NULL. NGX_OK always: a database that cannot be followed is logged.
 */
ngx_int_t ngx_exportsite_geo_init_worker(ngx_cycle_t *cycle,
    ngx_exportsite_geo_t *geo);

/* Stops the timers; lookups still work. geo may be NULL. */
void ngx_exportsite_geo_exit_worker(ngx_exportsite_geo_t *geo);

/*
 * The two codes of two upper case letters that cost no more than the search for
 * the address once a record has been seen. NGX_DECLINED: unknown, code is "XX".
 * sa may be of any family, or NULL; geo may be NULL.
 */
ngx_int_t ngx_exportsite_geo_country_code(ngx_exportsite_geo_t *geo,
    struct sockaddr *sa, u_char code[2]);
ngx_int_t ngx_exportsite_geo_continent_code(ngx_exportsite_geo_t *geo,
    struct sockaddr *sa, u_char code[2]);

/*
 * Any field as text, copied into pool: safe by es_text_safe(), 255 bytes at
 * most, the asn as decimal digits. NGX_DECLINED: unknown, value is empty.
 */
ngx_int_t ngx_exportsite_geo_text(ngx_exportsite_geo_t *geo,
    struct sockaddr *sa, ngx_exportsite_geo_field_e field, ngx_pool_t *pool,
    ngx_str_t *value);

/* The n-th database, in the order of the directives; NGX_DECLINED behind it. */
ngx_int_t ngx_exportsite_geo_status(ngx_exportsite_geo_t *geo, ngx_uint_t n,
    ngx_exportsite_geo_status_t *status);

#endif
