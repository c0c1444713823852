#include "check.h"
#include "../../ngx_exportsite_module/learn/day.h"
#include "../../ngx_exportsite_module/learn/logline.h"

#include <time.h>


#define TIME   "[22/Nov/2026:09:12:03 +0100]"
#define STAMP  1795335123000u
#define TAIL   " - - " TIME " \"GET / HTTP/1.1\" 200 5 \"-\" \"-\""


/* Of an exact copy, so that reading beyond it shows. */
static bool
parse(es_logline_t *line, const char *text, size_t len)
{
    bool         good;
    static char *copy;

    free(copy);
    copy = malloc(len ? len : 1);
    memcpy(copy, text, len);

    memset(line, 0xff, sizeof(es_logline_t));
    good = es_logline_parse(line, copy, len);

    if (!good) {
        check(memcmp(copy, text, len) == 0);
    }

    return good;
}

#define parsed(line, text)  parse(line, text, sizeof(text) - 1)


static void
test_combined(void)
{
    es_logline_t  line;

    check(parsed(&line, "192.0.2.1 - bob " TIME " \"GET /de/?a=1 HTTP/1.1\" "
                        "200 1234 \"https://example.org/x\" \"Moz (X; Y)\""));

    check_str(line.host, "");
    check_str(line.address, "192.0.2.1");
    check(line.time == STAMP);
    check_str(line.request, "GET /de/?a=1 HTTP/1.1");
    check(line.status == 200);
    check_str(line.referrer, "https://example.org/x");
    check_str(line.agent, "Moz (X; Y)");

    check(parsed(&line, "2001:db8::1" TAIL "\r"));
    check_str(line.address, "2001:db8::1");
    check_str(line.host, "");
    check_str(line.agent, "");
    check_str(line.referrer, "");

    /* a size that is none, an empty request, more fields behind */
    check(parsed(&line, "unix: - - " TIME " \"\" 400 - \"-\" \"a\" \"1.2.3.4\" "
                        "0.001 x"));
    check_str(line.request, "");
    check_str(line.agent, "a");
    check_str(line.address, "unix:");
    check(line.status == 400);

    /* names with blanks and brackets */
    check(parsed(&line, "a - J R [x] " TIME " \"GET / HTTP/1.1\" 200 5 \"-\" "
                        "\"-\""));
    check_str(line.address, "a");
}


static void
test_vhost(void)
{
    es_logline_t  line;

    check(parsed(&line, "www.example.com:443 192.0.2.1" TAIL));
    check_str(line.host, "www.example.com");
    check_str(line.address, "192.0.2.1");

    check(parsed(&line, "example.com 2001:db8::2" TAIL));
    check_str(line.host, "example.com");
    check_str(line.address, "2001:db8::2");

    check(parsed(&line, "[2001:db8::9]:8080 2001:db8::2" TAIL));
    check_str(line.host, "[2001:db8::9]");

    check(parsed(&line, "192.0.2.9:80 192.0.2.1" TAIL));
    check_str(line.host, "192.0.2.9");
    check_str(line.address, "192.0.2.1");

    check(parsed(&line, "example.com:80 dial-up-7.example.net" TAIL));
    check_str(line.host, "example.com");
    check_str(line.address, "dial-up-7.example.net");

    /* no site's name: an address whose last group is of digits, ports */
    check(parsed(&line, "2001:db8::443 - J R " TIME
                        " \"GET / HTTP/1.1\" 200 5 \"-\" \"-\""));
    check_str(line.host, "");
    check_str(line.address, "2001:db8::443");

    check(parsed(&line, "192.0.2.1:5678 - J R " TIME
                        " \"GET / HTTP/1.1\" 200 5 \"-\" \"-\""));
    check_str(line.host, "");
    check_str(line.address, "192.0.2.1:5678");

    check(parsed(&line, "dial-up-7.example.net ident J R " TIME
                        " \"GET / HTTP/1.1\" 200 5 \"-\" \"-\""));
    check_str(line.host, "");
}


static void
test_escapes(void)
{
    es_logline_t  line;

    check(parsed(&line, "a - - " TIME " \"GET /\\x22\\xC3\\xbc\\\\ HTTP/1.1\" "
                        "200 5 \"\\\"\\n\\r\\t\" \"a\\x4\\xg0\\q\\\\\""));
    check_str(line.request, "GET /\"\xc3\xbc\\ HTTP/1.1");
    check_str(line.referrer, "\"\n\r\t");
    check_str(line.agent, "a\\x4\\xg0\\q\\");

    /* a backslash that is one itself does not hide the quote */
    check(parsed(&line, "a - - " TIME " \"\\\\\" 200 5 \"\\\\\\\"\" \"-\""));
    check_str(line.request, "\\");
    check_str(line.referrer, "\\\"");

    /* "-" is nothing only as it stands there */
    check(parsed(&line, "a - - " TIME " \"\\x2d\" 200 5 \"\\x2d\" \"--\""));
    check_str(line.referrer, "-");
    check_str(line.agent, "--");

    check(parsed(&line, "a - - " TIME " \"x\\x00y\" 200 5 \"-\" \"\0\""));
    check(line.request.len == 3 && line.request.data[1] == '\0');
    check(line.agent.len == 1 && line.agent.data[0] == '\0');
}


static void
test_refused(void)
{
    size_t             i;
    es_logline_t       line;
    static const char  whole[] = "192.0.2.1 - - " TIME " \"GET / HTTP/1.1\" "
                                 "200 12 \"-\" \"agent\"";
    static const char *const  texts[] = {
        "", " ", "\r", "[", "\"", "-",
        "192.0.2.1 - - [] \"GET / HTTP/1.1\" 200 5 \"-\" \"-\"",
        TIME " \"GET / HTTP/1.1\" 200 5 \"-\" \"-\"",
        " " TIME " \"GET / HTTP/1.1\" 200 5 \"-\" \"-\"",
        "a - " TIME " \"GET / HTTP/1.1\" 200 5 \"-\" \"-\"",
        "a - -" TIME " \"GET / HTTP/1.1\" 200 5 \"-\" \"-\"",
        "a - - " TIME "\"GET / HTTP/1.1\" 200 5 \"-\" \"-\"",
        "a - - " TIME " GET / HTTP/1.1 200 5 \"-\" \"-\"",
        "a - - " TIME " \"GET / HTTP/1.1\" 20 5 \"-\" \"-\"",
        "a - - " TIME " \"GET / HTTP/1.1\" 2000 5 \"-\" \"-\"",
        "a - - " TIME " \"GET / HTTP/1.1\" 2o0 5 \"-\" \"-\"",
        "a - - " TIME " \"GET / HTTP/1.1\" 200 x \"-\" \"-\"",
        "a - - " TIME " \"GET / HTTP/1.1\" 200 5x \"-\" \"-\"",
        "a - - " TIME " \"GET / HTTP/1.1\" 200 5 \"-\"",
        "a - - " TIME " \"GET / HTTP/1.1\" 200 5 \"-\" \"-\"x",
        "a - - " TIME " \"GET / HTTP/1.1\" 200 5 \"-\" \"-\\\"",
        "a - - " TIME " \"GET / HTTP/1.1\" 200 5 \"-\" -"
    };

    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (parse(&line, texts[i], strlen(texts[i]))) {
            check_failed++;
            fprintf(stderr, "taken: %s\n", texts[i]);
        }
    }

    /* what is cut off anywhere is no line */
    for (i = 0; i < sizeof(whole) - 1; i++) {
        check(!parse(&line, whole, i));
    }

    check(parsed(&line, whole));
}


static bool
time_of(const char *text, uint64_t *ms)
{
    char          buf[128];
    bool          good;
    es_logline_t  line;

    snprintf(buf, sizeof(buf), "a - - [%s] \"\" 200 5 \"-\" \"-\"", text);
    good = parse(&line, buf, strlen(buf));
    *ms = good ? line.time : 0;

    return good;
}


static void
test_times(void)
{
    size_t    i;
    uint64_t  ms;
    static const struct {
        const char  *text;
        uint64_t     s;
    } good[] = {
        { "01/Jan/1970:00:00:00 +0000", 0 },
        { "31/Dec/1969:00:00:00 -2300", 0 },     /* refused below */
        { "01/Jan/1970:01:00:00 +0100", 0 },
        { "09/Sep/2001:01:46:40 +0000", 1000000000 },
        { "29/Feb/2024:23:59:59 -0330", 1709263799 },
        { "31/Dec/2016:23:59:60 +0000", 1483228800 },
        { "29/Mar/2026:03:30:00 +0200", 1774747800 },
        { "31/Dec/9999:23:59:59 +0000", 253402300799u }
    };
    static const char *const  bad[] = {
        "00/Nov/2026:09:12:03 +0100", "31/Nov/2026:09:12:03 +0100",
        "29/Feb/2026:09:12:03 +0100", "29/Feb/2100:09:12:03 +0100",
        "22/nov/2026:09:12:03 +0100", "22/Nov/2026:24:12:03 +0100",
        "22/Nov/2026:09:60:03 +0100", "22/Nov/2026:09:12:61 +0100",
        "22/Nov/2026:09:12:03 +2400", "22/Nov/2026:09:12:03 +0160",
        "22/Nov/2026:09:12:03 00100", "22/Nov/2026:09:12:03  0100",
        "22-Nov-2026:09:12:03 +0100", "22/Nov/2026 09:12:03 +0100",
        "22/11a/2026:09:12:03 +0100", "2x/Nov/2026:09:12:03 +0100",
        "22/Nov/20-6:09:12:03 +0100", "01/Jan/1970:00:59:59 +0100",
        "31/Dec/1969:23:59:59 +0000", "31/Dec/9999:23:59:59 -0001",
        "22/Nov/2026:09:12:03 +010"
    };

    for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        check(time_of(good[i].text, &ms) == (i != 1));
        check(ms == good[i].s * 1000);
    }

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (time_of(bad[i], &ms)) {
            check_failed++;
            fprintf(stderr, "taken: %s\n", bad[i]);
        }
    }
}


/* Every day from 1970 to 2200, held against the C library */
static void
test_days(void)
{
    char        text[64], date[ES_DAY_TEXT];
    time_t      t;
    uint64_t    ms;
    uint32_t    day;
    struct tm  *tm;

    for (day = 0; day < 84006; day++) {
        t = (time_t) day * 86400 + (day * 7919) % 86400;
        tm = gmtime(&t);
        strftime(text, sizeof(text), "%d/%b/%Y:%H:%M:%S +0000", tm);

        if (!time_of(text, &ms) || ms != (uint64_t) t * 1000
            || es_day_of(ms) != day)
        {
            check_failed++;
            fprintf(stderr, "wrong: %s\n", text);
        }

        strftime(text, sizeof(text), "%Y-%m-%d", tm);
        es_day_format(date, day);

        if (memcmp(date, text, ES_DAY_TEXT) != 0) {
            check_failed++;
            fprintf(stderr, "wrong: %s\n", text);
        }
    }

    check(day == 84006);
}


static bool
request(es_logline_request_t *r, const char *text)
{
    size_t        len;
    static char  *copy, *buf;

    len = strlen(text);
    free(copy);
    free(buf);
    copy = malloc(len ? len : 1);
    buf = malloc(len ? len : 1);
    memcpy(copy, text, len);

    return es_logline_request(r, (es_str_t) { len, copy }, buf);
}


static void
path(int line, const char *target, const char *want)
{
    char                  text[512];
    es_logline_request_t  r;

    snprintf(text, sizeof(text), "GET %s HTTP/1.1", target);

    if (request(&r, text) != (want != NULL)) {
        check_failed++;
        fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, line, target,
                want ? "refused" : "taken");

    } else if (want != NULL) {
        check_str_(__FILE__, line, r.path, want);
        check_str(r.method, "GET");
    }
}

#define path_is(target, want)  path(__LINE__, target, want)


/* What nginx makes of each; of a blank, only before 1.21.1 */
static void
test_paths(void)
{
    path_is("/", "/");
    path_is("/de/pumps", "/de/pumps");
    path_is("/de/pumps/", "/de/pumps/");
    path_is("/p%c3%BCmpe", "/p\xc3\xbcmpe");
    path_is("/a+b", "/a+b");
    path_is("/a b", "/a b");
    path_is("/a%20b%3Fc%23d%25e", "/a b?c#d%e");
    path_is("//a///b//", "/a/b/");
    path_is("/a%2Fb%2f%2fc", "/a/b/c");
    path_is("/a/./b/.", "/a/b/");
    path_is("/a/../b", "/b");
    path_is("/a/..", "/");
    path_is("/a/b/../", "/a/");
    path_is("/a/b/..", "/a/");
    path_is("/a/%2e%2E/b", "/b");
    path_is("/a/b/..//../c", "/c");
    path_is("/.a/..b/...", "/.a/..b/...");
    path_is("/a./b../c", "/a./b../c");
    path_is("/a#b", "/a");
    path_is("/a?b/../..", "/a");
    path_is("http://example.com/a", "/a");
    path_is("http://example.com", "/");
    path_is("http://example.com?/a", "/");
    path_is("HTTPS://example.com:8443/a?b", "/a");

    path_is("", NULL);
    path_is("a", NULL);
    path_is("*", NULL);
    path_is("?/a", NULL);
    path_is("ftp://example.com/a", NULL);
    path_is("/a%", NULL);
    path_is("/a%4", NULL);
    path_is("/a%4g", NULL);
    path_is("/a%00", NULL);
    path_is("/..", NULL);
    path_is("/../a", NULL);
    path_is("/a/../../b", NULL);
    path_is("/%2e%2e/", NULL);
}


static void
test_requests(void)
{
    es_logline_request_t  r;

    check(request(&r, "POST /a?b=%41&c HTTP/2.0"));
    check_str(r.method, "POST");
    check_str(r.path, "/a");
    check_str(r.args, "b=%41&c");

    check(request(&r, "GET /a?b#c?d HTTP/3.0"));
    check_str(r.args, "b");
    check(request(&r, "GET /a#c?d HTTP/3.0"));
    check_str(r.args, "");
    check(request(&r, "GET /%41?%41 HTTP/1.0"));
    check_str(r.path, "/A");
    check_str(r.args, "%41");

    check(!request(&r, ""));
    check(!request(&r, "-"));
    check(!request(&r, " "));
    check(!request(&r, "GET"));
    check(!request(&r, "GET "));
    check(!request(&r, "GET /"));
    check(!request(&r, "GET HTTP/1.1"));
    check(!request(&r, "GET / HTTP"));
    check(!request(&r, "GET / HTTP/"));
    check(!request(&r, "GET / http/1.1"));
    check(!request(&r, "\x16\x03\x01 \x02 x"));
}


int
main(void)
{
    test_combined();
    test_vhost();
    test_escapes();
    test_refused();
    test_times();
    test_days();
    test_paths();
    test_requests();

    return check_done();
}
