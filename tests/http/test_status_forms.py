"""exportsite_status for other readers: Prometheus' text, and a page."""

import html.parser
import json
import os
import re
import socket
import time

import pytest

import conf
import promtext
import views
import webserver
from conf import quote
from cookies import PAGE, jar
from promtext import by_label, value
from wait import until

STATUS = "location = /status { exportsite_status; }\n"
FORMS = {"json": "application/json", "html": "text/html; charset=utf-8",
         "prometheus": promtext.TYPE}
SCRIPT = "<script>alert('x')</script>"


def metrics(site):
    reply = site.get("/status?format=prometheus")
    assert reply.status == 200 and reply.header("Content-Type") \
        == promtext.TYPE, reply
    return promtext.parse(reply.body.decode())


# -- which form

@pytest.fixture(scope="module")
def plain(module_redis, module_nginx):
    """A site with little on it, for requests that change nothing."""
    redis = module_redis()
    site = module_nginx("exportsite_redis @redis@;", views.PAGES, redis=redis)
    views.connected(site)
    return site


@pytest.mark.parametrize("form", FORMS)
def test_forms(plain, form):
    """Each has its type, is not stored, and answers HEAD as GET."""
    reply = plain.get(f"/status?format={form}")
    assert reply.status == 200
    assert reply.all("Content-Type") == [FORMS[form]]
    assert reply.all("Cache-Control") == ["no-store"]
    assert int(reply.header("Content-Length")) == len(reply.body) > 1000
    reply.body.decode()
    head = plain.request("HEAD", f"/status?format={form}")
    assert head.status == 200 and head.body == b""
    assert head.all("Content-Type") == [FORMS[form]]


@pytest.mark.parametrize("query,form", [
    ("", "json"), ("?", "json"), ("?x=html", "json"), ("?formats=html", "json"),
    ("?Format=html", "json"), ("?x=format=html", "json"), ("?format=html", "html"),
    ("?a&b=1&format=html", "html"), ("?format=json&format=html", "json"),
    ("?format=html&format=nonsense", "html"), ("?form%61t=ht%6Dl", "html"),
])
def test_query(plain, query, form):
    """The first argument of that very name counts."""
    reply = plain.get("/status" + query)
    assert reply.status == 200
    assert reply.header("Content-Type") == FORMS[form]


@pytest.mark.parametrize("query", [
    "format=", "format", "format=JSON", "format=html%00", "format=xml",
    "format=prometheus%20", "format=nonsense&format=json",
    "format=" + "x" * 4000, "format=%ff%fe", "format=<script>",
])
def test_unknown_form(plain, query):
    """One line that names what there is, and nothing of what was asked."""
    reply = plain.get("/status?" + query)
    assert reply.status == 400
    assert reply.header("Content-Type").startswith("text/plain")
    assert reply.all("Cache-Control") == ["no-store"]
    assert reply.text.endswith("\n") and reply.text.count("\n") == 1
    for form in FORMS:
        assert "format=" + form in reply.text
    assert "script" not in reply.text and len(reply.body) < 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_other_methods(plain, method):
    reply = plain.request(method, "/status?format=html", body=b"")
    assert reply.status == 405


# -- Prometheus

@pytest.mark.parametrize("text,complaint", [
    ("a 1\n", "not its family"),
    ("# TYPE a gauge\na 1\n", "no HELP"),
    ("# HELP a A.\n# TYPE a gauge\na 1", "no newline"),
    ("# HELP a A.\n# TYPE a gauge\na 1\na 2\n", "a series twice"),
    ("# HELP a A.\n# TYPE a gauge\n"
     'a{x="1",y="2"} 1\na{y="2",x="1"} 1\n', "a series twice"),
    ("# HELP a A.\n# TYPE a gauge\na{x=\"\\t\"} 1\n", "an escape"),
    ("# HELP a A.\n# TYPE a gauge\na{x=\"1} 1\n", "no closing quote"),
    ("# HELP a A.\n# TYPE a gauge\na one\n", "no number"),
    ("# HELP a A.\n# TYPE a counter\na 1\n", "is a counter"),
    ("# HELP a A.\n# TYPE a gauge\na 1\n\n", "blanks"),
    ("# HELP h H.\n# TYPE h histogram\n"
     'h_bucket{le="1"} 2\nh_bucket{le="+Inf"} 1\nh_sum 1\nh_count 1\n',
     "not cumulative"),
    ("# HELP h H.\n# TYPE h histogram\n"
     'h_bucket{le="1"} 1\nh_bucket{le="+Inf"} 2\nh_sum 1\nh_count 1\n',
     "_count is not"),
    ("# HELP h H.\n# TYPE h histogram\n"
     'h_bucket{le="1"} 1\nh_sum 1\nh_count 1\n', "no +Inf"),
])
def test_the_parser_is_strict(text, complaint):
    with pytest.raises(promtext.Bad, match=re.escape(complaint)):
        promtext.parse(text)


def test_metrics_agree_with_json(redis, nginx, mmdb):
    """Both forms tell the same numbers."""
    site = nginx("exportsite_geo @world@; exportsite_redis @redis@;"
                 "exportsite_stream events buffer=256k spool=@dir@/spool;",
                 views.PAGES + conf.echo("country", "profile_company"),
                 redis=redis, world=mmdb.world())
    redis("HSET", "es:segments", "good", "country = DE", "bad", "contry = DE",
          "odd", "segment = nowhere")
    until(lambda: len(site.json()["segments"]) == 3, 3, "the segments")
    views.view(site, 0, 60)
    views.arrive(redis, 60)
    redis.kill()
    views.view(site, 60, 2500)
    until(lambda: site.json()["spool"]["events"], 5, "the spool")
    until(lambda: site.json()["events"]["oldest_ms"], 5, "the age")
    status, got = site.json(), metrics(site)
    events = status["events"]

    assert all(name.startswith("exportsite_") for name in got)
    assert by_label(got, "exportsite_events_recorded_total") == events["types"]
    assert by_label(got, "exportsite_events_lost_total") == events["lost_by"]
    assert by_label(got, "exportsite_beacons_total") == status["beacons"]
    assert by_label(got, "exportsite_slots_left_total") \
        == status["slots"]["left"]
    assert by_label(got, "exportsite_redis_state") == {
        "off": 0, "connected": 0,
        "disconnected": status["redis"]["state"] == "disconnected",
        "connecting": status["redis"]["state"] == "connecting"}
    for name, number in {
            "events_sent_total": events["sent"],
            "events_repeated_total": events["repeated"],
            "events_spooled_total": events["spooled"],
            "events_replayed_total": events["replayed"],
            "events_queued": events["queued"],
            "events_memory_bytes": events["bytes"],
            "redis_batches_total": events["batches"],
            "redis_listening": 0, "breaker_open": 0,
            "spool_enabled": 1, "spool_files": status["spool"]["files"],
            "spool_events": status["spool"]["events"],
            "spool_bytes": status["spool"]["bytes"],
            "spool_max_bytes": 256 << 20,
            "segments": 3, "segment_errors": 1, "segment_warnings": 1,
            "definitions_version": status["segments_version"],
            "zone_size_bytes": status["zone"]["size"], "workers": 1,
    }.items():
        assert value(got, "exportsite_" + name) == number, name
    assert value(got, "exportsite_build_info", version=status["module"]) == 1
    age = value(got, "exportsite_events_oldest_unsent_seconds")
    assert 0 <= age - events["oldest_ms"] / 1000 < 2
    path = status["databases"][0]["path"]
    assert value(got, "exportsite_geo_database_build_timestamp_seconds",
                 path=path) == status["databases"][0]["build"]


def test_latency_histogram(redis, nginx):
    """The classes of JSON, cumulative and in seconds."""
    site = nginx("exportsite_redis @redis@;", views.PAGES, redis=redis)
    views.view(site, 0, 5)
    views.arrive(redis, 5)
    views.settle(site)
    latency, got = site.json()["events"]["latency"], metrics(site)
    name = "exportsite_redis_batch_duration_seconds"
    assert got[name].kind == "histogram"
    total = 0
    for bound in latency["within"]:
        total += bound["count"]
        edge = "+Inf" if bound["ms"] is None else f"{bound['ms'] / 1000:g}"
        assert value(got, name + "_bucket", le=edge) == total, bound
    assert total == latency["count"] == value(got, name + "_count") > 0
    assert value(got, name + "_sum") * 1000 / total \
        == pytest.approx(latency["mean"], rel=1e-3)


def test_names_of_metrics(plain):
    """Base units; labels whose values are few, and never a segment's name."""
    got = metrics(plain)
    labels = set()
    for family in got.values():
        assert not re.search(r"(_ms|_millis|_us|_kb|_percent)(_|$)",
                             family.name), family.name
        for (_, at) in family.samples:
            labels |= {name for name, _ in at}
    assert labels <= {"type", "reason", "answer", "state", "path", "version",
                      "le"}
    assert sum(len(f.samples) for f in got.values()) < 200


def test_label_is_escaped(nginx, mmdb):
    """A database's path may hold what the format has escapes for."""
    odd = 'we"ird\\ ä\n{x="1"} 7.mmdb'
    folder = os.path.dirname(mmdb.world())
    path = os.path.join(folder, odd)
    os.link(mmdb.world(), path)
    try:
        site = nginx(f"exportsite_geo {quote(path)};", STATUS)
        assert by_label(metrics(site), "exportsite_geo_database_size_bytes") \
            == {path: os.path.getsize(path)}
        assert site.json()["databases"][0]["path"] == path
        page = read(site)
        assert 'we"ird\\ ä {x="1"} 7.mmdb' in page.text
    finally:
        os.unlink(path)


def test_label_is_utf8(nginx, mmdb):
    """A path that is no UTF-8 does not spoil the text."""
    path = os.fsencode(os.path.dirname(mmdb.world())) + b"/\xff\xc3.mmdb"
    os.link(mmdb.world(), path)
    try:
        site = nginx("exportsite_geo @dir@/link.mmdb;", STATUS, start=False)
        file = site.configure(port=0)
        with open(file, "rb") as have:
            text = have.read().replace(
                os.fsencode(site.path("link.mmdb")), path)
        site.configure = lambda **_: site.write(
            "nginx.conf", text.replace(b":0;", b":%d;" % site.port))
        site.start()
        assert [p[-8:] for p in by_label(
            metrics(site), "exportsite_geo_database_size_bytes")] \
            == ["/??.mmdb"]
        read(site)
        site.json()
    finally:
        os.unlink(path)


def test_a_database_twice(nginx, mmdb):
    """Named twice for two ways to a country, it is one series."""
    site = nginx("exportsite_geo @world@; exportsite_geo @world@ "
                 "country=registered_country.iso_code;", STATUS,
                 world=mmdb.world())
    assert len(site.json()["databases"]) == 2
    assert len(by_label(metrics(site), "exportsite_geo_database_refused")) == 1


def test_no_redis(nginx):
    """With nothing configured there is nothing wrong with any form."""
    site = nginx("", STATUS)
    got = metrics(site)
    assert value(got, "exportsite_redis_state", state="off") == 1
    page = read(site)
    assert page.state == "ok" and page.headline == "All is well"


# -- the page

class Page(html.parser.HTMLParser):
    """state (of the headline), headline, findings, text, tags, attributes."""

    VOID = {"meta"}

    def __init__(self, body):
        super().__init__()
        self.tags, self.attributes, self.texts = set(), set(), []
        self.state, self.title = None, ""
        self.headline, self.findings = "", []
        self.inside = None
        self.feed(body)
        self.close()
        self.text = "".join(self.texts)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes |= set(attrs)
        if tag == "header":
            self.state = dict(attrs)["class"]
        if tag == "li":
            self.findings.append("")
        if tag not in ("small", "bdi"):
            self.inside = tag

    def handle_endtag(self, tag):
        if tag in ("header", "h1", "ul", "title", "style"):
            self.inside = None

    def handle_data(self, data):
        if self.inside == "style":
            return
        if self.inside == "h1":
            self.headline += data
        elif self.inside == "title":
            self.title += data
        elif self.inside == "li":
            self.findings[-1] += data
        self.texts.append(data)


TAGS = {"html", "meta", "title", "style", "header", "h1", "small", "ul", "li",
        "main", "section", "h2", "table", "thead", "tbody", "tr", "th", "td",
        "div", "i", "p", "code", "bdi", "footer"}
ATTRIBUTES = {"lang", "charset", "name", "content", "http-equiv", "class",
              "colspan", "style"}


def read(site):
    """The page, of which everything is checked that must always be true."""
    reply = site.get("/status?format=html")
    assert reply.status == 200, reply
    assert reply.header("Content-Security-Policy") \
        == "default-src 'none'; style-src 'unsafe-inline'"
    body = reply.body.decode()
    assert not re.search("[\0-\x09\x0b-\x1f\x7f]", body)
    page = Page(body)
    assert page.tags <= TAGS, page.tags - TAGS
    names = {name for name, _ in page.attributes}
    assert names <= ATTRIBUTES, names - ATTRIBUTES
    for name, said in page.attributes:
        if name == "style":
            assert re.fullmatch(r"width:[0-9]{1,3}%", said), said
    assert "url(" not in body and "@import" not in body
    assert page.state in ("ok", "warn", "bad")
    assert page.headline
    return page


def test_all_is_well(plain):
    """A green headline, and the numbers; short, and it renews itself."""
    views.view(plain, 0, 1234, chunk=200)
    views.settle(plain)
    page = read(plain)
    assert (page.state, page.headline, page.findings) == (
        "ok", "All is well", [])
    assert "all is well" in page.title
    assert ("http-equiv", "refresh") in page.attributes
    assert ("content", "10") in page.attributes
    count = plain.json()["events"]["recorded"]
    assert f"recorded{count:,}" in page.text.replace("\n", "")
    assert len(plain.get("/status?format=html").body) < 15000


def test_redis_away(redis, nginx):
    """Red, with the reason; green again once it is back."""
    site = nginx("exportsite_redis @redis@;"
                 "exportsite_stream events buffer=256k;",
                 views.PAGES, redis=redis)
    until(lambda: read(site).state == "ok", 5, "green")
    redis.kill()
    until(lambda: read(site).state == "bad", 5, "red")
    assert read(site).headline.startswith("Redis is away")
    assert "disconnected" in read(site).text.replace("connecting",
                                                     "disconnected")
    views.view(site, 0, 3000)
    lost = site.json()["events"]["lost"]
    assert read(site).findings == [
        f"{lost:,} events were lost since nginx started\n"]
    redis.start()
    until(lambda: read(site).state == "warn", 10, "amber")
    assert read(site).headline.startswith(f"{lost:,} events were lost")


def test_spool_in_use(redis, nginx):
    """Said as long as something is in files."""
    site = nginx("exportsite_redis @redis@;"
                 "exportsite_stream events buffer=256k spool=@dir@/spool;",
                 views.PAGES, redis=redis)
    views.connected(site)
    redis.kill()
    views.view(site, 0, 3000)
    waiting = until(lambda: site.json()["spool"]["events"], 5, "the spool")
    page = read(site)
    assert page.findings == [f"{waiting:,} events wait in the spool\n"]
    assert site.path("spool") in page.text
    redis.start()
    views.settle(site)
    until(lambda: read(site).state == "ok", 5, "green")


def test_breaker_open(redis, nginx):
    """Red while requests do not wait for Redis any more."""
    site = nginx("exportsite_redis @redis@ timeout=20ms; exportsite_visitor "
                 "$arg_v; exportsite_consent on;",
                 PAGE + STATUS + conf.echo("profile_company"), redis=redis)
    views.connected(site)
    redis.stop()
    try:
        for n in range(4):
            site.get(f"/vars?v=v{n}")
        until(lambda: site.json()["breaker"]["open"], 3, "the breaker")
        page = read(site)
        assert page.state == "bad"
        assert "The breaker is open" in page.headline + "".join(page.findings)
        assert value(metrics(site), "exportsite_breaker_open") == 1
    finally:
        redis.cont()


def test_database_error(nginx, mmdb):
    """A new file that was refused, with what is wrong with it."""
    site = nginx("exportsite_geo @dir@/geo.mmdb auto_reload=1s;", STATUS,
                 start=False)
    with open(mmdb.world(), "rb") as file:
        site.write("geo.mmdb", file.read())
    site.start()
    assert read(site).state == "ok"
    assert set(by_label(metrics(site),
                        "exportsite_geo_database_refused").values()) == {0}
    site.write("new", b"no database" * 100)
    os.rename(site.path("new"), site.path("geo.mmdb"))
    until(lambda: read(site).state == "warn", 5, "amber")
    page, error = read(site), site.json()["databases"][0]["error"]
    assert page.headline.startswith("1 database has a new file")
    assert error in page.headline and error in page.text
    assert set(by_label(metrics(site),
                        "exportsite_geo_database_refused").values()) == {1}


def test_hostile_texts(redis, nginx):
    """Rules, errors and keys of slots are text, whatever they hold."""
    site = nginx("exportsite_redis @redis@;",
                 "location = /p { exportsite on; default_type text/html;"
                 "exportsite_slot a redis:$arg_k; "
                 "return 200 '<!-- es:a -->x<!-- /es:a -->'; }" + STATUS,
                 redis=redis)
    redis("HSET", "es:segments",
          "rule", f'path = "{SCRIPT}&amp;" or path = "\\"><img src=x>"',
          "error", f"{SCRIPT} = 1",
          "raw", b"path = '\xff\xfe\xed\xa0\x80 \xe2\x80\xae'",
          "lines", "path = 'a\r\n\t\x01b'",
          "warned", "segment = nowhere",
          f"x{SCRIPT}", "country = DE", "\n<b>", "country = DE")
    redis("LPUSH", "es:slot:list", "x")
    until(lambda: len(site.json()["segments"]) >= 5, 3, "the segments")
    site.get("/p?k=list")
    until(lambda: site.json()["slots"]["errors"], 3, "the slot's error")
    site.get("/p?k=<b>")
    page = read(site)
    assert f'path = "{SCRIPT}&amp;" or path = "\\"><img src=x>"' in page.text
    for segment in site.json()["segments"]:
        assert segment["name"] in page.text
        # unknown bytes are told a little differently by each form
        error = segment.get("error", "").replace("?", "")
        if error and "\ufffd" not in error and error.isascii():
            assert error in page.text.replace("?", "")
    assert 'segment "nowhere" does not exist' in page.text
    assert page.state == "warn"
    assert "rule that cannot be taken" in page.headline
    assert "1 slot content in Redis" in "".join(page.findings)
    metrics(site)


def test_many_segments(redis, nginx):
    """The page is cut, says so, and shows what is wrong first."""
    site = nginx("exportsite_redis @redis@;", STATUS, redis=redis)
    flat = [w for n in range(1500)
            for w in (f"s{n:04}", "path contains '%s'" % ("ä" * 300))]
    redis("HSET", "es:segments", *flat, "zz", "contry = DE")
    until(lambda: len(site.json()["segments"]) == 1501, 10, "the segments")
    page = read(site)
    assert "zz" in page.text and "s0000" in page.text
    assert "1,450 more" in page.text
    assert len(site.get("/status?format=html").body) < 40000
    assert value(metrics(site), "exportsite_segments") == 1501
    assert len(site.get("/status").body) > 1500 * 600


def test_is_no_page_of_the_site(redis, nginx):
    """With everything on: no view, no cookie, no script, no slot in it."""
    site = nginx("exportsite_redis @redis@; exportsite_consent on;"
                 "exportsite on; exportsite_script /es.js;"
                 "exportsite_slot hero text:INSERTED;",
                 PAGE + STATUS, redis=redis)
    views.connected(site)
    redis("HSET", "es:segments", "a",
          "path = '<!-- es:hero -->x<!-- /es:hero -->'")
    until(lambda: len(site.json()["segments"]) == 1, 3, "the segment")
    for cookie in ({}, jar("forged")):
        reply = site.get("/status?format=html", cookie)
        assert reply.status == 200
        assert reply.all("Set-Cookie") == reply.all("Server-Timing") == []
        assert "<script" not in reply.text and "INSERTED" not in reply.text
    assert reply.header("ETag") is None
    assert int(reply.header("Content-Length")) == len(reply.body)
    site.get("/page")
    redis.events(1)
    time.sleep(0.3)
    assert [e["path"] for e in redis.events(1)] == ["/page"]


def test_slow_reader(redis, nginx):
    """A long answer goes out whole, however little is taken at a time."""
    site = nginx("exportsite_redis @redis@;", STATUS, redis=redis,
                 listen="127.0.0.1:@port@ sndbuf=8k")
    flat = [w for n in range(2000)
            for w in (f"s{n}", f"path contains '{'x' * 500}{n}'")]
    redis("HSET", "es:segments", *flat)
    until(lambda: len(site.json()["segments"]) == 2000, 10, "the segments")
    with socket.create_connection(site.address, 10) as sock:
        sock.sendall(b"GET /status HTTP/1.1\r\nHost: x\r\n"
                     b"Connection: close\r\n\r\n")
        time.sleep(0.3)
        got = b""
        while piece := sock.recv(20000):
            got += piece
    assert len(json.loads(got.split(b"\r\n\r\n", 1)[1])["segments"]) == 2000


def test_metrics_are_documented(plain):
    """The table in docs/status.md has all metrics, by kind and labels."""
    got = metrics(plain)
    with open(os.path.join(webserver.ROOT, "docs", "status.md")) as file:
        told = re.findall(
            r"^\| `(exportsite_\w+)(?:\{(\w+)\})?` \| (\w+) \|",
            file.read(), re.M)
    assert {name: kind for name, _, kind in told} \
        == {family.name: family.kind for family in got.values()}
    assert len(told) == len(got)
    for name, label, kind in told:
        if kind != "histogram":
            for (_, labels) in got[name].samples:
                assert label == "".join(n for n, _ in labels), name
