"""An HTTP server of the tests' own, that answers as slowly or wrongly as asked."""

import socket
import threading

import pytest

from acceptor import accept, run

LONG = 20.0        # nothing that a test waits for takes as long


class Request:
    """What nginx asked for: method, target, headers (as sent), body."""

    def __init__(self, head, body):
        first, *lines = head.decode("latin-1").split("\r\n")
        self.method, self.target, self.version = first.split(" ")
        self.headers = [tuple(line.split(": ", 1)) for line in lines if line]
        self.body = body

    @property
    def path(self):
        return self.target.split("?")[0]

    def header(self, name, default=None):
        return ([v for n, v in self.headers if n.lower() == name.lower()]
                or [default])[0]


def reply(body=b"", *headers, status="200 OK", type="text/html", length=True,
          chunks=None):
    """The bytes of a response.

    headers  lines such as "ETag: x"
    length   whether there is a Content-Length
    chunks   pieces of the body, as chunked encoding has them, instead
    """
    body = body if isinstance(body, bytes) else body.encode()
    lines = [f"HTTP/1.1 {status}", "Connection: close", *headers]
    if type:
        lines.append(f"Content-Type: {type}")
    if chunks is not None:
        lines.append("Transfer-Encoding: chunked")
        body = b"".join(chunk(piece) for piece in chunks) + LAST
    elif length:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def chunk(piece):
    return b"%x\r\n%s\r\n" % (len(piece), piece) if piece else b""


LAST = b"0\r\n\r\n"


class Steps:
    """Gates between what a server sends and what a test does.

    The server calls wait(n) before it goes on, the test calls go(n).
    """

    def __init__(self):
        self.events = {}
        self.lock = threading.Lock()

    def _event(self, n):
        with self.lock:
            return self.events.setdefault(n, threading.Event())

    def wait(self, n):
        assert self._event(n).wait(LONG), f"nobody opened gate {n}"

    def go(self, n):
        self._event(n).set()

    def passed(self, n):
        return self._event(n).is_set()


class Upstream:
    """A server on a port of its own, a connection for each request.

    on(path, answer) says what a path gets: bytes, or a function of
    (request, send) that calls send(bytes) as often as it likes. What is not
    named gets 404. `requests` has all that came, in order.
    """

    def __init__(self):
        self.answers = {}
        self.requests = []
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.threads = []
        accept(self.listener, lambda sock: run(self._serve, sock))

    def __str__(self):
        return f"127.0.0.1:{self.port}"

    def on(self, path, answer):
        self.answers[path] = answer

    def seen(self, path):
        """The requests for a path, in order."""
        with self.lock:
            return [r for r in self.requests if r.path == path]

    def _serve(self, sock):
        try:
            with sock:
                sock.settimeout(LONG)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                request = self.read(sock)
                if request:
                    self.answer(request, sock)
        except (OSError, AssertionError):
            pass       # nginx, or the test, went away

    def read(self, sock):
        data = b""
        while b"\r\n\r\n" not in data:
            piece = sock.recv(65536)
            if not piece:
                return None
            data += piece
        head, body = data.split(b"\r\n\r\n", 1)
        request = Request(head, body)
        while not self._complete(request):
            piece = sock.recv(65536)
            if not piece:
                break
            request.body += piece
        return request

    @staticmethod
    def _complete(request):
        if request.header("Transfer-Encoding") == "chunked":
            return request.body.endswith(LAST)
        return len(request.body) >= int(request.header("Content-Length", 0))

    def answer(self, request, sock):
        with self.lock:
            self.requests.append(request)
        answer = self.answers.get(request.path)
        if answer is None:
            sock.sendall(reply("not here", status="404 Not Found"))
        elif callable(answer):
            answer(request, sock.sendall)
        else:
            sock.sendall(answer)

    def close(self):
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()


class FastCGI(Upstream):
    """The same, spoken to by fastcgi_pass; answers are CGI responses."""

    STDIN, STDOUT, END, PARAMS = 5, 6, 3, 4

    def read(self, sock):
        file = sock.makefile("rb")
        params, ended = b"", set()
        while not {self.PARAMS, self.STDIN} <= ended:
            head = file.read(8)
            if len(head) < 8:
                return None
            size = int.from_bytes(head[4:6], "big")
            data = file.read(size + head[6])[:size]
            if not size:
                ended.add(head[1])
            elif head[1] == self.PARAMS:
                params += data
        names = dict(self._pairs(params))
        request = Request(b"%s %s HTTP/1.1" % (names[b"REQUEST_METHOD"],
                                               names[b"REQUEST_URI"]), b"")
        request.headers = [
            (name[5:].decode().replace("_", "-"), value.decode())
            for name, value in names.items() if name.startswith(b"HTTP_")]
        return request

    @staticmethod
    def _pairs(data):
        at = 0
        while at < len(data):
            sizes = []
            for _ in range(2):
                size, width = data[at], 1
                if size & 128:
                    size = int.from_bytes(data[at:at + 4], "big") & (2**31 - 1)
                    width = 4
                sizes.append(size)
                at += width
            yield (data[at:at + sizes[0]],
                   data[at + sizes[0]:at + sizes[0] + sizes[1]])
            at += sum(sizes)

    def answer(self, request, sock):
        def record(kind, data):
            return (b"\1%c\0\1%s\0\0" % (kind, len(data).to_bytes(2, "big"))
                    + data)

        def send(data):
            for at in range(0, len(data), 60000):
                sock.sendall(record(self.STDOUT, data[at:at + 60000]))

        with self.lock:
            self.requests.append(request)
        answer = self.answers[request.path]
        if callable(answer):
            answer(request, send)
        else:
            send(answer)
        sock.sendall(record(self.STDOUT, b"") + record(self.END, b"\0" * 8))


def fixture(kind, scope="function"):
    """A fixture that makes one and closes it."""
    def make():
        server = kind()
        yield server
        server.close()
    return pytest.fixture(scope=scope)(make)


class Reader:
    """A client that reads a response as it comes."""

    def __init__(self, address, target, *headers, rcvbuf=0):
        self.sock = socket.socket()
        if rcvbuf:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, rcvbuf)
        self.sock.settimeout(LONG)
        self.sock.connect(address)
        lines = [f"GET {target} HTTP/1.0", "Host: localhost", *headers]
        self.sock.sendall("\r\n".join(lines).encode() + b"\r\n\r\n")
        self.data = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    @property
    def body(self):
        return self.data.partition(b"\r\n\r\n")[2]

    @property
    def head(self):
        return self.data.partition(b"\r\n\r\n")[0]

    def _read(self, done, text):
        self.sock.settimeout(5)
        while not (b"\r\n\r\n" in self.data and done(self.body)):
            try:
                piece = self.sock.recv(65536)
            except socket.timeout:
                raise AssertionError(
                    f"{text!r} did not come; the body until now ends with "
                    f"{self.body[-200:]!r}") from None
            assert piece, f"it ended before {text!r}: {self.body[-200:]!r}"
            self.data += piece
        return self.body

    def until(self, text):
        """Read on until the body ends with `text`; the body."""
        return self._read(lambda body: body.endswith(text), text[-200:])

    def at_least(self, text):
        """Read on until the body is `text`, or begins with it."""
        self._read(lambda body: len(body) >= len(text), text[-200:])
        assert self.body.startswith(text), self.body[-200:]

    def silent(self, seconds=0.15):
        """Nothing more comes for a while."""
        self.sock.settimeout(seconds)
        try:
            piece = self.sock.recv(65536)
        except socket.timeout:
            return True
        self.data += piece
        return False

    def rest(self):
        """Read to the end; the whole body."""
        self.sock.settimeout(LONG)
        pieces = [self.data]
        try:
            while piece := self.sock.recv(262144):
                pieces.append(piece)
        except ConnectionResetError:
            pass
        self.data = b"".join(pieces)
        return self.body

    def skip(self):
        """Read to the end, keeping nothing; how many bytes that were."""
        self.sock.settimeout(LONG)
        count, buffer = 0, bytearray(1 << 20)
        while size := self.sock.recv_into(buffer):
            count += size
        return count

    def close(self):
        self.sock.close()
