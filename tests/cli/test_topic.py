"""Topics, scores and settings: what marketers want to be learned, by the program."""

import json
import os
import re
import tempfile
import time

import pytest

import ports
import program
from fakeredis import FakeRedis, array, bulk
from learning import STREAM, Feed, pairs
from wait import until

NOW = int(time.time() * 1000)
HASH = {"topic": "es:topics", "score": "es:scores"}
GOOD = {"topic": "path starts with /pumps/", "score": "25 when label = quote"}
WRONG = {"topic": ("contry = DE", 1), "score": ("25  when contry = DE", 10)}
EVIL = "\x1b]0;evil\x07\x9b31m\u009b31m\x08\x7f"
KINDS = pytest.mark.parametrize("kind", ["topic", "score"])


@pytest.fixture
def feed(redis):
    return Feed(redis, NOW - 3600000)


def caret(err):
    """The column of the text that the caret is under."""
    text, mark = err.splitlines()[-2:]
    assert text.startswith("  ") and mark.strip() == "^", err
    return mark.index("^") - 1


def fill(redis, kind, n, text=None):
    redis("HSET", HASH[kind], *[word for i in range(n) for word in (
        f"t{i}", text or GOOD[kind])])


# -- set

@KINDS
def test_set(redis, run, kind):
    code, out, err = run(kind, "set", "pumps", GOOD[kind])
    assert (code, out, err) == (0, f'{kind} "pumps" is set\n', "")
    assert redis("HGETALL", HASH[kind]) == [b"pumps", GOOD[kind].encode()]
    result = run(kind, "set", "pumps", GOOD[kind] + " and type = goal", "--json")
    told = json.loads(result.out)
    assert told[kind] == "pumps" and told["rule"].endswith(" and type = goal")
    assert told["error"] is None and told["warning"] is None
    assert told.get("points") == (25 if kind == "score" else None)
    assert redis("HGET", HASH[kind], "pumps").endswith(b" and type = goal")
    assert redis("KEYS", "*") == [HASH[kind].encode()]


@KINDS
def test_what_the_learner_would_not_take(redis, run, kind):
    redis("HSET", HASH[kind], "pumps", GOOD[kind])
    text, column = WRONG[kind]
    code, out, err = run(kind, "set", "pumps", text)
    assert code == 1 and out == ""
    assert err.startswith(f'exportsite: {kind} "pumps": col {column}: unknown field')
    assert err.splitlines()[-2] == "  " + text and caret(err) == column
    assert redis("HGETALL", HASH[kind]) == [b"pumps", GOOD[kind].encode()]


@pytest.mark.parametrize("kind, text, message", [
    ("score", "type = goal", "begins with its points"),
    ("score", "0 when type = goal", "0 points"), ("score", "25", '"when"'),
    ("score", "1000001 when type = goal", "more than 1000000"),
    ("score", "2.5 when type = goal", "whole number"), ("score", "", "points"),
    ("topic", "", "col 1"), ("topic", "agent ~ x", "make it a segment"),
    ("topic", "25 when type = goal", "col 1"),
    ("topic", "path = " + "x" * 5000, "4096"),
    ("score", "5 when path = " + "x" * 5000, "4096")])
def test_what_is_wrong_is_told(redis, run, kind, text, message):
    code, out, err = run(kind, "set", "x", text)
    assert code == 1 and out == "" and message in err
    assert redis("EXISTS", HASH[kind]) == 0


@KINDS
def test_a_warning(redis, run, kind):
    text = {"topic": "weekday = monday", "score": "-5 when weekday = monday"}[kind]
    code, out, err = run(kind, "set", "x", text)
    assert code == 0 and out == f'{kind} "x" is set\n'
    assert err.startswith(f'exportsite: warning: {kind} "x": col ')
    assert caret(err) == text.index("monday") + 1
    assert redis("HGET", HASH[kind], "x") == text.encode()


@KINDS
@pytest.mark.parametrize("name", ["", "Pumps", "1st", "a b", "x" * 65, "ä", EVIL])
def test_a_name_that_is_none(redis, run, kind, name):
    code, out, err = run(kind, "set", name, GOOD[kind])
    assert code == 2 and out == "" and f"exportsite {kind} set --help" in err
    assert redis("EXISTS", HASH[kind]) == 0


@KINDS
def test_256_are_the_most(redis, run, kind):
    fill(redis, kind, 256)
    redis("HSET", HASH[kind], "t0", "nonsense", "Bad", GOOD[kind])
    assert run(kind, "set", "another", GOOD[kind]).code == 0    # t0 takes no place
    assert run(kind, "set", "t7", GOOD[kind] + " and type = goal").code == 0
    code, out, err = run(kind, "set", "t0", GOOD[kind])
    assert code == 1 and "256" in err and f"exportsite {kind} rm" in err
    assert redis("HGET", HASH[kind], "t0") == b"nonsense"
    assert run(kind, "list").err == ""
    redis("HSET", HASH[kind], "t0", GOOD[kind])
    for verb, code in (("list", 0), ("check", 1)):
        result = run(kind, verb)
        assert result.code == code and f"there are 257 {kind}s" in result.err


def test_what_is_set_is_learned(run, redis, feed):
    """All of it by the program, and as it promises."""
    assert run("topic", "set", "pumps", "path starts with /pumps/").code == 0
    assert run("score", "set", "quote", "25 when label = quote").code == 0
    assert run("score", "set", "jobs", "-5 when path = /jobs/").code == 0
    assert run("setting", "set", "lead_threshold", "40").code == 0
    feed(path="/jobs/")
    feed(path="/pumps/")
    for _ in range(2):
        feed("goal", path="/pumps/", label="quote")
    assert run("learn", "--once").err == "exportsite: learning from es:events\n"
    profile = pairs(redis("HGETALL", "es:profile:v1"))
    assert profile["interest"] == "pumps" and profile["score"] == "50"
    assert redis("XLEN", "es:leads") == 1


# -- list and check

@KINDS
def test_list(redis, run, kind):
    out = run(kind, "list").out
    assert out.startswith(f"there are no {kind}s") and f"{kind} set --help" in out
    assert json.loads(run(kind, "list", "--json").out) == []
    text, column = WRONG[kind]
    redis("HSET", HASH[kind], "pumps", GOOD[kind], "wrong", text, "Bad", GOOD[kind],
          "", GOOD[kind])
    result = run(kind, "list")
    assert result.code == 0 and result.err == ""
    rows = [re.split(" {2,}", line) for line in result.lines[:5]]
    assert rows[0][:2] == [kind.upper(), "LEARNER"]
    assert rows[1] == ["", "refused", GOOD[kind]] and rows[2][:2] == ["Bad", "refused"]
    assert rows[3] == ["pumps", "taken", GOOD[kind]]
    assert rows[4][:2] == ["wrong", "refused"]
    assert "\nBad: names are" in result.out
    assert f"\nwrong: col {column}: unknown field" in result.out
    assert caret(result.out) == column
    told = json.loads(run(kind, "list", "--json").out)
    assert [one[kind] for one in told] == ["", "Bad", "pumps", "wrong"]
    assert [one["error"] is None for one in told] == [False, False, True, False]
    if kind == "score":
        assert [one["points"] for one in told] == [None, None, 25, None]


@KINDS
def test_check(redis, run, kind):
    assert run(kind, "check").out == f"0 {kind}s, 0 refused, 0 warnings\n"
    redis("HSET", HASH[kind], "pumps", GOOD[kind])
    assert run(kind, "check").out == f"1 {kind}, 0 refused, 0 warnings\n"
    redis("HSET", HASH[kind], "odd", GOOD[kind] + " and weekday = monday")
    code, out, err = run(kind, "check")
    assert code == 0 and out == f"2 {kind}s, 0 refused, 1 warning\n"
    assert f'warning: {kind} "odd": col' in err
    redis("HSET", HASH[kind], "wrong", WRONG[kind][0])
    code, out, err = run(kind, "check")
    assert code == 1 and out == f"3 {kind}s, 1 refused, 1 warning\n"
    assert caret(err) == WRONG[kind][1]
    result = run(kind, "check", "--json")
    assert result.code == 1 and result.err == ""
    assert [one[kind] for one in json.loads(result.out)] == ["odd", "pumps", "wrong"]


@KINDS
def test_check_of_one_text(kind):
    """Redis is not asked."""
    def check(*words):
        return program.run(kind, "check", *words, address="127.0.0.1:1")
    code, out, err = check(GOOD[kind])
    assert code == 0 and err == "" and out.endswith(" is right\n")
    text, column = WRONG[kind]
    code, out, err = check(text)
    assert code == 1 and out == "" and err.startswith(f"exportsite: col {column}: ")
    assert caret(err) == column
    code, out, err = check(GOOD[kind] + " and weekday = monday")
    assert code == 0 and out == "" and "warning: col" in err
    result = check(text, "--json")
    assert result.code == 1 and result.err == ""
    told = json.loads(result.out)
    assert told["rule"] == text and told["error"].startswith(f"col {column}: ")
    assert kind not in told
    assert check().code == 1


# -- rm

@pytest.mark.parametrize("kind, key", [*HASH.items(), ("setting", "es:settings")])
def test_rm(redis, run, kind, key):
    redis("HSET", key, "a", "x", "B c", "x", "d", "x", "e", "x")
    code, out, err = run(kind, "rm", "a", "nope", "B c")
    assert code == 1 and out == f'{kind} "a" is deleted\n{kind} "B c" is deleted\n'
    assert f'{kind} "nope" is not' in err and f"exportsite {kind} list" in err
    assert sorted(redis("HKEYS", key)) == [b"d", b"e"]
    code, out, err = run(kind, "rm", "d", "--json")
    assert code == 0 and json.loads(out) == ["d"] and err == ""
    assert run(kind, "rm").code == 2
    assert redis("HKEYS", key) == [b"e"]


# -- test

def test_test(feed, run):
    for n in range(20):
        feed(path=f"/pumps/{n % 7}", visitor=f"v{n % 3}")
    feed("click", path="/", label="pump-finder", visitor="v9")
    feed("goal", path="/", label="quote", visitor=None)
    feed(path="/mixers/", visitor="v8")
    rule = "path starts with /pumps/ or label exists"
    lines = run("topic", "test", rule).lines
    day = time.strftime("%Y-%m-%d", time.gmtime((NOW - 3599000) / 1000))
    assert lines == [
        f"22 of 23 events since {day}, of 4 visitors", "",
        "EVENTS  PATH", "     3  /pumps/0", "     3  /pumps/1", "     3  /pumps/2",
        "     3  /pumps/3", "     3  /pumps/4", "",
        "EVENTS  LABEL", "     1  pump-finder", "     1  quote"]
    assert run("topic", "set", "pumps", rule).code == 0
    assert run("topic", "test", "pumps").lines == lines
    told = json.loads(run("topic", "test", "pumps", "--json").out)
    assert told == {
        "topic": "pumps", "rule": rule, "warning": None, "events": 23, "rejected": 0,
        "matches": 22, "visitors": 4, "since": NOW - 3599000,
        "paths": [{"path": f"/pumps/{n}", "events": 3} for n in range(5)],
        "labels": [{"label": "pump-finder", "events": 1},
                   {"label": "quote", "events": 1}], "taken_as_missing": ""}
    # the newest only, and of a score nobody's events are none
    assert run("topic", "test", rule, "--events", "4").lines[0].startswith("3 of 4 ")
    lines = run("score", "test", "-1 when " + rule, "--events", "3").lines
    assert lines[0].startswith("1 of 3 events") \
        and lines[0].endswith(", of 1 visitor; -1 point each")


def test_the_most_frequent(feed, run):
    """Whatever the order in which they come."""
    for n in range(40):
        feed(path=f"/{(n * n + 3 * n) % 11}/")
    told = json.loads(run("topic", "test", "path exists", "--json").out)
    counts = {}
    for n in range(40):
        path = f"/{(n * n + 3 * n) % 11}/"
        counts[path] = counts.get(path, 0) + 1
    wanted = sorted(counts.items(), key=lambda one: (-one[1], one[0]))[:5]
    assert [(one["path"], one["events"]) for one in told["paths"]] == wanted


def test_test_of_nothing(redis, run, feed):
    assert run("topic", "test", "path exists").lines == ["0 of 0 events, of 0 visitors"]
    told = json.loads(run("score", "test", GOOD["score"], "--json").out)
    assert told["since"] is None and told["paths"] == [] == told["labels"]
    feed(path="/a")
    assert "0 of 1 event since" in run("topic", "test", "path = /b").out
    code, out, err = run("topic", "test", "nope")
    assert code == 1 and out == "" and 'there is no topic "nope"' in err
    redis("HSET", "es:scores", "wrong", WRONG["score"][0])
    for text in ("wrong", WRONG["score"][0]):
        code, out, err = run("score", "test", text)
        assert code == 1 and out == "" and caret(err) == WRONG["score"][1]
    for number in ("0", "-1", "x", "100001"):
        assert run("topic", "test", "path exists", "--events", number).code == 2


def test_test_passes_over_what_is_no_event(redis, run, feed):
    feed(path="/a")
    redis("XADD", STREAM, "*", *["x"] * 500)
    redis("XADD", STREAM, "*", "\x1b[2J", "\xff")
    assert run("topic", "test", "path exists").lines[:2] == [
        run("topic", "test", "path = /a").lines[0],
        "2 more entries of the stream are no events"]
    told = json.loads(run("topic", "test", "path exists", "--json").out)
    assert (told["events"], told["rejected"], told["matches"]) == (1, 2, 1)


def test_test_says_what_only_the_learner_knows(run, feed):
    feed(path="/a")
    out = run("score", "test", "1 when visits >= 0 or views >= 0").out
    assert out.startswith("0 of 1 event") and "visits, views" in out
    assert "missing" not in run("topic", "test", "path = /a").out


def test_test_asks_for_hours_of_the_zone(redis, run, feed):
    feed(path="/a", ts=NOW // 86400000 * 86400000 - 86400000 + 5)     # midnight, UTC
    assert run("topic", "test", "hour = 0").out.startswith("1 of 1 ")
    redis("HSET", "es:settings", "timezone", "Asia/Tokyo")
    assert run("topic", "test", "hour = 9").out.startswith("1 of 1 ")
    redis("HSET", "es:settings", "timezone", "Mars/Olympus")
    assert run("topic", "test", "hour = 0").out.startswith("1 of 1 ")


def test_test_of_another_stream(redis, run):
    redis("XADD", "my:visits", "*", "id", "0" * 24, "ts", NOW, "type", "view")
    out = run("topic", "test", "type = view", "--prefix", "my:", "--stream",
              "visits").out
    assert out.startswith("1 of 1 event since") and ", of 0 visitors" in out


# -- settings

def settings(run):
    return {one["setting"]: one for one in json.loads(
        run("setting", "list", "--json").out)}


def test_settings_are_those_of_the_documentation(run):
    path = os.path.join(program.ROOT, "docs", "learning.md")
    with open(path, encoding="utf-8") as file:
        part = file.read().split("\n## Settings\n")[1].split("\n## ")[0]
    table = re.findall(r"^\| `([a-z_]+)` \| *`?(\S*?)`? *\|", part, re.M)
    assert len(table) == 10
    assert {name: one["value"] for name, one in settings(run).items()} == dict(table)


def test_setting_list(redis, run):
    redis("HSET", "es:settings", "lead_threshold", "40", "visit_minutes", "x",
          "industry_margin", "1.50", "industries", "food medical", "foo", "bar")
    result = run("setting", "list")
    assert result.code == 0 and result.err == ""
    rows = {row[0]: row for row in (re.split(" {2,}", line) for line in result.lines)}
    assert rows["lead_threshold"][1:3] == ["40", "50"]
    assert rows["visit_minutes"][1:3] == ["30", "30"]
    assert rows["industry_margin"][1:3] == ["1.5", "2"]
    assert rows["industries"][1] == "food medical"
    assert "visit_minutes is not taken: a whole number from 1 to 1440" in result.out
    assert "foo is not taken: there is no such setting" in result.out
    told = settings(run)
    assert len(told) == 11 and all(
        one["meaning"] for name, one in told.items() if name != "foo")
    assert [name for name, one in told.items() if one["set"]] == [
        "visit_minutes", "industries", "industry_margin", "lead_threshold", "foo"]
    assert [name for name, one in told.items() if one["error"]] == [
        "visit_minutes", "foo"]


@pytest.mark.parametrize("name, value", [
    ("visit_minutes", "45"), ("industry_score", "0.5"), ("timezone", "Europe/Vienna"),
    ("industries", "food medical"), ("industries", ""), ("counter_values", "100000")])
def test_setting_set(redis, run, name, value):
    before = settings(run)[name]
    assert not before["set"]
    code, out, err = run("setting", "set", name, value)
    assert code == 0 and err == ""
    assert out == f'setting "{name}" is "{value}" (default "{before["value"]}")\n'
    assert redis("HGET", "es:settings", name) == value.encode()
    told = json.loads(run("setting", "set", name, value, "--json").out)
    assert told == {"setting": name, "value": value, "default": before["value"]}
    after = settings(run)[name]
    assert after["set"] and after["value"] == value and not after["error"]
    assert run("setting", "rm", name).code == 0
    assert settings(run)[name] == before


@pytest.mark.parametrize("name, value, code", [
    ("visit_minutes", "0", 1), ("visit_minutes", "many", 1), ("timezone", "", 1),
    ("timezone", "../../etc/passwd", 1), ("industries", "food, medical", 1),
    ("industry_margin", "0.5", 1), ("counter_days", "1.5", 1), ("foo", "1", 2),
    ("", "1", 2), (EVIL, "1", 2), ("timezone", EVIL, 1)])
def test_setting_that_would_not_be_taken(redis, run, name, value, code):
    result = run("setting", "set", name, value)
    assert result.code == code and result.out == "" and "setting" in result.err
    assert "\x1b" not in result.err and redis("EXISTS", "es:settings") == 0


# -- what is foreign, and Redis that does not do as it should

def test_escape_sequences_do_not_arrive(redis, run, on_terminal, feed):
    for kind, key in HASH.items():
        redis("HSET", key, EVIL, GOOD[kind], "bad", "path = " + EVIL, "good",
              ("5 when " if kind == "score" else "") + f"label != '{EVIL}'")
    redis("HSET", "es:settings", EVIL, EVIL, "timezone", EVIL)
    feed(path="/a\u2028b", label="x")
    for words in ([kind, *rest] for kind in HASH for rest in (
            ["list"], ["check"], ["test", "good"], ["test", "bad"], ["rm", EVIL + "x"],
            ["set", EVIL, "x"], ["set", "x", EVIL], ["check", EVIL], ["test", EVIL])):
        for shown in (on_terminal(*words, env={"NO_COLOR": "1"}), run(*words)):
            for control in "\x1b\x07\x08\x7f\u009b":
                assert control not in shown.out + shown.err, (words, shown)
    shown = on_terminal("setting", "list", env={"NO_COLOR": "1"}).out
    assert not set("\x1b\x07\x08\x7f\u009b") & set(shown)


def test_json_of_bytes_that_are_no_text(redis, run):
    for key in (*HASH.values(), "es:settings"):
        redis("HSET", key, b"n\xff", b"\xff\x00", "timezone", b"\xff\x00")
    for kind in (*HASH, "setting"):
        assert json.loads(run(kind, "list", "--json").out)
    for kind in HASH:
        assert json.loads(run(kind, "check", "--json").out)


VERBS = [["topic", "list"], ["topic", "set", "x", GOOD["topic"]], ["topic", "rm", "x"],
         ["topic", "check"], ["topic", "test", "x"], ["score", "list"],
         ["score", "set", "x", GOOD["score"]], ["score", "rm", "x"],
         ["score", "check"], ["score", "test", "x"], ["setting", "list"],
         ["setting", "set", "visit_minutes", "5"], ["setting", "rm", "x"]]


@pytest.mark.parametrize("words", VERBS, ids=" ".join)
def test_redis_away(words):
    result = program.run(*words, address=f"127.0.0.1:{ports.free()}")
    assert result.code == 1 and result.out == "" and "is it running" in result.err


@pytest.mark.parametrize("words", VERBS, ids=" ".join)
def test_keys_of_another_type(redis, run, words):
    for key in (*HASH.values(), "es:settings", STREAM):
        redis("SET", key, "x")
    code, out, err = run(*words)
    assert code == 1 and out == "" and f"es:{words[0]}s" in err and "WRONGTYPE" in err
    assert redis("GET", f"es:{words[0]}s") == b"x"


def test_a_stream_of_another_type(redis, run):
    redis("SET", STREAM, "x")
    code, out, err = run("topic", "test", "path exists")
    assert code == 1 and out == "" and STREAM in err and "WRONGTYPE" in err


def test_too_many_to_be_read(redis, run):
    fill(redis, "topic", 8193, "x")
    code, out, err = run("topic", "list")
    assert code == 1 and out == "" and "8193" in err and "es:topics" in err
    assert run("topic", "rm", "t1").code == 0
    assert run("topic", "check").out.startswith("8192 topics, 8192 refused")


def test_rights(redis, run, scratch):
    """Those that the documentation gives are enough."""
    redis("HSET", "es:topics", "x", GOOD["topic"])
    redis("HSET", "es:scores", "x", GOOD["score"])
    redis("HSET", "es:settings", "x", "5")
    path = os.path.join(scratch, "password")
    with open(path, "w", encoding="ascii") as file:
        file.write("secret\n")

    def as_user(words, *more):
        redis("ACL", "SETUSER", "limited", "reset", "on", ">secret", "resetkeys",
              "resetchannels", "-@all", "~es:segments", "%R~es:errors", "+ping",
              "+hset", "+hdel", "+hget", "+hgetall", "+hkeys", "+hlen", "~es:topics",
              "~es:scores", "~es:settings", *more)
        return run(*words, "--user", "limited", "--password-file", path)
    for words in VERBS:
        redis("HSETNX", f"es:{words[0]}s", "x", GOOD.get(words[0], "5"))
        if "test" in words:
            result = as_user(words)
            assert result.code == 1 and "NOPERM" in result.err
        result = as_user(words, *("%R~es:events +xlen +xrevrange".split()
                                  if "test" in words else ()))
        assert result.code == 0, result


ODD = [b"+OK\r\n", b":-1\r\n", b":9223372036854775807\r\n", b"$-1\r\n", b"*-1\r\n",
       b"*0\r\n", b"$0\r\n\r\n", b"-\r\n", b"-ERR \x1b[31m\r\n", b"*1\r\n*0\r\n",
       b"*2\r\n:1\r\n:2\r\n", b"*2\r\n$1\r\n0\r\n:2\r\n",
       b"*3\r\n$1\r\na\r\n$-1\r\n$-1\r\n",
       b"*1\r\n*2\r\n$3\r\n1-1\r\n*-1\r\n", b"*1\r\n*2\r\n$3\r\n1-1\r\n*1\r\n:5\r\n",
       b"*1\r\n*2\r\n$3\r\n1-1\r\n$1\r\nx\r\n", b"*1\r\n*2\r\n:7\r\n*0\r\n", b"?\r\n"]


ANSWERS = {b"HLEN": b":1\r\n", b"HGETALL": array(bulk("x"), bulk("path exists")),
           b"HSET": b":1\r\n", b"HDEL": b":1\r\n", b"HGET": bulk("path exists"),
           b"XLEN": b":0\r\n", b"XREVRANGE": array()}


@pytest.fixture(scope="module")
def asked():
    """What each verb asks for, of ANSWERS."""
    with tempfile.TemporaryDirectory() as folder:
        fake = FakeRedis(os.path.join(folder, "sock"))
        found = []
        for words in VERBS:
            seen = set()

            def answer(words):
                seen.add(words[0])
                return ANSWERS.get(words[0])
            fake.answer = answer
            program.run(*words, address=fake, timeout=20)
            found.append((words, seen & ANSWERS.keys()))
        fake.close()
    assert set().union(*(seen for _, seen in found)) == ANSWERS.keys()
    return found


@pytest.mark.parametrize("odd", ODD)
def test_odd_answers(folders, asked, odd):
    """Nothing worse than an exit code comes of them."""
    fake = folders.add(FakeRedis(os.path.join(folders.make("fake"), "sock")))
    for words, strange in ((words, command) for words, seen in asked
                           for command in sorted(seen)):
        seen = []

        def answer(words):
            if words[0] == strange:
                # once: a stream that has no end would be walked through
                seen.append(1)
                return odd if len(seen) == 1 else ANSWERS[strange]
            return ANSWERS.get(words[0])
        fake.answer = answer
        result = program.run(*words, address=fake, timeout=20)
        assert seen and result.code in (0, 1), result
        assert "\x1b" not in result.out + result.err


# -- what the learner says of them

def test_the_learner_says_a_fault_of_a_topic_once(redis, run, start, feed):
    redis("HSET", "es:topics", "bad", "contry = DE", "odd", "weekday = monday")
    redis("HSET", "es:scores", "bad", "type = goal")
    redis("HSET", "es:settings", "visit_minutes", "x")
    running = start("learn")

    def said(text):
        until(lambda: text in running.result.err, what=text)
        return running.result.err
    err = said('topic "bad" is not taken: col 1: unknown field "contry"')
    assert 'score "bad" is not taken: col 1: a score begins' in err
    assert 'setting "visit_minutes" is not taken: a whole number' in err
    assert 'topic "odd": col 11: weekday is never' in err
    assert len(err.splitlines()) == 5
    # something else changes: only what is new is said
    redis("HSET", "es:topics", "more", "agent ~ x")
    err = said('topic "more" is not taken')
    time.sleep(0.2)
    assert len(running.result.err.splitlines()) == 6, running.result.err
    # another text with the same fault is a change of that one
    redis("HSET", "es:topics", "bad", "contry = AT")
    until(lambda: running.result.err.count('topic "bad"') == 2, what="the change")
    assert len(running.result.err.splitlines()) == 7
    # one that was mended, and is wrong again, is said again
    redis("HSET", "es:topics", "more", "path = /x")
    until(lambda: feed(path="/x") and redis("HGET", "es:profile:v1", "interest"),
          what="the topic that was mended", every=0.1)
    redis("HSET", "es:topics", "more", "agent ~ x")
    until(lambda: running.result.err.count('topic "more"') == 2, what="it again")
    result = running.stop()
    assert result.code == 0 and len(result.err.splitlines()) == 8, result.err


def test_the_learner_names_what_topics_it_may_not_read_once(redis, start, scratch):
    redis("ACL", "SETUSER", "limited", "reset", "on", ">secret", "~es:events",
          "~es:lease*", "+@all")
    path = os.path.join(scratch, "password")
    with open(path, "w", encoding="ascii") as file:
        file.write("secret\n")
    running = start("learn", "--user", "limited", "--password-file", path)
    until(lambda: "NOPERM" in running.result.err, what="the right")
    time.sleep(1.5)
    assert running.stop().err.count("NOPERM") == 1


def test_the_learner_says_that_it_tries_again(start):
    """Without Redis, and once however often it tries."""
    port = ports.free()
    running = start("learn", env={"EXPORTSITE_REDIS": f"127.0.0.1:{port}"})
    until(lambda: "trying again" in running.result.err, what="the message")
    time.sleep(1.2)
    err = running.result.err
    assert len(err.splitlines()) == 1 and f"127.0.0.1:{port}: " in err
    running.stop()
