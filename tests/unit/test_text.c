#include "check.h"
#include "../../ngx_exportsite_module/core/text.h"


static bool
safe(const char *text, size_t len)
{
    bool   answer;
    char  *exact = malloc(len ? len : 1);

    memcpy(exact, text, len);
    answer = es_text_safe((es_str_t) { len, exact });
    free(exact);

    return answer;
}

#define check_safe(text)    check(safe(text, sizeof(text) - 1))
#define check_unsafe(text)  check(!safe(text, sizeof(text) - 1))


static void
test_dots(void)
{
    check_safe("");
    check_safe(".");
    check_safe("...");
    check_safe("Foo...");
    check_safe("a..b");
    check_safe("..a");
    check_safe("a..");
    check_safe("/a../b/..c/...");
    check_safe("/a/./b/.");
    check_safe("Pumps, Ltd. / Graz");
    check_safe("a.b.c.d.e.f.g.h");

    check_unsafe("..");
    check_unsafe("../x");
    check_unsafe("..\\x");
    check_unsafe("/..");
    check_unsafe("a/..");
    check_unsafe("a\\..");
    check_unsafe("a/../b");
    check_unsafe("a\\..\\b");
    check_unsafe("a\\../b");
    check_unsafe("///..//");
    check_unsafe("....//../etc/passwd");
    check_unsafe("a-long-one-that-is-mostly-harmless/..");
    check_unsafe("a-long-one-that/../is-mostly-harmless");
    check_unsafe("\xc3\xbc/../x");
}


/* Each byte in each place of texts of each length that is of interest */
static void
test_control_characters(void)
{
    int     c;
    char    text[20];
    size_t  i, len;

    for (len = 1; len <= 20; len++) {
        for (i = 0; i < len; i++) {
            for (c = 0; c < 0x100; c++) {
                memset(text, 'x', len);
                text[i] = (char) c;
                check(safe(text, len) == (c >= 0x20 && c < 0x7f));
            }
        }
    }

    check_unsafe("x\r\nSet-Cookie: a=b");
    check_unsafe("Stra\xc3\x9f" "e\n");
}


static void
test_utf8_texts(void)
{
    check_safe("M\xc3\xbcller & S\xc3\xb6hne");
    check_safe("\xe6\x97\xa5\xe6\x9c\xac");
    check_safe("\xf0\x9f\x98\x80");
    check_safe("S\xc3\xa3o Paulo");

    check_unsafe("\xc3");                                   /* cut */
    check_unsafe("M\xfcller");                              /* Latin-1 */
    check_unsafe("\xe6\x97");
    check_unsafe("\xe6\x97x");
    check_unsafe("\xf0\x9f\x98");
    check_unsafe("\x80");
    check_unsafe("\xc0\xaf");                               /* a long "/" */
    check_unsafe("\xe0\x80\xaf");
    check_unsafe("\xf0\x80\x80\xaf");
    check_unsafe("\xed\xa0\x80");                           /* a surrogate */
    check_unsafe("\xf4\x90\x80\x80");                       /* U+110000 */
    check_unsafe("\xf5\x80\x80\x80");
    check_unsafe("\xff\xfe");
}


static size_t
encode(uint32_t n, char *p)
{
    if (n < 0x80) {
        p[0] = (char) n;
        return 1;
    }

    if (n < 0x800) {
        p[0] = (char) (0xc0 | n >> 6);
        p[1] = (char) (0x80 | (n & 63));
        return 2;
    }

    if (n < 0x10000) {
        p[0] = (char) (0xe0 | n >> 12);
        p[1] = (char) (0x80 | (n >> 6 & 63));
        p[2] = (char) (0x80 | (n & 63));
        return 3;
    }

    p[0] = (char) (0xf0 | n >> 18);
    p[1] = (char) (0x80 | (n >> 12 & 63));
    p[2] = (char) (0x80 | (n >> 6 & 63));
    p[3] = (char) (0x80 | (n & 63));

    return 4;
}


/* All code points are taken whole and refused short, and nothing else is. */
static void
test_utf8_all(void)
{
    char      p[4];
    size_t    len;
    uint32_t  n, wrong, taken;

    wrong = 0;

    for (n = 0; n < 0x1fffff; n++) {
        len = encode(n, p);

        if (n > 0x10ffff || (n >= 0xd800 && n < 0xe000)) {
            wrong += es_utf8_length(p, len) != 0;
            continue;
        }

        wrong += es_utf8_length(p, len) != len;
        wrong += len > 1 && es_utf8_length(p, len - 1) != 0;
    }

    check(wrong == 0);

    /* so many three-byte sequences there are: U+0800 to U+FFFF */
    taken = 0;

    for (n = 0xe00000; n < 0xf00000; n++) {
        p[0] = (char) (n >> 16);
        p[1] = (char) (n >> 8);
        p[2] = (char) n;
        taken += es_utf8_length(p, 3) == 3;
    }

    check(taken == 0x10000 - 0x800 - 0x800);

    /* and two-byte ones */
    taken = 0;

    for (n = 0x8000; n < 0x10000; n++) {
        p[0] = (char) (n >> 8);
        p[1] = (char) n;
        taken += es_utf8_length(p, 2) == 2;
    }

    check(taken == 0x800 - 0x80);
}


static void
test_cut(void)
{
    es_str_t  s;

    s = es_str("a\xc3\xbc\xe6\x97\xa5\xf0\x9f\x98\x80z");   /* 1 2 3 4 1 */

    check(es_text_cut(s, 100) == 11);
    check(es_text_cut(s, 11) == 11);
    check(es_text_cut(s, 10) == 10);
    check(es_text_cut(s, 9) == 6);
    check(es_text_cut(s, 8) == 6);
    check(es_text_cut(s, 7) == 6);
    check(es_text_cut(s, 6) == 6);
    check(es_text_cut(s, 5) == 3);
    check(es_text_cut(s, 4) == 3);
    check(es_text_cut(s, 3) == 3);
    check(es_text_cut(s, 2) == 1);
    check(es_text_cut(s, 1) == 1);
    check(es_text_cut(s, 0) == 0);
    check(es_text_cut(es_null_str, 0) == 0);
    check(es_text_cut(es_null_str, 5) == 0);

    /* what is no UTF-8 anyway is cut where it must be */
    check(es_text_cut(es_str("\x80\x80\x80\x80\x80\x80\x80"), 5) == 5);
    check(es_text_cut(es_str("\x80\x80\x80"), 2) == 2);
    check(es_text_cut(es_str("\x80\x80\x80"), 0) == 0);
}


static void
test_names(void)
{
    char  text[65];

    check(es_name_valid(es_str("a")));
    check(es_name_valid(es_str("dach-machinery")));
    check(es_name_valid(es_str("a_1-")));
    check(!es_name_valid(es_null_str));
    check(!es_name_valid(es_str("1a")));
    check(!es_name_valid(es_str("-a")));
    check(!es_name_valid(es_str("_a")));
    check(!es_name_valid(es_str("Dach")));
    check(!es_name_valid(es_str("daCh")));
    check(!es_name_valid(es_str("a.b")));
    check(!es_name_valid(es_str("a b")));
    check(!es_name_valid(es_str("a\0")));
    check(!es_name_valid(es_str("\xc3\xbc")));
    check(!es_name_valid(es_str("a\xc3\xbc")));

    check(es_tag_valid(es_str("food")));
    check(es_tag_valid(es_str("3d-printing")));
    check(es_tag_valid(es_str("-")));
    check(!es_tag_valid(es_null_str));
    check(!es_tag_valid(es_str("Food")));
    check(!es_tag_valid(es_str("food_drink")));
    check(!es_tag_valid(es_str("food,drink")));
    check(!es_tag_valid(es_str("../x")));
    check(!es_tag_valid(es_str("a\xb2")));

    memset(text, 'a', 65);
    check(es_name_valid((es_str_t) { 64, text }));
    check(!es_name_valid((es_str_t) { 65, text }));
    check(es_tag_valid((es_str_t) { 32, text }));
    check(!es_tag_valid((es_str_t) { 33, text }));
}


/* A megabyte of what is looked at most closely */
static void
test_long(void)
{
    size_t  len = 1024 * 1024;
    char   *text = malloc(len);

    memset(text, '.', len);
    check(es_text_safe((es_str_t) { len, text }));
    memset(text, '/', len);
    check(es_text_safe((es_str_t) { len, text }));
    memcpy(text + len - 2, "..", 2);
    check(!es_text_safe((es_str_t) { len, text }));

    free(text);
}


int
main(void)
{
    check(es_text_safe(es_null_str));
    test_dots();
    test_control_characters();
    test_utf8_texts();
    test_utf8_all();
    test_cut();
    test_names();
    test_long();

    return check_done();
}
