"""Little upstreams of every protocol nginx speaks, that tell what they were
asked: what nginx sends is compared by what comes back."""

import socket

from upstream import Request, Upstream, reply

PAGE = b"<!doctype html><title>up</title><p data-es-slot=hero>own</p>" * 20


class Teller(Upstream):
    """An HTTP server whose answers depend on the request alone."""

    def read(self, sock):
        data = b""
        while b"\r\n\r\n" not in data:
            piece = sock.recv(65536)
            if not piece:
                return None
            data += piece
        head, body = data.split(b"\r\n\r\n", 1)
        request = Request(head, b"")
        size = int(request.header("Content-Length", 0))
        chunked = request.header("Transfer-Encoding") == "chunked"
        while (not body.endswith(b"0\r\n\r\n") if chunked
               else len(body) < size):
            piece = sock.recv(65536)
            if not piece:
                return None
            body += piece
        request.head, request.body = head, body
        return request

    def answer(self, request, sock):
        with self.lock:
            self.requests.append(request)
        name = request.path.rsplit("/", 1)[-1].replace("-", "_")
        sock.sendall(getattr(self, "say_" + name, self.say_echo)(request))
        if request.header("Upgrade"):
            self.talk(sock)

    @staticmethod
    def talk(sock):
        """After a 101: say everything twice, until "bye"."""
        said = b""
        while b"bye" not in said:
            piece = sock.recv(4096)
            if not piece:
                return
            said += piece
        sock.sendall(said + said)

    def say_echo(self, r):
        text = r.head + b"\n\n" + r.body
        return reply(text, "X-Seen: 1", type="text/plain")

    def say_ws(self, r):
        if not r.header("Upgrade"):
            return reply("no upgrade", status="400 Bad Request")
        return (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                b"Connection: Upgrade\r\n\r\n")

    def say_page(self, r):
        fields = ("ETag: \"up\"", "Last-Modified: Wed, 01 Jan 2020 00:00:00 GMT",
                  "Accept-Ranges: bytes")
        if r.header("If-None-Match") == '"up"':
            return reply(b"", *fields, status="304 Not Modified", type=None,
                         length=False)
        return reply(PAGE, *fields)

    def say_head_only(self, r):
        return reply(b"", "X-Empty: yes")

    def say_chunked(self, r):
        return reply(chunks=[b"one ", b"two ", PAGE])

    def say_close(self, r):
        return reply(PAGE, length=False)

    def say_cookies(self, r):
        return reply(PAGE, "Set-Cookie: a=1; Path=/", "Set-Cookie: b=2",
                     "Vary: Accept", "Vary: X-Own", "Link: </a>; rel=preload",
                     "Cache-Control: public, max-age=60", "Pragma: x",
                     "Cache-Control: s-maxage=600", "X-Powered-By: tests")

    def say_gone(self, r):
        return reply("gone", status="404 Not Found")

    def say_broken(self, r):
        return reply("broken", status="500 Internal Server Error")

    def say_flaky(self, r):
        return self.say_broken(r) if r.header("X-Broken") else reply(PAGE)

    def say_empty(self, r):
        return reply(b"", status="204 No Content", type=None, length=False)

    def say_login(self, r):
        return reply("who?", "WWW-Authenticate: Basic realm=\"up\"",
                     status="401 Unauthorized")

    def say_moved(self, r):
        return reply(b"", f"Location: http://127.0.0.1:{self.port}/elsewhere",
                     "Refresh: 5; url=/x", status="302 Found")

    def say_accel(self, r):
        return reply("not this", "X-Accel-Redirect: /inside/page.html?from=up",
                     "X-Own: kept?", "Set-Cookie: accel=1", "ETag: \"accel\"")

    def say_accel_named(self, r):
        return reply("not this", "X-Accel-Redirect: @named")

    def say_accel_charset(self, r):
        return reply(PAGE, "X-Accel-Charset: koi8-r", "X-Accel-Buffering: no",
                     "X-Accel-Limit-Rate: 1000000", "X-Accel-Expires: 60")

    def say_nonsense(self, r):
        return b"nonsense\r\n\r\n"

    def say_cut(self, r):
        return reply(PAGE, length=False).replace(
            b"Connection: close", b"Content-Length: 999999")

    def say_silent(self, r):
        return b""


class Uwsgi(Teller):
    """uwsgi: the variables come in one packet, the answer is HTTP."""

    def read(self, sock):
        file = sock.makefile("rb")
        size = int.from_bytes(file.read(4)[1:3], "little")
        data, pairs = file.read(size), []
        while data:
            text, data = self._text(data)
            value, data = self._text(data)
            pairs.append((text, value))
        return _variables(pairs, file)

    @staticmethod
    def _text(data):
        size = int.from_bytes(data[:2], "little")
        return data[2:2 + size], data[2 + size:]


class Scgi(Teller):
    """SCGI: the variables are a netstring, the answer is CGI's."""

    def read(self, sock):
        file = sock.makefile("rb")
        size = b""
        while (digit := file.read(1)) not in (b":", b""):
            size += digit
        if not size:
            return None
        words = file.read(int(size) + 1)[:-1].split(b"\0")[:-1]
        return _variables(list(zip(words[::2], words[1::2])), file)

    def answer(self, request, sock):
        sock.sendall(_cgi(self.say_echo(request)))


def _variables(pairs, file):
    """A Request made of CGI's variables, that echo all of them."""
    names = dict(pairs)
    size = int(names.get(b"CONTENT_LENGTH") or 0)
    request = Request(b"%s %s HTTP/1.1" % (
        names[b"REQUEST_METHOD"], names[b"REQUEST_URI"]), file.read(size))
    request.head = b"\n".join(name + b"=" + value for name, value in pairs)
    return request


def _cgi(response):
    """An HTTP response as CGI has it."""
    line, rest = response.split(b"\r\n", 1)
    return b"Status: " + line.split(b" ", 1)[1] + b"\r\n" + rest


class Memcached(Upstream):
    """memcached's get: every key has a value but "missing"."""

    def read(self, sock):
        line = sock.makefile("rb").readline()
        return line.split()[1] if line else None

    def answer(self, key, sock):
        value = b"<p>value of " + key + b"</p>"
        if key.endswith(b"missing"):
            sock.sendall(b"END\r\n")
        else:
            sock.sendall(b"VALUE %s 0 %d\r\n%s\r\nEND\r\n"
                         % (key, len(value), value))


class Grpc(Upstream):
    """As much of HTTP/2 as answers a call with a message and trailers.

    The message tells how many bytes of body came.
    """

    @staticmethod
    def _frame(kind, flags, stream, data=b""):
        return (len(data).to_bytes(3, "big") + bytes([kind, flags])
                + stream.to_bytes(4, "big") + data)

    @staticmethod
    def _fields(*pairs):
        return b"".join(bytes([0, len(name)]) + name + bytes([len(value)])
                        + value for name, value in pairs)

    def _serve(self, sock):
        try:
            with sock:
                sock.settimeout(20)
                file = sock.makefile("rb")
                file.read(24)
                sock.sendall(self._frame(4, 0, 0))
                self._frames(sock, file)
        except OSError:
            pass

    def _frames(self, sock, file):
        came = 0
        while len(head := file.read(9)) == 9:
            data = file.read(int.from_bytes(head[:3], "big"))
            kind, flags = head[3], head[4]
            if kind == 0:
                came += len(data)
            if kind == 4 and not flags & 1:
                sock.sendall(self._frame(4, 1, 0))
            if kind in (0, 1) and flags & 1:
                self._reply(sock, int.from_bytes(head[5:], "big"), came)

    def _reply(self, sock, stream, came):
        text = b"got %d" % came
        sock.sendall(
            self._frame(1, 4, stream, b"\x88" + self._fields(
                (b"content-type", b"application/grpc"), (b"x-own", b"1")))
            + self._frame(0, 0, stream, b"\0" + len(text).to_bytes(4, "big")
                          + text)
            + self._frame(1, 5, stream, self._fields((b"grpc-status", b"0"))))


class Hanging(Upstream):
    """Takes a request and never answers."""

    def answer(self, request, sock):
        self.requests.append(request)
        try:
            sock.recv(1)
        except socket.timeout:
            pass
