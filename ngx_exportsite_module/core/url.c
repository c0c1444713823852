#include "url.h"


static bool
url_byte(char c)
{
    return c > ' ' && c < 0x7f && strchr("\"<>\\^`{|}", c) == NULL;
}


static inline char *
url_percent(char *p, char c)
{
    static const char  hex[] = "0123456789ABCDEF";

    *p++ = '%';
    *p++ = hex[(unsigned char) c >> 4];
    *p++ = hex[c & 15];

    return p;
}


size_t
es_url_escape(char *out, es_str_t url)
{
    char    *p;
    size_t   i;

    for (p = out, i = 0; i < url.len; i++) {
        if (url_byte(url.data[i])) {
            *p++ = url.data[i];

        } else {
            p = url_percent(p, url.data[i]);
        }
    }

    return (size_t) (p - out);
}


size_t
es_url_encode_path(char *out, es_str_t path)
{
    char     c, *p;
    size_t   i;

    for (p = out, i = 0; i < path.len; i++) {
        c = path.data[i];

        if (url_byte(c) && c != '%' && c != '?' && c != '#') {
            *p++ = c;

        } else {
            p = url_percent(p, c);
        }
    }

    return (size_t) (p - out);
}


es_str_t
es_url_path(es_str_t target)
{
    size_t  i;

    for (i = 0; i < target.len; i++) {
        if (target.data[i] == '?' || target.data[i] == '#') {
            break;
        }
    }

    return (es_str_t) { i, target.data };
}


bool
es_url_path_plain(es_str_t path)
{
    char    last;
    size_t  i;

    if (path.len == 0 || path.data[0] != '/') {
        return false;
    }

    for (i = 0; i < path.len; i++) {
        switch (path.data[i]) {

        case '/':
            if (i + 1 < path.len
                && (path.data[i + 1] == '/' || path.data[i + 1] == '.'))
            {
                return false;
            }

            break;

        case '%':
            if (i + 2 >= path.len) {
                return false;
            }

            last = es_lower(path.data[i + 2]);

            if (path.data[i + 1] == '2' && (last == 'e' || last == 'f')) {
                return false;
            }
        }
    }

    return true;
}
