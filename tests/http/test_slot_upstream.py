"""Pages that come from elsewhere: whole, in pieces, slowly, compressed."""

import gzip
import zlib

import pytest

import slotsite
import upstream
from slotsite import SLOTS, STATUS
from upstream import LAST, Reader, Steps, chunk, reply
from wait import until

backend = upstream.fixture(upstream.Upstream)
fastcgi = upstream.fixture(upstream.FastCGI)

WAYS = {
    "buffered": "", "unbuffered": "proxy_buffering off;",
    "small": "proxy_buffer_size 1k; proxy_buffers 4 1k;"
             "proxy_busy_buffers_size 2k;",
    "disk": "proxy_buffer_size 4k; proxy_buffers 2 4k;"
            "proxy_busy_buffers_size 4k; proxy_temp_file_write_size 8k;",
    "cached": "proxy_cache pages; proxy_cache_valid 1h;",
}

MARKED = ("<!doctype html><title>t</title><p data-es-slot=\"hero\">{{hero:own}}"
          "</p>\n" + "<p>filler</p>\n" * 50 + "<!-- es:teaser -->{{teaser:own}}"
          "<!-- /es:teaser -->\n" + "text &amp; text " * 4000
          + "<div data-es-slot=third>{{third:own<div>x</div>}}</div>")
WHOLE, WANT = slotsite.served(MARKED), slotsite.filled(MARKED)


def proxy(nginx, backend, way="buffered", more="", server="", **options):
    site = nginx(
        "proxy_cache_path @dir@/cache keys_zone=pages:1m;" + SLOTS,
        "location /up/ { exportsite on; proxy_pass http://@up@;"
        f" proxy_http_version 1.1; {WAYS[way]} {more} }}\n"
        + STATUS + server, up=backend, **options)
    site.write("html/c/teaser", slotsite.CONTENT[b"teaser"])
    return site


@pytest.mark.parametrize("way", WAYS)
def test_whole_pages(nginx, backend, way):
    """A page with a length, chunked, or until the end of the connection."""
    for name, data in (
            ("length", reply(WHOLE)), ("close", reply(WHOLE, length=False)),
            ("chunked", reply(chunks=[WHOLE])),
            ("chunks", reply(chunks=[WHOLE[n:n + 97]
                                     for n in range(0, len(WHOLE), 97)]))):
        backend.on(f"/up/{name}", data)
    site = proxy(nginx, backend, way)
    with site.session() as session:
        for _ in range(2):
            for name in ("length", "close", "chunked", "chunks"):
                got = session.get(f"/up/{name}")
                assert got.body == WANT, name
                assert got.header("Content-Length") is None
                assert got.header("Transfer-Encoding") == "chunked"


@pytest.mark.parametrize("way", WAYS)
def test_a_slow_reader(nginx, backend, way):
    """More than sockets hold, read slowly: nothing is lost, nothing stuck."""
    page = WHOLE * 40
    backend.on("/up/x", reply(page))
    site = proxy(nginx, backend, way)
    with Reader(site.address, "/up/x", rcvbuf=4096) as reader:
        reader.until(b"")
        # 120 slots, and 128 are filled at most
        assert reader.rest() == WANT * 40


@pytest.mark.parametrize("way", ["buffered", "unbuffered", "small"])
def test_bytes_that_come_one_by_one(nginx, backend, way):
    """Each byte in a packet of its own, or nearly so."""
    page = "<p data-es-slot=\"hero\">{{hero:own}}</p><!-- es:third -->" \
           "{{third:own}}<!-- /es:third --></html>"

    def drip(request, send):
        send(reply("", length=False))
        for byte in slotsite.served(page):
            send(bytes([byte]))

    backend.on("/up/x", drip)
    site = proxy(nginx, backend, way)
    assert site.get("/up/x").body == slotsite.filled(page)


# -- trickling

def trickle(backend, path, pieces, chunked):
    """An upstream that sends piece n once gate n is open."""
    gate = Steps()

    def answer(request, send):
        head = "Transfer-Encoding: chunked" if chunked else "X-Way: close"
        send(reply("", head, length=False))
        for n, piece in enumerate(pieces):
            gate.wait(n)
            send(chunk(piece) if chunked else piece)
        gate.wait(len(pieces))
        send(LAST if chunked else b"")

    backend.on(path, answer)
    return gate


@pytest.mark.parametrize("chunked", [True, False], ids=["chunked", "close"])
@pytest.mark.parametrize("script", [True, False], ids=["script", "none"])
def test_each_piece_is_passed_on(nginx, backend, chunked, script):
    """Every piece is with the visitor before the next is sent."""
    pieces = [b"<html><head>", b"<title>a</title>", b"text", b"<p cla",
              b"ss='x", b"'>", b"a < b", b"<!-- a comm", b"ent -->",
              b"<script>a = '<", b"b'</script>", b"<", b"i>", b"</", b"i>",
              b"<!-- es:", b"nosuch -->", b"x" * 5000, b"</ul>", b"."]
    gate = trickle(backend, "/up/x", pieces, chunked)
    site = proxy(nginx, backend, "unbuffered",
                 "exportsite_script /x.js;" if script else "")
    sent = b""
    with Reader(site.address, "/up/x") as reader:
        for n, piece in enumerate(pieces):
            gate.go(n)
            sent += piece
            held = len(sent) - sent.rindex(b"<")
            if script and sent[-held:] in (b"<", b"</"):
                reader.at_least(sent[:-held])
            else:
                reader.at_least(sent)
        gate.go(len(pieces))
        assert reader.rest() == sent


def test_only_what_may_be_an_end_of_head_waits(nginx, backend):
    """</hea waits for what follows, if a script is to stand before it."""
    pieces = [b"<html><head>a", b"</hea", b"der>b", b"</he", b"ad>c", b"</hea",
              b"d>d"]
    gate = trickle(backend, "/up/x", pieces, True)
    site = proxy(nginx, backend, "unbuffered", "exportsite_script /x.js;")
    with Reader(site.address, "/up/x") as reader:
        gate.go(0)
        reader.until(b"<head>a")
        gate.go(1)
        assert reader.silent()
        gate.go(2)
        reader.until(b"</header>b")
        gate.go(3)
        assert reader.silent()
        gate.go(4)
        reader.until(b'<script src="/x.js" defer></script></head>c')
        gate.go(5)
        gate.go(6)
        reader.until(b"</head>d")
        gate.go(7)


def test_a_slot_waits_for_its_end(nginx, backend):
    """What a slot encloses waits; what stands before and behind does not."""
    pieces = [b"a<p data-es-slot=hero>", b"own", b" and more</", b"p>b",
              b"<!-- es:third -->", b"own", b"<!-- /es:thi", b"rd -->",
              b"c"]
    gate = trickle(backend, "/up/x", pieces, True)
    site = proxy(nginx, backend, "unbuffered")
    with Reader(site.address, "/up/x") as reader:
        gate.go(0)
        reader.until(b"a<p data-es-slot=hero>")
        gate.go(1)
        gate.go(2)
        assert reader.silent()
        gate.go(3)
        reader.until(b">NEW</p>b")
        gate.go(4)
        reader.until(b"<!-- es:third -->")
        gate.go(5)
        gate.go(6)
        assert reader.silent()
        gate.go(7)
        reader.until(b"-->3<!-- /es:third -->")
        gate.go(8)
        assert reader.until(b"c").endswith(b"<!-- /es:third -->c")
        gate.go(9)


def test_a_slot_that_grows_too_long(nginx, backend):
    """At 32 KB what was held back goes out, and the rest passes at once."""
    pieces = [b"a<p data-es-slot=hero>", b"x" * 30000, b"y" * 4000, b"</p>b",
              b"<p data-es-slot=hero>c</p>"]
    gate = trickle(backend, "/up/x", pieces, True)
    site = proxy(nginx, backend, "unbuffered")
    with Reader(site.address, "/up/x") as reader:
        gate.go(0)
        reader.until(b"hero>")
        gate.go(1)
        assert reader.silent()
        for n in (2, 3, 4):
            gate.go(n)
            reader.at_least(b"".join(pieces[:n + 1]))
        gate.go(5)
    until(lambda: slotsite.counts(site)["left.long"] == 1, what="the count")


@pytest.mark.parametrize("way", ["buffered", "unbuffered"])
@pytest.mark.parametrize("page", [
    b"text<p data-es-slot=hero>own", b"text<!-- es:hero -->own", b"text</hea",
    b"text<p data-es-", b"text"])
def test_an_upstream_that_dies(nginx, backend, way, page):
    """A page that breaks off: what came is passed on, and it ends as such."""
    backend.on("/up/x", reply("", "Transfer-Encoding: chunked", length=False)
               + chunk(page))
    backend.on("/up/next", reply("<p data-es-slot=hero>x</p>"))
    site = proxy(nginx, backend, way, "exportsite_script /x.js;")
    raw = site.raw(b"GET /up/x HTTP/1.1\r\nHost: x\r\nConnection: close"
                   b"\r\n\r\n")
    assert b" 200 " in raw[:20]
    assert not raw.endswith(LAST)
    assert b"text" in raw
    assert site.get("/up/next").text == "<p data-es-slot=hero>NEW</p>"


def test_a_visitor_that_leaves(nginx, backend):
    """Leaving in the middle of a page, of a slot: no trace of it."""
    pieces = [b"a<p data-es-slot=hero>", b"own", b"</p>"]
    gate = trickle(backend, "/up/x", pieces, True)
    backend.on("/up/y", reply(WHOLE * 40))
    site = proxy(nginx, backend, "unbuffered")
    for target in ["/up/x", "/up/y"] * 3:
        with Reader(site.address, target, rcvbuf=4096) as reader:
            gate.go(0)
            reader.until(b"")
    for n in (1, 2, 3):
        gate.go(n)
    assert site.get("/up/x").text == "a<p data-es-slot=hero>NEW</p>"


# -- compressed

def squeezed(how, page=WHOLE):
    if how == "gzip":
        return gzip.compress(page)
    if how == "gzip-in-two":
        half = len(page) // 2
        return gzip.compress(page[:half]) + gzip.compress(page[half:])
    return zlib.compress(page)


CLIENTS = [{}, {"Accept-Encoding": "gzip"},
           {"Accept-Encoding": "gzip, deflate, br"},
           {"Accept-Encoding": "identity"}]


@pytest.mark.parametrize("way", WAYS)
def test_gzip_with_gunzip(nginx, backend, way):
    """`gunzip on`: decoded for everybody, filled, and sent as it is."""
    backend.on("/up/x", reply(squeezed("gzip"), "Content-Encoding: gzip",
                              "ETag: \"x\""))
    site = proxy(nginx, backend, way, "gunzip on;")
    for headers in CLIENTS:
        got = site.get("/up/x", headers)
        assert got.header("Content-Encoding") is None, headers
        assert got.body == WANT, headers
        assert got.header("Content-Length") is None
    assert slotsite.counts(site)["passed.compressed"] == 0
    assert "gunzip" not in site.log()


def test_gunzip_and_gzip(nginx, backend):
    """Decoded, filled, and compressed again by nginx."""
    backend.on("/up/x", reply(squeezed("gzip"), "Content-Encoding: gzip"))
    site = proxy(nginx, backend, "buffered",
                 "gunzip on; gzip on; gzip_proxied any;")
    got = site.get("/up/x", {"Accept-Encoding": "gzip"})
    assert got.header("Content-Encoding") == "gzip"
    assert gzip.decompress(got.body) == WANT
    assert site.get("/up/x").body == WANT


@pytest.mark.parametrize("how, name", [
    ("gzip", "gzip"), ("gzip", "x-gzip"), ("deflate", "deflate"),
    ("br", "br"), ("zstd", "zstd")])
def test_without_gunzip(nginx, backend, how, name):
    """Passed as it is, counted each time, and said once how to change it."""
    data = squeezed(how)
    backend.on("/up/x", reply(
        data, f"Content-Encoding: {name}", "ETag: \"x\"",
        "Last-Modified: Thu, 01 Jan 2015 00:00:00 GMT"))
    site = proxy(nginx, backend)
    for n in range(1, 6):
        got = site.get("/up/x", {"Accept-Encoding": name})
        assert got.body == data
        assert got.header("Content-Encoding") == name
        assert slotsite.counts(site)["passed.compressed"] == n
    lines = [line for line in site.log().splitlines()
             if "exportsite" in line and "compressed" in line.lower()
             or "gunzip on" in line]
    assert len(lines) == 1, lines
    if how == "gzip":
        assert "gunzip on" in lines[0]
        assert "[warn]" in lines[0] or "[error]" in lines[0] \
            or "[notice]" in lines[0]


def test_what_gunzip_cannot_decode(nginx, backend):
    """`gunzip on` and another encoding, or none: passed, and no crash."""
    site = proxy(nginx, backend, "buffered", "gunzip on;")
    backend.on("/up/br", reply(b"\x1b\x07\0", "Content-Encoding: br"))
    assert site.get("/up/br").body == b"\x1b\x07\0"
    backend.on("/up/identity", reply(WHOLE, "Content-Encoding: identity"))
    assert site.get("/up/identity").body in (WANT, WHOLE)
    backend.on("/up/bad", reply(b"no gzip at all", "Content-Encoding: gzip"))
    raw = site.raw(b"GET /up/bad HTTP/1.0\r\n\r\n")
    assert b"no gzip" not in raw
    backend.on("/up/cut", reply(squeezed("gzip")[:-20],
                                "Content-Encoding: gzip"))
    site.raw(b"GET /up/cut HTTP/1.0\r\n\r\n")
    backend.on("/up/good", reply(squeezed("gzip"), "Content-Encoding: gzip"))
    assert site.get("/up/good").body == WANT


def test_what_is_no_page_stays_compressed(nginx, backend):
    """gunzip for clients that take gzip is for pages only."""
    data = gzip.compress(b"p { }")
    backend.on("/up/x.css", reply(data, "Content-Encoding: gzip",
                                  type="text/css"))
    backend.on("/up/lost", reply(data, "Content-Encoding: gzip",
                                 status="404 Not Found"))
    site = proxy(nginx, backend, "buffered", "gunzip on;")
    for path in ("/up/x.css", "/up/lost"):
        got = site.get(path, {"Accept-Encoding": "gzip"})
        assert got.header("Content-Encoding") == "gzip", path
        assert got.body == data, path
    assert slotsite.counts(site)["passed.compressed"] == 0


def test_gzip_static(nginx):
    """gzip_static's ready-made pages are compressed pages, too."""
    site = nginx(SLOTS, "exportsite on; gzip_static on;"
                 "location /un/ { alias @html@/; gunzip on;"
                 " gzip_static always; }" + STATUS)
    site.write("html/c/teaser", slotsite.CONTENT[b"teaser"])
    slotsite.put(site, "x.html", MARKED)
    data = squeezed("gzip")
    site.write("html/x.html.gz", data)
    assert site.get("/x.html").body == WANT
    assert site.get("/x.html", {"Accept-Encoding": "gzip"}).body == data
    assert slotsite.counts(site)["passed.compressed"] == 1
    for headers in CLIENTS:
        assert site.get("/un/x.html", headers).body == WANT
    tag = site.get("/un/x.html").header("ETag")
    assert tag.startswith("W/")
    assert site.get("/un/x.html", {"If-None-Match": tag}).status == 304


# -- encodings

@pytest.mark.parametrize("data, headers", [
    (b"\xff\xfe" + MARKED.encode("utf-16-le"), {}),
    (b"\xfe\xff" + MARKED.encode("utf-16-be"), {}),
    (b"\xff\xfe\0\0" + MARKED.encode("utf-32-le"), {}),
    (WHOLE, {"type": "text/html; charset=utf-16"}),
    (WHOLE, {"type": "text/html; charset=\"UTF-16LE\""}),
    (WHOLE, {"type": "text/html;charset=UTF-16BE"}),
    (WHOLE, {"type": "text/html; charset=utf-7"}),
    (WHOLE, {"type": "text/html; charset=iso-2022-jp"})],
    ids=["le", "be", "utf-32", "charset", "quoted", "big", "utf-7", "jp"])
@pytest.mark.parametrize("way", ["buffered", "unbuffered"])
def test_utf_16(nginx, backend, data, headers, way):
    """Not ASCII's: passes untouched, and is counted."""
    backend.on("/up/x", reply(data, **headers))
    site = proxy(nginx, backend, way, "exportsite_script /x.js;")
    before = slotsite.counts(site)
    assert site.get("/up/x").body == data
    got = slotsite.moved(before, slotsite.counts(site))
    assert got["passed.encoding"] == 1
    assert "filled" not in got and "scripts" not in got


def test_a_bom_that_comes_in_two(nginx, backend):
    """Half of UTF-16's mark, a pause, the other half."""
    page = b"\xff\xfe" + MARKED.encode("utf-16-le")
    gate = trickle(backend, "/up/x", [page[:1], page[1:]], True)
    site = proxy(nginx, backend, "unbuffered")
    with Reader(site.address, "/up/x") as reader:
        gate.go(0)
        until(lambda: backend.seen("/up/x"), what="the request")
        reader.silent(0.1)
        gate.go(1)
        gate.go(2)
        assert reader.rest() == page
    assert slotsite.counts(site)["passed.encoding"] == 1


@pytest.mark.parametrize("charset", ["utf-8", "iso-8859-1", "windows-1252",
                                     "shift_jis", "gb18030", "us-ascii"])
def test_other_charsets_are_filled(nginx, backend, charset):
    """Whatever has ASCII's bytes for ASCII's letters."""
    backend.on("/up/x", reply(WHOLE, type=f"text/html; charset={charset}"))
    site = proxy(nginx, backend)
    assert site.get("/up/x").body == WANT


# -- FastCGI

@pytest.mark.parametrize("buffering", ["on", "off"])
def test_fastcgi(nginx, fastcgi, buffering):
    """A page by FastCGI, whole and in pieces."""
    head = b"Content-Type: text/html\r\nETag: \"v1\"\r\n\r\n"

    def pieces(request, send):
        send(head)
        for n in range(0, len(WHOLE), 1000):
            send(WHOLE[n:n + 1000])

    fastcgi.on("/whole", head + WHOLE)
    fastcgi.on("/pieces", pieces)
    fastcgi.on("/empty", head)
    site = nginx(SLOTS + "exportsite on;", "location / { fastcgi_pass @up@;"
                 f"fastcgi_buffering {buffering};"
                 "fastcgi_param REQUEST_METHOD $request_method;"
                 "fastcgi_param REQUEST_URI $request_uri; }", up=fastcgi)
    site.write("html/c/teaser", slotsite.CONTENT[b"teaser"])
    for path in ("/whole", "/pieces"):
        got = site.get(path, {"Range": "bytes=0-1", "If-None-Match": "\"v1\"",
                              "If-Modified-Since":
                              "Thu, 01 Jan 2015 00:00:00 GMT"})
        assert got.status == 200 and got.body == WANT
        assert got.header("ETag").startswith("W/")
        request, = fastcgi.seen(path)
        names = {name.lower() for name, _ in request.headers}
        assert "host" in names
        assert not names & {"range", "if-none-match", "if-modified-since"}
        assert site.get(path, {"If-None-Match": got.header("ETag")}
                        ).status == 304
    assert site.get("/empty").body == b""


# -- keep-alive, errors

def test_an_empty_page(nginx, backend):
    """No bytes at all."""
    for name, data in (("length", reply("")), ("chunked", reply(chunks=[])),
                       ("close", reply("", length=False))):
        backend.on(f"/up/{name}", data)
    site = proxy(nginx, backend)
    with site.session() as session:
        for name in ("length", "chunked", "close") * 2:
            got = session.get(f"/up/{name}")
            assert (got.status, got.body) == (200, b"")


def test_upstream_errors(nginx, backend):
    """502 and 504 are nginx's own pages; the next page is filled again."""
    gate = Steps()
    backend.on("/up/slow", lambda request, send: gate.wait(1))
    backend.on("/up/none", b"")
    backend.on("/up/x", reply(WHOLE))
    site = proxy(nginx, backend, "buffered", "proxy_read_timeout 200ms;")
    assert site.get("/up/none").status == 502
    assert site.get("/up/slow").status == 504
    gate.go(1)
    assert site.get("/up/x").body == WANT


def test_next_upstream(nginx, backend):
    """Another server answers; it does not see conditions either."""
    backend.on("/up/x", reply(WHOLE, "ETag: \"v1\""))
    site = nginx(SLOTS + "exportsite on;"
                 "upstream two { server 127.0.0.1:1; server @up@ backup; }",
                 "location /up/ { proxy_pass http://two; }", up=backend)
    site.write("html/c/teaser", slotsite.CONTENT[b"teaser"])
    got = site.get("/up/x", {"If-None-Match": "\"v1\"", "Range": "bytes=0-1"})
    assert got.status == 200 and got.body == WANT
    assert backend.seen("/up/x")[0].header("Range") is None
