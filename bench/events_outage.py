"""bench/events outage: what Redis' absence changes for visitors and events."""

import threading
import time

from events_load import (PATH, Pace, Waiting, compare, fill_people, fresh_redis,
                         ids_of, lost, read_stream, row, settled, share,
                         spool_files, start_nginx, stop_redis, table, warm)
from workbench import Bench, load_average

RATE = 10000                 # requests a second
TARGET = 1.2                 # the outage's p99 by the quiet run's
SPOOL_MAX = "256m"
DISTURBED, REPEATS = 20, 3   # ms/s that the worker may wait; how often to try


class Watch(threading.Thread):
    """Remembers the most bytes that lay in the spool."""

    def __init__(self, bench):
        super().__init__(daemon=True)
        self.bench, self.most, self.over = bench, 0, False
        self.start()

    def run(self):
        while not self.over:
            self.most = max(self.most, sum(spool_files(self.bench).values()))
            time.sleep(0.05)


def caught_up(entries, back):
    """Seconds from Redis' return until it had the last event from before."""
    return max((e.written / 1000 - back for e in entries if e.ts < 1000 * back),
               default=0)


def run(bench, name, seconds, away):
    """One run; Redis is killed at a quarter of it and back at three quarters if
    `away` is set."""
    fresh_redis(bench)
    nginx = start_nginx(bench, spool_max=SPOOL_MAX)
    warm(bench, nginx)
    watch, waiting, back = Watch(bench), Waiting(nginx), None
    load = Pace(bench, nginx.port, RATE, seconds, bench.requests, PATH)
    if away:
        load.sleep_until(seconds / 4)
        stop_redis(bench)
        load.sleep_until(seconds * 3 / 4)
        bench.start_redis(keep=True)
        back = time.time()
    answers = load.result()
    disturbed = waiting.rate()
    done = settled(bench, nginx)
    watch.over = True
    entries = read_stream(bench)
    found = compare(ids_of(answers), entries)
    took = [a.took for a in answers]
    p99 = share(took, 0.99)
    answered = sum(a.status == 200 for a in answers)
    row(name, f"{len(answers):,}", f"{answered:,}", len(answers) - answered,
        sum(a.tries > 1 for a in answers), f"{share(took, 0.5):.2f}", f"{p99:.2f}",
        f"{share(took, 0.999):.2f}", f"{max(took):.1f}", f"{found['events']:,}",
        f"{found['unique']:,}", len(found["missing"]), found["twice"], lost(nginx),
        f"{watch.most / 1e6:.1f}", f"{caught_up(entries, back):.2f}" if away else "",
        f"{disturbed:.1f}")
    if not done:
        print(f"events did not settle: {nginx.status()['events']}")
    nginx.stop()
    return disturbed, p99


def least_disturbed(*args):
    """The p99 of a run, repeated if the worker had to wait for its core."""
    runs = []
    while len(runs) < REPEATS and not (runs and min(runs)[0] < DISTURBED):
        runs.append(run(*args))
    return min(runs)[1]


def main(seconds=20):
    with Bench() as bench:
        fill_people(bench)
        print(f"Load average {load_average()}. {RATE:,} requests a second for "
              f"{seconds} s; Redis away for {seconds / 2:g} s.\n")
        table("Redis", "requests", "answered", "failed", "asked again", "p50 ms",
              "p99 ms", "p99.9 ms", "max ms", "in the stream", "ids", "missing",
              "twice", "counted as lost", "most MB in the spool", "caught up after s",
              "waited for its core, ms/s")
        quiet = least_disturbed(bench, "is there", seconds, False)
        p99 = least_disturbed(bench, "killed, started again", seconds, True)
        print(f"\nThe outage's p99 is {p99 / quiet:.2f} times the quiet run's "
              f"(to be at most {TARGET}).")
