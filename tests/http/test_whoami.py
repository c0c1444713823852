"""exportsite_whoami: what a script on the page may know."""

import json

import pytest

import conf
import mmdb as db
from mmdb import client
from wait import until

WHO = "location = /who { exportsite_whoami; }\n"


@pytest.fixture
def site(redis, nginx, mmdb):
    redis("HSET", "es:segments", "german", "language = de",
          "austria", "country = AT", "never", "method = POST")
    return nginx(
        "exportsite_redis @redis@ timeout=1s; exportsite_geo @world@;"
        "exportsite_languages en de; exportsite_industries medical;"
        "exportsite_industry_from arg:i; exportsite_secret @dir@/secret;"
        "exportsite_visitor $arg_v; exportsite_consent on;"
        + conf.choices([("language = de", 'a "b" \\ c'),
                        ("country = AT", "x")], "$hero", "base"),
        "exportsite on;" + WHO, redis=redis, world=mmdb.world())


def who(site, target="/who", headers=()):
    reply = site.get(target, headers)
    assert reply.status == 200
    assert reply.header("Content-Type").startswith("application/json")
    return json.loads(reply.body)


def test_a_visitor(site):
    """Country, language, industry, segments and choices."""
    head = {**client(db.AT), "Accept-Language": "de"}
    got = until(lambda: [g for g in [who(site, "/who?i=medical", head)]
                         if "german" in g["segments"]], what="segments")[0]
    assert got["country"] == "AT"
    assert got["language"] == "de"
    assert got["industry"] == "medical"
    assert "austria" in got["segments"] and "never" not in got["segments"]
    assert got["choices"]["hero"] == 'a "b" \\ c'


def test_a_stranger(site):
    """Nobody known: XX, the default language, the default choice."""
    got = who(site)
    assert got["country"] == "XX" and got["language"] == "en"
    assert not got["industry"] and not got["segments"]
    assert got["choices"]["hero"] == "base"


def test_nothing_that_recognises(site):
    """Neither the visitor's id nor an address is given away."""
    text = site.get("/who?v=anna-4711", client(db.AT)).text
    assert "anna-4711" not in text and db.AT not in text


def test_without_choices(nginx):
    """A site without choices has an empty list of them."""
    site = nginx("", "exportsite on;" + WHO)
    assert not who(site)["choices"]
