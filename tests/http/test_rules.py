"""The rule language, every field and operator, through exportsite_choose."""

import time

import pytest

import conf
import mmdb as db
import webserver
from mmdb import client
from wait import until

PHONE = ("Mozilla/5.0 (iPhone; CPU iPhone OS 16_5 like Mac OS X) "
         "AppleWebKit/605.1.15 (KHTML, like Gecko) Version/16.5 "
         "Mobile/15E148 Safari/604.1")
DESKTOP = ("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:120.0) "
           "Gecko/20100101 Firefox/120.0")
BOT = ("Mozilla/5.0 (compatible; Googlebot/2.1; "
       "+http://www.google.com/bot.html)")

ANNA = {**client(db.AT), "Accept-Language": "de", "User-Agent": DESKTOP,
        "Host": "www.example.com:8080", "Cookie": "plan=gold; n=007; e=",
        "Referer": "https://www.Google.com/search"}
URL = "/Pumps/x-1?v=anna&utm_campaign=spring%20sale&n=42&n=43&empty=&q=a%2Bb"

# the rules that hold for ANNA asking for URL …
TRUE = r"""
country = AT
country = at
COUNTRY = At
country != DE
country in (DE, AT, CH)
country not in (DE, CH)
country exists
not country missing
continent = EU
city = Graz
city = 'Graz'
city contains ra
region exists
asn = 8447
asn between 8000 and 9000
organization starts with 'A1 '
organization contains Telekom
language = de
language = DE
language != en
language in (en, de)
industry = medical
industry in (machinery, medical)
path = /Pumps/x-1
path ~ "^/Pumps/"
path ~* "^/pumps/"
path !~ "^/pumps/"
path !~* '^/valves'
path ~ 'x-\d$'
path ~ "x-\\d$"
path starts with /Pumps
path not starts with /pumps
path ends with -1
path not ends with "2"
path contains umps
path not contains pumpS
path != /
host = www.example.com
host ends with .example.com
method = GET
method != POST
method in (GET, HEAD)
referrer contains "www."
referrer exists
agent contains Firefox
agent ~ "Firefox/\d+"
agent ~* firefox
device = desktop
device != mobile
not crawler
crawler missing or crawler = 0
consent
consent exists
not new
visits = 3
visits >= 3
visits > 2
visits < 3.5
visits <= 3
visits != 4
visits between 3 and 5
visits not between 4 and 5
visits in (1, 2, 3)
visits not in (1, 2)
views = 17
views
query.utm_campaign = "spring sale"
query.utm_campaign exists
query.utm_campaign contains " "
query.n = 42
query.n != 43
query.n = 42.0
query.n = '42'
query.n != '42.0'
query.n > 41.5
query.none missing
query.none != x
query.none !~ x
query.none not in (x, y)
query.none not contains x
query.none not between 1 and 2
not query.none = x
not query.none
query.q = a+b
cookie.plan = gold
cookie.plan in (gold, 'silver')
cookie.none missing
cookie.n = 7
cookie.n = 7.0
cookie.n != '7'
cookie.n = '007'
cookie.n = 007
profile.company = "ACME Corp"
profile.company contains ACME
profile.company starts with 'ACME C'
profile.company exists
profile.none missing
profile.size between 50 and 500
profile.size > 99
profile.size = 100
profile.since < 2026-12-24
profile.since = 2026-01-31
profile.since between 2026-01-01 and 2026-12-31
date >= 2020-01-01
date > 2020-12-24 and date < 2100-01-01
hour between 0 and 23
hour >= 0
weekday in (mon, tue, wed, thu, fri, sat, sun)
segment = austria
segment in (nobody, austria)
segment != nobody
segment not in (nobody, noone)
country = AT and language = de
country = DE or language = de
country = DE or country = CH or country = AT
not country = DE and not country = CH
not (country = DE or country = CH)
country = DE and country = XX or language = de
language = de or country = DE and country = CH
(language = de or continent = EU) and not crawler
not not country = AT
((((country = AT))))
country=AT and(language=de)
country != IN
""".strip().splitlines()

# … and those that do not
FALSE = r"""
country = DE
country = IN
country = XX
country missing
not country exists
country != AT
country in (DE, CH)
country not in (AT, DE)
continent = AS
city = Wien
asn < 8000
language = en
industry = machinery
industry missing
path = /pumps/x-1
path ~ "^/pumps/"
path !~ "^/Pumps/"
path !~* "^/pumps/"
path starts with umps
path ends with Pumps
path contains pumps
path not contains Pumps
path > 1
host = example.com
method = POST
referrer missing
agent contains MSIE
device = mobile
crawler
crawler exists
not consent
new
visits > 3
visits < 3
visits = 3.5
visits between 4 and 9
visits not between 1 and 3
visits in (1, 2)
visits > x
query.utm_campaign = spring
query.utm_campaign missing
query.n = 43
query.n = '42.0'
query.n < 42
query.none
query.none = x
query.none ~ .
query.none contains ''
query.none > 0
query.none < 0
query.none between 0 and 9
query.none in (x, y)
cookie.none = gold
cookie.plan = silver
cookie.n = '7'
cookie.n != 7
profile.none exists
profile.company > 5
profile.company < ZZZ
profile.size not between 50 and 500
profile.since < 2026-01-31
date < 2020-01-01
weekday not in (mon, tue, wed, thu, fri, sat, sun)
hour > 23
hour < 0
segment = nobody
segment != austria
segment not in (austria)
not segment = austria
country = AT and language = en
country = DE or language = en
not country = AT or country = DE
not (country = AT or country = DE)
not not not country = AT
""".strip().splitlines()

RULES = [(r, True) for r in TRUE] + [(r, False) for r in FALSE]


@pytest.fixture(scope="module")
def answers(module_redis, module_nginx, mmdb):
    """The outcome of all RULES for ANNA, as a string of 0 and 1."""
    redis = module_redis()
    redis("HSET", "es:profile:anna", "industry", "medical", "visits", "3",
          "views", "17", "company", "ACME Corp", "size", "100",
          "since", "2026-01-31")
    redis("HSET", "es:segments", "austria", "country = AT")
    city = mmdb([("192.0.2.0/26", {
        "city": {"names": {"en": "Graz"}}, "country": {"iso_code": "AT"},
        "continent": {"code": "EU"},
        "subdivisions": [{"iso_code": "6", "names": {"en": "Styria"}}]})],
        kind="GeoLite2-City")
    asn = mmdb([("192.0.2.0/24", {
        "autonomous_system_number": 8447,
        "autonomous_system_organization": "A1 Telekom Austria AG"})],
        kind="GeoLite2-ASN")
    blocks = "".join(
        conf.choices([(rule, "1")], f"$r{n}", "0")
        for n, (rule, _) in enumerate(RULES))
    shown = "".join(f"$r{n}" for n in range(len(RULES)))
    site = module_nginx(
        "exportsite_redis @redis@ timeout=1s; exportsite_geo @city@;"
        "exportsite_geo @asn@; exportsite_languages en de;"
        "exportsite_industries machinery medical; exportsite_consent on;"
        "exportsite_visitor $arg_v; variables_hash_max_size 4096;\n" + blocks,
        conf.echo("segments")
        + f"location / {{ exportsite on; return 200 {shown}; }}",
        redis=redis, city=city, asn=asn)
    until(lambda: site.vars("/vars", ANNA)["segments"] == "austria",
          what="the segment")
    reply = site.get(URL, ANNA)
    assert reply.status == 200 and len(reply.text) == len(RULES)
    return reply.text


@pytest.mark.parametrize("n", range(len(RULES)),
                         ids=[rule for rule, _ in RULES])
def test_rule(answers, n):
    """A rule means what the contract says."""
    rule, want = RULES[n]
    assert (answers[n] == "1") == want, rule


OTHERS = [
    ("device = mobile", {"User-Agent": PHONE}),
    ("crawler", {"User-Agent": BOT}),
    ("crawler = 1 and crawler exists", {"User-Agent": BOT}),
    ("agent missing", {}),
    ("referrer missing", {}),
    ("consent", {"X-Consent": "yes"}),
    ("not consent", {}),
    ("country missing", {}),
    ("country != DE", {}),
    ("not country = XX", {}),
    ("cookie.a = '1'", {"Cookie": "b=2; a=1"}),
    ("cookie.a missing", {"Cookie": "aa=1"}),
]


@pytest.fixture(scope="module")
def strangers(module_nginx):
    blocks = "".join(conf.choices([(rule, "1")], f"$r{n}", "0")
                     for n, (rule, _) in enumerate(OTHERS))
    shown = "".join(f"$r{n}" for n in range(len(OTHERS)))
    return module_nginx(
        "exportsite_consent $http_x_consent;" + blocks,
        f"location / {{ exportsite on; return 200 {shown}; }}")


@pytest.mark.parametrize("n", range(len(OTHERS)),
                         ids=[rule for rule, _ in OTHERS])
def test_rule_for_other_visitors(strangers, n):
    """Fields that depend on another visitor than Anna."""
    rule, headers = OTHERS[n]
    assert strangers.get("/x", headers).text[n] == "1"


def test_method(nginx):
    """`method` is the request's."""
    site = nginx(conf.choices([("method = POST", "post")]),
                 conf.echo("$choice"))
    reply = site.request("POST", "/vars", body=b"x")
    assert reply.vars["choice"] == "post"
    assert site.vars()["choice"] == "none"


def test_hour_weekday_and_date_are_local(nginx):
    """Exactly one hour, one weekday, one date holds: the server's own."""
    days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
    now = time.localtime()
    today = time.strftime("%Y-%m-%d", now)
    site = nginx(
        conf.choices([(f"hour = {n}", str(n)) for n in range(24)], "$h")
        + conf.choices([(f"weekday = {d}", d) for d in days], "$w")
        + conf.choices([(f"date = {today}", "today")], "$d"),
        conf.echo("$h", "$w", "$d"))
    before = time.localtime()
    got = site.vars()
    after = time.localtime()
    assert got["h"] in (str(before.tm_hour), str(after.tm_hour))
    assert got["w"] in (days[before.tm_wday], days[after.tm_wday])
    if after.tm_mday == now.tm_mday:
        assert got["d"] == "today"


def test_path_is_decoded_and_query_too(nginx):
    """`path` and `query.NAME` are decoded; the first of a name counts."""
    site = nginx(conf.choices([('path = "/a b" and query.x = "c d"', "yes")]),
                 conf.echo("$choice", location="/"))
    assert site.vars("/a%20b?x=c%20d&x=e")["choice"] == "yes"
    assert site.vars("/a%20b?y=1&x=e&x=c%20d")["choice"] == "none"


def test_path_before_rewriting(nginx):
    """`path` is the client's own, whatever nginx made of it."""
    site = nginx(conf.choices([("path = /old", "old"),
                               ("path = /new", "new")]),
                 "exportsite on; location = /old { rewrite ^ /new last; }"
                 + conf.echo("$choice", location="= /new"))
    assert site.vars("/old")["choice"] == "old"
    assert site.vars("/new")["choice"] == "new"


def test_dollar_is_not_interpolated(nginx):
    """`$` in a rule is a character like any other."""
    site = nginx('exportsite_choose $choice { \'path ~ "^/p/\\d+$"\' yes;'
                 " \"query.a = '$arg_b'\" literal; default no; }",
                 conf.echo("$choice", location="/"))
    assert site.vars("/p/17")["choice"] == "yes"
    assert site.vars("/p/17x")["choice"] == "no"
    assert site.vars("/x?a=1&b=1")["choice"] == "no"
    assert site.vars("/x?a=$arg_b")["choice"] == "literal"


def test_a_runaway_regex_is_false(nginx):
    """A regex beyond its match limit is false, quickly, and counted."""
    site = nginx(conf.choices([("path ~ '^/(a+)+$'", "yes")]),
                 conf.echo("$choice", location="/"))
    begin = time.monotonic()
    assert site.vars("/" + "a" * 5000 + "!")["choice"] == "none"
    assert time.monotonic() - begin < 1.0
    assert site.vars("/aaa")["choice"] == "yes"


@pytest.mark.parametrize("rule, words", [
    ("contry = DE", ['unknown field "contry"', 'did you mean "country"?',
                     "col 1:"]),
    ("country = DE and langage = de", ["langage", '"language"', "col 18:"]),
    ("country ==", []), ("country", None), ("", []), ("country =", []),
    ("(country = DE", []), ("country = DE)", []), ("and country = DE", []),
    ("country = DE and", []), ("country in DE", []),
    ("country in (DE", []),
    ("hour between 8", []), ("hour between 8 and", []),
    ("country = DE language = de", []), ("path ~ '(['", []),
    ("path ~", []), ("path = 'x", []), ("country = DE # x", []),
    ("segment > x", []), ("segment ~ x", []), ("segment contains x", []),
    ("query = x", []), ("query. = x", []), ("not", []), ("()", []),
    ("country <> DE", []), ("country = DE;", []), ("country & x", []),
    ("(" * 65 + "crawler" + ")" * 65, []),
], ids=lambda v: v[:30] if isinstance(v, str) else "")
def test_errors(rule, words):
    """What is no rule is an [emerg] with file, line, column and help."""
    text = conf.choices([(rule, "x")])
    if words is None:
        assert webserver.check(text).ok
        return
    error = webserver.conf_error(text)
    for word in words:
        assert word in error.text, error.text
    assert "col " in error.text, error.text


@pytest.mark.parametrize("rule", [
    "(" * 60 + "crawler" + ")" * 60, "path = '" + "x" * 4000 + "'",
    "country = AT\n   and\tlanguage = de", "crawler or " * 200 + "crawler",
    "NOT Country IN (de) AND Hour BETWEEN 8 AND 18",
], ids=lambda v: v[:20])
def test_rules_within_the_limits(rule):
    """64 deep and 4 KB are allowed, and so is space of any kind."""
    assert webserver.check(conf.choices([(rule, "x")])).ok
