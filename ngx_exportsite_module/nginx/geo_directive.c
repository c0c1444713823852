/*
 * The exportsite_geo directive: its arguments, and the loading of the database
 * while the configuration is read.
 */
#include "compat.h"

#include "geo_db.h"


#define NGX_EXPORTSITE_GEO_INTERVAL_MIN  100       /* ms */


static ngx_exportsite_geo_db_t *ngx_exportsite_geo_new(ngx_pool_t *pool);
static char *ngx_exportsite_geo_argument(ngx_conf_t *cf,
    ngx_exportsite_geo_db_t *db, ngx_str_t *arg);
static char *ngx_exportsite_geo_interval(ngx_conf_t *cf,
    ngx_exportsite_geo_db_t *db, ngx_str_t *arg);
static char *ngx_exportsite_geo_country_path(ngx_conf_t *cf,
    ngx_exportsite_geo_db_t *db, ngx_str_t *arg);
static char *ngx_exportsite_geo_load(ngx_conf_t *cf,
    ngx_exportsite_geo_db_t *db);
static const char *ngx_exportsite_geo_remedy(ngx_exportsite_geo_load_t *load);
static ngx_int_t ngx_exportsite_geo_make_copy(ngx_exportsite_geo_db_t *db,
    ngx_pool_t *pool);
static void ngx_exportsite_geo_cleanup(void *data);


char *
ngx_exportsite_geo_add(ngx_conf_t *cf, ngx_exportsite_geo_t **geo)
{
    char                     *rv;
    ngx_str_t                *value;
    ngx_uint_t                i;
    ngx_exportsite_geo_t     *g;
    ngx_exportsite_geo_db_t  *db;

    g = *geo;

    if (g == NULL) {
        g = ngx_palloc(cf->pool, sizeof(ngx_exportsite_geo_t));
        if (g == NULL) {
            return NGX_CONF_ERROR;
        }

        g->first = NULL;
        g->last = &g->first;
        *geo = g;
    }

    db = ngx_exportsite_geo_new(cf->pool);
    if (db == NULL) {
        return NGX_CONF_ERROR;
    }

    value = cf->args->elts;

    for (i = 2; i < cf->args->nelts; i++) {
        rv = ngx_exportsite_geo_argument(cf, db, &value[i]);
        if (rv != NGX_CONF_OK) {
            return rv;
        }
    }

    db->path = value[1];

    if (db->path.len == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "exportsite_geo needs the path of an MMDB file, "
                           "and \"\" is none");
        return NGX_CONF_ERROR;
    }

    if (ngx_conf_full_name(cf->cycle, &db->path, 1) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    rv = ngx_exportsite_geo_load(cf, db);
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    *g->last = db;
    g->last = &db->next;

    return NGX_CONF_OK;
}


static ngx_exportsite_geo_db_t *
ngx_exportsite_geo_new(ngx_pool_t *pool)
{
    ngx_uint_t                i;
    ngx_exportsite_geo_db_t  *db;

    db = ngx_pcalloc(pool, sizeof(ngx_exportsite_geo_db_t));
    if (db == NULL) {
        return NULL;
    }

    db->ipv4 = ngx_palloc(pool, NGX_EXPORTSITE_GEO_IPV4 * sizeof(uint32_t));
    if (db->ipv4 == NULL) {
        return NULL;
    }

    db->shared = NGX_INVALID_FILE;

    for (i = 0; i < NGX_EXPORTSITE_GEO_COPIES; i++) {
        db->copies[i] = NGX_INVALID_FILE;
    }

    return db;
}


static char *
ngx_exportsite_geo_argument(ngx_conf_t *cf, ngx_exportsite_geo_db_t *db,
    ngx_str_t *arg)
{
    ngx_str_t  rest;

    if (ngx_strncmp(arg->data, "auto_reload=", 12) == 0) {
        rest.data = arg->data + 12;
        rest.len = arg->len - 12;
        return ngx_exportsite_geo_interval(cf, db, &rest);
    }

    if (ngx_strncmp(arg->data, "country=", 8) == 0) {
        rest.data = arg->data + 8;
        rest.len = arg->len - 8;
        return ngx_exportsite_geo_country_path(cf, db, &rest);
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "exportsite_geo does not know \"%V\"; behind the file "
                       "it takes \"auto_reload=time\" and \"country=path\"",
                       arg);

    return NGX_CONF_ERROR;
}


static char *
ngx_exportsite_geo_interval(ngx_conf_t *cf, ngx_exportsite_geo_db_t *db,
    ngx_str_t *arg)
{
    ngx_int_t  ms;

    if (db->interval != 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "exportsite_geo has \"auto_reload=\" twice; "
                           "keep one");
        return NGX_CONF_ERROR;
    }

    ms = ngx_parse_time(arg, 0);

    if (ms == NGX_ERROR || ms < NGX_EXPORTSITE_GEO_INTERVAL_MIN) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "exportsite_geo cannot use \"auto_reload=%V\"; give "
                           "a time of %dms or more, such as "
                           "\"auto_reload=1h\", or leave it out", arg,
                           NGX_EXPORTSITE_GEO_INTERVAL_MIN);
        return NGX_CONF_ERROR;
    }

    db->interval = ms;

    return NGX_CONF_OK;
}


/* registered_country.iso_code: names and array indexes between dots */
static char *
ngx_exportsite_geo_country_path(ngx_conf_t *cf, ngx_exportsite_geo_db_t *db,
    ngx_str_t *arg)
{
    u_char      *p, *copy;
    ngx_uint_t   n;

    if (db->country != NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "exportsite_geo has \"country=\" twice; keep one, "
                           "or name the file in a second exportsite_geo");
        return NGX_CONF_ERROR;
    }

    copy = ngx_pnalloc(cf->pool, arg->len + 1);
    db->country = ngx_pcalloc(cf->pool, (NGX_EXPORTSITE_GEO_PATH_MAX + 1)
                                        * sizeof(char *));
    if (copy == NULL || db->country == NULL) {
        return NGX_CONF_ERROR;
    }

    (void) ngx_cpystrn(copy, arg->data, arg->len + 1);

    n = 0;
    p = copy;

    while (n < NGX_EXPORTSITE_GEO_PATH_MAX && *p != '.' && *p != '\0') {
        db->country[n++] = (const char *) p;

        while (*p != '.' && *p != '\0') {
            p++;
        }

        if (*p == '\0') {
            return NGX_CONF_OK;
        }

        *p++ = '\0';
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "exportsite_geo cannot use \"country=%V\"; name the "
                       "place as \"country=registered_country.iso_code\", "
                       "%d names at most", arg, NGX_EXPORTSITE_GEO_PATH_MAX);

    return NGX_CONF_ERROR;
}


static char *
ngx_exportsite_geo_load(ngx_conf_t *cf, ngx_exportsite_geo_db_t *db)
{
    ngx_int_t                   rc;
    ngx_err_t                   err;
    ngx_exportsite_geo_load_t  *load;

    if (ngx_exportsite_geo_make_copy(db, cf->pool) != NGX_OK) {
        err = ngx_errno;
        ngx_conf_log_error(NGX_LOG_EMERG, cf, err,
                           "exportsite_geo found no memory for \"%V\"",
                           &db->path);
        return NGX_CONF_ERROR;
    }

    load = ngx_pcalloc(cf->temp_pool, sizeof(ngx_exportsite_geo_load_t));
    if (load == NULL) {
        return NGX_CONF_ERROR;
    }

    rc = ngx_exportsite_geo_load_open(load, (char *) db->path.data,
                                      db->country, db->copies[0]);
    if (rc == NGX_OK) {
        do {
            rc = ngx_exportsite_geo_load_step(load);
        } while (rc == NGX_AGAIN);
    }

    if (rc == NGX_OK) {
        db->mmdb = load->mmdb;
        db->opened = 1;
        load->opened = 0;
        db->state->taken = load->file;
        ngx_exportsite_geo_flush(db);
        ngx_exportsite_geo_shortcuts(db);
    }

    ngx_exportsite_geo_load_close(load);

    if (rc != NGX_OK) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "exportsite_geo cannot use \"%V\": %s; %s",
                           &db->path, load->error,
                           ngx_exportsite_geo_remedy(load));
        return NGX_CONF_ERROR;
    }

    if (db->interval == 0) {
        /* the mapping is all that is needed */
        (void) close(db->copies[0]);
        db->copies[0] = NGX_INVALID_FILE;
    }

    return NGX_CONF_OK;
}


static const char *
ngx_exportsite_geo_remedy(ngx_exportsite_geo_load_t *load)
{
    if (load->offset == 0) {
        return "name an MMDB file that nginx may read";
    }

    if (load->check.misplaced) {
        return "correct \"country=\", or leave it out to have the country "
               "found";
    }

    return "get the database anew, write it beside the old one, then rename it";
}


/* The state and the memory of the first copy, released with the pool. */
static ngx_int_t
ngx_exportsite_geo_make_copy(ngx_exportsite_geo_db_t *db, ngx_pool_t *pool)
{
    ngx_pool_cleanup_t  *cln;

    cln = ngx_pool_cleanup_add(pool, 0);
    if (cln == NULL) {
        return NGX_ERROR;
    }

    cln->handler = ngx_exportsite_geo_cleanup;
    cln->data = db;

    if (db->interval != 0) {
        if (ngx_exportsite_geo_share(db) != NGX_OK) {
            return NGX_ERROR;
        }

    } else {
        db->state = ngx_pcalloc(pool, sizeof(ngx_exportsite_geo_state_t));
        db->copies[0] = ngx_exportsite_geo_memory();

        if (db->state == NULL || db->copies[0] == NGX_INVALID_FILE) {
            return NGX_ERROR;
        }
    }

    db->version = 1 << 2;
    db->state->version = db->version;
    db->state->filled[0] = 1;
    db->state->loads = 1;

    return NGX_OK;
}


static void
ngx_exportsite_geo_cleanup(void *data)
{
    ngx_exportsite_geo_db_t *db = data;

    ngx_uint_t  i;

    ngx_exportsite_geo_unshare(db);

    if (db->opened) {
        MMDB_close(&db->mmdb);
        db->opened = 0;
    }

    for (i = 0; i < NGX_EXPORTSITE_GEO_COPIES; i++) {
        if (db->copies[i] != NGX_INVALID_FILE) {
            (void) close(db->copies[i]);
            db->copies[i] = NGX_INVALID_FILE;
        }
    }
}
