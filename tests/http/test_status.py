"""exportsite_status: JSON that says how the module is."""

import json

import pytest

import conf
import mmdb as db
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
