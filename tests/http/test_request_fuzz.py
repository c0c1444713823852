"""Whole requests made up and mutated, a few seconds of them; for longer:

    make fuzz-requests SECONDS=600 SEED=17

ES_FUZZ_SECONDS and ES_FUZZ_SEED say the same. A failure names seed, thread and
number of the request, and shows it; the same seed makes the same requests.
"""

import os
import re
import secrets

import pytest

import requestfuzz
import upstream
from wait import until

SECONDS = float(os.environ.get("ES_FUZZ_SECONDS") or 4)
SEED = os.environ.get("ES_FUZZ_SEED") or secrets.token_hex(4)

backend = upstream.fixture(upstream.Upstream)

PAGE = ("<!DOCTYPE html><head><title>x</title></head><body>"
        "<!-- es:one -->1<!-- /es:one --><p data-es-slot=two>2</p>"
        "<p data-es-slot='three'>3</p><b data-es-slot=four>4</b>"
        "<!-- es:five -->5<!-- /es:five --></body>")


@pytest.fixture
def site(redis, nginx, mmdb, backend):
    """An nginx with everything on, whose Redis has hostile things in it."""
    redis("HSET", "es:segments", "everybody", "method exists",
          "Evil\r\nX-Injected: 1", "crawler", "wrong", "contry = <q9z>")
    for n in range(3):
        redis("HSET", f"es:profile:evil{n}", "industry", ["medical\r\nX: 1",
              "../medical", "medical"][n], "language", ["../../de", "de\0", "fr"][n],
              "company", ["ACME\r\nX-Injected: 1", "x" * 600, "ACME \xe4"][n])
    for country in ("AT", "XX", "DE"):
        redis("SET", f"es:slot:{country}-ok", "<b>from Redis</b>")
        redis("RPUSH", f"es:slot:{country}-de", "a list")
    backend.on("/up/page", requestfuzz.page)
    site = nginx(requestfuzz.HTTP, requestfuzz.SERVER, redis=redis,
                 world=mmdb.world(), up=backend, start=False, level="info",
                 h2=requestfuzz.ports.free(), workers=2,
                 outside=requestfuzz.OUTSIDE.decode())
    os.mkdir(site.path("spool"), 0o777)
    os.chmod(site.path("spool"), 0o777)
    for name in ("outside", "outside.html", "html/outside", "html/outside.html"):
        site.write(name, requestfuzz.OUTSIDE)
    for name in ("html/page.html", "html/index.html", "html/de/page.html"):
        site.write(name, PAGE)
    site.write("html/slots/ok.html", "<b>from a file</b>")
    site.write("html/slots/ok", "<b>from a file</b>")
    site.write("html/a.css", "a {}")
    return site.start()


def known_cookies(site):
    """Cookies that the site has made itself."""
    made = []
    for _ in range(3):
        reply = site.get("/page.html", {"Cookie": "consent=1"})
        made.append(reply.cookie("es_vid")[0].encode())
    return made


def look_at_events(redis):
    """What was recorded is of declared values, and text without controls."""
    for event in redis.stream():
        assert re.fullmatch(r"[0-9a-f]{24}", event["id"]), event
        assert event["country"] if "country" in event else True
        assert event.get("language", "en") in ("en", "de", "fr", "zh-Hant", "pt-BR")
        assert event.get("industry", "food") in ("machinery", "medical", "food")
        assert re.fullmatch(r"[A-Za-z0-9._-]{1,64}", event.get("visitor", "x")), event
        for name, value in event.items():
            assert re.fullmatch(r"[a-z]+", name), event
            assert not re.search(r"[\x00-\x1f\x7f\ud800-\udfff]", value), event


def look_at_log(site):
    """No line is worse than what nginx says of such requests and upstreams,
    and ours have nothing of them."""
    for line in site.log().split("\n"):
        assert not re.search(r"\[(crit|alert|emerg)\]", line), line
        ours = line.split("exportsite: ", 1)[1:]
        assert not ours or "q9z" not in ours[0] or "contry" in ours[0] \
            or ours[0].startswith("open() "), line


def test_whole_requests(redis, site):
    """Everything on, anything sent: nginx lives, answers parse, nothing of a
    request comes to where it may not."""
    print(f"seed {SEED}")
    workers = site.workers()
    monitor = requestfuzz.Monitor(redis)
    fuzzer = requestfuzz.Fuzzer(site, SEED, known_cookies(site))
    fuzzer.run(SECONDS)
    assert not fuzzer.faults, "\n".join(fuzzer.faults)
    assert fuzzer.sent > 20 and monitor.count > 10
    assert site.workers() == workers, f"seed {SEED}: a worker died"
    assert site.get("/page.html?s=ok").body.count(b"from a file") == 1
    until(lambda: site.json("/status")["events"]["queued"] == 0, 10, "the queue")
    monitor.close()
    assert not monitor.bad, f"seed {SEED}: Redis was asked {monitor.bad[:3]}"
    look_at_events(redis)
    look_at_log(site)
    print(f"{fuzzer.sent} connections, {monitor.count} questions to Redis")
