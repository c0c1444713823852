"""A small Redis client: one connection, one command at a time."""

import socket


class RedisError(Exception):
    """An error reply of the server."""


def encode(args):
    """The words of one command as RESP."""
    out = [b"*%d\r\n" % len(args)]
    for arg in args:
        if not isinstance(arg, bytes):
            arg = str(arg).encode()
        out.append(b"$%d\r\n%s\r\n" % (len(arg), arg))
    return b"".join(out)


class Connection:
    """A blocking connection; strings come back as bytes."""

    def __init__(self, address, timeout=10):
        if isinstance(address, tuple):
            self.sock = socket.create_connection(address, timeout)
        else:
            self.sock = socket.socket(socket.AF_UNIX)
            self.sock.settimeout(timeout)
            self.sock.connect(address)
        self.file = self.sock.makefile("rb")

    def close(self):
        self.file.close()
        self.sock.close()

    def send(self, *args):
        self.sock.sendall(encode(args))

    def read(self):
        """One reply: int, bytes, None, list; raises RedisError."""
        line = self.file.readline()
        if not line.endswith(b"\r\n"):
            raise ConnectionError("Redis closed the connection")
        kind, rest = line[:1], line[1:-2]
        if kind == b"+":
            return rest
        if kind == b"-":
            raise RedisError(rest.decode())
        if kind == b":":
            return int(rest)
        if kind == b"$":
            if int(rest) < 0:
                return None
            return self.file.read(int(rest) + 2)[:-2]
        if kind == b"*":
            if int(rest) < 0:
                return None
            return [self.read() for _ in range(int(rest))]
        raise ConnectionError(f"not RESP: {line!r}")

    def command(self, *args):
        self.send(*args)
        return self.read()

    def pipeline(self, commands):
        """Send many commands at once and return their replies."""
        self.sock.sendall(b"".join(encode(c) for c in commands))
        return [self.read() for _ in commands]
