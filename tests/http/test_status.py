"""exportsite_status: JSON that says how the module is."""

import json
import time

import pytest

import conf
import mmdb as db
import spool
import views
from cookies import PAGE
from mmdb import client
from wait import until

STATUS = "location = /status { exportsite_status; }\n"
SECTIONS = {
    "zone": {"size", "used", "entries", "evictions"},
    "profiles": {"hits", "stale", "misses", "waits", "timeouts", "unknown",
                 "rejected"},
    "breaker": {"open", "failures"},
    "events": {"queued", "sent", "lost", "bytes"},
    "redis": {"state", "address", "reconnects", "error"},
}


@pytest.fixture
def site(redis, nginx, mmdb):
    return nginx(
        "exportsite_zone exportsite:8m; exportsite_geo @world@;"
        "exportsite_redis @redis@ timeout=1s; exportsite_consent on;"
        "exportsite_visitor $arg_v; exportsite_secret @dir@/secret;",
        conf.echo("country", "profile_company") + PAGE + STATUS,
        redis=redis, world=mmdb.world())


def test_sections(site):
    """JSON, with a section for each part."""
    reply = site.get("/status")
    assert reply.status == 200
    assert reply.header("Content-Type").startswith("application/json")
    got = json.loads(reply.body)
    assert got["module"] and isinstance(got["module"], str)
    assert got["pid"] in site.workers()
    for name, keys in SECTIONS.items():
        assert keys <= set(got[name]), name
    assert isinstance(got["databases"], list)
    assert isinstance(got["segments"], list)
    assert {"path", "type", "build", "lookups", "found", "loads", "errors",
            "error"} <= set(got["databases"][0])


def test_numbers_move(redis, site):
    """What happened is counted."""
    redis("HSET", "es:profile:anna", "company", "ACME")
    before = site.json()
    site.vars("/vars?v=anna", client(db.AT))
    after = site.json()
    assert (after["databases"][0]["lookups"]
            > before["databases"][0]["lookups"])
    assert after["profiles"]["misses"] > before["profiles"]["misses"]
    assert after["zone"]["entries"] > before["zone"]["entries"]
    assert 7 << 20 < after["zone"]["size"] <= 8 << 20
    assert 0 < after["zone"]["used"] <= after["zone"]["size"]


def test_format_json(site):
    """?format=json is the default, said aloud."""
    json.loads(site.get("/status?format=json").body)


def test_head(site):
    """HEAD is answered without a body."""
    reply = site.request("HEAD", "/status")
    assert reply.status == 200 and reply.body == b""


def test_is_never_cached_or_a_cookie(site):
    """The status page sets no cookie."""
    assert site.get("/status").all("Set-Cookie") == []


def test_workers(redis, nginx):
    """Every worker has its own line."""
    site = nginx("exportsite_redis @redis@;", "exportsite on;" + STATUS,
                 redis=redis, workers=2)
    got = site.json()["workers"]
    assert {w["pid"] for w in got} >= set(site.workers())
    for worker in got:
        assert {"queued", "sent", "lost"} <= set(worker)
    site.kill9_worker()
    assert {w["pid"] for w in site.json()["workers"]} >= set(site.workers())


def test_hostile_text_is_escaped(redis, nginx):
    """Quotes and control bytes from Redis stay inside their strings."""
    site = nginx("exportsite_redis @redis@;", "exportsite on;" + STATUS,
                 redis=redis)
    redis("HSET", "es:segments", "ok", 'path = "a\\\\b"', "bad",
          'x"}],\n\t\x01\xff = </script>')
    until(lambda: len(site.json()["segments"]) >= 1, 3, "the segments")
    until(lambda: redis("EXISTS", "es:errors"), 3, "es:errors")
    rules = {s["name"]: s.get("rule") for s in site.json()["segments"]}
    assert rules["ok"] == 'path = "a\\\\b"'


def test_many_segments_fit(redis, nginx):
    """Thousands of segments make a long page, and a whole one."""
    site = nginx("exportsite_redis @redis@;", "exportsite on;" + STATUS,
                 redis=redis)
    flat = [w for n in range(2000)
            for w in (f"s{n}", f"path contains 'some text {n}'")]
    redis("HSET", "es:segments", *flat)
    until(lambda: len(site.json()["segments"]) == 2000, 5, "2,000 segments")


def test_without_anything(nginx):
    """A status page of a site that has nothing configured is JSON, too."""
    got = nginx("", STATUS).json()
    assert got["redis"]["state"] == "off"
    assert got["databases"] == [] and got["segments"] == []


# -- events

TYPES = ["view", "click", "dwell", "scroll", "goal", "other"]
REASONS = ["memory", "disk", "spool_max", "torn", "large"]
ANSWERS = ["taken", "ignored", "bad", "foreign", "large"]
BOUNDS = [0.5, 1, 2.5, 5, 10, 25, 100, 500, 2000, None]
FULL = "exportsite_stream events buffer=256k flush=20ms"


def is_sum(status):
    """Every event recorded is in exactly one place."""
    events = status["events"]
    return events["recorded"] == (
        events["queued"] + status["spool"]["events"] + events["sent"]
        + events["lost_by"]["spool_max"])


def test_fields_of_events(redis, nginx):
    """Everything that is told of events, with nothing configured for them."""
    site = nginx("exportsite_redis @redis@;", views.PAGES, redis=redis)
    got = site.json()
    events = got["events"]
    assert list(events["types"]) == TYPES
    assert list(events["lost_by"]) == REASONS
    assert list(got["beacons"]) == ANSWERS
    assert {"recorded", "queued", "bytes", "sent", "repeated", "spooled",
            "replayed", "lost", "batches", "oldest_ms", "latency"} \
        <= set(events)
    assert [c["ms"] for c in events["latency"]["within"]] == BOUNDS
    assert got["spool"] == {"enabled": False, "path": "", "files": 0,
                            "events": 0, "bytes": 0, "max": 0,
                            "error": ""}
    assert set(got["workers"][0]) == {
        "pid", "recorded", "queued", "sent", "spooled", "replayed", "lost",
        "geo_lookups", "reconnects"}


def test_events_are_counted(redis, nginx):
    """Views by type; batches by the time that Redis took."""
    site = nginx("exportsite_redis @redis@;", views.PAGES, redis=redis)
    views.view(site, 0, 40)
    views.arrive(redis, 40)
    got = views.settle(site)
    events = got["events"]
    assert events["types"] == dict.fromkeys(TYPES, 0) | {"view": 40}
    assert events["recorded"] == events["sent"] == 40
    assert events["repeated"] == events["lost"] == events["oldest_ms"] == 0
    latency = events["latency"]
    assert 1 <= latency["count"] <= events["batches"]
    assert sum(c["count"] for c in latency["within"]) == latency["count"]
    assert 0 < latency["mean"] < 2000
    assert sum(w["sent"] for w in got["workers"]) == 40


def test_events_of_every_type(redis, nginx):
    """Each type under its own name, all others together."""
    site = nginx("exportsite_redis @redis@;", views.PAGES
                 + "location = /es { exportsite on; exportsite_beacon; }",
                 redis=redis)
    counts = {"view": 1, "click": 2, "dwell": 3, "scroll": 4, "goal": 5,
              "other": 6}
    own = ["other", "clicks", "vie", "x", "goals", "0"]
    for name, count in counts.items():
        for n in range(count):
            kind = own[n] if name == "other" else name
            assert site.request(
                "POST", "/es", {},
                json.dumps({"type": kind, "path": "/x"}).encode()
            ).status == 204
    redis.events(21)
    got = views.settle(site)
    assert got["events"]["types"] == counts
    assert got["events"]["recorded"] == 21
    assert got["beacons"]["taken"] == 21


def test_slow_redis_is_seen(redis, slow_link, nginx):
    """Round trips of 200 ms are told as such, in the class of 500 ms."""
    site = nginx("exportsite_redis @link@ timeout=5s;", views.PAGES,
                 link=slow_link)
    views.connected(site)
    slow_link.delay = 0.1
    views.view(site, 0, 5)
    views.arrive(redis, 5)
    views.settle(site)
    latency = site.json()["events"]["latency"]
    within = {c["ms"]: c["count"] for c in latency["within"]}
    assert within[500] >= 1, latency
    assert 20 < latency["mean"] < 500


def test_age_of_the_oldest(redis, nginx):
    """It grows while Redis is away, and is 0 when all is sent."""
    site = nginx("exportsite_redis @redis@;", views.PAGES, redis=redis)
    views.connected(site)
    redis.kill()
    begun = time.time()
    views.view(site, 0, 3)
    until(lambda: site.json()["events"]["oldest_ms"] > 1500, 4, "an age")
    age = site.json()["events"]["oldest_ms"] / 1000
    assert age <= time.time() - begun + 0.1
    redis.start()
    got = views.settle(site)
    assert got["events"]["oldest_ms"] == 0


def test_age_of_the_oldest_in_files(redis, nginx):
    """What waits in files counts, too, when nothing is in memory."""
    site = nginx("exportsite_redis @redis@; "
                 "exportsite_stream events spool=@dir@/spool;",
                 views.PAGES, redis=redis)
    views.connected(site)
    redis.kill()
    begun = time.time()
    views.view(site, 0, 10)
    site.reload()
    got = until(lambda: (s := site.json())["events"]["oldest_ms"] and s, 5,
                "an age")
    assert got["spool"]["events"] == 10 and got["events"]["queued"] == 0
    assert 0 <= time.time() - begun - got["events"]["oldest_ms"] / 1000 < 3


def test_lost_from_memory(redis, nginx):
    """Without a spool, what does not fit is lost, and counted as that."""
    site = nginx(f"exportsite_redis @redis@; {FULL};", views.PAGES,
                 redis=redis)
    views.connected(site)
    redis.kill()
    views.view(site, 0, 3000)
    got = site.json()
    events = got["events"]
    assert events["lost"] == events["lost_by"]["memory"] > 1000
    assert events["recorded"] + events["lost"] == 3000
    assert sum(w["lost"] for w in got["workers"]) == events["lost"]
    assert is_sum(got)


def test_spool_is_told(redis, nginx):
    """What is in files, what it takes, and that it came back."""
    site = nginx(f"exportsite_redis @redis@; {FULL} spool=@dir@/spool "
                 "spool_max=20m;", views.PAGES, redis=redis)
    views.connected(site)
    redis.kill()
    views.view(site, 0, 3000)
    got = until(lambda: (s := site.json())["spool"]["events"] and s, 5,
                "the spool")
    told = got["spool"]
    assert told["enabled"] is True and told["max"] == 20 << 20
    assert told["path"] == site.path("spool")
    assert told["files"] == len(spool.files(told["path"])) > 0
    assert told["bytes"] == spool.size(told["path"])
    assert told["events"] == got["events"]["spooled"] > 1000
    assert got["events"]["lost"] == 0 and is_sum(got)
    redis.start()
    views.arrive(redis, 3000)
    got = views.settle(site)
    assert got["events"]["replayed"] == told["events"]
    assert got["events"]["sent"] == 3000 and is_sum(got)
    assert sum(w["replayed"] for w in got["workers"]) == told["events"]
    assert sum(w["spooled"] for w in got["workers"]) == told["events"]
    until(lambda: site.json()["spool"]["files"] == 0, 6, "no more files")


def test_spool_max_is_told(redis, nginx):
    """The oldest file goes, and its events are told as lost for that."""
    site = nginx(f"exportsite_redis @redis@; {FULL} spool=@dir@/spool "
                 "spool_max=1m;", views.PAGES, redis=redis)
    views.connected(site)
    redis.kill()
    views.view(site, 0, 8000)
    got = site.json()
    assert got["spool"]["bytes"] <= got["spool"]["max"] == 1 << 20
    assert got["events"]["lost"] == got["events"]["lost_by"]["spool_max"] > 0
    assert is_sum(got)


def test_numbers_outlive_workers(redis, nginx):
    """A reload and a killed worker change no count."""
    site = nginx("exportsite_redis @redis@;", views.PAGES, redis=redis)
    views.view(site, 0, 20)
    views.arrive(redis, 20)
    site.reload()
    site.kill9_worker()
    views.view(site, 20, 20)
    views.arrive(redis, 40)
    got = views.settle(site)
    assert got["events"]["types"]["view"] == got["events"]["recorded"] == 40
    assert is_sum(got)


def test_what_was_replayed_is_counted_once(new_redis, nginx):
    """Whoever takes a file over knows what of it was counted."""
    redis = new_redis(aof=True)
    site = nginx(f"exportsite_redis @redis@; {FULL} spool=@dir@/spool;",
                 views.PAGES, redis=redis)
    views.connected(site)
    redis.kill()
    views.view(site, 0, 2000)
    redis.start()
    views.arrive(redis, 2000)
    spooled = site.json()["events"]["spooled"]
    for take_over in site.reload, site.kill9_worker, site.reload:
        take_over()
    until(lambda: not spool.files(site.path("spool")), 8, "no more files")
    got = views.settle(site)
    assert got["events"]["replayed"] == spooled > 500
    assert got["events"]["sent"] == 2000 and is_sum(got)
