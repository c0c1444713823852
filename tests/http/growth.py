"""What reloads leave behind: memory, descriptors, mappings, connections."""

import os
import re

from steady import Steady
from wait import until

# one of everything that a configuration can hold on to
HTTP = """
    exportsite_zone exportsite:@zone@;
    exportsite_geo @dir@/country.mmdb auto_reload=1h;
    exportsite_redis @redis@ timeout=20ms;
    exportsite_stream events flush=20ms buffer=@buffer@ spool=@dir@/spool;
    exportsite_secret @dir@/secret;
    exportsite_consent on;
    exportsite_languages en de fr es pt-BR zh-Hans ja;
    exportsite_industries machinery medical food;
    exportsite_hint medical 'query.utm_campaign starts with "clinic"';
    exportsite_choose $hero {
        "segment = dach"        dach;
        'path ~ "^/p/9[0-9]*$"' nine;
        "profile.a exists"      known;
        default                 $exportsite_country;
    }
"""
SERVER = """
    location /p/ {
        exportsite on;
        exportsite_slot a redis:a;
        exportsite_slot b text:$hero;
        exportsite_slot c file:/c/@variant@;
        exportsite_script /b;
        default_type text/html;
        return 200 '<html><head></head><!-- es:a -->A<!-- /es:a -->
            <!-- es:b -->B<!-- /es:b --><!-- es:c -->C<!-- /es:c --></html>';
    }
    location = /b { exportsite_beacon origin=example.com; }
    location = /status { exportsite_status; }
"""
BARE = "location /p/ { default_type text/html; return 200 '<p></p></html>'; }\n"

# they follow each other in turn; what is compared is always the first one's
VARIANTS = [dict(zone="4m", buffer="1m", variant="one"),
            dict(zone="4m", buffer="1m", variant="two"),
            dict(zone="5m", buffer="1m", variant="one"),
            dict(zone="5m", buffer="2m", variant="three")]

# what may be more at the end: kB of the heap and of all mappings, numbers
BOUNDS = {"own": 512, "mapped": 1024, "maps": 4, "fds": 0, "clients": 0,
          "keys": 0}
VISITORS = 2        # a worker may have so many of their connections open


def of(pid):
    """A process's figures: kB, but for descriptors and mappings."""
    with open(f"/proc/{pid}/status") as file:
        sizes = dict(re.findall(r"^(\w+):\s+(\d+) kB$", file.read(), re.M))
    with open(f"/proc/{pid}/smaps_rollup") as file:
        more = dict(re.findall(r"^(\w+):\s+(\d+) kB$", file.read(), re.M))
    with open(f"/proc/{pid}/maps") as file:
        maps = len(file.readlines())
    return {"pss": int(more["Pss"]), "rss": int(sizes["VmRSS"]),
            "own": int(sizes["RssAnon"]), "mapped": int(sizes["VmSize"]),
            "maps": maps, "fds": len(os.listdir(f"/proc/{pid}/fd"))}


def figures(site, redis=None):
    """What there is now: of the master, the first worker, Redis."""
    now = {"master": of(site.process.pid), "worker": of(site.workers()[0])}
    if redis:
        marks = len(redis("KEYS", "es:mark:*"))     # they expire
        now["redis"] = {"clients": clients(redis), "marks": marks,
                        "keys": redis("DBSIZE") - marks}
    return now


def clients(redis):
    """How many connections it has beside this one."""
    return len(redis("CLIENT", "LIST").splitlines()) - 1


def calm(site, redis):
    """All connections to Redis stand, and no event waits."""
    def both():
        got = site.json()
        return (got["redis"]["state"] == "connected"
                and got["redis"]["listening"]
                and got["events"]["queued"] == 0)
    until(both, 20, "events to be sent")
    want = int(site.names["workers"]) + 1
    until(lambda: clients(redis) == want, 20, f"{want} connections to Redis")


def reloaded(site, times, first, redis=None, say=None):
    """Reload so often under a light load.

    The figures after `first` reloads, the figures at the end, and the load.
    `first` and `times` are multiples of the number of variants.
    """
    before = None
    variants = VARIANTS if redis else [{}]
    with Steady(site, threads=VISITORS, pause=0.02) as load:
        for n in range(1, times + 1):
            site.reload(**variants[n % len(variants)])
            if n in (first, times):
                if redis:
                    calm(site, redis)
                before, after = before or figures(site, redis), figures(
                    site, redis)
            if say:
                say(n)
    return before, after, load


def grown(before, after):
    """By how much each figure grew: {(what, figure): n}."""
    return {(what, name): after[what][name] - before[what][name]
            for what in before for name in before[what]}


def beyond(grown, base=(), bounds=BOUNDS):
    """The figures that grew too much: more than those of `base` did."""
    base = dict(base)
    return [(what, name) for (what, name), n in grown.items() if name in bounds
            and n - max(0, base.get((what, name), 0)) > bounds[name]
            + (VISITORS if (what, name) == ("worker", "fds") else 0)]
