/*
 * The circuit breaker. Its two numbers lie in the zone; every worker that has a
 * connection probes while it is open, and the first to be answered within the
 * time that a request may wait closes it for all.
 */
#include "compat.h"

#include "breaker.h"
#include "worker.h"


#define NGX_EXPORTSITE_PROBE_INTERVAL  100


static void ngx_exportsite_breaker_timer(ngx_event_t *ev);
static void ngx_exportsite_breaker_pong(redisAsyncContext *ac, void *reply,
    void *data);


static ngx_event_t  ngx_exportsite_probe;
static ngx_msec_t   ngx_exportsite_probed_at;
static ngx_uint_t   ngx_exportsite_probing;


ngx_uint_t
ngx_exportsite_breaker_closed(void)
{
    return ngx_exportsite_worker.state->breaker_open == 0;
}


void
ngx_exportsite_breaker_timed_out(void)
{
    ngx_exportsite_state_sh_t  *sh = ngx_exportsite_worker.state;

    if (ngx_atomic_fetch_add(&sh->breaker_failures, 1) + 1
        < NGX_EXPORTSITE_BREAKER_LIMIT)
    {
        return;
    }

    if (ngx_atomic_cmp_set(&sh->breaker_open, 0, 1)) {
        (void) ngx_atomic_fetch_add(&sh->breaker_opened, 1);

        ngx_log_error(NGX_LOG_WARN, ngx_exportsite_worker.log, 0,
                      "exportsite: Redis timed out %d times in a row: no "
                      "request waits for it until it answers in time",
                      NGX_EXPORTSITE_BREAKER_LIMIT);
    }

    ngx_exportsite_breaker_probe();
}


void
ngx_exportsite_breaker_answered(ngx_msec_t msec)
{
    ngx_exportsite_state_sh_t  *sh = ngx_exportsite_worker.state;

    if (msec > ngx_exportsite_worker.conf->redis.timeout) {
        return;
    }

    if (sh->breaker_failures != 0) {
        sh->breaker_failures = 0;
    }

    if (sh->breaker_open && ngx_atomic_cmp_set(&sh->breaker_open, 1, 0)) {
        ngx_log_error(NGX_LOG_NOTICE, ngx_exportsite_worker.log, 0,
                      "exportsite: Redis answers in time again");
    }
}


void
ngx_exportsite_breaker_probe(void)
{
    size_t                   len = 4;
    const char              *ping = "PING";
    ngx_event_t             *ev = &ngx_exportsite_probe;
    ngx_exportsite_redis_t  *redis = &ngx_exportsite_worker.redis;

    if (ngx_exportsite_breaker_closed()) {
        return;
    }

    if (ev->handler == NULL) {
        ev->handler = ngx_exportsite_breaker_timer;
        ev->data = redis;
        ev->log = ngx_exportsite_worker.log;
        ev->cancelable = 1;
    }

    if (!ev->timer_set) {
        ngx_add_timer(ev, NGX_EXPORTSITE_PROBE_INTERVAL);
    }

    if (ngx_exportsite_probing
        || redis->state != ngx_exportsite_redis_connected)
    {
        return;
    }

    ngx_exportsite_probed_at = ngx_current_msec;

    if (ngx_exportsite_redis_command(redis, ngx_exportsite_breaker_pong, NULL,
                                     1, &ping, &len)
        == NGX_OK)
    {
        ngx_exportsite_probing = 1;
    }
}


static void
ngx_exportsite_breaker_timer(ngx_event_t *ev)
{
    ngx_exportsite_breaker_probe();
}


static void
ngx_exportsite_breaker_pong(redisAsyncContext *ac, void *reply, void *data)
{
    redisReply  *r = reply;

    ngx_exportsite_probing = 0;
    ngx_exportsite_redis_answered(&ngx_exportsite_worker.redis, r);

    if (r != NULL && r->type != REDIS_REPLY_ERROR) {
        ngx_exportsite_breaker_answered(ngx_current_msec
                                        - ngx_exportsite_probed_at);
    }
}
