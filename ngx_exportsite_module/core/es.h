/*
 * What all of core/ shares: a counted string and the pool a caller hands in.
 * Nothing here knows nginx, hiredis or Redis.
 */
#ifndef ES_H
#define ES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>


#define ES_VERSION  "0.1.0"

/* Bytes with a length; not terminated, data may be NULL when len is 0. */
typedef struct {
    size_t       len;
    const char  *data;
} es_str_t;

#define es_str(literal)  ((es_str_t) { sizeof(literal) - 1, (literal) })
#define es_null_str      ((es_str_t) { 0, NULL })

/*
 * Where memory comes from. alloc() returns memory aligned for any type, or NULL
 * when there is none; it is given back all at once by whoever made the pool.
 */
typedef struct es_pool_s  es_pool_t;

struct es_pool_s {
    void  *(*alloc)(es_pool_t *pool, size_t size);
};

static inline void *
es_alloc(es_pool_t *pool, size_t size)
{
    return pool->alloc(pool, size);
}


static inline char
es_lower(char c)
{
    return (c >= 'A' && c <= 'Z') ? (char) (c | 0x20) : c;
}


static inline bool
es_str_eq(es_str_t a, es_str_t b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}


/* Less than 0, 0 or more than 0; what is in front of a longer one is less. */
static inline int
es_str_compare(es_str_t a, es_str_t b)
{
    int     rc;
    size_t  len;

    len = a.len < b.len ? a.len : b.len;
    rc = len > 0 ? memcmp(a.data, b.data, len) : 0;

    return rc != 0 ? rc : (a.len > b.len) - (a.len < b.len);
}


static inline bool
es_str_starts(es_str_t text, es_str_t prefix)
{
    return text.len >= prefix.len
           && (prefix.len == 0
               || memcmp(text.data, prefix.data, prefix.len) == 0);
}


/* Takes a prefix off the front; false if it is not there. */
static inline bool
es_str_skip(es_str_t *text, es_str_t prefix)
{
    if (!es_str_starts(*text, prefix)) {
        return false;
    }

    text->data += prefix.len;
    text->len -= prefix.len;

    return true;
}


/* Equal but for the case of ASCII letters. */
static inline bool
es_str_case_eq(es_str_t a, es_str_t b)
{
    size_t  i;

    if (a.len != b.len) {
        return false;
    }

    for (i = 0; i < a.len; i++) {
        if (es_lower(a.data[i]) != es_lower(b.data[i])) {
            return false;
        }
    }

    return true;
}

#endif
