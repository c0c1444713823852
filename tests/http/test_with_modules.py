"""Our variables, slots and cookie at work in nginx' other directives."""

import gzip

import pytest

import sideconf
import sideservers
from mmdb import AT, BR, JP, US
from upstream import FastCGI, fixture, reply
from wait import until

tell = fixture(sideservers.Teller, "module")
fastcgi = fixture(FastCGI, "module")
uwsgi = fixture(sideservers.Uwsgi, "module")
scgi = fixture(sideservers.Scgi, "module")
memcached = fixture(sideservers.Memcached, "module")

PAGE = "<title>t</title><h1 data-es-slot=hero>own</h1><p>rest</p>"

HTTP = """
    exportsite_geo @world@;
    exportsite_secret @dir@/secret;
    exportsite_languages en de ja;
    exportsite_choose $hero { 'country = AT' servus; 'language = ja' konnichiwa;
                              default hello; }
    exportsite on;
    proxy_cache_path @dir@/cache keys_zone=pages:1m;
    limit_req_zone $exportsite_country zone=country:1m rate=1r/m;
    limit_conn_zone $exportsite_country zone=conns:1m;
    map $exportsite_country $region { AT alps; JP islands; default none; }
    map $exportsite_language:$hero $both { default $exportsite_language-$hero; }
    map $exportsite_country $realm { AT off; default closed; }
    map $exportsite_country $age { AT 1h; default off; }
    map $exportsite_country $is_at { AT 1; default ""; }
    map $exportsite_country $charset { AT utf-8; default iso-8859-1; }
    split_clients $exportsite_country $half { 50% one; * two; }
    split_clients $arg_c $same_half { 50% one; * two; }
    upstream AT { server unix:@dir@/AT.sock; }
    upstream JP { server unix:@dir@/JP.sock; }
    log_format short "$exportsite_country $hero $status $uri";
    server { listen unix:@dir@/AT.sock; return 200 servus; }
    server { listen unix:@dir@/JP.sock; return 200 konnichiwa; }
"""

# a location, what is asked, and how the answer begins; {c}, {l} and {h} are the
# visitor's country, language and choice
VALUES = [
    ("location /set { set $x $exportsite_country; set $x $x-$hero; return 200 "
     "$x; }", "/set", "{c}-{h}"),
    ("location /if { if ($exportsite_country = AT) { return 200 austria; } "
     "if ($hero ~ ^k) { rewrite ^ /say/japan last; } return 200 other; }",
     "/if", {"AT": "austria", "JP": "JP ja"}),
    ("location /say/ { return 200 '$exportsite_country $exportsite_language'; }",
     "/say/x", "{c} {l}"),
    ("location /rw/ { rewrite ^/rw/(.*) /$exportsite_language/$1 break; }",
     "/rw/name", "{l}"),
    ("location /map { return 200 '$region $both'; }", "/map",
     {"AT": "alps de-servus", "JP": "islands ja-konnichiwa"}),
    ("location /root/ { root @html@/$exportsite_language; }", "/root/name", "{l}"),
    ("location /alias/ { alias @html@/$exportsite_language/; }", "/alias/name",
     "{l}"),
    ("location /index/ { alias @html@/; index $exportsite_language.txt; }",
     "/index/", "{l}"),
    ("location /try/ { try_files /$exportsite_language/name =404; }", "/try/x",
     "{l}"),
    ("location /err { error_page 404 = /$exportsite_language/name; return 404; }",
     "/err", "{l}"),
    ("location /named { error_page 404 = @say; return 404; } "
     "location @say { return 200 $hero; }", "/named", "{h}"),
    ("location /choose-up { proxy_pass http://$exportsite_country; }",
     "/choose-up", "{h}"),
    ("location /up/ { proxy_pass http://@tell@/echo?$exportsite_country; "
     "proxy_set_header X-Hero $hero; proxy_set_header Host x; }", "/up/",
     "GET /echo?{c} HTTP/1.0\r\nX-Hero: {h}"),
    ("location /up-body { proxy_pass http://@tell@/echo; proxy_set_body $hero; "
     "proxy_pass_request_headers off; proxy_set_header Host x; "
     "proxy_set_header Connection ''; }", "/up-body",
     "GET /echo HTTP/1.0\r\nHost: x\r\nContent-Length: {n}\n\n{h}"),
    ("location /auth { auth_request /ask; auth_request_set $who "
     "$exportsite_country-$hero; auth_request_set $here $hero; try_files /none "
     "@who; } location = /ask { return 204; } "
     "location @who { return 200 '$who $here'; }", "/auth",
     "{c}-{h} {h}"),
    ("location /cached { proxy_pass http://@tell@/echo; proxy_cache pages; "
     "proxy_cache_key $exportsite_key; proxy_cache_valid 1h; "
     "proxy_set_header X-Hero $hero; proxy_set_header Host x; }", "/cached",
     "GET /echo HTTP/1.0\r\nX-Hero: {h}"),
    ("location /memc { set $memcached_key $exportsite_country; memcached_pass "
     "@memcached@; }", "/memc", "<p>value of {c}</p>"),
    ("location /fcgi { fastcgi_pass @fastcgi@; fastcgi_param REQUEST_METHOD GET;"
     " fastcgi_param REQUEST_URI /fcgi; fastcgi_param HTTP_COUNTRY "
     "$exportsite_country; fastcgi_param HTTP_HERO $hero; "
     "fastcgi_pass_request_headers off; }", "/fcgi", "{c} {h}"),
    ("location /uwsgi { uwsgi_pass @uwsgi@; uwsgi_param REQUEST_METHOD GET; "
     "uwsgi_param REQUEST_URI $hero; uwsgi_pass_request_headers off; }",
     "/uwsgi", "REQUEST_METHOD=GET\nREQUEST_URI={h}"),
    ("location /scgi { scgi_pass @scgi@; scgi_param REQUEST_METHOD GET; "
     "scgi_param REQUEST_URI $hero; scgi_pass_request_headers off; }",
     "/scgi", "CONTENT_LENGTH=0\nREQUEST_METHOD=GET\nREQUEST_URI={h}"),
    ("location /basic/ { auth_basic $realm; auth_basic_user_file @dir@/users; "
     "alias @html@/de/; }", "/basic/name", {"AT": "de", "JP": "401"}),
    ("location /ssi/ { ssi on; alias @html@/; }", "/ssi/ssi.html",
     "{c} {l} {h}"),
    ("location /sub/ { sub_filter WORD $hero; alias @html@/; }",
     "/sub/word.html", "{h}"),
]

# a page whose slot is filled, whatever else happens to it
PAGES = [
    ("location /page/ { alias @html@/; }", "/page/page.html"),
    ("location /p-auth/ { auth_request /ask; alias @html@/; }",
     "/p-auth/page.html"),
    ("location /p-mirror/ { mirror /mirrored; alias @html@/; } "
     "location = /mirrored { internal; proxy_pass http://@tell@/mirrored?$hero; }",
     "/p-mirror/page.html"),
    ("location /p-err { error_page 404 =200 /page/page.html; return 404; }",
     "/p-err"),
    ("location /p-named { error_page 404 =200 @page; return 404; } location "
     "@page { rewrite ^ /page.html break; }", "/p-named"),
    ("location /p-if/ { alias @html@/; if ($exportsite_country) { set $y 1; } }",
     "/p-if/page.html"),
    ("location /p-rw { if ($exportsite_country != XX) { rewrite ^ /page.html "
     "break; } }", "/p-rw"),
    ("location /p-gzip/ { gzip on; gzip_min_length 1; gunzip on; gzip_static "
     "on; alias @html@/; }", "/p-gzip/page.html"),
    ("location /p-threads/ { aio threads; sendfile on; alias @html@/; }",
     "/p-threads/page.html"),
    ("location /p-limit/ { limit_req zone=country burst=100 nodelay; limit_conn "
     "conns 100; limit_rate 1m; userid on; charset $charset; alias @html@/; }",
     "/p-limit/page.html"),
    ("location /p-random/ { random_index on; alias @html@/one/; }",
     "/p-random/"),
    ("location /p-perl { perl 'sub { my $r = shift; $r->send_http_header("
     "\"text/html\"); $r->sendfile(\"@html@/page.html\"); return OK; }'; }",
     "/p-perl"),
    ("location /p-perl2 { perl 'sub { my $r = shift; $r->internal_redirect("
     "\"/page/page.html\"); return OK; }'; }", "/p-perl2"),
    ("location /p-fcgi { fastcgi_pass @fastcgi@; fastcgi_param REQUEST_METHOD "
     "GET; fastcgi_param REQUEST_URI /page; fastcgi_pass_request_headers off; }",
     "/p-fcgi"),
]

XSLT = """
location /xslt/ { default_type text/xml; xslt_stylesheet @dir@/sheet.xsl;
                  alias @html@/; }
"""

SHEET = """<?xml version="1.0"?>
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
<xsl:output method="html"/><xsl:template match="/"><title>t</title><h1
data-es-slot="hero">own</h1><p>rest</p></xsl:template></xsl:stylesheet>
"""

AUSTRIA = {"X-Forwarded-For": AT, "Accept-Language": "de"}
JAPAN = {"X-Forwarded-For": JP, "Accept-Language": "ja"}
VISITORS = {"AT": (AUSTRIA, dict(c="AT", l="de", h="servus", n=6)),
            "JP": (JAPAN, dict(c="JP", l="ja", h="konnichiwa", n=10))}


def _usable(rows):
    absent = sideconf.missing()
    return [row for row in rows
            if not any(word in row[0] and module in absent
                       for word, module in sideconf.NEEDS.items())]


@pytest.fixture(scope="module")
def site(module_nginx, mmdb, tell, fastcgi, uwsgi, scgi, memcached):
    fastcgi.on("/fcgi", lambda r, send: send(
        b"Content-Type: text/plain\r\n\r\n%s %s" % (
            r.header("country").encode(), r.header("hero").encode())))
    fastcgi.on("/page", b"Content-Type: text/html\r\n\r\n" + PAGE.encode())
    places = "".join(row[0] + "\n" for row in _usable(VALUES + PAGES))
    site = module_nginx(
        HTTP, "exportsite_consent on; exportsite_slot hero text:$hero;"
        "access_log @dir@/a.log short if=$is_at;\n" + places
        + "location /zone/ { limit_req zone=country; alias @html@/de/; }"
        + XSLT * ("http_xslt_filter" not in sideconf.missing()) +
        "location /head { add_header X-A $hero always; "
        "return 302 /$exportsite_language/; }"
        "location /half { return 200 $half-$same_half; }",
        main=sideconf.load(), start=False, world=mmdb.world(), tell=tell,
        fastcgi=fastcgi, uwsgi=uwsgi, scgi=scgi, memcached=memcached)
    for language in ("de", "ja"):
        for name in ("{}/name", "{}/root/name", "{}.txt"):
            site.write("html/" + name.format(language), language)
    site.write("html/ssi.html", '<!--# echo var="exportsite_country" --> '
               '<!--# include virtual="/$exportsite_language/name" --> '
               '<!--# if expr="$hero = servus" -->servus<!--# else -->'
               'konnichiwa<!--# endif -->')
    site.write("html/word.html", "WORD")
    site.write("html/page.html", PAGE)
    site.write("html/one/page.html", PAGE)
    site.write("html/page.html.gz", gzip.compress(PAGE.encode()))
    site.write("html/page.xml", "<?xml version='1.0'?><x/>")
    site.write("sheet.xsl", SHEET)
    site.write("users", "user:{PLAIN}pass\n")
    return site.start()


def test_values(site):
    """Every directive that takes a variable takes ours."""
    wrong = []
    for _, target, want in _usable(VALUES):
        for name, (headers, words) in VISITORS.items():
            text = want[name] if isinstance(want, dict) else want
            text = text.format(**words)
            for _ in range(2):
                got = site.get(target.format(**words), headers)
                seen = got.text if got.status == 200 else str(got.status)
                seen = seen.replace("\r\nHost: x", "", 1 - text.count("Host"))
                if not seen.startswith(text):
                    wrong.append((target, name, text, got))
    assert not wrong, "\n".join(map(str, wrong))


def test_pages(site):
    """A page is filled, and gives the visitor a cookie, whatever else nginx
    does to it."""
    wrong = []
    for _, target in _usable(PAGES):
        for headers, words in VISITORS.values():
            for coding in ({}, {"Accept-Encoding": "gzip"}):
                got = site.get(target, headers | coding)
                body = got.body
                if got.header("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                text = "".join(body.decode().split("\n"))
                if (text.replace('"', "") != PAGE.replace("own", words["h"])
                        or got.status != 200 or not got.cookie("es_vid")):
                    wrong.append((target, got))
    assert not wrong, "\n".join(map(str, wrong))


@pytest.mark.skipif("http_xslt_filter" in sideconf.missing(),
                    reason="no libnginx-mod-http-xslt-filter")
def test_page_made_of_xml(site):
    """What xslt has made a page of is a view; its slots are not found, as it
    is made too late."""
    got = site.get("/xslt/page.xml", AUSTRIA)
    assert got.header("Content-Type") == "text/html"
    assert got.text.replace('"', "").replace("\n", "") == PAGE
    assert got.cookie("es_vid")


def test_headers(site):
    """Headers by our variables, and those of other modules beside ours."""
    for headers, words in VISITORS.values():
        got = site.get("/head", headers)
        assert got.header("Location") == (
            f"http://127.0.0.1:{site.port}/{words['l']}/")
        assert got.header("X-A") == words["h"]
    got = site.get("/p-limit/page.html", AUSTRIA)
    assert got.header("Content-Type") == "text/html; charset=utf-8"
    assert got.cookie("uid") and got.cookie("es_vid")
    got = site.get("/p-limit/page.html", JAPAN)
    assert got.header("Content-Type") == "text/html; charset=iso-8859-1"


def test_split_clients(site):
    """split_clients sees the country as it would the same text elsewhere."""
    for headers, words in VISITORS.values():
        one, two = site.get(f"/half?c={words['c']}", headers).text.split("-")
        assert one == two


def test_limits(site):
    """A limit by country: one's own, and nobody else's."""
    assert site.get("/zone/name", {"X-Forwarded-For": BR}).status == 200
    assert site.get("/zone/name", {"X-Forwarded-For": BR}).status == 503
    assert site.get("/zone/name", {"X-Forwarded-For": US}).status == 200


def test_log(site, tell):
    """The access log is written on condition of a variable; a mirrored request
    knows what the main one knows."""
    site.get("/p-mirror/page.html?log", AUSTRIA)
    site.get("/p-mirror/page.html?log", JAPAN)
    site.get("/say/end", AUSTRIA)
    until(lambda: "AT hello 200 /say/end" in site.read("a.log")
          or "AT servus 200 /say/end" in site.read("a.log"), what="the log")
    assert "JP" not in site.read("a.log")
    until(lambda: {"/mirrored?servus", "/mirrored?konnichiwa"}
          <= {r.target for r in tell.seen("/mirrored")}, what="the mirror")
