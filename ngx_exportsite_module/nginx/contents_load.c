/*
 * The keeper's work on contents. When it begins to listen it cannot know what
 * was changed before: it fetches all that the zone has, which finds what was
 * changed or deleted, and then all that SCAN finds, so that contents are there
 * before they are first asked for. A few at a time, behind what is told.
 */
#include "compat.h"

#include "contents_fetch.h"
#include "contents_load.h"
#include "errors.h"


#define NGX_EXPORTSITE_CURSOR_MAX  20             /* digits */


typedef enum {
    ngx_exportsite_load_rests = 0,
    ngx_exportsite_load_walks,                    /* over the zone */
    ngx_exportsite_load_scans                     /* over Redis */
} ngx_exportsite_load_e;


static void ngx_exportsite_load_begin(ngx_uint_t all, ngx_uint_t scan);
static void ngx_exportsite_load_step(void);
static void ngx_exportsite_load_walk(void);
static void ngx_exportsite_load_errors(void);
static void ngx_exportsite_load_ask(void);
static void ngx_exportsite_load_came(redisAsyncContext *ac, void *reply,
    void *data);
static void ngx_exportsite_load_keys(redisReply *keys);
static ngx_uint_t ngx_exportsite_load_cursor(redisReply *r);


static ngx_exportsite_load_e  ngx_exportsite_load_state;
static ngx_uint_t             ngx_exportsite_load_fresh; /* these, too */
static ngx_uint_t             ngx_exportsite_load_scan;  /* after the walk */
static ngx_uint_t             ngx_exportsite_load_again;
static uint32_t               ngx_exportsite_load_slot;
static uintptr_t              ngx_exportsite_load_number;
static ngx_uint_t             ngx_exportsite_load_asked;
static u_char                 ngx_exportsite_load_at[NGX_EXPORTSITE_CURSOR_MAX];
static size_t                 ngx_exportsite_load_at_len;


void
ngx_exportsite_contents_load(ngx_str_t *key)
{
    uint64_t  id[2];

    if (ngx_exportsite_worker.contents == NULL
        || !es_slot_key_valid(ngx_exportsite_es(*key)))
    {
        return;
    }

    ngx_exportsite_contents_id(key, id);
    ngx_exportsite_contents_changed(id);

    if (ngx_exportsite_fetch(key, id, ngx_exportsite_fetch_told) != NGX_OK) {
        /* so many at once that not all can be remembered */
        ngx_exportsite_load_again = 1;
    }
}


void
ngx_exportsite_contents_load_all(void)
{
    if (ngx_exportsite_worker.contents == NULL) {
        return;
    }

    ngx_exportsite_contents_all_changed();
    ngx_exportsite_load_begin(0, 1);
}


void
ngx_exportsite_contents_refresh(void)
{
    if (ngx_exportsite_worker.contents != NULL
        && ngx_exportsite_load_state == ngx_exportsite_load_rests)
    {
        ngx_exportsite_load_begin(1, 0);
    }
}


void
ngx_exportsite_contents_stop(void)
{
    ngx_exportsite_load_state = ngx_exportsite_load_rests;
    ngx_exportsite_load_again = 0;

    ngx_exportsite_fetch_on_idle(NULL);
    ngx_exportsite_fetch_clear();
}


/*
 * Walks over what is said to have changed, or over all, and then scans or not.
 * Without a connection nothing begins: it begins when there is one.
 */
static void
ngx_exportsite_load_begin(ngx_uint_t all, ngx_uint_t scan)
{
    if (ngx_exportsite_worker.redis.state != ngx_exportsite_redis_connected) {
        return;
    }

    ngx_exportsite_load_state = ngx_exportsite_load_walks;
    ngx_exportsite_load_fresh = all;
    ngx_exportsite_load_scan = scan;
    ngx_exportsite_load_again = 0;
    ngx_exportsite_load_slot = 0;
    ngx_exportsite_load_number++;

    ngx_exportsite_fetch_on_idle(ngx_exportsite_load_step);
    ngx_exportsite_load_step();
}


/* Goes on as far as it can for now; called again when fetches have ended. */
static void
ngx_exportsite_load_step(void)
{
    while (ngx_exportsite_load_state == ngx_exportsite_load_walks
           && ngx_exportsite_fetch_idle())
    {
        ngx_exportsite_load_walk();
    }

    if (ngx_exportsite_load_state == ngx_exportsite_load_scans
        && !ngx_exportsite_load_asked && ngx_exportsite_fetch_idle())
    {
        ngx_exportsite_load_ask();
    }

    if (ngx_exportsite_load_state == ngx_exportsite_load_rests
        && ngx_exportsite_load_again)
    {
        ngx_exportsite_load_begin(0, 1);
    }
}


/* Fetches a key; with fresh also if nothing is said to have changed it. */
static void
ngx_exportsite_load_key(u_char *data, size_t len, ngx_exportsite_fetch_e kind,
    ngx_uint_t fresh)
{
    uint64_t   id[2];
    ngx_str_t  key;

    key.data = data;
    key.len = len;

    if (!es_slot_key_valid(ngx_exportsite_es(key))) {
        return;
    }

    ngx_exportsite_contents_id(&key, id);

    if (fresh || !ngx_exportsite_contents_fresh(id)) {
        (void) ngx_exportsite_fetch(&key, id, kind);
    }
}


static void
ngx_exportsite_load_walk(void)
{
    ngx_uint_t                  i;
    ngx_exportsite_slot_keys_t  keys;

    if (ngx_exportsite_contents_walk(&ngx_exportsite_load_slot, &keys)) {
        for (i = 0; i < keys.n; i++) {
            ngx_exportsite_load_key(keys.key[i].data, keys.key[i].len,
                                    ngx_exportsite_fetch_many,
                                    ngx_exportsite_load_fresh);
        }

        return;
    }

    ngx_exportsite_load_state = ngx_exportsite_load_rests;

    if (ngx_exportsite_load_scan) {
        ngx_exportsite_load_state = ngx_exportsite_load_scans;
        ngx_exportsite_load_at[0] = '0';
        ngx_exportsite_load_at_len = 1;
    }

    ngx_exportsite_load_errors();
}


/* What was wrong may be mended, also if the zone had no more room for it. */
static void
ngx_exportsite_load_errors(void)
{
    ngx_uint_t                   at;
    ngx_exportsite_slot_error_t  error;

    at = 0;

    while (ngx_exportsite_errors_slot_next(&at, &error)) {
        ngx_exportsite_load_key(error.key, error.key_len,
                                ngx_exportsite_fetch_told, 1);
    }
}


static void
ngx_exportsite_load_ask(void)
{
    char                      buf[ES_SCAN_COMMAND_MAX];
    size_t                    len;
    ngx_exportsite_worker_t  *w = &ngx_exportsite_worker;

    len = es_scan_command(buf, ngx_exportsite_es(w->conf->redis.prefix),
                          (es_str_t) { ngx_exportsite_load_at_len,
                                       (char *) ngx_exportsite_load_at });

    if (ngx_exportsite_redis_send(&w->redis, buf, len, ngx_exportsite_load_came,
                                  (void *) ngx_exportsite_load_number)
        == NGX_OK)
    {
        ngx_exportsite_load_asked = 1;

    } else {
        ngx_exportsite_load_state = ngx_exportsite_load_rests;
    }
}


static void
ngx_exportsite_load_came(redisAsyncContext *ac, void *reply, void *data)
{
    redisReply         *r = reply;
    static ngx_uint_t   complained;

    ngx_exportsite_redis_answered(&ngx_exportsite_worker.redis, r);

    ngx_exportsite_load_asked = 0;

    if (r == NULL) {
        return;
    }

    if ((uintptr_t) data == ngx_exportsite_load_number
        && ngx_exportsite_load_state == ngx_exportsite_load_scans)
    {
        if (r->type == REDIS_REPLY_ERROR && !complained) {
            complained = 1;
            ngx_log_error(NGX_LOG_ERR, ngx_exportsite_worker.log, 0,
                          "exportsite: Redis answered SCAN with \"%s\": "
                          "contents are fetched when they are first asked for; "
                          "allow what docs/redis.md lists", r->str);
        }

        if (!ngx_exportsite_load_cursor(r)) {
            ngx_exportsite_load_state = ngx_exportsite_load_rests;
        }
    }

    ngx_exportsite_load_step();
}


/* Takes an answer to SCAN; 0 if it is the last one, or none at all. */
static ngx_uint_t
ngx_exportsite_load_cursor(redisReply *r)
{
    size_t       i, len;
    redisReply  *cursor;

    if (r->type != REDIS_REPLY_ARRAY || r->elements != 2
        || r->element[0]->type != REDIS_REPLY_STRING
        || r->element[1]->type != REDIS_REPLY_ARRAY)
    {
        return 0;
    }

    ngx_exportsite_load_keys(r->element[1]);

    cursor = r->element[0];
    len = cursor->len;

    if (len == 0 || len > NGX_EXPORTSITE_CURSOR_MAX) {
        return 0;
    }

    for (i = 0; i < len; i++) {
        if (cursor->str[i] < '0' || cursor->str[i] > '9') {
            return 0;
        }
    }

    ngx_memcpy(ngx_exportsite_load_at, cursor->str, len);
    ngx_exportsite_load_at_len = len;

    return !(len == 1 && cursor->str[0] == '0')
           && ngx_exportsite_contents_room();
}


/* Fetches those that the walk over the zone has not fetched just now. */
static void
ngx_exportsite_load_keys(redisReply *keys)
{
    char         family[ES_KEY_MAX];
    size_t       i;
    es_str_t     begin;
    redisReply  *key;

    begin = es_key(family,
                   ngx_exportsite_es(ngx_exportsite_worker.conf->redis.prefix),
                   es_str(ES_KEY_SLOT));

    for (i = 0; i < keys->elements; i++) {
        key = keys->element[i];

        if (key->type == REDIS_REPLY_STRING && (size_t) key->len > begin.len
            && ngx_memcmp(key->str, begin.data, begin.len) == 0)
        {
            ngx_exportsite_load_key((u_char *) key->str + begin.len,
                                    key->len - begin.len,
                                    ngx_exportsite_fetch_many, 0);
        }
    }
}
