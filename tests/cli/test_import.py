"""exportsite import: access logs become events, each line once."""

import gzip
import json
import os
import re
import shutil
import subprocess
import time

import pytest

import mmdb
import program
from wait import until

DAY = 86400
BLOCK = 8192                 # lines, as the program counts them
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:131.0) Gecko/20100101 Firefox/131.0"
IPHONE = ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) "
          "AppleWebKit/605.1.15 Version/17.5 Mobile/15E148 Safari/604.1")
BOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
LAZY = ("--force",)          # nobody learns here, which is said otherwise


def line(path="/", address="192.0.2.1", when="22/Nov/2026:09:12:03 +0100",
         method="GET", status=200, referrer="-", agent=FIREFOX, front="", behind=""):
    return (f'{front}{address} - - [{when}] "{method} {path} HTTP/1.1" {status} 512 '
            f'"{referrer}" "{agent}"{behind}\n')


def stamp(second):
    """A time in a log, so many seconds after 2026-10-01."""
    return time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(1790812800 + second))


def pages(count, every=3, start=0):
    """Lines of a log, each of which is a view but the `every`-th."""
    return "".join(
        line(f"/{n}" if n % every else f"/{n}.css", f"192.0.2.{n % 250}",
             stamp(n)) for n in range(start, start + count))


def views(count, every=3):
    return [f"/{n}" for n in range(count) if n % every]


@pytest.fixture
def write(scratch):
    def put(text, name="access.log"):
        path = os.path.join(scratch, name)
        opened = gzip.open if name.endswith(".gz") else open
        with opened(path, "wb") as file:
            file.write(text if isinstance(text, bytes) else text.encode())
        return path
    return put


def summary(result, code=0):
    assert result.code == code, result
    return json.loads(result.out)


def paths(redis):
    return [event["path"] for event in redis.stream()]


# -- what becomes of a line

def test_event(redis, run, write):
    log = write(line("/de/p%C3%BCmpen//x/../?utm_source=a+b&utm_medium=c&"
                     "utm_campaign=d%26", referrer="https://Example.org/q?x",
                     agent=IPHONE))
    told = summary(run("import", log, "--json", "--host", "www.example.com",
                       "--languages", "en de"))
    assert told["lines"] == told["views"] == told["written"] == told["days"] == 1
    assert told["first_day"] == told["last_day"] == "2026-11-22"
    (entry,) = redis.entries()
    assert [name for name, _ in entry] == [
        "id", "ts", "type", "visitor", "host", "path", "status", "language",
        "referrer", "source", "medium", "campaign", "device"]
    event = dict(entry)
    assert re.fullmatch("[0-9a-f]{24}", event.pop("id"))
    assert re.fullmatch("log-[0-9a-f]{24}", event.pop("visitor"))
    assert event == {
        "ts": "1795335123000", "type": "view", "host": "www.example.com",
        "path": "/de/pümpen/", "status": "200", "language": "de",
        "referrer": "Example.org", "source": "a b", "medium": "c",
        "campaign": "d&", "device": "mobile"}


def test_only_views(redis, run, write):
    told = summary(run("import", write(
        line("/good") + line("/cached", status=304)
        + line(method="HEAD") + line(method="POST") + line("*", method="OPTIONS")
        + line("/../x") + line(status=301) + line(status=404) + line(status=206)
        + line("/site.css") + line("/a/photo.JPG?x=1") + line(agent=BOT)
        + line(when="22/Nov/2096:00:00:00 +0000")
        + line(when="08/Sep/2001:00:00:00 +0000")
        + "\n" + "nonsense\n" + line(status="2x0")), "--json"))
    assert paths(redis) == ["/good", "/cached"]
    assert [e["status"] for e in redis.stream()] == ["200", "304"]
    assert told["skipped"] == {
        "imported": 0, "unparsed": 3, "method": 4, "status": 3, "time": 2,
        "asset": 2, "crawler": 1}
    assert told["lines"] == 17 and told["views"] == 2


def test_times(redis, run, write):
    summary(run("import", write(
        line("/a", when="01/Mar/2024:00:30:00 +0100")
        + line("/b", when="29/Feb/2024:20:00:00 -0330")
        + line("/c", when="31/Dec/2016:23:59:60 +0000")), "--json",
        env={"TZ": "Asia/Tokyo", "LC_ALL": "de_DE.UTF-8"}))
    assert [e["ts"] for e in redis.stream()] == [
        "1709249400000", "1709249400000", "1483228800000"]


def test_until(redis, run, write):
    log = write(line("/a") + line("/b", when="22/Nov/2026:09:12:04 +0100")
                + line("/c") + line("/d", when="22/Nov/2026:09:13:00 +0100"))
    for until_, more in (("2026-11-22", []), ("2026-11-22T08:12:04", ["/a", "/c"])):
        told = summary(run("import", log, "--json", "--until", until_))
        assert paths(redis) == more and told["lines"] == 4
        assert told["skipped"]["time"] == 4 - len(more)
    assert summary(run("import", log, "--json"))["written"] == 1
    assert paths(redis) == ["/a", "/c", "/d"]        # /b stood in front of /c
    for wrong in ("yesterday", "2026-02-30", "2026-11-22T", "2026-11-22T8",
                  "1969-01-01", "2026-11-22 09:30", "2026-11-22T09:30Z"):
        assert run("import", log, "--until", wrong).code == 2, wrong


def test_hosts(redis, run, write):
    summary(run("import", write(
        line(front="WWW.Example.com:443 ") + line(front="example.org ")
        + line(address="2001:db8::443") + line(front="a/b:80 ")),
        "--json", "--host", "own.example"))
    assert [e.get("host") for e in redis.stream()] == [
        "www.example.com", "example.org", "own.example", "own.example"]


def test_languages(redis, run, write):
    log = write(line("/de/x") + line("/de") + line("/DE/") + line("/den/")
                + line("/") + line("/x/de/") + line("/pt-BR/"))
    summary(run("import", log, "--json", "--languages", "de, pt-br,"))
    assert [e.get("language") for e in redis.stream()] == [
        "de", "de", "de", None, None, None, "pt-br"]


def test_countries(redis, run, write):
    maker = mmdb.Maker()
    try:
        summary(run("import", write(
            line(address=mmdb.DE) + line(address=mmdb.AT6)
            + line(address=mmdb.UNKNOWN) + line(address="dial-up.example.net")),
            "--json", "--geo", maker.world()))
    finally:
        shutil.rmtree(maker.folder)
    assert [e["country"] for e in redis.stream()] == ["DE", "AT", "XX", "XX"]
    result = run("import", write(line("/other")), "--geo", "/dev/null")
    assert result.code == 1 and "--geo" in result.err
    assert len(redis.stream()) == 4


def test_no_country_without_a_database(redis, run, write):
    summary(run("import", write(line()), "--json"))
    assert "country" not in redis.stream()[0]


# -- visitors

def visitors(redis):
    return [event.get("visitor") for event in redis.stream()]


def test_visitors(redis, run, write):
    summary(run("import", write(
        line("/1") + line("/2") + line("/3", address="192.0.2.2")
        + line("/4", agent=IPHONE)
        + line("/5", when="23/Nov/2026:00:59:59 +0100")      # still the 22nd, UTC
        + line("/6", when="23/Nov/2026:01:00:00 +0100")), "--json"))
    a, b, c, d, e, f = visitors(redis)
    assert a == b == e and len({a, c, d, f}) == 4
    salts = [f"es:salt:2026-11-{day}" for day in (22, 23)]
    assert sorted(redis("KEYS", "es:salt:*")) == [s.encode() for s in salts]
    for salt in salts:
        assert 2 * DAY - 60 < redis("TTL", salt) <= 2 * DAY
    assert redis("GET", salts[0]) != redis("GET", salts[1])


def test_same_salt_for_two_days(redis, run, write):
    summary(run("import", write(line("/1"), "a"), "--json"))
    redis("EXPIRE", "es:salt:2026-11-22", 1000)
    summary(run("import", write(line("/2"), "b"), "--json"))
    assert len(set(visitors(redis))) == 1
    assert redis("TTL", "es:salt:2026-11-22") <= 1000        # it still goes
    redis("DEL", "es:salt:2026-11-22")
    summary(run("import", write(line("/3"), "c"), "--json"))
    assert len(set(visitors(redis))) == 2


def test_addresses_are_kept_nowhere(redis, run, write):
    summary(run("import", write(line(address="198.51.100.77")), "--json"))
    for key in redis("KEYS", "*"):
        assert b"198.51.100.77" not in redis("DUMP", key)
        assert b"198.51.100.77" not in key
    assert not any("198.51" in str(event) for event in redis.stream())


def test_no_visitors(redis, run, write):
    summary(run("import", write(line()), "--json", "--no-visitors"))
    assert visitors(redis) == [None]
    assert redis("KEYS", "es:salt:*") == []


def test_salt_of_somebody_else(redis, run, write):
    redis("SET", "es:salt:2026-11-22", "short")
    result = run("import", write(line()))
    assert result.code == 1 and "es:salt:2026-11-22" in result.err
    redis("DEL", "es:salt:2026-11-22")
    redis("HSET", "es:salt:2026-11-22", "a", "b")
    result = run("import", write(line()))
    assert result.code == 1 and "es:salt:2026-11-22" in result.err
    assert not redis.stream()


# -- once

def test_again(redis, run, write):
    log = write(pages(30))
    first = summary(run("import", log, "--json"))
    ids = [e["id"] for e in redis.stream()]
    assert first["written"] == 20 and len(set(ids)) == 20
    again = summary(run("import", log, "--json"))
    assert again["written"] == again["views"] == 0
    assert again["skipped"]["imported"] == 20
    assert [e["id"] for e in redis.stream()] == ids
    redis("DEL", "es:events", *redis("KEYS", "es:mark:*"))
    summary(run("import", log, "--json"))
    assert [e["id"] for e in redis.stream()] == ids          # the same ones


@pytest.mark.parametrize("before", (1, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK + 3000))
def test_grown(redis, run, write, before):
    count = before + 5000
    assert summary(run("import", write(pages(before)), "--json",
                       *LAZY))["lines"] == before
    told = summary(run("import", write(pages(count)), "--json", *LAZY))
    assert paths(redis) == views(count)
    assert told["written"] == len(views(count)) - len(views(before))
    assert told["lines"] == count == told["views"] + sum(told["skipped"].values())


def test_grown_within_a_line(redis, run, write):
    text = pages(5, every=9)
    for cut in range(len(text) - len(line("/4")) // 2, len(text), 20):
        summary(run("import", write(text[:cut]), "--json"))
    summary(run("import", write(text), "--json"))
    assert paths(redis) == ["/1", "/2", "/3", "/4"]


def test_compressed_since(redis, run, write):
    summary(run("import", write(pages(20)), "--json"))
    told = summary(run("import", write(pages(30), "access.log.1.gz"), "--json"))
    assert told["written"] == 7 and paths(redis) == views(30)


def test_several_logs_and_machines(redis, run, write):
    new, old = write(pages(6, start=6)), write(pages(6), "access.log.1.gz")
    told = summary(run("import", new, old, new, "--json"))
    assert paths(redis) == views(12)                         # the oldest first
    assert told["lines"] == 18 and told["written"] == 8
    other = summary(run("import", old, "--json", "--machine", "web2"))
    assert other["written"] == 4
    assert len({e["id"] for e in redis.stream()}) == 12


def test_stdin(redis, run, write):
    told = summary(run("import", "-", "--json", stdin=gzip.compress(
        pages(20).encode())))
    assert told["written"] == 13
    told = summary(run("import", "-", "--json", stdin=pages(21)))
    assert told["written"] == 1


def test_killed(redis, start, run, write):
    count = 60000
    log = write(pages(count, every=5))
    kills = 0
    for wait in (0.03, 0.06, 0.09, 0.02, 0.13):
        before = redis("XLEN", "es:events")
        running = start("import", log, *LAZY)
        until(lambda: redis("XLEN", "es:events") > before or not running.alive, 20,
              "the first events")
        time.sleep(wait)
        kills += running.alive
        running.kill()
    assert kills > 0
    summary(run("import", log, "--json", *LAZY))
    events = redis.stream()
    assert [e["path"] for e in events] == views(count, every=5)
    assert len({e["id"] for e in events}) == len(events)


def test_two_at_once(redis, start, run, write):
    log = write(pages(40000, every=4))
    both = [start("import", log, *LAZY) for _ in range(2)]
    assert [running.wait(60).code for running in both] == [0, 0]
    assert paths(redis) == views(40000, every=4)


# -- the learner, and the stream's end

def test_group_is_made(redis, run, write):
    result = run("import", write(line()))
    assert result.code == 0 and "exportsite learn" in result.err
    (group,) = redis("XINFO", "GROUPS", "es:events")
    assert group[1] == b"learn" and group[7] == b"0-0"


def test_never_more_than_maxlen_without_a_learner(redis, run, write):
    log = write(pages(8000, every=9))
    result = run("import", log, "--maxlen", "4096")
    assert result.code == 1
    assert "exportsite learn" in result.err and "--maxlen" in result.err
    assert 3000 < redis("XLEN", "es:events") <= 4096
    assert run("import", log, "--maxlen", "4096", "--force").code == 0
    assert paths(redis) == views(8000, every=9)


def test_waits_for_the_learner(redis, start, write):
    lease = "es:lease:{es:events}:learn"
    redis("SET", lease, "somebody")
    running = start("import", write(pages(9000, every=9)), "--maxlen", "8192")
    until(lambda: redis("XLEN", "es:events") > 3000, 20, "half of maxlen")
    time.sleep(0.4)
    for _ in range(20):
        assert running.alive or running.result.code == 0, running.result
        last = redis("XREVRANGE", "es:events", "+", "-", "COUNT", 1)[0][0]
        length = redis("XLEN", "es:events")
        if not running.alive:
            break
        (group,) = redis("XINFO", "GROUPS", "es:events")
        named = dict(zip(group[::2], group[1::2]))
        assert named[b"lag"] <= 4096
        redis("XGROUP", "SETID", "es:events", "learn", last, "ENTRIESREAD", length)
        time.sleep(0.3)
    assert running.wait().code == 0
    assert paths(redis) == views(9000, every=9)


def test_waits_where_nobody_counts(redis, start, write):
    """After deletions Redis cannot tell how far a group is behind."""
    redis("SET", "es:lease:{es:events}:learn", "somebody")
    running = start("import", write(pages(9000, every=9)), "--maxlen", "8192")
    until(lambda: redis("XLEN", "es:events") > 3000, 20, "half of maxlen")
    first = redis("XRANGE", "es:events", "-", "+", "COUNT", 3)
    redis("XDEL", "es:events", first[1][0])
    time.sleep(0.3)
    assert running.alive and redis("XLEN", "es:events") <= 4096
    while running.alive:
        last = redis("XREVRANGE", "es:events", "+", "-", "COUNT", 1)[0][0]
        redis("XGROUP", "SETID", "es:events", "learn", last)
        time.sleep(0.1)
    assert running.wait().code == 0
    assert len(paths(redis)) == len(views(9000, every=9)) - 1


# -- bad input

def test_foreign_lines(redis, run, write):
    junk = [b"x" * (1 << 20), b"\0" * 100, bytes(range(256)).replace(b"\n", b""),
            b"\x1b[2J\x1b]0;title\x07 \xff\xfe", b'"' * 5000, b"[" * 70000,
            b"\\" * 3000 + b'"']
    text = b"\n".join(junk) + b"\n" + line("/last").encode() + b"\r\n"
    result = run("import", write(text), "--json")
    told = summary(result)
    assert told["skipped"]["unparsed"] == len(junk) + 1      # "\r" is a line, too
    assert paths(redis) == ["/last"]
    said = re.findall(r"access\.log:(\d+): ", result.err)
    assert said == ["1", "2", "3", "4", "5"]
    assert not set(result.err) & set("\0\x1b\x07\udcff")
    assert len(result.err) < 3000


def test_foreign_values(redis, run, write):
    hostile = "a\\x00b\\x1B[2J\\xff\\x22"
    summary(run("import", write(
        line("/%0d%0a%ff" + "x" * 3000, agent=hostile, referrer=hostile)
        + line("/?utm_source=%00%ff%0a", address="\x1b[2J")), "--json"))
    first, second = redis.stream()
    assert first["path"].startswith("/???xx") and len(first["path"]) == 1024
    assert "referrer" not in first and second["source"] == "???"


def test_longest_line(redis, run, write):
    def exactly(size):
        text = line("/")
        return line("/" + "y" * (size - len(text) + 1))
    result = run("import", write(exactly(65536) + exactly(65537) + line("/z")),
                 "--json")
    assert summary(result)["skipped"]["unparsed"] == 1
    assert [len(path) for path in paths(redis)] == [1024, 2]
    assert "access.log:2:" in result.err


def test_no_end_of_line(redis, run, write):
    summary(run("import", write(line("/a") + line("/b")[:-1]), "--json"))
    assert paths(redis) == ["/a", "/b"]
    assert summary(run("import", write("", "empty"), "--json"))["lines"] == 0


def test_truncated_gz(redis, run, write):
    whole = gzip.compress(pages(20000, every=9).encode())
    log = write(whole[:len(whole) // 2], "cut")
    result = run("import", log, "--json", *LAZY)
    told = summary(result, code=1)
    assert "cut" in result.err and "too early" in result.err
    assert str(told["lines"]) in result.err
    assert 0 < told["written"] == redis("XLEN", "es:events")
    summary(run("import", write(whole, "whole"), "--json", *LAZY))
    assert paths(redis) == views(20000, every=9)


def test_broken_gz(run, write):
    whole = bytearray(gzip.compress(os.urandom(30000) + pages(2000).encode()))
    whole[200:300] = bytes(100)
    result = run("import", write(bytes(whole), "broken"), "--json")
    assert result.code == 1 and "broken" in result.err


def test_what_is_no_log(redis, run, scratch, write):
    good = write(line())
    for bad, why in ((scratch, "directory"), (scratch + "/none", "No such file")):
        result = run("import", good, bad)
        assert result.code == 1 and bad in result.err and why in result.err
    assert redis("EXISTS", "es:events") == 0         # found before anything began


def test_one_of_several_is_broken(redis, run, write):
    cut = write(gzip.compress(pages(9).encode())[:-4], "cut")
    other = write(pages(9, start=20))
    assert run("import", cut, other, "--json").code == 1
    assert "/22" in paths(redis) and "/8" in paths(redis)


def test_options(run, write):
    log = write(line())
    for options in (["--maxlen", "12"], ["--maxlen", "x"], ["--languages", "de/en"],
                    ["--languages", "x " * 65], ["--nothing"]):
        assert run("import", log, *options).code == 2, options
    assert run("import").code == 2
    helped = run("import", "--help")
    assert helped.code == 0 and "access.log" in helped.out


@pytest.mark.parametrize("host", [
    "http://www.example.com/", "www.example.com/", "", "a b", "a:x", "ä"])
def test_hosts_that_are_none(run, write, host):
    result = run("import", write(line()), "--host", host)
    assert result.code == 2 and "--host" in result.err
    assert "import --help" in result.err


def test_host_as_it_may_be_written(redis, run, write):
    summary(run("import", write(line()), "--json", "--host", "WWW.Example.com:8080"))
    assert [e["host"] for e in redis.stream()] == ["www.example.com"]


def test_lines_without_a_host_are_told_once(redis, run, write):
    log = write(pages(30))
    for more in ((), ("--dry-run",)):
        said = run("import", log, *more).err
        assert said.count("name the site") == 1
        redis("FLUSHALL")
    assert "name the site" not in run("import", log, "--host", "x.example").err
    named = write(line(front="www.example.com "), "named")
    assert "name the site" not in run("import", named).err


def test_logs_of_another_format(redis, run, write):
    other = write("2026/11/22 [error] 1#1: no\n" * 3, "error.log")
    result = run("import", other)
    assert result.code == 1
    assert result.lines[-1] == \
        "no line is in the combined format: nothing was imported"
    result = run("import", other, write(pages(9)))
    assert result.code == 1 and "/8" in paths(redis)
    assert "error.log: no line is in the combined format" in result.err
    assert "access.log: no line" not in result.err
    assert run("import", write("", "empty")).code == 0


# -- Redis is not as it should be

def test_away(run, write):
    result = run("import", write(line()), "--redis", "127.0.0.1:1")
    assert result.code == 1 and "Redis" in result.err


def test_dry_run(run, write):
    told = summary(run("import", write(pages(30)), "--json", "--dry-run",
                       "--redis", "127.0.0.1:1"))
    assert told["views"] == 20 and told["written"] == 0 and told["days"] == 1


def test_killed_redis(new_redis, run, start, write, folders):
    redis = new_redis(aof=True, options=["--appendfsync", "no"])
    count = 60000
    log = write(pages(count, every=5))
    running = folders.add(program.Running(
        folders.make("run"), ["import", log, *LAZY], program.environment(redis)))
    until(lambda: redis("XLEN", "es:events") > 2000, 20, "some events")
    redis.kill()
    ended = running.wait()
    assert ended.code == 1, ended
    assert log in ended.err and "again" in ended.err
    redis.start()
    assert 0 < redis("XLEN", "es:events") < len(views(count, every=5))
    told = summary(program.run("import", log, "--json", *LAZY, address=redis))
    assert told["written"] > 0 and paths(redis) == views(count, every=5)


def test_full(redis, run, write):
    log = write(pages(40000, every=5))
    used = re.search(rb"used_memory:(\d+)", redis("INFO", "memory"))[1]
    redis("CONFIG", "SET", "maxmemory", int(used) + (2 << 20))
    result = run("import", log, *LAZY)
    assert result.code == 1 and "maxmemory" in result.err and log in result.err
    written = redis("XLEN", "es:events")
    assert 0 < written < 32000
    redis("CONFIG", "SET", "maxmemory", "0")
    assert run("import", log, *LAZY).code == 0
    assert paths(redis) == views(40000, every=5)


def test_read_only(redis, run, write):
    redis("REPLICAOF", "127.0.0.1", "1")
    result = run("import", write(line()))
    assert result.code == 1 and "replica" in result.err


@pytest.mark.parametrize("key", ("es:events", "es:mark"))
def test_wrong_type(redis, run, write, key):
    log = write(line())
    if key == "es:mark":
        run("import", log)
        (key,) = redis("KEYS", "es:mark:*")
        redis("DEL", key)
    redis("HSET", key, "a", "b")
    result = run("import", log)
    assert result.code == 1 and "WRONGTYPE" in result.err
    assert "rename or delete" in result.err


def test_prefix_and_stream(redis, run, write):
    summary(run("import", write(line("/x")), "--json", "--prefix", "shop:",
                "--stream", "clicks"))
    assert [e["path"] for e in redis.stream("shop:clicks")] == ["/x"]
    assert all(key.startswith(b"shop:") for key in redis("KEYS", "*"))


# -- what is said

def test_table(redis, run, write):
    result = run("import", write(pages(30) + "junk\n"))
    assert result.code == 0
    assert re.search(r"^ *20  views$", result.out, re.M)
    assert re.search(r"^ *10  pictures, style sheets", result.out, re.M)
    assert re.search(r"^ *1  not in the combined format$", result.out, re.M)
    assert re.search(r"^ *31  in all$", result.out, re.M)
    assert "20 events written, views of 2026-10-01;" in result.out


def test_memory_is_bounded(redis, write):
    """One line without an end, larger than all that the program may have."""
    log = write(gzip.compress(b"z" * (200 << 20)))
    if "asan" in program.PROGRAM:
        pytest.skip("sanitizers take terabytes")
    done = subprocess.run(
        ["sh", "-c", 'ulimit -v 150000 && exec "$0" import "$1" --json',
         program.PROGRAM, log], capture_output=True, timeout=60, check=False,
        env=program.environment(redis))
    assert done.returncode == 1, done.stderr     # no line is one of a log
    assert json.loads(done.stdout)["skipped"]["unparsed"] == 1
