/* The request line in a log, and what nginx takes for its path. */
#include "logline.h"
#include "logline_parts.h"


/* Passes "http://host" or "https://host" over, where it stands there. */
static const char *
request_skip_origin(const char *p, const char *end)
{
    size_t  scheme;

    scheme = end - p > 4 && (p[4] | 0x20) == 's' ? 8 : 7;

    if ((size_t) (end - p) <= scheme
        || !es_str_case_eq((es_str_t) { scheme, p },
                           scheme == 8 ? es_str("https://")
                                       : es_str("http://")))
    {
        return p;
    }

    for (p += scheme; p < end && *p != '/' && *p != '?'; p++) {
        /* void */
    }

    return p;
}


/* Decodes into buf; the bytes written, or -1 where nginx would refuse it. */
static ptrdiff_t
request_decode(char *buf, es_str_t path)
{
    int          byte;
    char        *out;
    const char  *p, *end;

    out = buf;
    p = path.data;
    end = p + path.len;

    while (p < end) {
        if (*p != '%') {
            *out++ = *p++;
            continue;
        }

        byte = end - p < 3 ? -1 : es_logline_hex(p + 1);

        if (byte <= 0) {
            return -1;
        }

        *out++ = (char) byte;
        p += 3;
    }

    return out - buf;
}


/*
 * Follows "." and ".." and makes one slash of several, in place. The path
 * begins with a slash; its new length, or -1 if it leads out of the root.
 */
static ptrdiff_t
request_walk(char *path, size_t len)
{
    char    *out;
    size_t   i, n;

    out = path + 1;                              /* behind a slash, always */

    for (i = 1; i < len; i += n + 1) {
        for (n = 0; i + n < len && path[i + n] != '/'; n++) {
            /* void */
        }

        if (n == 0 || (n == 1 && path[i] == '.')) {
            continue;
        }

        if (n == 2 && path[i] == '.' && path[i + 1] == '.') {
            if (out == path + 1) {
                return -1;
            }

            for (out--; out[-1] != '/'; out--) {
                /* void */
            }

            continue;
        }

        memmove(out, path + i, n);
        out += n;

        if (i + n < len) {
            *out++ = '/';
        }
    }

    return out - path;
}


/* Is the path what it says, with nothing to decode or to follow? */
static bool
request_plain(es_str_t path)
{
    size_t  i;
    char    last;

    last = '\0';

    for (i = 0; i < path.len; i++) {
        if (path.data[i] == '%'
            || (last == '/' && (path.data[i] == '/' || path.data[i] == '.')))
        {
            return false;
        }

        last = path.data[i];
    }

    return true;
}


/* Takes a target apart; true if it is one of a path. */
static bool
request_target(es_logline_request_t *request, const char *p, const char *end,
    char *buf)
{
    ptrdiff_t    len;
    const char  *query, *target;

    target = p;
    p = request_skip_origin(p, end);

    if (p == target && (p == end || *p != '/')) {
        return false;
    }

    for (query = p; query < end && *query != '?' && *query != '#'; query++) {
        /* void */
    }

    request->path = (es_str_t) { (size_t) (query - p), p };
    request->args = es_null_str;

    if (query < end && *query == '?') {
        query++;
        p = memchr(query, '#', (size_t) (end - query));
        request->args = (es_str_t) { (size_t) ((p ? p : end) - query), query };
    }

    if (request->path.len == 0) {
        request->path = es_str("/");
    }

    if (request_plain(request->path)) {
        return true;
    }

    len = request_decode(buf, request->path);

    if (len > 0) {
        len = request_walk(buf, (size_t) len);
    }

    request->path = (es_str_t) { len > 0 ? (size_t) len : 0, buf };

    return len > 0;
}


bool
es_logline_request(es_logline_request_t *request, es_str_t text, char *buf)
{
    const char  *p, *end, *blank;

    if (text.len == 0) {
        return false;
    }

    p = text.data;
    end = p + text.len;
    blank = memchr(p, ' ', text.len);

    if (blank == NULL) {
        return false;
    }

    request->method = (es_str_t) { (size_t) (blank - p), p };

    for (p = end; p[-1] != ' '; p--) {
        /* void */
    }

    if (p - 1 == blank || end - p < 6 || memcmp(p, "HTTP/", 5) != 0) {
        return false;
    }

    return request_target(request, blank + 1, p - 1, buf);
}
