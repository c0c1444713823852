"""A hostile neighbour on the disk: files that are sound but not true."""

import os
import shutil
import struct
import subprocess
import time
import zlib

import pytest

import spool
import views
import webserver
from wait import until

BASE = ("exportsite_redis @redis@ timeout=1s;\n"
        "exportsite_secret @dir@/secret; exportsite_consent on;\n"
        "exportsite_stream events buffer=64k flush=20ms spool=@dir@/spool;\n")


def sealed(seq, args, data, flags=0, at=None):
    """A record whose sums are right, whatever stands in it."""
    at = int(time.time() * 1000) if at is None else at
    front = struct.pack("=IQQIHH", len(data), seq, at, args, flags,
                        ~len(data) & 0xffff) + data
    whole = struct.pack("=I", zlib.crc32(front)) + front
    return whole + b"\0" * (-len(whole) % 8)


def good(path):
    return spool.event(path)


def words(*parts):
    return b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in parts)


def flush_all():
    """A whole event, and behind it a command of its own."""
    args, data = good("/evil")
    return args, data + b"*1\r\n$8\r\nFLUSHALL\r\n"


# what lies in a record: number of arguments, and bytes
POISON = {
    "too few arguments": lambda: (5, good("/evil")[1]),
    "too many arguments": lambda: (100, good("/evil")[1]),
    "no arguments": lambda: (0, good("/evil")[1]),
    "no RESP": lambda: (3, b"GET / HTTP/1.1\r\n\r\n"),
    "a length that is too long": lambda: (
        3, b"$2\r\n02\r\n$400\r\nx\r\n$1\r\ny\r\n"),
    "a huge length": lambda: (
        3, b"$2\r\n02\r\n$99999999999\r\nx\r\n$1\r\ny\r\n"),
    "a command behind it": flush_all,
    "one field without a value": lambda: (4, words(b"03", b"id", b"x", b"y")),
    "a count that is none": lambda: (3, words(b"xx", b"id", b"x")),
    "a count that is too large": lambda: (3, words(b"99", b"id", b"x")),
    "a count of zero": lambda: (1, words(b"00")),
    "a negative count": lambda: (3, words(b"-1", b"id", b"x")),
    "a nan": lambda: (3, words(b"nan", b"id", b"x")),
    "an infinite count": lambda: (3, words(b"inf", b"id", b"x")),
}


@pytest.mark.parametrize("kind", POISON)
def test_a_record_that_is_no_event(redis, nginx, kind):
    """It harms nobody else: all other events arrive, it is counted."""
    redis("SET", "witness", "here")
    site = nginx(BASE, views.PAGES, redis=redis, start=False)
    folder = spool.make(site.path("spool"))
    args, data = POISON[kind]()
    before = [f"/before/{n}" for n in range(5)]
    behind = [f"/behind/{n}" for n in range(5)]
    spool.put(folder, 5, spool.content(5, before) + sealed(6, args, data)
              + b"".join(spool.record(7 + n, p) for n, p in enumerate(behind)))
    other = [f"/other/{n}" for n in range(5)]
    spool.put(folder, 6, spool.content(6, other), 1000)
    site.start()
    want = views.view(site, 0, 10)
    got = views.arrive_all(redis, before + behind + other + want, 8)
    assert redis("GET", "witness") == b"here"
    assert set(got) <= set(before + behind + other + want)
    status = views.settle(site)
    assert views.lost(status) == views.lost(status, "torn") == 1
    until(lambda: not spool.files(folder), 8, "no files any more")


def test_a_command_does_not_get_through(redis, nginx):
    """What stands behind an event, as the last of a batch, is no command."""
    redis("SET", "witness", "here")
    site = nginx(BASE, views.PAGES, redis=redis, start=False)
    args, data = flush_all()
    spool.put(spool.make(site.path("spool")), 5,
              spool.content(5, ["/before"]) + sealed(2, args, data))
    site.start()
    time.sleep(2.5)
    want = views.view(site, 0, 10)
    views.arrive_all(redis, ["/before"] + want, 8)
    assert redis("GET", "witness") == b"here"


# -- what is damaged while its worker has it

def damaged(site, redis, harm, before=1500):
    """Views that went to files while Redis was away; then harm(path)."""
    redis.kill()
    asked = views.view(site, 0, before)
    folder = site.path("spool")
    path = spool.files(folder)[0]
    held = [spool.fields(r)["path"] for r in spool.read(path).records]
    harm(path)
    redis.start()
    return asked, held


def accounted(site, redis, asked):
    """All that was recorded is in the stream, or counted as lost."""
    status = views.settle(site)
    got = views.stream(redis)
    missing = set(asked) - set(got)
    assert views.lost(status) > 0 and missing
    assert views.lost(status) == views.lost(status, "torn")
    # one damaged place counts once, however many events it had
    assert views.lost(status) <= len(missing)


@pytest.mark.parametrize("times", [1, 3])
def test_bits_that_flip_under_the_writer(new_redis, nginx, times):
    """The file that a worker wrote itself is not what it wrote."""
    def flip(path):
        with open(path, "r+b") as file:
            for n in range(times):
                at = 5000 + 7000 * n
                file.seek(at)
                byte = file.read(1)
                file.seek(at)
                file.write(bytes([byte[0] ^ 0x10]))
    redis = new_redis(aof=True)
    site = nginx(BASE, views.PAGES, redis=redis)
    asked, _ = damaged(site, redis, flip)
    views.arrive_all(redis, asked[-1:], 8)
    accounted(site, redis, asked)


def test_emptied_under_the_writer(new_redis, nginx):
    """Somebody made the file short: what it held is counted as lost."""
    redis = new_redis(aof=True)
    site = nginx(BASE, views.PAGES, redis=redis)
    asked, held = damaged(site, redis, lambda p: os.truncate(p, 3000))
    views.arrive_all(redis, asked[-1:], 8)
    accounted(site, redis, asked)


# -- numbers and times that cannot be

@pytest.mark.parametrize("first", [2**53 - 3, 2**63 - 3, 2**64 - 5])
def test_huge_numbers(redis, nginx, first):
    """Numbers at the end of what can be counted: each event once."""
    site = nginx(BASE, views.PAGES, redis=redis, start=False)
    want = [f"/old/{n}" for n in range(4)]
    spool.put(spool.make(site.path("spool")), 5,
              spool.content(5, want, first=first))
    site.start()
    got = views.arrive_all(redis, want, 8)
    views.settle(site)
    time.sleep(1.2)
    assert sorted(views.stream(redis)) == sorted(got) == want


@pytest.mark.parametrize("at", [0, 1, 2**63, 2**64 - 1, "future"])
def test_times_that_cannot_be(new_redis, nginx, at):
    """The clock was set: ages on the status page are no nonsense."""
    redis = new_redis(start=False)
    site = nginx(BASE, views.PAGES, redis=redis, start=False)
    if at == "future":
        at = int(time.time() * 1000) + 86400000
    args, data = good("/old")
    spool.put(spool.make(site.path("spool")), 5,
              spool.head(5) + sealed(1, args, data, at=at))
    site.start()
    until(lambda: site.json()["spool"]["events"] == 1, 5, "the file")
    oldest = site.json()["events"]["oldest_ms"]
    assert 0 <= oldest <= time.time() * 1000 + 5000, oldest
    assert site.get("/status?format=prometheus").status == 200
    assert site.get("/status?format=html").status == 200
    redis.start()
    assert views.arrive(redis, 1) == ["/old"]


def test_producer_zero(redis, nginx):
    site = nginx(BASE, views.PAGES, redis=redis, start=False)
    want = [f"/old/{n}" for n in range(5)]
    spool.put(spool.make(site.path("spool")), 0, spool.content(0, want))
    site.start()
    views.arrive_all(redis, want, 8)
    views.settle(site)
    assert views.stream(redis) == want


def test_a_name_of_the_year_zero(redis, nginx):
    """It is none of ours, as part 0 is the mark of a ring: left alone."""
    site = nginx(BASE, views.PAGES, redis=redis, start=False)
    folder = spool.make(site.path("spool"))
    want = [f"/old/{n}" for n in range(5)]
    path = os.path.join(folder, "%013d-%016x.spool" % (0, 5))
    with open(path, "wb") as file:
        file.write(spool.content(5, want))
    spool.as_worker(path)
    spool.put(folder, 6, spool.content(6, ["/new"]))
    site.start()
    views.arrive_all(redis, ["/new"], 8)
    views.settle(site)
    assert views.stream(redis) == ["/new"]
    assert os.path.getsize(path) == len(spool.content(5, want))


# -- whose files cannot be read

@pytest.mark.parametrize("most", ["1m", "2g"])
def test_a_sparse_file(new_redis, nginx, most):
    """A gigabyte of zeros: no page waits while it is looked through.

    Where it is more than all may be, it goes, and others do not for it.
    """
    redis = new_redis(aof=True, start=False)
    site = nginx(BASE.replace("64k", f"64k spool_max={most}"), views.PAGES,
                 redis=redis, start=False)
    folder = spool.make(site.path("spool"))
    path = spool.put(folder, 5, spool.content(5, ["/old"]), 90000)
    os.truncate(path, 1 << 30)
    want = [f"/other/{n}" for n in range(1000)]
    spool.put(folder, 6, spool.content(6, want))
    site.start()
    slow = 0
    begin = time.monotonic()
    while time.monotonic() - begin < 2:
        one = time.monotonic()
        assert site.get("/nothing").status == 404
        slow = max(slow, time.monotonic() - one)
    assert slow < 0.8               # all at once it takes two seconds
    if most == "1m":
        until(lambda: not os.path.exists(path), 10, "it to go")
        assert views.lost(site.json(), "spool_max") == 1
    else:
        # its one event comes, and all that is none counts as one
        want.insert(0, "/old")
        until(lambda: views.lost(site.json(), "torn") == 1, 60, "the zeros")
    redis.start()
    assert sorted(views.arrive(redis, len(want), 60)) == sorted(want)


def test_a_limit_that_waits_for_the_check(new_redis, nginx):
    """What is looked through still goes when that is done, and is counted."""
    redis = new_redis(start=False)
    site = nginx(BASE.replace("64k", "64k spool_max=256m"), views.PAGES,
                 redis=redis, start=False)
    folder = spool.make(site.path("spool"))
    for n in range(2):
        path = spool.put(folder, 5 + n, spool.content(
            5 + n, [f"/old/{n}-{k}" for k in range(10)]), 90000 - n)
        os.truncate(path, 200 << 20)
    site.start()
    until(lambda: spool.size(folder) <= 256 << 20, 60, "the limit")
    assert views.lost(site.json(), "spool_max") == 10


# -- a disk that does not give back what it got

SHIM = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

/* EIO for reads of spool files from $ES_EIO on, while $ES_EIO_WHILE is there */
ssize_t
pread64(int fd, void *buf, size_t n, off_t offset)
{
    char     link[64], path[512];
    ssize_t  len;
    static ssize_t (*next)(int, void *, size_t, off_t);

    if (next == NULL) {
        next = dlsym(RTLD_NEXT, "pread64");
    }

    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    len = readlink(link, path, sizeof(path) - 1);
    path[len > 0 ? len : 0] = '\0';

    if (strstr(path, ".spool") != NULL && offset >= atol(getenv("ES_EIO"))
        && access(getenv("ES_EIO_WHILE"), F_OK) == 0)
    {
        errno = EIO;
        return -1;
    }

    return next(fd, buf, n, offset);
}

ssize_t
pread(int fd, void *buf, size_t n, off_t offset)
{
    return pread64(fd, buf, n, offset);
}
"""


class BadDisk:
    """fails(): reads of spool files, from an offset on, fail until works()."""

    def __init__(self, folder, monkeypatch):
        source, library = folder + "/shim.c", folder + "/shim.so"
        self.flag = folder + "/fails"
        with open(source, "w") as file:
            file.write(SHIM)
        subprocess.run(["gcc", "-shared", "-fPIC", "-o", library, source,
                        "-ldl"], check=True)
        before = os.environ.get("ES_PRELOAD")
        both = " ".join(filter(None, [before, library]))
        monkeypatch.setenv("ES_PRELOAD", both)
        monkeypatch.setenv("ES_EIO_WHILE", self.flag)
        monkeypatch.setenv("ES_EIO", "0")
        self.patch = monkeypatch

    def fails(self, offset=0):
        self.patch.setenv("ES_EIO", str(offset))
        open(self.flag, "w").close()

    def works(self):
        os.unlink(self.flag)


ENV = "env ES_EIO; env ES_EIO_WHILE;"


@pytest.fixture
def bad_disk(monkeypatch):
    folder = webserver.new_folder()
    yield BadDisk(folder, monkeypatch)
    shutil.rmtree(folder)


def test_a_file_that_cannot_be_read_stays(new_redis, nginx, bad_disk):
    """It is not deleted unread: its events come when it can be read again."""
    redis = new_redis(aof=True)
    site = nginx(BASE, views.PAGES, redis=redis, main=ENV)
    redis.kill()
    want = views.view(site, 0, 1500)
    held = spool.files(site.path("spool"))
    assert held
    bad_disk.fails()
    redis.start()
    until(lambda: "cannot be read" in site.log(), 5, "the line in the log")
    time.sleep(4)
    assert spool.files(site.path("spool")) == held
    bad_disk.works()
    site.reload()
    views.arrive_all(redis, want, 10)
    views.settle(site)
    assert sorted(views.stream(redis)) == sorted(want)


def test_a_file_that_cannot_be_read_does_not_lift_the_limit(
        new_redis, nginx, bad_disk):
    """spool_max= holds for the others, beside one that is half read."""
    redis = new_redis(start=False)
    site = nginx(BASE.replace("flush=", "spool_max=1m flush="), views.PAGES,
                 redis=redis, main=ENV, workers=2, start=False)
    folder = spool.make(site.path("spool"))
    spool.put(folder, 5, spool.content(5, [f"/old/{n}" for n in range(2500)]),
              90000)
    bad_disk.fails(offset=200000)
    site.start()
    until(lambda: "cannot be read" in site.log(), 5, "the line in the log")
    for _ in range(24):
        views.view(site, 0, 500)
    # a second to the next round of whoever has nothing to do, and some turns
    until(lambda: spool.size(folder) <= 1 << 20, 3, "the limit")


def test_a_file_that_is_being_sent_does_not_lift_the_limit(
        redis, slow_link, nginx):
    """Redis takes the oldest slowly: nobody waits for that with his own."""
    slow_link.delay = 0.5
    base = BASE.replace("timeout", "connect_timeout=9s timeout")
    site = nginx(base.replace("flush=", "spool_max=1m flush="), views.PAGES,
                 redis=slow_link, workers=2, start=False)
    folder = spool.make(site.path("spool"))
    path = spool.put(folder, 5, spool.content(
        5, [f"/old/{n}" for n in range(4000)]), 90000)
    site.start()
    until(lambda: redis("XLEN", "es:events") > 0, 15, "the first")
    largest = 0
    begin = time.monotonic()
    while time.monotonic() - begin < 2:
        views.view(site, 0, 300)
        largest = max(largest, spool.size(folder))
    assert os.path.exists(path), "all of it was sent"
    assert largest < 5 << 20
    slow_link.delay = 0
