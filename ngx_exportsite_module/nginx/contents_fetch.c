/*
 * Contents of slots on their way from Redis into the zone: one GETRANGE a key
 * at a time, so that no more than the largest content and a byte ever comes.
 * An answer that was overtaken by the news of a change may be the old content;
 * the key is then asked for again.
 */
#include "compat.h"

#include "contents_fetch.h"
#include "errors.h"


#define NGX_EXPORTSITE_FETCH_BUCKETS  256
#define NGX_EXPORTSITE_FETCHES_WAIT   8192


typedef struct {
    ngx_queue_t                queue;             /* in its bucket */
    ngx_queue_t                waiting;
    uint64_t                   id[2];
    uint32_t                   epoch;
    ngx_exportsite_fetch_e     kind;
    unsigned                   sent:1;
    unsigned                   told:1;
    size_t                     key_len;
    u_char                     key[ES_SLOT_KEY_MAX];
} ngx_exportsite_fetch_t;


static ngx_exportsite_fetch_t *ngx_exportsite_fetch_new(ngx_str_t *key,
    uint64_t id[2], ngx_exportsite_fetch_e kind);
static void ngx_exportsite_fetch_prefer(ngx_exportsite_fetch_t *fetch);
static void ngx_exportsite_fetch_free(ngx_exportsite_fetch_t *fetch);
static ngx_int_t ngx_exportsite_fetch_send(ngx_exportsite_fetch_t *fetch);
static void ngx_exportsite_fetch_next(void);
static void ngx_exportsite_fetch_done(redisAsyncContext *ac, void *reply,
    void *data);
static void ngx_exportsite_fetch_take(ngx_exportsite_fetch_t *fetch,
    redisReply *r);
static void ngx_exportsite_fetch_refused(ngx_exportsite_fetch_t *fetch,
    redisReply *r);


static ngx_queue_t   ngx_exportsite_fetches[NGX_EXPORTSITE_FETCH_BUCKETS];
static ngx_queue_t   ngx_exportsite_fetch_queue;
static ngx_uint_t    ngx_exportsite_fetch_waiting;
static ngx_uint_t    ngx_exportsite_fetch_sent[ngx_exportsite_fetch_kinds];
static void        (*ngx_exportsite_fetch_handler)(void);


/* May another of this kind be under way? 64 in all at most. */
static ngx_uint_t
ngx_exportsite_fetch_place(ngx_exportsite_fetch_e kind)
{
    static const ngx_uint_t  most[] = { 32, 16, 16 };

    return ngx_exportsite_fetch_sent[kind] < most[kind];
}


ngx_uint_t
ngx_exportsite_fetch_ready(void)
{
    return ngx_exportsite_worker.redis.state == ngx_exportsite_redis_connected
           && ngx_exportsite_fetch_place(ngx_exportsite_fetch_used);
}


ngx_uint_t
ngx_exportsite_fetch_idle(void)
{
    return ngx_exportsite_fetch_waiting == 0
           && ngx_exportsite_fetch_place(ngx_exportsite_fetch_many);
}


void
ngx_exportsite_fetch_on_idle(void (*handler)(void))
{
    ngx_exportsite_fetch_handler = handler;
}


static ngx_exportsite_fetch_t *
ngx_exportsite_fetch_find(uint64_t id[2])
{
    ngx_queue_t             *bucket, *q;
    ngx_exportsite_fetch_t  *fetch;

    bucket = &ngx_exportsite_fetches[id[0] % NGX_EXPORTSITE_FETCH_BUCKETS];

    if (bucket->next == NULL) {
        ngx_queue_init(bucket);
    }

    for (q = ngx_queue_head(bucket);
         q != ngx_queue_sentinel(bucket);
         q = ngx_queue_next(q))
    {
        fetch = ngx_queue_data(q, ngx_exportsite_fetch_t, queue);

        if (fetch->id[0] == id[0] && fetch->id[1] == id[1]) {
            return fetch;
        }
    }

    return NULL;
}


/* Its bucket is there: find() was asked before. */
static ngx_exportsite_fetch_t *
ngx_exportsite_fetch_new(ngx_str_t *key, uint64_t id[2],
    ngx_exportsite_fetch_e kind)
{
    ngx_exportsite_fetch_t  *fetch;

    if (ngx_exportsite_fetch_waiting >= NGX_EXPORTSITE_FETCHES_WAIT) {
        return NULL;
    }

    fetch = ngx_alloc(sizeof(ngx_exportsite_fetch_t),
                      ngx_exportsite_worker.log);
    if (fetch == NULL) {
        return NULL;
    }

    fetch->id[0] = id[0];
    fetch->id[1] = id[1];
    fetch->kind = kind;
    fetch->sent = 0;
    fetch->told = kind == ngx_exportsite_fetch_told;
    fetch->key_len = key->len;
    ngx_memcpy(fetch->key, key->data, key->len);

    ngx_queue_insert_tail(&ngx_exportsite_fetches[id[0]
                                             % NGX_EXPORTSITE_FETCH_BUCKETS],
                          &fetch->queue);

    if (ngx_exportsite_fetch_queue.next == NULL) {
        ngx_queue_init(&ngx_exportsite_fetch_queue);
    }

    return fetch;
}


static void
ngx_exportsite_fetch_free(ngx_exportsite_fetch_t *fetch)
{
    ngx_queue_remove(&fetch->queue);
    ngx_free(fetch);
}


ngx_int_t
ngx_exportsite_fetch(ngx_str_t *key, uint64_t id[2],
    ngx_exportsite_fetch_e kind)
{
    ngx_exportsite_fetch_t  *fetch;

    fetch = ngx_exportsite_fetch_find(id);

    if (fetch != NULL) {
        if (kind == ngx_exportsite_fetch_told) {
            ngx_exportsite_fetch_prefer(fetch);
        }

        return NGX_OK;
    }

    if (ngx_exportsite_worker.redis.state != ngx_exportsite_redis_connected
        || (kind == ngx_exportsite_fetch_used
            && !ngx_exportsite_fetch_place(kind)))
    {
        return NGX_DECLINED;
    }

    fetch = ngx_exportsite_fetch_new(key, id, kind);
    if (fetch == NULL) {
        return NGX_DECLINED;
    }

    if (kind == ngx_exportsite_fetch_many) {
        ngx_queue_insert_tail(&ngx_exportsite_fetch_queue, &fetch->waiting);

    } else {
        ngx_queue_insert_head(&ngx_exportsite_fetch_queue, &fetch->waiting);
    }

    ngx_exportsite_fetch_waiting++;
    ngx_exportsite_fetch_next();

    return NGX_OK;
}


/* It was changed since somebody wanted it. */
static void
ngx_exportsite_fetch_prefer(ngx_exportsite_fetch_t *fetch)
{
    fetch->told = 1;

    if (!fetch->sent) {
        fetch->kind = ngx_exportsite_fetch_told;

        ngx_queue_remove(&fetch->waiting);
        ngx_queue_insert_head(&ngx_exportsite_fetch_queue, &fetch->waiting);

        ngx_exportsite_fetch_next();
    }
}


static ngx_int_t
ngx_exportsite_fetch_send(ngx_exportsite_fetch_t *fetch)
{
    char                      buf[ES_CONTENT_COMMAND_MAX];
    size_t                    len;
    ngx_exportsite_worker_t  *w = &ngx_exportsite_worker;

    fetch->epoch = ngx_exportsite_contents_epoch(fetch->id);

    len = es_content_command(buf, ngx_exportsite_es(w->conf->redis.prefix),
                             (es_str_t) { fetch->key_len,
                                          (char *) fetch->key },
                             NGX_EXPORTSITE_CONTENT_MAX);

    if (ngx_exportsite_redis_send(&w->redis, buf, len,
                                  ngx_exportsite_fetch_done, fetch)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    fetch->sent = 1;
    ngx_exportsite_fetch_sent[fetch->kind]++;

    return NGX_OK;
}


/* Sends what waits, as far as there are places. */
static void
ngx_exportsite_fetch_next(void)
{
    ngx_queue_t             *q;
    ngx_exportsite_fetch_t  *fetch;

    while (ngx_exportsite_fetch_waiting > 0) {

        q = ngx_queue_head(&ngx_exportsite_fetch_queue);
        fetch = ngx_queue_data(q, ngx_exportsite_fetch_t, waiting);

        if (!ngx_exportsite_fetch_place(fetch->kind)) {
            return;
        }

        ngx_queue_remove(q);
        ngx_exportsite_fetch_waiting--;

        if ((fetch->kind == ngx_exportsite_fetch_many
             && !ngx_exportsite_contents_room()
             && !ngx_exportsite_contents_known(fetch->id))
            || ngx_exportsite_fetch_send(fetch) != NGX_OK)
        {
            ngx_exportsite_fetch_free(fetch);
        }
    }
}


void
ngx_exportsite_fetch_clear(void)
{
    ngx_queue_t             *q;
    ngx_exportsite_fetch_t  *fetch;

    while (ngx_exportsite_fetch_waiting > 0) {
        q = ngx_queue_head(&ngx_exportsite_fetch_queue);
        fetch = ngx_queue_data(q, ngx_exportsite_fetch_t, waiting);

        ngx_queue_remove(q);
        ngx_exportsite_fetch_waiting--;
        ngx_exportsite_fetch_free(fetch);
    }
}


static void
ngx_exportsite_fetch_done(redisAsyncContext *ac, void *reply, void *data)
{
    redisReply              *r = reply;
    ngx_uint_t               overtaken;
    ngx_exportsite_fetch_t  *fetch = data;

    ngx_exportsite_redis_answered(&ngx_exportsite_worker.redis, r);

    ngx_exportsite_fetch_sent[fetch->kind]--;

    if (r == NULL) {
        ngx_exportsite_fetch_free(fetch);
        return;
    }

    overtaken = fetch->epoch != ngx_exportsite_contents_epoch(fetch->id);

    /*
     * Who hears of the changes fetches each time, so that what came is newer
     * than what the zone has, even if changes never end; all others may have
     * been slow.
     */

    if (!overtaken
        || ngx_exportsite_worker.state->keeper == (ngx_atomic_uint_t) ngx_pid)
    {
        ngx_exportsite_fetch_take(fetch, r);
    }

    if (!overtaken || ngx_exportsite_fetch_send(fetch) != NGX_OK) {
        ngx_exportsite_fetch_free(fetch);
    }

    ngx_exportsite_fetch_next();

    if (ngx_exportsite_fetch_handler != NULL && ngx_exportsite_fetch_idle()) {
        ngx_exportsite_fetch_handler();
    }
}


static void
ngx_exportsite_fetch_take(ngx_exportsite_fetch_t *fetch, redisReply *r)
{
    ngx_str_t               key;
    const char             *error;
    ngx_exportsite_left_e   left;

    if (r->type != REDIS_REPLY_STRING) {
        ngx_exportsite_fetch_refused(fetch, r);
        return;
    }

    key.len = fetch->key_len;
    key.data = fetch->key;

    error = NULL;
    left = ngx_exportsite_filled;

    if (r->len == 0) {
        left = ngx_exportsite_left_missing;

    } else if (r->len > NGX_EXPORTSITE_CONTENT_MAX) {
        error = "longer than 1 MB: the page's own stays";
        left = ngx_exportsite_left_large;
        r->len = 0;
    }

    ngx_exportsite_count(contents_fetched);

    ngx_exportsite_contents_put(&key, fetch->id, left, (u_char *) r->str,
                                r->len, fetch->told);
    ngx_exportsite_errors_slot(&key, error);
}


/* What is of another type is no content; any other error may pass. */
static void
ngx_exportsite_fetch_refused(ngx_exportsite_fetch_t *fetch, redisReply *r)
{
    u_char        error[160];
    ngx_str_t     key;
    ngx_uint_t    wrong;
    const char   *text;

    key.len = fetch->key_len;
    key.data = fetch->key;

    ngx_exportsite_count(contents_failed);

    text = r->type == REDIS_REPLY_ERROR ? r->str : "not a string";
    wrong = ngx_strncmp(text, "WRONGTYPE", 9) == 0;

    if (wrong || !ngx_exportsite_contents_known(fetch->id)) {
        ngx_exportsite_contents_put(&key, fetch->id, ngx_exportsite_left_failed,
                                    NULL, 0, fetch->told);
    }

    if (wrong) {
        ngx_exportsite_errors_slot(&key, "not a string, so the page's own "
                                   "stays: DEL it, then SET the content");
        return;
    }

    ngx_snprintf(error, sizeof(error) - 1,
                 "Redis answers GETRANGE with \"%s\": what is known stays; "
                 "allow what docs/redis.md lists%Z", text);
    error[sizeof(error) - 1] = '\0';

    ngx_exportsite_errors_slot(&key, (char *) error);
}
