#include "check.h"

#include "../../ngx_exportsite_module/redis/keys.h"


static bool
valid(const char *key)
{
    return es_slot_key_valid(text(key));
}


static void
test_slot_key(void)
{
    int          c;
    char         one, key[ES_SLOT_KEY_MAX + 1];
    const char  *words = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                         "0123456789_.:/+@*-";

    for (c = 0; c < 0x80; c++) {
        one = (char) c;
        check(es_slot_key_valid((es_str_t) { 1, &one })
              == (c != 0 && strchr(words, c) != NULL));
    }

    check(valid("hero") && valid("home/hero-de:2"));
    check(valid("a.b") && valid("..."));
    check(valid("gr\xc3\xbc\xc3\x9f" "e") && valid("\xe6\x97\xa5\xe6\x9c\xac"));
    check(!valid("a\xff") && !valid("\xc3") && !valid("a\xc0\xaf"));
    check(!valid("..") && !valid("a/../b") && !valid("../a") && !valid("a/.."));
    check(valid("a..b") && valid("a/..b") && valid("./a"));
    check(!valid("") && !valid("a b") && !valid("a\nb") && !valid("a\\b"));
    check(!es_slot_key_valid((es_str_t) { 3, "a\0b" }));

    memset(key, 'k', sizeof(key));
    check(es_slot_key_valid((es_str_t) { ES_SLOT_KEY_MAX, key }));
    check(!es_slot_key_valid((es_str_t) { ES_SLOT_KEY_MAX + 1, key }));
}


static bool
is(const char *buf, size_t len, const char *want)
{
    return len == strlen(want) && memcmp(buf, want, len) == 0;
}


static void
test_content_command(void)
{
    char    buf[ES_CONTENT_COMMAND_MAX], prefix[ES_PREFIX_MAX],
            key[ES_SLOT_KEY_MAX];
    size_t  len;

    len = es_content_command(buf, es_str("es:"), es_str("hero"), 1048576);
    check(is(buf, len, "*4\r\n$8\r\nGETRANGE\r\n$12\r\nes:slot:hero\r\n"
                       "$1\r\n0\r\n$7\r\n1048576\r\n"));

    len = es_content_command(buf, es_null_str, es_str("a"), 0);
    check(is(buf, len, "*4\r\n$8\r\nGETRANGE\r\n$6\r\nslot:a\r\n"
                       "$1\r\n0\r\n$1\r\n0\r\n"));

    memset(prefix, 'p', sizeof(prefix));
    memset(key, 'k', sizeof(key));
    len = es_content_command(buf, (es_str_t) { sizeof(prefix), prefix },
                             (es_str_t) { sizeof(key), key }, UINT64_MAX);
    check(len <= sizeof(buf));
    check(memcmp(buf + len - 22, "18446744073709551615\r\n", 22) == 0);
}


static void
test_scan_command(void)
{
    char    buf[ES_SCAN_COMMAND_MAX], prefix[ES_PREFIX_MAX];
    size_t  len;

    len = es_scan_command(buf, es_str("es:"), es_str("0"));
    check(is(buf, len, "*6\r\n$4\r\nSCAN\r\n$1\r\n0\r\n$5\r\nMATCH\r\n"
                       "$9\r\nes:slot:*\r\n$5\r\nCOUNT\r\n$4\r\n1000\r\n"));

    len = es_scan_command(buf, es_str("a*?[b]\\^-c:"), es_str("42"));
    check(is(buf, len, "*6\r\n$4\r\nSCAN\r\n$2\r\n42\r\n$5\r\nMATCH\r\n"
                       "$24\r\na\\*\\?\\[b\\]\\\\\\^\\-c:slot:*\r\n"
                       "$5\r\nCOUNT\r\n$4\r\n1000\r\n"));

    memset(prefix, '*', sizeof(prefix));
    len = es_scan_command(buf, (es_str_t) { sizeof(prefix), prefix },
                          es_str("18446744073709551615"));
    check(len <= sizeof(buf));
    check(memcmp(buf + len - 10, "$4\r\n1000\r\n", 10) == 0);
}


/* The part of a key that decides its hash slot, as the cluster's spec has it */
static es_str_t
slot(es_str_t key)
{
    const char  *open, *close;

    open = memchr(key.data, '{', key.len);
    if (open == NULL) {
        return key;
    }

    close = memchr(open, '}', key.data + key.len - open);

    return close == NULL || close == open + 1
           ? key : (es_str_t) { close - open - 1, open + 1 };
}


static void
test_visitor_keys(void)
{
    char      profile[ES_KEY_MAX], state[ES_KEY_MAX], gone[ES_KEY_MAX],
              merging[ES_KEY_MAX], prefix[ES_PREFIX_MAX], id[64];
    es_str_t  a, b, c, d;

    a = es_profile_key(profile, es_str("es:"), es_str("ab12"));
    b = es_state_key(state, es_str("es:"), es_str("ab12"));
    c = es_gone_key(gone, es_str("es:"), es_str("ab12"));

    check(es_str_eq(a, es_str("es:profile:ab12")));
    check(es_str_eq(b, es_str("es:state:{es:profile:ab12}")));
    check(es_str_eq(c, es_str("es:gone:{es:profile:ab12}")));
    check(es_str_eq(slot(a), slot(b)) && es_str_eq(slot(a), slot(c)));

    d = es_merging_key(merging, es_str("es:"), es_str("ab12"));
    check(es_str_eq(d, es_str("es:state:{es:profile:ab12}:merging")));
    d = es_fields_key(merging, es_str("es:"), es_str("ab12"));
    check(es_str_eq(d, es_str("es:state:{es:profile:ab12}:fields")));
    check(es_str_eq(slot(a), slot(d)));

    /* all of them with room for a "\0" */

    memset(prefix, 'p', sizeof(prefix));
    memset(id, 'i', sizeof(id));
    d = es_merging_key(merging, (es_str_t) { sizeof(prefix), prefix },
                       (es_str_t) { sizeof(id), id });
    check(d.len < ES_KEY_MAX);
}


static void
test_count_keys(void)
{
    char      count[ES_LONG_KEY_MAX], visitors[ES_LONG_KEY_MAX],
              prefix[ES_PREFIX_MAX], value[ES_COUNT_VALUE_MAX];
    es_str_t  a, b;

    a = es_count_key(count, es_str("es:"), es_str("2026-11-22"),
                     es_str("page"));
    b = es_visitors_key(visitors, es_str("es:"), es_str("2026-11-22"),
                        es_str("page"), es_str("/a{b}"));

    check(es_str_eq(a, es_str("es:count:{2026-11-22:page}")));
    check(es_str_eq(b, es_str("es:visitors:{2026-11-22:page}:/a{b}")));
    check(es_str_eq(slot(a), slot(b)));

    memset(prefix, 'p', sizeof(prefix));
    memset(value, 'v', sizeof(value));
    b = es_visitors_key(visitors, (es_str_t) { sizeof(prefix), prefix },
                        es_str("2026-11-22"), es_str("transition"),
                        (es_str_t) { sizeof(value), value });
    check(b.len <= ES_LONG_KEY_MAX);
}


static void
test_stream_keys(void)
{
    char      lease[ES_KEY_MAX], mark[ES_KEY_MAX], salt[ES_KEY_MAX];
    es_str_t  a;

    a = es_lease_key(lease, es_str("es:"), es_str("events"));
    check(es_str_eq(a, es_str("es:lease:{es:events}:learn")));
    check(es_str_eq(slot(a), es_str("es:events")));

    a = es_learned_key(mark, es_str("es:"), es_str("leads"));
    check(es_str_eq(a, es_str("es:mark:{es:leads}:learn")));
    check(es_str_eq(slot(a), es_str("es:leads")));

    a = es_salt_key(salt, es_str("es:"), es_str("2026-11-22"));
    check(es_str_eq(a, es_str("es:salt:2026-11-22")));
}


int
main(void)
{
    test_slot_key();
    test_visitor_keys();
    test_count_keys();
    test_stream_keys();
    test_content_command();
    test_scan_command();

    return check_done();
}
