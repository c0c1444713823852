"""hreflang and Content-Language: what search engines are told of languages."""

import re

import pytest

import conf
from upstream import Upstream, reply

BASE = "exportsite_languages en de pt-br zh-Hans;\n"
TYPICAL = ("exportsite_hreflang "
           "https://www.example.com/$exportsite_language$exportsite_path "
           "x-default=https://www.example.com$exportsite_path;\n")
GOOGLEBOT = {"User-Agent": "Mozilla/5.0 (compatible; Googlebot/2.1; "
                           "+http://www.google.com/bot.html)"}
TAGS = ["en", "de", "pt-BR", "zh-Hans"]


def page(name, settings="", more=""):
    return (f"location {name} {{ exportsite on; {settings} {more}"
            "default_type text/html; return 200 p; }\n")


def links(reply):
    """{hreflang: URL} of the answer's one Link header."""
    lines = reply.all("Link")
    assert len(lines) == 1, lines
    pairs = re.findall(r'<([^<>"\s]*)>; rel="alternate"; hreflang="([^"]*)"',
                       lines[0])
    again = ", ".join(f'<{url}>; rel="alternate"; hreflang="{tag}"'
                      for url, tag in pairs)
    assert again == lines[0]
    assert [tag for _, tag in pairs] == TAGS + ["x-default"]
    return {tag: url for url, tag in pairs}


@pytest.fixture(scope="module")
def site(module_nginx):
    site = module_nginx(
        BASE,
        "exportsite on; location / { " + TYPICAL + "default_type text/html; "
        "  if ($arg_s) { return 204; } try_files $uri /page.html; }\n"
        "location /files/ { " + TYPICAL + " alias @html@/; }\n"
        + page("/sub", "exportsite_hreflang https://${exportsite_language}."
               "example.com$exportsite_path;")
        + page("/host", "exportsite_hreflang $scheme://$host/"
               "$exportsite_language/$arg_x;")
        + page("/own", "exportsite_hreflang /$exportsite_language/own "
               "x-default=/own;")
        + page("/twice", "exportsite_hreflang https://x.example/"
               "$exportsite_language/$exportsite_language"
               "?l=$exportsite_language&s=$exportsite_language_source;")
        + page("/linked", TYPICAL, "add_header Link '</a.css>; rel=preload';"
               "add_header Content-Language fr;")
        + page("/away", TYPICAL, "exportsite off;").replace(
            "exportsite on; ", "", 1)
        + page("/quiet", TYPICAL + "exportsite_hreflang off;").replace(
            TYPICAL, "", 1)
        + "location /up/ { " + TYPICAL + "location = /up/quiet { "
        "  exportsite_hreflang off; default_type text/html; return 200 p; } }"
        "location = /whoami { " + TYPICAL + "exportsite_whoami; }\n"
        "location = /status { " + TYPICAL + "exportsite_status; }\n"
        "location = /_exportsite { " + TYPICAL + "exportsite_beacon; }\n"
        "location = /gpc { " + TYPICAL + "exportsite_gpc; }\n"
        "location = /fail { " + TYPICAL + "return 500; }\n"
        "location = /moved { " + TYPICAL + "return 302 /; }\n"
        + conf.echo("path", location="/path/")
        + conf.echo("path", location="/de/path")
        + conf.echo("path", location="= /nobody", extra="exportsite off;"))
    for name in ("page.html", "a.css", "a.png", "a.pdf", "robots.txt"):
        site.write("html/" + name, name)
    return site


def test_all_languages_in_order(site):
    """One line: every declared language, then x-default."""
    assert links(site.get("/pumps/x?a=1")) == {
        "en": "https://www.example.com/en/pumps/x",
        "de": "https://www.example.com/de/pumps/x",
        "pt-BR": "https://www.example.com/pt-br/pumps/x",
        "zh-Hans": "https://www.example.com/zh-Hans/pumps/x",
        "x-default": "https://www.example.com/pumps/x"}


@pytest.mark.parametrize("target, rest", [
    ("/", "/"), ("/de/", "/"), ("/de", ""), ("/DE/a", "/a"),
    ("/pt-BR/a/de/b", "/a/de/b"), ("/fr/a", "/fr/a"), ("/den/a", "/den/a"),
    ("/zh-Hans/a%20b%2Bc", "/a%20b%2Bc"), ("/de/%C3%BC?de", "/%C3%BC"),
    ("/%64e/a", "/a"), ("//de/a", "/a"), ("/x/../de/a", "/a"),
    ("/de%2Fa%2541", "/a%2541"), ("/./de//a/", "/a/"), ("/de/a;v=1", "/a;v=1")])
def test_the_path_without_its_language(site, target, rest):
    """The path as sent, without a declared language at its begin."""
    assert links(site.get(target))["x-default"] == (
        "https://www.example.com" + rest)


def test_path_variable(site):
    """$exportsite_path is the same, and empty where exportsite is off."""
    assert site.get("/path/a%3Ab?x").vars == {"path": "/path/a%3Ab"}
    assert site.get("/de/path").vars == {"path": "/path"}
    assert site.get("/nobody").vars == {"path": ""}


def test_a_host_for_each_language(site):
    """The pattern may have the language anywhere; without x-default= it is
    the default language's."""
    got = links(site.get("/sub"))
    assert got["de"] == "https://de.example.com/sub"
    assert got["x-default"] == got["en"] == "https://en.example.com/sub"


def test_the_host_of_the_request(site):
    """A pattern that is a path is made a whole URL, as search engines want."""
    got = links(site.get("/own", {"Host": "shop.example"}))
    assert got["de"] == "http://shop.example/de/own"
    assert got["x-default"] == "http://shop.example/own"


def test_the_language_more_than_once(site):
    """All of its places are filled; other variables stay variables."""
    assert links(site.get("/twice", {"Accept-Language": "de"}))["pt-BR"] == (
        "https://x.example/pt-br/pt-br?l=pt-br&s=accept")


@pytest.mark.parametrize("target", [
    b"/de/a<b>;\"c", b"/de/\xc3\xbc", b"/a\\b^c`d{e|f}",
    b"/de//evil.example/>; rel=x", b"//evil.example"])
def test_nothing_of_a_visitor_ends_the_header(site, target):
    """Whatever bytes the path has, the header keeps its form."""
    reply = site.raw(b"GET " + target.replace(b" ", b"%20") + b" HTTP/1.1\r\n"
                     b"Host: localhost\r\nConnection: close\r\n\r\n")
    line = re.search(rb"\r\nLink: ([^\r\n]*)\r\n", reply).group(1)
    urls = re.findall(rb'<(https://www\.example\.com/[!-~]*)>; rel="alternate"'
                      rb'; hreflang="', line)
    assert len(urls) == 5, line
    assert line.count(b"<") == line.count(b">") == 5
    assert line.count(b'"') == 20 and line.count(b";") >= 10


def test_values_of_variables_are_escaped(site):
    """So does what other variables hold."""
    got = links(site.get('/host?x="><', {"Host": "shop.example"}))
    assert got["en"] == "http://shop.example/en/%22%3E%3C"


def test_too_long_a_line_is_left_out(site):
    """No answer gets a header that proxies choke on."""
    assert 7500 < len(site.get("/" + "x" * 1500).header("Link")) < 8192
    reply = site.get("/" + "x" * 1600)
    assert reply.status == 200 and reply.all("Link") == []
    assert site.get("/de/" + "x" * 1600).header("Content-Language") == "de"


def test_a_page_depends_on_no_more_than_it_asked(site):
    """The alternates are the same for all; whose language it is, the URL says."""
    for target, language in ("/pumps/", None), ("/de/pumps/", "de"):
        reply = site.get(target, {"Accept-Language": "pt"})
        assert links(reply)
        assert reply.header("Content-Language") == language
        assert reply.header("Vary") is None
        assert reply.header("Cache-Control") is None


def test_where(site):
    """Pages and documents, by GET and HEAD, with 200, 206 and 304."""
    reply = site.get("/files/a.pdf")
    links(reply)
    etag = {"If-None-Match": reply.header("ETag")}
    reply = site.get("/files/a.pdf", etag)
    assert reply.status == 304 and links(reply)
    reply = site.get("/files/a.pdf", {"Range": "bytes=0-1"})
    assert reply.status == 206 and links(reply)
    assert links(site.request("HEAD", "/pumps/"))
    for dest in ("document", "iframe", "empty"):
        assert links(site.get("/pumps/", {"Sec-Fetch-Dest": dest}))
    assert links(site.get("/pumps/", GOOGLEBOT))


@pytest.mark.parametrize("method, target, headers", [
    ("GET", "/files/a.css", {}), ("GET", "/files/a.png", {}),
    ("GET", "/files/robots.txt", {}),
    ("GET", "/files/page.html", {"Sec-Fetch-Dest": "script"}),
    ("GET", "/files/none.html", {}), ("GET", "/fail", {}),
    ("GET", "/moved", {}), ("GET", "/away", {}), ("GET", "/?s=1", {}),
    ("GET", "/whoami", {}), ("GET", "/status", {}),
    ("GET", "/_exportsite", {}), ("GET", "/gpc", {}), ("GET", "/gpc", {}),
    ("POST", "/sub", {})])
def test_where_not(site, method, target, headers):
    """Not what is no page, no answer, or the module's own."""
    reply = site.request(method, target, headers)
    assert reply.all("Link") == []
    assert reply.all("Content-Language") == []


def test_off_undoes(site):
    """`off` takes it away below; what others say stays."""
    assert site.get("/up/quiet").all("Link") == []
    assert site.get("/quiet").all("Link") == []


def test_beside_a_link_of_others(site):
    """Another Link stays as it is, and a Content-Language wins."""
    reply = site.get("/linked")
    assert len(reply.all("Link")) == 2
    assert "</a.css>; rel=preload" in reply.all("Link")
    assert reply.all("Content-Language") == ["fr"]


# -- Content-Language

@pytest.fixture(scope="module")
def plain(module_nginx):
    """Without hreflang: the language is known if a variable told it."""
    upstream = Upstream()
    upstream.on("/app/", reply("p"))
    upstream.on("/app/ja", reply("p", "content-language: ja"))
    upstream.on("/cached/", reply("p"))
    site = module_nginx(
        BASE + conf.choices([("language = de", "x")], "$by_rule")
        + "proxy_cache_path @dir@/cache keys_zone=c:1m;\n",
        "exportsite on;\n"
        "location / { try_files /$exportsite_language/page.html =404; }\n"
        "location /shared/ { alias @html@/de/; }\n"
        "location /rule/ { alias @html@/de/; add_header X $by_rule; }\n"
        "location /app/ { proxy_pass http://@up@; "
        "  proxy_set_header X-Language $exportsite_language; }\n"
        "location /cached/ { proxy_pass http://@up@; proxy_cache c; "
        "  proxy_cache_key $exportsite_key; proxy_cache_valid 1m; "
        "  proxy_set_header X-Language $exportsite_language; }\n",
        up=upstream)
    site.upstream = upstream
    for tag in ("en", "de", "pt-br", "zh-Hans"):
        site.write(f"html/{tag}/page.html", tag)
        site.write(f"html/{tag}/a.css", tag)
    yield site
    upstream.close()


@pytest.mark.parametrize("wish, tag", [
    ("de-AT", "de"), ("fr", "en"), ("pt", "pt-BR"), ("zh-CN", "zh-Hans")])
def test_content_language_is_the_one_served(plain, wish, tag):
    """The language that chose the file, in its usual case."""
    reply = plain.get("/", {"Accept-Language": wish})
    assert reply.text.lower() == tag.lower()
    assert reply.all("Content-Language") == [tag]
    assert plain.request("HEAD", "/", {"Accept-Language": wish}).all(
        "Content-Language") == [tag]


def test_content_language_of_a_crawler(plain):
    """A crawler's is the URL's, else the default."""
    german = {**GOOGLEBOT, "Accept-Language": "de"}
    assert plain.get("/", german).all("Content-Language") == ["en"]
    assert plain.get("/de/", german).all("Content-Language") == ["de"]


@pytest.mark.parametrize("target", ["/shared/page.html", "/rule/page.html",
                                    "/shared/a.css"])
def test_nothing_is_said_of_what_was_not_asked(plain, target):
    """What did not ask for the language is in one that nobody knows."""
    reply = plain.get(target, {"Accept-Language": "de"})
    assert reply.status == 200
    assert reply.all("Content-Language") == []


def test_an_upstream_that_was_told(plain):
    """An application that is told the language answers in it, or says so."""
    german = {"Accept-Language": "de"}
    assert plain.get("/app/", german).all("Content-Language") == ["de"]
    assert plain.get("/app/ja", german).all("Content-Language") == ["ja"]


def test_from_a_cache(plain):
    """A cached answer says the same as a fresh one."""
    for wish in ("de", "de", "pt", "pt"):
        got = plain.get("/cached/", {"Accept-Language": wish})
        assert got.all("Content-Language") == [
            {"pt": "pt-BR"}.get(wish, wish)]
    assert len(plain.upstream.seen("/cached/")) == 2
