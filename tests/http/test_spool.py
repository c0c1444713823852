"""The spool: what does not fit into memory waits on disk, and comes once."""

import os
import threading
import time

import pytest

import spool
import views
from views import arrive, check, lost, settle, view, waiting
from wait import until


def conf(folder="@dir@/spool", buffer="64k", more=""):
    return ("exportsite_redis @redis@; exportsite_secret @dir@/secret;\n"
            f"exportsite_stream events buffer={buffer} spool={folder} "
            f"{more};\n")


@pytest.fixture
def redis(new_redis):
    """One that forgets nothing."""
    return new_redis(aof=True)


@pytest.fixture
def away(new_redis):
    """One that is not there yet."""
    return new_redis(aof=True, start=False)


def folder_of(site):
    return site.path("spool")


def gone(site):
    """The files are deleted, some seconds after their last event."""
    until(lambda: not spool.files(folder_of(site)), 8, "no files any more")


# -- more than memory holds

def test_more_views_than_fit(redis, nginx):
    """They go to files, oldest first, and from there to the stream."""
    site = nginx(conf(), views.PAGES, redis=redis)
    want = view(site, 0, 20)
    arrive(redis, 20)
    redis.kill()
    want += view(site, 20, 2000)
    until(lambda: waiting(site.json()) == 2000, 3, "2,000 to wait")
    got = site.json()
    files = spool.contents(folder_of(site))
    written = [e["path"] for e in spool.events(folder_of(site))
               if e["path"] in want[20:]]
    assert files and all(f.good == f.size for f in files)
    assert len(written) >= 2000 - 65536 // 250
    assert written == want[20:20 + len(written)]
    assert got["events"]["spooled"] >= len(written)
    assert got["spool"]["events"] == len(written)
    assert got["spool"]["files"] == len(files)
    assert got["spool"]["bytes"] == spool.size(folder_of(site))
    assert got["events"]["recorded"] == 2020 and lost(got) == 0

    redis.start()
    assert arrive(redis, 2020) == want
    got = settle(site)
    check(redis, want)
    assert got["events"]["sent"] == got["events"]["recorded"] == 2020
    assert got["events"]["replayed"] == len(written)
    assert lost(got) == 0
    gone(site)
    assert site.json()["spool"]["bytes"] == 0


def test_the_same_again_and_again(redis, nginx):
    """Three outages of one worker: each time all of it, in order."""
    site = nginx(conf(), views.PAGES, redis=redis)
    want = []
    for n in range(3):
        redis.kill()
        want += view(site, 1000 * n, 700)
        redis.start()
        arrive(redis, len(want))
        want += view(site, 1000 * n + 700, 100)
        arrive(redis, len(want))
    got = settle(site)
    check(redis, want)
    assert lost(got) == 0 and got["events"]["spooled"] > 1000


def test_files_stay_until_redis_had_time_to_lose_them(redis, nginx):
    """A file is there a moment after its last event was taken, not longer."""
    site = nginx(conf(), views.PAGES, redis=redis)
    redis.kill()
    want = view(site, 0, 1000)
    redis.start()
    arrive(redis, 1000)
    begin = time.monotonic()
    assert spool.files(folder_of(site))
    gone(site)
    assert 1.0 < time.monotonic() - begin < 6
    check(redis, want)


def test_more_than_the_ring_while_connected(redis, nginx):
    """A burst that is larger than the buffer, Redis there: nothing lost."""
    site = nginx(conf(), views.PAGES, redis=redis)
    views.connected(site)
    want = view(site, 0, 8000)
    arrive(redis, 8000, 15)
    got = settle(site)
    check(redis, want)
    assert lost(got) == 0


def test_without_spool_the_rest_is_lost(redis, nginx):
    """No spool=: counted as lost for want of memory, no file anywhere."""
    site = nginx("exportsite_redis @redis@; exportsite_secret @dir@/secret;\n"
                 "exportsite_stream events buffer=64k;", views.PAGES,
                 redis=redis)
    redis.kill()
    view(site, 0, 1000)
    got = until(lambda: [s for s in [site.json()]
                         if waiting(s) + lost(s) == 1000], what="the sum")[0]
    assert lost(got) == lost(got, "memory") > 500
    assert got["spool"]["files"] == got["spool"]["events"] == 0
    assert not os.path.exists(folder_of(site))


def test_several_workers(redis, nginx):
    """Files of several workers; each one's events in their order."""
    site = nginx(conf(), views.PAGES, redis=redis, workers=3,
                 listen="127.0.0.1:@port@ reuseport")
    redis.kill()
    want = []
    for n in range(30):
        want += view(site, n * 100, 100)
    until(lambda: waiting(site.json()) == 3000, 3, "3,000 to wait")
    assert len({f.producer for f in spool.contents(folder_of(site))}) >= 2
    redis.start()
    arrive(redis, 3000)
    got = settle(site)
    check(redis, want, ordered=False)
    in_order(redis)
    assert lost(got) == 0 and got["events"]["sent"] == 3000


def in_order(redis):
    """Events of one process stand in the order of their ids."""
    last = {}
    for event in redis.stream():
        process, number = event["id"][:16], event["id"][16:]
        assert number > last.get(process, ""), event
        last[process] = number


def test_redis_stuck(redis, nginx):
    """Stopped for some seconds, then it goes on with what it had been sent."""
    site = nginx(conf(), views.PAGES, redis=redis)
    want = view(site, 0, 10)
    arrive(redis, 10)
    redis.stop()
    for n in range(10):
        want += view(site, 10 + n * 150, 150)
        time.sleep(0.25)
    redis.cont()
    arrive(redis, len(want))
    got = settle(site)
    check(redis, want)
    assert lost(got) == 0 and got["events"]["spooled"] > 500


def test_slow_redis_at_load(redis, slow_link, nginx):
    """50 ms a batch: memory suffices, so nothing goes to disk."""
    site = nginx(conf(buffer="4m"), views.PAGES, redis=slow_link)
    views.connected(site)
    slow_link.delay = 0.05
    want = view(site, 0, 6000)
    arrive(redis, 6000)
    got = settle(site)
    check(redis, want)
    assert got["events"]["spooled"] == 0 and lost(got) == 0
    assert not spool.files(folder_of(site))


def test_redis_comes_and_goes_under_load(redis, nginx):
    """Restarted again and again, a small buffer: each event once."""
    site = nginx(conf(), views.PAGES, redis=redis, workers=2)
    with views.Load(site, pause=0.002) as load:
        for _ in range(4):
            time.sleep(0.3)
            redis.kill()
            time.sleep(0.3)
            redis.start()
        time.sleep(0.2)
    assert load.failed == 0
    views.arrive_all(redis, load.asked, 20)
    got = settle(site)
    check(redis, load.asked, ordered=False)
    assert lost(got) == 0


# -- a backlog

def test_fresh_events_do_not_wait_for_a_backlog(
        redis, slow_link, nginx):
    """50,000 events on disk, a slow Redis: a fresh view is there in 2 s."""
    slow_link.delay = 0.1
    site = nginx(conf(), views.PAGES, redis=slow_link, start=False)
    old = spool.make(site.path("spool"))
    want = [f"/old/{n}" for n in range(50000)]
    for n in range(0, 50000, 12500):
        spool.put(old, 77, spool.content(77, want[n:n + 12500], n + 1),
                  60000 - n)
    site.start()
    with Pages(site) as pages:
        arrive(redis, 1000)
        begin = time.monotonic()
        fresh = view(site, 0, 5)
        until(lambda: fresh[-1] in newest(redis), 3.5, "the fresh views")
        took = time.monotonic() - begin
        assert redis("XLEN", "es:events") < 45000, f"{took} s are no test"
        slow_link.delay = 0
        arrive(redis, 50005, 20)
    settle(site)
    got = views.stream(redis)
    assert [p for p in got if p not in fresh] == want
    assert [p for p in got if p in fresh] == fresh
    assert len(pages.took) > 100 and pages.most() < 0.05
    gone(site)


def newest(redis):
    """Paths of the last events in the stream."""
    return [flat[flat.index(b"path") + 1].decode() for _, flat
            in redis("XREVRANGE", "es:events", "+", "-", "COUNT", 3000)]


class Pages:
    """How long pages take meanwhile."""

    def __init__(self, site):
        self.site = site
        self.took = []
        self.halt = threading.Event()
        self.thread = threading.Thread(target=self._run)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.halt.set()
        self.thread.join()

    def _run(self):
        with self.site.session() as session:
            while not self.halt.wait(0.005):
                begin = time.monotonic()
                assert session.get("/nothing").status == 404
                self.took.append(time.monotonic() - begin)

    def most(self):
        """Seconds that nineteen of twenty took at most."""
        return sorted(self.took)[len(self.took) * 19 // 20]


def test_a_backlog_while_more_comes_in(redis, slow_link, nginx):
    """Redis slow, small buffer, load on top of a backlog: each event once."""
    slow_link.delay = 0.05
    site = nginx(conf(), views.PAGES, redis=slow_link, start=False)
    old = spool.make(site.path("spool"))
    want = [f"/old/{n}" for n in range(20000)]
    spool.put(old, 77, spool.content(77, want))
    site.start()
    with views.Load(site, threads=1, pause=0.01) as load:
        time.sleep(3.0)
    slow_link.delay = 0
    arrive(redis, len(want) + len(load.asked), 20)
    got = settle(site)
    check(redis, want + load.asked, ordered=False)
    assert lost(got) == 0
    stream = views.stream(redis)
    assert [p for p in stream if p.startswith("/old/")] == want


# -- kill -9

def survives(site, load, kills, between):
    """Kill the worker so often under load, then look at the stream."""
    with load:
        for _ in range(kills):
            time.sleep(between)
            site.kill9_worker()
        until(lambda: len(load.done) > 300, 20, "300 views")
    return load


def verdict(redis, site, load, kills):
    """Every complete event once, and no other that was not asked for."""
    assert load.failed <= 8 * (kills + 1)
    if redis.process is None:
        redis.start()
    views.arrive_all(redis, load.done)
    got = settle(site)
    stream = views.stream(redis)
    assert set(load.done) <= set(stream) <= set(load.asked)
    assert len(stream) == len(set(stream))
    # a record torn by the kill may be counted, though memory still had it
    assert lost(got) == lost(got, "torn") <= kills


def test_worker_killed(redis, nginx):
    """Redis there: no complete event is lost, none comes twice."""
    site = nginx(conf(buffer="4m"), views.PAGES, redis=redis)
    load = survives(site, views.Load(site, pause=0.001), 8, 0.12)
    verdict(redis, site, load, 8)


def test_worker_killed_while_redis_is_slow(redis, slow_link, nginx):
    """Killed with a batch under way whose answer nobody hears."""
    slow_link.delay = 0.03
    site = nginx(conf(), views.PAGES, redis=slow_link, workers=2)
    load = survives(site, views.Load(site, pause=0.002), 8, 0.12)
    slow_link.delay = 0
    verdict(redis, site, load, 8)


@pytest.mark.parametrize("more", [10, 1500])
def test_worker_killed_with_a_batch_under_way(
        redis, slow_link, nginx, more):
    """Redis took it, nobody heard; then it is away, and memory full."""
    site = nginx(conf(), views.PAGES, redis=slow_link)
    want = view(site, 0, 20)
    arrive(redis, 20)
    settle(site)
    slow_link.swallow = True
    want += view(site, 20, 80)
    arrive(redis, 21)
    target, slow_link.target = slow_link.target, "/nowhere"
    site.kill9_worker()
    slow_link.cut()
    slow_link.swallow = False
    want += view(site, 100, more)
    assert bool(spool.files(folder_of(site))) == (more > 1000)
    slow_link.target = target
    arrive(redis, len(want))
    got = settle(site)
    check(redis, want)
    assert lost(got) == 0


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("buffer", ["4m", "64k"])
def test_worker_killed_without_redis(redis, nginx, buffer, workers):
    """Redis away: in memory (4m) or in files too (64k), all is kept."""
    site = nginx(conf(buffer=buffer), views.PAGES, redis=redis,
                 workers=workers)
    redis.kill()
    load = survives(site, views.Load(site, pause=0.001), 8, 0.12)
    files = spool.files(folder_of(site))
    assert bool(files) == (buffer == "64k")
    verdict(redis, site, load, 8)


def test_workers_killed_in_turns_with_redis_coming_and_going(redis, nginx):
    """The worst of days: both, with a small buffer and three workers."""
    site = nginx(conf(), views.PAGES, redis=redis, workers=3)
    with views.Load(site, threads=3, pause=0.003) as load:
        for n in range(3):
            time.sleep(0.2)
            redis.kill()
            for _ in range(3):
                time.sleep(0.1)
                site.kill9_worker(site.workers()[n % 3])
            redis.start()
        until(lambda: len(load.done) > 300, 20, "300 views")
    verdict(redis, site, load, 9)


def test_all_killed(away, nginx):
    """kill -9 of all: what is in files comes, what was in memory is gone."""
    site = nginx(conf(), views.PAGES, redis=away)
    asked = view(site, 0, 3000)
    site.kill9()
    want = [e["path"] for e in spool.events(folder_of(site))]
    assert want == asked[:len(want)] and len(want) > 2500
    site.start()
    away.start()
    arrive(away, len(want))
    got = settle(site)
    check(away, want)
    assert got["events"]["replayed"] == len(want) and lost(got) == 0
    more = view(site, 5000, 10)
    arrive(away, len(want) + 10)
    check(away, want + more)
    gone(site)


def test_all_killed_under_load(away, nginx):
    """Killed in the middle of writing: what can be read comes, once."""
    site = nginx(conf(), views.PAGES, redis=away, workers=2)
    want = []
    for n in range(4):
        with views.Load(site, pause=0.001) as load:
            until(lambda: len(load.done) > 500, 20, "500 views")
            site.kill9()
        files = spool.contents(folder_of(site))
        want = [e["path"] + e["id"] for e in spool.events(folder_of(site))]
        assert len(set(want)) == len(want)
        site.start()
    assert len(want) > 500
    torn = sum(f.good < f.size for f in files)
    away.start()
    arrive(away, len(want))
    got = settle(site)
    assert (sorted(e["path"] + e["id"] for e in away.stream())
            == sorted(want))
    assert lost(got) <= torn


def test_killed_during_the_replay(redis, slow_link, nginx):
    """kill -9 of all in the middle of a replay: the rest comes, once."""
    slow_link.delay = 0.02
    site = nginx(conf(), views.PAGES, redis=slow_link, start=False)
    old = spool.make(site.path("spool"))
    want = [f"/old/{n}" for n in range(20000)]
    for n in range(0, 20000, 5000):
        spool.put(old, 77, spool.content(77, want[n:n + 5000], n + 1),
                  60000 - n)
    site.start()
    for _ in range(2):
        at = redis("XLEN", "es:events")
        until(lambda: redis("XLEN", "es:events") > min(at + 1500, 19000), 5,
              "some to come")
        site.kill9()
        site.start()
    slow_link.delay = 0
    arrive(redis, 20000, 15)
    settle(site)
    check(redis, want)
    gone(site)


def test_a_file_that_was_replayed_is_not_replayed_again(redis, nginx):
    """Killed before its file was deleted: the mark knows what is written."""
    site = nginx(conf(), views.PAGES, redis=redis)
    redis.kill()
    want = view(site, 0, 1500)
    redis.start()
    arrive(redis, 1500)
    settle(site)
    assert spool.files(folder_of(site))
    site.kill9()
    site.start()
    want += view(site, 2000, 5)
    arrive(redis, 1505)
    settle(site)
    gone(site)
    check(redis, want)


# -- spool_max

def test_spool_max(away, nginx):
    """The oldest go and are counted; the newest come, and no gap in them."""
    site = nginx(conf(more="spool_max=1m"), views.PAGES, redis=away)
    largest = 0
    for n in range(8):
        view(site, n * 1000, 1000)
        largest = max(largest, spool.size(folder_of(site)))
    time.sleep(1.1)
    assert spool.size(folder_of(site)) <= 1 << 20
    assert largest <= (1 << 20) + 256 * 1024
    got = site.json()
    assert len(spool.files(folder_of(site))) > 4
    assert lost(got) == lost(got, "spool_max") > 2000
    assert waiting(got) + lost(got) == 8000 == got["events"]["recorded"]
    away.start()
    arrive(away, 8000 - lost(got))
    after = settle(site)
    check(away, views.paths(0, 8000)[lost(got):])
    assert lost(after) == lost(got)


def test_spool_max_is_for_all_workers(away, nginx):
    """Three workers keep to it together; the sums agree."""
    site = nginx(conf(more="spool_max=1m"), views.PAGES, redis=away,
                 workers=3, listen="127.0.0.1:@port@ reuseport")
    want = []
    for n in range(60):
        want += view(site, n * 100, 100)
        assert spool.size(folder_of(site)) <= (1 << 20) + 3 * 256 * 1024
    until(lambda: spool.size(folder_of(site)) <= 1 << 20, 6, "the limit")
    got = site.json()
    assert lost(got) == lost(got, "spool_max") > 1000
    assert waiting(got) + lost(got) == 6000
    away.start()
    stream = arrive(away, 6000 - lost(got))
    after = settle(site)
    assert len(stream) == 6000 - lost(after) and lost(after) == lost(got)
    assert set(stream) <= set(want)


def test_spool_max_after_kills(away, nginx):
    """What a dead worker held is not counted twice."""
    site = nginx(conf(more="spool_max=1m"), views.PAGES, redis=away,
                 workers=2)
    asked = view(site, 0, 2000)
    for n in range(3):
        for pid in site.workers():
            site.kill9_worker(pid)
        time.sleep(1.1)
        asked += view(site, 2000 + n, 1)
    time.sleep(1.1)
    assert lost(site.json()) == 0
    away.start()
    arrive(away, 2003)
    settle(site)
    check(away, asked, ordered=False)


def test_spool_max_holds_for_what_was_left(away, nginx):
    """Files of an earlier life are counted in, and are the first to go."""
    site = nginx(conf(more="spool_max=1m"), views.PAGES, redis=away,
                 start=False)
    old = spool.make(site.path("spool"))
    parts = []
    for n in range(6):
        paths = [f"/old/{n}-{i}" for i in range(1500)]
        parts.append(paths)
        spool.put(old, 70 + n, spool.content(70 + n, paths), 90000 - n * 1000)
    site.start()
    until(lambda: spool.size(old) <= 1 << 20, 5, "the oldest to go")
    left = [p for part in parts for p in part][-len(spool.events(old)):]
    until(lambda: lost(site.json(), "spool_max") == 9000 - len(left), 3,
          "the count")
    away.start()
    arrive(away, len(left))
    settle(site)
    check(away, left, ordered=False)
    assert len(left) > 1500
