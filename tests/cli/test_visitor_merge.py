"""visitor merge: nothing is lost and nothing doubled, wherever it is cut off."""

import itertools
import json
import os
import random
import subprocess
import threading
import time

import pytest

import program
from people import A, B, C, Cut, Site, aside, fields, gone, profile, state
from wait import until


def merge(run, into, other, code=0):
    result = run("visitor", "merge", into, other)
    assert result.code == code, result
    return result


def numbers(redis, visitor, *names):
    """Fields of a profile as numbers; 0 where there are none."""
    known = fields(redis, visitor)
    return [int(known.get(name, 0)) for name in names]


@pytest.fixture
def learned(redis, run):
    redis("HSET", "es:topics", "pumps", 'path ~ "^/pumps/"',
          "food", 'path ~ "^/food/"')
    redis("HSET", "es:scores", "looked", '20 when path ~ "^/pumps/"')
    redis("HSET", "es:settings", "industries", "pumps")
    site = Site(redis)
    for number in range(4):
        site.event(B, f"/pumps/{number}", source="google", campaign="spring")
    site.event(B, "/pumps/0", "goal", label="quote", value="5")
    site.event(B, "/pumps/0", "click", label="x")
    site.event(B, "/pumps/0", "dwell", ms="61000")
    site.now += 2000000
    for number in range(2):
        site.event(A, f"/food/{number}")
    site.event(A, "/food/0", "dwell", ms="1000")
    site.event(C, "/")
    assert run("learn", "--once").code == 0
    return site


def test_merge(redis, run, learned):
    one, other = fields(redis, A), fields(redis, B)
    state_of_c = redis("DUMP", state(C))
    redis("HSET", profile(A), "company", "ACME", "mine", "1")
    redis("HSET", profile(B), "company", "other", "theirs", b"\xff\x00")
    result = merge(run, A, B)
    assert "2 visits, 6 views" in result.out and result.err == ""

    whole = fields(redis, A)
    assert whole["views"] == "6" and whole["visits"] == "2"
    assert whole["goals"] == "1" and whole["clicks"] == "1"
    assert whole["dwell"] == "62000"
    assert whole["first_seen"] == other["first_seen"]
    assert whole["last_seen"] == one["last_seen"]
    assert whole["first_campaign"] == "spring"
    assert whole["topic:food"] == one["topic:food"]
    assert float(whole["topic:pumps"]) <= float(other["topic:pumps"])
    assert whole["interest"] == "pumps" and whole["lead"] == other["lead"]
    assert whole["score"] == other["score"]
    assert whole["company"] == "ACME" and whole["mine"] == "1"
    assert redis("HGET", profile(A), "theirs") == b"\xff\x00"
    # the learner had found out that of the other one
    assert whole["industry"] == "pumps"
    assert whole["industry_source"] == "learned"

    assert redis("GET", gone(B)) == f"merged {A}".encode()
    assert redis("TTL", gone(B)) > 179 * 86400
    assert redis("EXISTS", profile(B), state(B), *aside(B)) == 0
    assert redis("DUMP", state(C)) == state_of_c
    assert abs(redis("TTL", profile(A)) - 180 * 86400) < 100
    assert abs(redis("TTL", state(A)) - 180 * 86400) < 100


def test_merge_json(redis, run, learned):
    told = json.loads(run("visitor", "merge", A, B, "--json").out)
    assert told == {"visitor": A, "merged": B, "before": False, "visits": 2,
                    "views": 6}
    told = json.loads(run("visitor", "merge", A, B, "--json").out)
    assert told["before"] is True and told["views"] == 6


def test_events_count_for_the_one_from_then_on(redis, run, learned):
    merge(run, A, B)
    learned.event(B, "/pumps/later")
    learned.event(A, "/pumps/later")
    assert run("learn", "--once").code == 0
    assert numbers(redis, A, "views") == [8]
    assert redis("EXISTS", profile(B), state(B)) == 0
    # the lead was one before
    assert redis("XLEN", "es:leads") == 1


def test_again_is_nothing(redis, run, learned):
    merge(run, A, B)
    before = redis("DUMP", profile(A)), redis("DUMP", state(A))
    redis("EXPIRE", gone(B), "50")
    assert "has been merged before" in merge(run, A, B).out
    assert (redis("DUMP", profile(A)), redis("DUMP", state(A))) == before
    assert redis("TTL", gone(B)) > 1000


def test_again_with_what_has_come_since(redis, run, learned):
    merge(run, A, B)
    redis("HSET", profile(B), "from", "the CRM", "company", "ACME")
    merge(run, A, B)
    assert fields(redis, A)["from"] == "the CRM"
    assert numbers(redis, A, "views") == [6]
    assert redis("EXISTS", profile(B)) == 0


@pytest.mark.parametrize("days, ttl", [("1", 30), ("365", 365)])
def test_it_is_known_as_long_as_the_cookie(redis, run, days, ttl):
    redis("HSET", "es:settings", "profile_days", days)
    merge(run, A, B)
    assert 0 <= ttl * 86400 - redis("TTL", gone(B)) < 100


def test_one_who_has_just_come(redis, run):
    """The learner has not seen either; then it does."""
    merge(run, A, B)
    site = Site(redis)
    site.event(B)
    site.event(A)
    assert run("learn", "--once").code == 0
    assert numbers(redis, A, "views", "visits") == [2, 1]


def test_profiles_of_a_crm_alone(redis, run):
    redis("HSET", profile(B), "industry", "food", "visits", "4", "topic:x", "1")
    redis("HSET", profile(A), "company", "ACME")
    merge(run, A, B)
    whole = fields(redis, A)
    assert whole.pop(f"merged:{B}").isdigit()
    assert whole == {"industry": "food", "visits": "4", "topic:x": "1",
                     "company": "ACME"}
    assert redis("TTL", profile(A)) == -1


@pytest.mark.parametrize("mine, theirs, industry, source", [
    ({"industry": "food"}, {"industry": "pumps", "industry_source": "learned"},
     "food", None),
    ({"industry": "food", "industry_source": "learned"}, {"industry": "pumps"},
     "food", "learned"),
    ({}, {"industry": "pumps"}, "pumps", None),
    ({}, {"industry_source": "learned"}, None, None)])
def test_industry_and_its_source(redis, run, mine, theirs, industry, source):
    redis("HSET", profile(A), "x", "y", *sum(mine.items(), ()))
    redis("HSET", profile(B), "x", "y", *sum(theirs.items(), ()))
    merge(run, A, B)
    whole = fields(redis, A)
    assert whole.get("industry") == industry
    assert whole.get("industry_source") == source


def test_the_learner_goes_on_with_what_it_wrote_there(redis, run):
    """A country learned of the other one is not one that was set by hand."""
    site = Site(redis)
    site.event(B)
    assert run("learn", "--once").code == 0
    merge(run, A, B)
    assert fields(redis, A)["country"] == "DE"
    redis("XADD", "es:events", "*", "id", "f" * 24, "ts", str(site.now + 1000),
          "type", "view", "visitor", A, "host", "x", "path", "/", "country", "AT")
    assert run("learn", "--once").code == 0
    assert fields(redis, A)["country"] == "AT"


# -- what may not be

@pytest.mark.parametrize("one, other", [(A, A), (A, "log-1"), ("log-1", A)])
def test_used_wrongly(redis, run, one, other):
    assert run("visitor", "merge", one, other).code == 2
    assert redis("DBSIZE") == 0


@pytest.mark.parametrize("visitor, became, remedy", [
    (A, "forgotten 1780000000000", "was forgotten on 2026-05-28"),
    (B, "forgotten 1780000000000", "was forgotten on 2026-05-28"),
    (A, f"merged {C}", f"exportsite visitor merge {C} {B}"),
    (A, f"merged {B}", "they are one already"),
    (B, f"merged {C}", f"exportsite visitor merge {A} {C}")])
def test_refused(redis, run, learned, visitor, became, remedy):
    redis("SET", gone(visitor), became)
    before = {key: redis("DUMP", key) for key in redis("KEYS", "*")}
    assert remedy in merge(run, A, B, code=1).err
    assert {key: redis("DUMP", key) for key in redis("KEYS", "*")} == before


def test_no_circles(redis, run, learned):
    merge(run, A, B)
    merge(run, B, A, code=1)
    merge(run, C, A)
    merge(run, B, C, code=1)
    merge(run, A, C, code=1)
    assert numbers(redis, C, "views") == [7]


def test_no_chains(redis, run, learned):
    """Those who came to the other one before go along, with their events."""
    merge(run, A, B)
    merge(run, C, A)
    assert redis("GET", gone(B)) == f"merged {C}".encode()
    assert f"merged:{B}" in fields(redis, C)
    learned.event(B, "/later")
    assert run("learn", "--once").code == 0
    assert numbers(redis, C, "views") == [8]
    assert redis("EXISTS", state(A), profile(A), state(B), profile(B)) == 0
    # and are known by the way
    told = json.loads(run("visitor", "export", C).out)
    assert {one["visitor"] for one in told["merged"]} == {A, B}


@pytest.mark.parametrize("key", [state(A), state(B)])
def test_what_cannot_be_read(redis, run, learned, key):
    redis("SET", key, "of another version")
    redis("DEL", gone(B))
    before = {name: redis("DUMP", name) for name in redis("KEYS", "*")}
    assert key in merge(run, A, B, code=1).err
    assert {name: redis("DUMP", name) for name in redis("KEYS", "*")} == before


@pytest.mark.parametrize("key", [profile(A), profile(B), state(A), state(B),
                                 gone(A), gone(B), "es:settings"])
def test_something_else_is_there(redis, run, key):
    redis("LPUSH", key, "mine")
    result = merge(run, A, B, code=1)
    assert key in result.err and "WRONGTYPE" in result.err
    assert redis("LRANGE", key, "0", "-1") == [b"mine"]


# -- at the same time as the learner, and cut off

def test_waits_for_the_learner(redis, start, learned):
    """What it might have to repeat must not be in what is merged."""
    position = redis("XINFO", "GROUPS", "es:events")[0][
        redis("XINFO", "GROUPS", "es:events")[0].index(b"last-delivered-id") + 1]
    redis("XGROUP", "SETID", "es:events", "learn", "1-0")
    merging = start("visitor", "merge", A, B)
    time.sleep(0.5)
    assert merging.alive and redis("EXISTS", gone(B), *aside(B)) == 0
    redis("XGROUP", "SETID", "es:events", "learn", position)
    assert merging.wait().code == 0
    assert numbers(redis, A, "views") == [6]


def test_does_not_wait_for_ever(redis, start, learned):
    redis("XGROUP", "SETID", "es:events", "learn", "1-0")
    result = start("visitor", "merge", A, B).wait(30)
    assert result.code == 1 and "exportsite learn" in result.err
    assert redis("EXISTS", gone(B), *aside(B)) == 0


def test_cut_off_anywhere(redis, run, learned, folders):
    """After any command that was carried out; the next run does the rest."""
    start_over = {key: redis("DUMP", key) for key in
                  (profile(A), profile(B), state(A), state(B))}
    folder = folders.make("cut")
    whole = None
    for after in range(1, 100):
        redis("DEL", gone(B), *aside(B), *start_over)
        for key, dump in start_over.items():
            redis("RESTORE", key, "0", dump)
        result = program.run("visitor", "merge", A, B,
                             address=folders.add(Cut(folder, redis, after)))
        assert result.code in (0, 1)
        assert "6 views" in merge(run, A, B).out
        assert redis("EXISTS", profile(B), state(B), *aside(B)) == 0
        known = fields(redis, A)
        known.pop(f"merged:{B}")
        whole = whole or known
        assert known == whole, after
        if result.code == 0:
            break
    assert after > 15
    assert whole["views"] == "6" and whole["topic:pumps"]


@pytest.mark.parametrize("order", ["one", "other", "one other", "other one"])
def test_the_learner_works_between_any_two_commands(redis, run, learned, folders,
                                                    order):
    """Both have a past and more events; all of them count once in the end."""
    folder = folders.make("cut")
    ends = []

    def meanwhile():
        for visitor in order.split():
            learned.event(f"{visitor}{after}", "/pumps/meanwhile")
        assert run("learn", "--once").code == 0
        ends.append(after)

    for after in range(1, 100):
        one, other = f"one{after}", f"other{after}"
        for visitor in (one, other, other):
            learned.event(visitor)
        assert run("learn", "--once").code == 0
        cut = folders.add(Cut(folder, redis, after, meanwhile))
        result = program.run("visitor", "merge", one, other, address=cut)
        assert result.code == 0, result
        if after not in ends:
            break
        learned.event(one)
        learned.event(other)
        assert run("learn", "--once").code == 0
        assert numbers(redis, one, "views") == [
            5 + len(order.split())], after
        assert redis("EXISTS", profile(other), state(other), *aside(other)) == 0
    assert after > 15


@pytest.mark.parametrize("then", ["forget", "merge"])
def test_cut_off_and_then_the_one_is_gone(redis, run, learned, folders, then):
    """The other one comes back as it was, unless it has been added."""
    redis("HSET", profile(B), "company", "ACME")
    start_over = {key: redis("DUMP", key) for key in
                  (profile(A), profile(B), state(A), state(B), profile(C),
                   state(C))}
    folder = folders.make("cut")
    seen = set()
    for after in range(1, 100):
        redis("DEL", gone(A), gone(B), *aside(A), *aside(B), *start_over)
        for key, dump in start_over.items():
            redis("RESTORE", key, "0", dump)
        result = program.run("visitor", "merge", A, B,
                             address=folders.add(Cut(folder, redis, after)))
        if result.code == 0:
            break
        if then == "merge":
            merge(run, C, A)
            merge(run, A, B, code=1)
            merge(run, C, B)
            assert numbers(redis, C, "views") == [7], after
            assert fields(redis, C)["company"] == "ACME"
            assert redis("EXISTS", profile(B), state(B), *aside(B)) == 0
        else:
            redis("SET", gone(A), "forgotten 1780000000000")
            before = fields(redis, A)
            merge(run, A, B, code=1)
            added = f"merged:{B}" in before
            seen.add(added)
            if not added:
                assert redis("DUMP", state(B)) == start_over[state(B)], after
                assert fields(redis, B)["company"] == "ACME"
                assert redis("EXISTS", gone(B), *aside(B)) == 0
    assert after > 15


def test_killed_while_the_learner_works(redis, run, start, folders):
    """Both are killed at random moments; every event counts once in the end."""
    site = Site(redis, begin=int(time.time() * 1000))
    chance = random.Random(7)
    environment = program.environment(redis)
    learner = start("learn")
    pairs = [(f"one{number}", f"other{number}") for number in range(12)]
    counts = dict.fromkeys(pairs, 0)
    for turn, pair in enumerate(pairs):
        for _ in range(chance.randrange(40, 200)):
            which = pairs[max(0, turn - 3):turn + 1]
            one = chance.choice(which)
            site.event(chance.choice(one), f"/{chance.randrange(9)}")
            counts[one] += 1
        if turn % 4 == 3:
            learner.kill()
            learner = start("learn")
        with open(os.devnull, "wb") as nowhere:
            merging = subprocess.Popen(
                [program.PROGRAM, "visitor", "merge", *pair], env=environment,
                stdout=nowhere, stderr=nowhere)
        time.sleep(chance.random() * 0.02)
        merging.kill()
        merging.wait(10)
        for _ in range(20):
            site.event(chance.choice(pair))
            counts[pair] += 1
        merge(run, *pair)
    learner.kill()
    until(lambda: run("learn", "--once").code == 0, 10, "the rest")
    views = {pair: numbers(redis, pair[0], "views")[0] for pair in pairs}
    assert views == counts
    for _, other in pairs:
        assert redis("EXISTS", profile(other), state(other), *aside(other)) == 0


# -- several merges of the same two at the same time

@pytest.fixture
def two(redis, learned):
    """two() has A and B as they were, and what was known of both in sum."""
    before = {key: redis("DUMP", key) for key in
              (profile(A), profile(B), state(A), state(B))}

    def again():
        redis("DEL", gone(A), gone(B), *aside(A), *aside(B), *before)
        for key, dump in before.items():
            redis("RESTORE", key, "0", dump)
    return again


def hold_one(redis, results):
    """Of merges (into, other, result): all went well, or were told why not.

    What is known is that of one merge, and with all others that went well.
    """
    into = {into for into, _, result in results if result.code == 0}
    assert len(into) == 1, results
    one, = into
    other = B if one == A else A
    for direction, _, result in results:
        if direction == one:
            assert result.code == 0 and result.err == "", results
            assert "2 visits, 6 views" in result.out, results
        else:
            assert result.code == 1, results
            assert f"{other} was merged into {one}: they are one" in result.err
    assert numbers(redis, one, "views", "visits", "goals", "clicks", "dwell") \
        == [6, 2, 1, 1, 62000], results
    assert redis("GET", gone(other)) == f"merged {one}".encode()
    assert redis("EXISTS", gone(one), profile(other), state(other), *aside(A),
                 *aside(B)) == 0


@pytest.mark.parametrize("second", [(A, B), (B, A)])
def test_another_merge_between_any_two_commands(redis, run, two, folders, second):
    folder = folders.make("cut")
    for after in range(1, 100):
        two()
        results = []

        def meanwhile():
            results.append((*second, run("visitor", "merge", *second)))

        cut = folders.add(Cut(folder, redis, after, meanwhile))
        results.append((A, B, program.run("visitor", "merge", A, B, address=cut)))
        hold_one(redis, results)
        if len(results) == 1:
            break
    assert after > 12


@pytest.mark.parametrize("second", [(A, B), (B, A)])
def test_two_merges_step_by_step(redis, two, folders, second):
    """One stops before or behind a step, the other one gets as far as some
    step of its own and stops; the first goes on to its end, then the other."""
    folder = folders.make("cut")
    for one, other in itertools.product(range(1, 9), range(1, 9)):
        two()
        stopped, ended = threading.Event(), threading.Event()
        results = []

        def stop():
            stopped.set()
            assert ended.wait(30)

        def merge_second():
            way = folders.add(Cut(folder, redis, other, stop,
                                  f"second{one}-{other}", steps=True))
            results.append((*second, program.run("visitor", "merge", *second,
                                                 address=way)))
            stopped.set()

        def meanwhile():
            thread.start()
            assert stopped.wait(30)

        thread = threading.Thread(target=merge_second)
        way = folders.add(Cut(folder, redis, one, meanwhile,
                              f"first{one}-{other}", steps=True))
        result = program.run("visitor", "merge", A, B, address=way)
        ended.set()
        assert thread.ident is not None
        thread.join(60)
        hold_one(redis, [(A, B, result), *results])


@pytest.mark.parametrize("directions", [[(A, B)] * 6, [(A, B), (B, A)] * 3])
def test_many_at_once(redis, two, start, directions):
    for _ in range(6):
        two()
        running = [(pair, start("visitor", "merge", *pair)) for pair in directions]
        hold_one(redis, [(*pair, one.wait(60)) for pair, one in running])
