"""Fixtures: nginx, redis, slow links and databases of the test's own.

Environment: ES_MODULE (the .so, or an nginx that has the module built in),
NGINX and REDIS_SERVER (binaries), ES_PRELOAD (a library preloaded into nginx,
such as libasan), ES_MMDB (a real country database), ES_KEEP=1 (scratch folders
stay).
"""

import os
import shutil
import tempfile

import pytest

import webserver
from closer import Closer
from fakeredis import FakeRedis
from mmdb import Maker
from redisd import Redis
from slowlink import SlowLink


def pytest_configure(config):
    if not os.path.exists(webserver.MODULE):
        raise pytest.UsageError(
            f"{webserver.MODULE} is not there: run make, or set ES_MODULE")


def _factory(make):
    """A pair of fixtures that hand out make(): per test and per module."""
    def fixture():
        closer = Closer()
        yield lambda *a, **k: closer.add(make(*a, **k))
        closer.close()
    return fixture


def _scratch_redis(**options):
    folder = tempfile.mkdtemp(prefix="exportsite-redis-")
    os.chmod(folder, 0o755)

    class Scratch(Redis):
        def close(self):
            super().close()
            shutil.rmtree(folder, ignore_errors=True)

    return Scratch(folder, **options)


def _scratch_link(target, delay=0.0):
    folder = tempfile.mkdtemp(prefix="exportsite-link-")
    os.chmod(folder, 0o755)

    class Scratch(SlowLink):
        def close(self):
            super().close()
            shutil.rmtree(folder, ignore_errors=True)

    return Scratch(os.path.join(folder, "link.sock"), target.socket, delay)


# A test asks for Redis before nginx, so that nginx is stopped first.

new_redis = pytest.fixture(name="new_redis")(_factory(_scratch_redis))
module_redis = pytest.fixture(
    name="module_redis", scope="module")(_factory(_scratch_redis))


@pytest.fixture
def redis(new_redis):
    """A redis-server on a unix socket."""
    return new_redis()


@pytest.fixture
def slow_link(redis):
    """A link to `redis`, for which a SlowLink's attributes can be set."""
    link = _scratch_link(redis)
    yield link
    link.close()


# nginx(http, server, …) starts one, see webserver.Nginx.

nginx = pytest.fixture(name="nginx")(_factory(webserver.Nginx))
module_nginx = pytest.fixture(
    name="module_nginx", scope="module")(_factory(webserver.Nginx))


@pytest.fixture(scope="session")
def mmdb():
    """Makes databases: mmdb([(network, record), …]) or mmdb.world()."""
    maker = Maker()
    yield maker
    shutil.rmtree(maker.folder, ignore_errors=True)


@pytest.fixture
def fake():
    """Somebody who answers in Redis' place."""
    folder = webserver.new_folder()
    server = FakeRedis(os.path.join(folder, "fake.sock"))
    yield server
    server.close()
    shutil.rmtree(folder)
