"""How Redis is reached: addresses, passwords, databases, prefixes."""

import pytest

import conf
import webserver
from cookies import PAGE
from wait import until

BASE = ("exportsite_consent on; exportsite_visitor $arg_v;"
        "exportsite_secret @dir@/secret;\n")
SHOW = conf.echo("profile_company", "segments")
STATUS = "location = /status { exportsite_status; }\n"


def works(site, redis, prefix="es:"):
    """Profiles, segments and the stream all go through."""
    redis("HSET", prefix + "profile:anna", "company", "ACME")
    redis("HSET", prefix + "segments", "one", "method = GET")
    until(lambda: site.vars("/vars?v=anna") == {
        "profile_company": "ACME", "segments": "one"}, 3, "the profile")
    site.get("/page?v=anna")
    until(lambda: redis("EXISTS", prefix + "events"), 3, "the stream")
    event = redis.events(1, prefix + "events")[0]
    assert event["visitor"] == "anna" and event["path"] == "/page"


def test_unix_socket(redis, nginx):
    """unix:/path"""
    works(nginx("exportsite_redis @redis@;" + BASE, SHOW + PAGE, redis=redis),
          redis)


def test_tcp(new_redis, nginx):
    """host:port"""
    redis = new_redis(tcp=True)
    works(nginx("exportsite_redis @redis@;" + BASE, SHOW + PAGE, redis=redis),
          redis)


def test_name_is_resolved_at_start(new_redis, nginx):
    """A name is resolved when nginx starts."""
    redis = new_redis(tcp=True)
    works(nginx("exportsite_redis localhost:@rport@;" + BASE, SHOW + PAGE,
                rport=redis.port), redis)


def test_ipv6(new_redis, nginx):
    """[v6]:port"""
    redis = new_redis(tcp=True, options=["--bind", "::1"])
    works(nginx("exportsite_redis [::1]:@rport@;" + BASE, SHOW + PAGE,
                rport=redis.port), redis)


def test_password(new_redis, nginx):
    """password_file= holds the password."""
    redis = new_redis(options=["--requirepass", "s3cret word"])
    redis.login = ("s3cret word",)
    site = nginx("exportsite_redis @redis@ password_file=@dir@/pw;" + BASE,
                 SHOW + PAGE + STATUS, redis=redis, start=False)
    site.write("pw", "s3cret word\n")
    site.start()
    works(site, redis)
    assert "s3cret" not in site.log() + site.get("/status").text


def test_user_and_password(new_redis, nginx):
    """user= and password_file= for an ACL user."""
    redis = new_redis()
    redis("ACL", "SETUSER", "web", "on", ">pass", "~es:*", "&*", "+@all")
    redis("ACL", "SETUSER", "default", "resetpass", ">other")
    redis.login = ("other",)
    site = nginx("exportsite_redis @redis@ user=web password_file=@dir@/pw;"
                 + BASE, SHOW + PAGE, redis=redis, start=False)
    site.write("pw", "pass")
    site.start()
    works(site, redis)


def test_wrong_password(new_redis, nginx):
    """With a wrong password the site serves its baseline and says why."""
    redis = new_redis(options=["--requirepass", "right"])
    redis.login = ("right",)
    site = nginx("exportsite_redis @redis@ password_file=@dir@/pw;" + BASE,
                 SHOW + PAGE + STATUS, redis=redis, start=False)
    site.write("pw", "wrong")
    site.start()
    for _ in range(5):
        assert site.get("/page?v=anna").status == 200
    until(lambda: site.json()["redis"].get("error"), 3, "the error")
    assert "wrong" not in site.json()["redis"]["error"].split()
    assert site.json()["redis"]["state"] != "connected"


def test_database_and_prefix(redis, nginx):
    """db= and prefix= hold for all keys; nothing is written elsewhere."""
    site = nginx("exportsite_redis @redis@ db=5 prefix=shop:;" + BASE,
                 SHOW + PAGE, redis=redis)
    redis("SELECT", 5)
    works(site, redis, "shop:")
    keys = redis("KEYS", "*")
    assert keys and all(key.startswith(b"shop:") for key in keys)
    redis("SELECT", 0)
    assert redis("DBSIZE") == 0


def test_all_keys_have_the_prefix(redis, nginx):
    """All keys begin with `es:`."""
    site = nginx("exportsite_redis @redis@;" + BASE, SHOW + PAGE, redis=redis)
    works(site, redis)
    redis("HSET", "es:segments", "bad", "((")
    until(lambda: redis("EXISTS", "es:errors"), 3, "es:errors")
    assert all(key.startswith(b"es:") for key in redis("KEYS", "*"))


@pytest.mark.parametrize("form", ["127.0.0.1:1", "unix:/nowhere/redis.sock",
                                  "[::1]:1"])
def test_check_never_needs_redis(form):
    """nginx -t is content without a Redis."""
    assert webserver.check(f"exportsite_redis {form};", "exportsite on;").ok


def test_few_connections(redis, nginx):
    """A worker holds a few connections, whatever the number of requests."""
    site = nginx("exportsite_redis @redis@;" + BASE, SHOW + PAGE, redis=redis,
                 workers=2)
    for n in range(100):
        site.get(f"/page?v=v{n}")
    for _ in range(3):
        site.reload()
    clients = redis("CLIENT", "LIST").decode().strip().splitlines()
    assert len(clients) - 1 <= 2 * 3
