/*
 * Answers remembered by the hash of the question: a small table that a newer
 * answer overwrites, for headers that thousands of requests repeat. The hash is
 * keyed, so nobody outside can make two headers share an answer.
 */
#ifndef NGX_EXPORTSITE_REMEMBER_H
#define NGX_EXPORTSITE_REMEMBER_H

#include "../core/siphash.h"
#include "worker.h"


#define NGX_EXPORTSITE_REMEMBER  1024

typedef struct {
    struct {
        uint64_t  hash;
        uint32_t  answer;
        uint32_t  used;
    } place[NGX_EXPORTSITE_REMEMBER];
} ngx_exportsite_remember_t;


/* salt tells apart questions of the same text, such as different language sets */
static ngx_inline uint64_t
ngx_exportsite_hash(const void *data, size_t len, uint64_t salt)
{
    return es_siphash13(ngx_exportsite_worker.hash_key, data, len)
           ^ salt * 0x9e3779b97f4a7c15ull;
}


static ngx_inline ngx_uint_t
ngx_exportsite_recall(ngx_exportsite_remember_t *table, uint64_t hash,
    uint32_t *answer)
{
    ngx_uint_t  i = hash % NGX_EXPORTSITE_REMEMBER;

    if (!table->place[i].used || table->place[i].hash != hash) {
        return 0;
    }

    *answer = table->place[i].answer;

    return 1;
}


static ngx_inline void
ngx_exportsite_remember(ngx_exportsite_remember_t *table, uint64_t hash,
    uint32_t answer)
{
    ngx_uint_t  i = hash % NGX_EXPORTSITE_REMEMBER;

    table->place[i].hash = hash;
    table->place[i].answer = answer;
    table->place[i].used = 1;
}

#endif
