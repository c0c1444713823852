"""The collector under fire: bodies that are none, too large, slow, or many."""

import collections
import random
import re
import socket
import threading
import time

import pytest

import conf
from beaconsite import (BASE, CLICK, COLLECT, HOST, STATUS, URI, answers,
                        body, counted, nothing_came, refused, send)
from cookies import PAGE
from wait import until

POST = (b"POST /_exportsite HTTP/1.1\r\nHost: www.example.com\r\n"
        b"Content-Length: %d\r\n\r\n%s")


@pytest.fixture
def site(redis, nginx):
    return nginx(BASE, "exportsite on;" + COLLECT + STATUS + PAGE,
                 redis=redis)


# -- what is no event

@pytest.mark.parametrize("data, reason", [
    (b"", "not JSON"), (b"{", "not JSON"), (b"x=1&y=2", "not JSON"),
    (b"1", "not JSON"), (b'"click"', "not JSON"), (b"null", "not JSON"),
    (b"\0", "not JSON"), (b'{"type":"click"}\0', "not JSON"),
    (b'{"type":"click"}{"type":"click"}', "follows"),
    (b'{"type":"a","type":"b"}', "before"), (b'{"type":"a\\u0000"}', "NUL"),
    (b'{"type":"a","label":"\xff"}', "UTF-8"),
    (b'{"type":"a","label":"\xed\xa0\x80"}', "UTF-8"),
    (b'{"type":"a","label":"\\ud800"}', "not JSON"),
    (b'{"type":"a","label":"a\nb"}', "not JSON"),
    (b'{"type":"a","value":1e999}', "too big"),
    (b'{"type":"a","value":NaN}', "not JSON"),
    (b"[" * 8192, "too deep"), (b'{"a":' * 1600, "not JSON"),
    (b'{"type":"a"}' + b"\xef\xbb\xbf", "follows"),
    (b"\xef\xbb\xbf" b'{"type":"a"}', "not JSON"),
    (b'[{"type":"a"},1]', "event 2"), (b'[[{"type":"a"}]]', "event 1"),
    (b"{}", '"type" is missing'), (b'[{"type":"a"},{}]', "event 2"),
    (b'{"type":1}', '"type"'), (b'{"type":"A"}', '"type"'),
    (b'{"type":"%s"}' % (b"a" * 33), '"type"'), (b'{"type":""}', '"type"'),
    (b'{"type":"a\\r\\nb"}', '"type"'),
    (b'{"type":"a","path":"x"}', '"path"'), (b'{"type":"a","path":1}', "path"),
    (b'{"type":"a","path":"/%00"}', '"path"'),
    (b'{"type":"a","label":1}', '"label"'),
    (b'{"type":"a","label":{"b":[1]}}', '"label"'),
    (b'{"type":"a","value":"1"}', '"value"'),
    (b'{"type":"a","value":true}', '"value"'),
    (b'{"type":"a","ms":-1}', '"ms"'), (b'{"type":"a","ms":"1"}', '"ms"'),
    (b'{"type":"a","ms":9007199254740992}', '"ms"'),
    (b'{"type":"a","page":"0123"}', '"page"'),
    (b'{"type":"a","page":"%s"}' % (b"g" * 24), '"page"'),
    (b'{"type":"a","visitor":"anna"}', 'unknown member "visitor"'),
    (b'{"type":"a","id":"x"}', 'unknown member "id"'),
    (b'{"type":"a","ts":1}', 'unknown member "ts"'),
    (b'{"type":"a","Label":"x"}', 'unknown member "Label"'),
    (b'{"type":"a","__proto__":"x"}', 'unknown member "__proto__"')])
def test_what_is_no_event(redis, site, data, reason):
    """400, with the reason and the place; nothing of it is recorded."""
    assert reason in refused(send(site, data=data), 400)
    assert answers(site) == {"bad": 1}
    nothing_came(redis, site)


def test_all_or_nothing(redis, site):
    """One bad event spoils the list, wherever it stands."""
    good = [{"type": f"t{n}"} for n in range(5)]
    for place in range(6):
        events = good[:place] + [{"type": "a", "ms": -1}] + good[place:]
        assert f"event {place + 1}:" in refused(send(site, *events), 400)
    nothing_came(redis, site)


def test_the_reason_repeats_nothing_harmful(redis, site):
    """An unknown member is shown in 32 harmless characters."""
    name = "<script>\r\nSet-Cookie: a=b\t\"\\é" + "x" * 500
    reason = refused(send(site, {name: 1}), 400)
    shown = re.fullmatch(r'event 1: unknown member "(.*)"', reason)[1]
    assert len(shown) == 32 and re.fullmatch(r"[!-~]*", shown)
    assert "<" not in shown and '"' not in shown
    assert site.complaints() == []


# -- too much

@pytest.mark.parametrize("chunked", [False, True])
def test_sizes(redis, site, chunked):
    """8 KB are taken, a byte more is not; a megabyte is not even read."""
    def post(size):
        data = body({"type": "a", "label": "x"})
        data += b" " * (size - len(data))
        if not chunked:
            return send(site, data=data)
        answer = site.raw(
            b"POST /_exportsite HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n"
            % (len(data), data))
        return int(answer.split(b" ")[1])

    def status(reply):
        return reply if chunked else reply.status

    assert status(post(8192)) == 204
    for size in (8193, 9000, 16384, 16385, 100000, 1 << 20):
        assert status(post(size)) == 413, size
    if not chunked:
        assert "8 KB" in refused(post(8193), 413)
        assert "8 KB" in refused(post(16384), 413)
    counted(site, taken=1, large=6 if chunked else 8)
    nothing_came(redis, site, 1)


@pytest.mark.parametrize("head", [
    b"Content-Length: 1073741824\r\n\r\n",
    b"Transfer-Encoding: chunked\r\n\r\n40000000\r\nx"])
@pytest.mark.parametrize("uri", [b"/_exportsite", b"/none", b"/named"])
def test_a_length_that_is_announced_only(redis, nginx, uri, head):
    """A gigabyte that never comes is refused at once, whatever nginx takes."""
    site = nginx(
        BASE + "client_max_body_size 0;", "exportsite on;" + COLLECT + STATUS
        + COLLECT.replace("/_exportsite", "/none").replace(
            "exportsite_beacon;", "exportsite_beacon; client_max_body_size 0;")
        + COLLECT.replace("= /_exportsite", "@beacon")
        + "location = /named { try_files /nothing @beacon; }", redis=redis)
    with socket.create_connection(site.address, 5) as sock:
        sock.sendall(b"POST %s HTTP/1.1\r\nHost: a\r\n%s" % (uri, head))
        assert sock.recv(100).startswith(b"HTTP/1.1 413 ")
    counted(site, large=1)


def test_33_events(redis, site):
    """413 in one line, also if they are no events."""
    for events in ([CLICK] * 33, [1] * 33):
        assert "32" in refused(send(site, *events), 413)
    counted(site, large=2)
    nothing_came(redis, site)


# -- slow, broken, gone

def test_slow_bodies(redis, nginx):
    """client_body_timeout ends who sends too slowly; others do not wait."""
    site = nginx(BASE + "client_body_timeout 1s;", "exportsite on;" + COLLECT,
                 redis=redis)
    data = body(CLICK)
    socks = []
    for _ in range(100):
        sock = socket.create_connection(site.address, 10)
        sock.sendall(POST % (len(data), data[:-1]))
        socks.append(sock)
    begin = time.monotonic()
    assert send(site, {"type": "quick"}).status == 204
    assert time.monotonic() - begin < 0.5
    for sock in socks:
        assert sock.recv(100) == b""
        sock.close()
    assert 0.9 < time.monotonic() - begin < 5
    nothing_came(redis, site, 1)


def test_a_slow_body_that_ends(redis, site):
    """Byte for byte, and complete: taken."""
    data = body(CLICK)
    with socket.create_connection(site.address, 10) as sock:
        sock.sendall(POST % (len(data), b""))
        for n in range(len(data)):
            sock.sendall(data[n:n + 1])
            time.sleep(0.002)
        assert sock.recv(100).startswith(b"HTTP/1.1 204 ")
    assert redis.events(1)[0]["label"] == "cta"


def test_clients_that_leave(redis, site):
    """In the middle of a body, or after it, with or without a farewell."""
    data = body(*[CLICK] * 32)
    for n in range(60):
        sock = socket.create_connection(site.address, 5)
        sock.sendall(POST % (len(data), data[:n * 20]))
        if n % 2:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                            b"\1\0\0\0\0\0\0\0")
        sock.close()
    nothing_came(redis, site)


def test_half_closed(redis, site):
    """A client that has said all and waits for the answer gets it."""
    data = body(CLICK)
    with socket.create_connection(site.address, 5) as sock:
        sock.sendall(POST % (len(data), data))
        sock.shutdown(socket.SHUT_WR)
        assert sock.recv(100).startswith(b"HTTP/1.1 204 ")
    redis.events(1)


@pytest.mark.parametrize("request_", [
    b"POST /_exportsite HTTP/1.0\r\n\r\n",
    b"POST /_exportsite HTTP/1.0\r\nOrigin: http://a\r\n\r\n",
    b"POST /_exportsite HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    b"POST /_exportsite HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
    b"Content-Length: 0\r\n\r\n",
    b"POST /_exportsite HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"POST /_exportsite HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
    b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n",
    b"POST /_exportsite HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
    b"Content-Length: -1\r\n\r\n",
    b"POST /_exportsite HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
    b"Content-Length: 99999999999999999999\r\n\r\n",
    b"POST /_exportsite HTTP/1.1\r\nHost: a b\r\nConnection: close\r\n"
    b"Content-Length: 2\r\n\r\n[]",
    b"POST /_exportsite HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
    b"Origin: http://" + b"a" * 7000 + b"\r\nContent-Length: 2\r\n\r\n[]"])
def test_requests_that_are_none(redis, site, request_):
    """Refused in some way, and the site goes on."""
    status = int(site.raw(request_).split(b" ")[1])
    assert status in (400, 403, 413)
    nothing_came(redis, site)


# -- many

def flood(site, count, pipelined=50):
    """`count` beacons on one connection; how often each status came."""
    one = POST % (len(body(CLICK)), body(CLICK))
    statuses = collections.Counter()
    with socket.create_connection(site.address, 20) as sock:
        for _ in range(count // pipelined):
            sock.sendall(one * pipelined)
            got, lines = b"", []
            while len(lines) < pipelined:
                piece = sock.recv(65536)
                assert piece, got[-300:]
                got += piece
                lines = re.findall(rb"HTTP/1\.1 (\d{3})", got)
            statuses.update(lines)
    return statuses


def test_ten_thousand_beacons(redis, site):
    """From one address on one connection: taken, and every one written."""
    begin = time.monotonic()
    assert flood(site, 10000) == {b"204": 10000}
    assert time.monotonic() - begin < 15
    events = redis.events(10000, timeout=10)
    assert len({event["id"] for event in events}) == 10000
    assert answers(site) == {"taken": 10000}
    assert site.json()["events"]["types"]["click"] == 10000


def test_ten_thousand_beacons_and_limit_req(redis, nginx):
    """nginx's own limit lets few of them through; pages go on."""
    site = nginx(
        BASE + "limit_req_zone $binary_remote_addr zone=b:1m rate=10r/s;",
        "exportsite on;" + STATUS + PAGE + "location = /_exportsite {"
        "exportsite_beacon; limit_req zone=b burst=20 nodelay;"
        "limit_req_status 429; limit_req_log_level info; }", redis=redis)
    pages = []
    stop = threading.Event()

    def reader():
        while not stop.is_set():
            begin = time.monotonic()
            assert site.get("/page").status == 200
            pages.append(time.monotonic() - begin)

    thread = threading.Thread(target=reader)
    thread.start()
    try:
        got = flood(site, 10000)
    finally:
        stop.set()
        thread.join()
    assert got[b"204"] < 200 and got[b"204"] + got[b"429"] == 10000
    assert max(pages) < 1
    until(lambda: sum(e["type"] == "click" for e in redis.stream())
          == got[b"204"], what="the clicks that were taken")
    assert answers(site) == {"taken": got[b"204"]}


def test_many_connections_at_once(redis, nginx):
    """Threads with good, bad and cut bodies on several workers."""
    site = nginx(BASE, "exportsite on;" + COLLECT + STATUS, redis=redis,
                 workers=2)
    taken = []

    def sender(seed):
        rng = random.Random(seed)
        for n in range(60):
            kind = rng.randrange(4)
            if kind == 0:
                data = body(CLICK)[:-rng.randrange(1, 20)]
            elif kind == 1:
                data = bytes(rng.randrange(256) for _ in range(200))
            else:
                data = body(*[{"type": "a", "path": f"/{seed}/{n}/{k}"}
                              for k in range(rng.randrange(1, 33))])
            with site.session() as session:
                reply = session.request("POST", URI, HOST, data)
            assert reply.status == (204 if kind > 1 else 400)
            if kind > 1:
                taken.append(data.count(b"type"))

    threads = [threading.Thread(target=sender, args=(seed,))
               for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    stream = redis.events(sum(taken))
    assert len(stream) == sum(taken)
    assert len({event["id"] for event in stream}) == sum(taken)
    assert answers(site)["taken"] == len(taken)
    assert answers(site)["bad"] == 480 - len(taken)


def test_segments_and_regexes_for_every_path(redis, nginx):
    """32 paths of 32 events, hard rules: bounded, and right."""
    redis("HSET", "es:segments",
          *[word for n in range(200) for word in (
              f"s{n}", f'path ~ "^/(a+)+{n}$" or path = /p{n}')])
    site = nginx(BASE + conf.choices([('path ~ "(a*)*b$"', "slow")]),
                 "exportsite on;" + COLLECT + conf.echo("segments"),
                 redis=redis)
    until(lambda: site.get("/_exportsite").status == 200
          and "s7" in send_and_see(site, redis, "/p7"), what="the segments")
    begin = time.monotonic()
    for _ in range(3):
        assert send(site, *[{"type": "a", "path": "/" + "a" * (100 + n)}
                            for n in range(32)]).status == 204
    assert time.monotonic() - begin < 10
    assert send_and_see(site, redis, "/p199") == "s199"


def send_and_see(site, redis, path):
    """The segments of an event of that path."""
    have = redis("XLEN", "es:events")
    assert send(site, {"type": "probe", "path": path}).status == 204
    until(lambda: redis("XLEN", "es:events") > have
          and redis.stream()[-1]["type"] == "probe", what="the event")
    return redis.stream()[-1].get("segments", "")
