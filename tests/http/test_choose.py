"""exportsite_choose, and the variables wherever nginx uses variables."""

import pytest

import conf
import webserver
from wait import until

DE = {"Accept-Language": "de"}
HERO = ("exportsite_languages en de ja;\n"
        + conf.choices([("language = de", "german"),
                        ("language in (de, ja)", "foreign")], "$hero", "base"))


def test_first_match_wins(nginx):
    """The first rule that holds gives the value, else the default."""
    site = nginx(HERO, conf.echo("$hero"))
    assert site.vars("/vars", DE)["hero"] == "german"
    assert site.vars("/vars", {"Accept-Language": "ja"})["hero"] == "foreign"
    assert site.vars()["hero"] == "base"


def test_default_stands_anywhere(nginx):
    """The default is taken when no rule holds, wherever it is written."""
    site = nginx("exportsite_choose $c { default d; 'query.x = 1' one; }",
                 conf.echo("$c"))
    assert site.vars()["c"] == "d"
    assert site.vars("/vars?x=1")["c"] == "one"


def test_without_default(nginx):
    """Without a default the value is empty."""
    site = nginx("exportsite_choose $c { 'method = POST' x; }",
                 conf.echo("$c"))
    assert site.vars()["c"] == ""


def test_values_with_variables(nginx):
    """A value may hold variables, ours too."""
    site = nginx(
        "exportsite_languages en de; exportsite_choose $c {"
        "'language = de' \"$exportsite_language-$arg_x-${server_name}s\";"
        "default $arg_x; }", conf.echo("$c"))
    assert site.vars("/vars?x=1", DE)["c"] == "de-1-localhosts"
    assert site.vars("/vars?x=2")["c"] == "2"


def test_choice_of_a_choice(nginx):
    """A value may be another choice's variable."""
    site = nginx(HERO + "exportsite_choose $outer { 'method = GET' "
                 "\"[$hero]\"; default x; }", conf.echo("$outer"))
    assert site.vars("/vars", DE)["outer"] == "[german]"


def test_a_value_that_asks_for_itself():
    """A choice whose value is itself does not hang or crash nginx."""
    site = webserver.Nginx(
        "exportsite_choose $a { 'method = GET' x$b; default d; }"
        "exportsite_choose $b { 'method = GET' y$a; default d; }",
        conf.echo("$a"))
    try:
        assert site.get("/vars").status in (200, 500)
        assert site.get("/index.html").status == 200
    finally:
        site.close()


@pytest.mark.parametrize("text, place", [
    ("exportsite_choose hero { default x; }", "exportsite_choose hero"),
    ("exportsite_choose $x;", "exportsite_choose $x"),
    ("exportsite_choose $x {\n'contry = DE' a;\n}", "contry"),
    ("exportsite_choose $x {\n'crawler' a b;\n}", "'crawler' a b"),
    ("exportsite_choose $x {\n'crawler';\n}", "'crawler'"),
    ("exportsite_choose $x {\ndefault a;\ndefault b;\n}", "default b"),
])
def test_errors(text, place):
    """Every mistake is an [emerg] that names its line."""
    error = webserver.conf_error(text)
    assert place in error.source, error.text


def test_the_same_variable_twice_is_refused():
    """Two choices of one name are an error, and so is one of ours."""
    twice = conf.choices([("crawler", "x")]) * 2
    assert not webserver.check(twice).ok
    taken = conf.choices([("crawler", "x")], "$exportsite_country")
    assert not webserver.check(taken).ok


# -- wherever nginx uses variables

def test_try_files(nginx):
    """try_files by a choice."""
    site = nginx(HERO, "exportsite on; location / { try_files "
                 "/$hero$uri /$hero/index.html =404; }", start=False)
    site.write("html/german/index.html", "GERMAN")
    site.write("html/base/index.html", "BASE")
    site.start()
    assert site.get("/index.html", DE).text == "GERMAN"
    assert site.get("/index.html").text == "BASE"


def test_rewrite_set_and_if(nginx):
    """rewrite, set and if of the same location see the visit."""
    site = nginx(
        HERO, "location /r { exportsite on; set $x \"<$hero>\";"
        "if ($hero = german) { return 200 \"if $x\"; }"
        "rewrite ^/r /$hero-page; }"
        "location /base-page { return 200 \"base page $x\"; }")
    assert site.get("/r", DE).text == "if <german>"
    assert site.get("/r").text == "base page <base>"


def test_if_of_the_server(nginx):
    """if and set of the server level see it with exportsite on there."""
    site = nginx(HERO, "exportsite on; set $l $exportsite_language;"
                 "if ($hero = german) { return 302 /de$uri; }"
                 "location / { return 200 $l; }")
    reply = site.get("/x", DE)
    assert reply.status == 302
    assert reply.header("Location").endswith("/de/x")
    assert site.get("/x").text == "en"


def test_map_and_log_format(nginx):
    """map and log_format take our variables."""
    site = nginx(
        HERO + "map $exportsite_language $greeting { de Hallo; "
        "default Hello; }"
        "log_format lf '$hero $exportsite_language $greeting $uri';",
        "access_log @dir@/access.log lf;" + conf.echo("$greeting"))
    assert site.vars("/vars", DE)["greeting"] == "Hallo"
    text = until(lambda: site.read("access.log"), what="the log")
    assert text == "german de Hallo /vars\n"


def test_log_format_alone(nginx):
    """A variable that only the log asks for is right, too."""
    site = nginx(
        HERO + "log_format lf '$hero $exportsite_language';",
        "access_log @dir@/access.log lf; exportsite on;")
    site.get("/", DE)
    text = until(lambda: site.read("access.log"), what="the log")
    assert text == "german de\n"


def test_proxy_pass_and_headers(nginx):
    """An application behind gets the visitor in headers of its own."""
    site = nginx(
        HERO + "upstream german { server unix:@dir@/app.sock; }"
        "upstream base { server unix:@dir@/app.sock; }"
        "server { listen unix:@dir@/app.sock; location / { return 200 "
        "\"$http_host $http_x_language $http_x_hero $uri\"; } }",
        "location / { exportsite on; proxy_pass http://$hero;"
        "proxy_set_header Host $hero.internal;"
        "proxy_set_header X-Language $exportsite_language;"
        "proxy_set_header X-Hero $hero; }")
    assert site.get("/a", {**DE, "X-Hero": "forged"}).text == (
        "german.internal de german /a")
    assert site.get("/b").text == "base.internal en base /b"


def test_headers_of_the_answer(nginx):
    """add_header takes our variables."""
    site = nginx(HERO, "exportsite on; add_header X-Hero $hero;")
    assert site.get("/", DE).header("X-Hero") == "german"


# -- once per request

def test_internal_redirects_keep_the_visit(nginx):
    """Named locations, rewrites, error pages and try_files keep it."""
    show = "\"$exportsite_language $hero $uri\""
    site = nginx(
        HERO, f"""
        location /named {{ exportsite on; try_files /nothing @there; }}
        location @there {{ return 200 {show}; }}
        location /rewritten {{ exportsite on; rewrite ^ /target last; }}
        location /target {{ return 200 {show}; }}
        location /missing {{ exportsite on; error_page 404 =200 /target;
                             try_files /nothing =404; }}
        location /index {{ exportsite on; index i.html; }}
        location = /index/i.html {{ return 200 {show}; }}
        """, start=False)
    site.write("html/index/i.html", "x")
    site.start()
    assert site.get("/named", DE).text == "de german /named"
    assert site.get("/rewritten", DE).text == "de german /target"
    assert site.get("/missing", DE).text == "de german /target"
    assert site.get("/index/", DE).text == "de german /index/i.html"


def test_settings_of_the_first_location_count(nginx):
    """The visit has the settings of the first location on the way."""
    site = nginx(
        HERO, "location /first { exportsite on; exportsite_languages ja;"
        "rewrite ^ /second last; }"
        "location /second { exportsite on; exportsite_languages de;"
        "return 200 $exportsite_language; }")
    assert site.get("/first", DE).text == "ja"
    assert site.get("/second", DE).text == "de"


def test_off_by_default(nginx):
    """Without `exportsite on` a visitor is unknown, in choices too."""
    site = nginx(HERO, conf.echo("$hero", "country", "language", extra=""))
    got = site.vars("/vars", DE)
    assert got["country"] == "XX" and got["hero"] in ("base", "")
    assert got["language"] == ""


def test_on_and_off_in_a_location(nginx):
    """A location may turn off what the server turned on, and the reverse."""
    site = nginx("exportsite_languages en de; exportsite on;",
                 conf.echo("language", extra="")
                 + conf.echo("language", location="= /off",
                             extra="exportsite off;"))
    assert site.vars("/vars", DE)["language"] == "de"
    assert site.vars("/off", DE)["language"] == ""


def test_asked_for_too_early(nginx):
    """A variable asked for before the visit is resolved is not frozen."""
    site = nginx("exportsite_languages en de;",
                 "set $early \"[$exportsite_language]\";"
                 "location = /vars { exportsite on; return 200 "
                 "\"early=$early\\nlanguage=$exportsite_language\\n\"; }")
    assert site.vars("/vars", DE) == {"early": "[]", "language": "de"}


def test_subrequests_by_ssi(nginx):
    """A subrequest has the main request's visit."""
    site = nginx(
        HERO, "location /page { exportsite on; ssi on; }"
        "location /part { return 200 \"$exportsite_language $hero "
        "$exportsite_country_source\"; }"
        "location /other { exportsite on; exportsite_languages ja;"
        "return 200 $exportsite_language; }", start=False)
    site.write("html/page/a.html",
               '[<!--# include virtual="/part" -->]'
               '[<!--# include virtual="/other" -->]')
    site.start()
    assert site.get("/page/a.html", DE).text.replace(" ]", "]") == (
        "[de german][de]")


def test_subrequest_by_auth_request(nginx):
    """auth_request gets the visitor, too."""
    site = nginx(
        HERO, "location / { exportsite on; auth_request /auth; }"
        "location = /auth { internal; if ($hero = german) { return 204; }"
        "return 403; }")
    assert site.get("/", DE).status == 200
    assert site.get("/").status == 403


def test_addition(nginx):
    """add_after_body's subrequest has the visit."""
    site = nginx(
        HERO, "location / { exportsite on; add_after_body /after; }"
        "location = /after { return 200 $hero; }")
    assert site.get("/", DE).text.endswith("german")


def test_mirror_and_several_subrequests(nginx):
    """Subrequests that nobody waits for do no harm."""
    site = nginx(HERO, "location / { exportsite on; mirror /m; mirror /n; }"
                 "location /m { exportsite on; return 200 m; }"
                 "location /n { return 200 $exportsite_language; }")
    for _ in range(20):
        assert site.get("/", DE).status == 200
