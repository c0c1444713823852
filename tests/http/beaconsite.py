"""What the tests of the collector share: a site, and ways to send to it."""

import json

import conf
from wait import until

URI = "/_exportsite"
BASE = ("exportsite_redis @redis@ timeout=1s;\n"
        "exportsite_secret @dir@/secret;\n"
        "exportsite_consent $cookie_consent;\n"
        "exportsite_languages en de ja; exportsite_industries medical;\n"
        "exportsite_language_from url accept;\n")
COLLECT = "location = /_exportsite { exportsite_beacon; }\n"
STATUS = "location = /status { exportsite_status; }\n"
CHOICES = (conf.choices([('path ~ "^/de/"', "german"),
                         ("referrer exists or query.q exists", "leak")],
                        "$hero", "base")
           + conf.choices([("language = ja", "$exportsite_language-tea")],
                          "$tea", "none"))
CLICK = {"type": "click", "path": "/x", "label": "cta"}
HOST = {"Host": "www.example.com"}


def body(*events):
    """The JSON of one event, or of a list of several."""
    return json.dumps(events[0] if len(events) == 1 else events).encode()


def send(site, *events, headers=(), data=None, uri=URI):
    """POST events, or `data` as it is."""
    return site.request("POST", uri, headers or HOST,
                        body(*events) if data is None else data)


def answers(site):
    """The counters of the collector's answers that are not 0."""
    return {name: n for name, n in site.json()["beacons"].items() if n}


def counted(site, **want):
    """Whether the counters that are not 0 come to be these.

    A body that is not read is thrown away until its sender has hung up; only
    then nginx logs the request, and it is counted.
    """
    until(lambda: answers(site) == want, what=f"{want}")


def refused(reply, status):
    """Whether a reply is a refusal in one line of plain text; that line."""
    assert reply.status == status, reply
    assert reply.header("Content-Type").split(";")[0] == "text/plain", reply
    assert reply.header("Cache-Control") == "no-store", reply
    assert reply.text.endswith("\n") and reply.text.count("\n") == 1, reply
    assert reply.cookie("es_vid") is None
    return reply.text[:-1]


def nothing_came(redis, site, count=0):
    """Nothing but `count` events was recorded: a last one comes at once."""
    assert send(site, {"type": "last"}).status == 204
    until(lambda: redis.stream()[-1:]
          and redis.stream()[-1]["type"] == "last", what="the last event")
    assert redis("XLEN", "es:events") == count + 1, redis.stream()
