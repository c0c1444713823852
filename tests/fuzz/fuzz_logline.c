/*
 * Lines of access logs. What was read is written again as nginx would write it,
 * and read again: nothing may have changed. Paths are held against a slow walk
 * over their segments.
 */
#include "../../ngx_exportsite_module/learn/day.h"
#include "../../ngx_exportsite_module/learn/logline.h"

#include <stdio.h>
#include <stdlib.h>


static void
must(bool condition)
{
    if (!condition) {
        abort();
    }
}


/* A copy of its own, so that every byte beyond it is caught */
static char *
copy(const void *data, size_t size)
{
    char  *p = malloc(size + 1);

    must(p != NULL);
    memcpy(p, data, size);

    return realloc(p, size ? size : 1);
}


static bool
inside(es_str_t s, const char *text, size_t len)
{
    return s.len == 0
           || (s.data >= text && s.data + s.len <= text + len);
}


/* The slow way: segments on a stack. The length, or 0 where it is refused. */
static size_t
walk_slowly(const char *target, size_t len, char *out)
{
    size_t    i, n, start, depth, *starts;
    unsigned  byte;
    char     *plain, hex[3] = "";

    plain = malloc(len + 1);
    starts = malloc((len + 1) * sizeof(size_t));
    must(plain != NULL && starts != NULL);

    for (i = 0, n = 0; i < len; i++, n++) {
        plain[n] = target[i];

        if (target[i] == '%') {
            byte = 0;

            if (len - i >= 3 && strspn(memcpy(hex, target + i + 1, 2),
                                       "0123456789abcdefABCDEF") == 2)
            {
                sscanf(hex, "%2x", &byte);
            }

            if (byte == 0) {
                free(plain);
                free(starts);
                return 0;
            }

            plain[n] = (char) byte;
            i += 2;
        }
    }

    depth = 0;
    len = n;
    n = 0;

    for (i = 0; i < len; /* void */) {
        out[n++] = '/';
        start = ++i;

        while (i < len && plain[i] != '/') {
            i++;
        }

        if (i - start == 0 || (i - start == 1 && plain[start] == '.')) {
            n--;

        } else if (i - start == 2 && memcmp(plain + start, "..", 2) == 0) {
            if (depth == 0) {
                n = 0;
                break;
            }

            n = starts[--depth];

        } else {
            starts[depth++] = n - 1;
            memcpy(out + n, plain + start, i - start);
            n += i - start;
            continue;
        }

        /* what ended here was no name: it is the folder's own path */

        if (i >= len) {
            out[n++] = '/';
        }
    }

    free(plain);
    free(starts);

    return n;
}


static void
check_request(es_str_t text)
{
    char                  *buf, *slow, *own;
    size_t                 n, len;
    const char            *target, *end;
    es_logline_request_t   request;

    own = copy(text.len ? text.data : "", text.len);
    buf = malloc(text.len + 1);
    slow = malloc(text.len + 1);
    must(buf != NULL && slow != NULL);
    buf = realloc(buf, text.len ? text.len : 1);

    if (es_logline_request(&request, (es_str_t) { text.len, own }, buf)) {
        must(request.path.len > 0 && request.path.data[0] == '/');
        must(inside(request.args, own, text.len));
        must(request.path.len <= text.len);
        must(memchr(request.method.data, ' ', request.method.len) == NULL);

        target = own + request.method.len + 1;

        if (*target == '/') {
            for (end = own + text.len; end[-1] != ' '; end--) {
                /* void */
            }

            for (len = 0; target + len < end - 1; len++) {
                if (target[len] == '?' || target[len] == '#') {
                    break;
                }
            }

            n = walk_slowly(target, len, slow);
            must(n == request.path.len);
            must(memcmp(slow, request.path.data, n) == 0);
        }
    }

    free(own);
    free(buf);
    free(slow);
}


/* Writes a text as nginx does; where it ends. */
static char *
escape(char *p, es_str_t s)
{
    size_t   i;
    uint8_t  c;

    if (s.len == 0) {
        *p++ = '-';
    }

    for (i = 0; i < s.len; i++) {
        c = (uint8_t) s.data[i];

        if (c < 0x20 || c > 0x7e || c == '"' || c == '\\'
            || (s.len == 1 && c == '-'))
        {
            p += sprintf(p, "\\x%02X", c);

        } else {
            *p++ = (char) c;
        }
    }

    return p;
}


static void
check_again(const es_logline_t *line)
{
    char          *text, *p;
    es_logline_t   again;

    if (line->host.len > 0 && line->host.data[0] != '['
        && memchr(line->host.data, ':', line->host.len) != NULL)
    {
        return;                        /* with ":443" behind: an address */
    }

    text = malloc(256 + line->host.len + line->address.len
                  + 4 * (line->request.len + line->referrer.len
                         + line->agent.len));
    must(text != NULL);
    p = text;

    if (line->host.len > 0) {
        memcpy(p, line->host.data, line->host.len);
        p += line->host.len;
        p += sprintf(p, ":443 ");
    }

    memcpy(p, line->address.data, line->address.len);
    p += line->address.len;
    p += sprintf(p, " - - [22/Nov/2026:09:12:03 +0100] \"");
    p = escape(p, line->request);
    p += sprintf(p, "\" %03u 17 \"", line->status);
    p = escape(p, line->referrer);
    p += sprintf(p, "\" \"");
    p = escape(p, line->agent);
    *p++ = '"';

    must(es_logline_parse(&again, text, (size_t) (p - text)));
    must(again.time == UINT64_C(1795335123000));
    must(again.status == line->status);
    must(es_str_eq(again.request, line->request));
    must(es_str_eq(again.referrer, line->referrer));
    must(es_str_eq(again.agent, line->agent));

    if (line->host.len > 0) {
        must(es_str_eq(again.host, line->host));
        must(es_str_eq(again.address, line->address));
    }

    free(text);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char           date[ES_DAY_TEXT], *text;
    es_logline_t   line;

    check_request((es_str_t) { size, (const char *) data });

    text = copy(data, size);

    if (!es_logline_parse(&line, text, size)) {
        must(memcmp(text, data, size) == 0);
        free(text);
        return 0;
    }

    must(inside(line.host, text, size));
    must(inside(line.address, text, size));
    must(inside(line.request, text, size));
    must(inside(line.referrer, text, size));
    must(inside(line.agent, text, size));
    must(line.address.len > 0);
    must(line.status <= 999);
    must(line.time % 1000 == 0);
    must(line.time < UINT64_C(253402300800000));       /* in the year 9999 */

    es_day_format(date, es_day_of(line.time));
    must(strncmp(date, "1970-01-01", sizeof(date)) >= 0);

    check_request(line.request);
    check_again(&line);

    free(text);

    return 0;
}
