/*
 * Redis' messages about profiles that this worker reads go to the keeper.
 */
#include "compat.h"

#include "tracking.h"
#include "worker.h"


static void ngx_exportsite_tracked(redisAsyncContext *ac, void *reply,
    void *data);


/* the subscription to which this connection redirects its messages */
static ngx_atomic_uint_t  ngx_exportsite_tracked_to;


void
ngx_exportsite_track_anew(void)
{
    ngx_exportsite_tracked_to = 0;
}


void
ngx_exportsite_track(void)
{
    char                      id[NGX_ATOMIC_T_LEN + 1];
    size_t                    len[5];
    ngx_uint_t                i;
    const char               *argv[5] = {
        "CLIENT", "TRACKING", "ON", "REDIRECT", id
    };
    ngx_exportsite_worker_t  *w = &ngx_exportsite_worker;

    if (ngx_exportsite_tracked_to == w->state->tracking_id
        || w->state->tracking_id == 0)
    {
        return;
    }

    ngx_exportsite_tracked_to = w->state->tracking_id;
    *ngx_sprintf((u_char *) id, "%uA", ngx_exportsite_tracked_to) = '\0';

    for (i = 0; i < 5; i++) {
        len[i] = ngx_strlen(argv[i]);
    }

    (void) ngx_exportsite_redis_command(&w->redis, ngx_exportsite_tracked,
                                        NULL, 5, argv, len);
}


static void
ngx_exportsite_tracked(redisAsyncContext *ac, void *reply, void *data)
{
    redisReply  *r = reply;

    ngx_exportsite_redis_answered(&ngx_exportsite_worker.redis, r);

    if (r != NULL && r->type == REDIS_REPLY_ERROR) {
        /* the listener has just gone, or Redis is too old: ttl must do */
        ngx_log_error(NGX_LOG_INFO, ngx_exportsite_worker.log, 0,
                      "exportsite: CLIENT TRACKING: %s", r->str);
    }
}
