"""Every directive: what it takes, where, and what it says otherwise."""

import signal

import pytest

import conf
import webserver
from wait import until

# (context, text): each must be refused, with the line named
WRONG = [
    ("S", "exportsite;"), ("S", "exportsite maybe;"), ("S", "exportsite 1;"),
    ("S", "exportsite on phase=content;"), ("S", "exportsite on phase=;"),
    ("S", "exportsite on extra;"), ("S", "exportsite on off;"),
    ("S", "exportsite on;\nexportsite on;"),

    ("H", "exportsite_zone;"), ("H", "exportsite_zone exportsite;"),
    ("H", "exportsite_zone exportsite:;"), ("H", "exportsite_zone :16m;"),
    ("H", "exportsite_zone exportsite:abc;"),
    ("H", "exportsite_zone exportsite:1k;"),
    ("H", "exportsite_zone exportsite:0;"),
    ("H", "exportsite_zone exportsite:16m extra;"),
    ("H", "exportsite_zone a:16m;\nexportsite_zone b:16m;"),
    ("S", "exportsite_zone exportsite:16m;"),

    ("H", "exportsite_geo;"), ("H", "exportsite_geo /nowhere/geo.mmdb;"),
    ("H", "exportsite_geo @world@ auto_reload=x;"),
    ("H", "exportsite_geo @world@ auto_reload=;"),
    ("H", "exportsite_geo @world@ country=;"),
    ("H", "exportsite_geo @world@ nonsense=1;"),
    ("H", "exportsite_geo @world@ nonsense;"),
    ("S", "exportsite_geo @world@;"),

    ("H", "exportsite_redis;"), ("H", "exportsite_redis ;"),
    ("H", "exportsite_redis 127.0.0.1:;"),
    ("H", "exportsite_redis 127.0.0.1:99999;"),
    ("H", "exportsite_redis 127.0.0.1:x;"),
    ("H", "exportsite_redis no-such-host.invalid:6379;"),
    ("H", "exportsite_redis unix:;"), ("H", "exportsite_redis [::1:6379;"),
    ("H", "exportsite_redis 127.0.0.1:6379 db=x;"),
    ("H", "exportsite_redis 127.0.0.1:6379 db=-1;"),
    ("H", "exportsite_redis 127.0.0.1:6379 timeout=x;"),
    ("H", "exportsite_redis 127.0.0.1:6379 timeout=;"),
    ("H", "exportsite_redis 127.0.0.1:6379 connect_timeout=x;"),
    ("H", "exportsite_redis 127.0.0.1:6379 refresh=x;"),
    ("H", "exportsite_redis 127.0.0.1:6379 password_file=/nowhere/pw;"),
    ("H", "exportsite_redis 127.0.0.1:6379 nonsense=1;"),
    ("H", "exportsite_redis 127.0.0.1:6379;\n"
          "exportsite_redis 127.0.0.1:6380;"),
    ("S", "exportsite_redis 127.0.0.1:6379;"),

    ("H", "exportsite_profile ttl=x;"), ("H", "exportsite_profile 60s;"),
    ("H", "exportsite_profile ttl=;"), ("H", "exportsite_profile nonsense=1;"),
    ("S", "exportsite_profile ttl=60s;"),

    ("S", "exportsite_languages;"), ("S", "exportsite_languages de_AT;"),
    ("S", "exportsite_languages en ../de;"),
    ("S", "exportsite_languages en 'd e';"),
    ("S", "exportsite_languages en de en;"),
    ("S", "exportsite_languages en -;"), ("S", "exportsite_languages '';"),
    ("S", "exportsite_languages toolonglanguage;"),

    ("S", "exportsite_industries;"), ("S", "exportsite_industries Food;"),
    ("S", "exportsite_industries a/b;"), ("S", "exportsite_industries 'a b';"),
    ("S", "exportsite_industries '';"),
    ("S", "exportsite_industries food food;"),
    ("S", "exportsite_industries " + "x" * 33 + ";"),

    ("S", "exportsite_country_from;"),
    ("S", "exportsite_country_from nonsense;"),
    ("S", "exportsite_country_from cookie:;"),
    ("S", "exportsite_country_from arg:;"),
    ("S", "exportsite_country_from header:;"),
    ("S", "exportsite_country_from accept;"),
    ("S", "exportsite_country_from hint;"),
    ("S", "exportsite_language_from;"),
    ("S", "exportsite_language_from urls;"),
    ("S", "exportsite_language_from geo;"),
    ("S", "exportsite_language_from hint;"),
    ("S", "exportsite_language_from cookie:;"),
    ("S", "exportsite_industry_from;"),
    ("S", "exportsite_industry_from accept;"),
    ("S", "exportsite_industry_from nonsense;"),
    ("S", "exportsite_industry_from arg:;"),

    ("S", "exportsite_hint;"), ("S", "exportsite_hint medical;"),
    ("S", "exportsite_industries medical;\n"
          "exportsite_hint medical 'contry = DE';"),
    ("S", "exportsite_industries medical;\n"
          "exportsite_hint food 'country = DE';"),
    ("S", "exportsite_hint Bad! 'country = DE';"),

    ("S", "exportsite_choose $x { default y; }"),
    ("H", "exportsite_choose $x { 'contry = DE' y; }"),

    ("S", "exportsite_cookie;"), ("S", "exportsite_cookie 'a b';"),
    ("S", "exportsite_cookie a=b;"), ("S", "exportsite_cookie 'a;b';"),
    ("S", "exportsite_cookie es_vid max_age=x;"),
    ("S", "exportsite_cookie es_vid samesite=maybe;"),
    ("S", "exportsite_cookie es_vid secure=maybe;"),
    ("S", "exportsite_cookie es_vid path=nowhere;"),
    ("S", "exportsite_cookie es_vid 'domain=a b';"),
    ("S", "exportsite_cookie es_vid 'path=/;HttpOnly';"),
    ("S", "exportsite_cookie es_vid nonsense=1;"),
    ("S", "exportsite_cookie es_vid nonsense;"),

    ("H", "exportsite_secret;"), ("H", "exportsite_secret /nowhere/key;"),
    ("H", "exportsite_secret @dir@/empty;"), ("H", "exportsite_secret @dir@;"),
    ("H", "exportsite_secret @dir@/secret extra;"),
    ("S", "exportsite_secret @dir@/secret;"),

    ("S", "exportsite_visitor;"), ("S", "exportsite_visitor a b;"),
    ("S", "exportsite_consent;"), ("S", "exportsite_consent on off;"),
    ("S", "exportsite_optout;"), ("S", "exportsite_optout nonsense;"),
    ("S", "exportsite_optout gpc off;"),

    ("H", "exportsite_stream;"), ("H", "exportsite_stream events maxlen=x;"),
    ("H", "exportsite_stream events maxlen=-1;"),
    ("H", "exportsite_stream events flush=x;"),
    ("H", "exportsite_stream events buffer=x;"),
    ("H", "exportsite_stream events nonsense=1;"),
    ("H", "exportsite_stream a;\nexportsite_stream b;"),
    ("S", "exportsite_stream events;"),

    ("S", "exportsite_record;"), ("S", "exportsite_record on off;"),
    ("S", "exportsite_record on robots;"),
    ("S", "exportsite_record crawlers;"),
    ("S", "exportsite_record on crawlers more;"),
    ("S", "exportsite_key;"),

    ("H", "exportsite_crawlers;"), ("H", "exportsite_crawlers '';"),
    ("H", "exportsite_crawlers ~;"), ("H", "exportsite_crawlers ~*;"),
    ("H", "exportsite_crawlers acme '~(a';"),
    ("H", "exportsite_crawlers '~*(a)\\\\1';"),
    ("S", "exportsite_crawlers acme;"),

    ("S", "exportsite_hreflang;"), ("S", "exportsite_hreflang on;"),
    ("S", "exportsite_hreflang //x/$exportsite_language/;"),
    ("S", "exportsite_hreflang www.x.example/$exportsite_language;"),
    ("S", "exportsite_hreflang https://x.example/$uri;"),
    ("S", "exportsite_hreflang https://x/$exportsite_language_source;"),
    ("S", "exportsite_hreflang https://x/$exportsite_language off;"),
    ("S", "exportsite_hreflang off x-default=https://x/;"),
    ("S", "exportsite_hreflang https://x/$exportsite_language x-default=;"),
    ("S", "exportsite_hreflang https://x/$exportsite_language x-default=//x;"),
    ("S", "exportsite_hreflang https://x/$exportsite_language "
          "x-default=https://x/$exportsite_language;"),
    ("S", "exportsite_hreflang https://x/$exportsite_language;\n"
          "exportsite_hreflang off;"),

    ("L", "exportsite_gpc today;"), ("L", "exportsite_gpc 2026-13-01;"),
    ("L", "exportsite_gpc 2026-02-29;"), ("L", "exportsite_gpc 2026-11-00;"),
    ("L", "exportsite_gpc 2026-11-31;"), ("L", "exportsite_gpc 22.11.2026;"),
    ("L", "exportsite_gpc 2026-11-2x;"), ("L", "exportsite_gpc '';"),
    ("L", "exportsite_gpc 2026-11-22 2026-11-23;"),
    ("L", "exportsite_gpc;\nexportsite_gpc;"),
    ("S", "exportsite_gpc;"), ("H", "exportsite_gpc;"),

    ("L", "exportsite_whoami on;"), ("L", "exportsite_status on;"),
    ("S", "exportsite_whoami;"), ("S", "exportsite_status;"),
    ("H", "exportsite_status;"),

    ("S", "exportsite_nonsense on;"),
]


def place(context, text):
    """The http and server snippets that put `text` into its context."""
    if context == "H":
        return {"http": text}
    if context == "S":
        return {"server": text}
    return {"server": "location = /x {\n" + text + "\n}"}


@pytest.mark.parametrize("context, text", WRONG,
                         ids=[f"{c}:{t[:60]}" for c, t in WRONG])
def test_wrong_argument(mmdb, context, text):
    """A wrong argument is an [emerg] that names file and line."""
    world = mmdb.world() if "@world@" in text else ""
    files = [("empty", "")]
    result = webserver.check(**place(context, text), files=files, world=world)
    assert not result.ok, "nginx took it:\n" + result.text
    assert "[emerg]" in result.text
    directive = text.split("\n")[-1].split()[0].rstrip(";")
    assert directive in result.source, result.text
    said = result.text.split("[emerg]")[1].split(" in /")[0]
    assert len(said.split(": ", 1)[-1].split()) >= 3, result.text


@pytest.mark.parametrize("context, text, said", [
    ("S", "exportsite_key $uri language;", '"language" in exportsite_key is'),
    ("S", "exportsite_visitor remote_user;", "everybody is this one visitor"),
    ("S", "exportsite_languages en german;", 'no browser asks for "german"'),
    ("H", "exportsite_redis 127.0.0.1:1 timeout=10;",
     "with timeout=10s pages may wait")])
def test_likely_slip(context, text, said):
    """What is allowed, and hardly ever meant, is taken with a warning."""
    result = webserver.check(**place(context, text))
    assert result.ok, result.text
    assert said in result.text.split("[warn]", 1)[1]


@pytest.mark.parametrize("text", [
    "exportsite_visitor $no_such;", "exportsite_consent $no_such;",
    "exportsite_record $no_such;", "exportsite_key $no_such;",
    "exportsite_country_from $no_such;", "exportsite_language_from x$no_such;",
    "exportsite_industry_from $no_such geo;",
    "exportsite_hreflang https://$no_such/$exportsite_language;"])
def test_unknown_variable(text):
    """A value with a variable that nobody has is refused."""
    result = webserver.check(server=text)
    assert not result.ok and "[emerg]" in result.text
    assert "no_such" in result.text or "geo" in result.text


RIGHT = [
    ("HSL", "exportsite on;"), ("HSL", "exportsite off;"),
    ("HSL", "exportsite on phase=rewrite;"),
    ("HSL", "exportsite on phase=access;"),
    ("H", "exportsite_zone exportsite:32m;"), ("H", "exportsite_zone x:4m;"),
    ("H", "exportsite_geo @world@;"),
    ("H", "exportsite_geo @world@ auto_reload=1h;"),
    ("H", "exportsite_geo @world@ country=registered_country.iso_code;"),
    ("H", "exportsite_geo @world@;\nexportsite_geo @world@ auto_reload=1m;"),
    ("H", "exportsite_redis 127.0.0.1:6379;"),
    ("H", "exportsite_redis 127.0.0.1:6379 db=2 prefix=x: timeout=20ms "
          "connect_timeout=1s refresh=10s user=u password_file=@dir@/secret;"),
    ("H", "exportsite_redis [::1]:6379;"),
    ("H", "exportsite_redis unix:/run/redis.sock timeout=5ms;"),
    ("H", "exportsite_redis localhost:6379;"),
    ("H", "exportsite_profile ttl=5m;"),
    ("HSL", "exportsite_languages en;"),
    ("HSL", "exportsite_languages en de fr es zh-Hans ja;"),
    ("HSL", "exportsite_languages sr-Latn pt-BR es-419 de-CH-1996;"),
    ("HSL", "exportsite_industries machinery medical-1 " + "x" * 32 + ";"),
    ("HSL", "exportsite_country_from $http_cf_ipcountry cookie:c arg:c "
            "header:X-C geo;"),
    ("HSL", "exportsite_language_from url cookie:l arg:l header:X-L profile "
            "$http_x accept country;"),
    ("HSL", "exportsite_industry_from cookie:i arg:i header:X-I profile "
            "hint;"),
    ("HSL", "exportsite_industries food;\n"
            "exportsite_hint food \"path starts with '/food'\";\n"
            "exportsite_hint food 'language = de';"),
    ("HSL", "exportsite_cookie id;"),
    ("HSL", "exportsite_cookie id max_age=1d domain=example.com path=/x "
            "samesite=strict secure=auto;"),
    ("H", "exportsite_secret @dir@/secret;\nexportsite_secret @dir@/more;"),
    ("HSL", "exportsite_visitor $remote_user;"),
    ("HSL", "exportsite_consent on;"), ("HSL", "exportsite_consent off;"),
    ("HSL", "exportsite_consent $cookie_consent;"),
    ("HSL", "exportsite_optout gpc dnt;"), ("HSL", "exportsite_optout off;"),
    ("HSL", "exportsite_optout dnt;"),
    ("H", "exportsite_stream events;"), ("H", "exportsite_stream off;"),
    ("H", "exportsite_stream x maxlen=10 flush=1s buffer=1m;"),
    ("HSL", "exportsite_record on;"), ("HSL", "exportsite_record off;"),
    ("HSL", "exportsite_record $arg_x;"),
    ("HSL", "exportsite_record on crawlers;"),
    ("HSL", "exportsite_record $arg_x crawlers;"),
    ("HSL", "exportsite_key $exportsite_language $arg_x;"),
    ("H", "exportsite_crawlers acme ~^x$ ~*y;\nexportsite_crawlers z;"),
    ("HSL", "exportsite_hreflang off;"),
    ("HSL", "exportsite_hreflang /$exportsite_language/ x-default=/;"),
    ("HSL", "exportsite_hreflang https://x/$exportsite_language$exportsite_path"
            " x-default=https://x$exportsite_path;"),
    ("HSL", "exportsite_hreflang $scheme://${exportsite_language}.$host;"),
    ("L", "exportsite_gpc;"), ("L", "exportsite_gpc 2026-11-22;"),
    ("L", "exportsite_whoami;"), ("L", "exportsite_status;"),
    ("H", "exportsite_choose $x { 'crawler' a; default b; }"),
]


@pytest.mark.parametrize(
    "context, text", [(c, t) for cs, t in RIGHT for c in cs],
    ids=[f"{c}:{t[:60]}" for cs, t in RIGHT for c in cs])
def test_right_argument(mmdb, context, text):
    """What the contract says is taken, in every context it names."""
    world = mmdb.world() if "@world@" in text else ""
    more = "exportsite_secret @dir@/secret;\n"
    snippets = place(context, text)
    if "exportsite_secret" not in text:
        snippets["http"] = more + snippets.get("http", "")
    result = webserver.check(**snippets, world=world,
                             files=[("more", "a second key, just as long\n")])
    assert result.ok, result.text


def test_the_contracts_own_example(mmdb):
    """The configuration of the contract's first page, without what later
    issues add, is taken."""
    result = webserver.check("""
        exportsite_zone        exportsite:32m;
        exportsite_geo         @world@ auto_reload=1h;
        exportsite_redis       127.0.0.1:6379 timeout=10ms;
        exportsite_secret      @dir@/secret;
        exportsite_consent     $cookie_consent;
        exportsite_languages   en de fr es zh-Hans ja;
        exportsite_industries  machinery medical food;
        exportsite_choose $hero {
            "segment = dach-machinery"                  dach;
            "country in (DE, AT, CH)"                   german;
            "industry = medical and visits >= 2"        medical;
            default                                     base;
        }""", """
        exportsite  on;
        location / {
            try_files  /$exportsite_language$uri /$exportsite_language$uri/
                       $uri $uri/ =404;
        }
        location = /_exportsite/status  { exportsite_status;
                                          allow 127.0.0.1; deny all; }
        """, world=mmdb.world())
    assert result.ok, result.text
    assert "[warn]" not in result.text


def test_inherited_lists_are_replaced(nginx):
    """A level with lists of its own does not add to the level above."""
    site = nginx("exportsite_languages en de;",
                 conf.echo("language") + conf.echo(
                     "language", location="= /own",
                     extra="exportsite on; exportsite_languages fr;"))
    head = {"Accept-Language": "de"}
    assert site.vars("/vars", head)["language"] == "de"
    assert site.vars("/own", head)["language"] == "fr"


def test_a_bad_reload_keeps_the_old_configuration(nginx):
    """A reload with a mistake changes nothing."""
    site = nginx("exportsite_languages en;", conf.echo("language"))
    old = site.workers()
    site.allow(r"\[emerg\].*exportsite_languages|\[emerg\].*nginx\.conf")
    site.configure(http="exportsite_languages ../x;")
    site.process.send_signal(signal.SIGHUP)
    until(lambda: "[emerg]" in site.log(), what="the [emerg]")
    assert site.workers() == old
    assert site.vars()["language"] == "en"


def test_zone_of_another_size_after_reload(nginx, redis):
    """A changed size starts empty, and nothing fails."""
    base = ("exportsite_redis @redis@ timeout=1s; exportsite_visitor $arg_v;"
            "exportsite_consent on; exportsite_secret @dir@/secret;"
            "exportsite_zone exportsite:@zone@;")
    redis("HSET", "es:profile:anna", "company", "ACME")
    site = nginx(base, conf.echo("profile_company"), redis=redis, zone="4m")
    for zone in ("8m", "4m", "4m"):
        until(lambda: site.vars("/vars?v=anna")["profile_company"] == "ACME",
              what="the profile")
        site.reload(zone=zone)
    until(lambda: site.vars("/vars?v=anna")["profile_company"] == "ACME",
          what="the profile")
