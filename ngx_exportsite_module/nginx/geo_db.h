/*
 * A database as geo*.c share it: lookups in geo.c, its search tree in
 * geo_tree.c, the directive in geo_directive.c, copying in geo_load.c, the
 * check of what was copied in geo_check.c, following the file in geo_reload.c.
 */
#ifndef NGX_EXPORTSITE_GEO_DB_H
#define NGX_EXPORTSITE_GEO_DB_H

#include "geo.h"

#include <maxminddb.h>


#define NGX_EXPORTSITE_GEO_COPIES    3
#define NGX_EXPORTSITE_GEO_CODES     1024
#define NGX_EXPORTSITE_GEO_SEEN      4096
#define NGX_EXPORTSITE_GEO_IPV4      65536
#define NGX_EXPORTSITE_GEO_PATH_MAX  8
#define NGX_EXPORTSITE_GEO_TEXT_MAX  255
#define NGX_EXPORTSITE_GEO_SEPARATOR  16       /* bytes behind the tree */

#define NGX_EXPORTSITE_GEO_NO_OFFSET  ((uint32_t) -1)


/* Which state of which file; no padding, so that two compare by memcmp(). */
typedef struct {
    uint64_t                      dev;
    uint64_t                      ino;
    uint64_t                      size;
    uint64_t                      mtime;      /* nanoseconds */
    uint64_t                      ctime;
    uint64_t                      err;        /* errno where it was not read */
} ngx_exportsite_geo_file_t;


/* The codes of a record, by its offset; zeros where it has none. */
typedef struct {
    uint32_t                      offset;
    u_char                        code[2][2]; /* country, continent */
} ngx_exportsite_geo_codes_t;


/*
 * What all workers of a configuration share. version is generation << 2 | copy,
 * one word so that one store publishes both; all else is written only under
 * the loader's lock.
 */
typedef struct {
    ngx_atomic_t                  version;
    ngx_exportsite_geo_file_t     taken;
    ngx_exportsite_geo_file_t     refused;
    ngx_exportsite_geo_file_t     pending;    /* too young to be taken yet */
    ngx_msec_t                    pending_since;
    ngx_atomic_t                  filled[NGX_EXPORTSITE_GEO_COPIES];
    ngx_atomic_t                  loads;
    ngx_atomic_t                  errors;
    u_char                        error[256]; /* always terminated */
} ngx_exportsite_geo_state_t;


typedef struct {
    const char                  **country;    /* path, NULL if not named */
    uint32_t                      node;       /* next to be checked */
    ngx_uint_t                    records;
    ngx_uint_t                    budget;     /* values, this turn */
    ngx_uint_t                    total;      /* values, all turns */
    unsigned                      country_seen:1;
    unsigned                      misplaced:1; /* none where country= says */
    uint32_t                      seen[NGX_EXPORTSITE_GEO_SEEN];
} ngx_exportsite_geo_check_t;


/* A copy in the making. */
typedef struct {
    ngx_fd_t                      source;
    ngx_fd_t                      copy;
    ngx_exportsite_geo_file_t     file;       /* as it was before */
    off_t                         offset;
    MMDB_s                        mmdb;
    unsigned                      opened:1;
    ngx_exportsite_geo_check_t    check;
    u_char                        error[256];
} ngx_exportsite_geo_load_t;


typedef struct ngx_exportsite_geo_db_s  ngx_exportsite_geo_db_t;

struct ngx_exportsite_geo_db_s {
    ngx_exportsite_geo_db_t      *next;
    ngx_exportsite_geo_state_t   *state;
    ngx_atomic_uint_t             version;    /* of what mmdb maps */
    MMDB_s                        mmdb;
    unsigned                      opened:1;
    unsigned                      memo_valid:1;
    unsigned                      memo_found:1;

    uint64_t                      memo[2];    /* the last address asked for */
    uint32_t                      memo_offset;

    uint64_t                      lookups;
    uint64_t                      found;

    ngx_str_t                     path;
    const char                  **country;

    /* with auto_reload only */
    ngx_msec_t                    interval;   /* 0: without */
    ngx_fd_t                      shared;     /* holds state and the locks */
    ngx_fd_t                      copies[NGX_EXPORTSITE_GEO_COPIES];
    ngx_exportsite_geo_load_t    *load;
    ngx_uint_t                    loading;    /* into this copy */
    ngx_msec_t                    failed_at;  /* to map the active copy */
    unsigned                      failed:1;
    ngx_event_t                   timer;
    ngx_connection_t              connection; /* what a timer's data must be */

    uint32_t                     *ipv4;       /* NGX_EXPORTSITE_GEO_IPV4 */

    ngx_exportsite_geo_codes_t    codes[NGX_EXPORTSITE_GEO_CODES];
};


struct ngx_exportsite_geo_s {
    ngx_exportsite_geo_db_t      *first;
    ngx_exportsite_geo_db_t     **last;
};


/* geo_record.c */

/* Country and continent of the record at codes->offset. */
void ngx_exportsite_geo_read_codes(ngx_exportsite_geo_db_t *db,
    ngx_exportsite_geo_codes_t *codes);

/* A field of the record as text in pool; NGX_DECLINED where it has none. */
ngx_int_t ngx_exportsite_geo_field_text(MMDB_s *mmdb, uint32_t offset,
    ngx_exportsite_geo_field_e field, ngx_pool_t *pool, ngx_str_t *value);

/* Safe text, cut to what a field may have, copied into pool. */
ngx_int_t ngx_exportsite_geo_copy(ngx_pool_t *pool, const void *data,
    size_t len, ngx_str_t *value);

/* True if the record at offset has a valid country there. */
ngx_uint_t ngx_exportsite_geo_has_country(MMDB_s *mmdb, uint32_t offset,
    const char **path);


/* Forgets what was remembered of another generation's records. */
static ngx_inline void
ngx_exportsite_geo_flush(ngx_exportsite_geo_db_t *db)
{
    ngx_uint_t  i;

    db->memo_valid = 0;

    for (i = 0; i < NGX_EXPORTSITE_GEO_CODES; i++) {
        db->codes[i].offset = NGX_EXPORTSITE_GEO_NO_OFFSET;
    }
}


/* geo_tree.c */

/*
 * The offset of the record of an address, an IPv4 one in its mapped form, in a
 * tree that was found in order. NGX_DECLINED: there is none.
 */
ngx_int_t ngx_exportsite_geo_walk(ngx_exportsite_geo_db_t *db,
    const u_char address[16], ngx_uint_t ipv4, uint32_t *offset);

/*
 * Fills db->ipv4: where the first 16 bits of each IPv4 address lead. A request
 * then takes a dozen steps less, each of them a miss of the processor's cache.
 */
void ngx_exportsite_geo_shortcuts(ngx_exportsite_geo_db_t *db);


/* geo_load.c */

/* A file in memory, closed on exec; NGX_INVALID_FILE and errno. */
ngx_fd_t ngx_exportsite_geo_memory(void);

/* Maps the copy; an MMDB_... error code. */
int ngx_exportsite_geo_map(ngx_fd_t copy, MMDB_s *mmdb);

/* Which file path is now; where there is none, only file->err is set. */
void ngx_exportsite_geo_stat(const char *path,
    ngx_exportsite_geo_file_t *file);

/*
 * Begins to copy path. NGX_ERROR: load->error says why, and load->file.err is
 * set if it may be otherwise without the file changing. Always to be closed.
 */
ngx_int_t ngx_exportsite_geo_load_open(ngx_exportsite_geo_load_t *load,
    const char *path, const char **country, ngx_fd_t copy);

/*
 * Copies or checks a slice of a few milliseconds. NGX_AGAIN: more to do;
 * NGX_OK: load->mmdb is good; NGX_BUSY: the file changes, try later; NGX_ERROR:
 * no good database, load->error says why.
 */
ngx_int_t ngx_exportsite_geo_load_step(ngx_exportsite_geo_load_t *load);

/* Unmaps load->mmdb too unless load->opened was cleared. */
void ngx_exportsite_geo_load_close(ngx_exportsite_geo_load_t *load);


/* geo_check.c */

void ngx_exportsite_geo_check_init(ngx_exportsite_geo_check_t *check,
    const char **country);

/*
 * Checks a slice of the search tree and the records that it leads to.
 * NGX_AGAIN: more to do; NGX_OK: all is well; NGX_ERROR: *error, of size bytes,
 * says what is not.
 */
ngx_int_t ngx_exportsite_geo_check_step(ngx_exportsite_geo_check_t *check,
    MMDB_s *mmdb, u_char *error, size_t size);


/* geo_reload.c */

/* What auto_reload needs, made where the configuration is read. */
ngx_int_t ngx_exportsite_geo_share(ngx_exportsite_geo_db_t *db);

/* Ends all that and frees it; db may be in any state. */
void ngx_exportsite_geo_unshare(ngx_exportsite_geo_db_t *db);

/*
 * Moves on to the generation that another worker published. Where that fails,
 * the mapping stays as it was, and is tried again after a second.
 */
void ngx_exportsite_geo_follow(ngx_exportsite_geo_db_t *db);

#endif
