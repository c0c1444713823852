"""Who is in a segment, and why."""

import json
import time

import pytest

import program

DACH = "country in (DE, AT, CH)"


def profiles(redis, count, **fields):
    """count profiles p0…, whose field N is the I-th of fields[N] in turn."""
    for at in range(0, count, 500):
        commands = []
        for i in range(at, min(at + 500, count)):
            flat = [f"es:profile:p{i}"]
            for name, values in fields.items():
                flat += [name, values[i % len(values)]]
            commands.append(["HSET", *flat])
        redis("PING")
        redis.connection.pipeline(commands)


def rows(out):
    """The table: its conditions (with indentation) and their answers."""
    lines = out[out.index("CONDITION"):].splitlines()
    at = lines[0].index("HOLDS")
    return [(line[:at].rstrip(), line[at:].split()[0]) for line in lines[1:]]


def reasons(out):
    lines = out[out.index("CONDITION"):].splitlines()
    at = lines[0].index("BECAUSE")
    return [line[at:] for line in lines[1:]]


# -- all profiles

def test_count(redis, run):
    profiles(redis, 90, country=["DE", "US", "AT"], visits=[1, 5])
    redis("HSET", "es:segments", "dach", DACH, "often", "visits > 3")
    redis("SET", "es:state:{es:profile:p1}", "x")
    code, out, err = run("segment", "test", "dach")
    lines = out.splitlines()
    assert code == 0 and err == ""
    assert lines[0] == "60 of 90 profiles"
    assert len(lines) == 12 and lines[-1] == "  ... and 50 more"
    ids = [line.strip() for line in lines[1:-1]]
    assert len(set(ids)) == 10
    assert all(int(one[1:]) % 3 != 1 for one in ids)

    answer = json.loads(run("segment", "test", "often", "--limit", "100",
                            "--json").out)
    assert (answer["profiles"], answer["matches"]) == (90, 45)
    assert sorted(answer["visitors"]) == sorted(
        f"p{i}" for i in range(90) if i % 2)
    assert run("segment", "test", "dach", "--limit", "0").out == \
        "60 of 90 profiles\n"


def test_what_a_profile_gives(redis, run):
    redis("HSET", "es:profile:a", "country", "DE", "language", "de", "industry",
          "food", "device", "mobile", "visits", 2, "views", 7, "company", "ACME",
          "path", "/x", "hour", 3, "crawler", 1, "continent", "EU", "new", 1)
    redis("HSET", "es:profile:b", "country", "XX", "company", "a\x01b",
          "industry", "", "size", "x" * 513, "ok", "x" * 512)

    def holds(rule):
        out = run("segment", "test", "new-one", rule, "--limit", "5",
                  "--json").out
        return sorted(json.loads(out)["visitors"])

    for rule in ("country = de", "language = de", "industry = food",
                 "device = mobile", "visits = 2", "views > 6",
                 "profile.visits = 2", "profile.company = ACME",
                 "profile.country = DE", "profile.path = /x"):
        assert holds(rule) == ["a"], rule
    for rule in ("path exists", "hour exists", "continent exists", "crawler",
                 "new", "country = XX", "host exists", "date exists",
                 "profile.size exists", "profile.company = 'a\x01b'"):
        assert holds(rule) == [], rule
    assert holds("consent") == ["a", "b"]
    assert holds("profile.ok exists") == ["b"]
    assert holds("country missing") == ["b"]
    assert holds("not new and not crawler and path missing") == ["a", "b"]
    out = run("segment", "test", "x", "path = /x or hour = 3 or crawler or "
              "consent or new or country = DE or cookie.a = b").out
    assert "taken as missing, as only a visit has it: path, hour, cookie.a" \
        in out


def test_only_needed_fields_are_read(redis, run):
    redis("HSET", "es:profile:a", "country", "DE", "blob", "x" * 1000000)
    redis("HSET", "es:segments", "dach", DACH, "other", "profile.blob exists")
    before = redis.calls("hmget"), redis.calls("hgetall")
    sent = int(redis("INFO", "stats").decode().split("total_net_output_bytes:")[1]
               .split()[0])
    assert "1 of 1" in run("segment", "test", "dach").out
    now = int(redis("INFO", "stats").decode().split("total_net_output_bytes:")[1]
              .split()[0])
    assert redis.calls("hmget") == before[0] + 1
    assert now - sent < 50000


def test_nested(redis, run):
    profiles(redis, 60, country=["DE", "US", "AT"], industry=["food", "toys"])
    redis("HSET", "es:segments", "dach", DACH, "dach-food",
          "segment = dach and industry = food", "rest",
          "segment != dach-food and segment != nobody")
    assert run("segment", "test", "dach-food").lines[0] == "20 of 60 profiles"
    assert run("segment", "test", "rest").lines[0] == "40 of 60 profiles"


def test_strange_keys(redis, run):
    """They are named and passed over."""
    profiles(redis, 5, country=["DE"])
    redis("SET", "es:profile:strange", "x")
    redis("HSET", "es:segments", "dach", DACH)
    code, out, err = run("segment", "test", "dach")
    assert code == 0 and out.startswith("5 of 5 profiles")
    assert "HMGET es:profile:strange" in err and "WRONGTYPE" in err
    redis("SET", "es:profile:stranger", "x")
    assert "1 more such key" in run("segment", "test", "dach").err
    assert "5" in run("segment", "list").lines[1]


@pytest.mark.skipif("asan" in program.PROGRAM, reason="a figure")
def test_ten_thousand_in_a_second(redis, run):
    profiles(redis, 10000, country=["DE", "US"], industry=["food"],
             visits=[1, 2, 3], first_seen=[1700000000000], interest=["pumps"])
    redis("HSET", "es:segments", "dach", DACH + " and visits >= 2 and "
          "industry ~ '^f'")
    times = []
    for _ in range(3):
        begun = time.monotonic()
        assert "of 10000 profiles" in run("segment", "test", "dach").out
        times.append(time.monotonic() - begun)
    assert min(times) < 1, times


def test_while_the_table_grows(redis, run):
    """Each profile is counted once, however Redis walks its table."""
    profiles(redis, 20000, country=["DE"])
    for i in range(0, 20000, 500):
        if i % 10000:
            redis("DEL", *[f"es:profile:p{j}" for j in range(i, i + 500)])
    redis("HSET", "es:segments", "dach", DACH)
    assert run("segment", "test", "dach").lines[0] == "1000 of 1000 profiles"


# -- somebody

def test_made_up(redis, run):
    redis("HSET", "es:segments", "dach", DACH, "pumps",
          "segment = dach and path ~ \"^/pumps/\" and visits >= 3")
    code, out, err = run("segment", "test", "pumps", "--country", "DE", "--path",
                         "/pumps/x", "--visits", "4")
    assert code == 0 and err == ""
    assert out.splitlines()[0] == "pumps: yes"
    assert rows(out) == [
        ("segment = dach", "yes"), ("  dach", "yes"),
        ("    " + DACH, "yes"), ('path ~ "^/pumps/"', "yes"),
        ("visits >= 3", "yes")]
    assert reasons(out) == ["as below", DACH, "country is DE",
                            "path is /pumps/x", "visits is 4"]

    code, out, err = run("segment", "test", "pumps", "--country", "US")
    assert code == 1
    assert out.splitlines()[0] == "pumps: no"
    assert [row[1] for row in rows(out)] == ["no", "no", "no", "no", "no"]
    assert reasons(out)[2:] == [
        "country is US", "path is missing, as no --path was given",
        "visits is missing"]


OPTIONS = {
    "country": ("AT", "AT"), "continent": ("EU", "EU"), "region": ("BY", "BY"),
    "city": ("Graz", "Graz"), "asn": ("3320", "3320"),
    "organization": ("ACME", "ACME"), "language": ("de", "de"),
    "industry": ("food", "food"), "path": ("/x", "/x"),
    "host": ("example.com", "example.com"), "method": ("POST", "POST"),
    "referrer": ("https://a.example/", "https://a.example/"),
    "agent": ("Firefox", "Firefox"), "device": ("tablet", "tablet"),
    "visits": ("3", "3"), "views": ("4", "4"), "hour": ("22", "22"),
    "weekday": ("sun", "sun"), "date": ("2026-12-24", "2026-12-24"),
    "query.utm_source": ("utm_source=a=b", "a=b"),
    "cookie.c": ("c=1", "1"), "profile.size": ("size=50", "50"),
}


@pytest.mark.parametrize("field", OPTIONS)
def test_each_field(run, field):
    given, value = OPTIONS[field]
    option = "--" + field.split(".")[0]
    rule = f"{field} = '{value}'"
    assert run("segment", "test", "x", rule, option, given).code == 0
    assert run("segment", "test", "x", f"{field} exists", option, given).code == 0
    assert run("segment", "test", "x", f"{field} exists", "--new", "no").code == 1
    code, out, err = run("segment", "test", "x", rule, option,
                         given.replace(value, "-9"))
    assert code == 1, out


@pytest.mark.parametrize("flag", ["crawler", "consent", "new"])
def test_each_flag(run, flag):
    for word, code in (("yes", 0), ("1", 0), ("no", 1), ("0", 1)):
        assert run("segment", "test", "x", flag, f"--{flag}", word).code == code
    code, out, err = run("segment", "test", "x", flag, f"--{flag}", "maybe")
    assert code == 2 and "yes or no" in err


def test_repeated_options(run):
    rule = "query.a = 1 and query.b = 2 and profile.c = 3 and cookie.d = 4"
    given = ["--query", "a=1", "--query=b=2", "--profile", "c=3", "--cookie",
             "d=4"]
    assert run("segment", "test", "x", rule, *given).code == 0
    assert run("segment", "test", "x", rule, *given[:-2]).code == 1
    # of one name the last counts
    assert run("segment", "test", "x", rule, *given, "--query", "a=2").code == 1
    for word in ("a", "=a", ""):
        code, out, err = run("segment", "test", "x", rule, "--query", word)
        assert code == 2 and "NAME=VALUE" in err


def test_empty_values(run):
    """A parameter may be there and empty; all else is missing then."""
    assert run("segment", "test", "x", "query.a exists", "--query", "a=").code == 0
    assert run("segment", "test", "x", "path exists", "--path", "").code == 1
    assert run("segment", "test", "x", "country exists", "--country", "XX"
               ).code == 1


def test_a_visitor(redis, run):
    redis("HSET", "es:segments", "dach", DACH + " and visits > 2 and consent")
    redis("HSET", "es:profile:anna", "country", "DE", "visits", 3)
    code, out, err = run("segment", "test", "dach", "--visitor", "anna")
    assert code == 0
    assert reasons(out) == ["country is DE", "visits is 3", "consent is 1"]
    code, out, err = run("segment", "test", "dach", "--visitor", "anna",
                         "--visits", "1", "--consent", "no")
    assert code == 1
    assert reasons(out) == ["country is DE", "visits is 1",
                            "consent is missing"]
    code, out, err = run("segment", "test", "dach", "--visitor", "berta")
    assert code == 1 and 'no profile of visitor "berta"' in err and out == ""
    for bad in ("", "a b", "x" * 65, "../x"):
        assert run("segment", "test", "dach", "--visitor", bad).code == 2
    redis("SET", "es:profile:carl", "x")
    code, out, err = run("segment", "test", "dach", "--visitor", "carl")
    assert code == 1 and "es:profile:carl" in err and "WRONGTYPE" in err


def test_lists_of_segments(redis, run):
    redis("HSET", "es:segments", "a", "country = DE", "b", "segment = a or new",
          "c", "segment in (a, b, nobody, bad) and segment not in (a)",
          "bad", "contry = DE")
    out = run("segment", "test", "c", "--country", "DE").out
    assert rows(out) == [
        ("segment in (a, b, nobody, bad)", "yes"),
        ("  a", "yes"), ("    country = DE", "yes"),
        ("  b", "yes"), ("    segment = a", "yes"), ("      a", "yes"),
        ("    new", "no"),
        ("  nobody", "no"), ("  bad", "no"),
        ("segment not in (a)", "no"), ("  a", "yes")]
    because = reasons(out)
    assert because[5] == "as above" and because[10] == "as above"
    assert because[7] == "there is no such segment"
    assert because[8].startswith("refused: col 1: unknown field")


def test_each_segment_is_explained_once(redis, run):
    """Two references a level, 60 levels: 2 ^ 60 ways, and one answer each."""
    flat = ["s0", "new"]
    for i in range(1, 60):
        flat += [f"s{i}", f"segment = s{i - 1} or segment in (s{i - 1})"]
    redis("HSET", "es:segments", *flat)
    code, out, err = run("segment", "test", "s59", "--new", "no")
    assert code == 1 and len(out.splitlines()) < 400
    assert run("segment", "test", "s59", "--new", "yes", "--json").code == 0


def test_json(redis, run):
    redis("HSET", "es:segments", "a", "country = DE", "b",
          "segment in (a, nobody) and query.x = 1")
    code, out, err = run("segment", "test", "b", "--country", "DE", "--json")
    assert code == 1
    assert json.loads(out) == {
        "segment": "b", "rule": "segment in (a, nobody) and query.x = 1",
        "holds": False, "conditions": [
            {"condition": "segment in (a, nobody)", "holds": True, "segments": [
                {"segment": "a", "rule": "country = DE", "holds": True,
                 "conditions": [{"condition": "country = DE", "holds": True,
                                 "field": "country", "value": "DE"}]},
                {"segment": "nobody", "holds": False,
                 "error": "there is no such segment"}]},
            {"condition": "query.x = 1", "holds": False, "field": "query.x",
             "value": None}]}


def test_a_rule_that_is_not_there_yet(redis, run):
    redis("HSET", "es:segments", "a", "country = DE", "b", "segment = a")
    redis("HSET", "es:profile:x", "country", "AT")
    assert "1 of 1" in run("segment", "test", "a", "country = AT").out
    assert "1 of 1" in run("segment", "test", "new-one", "country = AT").out
    assert "0 of 1" in run("segment", "test", "a").out
    code, out, err = run("segment", "test", "a", "segment = b")
    assert code == 1 and '"a" refers to itself through "b"' in err
    code, out, err = run("segment", "test", "a", "contry = AT")
    assert code == 1 and "\n  contry = AT\n  ^\n" in err
    assert redis("HGET", "es:segments", "a") == b"country = DE"
    assert redis("HLEN", "es:segments") == 2


def test_unknown_and_refused(redis, run):
    redis("HSET", "es:segments", "bad", "contry = DE")
    code, out, err = run("segment", "test", "nobody")
    assert code == 1 and 'no segment "nobody"' in err
    code, out, err = run("segment", "test", "bad", "--country", "DE")
    assert code == 1 and out == "" and "unknown field" in err


def test_long_and_strange_values(redis, run):
    redis("HSET", "es:segments", "x", "agent contains Firefox")
    agent = "Firefox " + "ü" * 2000
    code, out, err = run("segment", "test", "x", "--agent", agent)
    assert code == 0 and "..." in out and "\ufffd" not in out
    assert max(map(len, out.splitlines())) < 200
    code, out, err = run("segment", "test", "x", "--agent", "Firefox\x1b[31m\n")
    assert code == 0 and "agent is Firefox?[31m?" in out


@pytest.mark.parametrize("option, value, why", [
    ("country", "Austria", "two letters"), ("country", "usa", "two letters"),
    ("hour", "9am", "from 0 to 23"), ("weekday", "Monday", "mon, tue"),
    ("device", "phone", "mobile, tablet"), ("visits", "many", "whole number"),
    ("views", "1.5", "whole number"), ("date", "24.12.2026", "2026-12-24"),
    ("continent", "Europe", "AF, AN"), ("industry", "Food", "small letters"),
    ("path", "pumps/", 'begins with "/"'), ("country", 'a"\\', "two letters"),
])
def test_visitors_that_cannot_be(redis, run, option, value, why):
    """They are answered about, with a warning."""
    redis("HSET", "es:segments", "a", f"{option} exists")
    code, out, err = run("segment", "test", "a", f"--{option}", value)
    assert code == 0 and out.startswith("a: yes")
    assert f'warning: --{option} "' in err and why in err


@pytest.mark.parametrize("option, value", [
    ("country", "DE"), ("country", "xx"), ("hour", "9"), ("weekday", "mon"),
    ("device", "tablet"), ("visits", "3"), ("date", "2026-12-24"),
    ("path", "/"), ("city", 'a"b\\'), ("country", ""), ("language", "zh-Hans"),
    ("query", "a=b"), ("agent", "x" * 5000),
])
def test_visitors_that_may_be(redis, run, option, value):
    redis("HSET", "es:segments", "a", "new")
    assert run("segment", "test", "a", f"--{option}", value).err == ""


def test_a_date_has_its_weekday(redis, run):
    redis("HSET", "es:segments", "a", "weekday = thu")
    assert run("segment", "test", "a", "--date", "2026-12-24").code == 0
    assert run("segment", "test", "a", "--date", "2026-12-25").code == 1
    assert run("segment", "test", "a", "--date", "2026-12-25",
               "--weekday", "thu").code == 0
    assert run("segment", "test", "a", "--weekday", "thu",
               "--date", "2026-12-25").code == 0
    assert run("segment", "test", "a", "--date", "soon").code == 1


def test_a_visitor_without_a_profile_of_whom_more_is_given(redis, run):
    redis("HSET", "es:segments", "a", "country = DE and consent missing")
    code, out, err = run("segment", "test", "a", "--visitor", "nobody",
                         "--country", "DE")
    assert code == 0 and out.startswith("a: yes")
    assert 'warning: there is no profile of visitor "nobody"' in err
