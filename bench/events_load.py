"""What the programs of bench/events share: an even load that knows the event of
each of its answers, nginx with a spool, and the stream to compare them with."""

import dataclasses
import shutil
import signal
import subprocess
import time
from pathlib import Path

import crowd
from contenders import SELECT
from workbench import HERE, NGINX_PORT, until

VISITORS = 10000
GCC = [("cc", "gcc"), ("/usr/include/stdio.h", "libc6-dev")]
PATH = "/p/"                 # requests are numbered behind it
STREAM = "select:events"
PAGES = 10000                # entries of the stream that are read at a time
WAIT = 60                    # s, for the last events to arrive

# the event's id in every answer, and a file that is nobody's view
SERVER = """
        add_header X-Event $exportsite_event;
        location = /static { exportsite off; try_files /en/general/index.html =404; }
"""
FORMAT = "    log_format ids '$pid $exportsite_event';\n"

# of all entries behind ARGV[1]: Redis' own id, ours, ts and path
READ = """
local out = {}
for _, entry in ipairs(redis.call('XRANGE', KEYS[1], ARGV[1], '+',
                                  'COUNT', ARGV[2])) do
  local field, f = {}, entry[2]
  for i = 1, #f, 2 do field[f[i]] = f[i + 1] end
  out[#out + 1] = entry[1] .. ' ' .. field.id .. ' ' .. field.ts .. ' ' .. field.path
end
return out
"""


@dataclasses.dataclass
class Answer:
    """Of one request: when it was due (s since 1970), what came and after how
    many ms; the status is 0 if nothing did."""
    due: float
    status: int
    took: float
    tries: int
    id: str


@dataclasses.dataclass
class Entry:
    """Of the stream: when Redis wrote it and when the page was sent, both ms."""
    written: int
    id: str
    ts: int
    path: str


class Pace:
    """A load of `rate` requests a second; call its result(), or stop() it before."""

    def __init__(self, bench, port, rate, seconds, requests, path=None,
                 connections=64):
        program = bench.dir / "pace"
        if not program.exists():
            subprocess.run(["cc", "-std=gnu11", "-O2", "-o", program,
                            HERE / "pace.c"], check=True)
        self.process = bench.start(
            [program, port, rate, seconds, connections, requests]
            + ([path] if path else []), stdout=subprocess.PIPE, text=True)
        self.begun = time.time()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.result()

    def sleep_until(self, seconds):
        """Until so many seconds of the load are over."""
        time.sleep(max(0, self.begun + seconds - time.time()))

    def result(self):
        head, *lines = self.process.communicate()[0].splitlines()
        begun = int(head.split()[0]) / 1e6
        return [Answer(begun + int(due) / 1e6, int(status), int(took) / 1000,
                       int(tries), id)
                for due, status, took, tries, id in map(str.split, lines)]


class Waiting:
    """How long nginx' workers wait from now on for a core that something else
    has, which makes requests wait, too: look for a quieter moment then."""

    def __init__(self, nginx):
        self.nginx, self.begun = nginx, time.monotonic()
        self.before = self.waited()

    def waited(self):
        """ms, by the kernel's count."""
        return sum(int(Path(f"/proc/{pid}/schedstat").read_text().split()[1]) / 1e6
                   for pid in self.nginx.workers())

    def rate(self):
        """ms in a second, until now."""
        return (self.waited() - self.before) / (time.monotonic() - self.begun)


def share(values, part):
    """The value that `part` of them do not exceed."""
    values = sorted(values)
    return values[min(len(values) - 1, int(part * len(values)))] if values else 0


def fresh_redis(bench):
    """A new Redis with nothing but the profiles."""
    stop_redis(bench)
    shutil.rmtree(bench.dir / "appendonlydir", ignore_errors=True)
    bench.start_redis(keep=True)
    bench.fill(bench.people, "select:")


def stop_redis(bench):
    """Kills it, if there is one."""
    if hasattr(bench, "redis_process"):
        bench.redis_process.kill()
        bench.redis_process.wait()


def fill_people(bench):
    bench.people = crowd.Crowd(bench.mmdb, VISITORS)
    bench.static = bench.dir / "static"
    bench.static.write_bytes(b"GET /static HTTP/1.1\r\nHost: www.example.com\r\n\r\n\0")


def start_nginx(bench, log=None, workers=1, spool_max="1g"):
    """The contender `select` with a spool; `log` gets the worker and the event's
    id of every request that was answered."""
    return bench.nginx(
        SELECT, port=NGINX_PORT, workers=workers, http=FORMAT,
        server=SERVER + (f"access_log {log} ids;" if log else ""),
        stream="events maxlen=100000000 buffer=4m "
               f"spool={bench.dir}/spool spool_max={spool_max}")


def warm(bench, nginx):
    """All visitors are known, and the connection stands."""
    until(lambda: nginx.status()["redis"]["listening"], "nginx' connection")
    Pace(bench, nginx.port, 10000, 3, bench.requests).result()
    if not settled(bench, nginx):
        raise SystemExit(f"events do not arrive: {nginx.status()['events']}")


def spool_files(bench):
    """Sizes of the spool's files by name."""
    sizes = {}
    for path in (bench.dir / "spool").glob("*.spool"):
        try:
            sizes[path.name] = path.stat().st_size
        except FileNotFoundError:           # done with meanwhile
            pass
    return sizes


def settled(bench, nginx, loaded=False):
    """Waits until the spool is empty and, if there is no load, nothing queued;
    false if that is never so."""
    end = time.monotonic() + WAIT
    while spool_files(bench) or (
            not loaded and nginx.status()["events"]["queued"]):
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def lost(nginx):
    """How many events nginx says are lost, whatever for."""
    return nginx.status()["events"]["lost"]


def read_stream(bench, below=PATH):
    """All entries whose path begins so, in the stream's order."""
    entries, start = [], "-"
    while rows := bench.redis("EVAL", READ, 1, STREAM, start, PAGES):
        for row in rows:
            written, id, ts, path = row.split(" ", 3)
            if path.startswith(below):
                entries.append(Entry(int(written.split("-")[0]), id, int(ts), path))
        start = "(" + rows[-1].split(" ", 1)[0]
    return entries


def compare(wanted, entries):
    """How often the stream has what it should have: the ids `wanted`."""
    ids = [entry.id for entry in entries]
    unique = set(ids)
    return {"events": len(ids), "unique": len(unique),
            "missing": set(wanted) - unique, "twice": len(ids) - len(unique)}


def ids_of(answers):
    return {a.id for a in answers if a.status == 200}


def table(*heads):
    """The head of a table: its first column is text, the others figures."""
    print("| " + " | ".join(heads) + " |\n|---|" + "--:|" * (len(heads) - 1),
          flush=True)


def row(*cells):
    print("| " + " | ".join(map(str, cells)) + " |", flush=True)
