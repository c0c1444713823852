/*
 * Replies that hiredis does not expect end the connection, not the worker: an
 * object that its reader cannot make is a protocol error to it.
 */
#include "compat.h"

#include "../redis/keys.h"
#include "redis_guard.h"


#if (HIREDIS_MAJOR >= 1)
typedef size_t  ngx_exportsite_elements_t;
#else
typedef int     ngx_exportsite_elements_t;
#endif


/* the reader's own functions, and those that ask first */
static redisReplyObjectFunctions  ngx_exportsite_reader_plain;
static redisReplyObjectFunctions  ngx_exportsite_reader_guarded;


/* A whole reply, or a part of one that began well. */
static ngx_uint_t
ngx_exportsite_reply_expected(const redisReadTask *task)
{
    ngx_exportsite_redis_t  *redis = task->privdata;

    /* an error to no command is how Redis says good-bye */

    return task->parent != NULL || task->type == REDIS_REPLY_ERROR
           || redis->subscribed || redis->pending > 0;
}


/* All parts of a reply together, as they lie in memory. */
static ngx_uint_t
ngx_exportsite_reply_fits(const redisReadTask *task, size_t size)
{
    ngx_exportsite_redis_t  *redis = task->privdata;

    if (task->parent == NULL) {
        redis->reply_size = 0;
    }

    redis->reply_size += sizeof(redisReply) + size;

    return redis->reply_size <= NGX_EXPORTSITE_REPLY_MAX;
}


/* The first two parts of a message are words. */
static ngx_uint_t
ngx_exportsite_reply_is_word(const redisReadTask *task)
{
    ngx_exportsite_redis_t  *redis = task->privdata;

    return redis->subscribed && task->parent != NULL
           && task->parent->parent == NULL && task->idx < 2;
}


/* What happened, and on the one channel that is listened to. */
static ngx_uint_t
ngx_exportsite_word_expected(const redisReadTask *task, char *str, size_t len)
{
    ngx_uint_t         i;
    static ngx_str_t   words[] = {
        ngx_string("message"), ngx_string("subscribe"),
        ngx_string(ES_INVALIDATE)
    };

    for (i = task->idx ? 2 : 0; i < (task->idx ? 3 : 2); i++) {
        if (task->type == REDIS_REPLY_STRING && len == words[i].len
            && ngx_memcmp(str, words[i].data, len) == 0)
        {
            return 1;
        }
    }

    return 0;
}


static void *
ngx_exportsite_guard_string(const redisReadTask *task, char *str, size_t len)
{
    if (!ngx_exportsite_reply_expected(task)
        || !ngx_exportsite_reply_fits(task, len))
    {
        return NULL;
    }

    if (ngx_exportsite_reply_is_word(task)
        && !ngx_exportsite_word_expected(task, str, len))
    {
        return NULL;
    }

    return ngx_exportsite_reader_plain.createString(task, str, len);
}


static void *
ngx_exportsite_guard_array(const redisReadTask *task,
    ngx_exportsite_elements_t n)
{
    ngx_exportsite_redis_t  *redis = task->privdata;

    if (!ngx_exportsite_reply_expected(task)
        || ngx_exportsite_reply_is_word(task)
        || (redis->subscribed && task->parent == NULL && n != 3)
        || (size_t) n > NGX_EXPORTSITE_REPLY_MAX / sizeof(redisReply *)
        || !ngx_exportsite_reply_fits(task, n * sizeof(redisReply *)))
    {
        return NULL;
    }

    return ngx_exportsite_reader_plain.createArray(task, n);
}


static void *
ngx_exportsite_guard_integer(const redisReadTask *task, long long n)
{
    if (!ngx_exportsite_reply_expected(task)
        || ngx_exportsite_reply_is_word(task)
        || !ngx_exportsite_reply_fits(task, 0))
    {
        return NULL;
    }

    return ngx_exportsite_reader_plain.createInteger(task, n);
}


static void *
ngx_exportsite_guard_nil(const redisReadTask *task)
{
    if (!ngx_exportsite_reply_expected(task)
        || ngx_exportsite_reply_is_word(task)
        || !ngx_exportsite_reply_fits(task, 0))
    {
        return NULL;
    }

    return ngx_exportsite_reader_plain.createNil(task);
}


void
ngx_exportsite_redis_guard(ngx_exportsite_redis_t *redis,
    redisAsyncContext *ac)
{
    redisReader                *reader = ac->c.reader;
    redisReplyObjectFunctions  *guarded = &ngx_exportsite_reader_guarded;

    if (guarded->createString == NULL) {
        ngx_exportsite_reader_plain = *reader->fn;
        *guarded = *reader->fn;

        guarded->createString = ngx_exportsite_guard_string;
        guarded->createArray = ngx_exportsite_guard_array;
        guarded->createInteger = ngx_exportsite_guard_integer;
        guarded->createNil = ngx_exportsite_guard_nil;
    }

    reader->fn = guarded;
    reader->privdata = redis;
}
