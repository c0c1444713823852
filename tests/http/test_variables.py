"""The variables that have no file of their own."""

import pytest

import conf
import mmdb as db
import webserver
from mmdb import client

NAMES = ("country continent region city asn organization language industry "
         "segments segment_any profile_any visitor new consent crawler device "
         "key event country_source language_source industry_source").split()

AGENTS = [
    ("Mozilla/5.0 (iPhone; CPU iPhone OS 16_5 like Mac OS X) "
     "AppleWebKit/605.1.15 (KHTML, like Gecko) Version/16.5 Mobile/15E148 "
     "Safari/604.1", "mobile", ""),
    ("Mozilla/5.0 (Linux; Android 13; Pixel 7) AppleWebKit/537.36 (KHTML, "
     "like Gecko) Chrome/116.0.0.0 Mobile Safari/537.36", "mobile", ""),
    ("Mozilla/5.0 (iPad; CPU OS 12_2 like Mac OS X) AppleWebKit/605.1.15 "
     "(KHTML, like Gecko) Version/12.1 Mobile/15E148 Safari/604.1",
     "tablet", ""),
    ("Mozilla/5.0 (Linux; Android 12; SM-X906C) AppleWebKit/537.36 (KHTML, "
     "like Gecko) Chrome/116.0.0.0 Safari/537.36", "tablet", ""),
    ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, "
     "like Gecko) Chrome/116.0.0.0 Safari/537.36", "desktop", ""),
    ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:109.0) Gecko/20100101 "
     "Firefox/117.0", "desktop", ""),
    ("Mozilla/5.0 (compatible; Googlebot/2.1; "
     "+http://www.google.com/bot.html)", None, "1"),
    ("Mozilla/5.0 (compatible; bingbot/2.0; "
     "+http://www.bing.com/bingbot.htm)", None, "1"),
    ("Mozilla/5.0 (compatible; YandexBot/3.0; +http://yandex.com/bots)",
     None, "1"),
    ("Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)",
     None, "1"),
    ("DuckDuckBot/1.1; (+http://duckduckgo.com/duckduckbot.html)", None, "1"),
    ("Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; "
     "GPTBot/1.0; +https://openai.com/gptbot)", None, "1"),
]


@pytest.fixture(scope="module")
def site(module_nginx, mmdb):
    return module_nginx(
        "exportsite_geo @world@; exportsite_languages en de;"
        "exportsite_industries food; exportsite_industry_from arg:i;"
        + conf.choices([("query.c exists", "yes")], "$pick", "no"),
        conf.echo(*NAMES) + conf.echo("key", location="= /key")
        + conf.echo("key", location="= /own", extra="exportsite on; "
                    "exportsite_key $exportsite_language $arg_a $arg_b;"),
        world=mmdb.world())


def test_a_stranger(site):
    """Unknown is empty, but an unknown country is XX."""
    got = site.vars()
    assert set(got) == set(NAMES)
    assert got.pop("country") == "XX" and got.pop("language") == "en"
    for name in ("key", "event", "device", "language_source"):
        got.pop(name)
    assert set(got.values()) == {""}, got


@pytest.mark.parametrize("agent, device, crawler", AGENTS)
def test_device_and_crawler(site, agent, device, crawler):
    """What the User-Agent says: a device, or a crawler."""
    got = site.vars("/vars", {"User-Agent": agent})
    assert got["crawler"] == crawler
    if device:
        assert got["device"] == device


def test_crawlers_get_the_language_of_the_url(nginx):
    """A crawler's language is the URL's, else the default."""
    site = nginx("exportsite_languages en de ja;",
                 conf.echo("language", location="/"))
    head = {"User-Agent": AGENTS[6][0], "Accept-Language": "ja"}
    assert site.vars("/de/x", head)["language"] == "de"
    assert site.vars("/x", head)["language"] == "en"


def test_key_tells_variants_apart(site):
    """$exportsite_key differs with language, country, industry, choice."""
    de = {"Accept-Language": "de"}
    at = client(db.AT)
    en = {"Accept-Language": "en"}
    keys = [site.vars("/key", en)["key"], site.vars("/key", de)["key"],
            site.vars("/key", {**en, **at})["key"],
            site.vars("/key", {**de, **at})["key"],
            site.vars("/key?i=food")["key"], site.vars("/key?c=1")["key"]]
    assert len(set(keys)) == len(keys), keys
    assert site.vars("/key?x=1", {"User-Agent": "x"})["key"] == keys[0]


def test_key_as_configured(site):
    """exportsite_key says what it is made of."""
    keys = [site.vars("/own?a=1")["key"], site.vars("/own?b=1")["key"],
            site.vars("/own?a=1&b=1")["key"], site.vars("/own")["key"],
            site.vars("/own?a=11")["key"]]
    assert len(set(keys)) == len(keys), keys
    head = {"Accept-Language": "en", **client(db.AT)}
    assert site.vars("/own?a=1", head)["key"] == keys[0]


def test_names_are_checked():
    """A variable that does not exist is an [emerg], as nginx has it."""
    for name in ("cuntry", "country_", "x"):
        result = webserver.check(server=conf.echo(name))
        assert not result.ok and "[emerg]" in result.text
        assert "exportsite_" + name in result.text
