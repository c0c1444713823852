/*
 * Batches of numbered events, and the script that takes them.
 */
#include "compat.h"

#include <time.h>

#include "batch.h"
#include "worker.h"


#define NGX_EXPORTSITE_RETRY_REFUSED  1000


static void ngx_exportsite_batch_load(void);
static void ngx_exportsite_batch_loaded(redisAsyncContext *ac, void *reply,
    void *data);
static void ngx_exportsite_batch_answered(redisAsyncContext *ac, void *reply,
    void *data);
static void ngx_exportsite_batch_marked(redisAsyncContext *ac, void *reply,
    void *data);
static void ngx_exportsite_batch_again(ngx_event_t *ev);


static void          (*ngx_exportsite_batch_on_ready)(void);
static ngx_event_t     ngx_exportsite_batch_retry;
static char           *ngx_exportsite_batch_buf;  /* one is made at a time */
static char           *ngx_exportsite_batch_p;
static char            ngx_exportsite_batch_sha[41];
static ngx_uint_t      ngx_exportsite_batch_script;    /* is loaded */
static ngx_uint_t      ngx_exportsite_batch_missed;


void
ngx_exportsite_batch_init(void (*ready)(void))
{
    ngx_exportsite_worker_t  *w = &ngx_exportsite_worker;

    ngx_exportsite_batch_on_ready = ready;

    ngx_exportsite_batch_retry.handler = ngx_exportsite_batch_again;
    ngx_exportsite_batch_retry.data = &w->redis;
    ngx_exportsite_batch_retry.log = w->log;
    ngx_exportsite_batch_retry.cancelable = 1;
}


void
ngx_exportsite_batch_exit(void)
{
    if (ngx_exportsite_batch_retry.timer_set) {
        ngx_del_timer(&ngx_exportsite_batch_retry);
    }

    if (ngx_exportsite_batch_buf != NULL) {
        ngx_free(ngx_exportsite_batch_buf);
        ngx_exportsite_batch_buf = NULL;
    }
}


void
ngx_exportsite_batch_connected(void)
{
    ngx_exportsite_worker_t  *w = &ngx_exportsite_worker;

    if (w->conf->stream.off) {
        return;
    }

    if (ngx_exportsite_batch_buf == NULL) {
        ngx_exportsite_batch_buf = ngx_alloc(ES_BATCH_HEAD_MAX
                                             + NGX_EXPORTSITE_BATCH_BYTES,
                                             w->log);
        if (ngx_exportsite_batch_buf == NULL) {
            return;
        }
    }

    ngx_exportsite_batch_load();
}


void
ngx_exportsite_batch_lost(void)
{
    ngx_exportsite_batch_script = 0;

    if (ngx_exportsite_batch_retry.timer_set) {
        ngx_del_timer(&ngx_exportsite_batch_retry);
    }
}


ngx_uint_t
ngx_exportsite_batch_ready(void)
{
    return ngx_exportsite_batch_script
           && ngx_exportsite_worker.redis.state
              == ngx_exportsite_redis_connected;
}


/* Redis would not take it: it gets time, and then the script once more. */
static void
ngx_exportsite_batch_refused(void)
{
    ngx_exportsite_batch_script = 0;

    if (!ngx_exportsite_batch_retry.timer_set) {
        ngx_add_timer(&ngx_exportsite_batch_retry,
                      NGX_EXPORTSITE_RETRY_REFUSED);
    }
}


static void
ngx_exportsite_batch_again(ngx_event_t *ev)
{
    if (ngx_exportsite_worker.redis.state == ngx_exportsite_redis_connected) {
        ngx_exportsite_batch_load();
    }
}


static void
ngx_exportsite_batch_load(void)
{
    size_t       len[3];
    const char  *argv[3];

    ngx_exportsite_batch_script = 0;

    argv[0] = "SCRIPT";
    len[0] = 6;
    argv[1] = "LOAD";
    len[1] = 4;
    argv[2] = es_batch_script;
    len[2] = ngx_strlen(es_batch_script);

    (void) ngx_exportsite_redis_command(&ngx_exportsite_worker.redis,
                                        ngx_exportsite_batch_loaded, NULL,
                                        3, argv, len);
}


static void
ngx_exportsite_batch_loaded(redisAsyncContext *ac, void *reply, void *data)
{
    redisReply               *r = reply;
    ngx_exportsite_worker_t  *w = &ngx_exportsite_worker;

    ngx_exportsite_redis_answered(&w->redis, r);

    if (r == NULL) {
        return;
    }

    if (r->type != REDIS_REPLY_STRING || r->len != 40) {
        if (r->type == REDIS_REPLY_ERROR) {
            ngx_exportsite_redis_complain(&w->redis, "SCRIPT LOAD", r,
                      "events wait; allow the commands that docs/redis.md "
                      "lists");
        }

        ngx_exportsite_batch_refused();
        return;
    }

    ngx_memcpy(ngx_exportsite_batch_sha, r->str, 40);
    ngx_exportsite_batch_script = 1;

    ngx_exportsite_batch_on_ready();
}


static uint64_t
ngx_exportsite_batch_now(void)
{
    struct timespec  ts;

    (void) clock_gettime(CLOCK_MONOTONIC, &ts);

    return (uint64_t) ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}


/* Into the class of its round trip's time. */
static void
ngx_exportsite_batch_measure(ngx_exportsite_flight_t *flight)
{
    uint64_t                     us;
    ngx_uint_t                   i;
    ngx_exportsite_counters_t   *counters = ngx_exportsite_worker.counters;

    static const uint64_t  bound[NGX_EXPORTSITE_LATENCIES - 1] =
                               NGX_EXPORTSITE_LATENCY_BOUNDS_US;

    us = ngx_exportsite_batch_now() - flight->started;

    for (i = 0; i < NGX_EXPORTSITE_LATENCIES - 1 && us > bound[i]; i++) {
        /* void */
    }

    counters->batch_us += us;
    counters->batch_within[i]++;
}


void
ngx_exportsite_batch_begin(ngx_exportsite_flight_t *flight)
{
    ngx_exportsite_batch_p = ngx_exportsite_batch_buf + ES_BATCH_HEAD_MAX;

    flight->first = 0;
    flight->last = 0;
    flight->events = 0;
    flight->args = 0;
}


ngx_uint_t
ngx_exportsite_batch_add(ngx_exportsite_flight_t *flight, uint64_t seq,
    const char *data, size_t len, size_t args)
{
    char  *last;

    last = ngx_exportsite_batch_buf + ES_BATCH_HEAD_MAX
           + NGX_EXPORTSITE_BATCH_BYTES;

    if (flight->events == NGX_EXPORTSITE_BATCH_EVENTS
        || (flight->events > 0 && seq != flight->last + 1)
        || (size_t) (last - ngx_exportsite_batch_p) < len)
    {
        return 0;
    }

    if (flight->events == 0) {
        flight->first = seq;
    }

    ngx_exportsite_batch_p = (char *) ngx_cpymem(ngx_exportsite_batch_p, data,
                                                 len);
    flight->last = seq;
    flight->events++;
    flight->args += args;

    return 1;
}


/*
 * The events stand behind the room for the command's head, whose length is
 * known only now: it goes right in front of them.
 */
ngx_int_t
ngx_exportsite_batch_send(ngx_exportsite_flight_t *flight)
{
    char                          *body;
    char                           head[ES_BATCH_HEAD_MAX];
    size_t                         len;
    ngx_exportsite_worker_t       *w = &ngx_exportsite_worker;
    ngx_exportsite_stream_conf_t  *scf = &w->conf->stream;

    len = es_batch_head(head, ngx_exportsite_batch_sha,
                        ngx_exportsite_es(w->conf->redis.prefix),
                        ngx_exportsite_es(scf->key), flight->producer,
                        scf->maxlen, flight->first, flight->args);

    body = ngx_exportsite_batch_buf + ES_BATCH_HEAD_MAX - len;
    ngx_memcpy(body, head, len);

    if (ngx_exportsite_redis_send(&w->redis, body,
                                  ngx_exportsite_batch_p - body,
                                  ngx_exportsite_batch_answered, flight)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    flight->started = ngx_exportsite_batch_now();
    flight->busy = 1;
    w->counters->batches++;

    return NGX_OK;
}


/* The batch was not written; why, and what is to be done about it. */
static void
ngx_exportsite_batch_not_taken(redisReply *r)
{
    if (r->type == REDIS_REPLY_ERROR) {

        if (ngx_strncmp(r->str, "NOSCRIPT", 8) == 0
            && !ngx_exportsite_batch_missed)
        {
            /* a Redis that was restarted, or SCRIPT FLUSH */
            ngx_exportsite_batch_missed = 1;
            ngx_exportsite_batch_load();
            return;
        }

        ngx_exportsite_redis_complain(&ngx_exportsite_worker.redis,
                                      "a batch of events", r,
                                      "events wait until it takes them");
    }

    ngx_exportsite_batch_refused();
}


/* What Redis answered a flight, if it is that; else the flight has landed. */
static redisReply *
ngx_exportsite_batch_reply(ngx_exportsite_flight_t *flight, redisReply *r,
    int type, int other)
{
    ngx_exportsite_redis_answered(&ngx_exportsite_worker.redis, r);
    flight->busy = 0;

    if (r == NULL) {
        flight->landed(flight, NGX_ERROR);
        return NULL;
    }

    if (flight->events > 0) {
        ngx_exportsite_batch_measure(flight);
    }

    if (r->type != type && r->type != other) {
        ngx_exportsite_batch_not_taken(r);
        flight->landed(flight, NGX_DECLINED);
        return NULL;
    }

    return r;
}


static void
ngx_exportsite_batch_answered(redisAsyncContext *ac, void *reply, void *data)
{
    ngx_exportsite_flight_t  *flight = data;

    if (ngx_exportsite_batch_reply(flight, reply, REDIS_REPLY_INTEGER,
                                   REDIS_REPLY_INTEGER)
        != NULL)
    {
        ngx_exportsite_batch_missed = 0;
        flight->landed(flight, NGX_OK);
    }
}


ngx_int_t
ngx_exportsite_batch_mark(ngx_exportsite_flight_t *flight)
{
    char                      command[ES_MARK_COMMAND_MAX];
    size_t                    len;
    ngx_exportsite_worker_t  *w = &ngx_exportsite_worker;

    len = es_mark_command(command, ngx_exportsite_es(w->conf->redis.prefix),
                          ngx_exportsite_es(w->conf->stream.key),
                          flight->producer);

    flight->events = 0;

    if (ngx_exportsite_redis_send(&w->redis, command, len,
                                  ngx_exportsite_batch_marked, flight)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    flight->busy = 1;

    return NGX_OK;
}


static void
ngx_exportsite_batch_marked(redisAsyncContext *ac, void *reply, void *data)
{
    redisReply               *r;
    ngx_exportsite_flight_t  *flight = data;

    r = ngx_exportsite_batch_reply(flight, reply, REDIS_REPLY_STRING,
                                   REDIS_REPLY_NIL);
    if (r == NULL) {
        return;
    }

    flight->mark = r->type == REDIS_REPLY_STRING ? strtoull(r->str, NULL, 10)
                                                 : 0;
    flight->landed(flight, NGX_OK);
}
