"""A real redis-server of the test's own."""

import os
import signal
import subprocess

import ports
from resp import Connection
from wait import until


class Redis:
    """A redis-server on a unix socket in `folder`, on request on TCP too.

    str() of it is the address as nginx wants it. It starts empty and keeps
    nothing on disk unless `aof` is set; then kill() makes it forget nothing
    (it has written before it answers; "everysec" may put that off).
    """

    def __init__(self, folder, tcp=False, aof=False, options=(), start=True):
        self.folder = folder
        self.socket = os.path.join(folder, "redis.sock")
        self.log = os.path.join(folder, "redis.log")
        self.port = ports.free() if tcp else 0
        self.aof = aof
        self.options = list(options)
        self.process = None
        self.connection = None
        self.stopped = False
        self.login = None
        os.makedirs(folder, mode=0o755, exist_ok=True)
        if start:
            self.start()

    def __str__(self):
        if self.port:
            return f"127.0.0.1:{self.port}"
        return f"unix:{self.socket}"

    # -- life and death

    def start(self):
        argv = [
            os.environ.get("REDIS_SERVER", "redis-server"),
            "--port", str(self.port), "--bind", "127.0.0.1",
            "--unixsocket", self.socket, "--unixsocketperm", "777",
            "--dir", self.folder, "--save", "", "--daemonize", "no",
            "--appendonly", "yes" if self.aof else "no",
            "--appendfsync", "always",
        ] + self.options
        with open(self.log, "ab") as log:
            before = log.tell()
            self.process = subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.stopped = False
        until(self._answers, 10, "redis-server to answer")
        with open(self.log, "rb") as log:
            log.seek(before)
            if b"Truncating the AOF" in log.read():
                self._mend()

    def _mend(self):
        """Write the log of commands anew.

        Redis 7.0 cuts off only the last command if it died in the middle of
        a transaction: a MULTI without EXEC stays, and after the next death
        that is carried out with the one behind it.
        """
        self("BGREWRITEAOF")
        until(lambda: b"aof_rewrite_in_progress:0" in self("INFO")
              and b"aof_rewrite_scheduled:0" in self("INFO"), 10,
              "the log of commands")

    def _answers(self):
        if self.process.poll() is not None:
            with open(self.log) as log:
                raise AssertionError("redis-server ended:\n" + log.read())
        try:
            probe = Connection(self.socket, 2)
        except OSError:
            return False
        try:
            probe.send("PING")
            line = probe.file.readline()
            return line.startswith((b"+PONG", b"-NOAUTH"))
        finally:
            probe.close()

    def stop(self):
        """Freeze the server: it takes connections but answers nothing."""
        self.process.send_signal(signal.SIGSTOP)
        self.stopped = True

    def cont(self):
        self.process.send_signal(signal.SIGCONT)
        self.stopped = False

    def kill(self):
        """End the server at once, as a crash would."""
        self._forget()
        self.process.kill()
        self.process.wait(10)
        self.process = None
        if os.path.exists(self.socket):
            os.unlink(self.socket)

    def restart(self):
        if self.process:
            self.kill()
        self.start()

    def close(self):
        if self.process:
            self.kill()

    def _forget(self):
        if self.connection:
            self.connection.close()
            self.connection = None

    # -- talking to it

    def __call__(self, *args):
        """One command on a connection that is kept: redis("GET", "x")."""
        if self.connection is None:
            self.connection = Connection(self.socket)
            if self.login:
                self.connection.command("AUTH", *self.login)
        try:
            return self.connection.command(*args)
        except OSError:
            self._forget()
            raise

    def calls(self, name):
        """How often a command was called, by INFO commandstats."""
        info = self("INFO", "commandstats").decode()
        for line in info.splitlines():
            if line.startswith(f"cmdstat_{name}:"):
                return int(line.split("calls=")[1].split(",")[0])
        return 0

    def entries(self, key="es:events"):
        """The stream as lists of (field, value), oldest first."""
        out = []
        for _, flat in self("XRANGE", key, "-", "+"):
            text = [word.decode("utf-8", "surrogateescape") for word in flat]
            out.append(list(zip(text[::2], text[1::2])))
        return out

    def stream(self, key="es:events"):
        """The stream as dicts, oldest first."""
        return [dict(entry) for entry in self.entries(key)]

    def events(self, count, key="es:events", timeout=5.0):
        """The stream, once it holds at least `count` events."""
        until(lambda: self("XLEN", key) >= count, timeout,
              f"{count} events in {key}")
        return self.stream(key)
