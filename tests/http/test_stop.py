"""nginx is stopped, reloaded, started again: each event once, all the same."""

import os
import re
import signal
import time

import pytest

import processes
import spool
import views
import webserver
from views import arrive, check, lost, settle, view, waiting
from wait import until

BASE = ("exportsite_redis @redis@; exportsite_secret @dir@/secret;\n"
        "exportsite_stream events @more@;")
SPOOL = "spool=@dir@/spool"


@pytest.fixture
def redis(new_redis):
    """One that forgets nothing."""
    return new_redis(aof=True)


@pytest.fixture
def away(new_redis):
    """One that is not there yet."""
    return new_redis(aof=True, start=False)


@pytest.fixture
def start(nginx):
    """start(redis, "buffer=…", …): an nginx with a spool."""
    def make(redis, more="", **names):
        return nginx(BASE.replace("@more@", SPOOL + " " + more),
                     views.PAGES, redis=redis, **names)
    return make


def configured(more):
    return BASE.replace("@more@", more)


def in_files(site):
    return [e["path"] for e in spool.events(site.path("spool"))]


# -- stopped

@pytest.mark.parametrize("how", ["quit", "stop"])
@pytest.mark.parametrize("buffer", ["4m", "64k"])
def test_stopped_without_redis(away, start, how, buffer):
    """quit and stop: all of it is in files, and comes after the next start."""
    site = start(away, f"buffer={buffer}", workers=2)
    want = view(site, 0, 500) + view(site, 500, 500)
    begin = time.monotonic()
    getattr(site, how)()
    assert time.monotonic() - begin < 5
    assert sorted(in_files(site)) == sorted(want)
    assert all(f.good == f.size
               for f in spool.contents(site.path("spool")))
    assert "unsent events in memory" not in site.log()
    away.start()
    site.start()
    arrive(away, 1000)
    got = settle(site)
    check(away, want, ordered=False)
    assert got["events"]["replayed"] == 1000 and lost(got) == 0


def test_stopped_in_order(away, start):
    """One worker, stopped twice: the order is that of the views."""
    site = start(away)
    want = view(site, 0, 300)
    site.quit()
    site.start()
    want += view(site, 300, 300)
    site.stop()
    assert in_files(site) == want
    site.start()
    away.start()
    arrive(away, 600)
    settle(site)
    check(away, want)


@pytest.mark.parametrize("how", ["quit", "stop"])
def test_stopped_with_redis(redis, start, how):
    """Events that were not sent yet are sent, or wait for the next start."""
    site = start(redis, "flush=5s")
    want = view(site, 0, 300)
    getattr(site, how)()
    there = redis.stream()
    assert len(there) + len(in_files(site)) >= 300
    if how == "quit":
        assert [e["path"] for e in there] == want
    site.start()
    arrive(redis, 300)
    settle(site)
    check(redis, want)


@pytest.mark.parametrize("how", ["quit", "stop"])
def test_stopped_under_load(redis, start, how):
    """Stopped with requests on their way: what is complete comes, once."""
    site = start(redis, workers=2)
    with views.Load(site, pause=0.001) as load:
        until(lambda: len(load.done) > 200, 20, "200 views")
        getattr(site, how)()
    site.start()
    views.arrive_all(redis, load.done)
    settle(site)
    stream = views.stream(redis)
    assert set(load.done) <= set(stream) <= set(load.asked)
    assert len(stream) == len(set(stream))


def test_stopped_while_redis_is_stuck(redis, start):
    """A batch under way, its answer outstanding: each event once."""
    site = start(redis)
    want = view(site, 0, 20)
    arrive(redis, 20)
    redis.stop()
    want += view(site, 20, 200)
    time.sleep(0.3)
    begin = time.monotonic()
    site.quit()
    assert time.monotonic() - begin < 6
    assert set(in_files(site)) >= set(want[20:])
    redis.cont()
    site.start()
    want += view(site, 300, 20)
    arrive(redis, 240)
    settle(site)
    check(redis, want)


def test_a_worker_told_to_quit(away, start):
    """SIGQUIT of a worker: its events are kept, the rest goes on."""
    site = start(away, workers=2)
    want = view(site, 0, 300)
    old = site.workers()
    for pid in old:
        os.kill(pid, signal.SIGQUIT)
    until(lambda: not set(old) & set(processes.group(site.process.pid))
          and len(site.workers()) == 2, 8, "two new workers")
    want += view(site, 300, 300)
    away.start()
    arrive(away, 600)
    settle(site)
    check(away, want, ordered=False)


@pytest.mark.parametrize("signals", [
    (signal.SIGQUIT, signal.SIGTERM), (signal.SIGTERM, signal.SIGTERM),
    (signal.SIGHUP, signal.SIGTERM)])
def test_told_twice(away, start, signals):
    """An impatient operator: nothing is lost by a second signal."""
    site = start(away, "buffer=64k")
    want = view(site, 0, 1000)
    for one in signals:
        site.process.send_signal(one)
        time.sleep(0.02)
    site.process.wait(10)
    assert sorted(set(in_files(site))) == sorted(want)
    site.start()
    away.start()
    arrive(away, 1000)
    settle(site)
    check(away, want, ordered=False)


def test_disk_full_at_the_stop(away, start, nginx):
    """What cannot be written at the end is told, and the stop is not late."""
    site = start(away)
    view(site, 0, 200)
    if os.getuid() == 0:
        os.chown(site.path("spool"), 0, 0)
    os.chmod(site.path("spool"), 0o500)
    begin = time.monotonic()
    site.quit()
    assert time.monotonic() - begin < 6
    assert re.search(r"200 (unsent )?events", site.log()), site.log()[-600:]


def test_without_spool_a_stop_tells_what_is_left(away, nginx):
    """No spool=: as it was, a line says how many."""
    site = nginx(configured(""), views.PAGES, redis=away)
    view(site, 0, 50)
    site.quit()
    assert re.search(r"50 unsent events", site.log())


# -- started again

def test_started_with_what_others_left(redis, start):
    """Several producers' files, three workers: each in its own order."""
    site = start(redis, workers=3, listen="127.0.0.1:@port@ reuseport")
    redis.kill()
    want = []
    for n in range(20):
        want += view(site, n * 60, 60)
    site.quit()
    producers = {f.producer for f in spool.contents(site.path("spool"))}
    assert len(producers) >= 2
    order = {}
    for event in spool.events(site.path("spool")):
        order.setdefault(event["id"][:16], []).append(event["path"])
    redis.start()
    site.configure(workers=2)
    site.start()
    arrive(redis, 1200)
    settle(site)
    check(redis, want, ordered=False)
    got = {}
    for event in redis.stream():
        got.setdefault(event["id"][:16], []).append(event["path"])
    assert got == order
    until(lambda: not spool.files(site.path("spool")), 8, "no files")


def test_started_again_and_again(away, start):
    """Ten starts without Redis, events in each: all of them, in order."""
    site = start(away)
    want = []
    for n in range(10):
        want += view(site, n * 100, 50)
        (site.quit if n % 2 else site.stop)()
        site.start()
    away.start()
    arrive(away, 500)
    settle(site)
    check(away, want)


class Single(webserver.Nginx):
    """An nginx of one process."""

    def workers(self):
        try:
            self.raw(b"GET /nothing HTTP/1.0\r\n\r\n")
        except OSError:
            return []
        return [self.process.pid]


def test_master_process_off(away):
    """One process that is all: files, replay, and a stop in between."""
    site = Single(configured(SPOOL + " buffer=64k"), views.PAGES,
                  main="master_process off;", redis=away)
    try:
        want = view(site, 0, 1000)
        site.stop()
        assert in_files(site) == want
        site.start()
        want += view(site, 1000, 500)
        away.start()
        arrive(away, 1500)
        settle(site)
        check(away, want, ordered=False)
        stream = views.stream(away)
        assert [p for p in stream if p in want[:1000]] == want[:1000]
        assert [p for p in stream if p in want[1000:]] == want[1000:]
    finally:
        site.close()


# -- reloaded

def test_ten_reloads_under_load(redis, start):
    """Redis there: none lost, none twice."""
    site = start(redis, workers=2)
    with views.Load(site, pause=0.001) as load:
        for _ in range(10):
            time.sleep(0.1)
            site.reload(wait_old=False)
        until(lambda: len(load.done) > 500, 20, "500 views")
    views.arrive_all(redis, load.done)
    got = settle(site)
    stream = views.stream(redis)
    assert set(load.done) <= set(stream) <= set(load.asked)
    assert len(stream) == len(set(stream))
    assert lost(got) == 0


@pytest.mark.parametrize("buffer", ["4m", "64k"])
def test_ten_reloads_without_redis(redis, start, buffer):
    """Redis away: old workers leave theirs, none lost, none twice."""
    site = start(redis, f"buffer={buffer}", workers=2)
    redis.kill()
    with views.Load(site, pause=0.002) as load:
        for _ in range(10):
            time.sleep(0.1)
            site.reload(wait_old=False)
        until(lambda: len(load.done) > 500, 20, "500 views")
    redis.start()
    views.arrive_all(redis, load.done)
    got = settle(site)
    stream = views.stream(redis)
    assert set(load.done) <= set(stream) <= set(load.asked)
    assert len(stream) == len(set(stream))
    assert lost(got) == 0


def test_reload_makes_the_stream_stand_in_order(redis, start):
    """One worker, Redis away, three reloads: the order of the views."""
    site = start(redis)
    redis.kill()
    want = []
    for n in range(4):
        want += view(site, n * 200, 200)
        site.reload()
    redis.start()
    arrive(redis, 800)
    settle(site)
    check(redis, want, ordered=False)
    stream = views.stream(redis)
    for n in range(4):
        part = views.paths(n * 200, 200)
        assert [p for p in stream if p in part] == part


def test_reload_with_another_buffer(away, start):
    """New queues: what the old ones hold goes to files and comes."""
    site = start(away, "buffer=4m", workers=2)
    want = view(site, 0, 300)
    site.reload(http=configured(SPOOL + " buffer=1m"))
    want += view(site, 300, 300)
    site.reload(http=configured(SPOOL + " buffer=64k"))
    want += view(site, 600, 900)
    site.reload(http=configured(SPOOL + " buffer=2m"))
    want += view(site, 1500, 300)
    away.start()
    arrive(away, 1800)
    settle(site)
    check(away, want, ordered=False)


def test_reload_with_another_buffer_without_spool(away, nginx):
    """New queues and no files: what the old ones hold counts as lost."""
    site = nginx(configured("buffer=1m"), views.PAGES, redis=away)
    view(site, 0, 70)
    site.reload(http=configured("buffer=2m"))
    assert "70 unsent events are lost" in site.log()
    want = view(site, 100, 30)
    got = site.json()
    assert lost(got, "memory") == 70 and got["events"]["queued"] == 30
    site.reload()
    assert lost(site.json()) == 70
    away.start()
    arrive(away, 30)
    settle(site)
    check(away, want)


def test_reload_with_a_spool_at_last(away, nginx):
    """spool= comes with a reload, and leaves with one: none is lost."""
    site = nginx(configured("buffer=256k"), views.PAGES, redis=away)
    want = view(site, 0, 200)
    site.reload(http=configured(SPOOL + " buffer=256k"))
    want += view(site, 200, 2000)
    assert lost(site.json()) == 0 and in_files(site)
    site.quit()
    got = in_files(site)
    assert not set(want) - set(got), len(set(want) - set(got))
    assert len(got) == len(want)
    site.start()
    away.start()
    arrive(away, 2200)
    settle(site)
    check(away, want, ordered=False)


def test_reload_with_another_directory(away, start):
    """What lies in the old one stays there, and comes if it is moved."""
    site = start(away, "buffer=64k")
    want = view(site, 0, 1000)
    site.reload(http=configured("spool=@dir@/other buffer=64k"))
    want += view(site, 1000, 500)
    old, new = site.path("spool"), site.path("other")
    assert spool.files(old) and spool.files(new)
    for path in spool.files(old):
        os.rename(path, os.path.join(new, os.path.basename(path)))
    away.start()
    arrive(away, 1500)
    settle(site)
    check(away, want, ordered=False)


def test_reload_with_more_and_fewer_workers(redis, start):
    """1, 3 and 1 workers again, with and without Redis: each event once."""
    site = start(redis, "buffer=64k")
    want = view(site, 0, 500)
    redis.kill()
    for n, workers in enumerate((3, 1, 3, 1), 1):
        want += view(site, n * 1000, 500)
        site.reload(workers=workers)
    want += view(site, 9000, 500)
    redis.start()
    arrive(redis, len(want))
    got = settle(site)
    check(redis, want, ordered=False)
    assert waiting(got) == 0 and lost(got) == 0


def test_spool_of_a_reloaded_nginx_is_not_taken_twice(redis, start):
    """Old workers that linger keep their files until they are done."""
    site = start(redis, "buffer=64k", workers=2)
    redis.kill()
    with site.session() as slow:
        slow.get("/nothing")               # keeps an old worker for a while
        want = view(site, 0, 1000)
        site.reload(wait_old=False)
        want += view(site, 1000, 1000)
        redis.start()
        arrive(redis, 2000)
    settle(site)
    check(redis, want, ordered=False)
