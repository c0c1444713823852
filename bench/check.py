"""Are the answers and the events those of the reference?"""

from resp import events
from workbench import Link, until


def answers(nginx, requests):
    """How many of the requests get the page that they must get."""
    link = Link(nginx.port)
    good = sum(link.ask(q.raw()) == (200, nginx.contender.page(q))
               for q in requests)
    link.close()
    return good


def recorded(bench, nginx, requests):
    """How many of the requests, just made in this order, left the event that they
    must leave. None where the contender records nothing."""
    if nginx.contender.event is None:
        return None
    stream = nginx.contender.name + ":events"
    until(lambda: bench.redis("XLEN", stream) >= len(requests), "the events")
    found = events(bench.redis, stream, len(requests))
    if len({event.pop("id") for event in found}) != len(found):
        return 0
    good = 0
    for q, event in zip(requests, found):
        expected = nginx.contender.event(q)
        if "country" not in event and nginx.contender.name == "lua":
            del expected["country"]         # nginx without the geoip2 module
        stamp = event.pop("ts")
        good += event == expected and abs(int(stamp) / 1000 - q.asked) < 5
    return good
