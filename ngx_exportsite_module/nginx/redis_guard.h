/*
 * Replies that hiredis does not expect end the connection, not the worker.
 */
#ifndef NGX_EXPORTSITE_REDIS_GUARD_H
#define NGX_EXPORTSITE_REDIS_GUARD_H

#include "redis.h"


/*
 * hiredis asserts that what it reads is what it asked for. From here on its
 * reader refuses a reply to no command, and on a connection that listens
 * everything that is no message to a subscriber; redis->pending and
 * ->subscribed tell which.
 */
void ngx_exportsite_redis_guard(ngx_exportsite_redis_t *redis,
    redisAsyncContext *ac);

#endif
