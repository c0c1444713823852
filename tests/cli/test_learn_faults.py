"""Whatever happens to learners and to Redis, the numbers are those of one clean
pass: every counter, every state to the byte, every lead once."""

import os
import random
import re
import signal
import threading
import time
from itertools import islice

import pytest

from learning import (LEASE, STREAM, Feed, Written, caught_up, entries, group, model,
                      as_model, teach)
from program import PROGRAM, Running, environment
from slowlink import SlowLink
from traffic import DAY, Traffic, Writer, fill
from wait import until

EVENTS, PEOPLE = 30000, 1500
BEGIN = int(time.time() * 1000) // DAY * DAY - 3 * DAY
SETTINGS = {"counter_values": "30", "lead_threshold": "20", "industry_score": "2"}
SERIALS = random.Random(os.environ.get("ES_SEED", 7))


def traffic(events=EVENTS):
    return Traffic(seed=5, events=events, visitors=PEOPLE, begin=BEGIN)


@pytest.fixture(scope="module")
def clean(module_redis):
    """What one undisturbed run makes of the traffic."""
    import program
    fill(module_redis.socket, traffic())
    teach(module_redis, SETTINGS)
    assert program.run("learn", "--once", address=module_redis).code == 0
    written = Written(module_redis)
    module_redis.close()
    assert len(written.leads) > 10
    return written


@pytest.fixture
def site(redis):
    """A Redis with the traffic, and what is to be learned."""
    fill(redis.socket, traffic())
    teach(redis, SETTINGS)
    return redis


@pytest.fixture
def learner(folders):
    """learner(redis, *args) starts one."""
    def begin(redis, *args):
        return folders.add(Running(folders.make("run"), ("learn", *args),
                                   environment(redis)))
    return begin


def finished(redis, timeout=30):
    until(lambda: caught_up(redis), timeout, "the end of the stream", 0.02)


def the_same(redis, clean):
    Written(redis).same_as(clean)
    assert group(redis)["pending"] == 0


def stopped(*learners):
    for one in learners:
        until(lambda: one.result.err)    # it is ready for signals before it speaks
        result = one.stop()
        assert result.code == 0, result
    return learners


class Fuse(SlowLink):
    """A link that burns through after so many bytes of requests: what() is called
    then, and the rest is cut off."""

    def __init__(self, path, target, left, what):
        self.left, self.what = left, what
        super().__init__(path, target)

    def _requests(self, client, server):
        try:
            while data := client.recv(65536):
                server.sendall(data[:max(0, self.left)])
                self.left -= len(data)
                if self.left < 0:
                    break
        except OSError:
            pass
        if self.left < 0:
            self.what()
        self._hang_up(client, server)


# -- learners that end

def test_killed_after_any_number_of_bytes(site, learner, scratch, clean):
    """Each one dies in the middle of what it sends: of a command, of a phase."""
    sent = 0
    for n in range(20):
        left = int(SERIALS.choice((2e3, 5e4, 3e5, 1e6, 3e6)) * SERIALS.random())
        running, burnt = [], threading.Event()
        fuse = Fuse(os.path.join(scratch, f"{n}"), site.socket, left, burnt.set)
        running.append(learner(f"unix:{fuse.path}"))
        until(lambda: burnt.is_set() or caught_up(site), 20)
        running[0].kill()
        fuse.close()
        site("DEL", LEASE)
        sent += left
        if caught_up(site):
            break
    assert n > 5
    last = learner(site)
    finished(site)
    stopped(last)
    the_same(site, clean)


def test_two_killed_at_random(site, learner, clean):
    pair = [learner(site), learner(site)]
    kills = 0
    while not caught_up(site) and kills < 60:
        time.sleep(SERIALS.uniform(0.02, 0.15))
        n = SERIALS.randrange(2)
        pair[n].kill()
        pair[n] = learner(site)
        if SERIALS.random() < 0.8:      # else the other waits until it expires
            site("DEL", LEASE)
        kills += 1
    finished(site)
    stopped(*pair)
    assert kills > 3
    the_same(site, clean)


def test_killed_while_events_come(redis, learner, clean):
    """Chunks of all sizes, and learners of all ages."""
    teach(redis, SETTINGS)

    def feed():
        writer = Writer(redis.socket)
        events = iter(traffic())
        while batch := list(islice(events, SERIALS.choice((1, 7, 100, 900, 3000)))):
            writer.write(batch)
            time.sleep(SERIALS.uniform(0, 0.08))
        writer.close()

    feeder = threading.Thread(target=feed)
    feeder.start()
    pair = [learner(redis), learner(redis)]
    while feeder.is_alive():
        time.sleep(0.15)
        n = SERIALS.randrange(2)
        pair[n].kill()
        pair[n] = learner(redis)
        redis("DEL", LEASE)
    feeder.join()
    finished(redis)
    stopped(*pair)
    the_same(redis, clean)


def test_two_that_both_think_they_are_the_one(site, learner, clean):
    """Of the same name, both have the lease."""
    pair = [learner(site, "--name", "me"), learner(site, "--name", "me")]
    finished(site)
    stopped(*pair)
    the_same(site, clean)


def test_a_lease_that_is_taken_away(site, learner, clean):
    three = [learner(site) for _ in range(3)]
    while not caught_up(site):
        site("DEL", LEASE)
        time.sleep(0.002)
    stopped(*three)
    the_same(site, clean)


def test_one_that_sleeps_and_wakes_up(site, learner, clean):
    """A machine that stood still: the other has gone on, or is at it."""
    first = learner(site)
    until(lambda: group(site) and group(site)["entries-read"], what="a first chunk",
          every=0.001)
    os.kill(first.pid, signal.SIGSTOP)
    second = learner(site)
    time.sleep(1.7)
    os.kill(first.pid, signal.SIGCONT)
    finished(site)
    stopped(first, second)
    the_same(site, clean)


def test_stopped_and_started(site, learner, clean):
    for _ in range(12):
        one = learner(site)
        until(lambda: one.result.err, every=0.002)
        time.sleep(SERIALS.uniform(0, 0.1))
        stopped(one)
        assert site("EXISTS", LEASE) == 0
    last = learner(site)
    finished(site)
    stopped(last)
    the_same(site, clean)


# -- everything is delivered again

def test_delivered_again_from_the_beginning(site, learner, run, clean):
    one = learner(site)
    until(lambda: group(site) and group(site)["entries-read"], what="a first chunk",
          every=0.001)
    stopped(one)
    for _ in range(2):
        site("XGROUP", "SETID", STREAM, "learn", "0")
        assert run("learn", "--once").code == 0
        the_same(site, clean)
    site("XGROUP", "DESTROY", STREAM, "learn")
    assert run("learn", "--once").code == 0
    the_same(site, clean)


def test_delivered_again_while_it_runs(site, learner, clean):
    one = learner(site)
    for _ in range(20):
        try:
            site("XGROUP", "SETID", STREAM, "learn", "0")
        except Exception:                # there is no group yet
            pass
        time.sleep(0.02)
    site("XGROUP", "DESTROY", STREAM, "learn")
    time.sleep(0.3)
    stopped(one)
    last = learner(site)
    finished(site)
    stopped(last)
    the_same(site, clean)


def test_another_group_counts_nothing_again(site, run, clean):
    assert run("learn", "--once").code == 0
    assert run("learn", "--once", "--group", "other").code == 0
    the_same(site, clean)


# -- troubles of Redis

def test_scripts_that_are_forgotten(site, learner, clean):
    pair = [learner(site), learner(site)]
    for _ in range(20):
        site("SCRIPT", "FLUSH")
        time.sleep(0.1)
    finished(site)
    stopped(*pair)
    the_same(site, clean)


def test_connections_that_are_killed(site, learner, clean):
    pair = [learner(site), learner(site)]
    for _ in range(15):
        site("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        time.sleep(SERIALS.uniform(0.005, 0.4))
    finished(site)
    stopped(*pair)
    the_same(site, clean)


def test_redis_that_stands_still(site, learner, clean):
    pair = [learner(site), learner(site)]
    for _ in range(3):
        time.sleep(0.1)
        site.stop()
        time.sleep(0.6)
        site.cont()
    finished(site)
    stopped(*pair)
    the_same(site, clean)


def test_redis_killed_and_started(new_redis, learner, clean):
    redis = new_redis(aof=True)
    fill(redis.socket, traffic())
    teach(redis, SETTINGS)
    pair = [learner(redis), learner(redis)]
    for _ in range(4):
        time.sleep(SERIALS.uniform(0.05, 0.4))
        redis.restart()
    finished(redis)
    stopped(*pair)
    the_same(redis, clean)


def test_redis_away_from_the_beginning(new_redis, learner, clean):
    redis = new_redis(start=False)
    one = learner(redis)
    time.sleep(0.3)
    redis.start()
    fill(redis.socket, traffic())
    teach(redis, SETTINGS)
    finished(redis)
    # topics may have come a moment after the first events
    result = one.stop()
    assert result.code == 0 and str(redis.socket) in result.err


def test_redis_that_is_full(site, learner, clean):
    """At any moment, also in the middle of what is written."""
    one = learner(site)
    for _ in range(12):
        time.sleep(SERIALS.uniform(0.3, 0.7))        # it tries again after 0.5 s
        site("CONFIG", "SET", "maxmemory", "1")
        time.sleep(SERIALS.uniform(0.001, 0.02))
        site("CONFIG", "SET", "maxmemory", "0")
    finished(site)
    stopped(one)
    the_same(site, clean)


def test_full_for_a_while(site, learner, clean):
    site("CONFIG", "SET", "maxmemory", "1")
    one = learner(site)
    until(lambda: "maxmemory" in one.result.err or "memory" in one.result.err,
          what="a message")
    time.sleep(1)
    assert one.alive and len(one.result.err.splitlines()) < 8
    assert group(site) is None or not group(site)["entries-read"]
    site("CONFIG", "SET", "maxmemory", "0")
    finished(site)
    stopped(one)
    the_same(site, clean)


def test_a_replica_that_becomes_master(new_redis, learner, clean):
    master = new_redis(tcp=True)
    redis = new_redis(tcp=True)
    fill(master.socket, traffic())
    teach(master, SETTINGS)
    first = learner(master)
    until(lambda: group(master) and group(master)["entries-read"],
          what="a first chunk", every=0.001)
    redis("REPLICAOF", "127.0.0.1", master.port)
    second = learner(redis)              # reads, but may not write
    until(lambda: b"master_link_status:up" in redis("INFO", "replication"), 10)
    until(lambda: "READONLY" in second.result.err or "read only" in second.result.err
          or "read-only" in second.result.err, what="a message")
    assert second.alive
    master.kill()
    redis("REPLICAOF", "NO", "ONE")
    finished(redis)
    first.kill()
    stopped(second)
    the_same(redis, clean)


def test_redis_that_has_gone_back(site, run, learner, clean, scratch):
    """An old dump: all that was written since is learned anew from the stream."""
    one = learner(site)
    until(lambda: group(site) and group(site)["entries-read"], what="a first chunk",
          every=0.001)
    stopped(one)
    dump = {key: site("DUMP", key) for key in site("KEYS", "*")}
    again = learner(site)
    finished(site)
    # in one step, as a restart is for a learner, and with its connection cut
    site("MULTI")
    site("FLUSHALL")
    for key, value in dump.items():
        site("RESTORE", key, 0, value)
    site("EXEC")
    site("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
    finished(site)
    stopped(again)
    the_same(site, clean)


# -- the lease, and manners

def test_the_other_takes_over(redis, learner):
    feed = Feed(redis)
    pair = [learner(redis) for _ in range(2)]
    feed(path="/")
    until(lambda: redis("EXISTS", "es:profile:v1"), what="the first event")
    leader = next(one for one in pair if "learning" in one.result.err)
    other = next(one for one in pair if one is not leader)
    until(lambda: "standing by" in other.result.err)
    leader.kill()
    feed(path="/", visitor="v2")
    until(lambda: redis("EXISTS", "es:profile:v2"), 3, "the second event")
    assert other.stop().code == 0


def test_who_is_asked_to_end_hands_over_at_once(redis, learner):
    feed = Feed(redis)
    first = learner(redis)
    feed(path="/")
    until(lambda: redis("EXISTS", "es:profile:v1"), what="the first event")
    second = learner(redis)
    until(lambda: "standing by" in second.result.err)
    stopped(first)
    feed(path="/", visitor="v2")
    until(lambda: redis("EXISTS", "es:profile:v2"), 1, "the second event")
    stopped(second)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("when", ["idle", "at work", "standing by", "Redis away",
                                  "Redis still"])
def test_it_ends_when_asked(redis, learner, number, when):
    if when == "at work":
        fill(redis.socket, traffic())
    if when == "standing by":
        redis("SET", LEASE, "another")
    Feed(redis)(path="/")
    one = learner(redis)
    until(lambda: "learn" in one.result.err)
    if when == "Redis away":
        redis.kill()
        time.sleep(0.7)
    if when == "Redis still":
        redis.stop()
        time.sleep(0.7)
    begun = time.monotonic()
    result = one.stop(number, 40)
    took = time.monotonic() - begun
    if when == "Redis still":
        redis.cont()
    assert result.code == 0 and took < 2


def test_events_are_learned_at_once(redis, learner):
    feed = Feed(redis)
    feed(path="/")
    one = learner(redis)
    until(lambda: redis("EXISTS", "es:profile:v1"), what="the first event")
    for n in range(5):
        time.sleep(0.1)
        feed(path="/", visitor=f"w{n}")
        until(lambda: redis("EXISTS", f"es:profile:w{n}"), 0.5, every=0.005)
    stopped(one)


def test_an_idle_one_is_idle(redis, learner):
    Feed(redis)(path="/")
    pair = [learner(redis), learner(redis)]
    until(lambda: redis("EXISTS", "es:profile:v1"), what="the first event")
    time.sleep(0.5)
    before, calls = cpu(*pair), sum_of_calls(redis)
    time.sleep(2)
    assert cpu(*pair) - before < 0.2
    assert sum_of_calls(redis) - calls < 150
    stopped(*pair)


def cpu(*learners):
    """Seconds that they have taken."""
    total = 0
    for one in learners:
        with open(f"/proc/{one.pid}/stat") as stat:
            fields = stat.read().rpartition(")")[2].split()
        total += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return total


def sum_of_calls(redis):
    info = redis("INFO", "stats").decode()
    return int(re.search(r"total_commands_processed:(\d+)", info)[1])


@pytest.mark.skipif("asan" in PROGRAM, reason="sanitizers take more")
def test_memory_is_bounded(redis, learner):
    """200,000 visitors, a few events each."""
    fill(redis.socket, Traffic(seed=8, events=200000, visitors=200000, depth=1,
                               even=True, broken=0))
    teach(redis)
    one = learner(redis)
    finished(redis, 60)
    with open(f"/proc/{one.pid}/status") as status:
        peak = int(re.search(r"VmHWM:\s+(\d+) kB", status.read())[1])
    stopped(one)
    assert redis("DBSIZE") > 300000
    assert peak < 150 * 1024


# -- visitors that go while it works

def test_tombstones_at_any_moment(redis, learner, run):
    """Whoever is merged or forgotten before their events come: as the model says."""
    fill(redis.socket, traffic(8000))
    teach(redis, SETTINGS)
    site = redis
    ids = sorted({dict(zip(flat[::2], flat[1::2])).get(b"visitor", b"").decode()
                  for _, flat in entries(site)} - {""})
    ids = [id for id in ids if re.fullmatch("[0-9a-f]{32}", id)]
    gone = {ids[n]: f"merged {ids[n + 40]}" for n in range(20)}
    gone.update({ids[n]: f"forgotten {BEGIN + DAY}" for n in range(20, 40)})
    for id, what in gone.items():
        site("SET", f"es:gone:{{es:profile:{id}}}", what)
    wanted = model(SETTINGS, gone).learn(entries(site))
    for _ in range(4):
        one = learner(site)
        time.sleep(0.1)
        one.kill()
        site("DEL", LEASE)
    assert run("learn", "--once").code == 0
    as_model(site, wanted)
    left = {id.decode() for id, _ in entries(site)}
    assert not left & set(wanted.dropped) and len(wanted.dropped) > 20


def test_delivered_again_after_a_merge(site, run, clean):
    """What two visitors had behind them is not counted for the one they became."""
    assert run("learn", "--once").code == 0
    ids = sorted(id for id in clean.profiles if re.fullmatch("[0-9a-f]{32}", id))
    for n in range(10):
        assert run("visitor", "merge", ids[n], ids[n + 10]).code == 0
    before = Written(site)
    site("XGROUP", "SETID", STREAM, "learn", "0")
    assert run("learn", "--once").code == 0
    Written(site).same_as(before)


def test_delivered_again_after_one_was_forgotten(site, run, clean):
    assert run("learn", "--once").code == 0
    ids = sorted(id for id in clean.profiles if re.fullmatch("[0-9a-f]{32}", id))
    for id in ids[:10]:
        assert run("visitor", "forget", id, "--yes").code == 0
    before = Written(site)
    site("XGROUP", "SETID", STREAM, "learn", "0")
    assert run("learn", "--once").code == 0
    Written(site).same_as(before)
    assert not set(ids[:10]) & set(before.profiles)
