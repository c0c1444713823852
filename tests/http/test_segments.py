"""Segments: the marketer's rules in Redis, live without a reload."""

import statistics
import time

import pytest

import conf
from wait import until

LINK = ("exportsite_redis @redis@; exportsite_secret @dir@/secret;\n"
        "exportsite_languages en de; exportsite_consent on;\n")
SHOW = conf.echo("segments", "segment_one", "$pid")
STATUS = "location = /status { exportsite_status; }\n"


def wait_segments(site, want, target="/vars", headers=(), timeout=3):
    """Poll until $exportsite_segments is `want`."""
    until(lambda: site.vars(target, headers)["segments"] == want, timeout,
          f"segments {want!r}")


def named(site):
    """The status page's segments by name."""
    return {s["name"]: s for s in site.json()["segments"]}


@pytest.fixture
def site(redis, nginx):
    return nginx(LINK, SHOW + STATUS, redis=redis)


def test_segments_there_at_start(redis, nginx):
    """Segments defined before nginx starts are taken."""
    redis("HSET", "es:segments", "one", "language = de", "two", "path ~ x")
    site = nginx(LINK, SHOW, redis=redis)
    wait_segments(site, "one", headers={"Accept-Language": "de"})
    got = site.vars("/vars", {"Accept-Language": "de"})
    assert got["segment_one"] == "1"
    got = site.vars("/vars")
    assert got["segments"] == "" and got["segment_one"] == ""


def test_names_are_sorted_and_joined(redis, site):
    """$exportsite_segments has the names, comma separated and sorted."""
    redis("HSET", "es:segments", "b", "method = GET", "a-z", "method = GET",
          "z", "method = POST", "a_b", "method = GET", "a", "method = GET",
          "b2", "method = GET")
    wait_segments(site, "a,a-z,a_b,b,b2")


def test_a_change_is_live_and_a_removal_too(redis, site):
    """HSET, HDEL and DEL act at once."""
    redis("HSET", "es:segments", "one", "method = GET")
    wait_segments(site, "one", timeout=1)
    redis("HSET", "es:segments", "one", "method = POST")
    wait_segments(site, "", timeout=1)
    redis("HSET", "es:segments", "one", "method = GET",
          "two", "method = GET")
    wait_segments(site, "one,two", timeout=1)
    redis("HDEL", "es:segments", "one")
    wait_segments(site, "two", timeout=1)
    redis("DEL", "es:segments")
    wait_segments(site, "", timeout=1)


def test_rename_and_flush(redis, site):
    """The key may come by RENAME and go by FLUSHALL."""
    redis("HSET", "es:new", "one", "method = GET")
    redis("RENAME", "es:new", "es:segments")
    wait_segments(site, "one", timeout=1)
    redis("FLUSHALL")
    wait_segments(site, "", timeout=2)


def test_live_on_all_workers_in_100_ms(redis, nginx):
    """Half of 50 changes are live on both workers within 100 ms."""
    site = nginx(LINK, SHOW, workers=2, redis=redis,
                 listen="127.0.0.1:@port@ reuseport")
    sessions = {}
    for _ in range(200):
        session = site.session()
        pid = session.get("/vars").vars["pid"]
        if sessions.setdefault(pid, session) is not session:
            session.close()
        if len(sessions) == 2:
            break
    assert len(sessions) == 2
    redis("HSET", "es:segments", "one", "query.n = 0")
    wait_segments(site, "one", "/vars?n=0")

    took = []
    for n in range(1, 51):
        begin = time.monotonic()
        redis("HSET", "es:segments", "one", f"query.n = {n}")
        for session in sessions.values():
            until(lambda: session.get(f"/vars?n={n}").vars["segment_one"],
                  3, f"change {n}", every=0.002)
        took.append(time.monotonic() - begin)
    for session in sessions.values():
        session.close()
    assert statistics.median(took) <= 0.1, sorted(took)


def test_a_bad_rule_keeps_the_last_good_one(redis, site):
    """A rule that does not parse changes nothing, and is named."""
    redis("HSET", "es:segments", "one", "method = GET", "two", "method = GET")
    wait_segments(site, "one,two")
    redis("HSET", "es:segments", "one", "contry = DE")
    message = until(lambda: redis("HGET", "es:errors", "segment:one"), 3,
                    "the error in es:errors").decode()
    assert 'unknown field "contry"' in message
    assert 'did you mean "country"?' in message
    assert message.startswith("col 1:")
    assert site.vars()["segments"] == "one,two"
    assert 'contry' in until(lambda: named(site)["one"].get("error"), 3,
                             "the error on the status page")
    assert not named(site)["two"].get("error")


def test_a_bad_rule_is_logged_once(redis, nginx):
    """One line in the log, whatever the number of workers or looks."""
    site = nginx(LINK.replace("@redis@", "@redis@ refresh=1s"), SHOW,
                 workers=2, redis=redis)
    redis("HSET", "es:segments", "one", "contry = DE")
    until(lambda: redis("HGET", "es:errors", "segment:one"), 3, "the error")
    for n in range(4):
        redis("HSET", "es:segments", "other", f"query.n = {n}")
        until(lambda: site.vars(f"/vars?n={n}")["segments"] == "other", 3,
              "another change")
    time.sleep(1.5)                     # a refresh goes by
    lines = [line for line in site.log().splitlines() if "contry" in line]
    assert len(lines) == 1, lines


def test_a_corrected_rule_is_no_longer_named(redis, site):
    """Once the rule is good, its error is gone."""
    redis("HSET", "es:segments", "one", "method =")
    until(lambda: redis("HGET", "es:errors", "segment:one"), 3, "the error")
    assert site.vars()["segments"] == ""
    redis("HSET", "es:segments", "one", "method = GET")
    wait_segments(site, "one")
    until(lambda: redis("HGET", "es:errors", "segment:one") is None, 3,
          "the error to go")
    assert not named(site)["one"].get("error")


def test_a_removed_bad_rule_is_no_longer_named(redis, site):
    """An error goes with its segment."""
    redis("HSET", "es:segments", "one", "((")
    until(lambda: redis("HGET", "es:errors", "segment:one"), 3, "the error")
    redis("HDEL", "es:segments", "one")
    until(lambda: redis("HGET", "es:errors", "segment:one") is None, 3,
          "the error to go")


@pytest.mark.parametrize("name", [
    "Upper", "1digit", "-x", "with space", "a,b", "x" * 65, "", "a/b",
    "a\r\nb"])
def test_bad_names_are_not_taken(redis, site, name):
    """A segment whose name is none is left out; the others are taken."""
    redis("HSET", "es:segments", name, "method = GET", "ok", "method = GET")
    wait_segments(site, "ok")
    until(lambda: redis("HLEN", "es:errors"), 3, "an error in es:errors")
    assert site.vars()["segments"] == "ok"


def test_longest_name(redis, site):
    """64 characters are a name."""
    name = "x" * 64
    redis("HSET", "es:segments", name, "method = GET")
    wait_segments(site, name)


def test_segments_of_segments(redis, site):
    """A rule may ask for another segment, whatever the order."""
    redis("HSET", "es:segments", "a", "segment = b and segment != d",
          "b", "segment = c", "c", "method = GET", "d", "segment = z")
    wait_segments(site, "a,b,c")


def test_a_cycle_is_an_error(redis, site):
    """Segments that ask for each other are an error, and false."""
    redis("HSET", "es:segments", "ok", "method = GET")
    wait_segments(site, "ok")
    redis("HSET", "es:segments", "a", "segment = b or method = GET",
          "b", "segment = a or method = GET")
    until(lambda: [name for name in redis("HKEYS", "es:errors")
                   if name in (b"segment:a", b"segment:b")], 3,
          "the cycle in es:errors")
    redis("HSET", "es:segments", "self", "not segment = self")
    until(lambda: redis("HGET", "es:errors", "segment:self"), 3,
          "the cycle in es:errors")
    assert "ok" in site.vars()["segments"].split(",")
    redis("HDEL", "es:segments", "a", "b", "self")
    wait_segments(site, "ok")


def test_an_unknown_segment_is_false_and_reported(redis, site):
    """A segment that does not exist is false, and somebody hears of it."""
    redis("HSET", "es:segments", "a", "segment = nobody",
          "b", "segment != nobody")
    wait_segments(site, "b")
    until(lambda: "nobody" in str(redis("HGETALL", "es:errors"))
          or "nobody" in site.log()
          or "nobody" in site.get("/status").text, 3, "a report")


def test_rules_that_go_too_far(redis, site):
    """4 KB a rule and 64 levels are the limits."""
    long = "path = '" + "x" * 4100 + "'"
    deep = "(" * 100 + "method = GET" + ")" * 100
    redis("HSET", "es:segments", "long", long, "deep", deep,
          "ok", "(" * 60 + "method = GET" + ")" * 60)
    wait_segments(site, "ok")
    for name in ("long", "deep"):
        until(lambda: redis("HGET", "es:errors", "segment:" + name), 3,
              "the error of " + name)


def test_hostile_rules(redis, site):
    """NUL, newlines, broken UTF-8, 1 MB: named, never taken, no harm."""
    bad = {"nul": b"path = a\0b", "big": b"(" * 1000000, "bin": b"\xff\xfe",
           "regex": b"path ~ '(['", "empty": b"", "end": b"path = '"}
    for name, rule in bad.items():
        redis("HSET", "es:segments", name, rule)
    redis("HSET", "es:segments", "ok", "method = GET")
    wait_segments(site, "ok")
    for name in bad:
        until(lambda: redis("HGET", "es:errors", "segment:" + name), 3,
              "the error of " + name)
    assert site.get("/").status == 200


def test_a_runaway_regex_is_false(redis, site):
    """A regex beyond its match limit is false, and quickly so."""
    redis("HSET", "es:segments", "slow", "path ~ '^/(a+)+$'",
          "ok", "method = GET")
    wait_segments(site, "ok")
    site.names["server"] += conf.echo("segments", location="/a")
    site.reload()
    wait_segments(site, "ok")
    begin = time.monotonic()
    assert site.vars("/" + "a" * 2000 + "!")["segments"] == "ok"
    assert time.monotonic() - begin < 1.0
    wait_segments(site, "ok,slow", "/aaaa")


def test_wrong_type_of_key(redis, site):
    """es:segments as a string: nothing breaks, and a hash is taken again."""
    redis("SET", "es:segments", "x")
    redis("SET", "es:errors", "x")
    time.sleep(0.2)
    assert site.vars()["segments"] == ""
    redis("DEL", "es:errors")
    redis("DEL", "es:segments")
    redis("HSET", "es:segments", "one", "method = GET")
    wait_segments(site, "one")


def test_many_segments(redis, site):
    """Hundreds of segments are all taken."""
    names = [f"s{n:03d}" for n in range(600)]
    flat = [word for n, name in enumerate(names)
            for word in (name, f"query.n = {n} or query.all = 1")]
    redis("HSET", "es:segments", *flat)
    wait_segments(site, "s599", "/vars?n=599")
    assert site.vars("/vars?all=1")["segments"] == ",".join(names)


def test_more_segments_than_the_limit(redis, site):
    """With more than 4,096 the site goes on, and somebody hears of it."""
    flat = [word for n in range(4200)
            for word in (f"s{n}", "method = GET")]
    redis("HSET", "es:segments", *flat)
    until(lambda: redis("HLEN", "es:errors"), 5, "a report")
    assert site.get("/").status == 200
    assert len(site.vars()["segments"].split(",")) <= 4096
    redis("DEL", "es:segments")
    redis("HSET", "es:segments", "one", "method = GET")
    wait_segments(site, "one")


def test_others_instead_of_the_most(redis, nginx):
    """4,096 segments replaced by as many of other names, at one stroke."""
    site = nginx(LINK, SHOW, redis=redis, workers=2)
    for name in ("a", "b", "c"):
        flat = [word for n in range(4096)
                for word in (f"{name}{n}", "method = GET")]
        redis("HSET", "es:new", *flat)
        redis("RENAME", "es:new", "es:segments")
        begin = time.monotonic()
        seen = set()
        while len(seen) < 2:
            got = site.vars()
            if got["segments"].count("," + name) == 4095:
                seen.add(got["pid"])
            assert time.monotonic() - begin < 10, (name, seen)
    assert redis("HLEN", "es:errors") == 0


def test_outlives_redis(redis, site):
    """With Redis dead the segments stay as they were."""
    redis("HSET", "es:segments", "one", "method = GET")
    wait_segments(site, "one")
    redis.kill()
    time.sleep(0.2)
    assert site.vars()["segments"] == "one"


def test_outlives_reload_and_death_without_redis(redis, nginx):
    """Nor do a reload or a killed worker without Redis lose them."""
    site = nginx(LINK, SHOW, redis=redis, workers=2)
    redis("HSET", "es:segments", "one", "method = GET")
    wait_segments(site, "one")
    redis.kill()
    site.reload()
    for _ in range(10):
        assert site.vars()["segments"] == "one"
    site.kill9_worker()
    for _ in range(10):
        assert site.vars()["segments"] == "one"


def test_a_change_while_away_is_seen_when_back(redis, site):
    """What changed while Redis was gone counts when it is back."""
    redis("HSET", "es:segments", "one", "method = GET")
    wait_segments(site, "one")
    redis.kill()
    assert site.vars()["segments"] == "one"
    redis.start()
    redis("HSET", "es:segments", "two", "method = GET")
    wait_segments(site, "two", timeout=3)


def test_a_change_after_a_worker_died(redis, nginx):
    """Whoever listened for changes may die: changes stay live."""
    site = nginx(LINK, SHOW, redis=redis, workers=2)
    redis("HSET", "es:segments", "one", "query.n = 0")
    wait_segments(site, "one", "/vars?n=0")
    for n, pid in enumerate(site.workers(), 1):
        site.kill9_worker(pid)
        redis("HSET", "es:segments", "one", f"query.n = {n}")
        wait_segments(site, "one", f"/vars?n={n}", timeout=3)


def test_a_change_after_a_reload(redis, site):
    """New workers hear of changes, too."""
    redis("HSET", "es:segments", "one", "query.n = 0")
    wait_segments(site, "one", "/vars?n=0")
    for n in range(1, 4):
        site.reload()
        redis("HSET", "es:segments", "one", f"query.n = {n}")
        wait_segments(site, "one", f"/vars?n={n}", timeout=1)


def test_refresh_without_being_told(redis, slow_link, nginx):
    """`refresh` bounds the age of a definition though nobody told."""
    site = nginx(LINK.replace("@redis@", "@link@ refresh=1s"), SHOW,
                 link=slow_link)
    redis("HSET", "es:segments", "one", "query.n = 0")
    wait_segments(site, "one", "/vars?n=0")
    slow_link.drop = b"$7\r\nmessage\r\n"
    redis("HSET", "es:segments", "one", "query.n = 1")
    wait_segments(site, "one", "/vars?n=1", timeout=4)


def test_underscore_stands_for_minus(redis, site):
    """$exportsite_segment_NAME: `_` is `-` or `_`."""
    redis("HSET", "es:segments", "dach-machinery", "method = GET")
    site.reload(server=SHOW + conf.echo("segment_dach_machinery",
                                        location="= /dash"))
    wait_segments(site, "dach-machinery")
    assert site.vars("/dash")["segment_dach_machinery"] == "1"


def test_choice_by_segment(redis, nginx):
    """A choice may ask for a segment."""
    redis("HSET", "es:segments", "german", "language = de")
    site = nginx(
        LINK + conf.choices([("segment = german", "de"),
                             ("segment in (x, german)", "never")]),
        conf.echo("$choice", "segments"), redis=redis)
    head = {"Accept-Language": "de"}
    wait_segments(site, "german", headers=head)
    assert site.vars("/vars", head)["choice"] == "de"
    assert site.vars("/vars")["choice"] == "none"


def test_status_names_them(redis, site):
    """The status page has name, version and rule; a change, a new version."""
    redis("HSET", "es:segments", "one", "method = GET")
    wait_segments(site, "one")
    before = named(site)["one"]
    assert before["rule"] == "method = GET"
    redis("HSET", "es:segments", "one", "method = POST")
    wait_segments(site, "")
    after = named(site)["one"]
    assert after["rule"] == "method = POST"
    assert after["version"] != before["version"]
