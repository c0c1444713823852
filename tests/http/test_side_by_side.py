"""A site does not notice the module: with it loaded and off, and with it on and
nothing to change, every answer is what nginx gives without it.

The same requests go to nginx without the module and to each of VARIANTS; what
comes back, and what the logs say, must be equal byte for byte.
"""

import collections
import concurrent.futures
import contextlib
import gzip
import os
import re
import shutil
import signal
import socket
import struct
import subprocess

import pytest

import ports
import sideconf
import siderequests
import sideservers
import upstream
import wire
from wait import until
from webserver import Nginx

SETTINGS = """
    exportsite_geo @world@;
    exportsite_secret @dir@/secret;
    exportsite_languages en de ja;
    exportsite_industries medical food;
    exportsite_hint medical 'query.utm_campaign exists';
    exportsite_choose $hero { 'visits >= 2' servus; default hello; }
"""

# somewhere it is on, so its handlers run everywhere
ELSEWHERE = """
    server { listen 127.0.0.1:@elsewhere@; exportsite on; return 200 x; }
"""

Variant = collections.namedtuple("Variant", "module http side")

VARIANTS = {
    "without": Variant(False, "", ""),
    "off": Variant(True, SETTINGS + ELSEWHERE, "exportsite off;"),
    "on": Variant(True, SETTINGS, "exportsite on;"),
    "consent": Variant(True, SETTINGS,
                       "exportsite on phase=access; exportsite_consent on;"),
    # each request waits for the profile of a visitor of its own
    "waits": Variant(True, SETTINGS + "exportsite_redis @redis@ timeout=1s "
                     "connect_timeout=20s; exportsite_stream off;",
                     "exportsite on; "
                     "exportsite_consent on; exportsite_visitor $request_id;"),
    "slots": Variant(True, SETTINGS, "exportsite on; exportsite_script $arg_s;"
                     " exportsite_slot nowhere text:x;"),
}


class FastCGI(upstream.FastCGI):
    """FastCGI that tells the request's line and headers."""

    def __init__(self):
        super().__init__()
        self.answers = collections.defaultdict(lambda: self.tell)

    @staticmethod
    def tell(request, send):
        text = "\n".join([request.method, request.target]
                         + [": ".join(pair) for pair in request.headers])
        send(b"Status: 200 OK\r\nContent-Type: text/plain\r\nX-Seen: 1\r\n\r\n"
             + text.encode("latin-1"))


@pytest.fixture(scope="module")
def servers():
    """One of each kind, for all variants."""
    made = {"tell": sideservers.Teller(), "fastcgi": FastCGI(),
            "uwsgi": sideservers.Uwsgi(), "scgi": sideservers.Scgi(),
            "grpc": sideservers.Grpc(), "memcached": sideservers.Memcached(),
            "hanging": sideservers.Hanging()}
    yield made
    for server in made.values():
        server.close()


def start(variant, servers, mmdb, main="", http="", **options):
    """A site of a variant, with everything of sideconf.py."""
    site = Nginx(variant.http + sideconf.HTTP + http, sideconf.server(),
                 main=sideconf.load() + main, module=variant.module,
                 start=False, side=variant.side, world=mmdb.world(),
                 inner=ports.free(), inner2=ports.free(), odd=ports.free(),
                 late=ports.free(), elsewhere=ports.free(), direct="",
                 **servers, **options)
    sideconf.write_files(site)
    site.configure(direct=sideconf.direct(site.dir), port=ports.free())
    site.start()
    until(lambda: answers(site), what="nginx to listen")
    return site


def answers(site):
    with socket.socket() as sock:
        return sock.connect_ex(at(site)) == 0


def start_all(names, *args, **options):
    """Sites of these variants, and what closes all of them."""
    with contextlib.ExitStack() as stack:
        made = {}
        for name in names:
            made[name] = start(VARIANTS[name], *args, **options)
            stack.callback(made[name].close)
        stack.callback(end, made.values())
        return made, stack.pop_all()


def end(sites):
    """All at once, as looking for leaks takes its time."""
    for site in sites:
        site.process.send_signal(signal.SIGQUIT)


@pytest.fixture(scope="module")
def redis(module_redis):
    return module_redis()


@pytest.fixture(scope="module")
def sites(redis, servers, mmdb):
    made, stack = start_all(VARIANTS, servers, mmdb, redis=redis)
    with stack:
        yield made


# -- what must vary

VARYING = [
    (rb"Date: [^\r]+", b"Date: (now)"),
    (rb"(Expires|Last-Modified): (?!Wed, 01 Jan 2020)(?!Thu, 02 Jan 2020)"
     rb"(?!Thu, 01 Jan 1970)[^\r]+", rb"\1: (later)"),
    (rb"ETag: \"(?!5e0be100)[0-9a-f]+-", b"ETag: \"(now)-"),
    (rb"\b\d{20}\b", b"(boundary)"),
    (rb"(?<=Active connections: )\d+ ", b"(n)"),
    (rb"(?m)^ \d+ \d+ \d+ $", b"(n n n)"),
    (rb"uid=[^;\r]+", b"uid=(new)"),
    (rb"exportsite-[a-z0-9_]{8}\b", b"(folder)"),
    (rb"(?<=/nginx\.conf):\d+", b":(line)"),
    (rb"(?<=[a-z0-9]):\d{5}\b", b":(port)")]
VARYING = [(re.compile(pattern), text) for pattern, text in VARYING]


def plain(data):
    """Bytes without what differs between any two nginx."""
    for pattern, text in VARYING:
        data = pattern.sub(text, data)
    return data


# -- what the interface adds

CACHING = (b"cache-control", b"expires", b"vary")
VALIDATORS = CACHING + (b"etag", b"last-modified", b"accept-ranges",
                        b"content-length", b"transfer-encoding", b"connection")


def is_page(answer):
    return answer.status == 200 and any(
        value.startswith(b"text/html")
        for value in answer.values(b"content-type"))


def same(name, request, bare, ours):
    """Whether a variant's answer is what the interface makes of the bare."""
    if bare == ours:
        return True
    bare.body, ours.body = plain(bare.body), plain(ours.body)
    if bare == ours:
        return True
    if name == "consent":
        return is_same_with_cookie(bare, ours)
    if name == "slots":
        return is_same_with_slots(request, bare, ours)
    return False


def is_same_with_cookie(bare, ours):
    """A page that gave a visitor a cookie is private; else it is the same."""
    cookies = [v for v in ours.values(b"set-cookie") if b"es_vid=" in v]
    if len(cookies) != 1 or not (is_page(ours) or ours.status == 304):
        return False
    text = b"\r\nSet-Cookie: " + cookies[0]
    ours = wire.Answer(ours.head.replace(text, b""), ours.body)
    return bare.without(*CACHING) == ours.without(*CACHING)


def is_same_with_slots(request, bare, ours):
    """A page with slots that are not in it: the page, with validators of the
    visitor's own. Conditions are not passed on to upstreams."""
    if b"\r\nIf-" in request.data or b"\r\nRange:" in request.data:
        return (is_page(ours) or bare.status in (206, 304, 412, 416)
                or ours.status == 412 or bare.values(b"x-seen"))
    return is_page(bare) and (unpacked(bare.without(*VALIDATORS))
                              == unpacked(ours.without(*VALIDATORS)))


def unpacked(answer):
    """Where it was compressed, as it was before."""
    if b"gzip" in answer.values(b"content-encoding"):
        answer.body = gzip.decompress(answer.body)
    return answer.without(b"content-encoding")


# -- asking

def at(site, port="port"):
    return ("127.0.0.1", site.names[port])


def run(site, target, requests, port="port"):
    """Ask for one target, as many requests on one connection as nginx lets:
    the final answer to each."""
    found = []
    while len(found) < len(requests):
        rest = requests[len(found):]
        data = b"".join(r.to(target, close=r is rest[-1]) for r in rest)
        got = told(at(site, port), data, [r.method for r in rest])
        got = [answer for answer in got if answer.status != 100]
        assert got, (target, rest[0].data, "nothing came")
        found += got
    return found


def told(address, data, methods):
    """All answers to these bytes."""
    return [wire.Answer(plain(answer.head), answer.body)
            for answer in wire.answers(wire.exchange(address, data), methods)]


class Differences:
    """What variants answer otherwise than the interface says."""

    def __init__(self, sites):
        self.sites = sites
        self.texts = []

    def look(self, target, requests, ask):
        """Compare ask(site) of all sites: the answers to the requests."""
        with concurrent.futures.ThreadPoolExecutor(len(self.sites)) as pool:
            got = dict(zip(self.sites, pool.map(ask, self.sites.values())))
        bare = got.pop("without")
        for name, ours in got.items():
            self.compare(name, target, requests, bare, ours)

    def compare(self, name, target, requests, bare, ours):
        # a page of unknown length ends HTTP/1.0's connection
        short = name == "slots" and b"HTTP/1.0" in requests[0].data
        if len(bare) != len(ours) and not short:
            self.texts.append(f"{name} {target}: {bare!r} without the module,"
                              f" {ours!r} with it")
        for request, a, b in zip(requests, bare, ours):
            if not same(name, request, a, b):
                self.texts.append(
                    f"{name} {target}:\n{request.to(target)!r:.500}\n"
                    f"--- without\n{a}\n--- with\n{b}")

    def logs(self, file="access.log"):
        """The logs are equal; those of pages with slots or a cookie need not,
        as they have other lengths."""
        for name in ("off", "on", "waits"):
            if name not in self.sites:
                continue
            try:
                until(lambda: lines(self.sites[name], file)
                      == lines(self.sites["without"], file), 15)
            except AssertionError:
                bare = lines(self.sites["without"], file)
                ours = lines(self.sites[name], file)
                self.texts.append(f"{name} {file}: without {bare - ours}, "
                                  f"with {ours - bare}")

    def none(self):
        assert not self.texts, (f"{len(self.texts)} answers:\n"
                                + "\n\n".join(self.texts[:20]))


def lines(site, file):
    """A log without an order: a line may be written only when its connection is
    closed. Of the error log, what nginx has to say that is worse than a
    notice; of a line so long that it is cut off, the beginning."""
    text = plain(site.read(file).encode("utf-8", "surrogateescape"))
    if file == "error.log":
        text = b"\n".join(re.findall(
            rb"\[(?:warn|error|crit)\] \S+ (?:\*\d+ )?(?!exportsite)"
            rb"(.{0,1900})", text))
        text = re.sub(rb"/000\d+", b"/(number)", text)
    return collections.Counter(text.split(b"\n"))


def test_all_modules_are_here():
    """Places for which a module is missing are left out."""
    if sideconf.missing():
        pytest.skip("left out: " + ", ".join(sideconf.missing()))


def test_places(sites, redis):
    """Every directive of nginx' own modules, with every kind of request."""
    before = redis.calls("hmget")
    differences = Differences(sites)
    for _, targets, requests in sideconf.places():
        for target in targets:
            differences.look(target, requests,
                             lambda site: run(site, target, requests))
    assert redis.calls("hmget") - before > 1000
    differences.logs()
    differences.logs("error.log")
    differences.none()


def test_odd_requests(sites):
    """Requests that are old, wrong, too long or hostile."""
    differences = Differences(sites)
    for port in ("port", "odd"):
        for request in siderequests.ALONE:
            differences.look(
                "/page.html", [request] * 2, lambda site: told(
                    at(site, port), request.to("/page.html"),
                    [request.method] * 2))
        for target in siderequests.HOSTILE + sideconf.ODD:
            differences.look(target, sideconf.ODD_REQUESTS, lambda site: run(
                site, target, sideconf.ODD_REQUESTS, port))
    differences.logs()
    differences.logs("error.log")
    differences.logs("odd.log")
    differences.none()


def test_late_requests(sites, servers):
    """Clients that are too slow, or go away: 408 and 499."""
    differences = Differences(sites)
    partial = [siderequests.Request(data.split(" ")[0], data) for data in (
        "GET /page.html HTTP/1.1\r\nHost: loc",
        "GET /page.ht", "POST /up HTTP/1.1\r\nHost: late\r\n"
        "Content-Length: 9\r\n\r\nab")]
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        got = {(name, request): pool.submit(
                   told, at(site, "late"), request.data, [request.method])
               for name, site in sites.items() for request in partial}
    for request in partial:
        for name in sites:
            differences.compare(name, "", [request],
                                got["without", request].result(),
                                got[name, request].result())
    hanging = servers["hanging"].requests
    for site in sites.values():
        count = len(hanging)
        with socket.create_connection(at(site, "late")) as sock:
            sock.sendall(b"GET /hang HTTP/1.1\r\nHost: localhost\r\n\r\n")
            until(lambda: len(hanging) > count, what="the upstream to be asked")
        until(lambda: '"GET /hang HTTP/1.1" 499 ' in site.read("late.log"),
              what="a 499")
    assert site.read("late.log").count('" 408 ') == len(partial)
    differences.logs("late.log")
    differences.none()


def test_upgrade(sites):
    """A WebSocket: after the 101, bytes go both ways."""
    head = (b"GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
            b"Connection: upgrade\r\nSec-WebSocket-Key: x\r\n\r\n")

    def talk(site):
        with socket.create_connection(at(site), 20) as sock:
            file = sock.makefile("rb")
            sock.sendall(head)
            answer = []
            while (line := file.readline()) not in (b"\r\n", b""):
                answer.append(line)
            sock.sendall(b"how are you, ")
            sock.sendall(b"bye")
            echo = file.read()
            assert echo == b"how are you, bye" * 2
            return [wire.Answer(plain(b"".join(answer)), echo)]

    differences = Differences(sites)
    differences.look("/ws", siderequests.PLAIN[:1], talk)
    early = siderequests.Request("GET", head + b"early bye")
    differences.look("/ws", [early], lambda site: told(
        at(site), early.data, ["GET"]))
    differences.logs()
    differences.none()


def age(site):
    """All that is in the cache has been there for years."""
    for folder, _, files in os.walk(site.path("cache")):
        for name in files:
            with open(os.path.join(folder, name), "r+b") as file:
                version, _ = struct.unpack("QQ", file.read(16))
                assert version < 99, "the head of cache files is another"
                file.seek(8)
                file.write(struct.pack("Q", 1))


def test_cache_grows_old(sites):
    """proxy_cache with answers that are asked for anew, or stale."""
    ask = siderequests.ask
    broken = "X-Broken: yes"
    differences = Differences(sites)
    wanted = {
        "/reval/page": [b"REVALIDATED", ask(), ask("HEAD"), ask(),
                        ask("GET", "Range: bytes=0-9"),
                        ask("GET", 'If-None-Match: "up"')],
        "/stale/flaky": [b"STALE", ask("GET", broken), ask("HEAD", broken),
                         ask("GET", broken, "Range: bytes=0-9")],
        "/later/page": [b"STALE", ask()]}
    for target, (_, *requests) in wanted.items():
        differences.look(target, siderequests.PLAIN,
                         lambda site: run(site, target, siderequests.PLAIN))
    for site in sites.values():
        age(site)
    for target, (state, *requests) in wanted.items():
        differences.look(target, requests,
                         lambda site: run(site, target, requests))
        if target != "/later/page":
            for site in sites.values():
                age(site)
                assert run(site, target, requests)[0].values(
                    b"x-cache") == [state]
    differences.none()


HTTP2 = [["/page.html"], ["/page.html", "-H", "Range: bytes=0-9"],
         ["/page.html", "-I"], ["/page.html", "-H", "Accept-Encoding: gzip"],
         ["/none"], ["/ssi/nest.html"], ["/echo", "-d", "x"],
         ["/page", "-H", 'If-None-Match: "up"'], ["/push"], ["/old"]]


@pytest.mark.skipif(not shutil.which("curl"), reason="no curl")
def test_http_2(sites):
    """The same over HTTP/2."""
    def curl(site, path, *options):
        done = subprocess.run(
            ["curl", "-s", "-i", "--http2-prior-knowledge", "--max-time", "20",
             *options, f"http://127.0.0.1:{site.names['inner2']}{path}"],
            capture_output=True, check=True)
        assert done.stdout.startswith(b"HTTP/2 ")
        return re.sub(rb"(?m)^date: .*", b"", plain(done.stdout))

    for name in ("off", "on", "waits"):
        for arguments in HTTP2:
            assert (curl(sites[name], *arguments)
                    == curl(sites["without"], *arguments)), (name, arguments)


@pytest.mark.parametrize("options", [
    {"main": "master_process off;", "workers": 0},
    {"listen": "127.0.0.1:@port@ reuseport", "workers": 3},
    {"level": "debug"}], ids=["single", "reuseport", "debug"])
def test_processes(servers, mmdb, options):
    """Other ways to run nginx: a request of each kind for each place."""
    made, stack = start_all(("without", "on"), servers, mmdb, **options)
    with stack:
        differences = Differences(made)
        for _, targets, requests in sideconf.places():
            differences.look(targets[0], requests[:3], lambda site: run(
                site, targets[0], requests[:3]))
        differences.logs()
        differences.none()
