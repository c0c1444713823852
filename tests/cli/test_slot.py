"""Contents of slots listed, shown, set and deleted."""

import json
import os

import pytest

MEGA = 1024 * 1024


def test_set(redis, run):
    code, out, err = run("slot", "set", "banner-AT", "<p>Grüße</p>")
    assert (code, out, err) == (0, 'slot "banner-AT" is set: 14 bytes\n', "")
    assert redis("GET", "es:slot:banner-AT") == "<p>Grüße</p>".encode()
    assert redis("TTL", "es:slot:banner-AT") == -1


def test_set_from_file_and_stdin(redis, run, scratch):
    content = b"<p>\n\ttwo lines\r\n</p>\n\n"
    path = os.path.join(scratch, "banner.html")
    with open(path, "wb") as file:
        file.write(content)
    assert run("slot", "set", "a", "--file", path).code == 0
    assert run("slot", "set", "b", "-", stdin=content).code == 0
    assert run("slot", "set", "c", "--file=-", stdin=content).code == 0
    for key in "abc":
        assert redis("GET", f"es:slot:{key}") == content
    code, out, err = run("slot", "set", "a", "--file", "/nowhere/x")
    assert code == 1 and "/nowhere/x" in err
    assert run("slot", "set", "a", "--file", scratch).code == 1
    assert redis("GET", "es:slot:a") == content


def test_either_or(redis, run):
    for words in (["a"], ["a", "x", "--file", "/etc/hostname"],
                  ["a", "-", "--file", "-"]):
        code, out, err = run("slot", "set", *words, stdin="x")
        assert code == 2 and "give either" in err
    assert redis("DBSIZE") == 0


def test_expire(redis, run):
    code, out, err = run("slot", "set", "a", "x", "--expire", "100")
    assert code == 0 and "for 100 s" in out
    assert 90 < redis("TTL", "es:slot:a") <= 100
    assert json.loads(run("slot", "set", "a", "x", "--expire", "100",
                          "--json").out) == {
        "slot": "a", "bytes": 1, "expires": 100, "site": None}
    assert run("slot", "set", "a", "x").code == 0
    assert redis("TTL", "es:slot:a") == -1
    for bad in ("0", "-1", "x", "1.5", "99999999999"):
        code, out, err = run("slot", "set", "a", "x", "--expire", bad)
        assert code == 2, bad


def test_size(redis, run, scratch):
    path = os.path.join(scratch, "long")
    with open(path, "wb") as file:
        file.write(b"x" * MEGA)
    assert run("slot", "set", "a", "--file", path).code == 0
    assert redis("STRLEN", "es:slot:a") == MEGA
    with open(path, "ab") as file:
        file.write(b"x")
    code, out, err = run("slot", "set", "a", "--file", path)
    assert code == 1 and "longer than 1 MB, which is the most" in err
    code, out, err = run("slot", "set", "a", "-", stdin="y" * (MEGA + 1))
    assert code == 1 and "stdin: longer than 1 MB" in err
    assert redis("STRLEN", "es:slot:a") == MEGA


KEYS = ["a", "A_b.c:/+@*-9", "Ünï", "a" * 200, "a/b..c", "é" * 100]
NO_KEYS = ["", "a b", "a" * 201, "../a", "a/../b", "..", "a\nb", "a'b", "a=b",
           "a\x1b", b"\xff", "é" * 101]


@pytest.mark.parametrize("key", KEYS)
def test_keys(redis, run, key):
    assert run("slot", "set", key, "x").code == 0
    assert redis("GET", f"es:slot:{key}") == b"x"
    assert run("slot", "show", key).out == "x"
    assert run("slot", "rm", key).code == 0
    assert redis("DBSIZE") == 0


@pytest.mark.parametrize("key", NO_KEYS)
def test_no_keys(redis, run, key):
    for words in (["set", key, "x"], ["show", key]):
        code, out, err = run("slot", *words)
        assert code == 2 and "is no key of a slot" in err, (key, err)
    assert redis("DBSIZE") == 0


def test_warnings(redis, run):
    code, out, err = run("slot", "set", "a", b"Gr\xfc\xdfe")
    assert code == 0 and "not UTF-8" in err
    assert redis("GET", "es:slot:a") == b"Gr\xfc\xdfe"
    code, out, err = run("slot", "set", "a", "")
    assert code == 0 and "an empty content is none" in err
    assert redis("GET", "es:slot:a") == b""
    assert run("slot", "set", "a", "x").out == 'slot "a" is set: 1 byte\n'


@pytest.mark.parametrize("prefix", ["es:", "shop:"])
def test_a_key_with_the_prefix_that_is_added_anyway(redis, run, prefix):
    given = ("--prefix", prefix)
    key = f"{prefix}slot:banner-DE"
    code, out, err = run("slot", "set", key, "x", *given)
    assert code == 0 and f'"{prefix}slot:{key}"' in err
    assert f"slot rm {key}" in err and 'set "banner-DE"' in err
    assert redis("GET", f"{prefix}slot:{key}") == b"x"
    assert run("slot", "set", "banner-DE", "x", *given).err == ""
    assert run("slot", "set", f"{prefix}slot:", "x", *given).err == ""


def test_what_the_sites_say(redis, run):
    redis("HSET", "es:errors", "slot:a", "longer than 1 MB")
    code, out, err = run("slot", "set", "a", "x")
    assert code == 0 and "not taken back" in err and "longer than 1 MB" in err
    assert "longer than" in json.loads(
        run("slot", "set", "a", "x", "--json").out)["site"]
    assert run("slot", "set", "b", "x").err == ""


def test_show(redis, run, on_terminal):
    content = "<p>\r\n\tx\x1b[31m\x9b\r\u009b</p>\n".encode() + b"\xff\x00"
    redis("SET", "es:slot:a", content)
    shown = run("slot", "show", "a")
    assert shown.out.encode("utf-8", "surrogateescape") == content
    assert shown.err == ""
    assert on_terminal("slot", "show", "a").out == \
        "<p>\n\tx?[31m???</p>\n??\n"
    code, out, err = run("slot", "show", "b")
    assert code == 1 and out == "" and 'no content "b"' in err
    answer = json.loads(run("slot", "show", "a", "--json").out)
    assert answer["slot"] == "a" and "\x1b" in answer["content"]


def test_list(redis, run):
    redis("SET", "es:slot:b", "x" * 1234)
    redis("SET", "es:slot:a", "1", "EX", 100)
    redis("SET", "es:slot:c", "", "EX", 3600 * 5 + 30)
    redis("SET", "es:slot:d", b"x" * (MEGA + 1), "EX", 86400 * 9 + 30)
    redis("HSET", "es:slot:e", "x", "y")
    redis("SET", "es:slot:f g", "x", "EX", 600 + 30)
    redis("SET", "es:slot:h", "x")
    redis("HSET", "es:errors", "slot:h", "the site's word", "slot:z", "x",
          "segment:a", "x", "slot:", "x")
    code, out, err = run("slot", "list")
    assert code == 0 and err == ""
    rows = [" ".join(line.split()) for line in out.splitlines()]
    assert rows[0] == "KEY BYTES EXPIRES SITES"
    assert rows[1] in [f"a 1 in {n} s in order" for n in (99, 100)]
    assert rows[2:] == [
        "b 1234 never in order", "c 0 in 5 h empty: the page's own stays",
        f"d {MEGA + 1} in 9 days longer than 1 MB: the page's own stays",
        "e - never not a string: delete it (slot rm) and set it",
        "f g 1 in 10 min no site asks for such a key: rename it",
        "h 1 never the site's word"]
    found = json.loads(run("slot", "list", "--json").out)
    assert [one["slot"] for one in found] == ["a", "b", "c", "d", "e", "f g", "h"]
    assert found[1] == {"slot": "b", "bytes": 1234, "expires": None, "error": None}
    assert found[4]["bytes"] is None and found[6]["error"] == "the site's word"


def test_list_of_none_and_many(redis, run):
    code, out, err = run("slot", "list")
    assert code == 0 and "there are no contents" in out
    assert run("slot", "list", "--json").out == "[]\n"
    redis("EVAL", "for i = 1, 5000 do redis.call('SET', 'es:slot:' .. i, i) end",
          0)
    lines = run("slot", "list").lines
    assert len(lines) == 5001 and len(set(lines)) == 5001


def test_colours(redis, on_terminal):
    redis("SET", "es:slot:a", "x")
    redis("SET", "es:slot:b", "")
    redis("HSET", "es:slot:c", "x", "y")
    lines = on_terminal("slot", "list").out.splitlines()
    assert ["\x1b[32min order" in lines[1], "\x1b[33mempty" in lines[2],
            "\x1b[31mnot a" in lines[3]] == [True] * 3


def test_rm(redis, run):
    for key in ("a", "b", "no key\n", "stays"):
        redis("SET", f"es:slot:{key}", "x")
    code, out, err = run("slot", "rm", "a", "no key\n")
    assert code == 0 and err == ""
    assert 'slot "no key?" is deleted' in out
    code, out, err = run("slot", "rm", "c", "b")
    assert code == 1 and 'no content "c"' in err and '"b" is deleted' in out
    assert redis("KEYS", "*") == [b"es:slot:stays"]
    assert json.loads(run("slot", "rm", "stays", "--json").out) == ["stays"]
