#include "check.h"
#include "../../ngx_exportsite_module/core/caching.h"


/* The list that add makes of head and value, in just the room it may take. */
static void
added(int line, size_t (*add)(char *list, size_t len, es_str_t value),
    const char *head, const char *value, const char *want)
{
    char      *list, *exact;
    size_t     len;
    es_str_t   text;

    len = strlen(head);
    text.len = strlen(value);

    exact = malloc(text.len ? text.len : 1);
    memcpy(exact, value, text.len);
    text.data = exact;

    list = malloc(len + es_caching_room(text));
    memcpy(list, head, len);

    len = add(list, len, text);
    check_str_(__FILE__, line, (es_str_t) { len, list }, want);

    free(list);
    free(exact);
}

#define vary(head, value, want)  added(__LINE__, es_vary_add, head, value, want)
#define caching(head, value, want)                                            \
    added(__LINE__, es_caching_add, head, value, want)
#define flags(text)              es_caching_flags(es_str(text))


static void
test_vary(void)
{
    vary("", "", "");
    vary("", " , \t,", "");
    vary("", "Accept-Language", "Accept-Language");
    vary("", " a ,b,, c\t", "a, b, c");
    vary("Accept-Encoding", "Accept-Language",
         "Accept-Encoding, Accept-Language");
    vary("Accept-Encoding", "accept-encoding, X", "Accept-Encoding, X");
    vary("", "a, A, b, a", "a, b");
    vary("ab", "a, b, abc", "ab, a, b, abc");
    vary("*", "Accept-Language, *", "*, Accept-Language");
    vary("A", "*", "A, *");
    vary("", "a,b,c,d,e,f,g,h", "a, b, c, d, e, f, g, h");
}


static void
test_flags(void)
{
    check(flags("") == 0);
    check(flags("max-age=60, no-cache, must-revalidate") == 0);
    check(flags("private") == ES_CACHING_REFUSED);
    check(flags(" , PRIVATE ,") == ES_CACHING_REFUSED);
    check(flags("max-age=1,No-Store") == ES_CACHING_REFUSED);
    check(flags("public") == ES_CACHING_INVITED);
    check(flags("s-maxage=60") == ES_CACHING_INVITED);
    check(flags("S-MaxAge = 60") == ES_CACHING_INVITED);
    check(flags("public, no-store")
          == (ES_CACHING_REFUSED|ES_CACHING_INVITED));

    /* private for some fields only, and words in quotes */
    check(flags("private=\"Set-Cookie, X\"") == 0);
    check(flags("x=\"a, private, b\"") == 0);
    check(flags("x=\"a\\\", private, b\"") == 0);
    check(flags("x=\"a\", private") == ES_CACHING_REFUSED);
    check(flags("x=\"open, private") == 0);
    check(flags("privately, nopublic, public-ish") == 0);
}


static void
test_private(void)
{
    caching("private", "", "private");
    caching("private", "public, max-age=60", "private, max-age=60");
    caching("private", "Public,S-MAXAGE=10 , max-age=60,,no-cache",
            "private, max-age=60, no-cache");
    caching("private", "private, must-revalidate", "private, must-revalidate");
    caching("private", "no-store, public", "private, no-store");
    caching("private", "private=\"X\", no-cache=\"Set-Cookie, X\"",
            "private, no-cache=\"Set-Cookie, X\"");
    caching("private", "x=\"a, public\", s-maxage", "private, x=\"a, public\"");
    caching("private", "x=\"open, public", "private, x=\"open, public");
    caching("private", "x=\"\\", "private, x=\"\\");
}


static void
test_targeted(void)
{
    check(es_caching_targeted(es_str("CDN-Cache-Control")));
    check(es_caching_targeted(es_str("cloudflare-cdn-cache-control")));
    check(es_caching_targeted(es_str("Surrogate-Control")));
    check(!es_caching_targeted(es_str("Cache-Control")));
    check(!es_caching_targeted(es_str("-Cache-Control")));
    check(!es_caching_targeted(es_str("X-Cache-Controls")));
    check(!es_caching_targeted(es_str("")));
}


int
main(void)
{
    test_vary();
    test_flags();
    test_private();
    test_targeted();

    return check_done();
}
