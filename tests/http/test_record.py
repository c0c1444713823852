"""What a view leaves in the stream."""

import json
import time

import pytest

import conf
from cookies import PAGE
from mmdb import client
from wait import until

BASE = ("exportsite_redis @redis@ timeout=1s;\n"
        "exportsite_secret @dir@/secret;\n"
        "exportsite_languages en de ja; exportsite_industries medical;\n")
ORDER = ("id ts type visitor host path status country language industry "
         "segments variants experiments referrer source medium campaign "
         "device page label value ms").split()
PHONE = ("Mozilla/5.0 (iPhone; CPU iPhone OS 16_5 like Mac OS X) "
         "AppleWebKit/605.1.15 (KHTML, like Gecko) Version/16.5 "
         "Mobile/15E148 Safari/604.1")
GOOGLEBOT = ("Mozilla/5.0 (compatible; Googlebot/2.1; "
             "+http://www.google.com/bot.html)")
FILES = "location /files/ { exportsite on; alias @html@/; }\n"


def recorded(site, redis, *requests):
    """Do requests, then a last view; the paths recorded before that one.

    One worker writes in order, so what is not before the last view is not
    recorded at all.
    """
    have = redis("XLEN", "es:events")
    for request in requests:
        site.request(*request)
    site.get("/page?last=1", {"Host": "last.example"})
    for count in range(have + 1, have + len(requests) + 2):
        events = redis.events(count)
        if events[-1]["host"] == "last.example":
            return [event["path"] for event in events[have:-1]]
    raise AssertionError(f"the last view is missing: {events}")


@pytest.fixture
def site(redis, nginx):
    site = nginx(BASE, PAGE + FILES, redis=redis)
    site.write("html/a.css", "p { }")
    site.write("html/data.json", "{}")
    return site


def test_a_view_in_full(redis, nginx, mmdb):
    """Every field, with its value and in its place."""
    redis("HSET", "es:segments", "german", "language = de",
          "austria", "country = AT")
    redis("HSET", "es:profile:anna", "industry", "medical")
    site = nginx(
        BASE + "exportsite_geo @world@; exportsite_consent on;"
        "exportsite_visitor $cookie_sub;"
        + conf.choices([("language = de", "german")], "$hero")
        + conf.choices([("country = AT", "green")], "$cta")
        + conf.choices([("country = AT", "never")], "$unused"),
        PAGE.replace("add_header", "add_header X-C $hero-$cta always;"
                     "add_header X-S $exportsite_segments always;"
                     "add_header", 1),
        redis=redis, world=mmdb.world())
    headers = {**client("192.0.2.1"), "Accept-Language": "de",
               "Host": "www.example.com", "User-Agent": PHONE,
               "Cookie": "sub=anna; secret=4711", "Referer":
               "https://www.google.com/search?q=geheim#x"}
    url = ("/page?token=geheim&utm_source=news&utm_medium=mail"
           "&utm_campaign=spring%20sale&utm_term=geheim")
    until(lambda: site.get(url, headers).header("X-S") == "austria,german",
          what="the segments")
    before = time.time()
    mine = ("id", site.get(url, headers).header("X-Event"))
    entry = until(lambda: [e for e in redis.entries() if mine in e],
                  what="the event")[0]
    event = dict(entry)
    assert before * 1000 - 1500 <= int(event["ts"]) <= time.time() * 1000 + 5
    assert sorted(event.pop("variants").split(",")) == ["cta=green",
                                                        "hero=german"]
    del event["id"], event["ts"]
    assert event == {
        "type": "view", "visitor": "anna", "host": "www.example.com",
        "path": "/page", "status": "200", "country": "AT", "language": "de",
        "industry": "medical", "segments": "austria,german",
        "referrer": "www.google.com", "source": "news", "medium": "mail",
        "campaign": "spring sale", "device": "mobile"}
    names = [name for name, _ in entry]
    assert names == sorted(names, key=ORDER.index)


def test_empty_fields_are_absent(redis, site):
    """What is not known is not written."""
    site.get("/page")
    event = redis.events(1)[0]
    assert "" not in event.values()
    for name in ("visitor", "industry", "segments", "variants",
                 "experiments", "referrer", "source", "medium", "campaign",
                 "page", "label", "value", "ms"):
        assert name not in event
    assert event["type"] == "view" and event["status"] == "200"
    assert event["language"] == "en" and event["path"] == "/page"


def test_id_is_the_variable(redis, site):
    """$exportsite_event is the id of the view recorded; no two agree."""
    ids = [site.get("/page").header("X-Event") for _ in range(20)]
    assert all(ids) and len(set(ids)) == 20
    assert [event["id"] for event in redis.events(20)] == ids


def test_order_of_a_worker(redis, site):
    """Views of one worker are in the stream in their order."""
    with site.session() as session:
        for n in range(500):
            session.get("/page", {"Host": f"h{n}.example"})
    hosts = [event["host"] for event in redis.events(500)]
    assert hosts == [f"h{n}.example" for n in range(500)]


def test_views_and_what_is_none(redis, site):
    """A page by GET is a view; nothing else is."""
    agent = {"User-Agent": GOOGLEBOT}
    assert recorded(
        site, redis,
        ("GET", "/files/index.html"),
        ("HEAD", "/files/index.html"), ("POST", "/page", {}, b"x"),
        ("HEAD", "/page"), ("GET", "/files/none.html"),
        ("GET", "/files/a.css"), ("GET", "/files/data.json"),
        ("GET", "/page", {"Sec-Purpose": "prefetch"}),
        ("GET", "/page", {"Sec-Purpose": "prefetch;prerender"}),
        ("GET", "/page", agent),
        ("GET", "/page")) == ["/files/index.html", "/page"]


def test_a_part_of_a_page_is_no_view(redis, site):
    """Neither a range is one, nor one that is not there."""
    whole = {"Range": "bytes=0-3", "If-Range": '"another"'}
    assert recorded(
        site, redis,
        ("GET", "/files/index.html", {"Range": "bytes=0-3"}),
        ("GET", "/files/index.html", {"Range": "bytes=0-3,5-6"}),
        ("GET", "/files/index.html", {"Range": "bytes=999999-"}),
        ("GET", "/files/index.html?whole", whole)) == ["/files/index.html"]


def test_not_modified_is_a_view(redis, site):
    """A page answered with 304 was seen, too."""
    reply = site.get("/files/index.html")
    head = {"If-None-Match": reply.header("ETag")}
    assert site.get("/files/index.html", head).status == 304
    style = site.get("/files/a.css")
    head = {"If-None-Match": style.header("ETag")}
    assert site.get("/files/a.css", head).status == 304
    site.get("/page")
    events = redis.events(3)
    assert [e["status"] for e in events] == ["200", "304", "200"]
    assert [e["path"] for e in events] == ["/files/index.html"] * 2 + ["/page"]


def test_own_endpoints_are_no_views(redis, nginx):
    """Status and whoami are not recorded."""
    site = nginx(BASE, "exportsite on;" + PAGE
                 + "location = /status { exportsite_status; }"
                 "location = /who { exportsite_whoami; }", redis=redis)
    assert recorded(site, redis, ("GET", "/status"), ("GET", "/who"),
                    ("GET", "/status?format=html")) == []


def test_record_off_and_by_value(redis, nginx):
    """exportsite_record: off, or by a variable."""
    site = nginx(
        BASE, PAGE
        + PAGE.replace("/page", "/never").replace(
            "exportsite on;", "exportsite on; exportsite_record off;")
        + PAGE.replace("/page", "/maybe").replace(
            "exportsite on;", "exportsite on; exportsite_record $arg_r;"),
        redis=redis)
    assert site.get("/never").header("X-Event", "") == ""
    assert recorded(site, redis, ("GET", "/never"), ("GET", "/maybe?r=0"),
                    ("GET", "/maybe"), ("GET", "/maybe?r=1")) == ["/maybe"]


def test_exportsite_off_records_nothing(redis, nginx):
    """Where exportsite is off there is no event."""
    site = nginx(BASE, PAGE + "location = /off { default_type text/html;"
                 "return 200 p; }", redis=redis)
    assert recorded(site, redis, ("GET", "/off")) == []


def test_path_is_the_clients(redis, nginx):
    """`path` is decoded and before any rewriting."""
    site = nginx(
        BASE, "exportsite on;" + PAGE
        + "location /de/ { rewrite ^/de/(.*) /files/$1 last; }" + FILES
        + "location /try/ { try_files $uri /files/index.html; }", redis=redis)
    assert recorded(
        site, redis, ("GET", "/de/index.html"), ("GET", "/try/it"),
        ("GET", "/de/%69ndex.html?utm_source=x")) == [
            "/de/index.html", "/try/it", "/de/index.html"]


@pytest.mark.parametrize("referrer, want", [
    ("https://example.org/path?q=1", "example.org"),
    ("http://example.org:8080/", "example.org"),
    ("https://user:word@example.org/x", "example.org"),
    ("https://example.org", "example.org"),
    ("https://example.org?secret=1", "example.org"),
    ("https://example.org#secret", "example.org")])
def test_referrer_is_a_host_only(redis, site, referrer, want):
    """Nothing of a referrer beyond its host is kept."""
    site.get("/page", {"Referer": referrer})
    text = redis.events(1)[0].get("referrer", "")
    assert text.split(":")[0] == want and "/" not in text
    assert "secret" not in text and "word" not in text


@pytest.mark.parametrize("referrer", ["", "/", "nonsense", "android-app://",
                                      "https://", "javascript:alert(1)"])
def test_a_referrer_that_is_none(redis, site, referrer):
    """What is no address leaves no more than a word, and never harm."""
    assert site.get("/page", {"Referer": referrer}).status == 200
    assert "alert" not in redis.events(1)[0].get("referrer", "")


def test_no_address_and_no_query_anywhere(redis, nginx, mmdb):
    """Neither client addresses nor query strings are kept."""
    site = nginx(BASE + "exportsite_geo @world@; exportsite_consent on;",
                 PAGE + "location = /status { exportsite_status; }",
                 redis=redis, world=mmdb.world())
    for address in ("192.0.2.33", "2001:db8:a::77"):
        site.get("/page?name=geheim&utm_id=geheim",
                 {"Host": "www.example.com", **client(address)})
    redis.events(2)
    for key in redis("KEYS", "*"):
        kind = redis("TYPE", key)
        text = str(redis("XRANGE", key, "-", "+") if kind == b"stream"
                   else redis("HGETALL", key) if kind == b"hash"
                   else redis("DUMP", key))
        for secret in ("192.0.2.33", "2001:db8:a", "127.0.0.1", "geheim"):
            assert secret not in text, (key, secret)
    text = site.get("/status").text
    assert "192.0.2.33" not in text and "geheim" not in text


def test_fields_cannot_break_out(redis, site):
    """Hostile hosts, paths and marks are one value each."""
    site.raw(b"GET /files/index.html?utm_source=a%0d%0a$3%00b&"
             b"utm_medium=%ff%fe&utm_campaign=" + b"c" * 3000
             + b" HTTP/1.1\r\nHost: www.example.com\r\n"
             b"Referer: http://a\x01b/\r\nConnection: close\r\n\r\n")
    site.get("/page")
    events = redis.events(2)
    assert [e["path"] for e in events] == ["/files/index.html", "/page"]
    assert "\0" not in events[0].get("source", "")
    assert "\r" not in events[0].get("source", "")
    assert len(events[0].get("campaign", "")) <= 3000
    assert set(events[0]) <= set(ORDER)


def test_first_of_a_repeated_mark(redis, site):
    """utm_ arguments are decoded; `+` in a query is a space."""
    site.get("/page?utm_source=a%26b&utm_source=c&utm_medium=x%2By")
    event = redis.events(1)[0]
    assert event["source"] == "a&b" and event["medium"] == "x+y"


@pytest.mark.parametrize("agent, want", [
    (PHONE, "mobile"),
    ("Mozilla/5.0 (iPad; CPU OS 12_2 like Mac OS X) AppleWebKit/605.1.15 "
     "(KHTML, like Gecko) Version/12.1 Mobile/15E148 Safari/604.1",
     "tablet"),
    ("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:120.0) Gecko/20100101 "
     "Firefox/120.0", "desktop")])
def test_device(redis, site, agent, want):
    """Three kinds of device."""
    site.get("/page", {"User-Agent": agent})
    assert redis.events(1)[0]["device"] == want


def test_key_prefix_and_database(redis, nginx):
    """exportsite_stream names the key, exportsite_redis prefix and db."""
    site = nginx(
        BASE.replace("@redis@", "@redis@ db=3 prefix=shop:")
        + "exportsite_stream views;", PAGE, redis=redis)
    site.get("/page")
    redis("SELECT", 3)
    assert redis.events(1, "shop:views")[0]["path"] == "/page"
    redis("SELECT", 0)
    assert redis("DBSIZE") == 0


def test_stream_off(redis, nginx):
    """exportsite_stream off: no stream, and segments still work."""
    redis("HSET", "es:segments", "one", "method = GET")
    site = nginx(BASE + "exportsite_stream off;",
                 PAGE + conf.echo("segments"), redis=redis)
    until(lambda: site.vars()["segments"] == "one", what="the segment")
    for _ in range(5):
        assert site.get("/page").status == 200
    time.sleep(0.4)
    assert redis("KEYS", "*events*") == []


def test_maxlen(redis, nginx):
    """maxlen bounds the stream, give or take a node of it."""
    site = nginx(BASE + "exportsite_stream events maxlen=200;", PAGE,
                 redis=redis)
    with site.session() as session:
        for n in range(1200):
            session.get("/page", {"Host": f"h{n}.example"})
    until(lambda: redis.stream()[-1:]
          and redis.stream()[-1]["host"] == "h1199.example", what="the last")
    assert 200 <= redis("XLEN", "es:events") <= 400


def test_flush_bounds_the_delay(redis, nginx):
    """An event is in the stream soon after `flush`."""
    site = nginx(BASE + "exportsite_stream events flush=50ms;", PAGE,
                 redis=redis)
    site.get("/page")
    redis.events(1)
    begin = time.monotonic()
    site.get("/page")
    redis.events(2)
    assert time.monotonic() - begin < 1.0


def test_without_redis_at_all(nginx):
    """A site without exportsite_redis serves its pages."""
    site = nginx("exportsite_consent on;", PAGE
                 + "location = /status { exportsite_status; }")
    for _ in range(20):
        assert site.get("/page").status == 200
    assert json.loads(site.get("/status").body)["redis"]["state"] == "off"


def test_variants_are_those_evaluated(redis, nginx):
    """`variants` names the choices that were evaluated, and no others."""
    site = nginx(
        BASE + conf.choices([("language = de", "german")], "$hero", "base")
        + conf.choices([("method = GET", "green")], "$cta"),
        PAGE.replace("/page", "/with").replace(
            "add_header", "add_header X-C $hero; add_header", 1) + PAGE,
        redis=redis)
    site.get("/with", {"Accept-Language": "de"})
    site.get("/with")
    site.get("/page")
    events = redis.events(3)
    assert [event.get("variants") for event in events] == [
        "hero=german", "hero=base", None]
