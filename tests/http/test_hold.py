"""What Redis acknowledged and forgot is sent again, and nothing else is."""

import re
import threading
import time

import pytest

import spool
import views
from fakeredis import HangUp
from resp import RedisError
from views import arrive, check, lost, settle, view
from wait import until

BASE = ("exportsite_redis @redis@; exportsite_secret @dir@/secret;\n"
        "exportsite_stream events flush=20ms @more@;")
HELD = 2.0          # seconds that are held at least
LONG = 4.0          # after which nothing is


def hold_ends(site):
    """Wait until nothing is held any more."""
    until(lambda: site.json()["events"]["bytes"] == 0, LONG, "empty rings")


@pytest.fixture
def site(redis, nginx):
    return nginx(BASE, views.PAGES, redis=redis, more="")


def ids(redis):
    return {e["path"]: e["id"] for e in redis.stream()}


# -- Redis forgets

def test_a_snapshot_and_a_crash(redis, site):
    """Restarted from a snapshot: the last two seconds come again, once."""
    want = view(site, 0, 100)
    arrive(redis, 100)
    redis("SAVE")
    begin = time.monotonic()
    want += view(site, 100, 300)
    arrive(redis, 400)
    before = ids(redis)
    assert time.monotonic() - begin < HELD, "too slow to be a test"
    redis.restart()
    assert arrive(redis, 400) == want
    settle(site)
    time.sleep(0.3)
    check(redis, want)
    assert ids(redis) == before
    got = site.json()
    assert got["events"]["recorded"] == 400 and lost(got) == 0


def test_an_empty_redis(redis, site):
    """Nothing was kept: what was acknowledged just now is there again."""
    old = view(site, 0, 100)
    arrive(redis, 100)
    hold_ends(site)
    begin = time.monotonic()
    want = view(site, 100, 200)
    arrive(redis, 300)
    assert time.monotonic() - begin < HELD, "too slow to be a test"
    redis.restart()
    arrive(redis, 200)
    want += view(site, 300, 50)
    arrive(redis, 250)
    settle(site)
    check(redis, want)
    assert not set(old) & set(views.stream(redis))


def test_it_is_not_held_for_ever(redis, site):
    """Some seconds later memory is free, and nothing comes again."""
    view(site, 0, 500)
    arrive(redis, 500)
    assert site.json()["events"]["bytes"] > 0
    hold_ends(site)
    redis.restart()
    want = view(site, 1000, 5)
    arrive(redis, 5)
    settle(site)
    time.sleep(0.3)
    check(redis, want)


def test_held_is_not_queued(redis, site):
    """The status page: what was acknowledged does not wait."""
    view(site, 0, 100)
    arrive(redis, 100)
    got = until(lambda: [s for s in [site.json()]
                         if s["events"]["sent"] == 100], what="the count")[0]
    assert got["events"]["queued"] == 0
    assert got["spool"]["events"] == 0


def test_again_and_again(redis, site):
    """Five crashes, a snapshot before each: every event, each once."""
    want = []
    for n in range(5):
        want += view(site, n * 100, 50)
        arrive(redis, len(want))
        redis("SAVE")
        want += view(site, n * 100 + 50, 50)
        arrive(redis, len(want))
        redis.restart()
        arrive(redis, len(want))
    settle(site)
    check(redis, want)


def test_a_crash_under_load(redis, nginx):
    """Crashes with snapshots while views come in: each event once."""
    site = nginx(BASE, views.PAGES, redis=redis, more="", workers=2)
    with views.Load(site, pause=0.002) as load:
        for _ in range(4):
            time.sleep(0.3)
            redis("SAVE")
            time.sleep(0.2)
            redis.restart()
    arrive(redis, len(load.asked))
    settle(site)
    check(redis, load.asked, ordered=False)


def test_forgotten_and_killed(redis, site):
    """The worker dies with Redis: the next one knows what was held."""
    want = view(site, 0, 50)
    arrive(redis, 50)
    redis("SAVE")
    want += view(site, 50, 100)
    arrive(redis, 150)
    redis.kill()
    site.kill9_worker()
    want += view(site, 200, 10)
    redis.start()
    arrive(redis, 160)
    settle(site)
    check(redis, want)


def test_forgotten_and_reloaded(redis, site):
    """So does a new worker after a reload."""
    view(site, 0, 50)
    arrive(redis, 50)
    redis("SAVE")
    view(site, 50, 100)
    arrive(redis, 150)
    site.reload()
    want = views.paths(0, 150)
    redis.restart()
    arrive(redis, 150)
    settle(site)
    check(redis, want)


def test_forgotten_with_a_small_buffer(redis, nginx):
    """What is held makes room for what is new, which is never lost."""
    site = nginx(BASE, views.PAGES, redis=redis,
                 more=f"buffer=64k spool={redis.folder}/spool")
    for n in range(20):
        view(site, n * 100, 100)
        arrive(redis, n * 100 + 100)
    settle(site)
    check(redis, views.paths(0, 2000))
    got = site.json()
    assert lost(got) == 0 and got["events"]["spooled"] == 0
    assert not spool.files(redis.folder + "/spool")


def test_held_events_that_go_to_disk(new_redis, nginx):
    """Redis forgets, is away for long, and memory is small: each once."""
    redis = new_redis()
    site = nginx(BASE, views.PAGES, redis=redis,
                 more=f"buffer=64k spool={redis.folder}/spool")
    want = view(site, 0, 50)
    arrive(redis, 50)
    redis("SAVE")
    want += view(site, 50, 50)
    arrive(redis, 100)
    redis.kill()
    want += view(site, 100, 1500)
    time.sleep(LONG)
    redis.start()
    arrive(redis, 1600)
    settle(site)
    check(redis, want)


def test_held_events_half_on_disk(new_redis, nginx):
    """Forgotten ones partly in a file, partly in memory: each once."""
    redis = new_redis()
    site = nginx(BASE, views.PAGES, redis=redis,
                 more=f"buffer=1m spool={redis.folder}/spool")
    want = view(site, 0, 50)
    arrive(redis, 50)
    redis("SAVE")
    begin = time.monotonic()
    want += view(site, 50, 1500)
    arrive(redis, 1550)
    redis.kill()
    assert time.monotonic() - begin < HELD, "too slow to be a test"
    n = 1550
    while not spool.files(redis.folder + "/spool"):
        want += view(site, n, 200)
        n += 200
    want += view(site, n, 20)
    redis.start()
    arrive(redis, len(want))
    settle(site)
    check(redis, want)


def test_held_events_on_disk_that_redis_kept(new_redis, nginx):
    """The same with a Redis that forgot nothing: the mark passes them."""
    redis = new_redis(aof=True)
    site = nginx(BASE, views.PAGES, redis=redis,
                 more=f"buffer=64k spool={redis.folder}/spool")
    want = view(site, 0, 100)
    arrive(redis, 100)
    redis.kill()
    want += view(site, 100, 1500)
    redis.start()
    arrive(redis, 1600)
    got = settle(site)
    check(redis, want)
    assert got["events"]["sent"] == got["events"]["recorded"] == 1600


# -- nothing is forgotten, and nothing comes twice

def test_flushall_while_connected(redis, site):
    """The operator empties Redis: what he deleted stays deleted."""
    view(site, 0, 200)
    arrive(redis, 200)
    redis("FLUSHALL")
    want = view(site, 1000, 100)
    arrive(redis, 100)
    settle(site)
    time.sleep(0.5)
    check(redis, want)


def test_reconnects_alone_repeat_nothing(redis, slow_link, nginx):
    """Cut connections, Redis as it was: the mark says so."""
    site = nginx(BASE, views.PAGES, redis=slow_link, more="")
    want = []
    for n in range(6):
        want += view(site, n * 200, 200)
        if n % 2:
            arrive(redis, len(want))
        slow_link.cut()
    arrive(redis, len(want))
    settle(site)
    check(redis, want)


def test_lost_answers(redis, slow_link, nginx):
    """Redis took the batches, the answers got lost: each event once."""
    site = nginx(BASE, views.PAGES, redis=slow_link, more="")
    want = view(site, 0, 20)
    arrive(redis, 20)
    for n in range(1, 4):
        settle(site)
        slow_link.swallow = True
        want += view(site, n * 100, 60)
        arrive(redis, len(want) - 59)
        slow_link.swallow = False
        slow_link.cut()
        want += view(site, n * 100 + 60, 5)
        arrive(redis, len(want))
    got = settle(site)
    check(redis, want)
    assert got["events"]["sent"] == got["events"]["recorded"] == len(want)


@pytest.mark.parametrize("reply", [
    b"-LOADING Redis is loading the dataset in memory\r\n",
    b"-MASTERDOWN Link with MASTER is down\r\n", b"*0\r\n", b"hang up"])
def test_the_mark_cannot_be_read_at_first(fake, nginx, reply):
    """Asked again until it can, and nothing is sent meanwhile."""
    site = nginx(BASE, views.PAGES, redis=fake, more="")
    want = view(site, 0, 20)
    until(lambda: len(fake.events) == 20, what="the events")
    left = [2]

    def answer(words):
        if words[0].upper() != b"GET" or left[0] == 0:
            return None
        left[0] -= 1
        if reply == b"hang up":
            raise HangUp()
        return reply

    fake.answer = answer
    asked = fake.asked["EVALSHA"]
    fake.cut()
    want += view(site, 20, 20)
    until(lambda: left[0] == 0 or fake.asked["EVALSHA"] > asked, 8, "GET")
    assert left[0] == 0, "sent without knowing the mark"
    until(lambda: len(fake.events) >= 40, 8, "the rest")
    time.sleep(0.3)
    assert [e["path"] for e in fake.events] == want


@pytest.mark.parametrize("mark", ["", "x", "-1", "9" * 30])
def test_a_mark_that_is_none(redis, slow_link, nginx, mark):
    """Somebody wrote it: at worst a repeat, and all that is new comes."""
    site = nginx(BASE, views.PAGES, redis=slow_link, more="")
    old = view(site, 0, 20)
    arrive(redis, 20)
    hold_ends(site)
    for key in marks(redis):
        redis("SET", key, mark)
    slow_link.cut()
    want = view(site, 20, 50)
    time.sleep(0.5)
    for key in marks(redis):
        if redis("GET", key).decode() == mark:
            redis("DEL", key)
    until(lambda: set(want) <= {e["path"] for e in redis.stream()}, 5,
          "what is new")
    settle(site)
    check(redis, old + want)


# -- failover

SYNC = ("--repl-diskless-sync-delay", "0")


def test_failover_to_a_replica_that_lags(new_redis, redis, slow_link, nginx):
    """The replica missed what the dead one acknowledged just now."""
    redis.close()
    first, second = (new_redis(tcp=True, options=SYNC) for _ in range(2))
    slow_link.target = first.socket
    second("REPLICAOF", "127.0.0.1", first.port)
    site = nginx(BASE, views.PAGES, redis=slow_link, more="")
    want = view(site, 0, 200)
    arrive(first, 200)
    until(lambda: second("XLEN", "es:events") == 200, 8, "the replica")
    until(lambda: site.json()["events"]["queued"] == 0, what="the answers")
    second("REPLICAOF", "NO", "ONE")
    begin = time.monotonic()
    want += view(site, 200, 300)
    arrive(first, 500)
    before = ids(first)
    assert time.monotonic() - begin < HELD, "too slow to be a test"
    slow_link.target = second.socket
    first.kill()
    assert arrive(second, 500) == want
    want += view(site, 500, 50)
    arrive(second, 550)
    settle(site)
    check(second, want)
    assert before.items() <= ids(second).items()


def test_failover_under_load(new_redis, redis, slow_link, nginx):
    """Views all the time while it fails over: each event once."""
    redis.close()
    first, second = (new_redis(tcp=True, options=SYNC) for _ in range(2))
    slow_link.target = first.socket
    second("REPLICAOF", "127.0.0.1", first.port)
    site = nginx(BASE, views.PAGES, redis=slow_link, more="", workers=2)
    with views.Load(site, pause=0.002) as load:
        until(lambda: second("XLEN", "es:events") > 200, 8, "the replica")
        second("REPLICAOF", "NO", "ONE")
        time.sleep(0.8)
        slow_link.target = second.socket
        first.kill()
        time.sleep(0.5)
    arrive(second, len(load.asked))
    settle(site)
    check(second, load.asked, ordered=False)


# -- marks and rights

def marks(redis):
    return redis("KEYS", "es:mark:*")


def test_marks_deleted(redis, site):
    """While connected: what is new comes, what was there does not."""
    want = view(site, 0, 100)
    arrive(redis, 100)
    assert redis("DEL", *marks(redis)) == 1
    want += view(site, 100, 100)
    arrive(redis, 200)
    settle(site)
    time.sleep(0.3)
    check(redis, want)
    assert len(marks(redis)) == 1


@pytest.mark.parametrize("key", ["mark", "stream"])
@pytest.mark.parametrize("cut", [False, True])
def test_a_wrong_type(redis, slow_link, nginx, key, cut):
    """Under the mark or the stream: events wait, once it is mended come."""
    site = nginx(BASE, views.PAGES, redis=slow_link, more="")
    want = view(site, 0, 20)
    arrive(redis, 20)
    hold_ends(site)
    name = marks(redis)[0] if key == "mark" else "es:events"
    redis("RENAME", name, "aside")
    redis("HSET", name, "some", "thing")
    if cut:
        slow_link.cut()
    want += view(site, 20, 50)
    until(lambda: "WRONGTYPE" in site.log(), 4, "a line in the log")
    time.sleep(0.3)
    assert site.json()["events"]["queued"] == 50
    redis("DEL", name)
    redis("RENAME", "aside", name)
    want += view(site, 70, 10)
    arrive(redis, 80)
    got = settle(site)
    check(redis, want)
    assert lost(got) == 0


# as Redis 7.0 says it of a command in a script, and later ones do
LACKS = "NOPERM|can't run this command|has no permissions to run"


@pytest.mark.parametrize("right", ["xadd", "get", "evalsha", "script|load"])
def test_a_right_taken_away(redis, slow_link, nginx, right):
    """NOPERM: events wait, it is logged, and with the right they come."""
    site = nginx(BASE, views.PAGES, redis=slow_link, more="")
    want = view(site, 0, 20)
    arrive(redis, 20)
    settle(site)
    redis("ACL", "SETUSER", "default", "-" + right)
    slow_link.cut()
    want += view(site, 20, 50)
    until(lambda: re.search(LACKS, site.log()), 4,
          "a line in the log")
    assert site.json()["events"]["queued"] == 50
    redis("ACL", "SETUSER", "default", "+" + right)
    arrive(redis, 70)
    got = settle(site)
    check(redis, want)
    assert lost(got) == 0


def test_out_of_memory(redis, nginx):
    """OOM with noeviction: events wait, with the spool as long as needed."""
    site = nginx(BASE, views.PAGES, redis=redis,
                 more=f"buffer=64k spool={redis.folder}/spool")
    want = view(site, 0, 20)
    arrive(redis, 20)
    redis("CONFIG", "SET", "maxmemory", 1)
    want += view(site, 20, 1000)
    until(lambda: "OOM" in site.log(), 4, "a line in the log")
    redis("CONFIG", "SET", "maxmemory", 0)
    arrive(redis, 1020)
    got = settle(site)
    check(redis, want)
    assert lost(got) == 0 and got["events"]["spooled"] > 500


def test_a_replica_refuses_writes(new_redis, redis, nginx):
    """READONLY, as after a failover the other way: they wait, and come."""
    other = new_redis(tcp=True)
    site = nginx(BASE, views.PAGES, redis=redis, more="")
    want = view(site, 0, 20)
    arrive(redis, 20)
    other("SET", "x", "y")
    redis("CONFIG", "SET", "replica-serve-stale-data", "yes")
    redis("REPLICAOF", "127.0.0.1", 1)       # of nobody, so it keeps its data
    want += view(site, 20, 50)
    until(lambda: "READONLY" in site.log(), 4, "a line in the log")
    redis("REPLICAOF", "NO", "ONE")
    arrive(redis, 70)
    settle(site)
    check(redis, want)


def test_scripts_flushed(redis, site):
    """SCRIPT FLUSH again and again under load: each event once."""
    stop = threading.Event()

    def flush():
        while not stop.wait(0.02):
            try:
                redis("SCRIPT", "FLUSH")
            except RedisError:
                pass

    thread = threading.Thread(target=flush)
    thread.start()
    want = view(site, 0, 3000)
    time.sleep(0.5)
    stop.set()
    thread.join()
    arrive(redis, 3000)
    settle(site)
    check(redis, want)
