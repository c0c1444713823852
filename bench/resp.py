"""A small Redis client."""

import socket


class Redis:
    def __init__(self, port, timeout=10):
        self.sock = socket.create_connection(("127.0.0.1", port), timeout)
        self.file = self.sock.makefile("rb")

    def __call__(self, *args):
        return self.many([args])[0]

    def many(self, commands):
        """Sends all at once; the answers in order."""
        self.sock.sendall(b"".join(map(_command, commands)))
        return [self._answer() for _ in commands]

    def _answer(self):
        line = self.file.readline()
        if not line.endswith(b"\r\n"):
            raise ConnectionError("Redis closed the connection")
        kind, rest = line[:1], line[1:-2]
        if kind == b"-":
            raise RuntimeError(rest.decode())
        if kind == b"+":
            return rest.decode()
        number = int(rest)
        if kind == b":":
            return number
        if kind == b"*":
            return [self._answer() for _ in range(number)]
        return None if number < 0 else self.file.read(number + 2)[:-2].decode()

    def close(self):
        self.file.close()
        self.sock.close()


def _command(args):
    parts = [b"*%d\r\n" % len(args)]
    for arg in args:
        arg = str(arg).encode()
        parts.append(b"$%d\r\n%s\r\n" % (len(arg), arg))
    return b"".join(parts)


def pairs(flat):
    return dict(zip(flat[::2], flat[1::2]))


def events(redis, stream, count=None):
    """The newest events of a stream, oldest first; or all."""
    limit = ("COUNT", count) if count else ()
    rows = redis("XREVRANGE", stream, "+", "-", *limit)
    return [pairs(fields) for _, fields in reversed(rows)]
