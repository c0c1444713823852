"""Whole requests made up and mutated, for an nginx with everything on.

Makes what a stranger might send, sends it, and looks at what comes back: an
answer that parses, in which nothing of the request stands where it may not.
"""

import random
import re
import socket
import struct
import threading

import ports
import upstream
from resp import Connection

# What must never come out: a header of that name, that tag as it is, and what
# is in files and locations that no request may reach.
INJECTED = b"x-injected"
TAG = b"<q9z>"
OUTSIDE = b"outside-q9z"

NASTY = [
    b"", b"de", b"medical", b"AT", b"1", b"0", b"-1", b"*", b"null", b"\xff\xfe",
    b"..", b"../..", b"../outside", b"..%2foutside", b"%2e%2e/outside",
    b"....//", b"/", b"//", b"\\", b"a/../../outside", b"outside\x01", b"%00",
    b"ok%00.html", b"ok", b"ok/", b"%6fk", b"%", b"%zz", b"%0d%0aX-Injected:%201",
    b"a%0d%0a%0d%0a%3cq9z%3e", b"<q9z>", b"%3Cq9z%3E", b"\"'<q9z>&", b"a\tb",
    b"\x7f", b"\x80", b"\xc3\xa4", b"\xe2\x80\xa8", b"\xed\xa0\x80", b"a b",
    b"$exportsite_visitor", b"${uri}", b"x" * 70, b"x" * 300, b"x" * 5000,
    b"es:events", b"*\r", b"{es:events}", b"evil0", b"evil1", b"evil2",
    b"a,b;c=d", b";q=1", b"de;q=0.5,*;q=0", b"1e999", b"2026-12-24", b"(a+)+$",
    b"?internal", b"#x", b"internal", b"../internal/x", b"http://a/b",
    b"https://www.example.com/x", b"192.0.2.1", b"2001:db8:a::1", b"::1, 192.0.2.65",
]

NAMES = [
    b"Accept-Language", b"User-Agent", b"Referer", b"X-Forwarded-For", b"Cookie",
    b"Cookie", b"Sec-GPC", b"DNT", b"Sec-Purpose", b"Purpose", b"Sec-Fetch-Dest",
    b"Sec-Fetch-Site", b"Sec-Fetch-Mode", b"Origin", b"Range", b"If-Range",
    b"If-None-Match", b"If-Match", b"If-Modified-Since", b"If-Unmodified-Since",
    b"X-L", b"X-Text", b"Accept-Encoding", b"Content-Type", b"Expect", b"Upgrade",
    b"Connection", b"TE", b"Content-Encoding", b"Accept", b"X-Country",
]

VALUES = {
    b"Range": [b"bytes=0-3", b"bytes=-5,0-0,9-", b"bytes=0-,0-,0-,0-"],
    b"If-None-Match": [b'W/"x"', b'"x", W/"y"', b"*"],
    b"Sec-GPC": [b"1"], b"DNT": [b"1"], b"Sec-Purpose": [b"prefetch"],
    b"Sec-Fetch-Dest": [b"document", b"image"], b"Accept-Encoding": [b"gzip"],
    b"Origin": [b"https://www.example.com", b"https://partner.example", b"null"],
    b"User-Agent": [b"Googlebot/2.1", b"Mozilla/5.0 (iPhone) Mobile"],
    b"Accept-Language": [b"de-AT,de;q=0.9,en;q=0.1", b"zh-TW", b"pt"],
    b"Expect": [b"100-continue"], b"Connection": [b"keep-alive", b"upgrade"],
    b"Upgrade": [b"h2c", b"websocket"],
}

PATHS = [
    b"/", b"/page.html", b"/page.html", b"/de/page.html", b"/up/page", b"/up/page",
    b"/vis/page.html", b"/acc/page.html", b"/_exportsite", b"/whoami", b"/status",
    b"/status?format=html", b"/status?format=prometheus", b"/none", b"/internal/x",
    b"/frag/x", b"/a.css", b"/redirect", b"/slots/ok.html", b"*", b"/%2e%2e/outside",
    b"/../outside", b"//page.html", b"/page.html/", b"/./de//page.html",
]

EVENTS = [
    b'{"type":"click","path":"/de/x","label":"cta","value":1.5,"ms":900}',
    b'[{"type":"goal","label":"quote"},{"type":"dwell","ms":5}]',
    b'{"type":"a","page":"%s"}' % (b"a" * 24), b"[]", b"{", b"x=1",
    b'{"type":"a","label":"<q9z>\\r\\nX-Injected: 1"}', b'{"type":"a\\u0000"}',
    b"[" + b",".join([b'{"type":"t"}'] * 33) + b"]", b" " * 9000, b"[" * 4000,
]

PIECES = [
    b"<!-- es:%s -->", b"<!-- /es:%s -->", b"<p data-es-slot=%s>", b"</p>",
    b"<div data-es-slot=\"%s\">", b"</div>", b"<!--es:%s-->", b"<!-- es:%s",
    b"<script>", b"</script>", b"<style>", b"<title>", b"</title>", b"<!DOCTYPE html>",
    b"</head>", b"<body>", b"</body>", b"<br data-es-slot='%s'/>", b"<svg>", b"</svg>",
    b"<table><tr data-es-slot=%s>", b"<", b">", b"--!>", b"<!-->", b"text", b"\0",
    b"\xff", b"<plaintext>", b"<textarea>", b"</textarea>", b"<![CDATA[", b"]]>",
    b"<template data-es-slot=%s>", b"&amp;", b"=\"", b"x" * 40, b"x" * 9000,
]
SLOTS = [b"one", b"two", b"three", b"four", b"five", b"nosuch", b""]

HTTP = """
exportsite_zone fuzz:2m;
exportsite_geo @world@;
exportsite_redis @redis@ timeout=50ms refresh=1s;
exportsite_profile ttl=1s;
exportsite_secret @dir@/secret;
exportsite_consent $cookie_consent;
exportsite_languages en de fr zh-Hant pt-BR;
exportsite_industries machinery medical food;
exportsite_country_from header:X-Country cookie:c arg:c geo;
exportsite_language_from url cookie:l arg:l header:X-L accept profile country;
exportsite_industry_from profile cookie:i arg:i hint;
exportsite_hint medical 'query.q contains clinic or agent ~* "clinic|bot"';
exportsite_choose $tone {
    "segment = everybody"            everybody;
    "path ~ '^/(?:[a-z]+/)*x'"       "$arg_s";
    "profile.company exists"         $exportsite_profile_company;
    "cookie.x contains y or query.n between 1 and 2" low;
    default                          $exportsite_language;
}
exportsite_crawlers acme-monitor ~*[a-z]+checker$;
exportsite_record on crawlers;
exportsite_hreflang https://x.example/$exportsite_language$exportsite_path?h=$arg_h
                    x-default=/$arg_s;
exportsite_stream events buffer=64k flush=20ms spool=@dir@/spool spool_max=1m;
large_client_header_buffers 4 16k;
client_header_timeout 300ms; client_body_timeout 300ms; send_timeout 1s;
lingering_timeout 100ms; lingering_time 300ms; keepalive_timeout 100ms;
gzip on; gzip_min_length 1;
log_format all escape=json '$exportsite_segments $exportsite_city $exportsite_key'
    '$exportsite_organization $exportsite_segment_everybody $exportsite_device';
"""

SERVER = """
listen 127.0.0.1:@h2@ http2;
exportsite on;
access_log @dir@/access.log all;
error_page 404 /page.html;
add_header X-Country $exportsite_country always;
add_header X-Language $exportsite_language always;
add_header X-Industry $exportsite_industry always;
add_header X-Segments $exportsite_segments always;
add_header X-Company $exportsite_profile_company always;
add_header X-Visitor $exportsite_visitor always;
add_header X-Event $exportsite_event always;
add_header X-Tone $tone always;
exportsite_slot one    file:/slots/$arg_s.html;
exportsite_slot two    redis:$exportsite_country-$arg_s;
exportsite_slot three  uri:/frag/$arg_s?s=$arg_s&c=$cookie_s;
exportsite_slot four   text:$http_x_text-$arg_s-$tone;
exportsite_slot five   file:/slots/$cookie_s;
exportsite_slot_types  text/plain;
exportsite_script      /_exportsite nonce=$arg_n;
location /up/  { proxy_pass http://@up@; proxy_buffers 8 2k; proxy_buffer_size 8k;
                 proxy_busy_buffers_size 8k; }
location /vis/ { alias @html@/; exportsite_visitor $arg_v; exportsite_consent on; }
location /acc/ { alias @html@/; exportsite on phase=access; exportsite_visitor $arg_v;
                 exportsite_consent on; exportsite_optout off; }
location /frag/ { exportsite off; default_type text/html; return 200 "<i>frag</i>"; }
location ~ outside { return 404; }        # there are files, but not for anybody
location /internal/ { internal; return 200 "@outside@"; }
location = /redirect { try_files /none /page.html; }
location = /_exportsite { exportsite_beacon origin=partner.example; }
location = /whoami { exportsite_whoami; }
location = /status { exportsite_status; }
location = /gpc { exportsite_gpc 2026-11-22; }
"""

# Which words of our own response headers are ours, whatever was sent
TEXT = rb"(?:[^\x00-\x1f\x7f])*"
URL = rb"[^\x00-\x20<>\"\x7f-\xff]*"
HEADERS = {
    b"x-country": rb"[A-Z]{2}", b"x-language": rb"en|de|fr|zh-Hant|pt-BR",
    b"x-industry": rb"machinery|medical|food", b"x-segments": rb"everybody|",
    b"x-visitor": rb"[A-Za-z0-9._-]{1,64}", b"x-event": rb"[0-9a-f]{24}",
    b"link": rb"<https?://" + URL + rb'>; rel="alternate"; hreflang="en"(?:, <https?://'
             + URL + rb'>; rel="alternate"; hreflang="[A-Za-z-]+")+',
    b"content-language": rb"en|de|fr|zh-Hant|pt-BR",
    b"vary": rb"(?:\*|[A-Za-z-]+)(?:, (?:\*|[A-Za-z-]+))*",
    b"cache-control": rb"[a-z0-9=, -]+",
    b"x-company": TEXT, b"x-tone": TEXT,
    b"set-cookie": rb"es_vid=(?:[0-9a-f]{32}\.[0-9a-f]+|)(?:; [A-Za-z-]+(?:=[^;]*)?)+",
}

# What Redis may be asked for
KEYS = re.compile(
    rb"es:(?:segments|errors|events|mark:\{es:events\}:[0-9a-f]+"
    rb"|profile:[A-Za-z0-9._-]{1,64}"
    rb"|slot:(?:[A-Za-z0-9_.:/+@*-]|[\x80-\xff]){1,200})")
KEYED = {b"HMGET": 1, b"GETRANGE": 1, b"HLEN": 1, b"HGETALL": 1, b"GET": 1,
         b"DEL": 1, b"HSET": 1}


class Maker:
    """Requests of one seed, one after the other."""

    def __init__(self, seed, cookies):
        self.rand = random.Random(seed)
        self.cookies = cookies

    def value(self, name=None):
        rand = self.rand
        if name in VALUES and rand.random() < 0.6:
            return rand.choice(VALUES[name])
        kind = rand.random()
        if kind < 0.75:
            return rand.choice(NASTY)
        if kind < 0.9:
            return bytes(rand.randrange(256) for _ in range(rand.randrange(20)))
        return rand.choice(NASTY) + rand.choice(NASTY)

    def cookie(self):
        rand = self.rand
        jar = []
        for _ in range(rand.randrange(5)):
            name = rand.choice([b"es_vid", b"es_vid", b"consent", b"l", b"i", b"s",
                                b"c", b"x", b"", self.value()])
            jar.append(name + b"=" + self.value())
        if rand.random() < 0.6:
            own = bytearray(rand.choice(self.cookies))
            if rand.random() < 0.4:
                own[rand.randrange(len(own))] ^= 1 << rand.randrange(8)
            jar += [b"consent=1", b"es_vid=" + bytes(own)]
        return rand.choice([b"; ", b"; ", b";", b","]).join(jar)

    def target(self):
        rand = self.rand
        path = rand.choice(PATHS)
        if rand.random() < 0.1:
            path += self.value()
        names = [b"s", b"v", b"l", b"i", b"n", b"c", b"q", b"utm_source", b"es_preview"]
        pairs = [rand.choice(names) + b"=" + self.value()
                 for _ in range(rand.randrange(4))]
        if path == b"/up/page":
            pairs.append(b"page=%d" % rand.randrange(1 << 30))
        if pairs:
            path += (b"&" if b"?" in path else b"?") + b"&".join(pairs)
        return re.sub(rb"[\r\n]", b"", path)

    def headers(self):
        rand = self.rand
        lines = []
        for _ in range(rand.randrange(8)):
            name = rand.choice(NAMES)
            value = self.cookie() if name == b"Cookie" else self.value(name)
            lines.append((name, value))
        return lines

    def chunked(self, body):
        size = self.rand.randrange(1, 400)
        out = b""
        for at in range(0, len(body), size):
            out += upstream.chunk(body[at:at + size])
        return out + upstream.LAST

    def request(self):
        """One request: (method, bytes)."""
        rand = self.rand
        method = rand.choice([b"GET"] * 8 + [b"POST"] * 4 + [b"HEAD", b"PUT",
                                                             b"OPTIONS", b"DELETE"])
        target = self.target()
        body = b""
        if method == b"POST":
            target = rand.choice([b"/_exportsite", target])
            body = rand.choice(EVENTS)
        lines = [b"Host: " + rand.choice([b"localhost", b"www.example.com",
                                          b"a:80", b"[::1]"])]
        lines += [name + b": " + value.replace(b"\r", b"").replace(b"\n", b"")
                  for name, value in self.headers()]
        if body and rand.random() < 0.3:
            lines.append(b"Transfer-Encoding: chunked")
            body = self.chunked(body)
        elif body:
            lines.append(b"Content-Length: %d" % len(body))
        head = b"\r\n".join([method + b" " + target + b" HTTP/1.1"] + lines)
        return method, head + b"\r\n\r\n" + body

    def mutated(self, data):
        rand = self.rand
        data = bytearray(data)
        for _ in range(rand.randrange(1, 5)):
            at = rand.randrange(len(data))
            kind = rand.random()
            if kind < 0.4:
                data[at] = rand.choice(b"\0\r\n \t:;,=\"{}[]%/\\0189af\x7f\xff")
            elif kind < 0.6:
                data[at] ^= 1 << rand.randrange(8)
            elif kind < 0.8:
                del data[at:at + rand.randrange(1, 30)]
            else:
                data[at:at] = data[at:at + rand.randrange(1, 60)] * rand.randrange(1, 9)
            if not data:
                return b"\r\n"
        return bytes(data)

    # -- HTTP/2 (RFC 9113), fields without indexing or Huffman (RFC 7541, 6.2.2)

    def literal(self, name, value):
        out = b"\0"
        for text in (name, value):
            if len(text) < 127:
                out += bytes([len(text)]) + text
                continue
            rest, out = len(text) - 127, out + b"\x7f"
            while rest > 127:
                out += bytes([rest % 128 + 128])
                rest //= 128
            out += bytes([rest]) + text
        return out

    def http2(self):
        """A connection's bytes, with a few requests."""
        rand = self.rand

        def frame(kind, flags, stream, payload):
            return (struct.pack(">I", len(payload))[1:] + bytes([kind, flags])
                    + struct.pack(">I", stream) + payload)

        out = b""
        for stream in range(1, 2 * rand.randrange(1, 4), 2):
            body = rand.choice(EVENTS)[:8000] if rand.random() < 0.3 else b""
            fields = [(b":method", b"POST" if body else b"GET"), (b":scheme", b"http"),
                      (b":path", self.target()), (b":authority", b"localhost")]
            fields += [(name.lower(), value) for name, value in self.headers()
                       if name not in (b"Connection", b"Upgrade", b"TE")
                       or rand.random() < 0.1]
            block = b"".join(self.literal(*field) for field in fields)
            out += frame(1, 4 if body else 5, stream, block[:16000])
            if body:
                out += frame(0, 1, stream, body)
        if rand.random() < 0.4:
            out = self.mutated(out)
        return (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0, b"") + out
                + frame(7, 0, 0, bytes(8)))


def page(request, send):
    """The upstream's answer: a page of pieces, sent in pieces, maybe cut off."""
    seed = re.search(r"page=(\d+)", request.target)
    rand = random.Random(int(seed.group(1)) if seed else 0)
    body = b"".join(
        piece % rand.choice(SLOTS) if b"%s" in piece else piece
        for piece in rand.choices(PIECES, k=rand.randrange(60)))
    headers = rand.sample(['ETag: "x"', 'ETag: W/"y"', "Vary: Accept", "Vary: *",
                           "Cache-Control: public, max-age=5", "Content-Language: de",
                           "Last-Modified: Sun, 22 Nov 2026 10:00:00 GMT",
                           "Content-Encoding: gzip", "Set-Cookie: es_vid=x"],
                          rand.randrange(4))
    if rand.random() < 0.1:
        headers += [f"X-Many-{n}: {'y' * 20}" for n in range(80)]
    answer = upstream.reply(
        body, *headers, status=rand.choice(["200 OK"] * 6 + [
            "404 Not Found", "304 Not Modified", "206 Partial Content"]),
        type=rand.choice(["text/html"] * 6 + ["text/plain", "image/png", ""]),
        length=rand.random() < 0.7)
    if rand.random() < 0.1:
        answer = answer[:rand.randrange(len(answer))]
    while answer:
        size = rand.choice([1, 7, 100, 5000, len(answer)])
        send(answer[:size])
        answer = answer[size:]
        if size < 8 and rand.random() < 0.9:      # not the whole of it so
            send(answer)
            return


# -- answers

def heads(data, methods):
    """The heads of the answers in what came, each (status line, lines).

    The last may be cut off in its body: an upstream hung up.
    """
    out = []
    while data:
        head, found, data = data.partition(b"\r\n\r\n")
        assert found, f"an unfinished head: {head[:200]!r}"
        first, *lines = head.split(b"\r\n")
        assert re.fullmatch(rb"HTTP/1\.1 \d{3}(?: [ -~]*)?", first), first
        pairs = {}
        for line in lines:
            assert re.fullmatch(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+:[^\x00\r\n]*",
                                line), line
            name, value = line.split(b":", 1)
            pairs[name.lower()] = value.strip()
        status = int(first[9:12])
        if status == 100:
            continue
        out.append((first, lines))
        assert len(out) <= len(methods), "more answers than questions"
        if methods[len(out) - 1] == b"HEAD" or status in (204, 304):
            continue
        if pairs.get(b"transfer-encoding") == b"chunked":
            data = after_chunks(data)
        elif b"content-length" in pairs:
            data = data[int(pairs[b"content-length"]):]
        else:
            data = b""
    return out


def after_chunks(data):
    while data:
        line, found, data = data.partition(b"\r\n")
        if not found:
            return b""
        assert re.fullmatch(rb"[0-9a-f]+", line), f"no chunk: {line[:80]!r}"
        size = int(line, 16)
        if len(data) < size + 2:
            return b""
        assert data[size:size + 2] == b"\r\n", "a chunk that does not end"
        data = data[size + 2:]
        if size == 0:
            return data
    return b""


def look_at_lines(lines):
    for line in lines:
        name, value = line.split(b":", 1)
        name, value = name.lower(), value.strip()
        assert name != INJECTED, line
        if name in HEADERS and value:
            assert re.fullmatch(HEADERS[name], value) \
                or (name, value) == (b"set-cookie", b"es_vid=x"), line


def look(data, methods):
    """Everything that is to be said of what came back."""
    # but in the one that has $arg_s as it is, and in the arguments of nginx' own
    # redirect to a folder
    assert TAG not in re.sub(
        rb"(?im)^(?:x-tone:|(location: [^?\r\n]*)\?).*", rb"\1", data), \
        "the tag came out as it went in"
    assert OUTSIDE not in data.lower(), "what lies outside came in"
    if methods is None:         # mutated: nobody knows how many requests it was
        if data.startswith(b"HTTP/1."):
            head = data.split(b"\r\n\r\n", 1)[0].split(b"\r\n")
            look_at_lines(line for line in head[1:] if b":" in line)
        assert not re.search(rb"(?im)^x-injected *:", data.split(b"<", 1)[0])
        return
    for _, lines in heads(data, methods):
        look_at_lines(lines)


class Fuzzer:
    """Threads that send until they are told to stop; `faults` is what they saw."""

    def __init__(self, site, seed, cookies):
        self.site = site
        self.seed = seed
        self.cookies = cookies
        self.sent = 0
        self.faults = []
        self.ended = threading.Event()

    def run(self, seconds, threads=3):
        made = [threading.Thread(target=self._one, args=(n,)) for n in range(threads)]
        for thread in made:
            thread.start()
        self.ended.wait(seconds)
        self.ended.set()
        for thread in made:
            thread.join(30)
            assert not thread.is_alive(), "a thread hangs"

    def _one(self, n):
        maker = Maker(f"{self.seed}/{n}", self.cookies)
        count = 0
        while not self.ended.is_set():
            data = methods = None
            count += 1
            if maker.rand.random() < 0.15:
                port, data = self.site.names["h2"], maker.http2()
            else:
                port = self.site.port
                made = [maker.request() for _ in range(maker.rand.choice([1, 1, 1, 3]))]
                data = b"".join(request for _, request in made)
                if maker.rand.random() < 0.4:
                    data = maker.mutated(data)
                else:
                    methods = [method for method, _ in made] + [b"GET"]
                data += (b"GET /none HTTP/1.1\r\nHost: a\r\n"
                         b"Connection: close\r\n\r\n")
            cut = maker.rand.randrange(len(data)) if maker.rand.random() < 0.2 else 0
            leave = maker.rand.random() < 0.05
            try:
                reply = self._exchange(port, data, cut, leave)
                if not leave:
                    look(reply, methods if port == self.site.port else None)
            except AssertionError as fault:
                self.faults.append(f"seed {self.seed}, thread {n}, request {count}: "
                                   f"{fault}\n  sent {data!r}\n  came {reply!r}")
                self.ended.set()
            self.sent += 1

    @staticmethod
    def _exchange(port, data, cut, leave):
        """Everything that comes back until nginx, or nothing more for a while,
        ends it."""
        out = b""
        try:
            with socket.create_connection(("127.0.0.1", int(port)), 5) as sock:
                sock.settimeout(3)
                sock.sendall(data[:cut])
                if leave:
                    return b""
                sock.sendall(data[cut:])
                while piece := sock.recv(65536):
                    out += piece
        except OSError:
            pass          # reset, or waiting for more than we have: as it may
        return out


class Monitor:
    """All that Redis is asked while the test runs, by MONITOR."""

    def __init__(self, redis):
        self.peer = Connection(redis.socket, timeout=60)
        self.peer.command("MONITOR")
        self.bad = []
        self.count = 0
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self):
        try:
            for line in self.peer.file:
                words = [self._plain(word) for word in
                         re.findall(rb'"((?:[^"\\]|\\.)*)"', line)]
                name = words[0].upper() if words else b""
                if name not in KEYED:
                    continue
                self.count += 1
                if not KEYS.fullmatch(words[1]):
                    self.bad.append(line)
        except (OSError, ValueError):
            pass

    @staticmethod
    def _plain(word):
        """A word of MONITOR's line without its escapes."""
        return re.sub(rb"\\x([0-9a-f]{2})|\\(.)", lambda m: (
            bytes([int(m.group(1), 16)]) if m.group(1) else
            {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"a": b"\a",
             b"b": b"\b"}.get(m.group(2), m.group(2))), word)

    def close(self):
        self.peer.sock.shutdown(socket.SHUT_RDWR)
        self.thread.join(5)
        self.peer.close()
