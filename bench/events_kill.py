"""bench/events kill, bench/events reload: workers that end, and what becomes of
their events."""

import os
import shutil
import signal
import time

from events_load import (PATH, Pace, compare, fill_people, fresh_redis, ids_of, lost,
                         read_stream, row, settled, start_nginx, stop_redis, table,
                         warm)
from workbench import Bench, load_average, until

RATE, WORKERS = 5000, 2      # requests a second
EVERY = 1                    # s between two kills or reloads
HEADS = ("case", "requests", "failed", "asked again", "answered and logged",
         "in the stream", "ids", "missing", "of these in work at a kill", "twice",
         "counted as lost")


class Case:
    """One load with what happens in it. Leave its `with`, and there is a row."""

    def __init__(self, bench, name, away=False):
        self.bench, self.name, self.away = bench, name, away
        self.log = bench.dir / "ids"
        self.killed, self.answers = set(), []
        self.memory = 0      # events that may be gone with shared memory

    def __enter__(self):
        fresh_redis(self.bench)
        shutil.rmtree(self.bench.dir / "spool", ignore_errors=True)
        self.log.unlink(missing_ok=True)
        self.start()
        warm(self.bench, self.nginx)
        self.warmed = self.log.read_text().count("\n")
        if self.away:
            stop_redis(self.bench)
        return self

    def start(self):
        self.nginx = start_nginx(self.bench, self.log, WORKERS)

    def pace(self, seconds):
        self.load = Pace(self.bench, self.nginx.port, RATE, seconds,
                         self.bench.requests, PATH)
        return self.load

    def kill(self, n):
        """Kills one worker; its successor is there soon."""
        pid = sorted(self.nginx.workers())[n % WORKERS]
        os.kill(pid, signal.SIGKILL)
        self.killed.add(str(pid))

    def __exit__(self, failed, *_):
        if failed:
            return
        if self.away:
            self.bench.start_redis(keep=True)
        done = settled(self.bench, self.nginx)
        # a worker and an event a line; no event where exportsite is off
        lines = [line.split() for line in
                 self.log.read_text().splitlines()[self.warmed:] if line[-1] != " "]
        logged = {id for _, id in lines}
        last = {pid: id for pid, id in lines if pid in self.killed}
        known = ids_of(self.answers)
        found = compare(logged | known, read_stream(self.bench))
        # a request is logged before its event is written, and both after the answer
        in_work = (found["missing"] & set(last.values())) | (known - logged)
        row(self.name, f"{len(self.answers):,}",
            sum(a.status != 200 for a in self.answers),
            sum(a.tries > 1 for a in self.answers), f"{len(logged | known):,}",
            f"{found['events']:,}", f"{found['unique']:,}", len(found["missing"]),
            len(in_work & found["missing"]), found["twice"], lost(self.nginx))
        if not done:
            print(f"events did not settle: {self.nginx.status()['events']}")
        if self.memory:
            print(f"({self.memory:,} events were in memory when all were killed.)")
        self.nginx.stop()


def killed_worker(bench, times, away):
    """A worker every second, in turn."""
    name = f"{times} workers killed, Redis " + ("away" if away else "is there")
    with Case(bench, name, away) as case:
        load = case.pace(times * EVERY + 2)
        for n in range(times):
            load.sleep_until((n + 1) * EVERY)
            case.kill(n)
        case.answers = load.result()


def killed_all(bench, seconds=6):
    """All of nginx, at rest: what lies in the spool must arrive."""
    with Case(bench, "all of nginx killed, Redis away", True) as case:
        case.answers = case.pace(seconds).result()
        time.sleep(1)        # what is to be written is written
        case.memory = case.nginx.status()["events"]["queued"]
        for pid in [case.nginx.process.pid, *case.nginx.workers()]:
            os.kill(pid, signal.SIGKILL)
        case.nginx.process.wait()
        time.sleep(0.2)
        case.start()


def reloads(bench, times):
    with Case(bench, f"{times} reloads") as case:
        load = case.pace(times * EVERY + 2)
        for n in range(times):
            load.sleep_until((n + 1) * EVERY)
            os.kill(case.nginx.process.pid, signal.SIGHUP)
        case.answers = load.result()


def stopped(bench, away):
    """A graceful stop under load, then another nginx. Requests that fail behind
    the stop found nobody: they are not looked at."""
    name = "a graceful stop, Redis " + ("away" if away else "is there")
    with Case(bench, name, away) as case:
        load = case.pace(30)
        load.sleep_until(3)
        begun = time.time()
        os.kill(case.nginx.process.pid, signal.SIGQUIT)
        until(lambda: case.nginx.process.poll() is not None, "nginx' end", 30)
        case.answers = [a for a in load.stop()
                        if a.status or a.due + a.took / 1000 < begun]
        case.start()


def main_kill(times=5):
    with Bench() as bench:
        fill_people(bench)
        print(f"Load average {load_average()}. {RATE:,} requests a second, {WORKERS} "
              "workers.\n")
        table(*HEADS)
        killed_worker(bench, times, False)
        killed_worker(bench, times, True)
        killed_all(bench)


def main_reload(times=10):
    with Bench() as bench:
        fill_people(bench)
        print(f"Load average {load_average()}. {RATE:,} requests a second, {WORKERS} "
              "workers.\n")
        table(*HEADS)
        reloads(bench, times)
        stopped(bench, False)
        stopped(bench, True)
