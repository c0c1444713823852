/* A pool in blocks: what is taken from it is given back all at once. */
#include <stdalign.h>
#include <stdlib.h>

#include "cli.h"


#define ES_HEAP_BLOCK  (256 * 1024)
#define ES_HEAP_KEEP   128             /* blocks that a reset keeps */


typedef struct es_heap_block_s  es_heap_block_t;

struct es_heap_block_s {
    es_heap_block_t  *next;
    size_t            size;
    alignas(16) char  data[];
};

struct es_heap_s {
    es_pool_t         pool;
    es_heap_block_t  *blocks;          /* the first is the one in use */
    es_heap_block_t  *idle;
    size_t            used;            /* of the first */
};


static void *
es_heap_malloc(size_t size)
{
    void  *p = malloc(size);

    if (p == NULL) {
        es_fail("no memory for %zu bytes", size);
        exit(ES_EXIT_FAIL);
    }

    return p;
}


static void
es_heap_grow(es_heap_t *heap, size_t size)
{
    es_heap_block_t  *block = heap->idle;

    if (size <= ES_HEAP_BLOCK && block != NULL) {
        heap->idle = block->next;

    } else {
        size = size > ES_HEAP_BLOCK ? size : ES_HEAP_BLOCK;
        block = es_heap_malloc(sizeof(es_heap_block_t) + size);
        block->size = size;
    }

    block->next = heap->blocks;
    heap->blocks = block;
    heap->used = 0;
}


static void *
es_heap_alloc(es_pool_t *pool, size_t size)
{
    void       *p;
    es_heap_t  *heap = (es_heap_t *) pool;

    size = (size + 15) & ~(size_t) 15;

    if (heap->blocks == NULL || heap->blocks->size - heap->used < size) {
        es_heap_grow(heap, size);
    }

    p = heap->blocks->data + heap->used;
    heap->used += size;

    return p;
}


es_heap_t *
es_heap_create(void)
{
    es_heap_t  *heap = es_heap_malloc(sizeof(es_heap_t));

    memset(heap, 0, sizeof(es_heap_t));
    heap->pool.alloc = es_heap_alloc;

    return heap;
}


es_pool_t *
es_heap_pool(es_heap_t *heap)
{
    return &heap->pool;
}


static void
es_heap_free(es_heap_block_t *block)
{
    es_heap_block_t  *next;

    for ( /* void */ ; block != NULL; block = next) {
        next = block->next;
        free(block);
    }
}


void
es_heap_reset(es_heap_t *heap)
{
    size_t            kept;
    es_heap_block_t  *block, *next;

    for (block = heap->idle, kept = 0; block != NULL; block = block->next) {
        kept++;
    }

    for (block = heap->blocks; block != NULL; block = next) {
        next = block->next;

        if (block->size == ES_HEAP_BLOCK && kept < ES_HEAP_KEEP) {
            block->next = heap->idle;
            heap->idle = block;
            kept++;

        } else {
            free(block);
        }
    }

    heap->blocks = NULL;
    heap->used = 0;
}


void
es_heap_destroy(es_heap_t *heap)
{
    es_heap_free(heap->blocks);
    es_heap_free(heap->idle);
    free(heap);
}


es_str_t
es_heap_copy(es_heap_t *heap, es_str_t text)
{
    char  *p = es_alloc(&heap->pool, text.len + 1);

    if (text.len > 0) {
        memcpy(p, text.data, text.len);
    }

    p[text.len] = '\0';

    return (es_str_t) { text.len, p };
}
