"""Country and place: MMDB files of any make, the ladder, and new files."""

import os
import shutil
import threading
import time

import pytest

import conf
import httpclient
import mmdb as db
import webserver
from mmdb import client
from wait import until

SHOW = conf.echo("country", "country_source")
STATUS = "location = /status { exportsite_status; }\n"
GRAZ = {"city": {"names": {"en": "Graz", "de": "Graz"}},
        "continent": {"code": "EU", "names": {"en": "Europe"}},
        "country": {"iso_code": "AT", "names": {"en": "Austria"}},
        "location": {"latitude": 47.07, "longitude": 15.44},
        "subdivisions": [{"iso_code": "6", "names": {"en": "Styria"}}]}
ASN = {"autonomous_system_number": 8447,
       "autonomous_system_organization": "A1 Telekom Austria AG"}


@pytest.fixture(scope="module")
def world(module_nginx, mmdb):
    return module_nginx("exportsite_geo @world@;", SHOW, world=mmdb.world())


@pytest.mark.parametrize("address, want", [
    (db.AT, "AT"), (db.DE, "DE"), (db.CH, "CH"), (db.JP, "JP"),
    ("192.0.2.63", "AT"), ("192.0.2.64", "DE"), (db.AT6, "AT"),
    ("2001:db8:a:ffff::", "AT"), ("::ffff:192.0.2.1", "AT"),
    (db.UNKNOWN, "XX"), ("2001:db8:b::1", "XX"), ("127.0.0.1", "XX"),
    ("::1", "XX"), ("0.0.0.0", "XX"), ("255.255.255.255", "XX")])
def test_country_of_an_address(world, address, want):
    """IPv4, IPv6 and mapped addresses; who is unknown is XX."""
    got = world.vars("/vars", client(address))
    assert got["country"] == want
    if want != "XX":
        assert got["country_source"] == "geo"


def test_without_database(nginx):
    """Without a database every country is XX."""
    assert nginx("", SHOW).vars()["country"] == "XX"


def test_unix_socket_client(nginx, mmdb):
    """A client on a unix socket has no country, and realip may give one."""
    site = nginx("exportsite_geo @world@;", "listen unix:@dir@/web.sock;"
                 + SHOW, world=mmdb.world())
    path = site.path("web.sock")
    reply = httpclient.request(path, "GET", "/vars")
    assert reply.vars["country"] == "XX"
    reply = httpclient.request(path, "GET", "/vars", client(db.JP))
    assert reply.vars["country"] == "JP"


def test_ipv6_client(nginx, mmdb):
    """A server that listens on IPv6 takes mapped clients for IPv4."""
    base = mmdb([("127.0.0.0/8", db.country("LI"))])
    site = nginx("exportsite_geo @base@;", SHOW,
                 listen="[::]:@port@ ipv6only=off", base=base)
    assert site.vars()["country"] == "LI"
    reply = httpclient.request(("::1", site.port), "GET", "/vars")
    assert reply.vars["country"] == "XX"


def test_country_code_at_the_top(nginx, mmdb):
    """A database with `country_code` needs no setting."""
    base = mmdb([("192.0.2.0/24", {"country_code": "AT"})],
                kind="geo-whois-asn-country", version=4)
    site = nginx("exportsite_geo @base@;", SHOW, base=base)
    assert site.vars("/vars", client(db.AT))["country"] == "AT"
    assert site.vars("/vars", client(db.AT6))["country"] == "XX"


def test_named_path(nginx, mmdb):
    """country=PATH names where the country lies."""
    site = nginx("exportsite_geo @world@ "
                 "country=registered_country.iso_code;", SHOW,
                 world=mmdb.world())
    assert site.vars("/vars", client(db.CH))["country"] == "DE"
    assert site.vars("/vars", client(db.AT))["country"] == "AT"


def test_several_databases(nginx, mmdb):
    """The first database that knows a field gives it."""
    city = mmdb([("192.0.2.0/26", GRAZ)], kind="GeoLite2-City")
    asn = mmdb([("192.0.2.0/24", ASN)], kind="GeoLite2-ASN")
    first = mmdb([("192.0.2.64/26", db.country("LI"))])
    site = nginx(
        "exportsite_geo @first@; exportsite_geo @city@;"
        "exportsite_geo @asn@; exportsite_geo @world@;",
        conf.echo("country", "continent", "city", "asn", "organization",
                  "region"),
        world=mmdb.world(), city=city, asn=asn, first=first)
    got = site.vars("/vars", client(db.AT))
    assert got.pop("region")
    assert got == {"country": "AT", "continent": "EU", "city": "Graz",
                   "asn": "8447", "organization": "A1 Telekom Austria AG"}
    got = site.vars("/vars", client(db.DE))
    assert got["country"] == "LI" and got["asn"] == "8447"
    assert got["city"] == ""
    assert site.vars("/vars", client(db.JP)) == {
        "country": "JP", "continent": "AS", "city": "", "asn": "",
        "organization": "", "region": ""}


@pytest.mark.parametrize("record", [
    {"country": {"iso_code": "AUT"}}, {"country": {"iso_code": "A"}},
    {"country": {"iso_code": "A\n"}}, {"country": {"iso_code": 7}},
    {"country": {"iso_code": ["AT"]}},
    {"country": {"iso_code": ""}}, {"other": "AT"}, {}])
def test_odd_records(nginx, mmdb, record):
    """A record without two letters in the right place is XX."""
    base = mmdb([("192.0.2.0/24", record),
                 ("198.51.100.0/24", db.country("JP"))])
    site = nginx("exportsite_geo @base@;", SHOW, base=base)
    assert site.vars("/vars", client(db.AT))["country"] == "XX"
    assert site.vars("/vars", client(db.JP))["country"] == "JP"


# -- the ladder

def test_ladder(nginx, mmdb):
    """Sources in their order; what is not two letters is passed over."""
    site = nginx(
        "exportsite_geo @world@; exportsite_country_from $http_cf_ipcountry"
        " header:X-Country cookie:cc arg:cc geo;", SHOW, world=mmdb.world())
    home = client(db.JP)

    def ask(target="/vars", **more):
        return site.vars(target, {
            **home, **{k.replace("_", "-"): v for k, v in more.items()}})

    assert ask()["country"] == "JP" and ask()["country_source"] == "geo"
    assert ask(CF_IPCountry="AT")["country"] == "AT"
    assert ask(CF_IPCountry="AT", X_Country="FR")["country"] == "AT"
    got = ask(X_Country="FR", Cookie="cc=CH")
    assert got["country"] == "FR"
    assert got["country_source"].startswith("header")
    got = ask("/vars?cc=DE", Cookie="a=b; cc=CH")
    assert got["country"] == "CH"
    assert got["country_source"].startswith("cookie")
    got = ask("/vars?cc=DE")
    assert got["country"] == "DE"
    assert got["country_source"].startswith("arg")
    for bad in ("", "A", "AUT", "A1", "T1", "..", "A\u00e9", "12", "A ", "--"):
        got = ask(CF_IPCountry=bad)
        assert got["country"] == "JP", bad


def test_ladder_without_geo(nginx, mmdb):
    """Where the ladder does not name `geo`, the database is not asked."""
    site = nginx("exportsite_geo @world@; exportsite_country_from arg:cc;",
                 SHOW, world=mmdb.world())
    assert site.vars("/vars?cc=FR", client(db.JP))["country"] == "FR"
    assert site.vars("/vars", client(db.JP))["country"] == "XX"


def test_ladder_of_a_location(nginx, mmdb):
    """A location may have a ladder of its own."""
    site = nginx(
        "exportsite_geo @world@;", SHOW + conf.echo(
            "country", location="= /own", extra="exportsite on; "
            "exportsite_country_from arg:cc geo;"), world=mmdb.world())
    head = client(db.JP)
    assert site.vars("/vars?cc=FR", head)["country"] == "JP"
    assert site.vars("/own?cc=FR", head)["country"] == "FR"


# -- databases that change

@pytest.fixture
def changing(nginx, mmdb):
    """A site whose database is read again every second."""
    site = nginx("exportsite_geo @dir@/geo.mmdb auto_reload=1s;",
                 SHOW + STATUS, workers=2, start=False)
    shutil.copy(mmdb.world(), site.path("geo.mmdb"))
    return site.start()


def country(site):
    return site.vars("/vars", client(db.AT))["country"]


def other(mmdb, code):
    return mmdb([("192.0.2.0/24", db.country(code))])


def wait_country(site, code):
    """Wait until both workers (by many new connections) say `code`."""
    until(lambda: all(country(site) == code for _ in range(8)), 5,
          f"country {code}", every=0.1)


def test_new_file_by_rename(changing, mmdb):
    """A file renamed into place is taken."""
    assert country(changing) == "AT"
    shutil.copy(other(mmdb, "LI"), changing.path("new"))
    os.rename(changing.path("new"), changing.path("geo.mmdb"))
    wait_country(changing, "LI")


def test_new_file_overwritten_in_place(changing, mmdb):
    """A file overwritten in place is taken, and no request fails."""
    failures = []
    stop = threading.Event()

    def load():
        while not stop.is_set():
            try:
                if country(changing) not in ("AT", "LI", "FL"):
                    failures.append("wrong country")
            except Exception as error:
                failures.append(repr(error))

    thread = threading.Thread(target=load)
    thread.start()
    for code in ("LI", "FL"):
        shutil.copyfile(other(mmdb, code), changing.path("geo.mmdb"))
        wait_country(changing, code)
    stop.set()
    thread.join()
    assert not failures


@pytest.mark.parametrize("how", ["empty", "truncated", "text", "gone",
                                 "zeros", "half"])
def test_broken_file_keeps_the_old_one(changing, mmdb, how):
    """Whatever becomes of the file, the last good one answers."""
    path = changing.path("geo.mmdb")
    with open(path, "rb") as file:
        good = file.read()
    if how == "gone":
        os.unlink(path)
    else:
        with open(path, "wb") as file:          # the same inode: in place
            file.write({"empty": b"", "text": b"not a database\n" * 100,
                        "truncated": good[:-20], "half": good[:len(good) // 2],
                        "zeros": bytes(len(good))}[how])
    for _ in range(25):
        assert country(changing) == "AT"
        time.sleep(0.1)
    shown = changing.json()["databases"][0]
    assert shown["error"] or shown["errors"], shown
    changing.kill9_worker()
    assert country(changing) == "AT"
    shutil.copy(other(mmdb, "LI"), changing.path("new"))
    os.rename(changing.path("new"), path)
    wait_country(changing, "LI")


def test_without_auto_reload(nginx, mmdb):
    """Without auto_reload a new file counts from the next reload on."""
    site = nginx("exportsite_geo @dir@/geo.mmdb;", SHOW, start=False)
    shutil.copy(mmdb.world(), site.path("geo.mmdb"))
    site.start()
    shutil.copyfile(other(mmdb, "LI"), site.path("geo.mmdb"))
    time.sleep(0.3)
    assert country(site) == "AT"
    site.reload()
    assert country(site) == "LI"


@pytest.mark.parametrize("data", [None, b"", b"no database"])
def test_broken_file_at_start(data):
    """A file that is none is an [emerg] that names it."""
    files = [] if data is None else [("geo.mmdb", data)]
    result = webserver.check("exportsite_geo @dir@/geo.mmdb;",
                             "exportsite on;", files=files)
    assert not result.ok and "[emerg]" in result.text
    assert "geo.mmdb" in result.text


def test_status_shows_databases(nginx, mmdb):
    """Path, type and counts are on the status page."""
    path = mmdb.world()
    site = nginx("exportsite_geo @world@;", SHOW + STATUS, world=path)
    for address in (db.AT, db.JP, db.UNKNOWN):
        site.vars("/vars", client(address))
    shown = site.json()["databases"]
    assert len(shown) == 1
    assert shown[0]["path"] == path
    assert shown[0]["type"] == "GeoLite2-Country"
    assert shown[0]["lookups"] >= 3 and shown[0]["found"] >= 2
    assert not shown[0]["error"]


def test_real_database(nginx):
    """A real country database knows who well-known addresses belong to."""
    site = nginx("exportsite_geo @real@;", SHOW, real=db.real())
    for address, want in (("129.132.0.1", "CH"), ("133.1.0.1", "JP"),
                          ("200.144.248.1", "BR"), ("193.171.1.1", "AT"),
                          ("127.0.0.1", "XX")):
        assert site.vars("/vars", client(address))["country"] == want, address
