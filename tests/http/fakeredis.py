"""A server that speaks RESP and can be told to answer wrongly."""

import collections
import socket
import threading
import time

from acceptor import accept, run, unix
from resp import Connection

SHA = b"0123456789abcdef0123456789abcdef01234567"
INVALIDATE = b"__redis__:invalidate"


def bulk(text):
    text = text if isinstance(text, bytes) else text.encode()
    return b"$%d\r\n%s\r\n" % (len(text), text)


def array(*parts):
    return b"*%d\r\n%s" % (len(parts), b"".join(parts))


class HangUp(Exception):
    """Raised by answer(): its data is sent, and the connection ended."""

    def __init__(self, data=b"", after=0.02):
        super().__init__()
        self.data = data
        self.after = after


class FakeRedis:
    """As much of Redis as the module uses, on a unix socket.

    answer    None, or called with a command's words (bytes): what it returns
              is sent as it is; None means the right answer. May raise HangUp
    profiles  {id: {field: value}}
    segments  {name: rule}
    slots     {key: content}
    events    what the stream would hold, as dicts, in order
    asked     how often each command came, by its name in upper case
    """

    def __init__(self, path):
        self.path = path
        self.answer = None
        self.profiles = {}
        self.segments = {}
        self.slots = {}
        self.events = []
        self.marks = collections.Counter()
        self.asked = collections.Counter()
        self.lock = threading.Lock()
        self.socks = []
        self.subscribed = set()
        self.listener = unix(path)
        accept(self.listener, self._taken)

    def __str__(self):
        return f"unix:{self.path}"

    def _taken(self, sock):
        with self.lock:
            self.socks.append(sock)
        run(self._serve, sock)

    def _serve(self, sock):
        peer = Connection.__new__(Connection)
        peer.sock, peer.file = sock, sock.makefile("rb")
        try:
            while True:
                words = peer.read()
                if words[0].upper() == b"SUBSCRIBE":
                    self.subscribed.add(sock)
                sock.sendall(self._reply(words))
        except HangUp as end:
            try:
                sock.sendall(end.data)
                time.sleep(end.after)
            except OSError:
                pass
        except OSError:
            pass
        self._hang_up(sock)
        peer.close()

    def _reply(self, words):
        name = words[0].upper()
        with self.lock:
            self.asked[name.decode()] += 1
            data = self.answer(words) if self.answer else None
            if data is None:
                data = getattr(self, "_" + name.decode().lower())(words)
        return data

    # -- the right answers

    @staticmethod
    def _ping(_):
        return b"+PONG\r\n"

    @staticmethod
    def _client(words):
        return b":7\r\n" if words[1].upper() == b"ID" else b"+OK\r\n"

    @staticmethod
    def _subscribe(words):
        return array(bulk("subscribe"), bulk(words[1]), b":1\r\n")

    @staticmethod
    def _script(_):
        return bulk(SHA)

    def _evalsha(self, words):
        """As the module's script: passes over what was taken before."""
        mark, number, rest, added = words[4], int(words[6]), words[7:], 0
        while rest:
            n = int(rest[0])
            if number > self.marks[mark]:
                flat = [word.decode() for word in rest[1:n + 1]]
                self.events.append(dict(zip(flat[::2], flat[1::2])))
                self.marks[mark] = number
                added += 1
            number, rest = number + 1, rest[n + 1:]
        return b":%d\r\n" % added

    def _get(self, words):
        """Of a mark."""
        mark = self.marks.get(words[1])
        return b"$-1\r\n" if mark is None else bulk(str(mark))

    def _hlen(self, _):
        return b":%d\r\n" % len(self.segments)

    def _hgetall(self, _):
        return array(*(bulk(word) for pair in self.segments.items()
                       for word in pair))

    def _hmget(self, words):
        profile = self.profiles.get(words[1].decode().rsplit(":", 1)[1], {})
        values = [profile.get(field.decode()) for field in words[2:]]
        return array(*(b"$-1\r\n" if value is None else bulk(value)
                       for value in values))

    def _getrange(self, words):
        return bulk(self.slots.get(words[1].decode().split("slot:", 1)[1], ""))

    def _scan(self, _):
        return array(bulk("0"), array(*(bulk("es:slot:" + key)
                                        for key in self.slots)))

    @staticmethod
    def _hset(_):
        return b":0\r\n"

    _del = _hset

    def tell(self, *keys):
        """Tell all who listen that these keys have changed."""
        message = array(bulk("message"), bulk(INVALIDATE),
                        array(*map(bulk, keys)))
        for sock in list(self.subscribed):
            try:
                sock.sendall(message)
            except OSError:
                self.subscribed.discard(sock)

    # -- the end

    @staticmethod
    def _hang_up(sock):
        try:
            sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def cut(self):
        """End every connection; new ones are taken as before."""
        with self.lock:
            socks, self.socks = self.socks, []
        for sock in socks:
            self._hang_up(sock)

    def close(self):
        self._hang_up(self.listener)
        self.listener.close()
        self.cut()
