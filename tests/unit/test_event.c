#include "check.h"
#include "../../ngx_exportsite_module/core/event.h"
#include "../../ngx_exportsite_module/core/text.h"


static const char  *names[ES_EVENT_FIELDS] = {
    "id", "ts", "type", "visitor", "host", "path", "status", "country",
    "language", "industry", "segments", "variants", "experiments", "referrer",
    "source", "medium", "campaign", "device", "page", "label", "value", "ms"
};

static char        buf[ES_EVENT_SIZE];
static es_event_t  e;


static es_str_t
written(void)
{
    return (es_str_t) { (size_t) (e.p - buf), buf };
}


static void
put(es_event_field_e field, const char *value)
{
    es_event_put(&e, field, text(value));
}


/* The value of the one field that a new event gets */
static es_str_t
value_of(es_event_field_e field, es_str_t value)
{
    char    *exact;
    size_t   len, head;

    exact = malloc(value.len ? value.len : 1);

    if (value.len) {
        memcpy(exact, value.data, value.len);
    }

    es_event_init(&e, buf, sizeof(buf));
    es_event_put(&e, field, (es_str_t) { value.len, exact });
    free(exact);

    if (e.args != 2) {
        return es_null_str;
    }

    head = strlen(names[field]);
    head += 1 + (head < 10 ? 1 : 2) + 2 + 2;
    len = strtoul(buf + head + 1, NULL, 10);
    head += 1 + (len < 10 ? 1 : len < 100 ? 2 : len < 1000 ? 3 : 4) + 2;

    check(buf + head + len + 2 == e.p);
    check(memcmp(e.p - 2, "\r\n", 2) == 0);

    return (es_str_t) { len, buf + head };
}


static void
test_bytes(void)
{
    es_event_init(&e, buf, sizeof(buf));
    put(ES_EVENT_TYPE, "view");
    es_event_put_int(&e, ES_EVENT_TS, 1767225600123);
    put(ES_EVENT_HOST, "www.example.org");
    put(ES_EVENT_COUNTRY, "");
    es_event_put(&e, ES_EVENT_LANGUAGE, es_null_str);
    es_event_put_int(&e, ES_EVENT_MS, 0);

    check_str(written(), "$4\r\ntype\r\n$4\r\nview\r\n"
                         "$2\r\nts\r\n$13\r\n1767225600123\r\n"
                         "$4\r\nhost\r\n$15\r\nwww.example.org\r\n"
                         "$2\r\nms\r\n$1\r\n0\r\n");
    check(e.args == 8);
    check(!e.overflow);
}


static void
test_every_field(void)
{
    int   i;
    char  want[64];

    for (i = 0; i < ES_EVENT_FIELDS; i++) {
        es_event_init(&e, buf, sizeof(buf));
        put((es_event_field_e) i, "x");
        snprintf(want, sizeof(want), "$%zu\r\n%s\r\n$1\r\nx\r\n",
                 strlen(names[i]), names[i]);
        check_str(written(), want);
        check(e.args == 2);
    }
}


/* Values of each length, so that each way to copy has its turn */
static void
test_lengths(void)
{
    int       c;
    char      text[256], want[256];
    size_t    len, i;
    es_str_t  got;

    for (len = 1; len < 256; len++) {
        for (i = 0; i < len; i++) {
            text[i] = (char) ('!' + (i * 7 + len) % 90);
        }

        got = value_of(ES_EVENT_PATH, (es_str_t) { len, text });
        check(got.len == len && memcmp(got.data, text, len) == 0);
    }

    for (len = 1; len < 20; len++) {
        for (i = 0; i < len; i++) {
            for (c = 0; c < 256; c++) {
                memset(text, 'x', len);
                text[i] = (char) c;
                memcpy(want, text, len);

                if (c < 0x20 || c > 0x7e) {
                    want[i] = '?';
                }

                got = value_of(ES_EVENT_PATH, (es_str_t) { len, text });
                check(got.len == len && memcmp(got.data, want, len) == 0);
            }
        }
    }
}


static void
test_cleaning(void)
{
    check_str(value_of(ES_EVENT_LABEL, es_str("a\r\n$4\r\nevil")),
              "a??$4??evil");
    check_str(value_of(ES_EVENT_LABEL, es_str("a\0b")), "a?b");
    check_str(value_of(ES_EVENT_PATH, es_str("/stra\xc3\x9f" "e\x7f")),
              "/stra\xc3\x9f" "e?");
    check_str(value_of(ES_EVENT_PATH, es_str("/stra\xdf" "e")), "/stra?e");
    check_str(value_of(ES_EVENT_PATH, es_str("\xe6\x97\xa5\xe6\x97")),
              "\xe6\x97\xa5??");
    check_str(value_of(ES_EVENT_PATH, es_str("\xed\xa0\x80")), "???");
}


static void
test_cutting(void)
{
    char       long_text[5000];
    size_t     i;
    es_str_t   got;

    static const size_t  limits[ES_EVENT_FIELDS] = {
        [ES_EVENT_PATH] = 1024, [ES_EVENT_HOST] = 255,
        [ES_EVENT_REFERRER] = 255, [ES_EVENT_LABEL] = 256,
        [ES_EVENT_SOURCE] = 128, [ES_EVENT_MEDIUM] = 128,
        [ES_EVENT_CAMPAIGN] = 128, [ES_EVENT_VISITOR] = 64,
    };

    memset(long_text, 'a', sizeof(long_text));

    for (i = 0; i < ES_EVENT_FIELDS; i++) {
        if (limits[i]) {
            got = value_of((es_event_field_e) i,
                           (es_str_t) { limits[i], long_text });
            check(got.len == limits[i]);
            got = value_of((es_event_field_e) i,
                           (es_str_t) { limits[i] + 1, long_text });
            check(got.len == limits[i]);
        }
    }

    for (i = 0; i < sizeof(long_text) - 1; i += 2) {
        memcpy(long_text + i, "\xc3\xbc", 2);
    }

    got = value_of(ES_EVENT_HOST, (es_str_t) { 5000, long_text });
    check(got.len == 254);
    check(es_text_safe(got));

    /* lists lose whole names */
    for (i = 0; i < sizeof(long_text); i++) {
        long_text[i] = "segment,"[i % 8];
    }

    got = value_of(ES_EVENT_SEGMENTS, (es_str_t) { 5000, long_text });
    check(got.len == 2047 && memcmp(got.data + 2040, "segment", 7) == 0);
    got = value_of(ES_EVENT_SEGMENTS, (es_str_t) { 4999, long_text + 1 });
    check(got.len == 2046 && memcmp(got.data + 2039, "segment", 7) == 0);

    /* a name that just fits */
    got = value_of(ES_EVENT_SEGMENTS, (es_str_t) { 4993, long_text + 7 });
    check(got.len == 2048 && memcmp(got.data + 2041, "segment", 7) == 0);

    memset(long_text, 'a', sizeof(long_text));
    got = value_of(ES_EVENT_VARIANTS, (es_str_t) { 5000, long_text });
    check(got.len == 0);
    check(!e.overflow);
}


static void
test_overflow(void)
{
    char   *exact;
    size_t  size, before;

    for (size = 0; size < 200; size++) {
        exact = malloc(size ? size : 1);
        es_event_init(&e, exact, size);

        put(ES_EVENT_PATH, "/0123456789");
        check(e.overflow == (size < ES_EVENT_ROOM + 11));

        before = (size_t) (e.p - exact);
        put(ES_EVENT_EXPERIMENTS, "0123456789012345678901234567890123456789"
                                  "01234567890123456789");
        check(e.overflow == (size - before < ES_EVENT_ROOM + 60));

        /* once it is too small, it stays so */
        if (e.overflow) {
            before = (size_t) (e.p - exact);
            put(ES_EVENT_MS, "1");
            check(e.overflow && (size_t) (e.p - exact) == before);
        }

        free(exact);
    }
}


/* All that an event can be, at once */
static void
test_longest(void)
{
    int    i;
    char  *text = malloc(5000);

    memset(text, ',', 5000);
    es_event_init(&e, buf, sizeof(buf));

    for (i = 0; i < ES_EVENT_FIELDS; i++) {
        es_event_put(&e, (es_event_field_e) i, (es_str_t) { 5000, text });
    }

    check(!e.overflow);
    check(e.args == 2 * ES_EVENT_FIELDS);

    free(text);
}


static void
test_numbers(void)
{
    int       k;
    char      p[24], want[24];
    size_t    n, i;
    uint64_t  number;

    for (i = 0, n = 0; i < 64; i++, n = n * 2 + 1) {
        snprintf(want, sizeof(want), "$%zu\r\n", n);
        check_str(((es_str_t) { es_resp_head(p, '$', n), p }), want);
    }

    for (number = 1, i = 0; i < 20; i++, number *= 10) {
        for (k = -1; k < 2; k++) {
            snprintf(want, sizeof(want), "%llu",
                     (unsigned long long) (number + (uint64_t) k));
            es_event_init(&e, buf, sizeof(buf));
            es_event_put_int(&e, ES_EVENT_TS, number + (uint64_t) k);
            check(strtoul(buf + 9, NULL, 10) == strlen(want));
            check(memcmp(e.p - 2 - strlen(want), want, strlen(want)) == 0);
        }
    }

    es_event_init(&e, buf, sizeof(buf));
    es_event_put_int(&e, ES_EVENT_TS, UINT64_MAX);
    check_str(written(), "$2\r\nts\r\n$20\r\n18446744073709551615\r\n");
}


static void
host(int line, const char *url, const char *want)
{
    char    *exact;
    size_t   len;

    len = strlen(url);
    exact = malloc(len ? len : 1);
    memcpy(exact, url, len);
    check_str_(__FILE__, line, es_referrer_host((es_str_t) { len, exact }),
               want);
    free(exact);
}

#define check_host(url, want)  host(__LINE__, url, want)


static void
test_referrer(void)
{
    char  url[300];

    check_host("https://www.google.com/", "www.google.com");
    check_host("https://www.google.com", "www.google.com");
    check_host("http://example.org/a?b#c", "example.org");
    check_host("http://example.org?x=http://other.org/", "example.org");
    check_host("http://example.org#x@other.org", "example.org");
    check_host("HTTPS://Example.ORG/", "Example.ORG");
    check_host("http://example.org:8080/x", "example.org");
    check_host("http://example.org:/x", "example.org");
    check_host("http://user:secret@example.org:80/x", "example.org");
    check_host("http://a@b@example.org/x", "example.org");
    check_host("http://example.org@/x", "");
    check_host("http://[2001:db8::1]:8080/", "[2001:db8::1]");
    check_host("http://[::ffff:1.2.3.4]", "[::ffff:1.2.3.4]");
    check_host("http://192.0.2.1/", "192.0.2.1");
    check_host("http://xn--mller-kva.example/", "xn--mller-kva.example");

    check_host("", "");
    check_host("http", "");
    check_host("https", "");
    check_host("http://", "");
    check_host("https://", "");
    check_host("https:///x", "");
    check_host("https://:80/", "");
    check_host("ftp://example.org/", "");
    check_host("android-app://com.google.android.gm/", "");
    check_host("about:blank", "");
    check_host("//example.org/", "");
    check_host("example.org", "");
    check_host("httpx//example.org", "");
    check_host("http:\\\\example.org", "");
    check_host("http://m\xc3\xbcller.example/", "");
    check_host("http://a b.example/", "");
    check_host("http://a\r\nb/", "");
    check_host("http://example.org\\@other.org/", "other.org");
    check_host("http://a\\b/", "");
    check_host("http://<script>/", "");
    check_host("http://example.org:80x/", "");
    check_host("http://example.org:80:80/", "");
    check_host("http://[]/", "");
    check_host("http://[::1/", "");
    check_host("http://[::1", "");
    check_host("http://[::1]x/", "");
    check_host("http://[fe80::1%25eth0]/", "");
    check_host("http://[example.org]/", "");

    memset(url, 'a', sizeof(url));
    memcpy(url, "http://", 7);
    check(es_referrer_host((es_str_t) { 7 + 253, url }).len == 253);
    check(es_referrer_host((es_str_t) { 7 + 254, url }).len == 0);
    check(es_referrer_host(es_null_str).len == 0);
}


/* What was prepared, or begun, is what put() would have written. */
static void
test_ready(void)
{
    char              a[ES_EVENT_SIZE], b[ES_EVENT_SIZE];
    char              tag[80];
    es_event_t        one, two;
    es_event_ready_t  ready;

    es_event_init(&one, a, sizeof(a));
    es_event_begin(&one, "0123456789abcdef00000001", "1700000000123",
                   es_str("view"));
    es_event_prepare(&ready, ES_EVENT_LANGUAGE, es_str("zh-Hant"));
    es_event_put_ready(&one, &ready);

    es_event_init(&two, b, sizeof(b));
    es_event_put(&two, ES_EVENT_ID, es_str("0123456789abcdef00000001"));
    es_event_put_int(&two, ES_EVENT_TS, 1700000000123);
    es_event_put(&two, ES_EVENT_TYPE, es_str("view"));
    es_event_put(&two, ES_EVENT_LANGUAGE, es_str("zh-Hant"));

    check(one.args == two.args && one.args == 8);
    check(one.p - a == two.p - b && memcmp(a, b, one.p - a) == 0);

    memset(tag, 'x', sizeof(tag));
    es_event_prepare(&ready, ES_EVENT_LANGUAGE, (es_str_t) { 60, tag });
    check(ready.len == 0);
    es_event_put_ready(&one, &ready);
    check(one.args == 8 && !one.overflow);

    es_event_init(&one, a, 100);
    es_event_begin(&one, "0123456789abcdef00000001", "1700000000123",
                   es_str("view"));
    check(one.overflow);

    es_event_init(&one, a, 63);
    es_event_prepare(&ready, ES_EVENT_DEVICE, es_str("mobile"));
    es_event_put_ready(&one, &ready);
    check(one.overflow);
}


/* What goes to Redis as it is must be one event, and nothing else. */
static void
test_sound(void)
{
    size_t       i, n;
    char         text[64];
    es_event_t   e;
    char         buf[ES_EVENT_SIZE];

    static const char  good[] = "$2\r\n02\r\n$1\r\na\r\n$0\r\n\r\n";

    static const struct {
        uint32_t     args;
        const char  *data;
    } bad[] = {
        { 0, "" },
        { 1, "$2\r\n00\r\n" },
        { 2, "$2\r\n02\r\n$1\r\na\r\n$1\r\nb\r\n" },
        { 4, "$2\r\n02\r\n$1\r\na\r\n$1\r\nb\r\n" },
        { 3, "$2\r\n04\r\n$1\r\na\r\n$1\r\nb\r\n" },
        { 4, "$2\r\n03\r\n$1\r\na\r\n$1\r\nb\r\n$1\r\nc\r\n" },
        { 3, "$1\r\n2\r\n$1\r\na\r\n$1\r\nb\r\n" },
        { 3, "$2\r\n0x\r\n$1\r\na\r\n$1\r\nb\r\n" },
        { 3, "$2\r\n02\r\n$1\r\na\r\n$2\r\nb\r\n" },
        { 3, "$2\r\n02\r\n$1\r\na\r\n$-1\r\nb\r\n" },
        { 3, "$2\r\n02\r\n$1\r\na\r\n$\r\nb\r\n" },
        { 3, "$2\r\n02\r\n$1\r\na\r\n$000001\r\nb\r\n" },
        { 3, "$2\r\n02\r\n$1\r\na\r\n*1\r\nb\r\n" },
        { 3, "$2\r\n02\r\n$1\r\na\r\n$1\r\nb\r\n*1\r\n$8\r\nFLUSHALL\r\n" }
    };

    n = sizeof(good) - 1;
    check(es_event_sound((es_str_t) { n, good }, 3));

    for (i = 0; i < n; i++) {
        check(!es_event_sound((es_str_t) { i, good }, 3));
    }

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        check(!es_event_sound((es_str_t) { strlen(bad[i].data), bad[i].data },
                              bad[i].args));
    }

    /* what an event is made of here is sound, with its count in front */

    es_event_init(&e, buf, sizeof(buf));
    es_event_begin(&e, "0123456789abcdef01234567", "1795307443384",
                   es_str("view"));
    es_event_put(&e, ES_EVENT_PATH, es_str("/a\r\nb"));

    n = (size_t) snprintf(text, sizeof(text), "$2\r\n%02u\r\n", e.args);
    memmove(buf + n, buf, (size_t) (e.p - buf));
    memcpy(buf, text, n);

    check(es_event_sound((es_str_t) { n + (size_t) (e.p - buf), buf },
                         e.args + 1));
}


int
main(void)
{
    test_bytes();
    test_every_field();
    test_lengths();
    test_cleaning();
    test_cutting();
    test_overflow();
    test_longest();
    test_numbers();
    test_referrer();

    test_ready();

    test_sound();

    return check_done();
}
