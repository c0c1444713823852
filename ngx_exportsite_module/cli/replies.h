/*
 * A long answer of Redis in a pool. It is made of dozens of pieces for each
 * entry, and to allocate and free each by itself takes longer than to read it.
 */
#ifndef ES_REPLIES_H
#define ES_REPLIES_H

#include "cli.h"


/*
 * The answer that comes next, NULL where the connection failed and is of no use
 * any more. It lies in the heap and goes with it: freeReplyObject() must not be
 * called.
 */
redisReply *es_replies_next(redisContext *link, es_heap_t *heap);

#endif
