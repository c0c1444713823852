"""Workers that are killed anywhere, among reloads, under load."""

import os
import random
import signal
import time

import pytest

import growth
import views
from steady import Steady
from views import lost, settle
from wait import until

THREADS = 3
# of a sanitized module the runtime would catch it, and speak of it
CRASH = signal.SIGKILL if os.environ.get("ES_PRELOAD") else signal.SIGSEGV


def kill(site, pid, how):
    """How many died of it: it may be on its way out already."""
    try:
        os.kill(pid, how)
    except ProcessLookupError:
        return 0
    site.killed.append(pid)
    site.allow(rf"process {pid} exited on signal {int(how)}")
    return 1


@pytest.mark.parametrize("away", [False, True])
def test_killed_among_reloads(new_redis, mmdb, nginx, away):
    """Nothing else suffers, and what was recorded comes, once."""
    chance = random.Random(7 + away)
    redis = new_redis(aof=True)
    redis("HSET", "es:segments", "dach", "country in (DE, AT, CH)")
    site = nginx(growth.HTTP, growth.SERVER, start=False, redis=redis,
                 workers=2, **growth.VARIANTS[0])
    with open(mmdb.world(), "rb") as file:
        site.write("country.mmdb", file.read())
    site.start()
    killed = 0
    with Steady(site, THREADS) as load:
        until(lambda: len(load.done) > 50, what="the first requests")
        if away:
            redis.kill()
        for n in range(10):
            if n % 3 == 2:
                site.configure(zone=f"{4 + n % 2}m", variant=str(n))
                site.process.send_signal(signal.SIGHUP)
            old = site.workers()
            if old:
                killed += kill(site, chance.choice(old),
                               CRASH if n % 2 else signal.SIGKILL)
            time.sleep(chance.uniform(0.02, 0.2))
        until(lambda: len(site.workers()) == 2, 10, "two workers")
        first = len(load.done)
        until(lambda: len(load.done) > first + 50, 10, "more requests")
        if away:
            redis.start()
    assert killed >= 5
    assert len(load.failed) <= killed * THREADS, load.failed[:5]
    # one that dies between a page's last byte and its recording has lost that
    views.arrive_all(redis, load.done, spare=killed)
    got = settle(site)
    stream = views.stream(redis)
    assert len(stream) == len(set(stream))
    assert set(stream) <= set(load.asked)
    assert lost(got) <= killed
    # what a killed worker left is counted when another takes it over
    until(lambda: abs(site.json()["events"]["sent"] - len(stream)) <= killed,
          10, "all to be counted as sent")
