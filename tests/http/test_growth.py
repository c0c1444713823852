"""Reloads leave nothing behind; bench/reloads does the same a thousand times."""

import os

import growth
import views

TIMES, FIRST = 12, 4

# a sanitizer keeps what was freed, and tells of what was not by itself
BOUNDS = {name: most for name, most in growth.BOUNDS.items()
          if not os.environ.get("ES_PRELOAD")
          or name in ("fds", "clients", "keys")}


def test_nothing_grows(new_redis, mmdb, nginx):
    """Memory, mappings, descriptors and connections are what they were."""
    redis = new_redis(aof=True)
    redis("HSET", "es:segments", "dach", "country in (DE, AT, CH)")
    redis("SET", "es:slot:a", "<b>from Redis</b>")
    site = nginx(growth.HTTP, growth.SERVER, start=False, redis=redis,
                 **growth.VARIANTS[0])
    with open(mmdb.world(), "rb") as file:
        site.write("country.mmdb", file.read())
    site.start()
    before, after, load = growth.reloaded(site, TIMES, FIRST, redis)
    wrong = growth.beyond(growth.grown(before, after), bounds=BOUNDS)
    assert not wrong, f"{wrong}: {before}, {after}"
    assert not load.failed, load.failed[:3]
    views.arrive_all(redis, load.done)
