"""Visitors for tests of `visitor ...`: events, learned; and a link that is cut."""

import os
import socket
import threading
import time

A = "mueller.4711"
B = "240a373dc5e786de2725d2c24e0253ab"
C = "0123456789abcdef0123456789abcdef"

NOBODY = ["a\nb", "{x}", "*", "", "a" * 65, "ä", "a b", "../x", "es:profile:x"]


def profile(visitor):
    return f"es:profile:{visitor}"


def state(visitor):
    return "es:state:{es:profile:%s}" % visitor


def gone(visitor):
    return "es:gone:{es:profile:%s}" % visitor


def aside(visitor):
    """Where a merge that was cut off keeps what it has taken."""
    return [state(visitor) + ":merging", state(visitor) + ":fields"]


def fields(redis, visitor):
    """A profile as a dict of texts."""
    flat = redis("HGETALL", profile(visitor))
    texts = [text.decode("utf-8", "surrogateescape") for text in flat]
    return dict(zip(texts[::2], texts[1::2]))


class Site:
    """Writes events as a site does."""

    def __init__(self, redis, begin=None):
        self.redis = redis
        self.now = begin or int(time.time() * 1000) - 3600000
        self.count = 0

    def event(self, visitor, path="/", type="view", **more):
        self.count += 1
        self.now += 1000
        return self.redis(
            "XADD", "es:events", "*", "id", f"{self.count:024x}",
            "ts", str(more.pop("ts", self.now)), "type", type,
            *(("visitor", visitor) if visitor else ()),
            "host", "www.example.com", "path", path, "country", "DE",
            "device", "desktop", *(word for pair in more.items() for word in pair))

    def fill(self, number, visitors):
        """Many events of many visitors, written fast."""
        now = int(time.time() * 1000) - 2 * number
        self.redis("PING")               # makes the connection
        for first in range(0, number, 5000):
            self.redis.connection.pipeline([
                ("XADD", "es:events", "*", "id", f"{i:024x}", "ts", str(now + i),
                 "type", "view", "visitor", visitors[i % len(visitors)],
                 "host", "www.example.com", "path", f"/{i % 100}", "status", "200",
                 "country", "DE", "language", "de", "device", "desktop")
                for i in range(first, min(number, first + 5000))])


def command_end(data):
    """Where the first command in these bytes ends; 0 if it is not all there."""
    end = data.find(b"\r\n")
    if end < 0:
        return 0
    at = end + 2
    for _ in range(int(data[1:end])):
        end = data.find(b"\r\n", at)
        if end < 0:
            return 0
        at = end + 2 + int(data[at + 1:end]) + 2
        if at > len(data):
            return 0
    return at


class Cut:
    """A way to Redis that ends, for good, when so many commands went through.

    The last one is carried out and its answer is lost. With `then`, this is
    called instead at that place, and the way goes on. With `steps`, only those
    that run scripts count, each twice: before it and after it.
    """

    def __init__(self, folder, redis, after, then=None, name=None, steps=False):
        self.path = os.path.join(folder, f"{name or f'cut{after}'}.sock")
        self.steps = steps
        self.redis = redis
        self.left = after
        self.then = then
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen(1)
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def __str__(self):
        return f"unix:{self.path}"

    def close(self):
        # a thread in accept() is woken by this, but not by close()
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.thread.join(10)
        assert not self.thread.is_alive()
        self.listener.close()
        os.unlink(self.path)

    def _serve(self):
        try:
            client, _ = self.listener.accept()
        except OSError:
            return
        self.listener.close()
        server = socket.socket(socket.AF_UNIX)
        server.connect(self.redis.socket)
        with client, server:
            data = b""
            while True:
                piece = client.recv(1 << 20)
                if not piece:
                    return
                data += piece
                end = command_end(data)
                while end:
                    script = b"EVAL" in data[:end].split(b"\r\n", 3)[2]
                    if self.steps and script and self._over():
                        return
                    server.sendall(data[:end])
                    data = data[end:]
                    answer = self._answer(server)
                    if (script or not self.steps) and self._over():
                        return
                    client.sendall(answer)
                    end = command_end(data)

    def _over(self):
        """One more went through; is this the end?"""
        self.left -= 1
        if self.left == 0 and self.then is not None:
            self.then()
        return self.left == 0 and self.then is None

    @staticmethod
    def _answer(server):
        """One whole answer as its bytes."""
        data = b""

        def more():
            nonlocal data
            piece = server.recv(1 << 20)
            assert piece, "Redis has ended"
            data += piece

        def line(at):
            while b"\r\n" not in data[at:]:
                more()
            return data.index(b"\r\n", at) + 2

        def whole(at):
            end = line(at)
            kind, number = data[at:at + 1], data[at + 1:end - 2]
            if kind == b"$" and number != b"-1":
                while len(data) < end + int(number) + 2:
                    more()
                return end + int(number) + 2
            if kind == b"*":
                for _ in range(max(0, int(number))):
                    end = whole(end)
            return end

        assert whole(0) == len(data)
        return data
