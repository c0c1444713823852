"""What a server sends on a connection, read apart byte for byte."""

import re
import socket


CUT = b"(cut)"          # in a body: here something is missing


class Answer:
    """head (from the status line on, without the empty line) and body.

    How a body was cut into chunks is forgotten, as it may depend on time;
    that there were chunks stands in the head.
    """

    def __init__(self, head, body):
        self.head = head
        self.body = body

    def __eq__(self, other):
        return (self.head, self.body) == (other.head, other.body)

    def __repr__(self):
        return f"{self.head.decode('latin-1')}\n\n{self.body[:300]!r}"

    @property
    def status(self):
        found = re.match(rb"HTTP/1\.\d (\d{3})", self.head)
        return int(found.group(1)) if found else None

    def values(self, name):
        """All values of a header, in order."""
        return [value for key, value in self.lines if key.lower() == name]

    @property
    def lines(self):
        return [tuple(line.split(b": ", 1)) if b": " in line
                else (line.rstrip(b":"), b"")
                for line in self.head.split(b"\r\n")[1:]]

    def without(self, *names):
        """The same, but for the headers of these names (in lower case)."""
        first, *rest = self.head.split(b"\r\n")
        rest = [line for line in rest
                if line.split(b":")[0].lower() not in names]
        return Answer(b"\r\n".join([first, *rest]), self.body)


def exchange(address, data, timeout=20.0):
    """Send bytes, and read until the server closes, or hangs up on what it has
    not read."""
    out = []
    with socket.create_connection(address, timeout) as sock:
        try:
            sock.sendall(data)
            while piece := sock.recv(262144):
                out.append(piece)
        except (ConnectionResetError, BrokenPipeError):
            pass
    return b"".join(out)


def _dechunk(data):
    """(body, rest) of chunked data, trailers as a part of the body; what is
    not chunked is told in the body."""
    body, at = [], 0
    while True:
        end = data.find(b"\r\n", at)
        size = data[at:end]
        if end < 0 or not re.fullmatch(rb"[0-9a-f]+", size):
            return b"".join(body) + CUT + data[at:], b""
        at = end + 2
        size = int(size, 16)
        if size == 0:
            end = data.find(b"\r\n\r\n", at - 2)
            return b"".join(body) + data[at:end], data[end + 4:]
        body.append(data[at:at + size])
        assert data[at + size:at + size + 2] in (b"\r\n", b"\r", b"")
        at += size + 2


def answers(data, methods):
    """The answers to requests of these methods that a connection carried.

    What is beyond them, or is no HTTP/1, is an answer without a head.
    """
    found, methods = [], list(methods)
    while data:
        if not data.startswith(b"HTTP/1.") or not methods:
            found.append(Answer(b"", data))
            break
        head, _, data = data.partition(b"\r\n\r\n")
        answer = Answer(head, b"")
        found.append(answer)
        if answer.status == 100:
            continue
        method = methods.pop(0)
        size = answer.values(b"content-length")
        if method == "HEAD" or answer.status in (204, 304):
            continue
        if answer.values(b"transfer-encoding"):
            answer.body, data = _dechunk(data)
        elif size:
            size = int(size[0])
            answer.body, data = data[:size], data[size:]
            if len(answer.body) < size:
                answer.body += CUT
        else:
            answer.body, data = data, b""
    return found
