"""Segments listed, shown, set, deleted, checked."""

import json
import threading
import time

import pytest

from resp import Connection

DACH = "country in (DE, AT, CH)"


def caret(err):
    """The rule as it was shown, and the column of the caret below it."""
    lines = err.splitlines()
    at = next(i for i, line in enumerate(lines) if line.strip() == "^")
    return lines[at - 1], lines[at].index("^")


# -- set

def test_set(redis, run):
    code, out, err = run("segment", "set", "dach", DACH)
    assert (code, out, err) == (0, 'segment "dach" is set\n', "")
    assert redis("HGETALL", "es:segments") == [b"dach", DACH.encode()]
    assert run("segment", "set", "dach", "visits > 2").code == 0
    assert redis("HGET", "es:segments", "dach") == b"visits > 2"
    answer = json.loads(run("segment", "set", "at", "country = AT", "--json").out)
    assert answer == {"segment": "at", "rule": "country = AT", "error": None,
                      "warning": None, "site": None}


def test_a_wrong_rule_is_refused(redis, run):
    redis("HSET", "es:segments", "dach", DACH)
    code, out, err = run("segment", "set", "dach", "contry = DE")
    assert code == 1 and out == ""
    assert 'segment "dach": col 1: unknown field "contry", did you mean ' \
           '"country"?' in err
    assert caret(err) == ("  contry = DE", 2)
    assert redis("HGET", "es:segments", "dach") == DACH.encode()
    assert run("segment", "set", "new", "contry = DE", "--json").out == ""
    assert redis("HLEN", "es:segments") == 1


@pytest.mark.parametrize("before, shown", [
    ("", ""),
    ('city = "Zürich" and ', 'city = "Zürich" and '),
    ('city = "東京" and ', 'city = "東京" and '),
    ('city = "e\u0301" and ', 'city = "e\u0301" and '),
    ("country = DE and\t\n", "country = DE and??"),
    ('city = "\x1b[31m\u009b" and ', 'city = "?[31m?" and '),
    (b'city = "\xff\xc3" and ', 'city = "??" and '),
])
def test_the_caret_stands_under_the_place(run, before, shown):
    """However many columns the bytes before it take on a terminal."""
    if isinstance(before, str):
        before = before.encode()
    code, out, err = run("segment", "set", "x", before + b"contry = DE")
    assert code == 1
    assert f"col {len(before) + 1}: unknown field" in err
    line, at = caret(err)
    assert line == f"  {shown}contry = DE"
    wide = sum({"東": 1, "京": 1, "\u0301": -1}.get(c, 0) for c in shown)
    assert at == 2 + len(shown) + wide


def test_the_caret_behind_the_end(run):
    line, at = caret(run("segment", "set", "x", "country =").err)
    assert (line, at) == ("  country =", 11)
    line, at = caret(run("segment", "set", "x", "").err)
    assert (line, at) == ("  ", 2)


@pytest.mark.parametrize("ahead", [0, 30, 60, 90, 3000])
@pytest.mark.parametrize("behind", [0, 30, 60, 90, 700])
def test_the_caret_in_a_long_rule(run, ahead, behind):
    """A window of the rule around the place, which fits a terminal."""
    rule = f"city = '{'ü' * (ahead // 2)}' and contry = '{'x' * behind}'"
    line, at = caret(run("segment", "set", "x", rule).err)
    assert line[at:at + 6] == "contry"
    assert len(line) <= 80
    if len(rule) <= 72:
        assert line == "  " + rule
    elif ahead >= 90:
        assert line.startswith("  ...")


def test_limits_of_a_rule(run):
    code, out, err = run("segment", "set", "x", "country = DE or " * 257)
    assert code == 1 and "4096" in err
    deep = "(" * 65 + "new" + ")" * 65
    code, out, err = run("segment", "set", "x", deep)
    assert code == 1 and "col 65: " in err
    line, at = caret(err)
    assert line[at:at + 4] == "(new"


@pytest.mark.parametrize("name", [
    "", "X", "1a", "a b", "a" * 65, "a\nb", "ä", "a=b", "_a"])
def test_names(redis, run, name):
    code, out, err = run("segment", "set", name, DACH)
    assert code == 2 and "is no name" in err
    assert redis("EXISTS", "es:segments") == 0
    assert run("segment", "set", "a" * 64, DACH).code == 0


def test_warnings(run):
    """They are told, and the rule is taken."""
    code, out, err = run("segment", "set", "x", "weekday = monday")
    assert code == 0 and "is set" in out
    assert "warning: segment \"x\": col 11: weekday is never" in err
    assert caret(err) == ("  weekday = monday", 12)
    code, out, err = run("segment", "set", "y", "segment = nobody")
    assert code == 0
    assert err == 'exportsite: warning: segment "y": segment "nobody" does ' \
                  'not exist\n'
    answer = json.loads(run("segment", "set", "x", "weekday = monday",
                            "--json").out)
    assert answer["warning"].startswith("col 11: ")


def test_circles(redis, run):
    assert run("segment", "set", "a", "segment = b or new").code == 0
    code, out, err = run("segment", "set", "b", "not segment = a")
    assert code == 1
    assert err == 'exportsite: segment "b" refers to itself through "a"\n'
    assert run("segment", "set", "a", "segment = a").code == 1
    assert redis("HGETALL", "es:segments") == [b"a", b"segment = b or new"]
    assert run("segment", "set", "b", "new").code == 0


def test_chains(redis, run):
    """64 segments deep, and not one more."""
    flat = ["s0", "new"]
    for i in range(1, 64):
        flat += [f"s{i}", f"segment = s{i - 1}"]
    redis("HSET", "es:segments", *flat)
    code, out, err = run("segment", "set", "top", "segment = s63")
    assert code == 1 and "64 deep" in err
    assert run("segment", "set", "top", "segment = s62").code == 0


def test_names_of_one_variable(redis, run):
    """Neither the new one nor the one that is there may go false."""
    redis("HSET", "es:segments", "a_b", DACH)
    code, out, err = run("segment", "set", "a-b", "new")
    assert code == 1 and '"a_b" has the variable of "a-b"' in err
    assert 'segment "a-b" was not set' in err
    redis("DEL", "es:segments")
    redis("HSET", "es:segments", "a-b", DACH)
    code, out, err = run("segment", "set", "a_b", "new")
    assert code == 1 and '"a_b" has the variable of "a-b"' in err
    assert redis("HLEN", "es:segments") == 1


def test_what_is_wrong_elsewhere_is_no_hindrance(redis, run):
    redis("HSET", "es:segments", "bad", "contry = DE", "c", "segment = c",
          "No Name", "new")
    assert run("segment", "set", "good", DACH).code == 0
    assert run("segment", "set", "bad", DACH).code == 0


def fill(redis, count, rule="new"):
    flat = []
    for i in range(count):
        flat += [f"s{i:04}", rule]
        if len(flat) == 2000:
            redis("HSET", "es:segments", *flat)
            flat = []
    if flat:
        redis("HSET", "es:segments", *flat)


def test_limits_of_all(redis, run):
    fill(redis, 4096)
    code, out, err = run("segment", "set", "s5000", DACH)
    assert code == 1 and "4096 segments already" in err
    # in the order of names, as sites take them: it would push another out
    code, out, err = run("segment", "set", "a", DACH)
    assert code == 1 and redis("HLEN", "es:segments") == 4096
    assert run("segment", "set", "s0000", DACH).code == 0
    redis("HSET", "es:segments", "zz", "new")
    out = run("segment", "list", "--quick").out
    assert out.count("refused") == 1 and "zz: there are 4096" in out
    redis("HDEL", "es:segments", "zz", "s0500")
    redis("HSET", "es:segments", "s0000-", "new", "s0500", "new")
    assert "s4095: there are 4096" in run("segment", "list", "--quick").out

    fill(redis, 9000)
    code, out, err = run("segment", "list")
    assert code == 1 and "es:segments has 9001 segments" in err


def test_limit_of_all_text(redis, run):
    fill(redis, 522, "city = '" + "x" * 4000 + "'")
    rule = "city = '" + "x" * 4080 + "'"
    assert run("segment", "set", "t", rule).code == 0
    code, out, err = run("segment", "set", "u", rule)
    assert code == 1 and "2 MB" in err
    assert run("segment", "set", "t", rule).code == 0


# -- what the sites say

def test_the_sites_take_it_back(redis, run):
    """What was said before is waited for to go."""
    redis("HSET", "es:errors", "segment:x", "col 1: no", "segment:y", "no")

    def site():
        time.sleep(0.3)
        link = Connection(redis.socket)
        link.command("HDEL", "es:errors", "segment:x")
        link.close()
    thread = threading.Thread(target=site)
    thread.start()
    code, out, err = run("segment", "set", "x", DACH)
    thread.join()
    assert (code, err) == (0, "")
    code, out, err = run("segment", "set", "y", DACH)
    assert code == 0 and "have not taken back" in err and ": no; is nginx" in err


# -- list and show

def test_list(redis, run):
    redis("HSET", "es:segments", "dach", DACH, "bad", "contry = DE",
          "returning", "visits >= 2", "pumps", "path ~ '^/pumps/'",
          "odd", "weekday = monday", "lost", "segment = nobody")
    redis("HSET", "es:profile:a", "country", "de", "visits", 3)
    redis("HSET", "es:profile:b", "country", "AT", "visits", 1)
    redis("HSET", "es:profile:c", "country", "XX")
    redis("HSET", "es:errors", "segment:bad", "col 1: the site's word",
          "segment:returning", "not so", "segment:gone", "x", "slot:dach", "x")
    code, out, err = run("segment", "list")
    assert code == 0 and err == ""
    table, *notes = out.split("\n\n")
    assert table.splitlines() == [
        "SEGMENT    PROFILES  SITES    RULE",
        "bad               -  refused  contry = DE",
        "dach              2  taken    country in (DE, AT, CH)",
        "lost              0  taken    segment = nobody",
        "odd              0*  taken    weekday = monday",
        "pumps            0*  taken    path ~ '^/pumps/'",
        "returning         1  refused  visits >= 2",
    ]
    assert notes[0].startswith("* its rule also asks for what only a visit has")
    assert notes[1].splitlines() == [
        'bad: col 1: unknown field "contry", did you mean "country"?',
        "  contry = DE", "  ^"]
    assert notes[2] == 'lost: segment "nobody" does not exist'
    assert notes[3].startswith("odd: col 11: weekday is never")
    assert notes[4].startswith("returning: not so\n  so a site said")
    assert len(notes) == 5

    found = {one["segment"]: one for one in
             json.loads(run("segment", "list", "--json").out)}
    assert found["dach"] == {
        "segment": "dach", "rule": DACH, "error": None, "warning": None,
        "site": None, "taken": True, "profiles": 2, "taken_as_missing": ""}
    assert found["bad"]["taken"] is False
    assert found["bad"]["profiles"] is None
    assert found["pumps"]["taken_as_missing"] == "path"
    assert found["returning"]["taken"] is False
    assert found["returning"]["site"] == "not so"


def test_list_through_other_segments(redis, run):
    """The star also for what a rule asks for by way of others."""
    redis("HSET", "es:segments", "a", "segment = b", "b", "segment = c and new",
          "c", "hour > 3 or query.x = 1")
    found = {one["segment"]: one["taken_as_missing"] for one in
             json.loads(run("segment", "list", "--json").out)}
    assert found == {"a": "hour, query.x", "b": "hour, query.x",
                     "c": "hour, query.x"}


def test_list_quick(redis, run):
    redis("HSET", "es:segments", "dach", DACH)
    redis("HSET", "es:profile:a", "country", "DE")
    before = redis.calls("scan")
    code, out, err = run("segment", "list", "--quick")
    assert code == 0
    assert out.splitlines()[1] == "dach            ?  taken  " + DACH
    assert redis.calls("scan") == before
    one, = json.loads(run("segment", "list", "--quick", "--json").out)
    assert one["profiles"] is None


def test_list_of_none(run):
    code, out, err = run("segment", "list")
    assert code == 0 and "there are no segments" in out
    assert json.loads(run("segment", "list", "--json").out) == []


def test_show(redis, run, on_terminal):
    rule = "city = '\x1b[31m'  and\nnew"
    redis("HSET", "es:segments", "x", rule, "bad", "contry = DE")
    assert tuple(run("segment", "show", "x")) == (0, rule + "\n", "")
    assert on_terminal("segment", "show", "x").out == \
        "city = '?[31m'  and?new\n"
    code, out, err = run("segment", "show", "bad")
    assert code == 0 and out == "contry = DE\n" and "unknown field" in err
    code, out, err = run("segment", "show", "nobody")
    assert code == 1 and out == "" and 'no segment "nobody"' in err
    assert json.loads(run("segment", "show", "x", "--json").out)["rule"] == rule


# -- rm

def test_rm(redis, run):
    redis("HSET", "es:segments", "a", "new", "b", "segment = a", "c", DACH,
          "d\nd", "new", "e", "segment = other")
    code, out, err = run("segment", "rm", "c", "d\nd")
    assert code == 0 and err == ""
    assert out == 'segment "c" is deleted\nsegment "d?d" is deleted\n'
    code, out, err = run("segment", "rm", "nobody", "a")
    assert code == 1
    assert out == 'segment "a" is deleted\n'
    assert err == ('exportsite: there is no segment "nobody"; exportsite '
                   'segment list shows all\nexportsite: warning: segment "b": '
                   'segment "a" does not exist\n')
    assert sorted(redis("HKEYS", "es:segments")) == [b"b", b"e"]
    assert json.loads(run("segment", "rm", "b", "--json").out) == ["b"]


# -- check

def test_check_of_redis(redis, run):
    redis("HSET", "es:segments", "dach", DACH, "odd", "weekday = monday")
    code, out, err = run("segment", "check")
    assert code == 0 and out == "2 segments, 0 refused, 1 warning\n"
    assert 'warning: segment "odd": col 11' in err
    redis("HSET", "es:segments", "bad", "contry = DE", "loop", "segment = loop")
    code, out, err = run("segment", "check")
    assert code == 1 and out == "4 segments, 2 refused, 1 warning\n"
    assert caret(err)[0] == "  contry = DE"
    assert 'exportsite: segment "loop" refers to itself\n' in err
    found = {one["segment"]: one["error"] for one in
             json.loads(run("segment", "check", "--json").out)}
    assert found["dach"] is None and "contry" in found["bad"]


def test_check_hears_the_sites(redis, run):
    redis("HSET", "es:segments", "dach", DACH)
    redis("HSET", "es:errors", "segment:dach", "no room")
    code, out, err = run("segment", "check")
    assert code == 1 and "a site says: no room" in err


def test_check_of_a_rule(redis, run):
    """Redis is not asked."""
    away = {"EXPORTSITE_REDIS": "unix:/nowhere"}
    assert run("segment", "check", DACH, env=away).code == 0
    assert run("segment", "check", "segment = any", env=away).code == 0
    code, out, err = run("segment", "check", "country == DE", env=away)
    assert code == 1 and caret(err) == ("  country == DE", 10)
    code, out, err = run("segment", "check", "weekday = monday", env=away)
    assert code == 0 and "warning: col 11" in err
    answer = json.loads(run("segment", "check", "country == DE", "--json",
                            env=away).out)
    assert answer["error"].startswith("col 9:")
