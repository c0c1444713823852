"""Visitors of a site that does not exist, as events in Redis' stream.

Traffic(seed, …) is the same with each run of a day, down to the entries' ids,
so that two Redis can be compared byte by byte. It holds what is usual (visits of
some pages, campaigns, goals) and what is rare: pauses of exactly the length that
ends a visit, events that come late, visitors at work in two windows, ids from
imported logs, and now and then something that is no event at all.

    python3 traffic.py SOCKET [EVENTS [VISITORS [SEED]]]
"""

import heapq
import random
import socket
import sys
import time
from functools import lru_cache

DAY = 86400000
PAUSE = 30 * 60000            # what ends a visit
HOST = b"www.example.com"

COUNTRIES = ("DE DE DE AT CH FR US US GB JP BR CN IT ES PL NL XX XX").split()
LANGUAGES = ("de de de en en en fr ja pt-BR zh-Hans es").split()
INDUSTRIES = "machinery medical food".split()
DEVICES = "desktop desktop desktop mobile mobile tablet".split()
SEGMENTS = ("customers", "dach", "dach-machinery", "returning", "trial")
CAMPAIGNS = ("spring", "fair-2026", "newsletter 47", "pumpen für alle", "brand")
SOURCES = (("google", "cpc"), ("newsletter", "email"), ("linkedin", "social"))
REFERRERS = ("www.google.com", "duckduckgo.com", "www.linkedin.com",
             "partner.example", "news.example.org", "t.co")
GOALS = (("quote", "1900"), ("quote", "249.5"), ("call", ""), ("call", "10"),
         ("newsletter", "0.5"), ("newsletter", "0.0005"), ("configured", "1.24e4"),
         ("return", "-19.9"))
OWN_TYPES = ("video", "search-empty", "add_to_cart")
TOPICS = ("pumps", "mixers", "valves", "food", "medical", "jobs", "service")

SAMPLES = 1 << 16             # of what is drawn beforehand, since that is faster


def resp(*words):
    """Words as bulk strings of Redis' protocol."""
    return b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words)


def field(name, value):
    value = value if isinstance(value, bytes) else str(value).encode()
    return resp(name.encode(), value)


kept_field = lru_cache(100000)(field)

TS, ID, PAGE = (resp(name) for name in (b"ts", b"id", b"page"))
TYPES = {name: field("type", name) for name in
         ("view", "click", "dwell", "scroll", "goal") + OWN_TYPES}
STATUS = field("status", 200), field("status", 304)


def site_paths(pages):
    """Paths by how often they are called: few often, most hardly ever."""
    paths = ["/", "/pumps/", "/contact", "/jobs/", "/pumpen/für-öl", "/a b/c,d=e"]
    # two that differ behind what is kept of a path, in the middle of a letter
    paths += ["/long/" + "x" * 193 + "ö" + tail for tail in ("", "/more")]
    for n in range(max(0, pages - len(paths))):
        paths.append(f"/{TOPICS[n % len(TOPICS)]}/p{n}")
    return paths


class Person:
    """A visitor, or someone who did not consent: what is in all their events."""

    def __init__(self, rng, n, anonymous=False, imported=False):
        name = f"{rng.getrandbits(128):032x}"
        if imported:
            name = "log-" + name[4:]
        elif n % 97 == 0:
            name = f"user.{n}_{name[:3]}-X"
        self.head = b"" if anonymous else field("visitor", name)
        self.nhead = 0 if anonymous else 1
        country = rng.choice(COUNTRIES)
        parts = []
        if rng.random() < 0.97:
            parts.append(kept_field("country", country))
        if rng.random() < 0.98:
            parts.append(kept_field("language", rng.choice(LANGUAGES)))
        if rng.random() < 0.3:
            parts.append(kept_field("industry", rng.choice(INDUSTRIES)))
        some = [s for s in SEGMENTS if rng.random() < 0.25]
        if some:
            parts.append(kept_field("segments", ",".join(some)))
        self.middle, self.nmiddle = b"".join(parts), len(parts)
        self.device = b""
        if rng.random() < 0.97:
            self.device = kept_field("device", rng.choice(DEVICES))
        self.ndevice = 1 if self.device else 0
        self.variants = kept_field("variants", "hero={},cta={}".format(
            "german" if country in ("DE", "AT", "CH") else "base",
            rng.choice(("green", "blue"))))


class Session:
    """Someone at work: what they did last, and what is left to do."""
    __slots__ = ("person", "left", "page", "path", "last", "fresh")

    def __init__(self, person, left):
        self.person, self.left = person, left
        self.page, self.path, self.last, self.fresh = b"", b"", 0, True


class Traffic:
    """Iterate over it: (entry's id, number of words, the words in RESP)."""

    def __init__(self, seed=1, events=20000, visitors=1000, days=3, pages=60,
                 depth=8, anonymous=0.2, imported=0.02, late=0.03, broken=0.003,
                 pauses=0.02, even=False, begin=None):
        """`depth` is how many events a session has on the average; with `even`,
        each visitor comes as often as every other."""
        self.rng = random.Random(seed)
        self.events, self.visitors, self.days = events, visitors, days
        self.depth, self.anonymous, self.imported = depth, anonymous, imported
        self.late, self.broken, self.pauses = late, broken, pauses
        self.even = even
        self.begin = begin or (int(time.time() * 1000) // DAY - days) * DAY
        self.people, self.turn = {}, 0
        paths = [p.encode() for p in site_paths(pages)]
        self.views = self.samples(
            [(p, field("path", p)) for p in paths],
            [1 / (n + 1) for n in range(len(paths))])
        self.kinds = self.samples(
            ["view", "dwell", "scroll", "click", "goal", "own"],
            [38, 28, 14, 14, 4, 2])
        self.chance = [self.rng.random() for _ in range(SAMPLES)]
        self.at = 0
        self.serial = 0

    def samples(self, things, weights):
        return self.rng.choices(things, weights, k=SAMPLES)

    def random(self):
        self.at = (self.at + 1) % SAMPLES
        return self.chance[self.at]

    # -- who comes

    def person(self):
        if not self.even and self.random() < self.anonymous:
            return self.known(-1 - int(self.random() * 200), anonymous=True)
        if self.even:
            self.turn += 1
            return self.known(self.turn % self.visitors)
        return self.known(int(self.rng.random() ** 2 * self.visitors))

    def known(self, n, anonymous=False):
        person = self.people.get(n)
        if person is None:
            imported = self.rng.random() < self.imported
            person = self.people[n] = Person(self.rng, n, anonymous, imported)
        return person

    def session(self):
        left = 1 + int(self.rng.expovariate(1 / max(0.1, self.depth - 1)))
        return Session(self.person(), left)

    # -- what they do

    def __iter__(self):
        step = self.days * DAY / self.events
        active = [self.session()
                  for _ in range(max(4, min(2000, int(90000 / step))))]
        asleep, order = [], 0
        clock, last, seq = float(self.begin), 0, 0
        for n in range(self.events):
            clock += step * 2 * self.random()
            now = int(clock)
            if asleep and asleep[0][0] <= now:
                ts, _, session = heapq.heappop(asleep)
                kind = "view" if self.random() < 0.7 else "dwell"
            else:
                at = int(self.random() * len(active))
                session = active[at]
                ts, kind = self.stamp(now), None
            if now == last:
                seq += 1
            else:
                last, seq = now, 0
            id = b"%d-%d" % (now, seq)
            yield id, *self.event(session, ts, kind)
            session.left -= 1
            if session.left <= 0:
                if kind is None:
                    active[at] = self.session()
            elif kind is not None:
                active.append(session)
            elif self.random() < self.pauses:
                delta = int(self.rng.choice((-60000, -1, 0, 0, 1, 1, 60000)))
                order += 1
                heapq.heappush(asleep, (session.last + PAUSE + delta, order, session))
                active[at] = self.session()

    def stamp(self, now):
        """When it happened: mostly just before it was written."""
        chance = self.random()
        if chance < self.late / 10:
            return now - int(self.rng.random() * 3 * 3600000)
        if chance < self.late:
            return now - int(self.rng.random() * 600000)
        return now - int(chance * 100)

    def event(self, session, ts, kind):
        if self.random() < self.broken:
            return self.no_event(session, ts)
        if kind is None:
            kind = self.kinds[int(self.random() * SAMPLES)]
        if session.fresh and self.random() < 0.95:
            kind = "view"
        self.serial += 1
        id = b"5eed%020x" % self.serial
        person = session.person
        head = b"%s$24\r\n%s\r\n%s$%d\r\n%d\r\n" % (ID, id, TS, len(str(ts)), ts)
        session.last = ts
        if kind == "view":
            return self.view(session, person, head, id)
        if kind == "own":
            kind = OWN_TYPES[int(self.random() * len(OWN_TYPES))]
        tail, ntail = self.detail(kind)
        if session.page:
            tail = PAGE + resp(session.page) + tail
            ntail += 1
        path = session.path
        return (2 * (4 + person.nhead + person.nmiddle + person.ndevice + ntail
                     + (1 if path else 0)),
                head + TYPES[kind] + person.head + kept_field("host", HOST) + path
                + person.middle + person.device + tail)

    def view(self, session, person, head, id):
        path, words = self.views[int(self.random() * SAMPLES)]
        middle, nmiddle = person.middle, person.nmiddle
        chance = self.random()
        if chance < 0.5:
            middle, nmiddle = middle + person.variants, nmiddle + 1
        if session.fresh and chance < 0.4:
            middle += kept_field("referrer", REFERRERS[int(chance * 15)])
            nmiddle += 1
        elif not session.fresh:
            middle, nmiddle = middle + kept_field("referrer", HOST), nmiddle + 1
        if (session.fresh and 0.3 < chance < 0.45) or chance > 0.995:
            source, medium = SOURCES[int(chance * 20) % len(SOURCES)]
            middle += kept_field("source", source) + kept_field("medium", medium)
            nmiddle += 2
            if chance < 0.42 or chance > 0.997:
                middle += kept_field("campaign",
                                     CAMPAIGNS[int(chance * 100) % len(CAMPAIGNS)])
                nmiddle += 1
        session.page, session.path, session.fresh = id, words, False
        return (2 * (6 + person.nhead + nmiddle + person.ndevice),
                head + TYPES["view"] + person.head + kept_field("host", HOST) + words
                + STATUS[chance > 0.9] + middle + person.device)

    def detail(self, kind):
        """label, value, ms of an event that is no view"""
        chance = self.random()
        if kind == "dwell":
            return field("ms", int(chance ** 3 * 240000)), 1
        if kind == "scroll":
            return kept_field("value", 10 * int(chance * 10)), 1
        if kind == "goal":
            label, value = GOALS[int(chance * len(GOALS))]
            if value:
                return kept_field("label", label) + kept_field("value", value), 2
            return kept_field("label", label), 1
        if kind == "click":
            return kept_field("label", f"button {int(chance * 20)}"), 1
        return b"", 0

    # -- what is no event

    def no_event(self, session, ts):
        self.serial += 1
        good = {"id": f"bad0{self.serial:020x}", "ts": str(ts), "type": "view",
                "path": "/pumps/"}
        changes = self.rng.choice(BROKEN)
        words = {**good, **(changes(ts) if callable(changes) else changes)}
        flat = [field(name, value) for name, value in words.items()
                if value is not None]
        return 2 * len(flat), session.person.head + b"".join(flat) \
            if session.person.nhead == 0 else b"".join(flat)


# What is wrong with one field each; None: it is not there
BROKEN = [
    {"id": None}, {"ts": None}, {"type": None}, {"id": ""}, {"type": ""},
    {"id": "5eed"}, {"id": "X" * 24}, {"id": "5EED" + "0" * 20},
    {"ts": "soon"}, {"ts": "-1795307443384"}, {"ts": "1795307443"},
    {"ts": "1795307443384.5"}, {"ts": " 1795307443384"}, {"ts": "900000000000"},
    lambda ts: {"ts": str(ts + 2 * DAY)},
    {"type": "VIEW"}, {"type": "page view"}, {"type": "x" * 33},
    {"path": "pumps"}, {"path": b"/\xff\xfe"}, {"path": "/a\nb"},
    {"path": "/" + "x" * 1024}, {"path": b"/\xed\xa0\x80"},
    {"path": "/a\x00b"}, {"label": "x" * 257}, {"label": "\x1b[2J"},
    {"country": "de"}, {"country": "GERMANY"}, {"country": "Germany, West"},
    {"visitor": "../../etc"}, {"visitor": "x" * 65}, {"visitor": "a b"},
    {"type": "goal", "value": "much"}, {"type": "goal", "value": "1e"},
    {"type": "goal", "value": "0x10"}, {"type": "goal", "value": "nan"},
    {"type": "goal", "value": "."}, {"type": "goal", "value": "1,5"},
    {"type": "goal", "value": "9" * 33},
    {"type": "dwell", "ms": "-5"}, {"type": "dwell", "ms": "1.5"},
    {"type": "dwell", "ms": "9" * 17}, {"ms": "1e3"},
    {"session": "1"}, {"": "empty"}, {"Path": "/x"}, {"x" * 5000: "y" * 50000},
]


class Writer:
    """A connection that adds entries to a stream, many at a time."""

    def __init__(self, address):
        """A unix socket's path, or (host, port)"""
        kind = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
        self.sock = socket.socket(kind)
        self.sock.settimeout(60)
        self.sock.connect(address)
        self.file = self.sock.makefile("rb", 1 << 16)

    def write(self, traffic, key="es:events", batch=1000):
        """All of it; how many entries there were."""
        head = resp(b"XADD", key.encode())
        n, out = 0, []
        for id, words, body in traffic:
            out.append(b"*%d\r\n%s$%d\r\n%s\r\n%s"
                       % (3 + words, head, len(id), id, body))
            if len(out) == batch:
                n += self.send(out)
                out = []
        return n + self.send(out)

    def send(self, out):
        self.sock.sendall(b"".join(out))
        for _ in out:
            line = self.file.readline()
            if not line.startswith(b"$"):
                raise RuntimeError(f"XADD: {line!r}")
            self.file.readline()
        return len(out)

    def close(self):
        self.file.close()
        self.sock.close()


def fill(address, traffic, key="es:events"):
    writer = Writer(address)
    try:
        return writer.write(traffic, key)
    finally:
        writer.close()


if __name__ == "__main__":
    EVENTS, VISITORS, SEED = (list(map(int, sys.argv[2:])) + [1000000, 20000, 1][
        len(sys.argv) - 2:])
    fill(sys.argv[1], Traffic(SEED, EVENTS, VISITORS))
