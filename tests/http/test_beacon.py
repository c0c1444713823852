"""exportsite_beacon: what the collector takes, and what it makes of it."""

import gzip
import json
import re
import subprocess
import time

import pytest

import conf
import webserver
from beaconsite import (BASE, CHOICES, CLICK, COLLECT, HOST, STATUS, URI,
                        answers, body, nothing_came, refused, send)
from cookies import PAGE, first_visit, jar
from mmdb import client
from test_record import GOOGLEBOT, ORDER, PHONE
from wait import until

PAGE_ID = "0123456789abcdef01234567"
SCRIPTED = ("location /p { exportsite on; default_type text/html;"
            "exportsite_script /_exportsite; return 200 '<p>p</p>'; }\n")


@pytest.fixture
def site(redis, nginx):
    return nginx(BASE, "exportsite on;" + COLLECT + STATUS + PAGE,
                 redis=redis)


# -- what is taken

def test_an_event_in_full(redis, nginx, mmdb):
    """Every field, with its value and in its place."""
    redis("HSET", "es:segments", "german", "language = de",
          "austria", "country = AT", "deep", 'path ~ "^/de/pumps"',
          "buyer", "profile.company = acme", "other", "path = /_exportsite")
    redis("HSET", "es:profile:anna", "industry", "medical", "company", "acme")
    site = nginx(BASE + CHOICES + "exportsite_geo @world@;"
                 "exportsite_visitor $cookie_sub;",
                 "exportsite on;" + COLLECT + conf.echo("segments"),
                 redis=redis, world=mmdb.world())
    until(lambda: "austria" in site.vars("/vars", client("192.0.2.1"))
          ["segments"], what="the segments")
    before = time.time()
    reply = send(site, {
        "type": "goal", "path": "/de/pumps/x%C3%BC?q=geheim#x", "label": "quote",
        "value": 19.90, "ms": 1234.6, "page": PAGE_ID}, headers={
            **client("192.0.2.1"), **HOST, "Accept-Language": "ja",
            "User-Agent": PHONE, "Cookie": "sub=anna; consent=1",
            "Origin": "https://www.example.com",
            "Referer": "https://www.example.com/de/pumps?q=geheim"})
    assert reply.status == 204 and reply.body == b""
    assert reply.all("Set-Cookie") == []
    event = redis.events(1)[0]
    assert before * 1000 - 1500 <= int(event["ts"]) <= time.time() * 1000 + 5
    assert re.fullmatch("[0-9a-f]{24}", event["id"])
    del event["id"], event["ts"]
    assert event == {
        "type": "goal", "visitor": "anna", "host": "www.example.com",
        "path": "/de/pumps/xü", "country": "AT", "language": "de",
        "industry": "medical", "segments": "austria,buyer,deep,german",
        "variants": "hero=german,tea=none", "device": "mobile",
        "page": PAGE_ID, "label": "quote", "value": "19.9", "ms": "1235"}
    names = [name for name, _ in redis.entries()[0]]
    assert names == sorted(names, key=ORDER.index)


def test_as_little_as_may_be(redis, site):
    """What an event does not tell is not there; no path is no path."""
    assert send(site, {"type": "x"}).status == 204
    event = redis.events(1)[0]
    del event["id"], event["ts"]
    assert event == {"type": "x", "host": "www.example.com", "country": "XX",
                     "language": "en", "device": "desktop"}


def test_a_list(redis, site):
    """All of a list in its order, an id for each, 32 at most."""
    events = [{"type": f"t{n}", "ms": n} for n in range(32)]
    assert send(site, *events).status == 204
    assert send(site, {"type": "one-more"}, CLICK).status == 204
    stream = redis.events(34)
    assert [e["type"] for e in stream] == [e["type"] for e in events] + [
        "one-more", "click"]
    assert [e["ms"] for e in stream[:32]] == [str(n) for n in range(32)]
    assert len({e["id"] for e in stream}) == 34
    assert answers(site) == {"taken": 2}


def test_an_empty_list(redis, site):
    """Nothing to tell is no mistake."""
    assert send(site, data=b"[]").status == 204
    nothing_came(redis, site)


def test_each_event_is_of_its_page(redis, nginx):
    """Language, segments and choices are found out for every path."""
    redis("HSET", "es:segments", "tea", "language = ja", "pumps",
          'path contains "pumps"', "none", "path missing")
    site = nginx(BASE + CHOICES, "exportsite on;" + COLLECT
                 + conf.echo("segments"), redis=redis)
    until(lambda: site.vars()["segments"] == "", what="no segment here")
    until(lambda: site.vars("/vars", {"Accept-Language": "ja"})["segments"]
          == "tea", what="the segments")
    paths = ["/ja/pumps", "/de/a", "/de/a", "/ja/", "/en/pumps", None]
    assert send(site, *[{"type": "click", **({"path": p} if p else {})}
                        for p in paths]).status == 204
    got = [(e.get("path"), e["language"], e.get("segments"), e["variants"])
           for e in redis.events(6)]
    assert got == [
        ("/ja/pumps", "ja", "pumps,tea", "hero=base,tea=ja-tea"),
        ("/de/a", "de", None, "hero=german,tea=none"),
        ("/de/a", "de", None, "hero=german,tea=none"),
        ("/ja/", "ja", "tea", "hero=base,tea=ja-tea"),
        ("/en/pumps", "en", "pumps", "hero=base,tea=none"),
        (None, "en", "none", "hero=base,tea=none")]


def test_variables_asked_before(redis, nginx):
    """What limit_req and the log ask for does not freeze the answers."""
    site = nginx(
        BASE + CHOICES + "limit_req_zone $exportsite_language$hero "
        "zone=z:1m rate=1000r/s; log_format x '$exportsite_language $hero';",
        "exportsite on; location = /_exportsite { exportsite_beacon;"
        "limit_req zone=z burst=100; access_log @dir@/a.log x; }",
        redis=redis)
    assert send(site, {"type": "a", "path": "/ja/"},
                {"type": "a", "path": "/de/x"}).status == 204
    assert [(e["language"], e["variants"]) for e in redis.events(2)] == [
        ("ja", "hero=base,tea=ja-tea"), ("de", "hero=german,tea=none")]
    until(lambda: site.read("a.log") == "de german\n", what="the log line")


def test_query_and_referrer_are_missing(redis, nginx):
    """Rules do not take the collector's own for those of the page."""
    site = nginx(BASE + CHOICES, "exportsite on;" + COLLECT, redis=redis)
    assert send(site, {"type": "click", "path": "/x?q=1"}, uri=URI + "?q=1",
                headers={**HOST, "Referer": "http://www.example.com/x"}
                ).status == 204
    event = redis.events(1)[0]
    assert event["variants"] == "hero=base,tea=none"
    assert "referrer" not in event and event["path"] == "/x"


@pytest.mark.parametrize("path, want", [
    ("/", "/"), ("/a%20b", "/a b"), ("/100%", "/100%"), ("/a?b#c", "/a"),
    ("/a#b?c", "/a"), ("/%3Fa", "/?a"), ("/" + "ü" * 600, "/" + "ü" * 511),
    ("/%0d%0aX: y", "/??X: y"), ("/%ff", "/?")])
def test_paths(redis, site, path, want):
    """Decoded, without the query, cut between two characters."""
    assert send(site, {"type": "click", "path": path}).status == 204
    assert redis.events(1)[0]["path"] == want


@pytest.mark.parametrize("value, want", [
    (b"30", "30"), (b"30.0", "30"), (b"1.5", "1.5"), (b"0.1", "0.1"),
    (b"-2", "-2"), (b"0", "0"), (b"1e3", "1000"), (b"1234567.89", "1234567.89"),
    (b"0.30000000000000004", "0.30000000000000004"), (b"1e-7", "1e-7")])
def test_values(redis, site, value, want):
    """As a person would write the number."""
    assert send(site, data=b'{"type":"goal","value":%s}' % value).status == 204
    assert redis.events(1)[0]["value"] == want


def test_label_is_one_value(redis, site):
    """Control characters become "?", other scripts stay, long ones are cut."""
    labels = ["a\r\n$4\r\nevil\x7f\x1b", "日本 <b>&\"", "ü" * 300, ""]
    assert send(site, *[{"type": "a", "label": t} for t in labels]
                ).status == 204
    got = [e.get("label") for e in redis.events(4)]
    assert got == ["a??$4??evil??", "日本 <b>&\"", "ü" * 128, None]


def test_soft_navigation_is_a_view(redis, site):
    """A `view` of a script is one of the stream, and counted as such."""
    send(site, {"type": "view", "path": "/next"}, CLICK, {"type": "own"},
         {"type": "dwell"}, {"type": "scroll"}, {"type": "goal"},
         {"type": "other"})
    assert redis.events(7)[0]["path"] == "/next"
    assert site.json()["events"]["types"] == {
        "view": 1, "click": 1, "dwell": 1, "scroll": 1, "goal": 1, "other": 2}


def test_views_are_counted_by_type(redis, site):
    """A page that was served is a view in the same count."""
    site.get("/page")
    redis.events(1)
    assert site.json()["events"]["types"]["view"] == 1


# -- who it is

def test_visitor_by_the_cookie(redis, site):
    """The id that a page's answer made comes with the page's events."""
    cookie, visitor = first_visit(site, headers={"Cookie": "consent=1"})
    head = {**jar(cookie, more="; consent=1"), **HOST}
    assert send(site, CLICK, headers=head).status == 204
    view, click = redis.events(2)
    assert view["visitor"] == click["visitor"] == visitor


def test_a_page_that_was_nobodys(redis, nginx):
    """Consent given on a page is for the next ones: what is told of it later
    stays nobody's, whoever of the list names it, also after a rotation."""
    site = nginx(BASE, "exportsite on;" + PAGE + COLLECT, redis=redis,
                 workers=3)
    nobodys = [site.get("/page").header("X-Event") for _ in range(6)]
    cookie, visitor = first_visit(site, headers={"Cookie": "consent=1"})
    head = {**jar(cookie, more="; consent=1"), **HOST}
    seen = site.get("/page", head).header("X-Event")
    views = len(nobodys) + 2
    redis.events(views)

    for n, (known, pages) in enumerate([
            (False, [nobodys[0]]), (False, nobodys), (True, [seen]),
            (False, [seen, nobodys[3]]), (True, ["a" * 24, "0" * 24])]):
        before = redis("XLEN", "es:events")
        events = [{"type": "click", "label": str(n), "page": p}
                  for p in pages]
        assert send(site, *events, headers=head).status == 204
        got = redis.events(before + len(pages))[before:]
        # nobody's event does not name a view that has a visitor
        assert [e.get("page") for e in got] == [
            None if page == seen and not known else page for page in pages]
        assert {e.get("visitor") for e in got} == {visitor if known else None}


@pytest.mark.parametrize("cookie", ["consent=1", "es_vid=", "es_vid=x"])
def test_nobody_gets_an_id(redis, nginx, cookie):
    """No id is made by a beacon, though a rule asks who is new."""
    site = nginx(
        BASE + conf.choices([("new", "yes"), ("crawler", "never")], "$new")
        + "log_format x '$exportsite_visitor';",
        "exportsite on; location = /_exportsite { exportsite_beacon; }"
        + STATUS, redis=redis)
    reply = send(site, CLICK, headers={
        **HOST, "Cookie": cookie + "; consent=1"})
    assert reply.status == 204 and reply.all("Set-Cookie") == []
    event = redis.events(1)[0]
    assert "visitor" not in event and event["variants"] == "new=none"


def test_a_forged_cookie(redis, site):
    """An id with a signature that is not ours is nobody's."""
    cookie, _ = first_visit(site, headers={"Cookie": "consent=1"})
    for forged in ("0" * 32 + cookie[32:], cookie[:-1],
                   cookie[:32] + "A" * (len(cookie) - 32), cookie + "x"):
        reply = send(site, CLICK, headers={
            **jar(forged, more="; consent=1"), **HOST})
        assert reply.status == 204 and reply.all("Set-Cookie") == []
    assert all("visitor" not in event for event in redis.events(5)[1:])


@pytest.mark.parametrize("headers", [
    {"Cookie": "consent=0"}, {"Sec-GPC": "1", "Cookie": "consent=1"},
    {"DNT": "1", "Cookie": "consent=1"}])
def test_without_consent(redis, site, headers):
    """The event is taken; the visitor stays unknown, the cookie untouched."""
    cookie, _ = first_visit(site, headers={"Cookie": "consent=1"})
    both = headers["Cookie"] if "Cookie" in headers else ""
    reply = send(site, CLICK, headers={
        **HOST, **headers, "Cookie": f"es_vid={cookie}; {both}"})
    assert reply.status == 204 and reply.all("Set-Cookie") == []
    assert "visitor" not in redis.events(2)[1]


def test_crawlers_are_not_recorded(redis, site):
    """A crawler gets its 204, and nothing comes of it."""
    assert send(site, CLICK, headers={
        **HOST, "User-Agent": GOOGLEBOT}).status == 204
    assert answers(site) == {"ignored": 1}
    nothing_came(redis, site)


def test_where_recording_is_off(redis, nginx):
    """exportsite_record: no, or by a value; exportsite off."""
    site = nginx(
        BASE, "exportsite on;" + COLLECT + STATUS
        + "location = /no { exportsite_beacon; exportsite_record off; }"
        "location = /maybe { exportsite_beacon; exportsite_record $arg_r; }"
        "location = /off { exportsite_beacon; exportsite off; }",
        redis=redis)
    for uri in ("/no", "/maybe?r=0", "/off"):
        assert send(site, CLICK, uri=uri).status == 204
        refused(send(site, data=b"{", uri=uri), 400)
    assert answers(site) == {"ignored": 3, "bad": 3}
    assert send(site, CLICK, uri="/maybe?r=1").status == 204
    nothing_came(redis, site, 1)


def test_without_a_stream(nginx):
    """No Redis, or exportsite_stream off: 204 all the same."""
    for http in ("", "exportsite_redis 127.0.0.1:1; exportsite_stream off;"):
        site = nginx(http, "exportsite on;" + COLLECT + STATUS)
        assert send(site, CLICK).status == 204
        assert answers(site) == {"ignored": 1}


def test_off_is_warned_of():
    """nginx -t tells that a collector where exportsite is off is one in vain."""
    took = webserver.check("", COLLECT)
    assert took.ok and "[warn]" in took.text
    assert re.search(r"exportsite is off.*nginx\.conf:\d+", took.text)
    assert "exportsite is off" not in webserver.check(
        "", "exportsite on;" + COLLECT).text


# -- from where

@pytest.mark.parametrize("host, origin", [
    ("www.example.com", "https://www.example.com"),
    ("www.example.com", "http://www.example.com"),
    ("www.example.com:8080", "http://www.example.com:8080"),
    ("www.example.com:443", "https://www.example.com"),
    ("WWW.example.com", "https://www.example.com"),
    ("[::1]:8080", "http://[::1]:8080")])
def test_own_origin(redis, site, host, origin):
    """The page of the site itself."""
    reply = send(site, CLICK, headers={"Host": host, "Origin": origin})
    assert reply.status == 204
    assert reply.header("Access-Control-Allow-Origin") is None
    redis.events(1)


@pytest.mark.parametrize("head", [
    {"Origin": "https://evil.example"}, {"Origin": "null"}, {"Origin": ""},
    {"Origin": "https://www.example.com:8443"},
    {"Origin": "http://www.example.com.evil.example"},
    {"Origin": "https://www.example.com https://evil.example"},
    {"Origin": "www.example.com"}, {"Origin": "https://www.example.com/"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Origin": "https://evil.example", "Sec-Fetch-Site": "same-origin"}])
@pytest.mark.parametrize("method", ["POST", "OPTIONS"])
def test_another_site(redis, site, method, head):
    """403, and nothing is recorded."""
    reply = site.request(method, URI, {**HOST, **head}, body(CLICK))
    assert "another site" in refused(reply, 403)
    assert reply.header("Access-Control-Allow-Origin") is None
    assert answers(site) == {"foreign": 1}
    nothing_came(redis, site)


@pytest.mark.parametrize("head", [
    {}, {"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "none"}])
def test_no_origin(redis, site, head):
    """What is no browser may tell, too."""
    assert send(site, CLICK, headers={**HOST, **head}).status == 204
    redis.events(1)


NAMED = ("location = /_exportsite { exportsite_beacon origin=shop.example,"
         "www.shop.example:8443 origin=[2001:db8::1]; }\n")


@pytest.mark.parametrize("origin, host", [
    ("https://shop.example", "shop.example"),
    ("http://shop.example:81", "shop.example"),
    ("https://Shop.Example", "shop.example"),
    ("https://www.shop.example:8443", "www.shop.example"),
    ("http://[2001:db8::1]", "[2001:db8::1]")])
def test_a_named_origin(redis, nginx, origin, host):
    """Its events have its host; its scripts may read the answer."""
    site = nginx(BASE + conf.choices([(f'host = "{host}"', "theirs")]),
                 "exportsite on;" + NAMED + STATUS, redis=redis)
    for data, status in ((body(CLICK), 204), (b"{", 400)):
        reply = send(site, data=data, headers={**HOST, "Origin": origin})
        assert reply.status == status
        assert reply.all("Access-Control-Allow-Origin") == [origin]
        assert reply.header("Access-Control-Allow-Credentials") == "true"
        assert reply.header("Vary") == "Origin"
    event = redis.events(1)[0]
    assert event["host"] == host and event["variants"] == "choice=theirs"
    assert answers(site) == {"taken": 1, "bad": 1}


@pytest.mark.parametrize("origin", [
    "https://a.shop.example", "https://www.shop.example", "https://example"])
def test_an_origin_beside_the_named(redis, nginx, origin):
    """Hosts below, ports beside and names alike are not named."""
    site = nginx(BASE, "exportsite on;" + NAMED, redis=redis)
    refused(send(site, CLICK, headers={**HOST, "Origin": origin}), 403)
    assert send(site, CLICK, headers={
        **HOST, "Origin": "http://www.example.com"}).status == 204


def test_preflight(redis, nginx):
    """A browser asks before it lets another site's page send JSON."""
    site = nginx(BASE, "exportsite on;" + NAMED + STATUS, redis=redis)
    ask = {**HOST, "Origin": "https://shop.example",
           "Access-Control-Request-Method": "POST",
           "Access-Control-Request-Headers": "content-type"}
    reply = site.request("OPTIONS", URI, ask)
    assert reply.status == 204 and reply.body == b""
    assert reply.header("Access-Control-Allow-Origin") == ask["Origin"]
    assert reply.header("Access-Control-Allow-Methods") == "POST"
    assert reply.header("Access-Control-Allow-Headers") == "Content-Type"
    assert int(reply.header("Access-Control-Max-Age")) > 0
    own = site.request("OPTIONS", URI, HOST)
    assert own.status == 204 and "POST" in own.header("Allow")
    assert own.header("Access-Control-Allow-Origin") is None
    assert answers(site) == {}


# -- the script

def test_the_script(redis, nginx):
    """JavaScript for a day, no view, no cookie, called with its settings."""
    site = nginx(BASE, "exportsite on;" + COLLECT + STATUS, redis=redis)
    reply = site.get(URI, {"Cookie": "consent=1"})
    assert reply.status == 200
    assert reply.header("Content-Type") == "application/javascript"
    assert reply.header("Cache-Control") == "public, max-age=86400"
    assert reply.header("Last-Modified") is None
    assert reply.all("Set-Cookie") == []
    assert reply.header("Server-Timing") is None
    assert re.fullmatch('"[0-9a-f]{32}"', reply.header("ETag"))
    assert reply.text.startswith("(function")
    assert reply.text.endswith(')("consent","gpc dnt");\n')
    nothing_came(redis, site)


@pytest.mark.parametrize("settings, call", [
    ("", '("","gpc dnt")'),
    ("exportsite_consent on;", '("","gpc dnt")'),
    ("exportsite_consent $cookie_Cookie_OK2;", '("Cookie_OK2","gpc dnt")'),
    ("exportsite_consent $arg_consent;", '("","gpc dnt")'),
    ("exportsite_consent $cookie_a$cookie_b;", '("","gpc dnt")'),
    ("exportsite_consent $cookie_a-b;", '("","gpc dnt")'),
    ("exportsite_optout gpc;", '("","gpc")'),
    ("exportsite_optout dnt;", '("","dnt")'),
    ("exportsite_optout off;", '("","")')])
def test_what_the_script_is_told(nginx, settings, call):
    """The cookie that the consent is read of, and the signals heeded."""
    site = nginx(settings, "exportsite on;" + COLLECT)
    assert site.get(URI).text.endswith(f"){call};\n")


def test_validators_of_the_script(nginx):
    """One ETag for one text, another for another; 304, HEAD, Range."""
    site = nginx("", "exportsite on;" + COLLECT + "location = /b {"
                 "exportsite_beacon; exportsite_optout off; }"
                 "location = /c { exportsite_beacon; }")
    reply, other, same = site.get(URI), site.get("/b"), site.get("/c")
    etag = reply.header("ETag")
    assert etag == same.header("ETag") != other.header("ETag")
    assert reply.body == same.body != other.body
    for match in (etag, "W/" + etag, f'"x", {etag}', "*"):
        again = site.get(URI, {"If-None-Match": match})
        assert again.status == 304 and again.body == b""
        assert again.header("ETag") == etag
        assert again.header("Cache-Control") == "public, max-age=86400"
    assert site.get(URI, {"If-None-Match": '"x"'}).body == reply.body
    head = site.request("HEAD", URI)
    assert head.status == 200 and head.body == b""
    assert head.header("Content-Length") == str(len(reply.body))
    part = site.get(URI, {"Range": "bytes=0-9"})
    assert (part.status, part.body) in ((200, reply.body),
                                        (206, reply.body[:10]))
    assert site.get(URI + "?v=2").body == reply.body


def test_the_script_compressed(nginx):
    """nginx's gzip takes it, and its ETag still answers."""
    site = nginx("gzip on; gzip_min_length 1; gzip_types "
                 "application/javascript;", "exportsite on;" + COLLECT)
    plain = site.get(URI)
    packed = site.get(URI, {"Accept-Encoding": "gzip"})
    assert packed.header("Content-Encoding") == "gzip"
    assert gzip.decompress(packed.body) == plain.body
    assert site.get(URI, {"Accept-Encoding": "gzip", "If-None-Match":
                          packed.header("ETag")}).status == 304


def test_the_script_is_no_page(nginx):
    """It comes byte for byte where all types have slots."""
    plain = nginx("", "exportsite on;" + COLLECT).get(URI)
    site = nginx("", "exportsite on; exportsite_slot_types *;"
                 "exportsite_script /x.js; exportsite_slot hero text:x;"
                 + COLLECT)
    assert site.get(URI).body == plain.body
    assert site.get(URI).header("ETag") == plain.header("ETag")


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "PROPFIND"])
def test_other_methods(site, method):
    """405, and what is allowed."""
    reply = site.request(method, URI, HOST, body(CLICK))
    assert reply.status == 405
    assert set(reply.header("Allow").split(", ")) == {
        "GET", "HEAD", "POST", "OPTIONS"}
    assert answers(site) == {}


# -- the view's id

def test_a_page_tells_its_id(redis, nginx):
    """Server-Timing names the event that the log phase records."""
    site = nginx(BASE, SCRIPTED + COLLECT, redis=redis)
    ids = []
    for _ in range(3):
        reply = site.get("/p")
        timing = reply.all("Server-Timing")
        assert len(timing) == 1
        ids.append(re.fullmatch('es;desc="([0-9a-f]{24})"', timing[0])[1])
    assert [event["id"] for event in redis.events(3)] == ids


def test_a_page_not_modified_tells_its_id(redis, nginx):
    """A 304 is a view, with an id of its own."""
    site = nginx(BASE, "location / { exportsite on;"
                 "exportsite_script /_exportsite; }" + COLLECT, redis=redis)
    first = site.get("/index.html")
    again = site.get("/index.html", {"If-None-Match": first.header("ETag")})
    assert again.status == 304
    ids = [reply.header("Server-Timing")[9:33] for reply in (first, again)]
    assert [event["id"] for event in redis.events(2)] == ids
    assert ids[0] != ids[1]


def test_an_upstreams_own_timing_stays(redis, nginx):
    """Ours comes beside it."""
    site = nginx(BASE + "exportsite_stream events flush=10ms;",
                 "location /up { add_header Server-Timing 'db;dur=5';"
                 "default_type text/html; return 200 p; }"
                 "location / { exportsite on; exportsite_script /_exportsite;"
                 "proxy_pass http://127.0.0.1:@port@/up; }", redis=redis)
    timing = site.get("/").all("Server-Timing")
    assert timing[0] == "db;dur=5" and timing[1].startswith("es;desc=")
    assert len(timing) == 2


def test_answers_without_an_id(redis, nginx):
    """None for what is no view, or has no script, or is not recorded."""
    site = nginx(
        BASE, SCRIPTED + PAGE + COLLECT
        + SCRIPTED.replace("/p ", "/no ").replace(
            "exportsite on;", "exportsite on; exportsite_record off;")
        + SCRIPTED.replace("/p ", "/none ").replace("/_exportsite;", "'';")
        + "location /json { exportsite on; exportsite_script /x;"
        "default_type application/json; return 200 '{}'; }", redis=redis)
    assert site.get("/p").header("Server-Timing")
    for target, head in (("/page", {}), ("/no", {}), ("/json", {}),
                         ("/none", {}),
                         ("/p", {"User-Agent": GOOGLEBOT}),
                         ("/p", {"Sec-Purpose": "prefetch"})):
        assert site.get(target, head).header("Server-Timing") is None, target
    assert site.request("HEAD", "/p").header("Server-Timing") is None
    assert site.request("POST", "/p").header("Server-Timing") is None


# -- how bodies come

def in_parts(site, data, head=b"", cut=7):
    """A POST whose body comes bit by bit."""
    pieces = [data[i:i + cut] for i in range(0, len(data), cut)]
    text = (b"POST /_exportsite HTTP/1.1\r\nHost: www.example.com\r\n"
            b"Connection: close\r\n" + head + b"\r\n")
    return pieces, text


@pytest.mark.parametrize("settings", [
    "", "client_body_buffer_size 1k;", "client_body_in_file_only clean;",
    "client_body_in_single_buffer on;",
    "client_body_buffer_size 16; client_body_in_file_only clean;"])
@pytest.mark.parametrize("chunked", [False, True])
def test_bodies_in_parts(redis, nginx, settings, chunked):
    """In one piece, in many, in a file: the same events."""
    site = nginx(BASE, "exportsite on;" + COLLECT.replace(
        "exportsite_beacon;", "exportsite_beacon;" + settings), redis=redis)
    events = [{"type": "click", "label": f"{n}-" + "x" * 150}
              for n in range(32)]
    data = body(*events)
    assert 5000 < len(data) < 8192
    for cut in (len(data), 1400, 333):
        pieces, head = in_parts(
            site, data, b"Transfer-Encoding: chunked\r\n" if chunked
            else b"Content-Length: %d\r\n" % len(data), cut)
        if chunked:
            pieces = [b"%x\r\n%s\r\n" % (len(p), p) for p in pieces]
            pieces.append(b"0\r\n\r\n")
        with site.session() as session:
            session.conn.connect()
            sock = session.conn.sock
            sock.sendall(head)
            for piece in pieces:
                sock.sendall(piece)
                time.sleep(0.002)
            assert sock.recv(100).startswith(b"HTTP/1.1 204 ")
    labels = [event["label"] for event in redis.events(96)]
    assert labels == [event["label"] for event in events] * 3


def test_pipelined_and_kept_alive(redis, site):
    """Many on one connection, bodies of all answers read to their end."""
    one = b"Host: www.example.com\r\nContent-Length: %d\r\n%s\r\n%s"
    good, bad = body({"type": "a"}), b'{"type":1}'
    answer = site.raw(b"".join([
        b"POST /_exportsite HTTP/1.1\r\n" + one % (len(good), b"", good),
        b"POST /_exportsite HTTP/1.1\r\n" + one % (len(bad), b"", bad),
        b"PUT /_exportsite HTTP/1.1\r\n" + one % (len(good), b"", good),
        b"POST /_exportsite HTTP/1.1\r\n"
        + one % (len(good), b"Origin: null\r\n", good),
        b"HEAD /_exportsite HTTP/1.1\r\n" + one % (len(good), b"", good),
        b"OPTIONS /_exportsite HTTP/1.1\r\n" + one % (len(good), b"", good),
        b"POST /_exportsite HTTP/1.1\r\n"
        + one % (len(good), b"Connection: close\r\n", good)]))
    assert re.findall(rb"HTTP/1\.1 (\d+)", answer) == [
        b"204", b"400", b"405", b"403", b"200", b"204", b"204"]
    assert [e["type"] for e in redis.events(2)] == ["a", "a"]


def test_expect_continue(redis, site):
    """A client that asks first is told to go on."""
    data = body(CLICK)
    with site.session() as session:
        session.conn.connect()
        sock = session.conn.sock
        sock.sendall(b"POST /_exportsite HTTP/1.1\r\nHost: www.example.com\r\n"
                     b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n"
                     % len(data))
        assert sock.recv(100).startswith(b"HTTP/1.1 100 ")
        sock.sendall(data)
        assert sock.recv(100).startswith(b"HTTP/1.1 204 ")
    redis.events(1)


def curl(site, *words, data=None):
    done = subprocess.run(
        ["curl", "-s", "-o", "-", "-w", "\n%{http_version} %{http_code}",
         "--http2-prior-knowledge", "--max-time", "10",
         "-H", "Host: www.example.com", *words,
         f"http://127.0.0.1:{site.port}{URI}"],
        input=data, capture_output=True)
    return done.stdout.decode().rsplit("\n", 1)[-1]


@pytest.mark.parametrize("settings", [
    "", "client_body_buffer_size 1k;", "client_body_in_file_only clean;"])
def test_http2(redis, nginx, settings):
    """With and without a length, small and as large as may be."""
    site = nginx(BASE, "exportsite on;" + STATUS + COLLECT.replace(
        "exportsite_beacon;", "exportsite_beacon;" + settings),
        redis=redis, listen="127.0.0.1:@port@ http2", start=False)
    site.start()
    large = body(*[{"type": "click", "label": "x" * 150}] * 32)
    unknown = ["-H", "Content-Length:", "-X", "POST", "-T", "-"]
    for data in (body(CLICK), large):
        assert curl(site, "--data-binary", "@-", data=data) == "2 204"
        assert curl(site, *unknown, data=data) == "2 204"
    for size in (8193, 16384):
        too_large = b" " * size
        assert curl(site, "--data-binary", "@-", data=too_large) == "2 413"
        assert curl(site, *unknown, data=too_large) == "2 413"
    assert curl(site, "--data-binary", "{") == "2 400"
    assert curl(site, "-d", "[]", "-H", "Origin: null") == "2 403"
    assert curl(site, "-d", "[]", "-H", "Origin: http://www.example.com"
                ) == "2 204"
    assert curl(site) == "2 200"
    assert len(redis.events(66)) == 66


# -- beside other directives

def test_if_and_limit_except(redis, nginx):
    """Blocks without a handler of their own keep the collector."""
    site = nginx(
        BASE, "exportsite on; location = /_exportsite { exportsite_beacon"
        " origin=shop.example; limit_except GET POST { deny all; }"
        "set $x 1; if ($arg_x) { set $x 2; } }", redis=redis)
    assert send(site, CLICK, uri=URI + "?x=1").status == 204
    assert send(site, CLICK, uri=URI + "?x=1", headers={
        **HOST, "Origin": "http://shop.example"}).status == 204
    assert send(site, data=b" " * 8193, uri=URI + "?x=1").status == 413
    assert site.get(URI + "?x=1").text.startswith("(function")
    assert site.request("OPTIONS", URI, HOST).status == 403
    assert len(redis.events(2)) == 2


def test_below_is_no_collector(redis, nginx):
    """A location inside one is its own."""
    site = nginx(BASE, "exportsite on; location /a { exportsite_beacon;"
                 "location /a/index.html { alias @html@/index.html; } }",
                 redis=redis)
    assert site.get("/a/index.html").header("Content-Type") == "text/html"
    assert site.get("/a/b").text.startswith("(function")


def test_rewritten_to(redis, nginx):
    """By rewrite and by try_files; by error_page it is a GET."""
    site = nginx(
        BASE, "exportsite on;" + COLLECT + "location = /r {"
        "rewrite ^ /_exportsite last; } location = /t {"
        "try_files /none /_exportsite; } location = /e {"
        "error_page 403 =200 /_exportsite; return 403; }"
        "location = /n { try_files /none @beacon; client_max_body_size 1m; }"
        "location @beacon { exportsite_beacon; }", redis=redis)
    for uri in ("/r", "/t", "/n"):
        assert send(site, CLICK, uri=uri).status == 204
        assert send(site, data=b" " * 9000, uri=uri).status == 413
    assert send(site, CLICK, uri="/e").text.startswith("(function")
    assert [e["path"] for e in redis.events(3)] == ["/x"] * 3


def test_after_an_upstream_has_read_the_body(redis, nginx):
    """A body that somebody else has read is taken, or is too large."""
    site = nginx(
        BASE, "exportsite on; client_max_body_size 1m; location = /up {"
        "proxy_pass http://127.0.0.1:1; error_page 502 = @beacon; }"
        "location @beacon { exportsite_beacon; }", redis=redis)
    assert send(site, CLICK, uri="/up").status == 204
    assert send(site, data=b" " * 100000, uri="/up").status == 413
    assert redis.events(1)[0]["path"] == "/x"


def test_subrequests(redis, nginx):
    """A mirror, an auth_request or an include of it leaves the page alone."""
    site = nginx(
        BASE + CHOICES, "exportsite on;" + COLLECT + STATUS
        + "location = /m { mirror /_exportsite; "
        "proxy_pass http://127.0.0.1:@port@/page; }"
        "location = /a { auth_request /_exportsite; try_files /index.html =404;"
        " } location = /s { ssi on; default_type text/html;"
        "try_files /s.html =404; }" + PAGE, redis=redis)
    site.write("html/s.html", '<!--# include virtual="/_exportsite" -->')
    for _ in range(3):
        assert send(site, CLICK, uri="/m").status == 200
    assert site.get("/a").status == 200
    assert "function" in site.get("/s").text
    until(lambda: redis("XLEN", "es:events") >= 2, what="the two views")
    nothing_came(redis, site, 2)


def test_error_page_does_not_touch_refusals(redis, nginx):
    """The reason of a 400 and 403 is ours, as of `return 400 text`."""
    site = nginx(BASE, "exportsite on; error_page 400 403 /index.html;"
                 + COLLECT, redis=redis)
    refused(send(site, data=b"{"), 400)
    refused(send(site, CLICK, headers={**HOST, "Origin": "null"}), 403)


def test_a_tighter_limit_of_the_site(redis, nginx):
    """client_max_body_size below ours holds; 0 does not lift ours."""
    site = nginx(BASE, "exportsite on; location = /small { exportsite_beacon;"
                 "client_max_body_size 50; } location = /none {"
                 "client_max_body_size 0; exportsite_beacon; }", redis=redis)
    assert send(site, CLICK, uri="/small").status == 204
    assert send(site, data=b" " * 51, uri="/small").status == 413
    assert send(site, CLICK, uri="/none").status == 204
    assert send(site, data=b" " * 8193, uri="/none").status == 413


def test_phase_access(redis, nginx):
    """The visit comes after authentication, and so does its beacon."""
    site = nginx(
        BASE + "exportsite_visitor $remote_user;", "exportsite on "
        "phase=access; auth_basic x; auth_basic_user_file @dir@/users;"
        + COLLECT, redis=redis, start=False)
    site.write("users", "anna:{PLAIN}pass\n")
    site.start()
    assert send(site, CLICK).status == 401
    assert send(site, CLICK, headers={
        **HOST, "Authorization": "Basic YW5uYTpwYXNz",
        "Cookie": "consent=1"}).status == 204
    assert redis.events(1)[0]["visitor"] == "anna"


@pytest.mark.parametrize("words", [
    "x", "origin", "origin=", "origin=https://shop.example",
    "origin=shop.example/", "origin=shop.example:", "origin=shop.example:0",
    "origin=shop.example:99999", "origin=a,,b", "origin=a,", "origin=*",
    "origin='a b'", "origin=ä.example", "origin=a origin=b/c"])
def test_wrong_origins(words):
    """nginx -t says what an origin is, and where the wrong one stands."""
    wrong = webserver.conf_error(
        "", "exportsite on; location = /b {\n"
        f"exportsite_beacon {words};\n}}")
    assert "exportsite_beacon" in wrong.source
    assert "origin" in wrong.text and "invalid parameter" in wrong.text


@pytest.mark.parametrize("http, server", [
    ("exportsite_beacon;", ""), ("", "exportsite_beacon;"),
    ("", "location = /b { exportsite_beacon; exportsite_beacon; }")])
def test_wrong_places(http, server):
    """In a location, and once."""
    assert "exportsite_beacon" in webserver.conf_error(http, server).text


def test_redis_away(redis, nginx):
    """Beacons are taken at once, and come when Redis does."""
    site = nginx(BASE, "exportsite on;" + COLLECT, redis=redis)
    send(site, CLICK)
    redis.events(1)
    redis.kill()
    slowest = 0
    with site.session() as session:
        for n in range(200):
            begin = time.monotonic()
            assert session.request(
                "POST", URI, HOST, body({"type": f"t{n}"})).status == 204
            slowest = max(slowest, time.monotonic() - begin)
    assert slowest < 0.5
    redis.start()
    stream = until(lambda: [s for s in [redis.stream()]
                            if s[-1:] and s[-1]["type"] == "t199"][:1],
                   what="the last event")[0]
    assert [e["type"] for e in stream if e["type"] != "click"] == [
        f"t{n}" for n in range(200)]


def test_redis_stuck(redis, nginx):
    """No beacon waits for the stream, even if a rule wants a profile."""
    redis("HSET", "es:segments", "a", "profile.company exists")
    site = nginx(BASE.replace("timeout=1s", "timeout=20ms"),
                 "exportsite on;" + COLLECT + PAGE, redis=redis)
    cookie, _ = first_visit(site, headers={"Cookie": "consent=1"})
    redis.events(1)
    redis.stop()
    begin = time.monotonic()
    for _ in range(20):
        assert send(site, CLICK, headers={
            **jar(cookie, more="; consent=1"), **HOST}).status == 204
    assert time.monotonic() - begin < 2
    redis.cont()
    assert len(redis.events(21)) >= 21


def test_json_as_other_programs_write_it(redis, site):
    """Blanks, escapes, any order, any content type."""
    data = (b' [\n {"ms" : 1.0e2 , "type"\t:"a" , "label":"\\u00fc\\ud83d'
            b'\\ude00\\/"} ]\r\n')
    for kind in ("application/json", "text/plain;charset=UTF-8", "x"):
        assert send(site, data=data, headers={
            **HOST, "Content-Type": kind}).status == 204
    assert [(e["ms"], e["label"]) for e in redis.events(3)] == [
        ("100", "ü😀/")] * 3
    assert json.loads(data)[0]["label"] == "ü😀/"
