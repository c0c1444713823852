"""nginx's proxy_cache with $exportsite_key, in the example proxy-cache."""

import contextlib
import itertools
import json
import os
import random
import re
import threading

import pytest

import httpclient
from test_examples import NETWORKS, Example
from wait import until

GRAZ, OSAKA, PAULO = "129.27.2.3", "133.1.138.1", "143.107.1.1"
MARKETS = {GRAZ: "dach", OSAKA: "world", PAULO: "americas"}
MADE = re.compile(r"Made for (\S+)</p>")


class Shop:
    """The example, asked as visitors would."""

    def __init__(self, database):
        self.example = Example("proxy-cache", database)
        self.address = ("127.0.0.1", self.example.port)
        self.redis = self.example.redis

    def path(self, name):
        return os.path.join(self.example.folder, name)

    def get(self, target, address=GRAZ, language="de", **headers):
        headers = {name.replace("_", "-"): value
                   for name, value in headers.items()}
        return httpclient.request(self.address, "GET", target, {
            "X-Forwarded-For": address, "Accept-Language": language,
            **headers})

    def kind(self, *visitor, **headers):
        """For whom the page was made that a visitor gets."""
        reply = self.get(*visitor, **headers)
        assert reply.status == 200, reply
        return MADE.search(reply.text).group(1)

    def asked(self):
        """What the application says that it was asked for."""
        reply = httpclient.request(self.path("app.sock"), "GET", "/_made")
        return json.loads(reply.body)

    def made(self, path):
        """{kind: how often a page was made for it}."""
        return {name.split(" ")[1]: count
                for name, count in self.asked()["made"].items()
                if name.split(" ")[0] == path}

    def away(self, name):
        """A context in which the socket of a server is not there."""
        return Away(self.path(name))

    def close(self):
        self.example.close()


class Away:
    def __init__(self, path):
        self.path = path

    def __enter__(self):
        os.rename(self.path, self.path + ".away")

    def __exit__(self, *_):
        os.rename(self.path + ".away", self.path)


@pytest.fixture(scope="module")
def shop(mmdb):
    shop = Shop(mmdb(NETWORKS, kind="ip-location-db"))
    yield shop
    shop.close()


def known(shop, industry):
    """The Cookie header of a visitor whose profile has an industry."""
    reply = shop.get("/known", Cookie="consent=yes")
    value = reply.cookie("es_vid")[0]
    shop.redis.command("HSET", f"es:profile:{value[:32]}", "industry",
                       industry)
    cookie = f"consent=yes; es_vid={value}"
    until(lambda: shop.kind("/known", Cookie=cookie).endswith(industry),
          what="the profile to be known")
    return cookie


def test_each_gets_their_own(shop):
    """Whatever the order: one page made for each kind, and nobody has
    another's."""
    medical, machinery = known(shop, "medical"), known(shop, "machinery")
    visitors = list(itertools.product(
        MARKETS, ("de", "ja", "en"), (None, medical, machinery)))
    wants = {}
    for seed in range(3):
        random.Random(seed).shuffle(visitors)
        for address, language, cookie in visitors:
            industry = {None: "-", medical: "medical",
                        machinery: "machinery"}[cookie]
            want = f"{language}/{MARKETS[address]}/{industry}"
            wants[want] = 1
            headers = {"Cookie": cookie} if cookie else {}
            assert shop.kind("/own", address, language, **headers) == want
    assert len(wants) == 27 and shop.made("/own") == wants


@pytest.mark.parametrize("target", ["/many", "/press/many"])
def test_one_asks_for_all(shop, target):
    """Many who come at once for a page that is not there: it is made once."""
    gate = threading.Barrier(24)
    answers = []

    def visitor(n):
        gate.wait(20)
        answers.append(shop.get(target, f"129.27.2.{n}"))

    threads = [threading.Thread(target=visitor, args=(n,)) for n in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(answers) == 24
    assert {reply.status for reply in answers} == {200}
    assert len({reply.body for reply in answers}) == 1
    assert list(shop.made(target).values()) == [1]


def test_cookies_of_the_client(shop):
    """No cookie of a client makes another page, or changes one."""
    cookies = ["lang=ja; industry=medical", "es_vid=forged.forged", "x" * 900,
               "consent=no", "es_vid=; consent=yes", "consent=yes"]
    for cookie in cookies:
        assert shop.kind("/cookies", Cookie=cookie) == "de/dach/-"
    assert shop.made("/cookies") == {"de/dach/-": 1}


def test_consent(shop):
    """The page of somebody with consent holds nothing of them."""
    first = shop.get("/consent", Cookie="consent=yes")
    assert first.header("X-Cache") == "MISS"
    value = first.cookie("es_vid")[0]
    for headers in {}, {"Cookie": "consent=no"}:
        reply = shop.get("/consent", **headers)
        assert reply.header("X-Cache") == "HIT" and not reply.cookie("es_vid")
        assert reply.body == first.body
    other = shop.get("/consent", Cookie="consent=yes")
    assert other.header("X-Cache") == "HIT"
    assert other.cookie("es_vid")[0] != value
    with_it = shop.get("/consent", Cookie=f"consent=yes; es_vid={value}")
    assert with_it.header("X-Cache") == "HIT" and not with_it.cookie("es_vid")
    withdrawn = shop.get("/consent", Cookie=f"es_vid={value}")
    assert withdrawn.header("X-Cache") == "HIT"
    assert withdrawn.cookie("es_vid")[0] == ""


def test_no_cookie_on_the_disk(shop):
    """Neither our cookie nor an id is in a file of the cache."""
    cookie = known(shop, "medical")
    ids = {cookie.split("es_vid=")[1][:32].encode()}
    for n in range(5):
        reply = shop.get(f"/disk/{n}", Cookie="consent=yes")
        assert reply.header("X-Cache") == "MISS"
        ids.add(reply.cookie("es_vid")[0][:32].encode())
        assert shop.kind(f"/disk/{n}", Cookie=cookie).endswith("/medical")
    texts = []
    for folder, _, names in os.walk(shop.path("cache")):
        for name in names:
            with contextlib.suppress(FileNotFoundError):  # renamed meanwhile
                with open(os.path.join(folder, name), "rb") as file:
                    texts.append(file.read())
    assert sum(b"/disk/" in text for text in texts) == 10
    for text in texts:
        assert b"Made for" in text
        assert b"es_vid" not in text and b"Set-Cookie" not in text
        assert not any(found in text for found in ids)


def test_caches_in_front(shop):
    """What is said to caches beyond is the same from the cache and not."""
    for state in "MISS", "HIT":
        page = shop.get("/front")
        assert page.header("X-Cache") == state
        assert page.all("Cache-Control") == ["private, max-age=60"]
        assert page.all("Vary") == ["Accept-Language"]
        press = shop.get("/press/front")
        assert press.header("X-Cache") == state
        assert press.all("Cache-Control") == ["public, max-age=60"]
        assert press.all("Vary") == ["Accept-Language"]
    tag = shop.get("/press/front").header("ETag")
    same = shop.get("/press/front", If_None_Match=tag)
    assert same.status == 304 and same.all("Vary") == ["Accept-Language"]
    assert same.all("Cache-Control") == ["public, max-age=60"]


def test_stale_and_away(shop):
    """Pages that are no longer fresh: with the application there, away, and
    with Redis away, each still gets their own."""
    mine = known(shop, "medical")
    visitors = [((GRAZ, "de"), {}, "de/dach/-"),
                ((OSAKA, "ja"), {}, "ja/world/-"),
                ((GRAZ, "de"), {"Cookie": mine}, "de/dach/medical")]

    def states():
        found = set()
        for who, headers, want in visitors:
            reply = shop.get("/news/", *who, **headers)
            assert reply.status == 200
            assert MADE.search(reply.text).group(1) == want
            found.add(reply.header("X-Cache"))
        return found

    assert states() == {"MISS"}
    before = shop.asked()["unchanged"]
    with shop.away("app.sock"):
        until(lambda: states() == {"STALE"}, 10, "all to be stale")
    shop.redis.command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
    with shop.away("redis.sock"):
        # a profile in memory still answers; nobody gets anybody else's
        assert states() <= {"STALE", "UPDATING", "HIT"}
        stranger = shop.get("/news/", GRAZ, "de", Cookie="consent=yes")
        assert MADE.search(stranger.text).group(1) == "de/dach/-"
        until(lambda: states() and shop.asked()["unchanged"] >= before + 3,
              10, "the application to be asked whether pages are still good")
    assert states() <= {"STALE", "UPDATING", "HIT"}
    assert set(shop.made("/news/").values()) == {1}
