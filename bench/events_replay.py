"""bench/events replay: how fast Redis gets a backlog when it is back, and what
fresh events and pages feel of that."""

import time

from events_load import (PATH, Pace, Waiting, compare, fill_people, fresh_redis,
                         ids_of, lost, read_stream, row, settled, share,
                         spool_files, start_nginx, stop_redis, table, warm)
from workbench import Bench, end, load_average, until

VIEWS, PROBES = 1000, 1000   # requests a second: fresh events; a file, to see stalls
QUIET = 5                    # s
LONG = 300                   # s, longer than any replay


class Fresh:
    """Views and probes at an even rate, until stop()."""

    def __init__(self, bench, nginx):
        self.views = Pace(bench, nginx.port, VIEWS, LONG, bench.requests, PATH, 16)
        self.probes = Pace(bench, nginx.port, PROBES, LONG, bench.static, None, 8)

    def stop(self):
        return self.views.stop(), self.probes.stop()


def fill_spool(bench, nginx, size):
    """As many views as fit into so many bytes, at full speed."""
    load = bench.wrk(nginx.port, LONG)
    until(lambda: sum(spool_files(bench).values()) >= size, "the backlog", LONG)
    end(load.process)
    time.sleep(1)


def feel(name, views, probes, entries, begun, over, disturbed):
    """What came between two moments, s: of fresh events, and of the file."""
    waits = [e.written - e.ts for e in entries
             if e.path.startswith(PATH) and begun <= e.ts / 1000 <= over]
    took = [a.took for a in probes if begun <= a.due <= over]
    if not waits or not took:
        raise SystemExit("the replay was over before anything could be seen of it")
    row(name, f"{len(waits):,}", share(waits, 0.5), share(waits, 0.99), max(waits),
        f"{len(took):,}", f"{share(took, 0.5):.2f}", f"{share(took, 0.99):.2f}",
        f"{share(took, 0.999):.2f}", f"{max(took):.1f}",
        sum(a.status != 200 for a in views + probes), f"{disturbed:.1f}")


def quiet(bench, nginx):
    begun, fresh, waiting = time.time(), Fresh(bench, nginx), Waiting(nginx)
    time.sleep(QUIET)
    over, disturbed = time.time() - 0.5, waiting.rate()
    views, probes = fresh.stop()
    settled(bench, nginx)
    feel("quiet", views, probes, read_stream(bench), begun, over, disturbed)


def replay(bench, nginx, size):
    stop_redis(bench)
    fill_spool(bench, nginx, size)
    size = sum(spool_files(bench).values())
    fresh = Fresh(bench, nginx)
    time.sleep(1)
    bench.start_redis(keep=True)
    back, waiting = time.time(), Waiting(nginx)
    done = settled(bench, nginx, loaded=True)
    disturbed = waiting.rate()
    views, probes = fresh.stop()
    done = settled(bench, nginx) and done
    entries = read_stream(bench, "")
    old = [e.written / 1000 for e in entries
           if e.ts < 1000 * back and e.written >= 1000 * back]
    feel("replay", views, probes, entries, back, max(old), disturbed)
    found = compare(ids_of(views), entries)
    gone = nginx.status()["events"]["recorded"] - found["unique"]
    took = max(old) - back
    print(f"\n{size / 1e6:.0f} MB of spool, {len(old):,} events with those in "
          f"memory, in {took:.2f} s from Redis' return: {len(old) / took:,.0f} events "
          f"a second, the first after {min(old) - back:.2f} s. Recorded but not in "
          f"the stream: {gone}; missing of the fresh ones: {len(found['missing'])}; "
          f"twice: {found['twice']}; counted as lost: {lost(nginx)}.")
    if not done:
        print(f"events did not settle: {nginx.status()['events']}")


def main(megabytes=256):
    with Bench() as bench:
        fill_people(bench)
        fresh_redis(bench)
        nginx = start_nginx(bench)
        warm(bench, nginx)
        print(f"Load average {load_average()}. {VIEWS:,} views and {PROBES:,} probes a "
              "second.\n")
        table("", "fresh events", "p50 ms until in Redis", "p99 ms", "max ms", "probes",
              "p50 ms", "p99 ms", "p99.9 ms", "max ms", "failed",
              "waited for its core, ms/s")
        quiet(bench, nginx)
        replay(bench, nginx, megabytes << 20)
