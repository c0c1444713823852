"""Somebody else answers in Redis' place, and never stops: bounded memory,
pages as ever, and the right Redis is listened to again."""

import os
import re

import pytest

import conf
from fakeredis import INVALIDATE, array, bulk
from wait import until

MB = 1 << 20
HTTP = ("exportsite_redis @redis@ timeout=20ms refresh=1s;"
        "exportsite_secret @dir@/secret; exportsite_consent on;"
        "exportsite_visitor $arg_v;")
SERVER = (conf.echo("profile_company", "segments")
          + "location / { exportsite on; exportsite_slot hero redis:hero; }")

ENDLESS = {
    "a string": b"$536870912\r\n" + b"x" * (8 * MB),
    "a length": b"$" + b"1" * MB,
    "a line": b"+" + b"x" * (8 * MB),
    "a list": b"*1000000\r\n" + b":1\r\n" * MB,
    "a list that is announced": b"*2147483647\r\n:1\r\n",
    "a list of strings": b"*4000\r\n" + bulk(b"x" * MB) * 24,
    "lists in lists": b"*1000\r\n" * 4 + b"*1000000\r\n" * 3,
    "less than none": b"*-5\r\n$-7\r\n:1\r\n",
    "numbers beyond all": b"*9223372036854775808\r\n$99999999999999999999\r\n",
}


def peak(site):
    """The most memory that the worker ever had, in MB."""
    worker, = site.workers()
    with open(f"/proc/{worker}/status") as file:
        return int(re.search(r"VmHWM:\s+(\d+)", file.read()).group(1)) >> 10


@pytest.mark.parametrize("how", ENDLESS)
def test_endless_answers(fake, nginx, how):
    """To every command that reads; and to the subscription, unasked."""
    site = nginx(HTTP, SERVER, redis=fake)
    site.get("/index.html")
    before = site.workers()
    until(lambda: fake.subscribed, 5, "the keeper")
    begin = peak(site)
    left = [b"HGETALL", b"HMGET", b"GETRANGE", b"SCAN", b"GET"]

    def answer(words):
        if words[0] in left:
            left.remove(words[0])
            return ENDLESS[how]
        return None

    fake.answer = answer
    fake.tell("es:segments", "es:slot:hero")
    turn = iter(range(10000))

    def tried():
        assert site.get(f"/vars?v=cold{next(turn)}").status == 200
        assert site.get("/index.html").status == 200
        return len(left) <= 1          # a mark is asked for with events only

    until(tried, 10, "the commands", every=0.02)
    fake.answer = None
    for sock in list(fake.subscribed):
        try:
            sock.sendall(array(bulk("message"), bulk(INVALIDATE), b"")
                         + ENDLESS[how])
        except OSError:
            pass                       # it hung up, as it should
    fake.segments["one"] = "method = GET"
    until(lambda: site.vars()["segments"] == "one", 8, "the segments")
    assert site.workers() == before
    assert "is away" in site.log()
    assert "two seconds" not in site.log(), "nobody hung up on it"
    if not os.environ.get("ES_PRELOAD"):
        assert peak(site) - begin < 60
