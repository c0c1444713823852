"""visitor show and set."""

import json
import os
import re
import shlex

import pytest

import program
from people import A, B, NOBODY, Site, fields, gone, profile, state


@pytest.fixture
def learned(redis, run):
    """A and B have been on the site; B likes pumps."""
    redis("HSET", "es:topics", "machinery", 'path ~ "^/pumps/"')
    redis("HSET", "es:scores", "looked", '30 when path ~ "^/pumps/"')
    site = Site(redis)
    site.event(A, "/")
    for name in "abcd":
        site.event(B, f"/pumps/{name}", campaign="spring", source="google")
    site.event(B, "/pumps/d", "dwell", ms="61000")
    assert run("learn", "--once").code == 0
    return site


@pytest.mark.parametrize("visitor", NOBODY)
@pytest.mark.parametrize("verb", [
    ["show"], ["export"], ["forget", "--yes"], ["set", "a=b"], ["merge", "x"]])
def test_what_is_no_id(redis, run, verb, visitor):
    redis("SET", "es:profile:x", "mine")
    redis("SET", "x", "mine")
    result = run("visitor", verb[0], "--", visitor, *verb[1:]) \
        if "--yes" not in verb else run("visitor", *verb, "--", visitor)
    assert result.code == 2 and "is no visitor's id" in result.err
    assert result.err.count("\n") == 2
    assert sorted(redis("KEYS", "*")) == [b"es:profile:x", b"x"]


def test_show(run, learned):
    result = run("visitor", "show", B)
    assert result.code == 0 and result.err == ""
    lines = [line.split() for line in result.lines]
    assert ["visitor", B] in lines
    assert ["views", "4"] in lines and ["visits", "1"] in lines
    assert ["dwell", "1", "min", "1", "s"] in lines
    assert ["interest", "machinery"] in lines
    assert ["industry_source", "learned"] in lines
    assert ["looked", "4", "120"] in lines or ["looked", "5", "150"] in lines
    assert ["/pumps/d"] in lines
    dates = [line for line in lines if line[:1] in (["first_seen"], ["lead"])]
    assert len(dates) == 2
    assert all(line[1].count("-") == 2 and line[2].count(":") == 2
               for line in dates)
    events = [line for line in lines if line[2:3] in (["view"], ["dwell"])]
    assert events[0][2:] == ["dwell", "/pumps/d", "61.0", "s"]
    assert [line[3] for line in events[1:]] == [
        f"/pumps/{name}" for name in "dcba"]


def test_show_by_local_time(run, redis):
    redis("HSET", profile(A), "first_seen", "1780000000000")
    utc = run("visitor", "show", A)
    assert "2026-05-28 20:26:40" in utc.out
    tokyo = run("visitor", "show", A, env={"TZ": "Asia/Tokyo"})
    assert "2026-05-29 05:26:40" in tokyo.out


def test_show_json(run, learned):
    told = json.loads(run("visitor", "show", B, "--json").out)
    assert told["visitor"] == B and told["became"] is None
    assert told["profile"]["views"] == "4"
    assert told["learned"]["views"] == 4
    assert told["learned"]["recent"][0] == "/pumps/d"
    assert told["profile"]["topic:machinery"] == "6.03"
    assert 6.01 < told["topics"]["machinery"] < 6.03      # an hour later
    assert 0 < told["expires"] <= 180 * 86400
    assert [event["fields"]["type"] for event in told["events"]] == [
        "dwell", "view", "view", "view", "view"]


@pytest.mark.parametrize("number, shown", [(0, 0), (2, 2), (5, 5), (9, 5)])
def test_show_so_many_events(run, learned, number, shown):
    told = json.loads(run("visitor", "show", B, "--json", "--events",
                          str(number)).out)
    assert len(told["events"]) == shown


@pytest.mark.parametrize("number", ["-1", "x", "10001"])
def test_show_not_so_many_events(run, number):
    assert run("visitor", "show", B, f"--events={number}").code == 2


def test_show_nobody(run, redis):
    result = run("visitor", "show", B)
    assert result.code == 1 and f"nothing is known of {B}" in result.err


def test_show_a_token(run, learned):
    result = run("visitor", "show", f"{B}.{'0' * 32}")
    assert result.code == 0 and f"visitor {B}\n" in result.out
    assert f"its visitor is {B}" in result.err
    for other in (f"{B}.{'0' * 31}", f"{B}:{'0' * 32}", f"{B}.{'g' * 32}"):
        assert run("visitor", "show", other).code != 0


def test_show_hostile_text(run, redis):
    evil = b"\x1b[31m\r\n\x00\xff\xc2\x9b" + "ü".encode()
    redis("HSET", profile(A), evil, evil)
    redis("XADD", "es:events", "*", "visitor", A, evil, evil, "path", evil,
          "ts", "9" * 30, "type", b"\x1b]0;x\x07")
    for args in ([], ["--json"]):
        result = run("visitor", "show", A, *args)
        assert result.code == 0 and "ü" in result.out
        assert not any(c in result.out for c in "\x1b\r\x07\x00")
        assert args or "\x9b" not in result.out
    json.loads(result.out)


@pytest.mark.parametrize("key", [profile(A), state(A), gone(A), "es:events"])
def test_wrong_types_name_the_key(run, redis, key):
    redis("LPUSH", key, "mine")
    for verb in (["show", A], ["export", A]):
        result = run("visitor", *verb)
        assert result.code == 1
        assert key in result.err and "WRONGTYPE" in result.err
    assert redis("LRANGE", key, "0", "-1") == [b"mine"]


def test_show_what_cannot_be_read(run, redis):
    redis("SET", state(A), "of another version")
    result = run("visitor", "show", A)
    assert result.code == 0 and "cannot be read" in result.out
    assert state(A) in result.out


def test_the_rights_that_the_documents_give(redis, run, learned, scratch):
    with open(os.path.join(program.ROOT, "docs/program.md"),
              encoding="utf-8") as file:
        line, = re.findall(r"redis-cli (ACL SETUSER care (?:.*\\\n)*.*)",
                           file.read())
    redis(*shlex.split(line.replace("\\\n", " ")))
    path = os.path.join(scratch, "password")
    with open(path, "w", encoding="ascii") as file:
        file.write("choose-one-more\n")
    who = ("--user", "care", "--password-file", path)
    redis("HSET", profile(A), "merged:noted", "1")
    for verb in (["show", B], ["set", B, "x=y", "z=", "industry=food"],
                 ["set", "new", "x=y"], ["export", A], ["merge", A, B],
                 ["merge", A, B], ["export", A], ["forget", A, "--yes"]):
        result = run("visitor", *verb, *who)
        assert result.code == 0, result
        assert "NOPERM" not in result.err


# -- set

def test_set(redis, run):
    redis("HSET", profile(A), "industry", "food", "industry_source", "learned",
          "old", "x", "kept", "y")
    result = run("visitor", "set", A, "industry=machinery", "company=ACME & Söhne",
                 "old=", "formula=a=b")
    assert result.code == 0, result
    assert fields(redis, A) == {
        "industry": "machinery", "company": "ACME & Söhne", "kept": "y",
        "formula": "a=b"}
    assert redis("TTL", profile(A)) == -1


def test_set_somebody_new(redis, run):
    redis("HSET", "es:settings", "profile_days", "10")
    result = run("visitor", "set", A, "company=ACME", "--json")
    assert json.loads(result.out) == {
        "visitor": A, "set": {"company": "ACME"}, "deleted": []}
    assert 0 < redis("TTL", profile(A)) <= 10 * 86400
    redis("EXPIRE", profile(A), "77")
    assert run("visitor", "set", A, "x=y").code == 0
    assert redis("TTL", profile(A)) in (76, 77)


@pytest.mark.parametrize("word", [
    "nothing", "=x", "n" * 65 + "=x", "a=" + "x" * 513, "a=b\nc", "a\x1b=b",
    "a=/../x", b"a=\xff", b"\xff=a", "industry=Machinery!", "country=DEU",
    "country=1A", "industry_source=x", "merged:x=1"])
def test_set_nothing_that_sites_would_not_take(redis, run, word):
    redis("HSET", profile(A), "a", "before")
    result = run("visitor", "set", A, "good=1", word)
    assert result.code == 2
    assert all(c >= " " or c == "\n" for c in result.err)
    assert fields(redis, A) == {"a": "before"}


def test_set_as_much_as_sites_take(redis, run):
    assert run("visitor", "set", A, "n" * 64 + "=" + "x" * 512,
               "country=de").code == 0
    assert fields(redis, A) == {"n" * 64: "x" * 512, "country": "de"}


def test_set_by_hand_is_left_alone_by_the_learner(redis, run, learned):
    assert fields(redis, B)["industry"] == "machinery"
    assert fields(redis, B)["industry_source"] == "learned"
    run("visitor", "set", B, "industry=machinery")
    assert "industry_source" not in fields(redis, B)
    redis("HSET", "es:topics", "food", 'path ~ "^/food/"')
    for _ in range(40):
        learned.event(B, "/food/")
    assert run("learn", "--once").code == 0
    assert fields(redis, B)["interest"] == "food"
    assert fields(redis, B)["industry"] == "machinery"


def test_set_what_the_learner_computes_is_said(redis, run):
    result = run("visitor", "set", A, "visits=9", "topic:x=1", "mine=1")
    assert result.code == 0 and result.err.count("the learner writes") == 2


def test_set_somebody_gone(redis, run):
    redis("SET", gone(A), f"merged {B}")
    result = run("visitor", "set", A, "x=y")
    assert result.code == 1 and B in result.err
    assert redis("EXISTS", profile(A)) == 0
    redis("SET", gone(A), "forgotten 1780000000000")
    result = run("visitor", "set", A, "x=y")
    assert result.code == 0 and "was forgotten on 2026-05-28" in result.err


def test_set_where_there_is_something_else(redis, run):
    redis("SET", profile(A), "mine")
    result = run("visitor", "set", A, "x=y", "z=a")
    assert result.code == 1 and result.out == ""
    assert profile(A) in result.err and result.err.count("WRONGTYPE") == 1
    assert redis("GET", profile(A)) == b"mine"
