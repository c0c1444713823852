#include "check.h"
#include "../../ngx_exportsite_module/core/query.h"


static char  buf[16];


static void
find(int line, const char *args, const char *name, const char *want)
{
    bool      found;
    char     *exact;
    size_t    len;
    es_str_t  value = es_null_str;

    len = strlen(args);
    exact = malloc(len ? len : 1);
    memcpy(exact, args, len);

    found = es_query_find((es_str_t) { len, exact }, text(name), buf,
                          sizeof(buf), &value);

    if (want != NULL && found) {
        check_str_(__FILE__, line, value, want);

    } else if (found != (want != NULL)) {
        check_failed++;
        fprintf(stderr, "%s:%d: %s in \"%s\": %s\n", __FILE__, line, name,
                args, found ? "found" : "not found");

    } else {
        check_passed++;
    }

    free(exact);
}

#define found(args, name, want)  find(__LINE__, args, name, want)
#define absent(args, name)       find(__LINE__, args, name, NULL)


static void
test_plain(void)
{
    found("a=1", "a", "1");
    found("a=1&b=2", "b", "2");
    found("a=1&a=2", "a", "1");
    found("&&a=1&", "a", "1");
    found("a", "a", "");
    found("a&b=1", "a", "");
    found("a=", "a", "");
    found("a=b=c", "a", "b=c");
    found("utm_source=news;x=1", "utm_source", "news;x=1");

    absent("", "a");
    absent("a=1", "b");
    absent("ab=1&ba=2", "a");
    absent("a=1", "ab");
    absent("a=1", "a=1");
    absent("A=1", "a");
}


static void
test_decoding(void)
{
    found("a=b%20c", "a", "b c");
    found("a=b+c", "a", "b c");
    found("a=1%2B1", "a", "1+1");
    found("a=%41%62%63", "a", "Abc");
    found("a=%c3%BC", "a", "\xc3\xbc");
    found("utm%5fsource=x", "utm_source", "x");
    found("my+name=x", "my name", "x");
    found("a%3Db=1", "a=b", "1");
    found("a=%26b%3D2&b=1", "b", "1");
    absent("a%00=1", "a");

    /* what is no escape stays */
    found("a=100%", "a", "100%");
    found("a=%4", "a", "%4");
    found("a=%&b=41", "a", "%");
    found("a=%zz%4g%g4", "a", "%zz%4g%g4");
    found("a=%%41", "a", "%A");
    found("a=%2541", "a", "%41");
    found("a%=1", "a%", "1");
}


static void
test_sizes(void)
{
    es_str_t  args, value;

    found("a=0123456789abcdef", "a", "0123456789abcdef");
    absent("a=0123456789abcdefg", "a");
    found("a=0123456789abcde%20", "a", "0123456789abcde ");
    absent("a=0123456789abcdef%20", "a");
    found("a=%30%31%32%33%34%35%36%37%38%39%61%62%63%64%65%66", "a",
          "0123456789abcdef");

    /* the first of the name counts, even if it is too long */
    absent("a=0123456789abcdefg&a=1", "a");

    args = es_str("x=1&a=plain");
    check(es_query_find(args, es_str("a"), NULL, 5, &value));
    check(value.data == args.data + 6 && value.len == 5);

    check(es_query_find(es_str("a=x%00y"), es_str("a"), buf, 16, &value));
    check(value.len == 3 && memcmp(value.data, "x\0y", 3) == 0);

    check(!es_query_find(es_null_str, es_str("a"), buf, 16, &value));
}


static void
test_long(void)
{
    size_t    i, len = 1024 * 1024;
    char     *args = malloc(len);
    es_str_t  value;

    for (i = 0; i < len; i++) {
        args[i] = "%61&"[i % 4];
    }

    check(!es_query_find((es_str_t) { len, args }, es_str("ab"), buf, 16,
                         &value));

    memset(args, '%', len);
    memcpy(args, "ab=", 3);
    check(!es_query_find((es_str_t) { len, args }, es_str("ab"), buf, 16,
                         &value));

    free(args);
}


int
main(void)
{
    test_plain();
    test_decoding();
    test_sizes();
    test_long();

    return check_done();
}
