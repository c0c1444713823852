"""Reloads under load: every directive may change, come and go."""

import collections
import os
import signal

import pytest

from cookies import NAME
from mmdb import AT, country
from steady import Steady
from wait import until

HERE = {"Accept-Language": "de, fr;q=0.9", "X-Forwarded-For": AT}

LOOK = "/p/look"
FRANCE = [("192.0.2.0/24", country("FR"))]

BASE = {
    "zone": "exportsite:4m", "geo": "@dir@/at.mmdb", "redis": "@redis@",
    "secret": "@dir@/secret", "consent": "on", "languages": "en de",
    "stream": "events", "industries": "medical food",
    "choose": '$hero { "country = AT" alps; default plain; }',
}
PAGE = ("location /p/ { default_type text/html; @on@ return 200 '%s"
        "<b>@b@</b><!-- es:x -->own<!-- /es:x --></html>'; }\n")
SHOWN = "lang=$exportsite_language country=$exportsite_country "
STATUS = "location = /status { exportsite_status; }\n"


def http(**changes):
    """The directives of the http level; None leaves one out."""
    return "".join(f"exportsite_{name} {value}{'' if '{' in value else ';'}\n"
                   for name, value in {**BASE, **changes}.items() if value)


def server(on="exportsite on;", body="$hero", shown=SHOWN, more=STATUS):
    page = PAGE % shown
    return page.replace("@on@", on).replace("@b@", body) + more


@pytest.fixture
def site(new_redis, mmdb, nginx):
    """Two workers; redis and other are two servers that forget nothing."""
    redis, other = new_redis(aof=True), new_redis(aof=True)
    site = nginx(start=False, workers=2, redis=redis, other=other)
    site.redis, site.other = redis, other
    for name, path in (("at", mmdb.world()), ("fr", mmdb(FRANCE))):
        with open(path, "rb") as file:
            site.write(f"{name}.mmdb", file.read())
    site.configure(http=http(), server=server(), port=0)
    return site.start()


def page(site, **headers):
    reply = site.get(LOOK, {**HERE, **headers})
    assert reply.status == 200, reply
    return reply


def shows(*words):
    return lambda site: all(word in page(site).text for word in words)


def eventually(words):
    """What workers get from Redis takes a moment."""
    def check(site):
        until(lambda: shows(words)(site), 5, words)
        return True
    return check


def cookie(site):
    """The value of the cookie `other` when a visitor comes for the first time."""
    return page(site).cookie("other")


# what changes, and what shows that it has
RECORDED = [
    ("languages", http(languages="fr it"), server(), shows("lang=fr")),
    ("the choice's rules",
     http(choose='$hero { "language = de" tongue; default plain; }'),
     server(), shows("<b>tongue</b>")),
    ("another choice", http(choose='$new { default fresh; }'),
     server(body="$new"), shows("<b>fresh</b>")),
    ("a database", http(geo="@dir@/fr.mmdb"), server(), shows("country=FR")),
    ("no database", http(geo=None), server(), shows("country=XX")),
    ("the prefix", http(redis="@redis@ prefix=b:"), server(),
     shows("country=AT")),
    ("the stream", http(stream="others"), server(), shows("country=AT")),
    ("the address", http(redis="@other@ timeout=20ms"), server(),
     shows("country=AT")),
    ("a larger zone", http(zone="exportsite:8m"), server(), shows("lang=de")),
    ("a smaller zone", http(zone="exportsite:2m"), server(), shows("lang=de")),
    ("the zone's name", http(zone="another:4m"), server(), shows("lang=de")),
    ("a second secret", http(secret="@dir@/new; exportsite_secret "
                             "@dir@/secret"), server(), shows("lang=de")),
    ("consent", http(consent="off"), server(),
     lambda site: page(site).cookie(NAME) is None),
    ("the cookie", http(cookie="other max_age=1d"), server(), cookie),
    ("a slot of a text", http(slot="x text:filled"), server(),
     shows("filled<!-- /es:x -->")),
    ("a slot from Redis", http(slot="x redis:stored"), server(),
     eventually("from-redis")),
    ("no slot", http(), server(), shows("-->own<!--")),
    ("a rung", http(language_from="arg:l accept"), server(), shows("lang=de")),
    ("profiles", http(choose='$hero { "profile.a exists" a; default b; }',
                      profile="ttl=1s"), server(), shows("<b>b</b>")),
    ("the buffer", http(stream="events buffer=1m"), server(), shows("alps")),
    ("the spool", http(stream="events buffer=64k spool=@dir@/spool"),
     server(), lambda site: os.path.isdir(site.path("spool"))),
    ("a segment", http(), server(body="$exportsite_segment_dach"),
     eventually("<b>1</b>")),
    ("the script's tag", http(script="/js"),
     server(shown="<head></head>" + SHOWN), shows('src="/js"')),
]


def delivered(redis):
    """How often each path lies in any stream of a Redis."""
    return collections.Counter(
        event["path"] for key in redis("KEYS", "*")
        if redis("TYPE", key) == b"stream" for event in redis.stream(key))


def arrived(site, want):
    """All have arrived, somewhere, and nowhere twice."""
    until(lambda: not set(want) - set(delivered(site.redis))
          - set(delivered(site.other)), 10, "all events")
    for redis in site.redis, site.other:
        twice = [path for path, n in delivered(redis).items()
                 if n > 1 and path != LOOK]
        assert not twice, f"{len(twice)} twice, such as {twice[:5]}"


def test_directives_change(site):
    """Each is in force at once; no request fails, no event is lost or twice."""
    site.write("new", "0f" * 32 + "\n")
    site.redis("HSET", "es:segments", "dach", "country in (DE, AT, CH)")
    site.redis("SET", "es:slot:stored", "from-redis")
    with Steady(site) as load:
        for what, directives, locations, check in RECORDED:
            site.reload(wait_old=False, http=directives, server=locations)
            assert check(site), f"{what}: {page(site)}"
    assert not load.failed, load.failed[:3]
    assert len(load.done) > 200
    arrived(site, load.done)


# -- what comes and goes

GONE = "location = /_b { exportsite_beacon; }\n" + STATUS
BEACON = '{"type":"click","path":"/p/look"}'


def nothing_at(*targets):
    return lambda site: all(site.get(t).status == 404 for t in targets)


def collects(site):
    return site.request("POST", "/_b", body=BEACON.encode()).status == 204


BARE = server(on="", body="bare", shown="", more="")
SWITCHED = [
    ("nothing is recorded", http(), server(on="exportsite on; "
                                           "exportsite_record off;"),
     shows("alps")),
    ("no stream", http(stream="off"), server(), shows("alps")),
    ("a stream again", http(), server(), shows("alps")),
    ("no status", http(), server(more=""), nothing_at("/status", "/_b")),
    ("status and beacon", http(), server(more=GONE), collects),
    ("no Redis", http(redis=None, stream=None), server(), shows("alps")),
    ("Redis again", http(), server(), shows("alps")),
    ("off", http(), server(on="exportsite off;"), shows("country=XX")),
    ("on", http(), server(), shows("alps")),
    ("no directive", "", BARE, shows("bare")),
    ("all of them", http(), server(), shows("alps")),
]


def test_directives_come_and_go(site):
    """No request fails, and what is recorded once all is back arrives."""
    with Steady(site) as load:
        for what, directives, locations, check in SWITCHED:
            site.reload(wait_old=False, http=directives, server=locations)
            assert check(site), f"{what}: {page(site)}"
        first = len(load.asked)
        until(lambda: len(load.asked) > first + 50, what="more requests")
    assert not load.failed, load.failed[:3]
    arrived(site, set(load.asked[first:]))


def test_the_module_is_taken_out_and_put_back(site):
    """nginx goes on without it, and with it again."""
    load_module = site.names["load"]
    with Steady(site) as load:
        for _ in range(2):
            site.reload(wait_old=False, load="", http="", server=BARE)
            assert shows("bare")(site)
            site.reload(wait_old=False, load=load_module, http=http(),
                        server=server())
            assert shows("alps")(site)
        first = len(load.asked)
        until(lambda: len(load.asked) > first + 50, what="more requests")
    assert not load.failed, load.failed[:3]
    arrived(site, set(load.asked[first:]))


BROKEN = [http(languages="../x"), http(choose='$hero { "country =" x; }'),
          http(zone="exportsite:1"), http(geo="@dir@/none.mmdb"),
          http(secret="@dir@/none"), "exportsite_nonsense;",
          http(stream="events buffer=0")]


def test_broken_configurations(site):
    """nginx refuses each with a word, and goes on with what it has."""
    site.allow(r"\[emerg\] .* in \S+nginx\.conf:\d+$")
    old = site.workers()
    with Steady(site) as load:
        for n, directives in enumerate(BROKEN, 1):
            site.configure(http=directives, server=server())
            site.process.send_signal(signal.SIGHUP)
            until(lambda: site.log().count("[emerg]") == n, what=directives)
        assert site.workers() == old and shows("alps")(site)
        site.reload(http=http(languages="fr"), server=server())
        assert shows("lang=fr")(site)
    assert not load.failed, load.failed[:3]
    arrived(site, load.done)
