"""visitor forget: nothing is left, and it is proved, wherever it was cut off."""

import json
import os
import pty
import time

import pytest

import program
from people import A, B, C, Cut, Site, aside, gone, profile, state

DAY = 86400


def forget(run, visitor, code=0):
    result = run("visitor", "forget", visitor, "--yes", "--json")
    assert result.code == code, result
    return json.loads(result.out)


def everything(redis):
    """All keys with all that they hold, as bytes."""
    return b"".join(redis("DUMP", key) for key in sorted(redis("KEYS", "*")))


def names(redis, visitor):
    """Where this visitor is still to be found."""
    found = [key for key in redis("KEYS", "*")
             if visitor.encode() in key and b":gone:" not in key]
    for key in ("es:events", "es:leads", "es:events:rejected"):
        found += [entry for entry in redis("XRANGE", key, "-", "+")
                  if visitor.encode() in b" ".join(entry[1])]
    return found


@pytest.fixture
def crowd(redis, run):
    """B and C did the same things."""
    redis("HSET", "es:scores", "looked", "60 when type = view")
    site = Site(redis)
    for visitor in (B, C):
        for number in range(4):
            site.event(visitor, f"/{number}")
        site.event(visitor, "/x", "view", ms="no number")
    site.event(None, "/")
    assert run("learn", "--once").code == 0
    return site


def test_forget(redis, run, crowd):
    others = {key: redis("DUMP", key) for key in (profile(C), state(C))}
    before = int(time.time() * 1000)
    told = forget(run, B)
    after = int(time.time() * 1000)
    assert told["places"] == {
        "profile": {"deleted": 1, "left": 0, "since": 0},
        "learned": {"deleted": 1, "left": 0, "since": 0},
        "events": {"deleted": 5, "left": 0, "since": 0},
        "leads": {"deleted": 1, "left": 0, "since": 0},
        "rejected": {"deleted": 1, "left": 0, "since": 0}}
    assert names(redis, B) == []
    word, ms = redis("GET", gone(B)).split()
    assert word == b"forgotten" and before - 5 <= int(ms) <= after + 5
    assert told["forgotten"] == int(ms) and told["ids"] == [B]
    assert 30 * DAY - 100 < redis("TTL", gone(B)) <= 30 * DAY
    # nobody else's
    assert {key: redis("DUMP", key) for key in others} == others
    assert redis("XLEN", "es:events") == 6
    assert redis("XLEN", "es:leads") == redis("XLEN", "es:events:rejected") == 1
    # counters name nobody
    day = time.strftime("%Y-%m-%d", time.gmtime(crowd.now / 1000))
    assert int(redis("HGET", "es:count:{%s:all}" % day, "views:all")) > 4


def test_forget_for_people(run, crowd):
    result = run("visitor", "forget", B, "--yes")
    rows = [line.split() for line in result.lines]
    assert result.code == 0 and result.err == ""
    for row in (["profile", "1", "0"], ["learned", "1", "0"],
                ["events", "5", "0"], ["leads", "1", "0"],
                ["rejected", "1", "0"]):
        assert row in rows
    for word in ("Counters", "spool", "Backups"):
        assert word in result.out


def test_forget_nobody(redis, run):
    """Perhaps the id is wrong: that is no erasure that was done."""
    result = run("visitor", "forget", B, "--yes")
    assert result.code == 1 and result.out == ""
    assert f'nothing was known of "{B}": is the id right?' in result.err
    redis("FLUSHALL")
    told = forget(run, B, code=1)
    assert all(place["deleted"] == place["left"] == 0
               for place in told["places"].values())
    # events of theirs may still be in a spool
    assert [key for key in redis("KEYS", "*") if b":mark:" not in key] \
        == [gone(B).encode()]


def test_forget_twice(redis, run, crowd):
    """What was done once is done; a run that was cut off may be repeated."""
    forget(run, B)
    told = forget(run, B)
    assert told["places"]["events"] == {"deleted": 0, "left": 0, "since": 0}


def test_what_is_new_is_shown_as_new(redis, run, crowd):
    forget(run, B)
    assert "new since then" not in run("visitor", "show", B).out
    crowd.event(B, "/back", ts=int(time.time() * 1000) + 1000)
    assert "what follows is new since then" in run("visitor", "show", B).out
    assert "since then" not in run("visitor", "show", C).out


def test_what_comes_late_is_dropped_by_the_learner(redis, run, crowd):
    forget(run, B)
    crowd.event(B, "/from-the-spool", ts=crowd.now - 1000)
    crowd.event(B, "/later", ts=int(time.time() * 1000) + 1000)
    assert run("learn", "--once").code == 0
    paths = [entry[1][entry[1].index(b"path") + 1] for entry
             in redis("XRANGE", "es:events", "-", "+") if B.encode() in entry[1]]
    assert paths == [b"/later"]
    assert redis("HGET", profile(B), "views") == b"1"
    # and again, for good
    told = forget(run, B)
    assert told["places"]["events"]["deleted"] == 1
    assert names(redis, B) == []


def test_who_comes_back_meanwhile_is_told_apart(redis, run, crowd, folders):
    """Events come in while this is at work: late ones go, new ones are new."""
    later = int(time.time() * 1000) + 5000

    def meanwhile():
        crowd.event(B, "/late", ts=crowd.now - 1000)
        crowd.event(B, "/back", ts=later)
        redis("HSET", profile(B), "first_seen", str(later), "views", "1")

    for after in range(14, 22):
        cut = folders.add(Cut(folders.make("cut"), redis, after, meanwhile))
        result = program.run("visitor", "forget", B, "--yes", "--json",
                             address=cut)
        told = json.loads(result.out)
        if told["places"]["profile"]["since"]:
            break
    assert result.code == 0, result
    assert told["places"]["profile"] == {"deleted": 1, "left": 0, "since": 1}
    assert told["places"]["events"]["since"] == 1
    assert told["places"]["events"]["left"] == 0
    paths = [entry[1][entry[1].index(b"path") + 1] for entry
             in redis("XRANGE", "es:events", "-", "+") if B.encode() in entry[1]]
    assert paths == [b"/back"]


def test_forget_needs_a_yes(redis, run, crowd):
    before = everything(redis)
    result = run("visitor", "forget", B)
    assert result.code == 2 and "--yes" in result.err
    assert everything(redis) == before


@pytest.mark.parametrize("answer, code", [
    (b"y\n", 0), (b"yes\n", 0), (b"n\n", 1), (b"\n", 1), (b"\x04", 1),
    (b"yesterday I did\n", 1)])
def test_forget_asks_on_a_terminal(redis, crowd, answer, code):
    before = everything(redis)
    pid, terminal = pty.fork()
    if pid == 0:
        os.execve(program.PROGRAM, [program.PROGRAM, "visitor", "forget", B],
                  program.environment(redis))
    said = b""
    while b"[y/N]" not in said:
        said += os.read(terminal, 4096)
    assert B.encode() in said and everything(redis) == before
    os.write(terminal, answer)
    try:
        while os.read(terminal, 4096):
            pass
    except OSError:              # the other end is closed
        pass
    os.close(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == code
    assert (names(redis, B) == []) == (code == 0)
    assert (everything(redis) == before) == (code != 0)


# -- merged ids

def merged(redis, run):
    site = Site(redis)
    for visitor in (A, B, C, "deep", "noted"):
        site.event(visitor)
    assert run("learn", "--once").code == 0
    for visitor in (B, "noted"):
        assert run("visitor", "merge", A, visitor).code == 0
    redis("DEL", gone("noted"))
    redis("SET", gone("deep"), f"merged {B}")
    redis("SET", aside(B)[0], "1\n")
    redis("HSET", aside(B)[1], "x", "y")


def test_forget_with_those_merged_into_it(redis, run):
    merged(redis, run)
    told = forget(run, A)
    assert set(told["ids"]) == {A, B, "deep", "noted"}
    assert told["places"]["events"] == {"deleted": 4, "left": 0, "since": 0}
    for visitor in (A, B, "deep", "noted"):
        assert names(redis, visitor) == []
        assert redis("GET", gone(visitor)) == b"forgotten %d" % told["forgotten"]
    assert names(redis, C) != [] and redis("EXISTS", gone(C)) == 0


def test_one_that_was_merged_is_forgotten_by_the_others_name(redis, run):
    merged(redis, run)
    before = everything(redis)
    result = run("visitor", "forget", B, "--yes")
    assert result.code == 1 and f"exportsite visitor forget {A}" in result.err
    assert everything(redis) == before


# -- cut off, and not allowed

def test_forget_cut_off_anywhere(redis, run, folders):
    """After any command that was carried out; the next run does the rest."""
    folder = folders.make("cut")
    # with sanitizers a run takes its time
    for after in range(1, 200, 4 if "asan" in program.PROGRAM else 1):
        redis("FLUSHALL")
        merged(redis, run)
        cut = folders.add(Cut(folder, redis, after))
        result = program.run("visitor", "forget", A, "--yes", address=cut)
        if result.code == 0:
            break
        assert result.code == 1
        if redis("EXISTS", profile(A)) == 0:
            # nothing goes before learners know
            assert redis("GET", gone(A)).startswith(b"forgotten ")
        told = forget(run, A)
        for visitor in (A, B, "deep", "noted"):
            assert names(redis, visitor) == [], after
            assert redis("GET", gone(visitor)).startswith(b"forgotten "), after
        assert names(redis, C) != []
        assert all(place["left"] == 0 for place in told["places"].values())
    assert after > 30


@pytest.mark.parametrize("key, verb", [
    ("es:leads", "leads"), ("es:events:rejected", "rejected")])
def test_a_stream_that_is_something_else(redis, run, crowd, key, verb):
    redis("SET", key, "mine")
    result = run("visitor", "forget", B, "--yes")
    assert result.code == 1 and key in result.err and "WRONGTYPE" in result.err
    assert redis("GET", key) == b"mine"


def test_without_the_rights(redis, run, crowd, scratch):
    """What cannot be deleted is said, not taken for deleted."""
    redis("ACL", "SETUSER", "limited", "on", ">secret", "~*", "+@all", "-xdel")
    path = os.path.join(scratch, "password")
    with open(path, "w", encoding="ascii") as file:
        file.write("secret\n")
    result = run("visitor", "forget", B, "--yes", "--user", "limited",
                 "--password-file", path, "--json")
    assert result.code == 1 and "NOPERM" in result.err
    assert json.loads(result.out)["places"]["events"]["left"] is None
    assert redis("XLEN", "es:events") == 11
    assert redis("EXISTS", profile(B), state(B)) == 0


def test_a_profile_that_somebody_writes_meanwhile(redis, crowd, folders):
    """A profile that is no returned visitor's is what was to go."""
    cut = folders.add(Cut(folders.make("cut"), redis, 20, lambda: redis(
        "HSET", profile(B), "company", "ACME")))
    result = program.run("visitor", "forget", B, "--yes", "--json", address=cut)
    told = json.loads(result.out)
    assert result.code == 1 and "not all of it is deleted" in result.err
    assert told["places"]["profile"]["left"] == 1


def test_forget_out_of_many(redis, run):
    others = [f"{number:032x}" for number in range(1999)]
    Site(redis).fill(200000, others + [B])
    begin = time.monotonic()
    told = forget(run, B)
    took = time.monotonic() - begin
    assert told["places"]["events"] == {"deleted": 100, "left": 0, "since": 0}
    assert redis("XLEN", "es:events") == 199900
    assert took < 25, f"{took:.1f} s"


def test_forget_very_many(redis, run):
    Site(redis).fill(20000, [B])
    assert forget(run, B)["places"]["events"]["deleted"] == 20000
    assert redis("XLEN", "es:events") == 0
