"""Spool files that are damaged, not ours or nowhere, and disks that fail."""

import os
import pathlib
import re
import shutil
import socket
import stat
import time

import pytest

import spool
import views
import webserver
from views import arrive, check, lost, settle, view, waiting
from wait import until


def conf(folder="@dir@/spool", buffer="64k", more=""):
    return ("exportsite_redis @redis@; exportsite_secret @dir@/secret;\n"
            f"exportsite_stream events buffer={buffer} spool={folder} "
            f"{more};\n")


@pytest.fixture
def redis(new_redis):
    """One that forgets nothing."""
    return new_redis(aof=True)


@pytest.fixture
def disk():
    """disk(size) mounts a small file system, a spool.Disk."""
    folder = webserver.new_folder()
    made = []

    def make(size):
        made.append(spool.Disk(os.path.join(folder, "disk"), size))
        return made[0]

    yield make
    for one in made:
        one.close()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def away(new_redis):
    """One that is not there yet."""
    return new_redis(aof=True, start=False)


def lines(site, *words):
    """Lines of the error log, from [warn] up, that hold all the words."""
    return [line for line in site.log().splitlines()
            if re.search(r"\[(warn|error|crit|alert|emerg)\]", line)
            and all(word in line for word in words)]


# -- damage

PATHS = [f"/old/{n}" for n in range(60)]
SIZES = [len(spool.record(1, path)) for path in PATHS]
LAST = sum(SIZES[:-1]) + spool.HEAD          # where the last record begins
SOME = sum(SIZES[:30]) + spool.HEAD          # and one in the middle


def flip(data, at, bits=0x10):
    return data[:at] + bytes([data[at] ^ bits]) + data[at + 1:]


def without(*numbers):
    return [path for n, path in enumerate(PATHS) if n not in numbers]


# what is done to the file, which events are left, how many may be counted
DAMAGE = {
    "nothing": (lambda d: d, PATHS, (0, 0)),
    "a byte short": (lambda d: d.rstrip(b"\0")[:-1], without(59), (1, 1)),
    "in the padding": (lambda d: d[:len(d.rstrip(b"\0"))], None, (0, 1)),
    "in the data": (lambda d: d[:LAST + 100], without(59), (1, 1)),
    "no data": (lambda d: d[:LAST + spool.RECORD_HEAD], without(59), (1, 1)),
    "in the record's head": (lambda d: d[:LAST + 9], without(59), (1, 1)),
    "one byte of a record": (lambda d: d[:LAST + 1], without(59), (1, 1)),
    "only the file's head": (lambda d: d[:spool.HEAD], [], (0, 0)),
    "garbage behind": (lambda d: d + bytes(range(1, 251)) * 3, PATHS, (1, 3)),
    "zeros behind": (lambda d: d + b"\0" * 4096, PATHS, (0, 2)),
    "garbage between": (lambda d: d[:SOME] + b"\xa5" * 64 + d[SOME:],
                        PATHS, (1, 1)),
    "a flipped bit in data": (lambda d: flip(d, SOME + 90), without(30),
                              (1, 1)),
    "a flipped bit in a length": (lambda d: flip(d, SOME + 5), without(30),
                                  (1, 1)),
    "a flipped bit in a number": (lambda d: flip(d, SOME + 8), without(30),
                                  (1, 1)),
    "two flipped bits": (lambda d: flip(flip(d, SOME + 90), spool.HEAD + 40),
                         without(0, 30), (2, 2)),
    "a hole": (lambda d: d[:SOME] + d[SOME + 40:], without(30), (1, 1)),
    "a page of zeros": (lambda d: d[:SOME] + b"\0" * sum(SIZES[30:40])
                        + d[SOME + sum(SIZES[30:40]):],
                        without(*range(30, 40)), (1, 10)),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_damage(redis, nginx, kind):
    """What is damaged is counted, all else arrives, in order."""
    damage, left, (least, most) = DAMAGE[kind]
    site = nginx(conf(), views.PAGES, redis=redis, start=False)
    old = spool.make(site.path("spool"))
    spool.put(old, 5, damage(spool.content(5, PATHS)))
    behind = [f"/behind/{n}" for n in range(5)]
    spool.put(old, 6, spool.content(6, behind), 1000)
    site.start()
    left = PATHS[:-1] if left is None else left
    arrive(redis, len(left) + 5)
    got = settle(site)
    stream = views.stream(redis)
    assert [p for p in stream if p.startswith("/old")][:len(left)] == left
    assert set(stream) <= set(PATHS + behind)
    assert len(stream) + lost(got) >= len(left) + 5 + least
    assert least <= lost(got, "torn") <= most
    assert lost(got) == lost(got, "torn")
    view(site, 0, 5)
    arrive(redis, len(stream) + 5)


def test_damage_that_the_file_system_did(away, nginx):
    """kill -9, then the newest file cut as a crash does: the rest arrives."""
    site = nginx(conf(), views.PAGES, redis=away)
    view(site, 0, 3000)
    site.kill9()
    path = spool.files(site.path("spool"))[-1]
    os.truncate(path, os.path.getsize(path) - 13)
    want = [e["path"] for e in spool.events(site.path("spool"))]
    site.start()
    away.start()
    arrive(away, len(want))
    got = settle(site)
    check(away, want)
    assert lost(got) == lost(got, "torn") == 1


def test_numbers_with_gaps(redis, nginx):
    """A kill may leave a number out: nothing is taken for a repeat."""
    site = nginx(conf(), views.PAGES, redis=redis, start=False)
    old = spool.make(site.path("spool"))
    seqs = [n + 1 + n // 7 * 5 for n in range(60)]
    spool.put(old, 5, spool.head(5) + b"".join(
        spool.record(seq, path) for seq, path in zip(seqs, PATHS)))
    site.start()
    arrive(redis, 60)
    settle(site)
    check(redis, PATHS)
    mark = redis("KEYS", "es:mark:*")
    assert [redis("GET", key) for key in mark] == [b"%d" % seqs[-1]]


def test_one_producer_in_many_files(redis, nginx):
    """Files of one producer go one after the other, oldest first."""
    site = nginx(conf(), views.PAGES, redis=redis, start=False, workers=3)
    old = spool.make(site.path("spool"))
    parts = {}
    for producer in (2**63 + 5, 6, 7):
        parts[producer] = [f"/{producer}/{n}" for n in range(600)]
        for k in range(12):
            spool.put(old, producer, spool.content(
                producer, parts[producer][50 * k:50 * k + 50], 50 * k + 1),
                90000 - 1000 * k)
    site.start()
    arrive(redis, 1800)
    settle(site)
    check(redis, sum(parts.values(), []), ordered=False)
    stream = views.stream(redis)
    for producer, part in parts.items():
        assert [p for p in stream if p.startswith(f"/{producer}/")] == part
    until(lambda: not spool.files(old), 8, "no files any more")


def test_large_records(redis, nginx):
    """Events of all sizes that a record may have."""
    site = nginx(conf(), views.PAGES, redis=redis, start=False)
    old = spool.make(site.path("spool"))
    want = ["/" + "x" * size for size in
            (1, 1000, 8000, 65000, 7, 40000, 65200, 3)] * 5
    want = [f"{path}{n}" for n, path in enumerate(want)]
    spool.put(old, 5, spool.content(5, want))
    site.start()
    arrive(redis, len(want))
    settle(site)
    check(redis, want)


def test_a_restored_file_is_not_written_twice(redis, nginx):
    """Somebody restores a file that was replayed: its mark knows that."""
    site = nginx(conf(), views.PAGES, redis=redis)
    old = site.path("spool")
    path = spool.put(old, 5, spool.content(5, PATHS))
    with open(path, "rb") as file:
        data = file.read()
    arrive(redis, 60)
    settle(site)
    until(lambda: not spool.files(old), 8, "no files any more")
    with open(path + ".new", "wb") as file:
        file.write(data)
    spool.as_worker(path + ".new")
    os.rename(path + ".new", path)
    until(lambda: not spool.files(old), 8, "no files any more")
    check(redis, PATHS)
    assert lost(site.json()) == 0


def test_files_put_there_later(redis, nginx):
    """What another nginx' directory held, moved here: taken in a second."""
    site = nginx(conf(), views.PAGES, redis=redis, workers=2)
    view(site, 0, 10)
    arrive(redis, 10)
    spool.put(site.path("spool"), 9, spool.content(9, PATHS))
    arrive(redis, 70, 3)
    settle(site)
    check(redis, views.paths(0, 10) + PATHS)


def test_an_empty_file_is_no_event(redis, nginx):
    """A worker killed before the head was written: no harm, no count."""
    site = nginx(conf(), views.PAGES, redis=redis, start=False)
    old = spool.make(site.path("spool"))
    for n, size in enumerate((0, 3, 12, 23)):
        spool.put(old, 50 + n, spool.head(50 + n)[:size], 60000 + n)
    spool.put(old, 9, spool.content(9, PATHS))
    site.start()
    arrive(redis, 60)
    got = settle(site)
    check(redis, PATHS)
    assert lost(got) == 0
    assert view(site, 0, 3)


def test_very_many_files(redis, nginx):
    """An outage with many restarts in it: more files than may be open."""
    site = nginx(conf(), views.PAGES, redis=redis, start=False,
                 main="worker_rlimit_nofile 140;")
    site.allow(r"worker_connections exceed open file resource limit")
    old = spool.make(site.path("spool"))
    want = [f"/old/{n}" for n in range(160)]
    for n, path in enumerate(want):
        spool.put(old, 1000 + n, spool.content(1000 + n, [path]), 90000 - n)
    site.start()
    time.sleep(1.2)
    sessions = [site.session() for _ in range(40)]
    for session in sessions:
        assert session.get("/nothing").status == 404
    for session in sessions:
        session.close()
    arrive(redis, 160, 20)
    settle(site)
    check(redis, want, ordered=False)
    until(lambda: not spool.files(old), 10, "no files any more")
    assert "Too many open files" not in site.log()


# -- what is not ours

def strangers(folder, outside):
    """Things in a spool directory that are none of nginx' business."""
    made = {}

    def file(title, data, mode=0o644):
        path = os.path.join(folder, title)
        with open(path, "wb") as out:
            out.write(data)
        os.chmod(path, mode)
        made[title] = data

    good = spool.content(9, ["/stranger"])
    file("README", b"please leave this here\n")
    file("notes.spool", good)
    file("1234567890123-00000000000000zz.spool", good)
    file("123456789012-0000000000000009.spool", good)
    file("1234567890123-0000000000000009.spool.bak", good)
    file(spool.name(0x21, 50000), b"not a spool file, whatever it says\n" * 9)
    file(spool.name(0x22, 49000), b"short")
    file(spool.name(0x23, 48000), b"ESSPOOL2" + good[8:])
    file(spool.name(0x24, 47000), flip(good, 12))
    file(spool.name(0x25, 46000), good)          # is producer 9, by its head
    if os.getuid() == 0:
        file(spool.name(9, 45000), good, 0o600)  # of root
    target = os.path.join(outside, "target")
    with open(target, "wb") as out:
        out.write(good)
    os.chmod(target, 0o666)
    os.symlink(target, os.path.join(folder, spool.name(9, 44000)))
    os.symlink("/nowhere", os.path.join(folder, spool.name(9, 43000)))
    os.symlink("/dev/zero", os.path.join(folder, spool.name(9, 42000)))
    os.mkdir(os.path.join(folder, spool.name(9, 41000)))
    pipe = os.path.join(folder, spool.name(9, 40000))
    os.mkfifo(pipe)
    os.chmod(pipe, 0o666)
    with socket.socket(socket.AF_UNIX) as sock:
        here = os.getcwd()
        os.chdir(folder)           # a socket's path is short
        sock.bind(spool.name(9, 39000))
        os.chdir(here)
    return made


def test_strangers(redis, nginx):
    """Left alone, told once; the spool works beside them."""
    site = nginx(conf(), views.PAGES, redis=redis, start=False)
    folder = spool.make(site.path("spool"))
    made = strangers(folder, site.dir)
    before = sorted(os.listdir(folder))
    site.start()
    redis.kill()
    want = view(site, 0, 1500)
    redis.start()
    arrive(redis, 1500)
    got = settle(site)
    check(redis, want)
    assert lost(got) == 0
    time.sleep(2.5)                # some more looks at the directory
    until(lambda: sorted(os.listdir(folder)) == before, 6, "only strangers")
    for title, data in made.items():
        assert pathlib.Path(folder, title).read_bytes() == data, title
    assert os.path.getsize(os.path.join(site.dir, "target")) > 0
    named = [title for title in before if spool.NAME.match(title)]
    told = {title: len(lines(site, title)) for title in named}
    assert max(told.values()) == 1, told
    assert len(lines(site)) <= len(named) + 5
    site.reload()
    assert view(site, 5000, 5)
    arrive(redis, 1505)


def test_strangers_do_not_count_for_spool_max(away, nginx):
    """Nor are they what goes when it is passed."""
    site = nginx(conf(more="spool_max=1m"), views.PAGES, redis=away,
                 start=False)
    folder = spool.make(site.path("spool"))
    title = os.path.join(folder, spool.name(1, 90000))
    with open(title, "wb") as out:
        out.write(b"huge" * 500000)
    site.start()
    view(site, 0, 1000)
    time.sleep(1.5)
    got = site.json()
    assert lost(got) == 0 and waiting(got) == 1000
    assert os.path.getsize(title) == 2000000
    away.start()
    arrive(away, 1000)
    settle(site)
    check(away, views.paths(0, 1000))


def test_two_nginx_in_one_directory(redis, new_redis, nginx):
    """What one's workers hold, the other leaves alone, until they are dead."""
    other = new_redis()
    folder = spool.make(os.path.join(redis.folder, "shared"))
    one = nginx(conf(folder), views.PAGES, redis=redis)
    two = nginx(conf(folder), views.PAGES, redis=other, workers=2)
    redis.kill()
    want = view(one, 0, 1500)
    files = spool.files(folder)
    assert files
    mine = view(two, 9000, 300)
    time.sleep(2.2)
    arrive(other, 300)
    settle(two)
    check(other, mine, ordered=False)
    until(lambda: set(spool.files(folder)) == set(files), 8,
          "the files of the one alone")
    two.reload()
    redis.start()
    arrive(redis, 1500)
    settle(one)
    check(redis, want)
    redis.kill()
    view(one, 2000, 1500)
    one.kill9()
    left = [e["path"] for e in spool.events(folder)
            if e["path"] not in want + mine]
    assert len(left) > 1000
    arrive(other, 300 + len(left))
    until(lambda: not spool.files(folder), 8, "no files any more")
    stream = views.stream(other)
    assert [p for p in stream if p not in mine and p not in want] == left


# -- the directory

def test_is_made_with_the_rights_of_the_worker(away, nginx):
    """A missing directory is made; nobody else may read it, or its files."""
    site = nginx(conf(), views.PAGES, redis=away)
    folder = site.path("spool")
    view(site, 0, 1000)
    about = os.stat(folder)
    assert stat.S_IMODE(about.st_mode) & 0o077 == 0
    files = spool.files(folder)
    assert files
    for path in files:
        assert stat.S_IMODE(os.stat(path).st_mode) & 0o077 == 0
    if os.getuid() == 0:
        assert about.st_uid != 0
    away.start()
    arrive(away, 1000)


def test_one_that_is_there_is_given_to_the_worker(away, nginx):
    """Made by the operator, as root: it works all the same."""
    site = nginx(conf(), views.PAGES, redis=away, start=False)
    os.mkdir(site.path("spool"), 0o755)
    site.start()
    view(site, 0, 1000)
    assert spool.files(site.path("spool"))
    assert lost(site.json()) == 0
    away.start()
    arrive(away, 1000)


def test_relative_path(away, nginx):
    """spool=DIR counts from nginx' prefix, as other paths do."""
    site = nginx(conf("waiting"), views.PAGES, redis=away)
    view(site, 0, 1000)
    assert spool.files(site.path("waiting"))
    away.start()
    arrive(away, 1000)


@pytest.mark.parametrize("folder, word", [
    ("@dir@/no/such/parent", "No such file"),
    ("@dir@/secret", "irectory"),
    ("@dir@/secret/spool", "Not a directory")])
def test_impossible_directories(folder, word):
    """nginx -t says so, and names the path."""
    result = webserver.check(conf(folder), redis="127.0.0.1:1")
    assert not result.ok
    assert "[emerg]" in result.text and word in result.text
    assert folder.replace("@dir@", "") in result.text


def test_check_makes_nothing_harmful(nginx):
    """nginx -t with a good directory passes, twice."""
    site = nginx(conf(), views.PAGES, redis="127.0.0.1:1", start=False)
    assert webserver.ConfigCheck(site).ok
    assert webserver.ConfigCheck(site).ok


@pytest.mark.parametrize("text", [
    "spool=", "spool=@dir@/a spool=@dir@/b", "spool_max=1m", "spool_max=256m",
    "spool=@dir@/a spool_max=0", "spool=@dir@/a spool_max=",
    "spool=@dir@/a spool_max=x", "spool=@dir@/a spool_max=-1",
    "spool=@dir@/a spool_max=1023k", "spool=@dir@/a spool_max=64k",
    "spool", "spool_max",
    "off spool=@dir@/a"])
def test_refusals(text):
    """What spool= and spool_max= do not take, said with the place."""
    key = "" if text.startswith("off") else "events"
    result = webserver.conf_error(
        f"exportsite_redis 127.0.0.1:1;\nexportsite_stream {key} {text};")
    assert "exportsite_stream" in result.source
    assert re.search(r"spool|stream|parameter", result.text.splitlines()[0])


def test_too_small_says_how_much_it_takes():
    result = webserver.conf_error(
        "exportsite_redis 127.0.0.1:1;\n"
        "exportsite_stream events spool=@dir@/a spool_max=100k;")
    assert "spool_max" in result.text and "1m" in result.text


# -- disks that fail

def once(site, *words):
    """The one line of the log that tells of it."""
    found = lines(site, "the spool", *words)
    assert len(found) == 1, found or site.log()[-1000:]


def holds(site, asked):
    """All that was asked for is accounted for, and pages were answered."""
    got = until(lambda: [s for s in [site.json()]
                         if waiting(s) + lost(s) == asked], 4,
                f"{asked} in all; {waiting(site.json())} wait")[0]
    assert lost(got) == lost(got, "disk") > 0
    return lost(got)


def recovers(site, redis, asked, gone):
    """Redis is back: all but what was counted comes, once and in order."""
    redis.start()
    arrive(redis, asked - gone)
    after = settle(site)
    stream = views.stream(redis)
    assert len(stream) == asked - gone and lost(after) == gone
    wanted = iter(views.paths(0, asked + 10000))
    assert all(path in wanted for path in stream), "not in order"


def test_disk_full(disk, away, nginx):
    """What does not fit is counted; with room again it goes on."""
    small = disk("1m")
    site = nginx(conf(small.folder), views.PAGES, redis=away)
    small.fill(leave=200 * 1024)
    for n in range(4):
        view(site, n * 500, 500)
        time.sleep(0.4)
    gone = holds(site, 2000)
    assert 500 < gone < 1700
    once(site, "No space left")
    small.free()
    time.sleep(1.3)
    view(site, 2000, 1000)
    assert holds(site, 3000) <= gone + 200
    gone = lost(site.json())
    assert all(f.good == f.size for f in spool.contents(small.folder))
    recovers(site, away, 3000, gone)


def test_disk_full_from_the_start(disk, away, nginx):
    """Not even a head fits: memory keeps what it has, pages go on."""
    small = disk("256k")
    site = nginx(conf(small.folder), views.PAGES, redis=away)
    small.fill()
    view(site, 0, 1500)
    gone = holds(site, 1500)
    assert site.json()["events"]["queued"] > 100
    once(site, "No space left")
    recovers(site, away, 1500, gone)


def test_read_only_file_system(disk, away, nginx):
    """Mounted read-only, and writable again."""
    small = disk("4m")
    site = nginx(conf(small.folder), views.PAGES, redis=away)
    small.read_only()
    view(site, 0, 1000)
    gone = holds(site, 1000)
    once(site, "Read-only")
    small.read_only(False)
    time.sleep(1.3)
    view(site, 1000, 1000)
    assert holds(site, 2000) <= gone + 200
    recovers(site, away, 2000, lost(site.json()))


def test_not_writable(away, nginx):
    """Its rights taken away, and given back."""
    site = nginx(conf(), views.PAGES, redis=away)
    folder = site.path("spool")
    os.chmod(folder, 0o500)
    view(site, 0, 1000)
    gone = holds(site, 1000)
    once(site, "Permission denied")
    os.chmod(folder, 0o700)
    time.sleep(1.3)
    view(site, 1000, 1000)
    assert holds(site, 2000) <= gone + 200
    recovers(site, away, 2000, lost(site.json()))


def test_removed_and_made_again(away, nginx):
    """The directory is gone before it was needed, and comes back."""
    site = nginx(conf(), views.PAGES, redis=away)
    folder = site.path("spool")
    os.rmdir(folder)
    view(site, 0, 1000)
    gone = holds(site, 1000)
    once(site, "No such file")
    spool.make(folder)
    time.sleep(1.3)
    view(site, 1000, 1000)
    assert holds(site, 2000) <= gone + 200
    recovers(site, away, 2000, lost(site.json()))


def test_removed_with_files_in_it(redis, nginx):
    """Somebody deletes the files: pages and fresh events do not mind."""
    site = nginx(conf(), views.PAGES, redis=redis)
    redis.kill()
    want = view(site, 0, 1500)
    shutil.rmtree(site.path("spool"))
    want += view(site, 1500, 1500)
    time.sleep(1.2)
    want += view(site, 3000, 100)
    redis.start()
    fresh = view(site, 9000, 5)
    until(lambda: fresh[-1] in views.stream(redis), 6, "fresh events")
    settle(site)
    stream = views.stream(redis)
    assert len(stream) == len(set(stream))
    assert set(stream) <= set(want + fresh)
    assert set(want[-100:]) <= set(stream)


def test_the_newest_file_removed(redis, nginx):
    """One file deleted below nginx: all others arrive, in order."""
    site = nginx(conf(more="spool_max=1m"), views.PAGES, redis=redis)
    redis.kill()
    want = view(site, 0, 1500)
    files = spool.files(site.path("spool"))
    assert len(files) > 3
    os.unlink(files[1])
    redis.start()
    got = settle(site)
    stream = views.stream(redis)
    assert len(stream) == len(set(stream))
    assert set(stream) <= set(want)
    assert 1000 < len(stream) <= 1500
    wanted = iter(want)
    assert all(path in wanted for path in stream), "not in order"
    assert waiting(got) == 0
