"""What an attack on slots found, and may not find again."""

import gzip
import os
import time

import pytest

import slotsite
import upstream
from slotsite import STATUS
from upstream import Reader, reply
from wait import until

backend = upstream.fixture(upstream.Upstream)

PAGE = "<p>a</p><div data-es-slot=\"hero\">own</div><p>b</p>"
NEW = PAGE.replace("own", "NEW")


def start(nginx, backend, slot, server="", http=""):
    site = nginx(
        http, "exportsite on; exportsite_slot hero " + slot + ";"
        "location /up/ { proxy_pass http://@up@; }"
        "location /c/ { exportsite off; proxy_pass http://@up@; }"
        + STATUS + server, up=backend)
    site.write("html/page.html", PAGE)
    return site


# -- conditions

@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE", "PATCH"])
@pytest.mark.parametrize("type", ["text/html", "application/json"])
def test_conditions_of_changes_are_passed_on(nginx, backend, method, type):
    """"Only if there is none yet" is for the upstream to decide."""
    site = start(nginx, backend, "text:NEW")
    backend.on("/up/doc", reply(PAGE, 'ETag: "v1"', type=type))
    got = site.request(method, "/up/doc",
                       {"If-None-Match": "*", "If-Match": '"v1"'}, body=b"x")
    assert got.status == 200
    assert got.text == (NEW if type == "text/html" else PAGE)
    request, = backend.requests
    assert request.header("If-None-Match") == "*"
    assert request.header("If-Match") == '"v1"'


@pytest.mark.parametrize("name", ["If-Match", "If-Unmodified-Since"])
def test_an_upstream_is_asked_for_the_whole_page(nginx, backend, name):
    site = start(nginx, backend, "text:NEW")
    backend.on("/up/page", reply(PAGE, 'ETag: "v1"'))
    site.get("/up/page", {name: '"v1"'})
    assert backend.requests[0].header(name) is None


def test_a_star_matches_no_uri(nginx, backend):
    """A page without an ETag is never said to be the same."""
    site = start(nginx, backend, "uri:/c/new")
    backend.on("/c/new", reply("NEW"))
    got = site.get("/page.html", {"If-None-Match": "*"})
    assert (got.status, got.text) == (200, NEW)


# -- uri:

@pytest.mark.parametrize("status", [204, 301, 400, 403, 404, 408, 413, 444,
                                    499, 500, 502, 503, 504])
def test_no_answer_of_a_uri_ends_the_page(nginx, backend, status):
    site = start(nginx, backend, "uri:/answer",
                 f"location = /answer {{ return {status}; }}")
    for _ in range(2):
        assert site.get("/page.html").text == PAGE


def broken():
    good = gzip.compress(os.urandom(100_000).hex().encode())
    return {"cut": good[:len(good) // 2], "garbage": good[:100] + b"x" * 9000,
            "short": good[:2], "empty": b"", "trailing": good + b"x" * 9000}


@pytest.mark.parametrize("how", broken())
def test_a_filter_that_gives_up_on_a_uri(nginx, backend, how):
    """gunzip's error is not the page's, and the connection stays."""
    site = start(nginx, backend, "uri:/c/gz", "gunzip on;")
    backend.on("/c/gz", reply(broken()[how], "Content-Encoding: gzip"))
    with site.session() as session:
        for _ in range(3):
            assert session.get("/page.html").text.startswith("<p>a</p><div")
            assert session.get("/page.html").text.endswith("</div><p>b</p>")
            if how != "trailing":
                assert session.get("/page.html").text == PAGE


def test_arguments_are_one_line(nginx, backend):
    """A decoded variable cannot add a header to what an upstream is asked."""
    site = start(nginx, backend, "uri:/c/new?p=$uri&q=a")
    backend.on("/c/new", reply("NEW"))
    backend.on("/up/x HTTP/1.0\r\nX-Admin: 1", reply(PAGE))
    site.write("html/x y.html", PAGE)
    assert site.get("/x%20y.html").text == NEW
    assert backend.requests[-1].target == "/c/new?p=/x%20y.html&q=a"
    site.write("html/x HTTP/1.0\r\nX-Admin: 1.html", PAGE)
    assert site.get("/x%20HTTP/1.0%0d%0aX-Admin:%201.html").text == NEW
    assert backend.requests[-1].header("X-Admin") is None
    assert backend.requests[-1].target == (
        "/c/new?p=/x%20HTTP/1.0%0D%0AX-Admin:%201.html&q=a")


@pytest.mark.parametrize("buffering", ["on", "off"])
def test_a_form_is_not_for_the_uri(nginx, backend, buffering):
    site = start(nginx, backend, "uri:/c/new",
                 f"proxy_request_buffering {buffering};"
                 "proxy_http_version 1.1;")
    backend.on("/up/form", reply(PAGE))
    backend.on("/c/new", reply("NEW"))
    assert site.request("POST", "/up/form", body=b"password=x").text == NEW
    form, content = backend.requests
    assert form.body == b"password=x"
    assert content.body == b"" and content.header("Content-Length") is None
    assert content.header("Transfer-Encoding") is None


def test_sixteen_uris_a_page(nginx, backend):
    site = start(nginx, backend, "uri:/c/new")
    backend.on("/c/new", reply("NEW"))
    site.write("html/page.html", PAGE * 40)
    before = slotsite.counts(site)
    assert site.get("/page.html").text == NEW * 16 + PAGE * 24
    moved = slotsite.moved(before, slotsite.counts(site))
    assert moved.pop("bytes") == 40 * len(PAGE)
    assert moved == {"pages": 1, "seen": 40, "filled": 16, "left.many": 24}
    assert len(backend.requests) == 16


@pytest.mark.parametrize("include", [
    '<!--# include virtual="/c/inc" wait="yes" -->',
    '<!--# include virtual="/c/inc" set="v" -->[<!--# echo var="v" -->]',
    '<!--# include virtual="/c/inc" -->'])
def test_ssi_that_waits(nginx, backend, include):
    """All comes in the page's order; a slot may keep the page's own."""
    site = start(nginx, backend, "uri:/c/new", "ssi on;")

    def late(request, send):
        time.sleep(0.1)
        send(reply("INC"))

    backend.on("/c/inc", late)
    backend.on("/c/new", reply("NEW"))
    site.write("html/page.html", "A" + include + "B" + PAGE + "C")
    inc = "[INC]" if "set=" in include else "INC"
    for _ in range(2):
        assert site.get("/page.html").text in (
            "A" + inc + "B" + NEW + "C", "A" + inc + "B" + PAGE + "C")


def test_own_text_is_recoded(nginx, backend):
    """What stays in a slot has the page's encoding, before and after."""
    site = start(nginx, backend, "uri:/none",
                 "charset utf-8; source_charset iso-8859-15;"
                 "override_charset on;",
                 "charset_map iso-8859-15 utf-8 { E4 C3A4; }")
    own = PAGE.replace("own", "s\u00e4uberlich")
    site.write("html/page.html", own.encode("latin1"))
    for _ in range(2):
        assert site.get("/page.html").body.decode() == own


# -- memory

def test_flushes_cost_no_memory(nginx, backend):
    """A byte at a time, each flushed: nothing is kept of that."""
    if os.environ.get("ES_PRELOAD"):
        pytest.skip("a sanitizer's memory is its own")
    site = start(nginx, backend, "text:NEW",
                 "location /slow { exportsite_script /es.js;"
                 "proxy_buffering off; proxy_pass http://@up@; }")
    pieces = [b"<", b"/", b"h", b"e", b"a", b">"] * 4000

    def answer(request, send):
        send(reply("", length=False))
        for piece in pieces:
            send(piece)

    backend.on("/slow", answer)

    def memory():
        with open(f"/proc/{site.workers()[0]}/status") as file:
            return next(int(line.split()[1]) for line in file
                        if line.startswith("VmHWM"))

    site.get("/page.html")
    before = memory()
    with Reader(site.address, "/slow") as reader:
        assert reader.rest() == b"".join(pieces)
    assert memory() - before < 700


# -- files

def test_a_file_that_was_just_written(nginx, backend):
    """Its time does not tell yet whether it changed: it is read each time."""
    site = start(nginx, backend, "text:NEW")

    def read():
        before = site.json()["slots"]["bytes"]
        assert site.get("/page.html").text == NEW
        return site.json()["slots"]["bytes"] - before

    assert read() == len(PAGE) and read() == len(PAGE)
    until(lambda: read() == 0, 8, "the page to be remembered", every=0.3)
    with open(site.path("html/page.html"), "r+") as file:
        file.write("<p>a</p><p>b</p><div data-es-slot=\"hero\">own</div>")
    for _ in range(2):
        assert site.get("/page.html").text == (
            "<p>a</p><p>b</p><div data-es-slot=\"hero\">NEW</div>")
