"""A real nginx of the test's own, and what must be true when it ends."""

import json
import os
import re
import secrets
import shutil
import signal
import subprocess
import tempfile

import conf
import httpclient
import ports
import processes
from wait import until

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
MODULE = os.path.abspath(os.environ.get(
    "ES_MODULE", os.path.join(ROOT, "build", "ngx_exportsite_module.so")))
BINARY = os.environ.get("NGINX") or shutil.which("nginx") or "/usr/sbin/nginx"
BUILT_IN = not MODULE.endswith(".so")   # MODULE is an nginx that has it inside
WORKER_USER = "www-data"

BAD_LINE = re.compile(
    r"\[alert\]|\[emerg\]|ERROR: AddressSanitizer|runtime error:"
    r"|LeakSanitizer|exited on signal|^==\d+== ")

# ES_VALGRIND=1: nginx under valgrind, which says nothing where all is well.
# PCRE2's machine code reads in words beyond the end of strings, as it may.
VALGRIND = ["valgrind", "-q", "--vgdb=no", "--trace-children=yes",
            "--smc-check=all-non-file",
            "--suppressions=" + os.path.join(
                os.path.dirname(os.path.abspath(__file__)), "valgrind.supp")] \
    if os.environ.get("ES_VALGRIND") else []


def new_folder():
    """A scratch folder that the workers' user may read and write."""
    folder = tempfile.mkdtemp(prefix="exportsite-")
    os.chmod(folder, 0o755)
    return folder


def environment():
    """The environment of nginx: ours, with ES_PRELOAD for nginx alone."""
    env = dict(os.environ)
    if os.environ.get("ES_PRELOAD"):
        env["LD_PRELOAD"] = os.environ["ES_PRELOAD"]
    return env


class Nginx:
    """An nginx that runs a configuration made of two snippets.

    http, server  text for the http and the server block
    main          text for the top of the file
    workers       number of worker processes
    module        False leaves our module out
    names         @name@ in the snippets is replaced; @dir@ (the scratch
                  folder), @html@ (the root in it) and @port@ are always there
    """

    def __init__(self, http="", server="", main="", workers=1, module=True,
                 listen="127.0.0.1:@port@", level="info", start=True,
                 **names):
        self.dir = new_folder()
        self.html = os.path.join(self.dir, "html")
        self.error_log = os.path.join(self.dir, "error.log")
        self.process = None
        self.killed = []
        self.allowed = []
        self.binary = MODULE if BUILT_IN and module else BINARY
        for folder in (self.html, os.path.join(self.dir, "tmp")):
            os.mkdir(folder, 0o755)
        self.key = self.write("secret", secrets.token_hex(32) + "\n")
        self.write("html/index.html", "<h1>Pumps for everyone</h1>\n")
        self.names = dict(
            names, dir=self.dir, html=self.html, workers=workers, main=main,
            listen=listen, level=level, http=http, server=server,
            load=f"load_module {MODULE};" if module and not BUILT_IN else "",
            user=f"user {WORKER_USER};" if os.getuid() == 0 else "")
        if start:
            try:
                self.start()
            except AssertionError:
                self.remove()
                raise

    # -- files

    def path(self, name):
        return os.path.join(self.dir, name)

    def write(self, name, data):
        """Write a file under the scratch folder; returns its full path."""
        path = self.path(name)
        os.makedirs(os.path.dirname(path), mode=0o755, exist_ok=True)
        with open(path, "wb") as file:
            file.write(data if isinstance(data, bytes) else data.encode())
        return path

    def read(self, name):
        with open(self.path(name), errors="surrogateescape") as file:
            return file.read()

    def log(self):
        return self.read("error.log") if os.path.exists(self.error_log) else ""

    def configure(self, **names):
        """Change snippets or names, and write nginx.conf."""
        self.names.update(names)
        text = conf.TEMPLATE
        for _ in range(2):              # snippets hold names themselves
            text = conf.fill(text, self.names)
        return self.write("nginx.conf", text)

    # -- life and death

    def start(self):
        for attempt in range(5):
            self.port = self.names["port"] = ports.free()
            self.configure()
            self._spawn()
            try:
                until(self._ready, 20, "nginx to start", every=0.005)
                return self
            except AssertionError:
                text = self.log() + self.read("stderr")
                if "Address already in use" not in text or attempt == 4:
                    self.kill()
                    raise AssertionError("nginx did not start:\n" + text)
                self.kill()
                os.unlink(self.error_log)

    def _spawn(self):
        with open(self.path("stderr"), "ab") as err:
            self.process = subprocess.Popen(
                [*VALGRIND, self.binary, "-c", self.path("nginx.conf"),
                 "-p", self.dir,
                 "-e", self.error_log],
                stdin=subprocess.DEVNULL, stdout=err, stderr=err,
                env=environment(), start_new_session=True)

    def _ready(self):
        assert self.process.poll() is None, "nginx ended at once"
        return len(self.workers()) == int(self.names["workers"])

    def workers(self):
        """Pids of the workers that take requests."""
        if VALGRIND:       # nginx's titles are valgrind's secret
            return processes.children(self.process.pid)
        return processes.titled(self.process.pid, "nginx: worker process")

    def reload(self, wait_old=True, **names):
        """Reload, and wait until new workers have taken over.

        `wait_old`: wait for the old workers to be gone, too.
        """
        self.configure(**names)
        old = set(self.workers())
        want = int(self.names["workers"])
        self.process.send_signal(signal.SIGHUP)
        until(lambda: len(set(self.workers()) - old) == want
              and not set(self.workers()) & old, 15,
              f"new workers; log:\n{self.log()[-2000:]}")
        if wait_old:
            until(lambda: not old & set(processes.group(self.process.pid)),
                  15, "the old workers to end")

    def kill9_worker(self, pid=None):
        """kill -9 a worker, and wait for the new one."""
        before = set(self.workers())
        pid = pid or min(before)
        self.killed.append(pid)
        os.kill(pid, signal.SIGKILL)
        until(lambda: set(self.workers()) - before
              and pid not in self.workers(), 10, "a new worker")

    def quit(self, timeout=20):
        """Stop gracefully."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGQUIT)
            try:
                self.process.wait(timeout)
            except subprocess.TimeoutExpired:
                raise AssertionError(
                    f"nginx did not stop in {timeout} s:\n{self.log()[-3000:]}"
                ) from None

    def stop(self, timeout=20):
        """Stop at once, as `nginx -s stop` does."""
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise AssertionError(
                f"nginx did not stop at once:\n{self.log()[-3000:]}"
            ) from None

    def kill9(self):
        """kill -9 all of it: what was in memory is gone."""
        self.killed += self.workers()
        self.kill()

    def kill(self):
        if self.process:
            processes.kill_group(self.process.pid)
            self.process.wait(10)

    def close(self):
        """Stop, and fail if anything was left behind or complained about."""
        try:
            if self.process:
                self.quit()
                left = processes.group(self.process.pid)
                assert not left, f"processes left: {left}"
                bad = self.complaints()
                assert not bad, "in the error log:\n" + "\n".join(bad)
        finally:
            self.kill()
            self.remove()

    def remove(self):
        if not os.environ.get("ES_KEEP"):
            shutil.rmtree(self.dir, ignore_errors=True)

    def allow(self, pattern):
        """Lines of the error log that match are what the test wanted."""
        self.allowed.append(re.compile(pattern))

    def complaints(self):
        bad = []
        text = self.log()
        if os.path.exists(self.path("stderr")):
            text += self.read("stderr")
        for line in text.splitlines():
            if not BAD_LINE.search(line):
                continue
            if any(re.search(rf"process {pid} exited on signal 9|"
                             rf"was locked by {pid}", line)
                   for pid in self.killed):
                continue
            if any(pattern.search(line) for pattern in self.allowed):
                continue
            bad.append(line)
        return bad

    # -- requests

    @property
    def address(self):
        return ("127.0.0.1", self.port)

    def request(self, method, target, headers=(), body=None):
        return httpclient.request(self.address, method, target, headers, body)

    def get(self, target="/", headers=()):
        return self.request("GET", target, headers)

    def vars(self, target="/vars", headers=()):
        """What a location made by conf.echo() says, as a dict."""
        reply = self.get(target, headers)
        assert reply.status == 200, reply
        return reply.vars

    def session(self):
        return httpclient.Session(self.address)

    def raw(self, data):
        return httpclient.raw(self.address, data)

    def json(self, target="/status"):
        reply = self.get(target)
        assert reply.status == 200, reply
        return json.loads(reply.body)


class ConfigCheck:
    """What `nginx -t` says of a configuration.

    ok      whether it was taken
    text    everything it wrote
    source  the line of nginx.conf that the first [emerg] names
    """

    def __init__(self, nginx):
        path = nginx.configure(port=ports.free())
        done = subprocess.run(
            [nginx.binary, "-t", "-c", path, "-p", nginx.dir, "-e",
             nginx.path("check.log")], env=environment(), timeout=60,
            stdin=subprocess.DEVNULL, capture_output=True, text=True,
            errors="surrogateescape")
        self.ok = done.returncode == 0
        self.text = done.stderr
        self.source = ""
        assert done.returncode in (0, 1), done
        assert "AddressSanitizer" not in self.text, self.text
        assert "runtime error" not in self.text, self.text
        where = re.search(r"\[emerg\].* in (\S+nginx\.conf):(\d+)", self.text)
        if where:
            with open(where.group(1), errors="surrogateescape") as file:
                self.source = file.read().splitlines()[int(where.group(2)) - 1]


def check(http="", server="", files=(), **names):
    """Run `nginx -t` on a configuration; a ConfigCheck.

    files: (name, text) pairs to write into the scratch folder first.
    """
    nginx = Nginx(http, server, start=False, **names)
    try:
        for name, text in files:
            nginx.write(name, text)
        return ConfigCheck(nginx)
    finally:
        nginx.close()


def conf_error(http="", server="", **names):
    """The check of a configuration that nginx must refuse with a place."""
    result = check(http, server, **names)
    assert not result.ok, "nginx took it:\n" + result.text
    assert "[emerg]" in result.text, result.text
    assert result.source, "no file and line:\n" + result.text
    return result
