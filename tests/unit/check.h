/*
 * A test program of its own for each file of core/: check() names what failed
 * and goes on, check_done() is what main() returns.
 */
#ifndef CHECK_H
#define CHECK_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../ngx_exportsite_module/core/es.h"

static int  check_passed, check_failed;

#define check(condition)                                                      \
    ((condition) ? (void) check_passed++                                      \
                 : (check_failed++, (void) fprintf(stderr, "%s:%d: %s\n",     \
                                           __FILE__, __LINE__, #condition)))

#define check_str(got, want)                                                  \
    check_str_(__FILE__, __LINE__, (got), (want))

static inline void
check_str_(const char *file, int line, es_str_t got, const char *want)
{
    if (got.len == strlen(want)
        && (got.len == 0 || memcmp(got.data, want, got.len) == 0))
    {
        check_passed++;
        return;
    }

    check_failed++;
    fprintf(stderr, "%s:%d: got \"%.*s\", want \"%s\"\n", file, line,
            (int) got.len, got.len ? got.data : "", want);
}

/* A string of a terminated one */
static inline es_str_t
text(const char *s)
{
    return (es_str_t) { strlen(s), s };
}

static inline int
check_done(void)
{
    printf("%d passed, %d failed\n", check_passed, check_failed);
    return check_failed ? 1 : 0;
}


/* A pool over malloc; check_pool_free() gives all of it back. */
typedef struct check_block_s  check_block_t;

struct check_block_s {
    check_block_t  *next;
    max_align_t     memory[];
};

typedef struct {
    es_pool_t       pool;
    check_block_t  *blocks;
} check_pool_t;

static inline void *
check_pool_alloc(es_pool_t *pool, size_t size)
{
    check_pool_t   *p = (check_pool_t *) pool;
    check_block_t  *b = malloc(sizeof(check_block_t) + (size ? size : 1));

    if (b == NULL) {
        return NULL;
    }

    b->next = p->blocks;
    p->blocks = b;

    return b->memory;
}

#define check_pool_init()  { { check_pool_alloc }, NULL }

static inline void
check_pool_free(check_pool_t *p)
{
    check_block_t  *b;

    while ((b = p->blocks) != NULL) {
        p->blocks = b->next;
        free(b);
    }
}

#endif
