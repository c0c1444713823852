"""Slots beside nginx's other modules, protocols and ways of a request."""

import gzip
import os
import shutil
import socket
import struct
import subprocess

import pytest

import slotsite
import upstream
from slotsite import STATUS
from upstream import reply
from wait import until

backend = upstream.fixture(upstream.Upstream, "module")

PAGE = "<h1 data-es-slot=\"hero\">own</h1><p>rest</p>"
NEW = PAGE.replace("own", "NEW")
SLOT = "exportsite_slot hero text:NEW;\n"


@pytest.fixture(scope="module")
def site(module_nginx, backend):
    site = module_nginx(
        SLOT + "exportsite on;"
        "charset_map iso-8859-15 utf-8 { E4 C3A4; }"
        "upstream own { server 127.0.0.1:@port@; }",
        """
        location /ssi/ { ssi on; alias @html@/; }
        location /raw/ { exportsite off; alias @html@/; }
        location /sub/ { sub_filter 'NEW' 'SUBBED'; sub_filter 'rest' 'REST';
                         sub_filter 'own' 'OWN'; alias @html@/; }
        location /gzip/ { gzip on; gzip_min_length 1; gzip_comp_level 9;
                          alias @html@/; }
        location /add/ { add_before_body /raw/page.html;
                         add_after_body /page.html; alias @html@/; }
        location /charset/ { charset utf-8; source_charset iso-8859-15;
                             alias @html@/; }
        location /limit/ { limit_rate 100k; alias @html@/; }
        location /headers/ { add_header X-More more; expires 1h;
                             alias @html@/; }
        location /empty/ { empty_gif; }
        location /return { default_type text/html; return 200 '"""
        + PAGE + """'; }
        location /echo/ { proxy_pass http://@up@; }
        location /err/ { error_page 404 /page.html;
                         error_page 403 =200 /page.html;
                         error_page 405 = /page.html;
                         alias @html@/none/;
                         location /err/403 { return 403; }
                         location /err/405 { return 405; } }
        location /nourl { error_page 404 =200 @named; return 404; }
        location @named { exportsite_slot hero text:NAMED;
                          rewrite ^ /page.html break; }
        location /try/ { exportsite_slot hero text:TRY;
                         try_files $uri.none /page.html; }
        location /trynamed/ { try_files $uri @named; }
        location /rewrite/ { exportsite_slot hero text:REWRITE;
                             rewrite ^ /page.html last; }
        location /break/ { exportsite_slot hero text:BREAK;
                           rewrite ^ /page.html break; }
        location /index/ { alias @html@/; index page.html; }
        location /accel/ { proxy_pass http://@up@;
                           exportsite_slot hero text:ACCEL; }
        location /inside/ { internal; exportsite_slot hero text:INSIDE;
                            alias @html@/; }
        location /offinside/ { internal; exportsite off; alias @html@/; }
        location /auth/ { auth_request /allow; alias @html@/; }
        location = /allow { return 200 'x'; }
        location /mirror/ { mirror /page.html; alias @html@/; }
        location /slice/ { slice 1k; proxy_pass http://own/raw/;
                           proxy_set_header Range $slice_range; }
        location /if/ { alias @html@/; if ($arg_x) { set $x 1; } }
        location /dead/ { proxy_pass http://127.0.0.1:1;
                          error_page 502 =200 /page.html; }
        """ + STATUS, up=backend)
    site.write("html/page.html", PAGE)
    site.write("html/ssi.html", "a<!--#include virtual=\"/page.html\" -->b"
               "<!--# include virtual=\"/raw/page.html\" -->c"
               "<p data-es-slot=hero>own</p><!--#echo var=\"arg_x\" -->")
    site.write("html/wait.html", "a<!--#include virtual=\"/page.html\" "
               "wait=\"yes\" --><i data-es-slot=hero>own</i>"
               "<!--#include virtual=\"/ssi/ssi.html\" -->z")
    site.write("html/several.html", (PAGE + "<!-- es:hero -->x<!-- /es:hero -->"
                                     + "<b data-es-slot=hero>y</b>") * 30)
    site.write("html/big.html", PAGE + "x" * 300_000 + PAGE)
    site.write("html/charset.html", "<p>\u00e4</p>".encode("latin-1")
               + PAGE.encode())
    os.mkdir(site.path("html/none"), 0o755)
    return site


def test_several_of_one_slot(site):
    """A slot may stand in a page many times: each is filled."""
    text = site.get("/several.html").text
    assert text == (NEW + "<!-- es:hero -->NEW<!-- /es:hero -->"
                    "<b data-es-slot=hero>NEW</b>") * 30


def test_ssi(site):
    """Includes are pages, too; and a page around them is one."""
    assert site.get("/ssi/ssi.html?x=1").text == (
        f"a{NEW}b{PAGE}c<p data-es-slot=hero>NEW</p>1")
    assert site.get("/ssi/wait.html?x=1").text == (
        f"a{NEW}<i data-es-slot=hero>NEW</i>"
        f"a{NEW}b{PAGE}c<p data-es-slot=hero>NEW</p>(none)z")


def test_ssi_of_a_proxied_page(site, backend):
    """An include that comes from elsewhere, later."""
    backend.on("/echo/x", reply(PAGE))
    site.write("html/ssi-up.html", "a<!--#include virtual=\"/echo/x\" -->b"
               "<p data-es-slot=hero>own</p>"
               "<!--#include virtual=\"/echo/x\" -->c")
    assert site.get("/ssi/ssi-up.html").text == (
        f"a{NEW}b<p data-es-slot=hero>NEW</p>{NEW}c")


def test_sub_filter(site):
    """sub_filter sees the page as it is filled."""
    assert site.get("/sub/page.html").text == PAGE.replace(
        "own", "SUBBED").replace("rest", "REST")


def test_gzip(site):
    """Compressed after it was filled; the ETag stays right."""
    got = site.get("/gzip/big.html", {"Accept-Encoding": "gzip"})
    assert got.header("Content-Encoding") == "gzip"
    assert gzip.decompress(got.body).decode() == (
        NEW + "x" * 300_000 + NEW)
    tag = got.header("ETag")
    assert tag.startswith("W/") and tag == site.get(
        "/gzip/big.html").header("ETag")
    assert site.get("/gzip/big.html", {
        "Accept-Encoding": "gzip", "If-None-Match": tag}).status == 304


def test_addition(site):
    """What is added is not ours, unless it is a page of ours."""
    site.write("html/unread.html", PAGE)
    assert site.get("/add/unread.html").text == PAGE + NEW + NEW
    assert site.get("/add/page.html").text == PAGE + NEW + NEW


def test_charset(site):
    """The charset filter recodes the page around the slot."""
    got = site.get("/charset/charset.html")
    assert got.header("Content-Type") == "text/html; charset=utf-8"
    assert got.text == "<p>\u00e4</p>" + NEW


def test_headers(site):
    """add_header and expires are as ever."""
    got = site.get("/headers/page.html")
    assert got.text == NEW and got.header("X-More") == "more"
    assert "max-age=3600" in ",".join(got.all("Cache-Control"))


def test_return(site):
    """A page made by `return`."""
    got = site.get("/return")
    assert got.text == NEW and got.header("Content-Length") is None


def test_limit_rate(site):
    """A page that is sent slowly."""
    with upstream.Reader(site.address, "/limit/big.html",
                         "Connection: close", rcvbuf=8192) as reader:
        reader.until(b"x")
        assert reader.body.startswith(NEW[:20].encode())


@pytest.mark.parametrize("path, status, want", [
    ("/err/none.html", 404, PAGE), ("/err/403", 200, NEW),
    ("/err/405", 200, NEW),
    ("/nourl", 200, PAGE.replace("own", "NAMED")),
    ("/dead/x", 200, NEW),
    ("/try/x", 200, NEW),
    ("/trynamed/x", 200, PAGE.replace("own", "NAMED")),
    ("/rewrite/x", 200, NEW),
    ("/break/x", 200, PAGE.replace("own", "BREAK")),
    ("/index/", 200, NEW), ("/auth/page.html", 200, NEW),
    ("/mirror/page.html", 200, NEW),
    ("/if/page.html?x=1", 200, NEW),
    ("/if/page.html", 200, NEW),
    ("/none.html", 404, None)])
def test_ways_of_a_request(site, path, status, want):
    """The slots are those of the location where the request ends up; only a
    200 has some."""
    got = site.get(path)
    assert got.status == status
    if want is not None:
        assert got.text == want
        assert (got.header("Content-Length") is None) is (status == 200)


@pytest.mark.parametrize("target, want", [
    ("/inside/page.html", PAGE.replace("own", "INSIDE")),
    ("/offinside/page.html", PAGE), ("/page.html", NEW),
    ("/return", NEW)])
def test_x_accel_redirect(site, backend, target, want):
    """X-Accel-Redirect ends in another location: its slots, or none; a file
    of a location without slots has its ranges, one with them has not."""
    backend.on("/accel/x", reply("not this", f"X-Accel-Redirect: {target}",
                                 "ETag: \"up\""))
    got = site.get("/accel/x")
    assert got.status == 200 and got.text == want
    tag = got.header("ETag")
    if tag and want != PAGE:
        assert tag.startswith("W/")
        assert site.get("/accel/x", {"If-None-Match": tag}).status == 304
        assert site.get("/accel/x", {"Range": "bytes=0-3"}).text == want


def test_slice(site):
    """Pages fetched in slices, by ranges that nginx makes, are whole: all
    filled, or all the page's own with the page's own header."""
    got = site.get("/slice/big.html")
    assert got.status == 200
    page = NEW if got.header("Last-Modified") is None else PAGE
    assert got.text == page + "x" * 300_000 + page


def test_http_10(site):
    """HTTP/1.0: the page until the end of the connection."""
    for line in (b"GET /page.html HTTP/1.0\r\n\r\n",
                 b"GET /page.html HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"):
        raw = site.raw(line)
        head, body = raw.split(b"\r\n\r\n", 1)
        assert body == NEW.encode()
        assert b"Content-Length" not in head
        assert b"Transfer-Encoding" not in head


def test_http_09(site):
    """HTTP/0.9: the page and nothing else."""
    assert site.raw(b"GET /page.html\r\n") == NEW.encode()


def test_head(site):
    """HEAD of pages of every kind: no body, and the connection goes on."""
    with site.session() as session:
        for path in ("/page.html", "/return", "/gzip/big.html",
                     "/ssi/ssi.html", "/sub/page.html", "/add/page.html",
                     "/trynamed/x"):
            got = session.request("HEAD", path)
            assert (got.status, got.body) == (200, b""), path
            assert got.header("Content-Length") is None, path
            assert session.get("/page.html").text == NEW


def test_pipelining(site):
    """Requests that come at once are answered in order."""
    one = b"GET /page.html HTTP/1.1\r\nHost: x\r\n\r\n"
    raw = site.raw(one * 50 + one.replace(b"Host", b"Connection: close\r\nHost"))
    assert raw.count(NEW.encode()) == 51
    assert b"own" not in raw


def test_post(site, backend):
    """A POST's answer is left alone or filled, and whole in any case."""
    backend.on("/echo/post", reply(PAGE))
    assert site.request("POST", "/echo/post", body=b"x=1").text in (PAGE, NEW)


# -- HTTP/2

class Streams:
    """As much of an HTTP/2 client as asks for pages, many at once."""

    def __init__(self, port):
        self.sock = socket.create_connection(("127.0.0.1", port), 10)
        self.file = self.sock.makefile("rb")
        self.next = 1
        self.sock.sendall(
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
            + self.frame(4, 0, 0, struct.pack(">HI", 4, 2**31 - 1))
            + self.frame(8, 0, 0, struct.pack(">I", 2**30)))

    @staticmethod
    def frame(kind, flags, stream, data=b""):
        return (len(data).to_bytes(3, "big") + bytes([kind, flags])
                + stream.to_bytes(4, "big") + data)

    def ask(self, *paths):
        """The bodies of pages that are asked for at once."""
        bodies, left = {}, set()
        for path in paths:
            fields = (b"\x82\x86\x41\x09localhost\x04"
                      + bytes([len(path)]) + path.encode())
            self.sock.sendall(self.frame(1, 5, self.next, fields))
            bodies[self.next] = b""
            left.add(self.next)
            self.next += 2
        while left:
            head = self.file.read(9)
            assert len(head) == 9, "it hung up"
            data = self.file.read(int.from_bytes(head[:3], "big"))
            kind, flags = head[3], head[4]
            stream = int.from_bytes(head[5:], "big")
            assert kind not in (3, 7), "a stream was reset"
            if kind == 0:
                bodies[stream] += data
            if kind in (0, 1) and flags & 1:
                left.discard(stream)
        return [body.decode() for body in bodies.values()]

    def close(self):
        self.file.close()
        self.sock.close()


@pytest.fixture(scope="module")
def http2(module_nginx, backend):
    backend.on("/up/x", reply(chunks=[PAGE.encode()] * 9))
    site = module_nginx(SLOT + "exportsite on;",
                        "location /up/ { proxy_pass http://@up@; }",
                        listen="127.0.0.1:@port@ http2", up=backend)
    site.write("html/page.html", PAGE)
    site.write("html/big.html", PAGE + "x" * 300_000 + PAGE)
    return site


def test_http_2(http2):
    """HTTP/2: the same pages, one by one and many at once."""
    wants = {"/page.html": NEW, "/up/x": NEW * 9,
             "/big.html": NEW + "x" * 300_000 + NEW}
    streams = Streams(http2.port)
    for path, want in wants.items():
        assert streams.ask(path) == [want]
    assert streams.ask(*list(wants) * 20) == list(wants.values()) * 20
    streams.close()


@pytest.mark.skipif(not shutil.which("curl"), reason="no curl")
def test_http_2_header(http2):
    """HTTP/2: HEAD, 304, and no ranges."""
    def curl(*args):
        done = subprocess.run(
            ["curl", "-s", "--http2-prior-knowledge", "--max-time", "20",
             *args, f"http://127.0.0.1:{http2.port}/page.html"],
            capture_output=True, text=True)
        assert done.returncode == 0, done
        return done.stdout

    head = curl("-I")
    assert "HTTP/2 200" in head and "content-length" not in head
    tag = head.split("etag: ")[1].split("\n")[0].strip()
    assert tag.startswith("W/")
    assert "HTTP/2 304" in curl("-i", "-H", f"If-None-Match: {tag}")
    part = curl("-i", "-H", "Range: bytes=0-3")
    assert "HTTP/2 200" in part and part.endswith(NEW)


def test_views_with_slots(redis, nginx, mmdb):
    """Slots and what else the module does go together: cookie, event, 304."""
    site = nginx(
        "exportsite_redis @redis@ timeout=1s; exportsite_geo @world@;"
        "exportsite_secret @dir@/secret; exportsite_consent on;"
        "exportsite_choose $hero { 'country = AT' servus; default hello; }",
        "location / { exportsite on; exportsite_slot hero text:$hero; }",
        redis=redis, world=mmdb.world())
    site.write("html/page.html", PAGE)
    austria = {"X-Forwarded-For": "192.0.2.1"}
    got = site.get("/page.html", austria)
    assert got.text == PAGE.replace("own", "servus")
    assert got.cookie("es_vid")
    austria["If-None-Match"] = got.header("ETag")
    assert site.get("/page.html", austria).status == 304
    assert site.get("/page.html", {"If-None-Match": got.header("ETag")}
                    ).text == PAGE.replace("own", "hello")
    events = redis.events(3)
    assert [(e["status"], e["variants"]) for e in events] == [
        ("200", "hero=servus"), ("304", "hero=servus"),
        ("200", "hero=hello")]


def test_reload(nginx):
    """Other slots after a reload, with none lost in between."""
    site = nginx("exportsite on; exportsite_slot hero text:@word@;",
                 word="one")
    site.write("html/page.html", PAGE)
    assert ">one<" in site.get("/page.html").text
    tag = site.get("/page.html").header("ETag")
    site.reload(word="two")
    assert ">two<" in site.get("/page.html", {"If-None-Match": tag}).text


def test_status_over_workers(nginx):
    """The counters are those of all workers."""
    site = nginx("exportsite on;" + SLOT, STATUS, workers=2)
    site.write("html/page.html", PAGE)
    for _ in range(20):
        assert site.get("/page.html").text == NEW
    got = until(lambda: (lambda c: c["pages"] == 20 and c)(
        slotsite.counts(site)), what="twenty pages")
    assert got["filled"] == got["seen"] == 20
    assert len(PAGE) <= got["bytes"] <= 20 * len(PAGE)


def test_status_is_empty_at_first(nginx):
    """Every counter is there before anything was counted."""
    site = nginx("", STATUS)
    assert set(slotsite.counts(site).values()) == {0}


SUBS = "/usr/lib/nginx/modules/ngx_http_subs_filter_module.so"
MANY = "".join(f"<p>line {n}</p>\n" for n in range(9000))


def test_a_filter_before_ours(nginx):
    """A module that changes pages before our filter sees them: what is known
    of a file is used only as far as the file goes."""
    assert os.path.exists(SUBS), "libnginx-mod-http-subs-filter is missing"
    site = nginx(
        "exportsite on; sendfile off;",
        SLOT + STATUS + """
        location /plain/ { alias @html@/; }
        location /subs/ { subs_filter rest 'quite another rest';
                          alias @html@/; }
        location /late/ { subs_filter 'line 8000' mark; alias @html@/; }
        location /made/ { subs_filter '<p>rest' '<p data-es-slot=hero>';
                          alias @html@/; }
        """, main=f"load_module {SUBS};")
    site.write("html/page.html", PAGE)
    site.write("html/none.html", "<p>rest</p>")
    site.write("html/many.html", MANY + PAGE)
    for _ in range(3):
        assert site.get("/plain/page.html").text == NEW
        assert site.get("/plain/none.html").text == "<p>rest</p>"
        assert site.get("/plain/many.html").text == MANY + NEW
        assert site.get("/subs/page.html").text == NEW.replace(
            "rest", "quite another rest")
        assert site.get("/late/many.html").text == MANY.replace(
            "line 8000", "mark") + NEW
        assert site.get("/made/none.html").text == (
            "<p data-es-slot=hero>NEW</p>")

    def remembered():
        read = site.json()["slots"]["bytes"]
        assert site.get("/plain/many.html").text == MANY + NEW
        return site.json()["slots"]["bytes"] == read

    until(remembered, 8, "the page to be remembered", every=0.3)
    read = site.json()["slots"]["bytes"]
    assert site.get("/late/many.html").text.endswith(NEW)
    assert site.json()["slots"]["bytes"] > read
