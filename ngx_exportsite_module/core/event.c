#include "event.h"
#include "text.h"
#include "word.h"


#define EVENT_HEAD  24                   /* copied always, fits each name's */

typedef struct {
    _Alignas(32)
    char      head[EVENT_HEAD];          /* the name as a bulk string */
    uint8_t   head_len;
    bool      list;                      /* names, separated by commas */
    uint16_t  limit;                     /* of the value, in bytes */
} event_field_t;

#define event_field(digits, name, list, limit)                                \
    { "$" digits "\r\n" name "\r\n",                                          \
      sizeof("$" digits "\r\n" name "\r\n") - 1, list, limit }

static const event_field_t  event_fields[ES_EVENT_FIELDS] = {
    [ES_EVENT_ID]          = event_field("2",  "id",          false, 64),
    [ES_EVENT_TS]          = event_field("2",  "ts",          false, 20),
    [ES_EVENT_TYPE]        = event_field("4",  "type",        false, 32),
    [ES_EVENT_VISITOR]     = event_field("7",  "visitor",     false, 64),
    [ES_EVENT_HOST]        = event_field("4",  "host",        false, 255),
    [ES_EVENT_PATH]        = event_field("4",  "path",        false, 1024),
    [ES_EVENT_STATUS]      = event_field("6",  "status",      false, 20),
    [ES_EVENT_COUNTRY]     = event_field("7",  "country",     false, 8),
    [ES_EVENT_LANGUAGE]    = event_field("8",  "language",    false, 64),
    [ES_EVENT_INDUSTRY]    = event_field("8",  "industry",    false, 32),
    [ES_EVENT_SEGMENTS]    = event_field("8",  "segments",    true,  2048),
    [ES_EVENT_VARIANTS]    = event_field("8",  "variants",    true,  1024),
    [ES_EVENT_EXPERIMENTS] = event_field("11", "experiments", true,  1024),
    [ES_EVENT_REFERRER]    = event_field("8",  "referrer",    false, 255),
    [ES_EVENT_SOURCE]      = event_field("6",  "source",      false, 128),
    [ES_EVENT_MEDIUM]      = event_field("6",  "medium",      false, 128),
    [ES_EVENT_CAMPAIGN]    = event_field("8",  "campaign",    false, 128),
    [ES_EVENT_DEVICE]      = event_field("6",  "device",      false, 16),
    [ES_EVENT_PAGE]        = event_field("4",  "page",        false, 64),
    [ES_EVENT_LABEL]       = event_field("5",  "label",       false, 256),
    [ES_EVENT_VALUE]       = event_field("5",  "value",       false, 32),
    [ES_EVENT_MS]          = event_field("2",  "ms",          false, 20),
};


void
es_event_init(es_event_t *e, char *buf, size_t size)
{
    e->p = buf;
    e->end = buf + size;
    e->args = 0;
    e->overflow = false;
}


es_str_t
es_event_name(es_event_field_e field)
{
    size_t                skip;
    const event_field_t  *f = &event_fields[field];

    /* "$4\r\n" or "$11\r\n" in front, "\r\n" behind */
    skip = f->head[2] == '\r' ? 4 : 5;

    return (es_str_t) { f->head_len - skip - 2, f->head + skip };
}


size_t
es_event_limit(es_event_field_e field)
{
    return event_fields[field].limit;
}


/* Writes the digits of n in front of end, 20 at most; where they begin */
static inline char *
event_digits(char *end, uint64_t n)
{
    do {
        *--end = (char) ('0' + n % 10);
        n /= 10;
    } while (n);

    return end;
}


static inline size_t
event_bulk_head(char *p, size_t len)
{
    size_t  n, rest;

    /* nearly all are that short: one sum makes the whole head */

    if (len < 10) {
        es_word_store(p, ES_WORD('$', '0', '\r', '\n', 0, 0, 0, 0)
                         + (len << 8));
        return 4;
    }

    if (len < 100) {
        es_word_store(p, ES_WORD('$', '0', '0', '\r', '\n', 0, 0, 0)
                         + ((len / 10) << 8) + ((len % 10) << 16));
        return 5;
    }

    n = 4;

    for (rest = len / 1000; rest; rest /= 10) {
        n++;
    }

    p[0] = '$';
    (void) event_digits(p + n, len);
    memcpy(p + n, "\r\n", 2);

    return n + 2;
}


size_t
es_resp_head(char *p, char type, size_t n)
{
    size_t  len = event_bulk_head(p, n);

    *p = type;

    return len;
}


/* What must not be in an event becomes a "?", so its length stays. */
static __attribute__((noinline)) void
event_clean(char *p, size_t left)
{
    size_t  n;

    while (left) {
        n = es_utf8_length(p, left);

        if (n == 0 || (uint8_t) *p < 0x20 || *p == 0x7f) {
            *p = '?';
            n = 1;
        }

        p += n;
        left -= n;
    }
}


/* One to seven bytes: the first and the last few of them, which may meet */
static inline uint64_t
event_copy_short(char *dst, const char *src, size_t n)
{
    char      first, middle, last;
    uint32_t  a, b;

    if (n >= 4) {
        memcpy(&a, src, 4);
        memcpy(&b, src + n - 4, 4);
        memcpy(dst, &a, 4);
        memcpy(dst + n - 4, &b, 4);

        return es_word_unplain((uint64_t) b << 32 | a);
    }

    first = src[0];
    middle = src[n / 2];
    last = src[n - 1];

    dst[0] = first;
    dst[n / 2] = middle;
    dst[n - 1] = last;

    return es_word_unplain(ES_WORD((uint8_t) first, (uint8_t) middle,
                                   (uint8_t) last, ' ', ' ', ' ', ' ', ' '));
}


static inline uint64_t
event_copy_long(char *dst, const char *src, size_t n)
{
    uint64_t     w, unplain;
    const char  *last;

    last = src + n - 8;
    w = es_word_load(last);
    es_word_store(dst + n - 8, w);
    unplain = es_word_unplain(w);

    for ( /* void */ ; src < last; src += 8, dst += 8) {
        w = es_word_load(src);
        es_word_store(dst, w);
        unplain |= es_word_unplain(w);
    }

    return unplain;
}


static size_t
event_cut(const event_field_t *field, es_str_t value)
{
    size_t  n;

    if (!field->list) {
        return es_text_cut(value, field->limit);
    }

    /* half a name would be another name */

    n = field->limit;

    while (n > 0 && value.data[n] != ',') {
        n--;
    }

    return n;
}


/* The same for a value that is too long */
static __attribute__((noinline)) void
event_put_cut(es_event_t *e, es_event_field_e f, es_str_t value)
{
    value.len = event_cut(&event_fields[f], value);
    es_event_put(e, f, value);
}


/*
 * The two calls here are for the few values that need them, and each is the
 * last step of its way: so the way of all others has no registers to save.
 */
void
es_event_put(es_event_t *e, es_event_field_e f, es_str_t value)
{
    char                 *p;
    uint64_t              unplain;
    const event_field_t  *field;

    if (value.len == 0 || e->overflow) {
        return;
    }

    field = &event_fields[f];

    if (value.len > field->limit) {
        event_put_cut(e, f, value);
        return;
    }

    p = e->p;

    if ((size_t) (e->end - p) < ES_EVENT_ROOM + value.len) {
        e->overflow = true;
        return;
    }

    memcpy(p, field->head, EVENT_HEAD);
    p += field->head_len;
    p += event_bulk_head(p, value.len);

    unplain = value.len < 8 ? event_copy_short(p, value.data, value.len)
                            : event_copy_long(p, value.data, value.len);

    memcpy(p + value.len, "\r\n", 2);
    e->p = p + value.len + 2;
    e->args += 2;

    if (unplain) {
        event_clean(p, value.len);
    }
}


void
es_event_prepare(es_event_ready_t *ready, es_event_field_e field,
    es_str_t value)
{
    char        buf[ES_EVENT_SIZE];
    es_event_t  e;

    es_event_init(&e, buf, sizeof(buf));
    es_event_put(&e, field, value);

    ready->len = 0;

    if ((size_t) (e.p - buf) <= sizeof(ready->text)) {
        ready->len = (uint32_t) (e.p - buf);
        memcpy(ready->text, buf, ready->len);
    }
}


void
es_event_put_ready(es_event_t *e, const es_event_ready_t *ready)
{
    if ((size_t) (e->end - e->p) < sizeof(ready->text)) {
        e->overflow = true;
        return;
    }

    /* all of it is copied always, which takes no loop */
    memcpy(e->p, ready->text, sizeof(ready->text));
    e->p += ready->len;
    e->args += ready->len ? 2 : 0;
}


#define EVENT_BEGIN_ID    "$2\r\nid\r\n$24\r\n"
#define EVENT_BEGIN_TS    "\r\n$2\r\nts\r\n$13\r\n"
#define EVENT_BEGIN_END   "\r\n"

void
es_event_begin(es_event_t *e, const char *id, const char *ts, es_str_t type)
{
    char  *p = e->p;

    if ((size_t) (e->end - p) < 2 * ES_EVENT_ROOM + ES_EVENT_ID_LEN
                                + ES_EVENT_TS_LEN)
    {
        e->overflow = true;
        return;
    }

    memcpy(p, EVENT_BEGIN_ID, sizeof(EVENT_BEGIN_ID) - 1);
    p += sizeof(EVENT_BEGIN_ID) - 1;
    memcpy(p, id, ES_EVENT_ID_LEN);
    p += ES_EVENT_ID_LEN;
    memcpy(p, EVENT_BEGIN_TS, sizeof(EVENT_BEGIN_TS) - 1);
    p += sizeof(EVENT_BEGIN_TS) - 1;
    memcpy(p, ts, ES_EVENT_TS_LEN);
    p += ES_EVENT_TS_LEN;
    memcpy(p, EVENT_BEGIN_END, sizeof(EVENT_BEGIN_END) - 1);

    e->p = p + sizeof(EVENT_BEGIN_END) - 1;
    e->args += 4;

    es_event_put(e, ES_EVENT_TYPE, type);
}


void
es_event_put_int(es_event_t *e, es_event_field_e field, uint64_t n)
{
    char  digits[20], *end, *p;

    end = digits + sizeof(digits);
    p = event_digits(end, n);

    es_event_put(e, field, (es_str_t) { (size_t) (end - p), p });
}


/* Reads a bulk string; where it ends, or NULL. */
static const char *
event_bulk(const char *p, const char *end, es_str_t *value)
{
    size_t  n, digits;

    if (p == end || *p++ != '$') {
        return NULL;
    }

    n = 0;

    for (digits = 0; p < end && *p >= '0' && *p <= '9'; digits++, p++) {
        if (digits == 5) {
            return NULL;
        }

        n = 10 * n + (size_t) (*p - '0');
    }

    if (digits == 0 || (size_t) (end - p) < n + 4
        || memcmp(p, "\r\n", 2) != 0 || memcmp(p + 2 + n, "\r\n", 2) != 0)
    {
        return NULL;
    }

    *value = (es_str_t) { n, p + 2 };

    return p + n + 4;
}


bool
es_event_sound(es_str_t data, uint32_t args)
{
    uint32_t     i, count;
    es_str_t     value;
    const char  *p, *end;

    p = data.data;
    end = p + data.len;
    count = 0;

    for (i = 0; i < args; i++) {
        p = event_bulk(p, end, &value);

        if (p == NULL) {
            return false;
        }

        if (i > 0) {
            continue;
        }

        if (value.len != 2 || value.data[0] < '0' || value.data[0] > '9'
            || value.data[1] < '0' || value.data[1] > '9')
        {
            return false;
        }

        count = (uint32_t) (value.data[0] - '0') * 10
                + (uint32_t) (value.data[1] - '0');
    }

    return p == end && args >= 3 && count == args - 1 && count % 2 == 0;
}


/* The number of bytes at p that may be in a host, or in an IPv6 address */
static size_t
referrer_span(const char *p, const char *end, bool ipv6)
{
    char         c;
    const char  *start;

    for (start = p; p < end; p++) {
        c = es_lower(*p);

        if (!((c >= '0' && c <= '9') || c == '.'
              || (c >= 'a' && c <= (ipv6 ? 'f' : 'z'))
              || c == (ipv6 ? ':' : '-')))
        {
            break;
        }
    }

    return (size_t) (p - start);
}


static bool
referrer_is_port(const char *p, const char *end)
{
    if (p == end) {
        return true;
    }

    if (*p++ != ':') {
        return false;
    }

    while (p < end && *p >= '0' && *p <= '9') {
        p++;
    }

    return p == end;
}


es_str_t
es_referrer_host(es_str_t referrer)
{
    size_t       i, n, scheme;
    const char  *p, *end;

    scheme = referrer.len > 4 && (referrer.data[4] | 0x20) == 's' ? 8 : 7;

    if (referrer.len <= scheme
        || !es_str_case_eq((es_str_t) { scheme, referrer.data },
                           scheme == 8 ? es_str("https://")
                                       : es_str("http://")))
    {
        return es_null_str;
    }

    p = end = referrer.data + scheme;

    for (i = scheme; i < referrer.len; i++, end++) {
        if (*end == '@') {
            p = end + 1;

        } else if (*end == '/' || *end == '?' || *end == '#') {
            break;
        }
    }

    if (p < end && *p == '[') {
        n = 1 + referrer_span(p + 1, end, true);

        if (n == 1 || p + n == end || p[n] != ']') {
            return es_null_str;
        }

        n++;

    } else {
        n = referrer_span(p, end, false);
    }

    if (n == 0 || n > 253 || !referrer_is_port(p + n, end)) {
        return es_null_str;
    }

    return (es_str_t) { n, p };
}
