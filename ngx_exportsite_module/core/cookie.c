#include "cookie.h"


static inline bool
cookie_blank(char c)
{
    return c == ' ' || c == '\t';
}


static es_str_t
cookie_trim(const char *p, const char *end)
{
    while (p < end && cookie_blank(*p)) {
        p++;
    }

    while (end > p && cookie_blank(end[-1])) {
        end--;
    }

    return (es_str_t) { (size_t) (end - p), p };
}


/* p is behind the leading blanks and the name is known to stand there. */
static bool
cookie_pair(const char *p, const char *end, size_t name_len, es_str_t *value)
{
    const char  *equal;

    equal = memchr(p, '=', (size_t) (end - p));

    if (equal == NULL || cookie_trim(p, equal).len != name_len) {
        return false;
    }

    *value = cookie_trim(equal + 1, end);

    if (value->len >= 2 && value->data[0] == '"'
        && value->data[value->len - 1] == '"')
    {
        value->data++;
        value->len -= 2;
    }

    return true;
}


bool
es_cookie_find(es_str_t header, es_str_t name, es_str_t *value)
{
    const char  *p, *end, *semicolon;

    if (header.len == 0 || name.len == 0) {
        return false;
    }

    p = header.data;
    end = p + header.len;

    for ( ;; ) {
        while (p < end && cookie_blank(*p)) {
            p++;
        }

        if ((size_t) (end - p) <= name.len) {
            return false;
        }

        semicolon = memchr(p, ';', (size_t) (end - p));

        if (semicolon == NULL) {
            semicolon = end;
        }

        if ((size_t) (semicolon - p) > name.len
            && memcmp(p, name.data, name.len) == 0
            && cookie_pair(p, semicolon, name.len, value))
        {
            return true;
        }

        if (semicolon == end) {
            return false;
        }

        p = semicolon + 1;
    }
}
