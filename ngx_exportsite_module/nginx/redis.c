/*
 * A connection to Redis that is kept. Handshake: AUTH, SELECT and PING in one
 * write; it counts as connected when PING is answered.
 */
#include "compat.h"

#include "redis.h"
#include "redis_guard.h"


#define NGX_EXPORTSITE_RETRY_MIN  50
#define NGX_EXPORTSITE_RETRY_MAX  400

/* no answer for so long: the connection is given up */
#define NGX_EXPORTSITE_STUCK      2000


static void ngx_exportsite_redis_connect(ngx_exportsite_redis_t *redis);
static void ngx_exportsite_redis_on_connect(const redisAsyncContext *ac,
    int status);
static void ngx_exportsite_redis_handshake(ngx_exportsite_redis_t *redis);
static void ngx_exportsite_redis_greeted(redisAsyncContext *ac, void *reply,
    void *data);
static void ngx_exportsite_redis_pong(redisAsyncContext *ac, void *reply,
    void *data);
static void ngx_exportsite_redis_timer(ngx_event_t *ev);
static void ngx_exportsite_redis_check(ngx_event_t *ev);
static void ngx_exportsite_redis_detached(ngx_exportsite_link_t *link);
static void ngx_exportsite_redis_exiting(ngx_exportsite_link_t *link);
static void ngx_exportsite_redis_failed(ngx_exportsite_redis_t *redis,
    const char *reason);


void
ngx_exportsite_redis_start(ngx_exportsite_redis_t *redis,
    ngx_exportsite_redis_conf_t *conf, const char *name, ngx_log_t *log)
{
    redis->conf = conf;
    redis->name = name;
    redis->log = log;
    redis->state = ngx_exportsite_redis_disconnected;
    redis->delay = NGX_EXPORTSITE_RETRY_MIN;
    redis->stopped = 0;

    redis->link.detached = ngx_exportsite_redis_detached;
    redis->link.exiting = ngx_exportsite_redis_exiting;

    redis->timer.handler = ngx_exportsite_redis_timer;
    redis->timer.data = redis;
    redis->timer.log = log;
    redis->timer.cancelable = 1;

    redis->check.handler = ngx_exportsite_redis_check;
    redis->check.data = redis;
    redis->check.log = log;
    redis->check.cancelable = 1;

    ngx_exportsite_redis_connect(redis);
}


void
ngx_exportsite_redis_stop(ngx_exportsite_redis_t *redis)
{
    redisAsyncContext  *ac = redis->link.ac;

    redis->stopped = 1;

    if (ac != NULL) {
        redisAsyncFree(ac);
    }

    if (redis->timer.timer_set) {
        ngx_del_timer(&redis->timer);
    }

    if (redis->check.timer_set) {
        ngx_del_timer(&redis->check);
    }

    redis->state = ngx_exportsite_redis_off;
}


void
ngx_exportsite_redis_drop(ngx_exportsite_redis_t *redis, const char *reason)
{
    ngx_exportsite_redis_failed(redis, reason);

    if (redis->link.ac != NULL) {
        redisAsyncFree(redis->link.ac);
    }
}


static void
ngx_exportsite_redis_connect(ngx_exportsite_redis_t *redis)
{
    redisAsyncContext            *ac;
    ngx_exportsite_redis_conf_t  *conf = redis->conf;

    redis->state = ngx_exportsite_redis_connecting;
    redis->pending = 0;
    redis->subscribed = 0;

    if (conf->port == 0) {
        ac = redisAsyncConnectUnix((char *) conf->host.data);

    } else {
        ac = redisAsyncConnect((char *) conf->host.data, (int) conf->port);
    }

    if (ac == NULL || ac->err) {
        ngx_exportsite_redis_failed(redis, ac ? ac->errstr : "no memory");
        if (ac != NULL) {
            redisAsyncFree(ac);
        }

        ngx_exportsite_redis_detached(&redis->link);
        return;
    }

    ac->data = redis;

    if (ngx_exportsite_redis_attach(&redis->link, ac, redis->log) != NGX_OK) {
        redisAsyncFree(ac);
        ngx_exportsite_redis_detached(&redis->link);
        return;
    }

    ngx_exportsite_redis_guard(redis, ac);

    /* from here on a failure comes by detached() */

    redisAsyncSetConnectCallback(ac, ngx_exportsite_redis_on_connect);
    ngx_add_timer(&redis->timer, conf->connect_timeout);
}


static void
ngx_exportsite_redis_on_connect(const redisAsyncContext *ac, int status)
{
    ngx_exportsite_redis_t  *redis = ac->data;

    if (status != REDIS_OK) {
        ngx_exportsite_redis_failed(redis, ac->errstr);
        return;
    }

    ngx_exportsite_redis_handshake(redis);
}


static void
ngx_exportsite_redis_handshake(ngx_exportsite_redis_t *redis)
{
    int                           argc;
    u_char                        db[NGX_INT_T_LEN];
    size_t                        len[3];
    const char                   *argv[3];
    ngx_exportsite_redis_conf_t  *conf = redis->conf;

    if (conf->password.len) {
        argc = 0;
        argv[argc] = "AUTH";
        len[argc++] = 4;

        if (conf->user.len) {
            argv[argc] = (char *) conf->user.data;
            len[argc++] = conf->user.len;
        }

        argv[argc] = (char *) conf->password.data;
        len[argc++] = conf->password.len;

        (void) ngx_exportsite_redis_command(redis, ngx_exportsite_redis_greeted,
                                            "AUTH", argc, argv, len);
    }

    if (conf->db != 0) {
        argv[0] = "SELECT";
        len[0] = 6;
        argv[1] = (char *) db;
        len[1] = ngx_sprintf(db, "%ui", conf->db) - db;

        (void) ngx_exportsite_redis_command(redis, ngx_exportsite_redis_greeted,
                                            "SELECT", 2, argv, len);
    }

    argv[0] = "PING";
    len[0] = 4;
    (void) ngx_exportsite_redis_command(redis, ngx_exportsite_redis_pong, NULL,
                                        1, argv, len);
}


static void
ngx_exportsite_redis_greeted(redisAsyncContext *ac, void *reply, void *data)
{
    redisReply              *r = reply;
    ngx_exportsite_redis_t  *redis = ac->data;

    ngx_exportsite_redis_answered(redis, r);

    if (r != NULL && r->type == REDIS_REPLY_ERROR) {
        ngx_exportsite_redis_complain(redis, data, r,
                        "check user=, password_file= and db= of "
                        "exportsite_redis");
        ngx_exportsite_redis_failed(redis, r->str);
    }
}


static void
ngx_exportsite_redis_pong(redisAsyncContext *ac, void *reply, void *data)
{
    redisReply              *r = reply;
    ngx_exportsite_redis_t  *redis = ac->data;

    ngx_exportsite_redis_answered(redis, r);

    if (r == NULL) {
        return;
    }

    if (r->type == REDIS_REPLY_ERROR) {
        ngx_exportsite_redis_drop(redis, r->str);
        return;
    }

    if (redis->timer.timer_set) {
        ngx_del_timer(&redis->timer);
    }

    if (redis->logged && !redis->announced) {
        redis->announced = 1;
        ngx_log_error(NGX_LOG_NOTICE, redis->log, 0,
                      "exportsite: connected to Redis at %V again (%s)",
                      &redis->conf->address, redis->name);
    }

    redis->state = ngx_exportsite_redis_connected;
    redis->connected_at = ngx_current_msec;
    redis->failures = 0;
    redis->stood = 1;
    redis->error[0] = '\0';

    redis->ready(redis);
}


/* The time to connect is over, or the pause before the next attempt. */
static void
ngx_exportsite_redis_timer(ngx_event_t *ev)
{
    ngx_exportsite_redis_t  *redis = ev->data;

    if (redis->link.ac != NULL) {
        ngx_exportsite_redis_drop(redis, "no answer within connect_timeout");
        return;
    }

    ngx_exportsite_redis_connect(redis);
}


static void
ngx_exportsite_redis_check(ngx_event_t *ev)
{
    ngx_exportsite_redis_t  *redis = ev->data;

    if (redis->pending == 0 || redis->link.ac == NULL) {
        return;
    }

    if (ngx_current_msec - redis->heard >= NGX_EXPORTSITE_STUCK) {
        ngx_exportsite_redis_drop(redis, "no answer for two seconds");
        return;
    }

    ngx_add_timer(ev, NGX_EXPORTSITE_STUCK / 8);
}


ngx_int_t
ngx_exportsite_redis_send(ngx_exportsite_redis_t *redis, const char *command,
    size_t len, redisCallbackFn *callback, void *data)
{
    if (redis->link.ac == NULL
        || redisAsyncFormattedCommand(redis->link.ac, callback, data, command,
                                      len)
           != REDIS_OK)
    {
        return NGX_ERROR;
    }

    if (redis->pending++ == 0) {
        redis->heard = ngx_current_msec;

        if (!redis->check.timer_set) {
            ngx_add_timer(&redis->check, NGX_EXPORTSITE_STUCK / 8);
        }
    }

    return NGX_OK;
}


ngx_int_t
ngx_exportsite_redis_command(ngx_exportsite_redis_t *redis,
    redisCallbackFn *callback, void *data, int argc, const char **argv,
    const size_t *argvlen)
{
    char             *command;
    ngx_int_t         rc;
    long long         len;

    len = redisFormatCommandArgv(&command, argc, argv, argvlen);
    if (len < 0) {
        return NGX_ERROR;
    }

    rc = ngx_exportsite_redis_send(redis, command, len, callback, data);

    redisFreeCommand(command);

    return rc;
}


void
ngx_exportsite_redis_answered(ngx_exportsite_redis_t *redis, redisReply *reply)
{
    if (redis->pending > 0) {
        redis->pending--;
    }

    if (reply != NULL) {
        redis->heard = ngx_current_msec;
    }
}


void
ngx_exportsite_redis_complain(ngx_exportsite_redis_t *redis, const char *what,
    redisReply *reply, const char *remedy)
{
    static time_t  last;

    ngx_cpystrn(redis->error, (u_char *) reply->str, sizeof(redis->error));

    if (last == ngx_time()) {
        return;
    }

    last = ngx_time();

    ngx_log_error(NGX_LOG_ERR, redis->log, 0,
                  "exportsite: Redis at %V answered %s with \"%s\": %s",
                  &redis->conf->address, what, reply->str, remedy);
}


/* The one way in which a connection ends, whoever ended it. */
static void
ngx_exportsite_redis_detached(ngx_exportsite_link_t *link)
{
    ngx_exportsite_redis_t  *redis = (ngx_exportsite_redis_t *) link;

    redis->state = ngx_exportsite_redis_disconnected;
    redis->pending = 0;

    if (redis->stopped) {
        return;
    }

    if (redis->stood) {
        redis->losses++;

        if (ngx_current_msec - redis->connected_at >= NGX_EXPORTSITE_STUCK) {
            /* it was no flapping: begin anew */
            redis->delay = NGX_EXPORTSITE_RETRY_MIN;
            redis->logged = 0;
        }
    }

    if (link->error[0] != '\0') {
        ngx_exportsite_redis_failed(redis, (char *) link->error);

    } else if (redis->stood && redis->error[0] == '\0') {
        ngx_exportsite_redis_failed(redis, "connection closed");
    }

    redis->failures++;

    /* old and new workers come at once after a restart: with jitter */
    ngx_add_timer(&redis->timer,
                  redis->delay / 2 + (ngx_msec_t) ngx_random() % redis->delay);

    redis->delay = ngx_min(redis->delay * 2, NGX_EXPORTSITE_RETRY_MAX);

    redis->lost(redis);
    redis->stood = 0;
}


static void
ngx_exportsite_redis_exiting(ngx_exportsite_link_t *link)
{
    ngx_exportsite_redis_t  *redis = (ngx_exportsite_redis_t *) link;

    redis->exiting(redis);
}


/* Keeps the reason for the status page, and logs the first of a row. */
static void
ngx_exportsite_redis_failed(ngx_exportsite_redis_t *redis, const char *reason)
{
    ngx_cpystrn(redis->error, (u_char *) reason, sizeof(redis->error));

    if (redis->logged) {
        return;
    }

    redis->logged = 1;
    redis->announced = 0;

    ngx_log_error(NGX_LOG_ERR, redis->log, 0,
                  "exportsite: Redis at %V is away (%s: %s)%s, trying again; "
                  "pages are served without it",
                  &redis->conf->address, redis->name, reason,
                  ngx_strncmp(reason, "NOPERM", 6) == 0
                  ? "; allow what docs/redis.md lists, such as "
                    "&__redis__:invalidate" : "");
}


ngx_str_t
ngx_exportsite_redis_state_name(ngx_uint_t state)
{
    static ngx_str_t  names[] = {
        ngx_string("off"),
        ngx_string("disconnected"),
        ngx_string("connecting"),
        ngx_string("connected")
    };

    return names[state];
}
