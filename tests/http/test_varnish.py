"""A cache in front that is shared by all: nobody gets somebody else's page."""

import itertools
import os

import pytest

import mmdb as db
import upstream
import varnish
from cookies import NAME, jar
from mmdb import client
from test_record import GOOGLEBOT
from upstream import reply
from varnish import MODES, Varnish

pytestmark = pytest.mark.skipif(
    not os.access(varnish.BINARY, os.X_OK), reason="no varnish")

backend = upstream.fixture(upstream.Upstream, "module")

VISITORS = {
    "DE": {**client(db.DE), "Accept-Language": "de-DE,de;q=0.9"},
    "JP": {**client(db.JP), "Accept-Language": "ja"},
    "US": client(db.US),
}

# what each page is for each of them
PAGES = {
    "/country": {"DE": "DE", "JP": "JP", "US": "US"},
    "/language": {"DE": "de", "JP": "ja", "US": "en"},
    "/either": {"DE": "de", "JP": "ja", "US": "en"},
    "/cdn-country": {"DE": "XX", "JP": "XX", "US": "XX"},
    "/same": {"DE": "same", "JP": "same", "US": "same"},
    "/invited": {"DE": "for DE", "JP": "for JP", "US": "for US"},
    "/slots": {"DE": "<!-- es:hero -->DE<!-- /es:hero -->",
               "JP": "<!-- es:hero -->JP<!-- /es:hero -->",
               "US": "<!-- es:hero -->US<!-- /es:hero -->"},
}

LOCATION = "location = /%s { %s add_header X-Serial $request_id always; %s }\n"


def page(name, body, more=""):
    return LOCATION % (name, more + "default_type text/html;",
                       f'return 200 "{body}";')


SERVER = (
    page("country", "$exportsite_country")
    + page("language", "$exportsite_language",
           "exportsite_language_from url accept;")
    + page("either", "$exportsite_language")
    + page("cdn-country", "$exportsite_country",
           "exportsite_country_from header:CF-IPCountry;")
    + page("same", "same")
    + page("profile", "$exportsite_industry", "exportsite_consent on;")
    + page("cookie", "same", "exportsite_consent $cookie_consent;")
    + page("wrong", "$exportsite_country", "exportsite_vary off;")
    + LOCATION % ("invited", "exportsite on;", "proxy_pass http://@up@/public;"
                  "proxy_set_header X-Country $exportsite_country;")
    + LOCATION % ("slots", "exportsite_slot hero text:$exportsite_country;",
                  "try_files /slots.html =404;")
    + LOCATION % ("slots-language",
                  "exportsite_slot hero text:$exportsite_language;"
                  "exportsite_language_from accept;",
                  "try_files /slots.html =404;"))


@pytest.fixture(scope="module")
def cache(module_redis, module_nginx, backend, mmdb):
    backend.on("/public", lambda request, send: send(reply(
        "for " + request.header("X-Country"), "Vary: Accept-Encoding",
        "Cache-Control: public, max-age=60, s-maxage=600")))
    redis = module_redis()
    site = module_nginx(
        "exportsite_redis @redis@ timeout=1s; exportsite_geo @world@;"
        "exportsite_secret @dir@/secret; exportsite_languages en de ja;"
        "exportsite_industries medical; real_ip_recursive on;"
        "exportsite on;", SERVER, redis=redis, world=mmdb.world(), up=backend)
    site.write("html/slots.html", "<!-- es:hero -->own<!-- /es:hero -->")
    cache = Varnish(site.port)
    cache.redis = redis
    yield cache
    cache.close()


def hit(reply):
    return reply.header("X-Hits") != "0"


@pytest.mark.parametrize("mode", MODES)
def test_each_gets_their_own(cache, mode):
    """Three visitors in all orders, each twice: Japan never gets Germany's."""
    for target, wants in PAGES.items():
        for n, order in enumerate(itertools.permutations(VISITORS)):
            for who in order + order:
                got = cache.get(f"{target}?n={n}", VISITORS[who], mode)
                assert got.status == 200
                assert got.text == wants[who], (target, order, who, got)


@pytest.mark.parametrize("mode", MODES)
def test_what_can_be_shared_is(cache, mode):
    """Pages for all, and for all of a language, are asked for once."""
    same = {cache.get("/same?x", head, mode).header("X-Serial")
            for head in VISITORS.values()}
    assert len(same) == 1
    for language, text in ("de", "de"), ("ja", "ja"), ("xx", "en"), (None, "en"):
        found = set()
        for place in db.DE, db.JP, db.US:
            head = client(place)
            if language:
                head["Accept-Language"] = language
            got = cache.get("/language?x", head, mode)
            assert got.text == text
            found.add(got.header("X-Serial"))
        assert len(found) == 1, language
    # what a CDN says in a header, it can tell apart
    for country in "DE", "JP", "DE", "JP":
        got = cache.get("/cdn-country?x", {"CF-IPCountry": country}, mode)
        assert got.text == country
    assert hit(got)
    got = [cache.get("/slots-language", VISITORS["JP"], mode)
           for _ in range(2)]
    assert hit(got[1]) and not hit(got[0])
    tag = {"If-None-Match": got[1].header("ETag")}
    same = cache.get("/slots-language", {**VISITORS["JP"], **tag}, mode)
    assert same.status == 304
    other = cache.get("/slots-language", {**VISITORS["DE"], **tag}, mode)
    assert other.status == 200 and ">de<" in other.text


@pytest.mark.parametrize("mode", MODES)
def test_what_is_private_is_not_kept(cache, mode):
    """Who is asked about is asked for each time; and a crawler's language is
    the crawler's."""
    for target in "/country", "/invited", "/slots":
        found = [cache.get(target + "?y", VISITORS["DE"], mode)
                 for _ in range(3)]
        assert not any(hit(got) for got in found)
        assert len({got.header("X-Serial") for got in found}) == 3
    robot = {**VISITORS["DE"], "User-Agent": GOOGLEBOT}
    for head, text in (robot, "en"), (VISITORS["DE"], "de"):
        assert cache.get("/language?y", head, mode).text == text


@pytest.mark.parametrize("mode", MODES)
def test_cookies(cache, mode):
    """Our cookie is never kept, nor a page by somebody's profile, even by a
    cache that minds no cookies."""
    first = cache.get("/cookie", {"Cookie": "consent=yes"}, mode)
    assert first.cookie(NAME) and not hit(first)
    for _ in range(2):
        assert not cache.get("/cookie", (), mode).cookie(NAME)
    value = cache.get("/profile", (), mode).cookie(NAME)[0]
    cache.redis("HSET", f"es:profile:{value[:32]}", "industry", "medical")
    medical = cache.get("/profile", jar(value), mode)
    assert medical.text == "medical" and not medical.cookie(NAME)
    assert cache.get("/profile", (), mode).text == ""


@pytest.mark.parametrize("mode", MODES)
def test_it_would_go_wrong(cache, mode):
    """Without what is tested here Japan does get Germany's page."""
    assert cache.get("/wrong", VISITORS["DE"], mode).text == "DE"
    assert cache.get("/wrong", VISITORS["JP"], mode).text == "DE"
