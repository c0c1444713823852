"""The program under test: run to its end, on a terminal, or for as long as wanted.

ES_PROGRAM is its path, build/exportsite else.
"""

import os
import pty
import select
import signal
import subprocess
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
PROGRAM = os.path.abspath(
    os.environ.get("ES_PROGRAM", os.path.join(ROOT, "build/exportsite")))

# what a sanitizer says, wherever it appears
ALARMS = ("AddressSanitizer", "LeakSanitizer", "runtime error:")


class Result:
    """How a run ended: .code, .out, .err (bytes that are no UTF-8 escaped)."""

    def __init__(self, code, out, err):
        self.code = code
        self.out = out.decode("utf-8", "surrogateescape")
        self.err = err.decode("utf-8", "surrogateescape")

    def __repr__(self):
        return (f"exit code {self.code}\n--- out\n{self.out}\n--- err\n"
                f"{self.err}")

    def __iter__(self):
        return iter((self.code, self.out, self.err))

    @property
    def lines(self):
        return self.out.splitlines()


def _checked(result):
    """A run that was not ended by a signal, nor by a sanitizer."""
    said = result.out + result.err
    assert result.code is not None and result.code >= 0, result
    assert not any(alarm in said for alarm in ALARMS), result
    return result


def environment(address=None, extra=None):
    """A plain environment, the same on every machine."""
    env = {name: value for name, value in os.environ.items()
           if name in ("PATH", "HOME", "TMPDIR") or name.endswith("_OPTIONS")}
    env.update(LC_ALL="C.UTF-8", TERM="xterm", TZ="UTC")
    if address is not None:
        env["EXPORTSITE_REDIS"] = str(address)
    env.update(extra or {})
    return {name: value for name, value in env.items() if value is not None}


def _bytes(text):
    return text.encode() if isinstance(text, str) else text


def run(*args, stdin=None, env=None, address=None, cwd=None, timeout=60):
    """Run to the end. stdin: str or bytes; env: additions, None takes away."""
    done = subprocess.run(
        [PROGRAM, *args], input=_bytes(stdin) or b"", capture_output=True,
        env=environment(address, env), cwd=cwd, timeout=timeout, check=False)
    return _checked(Result(done.returncode, done.stdout, done.stderr))


def on_terminal(*args, env=None, address=None, timeout=60):
    """Run with stdout and stderr on one terminal: a Result without .err."""
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [PROGRAM, *args], stdin=slave, stdout=slave, stderr=slave,
        env=environment(address, env), start_new_session=True)
    os.close(slave)
    out = b""
    deadline = time.monotonic() + timeout
    try:
        while True:
            ready, _, _ = select.select([master], [], [], 0.1)
            if time.monotonic() > deadline:
                raise AssertionError(f"still running, after\n{out!r}")
            if not ready:
                continue
            try:
                piece = os.read(master, 65536)
            except OSError:          # the other end is closed
                break
            if not piece:
                break
            out += piece
        code = process.wait(10)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait(10)
        os.close(master)
    return _checked(Result(code, out.replace(b"\r\n", b"\n"), b""))


class Running:
    """A run that goes on; what it says is gathered in files."""

    def __init__(self, folder, args, env):
        self.out_path = os.path.join(folder, "out")
        self.err_path = os.path.join(folder, "err")
        with open(self.out_path, "wb") as out, \
                open(self.err_path, "wb") as err:
            self.process = subprocess.Popen(
                [PROGRAM, *args], stdin=subprocess.DEVNULL, stdout=out,
                stderr=err, env=env)

    @property
    def pid(self):
        return self.process.pid

    @property
    def alive(self):
        return self.process.poll() is None

    @property
    def result(self):
        """What there is so far."""
        with open(self.out_path, "rb") as out, open(self.err_path, "rb") as err:
            return Result(self.process.poll(), out.read(), err.read())

    def kill(self):
        """End it at once, as a crash would."""
        self.process.kill()
        self.process.wait(10)

    def stop(self, number=signal.SIGTERM, timeout=20):
        """Ask it to end, and wait until it has; its Result, checked."""
        self.process.send_signal(number)
        return self.wait(timeout)

    def wait(self, timeout=20):
        """Its Result once it has ended by itself, checked."""
        self.process.wait(timeout)
        return _checked(self.result)

    def close(self):
        if self.alive:
            self.kill()
        said = self.result
        assert not any(alarm in said.out + said.err for alarm in ALARMS), said
