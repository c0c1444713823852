"""bench/events cpu: what an event costs the worker and Redis, ours and the Lua
peer's: each does its job with recording and without."""

import sys
import time
from dataclasses import replace
from statistics import median

import check
import crowd
from contenders import FULL, PEER, SELECT
from events_load import row, table
from workbench import (CONNECTIONS, NGINX_PORT, Bench, cpu_time, load_average,
                       spread)

VISITORS = 10000
CHECKED, TRIES = 400, 3      # requests whose answers and events must be right
SHARE, EVENTS = 1 / 3, 50    # targets: of the peer's CPU; events a round trip


def silent(contender):
    """The same without events."""
    without = {"exportsite on;": "exportsite on; exportsite_record off;",
               "log_by_lua_block { peer.log() }": "",
               "init_worker_by_lua_block { peer.start() }": ""}
    http, server = contender.http, contender.server
    for code, instead in without.items():
        http, server = http.replace(code, instead), server.replace(code, instead)
    name = contender.name if contender is PEER else contender.name + "-silent"
    return replace(contender, name=name, http=http, server=server, event=None)


def figures(bench, nginx):
    """What Redis has done so far, and nginx' batches; in numbers that grow."""
    info = dict(line.split(":", 1) for section in ("stats", "commandstats")
                for line in bench.redis("INFO", section).splitlines() if ":" in line)
    script = info.get("cmdstat_evalsha", "calls=0,").split("calls=")[1]
    grown = {"redis": sum(cpu_time(bench.redis_process.pid)),
             "commands": int(info["total_commands_processed"]),
             "reads": int(info["total_reads_processed"]),
             "scripts": int(script.split(",")[0]), "batches": 0, "sent": 0}
    if nginx.contender.ours:
        events = nginx.status()["events"]
        grown |= {name: events[name] for name in ("batches", "sent")}
    return grown


def ready(bench, people, contender, port):
    """nginx with this contender, found right, and with all visitors known."""
    nginx = bench.nginx(contender, port=port)
    time.sleep(0.5)
    requests = people.requests[:CHECKED]
    for _ in range(TRIES):
        for q in requests:
            q.asked = time.time()
        answered = check.answers(nginx, requests)
        recorded = check.recorded(bench, nginx, requests)
        if answered == CHECKED and recorded in (None, CHECKED):
            break
        time.sleep(1)        # a profile came too late on a busy machine
        bench.redis("DEL", contender.name + ":events")
    else:
        sys.exit(f"{contender.name}: {answered} of {CHECKED} answers right, "
                 f"{recorded} events")
    bench.wrk(nginx.port, 2, "sequence").result()
    return nginx


class Pair:
    """A contender's rows with events and without, one a round."""

    def __init__(self, name, loud, mute):
        self.name, self.loud, self.mute = name, loud, mute

    def cost(self, n):
        """µs of the worker's CPU that an event takes, in this round."""
        return self.loud[n]["cpu"] - self.mute[n]["cpu"]

    def least(self):
        """The same by the best round of each: what neighbours disturb least."""
        return min(r["cpu"] for r in self.loud) - min(r["cpu"] for r in self.mute)

    def an_event(self, key, scale=1):
        """What Redis did for an event more than without, in all rounds."""
        with_, without = ([scale * r["grown"][key] / r["requests"] for r in rows]
                          for rows in (self.loud, self.mute))
        return median(a - b for a, b in zip(with_, without))


def print_table(pairs, count):
    table("contender", "µs CPU a request", "without events", "µs CPU an event",
          "by the least", "of the peer's", "by the least", "Redis' µs CPU an event",
          "commands an event", "reads an event", "events a round trip")
    peer = pairs[-1]
    for pair in pairs:
        costs = [pair.cost(n) for n in range(count)]
        shares = [pair.cost(n) / peer.cost(n) for n in range(count)]
        sent, batches = (sum(r["grown"][key] for r in pair.loud)
                         for key in ("sent", "batches"))
        row(pair.name, f"{median(r['cpu'] for r in pair.loud):.2f}",
            f"{median(r['cpu'] for r in pair.mute):.2f}",
            spread(costs, ".2f"), f"{pair.least():.2f}",
            "" if pair is peer else spread(shares, ".3f"),
            "" if pair is peer else f"{pair.least() / peer.least():.3f}",
            f"{pair.an_event('redis', 1e6):.2f}", f"{pair.an_event('commands'):.3f}",
            f"{pair.an_event('reads'):.4f}",
            f"{sent / batches:.0f}" if batches else "")
        pair.share = median(shares)
        pair.batch = sent / batches if batches else None


def main(seconds=2, count=15):
    kinds = [SELECT, FULL, PEER]
    contenders = [c for kind in kinds for c in (kind, silent(kind))]
    with Bench() as bench:
        people = crowd.Crowd(bench.mmdb, VISITORS)
        bench.start_redis()
        names = {c.name for c in contenders}
        bench.fill(people, *(name + ":" for name in sorted(names)))
        for name in names:
            if name.startswith(FULL.name):
                bench.set_segments(name + ":")
        nginxes = [ready(bench, people, contender, NGINX_PORT + n)
                   for n, contender in enumerate(contenders)]
        load = load_average()
        rounds = [bench.round(nginxes, seconds, n, figures=figures)
                  for n in range(count)]
        rows = list(zip(*rounds))
        pairs = [Pair(kind.name, rows[2 * n], rows[2 * n + 1])
                 for n, kind in enumerate(kinds)]
        print_table(pairs, count)
        for pair in pairs[:-1]:
            print(f"\n`{pair.name}`: an event takes {pair.share:.2f} of the peer's CPU "
                  f"(to be at most {SHARE:.2f}), and there is a round trip for "
                  f"{pair.batch:.0f} events (at least {EVENTS}).")
        every = [r for rows in rounds for r in rows]
        print(f"\n{VISITORS:,} visitors, {CONNECTIONS} connections, {count} rounds of "
              f"{seconds} s; median (least–most). Load average {load} before, "
              f"{load_average()} after; others took "
              f"{median(r['others'] for r in every):.1%} of a core, "
              f"{max(r['others'] for r in every):.1%} at most; "
              f"{sum(r['repeated'] for r in every)} loads were repeated.")
