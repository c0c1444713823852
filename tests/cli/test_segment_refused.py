"""Segments and slots where Redis does not do as it should."""

import os
import threading
import time

import pytest

from fakeredis import FakeRedis, array, bulk
from program import run as bare
from slowlink import SlowLink
from wait import until

MARKETER = ["~es:segments", "%R~es:errors", "+ping", "+hset", "+hdel", "+hget",
            "+hgetall", "+hkeys", "+hlen"]
EDITOR = ["~es:slot:*", "%R~es:errors", "+ping", "+set", "+get", "+del",
          "+exists", "+strlen", "+expire", "+ttl", "+hget", "+hgetall"]


@pytest.fixture
def as_user(redis, run, scratch):
    """as_user(rights)(*args): run as somebody who may do that only."""
    def limited(rights):
        redis("ACL", "SETUSER", "limited", "reset", "on", ">secret",
              "resetkeys", "resetchannels", "-@all", *rights)
        path = os.path.join(scratch, "password")
        with open(path, "w") as file:
            file.write("secret\n")
        return lambda *args, **how: run(
            *args, "--user", "limited", "--password-file", path, **how)
    return limited


# -- wrong types

def test_segments_of_another_type(redis, run):
    redis("SET", "es:segments", "x")
    for words in (["list"], ["show", "x"], ["set", "x", "new"], ["rm", "x"],
                  ["check"], ["test", "x"], ["export"], ["import", "-"]):
        code, out, err = run("segment", *words, stdin="x = new\n")
        assert code == 1 and out == ""
        assert "es:segments" in err and "WRONGTYPE" in err, err
        assert "rename or delete it" in err
    assert redis("GET", "es:segments") == b"x"


def test_errors_of_another_type(redis, run):
    """Named; the rest is shown."""
    redis("SET", "es:errors", "x")
    redis("HSET", "es:segments", "a", "new")
    redis("SET", "es:slot:a", "x")
    for words in (["segment", "list"], ["slot", "list"]):
        code, out, err = run(*words)
        assert code == 0 and ("taken" in out or "in order" in out)
        assert "es:errors" in err and "WRONGTYPE" in err
    assert run("segment", "set", "b", "new").code == 0


def test_slot_of_another_type(redis, run):
    redis("HSET", "es:slot:a", "x", "y")
    code, out, err = run("slot", "list")
    assert code == 0 and "not a string" in out
    code, out, err = run("slot", "show", "a")
    assert code == 1 and "es:slot:a" in err and "WRONGTYPE" in err
    assert run("slot", "set", "a", "text").code == 0
    assert redis("GET", "es:slot:a") == b"text"


# -- rights

def test_a_marketer(redis, as_user):
    """The rights that docs/redis.md gives are enough, but for counts."""
    run = as_user(MARKETER)
    redis("HSET", "es:profile:a", "country", "DE")
    assert run("segment", "set", "a", "country = DE").code == 0
    assert run("segment", "show", "a").code == 0
    assert run("segment", "check").code == 0
    assert run("segment", "list", "--quick").code == 0
    assert run("segment", "test", "a", "--country", "DE").code == 0
    assert run("segment", "export").code == 0
    assert run("segment", "import", "-", stdin="b = new\n").code == 0
    assert run("segment", "rm", "b").code == 0
    code, out, err = run("segment", "list")
    assert code == 0 and "NOPERM" in err and "the right +scan:" in err
    assert "docs/program.md" in err and "docs/redis.md" in err
    assert "profiles are not counted" in err
    assert out.splitlines()[1].split() == ["a", "?", "taken", "country", "=", "DE"]
    code, out, err = run("segment", "import", "-", "--delete", stdin="c = new\n")
    assert code == 1 and "NOPERM" in err
    assert redis("HKEYS", "es:segments") == [b"a"]

    run = as_user(MARKETER + ["+scan"])
    code, out, err = run("segment", "test", "a")
    assert code == 1 and "HMGET es:profile:a" in err and "NOPERM" in err
    assert err.count("NOPERM") == 1
    assert "the right +hmget:" in err
    code, out, err = run("segment", "list")
    assert code == 0 and out.splitlines()[1].split()[:2] == ["a", "?"]
    run = as_user(MARKETER + ["+scan", "+hmget", "%R~es:profile:*"])
    assert run("segment", "test", "a").lines[0] == "1 of 1 profiles"
    assert run("segment", "test", "a", "--visitor", "a").code == 0
    run = as_user(MARKETER + ["+multi", "+exec"])
    assert run("segment", "import", "-", "--delete", stdin="c = new\n").code == 0


def test_an_editor(redis, as_user):
    run = as_user(EDITOR)
    assert run("slot", "set", "a", "x", "--expire", "100").code == 0
    assert run("slot", "show", "a").out == "x"
    code, out, err = run("slot", "list")
    assert code == 1 and "SCAN" in err and "NOPERM" in err
    assert run("slot", "rm", "a").code == 0
    code, out, err = run("segment", "list")
    assert code == 1 and "NOPERM" in err

    run = as_user(EDITOR + ["+scan"])
    assert run("slot", "set", "a", "x").code == 0
    assert "in order" in run("slot", "list").out


def test_a_reader(redis, as_user):
    redis("HSET", "es:segments", "a", "new")
    run = as_user(["%R~es:segments", "+ping", "+hgetall", "+hlen"])
    code, out, err = run("segment", "check")
    assert code == 0 and "1 segment, 0 refused" in out
    assert "HGETALL es:errors" in err and "NOPERM" in err
    assert "the right ~es:errors (to read: %R~es:errors)" in err
    code, out, err = run("segment", "set", "a", "visits = 2")
    assert code == 1 and "HSET es:segments" in err and "NOPERM" in err
    assert redis("HGET", "es:segments", "a") == b"new"


# -- servers

def test_a_replica(redis, new_redis):
    redis("HSET", "es:segments", "a", "new")
    replica = new_redis(tcp=True)
    primary = new_redis(tcp=True)
    primary("HSET", "es:segments", "a", "new")
    primary("SET", "es:slot:a", "x")
    replica("REPLICAOF", "127.0.0.1", primary.port)

    def synced():
        return replica("EXISTS", "es:segments")
    until(synced, 20, "the replica to have it")
    assert "a" in bare("segment", "list", address=replica).out
    for words in (["segment", "set", "a", "visits = 2"], ["segment", "rm", "a"],
                  ["segment", "import", "-"], ["slot", "set", "a", "y"],
                  ["slot", "rm", "a"]):
        result = bare(*words, address=replica, stdin="b = new\n")
        assert result.code == 1, result
        assert "READONLY" in result.err and "address of the primary" in result.err
    assert primary("HGETALL", "es:segments") == [b"a", b"new"]


def test_full_memory(redis, run):
    redis("HSET", "es:segments", "a", "new")
    redis("CONFIG", "SET", "maxmemory", 1)
    for words in (["segment", "set", "a", "visits = 2"], ["slot", "set", "a", "y"]):
        code, out, err = run(*words)
        assert code == 1 and "OOM" in err and out == ""


def test_a_server_that_dies(redis, run, folders):
    """In the middle of an answer: told, and no half of one taken for whole."""
    redis("HSET", "es:segments", "a", "country = DE")
    redis("EVAL", "for i = 1, 5000 do redis.call('HSET', 'es:profile:' .. i, "
          "'country', 'DE') end", 0)
    link = folders.add(SlowLink(
        os.path.join(folders.make("link"), "link.sock"), redis.socket))
    link.drop = b"profile:"

    def cut():
        time.sleep(0.5)
        link.close()
    thread = threading.Thread(target=cut)
    thread.start()
    code, out, err = run("segment", "test", "a",
                         env={"EXPORTSITE_REDIS": f"unix:{link.path}"})
    thread.join()
    assert code == 1 and out == "" and "SCAN" in err


# -- answers that no Redis gives

@pytest.fixture
def fake(folders):
    """A server whose answer() is asked first for each command."""
    return folders.add(FakeRedis(os.path.join(folders.make("fake"), "sock")))


def test_keys_that_come_twice(fake):
    """SCAN may name a key again; it is counted once."""
    pages = {b"0": (b"7", ["a", "b", "a"]), b"7": (b"9", []),
             b"9": (b"0", ["b", "c"])}

    def answer(words):
        if words[0] == b"HLEN":
            return b":1\r\n"
        if words == [b"HGETALL", b"es:segments"]:
            return array(bulk("dach"), bulk("country = DE"))
        if words[0] == b"HGETALL":
            return array()
        if words[0] == b"SCAN":
            cursor, keys = pages[words[1]]
            return array(bulk(cursor), array(
                *[bulk(f"es:profile:{key}") for key in keys]))
        if words[0] == b"HMGET":
            return array(bulk("DE"))
        return None
    fake.answer = answer
    result = bare("segment", "test", "dach", address=fake)
    assert result.lines == ["3 of 3 profiles", "  a", "  b", "  c"], result


ODD = [b"+OK\r\n", b":-1\r\n", b":9223372036854775807\r\n", b"$-1\r\n",
       b"*-1\r\n", b"*0\r\n", b"$0\r\n\r\n", b"-\r\n", b"-ERR \x1b[31m\r\n",
       b"*1\r\n*0\r\n", b"*2\r\n:1\r\n:2\r\n", b"*2\r\n$1\r\n0\r\n:2\r\n",
       b"*2\r\n$1\r\n0\r\n*2\r\n:1\r\n$-1\r\n", b"*3\r\n$1\r\na\r\n$-1\r\n$-1\r\n",
       b"?\r\n", b"*2\r\n$1\r\na\r\n*1\r\n$-1\r\n",
       b"*2\r\n$1\r\n0\r\n*1\r\n$12\r\nes:profile:a\r\n",
       b"*2\r\n$1\r\n0\r\n*1\r\n$9\r\nes:slot:a\r\n"]
COMMANDS = [b"HLEN", b"HGETALL", b"SCAN", b"HMGET", b"HSET", b"HDEL", b"HGET",
            b"STRLEN", b"TTL", b"GET", b"SET", b"DEL", b"MULTI", b"EXEC"]


@pytest.mark.parametrize("odd", ODD)
def test_odd_answers(fake, odd):
    """Nothing worse than an exit code comes of them."""
    good = {
        b"HLEN": b":1\r\n", b"HSET": b":1\r\n", b"HDEL": b":1\r\n",
        b"HGET": b"$-1\r\n", b"HMGET": array(bulk("DE")),
        b"HGETALL": array(bulk("dach"), bulk("country = DE")),
        b"STRLEN": b":1\r\n", b"TTL": b":-1\r\n", b"GET": bulk("x"),
        b"SET": b"+OK\r\n", b"DEL": b":1\r\n", b"MULTI": b"+OK\r\n",
        b"EXEC": array(b":1\r\n", b":1\r\n"),
    }
    for strange in COMMANDS:
        def answer(words):
            if words[0] == strange:
                return odd
            if words[0] == b"SCAN":
                return array(bulk("0"), array(
                    bulk(words[3].replace(b"*", b"one"))))
            return good.get(words[0])
        fake.answer = answer
        tried = {
            b"HMGET": [["segment", "list"], ["segment", "test", "dach",
                                             "--visitor", "one"]],
            b"SCAN": [["segment", "list"], ["slot", "list"]],
            b"STRLEN": [["slot", "list"]], b"TTL": [["slot", "list"]],
            b"GET": [["slot", "show", "a"]], b"SET": [["slot", "set", "a", "b"]],
            b"DEL": [["slot", "rm", "a"]], b"HSET": [["segment", "set", "a", "new"]],
            b"HDEL": [["segment", "rm", "dach"]],
            b"HGET": [["segment", "set", "a", "new"]],
            b"MULTI": [["segment", "import", "-", "--delete"]],
            b"EXEC": [["segment", "import", "-", "--delete"]],
        }.get(strange, [["segment", "list"], ["segment", "check"],
                        ["segment", "export"]])
        for words in tried:
            result = bare(*words, address=fake, stdin="a = new\n", timeout=20)
            assert result.code in (0, 1), result
            assert "\x1b" not in result.err
