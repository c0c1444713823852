"""Small MMDB files of the tests' own, and the real one where there is one."""

import hashlib
import json
import os
import subprocess
import tempfile

import pytest

MAKE = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                    "mmdb", "make.pl")


def country(code, registered=None, continent=None):
    """A record shaped as GeoIP2 Country has it."""
    record = {"country": {"iso_code": code}}
    if registered:
        record["registered_country"] = {"iso_code": registered}
    if continent:
        record["continent"] = {"code": continent}
    return record


# client addresses of the tests: documentation ranges, one country each
AT, DE, JP, BR, US, FR = ("192.0.2.1", "192.0.2.65", "198.51.100.1",
                          "198.51.100.65", "203.0.113.1", "203.0.113.65")
CH, TW, UNKNOWN = "192.0.2.129", "198.51.100.129", "203.0.113.200"
AT6 = "2001:db8:a::1"

WORLD = [
    ("192.0.2.0/26", country("AT", "AT", "EU")),
    ("192.0.2.64/26", country("DE", "DE", "EU")),
    ("192.0.2.128/26", country("CH", "DE", "EU")),
    ("198.51.100.0/26", country("JP", "JP", "AS")),
    ("198.51.100.64/26", country("BR", "BR", "SA")),
    ("198.51.100.128/26", country("TW", "TW", "AS")),
    ("203.0.113.0/26", country("US", "US", "NA")),
    ("203.0.113.64/26", country("FR", "FR", "EU")),
    ("2001:db8:a::/48", country("AT", "AT", "EU")),
]


class Maker:
    """Builds databases, each content once a session."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="exportsite-mmdb-")
        os.chmod(self.folder, 0o755)

    def __call__(self, networks, kind="GeoLite2-Country", version=6):
        """The path of a database of (network, record) pairs."""
        text = "".join(json.dumps({"network": n, "record": r}) + "\n"
                       for n, r in networks)
        name = hashlib.sha256(
            f"{kind} {version} {text}".encode()).hexdigest()[:20]
        path = os.path.join(self.folder, name + ".mmdb")
        if not os.path.exists(path):
            done = subprocess.run(
                ["perl", MAKE, path, "--type", kind,
                 "--ip-version", str(version)],
                input=text, text=True, capture_output=True, timeout=60)
            assert done.returncode == 0, done.stderr
            os.chmod(path, 0o644)
        return path

    def world(self):
        return self(WORLD)


def real():
    """The real database that ES_MMDB names; else the test is skipped."""
    path = os.environ.get("ES_MMDB")
    if not path:
        pytest.skip("ES_MMDB names no real MMDB file")
    assert os.path.exists(path), f"ES_MMDB={path} is not there"
    return path


def client(address):
    """The headers of a request that comes from `address`."""
    return {"X-Forwarded-For": address}
