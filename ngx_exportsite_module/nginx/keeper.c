/*
 * The keeper holds one subscribed connection that tracks the definitions' keys
 * (CLIENT TRACKING in broadcasting mode, redirected to itself) and to which all
 * workers redirect the messages about the profiles they read. If it is lost,
 * nobody else's messages are missed unnoticed: it is the one that listens.
 */
#include "compat.h"

#include "../redis/keys.h"
#include "contents_load.h"
#include "errors.h"
#include "keeper.h"
#include "profile_zone.h"
#include "segments_load.h"


#define NGX_EXPORTSITE_KEEPER_STALE  5            /* s without a beat */
#define NGX_EXPORTSITE_HEARTBEAT     1000


static void ngx_exportsite_keeper_begin(void);
static void ngx_exportsite_keeper_ready(ngx_exportsite_redis_t *redis);
static void ngx_exportsite_keeper_lost(ngx_exportsite_redis_t *redis);
static void ngx_exportsite_keeper_exiting(ngx_exportsite_redis_t *redis);
static void ngx_exportsite_keeper_id(redisAsyncContext *ac, void *reply,
    void *data);
static void ngx_exportsite_keeper_tracking(redisAsyncContext *ac, void *reply,
    void *data);
static void ngx_exportsite_keeper_message(redisAsyncContext *ac, void *reply,
    void *data);
static void ngx_exportsite_keeper_changed(redisReply *keys);
static ngx_uint_t ngx_exportsite_keeper_family(ngx_str_t *key,
    const char *name);
static void ngx_exportsite_keeper_key(ngx_str_t *key);
static void ngx_exportsite_keeper_subscribe(void);
static void ngx_exportsite_keeper_heartbeat(ngx_event_t *ev);
static void ngx_exportsite_keeper_refresh(ngx_event_t *ev);


static ngx_exportsite_redis_t  ngx_exportsite_listener;
static ngx_event_t             ngx_exportsite_beat_event;
static ngx_event_t             ngx_exportsite_refresh_event;
static ngx_uint_t              ngx_exportsite_listening;
static ngx_uint_t              ngx_exportsite_keeping;
static ngx_atomic_uint_t       ngx_exportsite_listener_id;


void
ngx_exportsite_keeper_try(ngx_uint_t take)
{
    ngx_atomic_uint_t           keeper;
    ngx_exportsite_state_sh_t  *sh = ngx_exportsite_worker.state;

    keeper = sh->keeper;

    if (keeper == (ngx_atomic_uint_t) ngx_pid) {
        sh->keeper_beat = ngx_time();

        if (!ngx_exportsite_keeping) {
            ngx_exportsite_keeper_begin();
        }

        ngx_exportsite_errors_look();
        return;
    }

    if (ngx_exportsite_keeping) {
        /* a newer worker took it */
        ngx_exportsite_keeper_resign();
        return;
    }

    if (ngx_exiting
        || (!take && keeper != 0
            && !(kill((pid_t) keeper, 0) == -1 && ngx_errno == NGX_ESRCH)
            && ngx_time() - (time_t) sh->keeper_beat
               < NGX_EXPORTSITE_KEEPER_STALE))
    {
        return;
    }

    if (ngx_atomic_cmp_set(&sh->keeper, keeper, ngx_pid)) {
        sh->keeper_beat = ngx_time();
        ngx_exportsite_keeper_begin();
    }
}


static void
ngx_exportsite_keeper_begin(void)
{
    ngx_exportsite_redis_t   *listener = &ngx_exportsite_listener;
    ngx_exportsite_worker_t  *w = &ngx_exportsite_worker;

    ngx_exportsite_keeping = 1;

    listener->ready = ngx_exportsite_keeper_ready;
    listener->lost = ngx_exportsite_keeper_lost;
    listener->exiting = ngx_exportsite_keeper_exiting;

    ngx_exportsite_beat_event.handler = ngx_exportsite_keeper_heartbeat;
    ngx_exportsite_beat_event.data = listener;
    ngx_exportsite_beat_event.log = w->log;
    ngx_exportsite_beat_event.cancelable = 1;

    ngx_exportsite_refresh_event.handler = ngx_exportsite_keeper_refresh;
    ngx_exportsite_refresh_event.data = listener;
    ngx_exportsite_refresh_event.log = w->log;
    ngx_exportsite_refresh_event.cancelable = 1;

    ngx_exportsite_redis_start(listener, &w->conf->redis, "listening", w->log);
    ngx_add_timer(&ngx_exportsite_refresh_event, w->conf->redis.refresh);

    ngx_exportsite_keeper_connected();
}


/* What changed while nobody looked is not known. */
static void
ngx_exportsite_keeper_load(void)
{
    ngx_exportsite_errors_forget();
    ngx_exportsite_segments_load();
    ngx_exportsite_contents_load_all();
}


void
ngx_exportsite_keeper_resign(void)
{
    ngx_exportsite_state_sh_t  *sh = ngx_exportsite_worker.state;

    if (!ngx_exportsite_keeping) {
        return;
    }

    ngx_exportsite_keeping = 0;
    ngx_exportsite_redis_stop(&ngx_exportsite_listener);
    ngx_exportsite_keeper_lost(&ngx_exportsite_listener);

    if (ngx_exportsite_refresh_event.timer_set) {
        ngx_del_timer(&ngx_exportsite_refresh_event);
    }

    ngx_exportsite_contents_stop();

    (void) ngx_atomic_cmp_set(&sh->keeper, ngx_pid, 0);
}


static void
ngx_exportsite_keeper_exiting(ngx_exportsite_redis_t *redis)
{
    ngx_exportsite_keeper_resign();
}


void
ngx_exportsite_keeper_connected(void)
{
    if (ngx_exportsite_keeping) {
        ngx_exportsite_keeper_load();
    }
}


/* The listener is connected: asks for its id, then to be told of changes. */
static void
ngx_exportsite_keeper_ready(ngx_exportsite_redis_t *redis)
{
    size_t       len[2] = { 6, 2 };
    const char  *argv[2] = { "CLIENT", "ID" };

    (void) ngx_exportsite_redis_command(redis, ngx_exportsite_keeper_id, NULL,
                                        2, argv, len);

    if (!ngx_exportsite_beat_event.timer_set) {
        ngx_add_timer(&ngx_exportsite_beat_event, NGX_EXPORTSITE_HEARTBEAT);
    }
}


static void
ngx_exportsite_keeper_id(redisAsyncContext *ac, void *reply, void *data)
{
    char          id[NGX_INT64_LEN + 1], key[3][ES_KEY_MAX];
    size_t        len[11];
    es_str_t      prefix, k;
    ngx_uint_t    i, n;
    redisReply   *r = reply;
    const char   *argv[11];
    static char  *families[] = { ES_KEY_SEGMENTS, ES_KEY_SLOT };

    ngx_exportsite_redis_answered(&ngx_exportsite_listener, r);

    if (r == NULL || r->type != REDIS_REPLY_INTEGER) {
        if (r != NULL && r->type == REDIS_REPLY_ERROR) {
            ngx_exportsite_redis_complain(&ngx_exportsite_listener,
                      "CLIENT ID", r,
                      "changes are seen after refresh= only; allow the "
                      "commands that docs/redis.md lists");
        }

        return;
    }

    ngx_exportsite_listener_id = (ngx_atomic_uint_t) r->integer;
    *ngx_sprintf((u_char *) id, "%L", (int64_t) r->integer) = '\0';

    prefix = ngx_exportsite_es(ngx_exportsite_worker.conf->redis.prefix);

    argv[0] = "CLIENT";
    argv[1] = "TRACKING";
    argv[2] = "ON";
    argv[3] = "REDIRECT";
    argv[4] = id;
    argv[5] = "BCAST";
    n = 6;

    for (i = 0; i < (ngx_exportsite_worker.contents ? 2 : 1); i++) {
        k = es_key(key[i], prefix,
                   (es_str_t) { ngx_strlen(families[i]), families[i] });
        key[i][k.len] = '\0';
        argv[n++] = "PREFIX";
        argv[n++] = key[i];
    }

    for (i = 0; i < n; i++) {
        len[i] = ngx_strlen(argv[i]);
    }

    (void) ngx_exportsite_redis_command(&ngx_exportsite_listener,
                                        ngx_exportsite_keeper_tracking, NULL,
                                        n, argv, len);

    ngx_exportsite_keeper_subscribe();
}


static void
ngx_exportsite_keeper_tracking(redisAsyncContext *ac, void *reply, void *data)
{
    redisReply  *r = reply;

    ngx_exportsite_redis_answered(&ngx_exportsite_listener, r);

    if (r != NULL && r->type == REDIS_REPLY_ERROR) {
        ngx_exportsite_redis_complain(&ngx_exportsite_listener,
                      "CLIENT TRACKING", r,
                      "changes are seen after refresh= only; needs Redis 6 "
                      "and the commands that docs/redis.md lists");
    }
}


static void
ngx_exportsite_keeper_subscribe(void)
{
    size_t       len[2] = { 9, sizeof(ES_INVALIDATE) - 1 };
    const char  *argv[2] = { "SUBSCRIBE", ES_INVALIDATE };

    ngx_exportsite_listener.subscribed = 1;

    (void) ngx_exportsite_redis_command(&ngx_exportsite_listener,
                                        ngx_exportsite_keeper_message, NULL,
                                        2, argv, len);
}


/* An answer to SUBSCRIBE, which serves as heartbeat, or a message. */
static void
ngx_exportsite_keeper_message(redisAsyncContext *ac, void *reply, void *data)
{
    redisReply                 *r = reply;
    ngx_exportsite_state_sh_t  *sh = ngx_exportsite_worker.state;

    if (r == NULL || r->type != REDIS_REPLY_ARRAY || r->elements < 3
        || r->element[0]->type != REDIS_REPLY_STRING)
    {
        return;
    }

    if (r->element[0]->len == 7
        && ngx_memcmp(r->element[0]->str, "message", 7) == 0)
    {
        ngx_exportsite_keeper_changed(r->element[2]);
        return;
    }

    ngx_exportsite_redis_answered(&ngx_exportsite_listener, r);

    if (sh->keeper != (ngx_atomic_uint_t) ngx_pid) {
        /* another has taken the office while this was under way */
        return;
    }

    if (!ngx_exportsite_listening
        || sh->tracking_id != ngx_exportsite_listener_id)
    {
        /* what changed while nobody listened is not known */
        ngx_exportsite_listening = 1;
        sh->tracking_id = ngx_exportsite_listener_id;
        ngx_exportsite_profile_all_changed();
        ngx_exportsite_keeper_load();
    }
}


/* A list of keys; nil means that all were flushed. */
static void
ngx_exportsite_keeper_changed(redisReply *keys)
{
    size_t      i;
    ngx_str_t   key, *prefix;

    if (keys->type != REDIS_REPLY_ARRAY) {
        ngx_exportsite_profile_all_changed();
        ngx_exportsite_keeper_load();
        return;
    }

    prefix = &ngx_exportsite_worker.conf->redis.prefix;

    for (i = 0; i < keys->elements; i++) {

        if (keys->element[i]->type != REDIS_REPLY_STRING
            || (size_t) keys->element[i]->len < prefix->len)
        {
            continue;
        }

        key.data = (u_char *) keys->element[i]->str + prefix->len;
        key.len = keys->element[i]->len - prefix->len;

        ngx_exportsite_keeper_key(&key);
    }
}


/* Does it begin with the name of that family? Takes the name off then. */
static ngx_uint_t
ngx_exportsite_keeper_family(ngx_str_t *key, const char *name)
{
    size_t  len = ngx_strlen(name);

    if (key->len < len || ngx_memcmp(key->data, name, len) != 0) {
        return 0;
    }

    key->data += len;
    key->len -= len;

    return 1;
}


/* A key that was changed, without the prefix. */
static void
ngx_exportsite_keeper_key(ngx_str_t *key)
{
    if (ngx_exportsite_keeper_family(key, ES_KEY_PROFILE)) {
        if (key->len > 0) {
            ngx_exportsite_profile_changed(key);
        }

    } else if (ngx_exportsite_keeper_family(key, ES_KEY_SLOT)) {
        ngx_exportsite_contents_load(key);

    } else if (ngx_exportsite_keeper_family(key, ES_KEY_SEGMENTS)
               && key->len == 0)
    {
        ngx_exportsite_segments_load();
    }
}


static void
ngx_exportsite_keeper_lost(ngx_exportsite_redis_t *redis)
{
    ngx_exportsite_state_sh_t  *sh = ngx_exportsite_worker.state;

    ngx_exportsite_listening = 0;

    (void) ngx_atomic_cmp_set(&sh->tracking_id, ngx_exportsite_listener_id, 0);

    if (ngx_exportsite_beat_event.timer_set) {
        ngx_del_timer(&ngx_exportsite_beat_event);
    }
}


static void
ngx_exportsite_keeper_heartbeat(ngx_event_t *ev)
{
    ngx_exportsite_redis_t  *listener = &ngx_exportsite_listener;

    if (listener->state != ngx_exportsite_redis_connected) {
        return;
    }

    ngx_add_timer(ev, NGX_EXPORTSITE_HEARTBEAT);

    if (listener->subscribed) {
        ngx_exportsite_keeper_subscribe();

    } else if (listener->pending == 0) {
        ngx_exportsite_keeper_ready(listener);
    }
}


static void
ngx_exportsite_keeper_refresh(ngx_event_t *ev)
{
    ngx_exportsite_segments_load();
    ngx_exportsite_contents_refresh();
    ngx_add_timer(ev, ngx_exportsite_worker.conf->redis.refresh);
}
