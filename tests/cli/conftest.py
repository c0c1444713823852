"""Fixtures: a Redis of the test's own, and the program run against it.

Environment: ES_PROGRAM (the program, build/exportsite else), REDIS_SERVER (the
binary), ES_KEEP=1 (scratch folders stay).

    def test_it(redis, run):
        redis("HSET", "es:segments", "dach", "country in (DE, AT, CH)")
        code, out, err = run("segment", "list")
"""

import os
import shutil
import sys
import tempfile

import pytest

sys.path.append(os.path.join(os.path.dirname(__file__), "..", "http"))

import program                                          # noqa: E402
from closer import Closer                               # noqa: E402
from redisd import Redis                                # noqa: E402


def pytest_configure(config):
    if not os.path.exists(program.PROGRAM):
        raise pytest.UsageError(
            f"{program.PROGRAM} is not there: run make, or set ES_PROGRAM")


class Folders(Closer):
    """Scratch folders, and what has to be closed before they go."""

    def __init__(self):
        super().__init__()
        self.folders = []

    def make(self, kind):
        self.folders.append(tempfile.mkdtemp(prefix=f"exportsite-{kind}-"))
        return self.folders[-1]

    def close(self):
        try:
            super().close()
        finally:
            if not os.environ.get("ES_KEEP"):
                for folder in self.folders:
                    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def folders():
    made = Folders()
    yield made
    made.close()


@pytest.fixture
def new_redis(folders):
    """new_redis(tcp=…, aof=…, options=…) starts one more redis-server."""
    return lambda **options: folders.add(Redis(folders.make("redis"), **options))


@pytest.fixture
def redis(new_redis):
    """A redis-server on a unix socket; redis("GET", "x") asks it."""
    return new_redis()


@pytest.fixture(scope="module")
def module_redis():
    """One redis-server for all tests of a file that do not change it."""
    made = Folders()
    yield made.add(Redis(made.make("redis")))
    made.close()


# Each of these speaks to `redis`, unless its arguments say otherwise.

@pytest.fixture
def run(redis):
    """run(*args, stdin=None, env=None) to the end: .code .out .err .lines."""
    return lambda *args, **how: program.run(*args, address=redis, **how)


@pytest.fixture
def on_terminal(redis):
    """The same with stdout and stderr on a terminal; .out has both."""
    return lambda *args, **how: program.on_terminal(*args, address=redis, **how)


@pytest.fixture
def start(redis, folders):
    """start(*args, env=None) begins a run that goes on: a program.Running."""
    def begin(*args, env=None):
        return folders.add(program.Running(
            folders.make("run"), args, program.environment(redis, env)))
    return begin


@pytest.fixture
def scratch(folders):
    """A folder for files."""
    return folders.make("files")
