#include "../../ngx_exportsite_module/core/url.h"
#include "check.h"


static es_str_t
bytes(const char *text)
{
    return (es_str_t) { strlen(text), text };
}


static void
check_escape(const char *url, const char *want, const char *path)
{
    char      out[256];
    es_str_t  got = { 0, out };

    got.len = es_url_escape(out, bytes(url));
    check_str(got, want);

    got.len = es_url_encode_path(out, bytes(url));
    check_str(got, path);
}


static void
test_every_byte(void)
{
    int       c;
    char      text[1], out[3];
    size_t    len;

    for (c = 0; c < 256; c++) {
        text[0] = (char) c;
        len = es_url_escape(out, (es_str_t) { 1, text });

        if (c <= ' ' || c >= 0x7f || strchr("\"<>\\^`{|}", c)) {
            check(len == 3 && out[0] == '%');

        } else {
            check(len == 1 && out[0] == (char) c);
        }
    }
}


int
main(void)
{
    check_escape("", "", "");
    check_escape("https://a.example/b?c=d&e#f", "https://a.example/b?c=d&e#f",
                 "https://a.example/b%3Fc=d&e%23f");
    check_escape("/a%20b", "/a%20b", "/a%2520b");
    check_escape("/a b>; rel=\"x\"\r\n", "/a%20b%3E;%20rel=%22x%22%0D%0A",
                 "/a%20b%3E;%20rel=%22x%22%0D%0A");
    check_escape("/k\xc3\xbchl/\x7f", "/k%C3%BChl/%7F", "/k%C3%BChl/%7F");
    check_escape("/~a_b-c.d:e@f!$&'()*+,;=", "/~a_b-c.d:e@f!$&'()*+,;=",
                 "/~a_b-c.d:e@f!$&'()*+,;=");
    test_every_byte();

    check_str(es_url_path(es_str("/a/b?c/d#e")), "/a/b");
    check_str(es_url_path(es_str("/a#b?c")), "/a");
    check_str(es_url_path(es_str("/a")), "/a");
    check_str(es_url_path(es_str("?a")), "");
    check_str(es_url_path(es_null_str), "");

    check(es_url_path_plain(es_str("/")));
    check(es_url_path_plain(es_str("/de/a%20b/c.html")));
    check(es_url_path_plain(es_str("/de/%C3%BC/")));
    check(es_url_path_plain(es_str("/a.b./c")));
    check(!es_url_path_plain(es_null_str));
    check(!es_url_path_plain(es_str("de")));
    check(!es_url_path_plain(es_str("//de/")));
    check(!es_url_path_plain(es_str("/de//a")));
    check(!es_url_path_plain(es_str("/a/../de/")));
    check(!es_url_path_plain(es_str("/./de/")));
    check(!es_url_path_plain(es_str("/%2e%2E/de")));
    check(!es_url_path_plain(es_str("/de%2Fa")));
    check(!es_url_path_plain(es_str("/de%2fa")));
    check(!es_url_path_plain(es_str("/de%2")));

    return check_done();
}
