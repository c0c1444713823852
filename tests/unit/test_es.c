#include "check.h"


static void
test_order(void)
{
    check(es_str_compare(text("a"), text("b")) < 0);
    check(es_str_compare(text("b"), text("a")) > 0);
    check(es_str_compare(text("ab"), text("ab")) == 0);
    check(es_str_compare(text("ab"), text("abc")) < 0);
    check(es_str_compare(text("b"), text("abc")) > 0);
    check(es_str_compare(text("\x7f"), text("\x80")) < 0);
    check(es_str_compare(es_null_str, text("a")) < 0);
    check(es_str_compare(text("a"), es_null_str) > 0);
    check(es_str_compare(es_null_str, text("")) == 0);
}


static void
test_prefix(void)
{
    es_str_t  s = text("merged ab");

    check(!es_str_starts(s, text("Merged ")));
    check(!es_str_starts(text("merge"), text("merged")));
    check(es_str_starts(es_null_str, es_null_str));
    check(es_str_starts(s, es_null_str));

    check(!es_str_skip(&s, text("forgotten ")));
    check_str(s, "merged ab");
    check(es_str_skip(&s, text("merged ")));
    check_str(s, "ab");
    check(es_str_skip(&s, text("ab")));
    check_str(s, "");
    check(!es_str_skip(&s, text("a")));
}


int
main(void)
{
    test_order();
    test_prefix();

    return check_done();
}
