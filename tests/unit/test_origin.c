#include "../../ngx_exportsite_module/core/origin.h"
#include "check.h"


/* Of a copy without a byte behind it, so that a step too far is seen */
static es_str_t
exactly(const char *text)
{
    size_t  len = strlen(text);
    char   *copy = malloc(len ? len : 1);

    memcpy(copy, text, len);

    return (es_str_t) { len, copy };
}


static bool
origin_is(const char *text, const char *host, uint32_t port)
{
    bool         found;
    es_str_t     copy = exactly(text);
    es_origin_t  origin;

    found = es_origin_parse(copy, &origin)
            && origin.host.len == strlen(host)
            && memcmp(origin.host.data, host, strlen(host)) == 0
            && origin.port == port;
    free((void *) copy.data);

    return found;
}


static bool
no_origin(const char *text)
{
    bool         taken;
    es_str_t     copy = exactly(text);
    es_origin_t  origin;

    taken = es_origin_parse(copy, &origin);
    free((void *) copy.data);

    return !taken;
}


static void
test_origins(void)
{
    char  longest[300];

    check(origin_is("https://example.org", "example.org", 443));
    check(origin_is("http://example.org", "example.org", 80));
    check(origin_is("http://example.org:8080", "example.org", 8080));
    check(origin_is("https://example.org:443", "example.org", 443));
    check(origin_is("HTTPS://Example.org", "Example.org", 443));
    check(origin_is("http://a", "a", 80));
    check(origin_is("http://a_b-c.d", "a_b-c.d", 80));
    check(origin_is("http://[::1]", "[::1]", 80));
    check(origin_is("https://[2001:db8::1]:8443", "[2001:db8::1]", 8443));
    check(origin_is("http://127.0.0.1:65535", "127.0.0.1", 65535));

    check(no_origin(""));
    check(no_origin("null"));
    check(no_origin("http"));
    check(no_origin("http:/"));
    check(no_origin("http://"));
    check(no_origin("https://"));
    check(no_origin("httpx//example.org"));
    check(no_origin("example.org"));
    check(no_origin("//example.org"));
    check(no_origin("ftp://example.org"));
    check(no_origin("chrome-extension://abc"));
    check(no_origin("http://example.org/"));
    check(no_origin("http://example.org/path"));
    check(no_origin("http://user@example.org"));
    check(no_origin("http://example.org http://other.org"));
    check(no_origin("http://example.org,http://other.org"));
    check(no_origin("http://example.org:"));
    check(no_origin("http://example.org:0"));
    check(no_origin("http://example.org:65536"));
    check(no_origin("http://example.org:100000"));
    check(no_origin("http://example.org:80x"));
    check(no_origin("http://example.org:-1"));
    check(no_origin("http://:80"));
    check(no_origin("http://[::1"));
    check(no_origin("http://["));
    check(no_origin("http://[]"));
    check(no_origin("http://[::1]x"));
    check(no_origin("http://[x]"));
    check(no_origin("http://m\xc3\xbcller.example"));
    check(no_origin("http://a\r\nb"));

    memset(longest, 'a', sizeof(longest));
    memcpy(longest, "http://", 7);
    longest[7 + 253] = '\0';
    check(!no_origin(longest));
    longest[7 + 253] = 'a';
    longest[7 + 254] = '\0';
    check(no_origin(longest));
}


static bool
same(const char *text, const char *host)
{
    bool         is;
    es_str_t     copy = exactly(host);
    es_origin_t  origin;

    check(es_origin_parse((es_str_t) { strlen(text), text }, &origin));
    is = es_origin_same(&origin, copy);
    free((void *) copy.data);

    return is;
}


static void
test_same(void)
{
    check(same("https://example.org", "example.org"));
    check(same("https://example.org", "EXAMPLE.org"));
    check(same("https://example.org", "example.org:443"));
    check(same("http://example.org", "example.org"));
    check(same("http://example.org", "example.org:80"));
    check(same("http://example.org:8080", "example.org:8080"));
    check(same("http://[::1]:8080", "[::1]:8080"));

    check(!same("https://example.org", "example.org:80"));
    check(!same("http://example.org", "example.org:443"));
    check(!same("http://example.org", "example.org:8080"));
    check(!same("http://example.org:8080", "example.org"));
    check(!same("http://example.org:8080", "example.org:8081"));
    check(!same("https://example.org", "www.example.org"));
    check(!same("https://www.example.org", "example.org"));
    check(!same("https://example.org", "example.org.evil.example"));
    check(!same("https://example.org.evil.example", "example.org"));
    check(!same("https://example.org", "example.orgx"));
    check(!same("https://example.org", ""));
    check(!same("https://example.org", ":443"));
    check(!same("https://example.org", "example.org:"));
    check(!same("https://example.org", "example.org:x"));
}


static bool
named(const char *text, const char *name)
{
    es_origin_t     origin;
    es_authority_t  authority;

    check(es_origin_parse((es_str_t) { strlen(text), text }, &origin));
    check(es_authority_parse((es_str_t) { strlen(name), name }, &authority));

    return es_origin_named(&origin, &authority);
}


static void
test_named(void)
{
    check(named("https://shop.example", "shop.example"));
    check(named("http://shop.example", "shop.example"));
    check(named("https://shop.example:8443", "shop.example"));
    check(named("https://shop.example", "SHOP.example"));
    check(named("https://shop.example", "shop.example:443"));
    check(named("https://shop.example:8443", "shop.example:8443"));

    check(!named("https://shop.example", "shop.example:80"));
    check(!named("http://shop.example", "shop.example:443"));
    check(!named("https://shop.example:8443", "shop.example:443"));
    check(!named("https://a.shop.example", "shop.example"));
    check(!named("https://shop.example", "a.shop.example"));
}


static void
test_authorities(void)
{
    es_authority_t  a;

    check(es_authority_parse(es_str("example.org"), &a));
    check_str(a.host, "example.org");
    check(a.port == 0);

    check(es_authority_parse(es_str("[::1]:1"), &a));
    check_str(a.host, "[::1]");
    check(a.port == 1);

    check(!es_authority_parse(es_null_str, &a));
    check(!es_authority_parse(es_str("https://example.org"), &a));
    check(!es_authority_parse(es_str("*.example.org"), &a));
    check(!es_authority_parse(es_str("example.org/"), &a));
    check(!es_authority_parse(es_str("example.org\0"), &a));
    check(!es_authority_parse(es_str("::1"), &a));
}


int
main(void)
{
    test_origins();
    test_same();
    test_named();
    test_authorities();

    return check_done();
}
