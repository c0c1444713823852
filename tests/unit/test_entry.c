/*
 * Entries of the stream: what is an event, and why all else is none.
 */
#include "../../ngx_exportsite_module/learn/entry.h"
#include "check.h"

#include <limits.h>


#define ID   "0123456789abcdef01234567"
#define TS   "1795307443384"
#define AT   { 1795307443534, 9 }

static check_pool_t   pool = check_pool_init();
static es_entry_id_t  at = AT;
static es_entry_t     entry;
static es_str_t       culprit;
static es_str_t       strings[64];
static size_t         nstrings;


/* Strings of exactly their length, so that a step beyond shows */
static void
put_bytes(const char *name, const char *value, size_t len)
{
    char  *copy;

    copy = check_pool_alloc(&pool.pool, strlen(name));
    memcpy(copy, name, strlen(name));
    strings[nstrings++] = (es_str_t) { strlen(name), copy };

    copy = check_pool_alloc(&pool.pool, len);
    memcpy(copy, value, len);
    strings[nstrings++] = (es_str_t) { len, copy };
}


static void
put(const char *name, const char *value)
{
    put_bytes(name, value, strlen(value));
}


static void
begin(void)
{
    nstrings = 0;
    put("id", ID);
    put("ts", TS);
    put("type", "view");
}


static es_entry_fault_e
result(void)
{
    return es_entry_read(&entry, at, strings, nstrings, &culprit);
}


/* What becomes of a view that has this beside */
static es_entry_fault_e
with(const char *name, const char *value)
{
    begin();
    put(name, value);

    return result();
}


/* And of one whose id, ts or type is this */
static es_entry_fault_e
instead(unsigned field, const char *value)
{
    begin();
    strings[2 * field + 1] = (es_str_t) { strlen(value), value };

    return result();
}


static void
test_whole(void)
{
    begin();
    put("visitor", "53bddabeeb142555067c92abefcccf06");
    put("host", "example.org");
    put("path", "/pumps/\xc3\xbc/../\xe6\x97\xa5 x");
    put("status", "200");
    put("country", "DE");
    put("language", "zh-Hant");
    put("industry", "machinery");
    put("segments", "a,b");
    put("variants", "hero=german,cta=green");
    put("experiments", "x=1");
    put("referrer", "www.google.com");
    put("source", "google");
    put("medium", "cpc");
    put("campaign", "spring sale");
    put("device", "mobile");
    put("page", ID);
    put("label", "quote");
    put("value", "19.9");
    put("ms", "1500");

    check(nstrings == 2 * ES_EVENT_FIELDS);
    check(result() == ES_ENTRY_GOOD);
    check(culprit.len == 0);
    check(entry.kind == ES_ENTRY_VIEW);
    check(entry.ts == 1795307443384);
    check(entry.at.ms == at.ms && entry.at.seq == at.seq);
    check_str(entry.field[ES_EVENT_ID], ID);
    check_str(entry.field[ES_EVENT_COUNTRY], "DE");
    check_str(entry.field[ES_EVENT_EXPERIMENTS], "x=1");
    check_str(entry.field[ES_EVENT_MS], "1500");

    /* of a view, neither means anything */
    check(entry.ms == 0 && entry.worth == 0);

    begin();
    check(result() == ES_ENTRY_GOOD);
    check(entry.field[ES_EVENT_PATH].len == 0);

    /* any order will do, and an empty value is none */
    nstrings = 0;
    put("value", "2.5");
    put("visitor", "");
    put("type", "goal");
    put("ts", TS);
    put("id", ID);
    check(result() == ES_ENTRY_GOOD);
    check(entry.kind == ES_ENTRY_GOAL && entry.worth == 2500);
    check(entry.field[ES_EVENT_VISITOR].len == 0);
}


static void
test_fields(void)
{
    char  text[4000];

    check(with("colour", "red") == ES_ENTRY_UNKNOWN);
    check_str(culprit, "colour");
    check(with("", "red") == ES_ENTRY_UNKNOWN);
    check(with("Path", "/") == ES_ENTRY_UNKNOWN);
    check(with("pat", "/") == ES_ENTRY_UNKNOWN);
    check(with("paths", "/") == ES_ENTRY_UNKNOWN);

    check(with("ts", TS) == ES_ENTRY_TWICE);
    check_str(culprit, "ts");
    begin();
    put("label", "");
    put("label", "a");
    check(result() == ES_ENTRY_TWICE);

    memset(text, 'a', sizeof(text));
    text[0] = '/';
    begin();
    put_bytes("path", text, 1024);
    check(result() == ES_ENTRY_GOOD);
    begin();
    put_bytes("path", text, 1025);
    check(result() == ES_ENTRY_LONG);
    check_str(culprit, "path");
    begin();
    put_bytes("segments", text, 2048);
    check(result() == ES_ENTRY_GOOD);
    begin();
    put_bytes("segments", text, 2049);
    check(result() == ES_ENTRY_LONG);

    check(with("label", "a\tb") == ES_ENTRY_TEXT);
    check(with("label", "a\x7f") == ES_ENTRY_TEXT);
    check(with("label", "12345678\x1b[31m") == ES_ENTRY_TEXT);
    check(with("label", "\xc3") == ES_ENTRY_TEXT);
    check(with("label", "1234567\xed\xa0\x80") == ES_ENTRY_TEXT);
    check(with("label", "\xc3\xbc\xf0\x9f\x98\x80") == ES_ENTRY_GOOD);
    begin();
    put_bytes("label", "a\0b", 3);
    check(result() == ES_ENTRY_TEXT);
    check_str(culprit, "label");

    /* the first fault is the one that is told */
    begin();
    put("label", "\n");
    put("colour", "red");
    check(result() == ES_ENTRY_TEXT);

    begin();
    strings[nstrings++] = es_str("path");
    check(result() == ES_ENTRY_FORM);
    check_str(culprit, "path");
}


static void
test_missing(void)
{
    nstrings = 0;
    check(result() == ES_ENTRY_MISSING);
    check_str(culprit, "id");

    check(instead(0, "") == ES_ENTRY_MISSING);
    check(instead(1, "") == ES_ENTRY_MISSING);
    check_str(culprit, "ts");
    check(instead(2, "") == ES_ENTRY_MISSING);
    check_str(culprit, "type");
}


static void
test_forms(void)
{
    check(instead(0, "0123456789abcdef0123456") == ES_ENTRY_FORM);
    check_str(culprit, "id");
    check(instead(0, "0123456789ABCDEF01234567") == ES_ENTRY_FORM);
    check(instead(0, "0123456789abcdef0123456g") == ES_ENTRY_FORM);
    check(instead(0, ID "8") == ES_ENTRY_FORM);

    check(instead(1, "946684800000") == ES_ENTRY_GOOD);
    check(instead(1, "99999999999") == ES_ENTRY_FORM);
    check(instead(1, "179530744338 ") == ES_ENTRY_FORM);
    check(instead(1, "-179530744338") == ES_ENTRY_FORM);
    check(instead(1, "179530744338.5") == ES_ENTRY_FORM);
    check(instead(1, "01795307443384") == ES_ENTRY_GOOD);
    check(instead(1, "001795307443384") == ES_ENTRY_FORM);

    check(instead(2, "my-own_type9") == ES_ENTRY_GOOD);
    check(entry.kind == ES_ENTRY_OTHER);
    check(instead(2, "crawl") == ES_ENTRY_GOOD);
    check(entry.kind == ES_ENTRY_CRAWL);
    check(instead(2, "View") == ES_ENTRY_FORM);
    check(instead(2, "a b") == ES_ENTRY_FORM);
    check(instead(2, "12345678901234567890123456789012") == ES_ENTRY_GOOD);
    check(instead(2, "123456789012345678901234567890123") == ES_ENTRY_LONG);

    check(with("visitor", "erika@example.org") == ES_ENTRY_FORM);
    check_str(culprit, "visitor");
    check(with("visitor", "a b") == ES_ENTRY_FORM);
    check(with("visitor", "Erika.1_2-3") == ES_ENTRY_GOOD);

    check(with("country", "XX") == ES_ENTRY_GOOD);
    check(with("country", "de") == ES_ENTRY_FORM);
    check(with("country", "DEU") == ES_ENTRY_FORM);
    check(with("country", "D") == ES_ENTRY_FORM);
    check(with("country", "D1") == ES_ENTRY_FORM);

    check(with("path", "pumps") == ES_ENTRY_FORM);
    check(with("path", "/") == ES_ENTRY_GOOD);
}


static void
test_kinds(void)
{
    check(instead(2, "view") == ES_ENTRY_GOOD
          && entry.kind == ES_ENTRY_VIEW);
    check(instead(2, "click") == ES_ENTRY_GOOD
          && entry.kind == ES_ENTRY_CLICK);
    check(instead(2, "dwell") == ES_ENTRY_GOOD
          && entry.kind == ES_ENTRY_DWELL);
    check(instead(2, "scroll") == ES_ENTRY_GOOD
          && entry.kind == ES_ENTRY_SCROLL);
    check(instead(2, "goal") == ES_ENTRY_GOOD
          && entry.kind == ES_ENTRY_GOAL);
    check(instead(2, "views") == ES_ENTRY_GOOD
          && entry.kind == ES_ENTRY_OTHER);
}


static void
test_time(void)
{
    at = (es_entry_id_t) { 1795307443384, 0 };
    check(instead(1, "946684799999") == ES_ENTRY_TIME);
    check_str(culprit, "ts");
    check(instead(1, "1795393843384") == ES_ENTRY_GOOD);
    check(instead(1, "1795393843385") == ES_ENTRY_TIME);

    at = (es_entry_id_t) { UINT64_MAX, UINT64_MAX };
    check(instead(1, TS) == ES_ENTRY_GOOD);
    at = (es_entry_id_t) { 0, 1 };
    check(instead(1, TS) == ES_ENTRY_TIME);
    at = (es_entry_id_t) AT;
}


static es_entry_fault_e
dwell(const char *ms)
{
    begin();
    strings[5] = es_str("dwell");
    put("ms", ms);

    return result();
}


static void
test_ms(void)
{
    check(dwell("1500") == ES_ENTRY_GOOD && entry.ms == 1500);
    check(dwell("0") == ES_ENTRY_GOOD && entry.ms == 0);
    check(dwell("9007199254740991") == ES_ENTRY_GOOD
          && entry.ms == ES_ENTRY_DWELL_MAX);
    check(dwell("9007199254740992") == ES_ENTRY_FORM);
    check(dwell("99999999999999999999") == ES_ENTRY_FORM);
    check(dwell("1e3") == ES_ENTRY_FORM);
    check(dwell("-1") == ES_ENTRY_FORM);
    check(dwell("1.5") == ES_ENTRY_FORM);
    check(dwell(" 1") == ES_ENTRY_FORM);
    check(with("ms", "x") == ES_ENTRY_FORM);
}


static void
worth(int line, const char *text, int64_t want)
{
    int64_t  got;

    got = INT64_MIN;

    if (!es_entry_worth((es_str_t) { strlen(text), text }, &got)) {
        got = INT64_MAX;
    }

    if (got != want) {
        fprintf(stderr, "%s:%d: \"%s\" is %lld, not %lld\n", __FILE__, line,
                text, (long long) got, (long long) want);
    }

    check(got == want);
}

#define check_worth(text, want)  worth(__LINE__, text, want)
#define NONE                     INT64_MAX


static void
test_worth(void)
{
    check_worth("19.9", 19900);
    check_worth("0", 0);
    check_worth("-0", 0);
    check_worth("-19.9", -19900);
    check_worth("+3", 3000);
    check_worth("007", 7000);
    check_worth("0.001", 1);
    check_worth("0.0005", 1);
    check_worth("-0.0005", -1);
    check_worth("0.00049999999999999999999999999", 0);
    check_worth("1.2345", 1235);
    check_worth("1.2344999999", 1234);
    check_worth("0.0009999", 1);
    check_worth("999.9995", 1000000);
    check_worth("0.00000000000000000000000001", 0);

    /* as the collector writes what is huge or tiny */
    check_worth("1e3", 1000000);
    check_worth("1E+3", 1000000);
    check_worth("1.5e-2", 15);
    check_worth("5e-4", 1);
    check_worth("4.9e-4", 0);
    check_worth("1.7976931348623157e308", ES_ENTRY_WORTH_MAX);
    check_worth("-1.7976931348623157e308", -ES_ENTRY_WORTH_MAX);
    check_worth("5e-324", 0);
    check_worth("0e999", 0);
    check_worth("1e99999999999", ES_ENTRY_WORTH_MAX);
    check_worth("1e-99999999999", 0);

    check_worth("999999999.999", 999999999999);
    check_worth("999999999.9994", 999999999999);
    check_worth("999999999.9995", 1000000000000);
    check_worth("1000000000", 1000000000000);
    check_worth("1000000000.001", ES_ENTRY_WORTH_MAX);
    check_worth("99999999999999999999999999999999", ES_ENTRY_WORTH_MAX);

    check_worth("", NONE);
    check_worth("-", NONE);
    check_worth(".5", NONE);
    check_worth("5.", NONE);
    check_worth("1,5", NONE);
    check_worth("1e", NONE);
    check_worth("1e+", NONE);
    check_worth("1e1.5", NONE);
    check_worth("1 ", NONE);
    check_worth("--1", NONE);
    check_worth("0x10", NONE);
    check_worth("inf", NONE);
    check_worth("nan", NONE);
    check_worth("999999999999999999999999999999999", NONE);

    check(with("value", "x") == ES_ENTRY_FORM);
    check_str(culprit, "value");
}


static void
test_ids(void)
{
    char           buf[ES_ENTRY_ID_TEXT];
    size_t         i;
    es_entry_id_t  id;

    static const char *const  good[] = {
        "0-0", "1795307443534-9", "18446744073709551615-18446744073709551615"
    };

    static const char *const  bad[] = {
        "", "-", "1", "1-", "-1", "1-1-1", "1-1 ", " 1-1", "1--1", "+1-1",
        "a-1", "18446744073709551616-0", "0-18446744073709551616",
        "99999999999999999999999-1", "*", "$"
    };

    for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        check(es_entry_id_parse(&id, (es_str_t) { strlen(good[i]), good[i] }));
        check_str(es_entry_id_format(buf, id), good[i]);
        check(strcmp(buf, good[i]) == 0);
    }

    check(id.ms == UINT64_MAX && id.seq == UINT64_MAX);

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        check(!es_entry_id_parse(&id, (es_str_t) { strlen(bad[i]), bad[i] }));
    }

    check(es_entry_id_compare((es_entry_id_t) { 1, 9 },
                              (es_entry_id_t) { 2, 0 }) < 0);
    check(es_entry_id_compare((es_entry_id_t) { 2, 0 },
                              (es_entry_id_t) { 1, 9 }) > 0);
    check(es_entry_id_compare((es_entry_id_t) { 1, 1 },
                              (es_entry_id_t) { 1, 2 }) < 0);
    check(es_entry_id_compare((es_entry_id_t) { 1, 2 },
                              (es_entry_id_t) { 1, 1 }) > 0);
    check(es_entry_id_compare((es_entry_id_t) { 1, 2 },
                              (es_entry_id_t) { 1, 2 }) == 0);
}


static void
test_lists(void)
{
    es_str_t  rest, part;

    rest = es_str(",a,,hero=b,");
    check(es_entry_list(&rest, &part));
    check_str(part, "a");
    check(es_entry_list(&rest, &part));
    check_str(part, "hero=b");
    check(!es_entry_list(&rest, &part));
    check(!es_entry_list(&rest, &part));

    rest = es_str(",,,");
    check(!es_entry_list(&rest, &part));
    rest = es_null_str;
    check(!es_entry_list(&rest, &part));
    rest = es_str("alone");
    check(es_entry_list(&rest, &part));
    check_str(part, "alone");
    check(!es_entry_list(&rest, &part));
}


/* From page to page of one site is from nowhere. */
static void
test_referrer(void)
{
    begin();
    put("host", "example.org");
    put("referrer", "www.google.com");
    check(result() == ES_ENTRY_GOOD);
    check_str(es_entry_referrer(&entry), "www.google.com");

    begin();
    put("host", "example.org");
    put("referrer", "Example.ORG");
    check(result() == ES_ENTRY_GOOD);
    check(es_entry_referrer(&entry).len == 0);

    begin();
    check(result() == ES_ENTRY_GOOD);
    check(es_entry_referrer(&entry).len == 0);

    check(with("referrer", "a.example") == ES_ENTRY_GOOD);
    check_str(es_entry_referrer(&entry), "a.example");
}


static void
test_names(void)
{
    int  i, k;

    for (i = 0; i < ES_ENTRY_FAULTS; i++) {
        check(strlen(es_entry_fault_name((es_entry_fault_e) i)) > 0);

        for (k = 0; k < i; k++) {
            check(strcmp(es_entry_fault_name((es_entry_fault_e) i),
                         es_entry_fault_name((es_entry_fault_e) k)) != 0);
        }
    }

    check(strcmp(es_entry_fault_name(ES_ENTRY_UNKNOWN), "unknown") == 0);
    check(strcmp(es_entry_fault_name(ES_ENTRY_TIME), "time") == 0);
}


int
main(void)
{
    test_whole();
    test_fields();
    test_missing();
    test_forms();
    test_kinds();
    test_time();
    test_ms();
    test_worth();
    test_ids();
    test_lists();
    test_referrer();
    test_names();

    check_pool_free(&pool);

    return check_done();
}
