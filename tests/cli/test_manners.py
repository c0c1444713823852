"""What all verbs have in common: help, exit codes, colour, and no Redis."""

import json
import os
import re
import shlex
import socket
import subprocess
import threading

import pytest

import ports
import program
from slowlink import SlowLink

RULE = "country in (DE, AT, CH)"


def verbs():
    """The verbs' names, as the list of all of them has them."""
    out = program.run("--help").out
    part = out.split("Options of all verbs:")[0]
    found = re.findall(r"^  ((?:[a-z]+ )+)", part, flags=re.M)
    return [name.strip() for name in found]


VERBS = verbs()


def test_list_of_verbs(run):
    assert {"segment set", "segment test", "slot set"} <= set(VERBS)
    for words in (["--help"], ["help"], ["-h"]):
        code, out, err = run(*words)
        assert code == 0 and err == ""
        assert "--redis ADDRESS" in out
    code, out, err = run("segment", "--help")
    assert code == 0 and "segment set" in out and "slot set" not in out


@pytest.mark.parametrize("verb", VERBS)
def test_help_of_each(run, verb):
    code, out, err = run(*verb.split(), "--help")
    assert code == 0 and err == ""
    assert out.startswith(f"exportsite {verb}")
    assert "\nExample:\n  " in out
    assert not [line for line in out.splitlines() if line != line.rstrip()]
    assert run("help", *verb.split()).out == out


@pytest.mark.parametrize("verb", VERBS)
def test_examples_are_understood(run, verb):
    """Each option of an example is one that the verb has."""
    out = run(*verb.split(), "--help").out
    lines = out.split("\nExample:\n")[1].splitlines()
    tried = 0
    for line in lines:
        for command in re.split(r"\||&&", line):
            command = re.split(r"\s[12]?>", command)[0]
            words = shlex.split(command)
            if "exportsite" not in words:
                continue
            words = words[words.index("exportsite") + 1:]
            code, out, err = run(*words, "--help")
            assert code == 0 and err == "", line
            assert out.startswith(f"exportsite {verb}"), line
            tried += 1
    assert tried


@pytest.mark.parametrize("words", [
    [], ["nothing"], ["segment"], ["segment", "nothing"],
    ["segment", "set", "x"], ["segment", "set", "x", "y", "z"],
    ["segment", "list", "--nothing"], ["segment", "list", "--redis"],
    ["segment", "list", "--quick=yes"], ["segment", "list", "-x"],
    ["segment", "test", "x", "--limit", "many"],
    ["segment", "test", "x", "--limit"],
    ["segment", "list", "--prefix", "a" * 65],
    ["segment", "list", "--prefix", "a\x1bb"],
    ["segment", "list", "--user", "me"],
])
def test_wrong_use(run, words):
    """2, nothing on stdout, and where to read on."""
    code, out, err = run(*words)
    assert code == 2, err
    assert out == ""
    assert "exportsite" in err and "\x1b" not in err


def test_wrong_use_tells_what(run):
    assert "needs NAME RULE" in run("segment", "set", "x").err
    assert "one argument too many" in run("segment", "set", "x", "a", "b").err
    assert "--limit needs a value" in run("segment", "test", "x", "--limit").err
    assert "--quick=1 takes no value" in run("segment", "list", "--quick=1").err
    assert "--nope is no option" in run("segment", "list", "--nope").err
    many = ["--query", "a=b"] * 65
    assert "too many" in run("segment", "test", "x", *many).err
    for given in (["--password", "secret"], ["--password=secret"]):
        err = run("segment", "list", *given).err
        assert "--password-file FILE" in err and "secret" not in err


@pytest.mark.parametrize("words, verb", [
    (["segment", "test", "x", "--limit", "many"], "segment test"),
    (["slot", "set", "x", "y", "--expire", "0"], "slot set"),
    (["visitor", "show", "x", "--events", "all"], "visitor show"),
    (["segment", "list", "--prefix", "a" * 65], "segment list"),
    (["import", "x", "--maxlen", "1"], "import"),
])
def test_wrong_use_tells_where_to_read_on(run, words, verb):
    assert f"see: exportsite {verb} --help\n" in run(*words).err


@pytest.mark.parametrize("verb", VERBS)
def test_summaries_are_of_one_style(run, verb):
    """Imperatives with a capital; a sentence in a verb's own help."""
    summary = run(*verb.split(), "--help").out.splitlines()[2]
    assert re.match(r"[A-Z][a-z]*[a-rt-z] .*[^.]\.$", summary), summary
    assert re.search(r" {}$".format(re.escape(summary[:-1])),
                     run("--help").out, flags=re.M)


def test_version(run):
    code, out, err = run("--version")
    assert code == 0 and re.fullmatch(r"exportsite \d+\.\d+\.\d+\n", out)


# -- where Redis is

def test_address(redis, run):
    redis("HSET", "es:segments", "here", RULE)
    away = {"EXPORTSITE_REDIS": "unix:/nowhere"}
    assert "here" in run("segment", "list").out
    assert "here" in run("segment", "list", "--redis", str(redis), env=away).out
    assert "here" in run(f"--redis={redis}", "segment", "list", env=away).out
    assert "here" in run("segment", f"--redis={redis.socket}", "list",
                         env=away).out
    code, out, err = run("segment", "list", env=away)
    assert code == 1 and "/nowhere" in err


def test_address_on_tcp(new_redis):
    redis = new_redis(tcp=True)
    redis("HSET", "es:segments", "here", RULE)
    for address in (f"127.0.0.1:{redis.port}", f"localhost:{redis.port}"):
        result = program.run("segment", "list", address=address)
        assert "here" in result.out, result


@pytest.mark.parametrize("address", [
    "", ":", "host:", "host:0", "host:65536", "host:x", "[::1", "[::1]6379",
    "unix:", "a" * 300, "127.0.0.1:6379x",
])
def test_bad_address(address):
    result = program.run("segment", "list", "--redis", address)
    assert result.code == 1
    assert "is no address" in result.err, result


def test_other_prefix(redis, run):
    redis("HSET", "*[a]?:segments", "here", RULE)
    redis("HSET", "*[a]?:profile:one", "country", "DE")
    redis("HSET", "xa?:profile:two", "country", "US")
    assert "1 of 1 profiles" in run("segment", "test", "here", "--prefix",
                                    "*[a]?:").out
    assert "1 of 1 profiles" in run("segment", "test", "here", env={
        "EXPORTSITE_PREFIX": "*[a]?:"}).out


def test_database_and_password(redis, run, scratch):
    redis("SELECT", 3)
    redis("HSET", "es:segments", "here", RULE)
    redis("SELECT", 0)
    assert "here" in run("segment", "list", "--db", "3").out
    assert "there are no segments" in run("segment", "list").out
    assert run("segment", "list", "--db", "99").code == 1

    redis("ACL", "SETUSER", "default", ">secret word")
    path = os.path.join(scratch, "password")
    with open(path, "w") as file:
        file.write("secret word\n")
    code, out, err = run("segment", "list")
    assert code == 1 and "NOAUTH" in err and "--password-file" in err
    given = ["--password-file", path, "--db", "3"]
    assert "here" in run("segment", "list", *given).out
    assert "here" in run("segment", "list", *given, "--user", "default").out
    with open(path, "w") as file:
        file.write("another\n")
    code, out, err = run("segment", "list", *given)
    assert code == 1 and "AUTH" in err and "another" not in err
    assert run("segment", "list", "--password-file", "/nowhere").code == 1


REDIS_VERBS = [
    ("segment", "list"), ("segment", "show", "x"), ("segment", "set", "x", RULE),
    ("segment", "rm", "x"), ("segment", "check"), ("segment", "test", "x"),
    ("segment", "export"), ("slot", "list"), ("slot", "show", "x"),
    ("slot", "set", "x", "y"), ("slot", "rm", "x"),
]


@pytest.mark.parametrize("words", REDIS_VERBS, ids=" ".join)
def test_redis_away(words):
    result = program.run(*words, address=f"127.0.0.1:{ports.free()}")
    assert result.code == 1
    assert result.out == "" or words[:2] == ("slot", "rm")
    assert "is it running" in result.err


def test_redis_that_does_not_answer(redis):
    redis.stop()
    result = program.run("segment", "list", address=redis)
    assert result.code == 1
    assert f"{redis}: no answer within 2 s" in result.err


def test_no_redis_at_all():
    """Something answers there, but it is no Redis."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(1)
        port = server.getsockname()[1]

        def answer():
            conn, _ = server.accept()
            conn.recv(1000)
            conn.sendall(b"HTTP/1.1 400 Bad \x1b[31mRequest\r\n\r\n")
            conn.close()
        thread = threading.Thread(target=answer)
        thread.start()
        result = program.run("segment", "list", address=f"127.0.0.1:{port}")
        thread.join(10)
    assert result.code == 1
    assert f"127.0.0.1:{port} answers, but is no Redis" in result.err
    assert "\x1b" not in result.err


# -- a terminal

def test_colour(redis, run, on_terminal):
    redis("HSET", "es:segments", "here", RULE)
    assert "\x1b[" not in run("segment", "list").out
    shown = on_terminal("segment", "list")
    assert "\x1b[32mtaken\x1b[0m" in shown.out
    plain = re.sub(r"\x1b\[\d*m", "", shown.out)
    assert plain == run("segment", "list").out
    for env in ({"NO_COLOR": "1"}, {"TERM": "dumb"}, {"TERM": None}):
        assert "\x1b" not in on_terminal("segment", "list", env=env).out
    assert "\x1b" not in on_terminal("segment", "list", "--json").out


def test_columns_stand_straight(redis, run):
    """Also where a character takes two columns, or none."""
    redis("HSET", "es:segments", "a", "city = x", "abcdef", "city = y")
    redis("SET", "es:slot:Zürich", "1")
    redis("SET", "es:slot:日本", "22")
    redis("SET", "es:slot:e\u0301", "333")
    lines = run("segment", "list", "--quick").lines
    assert len({line.index("city") for line in lines[1:]}) == 1
    width = {"日": 2, "本": 2, "\u0301": 0}
    ends = set()
    for line in run("slot", "list").lines[1:]:
        end = re.search(r"\d", line).end()
        ends.add(sum(width.get(c, 1) for c in line[:end]) - end
                 + re.search(r"\s\d+\s", line).end())
    assert len(ends) == 1, run("slot", "list").out


def test_escape_sequences_do_not_arrive(redis, run, on_terminal):
    """What would steer a terminal is shown as question marks."""
    evil = "\x1b]0;evil\x07\x9b31m\u009b31m\x08\x7f"
    redis("HSET", "es:segments", "bad" + evil, "city = '" + evil + "'")
    redis("HSET", "es:segments", "good", "city = '" + evil + "'")
    redis("HSET", "es:errors", "segment:good", "no" + evil, "slot:k", evil)
    redis("HSET", "es:profile:" + evil, "city", evil, "country", "DE")
    redis("SET", "es:slot:" + evil, "x")
    redis("SET", "es:slot:k", evil)
    for words in (["segment", "list"], ["segment", "show", "good"],
                  ["segment", "check"], ["segment", "export"],
                  ["segment", "test", "good"], ["segment", "test", "good",
                                                "--city", evil],
                  ["segment", "test", "all", "country = DE"],
                  ["segment", "rm", evil],
                  ["segment", "set", "x", "city = " + evil],
                  ["segment", "set", evil, RULE],
                  ["slot", "list"], ["slot", "show", "k"],
                  ["slot", "set", evil, "x"], ["slot", "rm", evil + "!"],
                  ["segment", evil], [evil], ["--" + evil]):
        shown = on_terminal(*words, env={"NO_COLOR": "1"}).out
        for control in "\x1b\x07\x08\x7f\u009b":
            assert control not in shown, (words, shown)
        said = run(*words).err
        for control in "\x1b\x07\x08\x7f\u009b":
            assert control not in said, (words, said)


def test_progress(redis, on_terminal, run, folders):
    """Over a second of work is told of on a terminal, and wiped out again."""
    redis("HSET", "es:segments", "dach", RULE)
    redis("EVAL", "for i = 1, 6000 do redis.call('HSET', 'es:profile:' .. i, "
          "'country', 'DE') end", 0)
    quick = on_terminal("segment", "test", "dach").out
    assert "6000 of 6000" in quick and "\x1b[K" not in quick

    link = folders.add(SlowLink(
        os.path.join(folders.make("link"), "link.sock"), redis.socket, 0.1))
    slow = {"EXPORTSITE_REDIS": f"unix:{link.path}"}
    shown = on_terminal("segment", "test", "dach", env=slow).out
    assert re.search(r"\rprofiles \d+\x1b\[K", shown), shown
    assert shown.rindex("\x1b[K") < shown.index("6000 of 6000")
    assert run("segment", "test", "dach", env=slow).err == ""


def test_output_that_cannot_be_written(redis):
    redis("HSET", "es:segments", "here", RULE)
    result = program.run("segment", "list", address=redis)
    assert result.code == 0
    with open("/dev/full", "wb") as full:
        done = subprocess.run([program.PROGRAM, "segment", "list"],
                              env=program.environment(redis), stdout=full,
                              stderr=subprocess.PIPE, check=False)
    assert done.returncode == 1
    assert b"could not be written" in done.stderr


@pytest.mark.parametrize("words", [
    ["segment", "list"], ["doctor", "--nginx", "/nonexistent"], ["--help"]])
def test_a_reader_that_has_gone(redis, words):
    """As with `| head -1`: nothing is said of it."""
    redis("HSET", "es:segments", "here", RULE)
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([program.PROGRAM, *words], stdout=writer,
                          env=program.environment(redis), check=False,
                          stderr=subprocess.PIPE)
    os.close(writer)
    assert done.stderr == b"" and done.returncode in (0, 1)


def test_json_of_bytes_that_are_no_text(redis, run):
    redis("HSET", "es:segments", b"n\xff", b"city = '\xff\x00'")
    for words in (["segment", "list"], ["segment", "check"],
                  ["segment", "export"], ["slot", "list"]):
        json.loads(run(*words, "--json").out)
