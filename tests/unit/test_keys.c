#include "check.h"

#include "../../ngx_exportsite_module/redis/keys.h"


static bool
valid(const char *key)
{
    return es_slot_key_valid((es_str_t) { strlen(key), key });
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


int
main(void)
{
    test_slot_key();
    test_content_command();
    test_scan_command();

    return check_done();
}
