"""What every benchmark needs: a temporary directory with the pages, Redis, nginx
with one of the contenders, wrk. All that was started ends with the Bench."""

import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import crowd
import mmdb
from contenders import NGINX
from resp import Redis

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
MODULE = Path(os.environ.get("ES_MODULE", ROOT / "build/ngx_exportsite_module.so"))
MODULES = Path("/usr/lib/nginx/modules")
GEOIP2 = MODULES / "ngx_http_geoip2_module.so"
REDIS_PORT, PROXY_PORT, NGINX_PORT = 25000, 25001, 25010
NGINX_CORE, LOAD_CORE = 0, 1
CONNECTIONS = 64
DISTURBED, REPEATS = 0.10, 8  # of a core that others may take; how often to try
TICKS = os.sysconf("SC_CLK_TCK")

# what is needed: (a program or file, the Debian package that has it)
BASIC = [("nginx", "nginx"), ("redis-server", "redis-server"), ("wrk", "wrk")]
VALGRIND = [("valgrind", "valgrind")]
LUA = [(MODULES / "ngx_http_lua_module.so", "libnginx-mod-http-lua"),
       ("/usr/share/lua/5.1/nginx/redis.lua", "lua-nginx-redis"),
       ("/usr/share/lua/5.1/resty/core.lua", "lua-resty-core"),
       ("/usr/share/lua/5.1/resty/lrucache.lua", "lua-resty-lrucache")]


def need(*lists):
    """Ends with advice if anything is missing."""
    missing = [package for what, package in sum(lists, BASIC)
               if not (os.path.exists(what) or shutil.which(what))]
    if missing:
        sys.exit("missing, as root: apt-get install " + " ".join(missing))
    if not MODULE.exists():
        sys.exit(f"{MODULE} is not there: make")
    if os.cpu_count() < 2:
        sys.exit("two cores are needed: one for nginx, one for the load")


def load_average():
    return " ".join(Path("/proc/loadavg").read_text().split()[:3])


def cpu_time(pid):
    """Seconds of user and of system time that a process has taken."""
    stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(stat[11]) / TICKS, int(stat[12]) / TICKS


def busy_time():
    """Seconds that all cores together have worked, for whomever."""
    fields = Path("/proc/stat").read_text().split("\n", 1)[0].split()
    user, nice, system, _, _, irq, softirq, steal = map(int, fields[1:9])
    return (user + nice + system + irq + softirq + steal) / TICKS


def until(condition, what, seconds=20):
    end = time.monotonic() + seconds
    while not (result := condition()):
        if time.monotonic() > end:
            sys.exit(f"waited {seconds} s for {what}")
        time.sleep(0.01)
    return result


def spread(values, form):
    return f"{median(values):{form}} ({min(values):{form}}–{max(values):{form}})"


def listening(port):
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) == 0


class Bench:
    def __init__(self):
        os.sched_setaffinity(0, {LOAD_CORE})
        self.temporary = tempfile.TemporaryDirectory(prefix="exportsite-bench-")
        self.dir = Path(self.temporary.name)
        self.dir.chmod(0o755)
        self.started, self.nginxes = [], []
        database = subprocess.run([ROOT / "scripts/fetch-mmdb"], check=True,
                                  stdout=subprocess.PIPE, text=True).stdout.strip()
        self.mmdb_path = database
        self.mmdb = mmdb.Database(database)
        self.secret = self.dir / "secret"
        self.secret.write_text(crowd.SECRET)
        for language, kind in crowd.PAGES:
            folder = self.dir / "www" / language / kind
            folder.mkdir(parents=True)
            (folder / "index.html").write_text(crowd.page(language, kind))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in reversed(self.started):
            end(process)
        self.temporary.cleanup()

    def start(self, argv, core=LOAD_CORE, **more):
        process = subprocess.Popen(["taskset", "-c", str(core), *map(str, argv)],
                                   stdin=subprocess.DEVNULL, **more)
        self.started.append(process)
        return process

    def start_redis(self, keep=False):
        """Redis; what it holds outlives it if `keep` is set."""
        if listening(REDIS_PORT):
            sys.exit(f"port {REDIS_PORT} is taken")
        with open(self.dir / "redis.log", "ab") as log:
            self.redis_process = self.start(
                ["redis-server", "--port", REDIS_PORT, "--bind", "127.0.0.1",
                 "--dir", self.dir, "--save", "", "--appendonly",
                 "yes" if keep else "no"], stdout=log)
        until(self.redis_answers, "Redis", 60)
        self.redis = Redis(REDIS_PORT)

    @staticmethod
    def redis_answers():
        try:
            link = Redis(REDIS_PORT, 1)
            answer = link("PING")
            link.close()
            return answer == "PONG"
        except (OSError, RuntimeError):     # not there, or still reading its file
            return False

    def fill(self, people, *prefixes):
        """Profiles below each prefix, and the requests for wrk."""
        self.requests = self.dir / "requests"
        people.write(self.requests)
        for prefix in prefixes:
            commands = list(people.commands(prefix))
            for i in range(0, len(commands), 1000):
                self.redis.many(commands[i:i + 1000])

    def set_segments(self, prefix):
        self.redis("HSET", prefix + "segments",
                   *[x for name, rule, _ in crowd.SEGMENTS for x in (name, rule)])

    def nginx(self, contender, **options):
        self.nginxes.append(Nginx(self, contender, **options))
        return self.nginxes[-1]

    def taken(self):
        """Seconds of CPU that this benchmark has taken until now."""
        return (sum(os.times()[:4]) + sum(
            sum(cpu_time(process.pid)) for process in self.started
            if process.poll() is None) + sum(
            sum(nginx.cpu()) for nginx in self.nginxes
            if nginx.process.poll() is None))

    def measure(self, nginx, seconds, figures=None, **load):
        """A load on nginx, as a row of figures; repeated if others disturbed it.
        `grown` is by how much each of figures(bench, nginx) did."""
        for repeated in range(REPEATS):
            first = figures(self, nginx) if figures else {}
            before, others = nginx.cpu(), busy_time() - self.taken()
            row = self.wrk(nginx.port, seconds, **load).result()
            time.sleep(0.4)      # the last events are sent
            used = [b - a for a, b in zip(before, nginx.cpu())]
            others = busy_time() - self.taken() - others
            row["others"] = max(0, others) / (seconds + 0.4)
            row["repeated"] = repeated
            last = figures(self, nginx) if figures else {}
            row["grown"] = {name: last[name] - first[name] for name in first}
            if row["others"] < DISTURBED:
                break
        row["user"], row["system"] = (1e6 * u / row["requests"] for u in used)
        row["cpu"] = row["user"] + row["system"]
        return row

    def round(self, nginxes, seconds, seed, figures=None):
        """Each of them measured once, in an order by chance; rows as they stand."""
        rows = {n: self.measure(nginxes[n], seconds, figures, seed=seed) for n in
                random.Random(seed).sample(range(len(nginxes)), len(nginxes))}
        return [rows[n] for n in range(len(nginxes))]

    def wrk(self, port, seconds, order="random", pause=0, connections=CONNECTIONS,
            seed=1):
        """Starts a load; call its result()."""
        return Load(self.start(
            ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "5s",
             "-s", HERE / "load.lua", f"http://127.0.0.1:{port}", "--",
             self.requests, order, pause, seed], stdout=subprocess.PIPE, text=True))


def end(process):
    if process.poll() is None:
        process.send_signal(signal.SIGCONT)
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class Load:
    def __init__(self, process):
        self.process = process

    def result(self):
        text = self.process.communicate()[0]
        return json.loads(re.search(r"^JSON (.*)", text, re.M)[1])


class Nginx:
    """nginx with a contender's configuration; `wrap` is a program to run it in,
    `options` fill in what contenders.py leaves open."""

    def __init__(self, bench, contender, port=NGINX_PORT, workers=1, wrap=(), main="",
                 http="", server="", core=NGINX_CORE, **options):
        self.contender, self.port = contender, port
        self.run = bench.dir / f"{contender.name}-{port}"
        self.run.mkdir(exist_ok=True)
        self.run.chmod(0o777)
        words = {
            "load": contender.load, "http": contender.http + http,
            "server": contender.server + server, "main": main, "port": port,
            "workers": workers, "run": self.run, "www": bench.dir / "www",
            "module": MODULE, "modules": MODULES, "mmdb": bench.mmdb_path,
            "redis": REDIS_PORT, "secret": bench.secret, "here": HERE,
            "name": contender.name, "zone": "exportsite:64m", "timeout": "50ms",
            "stream": "events maxlen=100000", "load_geoip2": "", "geoip2": ""}
        if GEOIP2.exists():
            words["load_geoip2"] = f"load_module {GEOIP2};"
            words["geoip2"] = ("geoip2 %s { $country default=XX %s; }" % (
                bench.mmdb_path, "country iso_code" if "country" in
                bench.mmdb.find("8.8.8.8") else "country_code"))
        else:
            words["geoip2"] = 'map "" $country { default ""; }'
        words |= options
        text = NGINX
        for _ in range(2):                  # some words hold others
            text = re.sub(r"@(\w+)@", lambda m: str(words[m[1]]), text)
        config = self.run / "nginx.conf"
        config.write_text(text)
        if listening(port):
            sys.exit(f"port {port} is taken")
        self.process = bench.start(
            [*wrap, "nginx", "-p", self.run, "-c", config, "-e",
             self.run / "error.log"], core)
        until(lambda: self.process.poll() is not None or listening(port),
              f"nginx with {contender.name}", 60)
        if self.process.poll() is not None:
            sys.exit(f"nginx with {contender.name} did not start:\n"
                     + (self.run / "error.log").read_text())

    def stop(self):
        end(self.process)

    def workers(self):
        pid = self.process.pid
        return [int(p) for p in
                Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    def cpu(self):
        """Seconds of the workers' user and system time."""
        return [sum(times) for times in zip(*map(cpu_time, self.workers()))]

    def memory(self):
        """MiB of the first worker: its own, and what it shares."""
        text = Path(f"/proc/{self.workers()[0]}/status").read_text()
        sizes = {name: int(kb) / 1024 for name, kb in
                 re.findall(r"^Rss(\w+):\s+(\d+) kB", text, re.M)}
        return sizes["Anon"], sizes["File"] + sizes["Shmem"]

    def private(self):
        """KB that the first worker has written to and shares with nobody."""
        text = Path(f"/proc/{self.workers()[0]}/smaps_rollup").read_text()
        return int(re.search(r"^Private_Dirty:\s+(\d+) kB", text, re.M)[1])

    def get(self, path):
        """A body, on a connection of its own."""
        link = Link(self.port)
        body = link.ask(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())[1]
        link.close()
        return body

    def status(self):
        return json.loads(self.get("/status"))

    def served(self):
        """Requests so far, this one included."""
        return int(self.get("/served").split()[9])


class Link:
    """A kept HTTP connection."""

    def __init__(self, port, timeout=5):
        self.sock = socket.create_connection(("127.0.0.1", port), timeout)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.file = self.sock.makefile("rb")

    def ask(self, raw):
        """Status and body of the answer to these bytes."""
        self.sock.sendall(raw)
        return self.answer()

    def answer(self):
        status, length, chunked = 0, 0, False
        while (line := self.file.readline()) not in (b"\r\n", b""):
            name = line.lower()
            if line.startswith(b"HTTP/"):
                status = int(line.split()[1])
            elif name.startswith(b"content-length:"):
                length = int(line.split(b":")[1])
            elif name.startswith(b"transfer-encoding:"):
                chunked = True
        if not status:
            raise ConnectionError("nginx closed the connection")
        body = b"".join(self.chunks()) if chunked else self.file.read(length)
        return status, body.decode()

    def chunks(self):
        while length := int(self.file.readline(), 16):
            yield self.file.read(length)
            self.file.readline()
        self.file.readline()

    def close(self):
        self.file.close()
        self.sock.close()
