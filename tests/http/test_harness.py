"""The tests' own tools: they must notice what they are there to notice."""

import time

import pytest

import conf
import resp
import webserver
from slowlink import SlowLink


def test_serves_reloads_and_stops(nginx):
    """A started nginx answers, and its workers change with a reload."""
    site = nginx(server="location = /v { return 200 one; }", module=False,
                 workers=2)
    assert site.get("/v").text == "one"
    assert "Pumps" in site.get("/").text
    old = site.workers()
    assert len(old) == 2
    site.reload(server="location = /v { return 200 two; }")
    assert site.get("/v").text == "two"
    assert not set(old) & set(site.workers())


def test_echo_and_client_address(nginx):
    """echo() gives variables, X-Forwarded-For the client's address."""
    site = nginx(server=conf.echo("$remote_addr", "$arg_x", extra=""),
                 module=False)
    got = site.vars("/vars?x=1=2", {"X-Forwarded-For": "192.0.2.7"})
    assert got == {"remote_addr": "192.0.2.7", "arg_x": "1=2"}


def test_closing_fails_on_a_killed_worker():
    """A worker that died is a failure, unless the test killed it."""
    site = webserver.Nginx(module=False)
    site.kill9_worker()
    assert site.get("/").status == 200
    assert not site.complaints()
    site.killed.clear()
    with pytest.raises(AssertionError, match="exited on signal 9"):
        site.close()


def test_check_names_file_and_line():
    """conf_error() knows which line nginx complains about."""
    bad = webserver.conf_error("sendfile on;\nsendfile maybe;", module=False)
    assert bad.source.strip() == "sendfile maybe;"
    assert webserver.check("sendfile on;", module=False).ok


def test_quote_keeps_a_rule_as_it_is(nginx):
    """quote() gives nginx exactly the text, backslashes and quotes too."""
    text = r'a "b" \d \\ \n \" end'
    site = nginx(f"map $arg_x $y {{ default {conf.quote(text)}; }}",
                 conf.echo("$y", extra=""), module=False)
    assert site.vars()["y"] == text


def test_a_missing_name_is_an_error():
    """A name in a snippet that nobody defined does not reach nginx."""
    with pytest.raises(KeyError, match="@nothing@"):
        conf.fill("a @nothing@", {})


def test_redis_lives_and_dies(new_redis):
    """Commands work; a killed server comes back empty, or with its AOF."""
    for aof in (False, True):
        redis = new_redis(aof=aof)
        redis("HSET", "h", "a", "1")
        assert redis("HGETALL", "h") == [b"a", b"1"]
        assert redis.calls("hset") == 1
        with pytest.raises(resp.RedisError, match="WRONGTYPE"):
            redis("GET", "h")
        if aof:
            time.sleep(1.2)             # everysec
        redis.restart()
        assert redis("EXISTS", "h") == int(aof)


def test_redis_stream_as_dicts(redis):
    """Stream entries come back with their fields in order."""
    redis("XADD", "es:events", "*", "id", "a", "type", "view")
    assert redis.entries() == [[("id", "a"), ("type", "view")]]
    assert redis.events(1) == [{"id": "a", "type": "view"}]


def test_slow_link(redis, slow_link):
    """The link delays, swallows and cuts."""
    link = resp.Connection(slow_link.path)
    assert link.command("PING") == b"PONG"
    slow_link.delay = 0.2
    start = time.monotonic()
    link.pipeline([["PING"]] * 10)
    assert 0.2 <= time.monotonic() - start < 1.0
    slow_link.delay = 0
    slow_link.cut()
    with pytest.raises((ConnectionError, OSError)):
        link.command("PING")
    link.close()
    link = resp.Connection(slow_link.path, timeout=0.3)
    slow_link.swallow = True
    with pytest.raises(OSError):
        link.command("SET", "x", "1")
    assert redis("GET", "x") == b"1"
    link.close()
    assert isinstance(slow_link, SlowLink)
