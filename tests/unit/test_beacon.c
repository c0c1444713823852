#include "../../ngx_exportsite_module/core/beacon.h"
#include "check.h"

#include <jansson.h>
#include <locale.h>


#define PAGE  "0123456789abcdef01234567"

static check_pool_t  pool = check_pool_init();
static es_beacon_t   beacon;


static es_beacon_result_e
parse_n(const char *body, size_t len)
{
    char                *exact = malloc(len ? len : 1);
    es_beacon_result_e   result;

    check_pool_free(&pool);

    memset(&beacon, 0xa5, sizeof(beacon));
    memcpy(exact, body, len);
    result = es_beacon_parse((es_str_t) { len, exact }, &pool.pool, &beacon);
    free(exact);

    return result;
}


static es_beacon_result_e
parse(const char *body)
{
    return parse_n(body, strlen(body));
}


#define check_error(body, want)                                               \
    check(parse(body) == ES_BEACON_BAD);                                      \
    check_str(text(beacon.error), want)


static void
test_one(void)
{
    check(parse("{\"type\":\"click\",\"path\":\"/x\",\"label\":\"cta\","
                "\"value\":1.5,\"ms\":900,\"page\":\"" PAGE "\"}")
          == ES_BEACON_OK);
    check(beacon.count == 1);
    check_str(beacon.event[0].type, "click");
    check_str(beacon.event[0].path, "/x");
    check_str(beacon.event[0].label, "cta");
    check_str(beacon.event[0].value, "1.5");
    check_str(beacon.event[0].page, PAGE);
    check(beacon.event[0].timed && beacon.event[0].ms == 900);

    check(parse(" { \"type\" : \"a-_0\" } \n") == ES_BEACON_OK);
    check(beacon.count == 1);
    check_str(beacon.event[0].type, "a-_0");
    check(beacon.event[0].path.len == 0 && beacon.event[0].label.len == 0
          && beacon.event[0].value.len == 0 && beacon.event[0].page.len == 0
          && !beacon.event[0].timed);
}


static void
test_lists(void)
{
    int   i, n;
    char  body[2000], *p;

    check(parse("[]") == ES_BEACON_OK);
    check(beacon.count == 0);

    for (n = 1; n < 40; n++) {
        p = body;

        for (i = 0; i < n; i++) {
            p += sprintf(p, "%c{\"type\":\"t%d\",\"ms\":%d}", i ? ',' : '[',
                         i, i);
        }

        strcpy(p, "]");

        if (n > ES_BEACON_EVENTS) {
            check(parse(body) == ES_BEACON_MANY);
            check(strcmp(beacon.error, "more than 32 events") == 0);
            continue;
        }

        check(parse(body) == ES_BEACON_OK);
        check(beacon.count == (size_t) n);
        check(beacon.event[n - 1].ms == (uint64_t) n - 1);
        check(beacon.event[n - 1].type.len == (n > 10 ? 3 : 2));
    }

    /* too many are too many, whatever they are */
    strcpy(body, "[1");

    for (i = 1; i < 33; i++) {
        strcat(body, ",1");
    }

    strcat(body, "]");
    check(parse(body) == ES_BEACON_MANY);
}


static void
test_no_json(void)
{
    check_error("", "not JSON: line 1, column 0: it ends too early");
    check_error("{\"type\":\"a\"", "not JSON: line 1, column 11: it ends too "
                                   "early");
    check_error("{}x", "not JSON: line 1, column 3: something follows the end");
    check_error("\n\n{\"type\":\"a\",\"type\":\"a\"}",
                "not JSON: line 3, column 18: a member that was there before");
    check_error("{\"type\":\"\xff\"}", "not JSON: line 1, column 9: not "
                                       "UTF-8");
    check_error("{\"type\":\"a\",\"value\":1e999}",
                "not JSON: line 1, column 25: a number that is too big");
    check_error("{\"type\":\"a\\u0000\"}",
                "not JSON: line 1, column 17: a NUL");
    check(parse_n("{\"type\":\"a\"}\0", 13) == ES_BEACON_BAD);
    check(parse_n("{\"ty\0pe\":\"a\"}", 13) == ES_BEACON_BAD);
    check(parse("{\"ty\\u0000pe\":\"a\"}") == ES_BEACON_BAD);
    check(parse("\xef\xbb\xbf{\"type\":\"a\"}") == ES_BEACON_BAD);
    check(parse("{'type':'a'}") == ES_BEACON_BAD);
    check(parse("{\"type\":\"a\",}") == ES_BEACON_BAD);
    check(parse("{\"type\":\"a\",\"ms\":NaN}") == ES_BEACON_BAD);
    check(parse("{\"type\":\"a\",\"ms\":01}") == ES_BEACON_BAD);
    check(parse("{\"type\":\"\\ud800\"}") == ES_BEACON_BAD);
    check(parse("type=click") == ES_BEACON_BAD);
    check(parse("1") == ES_BEACON_BAD);
    check(parse("\"click\"") == ES_BEACON_BAD);
    check(parse("null") == ES_BEACON_BAD);
}


static void
test_no_event(void)
{
    check_error("[1]", "event 1: it must be an object");
    check_error("[{\"type\":\"a\"},[]]", "event 2: it must be an object");
    check_error("{}", "event 1: \"type\" is missing");
    check_error("[{\"type\":\"a\"},{\"label\":\"a\"}]",
                "event 2: \"type\" is missing");
    check_error("{\"type\":\"a\",\"foo\":1}",
                "event 1: unknown member \"foo\"");
    check_error("{\"Type\":\"a\"}", "event 1: unknown member \"Type\"");
    check_error("{\"\":1}", "event 1: unknown member \"\"");
    check_error("{\"a\\u0001\\r\\n<b>\\\"\\\\\\u00e9\":1}",
                "event 1: unknown member \"a????b>????\"");
    check_error("{\"0123456789012345678901234567890123456789\":1}",
                "event 1: unknown member "
                "\"01234567890123456789012345678901\"");

    check_error("{\"type\":1}", "event 1: \"type\" must be 1 to 32 of a-z, "
                                "0-9, \"_\" and \"-\"");
    check(parse("{\"type\":\"\"}") == ES_BEACON_BAD);
    check(parse("{\"type\":\"Click\"}") == ES_BEACON_BAD);
    check(parse("{\"type\":\"a b\"}") == ES_BEACON_BAD);
    check(parse("{\"type\":\"a\\n\"}") == ES_BEACON_BAD);
    check(parse("{\"type\":null}") == ES_BEACON_BAD);
    check(parse("{\"type\":\"01234567890123456789012345678901\"}")
          == ES_BEACON_OK);
    check(parse("{\"type\":\"012345678901234567890123456789012\"}")
          == ES_BEACON_BAD);

    check_error("{\"type\":\"a\",\"label\":1}",
                "event 1: \"label\" must be a string");
    check_error("{\"type\":\"a\",\"label\":{\"a\":1}}",
                "event 1: \"label\" must be a string");
    check_error("{\"type\":\"a\",\"label\":null}",
                "event 1: \"label\" must be a string");
    check_error("{\"type\":\"a\",\"value\":\"1\"}",
                "event 1: \"value\" must be a number");
    check(parse("{\"type\":\"a\",\"value\":true}") == ES_BEACON_BAD);
    check(parse("{\"type\":\"a\",\"value\":null}") == ES_BEACON_BAD);

    check_error("{\"type\":\"a\",\"page\":\"x\"}",
                "event 1: \"page\" must be 24 hex digits");
    check(parse("{\"type\":\"a\",\"page\":\"" PAGE "0\"}") == ES_BEACON_BAD);
    check(parse("{\"type\":\"a\",\"page\":\"g123456789abcdef01234567\"}")
          == ES_BEACON_BAD);
    check(parse("{\"type\":\"a\",\"page\":1}") == ES_BEACON_BAD);
    check(parse("{\"type\":\"a\",\"page\":\"0123456789ABCDEF01234567\"}")
          == ES_BEACON_OK);
    check_str(beacon.event[0].page, PAGE);
}


static void
path(int line, const char *json, const char *want)
{
    char  body[200];

    snprintf(body, sizeof(body), "{\"type\":\"a\",\"path\":\"%s\"}", json);

    if (want == NULL) {
        check_str_(__FILE__, line,
                   parse(body) == ES_BEACON_BAD ? es_str("refused")
                                                : es_str("taken"), "refused");
        return;
    }

    check_str_(__FILE__, line, parse(body) == ES_BEACON_OK ? es_str("taken")
                                                   : es_str("refused"),
               "taken");
    check_str_(__FILE__, line, beacon.event[0].path, want);
}

#define check_path(json, want)  path(__LINE__, json, want)


static void
test_paths(void)
{
    check_path("/", "/");
    check_path("/a/b?c=d", "/a/b");
    check_path("/a#b?c", "/a");
    check_path("/a%20b", "/a b");
    check_path("/stra%C3%9fe", "/stra\xc3\x9f" "e");
    check_path("/%41%6a", "/Aj");
    check_path("/%3f%23x", "/?#x");
    check_path("/%2541", "/%41");
    check_path("/100%", "/100%");
    check_path("/%4", "/%4");
    check_path("/%4g%g4%%41", "/%4g%g4%A");
    check_path("/\\u00fc", "/\xc3\xbc");
    check_path("/a+b", "/a+b");
    check_path("//x", "//x");
    check_path("/%ff", "/\xff");

    check_path("", NULL);
    check_path("a", NULL);
    check_path("https://example.org/", NULL);
    check_path("?a", NULL);
    check_path("%2fa", NULL);
    check_path("/a%00b", NULL);
    check_path("/\\u0000", NULL);
    check(parse("{\"type\":\"a\",\"path\":1}") == ES_BEACON_BAD);
    check(parse("{\"type\":\"a\",\"path\":null}") == ES_BEACON_BAD);
}


static void
value(int line, const char *json, const char *want)
{
    char  body[400];

    snprintf(body, sizeof(body), "{\"value\":%s,\"type\":\"a\"}", json);
    check_str_(__FILE__, line, parse(body) == ES_BEACON_OK ? es_str("taken")
                                                   : es_str("refused"),
               "taken");
    check_str_(__FILE__, line, beacon.event[0].value, want);
}

#define check_value(json, want)  value(__LINE__, json, want)


static void
test_values(void)
{
    check_value("0", "0");
    check_value("-0", "0");
    check_value("0.0", "0");
    check_value("-0.0", "0");
    check_value("1", "1");
    check_value("1.0", "1");
    check_value("-17", "-17");
    check_value("1.5", "1.5");
    check_value("1.50", "1.5");
    check_value("0.1", "0.1");
    check_value("-0.25", "-0.25");
    check_value("19.99", "19.99");
    check_value("1e3", "1000");
    check_value("1E15", "1000000000000000");
    check_value("9007199254740991.0", "9007199254740991");
    check_value("9223372036854775807", "9223372036854775807");
    check_value("-9223372036854775808", "-9223372036854775808");
    check_value("0.30000000000000004", "0.30000000000000004");
    check_value("0.0001", "0.0001");
    check_value("123456.789012", "123456.789012");
    check_value("3.141592653589793", "3.141592653589793");
    check_value("1e300", "1e300");
    check_value("-2.2250738585072014e-308", "-2.2250738585072014e-308");

    /* larger than an integer may be, and than a number */

    check_value("9223372036854775808", "9.223372036854776e18");
    check_value("100000000000000000000", "1e20");
    check(parse("{\"type\":\"a\",\"value\":1e309}") == ES_BEACON_BAD);
}


/* A module beside ours may set a locale in which a comma is the point */
static void
test_comma(void)
{
    if (setlocale(LC_NUMERIC, "de_DE.UTF-8") == NULL
        && setlocale(LC_NUMERIC, "de_DE") == NULL)
    {
        puts("no German locale here, a comma is not tried");
        return;
    }

    check_value("1.5", "1.5");
    check_value("0.30000000000000004", "0.30000000000000004");
    check_value("1e-300", "1e-300");
    setlocale(LC_NUMERIC, "C");
}


static void
ms(int line, const char *json, uint64_t want)
{
    char  body[100];

    snprintf(body, sizeof(body), "{\"type\":\"a\",\"ms\":%s}", json);
    check_str_(__FILE__, line, parse(body) == ES_BEACON_OK ? es_str("taken")
                                                   : es_str("refused"),
               "taken");
    check_str_(__FILE__, line, beacon.event[0].timed
                               && beacon.event[0].ms == want
                               ? es_str("as wanted") : es_str("another"),
               "as wanted");
}

#define check_ms(json, want)  ms(__LINE__, json, want)


static void
test_ms(void)
{
    check_ms("0", 0);
    check_ms("-0", 0);
    check_ms("0.4", 0);
    check_ms("0.5", 1);
    check_ms("1234.49", 1234);
    check_ms("1e3", 1000);
    check_ms("4503599627370495.5", 4503599627370496);
    check_ms("9007199254740991", 9007199254740991);
    check_ms("9007199254740991.0", 9007199254740991);

    check_error("{\"type\":\"a\",\"ms\":-1}",
                "event 1: \"ms\" must be a number from 0 to below 2^53");
    check(parse("{\"type\":\"a\",\"ms\":-0.1}") == ES_BEACON_BAD);
    check(parse("{\"type\":\"a\",\"ms\":9007199254740992}") == ES_BEACON_BAD);
    check(parse("{\"type\":\"a\",\"ms\":1e300}") == ES_BEACON_BAD);
    check(parse("{\"type\":\"a\",\"ms\":\"1\"}") == ES_BEACON_BAD);
    check(parse("{\"type\":\"a\",\"ms\":[1]}") == ES_BEACON_BAD);
}


/* As much as fits, and each text where it belongs */
static void
test_memory(void)
{
    int       i;
    char      body[ES_BEACON_MAX + 1], *p = body;
    es_str_t  label;

    for (i = 0; i < ES_BEACON_EVENTS; i++) {
        p += sprintf(p, "%c{\"type\":\"t%02d\",\"path\":\"/%02d\","
                        "\"value\":1e15,\"page\":\"" PAGE "\",\"label\":\"",
                     i ? ',' : '[', i, i);
        memset(p, 'a' + i % 26, 150);
        p += 150;
        p += sprintf(p, "\"}");
    }

    strcpy(p, "]");

    check(parse(body) == ES_BEACON_OK);
    check(beacon.count == ES_BEACON_EVENTS);

    for (i = 0; i < ES_BEACON_EVENTS; i++) {
        label = beacon.event[i].label;
        check(beacon.event[i].path.data[2] == '0' + i % 10);
        check_str(beacon.event[i].value, "1000000000000000");
        check_str(beacon.event[i].page, PAGE);
        check(label.len == 150 && label.data[0] == 'a' + i % 26
              && label.data[149] == 'a' + i % 26);
    }

    check(parse("{\"type\":\"a\",\"label\":\"\\u00fc\\r\\n\\ud83d\\ude00\"}")
          == ES_BEACON_OK);
    check_str(beacon.event[0].label, "\xc3\xbc\r\n\xf0\x9f\x98\x80");

    memset(body, '[', ES_BEACON_MAX);
    check(parse_n(body, ES_BEACON_MAX) == ES_BEACON_BAD);
    check(strstr(beacon.error, "too deep") != NULL);
}


static void *
no_memory(es_pool_t *p, size_t size)
{
    (void) p;
    (void) size;

    return NULL;
}


static void *
no_jansson(size_t size)
{
    (void) size;

    return NULL;
}


static void
test_no_memory(void)
{
    es_str_t        body = es_str("{\"type\":\"a\"}");
    es_pool_t       none = { no_memory };
    json_malloc_t   allocate;
    json_free_t     release;

    check(es_beacon_parse(body, &none, &beacon) == ES_BEACON_NO_MEMORY);

    json_get_alloc_funcs(&allocate, &release);
    json_set_alloc_funcs(no_jansson, release);
    check(es_beacon_parse(body, &pool.pool, &beacon) == ES_BEACON_NO_MEMORY);
    json_set_alloc_funcs(allocate, release);
}


int
main(void)
{
    test_one();
    test_lists();
    test_no_json();
    test_no_event();
    test_paths();
    test_values();
    test_comma();
    test_ms();
    test_memory();
    test_no_memory();

    check_pool_free(&pool);

    return check_done();
}
