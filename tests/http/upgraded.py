"""An nginx whose program can be exchanged while it runs.

nginx does that as a daemon only. There are two masters meanwhile, the old one
and its child, in one session of their own.
"""

import os
import signal

import processes
import webserver
from wait import until

# what a new program needs of the old one's environment
KEPT = "".join(f"env {name};\n" for name in
               ("LD_PRELOAD", "ASAN_OPTIONS", "LSAN_OPTIONS", "UBSAN_OPTIONS"))


class Master:
    """A master process, looked after as a subprocess.Popen would be.

    pid     names the group of all processes
    master  the process itself
    """

    def __init__(self, group, master):
        self.pid = group
        self.master = master

    def poll(self):
        return None if processes.alive(self.master) else 0

    def wait(self, timeout):
        until(lambda: self.poll() is not None, timeout, "the master to end")

    def send_signal(self, number):
        os.kill(self.master, number)

    def workers(self):
        return processes.children(self.master, "nginx: worker process")


class Daemon(webserver.Nginx):
    """upgrade() starts another program; `process` is the master at work."""

    def __init__(self, http="", server="", main="", **names):
        super().__init__(http, server, KEPT + main, **names)

    def configure(self, **names):
        path = super().configure(**names)
        text = self.read("nginx.conf")
        self.write("nginx.conf", text.replace("daemon off;", "daemon on;"))
        return path

    def _spawn(self):
        super()._spawn()
        self.process.wait(20)
        assert self.process.returncode == 0, self.log() + self.read("stderr")
        pid = until(self._written, 20, "the pid file")
        self.process = Master(pid, pid)

    def workers(self):
        """Those of the master at work."""
        return self.process.workers() if self.process else []

    def upgrade(self):
        """Start another program beside this one; the old Master."""
        old = self.process
        old.send_signal(signal.SIGUSR2)
        new = until(lambda: self._written(old.master), 20, "a new master")
        self.process = Master(old.pid, new)
        until(self._ready, 20, f"its workers; log:\n{self.log()[-2000:]}")
        return old

    def _written(self, old=0):
        """The pid file's, if it is there and another than the old one's."""
        try:
            pid = int(self.read("nginx.pid") or 0)
        except FileNotFoundError:
            return None
        return pid if pid != old else None

    def rest(self, master):
        """Its workers go, it stays."""
        master.send_signal(signal.SIGWINCH)
        until(lambda: not master.workers(), 20, "its workers to go")

    def end(self, master):
        master.send_signal(signal.SIGQUIT)
        master.wait(20)

    def wake(self, master):
        """A resting one gets workers again, and is the one at work."""
        master.send_signal(signal.SIGHUP)
        self.process = master
        until(self._ready, 20, "its workers")
