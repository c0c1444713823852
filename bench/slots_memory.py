"""bench/slots memory: what pages with slots take of the worker's memory, while their
readers are slow; also hostile pages, and one of a gigabyte."""

import dataclasses
import socket
import time

import slots_pages as pages
from slots_contenders import (CASES, MARKED, PLAIN, SENDFILE, UPSTREAM_PORT, UPSTREAMS)
from workbench import LOAD_CORE, NGINX_PORT, Bench, need, until

READERS, HOSTILE_READERS = 500, 50
MILLION, MEGABYTE, GIGABYTE = 1000000, 1 << 20, 1 << 30
FILLS = 128                  # slots of one page that are filled, at most
STEP = 1 << 16               # bytes that a reader takes at a time
SLOW = NGINX_PORT + 1        # listens with a small buffer, so that nginx has to wait

ZEROS = bytes(STEP)


class Reader:
    """Asks by HTTP/1.0, so that the answer is not in chunks, and reads as slowly as
    step() is called. expected(at, n) are bytes of the page."""

    def __init__(self, path, expected, port, buffer):
        self.sock = socket.socket()
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        self.sock.settimeout(30)
        self.sock.connect(("127.0.0.1", port))
        self.sock.sendall(f"GET {path} HTTP/1.0\r\nHost: localhost\r\n"
                          "Accept-Language: de\r\n\r\n".encode())
        self.head, self.at, self.expected = b"", 0, expected
        self.good, self.over = True, False

    def step(self):
        """False at the end. Then `good` says whether all of the page was right."""
        data = self.sock.recv(STEP)
        self.over = not data
        if self.over:
            self.good &= self.expected(self.at, 1) == b""
            self.sock.close()
        elif self.at == 0:
            self.head += data
            head, _, data = self.head.partition(b"\r\n\r\n")
            self.good &= head.startswith(b"HTTP/1.1 200 ")
        self.good &= data == self.expected(self.at, len(data))
        self.at += len(data)
        return not self.over


def bytes_of(page):
    return lambda at, n: page[at:at + n]


def zeros(at, n):
    return ZEROS[:max(0, min(n, GIGABYTE - at))]


class Slow:
    """nginx with slow readers of one path. `growth` is the most, in KB, that its
    worker has grown by since before they came."""

    def __init__(self, bench, row, path, expected, readers, port=SLOW, buffer=STEP):
        self.nginx = bench.nginx(
            row, upstream=UPSTREAM_PORT, slow=SLOW,
            server="listen 127.0.0.1:@slow@ sndbuf=8k;\nproxy_max_temp_file_size 0;\n")
        for _ in range(3):                   # what is made once is there
            self.nginx.get("/page.html")
        self.before, self.growth = self.nginx.private(), 0
        self.readers = [Reader(path, expected, port, buffer) for _ in range(readers)]
        until(self.waiting, "the readers")
        while self.sample() != self.sample(0.2):
            pass

    def waiting(self):
        """All are being answered, and so is this question."""
        return f"Writing: {len(self.readers) + 1} " in self.nginx.get("/served")

    def sample(self, pause=0):
        time.sleep(pause)
        now = self.nginx.private() - self.before
        self.growth = max(self.growth, now)
        return now

    def finish(self, every=8):
        """Reads to the end, all alike; how many were right."""
        rounds = 0
        while reading := [r for r in self.readers if not r.over]:
            for reader in reading:
                reader.step()
            rounds += 1
            if rounds % every == 0:
                self.sample()
        self.nginx.stop()
        return sum(r.good for r in self.readers)


def hostile():
    """Pages by name: what comes in, and what must go out."""
    pair = "<!-- es:hero -->%s<!-- /es:hero -->"
    filled = pair % pages.content("hero", "de")
    nested = "<div>" * MILLION
    unchanged = {
        "a tag that never ends": "<p " + "a " * (2 * MEGABYTE),
        "a tag's name that never ends": "<" + "a" * (4 * MEGABYTE),
        "a comment that never closes": "<!-- " + "- " * (2 * MEGABYTE),
        "a slot that never closes": "<!-- es:hero -->" + "x" * (4 * MEGABYTE),
        "a million slots, none closed": "<!-- es:hero -->" * MILLION,
        "a million elements nested in a slot": '<div data-es-slot="hero">' + nested,
        "a million elements nested in svg": "<svg>" + "<g>" * MILLION,
        "attributes of a megabyte": '<p title="%s"><p data-es-slot="%s">' % (
            ("x" * MEGABYTE,) * 2),
        "four million times <": "<" * (4 * MEGABYTE),
        "four million NUL": "\0" * (4 * MEGABYTE)}
    for name, page in unchanged.items():
        yield name, page.encode(), page.encode()
    page = pair % "x" * MILLION
    yield ("a million pairs of marks", page.encode(),
           (filled * FILLS + page[FILLS * len(pair % "x"):]).encode())


def rows_of(*names):
    """Contenders by name, of all cases; the first of that name."""
    for name in names:
        row = next(row for case in CASES for row in case.rows if row.name == name)
        if row.needs.exists():
            yield row


def as_asked(row):
    """The same contender, but with the file that the URI names, read by nginx."""
    return dataclasses.replace(row, server=row.server.replace(MARKED, "").replace(
        PLAIN, "").replace(SENDFILE, ""))


def print_readers(bench):
    print(f"| {READERS} slow readers | KB a reader | right |\n|---|--:|--:|")
    for row in rows_of("bare", "bare-read", "slots", "slots-beside", "sub_filter",
                       "lua", "proxy-bare", "proxy-slots", "proxy-sub_filter",
                       "proxy-lua"):
        page = pages.PAGE if "bare" in row.name else pages.filled("de")
        slow = Slow(bench, row, "/", bytes_of(page.encode()), READERS, buffer=4096)
        growth, good = slow.growth, slow.finish()
        print(f"| {row.name} | {growth / READERS:.1f} | {good / READERS:.1%} |",
              flush=True)


def print_hostile(bench):
    bare, slots = map(as_asked, rows_of("bare-read", "slots"))
    print(f"\n| {HOSTILE_READERS} readers of | MB | KB a reader, bare-read | slots "
          "| more | right |\n|---" + "|--:" * 5 + "|")
    for name, page, result in hostile():
        (bench.dir / "www/hostile.html").write_bytes(page)
        growth, good = [], 0
        for row, expected in (bare, page), (slots, result):
            slow = Slow(bench, row, "/hostile.html", bytes_of(expected),
                        HOSTILE_READERS)
            good += slow.finish()
            growth.append(slow.growth / HOSTILE_READERS)
        print(f"| {name} | {len(page) / MEGABYTE:.1f} | {growth[0]:.1f} "
              f"| {growth[1]:.1f} | {growth[1] - growth[0]:+.1f} "
              f"| {good / 2 / HOSTILE_READERS:.1%} |", flush=True)


def print_gigabyte(bench):
    with open(bench.dir / "www/gigabyte.html", "wb") as file:
        file.truncate(GIGABYTE)
    print("\n| a gigabyte through | peak KB | seconds | right |\n"
          "|---|--:|--:|--:|")
    for row in map(as_asked, rows_of("bare-read", "slots", "sub_filter", "proxy-bare",
                                     "proxy-slots", "proxy-sub_filter")):
        slow = Slow(bench, row, "/gigabyte.html", zeros, 1, NGINX_PORT)
        start = time.monotonic()
        good = slow.finish(1000)
        print(f"| {row.name} | {slow.growth:,} | {time.monotonic() - start:.1f} "
              f"| {good:.0%} |", flush=True)


def main():
    need()
    with Bench() as bench:
        pages.write(bench.dir / "www")
        upstream = as_asked(UPSTREAMS[0])
        upstream.server += SENDFILE + "location = / { try_files /page.html =404; }\n"
        bench.nginx(upstream, port=UPSTREAM_PORT, core=LOAD_CORE)
        print_readers(bench)
        print_hostile(bench)
        print_gigabyte(bench)
