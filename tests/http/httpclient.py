"""HTTP as a visitor speaks it: single requests, sessions, raw bytes."""

import http.client
import socket
import ssl


class Response:
    """status, headers (list of pairs, as sent), body (bytes)."""

    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    def __repr__(self):
        return f"<{self.status} {self.headers} {self.body[:200]!r}>"

    @property
    def text(self):
        return self.body.decode("utf-8", "surrogateescape")

    def all(self, name):
        """All values of a header, in order."""
        return [v for n, v in self.headers if n.lower() == name.lower()]

    def header(self, name, default=None):
        return (self.all(name) or [default])[0]

    @property
    def vars(self):
        """The lines name=value that conf.echo() makes, as a dict."""
        return dict(line.split("=", 1) for line in self.text.split("\n")
                    if "=" in line)

    def cookie(self, name):
        """The Set-Cookie of that name: (value, {attribute: value}), or None.

        Attribute names are lower case; one without a value holds "".
        """
        found = None
        for line in self.all("Set-Cookie"):
            first, *rest = [part.strip() for part in line.split(";")]
            if first.split("=", 1)[0] != name:
                continue
            assert found is None, f"cookie {name} is set twice: {self}"
            pairs = [(a.split("=", 1) + [""])[:2] for a in rest]
            found = (first.split("=", 1)[1],
                     {n.lower(): v for n, v in pairs})
        return found


def _exchange(conn, method, target, headers, body):
    pairs = list(headers.items()) if isinstance(headers, dict) else headers
    names = {name.lower() for name, _ in pairs}
    conn.putrequest(method, target, skip_host="host" in names,
                    skip_accept_encoding=True)
    for name, value in pairs:
        conn.putheader(name, value)
    if body is not None and "content-length" not in names:
        conn.putheader("Content-Length", str(len(body)))
    conn.endheaders(body)
    reply = conn.getresponse()
    return Response(reply.status, reply.getheaders(), reply.read())


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout):
        super().__init__("localhost", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Session:
    """One connection that is kept open."""

    def __init__(self, address, tls=False, timeout=15):
        if isinstance(address, str):
            self.conn = _UnixConnection(address, timeout)
        elif tls:
            context = ssl.create_default_context()
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            self.conn = http.client.HTTPSConnection(
                *address, timeout=timeout, context=context)
        else:
            self.conn = http.client.HTTPConnection(*address, timeout=timeout)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.conn.close()

    def request(self, method, target, headers=(), body=None):
        return _exchange(self.conn, method, target, headers, body)

    def get(self, target="/", headers=()):
        return self.request("GET", target, headers)


def request(address, method, target, headers=(), body=None, tls=False):
    """One request on a connection of its own."""
    with Session(address, tls) as session:
        return session.request(method, target, headers, body)


def raw(address, data, timeout=5):
    """Send bytes as they are; everything that comes back until the end.

    The request should ask for "Connection: close", or the wait is `timeout`.
    """
    out = []
    with socket.create_connection(address, timeout) as sock:
        try:
            sock.sendall(data)
        except OSError:
            pass      # the server may have hung up before it read all
        try:
            while piece := sock.recv(65536):
                out.append(piece)
        except (ConnectionResetError, socket.timeout):
            pass
    return b"".join(out)
