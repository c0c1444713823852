"""May the visitor be recognised? Consent, and the browser's own signals."""

import pytest

import conf
from cookies import NAME, PAGE, first_visit, is_deleted, jar

KEY = "exportsite_secret @dir@/secret;\n"


def page(name, settings):
    return PAGE.replace("/page", name).replace("exportsite on;",
                                               "exportsite on; " + settings)


@pytest.fixture(scope="module")
def site(module_nginx):
    return module_nginx(
        KEY,
        page("/default", "")
        + page("/on", "exportsite_consent on;")
        + page("/off", "exportsite_consent off;")
        + page("/value", "exportsite_consent $arg_c;")
        + page("/banner", "exportsite_consent $cookie_consent;")
        + page("/gpc", "exportsite_consent on; exportsite_optout gpc;")
        + page("/dnt", "exportsite_consent on; exportsite_optout dnt;")
        + page("/deaf", "exportsite_consent on; exportsite_optout off;")
        + page("/own", "exportsite_consent $arg_c; exportsite_cookie mine "
               "path=/shop domain=example.com;")
        + conf.echo("country", "language", "industry", "visitor", extra=""
                    "exportsite on; exportsite_consent off;"
                    "exportsite_languages en de;"
                    "exportsite_industries medical;"
                    "exportsite_hint medical 'language = de';"))


def recognised(reply):
    """Whether a reply treats the visitor as one who said yes."""
    assert reply.status == 200
    yes = reply.header("X-Consent", "") == "1"
    assert bool(reply.header("X-Visitor")) == yes, reply
    assert (reply.cookie(NAME) is not None) == yes, reply
    return yes


def test_default_is_no(site):
    """Without the directive nobody is recognised."""
    assert not recognised(site.get("/default"))


def test_on_and_off(site):
    """`on` is a yes for all, `off` a no for all."""
    assert recognised(site.get("/on"))
    assert not recognised(site.get("/off"))


@pytest.mark.parametrize("word", ["1", "yes", "on", "true", "granted",
                                  "allow"])
def test_words_that_mean_yes(site, word):
    """Six words are a yes."""
    assert recognised(site.get("/value?c=" + word))
    assert recognised(site.get("/banner", {"Cookie": "consent=" + word}))


@pytest.mark.parametrize("word", [
    "", "0", "no", "off", "false", "denied", "deny", "2", "11", "01", "1x",
    "yess", "ye", "grant", "allowed", "disallow", "tru", "%31", "null"])
def test_anything_else_means_no(site, word):
    """Every other value is a no."""
    assert not recognised(site.get("/value?c=" + word))


@pytest.mark.parametrize("name, header, refused", [
    ("/on", "Sec-GPC", True), ("/on", "DNT", True),
    ("/gpc", "Sec-GPC", True), ("/gpc", "DNT", False),
    ("/dnt", "Sec-GPC", False), ("/dnt", "DNT", True),
    ("/deaf", "Sec-GPC", False), ("/deaf", "DNT", False)])
def test_signals_overrule(site, name, header, refused):
    """Sec-GPC: 1 and DNT: 1 overrule a yes where they are listened to."""
    assert recognised(site.get(name, {header: "1"})) != refused


@pytest.mark.parametrize("header", ["Sec-GPC", "DNT"])
def test_a_signal_of_zero_is_none(site, header):
    """A signal is `1`; with `0` the consent stands."""
    assert recognised(site.get("/on", {header: "0"}))


def test_without_consent_the_cookie_is_not_used_and_deleted(site):
    """A visitor who says no is not recognised, and the cookie goes."""
    value, visitor = first_visit(site, "/value?c=1")
    reply = site.get("/value?c=0", jar(value))
    assert reply.header("X-Visitor", "") == ""
    assert is_deleted(reply), reply
    reply = site.get("/on", {**jar(value), "Sec-GPC": "1"})
    assert reply.header("X-Visitor", "") == ""
    assert is_deleted(reply), reply
    reply = site.get("/value?c=1", jar(value))
    assert reply.header("X-Visitor") == visitor


def test_deletion_names_the_same_cookie(site):
    """A browser deletes a cookie of the same name, path and domain only."""
    value, _ = site.get("/own?c=1").cookie("mine")
    reply = site.get("/own?c=0", jar(value, "mine"))
    assert is_deleted(reply, "mine"), reply
    _, attributes = reply.cookie("mine")
    assert attributes["path"] == "/shop"
    assert attributes["domain"].lstrip(".") == "example.com"


def test_nothing_to_delete(site):
    """Without consent and cookie there is no Set-Cookie at all."""
    assert site.get("/value?c=0").all("Set-Cookie") == []


def test_what_recognises_nobody_still_works(site):
    """Country, language and industry by hint need no consent."""
    got = site.vars("/vars", {"Accept-Language": "de"})
    assert got == {"country": "XX", "language": "de", "industry": "medical",
                   "visitor": ""}


def test_no_profile_without_consent(redis, nginx):
    """Without consent the profile is neither read nor used."""
    redis("HSET", "es:profile:anna", "industry", "medical", "company", "ACME")
    site = nginx(
        KEY + "exportsite_redis @redis@ timeout=1s;"
        "exportsite_industries medical;"
        "exportsite_visitor $arg_v; exportsite_consent $arg_c;",
        conf.echo("visitor", "industry", "profile_company"), redis=redis)
    assert site.vars("/vars?v=anna&c=0") == {
        "visitor": "", "industry": "", "profile_company": ""}
    assert redis.calls("hmget") == 0
    assert site.vars("/vars?v=anna&c=1") == {
        "visitor": "anna", "industry": "medical", "profile_company": "ACME"}
