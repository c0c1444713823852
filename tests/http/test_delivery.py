"""An event taken is written: Redis away, workers killed, nginx stopped."""

import threading
import time

import pytest

from cookies import PAGE
from wait import until

BASE = "exportsite_redis @redis@; exportsite_secret @dir@/secret;\n"
STATUS = "location = /status { exportsite_status; }\n"


def view(session, n):
    """The n-th view; returns its event's id."""
    reply = session.get("/page", {"Host": f"h{n}.example"})
    assert reply.status == 200
    return reply.header("X-Event")


def views(site, first, count):
    with site.session() as session:
        return [view(session, n) for n in range(first, first + count)]


def hosts(events):
    return [event["host"] for event in events]


def numbers(first, count):
    return [f"h{n}.example" for n in range(first, first + count)]


@pytest.fixture
def site(redis, nginx):
    return nginx(BASE, PAGE + STATUS, redis=redis)


def test_redis_comes_later_than_nginx(new_redis, nginx):
    """nginx starts without Redis; its views are written when it comes."""
    redis = new_redis(start=False)
    site = nginx(BASE, PAGE + STATUS, redis=redis)
    ids = views(site, 0, 50)
    assert site.json()["redis"]["state"] != "connected"
    redis.start()
    assert [e["id"] for e in redis.events(50)] == ids


def test_views_while_redis_is_away(redis, site):
    """Held, and sent in order once Redis is back."""
    views(site, 0, 10)
    redis.events(10)
    redis.kill()
    views(site, 10, 300)
    until(lambda: site.json()["events"]["queued"] >= 300, what="the queue")
    redis.start()
    # this Redis forgets all when it is killed: the ten are held, and come again
    assert hosts(redis.events(310)) == numbers(0, 310)
    until(lambda: site.json()["events"]["queued"] == 0, what="empty queue")
    assert site.json()["events"]["lost"] == 0


def test_views_while_redis_is_stuck(redis, site):
    """A Redis that hangs gets each event, none lost."""
    ids = views(site, 0, 5)
    redis.events(5)
    redis.stop()
    ids += views(site, 5, 100)
    time.sleep(0.5)
    redis.cont()
    until(lambda: {e["id"] for e in redis.stream()} == set(ids), 6,
          "all events")
    assert site.json()["events"]["lost"] == 0


def test_a_cut_connection_loses_and_repeats_nothing(redis, slow_link, nginx):
    """Connections that break in between: every event, ids as they were."""
    site = nginx(BASE, PAGE + STATUS, redis=slow_link)
    stop = threading.Event()

    def cutter():
        while not stop.wait(0.12):
            slow_link.cut()

    thread = threading.Thread(target=cutter)
    thread.start()
    try:
        ids = views(site, 0, 3000)
    finally:
        stop.set()
        thread.join()
    until(lambda: {e["id"] for e in redis.stream()} >= set(ids), 8,
          "all events")
    written = [e["id"] for e in redis.stream()]
    assert set(written) == set(ids)
    first = list(dict.fromkeys(written))
    assert first == ids


def test_a_lost_answer_is_repeated_at_most_with_the_same_id(
        redis, slow_link, nginx):
    """Redis took a batch and its answer was lost: nothing is missing."""
    site = nginx(BASE, PAGE + STATUS, redis=slow_link)
    ids = views(site, 0, 10)
    redis.events(10)
    until(lambda: site.json()["events"]["sent"] == 10, what="the answer")
    slow_link.swallow = True
    ids += views(site, 10, 50)
    redis.events(11)        # one batch is under way, and no other follows
    slow_link.swallow = False
    slow_link.cut()
    ids += views(site, 60, 10)
    until(lambda: {e["id"] for e in redis.stream()} == set(ids), 8,
          "all events")
    for event in redis.stream():
        again = [e for e in redis.stream() if e["id"] == event["id"]]
        assert all(e == event for e in again)


def test_killed_worker_loses_nothing(redis, nginx):
    """kill -9 with Redis stuck: every complete view is written later."""
    site = nginx(BASE, PAGE + STATUS, redis=redis, workers=2)
    redis.stop()
    ids = []
    for n in range(4):
        ids += views(site, n * 100, 100)
        until(lambda: site.json()["events"]["queued"] >= len(ids), 3,
              "the queue")
        site.kill9_worker(site.workers()[n % 2])
    redis.cont()
    until(lambda: {e["id"] for e in redis.stream()} >= set(ids), 8,
          "all events")
    assert {e["id"] for e in redis.stream()} == set(ids)


def test_killed_under_load(redis, nginx):
    """kill -9 while views come in: every answered view but the last."""
    site = nginx(BASE, PAGE + STATUS, redis=redis)
    done = []
    stop = threading.Event()

    def load(k):
        n = 0
        while not stop.is_set():
            try:
                with site.session() as session:
                    while not stop.is_set():
                        mine = view(session, f"{k}-{n}")
                        n += 1
                        # the event is made after the answer: it is complete
                        # when the same connection got its next answer
                        session.get("/nothing")
                        done.append(mine)
            except Exception:
                continue

    threads = [threading.Thread(target=load, args=(k,)) for k in range(3)]
    for thread in threads:
        thread.start()
    for _ in range(4):
        time.sleep(0.25)
        site.kill9_worker()
    time.sleep(0.2)
    stop.set()
    for thread in threads:
        thread.join()
    assert len(done) > 50
    until(lambda: {e["id"] for e in redis.stream()} >= set(done), 8,
          "all events")


def test_graceful_stop_flushes(redis, nginx):
    """nginx stopped: what was seen is in the stream."""
    site = nginx(BASE + "exportsite_stream events flush=5s;", PAGE,
                 redis=redis)
    ids = views(site, 0, 40)
    begin = time.monotonic()
    site.quit()
    assert time.monotonic() - begin < 3       # not at the next flush
    assert [e["id"] for e in redis.stream()] == ids


def test_fast_stop_flushes_what_it_can(redis, nginx):
    """A graceful stop with Redis dead ends all the same, in time."""
    site = nginx(BASE, PAGE, redis=redis)
    views(site, 0, 40)
    redis.kill()
    views(site, 40, 10)
    begin = time.monotonic()
    site.quit()
    assert time.monotonic() - begin < 15


def test_reload_loses_nothing(redis, nginx):
    """Views during reloads are all in the stream, once."""
    site = nginx(BASE, PAGE + STATUS, redis=redis, workers=2)
    ids = []
    for n in range(4):
        ids += views(site, n * 100, 100)
        site.reload()
    until(lambda: len(redis.stream()) >= 400, what="all events")
    assert sorted(e["id"] for e in redis.stream()) == sorted(ids)


def test_reload_without_redis_keeps_the_queue(redis, nginx):
    """Unsent events outlive a reload while Redis is dead."""
    site = nginx(BASE, PAGE + STATUS, redis=redis)
    redis.kill()
    ids = views(site, 0, 100)
    site.reload()
    ids += views(site, 100, 20)
    redis.start()
    until(lambda: {e["id"] for e in redis.stream()} == set(ids), 8,
          "all events")
    assert site.json()["events"]["lost"] == 0


def test_overflow_is_counted(redis, nginx):
    """What does not fit into `buffer` is counted, and only that."""
    site = nginx(BASE + "exportsite_stream events buffer=64k;",
                 PAGE + STATUS, redis=redis)
    redis.kill()
    total = 2000
    ids = views(site, 0, total)
    got = until(lambda: [e for e in [site.json()["events"]]
                         if e["queued"] + e["lost"] >= total],
                what="the count")[0]
    assert got["lost"] > 0 and got["queued"] > 10
    assert got["queued"] + got["lost"] == total
    redis.start()
    written = [e["id"] for e in redis.events(got["queued"])]
    until(lambda: site.json()["events"]["queued"] == 0, what="empty queue")
    assert len(written) == got["queued"]
    assert [i for i in ids if i in set(written)] == written
    after = site.json()["events"]
    assert after["lost"] == got["lost"]
    more = views(site, 5000, 5)
    assert [e["id"] for e in redis.events(len(written) + 5)][-5:] == more


def test_wrong_type_of_stream_key(redis, site):
    """The key is no stream: pages go on, and so does the stream later."""
    redis("SET", "es:events", "x")
    views(site, 0, 20)
    time.sleep(0.4)
    assert site.get("/page").status == 200
    redis("DEL", "es:events")
    last = views(site, 100, 1)[0]
    until(lambda: last in [e["id"] for e in redis.stream()], 8,
          "the stream to go on")


def test_status_counts_what_was_sent(redis, site):
    """queued, sent and lost on the status page are true."""
    views(site, 0, 30)
    redis.events(30)
    until(lambda: site.json()["events"]["sent"] == 30, what="the count")
    got = site.json()["events"]
    assert got["queued"] == 0 and got["lost"] == 0
