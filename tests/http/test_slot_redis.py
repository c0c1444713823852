"""redis: slots: the marketer's contents, live without a reload."""

import os
import statistics
import time

import pytest

from fakeredis import array, bulk
from wait import until

LINK = ("exportsite_redis @redis@; exportsite_secret @dir@/secret;\n"
        "exportsite_stream off;\n")
SLOT = ("location = /page.html { exportsite on;\n"
        "    exportsite_slot hero redis:$http_x_key;\n"
        "    add_header X-Pid $pid; }\n")
STATUS = "location = /status { exportsite_status; }\n"
BEGIN, END = b"<!-- es:hero -->", b"<!-- /es:hero -->"
MB = 1024 * 1024


def content(reply):
    """What the page has in its slot; None where that is its own."""
    assert reply.status == 200, reply
    assert reply.body.count(BEGIN) == 1 and reply.body.count(END) == 1
    text = reply.body.split(BEGIN)[1].split(END)[0]
    return None if text.startswith(b"own") else text


def show(site, key="hero"):
    return content(site.get("/page.html", {"X-Key": key}))


def wait(site, want, key="hero", timeout=2):
    """Poll until the slot shows `want`."""
    until(lambda: show(site, key) == want, timeout,
          f"{str(want)[:60]} in the slot")


def error(redis, key="hero"):
    """What es:errors says of a key, None if nothing."""
    text = redis("HGET", "es:errors", "slot:" + key)
    return text.decode() if text is not None else None


def start(nginx, server=SLOT + STATUS, http=LINK, **names):
    site = nginx(http, server, start=False, **names)
    site.write("html/page.html", b"<p>" + BEGIN + b"own" + END + b"</p>\n")
    site.start()
    return site


@pytest.fixture
def site(redis, nginx):
    return start(nginx, redis=redis)


@pytest.fixture
def two(redis, nginx):
    """Two workers, and a session with each."""
    site = start(nginx, redis=redis, workers=2,
                 listen="127.0.0.1:@port@ reuseport")
    site.sessions = {}
    for _ in range(300):
        session = site.session()
        pid = session.get("/page.html").header("X-Pid")
        if site.sessions.setdefault(pid, session) is not session:
            session.close()
        if len(site.sessions) == 2:
            break
    assert len(site.sessions) == 2
    yield site
    for session in site.sessions.values():
        session.close()


def both(site, key="hero"):
    """What each worker shows."""
    return [content(session.get("/page.html", {"X-Key": key}))
            for session in site.sessions.values()]


def fetched(site):
    """How many contents were read, and taken."""
    return site.json()["slots"]["contents"]["fetched"]


# -- changes

def test_there_at_start(redis, nginx):
    """What was set before nginx starts is there before it is asked for."""
    redis("SET", "es:slot:hero", "<b>new</b>")
    redis("SET", "es:slot:a/b", "other")
    site = start(nginx, redis=redis)
    until(lambda: fetched(site) >= 2, 5, "the contents to be read")
    assert show(site) == b"<b>new</b>"
    assert show(site, "a/b") == b"other"
    assert show(site, "nobody") is None


def test_live_on_all_workers_in_100_ms(redis, two):
    """Half of 50 changes are live on both workers within 100 ms."""
    took = []
    for n in range(50):
        begin = time.monotonic()
        redis("SET", "es:slot:hero", f"v{n}")
        until(lambda: both(two) == [b"v%d" % n] * 2, 1, f"change {n}",
              every=0.002)
        took.append(time.monotonic() - begin)
    assert statistics.median(took) <= 0.1, sorted(took)


def test_a_removal_is_live_in_100_ms(redis, two):
    """Nor does it take longer for the page's own to be back."""
    took = []
    for n in range(20):
        redis("SET", "es:slot:hero", "new")
        until(lambda: both(two) == [b"new"] * 2, 1, f"content {n}")
        begin = time.monotonic()
        redis("DEL", "es:slot:hero")
        until(lambda: both(two) == [None, None], 2, f"removal {n}",
              every=0.002)
        took.append(time.monotonic() - begin)
    assert statistics.median(took) <= 0.1, sorted(took)


def test_a_new_key_is_live_before_it_is_asked_for(redis, two):
    """A content set while nginx runs is there for the first who asks."""
    both(two, "other")
    until(lambda: fetched(two) >= 1, what="what is not there")
    before = fetched(two)
    for n in range(5):
        redis("SET", f"es:slot:k{n}", "new")
    until(lambda: fetched(two) >= before + 5, what="the contents to be read")
    for n in range(5):
        assert both(two, f"k{n}") == [b"new"] * 2


def test_one_that_was_missing_is_live(redis, two):
    """That nobody had it is remembered no longer than that is true."""
    assert both(two) == [None, None]
    time.sleep(0.1)
    assert both(two) == [None, None]
    redis("SET", "es:slot:hero", "new")
    until(lambda: both(two) == [b"new"] * 2, 1, "the content")


def test_deleted(redis, two):
    """DEL: the page's own, on all workers."""
    redis("SET", "es:slot:hero", "new")
    until(lambda: both(two) == [b"new"] * 2, 1, "the content")
    redis("DEL", "es:slot:hero")
    until(lambda: both(two) == [None, None], 1, "the page's own")


def test_expired(redis, site):
    """A content may have a time to live."""
    redis("SET", "es:slot:hero", "new", "PX", 400)
    wait(site, b"new", timeout=0.3)
    wait(site, None, timeout=2)


def test_empty(redis, site):
    """An empty content is none."""
    redis("SET", "es:slot:hero", "new")
    wait(site, b"new")
    redis("SET", "es:slot:hero", "")
    wait(site, None)
    assert error(redis) is None


def test_renamed(redis, site):
    """RENAME moves a content."""
    redis("SET", "es:slot:draft", "new")
    wait(site, b"new", "draft")
    redis("RENAME", "es:slot:draft", "es:slot:hero")
    wait(site, b"new")
    wait(site, None, "draft")


def test_appended_and_cut(redis, site):
    """Any command that changes the string is heard of."""
    redis("SET", "es:slot:hero", "one")
    wait(site, b"one")
    redis("APPEND", "es:slot:hero", " two")
    wait(site, b"one two")
    redis("SETRANGE", "es:slot:hero", 0, "ONE")
    wait(site, b"ONE two")


def test_all_bytes(redis, site):
    """What is put in is what was set, whatever the bytes."""
    data = bytes(range(256)) * 5
    redis("SET", "es:slot:hero", data)
    wait(site, data)


@pytest.mark.parametrize("key", [
    "gr\u00fc\u00df-dich", "\u65e5\u672c", "a/b/c.html", "x" * 200, "a:b+c@d*e_f-9",
    "...", "a..b"])
def test_keys(redis, site, key):
    """Letters of all scripts, digits, and _ . : / + @ * -"""
    key = key.encode()
    redis("SET", b"es:slot:" + key, "new")
    wait(site, b"new", key)


def test_many_changes_end_with_the_last(redis, two):
    """Whatever overtakes what: in the end all have the last one."""
    for n in range(2000):
        redis("SET", "es:slot:hero", f"v{n}")
    until(lambda: both(two) == [b"v1999"] * 2, 1, "the last change")
    time.sleep(0.3)
    assert both(two) == [b"v1999"] * 2


def test_changes_that_never_end(redis, two):
    """A content that changes all the time is not an old one."""
    end = time.monotonic() + 1.5
    n, seen = 0, set()
    while time.monotonic() < end:
        for _ in range(20):
            n += 1
            redis("SET", "es:slot:hero", f"{n}")
        for got in both(two):
            if got is not None:
                seen.add(int(got))
    assert len(seen) > 20
    until(lambda: both(two) == [b"%d" % n] * 2, 1, "the last change")


def test_many_at_once(redis, two):
    """Thousands of contents in one command are all taken."""
    both(two)
    flat = [word for n in range(9000)
            for word in (f"es:slot:k{n}", f"content {n}")]
    redis("MSET", *flat)
    until(lambda: fetched(two) >= 9000, 15, "all to be read")
    for n in range(0, 9000, 300):
        until(lambda: both(two, f"k{n}") == [b"content %d" % n] * 2, 5,
              f"content {n}")
    redis("DEL", *flat[::2])
    for n in (0, 4500, 8999):
        until(lambda: both(two, f"k{n}") == [None, None], 5, "the page's own")


def test_many_at_start(redis, nginx):
    """Thousands of contents, and other keys, are there at the start."""
    redis("MSET", *[word for n in range(3000)
                    for word in (f"es:slot:k{n}", f"content {n}",
                                 f"other:{n}", "x")])
    site = start(nginx, redis=redis)
    until(lambda: fetched(site) >= 3000, 15, "all to be read")
    for n in range(0, 3000, 100):
        until(lambda: show(site, f"k{n}") == b"content %d" % n, 5,
              f"content {n}")
    assert redis.calls("getrange") < 6200


# -- sizes and types

def test_errors_that_were_lost(redis, slow_link, nginx):
    """es:errors is written again when it may have been lost."""
    site = start(nginx, redis=slow_link)
    redis("SADD", "es:slot:hero", "x")
    redis("HSET", "es:segments", "one", "((")
    until(lambda: redis("HLEN", "es:errors") == 2, 2, "two errors")
    redis("DEL", "es:errors")
    slow_link.cut()
    until(lambda: redis("HLEN", "es:errors") == 2, 3, "two errors again")
    assert site.log().count('"hero"') == 1


def test_errors_mended_while_the_link_is_down(redis, slow_link, nginx):
    """An error goes though its content has no place in memory any more."""
    site = start(nginx, redis=slow_link)
    redis("SADD", "es:slot:bad", "x")
    until(lambda: error(redis, "bad"), 2, "the error")
    for n in range(40):
        redis("SET", f"es:slot:k{n}", "x" * MB)
    until(lambda: redis.calls("getrange") >= 41, 5, "all to be read")
    away(slow_link)
    redis("DEL", "es:slot:bad")
    away(slow_link)
    until(lambda: error(redis, "bad") is None, 4, "the error to go")
    assert show(site, "bad") is None


def test_exactly_1_mb(redis, two):
    """1 MB is taken, on all workers."""
    data = os.urandom(MB // 2).hex().encode()
    redis("SET", "es:slot:hero", data)
    until(lambda: both(two) == [data] * 2, 2, "1 MB")
    assert error(redis) is None


def test_longer_than_1_mb(redis, site):
    """A byte more is not, and es:errors, log and status say so."""
    redis("SET", "es:slot:hero", "new")
    wait(site, b"new")
    redis("SET", "es:slot:hero", "x" * (MB + 1))
    wait(site, None)
    assert "1 MB" in until(lambda: error(redis), 2, "the error")
    lines = [line for line in site.log().splitlines()
             if "[error]" in line and '"hero"' in line]
    assert len(lines) == 1 and "1 MB" in lines[0]
    redis("SET", "es:slot:hero", "x" * MB)
    wait(site, b"x" * MB)
    until(lambda: error(redis) is None, 2, "the error to go")


def test_wrong_type(redis, site):
    """A hash is no content; as soon as it is a string, it is."""
    redis("SET", "es:slot:hero", "new")
    wait(site, b"new")
    redis("DEL", "es:slot:hero")
    redis("HSET", "es:slot:hero", "a", "b")
    wait(site, None)
    assert "not a string" in until(lambda: error(redis), 2, "the error")
    redis("DEL", "es:slot:hero")
    until(lambda: error(redis) is None, 2, "the error to go")
    redis("SET", "es:slot:hero", "new")
    wait(site, b"new")
    assert error(redis) is None


def test_an_error_is_logged_once(redis, nginx):
    """One line in the log, however often it is read again."""
    site = start(nginx, http=LINK.replace("@redis@", "@redis@ refresh=200ms"),
                 redis=redis, workers=2)
    redis("LPUSH", "es:slot:hero", "x")
    until(lambda: error(redis), 2, "the error")
    end = time.monotonic() + 1.5
    while time.monotonic() < end:
        assert show(site) is None
        time.sleep(0.05)
    lines = [line for line in site.log().splitlines() if '"hero"' in line]
    assert len(lines) == 1, lines


def test_errors_are_bounded(redis, site):
    """Of a thousand bad contents 64 are named; mended, none is."""
    keys = [f"es:slot:k{n}" for n in range(1000)]
    for key in keys:
        redis("SADD", key, "x")
    redis("SET", "es:slot:hero", "new")
    wait(site, b"new")
    until(lambda: redis("HLEN", "es:errors") == 64, 3, "64 errors")
    redis("DEL", *keys)
    until(lambda: redis("HLEN", "es:errors") == 0, 3, "the errors to go")
    redis("SADD", "es:slot:last", "x")
    until(lambda: error(redis, "last"), 2, "room for another")


def test_errors_of_both_kinds(redis, site):
    """Segments and slots stand in es:errors side by side."""
    redis("HSET", "es:segments", "one", "((")
    redis("SADD", "es:slot:hero", "x")
    want = {b"segment:one", b"slot:hero"}
    until(lambda: set(redis("HKEYS", "es:errors")) == want, 2, "two errors")
    redis("HSET", "es:segments", "two", "((")
    redis("SADD", "es:slot:teaser", "x")
    want |= {b"segment:two", b"slot:teaser"}
    until(lambda: set(redis("HKEYS", "es:errors")) == want, 2, "four errors")
    redis("DEL", "es:slot:hero")
    want.remove(b"slot:hero")
    until(lambda: set(redis("HKEYS", "es:errors")) == want, 2, "three errors")
    redis("DEL", "es:segments")
    want = {b"slot:teaser"}
    until(lambda: set(redis("HKEYS", "es:errors")) == want, 2, "one error")
    redis("DEL", "es:slot:teaser")
    until(lambda: redis("EXISTS", "es:errors") == 0, 2, "no error")


def test_errors_outlive_the_one_who_writes_them(redis, nginx):
    """Another worker takes es:errors over as it is, and mends it."""
    site = start(nginx, redis=redis, workers=2)
    redis("SADD", "es:slot:hero", "x")
    redis("HSET", "es:segments", "one", "((")
    until(lambda: redis("HLEN", "es:errors") == 2, 2, "two errors")
    keeper = site.json()["keeper"]
    site.kill9_worker(keeper)
    until(lambda: site.json()["keeper"] not in (0, keeper), 5, "a new keeper")
    until(lambda: site.json()["redis"]["listening"], 3, "it to listen")
    until(lambda: redis("HLEN", "es:errors") == 2, 2, "two errors")
    redis("DEL", "es:slot:hero")
    until(lambda: redis("HKEYS", "es:errors") == [b"segment:one"], 3,
          "one error")


# -- keys that are none

@pytest.mark.parametrize("key", [
    "", "a b", "a\tb", "a\"b", "a'b", "a\\b", "a$b", "a{b}", "a,b", "a?b",
    "..", "a/../b", "../x", "x" * 201, b"\xff\xfe", b"\xc0\xaf", b"a\x01b",
    "<script>", "a%62", "a[b]"])
def test_a_key_that_is_none(redis, site, key):
    """Unsafe keys are refused, and Redis never hears of them."""
    redis("SET", "es:slot:hero", "new")
    wait(site, b"new")
    key = key if isinstance(key, bytes) else key.encode()
    redis("SET", b"es:slot:" + key, "bad")
    time.sleep(0.1)
    before = redis.calls("getrange")
    for _ in range(5):
        assert show(site, key) is None
    time.sleep(0.1)
    assert redis.calls("getrange") == before
    assert show(site) == b"new"


def test_nothing_is_asked_without_redis_slots(redis, nginx):
    """A site without redis: slots neither reads contents nor hears of them."""
    redis("SET", "es:slot:hero", "new")
    site = nginx(LINK, STATUS + "location = /x { exportsite on; return 204; }",
                 redis=redis)
    until(lambda: site.json()["redis"]["listening"], 3, "it to listen")
    redis("SET", "es:slot:hero", "newer")
    time.sleep(0.2)
    assert redis.calls("getrange") == 0 and redis.calls("scan") == 0


# -- Redis away

def test_outlives_redis(redis, nginx):
    """With Redis dead contents stay, over reloads and deaths of workers."""
    site = start(nginx, redis=redis, workers=2)
    redis("SET", "es:slot:hero", "new")
    wait(site, b"new")
    redis.kill()
    for _ in range(10):
        assert show(site) == b"new"
    site.reload()
    for _ in range(10):
        assert show(site) == b"new"
    for pid in site.workers():
        site.kill9_worker(pid)
    for _ in range(10):
        assert show(site) == b"new"


def test_redis_away_at_start(redis, nginx):
    """nginx starts without Redis; contents come when it comes."""
    redis.kill()
    site = start(nginx, redis=redis)
    assert show(site) is None
    redis.start()
    redis("SET", "es:slot:hero", "new")
    wait(site, b"new", timeout=3)


def test_redis_restarted_empty(redis, two):
    """After a restart that lost everything there are no contents."""
    redis("SET", "es:slot:hero", "new")
    redis("SADD", "es:slot:bad", "x")
    until(lambda: both(two) == [b"new"] * 2, 1, "the content")
    until(lambda: error(redis, "bad"), 1, "the error")
    redis.restart()
    until(lambda: both(two) == [None, None], 4, "the page's own")
    redis("SADD", "es:slot:worse", "x")
    until(lambda: redis("HKEYS", "es:errors") == [b"slot:worse"], 4,
          "the error")
    redis("SET", "es:slot:hero", "newer")
    until(lambda: both(two) == [b"newer"] * 2, 2, "the content")


def away(link):
    """Cut the link to Redis so that it stays cut; called again, mends it."""
    hidden = link.path + ".away"
    if os.path.exists(hidden):
        os.rename(hidden, link.path)
    else:
        os.rename(link.path, hidden)
        link.cut()


def test_changes_while_the_link_is_down(redis, slow_link, nginx):
    """What was set, changed and deleted meanwhile counts when it is back."""
    site = start(nginx, redis=slow_link)
    redis("MSET", "es:slot:changed", "old", "es:slot:gone", "old",
          "es:slot:stays", "old")
    for key in ("changed", "gone", "stays"):
        wait(site, b"old", key)
    assert show(site, "new") is None
    away(slow_link)
    redis("SET", "es:slot:changed", "new")
    redis("DEL", "es:slot:gone")
    redis("MSET", "es:slot:new", "new", "es:slot:unasked", "new")
    time.sleep(0.5)
    assert show(site, "changed") == b"old" and show(site, "gone") == b"old"
    before = fetched(site)
    away(slow_link)
    until(lambda: fetched(site) >= before + 5, 5, "all to be read")
    assert show(site, "changed") == b"new"
    assert show(site, "gone") is None
    assert show(site, "stays") == b"old"
    assert show(site, "new") == b"new"
    assert show(site, "unasked") == b"new"


def test_flushall(redis, two):
    """FLUSHALL: no contents, at once; those that come after it are there."""
    redis("MSET", *[word for n in range(500)
                    for word in (f"es:slot:k{n}", "new")])
    for n in (0, 499):
        until(lambda: both(two, f"k{n}") == [b"new"] * 2, 1, "the content")
    redis("FLUSHALL")
    until(lambda: both(two, "k0") == [None, None], 1, "the page's own")
    time.sleep(0.2)
    assert both(two, "k499") == [None, None]
    redis("SET", "es:slot:k0", "newer")
    until(lambda: both(two, "k0") == [b"newer"] * 2, 1, "the content")


def test_flushdb_of_another_database(redis, two):
    """A flush elsewhere is heard of, too, and takes nothing away."""
    redis("SET", "es:slot:hero", "new")
    until(lambda: both(two) == [b"new"] * 2, 1, "the content")
    redis("SELECT", 3)
    redis("FLUSHDB")
    redis("SELECT", 0)
    end = time.monotonic() + 0.3
    while time.monotonic() < end:
        assert both(two) == [b"new"] * 2


def test_the_listening_worker_dies(redis, nginx):
    """Whoever listened may be killed: changes stay live."""
    site = start(nginx, redis=redis, workers=2)
    for n in range(3):
        redis("SET", "es:slot:hero", f"v{n}")
        wait(site, b"v%d" % n, timeout=4)
        keeper = site.json()["keeper"]
        site.kill9_worker(keeper)
        redis("SET", "es:slot:hero", f"w{n}")
        wait(site, b"w%d" % n, timeout=4)


def test_reload_and_change(redis, site):
    """New workers hear of changes, too; contents are there from the start."""
    redis("SET", "es:slot:hero", "v0")
    wait(site, b"v0")
    for n in range(1, 4):
        site.reload(wait_old=False)
        assert show(site) == b"v%d" % (n - 1)
        redis("SET", "es:slot:hero", f"v{n}")
        wait(site, b"v%d" % n, timeout=1)


def test_slots_come_with_a_reload(redis, nginx):
    """A reload that brings the first redis: slot brings the contents."""
    site = start(nginx, server=STATUS, redis=redis)
    redis("SET", "es:slot:hero", "new")
    assert show(site) is None
    site.reload(server=SLOT + STATUS)
    wait(site, b"new")
    redis("SET", "es:slot:hero", "newer")
    wait(site, b"newer", timeout=1)
    site.reload(server=STATUS)
    assert show(site) is None
    site.reload(server=SLOT + STATUS)
    wait(site, b"newer")


def test_refresh_without_being_told(redis, slow_link, nginx):
    """`refresh` bounds the age of a content though nobody told."""
    site = start(nginx, http=LINK.replace("@redis@", "@redis@ refresh=1s"),
                 redis=slow_link)
    redis("MSET", "es:slot:hero", "old", "es:slot:gone", "old")
    wait(site, b"old")
    wait(site, b"old", "gone")
    assert show(site, "later") is None
    slow_link.drop = b"$7\r\nmessage\r\n"
    redis("SET", "es:slot:hero", "new")
    redis("SET", "es:slot:later", "new")
    redis("DEL", "es:slot:gone")
    time.sleep(1.3)
    assert show(site) == b"new" and show(site, "gone") is None
    wait(site, b"new", "later", timeout=1.5)


def test_requests_never_wait(redis, slow_link, nginx):
    """With a slow Redis the page's own is shown at once, the content later."""
    site = start(nginx, redis=slow_link)
    redis("SET", "es:slot:hero", "old")
    wait(site, b"old")
    until(lambda: site.json()["redis"]["listening"], 3, "it to listen")
    slow_link.delay = 1.0
    redis("SET", "es:slot:hero", "new")
    for key, own in (("hero", b"old"), ("nobody", None)):
        begin = time.monotonic()
        assert show(site, key) == own
        assert time.monotonic() - begin < 0.9
    wait(site, b"new", timeout=6)


def test_redis_stuck(redis, site):
    """With Redis stuck contents stay, and nobody waits."""
    redis("SET", "es:slot:hero", "new")
    wait(site, b"new")
    redis.stop()
    end = time.monotonic() + 3
    while time.monotonic() < end:
        begin = time.monotonic()
        assert show(site) == b"new" and show(site, f"k{begin}") is None
        assert time.monotonic() - begin < 0.9
        time.sleep(0.05)
    redis.cont()
    redis("SET", "es:slot:hero", "newer")
    wait(site, b"newer", timeout=4)


# -- room

def test_unknown_keys_push_nothing_out(redis, nginx):
    """A flood of keys that nobody has evicts no content."""
    site = start(nginx, redis=redis)
    redis("MSET", "es:slot:hero", "new", "es:slot:other", "other")
    wait(site, b"new")
    wait(site, b"other", "other")
    own = BEGIN + b"own" + END
    for begin in range(0, 20000, 500):
        got = site.raw(b"".join(
            b"GET /page.html HTTP/1.1\r\nHost: x\r\nX-Key: flood%d\r\n%s\r\n"
            % (n, b"Connection: close\r\n" if n % 500 == 499 else b"")
            for n in range(begin, begin + 500)))
        assert got.count(b"HTTP/1.1 200 OK") == got.count(own) == 500
        assert show(site) == b"new"
    redis.kill()
    site.reload()
    assert show(site) == b"new" and show(site, "other") == b"other"


def test_unknown_keys_are_asked_for_once(redis, site):
    """That Redis has no content is remembered."""
    before = redis.calls("getrange")
    for _ in range(200):
        assert show(site, "nobody") is None
    time.sleep(1.2)
    for _ in range(200):
        assert show(site, "nobody") is None
    time.sleep(0.1)
    assert 1 <= redis.calls("getrange") - before <= 2


def test_what_is_in_use_stays(redis, nginx):
    """Contents that nobody asks for push out none that is in use."""
    site = start(nginx, redis=redis)
    redis("SET", "es:slot:hero", "new")
    wait(site, b"new")
    time.sleep(0.3)
    before = redis.calls("getrange")
    for n in range(70):
        redis("SET", f"es:slot:k{n}", "x" * MB)
        assert show(site) == b"new"
        time.sleep(0.06)
    time.sleep(0.1)
    assert redis.calls("getrange") - before == 70
    redis.kill()
    site.reload()
    assert show(site) == b"new"


def test_what_was_missing_and_pushed_out(redis, site):
    """A content that has lost its place is not the missing one it once was."""
    assert show(site) is None
    redis("SET", "es:slot:hero", "new")
    wait(site, b"new")
    for n in range(45):
        redis("SET", f"es:slot:k{n}", "x" * MB)
    until(lambda: redis.calls("getrange") >= 47, 5, "all to be read")
    end = time.monotonic() + 1.5
    while time.monotonic() < end:
        assert show(site) == b"new"
        time.sleep(0.02)


def test_more_at_start_than_room(redis, nginx):
    """At the start no more is read than there is room for."""
    for n in range(60):
        redis("SET", f"es:slot:k{n}", b"%03d" % n * (MB // 4))
    site = start(nginx, redis=redis)
    until(lambda: redis.calls("getrange") >= 30, 5, "contents to be read")
    time.sleep(0.3)
    assert site.json()["slots"]["contents"]["evictions"] == 0
    for n in range(60):
        wait(site, b"%03d" % n * (MB // 4), f"k{n}")


def test_more_contents_than_room(redis, two):
    """More than the zone holds: all are shown, those in use at once."""
    for n in range(50):
        redis("SET", f"es:slot:k{n}", b"%03d" % n * (MB // 4))
    redis("SET", "es:slot:hero", "new")
    until(lambda: both(two) == [b"new"] * 2, 2, "the content")
    for n in range(50):
        until(lambda: both(two, f"k{n}") == [b"%03d" % n * (MB // 4)] * 2, 3,
              f"content {n}")
        assert both(two) == [b"new"] * 2
    redis("SET", "es:slot:k0", "small")
    until(lambda: both(two, "k0") == [b"small"] * 2, 1, "the change")
    redis("DEL", "es:slot:k1")
    until(lambda: both(two, "k1") == [None, None], 1, "the page's own")


# -- prefixes and rights

@pytest.mark.parametrize("prefix", ["s*?[x]^-:", "a.b/c-d:", "x" * 64, "\\*:"])
def test_prefix(redis, nginx, prefix):
    """What is a wildcard in the prefix stands for itself."""
    redis("SET", f"{prefix}slot:hero", "new")
    redis("SET", "sAAx^-:slot:hero", "wrong")
    redis("SET", "*:slot:hero", "wrong")
    quoted = prefix.replace("\\", "\\\\")
    site = start(nginx, redis=redis, http=LINK.replace(
        "@redis@", f'@redis@ "prefix={quoted}"'))
    until(lambda: fetched(site) >= 1, 5, "the content to be read")
    assert show(site) == b"new"
    redis("SET", f"{prefix}slot:hero", "newer")
    wait(site, b"newer", timeout=1)
    redis("SADD", f"{prefix}slot:bad", "x")
    until(lambda: redis("HGET", f"{prefix}errors", "slot:bad"), 2,
          "the error")


def limited(new_redis, nginx, *rights):
    """A site whose Redis user has some rights only."""
    redis = new_redis()
    redis("ACL", "SETUSER", "web", "on", ">pass", "~es:*", "&*", *rights)
    site = nginx(LINK.replace("@redis@",
                              "@redis@ user=web password_file=@dir@/pw"),
                 SLOT + STATUS, redis=redis, start=False)
    site.write("pw", "pass")
    site.write("html/page.html", b"<p>" + BEGIN + b"own" + END + b"</p>\n")
    return redis, site


def test_without_the_right_to_scan(new_redis, nginx):
    """Without SCAN contents are read when asked for; the log says so, once."""
    redis, site = limited(new_redis, nginx, "+@all", "-scan")
    redis("SET", "es:slot:hero", "new")
    site.start()
    until(lambda: "SCAN" in site.log(), 3, "the complaint")
    wait(site, b"new")
    redis("SET", "es:slot:hero", "newer")
    wait(site, b"newer", timeout=1)
    redis("FLUSHALL")
    wait(site, None)
    assert site.log().count("answered SCAN") == 1


def test_without_the_right_to_listen(new_redis, nginx):
    """Without the channel contents are there, and change by `refresh`."""
    redis, site = limited(new_redis, nginx, "+@all", "resetchannels")
    site.names["http"] = site.names["http"].replace("user=",
                                                    "refresh=1s user=")
    redis("SET", "es:slot:hero", "new")
    site.start()
    until(lambda: fetched(site) >= 1, 5, "the content to be read")
    assert show(site) == b"new"
    redis("SET", "es:slot:hero", "newer")
    wait(site, b"newer", timeout=3)


def test_the_rights_in_the_docs(new_redis, nginx):
    """What docs/redis.md lists is enough, and all that is used."""
    redis, site = limited(
        new_redis, nginx, "resetkeys", "resetchannels", "-@all",
        "%R~es:segments", "%R~es:profile:*", "%R~es:slot:*", "%W~es:errors",
        "~es:events", "~es:mark:{es:events}:*", "&__redis__:invalidate",
        "+ping", "+select", "+client|id", "+client|tracking", "+subscribe",
        "+hlen", "+hgetall", "+hmget", "+getrange", "+scan", "+hset", "+del",
        "+script|load", "+evalsha", "+xadd", "+get", "+set")
    redis("SET", "es:slot:hero", "new")
    site.start()
    wait(site, b"new")
    redis("SADD", "es:slot:bad", "x")
    until(lambda: error(redis, "bad"), 2, "the error")
    assert redis("ACL", "LOG") == []


def test_the_marketers_rights(redis, site):
    """A user who may set contents, see their errors, and nothing else."""
    redis("ACL", "SETUSER", "editor", "on", ">word", "resetkeys",
          "resetchannels", "-@all", "~es:slot:*", "%R~es:errors", "+ping",
          "+set", "+get", "+del", "+expire", "+ttl", "+strlen", "+exists",
          "+hget", "+hgetall")
    redis.login = ("editor", "word")
    redis("AUTH", "editor", "word")
    redis("SET", "es:slot:hero", "new", "EX", 100)
    wait(site, b"new")
    redis("DEL", "es:slot:hero")
    wait(site, None)
    assert redis("HGETALL", "es:errors") == []


def test_the_right_to_read_is_lost(redis, nginx):
    """What is known stays, and es:errors says what is wrong."""
    site = start(nginx, redis=redis)
    redis("SET", "es:slot:hero", "new")
    wait(site, b"new")
    redis("ACL", "SETUSER", "default", "-getrange")
    redis("SET", "es:slot:hero", "newer")
    assert "GETRANGE" in until(lambda: error(redis), 2, "the error")
    assert show(site) == b"new"
    assert show(site, "nobody") is None
    redis("ACL", "SETUSER", "default", "+getrange")
    wait(site, b"newer", timeout=3)
    until(lambda: error(redis) is None, 2, "the error to go")


# -- answers that Redis seldom gives, or never

@pytest.mark.parametrize("name, reply", [
    (b"GETRANGE", b":7\r\n"), (b"GETRANGE", b"*0\r\n"),
    (b"GETRANGE", b"$-1\r\n"), (b"GETRANGE", b"+OK\r\n"),
    (b"GETRANGE", b"-ERR " + b"long " * 200 + b"\r\n"),
    (b"SCAN", b":7\r\n"), (b"SCAN", b"$-1\r\n"), (b"SCAN", b"*0\r\n"),
    (b"SCAN", array(bulk("0"), b":1\r\n")),
    (b"SCAN", array(b":0\r\n", array())),
    (b"SCAN", array(bulk("0"), array(b":1\r\n", b"$-1\r\n", bulk("es:slot:"),
                                     bulk("es:slo"), bulk("xx:slot:hero"),
                                     bulk(b"es:slot:a\0b")))),
    (b"SCAN", array(bulk("x"), array())), (b"SCAN", array(bulk(""), array())),
    (b"SCAN", array(bulk("9" * 30), array())),
    (b"SCAN", array(bulk("0"), array(), array()))])
def test_hostile_answers(fake, nginx, name, reply):
    """Answers of the wrong kind do no harm, and right ones count again."""
    fake.slots["hero"] = "new"
    fake.answer = lambda words: reply if words[0] == name else None
    site = start(nginx, redis=fake)
    until(lambda: fake.asked[name.decode()], 3, "the command")
    for _ in range(20):
        assert show(site) in (None, b"new")
        assert show(site, "nobody") is None
    fake.answer = None
    fake.cut()
    wait(site, b"new", timeout=4)


def test_scan_goes_on(fake, nginx):
    """All answers of SCAN are taken, until the cursor is 0 again."""
    cursors = {b"0": b"18446744073709551615", b"18446744073709551615": b"7",
               b"7": b"0"}

    def answer(words):
        if words[0] != b"SCAN":
            return None
        return array(bulk(cursors[words[1]]),
                     array(bulk(b"es:slot:k" + words[1][:1])))
    fake.slots.update({"k0": "a", "k1": "b", "k7": "c"})
    fake.answer = answer
    site = start(nginx, redis=fake)
    until(lambda: fetched(site) >= 3, 5, "three contents")
    assert [show(site, key) for key in ("k0", "k1", "k7")] == [b"a", b"b", b"c"]


def ready(fake, site):
    """The contents of the fake are read, and changes are heard of."""
    wait(site, b"old")
    until(lambda: site.json()["redis"]["listening"], 3, "it to listen")
    time.sleep(0.1)


def test_missing_without_scan(fake, nginx):
    """A key that came while nobody listened is found without SCAN, too."""
    fake.slots["hero"] = "old"
    fake.answer = lambda words: \
        b"-NOPERM no SCAN\r\n" if words[0] == b"SCAN" else None
    site = start(nginx, redis=fake)
    ready(fake, site)
    for _ in range(30):
        assert show(site, "later") is None
        time.sleep(0.01)
    fake.slots["later"] = "new"
    fake.slots["hero"] = "new"
    assert show(site, "later") is None
    fake.cut()
    wait(site, b"new", timeout=3)
    wait(site, b"new", "later", timeout=3)


def test_an_answer_that_was_overtaken(fake, nginx):
    """A change that is heard of before the old content comes is not lost."""
    fake.slots["hero"] = "old"
    site = start(nginx, redis=fake)
    ready(fake, site)
    late = []

    def answer(words):
        if words[0] != b"GETRANGE" or late:
            return None
        late.append(fake.slots["hero"])
        fake.slots["hero"] = "newest"
        fake.tell("es:slot:hero")
        time.sleep(0.1)
        return bulk(late[0])
    fake.answer = answer
    fake.slots["hero"] = "new"
    fake.tell("es:slot:hero")
    wait(site, b"newest", timeout=2)
    assert late == ["new"]


def test_answers_that_are_always_overtaken(fake, nginx):
    """Of a content that never rests, new states are shown all the time."""
    fake.slots["hero"] = "old"
    site = start(nginx, redis=fake)
    ready(fake, site)

    def answer(words):
        if words[0] != b"GETRANGE":
            return None
        fake.slots["hero"] = str(fake.asked["GETRANGE"])
        fake.tell("es:slot:hero")
        time.sleep(0.02)
        return bulk(fake.slots["hero"])
    fake.answer = answer
    fake.tell("es:slot:hero")
    end, seen = time.monotonic() + 1, set()
    while time.monotonic() < end:
        seen.add(show(site))
        time.sleep(0.02)
    assert len(seen) > 10
    fake.answer = None
    fake.slots["hero"] = "new"
    fake.tell("es:slot:hero")
    wait(site, b"new")


def test_it_goes_on_to_say_that_it_listens(nginx, redis):
    """Two workers may want the office at first: the one that keeps it says so,
    whoever was told of first."""
    sites = [start(nginx, redis=redis, workers=2) for _ in range(4)]
    for _ in range(2):
        for site in sites:
            until(lambda: site.json()["redis"]["listening"], 5,
                  "changes to be heard of")
        time.sleep(2.5)
    for site in sites:
        until(lambda: site.json()["redis"]["listening"], 1.5,
              "changes to be heard of, still")
