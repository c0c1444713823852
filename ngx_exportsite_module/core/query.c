#include "query.h"


static inline int
query_hex(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }

    c = es_lower(c);

    return (c >= 'a' && c <= 'f') ? c - 'a' + 10 : -1;
}


/* The next byte, decoded; *p is moved behind it. */
static inline char
query_next(const char **p, const char *end)
{
    int          high, low;
    const char  *s;

    s = *p;
    *p = s + 1;

    if (*s == '+') {
        return ' ';
    }

    if (*s != '%' || end - s < 3) {
        return *s;
    }

    high = query_hex(s[1]);
    low = query_hex(s[2]);

    if (high < 0 || low < 0) {
        return *s;
    }

    *p = s + 3;

    return (char) (high << 4 | low);
}


/* Does the parameter have this name? *p is moved to where the name ends. */
static bool
query_name(const char **p, const char *end, es_str_t name)
{
    size_t  i;

    for (i = 0; i < name.len; i++) {
        if (*p == end || **p == '=' || query_next(p, end) != name.data[i]) {
            return false;
        }
    }

    return *p == end || **p == '=';
}


static bool
query_decode(const char *p, const char *end, char *buf, size_t size,
    es_str_t *value)
{
    size_t  n;

    for (n = 0; p < end; n++) {
        if (n == size) {
            return false;
        }

        buf[n] = query_next(&p, end);
    }

    value->data = buf;
    value->len = n;

    return true;
}


static bool
query_value(const char *p, const char *end, char *buf, size_t size,
    es_str_t *value)
{
    size_t  len;

    if (p < end) {
        p++;                                                 /* the "=" */
    }

    len = (size_t) (end - p);

    if (len == 0) {
        *value = (es_str_t) { 0, p };
        return true;
    }

    if (memchr(p, '%', len) != NULL || memchr(p, '+', len) != NULL) {
        return query_decode(p, end, buf, size, value);
    }

    *value = (es_str_t) { len, p };

    return len <= size;
}


bool
es_query_find(es_str_t args, es_str_t name, char *buf, size_t size,
    es_str_t *value)
{
    const char  *p, *end, *next, *last;

    if (args.len == 0) {
        return false;
    }

    last = args.data + args.len;

    for (p = args.data; p < last; p = next + 1) {
        end = memchr(p, '&', (size_t) (last - p));
        next = end = end ? end : last;

        if (p < end && query_name(&p, end, name)) {
            return query_value(p, end, buf, size, value);
        }
    }

    return false;
}
