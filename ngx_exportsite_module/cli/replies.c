/* hiredis' reader asks for its objects; here they come from a heap. */
#include "replies.h"


#if HIREDIS_MAJOR >= 1
typedef size_t  es_reply_count_t;
#else
typedef int     es_reply_count_t;
#endif


static redisReply *
es_reply_new(const redisReadTask *task)
{
    redisReply  *reply, *parent;

    reply = es_alloc(es_heap_pool(task->privdata), sizeof(redisReply));
    memset(reply, 0, sizeof(redisReply));
    reply->type = task->type;

    if (task->parent != NULL) {
        parent = task->parent->obj;
        parent->element[task->idx] = reply;
    }

    return reply;
}


static void *
es_reply_string(const redisReadTask *task, char *text, size_t len)
{
    redisReply  *reply = es_reply_new(task);

    reply->str = (char *) es_heap_copy(task->privdata,
                                       (es_str_t) { len, text }).data;
    reply->len = len;

    return reply;
}


static void *
es_reply_array(const redisReadTask *task, es_reply_count_t n)
{
    size_t       size = (size_t) n * sizeof(redisReply *);
    redisReply  *reply = es_reply_new(task);

    reply->element = es_alloc(es_heap_pool(task->privdata), size + 1);
    reply->elements = (size_t) n;
    memset(reply->element, 0, size);

    return reply;
}


static void *
es_reply_integer(const redisReadTask *task, long long n)
{
    redisReply  *reply = es_reply_new(task);

    reply->integer = n;

    return reply;
}


static void *
es_reply_nil(const redisReadTask *task)
{
    return es_reply_new(task);
}


static void
es_reply_free(void *reply)
{
    /* the heap has it */
}


/* RESP2 has no other types, and nothing else is asked for. */
static redisReplyObjectFunctions  es_reply_functions = {
    .createString = es_reply_string,
    .createArray = es_reply_array,
    .createInteger = es_reply_integer,
    .createNil = es_reply_nil,
    .freeObject = es_reply_free
};


redisReply *
es_replies_next(redisContext *link, es_heap_t *heap)
{
    void                       *reply = NULL, *privdata;
    redisReader                *reader = link->reader;
    redisReplyObjectFunctions  *functions;

    functions = reader->fn;
    privdata = reader->privdata;

    reader->fn = &es_reply_functions;
    reader->privdata = heap;

    if (redisGetReply(link, &reply) != REDIS_OK) {
        /* half an answer may be left, for redisFree() to end with ours */
        return NULL;
    }

    reader->fn = functions;
    reader->privdata = privdata;

    return reply;
}
