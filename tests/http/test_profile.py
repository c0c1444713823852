"""What Redis knows of a visitor: profiles, fresh enough, never waited for
without need, never trusted."""

import socket
import threading
import time

import pytest

import conf
from cookies import PAGE, first_visit, jar
from wait import until

BASE = ("exportsite_redis @redis@ timeout=@timeout@; "
        "exportsite_secret @dir@/secret;\n"
        "exportsite_industries machinery medical;"
        "exportsite_languages en de; exportsite_consent on;\n")
BY_ARG = "exportsite_visitor $arg_v;\n"
SHOW = conf.echo("visitor", "industry", "profile_company",
                 "profile_company_size")
STATUS = "location = /status { exportsite_status; }\n"


def put(redis, visitor, *pairs, prefix="es:"):
    redis("HSET", f"{prefix}profile:{visitor}", *pairs)


@pytest.fixture
def site(redis, nginx):
    site = nginx(BASE + BY_ARG, SHOW + STATUS + PAGE, redis=redis,
                 timeout="1s")
    warm(redis, site)
    return site


def company(site, visitor, target="/vars"):
    return site.vars(f"{target}?v={visitor}")["profile_company"]


def warm(redis, site):
    """Wait for the connection: who comes before it has no profile."""
    put(redis, "warm", "company", "x")
    until(lambda: company(site, "warm") == "x", what="a profile")


def test_fields_as_variables(redis, site):
    """$exportsite_profile_NAME is the field of the profile."""
    put(redis, "anna", "company", "ACME & Söhne", "industry", "medical",
        "company_size", "250", "unused", "x")
    assert site.vars("/vars?v=anna") == {
        "visitor": "anna", "industry": "medical",
        "profile_company": "ACME & Söhne", "profile_company_size": "250"}


def test_the_first_request_already_knows(redis, site):
    """A visitor who is not in the zone is waited for."""
    for n in range(20):
        put(redis, f"v{n}", "company", f"c{n}")
    for n in range(20):
        assert company(site, f"v{n}") == f"c{n}"


def test_minus_in_a_field(redis, site):
    """A `_` in NAME stands for `-` or `_`."""
    put(redis, "anna", "company-size", "17")
    assert site.vars("/vars?v=anna")["profile_company_size"] == "17"


def test_fields_in_rules(redis, nginx):
    """profile.NAME, visits and views come from the profile."""
    put(redis, "anna", "company_size", "120", "visits", "3", "views", "17",
        "plan", "gold card")
    site = nginx(
        BASE + BY_ARG
        + conf.choices([("profile.company_size between 50 and 500 and "
                         "profile.plan = 'gold card'", "yes")], "$a")
        + conf.choices([("visits >= 3 and views = 17", "yes")], "$b")
        + conf.choices([("profile.nothing missing and profile.plan exists",
                         "yes")], "$c"),
        conf.echo("$a", "$b", "$c"), redis=redis, timeout="1s")
    assert site.vars("/vars?v=anna") == {"a": "yes", "b": "yes", "c": "yes"}
    assert site.vars("/vars?v=bert") == {"a": "none", "b": "none",
                                         "c": "none"}


@pytest.mark.parametrize("more", [(), ("industry", "medical")],
                         ids=["alone", "beside-others"])
def test_field_named_by_a_segment(redis, nginx, more):
    """A field that a new segment names first is fetched for visitors who
    are in the zone already, and long before ttl."""
    put(redis, "anna", "turnover", "12", *more)
    site = nginx(BASE + BY_ARG, conf.echo("segments", "industry"),
                 redis=redis, timeout="1s")
    until(lambda: site.vars("/vars?v=anna") and redis.calls("hmget"), 3,
          "the profile to be read")
    assert site.vars("/vars?v=anna")["segments"] == ""
    redis("HSET", "es:segments", "rich", "profile.turnover > 10")
    until(lambda: site.vars("/vars?v=anna")["segments"] == "rich", 4,
          "the segment")


def test_no_wait_where_redis_has_nothing(redis, site):
    """An id that Redis does not know: baseline, and asked for once."""
    for _ in range(10):
        assert site.vars("/vars?v=nobody") == {
            "visitor": "nobody", "industry": "", "profile_company": "",
            "profile_company_size": ""}
    assert redis.calls("hmget") <= 2


def test_a_profile_made_later(redis, site):
    """A visitor gets a profile: a change in Redis, seen long before ttl."""
    assert company(site, "late") == ""
    put(redis, "late", "company", "ACME")
    until(lambda: company(site, "late") == "ACME", 5, "the profile")


def test_a_profile_made_later_and_ttl(nginx, redis):
    """A visitor without a profile gets one: seen after ttl at the latest."""
    site = nginx(BASE + BY_ARG + "exportsite_profile ttl=1s;", SHOW,
                 redis=redis, timeout="1s")
    assert company(site, "late") == ""
    put(redis, "late", "company", "ACME")
    until(lambda: company(site, "late") == "ACME", 4, "the profile")


def test_a_change_becomes_visible(redis, site):
    """A profile changed in Redis is read again long before ttl (60 s)."""
    put(redis, "anna", "company", "old")
    assert company(site, "anna") == "old"
    put(redis, "anna", "company", "new")
    until(lambda: company(site, "anna") == "new", 5, "the change")
    redis("DEL", "es:profile:anna")
    until(lambda: company(site, "anna") == "", 5, "the removal")


def test_a_stale_profile_answers_at_once(redis, slow_link, nginx):
    """Past ttl the old one answers while the new one is fetched."""
    site = nginx(BASE + BY_ARG + "exportsite_profile ttl=1s;", SHOW,
                 redis=slow_link, timeout="5s")
    warm(redis, site)
    put(redis, "anna", "company", "old")
    assert company(site, "anna") == "old"
    slow_link.delay = 1.0
    put(redis, "anna", "company", "new")
    time.sleep(1.1)
    begin = time.monotonic()
    assert company(site, "anna") in ("old", "new")
    assert time.monotonic() - begin < 0.9
    until(lambda: company(site, "anna") == "new", 5, "the change")


def test_a_busy_learner_makes_nobody_wait(redis, slow_link, nginx):
    """A profile rewritten all the time is read once a second at most."""
    site = nginx(BASE + BY_ARG, SHOW, redis=slow_link, timeout="5s")
    warm(redis, site)
    put(redis, "anna", "company", "0")
    assert company(site, "anna") == "0"
    slow_link.delay = 1.0
    before = redis.calls("hmget")
    begin = time.monotonic()
    with site.session() as session:
        for n in range(200):
            put(redis, "anna", "company", n)
            start = time.monotonic()
            session.get("/vars?v=anna")
            assert time.monotonic() - start < 0.9
            time.sleep(0.005)
    spent = time.monotonic() - begin
    assert redis.calls("hmget") - before <= spent + 2


def test_concurrent_requests_share_a_lookup(redis, slow_link, nginx):
    """Requests that wait for the same visitor wait for one HMGET."""
    site = nginx(BASE + BY_ARG, SHOW, redis=slow_link, timeout="5s")
    put(redis, "anna", "company", "ACME")
    warm(redis, site)
    before = redis.calls("hmget")
    slow_link.delay = 0.4
    seen = []
    threads = [threading.Thread(
        target=lambda: seen.append(company(site, "anna"))) for _ in range(20)]
    begin = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == ["ACME"] * 20
    assert redis.calls("hmget") - before == 1
    assert time.monotonic() - begin < 1.5


def test_a_waiting_client_may_leave(redis, slow_link, nginx):
    """A client that hangs up while its profile is fetched does no harm."""
    site = nginx(BASE + BY_ARG, SHOW, redis=slow_link, timeout="5s")
    put(redis, "anna", "company", "ACME")
    warm(redis, site)
    slow_link.delay = 0.5
    for _ in range(5):
        sock = socket.create_connection(site.address)
        sock.sendall(b"GET /vars?v=anna HTTP/1.1\r\nHost: x\r\n\r\n")
        time.sleep(0.02)
        sock.close()
    assert company(site, "anna") == "ACME"


def test_other_requests_go_on_meanwhile(redis, slow_link, nginx):
    """While one visitor's profile is awaited, others are served."""
    site = nginx(BASE + BY_ARG, SHOW, redis=slow_link, timeout="5s")
    warm(redis, site)
    slow_link.delay = 2.0
    put(redis, "anna", "company", "ACME")
    waiting = threading.Thread(target=company, args=(site, "anna"))
    waiting.start()
    begin = time.monotonic()
    for _ in range(20):
        site.vars("/vars?v=")
        site.vars("/vars?v=warm")
    assert time.monotonic() - begin < 1.8
    waiting.join()


def test_a_timeout_is_the_baseline(redis, slow_link, nginx):
    """Past `timeout` the page comes without the profile."""
    site = nginx(BASE + BY_ARG, SHOW, redis=slow_link, timeout="100ms")
    warm(redis, site)
    put(redis, "anna", "company", "ACME")
    slow_link.delay = 1.5
    begin = time.monotonic()
    assert company(site, "anna") == ""
    assert 0.09 <= time.monotonic() - begin < 1.4
    until(lambda: company(site, "anna") == "ACME", 6,
          "the answer that came late, or the next one")


def test_a_new_visitor_is_never_waited_for(redis, slow_link, nginx):
    """An id just made has no profile: nobody asks for it."""
    site = nginx(BASE, PAGE, redis=slow_link, timeout="5s")
    site.get("/page")
    slow_link.delay = 2.0
    begin = time.monotonic()
    for _ in range(10):
        assert site.get("/page").header("X-New") == "1"
    assert time.monotonic() - begin < 1.0
    assert redis.calls("hmget") == 0


@pytest.mark.parametrize("target, headers", [
    ("/x.css", {}), ("/a/b.png", {}), ("/x.js", {}), ("/x.woff2", {}),
    ("/data", {"Sec-Fetch-Dest": "image"}),
    ("/data", {"Sec-Fetch-Dest": "script"}),
    ("/data", {"Sec-Fetch-Dest": "style"})])
def test_assets_never_wait(redis, slow_link, nginx, target, headers):
    """A request that cannot be a page never waits for Redis."""
    site = nginx(BASE + BY_ARG, conf.echo("visitor", location="/"),
                 redis=slow_link, timeout="5s")
    put(redis, "anna", "company", "ACME")
    site.get("/?v=warm")
    slow_link.delay = 2.0
    begin = time.monotonic()
    assert site.get(target + "?v=anna", headers).status == 200
    assert time.monotonic() - begin < 1.0


def test_returning_visitor_by_cookie(redis, nginx):
    """The profile belongs to the id in our signed cookie."""
    site = nginx(BASE, PAGE + SHOW, redis=redis, timeout="1s")
    value, visitor = first_visit(site)
    put(redis, visitor, "company", "ACME", "industry", "medical")
    until(lambda: site.vars("/vars", jar(value))["industry"] == "medical", 3,
          "the profile")
    other, _ = first_visit(site)
    assert site.vars("/vars", jar(other))["profile_company"] == ""


def test_profiles_do_not_mix(redis, nginx):
    """Hundreds of visitors at once: everyone gets their own."""
    site = nginx(BASE + BY_ARG, SHOW + STATUS, redis=redis, timeout="2s",
                 workers=2)
    until(lambda: redis.calls("script|load") >= 2, what="both workers")
    for n in range(300):
        put(redis, f"v{n}", "company", f"c{n}")
    wrong = []

    def walk(start):
        with site.session() as session:
            for n in range(300):
                who = (start + n * 7) % 300
                got = session.get(f"/vars?v=v{who}").vars["profile_company"]
                if got != f"c{who}":
                    wrong.append((who, got))

    threads = [threading.Thread(target=walk, args=(k * 50,))
               for k in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong, wrong[:5]


def test_a_small_zone_evicts(redis, nginx):
    """With more profiles than room every answer is right all the same."""
    site = nginx("exportsite_zone exportsite:1m;" + BASE + BY_ARG,
                 SHOW + STATUS, redis=redis, timeout="2s")
    big = "x" * 400
    for n in range(3000):
        put(redis, f"v{n}", "company", f"{n}-{big}")
    warm(redis, site)
    with site.session() as session:
        for n in list(range(3000)) + [0, 5, 2999, 1500]:
            got = session.get(f"/vars?v=v{n}").vars["profile_company"]
            assert got == f"{n}-{big}" or got == "", n
        got = session.get("/vars?v=v17").vars["profile_company"]
        assert got == f"17-{big}"
    assert site.json()["zone"]["evictions"] > 0


def test_reload_and_killed_worker_keep_profiles(redis, site):
    """The zone outlives a reload and a killed worker."""
    put(redis, "anna", "company", "ACME")
    assert company(site, "anna") == "ACME"
    redis.kill()
    site.reload()
    assert company(site, "anna") == "ACME"
    site.kill9_worker()
    assert company(site, "anna") == "ACME"


# -- profiles that cannot be trusted

@pytest.fixture
def echoing(redis, nginx):
    """A site that puts a profile's field wherever an operator might."""
    site = nginx(
        BASE + BY_ARG + "log_format lf '$exportsite_profile_company|end';",
        "exportsite on; add_header X-Company $exportsite_profile_company;"
        "add_header X-Industry $exportsite_industry;"
        "location / { try_files /$exportsite_profile_company.html"
        " /$exportsite_industry.html $uri $uri/ =404; }"
        "access_log @dir@/access.log lf;" + SHOW,
        redis=redis, timeout="1s")
    site.write("secret.html", "outside of the root")
    return site


@pytest.mark.parametrize("value", [
    b"a\r\nX-Injected: 1", b"a\nX-Injected: 1", b"\r\n\r\n<script>",
    b"a\0b", b"../secret", b"x/../../secret", b"\x7f\x01\x02",
    b"y" * 1000000], ids=lambda v: repr(v[:12]))
def test_hostile_fields(redis, echoing, value):
    """A hostile field becomes neither header nor path, and no harm."""
    for field in ("company", "industry", "language"):
        put(redis, "evil", field, value)
    reply = echoing.get("/?v=evil")
    assert reply.status == 200
    assert "Pumps" in reply.text
    assert reply.header("X-Injected") is None
    assert reply.header("X-Industry") is None
    for line in ("\r", "\n", "\0"):
        assert line not in reply.header("X-Company", "")
    assert echoing.get("/?v=nobody").status == 200


def test_hostile_field_does_not_break_a_line_of_the_log(redis, echoing):
    """A log line stays one line."""
    put(redis, "evil", "company", b"a\r\nb")
    echoing.get("/?v=evil")
    text = until(lambda: echoing.read("access.log"), what="the log")
    assert text.count("\n") == 1


@pytest.mark.parametrize("command", [
    ("SET", "x"), ("RPUSH", "a", "b"), ("SADD", "company")])
def test_wrong_type_of_key(redis, site, command):
    """A profile that is no hash: the baseline, and no harm."""
    redis(command[0], "es:profile:odd", *command[1:])
    assert site.vars("/vars?v=odd")["industry"] == ""
    put(redis, "anna", "company", "ACME")
    assert company(site, "anna") == "ACME"


def test_a_huge_profile(redis, site):
    """Ten thousand fields of no interest cost nothing."""
    pairs = [w for n in range(10000) for w in (f"f{n}", "x" * 50)]
    put(redis, "huge", *pairs, "company", "ACME")
    assert company(site, "huge") == "ACME"


def test_numbers_that_are_none(redis, nginx):
    """Odd numbers in visits and views make no rule true by accident."""
    site = nginx(
        BASE + BY_ARG + conf.choices([("visits >= 3", "yes")]),
        conf.echo("$choice"), redis=redis, timeout="1s")
    for n, value in enumerate(["", "x", "-5", "1e", "0x10", "nan", "3 x",
                               "١٢"]):
        put(redis, f"n{n}", "visits", value)
        assert site.vars(f"/vars?v=n{n}")["choice"] == "none", value


def test_counts_on_the_status_page(redis, site):
    """Hits, misses, and unknown visitors are counted."""
    put(redis, "anna", "company", "ACME")
    for _ in range(5):
        company(site, "anna")
    for _ in range(2):
        company(site, "nobody")
    got = site.json()["profiles"]
    assert got["hits"] >= 4
    assert got["misses"] >= 1
    assert got["waits"] >= 1
    assert got["unknown"] >= 1
