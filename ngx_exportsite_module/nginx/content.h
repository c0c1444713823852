/*
 * Contents of slots as this worker holds them: bytes that many requests share
 * while they send them, in a store that forgets what was least recently used.
 */
#ifndef NGX_EXPORTSITE_CONTENT_H
#define NGX_EXPORTSITE_CONTENT_H

#include "compat.h"


#define NGX_EXPORTSITE_CONTENT_MAX   (1024 * 1024)
#define NGX_EXPORTSITE_STORE_BYTES   (64 * 1024 * 1024)
#define NGX_EXPORTSITE_STORE_MAX     4096         /* entries */

/* Why a slot keeps what the page has; a counter each. */
typedef enum {
    ngx_exportsite_filled = 0,
    ngx_exportsite_left_missing,                  /* not there, or empty */
    ngx_exportsite_left_large,                    /* more than CONTENT_MAX */
    ngx_exportsite_left_failed,                   /* could not be read */
    ngx_exportsite_left_refused,                  /* not a safe path or key */
    ngx_exportsite_left_reasons
} ngx_exportsite_left_e;

typedef struct {
    ngx_uint_t                 refs;
    uint64_t                   hash;              /* of the bytes */
    size_t                     len;
    u_char                     data[];
} ngx_exportsite_content_t;

/* What the store knows of a name; content is NULL where left says why. */
typedef struct {
    ngx_rbtree_node_t          node;
    ngx_queue_t                queue;             /* by use */
    ngx_exportsite_content_t  *content;
    ngx_exportsite_left_e      left;
    ngx_msec_t                 checked;           /* for who fills it */
    uint64_t                   version;
    uint64_t                   mark[4];           /* the same */
    size_t                     len;
    u_char                     name[];
} ngx_exportsite_stored_t;


/*
 * A file's time of change says of itself that nothing was changed since only if
 * it is past: clocks of file systems tick some milliseconds.
 */
#define ngx_exportsite_file_settled(ctime)                                    \
    ((int64_t) ngx_time() - (int64_t) (ctime) >= 2)

/* Room for len bytes, with one reference; NULL without memory. */
ngx_exportsite_content_t *ngx_exportsite_content_new(size_t len);

/* The same on all machines. */
uint64_t ngx_exportsite_content_hash(u_char *data, size_t len);

/* After the bytes were written: their hash. */
void ngx_exportsite_content_seal(ngx_exportsite_content_t *content);

void ngx_exportsite_content_release(ngx_exportsite_content_t *content);

/* The entry of a name, made if there is none (checked is 0 then); or NULL. */
ngx_exportsite_stored_t *ngx_exportsite_store_get(ngx_str_t *name);

/*
 * Gives an entry its content (the store takes the caller's reference), or with
 * NULL the reason why there is none. May push out others, never this one.
 */
void ngx_exportsite_store_put(ngx_exportsite_stored_t *stored,
    ngx_exportsite_content_t *content, ngx_exportsite_left_e left);

/* Gives all back, at the worker's end. */
void ngx_exportsite_store_exit(void);

#endif
