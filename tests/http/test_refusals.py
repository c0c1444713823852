"""Redis refuses, or answers what nobody expects; requests that nginx itself
refuses; other modules beside ours: pages as ever, and nothing lost."""

import os
import shutil
import subprocess
import time

import pytest

import conf
import webserver
from cookies import PAGE
from fakeredis import INVALIDATE, HangUp, array, bulk
from wait import until

BASE = ("exportsite_secret @dir@/secret; exportsite_consent on;\n"
        "exportsite_visitor $arg_v;\n")
LINK = "exportsite_redis @redis@ timeout=1s;" + BASE
SHOW = conf.echo("profile_company", "segments")
STATUS = "location = /status { exportsite_status; }\n"
NCHAN = "/usr/lib/nginx/modules/ngx_nchan_module.so"


def company(site, visitor):
    return site.vars(f"/vars?v={visitor}")["profile_company"]


def views(site, count):
    """The ids of `count` new views."""
    ids = []
    with site.session() as session:
        for _ in range(count):
            reply = session.get("/page?v=anna")
            assert reply.status == 200
            ids.append(reply.header("X-Event"))
    return ids


def written(redis):
    return [event["id"] for event in redis.stream()]


def as_web(redis, nginx, *rights, link="", more=""):
    """An nginx whose user in Redis has these rights only."""
    redis("ACL", "SETUSER", "web", "on", ">pass", "~es:*", *rights)
    site = nginx(f"exportsite_redis @redis@ user=web password_file=@dir@/pw "
                 f"timeout=1s {link};" + BASE + more, SHOW + PAGE + STATUS,
                 redis=redis, start=False)
    site.write("pw", "pass")
    site.start()
    return site


# -- what nginx refuses before there is a path

@pytest.mark.parametrize("line, status", [
    (b"GET /\x01 HTTP/1.1", 400),
    (b"GET /?n=\x01 HTTP/1.1", 400),
    (b"GET /" + b"a" * 40000 + b" HTTP/1.1", 414),
    (b"GET /?n=" + b"a" * 40000 + b" HTTP/1.1", 414),
], ids=["path", "arguments", "long path", "long arguments"])
def test_error_page_of_a_refused_request(redis, nginx, line, status):
    """Its error page is a request without a path: it comes all the same."""
    site = nginx(LINK + conf.choices([("query.n exists", "yes")]),
                 "exportsite on; error_page 400 414 /a.html;\n"
                 "add_header X-Choice $choice always;", redis=redis)
    site.write("html/a.html", "<p>a refusal of our own</p>")
    answer = site.raw(line + b"\r\nHost: localhost\r\n\r\n")
    assert answer.split(b" ", 2)[1] == b"%d" % status
    assert b"a refusal of our own" in answer
    assert b"X-Choice: none" in answer
    assert "malloc" not in site.log()


# -- rights that are missing

def test_no_right_to_set(redis, nginx):
    """A batch whose mark may not be kept is not written at all, then once."""
    site = as_web(redis, nginx, "&*", "+@all", "-set")
    ids = views(site, 20)
    until(lambda: redis.calls("evalsha") >= 3, 5, "attempts")
    assert redis("XLEN", "es:events") <= 20
    redis("ACL", "SETUSER", "web", "+set")
    until(lambda: redis("XLEN", "es:events") >= 20, 4, "the events")
    until(lambda: site.json()["events"]["queued"] == 0, what="empty queue")
    assert written(redis) == ids


def test_no_right_to_subscribe(redis, nginx):
    """Pages, segments by `refresh`, and a log that says what is missing."""
    redis("HSET", "es:profile:anna", "company", "ACME")
    site = as_web(redis, nginx, "resetchannels", "+@all", link="refresh=1s")
    begin = time.monotonic()
    until(lambda: company(site, "anna") == "ACME", 2, "the profile")
    redis("HSET", "es:segments", "one", "method = GET")
    until(lambda: site.vars()["segments"] == "one", 3, "the segment")
    ids = views(site, 3)
    assert [event["id"] for event in redis.events(3)] == ids
    until(lambda: INVALIDATE.decode() in site.log(), 10, "what is missing")
    time.sleep(max(0.0, 3 - (time.monotonic() - begin)))
    ours = [line for line in site.log().splitlines() if "exportsite:" in line]
    assert len(ours) <= 6, "\n".join(ours)


def test_right_to_script_given_later(redis, nginx):
    """Events queued while scripts were refused are sent soon after."""
    site = as_web(redis, nginx, "&*", "+@all", "-script")
    ids = views(site, 10)
    time.sleep(0.3)
    assert redis("XLEN", "es:events") == 0
    redis("ACL", "SETUSER", "web", "+script")
    until(lambda: redis("XLEN", "es:events") >= 10, 3, "the events")
    assert written(redis) == ids


# -- what a profile is not

@pytest.fixture
def short(fake, nginx):
    """An nginx that reads a profile anew after a second."""
    fake.profiles["warm"] = {"company": "ACME"}
    site = nginx(LINK + "exportsite_profile ttl=1s;", SHOW + PAGE,
                 redis=fake)
    until(lambda: company(site, "warm") == "ACME", 3, "the profile")
    return site


def refuse(fake, command, line):
    def answer(words):
        return line + b"\r\n" if words[0] == command else None
    fake.answer = answer


@pytest.mark.parametrize("line", [
    b"-BUSY a script is running", b"-LOADING the data", b"-MOVED 1 1.2.3.4:1",
    b"*1\r\n$1\r\nx\r\n", b"*0", b":1", b"$-1",
], ids=lambda line: line.split()[0].decode())
def test_no_answer_is_not_no_profile(fake, short, line):
    """What is in the zone stays in force; others get the baseline."""
    refuse(fake, b"HMGET", line)
    time.sleep(1.1)
    asked = fake.asked["HMGET"]
    assert company(short, "warm") == "ACME"         # stale: it is read anew
    until(lambda: fake.asked["HMGET"] > asked, 2, "the reading")
    time.sleep(0.05)
    for _ in range(5):
        assert company(short, "warm") == "ACME"
    fake.profiles["cold"] = {"company": "Cold"}
    begin = time.monotonic()
    assert company(short, "cold") == ""
    assert time.monotonic() - begin < 0.5
    fake.answer = None
    until(lambda: company(short, "cold") == "Cold", 3, "the profile")


def test_wrong_type_is_no_profile(fake, short):
    """A key that is no hash any more: a visitor without profile."""
    refuse(fake, b"HMGET", b"-WRONGTYPE not a hash")
    time.sleep(1.1)
    until(lambda: company(short, "warm") == "", 3, "the profile to go")


# -- answers that nobody expects

STRANGE = [
    b"*0\r\n", b"*1\r\n$1\r\nx\r\n", b"*1\r\n:1\r\n", b"*-1\r\n",
    array(array(bulk("a")), array(array(b":1\r\n"))),
    array(array(b":1\r\n"), array(b":1\r\n"), b":1\r\n"),
    b"$-1\r\n", b":1\r\n", b"+OK\r\n", b"+PONG\r\n" * 9,
    b"\0\xff what is this\r\n", b"",
]
MESSAGES = [
    array(bulk("subscribe"), b"+" + INVALIDATE + b"\r\n", b":1\r\n"),
    array(b"+message\r\n", bulk(INVALIDATE), b":1\r\n"),
    array(b"-message\r\n", bulk(INVALIDATE), b":1\r\n"),
    array(bulk("subscribe"), b"-x\r\n", b":1\r\n"),
    array(bulk("subscribe"), array(bulk("x")), b":1\r\n"),
    array(bulk("subscribe"), bulk("another"), b":1\r\n"),
    array(bulk("message"), bulk(INVALIDATE)),
    array(bulk("message"), bulk(INVALIDATE), array(array(), b":1\r\n")),
    array(bulk("unsubscribe"), bulk(INVALIDATE), bulk("x")),
    array(bulk("pmessage"), bulk("*"), bulk(INVALIDATE), bulk("x")),
]


@pytest.mark.parametrize("command, answers", [
    (command, STRANGE) for command in (
        "PING", "CLIENT", "SCRIPT", "EVALSHA", "HLEN", "HGETALL", "HMGET",
        "SUBSCRIBE")
] + [("SUBSCRIBE", MESSAGES)],
    ids=lambda value: value if isinstance(value, str) else
    "messages" if value is MESSAGES else "any")
def test_strange_answers(fake, nginx, command, answers):
    """Pages only, no worker dies, and all is back with a good server."""
    left = list(answers)

    def answer(words):
        if words[0].decode() == command and left:
            raise HangUp(left.pop(0))

    fake.answer = answer
    site = nginx("exportsite_redis @redis@ timeout=20ms refresh=1s;" + BASE
                 + "exportsite_stream events flush=10ms;",
                 SHOW + PAGE, redis=fake, workers=3)
    pids = site.workers()
    end = time.monotonic() + 15
    n = 0
    while left and time.monotonic() < end:
        n += 1
        assert site.get(f"/page?v=cold{n}").status == 200
        time.sleep(0.01)
    assert not left, "the command did not come any more"
    time.sleep(0.05)
    assert site.workers() == pids, site.log()[-2000:]

    fake.segments["one"] = "method = GET"
    fake.profiles.update({f"back{k}": {"company": "ACME"}
                          for k in range(1000)})
    again = iter(range(1000))
    until(lambda: site.vars(f"/vars?v=back{next(again)}") == {
        "profile_company": "ACME", "segments": "one"}, 5, "the module",
        every=0.02)
    last = site.get("/page?v=anna").header("X-Event")
    until(lambda: last in [event["id"] for event in fake.events], 4,
          "the event")


def test_an_answer_that_is_no_number_takes_no_events(fake, nginx):
    """A batch is written only where the script's number says so."""
    site = nginx(LINK, PAGE + STATUS, redis=fake)
    refuse(fake, b"EVALSHA", b"+OK")
    ids = views(site, 5)
    until(lambda: fake.asked["EVALSHA"], 2, "the batch")
    time.sleep(0.1)
    fake.answer = None
    until(lambda: len(fake.events) >= 5, 4, "the events")
    assert [event["id"] for event in fake.events] == ids


# -- batches that are refused

def test_refused_batches_are_no_flood(redis, nginx):
    """One attempt a second however much waits; then all, in order."""
    redis("SET", "es:events", "x")
    site = nginx(LINK, PAGE + STATUS, redis=redis)
    ids = views(site, 800)              # far more than 64 KB
    before = redis.calls("evalsha")
    end = time.monotonic() + 3
    while time.monotonic() < end:
        ids += views(site, 5)
        time.sleep(0.02)
    assert redis.calls("evalsha") - before < 10
    assert redis.calls("evalsha") > 1
    redis("DEL", "es:events")
    until(lambda: redis("XLEN", "es:events") >= len(ids), 5, "the events")
    assert written(redis) == ids


def test_a_script_that_never_stays_is_no_flood(fake, nginx):
    """SCRIPT LOAD goes well and the script is unknown all the same."""
    site = nginx(LINK, PAGE, redis=fake)
    refuse(fake, b"EVALSHA", b"-NOSCRIPT No matching script")
    ids = views(site, 5)
    until(lambda: fake.asked["EVALSHA"], 2, "the batch")
    time.sleep(1)
    assert fake.asked["EVALSHA"] < 10
    assert fake.asked["SCRIPT"] < 10
    fake.answer = None
    until(lambda: len(fake.events) >= 5, 4, "the events")
    assert [event["id"] for event in fake.events] == ids


# -- a connection lost

@pytest.mark.parametrize("when", ["away", "back"])
def test_profile_changed_after_a_lost_connection(redis, nginx, when):
    """What was read over it is read anew, long before ttl (60 s)."""
    redis("HSET", "es:profile:anna", "company", "old")
    site = nginx(LINK, SHOW + STATUS, redis=redis)
    until(lambda: b"sub=1" in redis("CLIENT", "LIST"), 3, "the listener")
    assert company(site, "anna") == "old"
    assert redis("CLIENT", "KILL", "TYPE", "normal") == 1
    if when == "back":
        until(lambda: site.json()["redis"]["reconnects"] == 1
              and site.json()["redis"]["state"] == "connected", 3, "it back")
    redis("HSET", "es:profile:anna", "company", "new")
    until(lambda: company(site, "anna") == "new", 3, "the change")


# -- who waits

def test_what_cannot_be_a_page_never_waits(redis, slow_link, nginx):
    """An asset's path, or a Sec-Fetch-Dest that says so: each is enough."""
    site = nginx("exportsite_redis @redis@ timeout=5s;" + BASE,
                 conf.echo("profile_company", location="/"), redis=slow_link)
    until(lambda: redis.calls("hmget") or company(site, "warm") is None, 3,
          "a connection")

    def seconds(target, dest):
        begin = time.monotonic()
        site.vars(target, {"Sec-Fetch-Dest": dest} if dest else {})
        return time.monotonic() - begin

    slow_link.delay = 0.7
    for n, (path, dest) in enumerate([
            ("/x.png", "document"), ("/x.css", "iframe"), ("/x.js", None),
            ("/x.png", "image"), ("/page", "image"), ("/page", "script")]):
        assert seconds(f"{path}?v=cold{n}", dest) < 0.4, (path, dest)
    assert seconds("/page?v=cold90", "document") > 0.6
    assert seconds("/page?v=cold91", None) > 0.6


# -- a rewrite on the way

@pytest.mark.parametrize("args", ["y=operator&utm_source=operator",
                                  "y=operator&utm_source=operator?"],
                         ids=["added", "instead"])
def test_a_rewrite_hides_nothing_of_the_client(redis, nginx, args):
    """Rules and events see the path and the arguments that the client sent."""
    site = nginx(
        LINK + conf.choices([("query.y = client and path = '/shop/ä'",
                              "yes")], "$seen"),
        f"rewrite ^ /x?{args} last;\n"
        "location = /x { exportsite on; default_type text/html; "
        "return 200 '$seen $arg_y'; }\n", redis=redis)
    reply = site.get("/shop/%C3%A4?y=client&utm_source=letter&v=anna")
    assert reply.text == "yes operator"
    event = redis.events(1)[0]
    assert event["path"] == "/shop/ä"
    assert event["source"] == "letter"


# -- a reload, and other modules

def test_reload_with_more_workers_keeps_the_queue(redis, nginx):
    """worker_processes 2 to 3 while Redis is away: nothing is lost."""
    site = nginx(LINK, PAGE + STATUS, redis=redis, workers=2)
    redis.kill()
    ids = views(site, 50)
    site.reload(workers=3)
    ids += views(site, 20)
    until(lambda: site.json()["events"]["queued"] >= 70, 3, "the queue")
    redis.start()
    until(lambda: len(redis.stream()) >= 70, 8, "all events")
    assert sorted(written(redis)) == sorted(ids)
    assert site.json()["events"]["lost"] == 0


@pytest.mark.skipif(not os.path.exists(NCHAN),
                    reason="libnginx-mod-nchan is not installed")
def test_beside_nchan(redis, nginx):
    """A module that brings a hiredis of its own, loaded before ours."""
    site = nginx(LINK, SHOW + PAGE, redis=redis, start=False)
    site.names["load"] = f"load_module {NCHAN};" + site.names["load"]
    site.start()
    redis("HSET", "es:profile:anna", "company", "ACME")
    until(lambda: company(site, "anna") == "ACME", 3, "the profile")
    ids = views(site, 3)
    assert [event["id"] for event in redis.events(3)] == ids


def static_hiredis():
    """The static library that the build takes where it is there."""
    try:
        path = subprocess.run(
            [os.environ.get("CC", "cc"), "-print-file-name=libhiredis.a"],
            capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None
    return path if os.path.isabs(path) and os.path.exists(path) else None


@pytest.mark.skipif(not shutil.which("nm") or not static_hiredis(),
                    reason="no libhiredis.a, or no nm")
def test_hiredis_is_not_shared():
    """The module takes hiredis from nobody, and gives it to nobody."""
    names = subprocess.run(["nm", "-D", webserver.MODULE], check=True,
                           capture_output=True, text=True).stdout
    assert "ngx_exportsite_module" in names
    assert not [line for line in names.splitlines()
                if line.split()[-1].startswith("redis")]
