"""Where a slot's content comes from: file:, text:, uri:, and what may go wrong."""

import gzip
import os
import threading

import pytest

import slotsite
import upstream
from slotsite import STATUS
from upstream import Reader, Steps, reply
from wait import until

backend = upstream.fixture(upstream.Upstream)

MAX = 1024 * 1024
PAGE = "<p>before</p><div data-es-slot=\"hero\">own</div><p>after</p>"
OFF = "open_file_cache off;"


def page(content="own"):
    content = content if isinstance(content, bytes) else content.encode()
    return PAGE.encode().replace(b"own", content)


def start(nginx, slot, server="", http="", **names):
    site = nginx(http, f"exportsite on;\nlocation = /page.html {{\n"
                 f"exportsite_slot hero {slot};\n}}\n"
                 + STATUS + server, **names)
    site.write("html/page.html", PAGE)
    return site


def left(site, target="/page.html", headers=()):
    """Get a page; its body, and the reasons for slots left by it."""
    before = slotsite.counts(site)
    body = site.get(target, headers).body
    got = slotsite.moved(before, slotsite.counts(site))
    return body, {name: n for name, n in got.items()
                  if name.startswith("left.")}


# -- text:

@pytest.mark.parametrize("text, want", [
    ("text:plain", "plain"), ("'text:two words'", "two words"),
    ("'text:<b>&\"\\''", "&lt;b&gt;&amp;&quot;'"),
    ("text:a:b/c", "a:b/c"), ("text:ö", "ö")])
def test_text(nginx, text, want):
    """Text is escaped; what it means does not change."""
    site = start(nginx, text)
    got = site.get("/page.html").text
    assert got.replace("&#39;", "'").replace("&#34;", "&quot;") \
        == page(want).decode()


def test_text_of_a_visitor(nginx):
    """A variable's value cannot become markup, nor a slot."""
    site = start(nginx, "text:$http_x")
    for value, want in (
            ("<script>alert(1)</script>",
             "&lt;script&gt;alert(1)&lt;/script&gt;"),
            ("<!-- es:hero -->", "&lt;!-- es:hero --&gt;"),
            ("a&amp;b", "a&amp;amp;b"), ("x" * 3000, "x" * 3000),
            ("&" * 500, "&amp;" * 500)):
        body, why = left(site, headers={"X-X": value, "X": value})
        assert body == page(want) and not why


def test_text_that_is_empty(nginx):
    """No text: the page's own stays, and is counted as missing."""
    site = start(nginx, "text:$http_x")
    assert left(site) == (page(), {"left.missing": 1})
    assert left(site, headers={"X": "a"}) == (page("a"), {})
    assert left(site) == (page(), {"left.missing": 1})


def test_text_of_a_choice(nginx, mmdb):
    """The shortest way from a country to a page."""
    site = start(nginx, "text:$hero", http="exportsite_geo @world@;"
                 "exportsite_choose $hero { 'country = AT' servus;"
                 " default hello; }", world=mmdb.world())
    assert site.get("/page.html", {"X-Forwarded-For": "192.0.2.1"}
                    ).body == page("servus")
    assert site.get("/page.html").body == page("hello")


# -- file:

@pytest.mark.parametrize("name, file", [
    ("file:/c/x.html", "c/x.html"), ("file:c/x.html", "c/x.html"),
    ("'file:/c/x y'", "c/x y"), ("file:/c/ö", "c/ö")])
def test_file(nginx, name, file):
    """A file under the root, as it is."""
    site = start(nginx, name)
    content = b"<h1>Pumps &</h1>\r\n\0\xff<!-- es:hero -->x<!-- /es:hero -->"
    site.write(f"html/{file}", content)
    assert left(site) == (page(content), {})
    assert site.get("/page.html").body == page(content)


def test_file_by_the_locations_root(nginx):
    """The root is that of the location where the page is."""
    site = nginx("exportsite on; exportsite_slot hero file:/c/x;",
                 "location /a/ { root @html@/one; }"
                 "location /b/ { root @html@/two; }")
    for root in ("one", "two"):
        for folder in ("a", "b"):
            site.write(f"html/{root}/{folder}/page.html", PAGE)
        site.write(f"html/{root}/c/x", root)
    assert site.get("/a/page.html").body == page("one")
    assert site.get("/b/page.html").body == page("two")
    assert site.get("/a/page.html").body == page("one")


def test_file_of_a_choice(nginx):
    """A variable in a path: a file each, and none where there is none."""
    site = start(nginx, "file:/c/$arg_x/hero-$arg_y.html")
    site.write("html/c/de/hero-1.html", "eins")
    site.write("html/c/en/hero-1.html", "one")
    for x, y, want in (("de", 1, "eins"), ("en", 1, "one"),
                       ("de", 1, "eins")):
        assert left(site, f"/page.html?x={x}&y={y}") == (page(want), {})
    assert left(site, "/page.html?x=fr&y=1") == (page(), {"left.missing": 1})
    assert left(site, "/page.html") == (page(), {"left.missing": 1})


@pytest.mark.parametrize("value", [
    "..", "../c", "a/../..", "..%2f..", "%2e%2e", "a/..", "../../../etc",
    "..//", "./../x"])
def test_a_path_that_leads_out(nginx, value):
    """What a visitor sends never leads out of the root."""
    site = start(nginx, "file:/c/$arg_x/secret")
    site.write("secret", "secret")
    site.write("html/secret", "secret")
    site.write("html/c/secret", "secret")
    body, why = left(site, f"/page.html?x={value}")
    assert body == page()
    assert sum(why.values()) == 1


def test_what_leads_out_is_refused(nginx):
    """.. is counted as refused; a name that begins so is none."""
    site = start(nginx, "file:/c/$arg_x")
    site.write("html/c/..x", "dots")
    site.write("html/secret", "secret")
    assert left(site, "/page.html?x=../secret") == (page(),
                                                    {"left.refused": 1})
    assert left(site, "/page.html?x=..") == (page(), {"left.refused": 1})
    assert left(site, "/page.html?x=..x") == (page("dots"), {})


def test_bytes_that_no_path_has(nginx):
    """NUL, new lines and the like in a path: the page's own."""
    site = start(nginx, "file:/c/$http_x")
    site.write("html/c/a", "a")
    for value in ("a\0b", "a\0", "\x01", "x" * 5000, "a\tb", "\xff\xfe"):
        raw = site.raw(b"GET /page.html HTTP/1.0\r\nX: "
                       + value.encode("latin-1") + b"\r\n\r\n")
        assert b" 400 " in raw[:20] or raw.endswith(page()), value
    assert site.get("/page.html", {"X": "a"}).body == page("a")


@pytest.mark.parametrize("make, why", [
    (None, "missing"), ("empty", "missing"), ("directory", None),
    ("unreadable", "failed"), ("fifo", None), ("loop", None)])
def test_a_file_that_is_none(nginx, make, why):
    """Whatever is wrong with a file: the page's own, and a count."""
    site = start(nginx, "file:/c/x", OFF)
    path = site.write("html/c/x", "" if make == "empty" else "x")
    if make != "empty":
        if make == "unreadable" and os.getuid() == 0:
            os.chmod(path, 0)
        elif make == "unreadable":
            pytest.skip("workers run as the owner of the file")
        else:
            os.unlink(path)
    if make == "directory":
        os.mkdir(path)
    elif make == "fifo":
        os.mkfifo(path)
    elif make == "loop":
        os.symlink("x", path)
    body, got = left(site)
    assert body == page()
    assert sum(got.values()) == 1 and (not why or got == {f"left.{why}": 1})
    assert left(site)[0] == page()


def test_the_largest_file(nginx):
    """1 MB is filled, a byte more is not."""
    site = start(nginx, "file:/c/$arg_x")
    most = os.urandom(1024) * 1024
    site.write("html/c/most", most)
    site.write("html/c/more", most + b"x")
    site.write("html/c/huge", b"")
    os.truncate(site.path("html/c/huge"), 1 << 40)
    for _ in range(2):
        assert left(site, "/page.html?x=most") == (page(most), {})
        assert left(site, "/page.html?x=more") == (page(), {"left.large": 1})
        assert left(site, "/page.html?x=huge") == (page(), {"left.large": 1})


@pytest.mark.parametrize("valid", ["open_file_cache_valid 1s;",
                                   "open_file_cache max=10;"
                                   "open_file_cache_valid 1s;"])
def test_a_file_that_changes(nginx, valid):
    """A file written anew, replaced, taken away, and back again."""
    site = start(nginx, "file:/c/x", valid)

    def becomes(content):
        until(lambda: site.get("/page.html").body == page(content), 4,
              f"the content to be {content!r}", every=0.05)

    becomes("own")
    path = site.write("html/c/x", "one")
    becomes("one")
    site.write("html/c/x", "two")              # the same length
    os.utime(path, (1e9, 1e9))
    becomes("two")
    site.write("html/c/new", "a longer one")
    os.rename(site.path("html/c/new"), path)
    becomes("a longer one")
    os.unlink(path)
    becomes("own")
    site.write("html/c/x", "back")
    becomes("back")


def test_a_file_is_kept_in_memory(nginx):
    """Within open_file_cache_valid's time a file is not looked at."""
    site = start(nginx, "file:/c/x", "open_file_cache_valid 1h;")
    path = site.write("html/c/x", "one")
    assert site.get("/page.html").body == page("one")
    os.unlink(path)
    for _ in range(3):
        assert left(site) == (page("one"), {})


def test_many_files(nginx):
    """More files than a worker keeps: all pages are right."""
    site = start(nginx, "file:/c/$arg_x")
    for n in range(200):
        site.write(f"html/c/{n}", f"{n}," * 100_000)      # 100 MB in all
    with site.session() as session:
        for n in [*range(200), 0, 199, 100]:
            assert session.get(f"/page.html?x={n}").body == page(
                f"{n}," * 100_000)


def test_a_file_changes_while_it_is_sent(nginx):
    """Who reads slowly gets what was there when the page began."""
    site = start(nginx, "file:/c/x", "open_file_cache_valid 1s;")
    site.write("html/c/x", b"a" * MAX)
    with Reader(site.address, "/page.html", rcvbuf=4096) as slow:
        slow.until(b"a")
        site.write("html/c/new", b"b" * 1000)
        os.rename(site.path("html/c/new"), site.path("html/c/x"))
        until(lambda: site.get("/page.html").body == page("b" * 1000), 4,
              "the change")
        assert slow.rest() == page(b"a" * MAX)


# -- uri:

def uri(nginx, backend, slot="uri:/c", more="", server="", **options):
    return start(
        nginx, slot,
        "location /c { internal; exportsite off; proxy_pass http://@up@;"
        f" proxy_http_version 1.1; {more} }}\n" + server, up=backend,
        **options)


def test_uri_of_a_file(nginx):
    """A static location, also one that only nginx itself may ask."""
    site = start(nginx, "uri:/c/$arg_x.html",
                 "location /c/ { internal; }")
    site.write("html/c/a.html", "<b>a</b>")
    site.write("html/c/e.html", "")
    assert site.get("/c/a.html").status == 404
    assert left(site, "/page.html?x=a") == (page("<b>a</b>"), {})
    assert left(site, "/page.html?x=e") == (page(), {"left.missing": 1})
    body, why = left(site, "/page.html?x=none")
    assert body == page() and sum(why.values()) == 1


def test_uri_of_a_variable(nginx):
    """return, arguments, and the visitor's own variables."""
    site = start(nginx, "'uri:/c?a=$arg_x&b=2'",
                 "location = /c { return 200 '$arg_a,$arg_b,"
                 "$exportsite_language'; }",
                 http="exportsite_languages en de;")
    assert site.get("/page.html?x=1", {"Accept-Language": "de"}).body == page(
        "1,2,de")
    assert site.get("/page.html").body == page(",2,en")


@pytest.mark.parametrize("answer", [
    reply("<b>c</b>"), reply("<b>c</b>", length=False),
    reply(chunks=[b"<b", b">c", b"</b>"]),
    reply("<b>c</b>", type="text/plain"), reply("<b>c</b>", type=None),
    reply("<b>c</b>", "ETag: \"x\"", "Set-Cookie: a=b")],
    ids=["length", "close", "chunked", "plain", "typeless", "headers"])
@pytest.mark.parametrize("buffering", ["on", "off"])
def test_uri_proxied(nginx, backend, answer, buffering):
    """Whatever way the content comes; nothing of its header is ours."""
    backend.on("/c", answer)
    site = uri(nginx, backend, more=f"proxy_buffering {buffering};")
    got = site.get("/page.html")
    assert got.body == page("<b>c</b>")
    assert got.header("Set-Cookie") is None
    assert got.header("Content-Type") == "text/html"
    assert got.header("ETag") is None
    assert left(site) == (page("<b>c</b>"), {})


@pytest.mark.parametrize("status", ["404 Not Found", "500 Oops",
                                    "502 Bad Gateway", "302 Found",
                                    "304 Not Modified", "204 No Content",
                                    "206 Partial Content", "201 Created"])
def test_uri_that_is_no_200(nginx, backend, status):
    """Anything but 200 leaves the page's own."""
    backend.on("/c", reply("" if status[:3] in ("204", "304") else "bad",
                           "Location: /x", status=status,
                           length=status[:3] not in ("204", "304")))
    site = uri(nginx, backend)
    body, why = left(site)
    assert body == page() and sum(why.values()) == 1


def test_uri_whose_location_has_error_pages(nginx, backend):
    """An error page of that location is no content, unless it says =200."""
    backend.on("/c", reply("bad", status="500 Oops"))
    site = uri(nginx, backend, more="proxy_intercept_errors on;"
               "error_page 500 /$arg_e;",
               slot="uri:/c?e=$arg_e", server="location /e/ { internal; }"
               "location = /ok { return 200 fallback; }")
    site.write("html/e/500.html", "<h1>500</h1>")
    assert left(site, "/page.html?e=e/500.html")[0] == page()
    site.reload(server=site.names["server"].replace("500 /", "500 =200 /"))
    assert left(site, "/page.html?e=ok") == (page("fallback"), {})


def test_uri_of_nobody(nginx):
    """Refused connections, refused locations: the page's own."""
    site = start(nginx, "uri:$arg_x", "location = /dead { proxy_pass "
                 "http://127.0.0.1:1; } location = /deny { deny all; }")
    for target in ("/dead", "/deny", "/none"):
        body, why = left(site, f"/page.html?x={target}")
        assert body == page() and sum(why.values()) == 1, target


def test_uri_of_the_page_itself(nginx):
    """A page that is its own slot's content ends somewhere, and is whole."""
    site = start(nginx, "uri:/page.html")
    body = site.get("/page.html").body
    assert body in (page(), page(page()))


def test_uri_too_slow(nginx, backend):
    """The location's own time-out decides how long a page may wait."""
    gate = Steps()
    backend.on("/c", lambda request, send: gate.wait(1))
    site = uri(nginx, backend, more="proxy_read_timeout 300ms;")
    body, why = left(site)
    gate.go(1)
    assert body == page() and sum(why.values()) == 1


@pytest.mark.parametrize("before", [0, 3000])
def test_uri_that_is_slow_holds_back_what_follows(nginx, backend, before):
    """What stands before the slot is with the visitor at once, however little
    it is."""
    gate = Steps()

    def slow(request, send):
        gate.wait("c")
        send(reply("slow"))

    backend.on("/c", slow)
    site = uri(nginx, backend)
    site.write("html/page.html", "." * before + PAGE)
    with Reader(site.address, "/page.html") as reader:
        reader.until(b"<div data-es-slot=\"hero\">")
        assert reader.silent()
        assert b"own" not in reader.body and b"after" not in reader.body
        gate.go("c")
        assert reader.rest() == b"." * before + page("slow")


@pytest.mark.parametrize("size, want", [(MAX, True), (MAX + 1, False),
                                        (3 * MAX, False)])
@pytest.mark.parametrize("way", ["length", "close"])
def test_uri_of_1_mb(nginx, backend, size, want, way):
    """1 MB is filled, a byte more is not."""
    backend.on("/c", reply(b"c" * size, length=way == "length"))
    site = uri(nginx, backend)
    assert left(site) == ((page(b"c" * size), {}) if want
                          else (page(), {"left.large": 1}))


def test_several_uris(nginx, backend):
    """Slots are filled in the page's order, whichever answers first."""
    gate = Steps()

    def answer(n):
        def late(request, send):
            gate.wait(n)
            send(reply(f"c{n}"))
        return late

    for n in (1, 2, 3):
        backend.on(f"/c/{n}", answer(n))
    site = nginx("", "exportsite on; location = /page.html { "
                 + "".join(f"exportsite_slot s{n} uri:/c/{n};"
                           for n in (1, 2, 3))
                 + "exportsite_slot four text:four; }"
                 "location /c/ { proxy_pass http://@up@; }", up=backend)
    page = ("".join(f"{n}<i data-es-slot=s{n}>{{{{s{n}:o{n}}}}}</i>"
                    for n in (3, 1, 2))
            + "<b data-es-slot=four>{{four:x}}</b>"
              "<i data-es-slot=s1>{{s1:y}}</i>z")
    site.write("html/page.html", slotsite.served(page))
    with Reader(site.address, "/page.html") as reader:
        until(lambda: all(backend.seen(f"/c/{n}") for n in (1, 2, 3)),
              what="all to be asked for")
        for n in (2, 1):
            gate.go(n)
        reader.silent()
        assert b"c1" not in reader.body and b"c2" not in reader.body
        gate.go(3)
        assert reader.rest() == slotsite.filled(
            page, {b"s1": b"c1", b"s2": b"c2", b"s3": b"c3",
                   b"four": b"four"})


URI_PAGE = ("<title>t</title><p data-es-slot=hero>{{hero:own <b>x</b>}}</p>"
            "<!-- es:third -->{{third:own}}<!-- /es:third -->text</head>"
            "<div data-es-slot=teaser>a <p>own</div><p data-es-slot=hero>"
            "{{hero:y}}</p><b data-es-slot=hero>{{hero:z}}</body>")


def test_uri_and_cuts(nginx, backend):
    """The same page whatever the cut, read or known; what fails stays."""
    backend.on("/c", reply("C"))
    site = nginx("", slotsite.cuts(
        "exportsite_slot hero uri:/c; exportsite_slot third text:T;"
        "exportsite_slot teaser uri:/none; exportsite_script /x.js;",
        (1, 2, 3, 5, 7, 11, 64, 4096, 0))
        + "location = /c { proxy_pass http://@up@; }", up=backend)
    site.write("html/page.html", slotsite.served(URI_PAGE))
    want = slotsite.filled(URI_PAGE, {b"hero": b"C", b"third": b"T"}).replace(
        b"</head>", b'<script src="/x.js" defer></script></head>')
    with site.session() as session:
        for size in (1, 2, 3, 5, 7, 11, 64, 4096, 0):
            for known in (False, True):
                got = session.get(f"/n{size}/page.html")
                assert got.body == want, (size, known)
        assert session.request("HEAD", "/n0/page.html").body == b""
        assert session.get("/n0/page.html").body == want


def test_uri_in_a_page_from_elsewhere(nginx, backend):
    """A page that trickles, and its slots' contents that do."""
    gate = Steps()

    def trickle(request, send):
        send(reply("", length=False))
        for n in range(0, len(URI_PAGE), 40):
            send(slotsite.served(URI_PAGE)[n:n + 40])
            gate.wait("page")

    def content(request, send):
        gate.wait("content")
        send(reply(chunks=[b"C" * 9000, b"D"]))

    backend.on("/page", trickle)
    backend.on("/c", content)
    site = nginx(
        "", "location = /page { exportsite on; proxy_pass http://@up@;"
        " exportsite_slot hero uri:/c; exportsite_slot third text:T;"
        " exportsite_slot teaser uri:/none; proxy_buffering off; }"
        "location = /c { proxy_pass http://@up@; proxy_http_version 1.1; }",
        up=backend)
    want = slotsite.filled(URI_PAGE, {b"hero": b"C" * 9000 + b"D",
                                      b"third": b"T"})
    with Reader(site.address, "/page", rcvbuf=4096) as reader:
        gate.go("page")
        until(lambda: backend.seen("/c"), what="the content to be asked for")
        gate.go("content")
        assert reader.rest() == want
    assert site.get("/page").body == want


def test_uri_with_ssi(nginx):
    """A content that SSI makes, in a page that SSI makes."""
    site = nginx(
        "exportsite on; ssi on;",
        "location /page/ { alias @html@/; exportsite_slot hero uri:/c.html; }"
        "location /plain/ { ssi off; exportsite off; alias @html@/; }")
    site.write("html/c.html", "<<!--#include virtual=\"/plain/in.html\" -->>")
    site.write("html/in.html", "inside")
    site.write("html/page.html", PAGE + "<!--#include virtual=\"/page/x.html\""
               " --><!--#include virtual=\"/plain/in.html\" -->")
    site.write("html/x.html", PAGE)
    for _ in range(2):
        assert site.get("/page/page.html").body == (
            page("<inside>") * 2 + b"inside")


@pytest.mark.parametrize("target", ["/c", "/none"])
def test_the_pages_own_filters(nginx, target):
    """What the page's location does to its text, it does to all of it: a
    slot's own content is text of the page, a uri's is not."""
    site = nginx(
        "exportsite on;",
        "location = /page.html { exportsite_slot hero uri:@target@;"
        " sub_filter_once off; sub_filter own OWN; sub_filter new NEW; }"
        "location = /c { return 200 'own new'; }"
        "location = /none { sub_filter own bad; return 404; }", target=target)
    site.write("html/page.html", PAGE + "own")
    got = site.get("/page.html").body
    if target == "/c":
        assert got in (page("own new") + b"OWN", page("OWN NEW") + b"OWN")
    else:
        assert got == page("OWN") + b"OWN"


def test_many_uris(nginx, backend):
    """As many as a page may have, and some more, several pages at once: each
    is a request of its own, so there are not as many as of others."""
    backend.on("/c", reply("C"))
    site = uri(nginx, backend)
    slot = "<i data-es-slot=hero>{{hero:own}}</i>"
    site.write("html/page.html", slotsite.served(slot * 140))
    want = (slotsite.filled(slot * 16, {b"hero": b"C"})
            + slotsite.served(slot * 124))
    readers = [Reader(site.address, "/page.html") for _ in range(3)]
    for reader in readers:
        assert reader.rest() == want
        reader.close()


def test_uri_in_a_pipeline(nginx, backend):
    """Pages asked for at once, on one connection."""
    backend.on("/c", reply("C"))
    site = uri(nginx, backend)
    one = b"GET /page.html HTTP/1.1\r\nHost: x\r\n\r\n"
    last = one.replace(b"Host", b"Connection: close\r\nHost")
    assert site.raw(one * 20 + last).count(b"\r\n1\r\nC\r\n") == 21


def test_only_what_the_page_has_is_asked_for(nginx, backend):
    """A slot that a page does not have costs no subrequest."""
    backend.on("/c", reply("c"))
    site = uri(nginx, backend)
    site.write("html/page.html", "<p>none</p>")
    assert site.get("/page.html").text == "<p>none</p>"
    assert backend.seen("/c") == []
    site.write("html/page.html", PAGE)
    assert site.get("/page.html").body == page("c")
    assert len(backend.seen("/c")) == 1


def test_content_is_not_searched(nginx, backend):
    """Marks in a uri's content are no slots, whether or not it has some."""
    content = ("<b data-es-slot=hero>x</b><!-- es:hero -->y<!-- /es:hero -->"
               "</head></body><script src=\"/x.js\" defer></script>")
    backend.on("/c", reply(content))
    site = nginx(
        "exportsite on; exportsite_slot hero uri:/c;"
        "exportsite_script /x.js;",
        "location = /c { proxy_pass http://@up@; }", up=backend)
    site.write("html/page.html", PAGE + "</body>")
    assert site.get("/page.html").body == page(content) + (
        b'<script src="/x.js" defer></script></body>')


def test_uri_is_a_subrequest_like_others(nginx, backend):
    """The content's request is a GET, without conditions or a body."""
    backend.on("/c", reply("c"))
    site = uri(nginx, backend)
    site.get("/page.html?secret=1", {
        "If-None-Match": '"x"', "Range": "bytes=0-1",
        "If-Modified-Since": "Thu, 01 Jan 1970 00:00:00 GMT", "Cookie": "a=b"})
    seen, = backend.seen("/c")
    assert seen.method == "GET" and seen.target == "/c"
    assert seen.header("Cookie") == "a=b"
    for name in ("If-None-Match", "Range", "If-Modified-Since"):
        assert seen.header(name) is None


def test_uri_in_a_posts_page(nginx, backend):
    """A page answered to a POST."""
    backend.on("/c", reply("c"))
    backend.on("/post.html", reply(PAGE))
    site = uri(nginx, backend, server="location = /post.html { "
               "exportsite_slot hero uri:/c; proxy_pass http://@up@; }")
    got = site.request("POST", "/post.html", body=b"x=1")
    assert got.body in (page(), page("c"))
    assert [r.method for r in backend.seen("/c")] in ([], ["GET"])


@pytest.mark.parametrize("gunzip", [False, True])
def test_uri_compressed(nginx, backend, gunzip):
    """Compressed content never gets into a page as it is."""
    backend.on("/c", reply(gzip.compress(b"c" * 500),
                           "Content-Encoding: gzip"))
    site = uri(nginx, backend, more="gunzip on;" if gunzip else "")
    for headers in ({}, {"Accept-Encoding": "gzip"}):
        body, why = left(site, headers=headers)
        if body == page("c" * 500):
            assert gunzip and not why
        else:
            assert body == page() and sum(why.values()) == 1


@pytest.mark.parametrize("how", ["short", "chunked", "header", "reset"])
@pytest.mark.parametrize("buffering", ["on", "off"])
def test_uri_that_dies_midway(nginx, backend, how, buffering):
    """Half a content is none."""
    half = {"short": reply(b"c" * 60000)[:-30000],
            "chunked": reply(chunks=[b"c" * 1000] * 9)[:-600],
            "header": b"HTTP/1.1 200 OK\r\nContent-Ty", "reset": b""}[how]
    backend.on("/c", half)
    site = uri(nginx, backend, more=f"proxy_buffering {buffering};")
    body, why = left(site)
    assert body == page() and sum(why.values()) == 1
    assert left(site)[0] == page()


def test_the_visitor_leaves(nginx, backend):
    """A visitor who leaves while a uri is waited for leaves no trace."""
    gate = Steps()
    backend.on("/c", lambda request, send: (gate.wait(1), send(reply("c"))))
    site = uri(nginx, backend)
    for n in range(5):
        with Reader(site.address, "/page.html"):
            until(lambda: len(backend.seen("/c")) > n, what="the request")
    gate.go(1)
    assert site.get("/page.html").body == page("c")


def test_a_slow_reader(nginx, backend):
    """A megabyte each for three slots, read slowly."""
    backend.on("/c", reply(b"c" * MAX))
    site = uri(nginx, backend)
    site.write("html/page.html", PAGE * 3)
    with Reader(site.address, "/page.html", rcvbuf=4096) as reader:
        reader.until(b"c")
        assert reader.rest() == page(b"c" * MAX) * 3


def test_many_at_once(nginx, backend):
    """Fifty visitors wait; each gets their own."""
    gate = Steps()

    def answer(request, send):
        gate.wait(1)
        send(reply(request.target.split("=")[1]))

    backend.on("/c", answer)
    site = uri(nginx, backend, slot="uri:/c?x=$arg_x")
    readers = [Reader(site.address, f"/page.html?x=v{n}") for n in range(50)]
    until(lambda: len(backend.seen("/c")) == 50, what="all to wait")
    gate.go(1)
    for n, reader in enumerate(readers):
        assert reader.rest() == page(f"v{n}")
        reader.close()


def test_a_reload_while_waiting(nginx, backend):
    """The old worker fills its page before it goes."""
    gate = Steps()
    backend.on("/c", lambda request, send: (gate.wait(1), send(reply("c"))))
    site = uri(nginx, backend)
    with Reader(site.address, "/page.html") as reader:
        until(lambda: backend.seen("/c"), what="the request")
        done = threading.Thread(target=site.reload)
        done.start()
        gate.go(1)
        assert reader.rest() == page("c")
        done.join()
    assert site.get("/page.html").body == page("c")
