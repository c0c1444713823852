"""The visitors that all contenders get, and what each of them must be given: the
reference that answers and events are compared with. It is written from the
documentation, not from the module."""

import ipaddress
import random
import re
from dataclasses import dataclass

import siphash

LANGUAGES = "en de fr es it pt nl ja sv pl".split()
INDUSTRIES = ("machinery medical food chemicals energy water mining "
              "printing").split()
SECRET = "bench only: a site has a key of its own"

# (Accept-Language, how often): what browsers, phones and tools send
HEADERS = [
    ("de-DE,de;q=0.9,en-US;q=0.8,en;q=0.7", 14), ("en-US,en;q=0.9", 14),
    ("en-GB,en;q=0.9", 6), ("de", 4), ("de-AT,de;q=0.9", 5),
    ("de-CH,de;q=0.9,fr-CH;q=0.8,fr;q=0.7,en;q=0.6", 4),
    ("fr-FR,fr;q=0.9,en-US;q=0.8,en;q=0.7", 6), ("fr-CA, fr;q=0.8, en;q=0.6", 2),
    ("es-ES,es;q=0.9", 4), ("es-MX,es-419;q=0.9,es;q=0.8,en;q=0.7", 4),
    ("it-IT,it;q=0.9,en;q=0.5", 4), ("pt-BR,pt;q=0.9,en-US;q=0.8,en;q=0.7", 5),
    ("nl-NL,nl;q=0.9,en;q=0.8", 4), ("ja,en-US;q=0.9,en;q=0.8", 5),
    ("ja-JP", 2), ("sv-SE,sv;q=0.8,en-US;q=0.5,en;q=0.3", 3),
    ("pl-PL,pl;q=0.9,en-US;q=0.8,en;q=0.7", 4), (None, 2), ("*", 1),
    ("ko-KR,ko;q=0.9", 1), ("fi-FI,fi;q=0.9,sv;q=0.8,en;q=0.1", 1),
    ("en;q=0.2, it;q=0.7, nl;q=0.4", 1), ("DE-de;Q=0.8,EN", 1),
    ("fr;q=0, pl;q=0.3", 1), ("cs-CZ,cs;q=0.9,de;q=0.8;en;q=0.2", 1),
    ("hu-HU,hu;q=0.9,*;q=0.5", 1), ("zz-ZZ,xx;q=0.9", 1)]

# (User-Agent, device)
BROWSERS = [
    ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like "
     "Gecko) Chrome/126.0.0.0 Safari/537.36", "desktop"),
    ("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
     "desktop"),
    ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 "
     "(KHTML, like Gecko) Version/17.5 Safari/605.1.15", "desktop"),
    ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 "
     "(KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1", "mobile"),
    ("Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like "
     "Gecko) Chrome/126.0.0.0 Mobile Safari/537.36", "mobile"),
    ("Mozilla/5.0 (iPad; CPU OS 16_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, "
     "like Gecko) Version/16.6 Mobile/15E148 Safari/604.1", "tablet")]

PATHS = ["/", "/", "/", "/pumps/", "/pumps/screw/", "/service/spares/", "/about/"]
QUERIES = ["", "", "", "", "utm_source=newsletter&utm_medium=mail"
           "&utm_campaign=tools-spring", "utm_source=fair&page=2", "page=3"]
REFERRERS = ["", "", "https://www.google.com/", "https://www.bing.com/search?q=pump",
             "https://pump-news.example/2026/03/", "https://shop.example.com/cart"]

# name, rule, and what the rule means for a request q
SEGMENTS = [
    ("dach", "country in (DE, AT, CH)", lambda q: q.country in ("DE", "AT", "CH")),
    ("benelux", "country in (BE, NL, LU)",
     lambda q: q.country in ("BE", "NL", "LU")),
    ("overseas", "country not in (DE, AT, CH, FR, IT) and country exists",
     lambda q: q.country not in ("DE", "AT", "CH", "FR", "IT", "XX")),
    ("dach-machinery", "segment = dach and industry = machinery",
     lambda q: "dach" in q.segments and q.industry == "machinery"),
    ("clinics", "industry = medical", lambda q: q.industry == "medical"),
    ("process", "industry in (chemicals, food, water)",
     lambda q: q.industry in ("chemicals", "food", "water")),
    ("latin", "language in (es, pt) and country not in (ES, PT)",
     lambda q: q.language in ("es", "pt") and q.country not in ("ES", "PT")),
    ("germanophone", "language = de", lambda q: q.language == "de"),
    ("newsletter", "query.utm_source = newsletter",
     lambda q: q.query.get("utm_source") == "newsletter"),
    ("campaign", "query.utm_campaign exists",
     lambda q: "utm_campaign" in q.query),
    ("searching", 'referrer contains "google." or referrer contains "bing."',
     lambda q: "google." in q.referrer or "bing." in q.referrer),
    ("press", 'referrer ~ "^https://[a-z-]+-(news|press)\\.example/"',
     lambda q: re.match("https://[a-z-]+-(news|press)\\.example/", q.referrer)),
    ("catalogue", "path starts with /pumps/", lambda q: q.path[:7] == "/pumps/"),
    ("service", 'path ~ "^/service/[a-z]+/$"',
     lambda q: re.fullmatch("/service/[a-z]+/", q.path)),
    ("phones", "device = mobile", lambda q: q.device == "mobile"),
    ("firefox", "agent contains Firefox", lambda q: "Firefox" in q.agent),
    ("returning", "visits >= 3", lambda q: q.number("visits") >= 3),
    ("loyal", "visits >= 10 and views > 50",
     lambda q: q.number("visits") >= 10 and q.number("views") > 50),
    ("mid-size", "profile.company_size between 50 and 500",
     lambda q: 50 <= q.number("company_size") <= 500),
    ("customers", "profile.customer = 1", lambda q: "customer" in q.profile),
    ("hot", "profile.score > 80 or segment = loyal",
     lambda q: q.number("score") > 80 or "loyal" in q.segments),
    ("prospects", "segment = returning and not segment = customers",
     lambda q: "returning" in q.segments and "customers" not in q.segments),
    ("open-hours", "hour between 0 and 23 and date >= 2020-01-01",
     lambda q: True),
    ("reachable", "consent and not crawler", lambda q: True)]

# the choice $hero: rules, value, and what they mean
HEROES = [
    ("segment = dach-machinery", "dach",
     lambda q: "dach-machinery" in q.segments and "dach"),
    ("segment = hot and segment = prospects", "hot",
     lambda q: {"hot", "prospects"} <= q.segments and "hot"),
    ("industry exists", "$exportsite_industry", lambda q: q.industry)]

PAGES = {(language, kind) for language in LANGUAGES
         for kind in ["general", "dach", "hot"] + INDUSTRIES
         # smaller markets have fewer pages
         if kind == "general" or language not in ("sv", "pl", "nl")
         or kind in ("machinery", "food")}


def page(language, kind):
    """8 KB of HTML that tell which page they are."""
    head = f'<!doctype html>\n<html lang="{language}" data-page="{language}/{kind}">\n'
    line = "<p>Pumps move what has to be moved, gently, day and night.</p>\n"
    return (head + line * 200)[:8184] + "</html>\n"


def language_of(header):
    """RFC 4647 lookup, by falling weight, as docs/languages.md has it."""
    ranges = []
    for item in (header or "").split(","):
        match = re.fullmatch(
            r"\s*([A-Za-z-]{1,20}|\*)\s*(?:;\s*[qQ]=([01](?:\.\d{0,3})?)\s*)?", item)
        if match:
            ranges.append((match[1].lower(), float(match[2] or 1)))
    refused = {tag for tag, weight in ranges if weight == 0}
    for tag, weight in sorted(ranges, key=lambda r: -r[1]):
        while weight and tag:
            if tag == "*":
                named = {t.split("-")[0] for t, _ in ranges}
                tag = next((l for l in LANGUAGES if l not in named), "")
            if tag in LANGUAGES and tag not in refused:
                return tag
            tag = tag.rpartition("-")[0]
    return LANGUAGES[0]


@dataclass
class Request:
    """What is asked, and what follows from it."""
    visitor: str
    profile: dict
    address: str
    country: str
    accept: str
    agent: str
    device: str
    path: str
    args: str
    referrer: str

    def __post_init__(self):
        self.language = language_of(self.accept)
        self.industry = self.profile.get("industry", "")
        self.query = dict(p.split("=") for p in self.args.split("&") if p)
        self.segments = set()
        for name, _, holds in SEGMENTS:
            if holds(self):
                self.segments.add(name)
        self.hero = next((v for _, _, of in HEROES if (v := of(self))), "general")

    def number(self, field):
        return float(self.profile.get(field, "nan"))

    def raw(self):
        """The bytes on the wire."""
        lines = [
            f"GET {self.path}{'?' if self.args else ''}{self.args} HTTP/1.1",
            "Host: www.example.com", f"User-Agent: {self.agent}",
            "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"]
        if self.accept is not None:
            lines.append(f"Accept-Language: {self.accept}")
        if self.referrer:
            lines.append(f"Referer: {self.referrer}")
        lines += [
            f"X-Forwarded-For: {self.address}",
            f"Cookie: _ga=GA1.1.1234567890.1700000000; vid={self.visitor}; "
            f"es_vid={siphash.token(SECRET, self.visitor)}"]
        return "\r\n".join(lines + ["", ""]).encode()

    def page(self, kind):
        """The page of this kind, or the general one."""
        kind = kind if (self.language, kind) in PAGES else "general"
        return page(self.language, kind)

    def event(self, full):
        """What the stream must have; `full`: with segments and the choice."""
        host = re.sub("^https?://|/.*$", "", self.referrer)
        fields = {
            "type": "view", "visitor": self.visitor, "host": "www.example.com",
            "path": self.path, "status": "200", "country": self.country,
            "language": self.language, "industry": self.industry,
            "segments": ",".join(sorted(self.segments)) if full else "",
            "variants": f"hero={self.hero}" if full else "", "referrer": host,
            "source": self.query.get("utm_source"),
            "medium": self.query.get("utm_medium"),
            "campaign": self.query.get("utm_campaign"), "device": self.device}
        return {name: value for name, value in fields.items() if value}


class Crowd:
    """`visitors` people, each with a profile, who ask `each` times."""

    def __init__(self, database, visitors, each=2, seed=1):
        rng = random.Random(seed)
        addresses = _addresses(rng, database, 1000)
        headers, weights = zip(*HEADERS)
        self.profiles = {f"{rng.getrandbits(128):032x}": _profile(rng)
                         for _ in range(visitors)}
        self.requests = []
        for visitor in list(self.profiles) * each:
            address = rng.choice(list(addresses))
            agent, device = rng.choice(BROWSERS)
            self.requests.append(Request(
                visitor, self.profiles[visitor], address, addresses[address],
                rng.choices(headers, weights)[0], agent, device,
                rng.choice(PATHS), rng.choice(QUERIES), rng.choice(REFERRERS)))

    def write(self, path, requests=None):
        """The requests, or these of them, as load.lua reads them."""
        path.write_bytes(b"".join(q.raw() + b"\0"
                                  for q in requests or self.requests))

    def commands(self, prefix):
        """The Redis commands that make the profiles."""
        for visitor, profile in self.profiles.items():
            fields = [x for pair in profile.items() for x in pair]
            yield ["HSET", f"{prefix}profile:{visitor}", *fields]


def _profile(rng):
    profile = {"visits": rng.randint(1, 14), "views": rng.randint(1, 90),
               "company_size": rng.choice([8, 49, 50, 120, 500, 501, 4000]),
               "score": rng.randint(0, 100)}
    if rng.random() < 0.9:
        profile["industry"] = rng.choice(INDUSTRIES)
    if rng.random() < 0.3:
        profile["customer"] = 1
    return {name: str(value) for name, value in profile.items()}


def _addresses(rng, database, count):
    """Addresses of the world with their countries; one in six IPv6."""
    found = {"192.0.2.7": "XX"}
    while len(found) < count:
        if len(found) % 6:
            ip = str(ipaddress.IPv4Address(rng.randrange(1 << 24, 223 << 24)))
        else:
            ip = str(ipaddress.IPv6Address(
                rng.randrange(0x20010200, 0x2c100000) << 96 | rng.getrandbits(64)))
        country = database.country(ip)
        if country != "XX":
            found[ip] = country
    return found
