"""The visitor's industry: ladder and hints."""

import pytest

import conf

BASE = ("exportsite_industries machinery medical food;"
        "exportsite_languages en de;\n")
NAMES = "industry", "industry_source"


def ladder(name, settings):
    return conf.echo(*NAMES, location=f"= /{name}",
                     extra=f"exportsite on; {settings}")


@pytest.fixture(scope="module")
def site(module_nginx):
    return module_nginx(
        BASE + "map $arg_m $mapped { f food; x other; default ''; }",
        conf.echo(*NAMES)
        + ladder("named", "exportsite_industry_from cookie:ind arg:ind "
                 "header:X-Industry $mapped;")
        + ladder("hints", """
            exportsite_hint machinery "query.q contains pump";
            exportsite_hint medical "referrer contains 'clinic'";
            exportsite_hint food "query.q contains pump or language = de";
          """)
        + ladder("after", "exportsite_industry_from hint arg:ind;"
                 "exportsite_hint food 'language = de';")
        + ladder("own", "exportsite_industries wood; "
                 "exportsite_industry_from arg:ind;")
        + ladder("missing", "exportsite_hint food 'industry missing';"))


def ask(site, target, headers=()):
    got = site.vars(target, headers)
    return got["industry"], got["industry_source"].split(":")[0]


def test_unknown_is_empty(site):
    """Without any source the industry is empty."""
    assert ask(site, "/vars") == ("", "")


def test_sources_in_order(site):
    """cookie:, arg:, header: and a variable, the first valid one."""
    head = {"Cookie": "x=y; ind=medical", "X-Industry": "food"}
    url = "/named?ind=machinery&m=f"
    assert ask(site, url, head) == ("medical", "cookie")
    del head["Cookie"]
    assert ask(site, url, head) == ("machinery", "arg")
    assert ask(site, "/named", head) == ("food", "header")
    assert site.vars("/named?m=f")["industry"] == "food"
    assert ask(site, "/named?m=x") == ("", "")


@pytest.mark.parametrize("value", [
    "other", "", "foo", "foods", "../food", "food%00", "food%0d%0a",
    "f" * 100, "-", "food,medical"])
def test_undeclared_values_are_passed_over(site, value):
    """A value that the site does not know is no value."""
    head = {"X-Industry": "medical"}
    assert ask(site, "/named?ind=" + value, head) == ("medical", "header")


def test_hints_first_match_wins(site):
    """Hints in their order; their source is `hint`."""
    assert ask(site, "/hints?q=pumps") == ("machinery", "hint")
    assert ask(site, "/hints", {"Accept-Language": "de"}) == ("food", "hint")
    assert ask(site, "/hints", {"Referer": "https://clinic.example/",
                                "Accept-Language": "de"}) == ("medical",
                                                              "hint")
    assert ask(site, "/hints") == ("", "")


def test_hint_before_another_source(site):
    """`hint` may stand anywhere on the ladder."""
    assert ask(site, "/after?ind=medical") == ("medical", "arg")
    head = {"Accept-Language": "de"}
    assert ask(site, "/after?ind=medical", head) == ("food", "hint")


def test_industries_of_a_location(site):
    """A location's own list is the one that counts there."""
    assert site.vars("/own?ind=wood")["industry"] == "wood"
    assert site.vars("/own?ind=food")["industry"] == ""


def test_industry_is_missing_in_a_hint(site):
    """In a hint `industry` is missing."""
    assert ask(site, "/missing") == ("food", "hint")


def test_profile_before_hint(redis, nginx):
    """By default the profile comes first, if the site knows its value."""
    redis("HSET", "es:profile:anna", "industry", "medical")
    redis("HSET", "es:profile:bert", "industry", "mining")
    redis("HSET", "es:profile:carl", "company", "ACME")
    site = nginx(
        BASE + "exportsite_redis @redis@ timeout=1s;exportsite_visitor $arg_v;"
        "exportsite_consent on; exportsite_hint food 'method = GET';",
        conf.echo(*NAMES), redis=redis)
    assert ask(site, "/vars?v=anna") == ("medical", "profile")
    for who in ("bert", "carl", "nobody", ""):
        assert ask(site, "/vars?v=" + who) == ("food", "hint")


def test_industry_in_a_choice(nginx):
    """The industry chooses, in rules too."""
    site = nginx(
        BASE + "exportsite_industry_from arg:i;"
        + conf.choices([("industry = medical", "m"),
                        ("industry in (food, machinery)", "f"),
                        ("industry missing", "unknown")]),
        conf.echo("$choice"))
    assert site.vars("/vars?i=medical")["choice"] == "m"
    assert site.vars("/vars?i=food")["choice"] == "f"
    assert site.vars("/vars?i=x")["choice"] == "unknown"
