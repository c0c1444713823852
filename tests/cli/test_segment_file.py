"""Segments as a text file: exported, imported, checked."""

import json
import os
import time

import pytest

from resp import Connection, RedisError

HEAD = "# Segments, a line each: name = rule\n"
AWAY = {"EXPORTSITE_REDIS": "unix:/nowhere"}


def segments(redis):
    flat = redis("HGETALL", "es:segments")
    return {k.decode(): v.decode() for k, v in zip(flat[::2], flat[1::2])}


def put(redis, **rules):
    for name, rule in rules.items():
        redis("HSET", "es:segments", name, rule)


def test_export(redis, run):
    put(redis, b="visits = 2", a='city = "a = b # c"', c="  new ")
    code, out, err = run("segment", "export")
    assert code == 0 and err == ""
    assert out == HEAD + 'a = city = "a = b # c"\nb = visits = 2\nc = new\n'
    assert json.loads(run("segment", "export", "--json").out) == {
        "a": 'city = "a = b # c"', "b": "visits = 2", "c": "  new "}


def test_round_trip(redis, run):
    """What is exported can be imported, and then says the same."""
    rules = {
        "a": "country = DE\n  and\r\n\tnew", "b": "path ~ '^/p/\\d+$'",
        "c": "city = \"a\\\"b\\\\\" and\n city != 'x\\'\\\\'", "d": "city = '\t ' ",
        "e": "city = 'ü # = \x1b'", "f": "segment = a\t and  segment = b",
    }
    put(redis, **rules)
    out = run("segment", "export").out
    assert out.count("\n") == 7
    before = segments(redis)
    code, said, err = run("segment", "import", "-", stdin=out.encode(
        "utf-8", "surrogateescape"))
    assert code == 0 and said == "0 new, 0 changed, 0 deleted, 6 unchanged\n"
    assert segments(redis) == before
    redis("DEL", "es:segments")
    assert run("segment", "import", "-", stdin=out).code == 0
    assert run("segment", "export").out == out
    for name in "bde":
        assert segments(redis)[name] == rules[name].strip(" ")


def test_export_of_what_a_line_cannot_hold(redis, run):
    """It is left out, and told."""
    redis("HSET", "es:segments", "a", "city = 'x\ny'", "No Name\n", "new",
          "ok", "new")
    code, out, err = run("segment", "export")
    assert code == 1 and out == HEAD + "ok = new\n"
    assert '"No Name?" is no name' in err
    assert 'segment "a" has a line break inside quotes' in err


def test_export_of_a_wrong_rule(redis, run):
    put(redis, a="contry = DE")
    code, out, err = run("segment", "export")
    assert code == 0 and out == HEAD + "a = contry = DE\n"
    assert "unknown field" in err


def test_import(redis, run, scratch):
    put(redis, same="new", other="visits\n> 2", old="country = DE", stays="new")
    path = os.path.join(scratch, "segments.txt")
    with open(path, "wb") as file:
        file.write(b"\xef\xbb\xbf# a comment\r\n\r\n  old =  country = AT\t\r\n"
                   b"\t# another\nsame=new\nother = visits > 2\n"
                   b"fresh = segment = old and city = 'a=b'")
    wanted = [
        "CHANGE   SEGMENT  RULE",
        "new      fresh    segment = old and city = 'a=b'",
        "changed  old      country = AT", "",
        "1 new, 1 changed, 0 deleted, 2 unchanged"]
    code, out, err = run("segment", "import", path, "--dry-run")
    assert code == 0 and err == ""
    assert out.splitlines() == wanted[:-1] + [
        wanted[-1] + "; nothing was written (--dry-run)"]
    assert segments(redis)["old"] == "country = DE"

    code, out, err = run("segment", "import", path)
    assert code == 0 and err == ""
    assert out.splitlines() == wanted
    assert segments(redis) == {
        "same": "new", "other": "visits\n> 2", "old": "country = AT",
        "fresh": "segment = old and city = 'a=b'", "stays": "new"}
    answer = json.loads(run("segment", "import", path, "--json").out)
    assert answer == {"unchanged": ["fresh", "old", "other", "same"], "new": [],
                      "changed": [], "deleted": [], "written": True}


def test_import_with_delete(redis, run):
    put(redis, a="new", b="segment = c", c="new", d="visits = 1")
    text = "b = segment = c\nd = visits = 2\n"
    code, out, err = run("segment", "import", "-", "--delete", "--dry-run",
                         stdin=text)
    assert code == 0 and len(segments(redis)) == 4
    code, out, err = run("segment", "import", "-", "--delete", stdin=text)
    assert code == 0
    assert out.splitlines()[-1] == "0 new, 1 changed, 2 deleted, 1 unchanged"
    assert 'stdin:1: warning: segment "b": segment "c" does not exist' in err
    assert segments(redis) == {"b": "segment = c", "d": "visits = 2"}
    assert redis.calls("multi") == 1 and redis.calls("exec") == 1


def test_import_in_one_transaction(redis, run):
    """Nobody sees a state between."""
    put(redis, **{f"s{i:03}": "new" for i in range(500)})
    other = "".join(f"t{i:03} = new\n" for i in range(500))
    watch = Connection(redis.socket)
    watch.command("MONITOR")
    assert run("segment", "import", "-", "--delete", stdin=other).code == 0
    redis("PING")
    words = []
    while "PING" not in words[1:]:
        words.append(watch.read().split(b'"')[1].decode())
    watch.close()
    at = words.index("MULTI")
    assert words[at:at + 4] == ["MULTI", "HSET", "HDEL", "EXEC"]
    assert "HSET" not in words[:at]
    assert len(segments(redis)) == 500


@pytest.mark.parametrize("bad, place, what", [
    ("b = contry = DE", "stdin:3: segment \"b\": col 1:", "  contry = DE\n  ^\n"),
    ("b", "stdin:3: a line has the form", "\n  b\n"),
    ("B = new", "stdin:3: a line has the form", "\n  B = new\n"),
    ("= new", "stdin:3: a line has the form", ""),
    ("b =", "stdin:3: segment \"b\": col 1:", ""),
    ("a = new", "stdin:3: segment \"a\" stands in line 2 already", ""),
    ("b = new # x", "stdin:3: segment \"b\": col 5:", "  new # x\n      ^\n"),
    ("b = segment = b", "stdin:3: segment \"b\" refers to itself", ""),
    ("old-one = new", "\"old_one\" has the variable of \"old-one\"", ""),
    ("\x1b[31m = new", "stdin:3: a line has the form", "\n  ?[31m = new\n"),
])
def test_nothing_is_written_if_a_line_is_wrong(redis, run, bad, place, what):
    put(redis, old_one="visits = 1", a="visits = 1")
    before = segments(redis)
    text = f"# comment\na = visits = 2\n{bad}\nc = new\n"
    for more in ([], ["--dry-run"]):
        code, out, err = run("segment", "import", "-", *more, stdin=text)
        assert code == 1 and out == "", out
        assert place in err and what in err, err
        assert "nothing was changed" in err
        assert segments(redis) == before
    assert redis.calls("multi") == 0


def test_all_errors_are_told(redis, run):
    err = run("segment", "import", "-", stdin="a\nb\nc = new\n").err
    assert "stdin:1:" in err and "stdin:2:" in err
    err = run("segment", "import", "-", stdin="a = x y\nb = y z\n").err
    assert "stdin:1:" in err and "stdin:2:" in err


def test_all_errors_of_all_kinds_are_told_at_once(redis, run):
    """What is wrong with a line does not hide what is wrong with its rule."""
    text = ("Bad = contry = DE\nb\nc = new\nc = vists = 2\nd = x y\n"
            "e = segment = e\n")
    put(redis, stays="new")
    for words in (["import"], ["import", "--delete"], ["check"]):
        code, out, err = run("segment", *words, "-", stdin=text)
        assert code == 1
        for what in ("stdin:1: a line has", 'stdin:1: segment "Bad": col 1',
                     "stdin:2: a line has", 'stdin:4: segment "c" stands',
                     'stdin:4: segment "c": col 1', 'stdin:5: segment "d": col',
                     'stdin:6: segment "e" refers to itself'):
            assert err.count(what) == 1, (words, what, err)
        assert "stays" not in err
    assert out == "3 segments, 2 refused, 0 warnings, 3 lines left out\n"
    assert segments(redis) == {"stays": "new"}


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16(redis, run, encoding):
    text = "a = new\n".encode(encoding)
    for verb in ("import", "check"):
        code, out, err = run("segment", verb, "-", stdin=text)
        assert code == 1 and "stdin is UTF-16: save it as UTF-8" in err
        assert "a line has the form" not in err
    assert redis("DBSIZE") == 0


def test_check_of_a_file_that_is_not_there(run, scratch):
    for word in ("segments.txt", "./x", "some/where"):
        code, out, err = run("segment", "check", word, env=AWAY)
        assert code == 1 and "unknown field" in err
        assert f'there is no file "{word}"' in err
    code, out, err = run("segment", "check", scratch, env=AWAY)
    assert code == 1 and f'"{scratch}" is a folder' in err
    for rule in ("contry = a.b", "contry", "city ~ a/b", "query.x"):
        assert "file" not in run("segment", "check", rule, env=AWAY).err


def test_wrong_segments_that_are_not_in_the_file(redis, run):
    put(redis, bad="contry = DE")
    assert run("segment", "import", "-", stdin="a = new").code == 0
    assert run("segment", "import", "-", stdin="bad = contry = DE").code == 1


def test_import_of_nothing(redis, run):
    put(redis, a="new")
    code, out, err = run("segment", "import", "-", stdin="# none\n")
    assert code == 0 and "0 new" in out
    code, out, err = run("segment", "import", "-", "--delete", stdin="")
    assert code == 1 and "has no segment" in err
    assert segments(redis) == {"a": "new"}


def test_files_that_cannot_be_read(run, scratch):
    for path in ("/nowhere/x", scratch):
        code, out, err = run("segment", "import", path)
        assert code == 1 and path in err
    path = os.path.join(scratch, "long")
    with open(path, "wb") as file:
        file.truncate(17 * 1024 * 1024)
    code, out, err = run("segment", "import", path)
    assert code == 1 and "longer than 16 MB" in err


def test_bytes_that_are_no_text(redis, run):
    code, out, err = run("segment", "import", "-",
                         stdin=b"a = city = '\x00\xff'\n\xff\x00 = new\n")
    assert code == 1 and "stdin:2: a line has the form" in err
    code, out, err = run("segment", "import", "-",
                         stdin=b"a = city = '\x00\xff'\n")
    assert code == 0
    assert redis("HGET", "es:segments", "a") == b"city = '\x00\xff'"


def test_as_many_as_there_may_be(redis, run):
    """4,096 of them, quickly."""
    text = "".join(f"s{i} = country = DE and profile.size > {i}\n"
                   for i in range(4096))
    begun = time.monotonic()
    code, out, err = run("segment", "import", "-", stdin=text)
    assert code == 0 and out.endswith("4096 new, 0 changed, 0 deleted, "
                                      "0 unchanged\n")
    assert time.monotonic() - begun < 20
    code, out, err = run("segment", "import", "-", stdin="one-more = new")
    assert code == 1


def test_check_of_a_file(run, scratch):
    """Without Redis; the file stands for itself."""
    path = os.path.join(scratch, "segments.txt")
    with open(path, "w") as file:
        file.write("# x\na = new\nb = segment = a\n")
    assert tuple(run("segment", "check", path, env=AWAY)) == (
        0, "2 segments, 0 refused, 0 warnings\n", "")
    with open(path, "a") as file:
        file.write("c = segment = nobody\n\nd = country == DE\n")
    code, out, err = run("segment", "check", path, env=AWAY)
    assert code == 1 and out == "4 segments, 1 refused, 1 warning\n"
    assert f'{path}:4: warning: segment "c": segment "nobody"' in err
    assert f'{path}:6: segment "d": col 9:' in err
    found = json.loads(run("segment", "check", path, "--json", env=AWAY).out)
    assert [one["line"] for one in found] == [2, 3, 4, 6]
    code, out, err = run("segment", "check", "-", stdin="a\n", env=AWAY)
    assert code == 1 and "stdin:1:" in err


def test_a_transaction_that_fails(redis, run):
    """As where the memory is full: nothing is written, and it is told."""
    put(redis, a="new", b="new")
    redis("CONFIG", "SET", "maxmemory", 1)
    with pytest.raises(RedisError):
        redis("SET", "x", "y")
    code, out, err = run("segment", "import", "-", "--delete",
                         stdin="a = visits = 1\n")
    assert code == 1 and "OOM" in err and "raise maxmemory" in err
    assert out == "" and segments(redis) == {"a": "new", "b": "new"}
