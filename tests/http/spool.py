"""Spool files, read and written by what core/spool.h says of them."""

import collections
import contextlib
import os
import re
import secrets
import struct
import subprocess
import time
import zlib

import pytest

MAGIC = b"ESSPOOL1"
HEAD = 24
RECORD_HEAD = 32
NAME = re.compile(r"^[0-9]{13}-[0-9a-f]{16}\.spool$")

# name, producer, records, the bytes that are good, the bytes there are
File = collections.namedtuple("File", "name producer records good size")
Record = collections.namedtuple("Record", "seq at args flags data")


# -- writing

def event(path, ident=None, ts=None):
    """An event as it lies in a record: (words it is made of, bytes)."""
    pairs = {"id": ident or secrets.token_hex(12),
             "ts": ts or int(time.time() * 1000), "type": "view",
             "host": "localhost", "path": path, "status": 200,
             "language": "en", "device": "desktop"}
    words = [str(word).encode() for pair in pairs.items() for word in pair]
    words.insert(0, b"%02d" % len(words))
    return len(words), b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in words)


def head(producer):
    data = MAGIC + struct.pack("=Q", producer)
    return data + struct.pack("=II", zlib.crc32(data), 0)


def record(seq, path, ident=None, flags=0):
    args, data = event(path, ident)
    body = struct.pack("=IQQIHH", len(data), seq, int(time.time() * 1000),
                       args, flags, ~len(data) & 0xffff) + data
    whole = struct.pack("=I", zlib.crc32(body)) + body
    return whole + b"\0" * (-len(whole) % 8)


def content(producer, paths, first=1):
    """A whole file: the numbered events of these paths."""
    return head(producer) + b"".join(
        record(first + n, path) for n, path in enumerate(paths))


def name(producer, age_ms=60000):
    return "%013d-%016x.spool" % (time.time() * 1000 - age_ms, producer)


def put(folder, producer, data, age_ms=60000):
    """Put a file there at once, as if a worker had left it; its path."""
    path = os.path.join(folder, name(producer, age_ms))
    with open(path + ".new", "wb") as file:
        file.write(data)
    as_worker(path + ".new")
    os.rename(path + ".new", path)
    return path


def make(folder):
    """The directory, as nginx would make it."""
    os.makedirs(folder, exist_ok=True)
    as_worker(folder)
    return folder


def as_worker(path):
    """What is there belongs to the workers."""
    if os.getuid() == 0:
        import pwd
        import webserver
        user = pwd.getpwnam(webserver.WORKER_USER)
        os.chown(path, user.pw_uid, user.pw_gid)
    os.chmod(path, 0o700 if os.path.isdir(path) else 0o600)


# -- reading

def parse(data, label="?"):
    """The File that these bytes are, up to the first that is not good."""
    assert data[:8] == MAGIC, f"{label}: not a spool file: {data[:24]!r}"
    producer, crc, _ = struct.unpack("=QII", data[8:HEAD])
    assert crc == zlib.crc32(data[:16]), label
    at, records = HEAD, []
    while len(data) - at >= RECORD_HEAD:
        crc, size, seq, ms, args, flags, check = struct.unpack(
            "=IIQQIHH", data[at:at + RECORD_HEAD])
        end = at + RECORD_HEAD + size
        if end > len(data) or crc != zlib.crc32(data[at + 4:end]):
            break
        assert check == ~size & 0xffff, f"{label}: {check:x} at {at}"
        records.append(Record(seq, ms, args, flags, data[end - size:end]))
        at = end + -end % 8
    return File(label, producer, records, min(at, len(data)), len(data))


def read(path):
    with open(path, "rb") as file:
        return parse(file.read(), os.path.basename(path))


def fields(rec):
    """The event in a record, as a dict."""
    words, at = [], 0
    while at < len(rec.data):
        end = rec.data.index(b"\r\n", at)
        size = int(rec.data[at + 1:end])
        words.append(rec.data[end + 2:end + 2 + size].decode())
        at = end + 2 + size + 2
    assert len(words) == rec.args and int(words[0]) == len(words) - 1
    return dict(zip(words[1::2], words[2::2]))


def files(folder):
    """Paths of the spool files, oldest first."""
    if not os.path.isdir(folder):
        return []
    return [os.path.join(folder, n) for n in sorted(os.listdir(folder))
            if NAME.match(n)]


def contents(folder):
    """All files that are there, read."""
    found = []
    for path in files(folder):
        with contextlib.suppress(FileNotFoundError):
            found.append(read(path))
    return found


def events(folder):
    """The events in all files as dicts, file by file."""
    return [fields(rec) for file in contents(folder) for rec in file.records]


def size(folder):
    total = 0
    for path in files(folder):
        with contextlib.suppress(FileNotFoundError):
            total += os.path.getsize(path)
    return total


# -- disks

def mount(folder, *options, again=False):
    args = ["-o", ",".join(options + (("remount",) if again else ()))]
    done = subprocess.run(["mount", "-t", "tmpfs", *args, "tmpfs", folder],
                          capture_output=True, text=True)
    if done.returncode != 0 and not again:
        pytest.skip(f"no file system may be mounted here: {done.stderr}")
    assert done.returncode == 0, done.stderr


class Disk:
    """A file system of its own, and small; the test is skipped without.

    folder  a directory in it that belongs to the workers
    """

    def __init__(self, folder, size):
        self.root = folder
        os.makedirs(folder, exist_ok=True)
        mount(folder, f"size={size}", "mode=755")
        self.folder = make(os.path.join(folder, "spool"))

    def fill(self, leave=0):
        """Take the room that is left, but so many bytes."""
        stat = os.statvfs(self.root)
        with open(os.path.join(self.root, "ballast"), "wb") as file:
            file.write(b"x" * max(0, stat.f_bavail * stat.f_bsize - leave))

    def free(self):
        os.unlink(os.path.join(self.root, "ballast"))

    def read_only(self, yes=True):
        mount(self.root, "ro" if yes else "rw", again=True)

    def close(self):
        subprocess.run(["umount", "-l", self.root], capture_output=True)
