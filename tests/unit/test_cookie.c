#include "check.h"
#include "../../ngx_exportsite_module/core/cookie.h"


static void
find(int line, const char *header, const char *name, const char *want)
{
    bool      found;
    char     *exact;
    size_t    len;
    es_str_t  value = es_null_str;

    len = strlen(header);
    exact = malloc(len ? len : 1);
    memcpy(exact, header, len);

    found = es_cookie_find((es_str_t) { len, exact }, text(name), &value);

    if (want != NULL && found) {
        check_str_(__FILE__, line, value, want);

    } else if (found != (want != NULL)) {
        check_failed++;
        fprintf(stderr, "%s:%d: %s in \"%s\": %s\n", __FILE__, line, name,
                header, found ? "found" : "not found");

    } else {
        check_passed++;
    }

    free(exact);
}

#define found(header, name, want)  find(__LINE__, header, name, want)
#define absent(header, name)       find(__LINE__, header, name, NULL)


static void
test_plain(void)
{
    found("a=1", "a", "1");
    found("a=1; b=2; c=3", "a", "1");
    found("a=1; b=2; c=3", "b", "2");
    found("a=1; b=2; c=3", "c", "3");
    found("a=1;b=2;c=3", "c", "3");
    found("consent=yes; es_vid=0123.4567", "es_vid", "0123.4567");
    found("a=", "a", "");
    found("a=; b=1", "a", "");
    found("a=b=c==", "a", "b=c==");

    absent("", "a");
    absent("a=1", "b");
    absent("a=1", "");
    absent("=1", "");
    absent("a", "a");
    absent("a; b", "a");
}


static void
test_names(void)
{
    found("aa=1; a=2", "a", "2");
    found("ba=1; a=2", "a", "2");
    found("a=first; a=second", "a", "first");
    found("a; a=1", "a", "1");
    found("A=1; a=2", "a", "2");
    absent("A=1", "a");
    absent("xes_vid=1; es_vidx=2", "es_vid");
    absent("b=a=1", "a");
    absent("b=\"x; a\"", "a");

    /* a name is not found across what separates cookies or name and value */
    absent("a; b=1", "a; b");
    absent("a=b=1", "a=b");
}


static void
test_blanks_and_quotes(void)
{
    found("  a=1", "a", "1");
    found("b=2;\t \ta=1  ; c=3", "a", "1");
    found("a = 1 ; c=3", "a", "1");
    found("a=  ", "a", "");
    found("a=x y", "a", "x y");
    found("a=\"1\"", "a", "1");
    found("a=\"\"", "a", "");
    found("a=\"", "a", "\"");
    found("a=\"1", "a", "\"1");
    found("a= \" 1 \" ;b=2", "a", " 1 ");
    found("a=\"\"1\"\"", "a", "\"1\"");
    found(";;; ; a=1;", "a", "1");
    absent(" ", "a");
    absent(";", "a");
    absent(" ; ;", "a");
}


/* Cookies that nearly fit, by the hundred thousand, in no time at all */
static void
test_long(void)
{
    size_t    i, len = 1024 * 1024;
    char     *header = malloc(len);
    es_str_t  value;

    for (i = 0; i < len; i++) {
        header[i] = "es_vi=1;"[i % 8];
    }

    check(!es_cookie_find((es_str_t) { len, header }, es_str("es_vid"),
                          &value));

    memcpy(header + len - 8, "es_vid=9", 8);
    check(es_cookie_find((es_str_t) { len, header }, es_str("es_vid"),
                         &value));
    check_str(value, "9");

    memset(header, ' ', len);
    check(!es_cookie_find((es_str_t) { len, header }, es_str("es_vid"),
                          &value));

    free(header);
}


int
main(void)
{
    es_str_t  value;

    test_plain();
    test_names();
    test_blanks_and_quotes();
    test_long();

    check(!es_cookie_find(es_null_str, es_str("a"), &value));
    check(es_cookie_find(es_str("a=x\0y; b=1"), es_str("a"), &value));
    check(value.len == 3 && memcmp(value.data, "x\0y", 3) == 0);

    return check_done();
}
