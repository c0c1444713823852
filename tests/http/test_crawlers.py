"""Crawlers: who is one, what they get, and what is recorded of them."""

import pytest

import conf
import webserver
from cookies import NAME, PAGE, first_visit, jar
from mmdb import client
from wait import until

GOOGLEBOT = {"User-Agent": "Mozilla/5.0 (compatible; Googlebot/2.1; "
                           "+http://www.google.com/bot.html)"}
CHROME = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 "
                        "(KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"}
KEY = "exportsite_secret @dir@/secret; exportsite_consent on;\n"
NAMED = ("exportsite_crawlers acme-check 'Two Words' ~^Own/\\d+$;\n"
         "exportsite_crawlers ~*^caseless$ ~^$ ~^(a+)+$;\n")


@pytest.fixture(scope="module")
def site(module_nginx):
    return module_nginx(KEY + NAMED, conf.echo("crawler", "device")
                        + "location = /status { exportsite_status; }\n")


@pytest.mark.parametrize("agent, crawler", [
    ("Acme-Check/2.0", "1"), ("my ACME-CHECKER", "1"), ("acme check", ""),
    ("x two words y", "1"), ("Two  Words", ""),
    ("Own/20", "1"), ("own/20", ""), ("Own/20x", ""),
    ("CaseLess", "1"), ("caseless2", ""),
    (None, "1"), ("", "1"), ("curl/8.5.0", ""),
    (GOOGLEBOT["User-Agent"], "1"), (CHROME["User-Agent"], "")])
def test_named_crawlers(site, agent, crawler):
    """Patterns add to the built-in list, the second time as the first."""
    headers = [] if agent is None else [("User-Agent", agent)]
    for _ in range(2):
        assert site.vars("/vars", headers)["crawler"] == crawler


def test_a_pattern_that_takes_too_long(site):
    """A regular expression runs under the match limit of rules."""
    before = site.json()["regex_limited"]
    agent = {"User-Agent": "a" * 400 + "!"}
    assert site.vars("/vars", agent)["crawler"] == ""
    assert site.json()["regex_limited"] == before + 1


def test_patterns_change_with_a_reload(nginx):
    """What a worker remembers does not outlive its configuration."""
    site = nginx(KEY, conf.echo("crawler"))
    agent = {"User-Agent": "acme-check"}
    assert site.vars("/vars", agent)["crawler"] == ""
    site.reload(http=KEY + NAMED)
    assert site.vars("/vars", agent)["crawler"] == "1"
    site.reload(http=KEY)
    assert site.vars("/vars", agent)["crawler"] == ""


@pytest.mark.parametrize("pattern, warned", [
    ("Safari", True), ("~*mozilla", True), ("'~.'", True),
    ("acme", False), ("~^$", False), ("~^Moz$", False)])
def test_a_pattern_that_fits_people(pattern, warned):
    """nginx -t warns of a pattern that common browsers fit."""
    result = webserver.check(http=f"exportsite_crawlers {pattern};")
    assert result.ok, result.text
    assert ("takes people for crawlers" in result.text) == warned


# -- the policy

@pytest.fixture(scope="module")
def policy(module_redis, module_nginx, mmdb):
    redis = module_redis()
    redis("HSET", "es:profile:anna", "industry", "food", "company", "ACME")
    redis("HSET", "es:segments", "austria", "country = AT")
    names = ("language", "language_source", "country", "segments", "visitor",
             "new", "profile_company", "crawler", "$hero")
    site = module_nginx(
        "exportsite_redis @redis@ timeout=1s; exportsite_consent on;"
        "exportsite_secret @dir@/secret; exportsite_geo @world@;"
        "exportsite_languages en de ja;\n"
        + conf.choices([("country = AT", "austrian")], "$hero"),
        PAGE + conf.echo(*names) + conf.echo(*names, location="/ja/")
        + conf.echo("visitor", "profile_company", location="= /own",
                    extra="exportsite on; exportsite_visitor anna;")
        + "location = /recorded { exportsite on; exportsite_record on crawlers;"
        "  exportsite_script /_exportsite; default_type text/html;"
        "  add_header X-Event $exportsite_event; return 200 p; }\n"
        "location = /asked { exportsite on; default_type text/html;"
        "  exportsite_record $arg_r crawlers; return 200 p; }\n"
        "location /inherits/ { exportsite on; default_type text/html;"
        "  exportsite_record on crawlers;"
        "  location = /inherits/page { return 200 p; }"
        "  location = /inherits/not { exportsite_record on; return 200 p; } }\n"
        "location = /_exportsite { exportsite on; exportsite_beacon;"
        "  exportsite_record on crawlers; }\n",
        redis=redis, world=mmdb.world())
    site.redis = redis
    until(lambda: site.vars("/vars", client("192.0.2.1"))["segments"]
          == "austria", what="the segment")
    return site


def test_language_of_the_url_and_content_of_the_country(policy):
    """The language is the URL's or the default, the country's content that
    of anybody from there."""
    asked = {**GOOGLEBOT, **client("192.0.2.1"), "Accept-Language": "de"}
    got = policy.vars("/vars", asked)
    assert got["language"] == "en" and got["language_source"] == ""
    assert got["country"] == "AT" and got["segments"] == "austria"
    assert got["hero"] == "austrian" and got["crawler"] == "1"
    assert policy.vars("/ja/", asked)["language"] == "ja"
    assert policy.vars("/vars", {**asked, **CHROME})["language"] == "de"


def test_never_a_cookie_nor_a_visitor(policy):
    """No cookie is set, used or deleted, and no profile read."""
    value, visitor = first_visit(policy)
    policy.redis("HSET", f"es:profile:{visitor}", "company", "ACME")
    until(lambda: policy.vars("/vars", jar(value))["profile_company"]
          == "ACME", what="the profile")
    for headers in ({}, jar(value), {**jar(value), "Sec-GPC": "1"}):
        reply = policy.get("/page", {**headers, **GOOGLEBOT})
        assert reply.all("Set-Cookie") == []
        assert reply.header("X-Visitor", "") == ""
        assert reply.header("X-New", "") == ""
    got = policy.vars("/vars", {**jar(value), **GOOGLEBOT})
    assert got["visitor"] == got["profile_company"] == ""
    assert policy.vars("/own") == {"visitor": "anna",
                                   "profile_company": "ACME"}
    assert policy.vars("/own", GOOGLEBOT) == {"visitor": "",
                                              "profile_company": ""}


def recorded(site, *requests):
    """The replies, and the events between a view before and one after."""
    first = site.get("/page", CHROME).header("X-Event")
    replies = [site.request(*request) for request in requests]
    last = site.get("/page", CHROME).header("X-Event")

    def ids():
        return [event["id"] for event in site.redis.stream("es:events")]

    until(lambda: last in ids(), what="the last view")
    events = site.redis.stream("es:events")
    return replies, events[ids().index(first) + 1:ids().index(last)]


def test_not_recorded_unless_asked(policy):
    """Where `crawlers` is not said, or recording is off, nothing is."""
    _, events = recorded(
        policy, ("GET", "/page", GOOGLEBOT), ("GET", "/asked?r=0", GOOGLEBOT),
        ("GET", "/inherits/not", GOOGLEBOT), ("HEAD", "/recorded", GOOGLEBOT),
        ("GET", "/recorded", {**GOOGLEBOT, "Sec-Purpose": "prefetch"}))
    assert events == []


def test_recorded_as_crawl(policy):
    """With `crawlers` a view of theirs is a `crawl`, with no visitor."""
    value, _ = first_visit(policy)
    replies, events = recorded(
        policy, ("GET", "/recorded", {**GOOGLEBOT, **client("192.0.2.1"),
                                      **jar(value)}),
        ("GET", "/asked?r=1", GOOGLEBOT),
        ("GET", "/inherits/page", GOOGLEBOT),
        ("GET", "/recorded", CHROME))
    assert [e["type"] for e in events] == ["crawl"] * 3 + ["view"]
    assert [e["path"] for e in events] == ["/recorded", "/asked",
                                           "/inherits/page", "/recorded"]
    assert replies[0].all("Set-Cookie") == []
    assert replies[0].all("Server-Timing") == []
    assert replies[0].header("X-Event") == events[0]["id"]
    assert replies[3].all("Server-Timing")
    assert "visitor" not in events[0] and "visitor" in events[3]
    del events[0]["id"], events[0]["ts"]
    assert events[0] == {
        "type": "crawl", "host": "127.0.0.1", "path": "/recorded",
        "status": "200", "country": "AT", "language": "en",
        "segments": "austria", "device": "desktop"}


def test_a_crawlers_beacon_never_is(policy):
    """What a crawler's browser tells is not recorded, asked or not."""
    body = b'{"type":"goal","path":"/de/"}'
    replies, events = recorded(policy,
                               ("POST", "/_exportsite", GOOGLEBOT, body))
    assert replies[0].status == 204 and events == []
    assert NAME not in str(replies[0].headers)
