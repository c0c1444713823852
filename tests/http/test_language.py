"""The visitor's language, from header to variable."""

import pytest

import conf
import mmdb
import webserver
from mmdb import client

TAGS = "en de fr es pt-BR pt-PT zh-Hant zh-Hans sr-Latn nb he ja"


@pytest.fixture(scope="module")
def site(module_nginx, mmdb):
    """Every ladder the tests need, a location each."""
    echo = "language", "language_source"

    def ladder(name, text):
        return conf.echo(*echo, location=f"= /{name}",
                         extra=f"exportsite on; {text}")

    return module_nginx(
        "exportsite_geo @world@;\n"
        f"exportsite_languages {TAGS};\n"
        'map $arg_m $mapped { fr fr; klingon tlh; default ""; }',
        conf.echo(*echo)
        + ladder("accept", "exportsite_language_from accept;")
        + ladder("country", "exportsite_language_from country;")
        + ladder("from_all", "exportsite_language_from cookie:lang arg:lang "
                 "header:X-Lang $mapped accept country;")
        + ladder("accept_first", "exportsite_language_from accept arg:l;")
        + ladder("country_first",
                 "exportsite_language_from country accept;")
        + ladder("few", "exportsite_languages nl ja;")
        + ladder("pt_only", "exportsite_languages en pt-BR;"
                 "exportsite_language_from accept country;")
        + conf.echo(*echo, location="/"),
        world=mmdb.world())


@pytest.mark.parametrize("header, want", [
    ("de", "de"),
    ("DE", "de"),
    ("de-AT", "de"),
    ("de-Latn-AT-1996", "de"),
    ("fr;q=0.5, de;q=0.9", "de"),
    ("fr;q=0.9,de;q=0.5", "fr"),
    ("de;q=0.333, fr;q=0.334", "fr"),
    ("es ; q=0.1 ,\tfr ;\tq=0.2", "fr"),
    ("fr, de", "fr"),
    ("nl, de;q=0.1", "de"),
    ("tlh-x-private, es;q=0.001", "es"),
    (",,, ,fr", "fr"),
    ("en-US,en;q=0.9,de;q=0.8", "en"),
    ("ja-JP", "ja"),
])
def test_lookup_by_quality(site, header, want):
    """The acceptable language of the highest quality that the site has."""
    got = site.vars("/vars", {"Accept-Language": header})
    assert got == {"language": want, "language_source": "accept"}


@pytest.mark.parametrize("header", ["", "nl", "tlh, nl;q=0.5", "de;q=0",
                                    "de;q=0, fr;q=0.000"])
def test_nothing_acceptable_is_the_default(site, header):
    """A header that no declared language answers leaves the default."""
    got = site.vars("/accept", {"Accept-Language": header})
    assert got["language"] == "en"


def test_no_header_is_the_default(site):
    """Without any header the first declared language is taken."""
    assert site.vars("/accept")["language"] == "en"
    assert site.vars("/few")["language"] == "nl"


def test_zero_quality_excludes(site):
    """q=0 is a no, also where another range would match."""
    got = site.vars("/accept", {"Accept-Language": "de;q=0, fr;q=0.1"})
    assert got["language"] == "fr"
    got = site.vars("/accept", {"Accept-Language": "en;q=0, *;q=0.5"})
    assert got["language"] != "en"


def test_star_is_any_language(site):
    """`*` takes a language, one named in the header before it."""
    got = site.vars("/accept", {"Accept-Language": "*"})
    assert got["language"] == "en"
    got = site.vars("/accept", {"Accept-Language": "nl, *;q=0.1"})
    assert got["language"] == "en"
    got = site.vars("/accept", {"Accept-Language": "*;q=0.1, fr"})
    assert got["language"] == "fr"


@pytest.mark.parametrize("header, want", [
    ("zh-TW", "zh-Hant"), ("zh-HK", "zh-Hant"), ("zh-Hant-TW", "zh-Hant"),
    ("zh-CN", "zh-Hans"), ("zh-SG", "zh-Hans"), ("zh", "zh-Hans"),
    ("zh-Hans", "zh-Hans"), ("pt", "pt-BR"), ("pt-BR", "pt-BR"),
    ("pt-PT", "pt-PT"), ("no", "nb"), ("iw", "he"), ("he-IL", "he"),
    ("sr-Latn", "sr-Latn"), ("sr-Latn-RS", "sr-Latn"),
])
def test_likely_subtags(site, header, want):
    """A range finds the declared language that it implies by CLDR."""
    got = site.vars("/accept", {"Accept-Language": header})
    assert got == {"language": want, "language_source": "accept"}


@pytest.mark.parametrize("header", ["sr", "sr-RS", "sr-Cyrl"])
def test_another_script_never_matches(site, header):
    """Serbian in Cyrillic does not get the Latin pages."""
    got = site.vars("/accept", {"Accept-Language": header})
    assert got["language"] == "en"


def test_traditional_does_not_get_simplified(nginx):
    """zh-TW finds nothing on a site with simplified Chinese only."""
    site = nginx("exportsite_languages en zh-Hans;", conf.echo("language"))
    got = site.vars("/vars", {"Accept-Language": "zh-TW"})
    assert got["language"] == "en"
    got = site.vars("/vars", {"Accept-Language": "zh-CN"})
    assert got["language"] == "zh-Hans"


def test_implied_region(site):
    """`pt` finds pt-BR where it is the only Portuguese."""
    got = site.vars("/pt_only", {"Accept-Language": "pt"})
    assert got == {"language": "pt-BR", "language_source": "accept"}


@pytest.mark.parametrize("path, want", [
    ("/de/x", "de"), ("/fr/", "fr"), ("/zh-Hant/a/b", "zh-Hant"),
    ("/es", "es"),
])
def test_url_source(site, path, want):
    """The path's first segment comes before the header by default."""
    got = site.vars(path, {"Accept-Language": "ja"})
    assert got == {"language": want, "language_source": "url"}


@pytest.mark.parametrize("path", ["/nl/x", "/dex/", "/a/de/", "/", "/d/e"])
def test_url_without_a_language(site, path):
    """Any other path leaves the word to the next rung."""
    got = site.vars(path, {"Accept-Language": "ja"})
    assert got == {"language": "ja", "language_source": "accept"}


def test_url_is_decoded(site):
    """`url` means the client's own path, decoded."""
    got = site.vars("/%64%65/x", {"Accept-Language": "ja"})
    assert got == {"language": "de", "language_source": "url"}


@pytest.mark.parametrize("address, want", [
    (mmdb.AT, "de"), (mmdb.DE, "de"), (mmdb.FR, "fr"), (mmdb.JP, "ja"),
    (mmdb.BR, "pt-BR"), (mmdb.TW, "zh-Hant"), (mmdb.US, "en"),
    (mmdb.CH, "de"), (mmdb.AT6, "de"),
])
def test_country_rung(site, address, want):
    """A country gives its first language that the site has."""
    got = site.vars("/country", client(address))
    assert got == {"language": want, "language_source": "country"}


def test_default_ladder(site):
    """url, then accept, then country."""
    headers = {**client(mmdb.FR), "Accept-Language": "ja"}
    assert site.vars("/de/", headers)["language"] == "de"
    assert site.vars("/vars", headers)["language"] == "ja"
    headers["Accept-Language"] = "nl"
    got = site.vars("/vars", headers)
    assert got == {"language": "fr", "language_source": "country"}
    got = site.vars("/vars", client(mmdb.UNKNOWN))
    assert got["language"] == "en"


def test_order_of_a_ladder_is_as_written(site):
    """The first rung with a valid value wins, whatever it is."""
    headers = {**client(mmdb.FR), "Accept-Language": "ja"}
    assert site.vars("/accept_first?l=de", headers)["language"] == "ja"
    got = site.vars("/country_first", headers)
    assert got == {"language": "fr", "language_source": "country"}


def test_sources_that_name_a_place(site):
    """cookie:, arg:, header: and a variable, each passed over if unknown."""
    def ask(url, headers):
        got = site.vars(url, headers)
        return got["language"], got["language_source"].split(":")[0]

    headers = {"Cookie": "a=b; lang=de", "X-Lang": "fr",
               "Accept-Language": "ja", **client(mmdb.BR)}
    url = "/from_all?lang=es&m=fr"
    assert ask(url, headers) == ("de", "cookie")
    headers["Cookie"] = "lang=tlh"
    assert ask(url, headers) == ("es", "arg")
    url = "/from_all?lang=../de&m=fr"
    assert ask(url, headers) == ("fr", "header")
    headers["X-Lang"] = "de/../fr"
    headers["Cookie"] = ""
    assert ask(url, headers)[0] == "fr"
    assert ask("/from_all?m=klingon", headers) == ("ja", "accept")


def test_declared_languages_of_a_location(site):
    """A location may declare its own languages; the first is its default."""
    assert site.vars("/few", {"Accept-Language": "de"})["language"] == "nl"
    assert site.vars("/few", {"Accept-Language": "ja"})["language"] == "ja"


def test_value_is_the_declared_spelling(site):
    """The variable has the tag as declared, not as the client wrote it."""
    got = site.vars("/accept", {"Accept-Language": "ZH-hANT"})
    assert got["language"] == "zh-Hant"


def test_two_headers_are_one_list(site):
    """Repeated Accept-Language headers count as one list."""
    got = site.vars("/accept", [("Accept-Language", "fr;q=0.5"),
                                ("Accept-Language", "de")])
    assert got["language"] == "de"


def test_same_header_again_gets_the_same_answer(site):
    """What is remembered of a header is right, at each location."""
    for _ in range(3):
        head = {"Accept-Language": "ja;q=0.4, de;q=0.3"}
        assert site.vars("/accept", head)["language"] == "ja"
        assert site.vars("/few", head)["language"] == "ja"
        head = {"Accept-Language": "nl, de;q=0.3"}
        assert site.vars("/accept", head)["language"] == "de"
        assert site.vars("/few", head)["language"] == "nl"


def test_many_different_headers(site):
    """Thousands of different headers do not confuse what is remembered."""
    with site.session() as session:
        for n in range(3000):
            tag, other = ("de", "fr") if n % 2 else ("fr", "de")
            head = {"Accept-Language":
                    f"x{n % 1000:04d}, {tag};q=0.9, {other};q=0.8, y{n}"}
            assert session.get("/accept", head).vars["language"] == tag


def test_profile_source(redis, nginx):
    """`profile` takes the profile's language, if the site has it."""
    redis("HSET", "es:profile:anna", "language", "de")
    redis("HSET", "es:profile:bert", "language", "tlh")
    site = nginx(
        "exportsite_redis @redis@ timeout=1s; exportsite_languages en de ja;"
        "exportsite_language_from profile accept;"
        "exportsite_visitor $arg_v; exportsite_consent on;",
        conf.echo("language", "language_source"), redis=redis)
    head = {"Accept-Language": "ja"}
    assert site.vars("/vars?v=anna", head) == {
        "language": "de", "language_source": "profile"}
    assert site.vars("/vars?v=bert", head) == {
        "language": "ja", "language_source": "accept"}


def test_try_files_by_language(nginx):
    """The language chooses the file, as in the contract's example."""
    site = nginx(
        "exportsite_languages en de;",
        "exportsite on; location / { try_files /$exportsite_language$uri "
        "/$exportsite_language$uri/ $uri $uri/ =404; }", start=False)
    site.write("html/en/a.html", "english")
    site.write("html/de/a.html", "deutsch")
    site.write("html/b.html", "shared")
    site.start()
    assert site.get("/a.html", {"Accept-Language": "de"}).text == "deutsch"
    assert site.get("/a.html", {"Accept-Language": "nl"}).text == "english"
    assert site.get("/b.html", {"Accept-Language": "de"}).text == "shared"
    assert site.get("/c.html", {"Accept-Language": "de"}).status == 404


def test_default_language_without_directives():
    """A configuration that declares nothing is taken; `en` is the default."""
    assert webserver.check("", "exportsite on;").ok
