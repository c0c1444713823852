"""What the learner does with what is no event, no rule, no setting, or a key of
another type: it says so, and goes on with the rest."""

import re
import time

import pytest

from learning import STREAM, Feed, Written, group, pairs
from wait import until

DAY = 86400000
NOW = int(time.time() * 1000)
GOOD = {"id": "0123456789abcdef01234567", "ts": str(NOW - 5000), "type": "view",
        "visitor": "v1", "path": "/a"}


@pytest.fixture
def feed(redis):
    return Feed(redis, NOW - 3600000)


@pytest.fixture
def learn(run):
    def once(*args):
        result = run("learn", "--once", *args, timeout=5)
        assert result.code == 0, result
        return result
    return once


def day(ms=NOW):
    return time.strftime("%Y-%m-%d", time.gmtime(ms / 1000))


def add(redis, *words):
    return redis("XADD", STREAM, "*", *words).decode()


# -- what is no event

BAD = [
    ({"id": None}, "missing", "id"), ({"ts": None}, "missing", "ts"),
    ({"type": None}, "missing", "type"), ({"ts": ""}, "missing", "ts"),
    ({"id": "0123"}, "form", "id"), ({"id": "0123456789ABCDEF01234567"}, "form", "id"),
    ({"id": "g" * 24}, "form", "id"), ({"id": "0" * 25}, "form", "id"),
    ({"id": "0" * 5000}, "long", "id"),
    ({"ts": "now"}, "form", "ts"), ({"ts": "-1795307443384"}, "form", "ts"),
    ({"ts": "1795307443384.0"}, "form", "ts"), ({"ts": "+795307443384"}, "form", "ts"),
    ({"ts": "1795307443"}, "form", "ts"), ({"ts": "9" * 20}, "form", "ts"),
    ({"ts": "9" * 21}, "long", "ts"), ({"ts": "\n1795307443384"}, "text", "ts"),
    ({"ts": "946684799999"}, "time", "ts"),
    ({"ts": str(NOW + 2 * DAY)}, "time", "ts"),
    ({"ts": "99999999999999"}, "time", "ts"),
    ({"type": "View"}, "form", "type"), ({"type": "a b"}, "form", "type"),
    ({"type": "ä"}, "form", "type"), ({"type": "x" * 33}, "long", "type"),
    ({"visitor": "a/b"}, "form", "visitor"), ({"visitor": "ä"}, "form", "visitor"),
    ({"visitor": "{x}"}, "form", "visitor"), ({"visitor": "x" * 65}, "long", "visitor"),
    ({"visitor": "a\r\nb"}, "text", "visitor"),
    ({"path": "a"}, "form", "path"), ({"path": b"/\xff"}, "text", "path"),
    ({"path": b"/\xc0\xaf"}, "text", "path"), ({"path": "/\x7f"}, "text", "path"),
    ({"path": "/a\tb"}, "text", "path"), ({"path": "/a\0b"}, "text", "path"),
    ({"path": "/" + "a" * 1024}, "long", "path"),
    ({"path": "/" + "a" * 3000000}, "long", "path"),
    ({"country": "d1"}, "form", "country"), ({"country": "de"}, "form", "country"),
    ({"country": "DEU"}, "form", "country"),
    ({"country": "G" * 100}, "long", "country"),
    ({"segments": "x" * 2049}, "long", "segments"),
    ({"variants": "x=" + "y" * 1023}, "long", "variants"),
    ({"campaign": b"\x80"}, "text", "campaign"),
    ({"label": "\x1b[31m"}, "text", "label"), ({"label": "x" * 257}, "long", "label"),
    ({"type": "goal", "value": "lots"}, "form", "value"),
    ({"type": "goal", "value": "1.5.5"}, "form", "value"),
    ({"type": "goal", "value": "inf"}, "form", "value"),
    ({"type": "goal", "value": ".5"}, "form", "value"),
    ({"type": "goal", "value": "1" * 33}, "long", "value"),
    ({"type": "dwell", "ms": "-1"}, "form", "ms"),
    ({"type": "dwell", "ms": "1e3"}, "form", "ms"),
    ({"type": "dwell", "ms": "99999999999999999999"}, "form", "ms"),
    ({"new_field": "1"}, "unknown", "new_field"), ({"Id": "1"}, "unknown", "Id"),
    ({b"\xff\x00": "1"}, "unknown", b"\xff\x00"),
    ({"x" * 70000: "1"}, "unknown", None),
]


@pytest.mark.parametrize("change, reason, field", BAD,
                         ids=[f"{r}-{f}-{n}" for n, (_, r, f) in enumerate(BAD)])
def test_no_event(redis, learn, change, reason, field):
    words = [word for name, value in {**GOOD, **change}.items() if value is not None
             for word in (name, value)]
    id = add(redis, *words)
    add(redis, *[word for pair in GOOD.items() for word in pair])
    result = learn()
    assert "1 events learned, 1 rejected" in result.out
    (_, flat), = redis("XRANGE", "es:events:rejected", "-", "+")
    # what was rejected may have any names, ours included
    assert flat[:4] == [b"entry", id.encode(), b"reason", reason.encode()]
    if field:
        wanted = field if isinstance(field, bytes) else field.encode()
        assert flat[4:6] == [b"field", wanted]
    assert sum(map(len, flat)) < 16000
    fields = pairs(redis("HGETALL", f"es:count:{{{day()}:rejected}}"))
    assert fields == {f"events:{reason}": "1", "values": "1", "mark": id}
    assert redis("HGET", "es:profile:v1", "views") == b"1"
    assert group(redis)["lag"] == 0


def test_a_field_twice(redis, learn):
    words = [word for pair in GOOD.items() for word in pair]
    id = add(redis, *words, "path", "/b")
    learn()
    (_, flat), = redis("XRANGE", "es:events:rejected", "-", "+")
    assert flat[:6] == [b"entry", id.encode(), b"reason", b"twice", b"field", b"path"]
    assert redis("KEYS", "es:profile:*") == []


def test_what_is_good_to_its_limit(redis, learn):
    """Each field as long as docs/events.md allows."""
    full = {**GOOD, "type": "x" * 32, "visitor": "V" * 64, "host": "h" * 255,
            "path": "/" + "ü" * 511, "status": "200", "country": "XX",
            "language": "l" * 64, "industry": "i" * 32, "segments": "s" * 2048,
            "variants": "v=" + "v" * 1022, "experiments": "e=" + "e" * 1022,
            "referrer": "r" * 255, "source": "s" * 128, "medium": "m" * 128,
            "campaign": "c" * 128, "device": "desktop", "page": "0" * 24,
            "label": "l" * 256, "value": "-" + "1" * 27 + "e+10",
            "ms": "9007199254740991"}
    add(redis, *[word for pair in full.items() for word in pair])
    add(redis, *[word for pair in {**full, "type": "goal"}.items() for word in pair])
    add(redis, *[word for pair in {**full, "type": "view"}.items() for word in pair])
    add(redis, *[word for pair in {**full, "type": "dwell"}.items() for word in pair])
    add(redis, "id", GOOD["id"], "ts", GOOD["ts"], "type", "x", "path", "", "label", "")
    result = learn()
    assert "5 events learned, 0 rejected" in result.out
    counts = pairs(redis("HGETALL", f"es:count:{{{day(NOW - 5000)}:all}}"))
    assert counts["worth:all"] == str(-10 ** 12)
    assert counts["dwell:all"] == "86400000"
    assert redis("HGET", "es:profile:" + "V" * 64, "views") == b"1"


def test_the_list_of_rejected_is_bounded(redis, learn):
    for _ in range(13):
        redis("EVAL", "for i = 1, 500 do redis.call('XADD', KEYS[1], '*', 'x', 'y') "
              "end", 1, STREAM)
    learn()
    assert redis("HGET", f"es:count:{{{day()}:rejected}}", "events:unknown") == b"6500"
    assert 1000 <= redis("XLEN", "es:events:rejected") <= 1200


def test_enormous_entries_do_not_fill_the_memory(redis, start):
    """A hundred of 2 MB: they are let go of a few at a time."""
    for _ in range(100):
        redis("EVAL", "redis.call('XADD', KEYS[1], '*', 'x', string.rep('y', 2e6))",
              1, STREAM)
    running = start("learn")
    key = f"es:count:{{{day()}:rejected}}"
    until(lambda: redis("HGET", key, "events:unknown") == b"100", 20, "all of them")
    with open(f"/proc/{running.pid}/status") as status:
        peak = int(re.search(r"VmHWM:\s+(\d+) kB", status.read())[1])
    assert running.stop().code == 0
    assert peak < 600 * 1024


def test_messages_are_harmless_to_a_terminal(redis, on_terminal):
    redis("HSET", "es:topics", "\x1b]0;x\x07", "path exists", "bad", "path = \x1b[2J(",
          b"\xff\xfe", "path exists")
    redis("HSET", "es:settings", "\x1b[31m", "\x1b[31m")
    redis("SET", "es:gone:{es:profile:v1}", "\x1b[2J")
    add(redis, *[word for pair in GOOD.items() for word in pair], "\x1b[2J", "\x1b[2J")
    result = on_terminal("learn", "--once")
    assert result.code == 0
    assert "\x1b[2J" not in result.out and "\x1b]" not in result.out
    assert "\x1b[31m" not in result.out and "\x07" not in result.out


# -- rules and settings that are none

def test_bad_rules_are_named_and_the_good_ones_work(redis, feed, learn):
    redis("HSET", "es:topics", "pumps", "path starts with /pumps/",
          "odd", "contry = DE", "Bad Name", "path exists", "empty", "",
          "visitors", "agent ~ x",
          "long", "path = " + "x" * 5000)
    redis("HSET", "es:scores", "good", "7 when type = view", "when", "type = view",
          "many", "9999999 when type = view", "rule", "5 when contry = DE",
          "none", "0 when type = view")
    feed(path="/pumps/")
    err = learn().err
    for name in ("odd", "Bad Name", "empty", "visitors", "long", "when", "many", "rule",
                 "none"):
        assert f'"{name}"' in err, name
    assert 'did you mean "country"?' in err
    assert not re.search('"(pumps|good)"', err)
    profile = pairs(redis("HGETALL", "es:profile:v1"))
    assert profile["topic:pumps"] == "1.00" and profile["score"] == "7"
    assert [f for f in profile if f.startswith("topic:")] == ["topic:pumps"]


@pytest.mark.parametrize("name, value", [
    ("profile_days", "0"), ("profile_days", "-1"), ("profile_days", "many"),
    ("profile_days", "1.5"), ("counter_values", "0"), ("counter_values", "1e99"),
    ("visit_minutes", ""), ("visit_minutes", "nan"), ("interest_days", "0"),
    ("industry_margin", "0.5"), ("lead_threshold", "0"), ("timezone", "Mars/Olympus"),
    ("timezone", "../../etc/passwd"), ("timezone", "/etc/localtime"), ("timezone", ""),
    ("industries", "food, medical"), ("profil_days", "5"), ("", ""),
    ("visit_minutes", b"\xff"), ("visit_minutes", "30 ")])
def test_a_bad_setting_is_named_and_the_default_stays(redis, feed, learn, name, value):
    redis("HSET", "es:settings", name, value, "lead_threshold" if
          name != "lead_threshold" else "counter_days", "60")
    redis("HSET", "es:scores", "x", "55 when path = /1")
    redis("HSET", "es:topics", "food", "path exists")
    for n in range(3):
        feed(path=f"/{n}", after=29 * 60000)
    err = learn().err
    assert f'"{name}"' in err
    assert len(err.splitlines()) == 2
    profile = pairs(redis("HGETALL", "es:profile:v1"))
    assert profile["visits"] == "1"
    assert (name == "lead_threshold") == ("lead" in profile)
    # the middle one fades a little until the last; two views are not enough for 3.00
    assert profile["topic:food"] in ("2.99", "3.00")
    assert redis("TTL", "es:profile:v1") > 179 * 86400
    assert redis("HGET", f"es:count:{{{day(feed.now)}:page}}", "values") in (b"3", b"2")


def test_a_bad_setting_is_not_said_again_and_again(redis, feed, start):
    redis("HSET", "es:settings", "visit_minutes", "x")
    redis("HSET", "es:topics", "bad", "contry = DE")
    running = start("learn")
    for n in range(5):
        feed(path=f"/{n}")
        time.sleep(0.5)
    until(lambda: redis("HGET", "es:profile:v1", "views") == b"5")
    result = running.stop()
    assert result.code == 0
    assert result.err.count("visit_minutes") == 1 and result.err.count("contry") == 1


def test_many_topics(redis, feed, learn):
    """256 are taken, and that there are more is said."""
    redis("HSET", "es:topics", *[word for n in range(300) for word in (
        f"t{n}", f"path = /{n}")])
    for n in range(300):
        feed(path=f"/{n}", visitor=f"v{n}")
    err = learn().err
    assert "256" in err
    taken = [key for key in redis("KEYS", "es:profile:*") if redis("HEXISTS", key,
                                                                  "interest")]
    assert len(taken) == 256


# -- keys of another type

def a_list(redis, key):
    redis("RPUSH", key, "x")


def a_string(redis, key):
    redis("SET", key, "x")


def a_hash(redis, key):
    redis("HSET", key, "x", "y")


def test_definitions_of_another_type(redis, feed, learn):
    for key in ("es:topics", "es:scores", "es:settings"):
        a_string(redis, key)
    feed(path="/a")
    err = learn().err
    for key in ("es:topics", "es:scores", "es:settings"):
        assert key in err
    assert redis("HGET", "es:profile:v1", "views") == b"1"


@pytest.mark.parametrize("wrong, kind", [
    ("es:count:{DAY:page}", a_list), ("es:count:{DAY:all}", a_string),
    ("es:count:{DAY:together}", a_list), ("es:visitors:{DAY:page}:/a", a_hash),
    ("es:visitors:{DAY:all}:all", a_string), ("es:profile:v1", a_string),
    ("es:profile:v1", a_list), ("es:state:{es:profile:v1}", a_hash),
    ("es:gone:{es:profile:v1}", a_list), ("es:leads", a_hash),
    ("es:events:rejected", a_string), ("es:mark:{es:leads}:learn", a_list),
    ("es:mark:{es:events:rejected}:learn", a_list)])
def test_a_key_of_another_type(redis, feed, learn, wrong, kind):
    """It is named, kept, and all else is counted."""
    wrong = wrong.replace("DAY", day(feed.now))
    kind(redis, wrong)
    before = redis("DUMP", wrong)
    redis("HSET", "es:scores", "x", "50 when type = goal")
    for visitor in ("v1", "v2"):
        feed(path="/a", visitor=visitor)
        feed("goal", visitor=visitor, after=1)
        feed(path="/b", visitor=visitor, after=1)
    add(redis, "x", "y")
    result = learn()
    assert wrong in result.err
    assert redis("DUMP", wrong) == before
    assert group(redis)["lag"] == 0
    assert redis("HGET", "es:profile:v2", "views") == b"2"
    for dimension, field, n in (("all", "events:all", b"6"), ("page", "views:/b", b"2"),
                                ("transition", "views:/a\t/b", b"2"),
                                ("rejected", "events:unknown", b"1")):
        key = f"es:count:{{{day(feed.now)}:{dimension}}}"
        if key != wrong and not ("v1" in wrong and dimension == "transition"):
            assert redis("HGET", key, field) == n, key
    feed(path="/c", visitor="v2")
    learn()
    assert redis("HGET", "es:profile:v2", "views") == b"3"


@pytest.mark.parametrize("key, field, value", [
    ("es:count:{DAY:all}", "mark", "yesterday"), ("es:count:{DAY:all}", "mark", "1-x"),
    ("es:count:{DAY:page}", "values", "many"), ("es:count:{DAY:page}", "values", "-7"),
    ("es:count:{DAY:all}", "events:all", "lots"),
    ("es:count:{DAY:all}", "events:all", "9223372036854775807")])
def test_counters_that_somebody_wrote(redis, feed, learn, key, field, value):
    key = key.replace("DAY", day(feed.now))
    redis("HSET", key, field, value)
    for n in range(3):
        feed(path="/a")
    learn()
    feed(path="/a")
    learn()
    assert group(redis)["lag"] == 0
    assert redis("HGET", "es:profile:v1", "views") == b"4"
    other, value = ("page", "/a") if "all" in key else ("all", "all")
    other = f"es:count:{{{day(feed.now)}:{other}}}"
    assert redis("HGET", other, f"events:{value}") == b"4"


@pytest.mark.parametrize("state", [
    "x", "\n", "0-0 0", b"\xff", "1-1 1\nn 1 1", "x" * 40000,
    "99999999999999999999-0 1\n", "1-1 1\nzzz\n"])
def test_a_state_that_is_none(redis, feed, learn, state):
    redis("SET", "es:state:{es:profile:v1}", state)
    feed(path="/a")
    feed(path="/a", visitor="v2")
    result = learn()
    assert "es:state:{es:profile:v1}" in result.err
    assert redis("HGET", "es:profile:v2", "views") == b"1"
    assert redis("HGET", f"es:count:{{{day(feed.now)}:all}}", "events:all") == b"2"
    redis("DEL", "es:state:{es:profile:v1}")
    feed(path="/a")
    learn()
    assert redis("HGET", "es:profile:v1", "views") == b"1"


def test_a_mark_that_is_none(redis, feed, learn):
    redis("HSET", "es:scores", "x", "50 when type = view")
    for key in ("es:leads", "es:events:rejected"):
        redis("SET", f"es:mark:{{{key}}}:learn", "yesterday")
    feed(path="/a")
    add(redis, "x", "y")
    learn()
    assert redis("XLEN", "es:leads") == 1 == redis("XLEN", "es:events:rejected")


@pytest.mark.parametrize("kind", [a_string, a_list, a_hash])
def test_no_stream_at_all(redis, start, kind):
    """It names the key, and begins when there is one."""
    kind(redis, STREAM)
    running = start("learn")
    until(lambda: STREAM in running.result.err, what="a message")
    redis("DEL", STREAM)
    Feed(redis, NOW)(path="/a")
    until(lambda: redis("EXISTS", "es:profile:v1"), what="the profile")
    assert running.stop().code == 0


def test_a_stream_that_goes(redis, start, feed):
    """Deleted, and another begun: a group is made there as well."""
    running = start("learn")
    feed(path="/a")
    until(lambda: redis("HGET", "es:profile:v1", "views") == b"1")
    redis("DEL", STREAM)
    time.sleep(0.5)
    feed(path="/a")
    until(lambda: redis("HGET", "es:profile:v1", "views") == b"2")
    until(lambda: group(redis) and group(redis)["lag"] == 0, what="a group")
    assert running.stop().code == 0


def test_what_was_trimmed_does_not_hold_it_up(redis, feed, run, start):
    """The newest entry at its beginning may be gone before it is read."""
    redis("SET", "es:lease:{es:events}:learn", "another", "PX", 900)
    feed(path="/a")
    last = feed(path="/b")
    running = start("learn", "--once")
    until(lambda: "standing by" in running.result.err, what="its waiting")
    redis("XDEL", STREAM, last)
    assert running.wait(5).code == 0
    assert redis("HGET", "es:profile:v1", "views") == b"1"


def test_a_name_with_anything_in_it(redis, feed, run):
    feed(path="/a")
    assert run("learn", "--once", "--name", "a b\x1b[2J%s {}'\"").code == 0
    assert redis("HGET", "es:profile:v1", "views") == b"1"


def test_redis_that_is_not_there(run, scratch):
    result = run("learn", "--once", "--redis", f"unix:{scratch}/none")
    assert result.code == 1 and "none" in result.err


def test_hostile_values_stay_values(redis, feed, learn):
    """Braces, tabs' neighbours and colons in what becomes keys and fields."""
    for path in ("/{x}", "/a:b", "/%s%n", "/*?[a]", "/é\u2028", "/ "):
        feed(path=path, campaign=path, referrer="{es:profile:v9}", segments="a:b,{c}",
             variants="hero={x},a=b=c")
    assert "6 events learned, 0 rejected" in learn().out
    written = Written(redis)
    assert not written.others or set(written.others) <= {"es:mark:{es:leads}:learn"}
    assert redis("HGET", f"es:count:{{{day(feed.now)}:page}}", "values") == b"6"
