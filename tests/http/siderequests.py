"""Requests that differ in everything that nginx looks at.

A Request is its bytes, and what is to be known of it to read its answer. Those
of a list may follow each other on one connection; those of ALONE may not, as
nginx hangs up after them.
"""

# of the files that sideconf.py writes: 8,192 bytes of the first day of 2020
ETAG = '"5e0be100-2000"'
DATE = "Wed, 01 Jan 2020 00:00:00 GMT"
BEFORE = "Tue, 31 Dec 2019 23:59:59 GMT"
AFTER = "Thu, 02 Jan 2020 00:00:00 GMT"


class Request:
    """@t@ in data is where the target comes; the host is given by name."""

    def __init__(self, method, data):
        self.method = method
        self.data = data if isinstance(data, bytes) else data.encode("latin-1")

    def to(self, target, close=False):
        data = self.data.replace(b"@t@", target.encode("latin-1"), 1)
        if close:
            data = data.replace(b"\r\nHost:", b"\r\nConnection: close\r\nHost:",
                                1)
        return data


def ask(method="GET", *headers, body=None, version="1.1"):
    lines = [f"{method} @t@ HTTP/{version}", "Host: localhost", *headers]
    if body is not None:
        lines.append(f"Content-Length: {len(body)}")
    return Request(method, "\r\n".join(lines) + "\r\n\r\n" + (body or ""))


def _chunks(*pieces):
    return "".join(f"{len(piece):x}\r\n{piece}\r\n"
                   for piece in pieces) + "0\r\n\r\n"


CHUNKED = Request("POST", (
    "POST @t@ HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n"
    "\r\n" + _chunks("first ", "second " * 300)))

PLAIN = [ask(), ask("HEAD"), ask("POST", body="name=value")]

BODIES = [CHUNKED, ask("POST", "Expect: 100-continue", body="x" * 20000),
          ask("PUT", body="put"), ask("GET", body="a body of a GET")]

METHODS = [ask(method) for method in ("OPTIONS", "DELETE", "PROPFIND", "PATCH",
                                      "TRACE", "BREW", "M-SEARCH")]

RANGES = [ask("GET", f"Range: {value}") for value in (
    "bytes=0-0", "bytes=10-99", "bytes=-100", "bytes=8000-", "bytes=0-",
    "bytes=0-9,20-29", "bytes=0-9,-5", "bytes=-0", "bytes=8192-",
    "bytes=0-8191", "bytes=5-2", "bytes=0-9,5-", "bytes=-9999999",
    "bytes= 1 - 2 , 4 - 5", "bytes=", "bytes=x", "items=0-5",
    "bytes=0-18446744073709551616")] + [ask("HEAD", "Range: bytes=0-9")]

CONDITIONS = [ask("GET", *lines) for lines in (
    [f"If-None-Match: {ETAG}"], [f"If-None-Match: W/{ETAG}"],
    ["If-None-Match: *"], ['If-None-Match: "x"'], ["If-None-Match: junk"],
    [f'If-None-Match: "a", W/"b" , {ETAG}, "c"'], ["If-None-Match:"],
    [f"If-Modified-Since: {DATE}"], [f"If-Modified-Since: {AFTER}"],
    [f"If-Modified-Since: {BEFORE}"], ["If-Modified-Since: yesterday"],
    [f"If-None-Match: \"x\"", f"If-Modified-Since: {DATE}"],
    [f"If-None-Match: {ETAG}", f"If-Modified-Since: {BEFORE}"],
    [f"If-Unmodified-Since: {DATE}"], [f"If-Unmodified-Since: {BEFORE}"],
    [f"If-Match: {ETAG}"], [f"If-Match: W/{ETAG}"], ['If-Match: "x"'],
    ["If-Match: *"],
    ["Range: bytes=0-9", f"If-Range: {ETAG}"],
    ["Range: bytes=0-9", 'If-Range: "x"'],
    ["Range: bytes=0-9", f"If-Range: W/{ETAG}"],
    ["Range: bytes=0-9", f"If-Range: {DATE}"],
    ["Range: bytes=0-9", f"If-Range: {BEFORE}"],
    ["Range: bytes=0-9", f"If-None-Match: {ETAG}"],
    [f"If-None-Match: {ETAG}", "Range: bytes=99999-"])
] + [ask("HEAD", f"If-None-Match: {ETAG}"),
     ask("POST", f"If-None-Match: {ETAG}", body="x"),
     ask("HEAD", f"If-Modified-Since: {DATE}")]

CODINGS = [ask("GET", f"Accept-Encoding: {value}") for value in (
    "gzip", "gzip;q=0", "identity", "*", "deflate, gzip;q=0.5", "br", "x-gzip",
    "gzip;q=1.001")] + [
    ask("GET", "Accept-Encoding: gzip", "Via: 1.1 proxy"),
    ask("GET", "Accept-Encoding: gzip", "Range: bytes=0-9"),
    ask("GET", "Accept-Encoding: gzip", f"If-None-Match: W/{ETAG}"),
    ask("HEAD", "Accept-Encoding: gzip")]

# what our own module looks at
VISITORS = [ask("GET", *lines) for lines in (
    ["Accept-Language: de-AT,de;q=0.9,*;q=0.1"],
    ["Accept-Language: de", "Accept-Language: en"], ["Accept-Language:"],
    ["Cookie: a=b; consent=yes; c=d"], ["Cookie: a=1", "Cookie: b=2"],
    ["Referer: https://maschinen.example/x?y"], ["Referer: junk"],
    ["User-Agent: Mozilla/5.0 (iPhone; CPU iPhone OS 17_0)"],
    ["User-Agent: Googlebot/2.1"], ["DNT: 1"], ["Sec-GPC: 1"],
    ["Sec-Purpose: prefetch"], ["Sec-Fetch-Dest: image"],
    ["X-Forwarded-For: 192.0.2.1"], ["X-Forwarded-For: 2001:db8::1, 10.0.0.1"],
    ["X-Forwarded-For: junk"], ["Accept: text/html"],
    ["Authorization: Basic dXNlcjpwYXNz"], ["Authorization: Basic dXNlcjp4"],
    ["Accept-Charset: utf-8", "TE: trailers", "Upgrade: h2c"])]

STATIC = PLAIN + BODIES + METHODS + RANGES + CONDITIONS + CODINGS + VISITORS
SOME = (PLAIN + BODIES[:2] + METHODS[:1] + RANGES[:2] + RANGES[5:6]
        + RANGES[8:9] + CONDITIONS[:1] + CONDITIONS[7:8] + CODINGS[:1]
        + VISITORS[:1] + VISITORS[3:4])
READS = [r for r in SOME if r.method in ("GET", "HEAD")]

H = "Host: localhost\r\n"
ALONE = [Request(method, data) for method, data in (
    ("GET", "GET @t@ HTTP/1.0\r\n\r\n"),
    ("GET", "GET @t@ HTTP/1.0\r\nAccept-Encoding: gzip\r\n\r\n"),
    ("GET", "GET @t@ HTTP/1.0\r\nRange: bytes=0-9,20-29\r\n\r\n"),
    ("GET", "GET @t@ HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
            "GET @t@ HTTP/1.0\r\n\r\n"),
    ("HEAD", "HEAD @t@ HTTP/1.0\r\n\r\n"),
    ("POST", "POST @t@ HTTP/1.0\r\nContent-Length: 3\r\n\r\nx=1"),
    ("GET", "GET @t@\r\n"), ("GET", "GET @t@ \r\n"),
    ("GET", "GET @t@ HTTP/1.1\r\n\r\n"),
    ("GET", "GET @t@ HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"),
    ("GET", "GET @t@ HTTP/1.1\r\nHost: a b\r\n\r\n"),
    ("GET", "GET @t@ HTTP/2.0\r\nHost: a\r\n\r\n"),
    ("GET", "GET @t@ HTTP/1.9\r\nHost: a\r\nConnection: close\r\n\r\n"),
    ("GET", "GET @t@ HTTP/x\r\n\r\n"), ("GET", "get @t@ HTTP/1.1\r\n\r\n"),
    ("GET", "\r\n\r\nGET @t@ HTTP/1.0\r\n\r\n"), ("GET", "\x16\x03\x01\x00"),
    ("GET", "GET @t@ HTTP/1.1\r\n" + H + "Connection: close\r\n"
            "Bad Header: 1\r\n\r\n"),
    ("GET", "GET @t@ HTTP/1.1\r\n" + H + "Connection: close\r\n"
            "no colon\r\n\r\n"),
    ("GET", "GET @t@ HTTP/1.1\r\n" + H + "X: a\x00b\r\n\r\n"),
    ("GET", "GET @t@ HTTP/1.1\r\n" + H + "X: " + "x" * 9000 + "\r\n\r\n"),
    ("GET", "GET @t@ HTTP/1.1\r\n" + H + ("X: " + "x" * 7000 + "\r\n") * 6
            + "\r\n"),
    ("GET", "GET @t@?" + "x" * 9000 + " HTTP/1.1\r\n" + H + "\r\n"),
    ("GET", "GET http://elsewhere.example@t@ HTTP/1.1\r\n" + H
            + "Connection: close\r\n\r\n"),
    ("CONNECT", "CONNECT a:1 HTTP/1.1\r\n" + H + "\r\n"),
    ("OPTIONS", "OPTIONS * HTTP/1.1\r\n" + H + "Connection: close\r\n\r\n"),
    ("POST", "POST @t@ HTTP/1.1\r\n" + H + "Connection: close\r\n\r\n"),
    ("POST", "POST @t@ HTTP/1.1\r\n" + H + "Content-Length: x\r\n\r\n"),
    ("POST", "POST @t@ HTTP/1.1\r\n" + H + "Content-Length: 2000000\r\n"
             "Expect: 100-continue\r\n\r\n"),
    ("POST", "POST @t@ HTTP/1.1\r\n" + H + "Content-Length: 3\r\n"
             "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"),
    ("POST", "POST @t@ HTTP/1.1\r\n" + H + "Transfer-Encoding: gzip\r\n\r\n"),
    ("POST", "POST @t@ HTTP/1.1\r\n" + H + "Transfer-Encoding: chunked\r\n"
             "Connection: close\r\n\r\nzz\r\n"),
    ("POST", "POST @t@ HTTP/1.1\r\n" + H + "Transfer-Encoding: chunked\r\n"
             "Connection: close\r\n\r\n3;ext=1\r\nabc\r\n0\r\nTrailer: 1\r\n"
             "\r\n"),
)]

# on their way to a file, or not
HOSTILE = [
    "/..", "/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/a/../page.html",
    "//page.html", "/./page.html", "/page.html/", "/page.html%00.png", "/%zz",
    "/%", "/%2", "/%c3%28", "/\xff\xfe", "/page.html#frag", "/page.html?a#b",
    "/page%2Ehtml", "/p\x01ge", "/<script>", "/\"quoted\"", "/page.html;x=1",
    "/page.html?es_preview=x", "/" + "a" * 300, "/" + "a/" * 500, "/?" * 9,
    "/folder", "/folder?x=1", "/folder//", "/closed/", "/secret.html", "/*",
    "/page.html?a=b&a=c&%00", "/page.html?%", "/~", "/folder/..", "/%2f"]
