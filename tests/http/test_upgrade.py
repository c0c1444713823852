"""Another nginx program takes over, with events under way: USR2, WINCH, QUIT."""

import os
import signal

import pytest

import views
from steady import Steady
from upgraded import Daemon
from views import lost, settle
from wait import until

HTTP = ("exportsite_redis @redis@; exportsite_secret @dir@/secret;\n"
        "exportsite_stream events @more@;\n")
SERVER = ("location /p/ { exportsite on; default_type text/html; "
          "return 200 '<p>ok</p></html>'; }\n"
          "location = /status { exportsite_status; }\n")


@pytest.fixture
def start(new_redis):
    """start("buffer=…", …): a daemon, and its Redis, that forgets nothing."""
    made = []

    def make(more=""):
        redis = new_redis(aof=True)
        site = Daemon(HTTP.replace("@more@", more), SERVER, redis=redis,
                      workers=2)
        made.append(site)
        return redis, site

    yield make
    for site in made:
        site.close()


def more(load, count=40):
    """So many requests more have been answered."""
    first = len(load.done)
    until(lambda: len(load.done) >= first + count, 20, "more requests")


def once(redis, load):
    """No request failed, and each event is in the stream once."""
    assert not load.failed, load.failed[:3]
    stream = views.arrive_all(redis, load.done)
    assert len(stream) == len(set(stream))


def test_upgraded(start):
    """The new program takes over; the old one rests, and ends."""
    redis, site = start()
    with Steady(site) as load:
        for _ in range(2):
            more(load)
            old = site.upgrade()
            more(load)                  # both take requests
            site.rest(old)
            more(load)
            site.end(old)
        more(load)
    once(redis, load)
    assert lost(settle(site)) == 0


def test_rolled_back(start):
    """The old program gets workers again, and the new one ends."""
    redis, site = start()
    with Steady(site) as load:
        more(load)
        old = site.upgrade()
        site.rest(old)
        more(load)
        new = site.process
        site.wake(old)
        more(load)
        site.end(new)
        more(load)
        until(lambda: int(site.read("nginx.pid") or 0) == old.master,
              what="the old pid file")
        site.reload()                   # as ever
        more(load)
    once(redis, load)
    assert lost(settle(site)) == 0


@pytest.mark.parametrize("back", [False, True])
def test_without_redis(start, back):
    """What the old or the new program could not send is in files, and comes."""
    redis, site = start("buffer=64k spool=@dir@/spool")
    with Steady(site) as load:
        more(load)
        redis.kill()
        more(load, 300)
        old = site.upgrade()
        more(load)
        site.rest(old)
        more(load, 300)
        if back:
            new = site.process
            site.wake(old)
            more(load)
            site.end(new)
        else:
            site.end(old)
        more(load)
        redis.start()
        more(load)
    once(redis, load)
    assert lost(settle(site)) == 0


def test_killed_while_two_are_there(start):
    """A worker of each is killed: what was recorded comes, once."""
    redis, site = start("spool=@dir@/spool")
    with Steady(site) as load:
        more(load)
        old = site.upgrade()
        more(load)
        for master in (old, site.process):
            pid = master.workers()[0]
            site.killed.append(pid)
            os.kill(pid, signal.SIGKILL)
            until(lambda: pid not in master.workers()
                  and len(master.workers()) == 2, 10, "a new worker")
            more(load)
        site.end(old)
        more(load)
    stream = views.arrive_all(redis, load.done)
    assert len(stream) == len(set(stream))
    assert set(stream) <= set(load.asked)
