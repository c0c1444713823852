/*
 * Text of strangers: what is called safe, how it is cut, a query's parameters,
 * a referrer's host, and the event made of it all, which is read back as Redis
 * would read it.
 */
#include "../../ngx_exportsite_module/core/agent.h"
#include "../../ngx_exportsite_module/core/asset.h"
#include "../../ngx_exportsite_module/core/event.h"
#include "../../ngx_exportsite_module/core/query.h"
#include "../../ngx_exportsite_module/core/text.h"

#include <stdlib.h>


static void
must(bool condition)
{
    if (!condition) {
        abort();
    }
}


static bool
valid_utf8(es_str_t s)
{
    size_t  i, n;

    for (i = 0; i < s.len; i += n) {
        n = es_utf8_length(s.data + i, s.len - i);

        if (n == 0) {
            return false;
        }
    }

    return true;
}


static bool
clean(es_str_t s)
{
    size_t  i;

    for (i = 0; i < s.len; i++) {
        if ((uint8_t) s.data[i] < 0x20 || s.data[i] == 0x7f) {
            return false;
        }
    }

    return valid_utf8(s);
}


/* Is a segment ".."? */
static bool
climbs(es_str_t s)
{
    char    c;
    size_t  i, len, dots;

    len = dots = 0;

    for (i = 0; i <= s.len; i++) {
        c = i < s.len ? s.data[i] : '/';

        if (c == '/' || c == '\\') {
            if (len == 2 && dots == 2) {
                return true;
            }

            len = dots = 0;
            continue;
        }

        len++;
        dots += c == '.';
    }

    return false;
}


static void
check_text(es_str_t s)
{
    size_t    max, n;
    es_str_t  cut;

    must(es_text_safe(s) == (clean(s) && !climbs(s)));
    must(!es_name_valid(s) || (es_text_safe(s) && s.len <= 64));
    must(!es_tag_valid(s) || (es_text_safe(s) && s.len <= 32));

    for (max = 0; max < s.len + 2 && max < 100; max++) {
        n = es_text_cut(s, max);
        must(n <= max && n <= s.len && (n + 3 >= max || n == s.len));
        cut = (es_str_t) { n, s.data };
        must(!valid_utf8(s) || valid_utf8(cut));
    }
}


static void
check_query(es_str_t args, es_str_t name)
{
    char      small[8], *buf;
    es_str_t  value, again;

    buf = malloc(args.len + 1);
    must(buf != NULL);

    if (es_query_find(args, name, buf, args.len, &value)) {
        must(value.len <= args.len);
        must((value.data >= args.data
              && value.data + value.len <= args.data + args.len)
             || value.data == buf);

        must(es_query_find(args, name, small, sizeof(small), &again)
             == (value.len <= sizeof(small)));
        must(value.len > sizeof(small) || es_str_eq(value, again));

    } else {
        must(!es_query_find(args, name, small, sizeof(small), &again));
    }

    free(buf);
}


/* One bulk string of an event; moves *p behind it. */
static es_str_t
bulk(const char **p, const char *end)
{
    size_t    len;
    es_str_t  s;

    must(*p < end && *(*p)++ == '$');
    must(*p < end && **p >= '0' && **p <= '9');

    for (len = 0; *p < end && **p >= '0' && **p <= '9'; (*p)++) {
        len = len * 10 + (size_t) (**p - '0');
        must(len < 10000);
    }

    must(end - *p >= (ptrdiff_t) (len + 4) && memcmp(*p, "\r\n", 2) == 0);
    s = (es_str_t) { len, *p + 2 };
    *p += 2 + len;
    must(memcmp(*p, "\r\n", 2) == 0);
    *p += 2;

    return s;
}


static void
check_event(es_str_t s, size_t size)
{
    int          f;
    char        *buf;
    size_t       n, args;
    es_str_t     name, value;
    es_event_t   e;
    const char  *p;

    buf = malloc(size + 1);
    must(buf != NULL);
    es_event_init(&e, buf, size);

    for (f = 0; f < ES_EVENT_FIELDS; f++) {
        /* less and less of the input, so that all lengths come by */
        n = s.len >> (f % 12);
        es_event_put(&e, (es_event_field_e) f, (es_str_t) { n, s.data });
        es_event_put_int(&e, ES_EVENT_MS, n * n);
    }

    must(size < ES_EVENT_SIZE + 22 * 30 || !e.overflow);
    must(e.p >= buf && e.p <= buf + size);

    args = 0;

    for (p = buf; p < e.p; args += 2) {
        name = bulk(&p, e.p);
        must(es_name_valid(name));
        value = bulk(&p, e.p);
        must(value.len > 0 && value.len <= 2048 && clean(value));
    }

    must(p == e.p && args == e.args);
    free(buf);
}


static void
check_referrer(es_str_t s)
{
    size_t    i;
    es_str_t  host;

    host = es_referrer_host(s);
    must(host.len <= 253);

    for (i = 0; i < host.len; i++) {
        must(strchr("abcdefghijklmnopqrstuvwxyz0123456789.-[:]",
                    es_lower(host.data[i])) != NULL && host.data[i]);
    }

    must(host.len == 0 || (host.data >= s.data + 7
                           && host.data + host.len <= s.data + s.len));
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t      n;
    es_str_t    s, head, tail;
    es_agent_t  agent;

    s = (es_str_t) { size, (const char *) data };
    n = size ? data[0] % 16 : 0;
    n = n < size ? n : size;
    head = (es_str_t) { n, s.data };
    tail = (es_str_t) { size - n, s.data + n };

    check_text(s);
    check_text(tail);
    check_query(s, es_str("utm_source"));
    check_query(tail, head);
    check_event(tail, 64 * n);
    check_event(s, 16 * 1024);
    check_referrer(s);

    es_agent_classify(s, &agent);
    must(agent.device <= ES_DEVICE_TABLET);

    if (es_path_is_asset(s)) {
        must(memchr(s.data, '.', s.len) != NULL);
    }

    return 0;
}
