"""exportsite_slot, exportsite_slot_types, exportsite_script: taken or not."""

import pytest

import slotsite
import webserver
from slotsite import STATUS

LINK = "exportsite_redis 127.0.0.1:6379;\n"

WRONG = [
    "exportsite_slot;", "exportsite_slot hero;", "exportsite_slot hero x;",
    "exportsite_slot hero '';", "exportsite_slot hero ftp:/x;",
    "exportsite_slot hero File:/x;", "exportsite_slot hero /x;",
    "exportsite_slot hero file:/x extra;", "exportsite_slot hero $arg_x;",
    "exportsite_slot Hero text:x;", "exportsite_slot 1hero text:x;",
    "exportsite_slot -hero text:x;", "exportsite_slot 'he ro' text:x;",
    "exportsite_slot he.ro text:x;", "exportsite_slot '' text:x;",
    "exportsite_slot $x text:x;",
    "exportsite_slot " + "h" * 65 + " text:x;",
    "exportsite_slot hero text:x;\nexportsite_slot hero text:y;",
    "exportsite_slot hero text:x;\nexportsite_slot teaser text:x;\n"
    "exportsite_slot hero file:/y;",
    "exportsite_slot hero file:;", "exportsite_slot hero file:../x;",
    "exportsite_slot hero file:/..;", "exportsite_slot hero file:/../x;",
    "exportsite_slot hero file:/a/../x;", "exportsite_slot hero file:/a/..;",
    "exportsite_slot hero file:/a/../$arg_x;",
    "exportsite_slot hero file:/$arg_x/../y;",
    "exportsite_slot hero uri:;", "exportsite_slot hero uri:x;",
    "exportsite_slot hero uri:http://example.com/;",
    "exportsite_slot hero redis:;", "exportsite_slot hero text:;",
    "exportsite_slot_types;",
    "exportsite_script;", "exportsite_script /x.js nonsense;",
    "exportsite_script /x.js nonsense=1;",
    "exportsite_script /x.js nonce=$arg_x extra;",
    "exportsite_script /x.js;\nexportsite_script /y.js;",
]


@pytest.mark.parametrize("text", WRONG, ids=lambda text: text[:60])
@pytest.mark.parametrize("context", ["http", "location"])
def test_wrong(context, text):
    """A mistake is an [emerg] that names the line and says what is wrong."""
    if context == "http":
        result = webserver.check(http=LINK + text)
    else:
        result = webserver.check(
            LINK, "location / {\n" + text + "\n}")
    assert not result.ok, "nginx took it:\n" + result.text
    assert text.split("\n")[-1].split()[0].rstrip(";") in result.source
    said = result.text.split("[emerg]")[1].split(" in /")[0]
    assert len(said.split(": ", 1)[-1].split()) >= 3, result.text


@pytest.mark.parametrize("text", [
    "exportsite_slot hero text:$no_such;",
    "exportsite_slot hero file:/$no_such;",
    "exportsite_slot hero uri:/$no_such;",
    "exportsite_script /$no_such;", "exportsite_script /x.js nonce=$no_such;"])
def test_unknown_variable(text):
    """A variable that nobody has is refused."""
    result = webserver.check("exportsite on;", text)
    assert not result.ok and "[emerg]" in result.text
    assert "no_such" in result.text


@pytest.mark.parametrize("on", ["exportsite on;", ""])
@pytest.mark.parametrize("context", ["http", "server"])
def test_redis_needs_a_redis(context, on):
    """redis: without exportsite_redis is refused, with the source named."""
    text = on + "exportsite_slot hero redis:hero;"
    result = webserver.check(**{context: text})
    assert not result.ok and "[emerg]" in result.text, result.text
    assert "exportsite_redis" in result.text
    assert "nginx.conf:" in result.text


RIGHT = [
    "exportsite_slot hero text:x;", "exportsite_slot hero 'text:a b <c>';",
    "exportsite_slot hero text:$arg_x;",
    "exportsite_slot hero file:/x.html;", "exportsite_slot hero file:x.html;",
    "exportsite_slot hero file:/a..b/..x/x..;",
    "exportsite_slot hero file:/$exportsite_country/$arg_x.html;",
    "exportsite_slot hero uri:/x;", "exportsite_slot hero uri:/x?a=$arg_a;",
    "exportsite_slot hero redis:hero;",
    "exportsite_slot hero redis:hero-$exportsite_language;",
    "exportsite_slot " + "h" * 64 + " text:x;",
    "exportsite_slot a-b_9 text:x;\nexportsite_slot a-b text:x;",
    "exportsite_slot_types application/xhtml+xml;",
    "exportsite_slot_types application/xhtml+xml image/svg+xml;",
    "exportsite_slot_types *;",
    "exportsite_script /x.js;", "exportsite_script /x.js?v=$arg_v;",
    "exportsite_script https://example.com/x.js nonce=$arg_n;",
]


@pytest.mark.parametrize("text", RIGHT, ids=lambda text: text[:60])
def test_right(text):
    """Taken in http, server and location."""
    for http, server in ((text, ""), ("", text),
                         ("", "location / {\n" + text + "\n}")):
        result = webserver.check(
            LINK + "exportsite_secret @dir@/secret;\n" + http, server)
        assert result.ok, result.text
        assert "[warn]" not in result.text


def test_many_slots():
    """Many slots, and no limit that a site would meet."""
    text = "".join(f"exportsite_slot s{n} text:{n};\n" for n in range(100))
    assert webserver.check(text).ok


PAGE = ("<h1 data-es-slot=a>x</h1><h2 data-es-slot=b>x</h2>"
        "<h3 data-es-slot=c>x</h3></head>")


def headings(site, target):
    body = site.get(target).text
    return tuple(body.split(f"<h{n} ")[1].split(">")[1].split("<")[0]
                 for n in (1, 2, 3))


def test_inheritance(nginx):
    """Slots of a level replace those of the level above, all of them."""
    site = nginx(
        "exportsite_slot a text:http; exportsite_slot b text:http;"
        "exportsite on; exportsite_script /http.js;",
        "location /same { alias @html@/; }"
        "location /own { alias @html@/; exportsite_slot c text:own; }"
        "location /mine { alias @html@/; exportsite_slot a text:mine;"
        " exportsite_script /mine.js; }")
    site.write("html/p.html", PAGE)
    assert headings(site, "/same/p.html") == ("http", "http", "x")
    assert headings(site, "/own/p.html") == ("x", "x", "own")
    assert headings(site, "/mine/p.html") == ("mine", "x", "x")
    for path, script in (("same", "/http.js"), ("own", "/http.js"),
                         ("mine", "/mine.js")):
        assert site.get(f"/{path}/p.html").text.endswith(
            f'</h3><script src="{script}" defer></script></head>')


def test_a_server_of_its_own(nginx):
    """A server's slots are that server's."""
    site = nginx(
        "exportsite on; exportsite_slot a text:http;"
        "server { listen 127.0.0.1:@port@; server_name other; root @html@;"
        " exportsite_slot b text:other; }")
    site.write("html/p.html", PAGE)
    mine = site.get("/p.html", {"Host": "localhost"}).text
    assert ">http</h1>" in mine and ">other<" not in mine
    other = site.get("/p.html", {"Host": "other"}).text
    assert ">other</h2>" in other and ">http<" not in other


def test_types(nginx):
    """text/html always has slots; other types where they are named."""
    site = nginx(
        "exportsite on; exportsite_slot a text:new;",
        "location /one { types { text/html html; application/xhtml+xml xhtml;"
        " text/css css; } alias @html@/;"
        " exportsite_slot_types application/xhtml+xml; }"
        "location /none { types { text/html html; application/xhtml+xml xhtml;"
        " text/css css; } alias @html@/; }"
        "location /all { types { text/html html; application/xhtml+xml xhtml;"
        " text/css css; } alias @html@/; exportsite_slot_types *; }"
        "location /upper { types { } default_type Text/HTML;"
        " alias @html@/; }"
        "location /none-at-all { types { } default_type ''; alias @html@/; }"
        "location /charset { charset utf-8; alias @html@/; }")
    for name in ("p.html", "p.xhtml", "p.css"):
        site.write(f"html/{name}", PAGE)

    def changed(target):
        reply = site.get(target)
        assert reply.status == 200
        new = ">new<" in reply.text
        # whoever is not changed keeps all of nginx's headers
        assert new == (reply.header("Last-Modified") is None), reply
        assert new == (reply.header("Accept-Ranges") is None), reply
        assert new == reply.header("ETag").startswith("W/"), reply
        return new

    assert [changed(f"/{path}/p.{end}")
            for path in ("one", "none", "all")
            for end in ("html", "xhtml", "css")] == [
                True, True, False, True, False, False, True, True, True]
    assert changed("/upper/p.html")
    assert changed("/charset/p.html")
    assert not changed("/none-at-all/p.html")


@pytest.mark.parametrize("text", ["exportsite off;", ""])
def test_off(nginx, text):
    """Where exportsite is not on, pages and headers are nginx's own."""
    site = nginx("exportsite_slot a text:new; exportsite_script /x.js;",
                 text + "location /on/ { exportsite on; alias @html@/; }"
                 + STATUS)
    site.write("html/p.html", PAGE)
    reply = site.get("/p.html")
    assert reply.text == PAGE
    assert reply.header("Content-Length") == str(len(PAGE))
    assert reply.header("Last-Modified") and reply.header("ETag")
    assert not reply.header("ETag").startswith("W/")
    assert reply.header("Accept-Ranges") == "bytes"
    assert site.get("/p.html", {"Range": "bytes=0-3"}).status == 206
    assert slotsite.counts(site)["pages"] == 0
    assert ">new<" in site.get("/on/p.html").text
    assert slotsite.counts(site)["pages"] == 1


def test_on_without_slots(nginx):
    """exportsite on, no slot and no script: nginx's own headers, too."""
    site = nginx("exportsite on;", STATUS)
    site.write("html/p.html", PAGE)
    reply = site.get("/p.html")
    assert reply.text == PAGE
    assert reply.header("Content-Length") == str(len(PAGE))
    assert reply.header("Last-Modified")
    assert not reply.header("ETag").startswith("W/")
    when = {"If-Modified-Since": reply.header("Last-Modified")}
    assert site.get("/p.html", when).status == 304
    assert site.get("/p.html", {"Range": "bytes=0-3"}).status == 206
    assert slotsite.counts(site)["pages"] == 0
