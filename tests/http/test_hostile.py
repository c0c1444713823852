"""Input of strangers: overlong, malformed, hostile. The baseline page."""

import pytest

import conf
from cookies import NAME, PAGE

BIG = "client_header_buffer_size 64k; large_client_header_buffers 8 64k;\n"


@pytest.fixture(scope="module")
def site(module_nginx, module_redis, mmdb):
    redis = module_redis()
    return module_nginx(
        BIG + "exportsite_redis @redis@ timeout=100ms; exportsite_geo @world@;"
        "exportsite_secret @dir@/secret; exportsite_consent on;"
        "exportsite_languages en de zh-Hant; exportsite_industries medical;"
        "exportsite_language_from url cookie:l arg:l header:X-L accept "
        "country; exportsite_industry_from cookie:i arg:i header:X-I hint;"
        "exportsite_hint medical 'query.q contains clinic or agent ~* clinic';"
        + conf.choices([("path ~ '^/(a|b)+c' or cookie.x contains y", "odd"),
                        ("query.n between 1 and 2", "low")], "$choice"),
        PAGE + conf.echo("language", "industry", "country", "$choice")
        + conf.echo("language", "industry", "country", "$choice",
                    location="/"),
        redis=redis, world=mmdb.world())


def alive(site):
    """The same worker serves the next visitor rightly."""
    got = site.vars("/vars", {"Accept-Language": "de"})
    assert got["language"] == "de" and got["choice"] == "none"


def send(site, target=b"/page", *headers):
    lines = [b"GET " + target + b" HTTP/1.1", b"Host: www.example.com",
             b"Connection: close", *headers]
    return site.raw(b"\r\n".join(lines) + b"\r\n\r\n")


@pytest.fixture(autouse=True)
def same_worker(site):
    before = site.workers()
    yield
    alive(site)
    assert site.workers() == before


LANGUAGES = [
    b"\xff" * 200, b",".join([b"de"] * 5000), b"," * 30000, b";" * 30000,
    b"de;q=" + b"0" * 20000, b"de;q=0." + b"9" * 20000, b"-" * 30000,
    b"a-" * 15000, b"x" * 60000, b"de;q=1;q=0;q=" * 2000, b"*;q=1," * 9000,
    b",".join(b"x%d-yy-zz;q=0.%03d" % (n, n % 1000) for n in range(3000)),
    b"de;q=-1", b"de;q=nan", b"de;q=1e9", b"de;q=99999999999999999999",
    b"../../etc/passwd", b"%0d%0aX: y", b"d\te", b"\"de\"", b"de;;;q=1",
    b"zh-Hant-" + b"x-" * 1000, b"i-klingon", b"x-private", b"1de", b"de_AT",
    b"q=0.5", b";q=0.5", b"*-*", b"*-CH;q=0.5", b"de-*-AT", b"  ",
]


@pytest.mark.parametrize("value", LANGUAGES, ids=lambda v: repr(v[:16]))
def test_accept_language(site, value):
    """Whatever stands in Accept-Language: a page in a declared language."""
    reply = send(site, b"/vars", b"Accept-Language: " + value)
    assert b" 200 " in reply.split(b"\r\n")[0]
    said = reply.split(b"language=")[1].split(b"\n")[0]
    assert said in (b"en", b"de", b"zh-Hant")


COOKIES = [
    b"", b"=", b";" * 5000, b"=" * 5000, b"a" * 60000, NAME.encode(),
    NAME.encode() + b"=" + b"A" * 60000, (NAME.encode() + b"=x; ") * 3000,
    NAME.encode() + b"=\xff\xfe\x01\x7f", b"l=../../de; i=../../medical",
    b"l=" + b"de" * 10000, b"i=medical\x0bX", b"\x01\x02\x03=\x04",
    b"x" + NAME.encode() + b"=a", b"; ".join(
        b"c%d=%d" % (n, n) for n in range(4000)),
    NAME.encode() + b"=\"" + b"A" * 43 + b"\"", b"$Version=1; x=y",
]


@pytest.mark.parametrize("value", COOKIES, ids=lambda v: repr(v[:16]))
def test_cookies(site, value):
    """Whatever stands in the cookies: a page, one new cookie at most."""
    reply = send(site, b"/page", b"Cookie: " + value)
    head = reply.split(b"\r\n\r\n")[0]
    assert b" 200 " in head.split(b"\r\n")[0]
    assert head.lower().count(b"set-cookie:") == 1


FORWARDED = [
    b"", b"x", b"999.999.999.999", b"1.2.3", b"1.2.3.4.5", b"::::", b"[::1]",
    b"fe80::1%eth0", b"," * 10000, b"192.0.2.1," * 5000, b"1" * 60000,
    b"192.0.2.1\t", b"unix:", b"-1", b"\xff\xff", b"192.0.2.1:99999",
    b"[2001:db8:a::1]:443", b"0x7f000001", b"2130706433",
]


@pytest.mark.parametrize("value", FORWARDED, ids=lambda v: repr(v[:16]))
def test_forwarded_for(site, value):
    """Whatever stands in X-Forwarded-For: a page, a country or XX."""
    reply = send(site, b"/vars", b"X-Forwarded-For: " + value)
    assert b" 200 " in reply.split(b"\r\n")[0]
    assert reply.split(b"country=")[1].split(b"\n")[0] in (b"XX", b"AT")


TARGETS = [
    b"/" + b"a" * 60000, b"/" * 30000, b"/de" * 10000, b"/%00/de", b"/de%00/",
    b"/" + b"%2e%2e%2f" * 3000, b"/de/../../etc/passwd", b"/%ff%fe",
    b"/\xff\xfe", b"/de\\..\\x", b"/?" + b"&" * 30000, b"/?" + b"=" * 30000,
    b"/?l=" + b"x" * 50000, b"/?" + b"l=de&" * 10000, b"/?l=%", b"/?l=%d",
    b"/?l=%zz", b"/?l=%00de", b"/?i=medical%00", b"/?n=" + b"9" * 50000,
    b"/?n=1e400", b"/?n=-0", b"/?q=" + b"clini" * 8000, b"/?#", b"/;",
    b"/(a|b)+", b"/" + b"ab" * 25000, b"http://x/de/", b"/?utm_source="
    + b"%0d%0a" * 5000, b"*",
]


@pytest.mark.parametrize("target", TARGETS, ids=lambda v: repr(v[:16]))
def test_targets(site, target):
    """Whatever is asked for: an answer of nginx, none of ours in between."""
    reply = send(site, target)
    line = reply.split(b"\r\n")[0]
    assert line.startswith(b"HTTP/1.1 ")
    assert line.split()[1] in (b"200", b"400", b"404", b"405", b"414")


OTHERS = [
    b"User-Agent: " + b"clini" * 10000, b"User-Agent: \xff\xfe",
    b"Referer: " + b"http://" * 5000, b"Referer: http://\xff/",
    b"Referer: //", b"Referer: http://[::1", b"Referer: http://@@@@/",
    b"Referer: http://" + b"a" * 50000, b"Sec-Purpose: " + b"p" * 50000,
    b"Sec-Fetch-Dest: " + b"d" * 50000, b"Sec-GPC: " + b"1" * 5000,
    b"DNT: \xff", b"X-L: ../../de", b"X-I: medical\tx", b"If-None-Match: *",
    b"Range: bytes=0-0", b"Host: second.example.com",
]


@pytest.mark.parametrize("header", OTHERS, ids=lambda v: repr(v[:24]))
def test_other_headers(site, header):
    """Any other header we read may hold anything."""
    reply = send(site, b"/page", header)
    assert reply.split(b"\r\n")[0].split()[1] in (b"200", b"206", b"400",
                                                  b"416", b"304")


def test_many_headers(site):
    """Hundreds of repeated headers are no trouble."""
    for name in (b"Accept-Language: de", b"Cookie: l=de", b"X-L: de"):
        reply = send(site, b"/vars", *[name] * 500)
        assert b" 200 " in reply.split(b"\r\n")[0]


def test_old_protocols(site):
    """HTTP/0.9 and 1.0 without a Host."""
    assert b"page" in site.raw(b"GET /page\r\n")
    assert b" 200 " in site.raw(b"GET /page HTTP/1.0\r\n\r\n")


def test_pipelining(site):
    """Requests that come at once are answered in order."""
    one = (b"GET /vars HTTP/1.1\r\nHost: x\r\nAccept-Language: de\r\n\r\n")
    two = (b"GET /vars HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    reply = site.raw(one * 20 + two)
    assert reply.count(b"language=de") == 20
    assert reply.count(b"language=en") == 1
