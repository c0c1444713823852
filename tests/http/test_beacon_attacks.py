"""A hostile client of the collector."""

import concurrent.futures
import random
import re
import socket
import struct
import time

import pytest

import conf
from beaconsite import (BASE, CHOICES, CLICK, COLLECT, HOST, STATUS, URI,
                        body, nothing_came, refused, send)
from cookies import PAGE
from wait import until


@pytest.fixture
def site(redis, nginx):
    return nginx(BASE, "exportsite on;" + COLLECT + STATUS + PAGE,
                 redis=redis)


def post(data, *lines, target="/_exportsite", host="www.example.com"):
    head = [f"POST {target} HTTP/1.1"]
    if host is not None:
        head.append(f"Host: {host}")
    head += list(lines) + [f"Content-Length: {len(data)}"]
    return ("\r\n".join(head) + "\r\n\r\n").encode() + data


def statuses(reply):
    return [int(n) for n in re.findall(rb"(?m)^HTTP/1\.1 (\d+)", reply)]


# -- numbers

@pytest.mark.parametrize("text, want", [
    ("1e19", 1e19), ("10000000000000000000", 1e19),
    ("-10000000000000000000", -1e19),
    ("123456789012345678901234567890", 1.2345678901234568e29),
    ("9223372036854775807", 2.0**63), ("9223372036854775808", 2.0**63),
    ("9007199254740993", 9007199254740993), ("0.1", 0.1), ("-0", 0),
    ("-0.0", 0), ("1E2", 100), ("5e-324", 5e-324),
    ("1.7976931348623157e308", 1.7976931348623157e308),
    ("0.1e-6", 1e-7), ("1e-400", 0)])
def test_finite_numbers(redis, site, text, want):
    """What JSON.stringify() writes of any finite number is taken."""
    data = b'{"type":"a","value":%s}' % text.encode()
    assert send(site, data=data).status == 204
    got = redis.events(1)[0]["value"]
    assert float(got) == float(want) and len(got) <= 32


@pytest.mark.parametrize("text", [
    "1e309", "-1e309", "1E400", "NaN", "Infinity", "01", "+1", ".5", "1.",
    "0x10", "1e"])
def test_no_numbers(redis, site, text):
    refused(send(site, data=b'{"type":"a","value":%s}' % text.encode()), 400)
    refused(send(site, data=b'{"type":"a","ms":%s}' % text.encode()), 400)
    nothing_came(redis, site)


# -- whose page

@pytest.mark.parametrize("lines, status", [
    (["Origin: http://www.example.com", "Origin: http://evil.example"], 403),
    (["Origin: http://evil.example", "Origin: http://www.example.com"], 403),
    (["Origin: http://www.example.com@evil.example"], 403),
    (["Origin: http://www.example.com:80@evil.example"], 403),
    (["Origin: http://www.example.com/"], 403),
    (["Origin: http://www.example.com."], 403),
    (["Origin: http://www.example.com:"], 403),
    (["Origin: http://www.example.com:0"], 403),
    (["Origin: http://www.example.com:65616"], 403),
    (["Origin: http://www.example.com:4294967376"], 403),
    (["Origin: http://www.example.com:080"], None),
    (["Origin: HTTP://WWW.EXAMPLE.COM"], None),
    (["Origin: http://www.example.com\t"], None),
    (["Origin: http://www.example.com http://evil.example"], 403),
    (["Origin: http://evil.example, http://www.example.com"], 403),
    (["Origin:"], None), (["Origin: "], None),
    (["Origin: file://"], 403), (["Origin: null"], 403),
    (["Origin: chrome-extension://www.example.com"], 403),
    (["Origin: http://"], 403), (["Origin: http:"], 403), (["Origin: h"], 403),
    (["Origin: http://[::1]"], 403), (["Origin: http://[www.example.com]"], 403),
    (["Origin: http://www.example.com\x00.evil"], None),
    (["Sec-Fetch-Site: cross-site", "Sec-Fetch-Site: same-origin"], 403),
])
def test_origins(redis, site, lines, status):
    got = statuses(site.raw(post(b'{"type":"a"}', *lines, "Connection: close")))
    assert len(got) == 1
    if status is None:
        assert got[0] in (204, 400, 403)
    else:
        assert got == [status]


def test_absolute_form(redis, site):
    """nginx takes the request line's host: the header is not asked."""
    for name, origin in (("a", "evil.example"), ("b", "www.example.com")):
        site.raw(post(b'{"type":"%s"}' % name.encode(),
                      f"Origin: http://{origin}", "Connection: close",
                      target="http://evil.example/_exportsite"))
    site.raw(post(b'{"type":"c"}', "Connection: close"))
    until(lambda: redis.stream()[-1:] and redis.stream()[-1]["type"] == "c")
    for event in redis.stream():
        assert (event["type"], event["host"]) != ("b", "evil.example")


# -- bodies

def chunked(data, size=1, ext=b"", trailer=b""):
    out = b""
    for n in range(0, len(data), size):
        part = data[n:n + size]
        out += b"%x%s\r\n%s\r\n" % (len(part), ext, part)
    return out + b"0\r\n" + trailer + b"\r\n"


CHUNKED = (b"POST /_exportsite HTTP/1.1\r\nHost: www.example.com\r\n"
           b"Transfer-Encoding: chunked\r\n%s\r\n")
NEXT = b"GET /nothing HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"


def test_cut_everywhere(redis, site):
    """A request sent in two parts, cut at each byte; one that ends there."""
    whole = post(b'{"type":"a","label":"\xc3\xa4"}')
    whole2 = CHUNKED % b"" + chunked(b'{"type":"a"}', 5, b";x=y", b"T: 1\r\n")
    count = 0
    for data in (whole, whole2):
        for n in range(0, len(data), 3):
            with socket.create_connection(site.address, 5) as sock:
                sock.sendall(data[:n])
                time.sleep(0.002)
                sock.sendall(data[n:] + NEXT)
                got = b""
                while piece := sock.recv(65536):
                    got += piece
                assert statuses(got) == [204, 404]
                count += 1
            with socket.create_connection(site.address, 5) as sock:
                sock.sendall(data[:n])
    assert len(redis.events(count)) == count


def test_pipelined_behind_refusals(redis, site):
    """What follows a refused body is the next request, never its rest."""
    evil = b"GET /_exportsite HTTP/1.1\r\nHost: a\r\n\r\n"
    for data, want in [
            (post(b"{"), [400, 404]), (post(evil), [400, 404]),
            (post(b" " * 8193), [413, 404]),
            (post(b'[]', "Origin: null"), [403, 404]),
            (CHUNKED % b"" + chunked(evil, 7), [400, 404]),
            (CHUNKED % b"" + chunked(b" " * 9000, 100), [413, 404]),
            (post(b'{"type":"a"}', "Expect: 100-continue"), [100, 204, 404])]:
        assert statuses(site.raw(data + NEXT)) == want, data[:200]


def test_both_lengths(redis, site):
    """Transfer-Encoding and Content-Length: nginx refuses; nothing comes."""
    data = (b"POST /_exportsite HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n") + chunked(b'{"type":"a"}')
    assert statuses(site.raw(data + NEXT))[0] == 400
    nothing_came(redis, site)


def test_random_bytes(redis, nginx):
    """Mutations of good requests: no crash, no hang, no complaint."""
    site = nginx(BASE + CHOICES + "client_body_timeout 1s;"
                 "client_header_timeout 1s;",
                 "exportsite on;" + COLLECT + STATUS + PAGE, redis=redis)
    rand = random.Random(4)
    seeds = [post(b'{"type":"a","path":"/de/%%c3%%a4","label":"x","value":1.5,'
                  b'"ms":9,"page":"%s"}' % (b"a" * 24),
                  "Cookie: consent=1; es_vid=x",
                  "Origin: http://www.example.com"),
             CHUNKED % b"" + chunked(body(CLICK, CLICK), 9)]
    for _ in range(1500):
        data = bytearray(rand.choice(seeds))
        for _ in range(rand.randint(1, 6)):
            at = rand.randrange(len(data))
            kind = rand.random()
            if kind < 0.5:
                data[at] = rand.choice(b'\x00\r\n "{}[]\\,:%/0189af\xff\x80'
                                       + bytes([rand.randrange(256)]))
            elif kind < 0.8:
                del data[at:at + rand.randint(1, 20)]
            else:
                data[at:at] = data[at:at + rand.randint(1, 40)] * rand.randint(1, 9)
        try:
            with socket.create_connection(site.address, 0.15) as sock:
                sock.sendall(data)
                if rand.random() < 0.5:
                    sock.recv(100)
        except OSError:
            pass
    assert site.complaints() == []
    assert site.get("/status").status == 200


EVERY = "".join(chr(c) for c in list(range(1, 0x300)) + [
    0x2028, 0x2029, 0x200b, 0x202e, 0xfeff, 0xfffd, 0xffff, 0xd7ff, 0xe000,
    0x1f600, 0x10ffff])


def test_every_character(redis, nginx):
    """In labels and paths: nothing of it gets unescaped anywhere."""
    site = nginx(
        BASE + conf.choices([('path ~ "secret"', "yes")], "$p", "no")
        + "log_format x escape=none '$exportsite_segments|$p|"
        "$exportsite_country|$exportsite_visitor';",
        "exportsite on;" + COLLECT.replace(
            "beacon;", "beacon; access_log @dir@/x.log x;") + STATUS,
        redis=redis)
    n = 0
    for start in range(0, len(EVERY), 16):
        part = EVERY[start:start + 16]
        path = "/" + "".join("%%%02x" % b for b in part.encode())
        for p in (path, "/" + re.sub("[?#%]", "", part)):
            assert send(site, {"type": "a", "label": part,
                               "path": p}).status == 204
            n += 1
    for event in redis.events(n):
        for name in ("label", "path"):
            text = event.get(name, "")
            assert not re.search(r"[\x00-\x1f\x7f]", text), (name, text)
            text.encode()     # is UTF-8: no lone surrogate stands for a byte
    until(lambda: site.read("x.log").count("\n") == n)


@pytest.mark.parametrize("path", [
    "/%2e%2e/%2e%2e/etc/passwd", "//evil.example/x", "/\\evil",
    "/%c0%af%c0%ae", "/%ed%a0%80", "/%ff%fe", "/a%0d%0aSet-Cookie:%20x=y",
    "/%", "/%2", "/%zz", "/%25%30%30", "/" + "a" * 7000,
    "/" + "%41" * 2500, "/" + "ä" * 1300, "/%3f%23", "/a;b=c", "/a%00b"])
def test_paths_that_trick(redis, site, path):
    reply = send(site, {"type": "a", "path": path})
    if reply.status == 400:
        assert "%00" in path
        return
    assert reply.status == 204
    got = redis.events(1)[0]["path"]
    assert len(got.encode()) <= 1024 and not re.search(r"[\x00-\x1f\x7f]", got)
    assert got.startswith("/")


# -- among other directives

@pytest.mark.parametrize("extra", [
    "client_body_in_file_only on;", "client_body_in_file_only clean;",
    "client_body_in_single_buffer on; client_body_buffer_size 8;",
    "aio threads;", "limit_rate 1k;",
    "sendfile on; directio 512; client_body_buffer_size 16;",
    "satisfy any; allow all; deny all;", "keepalive_timeout 0;",
    "chunked_transfer_encoding off;", "postpone_output 0;",
    "addition_types *; add_before_body /page;",
    "add_after_body /_exportsite;", "mirror /page;", "auth_request /page;",
    "error_page 400 403 405 413 = /page;",
    "error_page 400 403 405 413 = @x;",
    "gzip on; gzip_min_length 1; gzip_types *;", "ssi on; ssi_types *;",
    "sub_filter a b; sub_filter_types *; sub_filter_once off;",
    "expires 1y; add_header X y always;", "if_modified_since before;",
    "etag off;", "max_ranges 1;", "limit_except GET { deny all; }",
    "exportsite off;", "client_max_body_size 1;",
    "access_log @dir@/y.log combined buffer=4k;", "post_action /page;",
    "return 200 x;", "try_files /none /page;", "rewrite ^ /page break;"])
def test_beside(redis, nginx, extra):
    """Every answer is one that nginx or we mean; no crash, no complaint."""
    beacon = COLLECT.replace("exportsite_beacon;", "exportsite_beacon;" + extra)
    site = nginx(BASE, "exportsite on; location @x { return 418; }" + beacon
                 + STATUS + PAGE, redis=redis)

    def posts(data):
        for headers in (HOST, {**HOST, "Origin": "null"}):
            assert send(site, data=data, headers=headers).status in (
                200, 204, 400, 401, 403, 405, 413, 418, 500, 502)
        got = site.raw(CHUNKED % b"Connection: close\r\n"
                       + chunked(data, 999))
        assert len(statuses(got)) <= 1

    def others(method):
        site.request(method, URI, HOST)
        site.request(method, URI, {**HOST, "If-None-Match": "*",
                                   "Range": "bytes=0-3"})

    # at once, since some of these answers take their time
    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        sent = [pool.submit(posts, data) for data in (
            body(CLICK), b"{", b" " * 9000, b" " * 20000, b"",
            body(*[CLICK] * 33))]
        sent += [pool.submit(others, method) for method in (
            "GET", "HEAD", "OPTIONS", "PUT", "DELETE", "PROPFIND")]
    for one in sent:
        one.result()
    assert site.complaints() == []


# -- clients that leave while something is waited for

@pytest.mark.parametrize("phase", ["rewrite", "access"])
@pytest.mark.parametrize("http2", [False, True])
def test_leaving_while_redis_is_waited_for(redis, nginx, phase, http2):
    """Profiles that come late, to beacons whose senders may be gone."""
    redis("HSET", "es:segments", "a", "profile.company exists")
    site = nginx(BASE.replace("timeout=1s", "timeout=150ms")
                 + "exportsite_visitor $arg_v;",
                 f"exportsite on phase={phase};" + COLLECT
                 + "location = /r { rewrite ^ /_exportsite last; }"
                 "error_page 418 = @b; recursive_error_pages on;"
                 "location = /e { return 418; }"
                 "location @b { exportsite_beacon; }", redis=redis,
                 listen="127.0.0.1:@port@" + (" http2" if http2 else ""))
    rand = random.Random(7)
    for turn in range(4):
        redis.stop()
        for n in range(60):
            target = rand.choice([URI, "/r", "/e"]) + f"?v=visitor{turn}x{n}"
            data = post(body(CLICK), "Cookie: consent=1", target=target)
            if http2:
                data = HELLO + h2_post(1, target, body(CLICK), rand)
            try:
                with socket.create_connection(site.address, 1) as sock:
                    sock.sendall(data[:rand.choice(
                        [len(data), rand.randrange(len(data))])])
                    if rand.random() < 0.5:
                        time.sleep(rand.random() * 0.02)
                    if rand.random() < 0.5:
                        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                        struct.pack("ii", 1, 0))
            except OSError:
                pass
            if n == 30 and rand.random() < 0.5:
                redis.cont()
        if turn == 2:
            site.reload(wait_old=False)
        redis.cont()
        time.sleep(0.5)
    assert site.complaints() == []


def frame(kind, flags, stream, payload):
    return (struct.pack(">I", len(payload))[1:] + bytes([kind, flags])
            + struct.pack(">I", stream) + payload)


HELLO = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0, b"")


def literal(name, value):
    """A header field without indexing or Huffman's code (RFC 7541, 6.2.2)."""
    out = b"\0"
    for text in (name, value):
        text = text.encode("latin-1")
        assert len(text) < 127
        out += bytes([len(text)]) + text
    return out


def h2_post(stream, target, data, rand, *extra):
    head = b"".join(literal(*pair) for pair in [
        (":method", "POST"), (":scheme", "http"), (":path", target),
        (":authority", "www.example.com"), ("cookie", "consent=1"), *extra])
    out = frame(1, 4, stream, head)
    at = 0
    while at < len(data):
        size = rand.randint(1, 20)
        part = data[at:at + size]
        at += size
        out += frame(0, 1 if at >= len(data) else 0, stream, part)
    return out


def test_http2_by_hand(redis, nginx):
    """Resets, padding, trailers, lengths that lie, frames of nothing."""
    site = nginx(BASE, "exportsite on;" + COLLECT + STATUS, redis=redis,
                 listen="127.0.0.1:@port@ http2", start=False)
    site.start()
    rand = random.Random(1)
    data = body(CLICK)
    cases = [
        h2_post(1, URI, data, rand),
        h2_post(1, URI, data, rand, ("content-length", "5")),
        h2_post(1, URI, data, rand, ("content-length", "5000")),
        h2_post(1, URI, data, rand, ("origin", "http://www.example.com")),
        h2_post(1, URI, data, rand, ("origin", "http://evil.example")),
        h2_post(1, URI, data, rand, ("host", "evil.example"),
                ("origin", "http://evil.example")),
        h2_post(1, URI, b" " * 9000, rand), h2_post(1, URI, b" " * 20000, rand),
        h2_post(1, URI, data, rand)[:-12] + frame(3, 0, 1, b"\0\0\0\x08"),
        h2_post(1, URI, data, rand)[:-12] + frame(1, 5, 1, literal("x", "y")),
        h2_post(1, URI, b"", rand) + frame(0, 1, 1, b""),
        h2_post(1, URI, b"", rand) + frame(0, 9, 1, b"\x05" + data + b"\0" * 5),
        h2_post(1, URI, b"", rand) + frame(0, 0, 1, b"") * 500
        + frame(0, 1, 1, data),
        b"".join(h2_post(2 * n + 1, URI, data, rand) for n in range(50)),
        b"".join(h2_post(2 * n + 1, URI, data, rand)[:-12]
                 + frame(3, 0, 2 * n + 1, b"\0\0\0\x08")
                 for n in range(100)),
    ]

    def throw(case):
        with socket.create_connection(site.address, 0.3) as sock:
            try:
                sock.sendall(HELLO + case)
                while sock.recv(65536):
                    pass
            except OSError:
                pass

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(throw, cases * 3))
    for _ in range(800):
        case = bytearray(HELLO + rand.choice(cases[:6]))
        for _ in range(rand.randint(1, 3)):
            case[rand.randrange(24, len(case))] = rand.randrange(256)
        try:
            with socket.create_connection(site.address, 0.05) as sock:
                sock.sendall(case)
                sock.recv(1000)
        except OSError:
            pass
    assert site.complaints() == []


# -- several events at once

def test_a_map_between(redis, nginx):
    """What a map makes of our variables is made anew for every event."""
    site = nginx(
        BASE + "map $exportsite_language $drink {"
        " ja tea; de beer; default water; }"
        "map $hero $who { german Hans; default nobody; }"
        + conf.choices([('path ~ "^/de/"', "german")], "$hero", "base")
        + conf.choices([("language exists", "$drink")], "$offer", "none")
        + conf.choices([("language exists", "$who")], "$name", "none"),
        "exportsite on;" + COLLECT, redis=redis)
    german = "hero=german,offer=beer,name=Hans"
    want = {"/ja/": "hero=base,offer=tea,name=nobody", "/de/x": german,
            "/en/": "hero=base,offer=water,name=nobody", "/de/y": german}
    assert send(site, *[{"type": "a", "path": p} for p in want]).status == 204
    assert {e["path"]: e["variants"] for e in redis.events(4)} == want
