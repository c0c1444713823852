"""What caches are told: Vary and Cache-Control follow from what an answer used.

Tables of small locations, each with what its answer must say: the names in its
one Vary line, and "private" for its Cache-Control; "" is neither header.
"""

import os
import re
import shutil
import subprocess

import pytest

import conf
import httpclient
import mmdb as db
import upstream
import webserver
from cookies import NAME, is_deleted, jar
from mmdb import client
from test_record import GOOGLEBOT
from upstream import reply
from wait import until

backend = upstream.fixture(upstream.Upstream, "module")

GERMAN = {**client(db.DE), "Accept-Language": "de-DE,de;q=0.9"}
CRAWLER = {**GERMAN, "User-Agent": GOOGLEBOT}
NOBODY = {}
AL = "Accept-Language"

LANGUAGE, COUNTRY, INDUSTRY = ("$exportsite_language", "$exportsite_country",
                               "$exportsite_industry")


# -- tables: (target, directives, body, request's headers, what it depends on)

def language(target, ladder, want, head=NOBODY, body=LANGUAGE):
    return target, f"exportsite_language_from {ladder};", body, head, want


def country(target, ladder, want, head=NOBODY, body=COUNTRY):
    return target, f"exportsite_country_from {ladder};", body, head, want


def industry(target, ladder, want, head=NOBODY, more=""):
    return (target, f"exportsite_industry_from {ladder}; {more}", INDUSTRY,
            head, want)


def hint(rule):
    return f"exportsite_hint medical {conf.quote(rule)};"


LADDERS = [
    language("/de/url", "url", ""),
    language("/l-url-missed", "url", ""),
    language("/l-accept", "accept", AL, GERMAN),
    language("/l-accept-missing", "accept", AL),
    language("/l-accept-unknown", "accept", AL, {AL: "xx"}),
    language("/de/url-accept", "url accept", "", GERMAN),
    language("/l-url-missed-accept", "url accept", AL, GERMAN),
    language("/de/default", "url accept country", "", GERMAN),
    language("/l-default", "url accept country", AL, GERMAN),
    language("/l-default-missed", "url accept country", AL + " private"),
    language("/l-default-geo", "url accept country", AL + " private",
             client(db.DE)),
    language("/l-arg?lang=ja", "arg:lang accept", "", GERMAN),
    language("/l-arg-missing", "arg:lang accept", AL, GERMAN),
    language("/l-header", "header:X-Lang accept", "X-Lang", {"X-Lang": "de"}),
    language("/l-header-missing", "header:X-Lang", "X-Lang"),
    language("/l-header-missed", "header:X-Lang accept", "X-Lang " + AL,
             GERMAN),
    language("/l-header-accept", "header:accept-language accept", AL),
    language("/l-cookie", "cookie:lang accept", "private",
             {"Cookie": "lang=ja"}),
    language("/l-cookie-missing", "cookie:lang accept", AL + " private"),
    language("/l-profile", "profile accept", AL + " private"),
    language("/l-country", "country", "private", GERMAN),
    language("/l-country-arg?c=DE", "country; exportsite_country_from arg:c",
             ""),
    language("/l-country-header", "country; exportsite_country_from "
             "header:CF-IPCountry", "CF-IPCountry"),
    language("/l-http", "$http_cf_language", "CF-Language"),
    language("/l-source", "accept", AL, body="$exportsite_language_source"),

    # a crawler is asked for nothing but the URL
    language("/de/crawler", "url accept country", "", CRAWLER),
    language("/l-crawler", "url accept", AL + " private", CRAWLER),
    language("/l-crawler-header", "header:X-Lang", "X-Lang private", CRAWLER),
    language("/l-crawler-url", "url", "", CRAWLER),

    country("/c-geo", "geo", "private", GERMAN),
    country("/c-geo-unknown", "geo", "private", client(db.UNKNOWN)),
    country("/c-arg?c=DE", "arg:c geo", ""),
    country("/c-arg-missing", "arg:c geo", "private"),
    country("/c-header", "header:CF-IPCountry", "CF-IPCountry",
            {"CF-IPCountry": "DE"}),
    country("/c-header-missed", "header:CF-IPCountry geo",
            "CF-IPCountry private"),
    country("/c-http", "$http_cf_ipcountry geo", "CF-IPCountry",
            {"CF-IPCountry": "DE"}),
    country("/c-http-missed", "$http_cf_ipcountry geo",
            "CF-IPCountry private"),
    country("/jp/c-url", "url geo", ""),
    country("/c-cookie", "cookie:c", "private", {"Cookie": "c=DE"}),
    country("/c-profile", "profile", "private"),
    country("/c-source", "header:X-Country", "X-Country",
            body="$exportsite_country_source"),
    country("/c-continent", "header:X-Country", "X-Country",
            {"X-Country": "JP"}, "$exportsite_continent"),
    country("/c-continent-geo", "geo", "private", body="$exportsite_continent"),

    industry("/i-default", "profile hint", "private", more=hint("path exists")),
    industry("/i-arg?i=food", "arg:i profile", ""),
    industry("/i-arg-missed?i=none", "arg:i profile", "private"),
    industry("/i-header", "header:X-Industry", "X-Industry"),
    industry("/i-cookie", "cookie:i", "private"),
    industry("/i-hint-path", "hint", "", more=hint("path exists")),
    industry("/i-hint-query?utm_campaign=clinic", "hint", "",
             more=hint("query.utm_campaign = clinic")),
    industry("/i-hint-referrer", "hint", "private",
             more=hint("referrer contains dairy")),
    industry("/i-hint-language", "hint", AL, more=hint("language = de")
             + "exportsite_language_from accept;"),
    industry("/i-hint-second", "hint", "private",
             more=hint("query.x exists") + hint("device = mobile")),
    industry("/i-hint-first?x=1", "hint", "",
             more=hint("query.x exists") + hint("device = mobile")),
]

# nginx's variables in a value of ours
VALUES = [
    ("$arg_x", ""), ("$args", ""), ("$query_string", ""), ("$uri", ""),
    ("$document_uri", ""), ("$request_uri", ""), ("$host", ""),
    ("$http_host", ""), ("$scheme", ""), ("$request_method", ""),
    ("$server_name", ""), ("$is_args", ""), ("text", ""),
    ("$http_x_tier", "X-Tier"), ("$http_X_Tier", "X-Tier"),
    ("${http_x_tier}a$http_x_b", "X-Tier X-B"),
    ("$http_accept_language", AL), ("$http_user_agent", "User-Agent"),
    ("$http_referer", "Referer"), ("$http_cookie", "Cookie"),
    ("$arg_x$http_x_tier$uri", "X-Tier"), ("$cookie_x", "private"),
    ("${cookie_x}", "private"), ("$http_x_tier$cookie_x", "X-Tier private"),
    ("$remote_addr", "private"), ("$remote_user", "private"),
    ("$mapped", "private"), ("$request_id", "private"),
    ("$time_local", "private"), ("$ssl_client_s_dn", "private"),
    (LANGUAGE, AL), (COUNTRY, "private"), ("$inner", AL),
]

# every field of docs/rules.md: a rule, and what it depends on
FIELDS = {
    "country": ("country = JP", "private"),
    "continent": ("continent = AS", "private"),
    "region": ("region = BY", "private"), "city": ("city = Graz", "private"),
    "asn": ("asn = 1", "private"),
    "organization": ("organization contains x", "private"),
    "language": ("language = ja", AL), "industry": ("industry = food", ""),
    "segment": ("segment = in-german", AL),
    "path": ('path starts with "/x"', ""), "host": ("host = x", ""),
    "method": ("method = POST", ""), "query.NAME": ("query.x = 1", ""),
    "referrer": ("referrer exists", "private"),
    "agent": ("agent contains x", "private"),
    "device": ("device = mobile", "private"),
    "crawler": ("crawler", "private"), "consent": ("consent", "private"),
    "new": ("new", "private"), "visits": ("visits >= 3", "private"),
    "views": ("views > 2", "private"),
    "profile.NAME": ("profile.tier = gold", "private"),
    "cookie.NAME": ("cookie.x exists", "private"),
    "hour": ("hour between 8 and 18", "private"),
    "weekday": ("weekday = mon", "private"),
    "date": ("date > 2020-01-01", "private"),
}

# a rule is asked only as far as needed
RULES = [
    ("query.x = 1 and country = JP", "", ""),
    ("query.x = 1 and country = JP", "?x=1", "private"),
    ("query.x = 1 or country = JP", "?x=1", ""),
    ("query.x = 1 or country = JP", "", "private"),
    ("not query.x = 1", "", ""),
    ("not (language = ja and country = JP)", "", AL),
    ("language != ja and device = mobile", "", AL + " private"),
    ("method in (GET, HEAD) and path exists", "", ""),
]

SEGMENTS = {
    "in-german": "language = de", "in-path": "path starts with /g-",
    "in-japan": "country = JP", "in-group": "segment = in-german",
    "in-both": "query.x exists or segment = in-japan",
}

GROUPS = [
    ("/g-none", "", "$exportsite_segment_no_such", GERMAN, ""),
    ("/g-path", "", "$exportsite_segment_in_path", GERMAN, ""),
    ("/g-german", "", "$exportsite_segment_in_german", GERMAN, AL),
    ("/g-group", "", "$exportsite_segment_in_group", GERMAN, AL),
    ("/g-japan", "", "$exportsite_segment_in_japan", GERMAN, "private"),
    ("/g-both?x=1", "", "$exportsite_segment_in_both", GERMAN, ""),
    ("/g-both-asked", "", "$exportsite_segment_in_both", GERMAN, "private"),
    ("/g-all", "", "$exportsite_segments", GERMAN, AL + " private"),
]

VARIABLES = [
    (f"/v-{name}", "", f"$exportsite_{name}", GERMAN, want) for name, want in [
        ("country", "private"), ("continent", "private"),
        ("region", "private"), ("city", "private"), ("asn", "private"),
        ("organization", "private"), ("language", AL), ("industry", ""),
        ("profile_company", "private"), ("visitor", "private"),
        ("new", "private"), ("consent", "private"), ("crawler", "private"),
        ("device", "private"), ("event", "private"),
        ("country_source", "private"), ("language_source", AL),
        ("industry_source", "")]
] + [
    ("/v-nothing", "", "nothing", GERMAN, ""),
    ("/v-off", "exportsite off;", COUNTRY + LANGUAGE, GERMAN, ""),
    ("/k-default", "", "$exportsite_key", GERMAN,    # with all choices
     AL + " X-Tier X-B User-Agent Referer Cookie private"),
    ("/k-language", f"exportsite_key {LANGUAGE};", "$exportsite_key", GERMAN,
     AL),
    ("/k-url?a=1", "exportsite_key $arg_a $uri x;", "$exportsite_key", GERMAN,
     ""),
    ("/k-header", "exportsite_key $http_x_tier;", "$exportsite_key", GERMAN,
     "X-Tier"),
    ("/k-cookie", "exportsite_key $cookie_tier;", "$exportsite_key", GERMAN,
     "private"),
    ("/k-not-asked", f"exportsite_key {COUNTRY};", "x", GERMAN, ""),
]

# where else nginx uses a variable before the header goes out
PLACES = [
    ("/p-set", f"set $d {COUNTRY};", "x", GERMAN, "private"),
    ("/p-if", "if ($exportsite_language = ja) { return 302 /ja/; }", "x",
     GERMAN, AL),
    ("/p-redirect", f"return 302 /{LANGUAGE}/;", None, GERMAN, AL),
    ("/p-rewrite", f"rewrite ^ /{LANGUAGE}/ permanent;", None, GERMAN, AL),
    ("/p-header", f"add_header X-Country {COUNTRY};", "x", GERMAN, "private"),
    ("/p-header-always", f"add_header X-L {LANGUAGE} always; return 404;",
     None, GERMAN, AL),
    ("/p-header-skipped", f"add_header X-L {LANGUAGE}; return 404;",
     None, GERMAN, ""),
    ("/p-204", f"set $d {LANGUAGE}; return 204;", None, GERMAN, AL),
    ("/p-403", f"set $d {LANGUAGE}; return 403;", None, GERMAN, AL),
    ("/p-500", f"set $d {COUNTRY}; return 500;", None, GERMAN, "private"),
    ("/p-log", "access_log @dir@/seen.log seen;", "x", GERMAN, ""),
    ("/p-log-both", "access_log @dir@/seen.log seen;", LANGUAGE + COUNTRY,
     GERMAN, AL + " private"),
    ("/p-twice", f"set $d {COUNTRY};", "$c_country$exportsite_country", GERMAN,
     "private"),
    ("/p-map", "", "$by_country", GERMAN, "private"),
    ("/p-try", f"try_files /l/{LANGUAGE} =404;", None, GERMAN, AL),
    ("/p-try-missed", f"try_files /no/{LANGUAGE} =404;", None, GERMAN, AL),
    ("/p-try-access", "exportsite on phase=access;"
     f"try_files /l/{LANGUAGE} =404;", None, GERMAN, AL),
    ("/p-try-off", f"try_files /no/{LANGUAGE} @off;", None, GERMAN, AL),
    ("/p-off-first", "exportsite off; try_files /no @on;", None, GERMAN,
     "private"),
    ("/p-error-page", f"error_page 404 /sorry; try_files /no/{LANGUAGE} =404;",
     None, GERMAN, AL),
    ("/p-error-200", "error_page 404 = @on; return 404;", None, GERMAN,
     "private"),
    ("/p-auth", "auth_request /auth; try_files /l/de =404;", None, GERMAN,
     "private"),
    ("/p-auth-refused", "auth_request /auth; try_files /l/de =404;", None,
     client(db.FR), "private"),
    ("/p-auth-plain", "auth_request /auth-plain; try_files /l/de =404;", None,
     GERMAN, ""),
    ("/p-accel", "proxy_pass http://@up@/accel;", None, GERMAN, AL),
    ("/p-pass", f"proxy_set_header X-Country {COUNTRY};"
     "proxy_pass http://@up@/plain;", None, GERMAN, "private"),
    ("/p-switched-off", f"exportsite_vary off; set $d {COUNTRY};", LANGUAGE,
     GERMAN, ""),
]

SLOTS = [
    ("/s-file", "exportsite_slot hero file:/c/one;", ""),
    ("/s-file-language", f"exportsite_slot hero file:/c/{LANGUAGE};", AL),
    ("/s-file-country", f"exportsite_slot hero file:/c/{COUNTRY};", "private"),
    ("/s-file-header", "exportsite_slot hero file:/c/$http_x_tier;", "X-Tier"),
    ("/s-redis", "exportsite_slot hero redis:banner;", ""),
    ("/s-redis-language", f"exportsite_slot hero redis:b-{LANGUAGE};", AL),
    ("/s-text", "exportsite_slot hero text:hello;", ""),
    ("/s-text-arg?x=1", "exportsite_slot hero text:$arg_x;", ""),
    ("/s-text-cookie", "exportsite_slot hero text:$cookie_x;", "private"),
    ("/s-text-profile", "exportsite_slot hero text:$exportsite_profile_x;",
     "private"),
    ("/s-unmarked", f"exportsite_slot none text:{LANGUAGE};", AL),
    ("/s-uri", "exportsite_slot hero uri:/plain-part;", "private"),
    ("/s-two", f"exportsite_slot hero text:{LANGUAGE};"
     "exportsite_slot teaser text:$exportsite_device;", AL + " private"),
    ("/s-choice", "exportsite_slot hero text:$c_language;", AL),
    ("/s-script", "exportsite_script /x.js;", ""),
    ("/s-script-language", f"exportsite_script /{LANGUAGE}.js;", AL),
    ("/s-script-nonce", "exportsite_script /x.js nonce=$request_id;",
     "private"),
]


# -- the site that has all of them

def location(target, directives, body):
    on = "" if "exportsite o" in directives else "exportsite on;"
    end = "" if body is None else f'return 200 "{body}";'
    return f"location = {target.split('?')[0]} {{ {on} {directives} {end} }}\n"


def choice(name, value, rule=None):
    default = "none" if rule else value
    case = f"{conf.quote(rule)} yes;" if rule else ""
    return (f"exportsite_choose ${name} {{ {case} default "
            f"{conf.quote(default)}; }}\n")


def field_name(field):
    return "c_" + field.split(".")[0]


HTTP = ("""
    exportsite_redis @redis@ timeout=1s; exportsite_geo @world@;
    exportsite_secret @dir@/secret; exportsite_languages en de ja;
    exportsite_industries medical food;
    exportsite_language_from accept; exportsite_industry_from arg:industry;
    log_format seen '$exportsite_country/$exportsite_language'
        ' $sent_http_vary $sent_http_cache_control';
    map $exportsite_country $by_country { default x; JP y; }
    map $remote_addr $mapped { default x; }
    gzip_min_length 1; gzip_types text/plain; gzip_disable "none";
    proxy_http_version 1.1;
    """
    + choice("inner", LANGUAGE)
    + "".join(choice(field_name(field), "", rule)
              for field, (rule, _) in FIELDS.items())
    + "".join(choice(f"value_{n}", value)
              for n, (value, _) in enumerate(VALUES))
    + "".join(choice(f"rule_{n}", "", rule)
              for n, (rule, _, _) in enumerate(RULES)))

CHOICES = [
    (f"/f-{field.lower()}", "", f"${field_name(field)}", GERMAN, want)
    for field, (_, want) in FIELDS.items()
] + [
    (f"/value-{n}", "", f"$value_{n}", GERMAN, want)
    for n, (_, want) in enumerate(VALUES)
] + [
    (f"/rule-{n}{args}", "", f"$rule_{n}", GERMAN, want)
    for n, (_, args, want) in enumerate(RULES)
]

PAGE = ("<!doctype html><head></head><!-- es:hero -->own<!-- /es:hero -->"
        "<!-- es:teaser -->own<!-- /es:teaser -->\n")

USE = {
    "plain": "exportsite off;", "none": "", AL: f"set $d {LANGUAGE};",
    "private": f"set $d {COUNTRY};",
    AL + " private": f"set $d {LANGUAGE}{COUNTRY};",
    "off": f"exportsite_vary off; set $d {LANGUAGE}{COUNTRY};",
}


def folder(use):
    return "/up-" + use.lower().replace(" ", "-")


SERVER = (
    "listen unix:@dir@/h2.sock http2;\n"
    + "".join(location(*case[:3])
              for case in LADDERS + CHOICES + GROUPS + VARIABLES + PLACES)
    + "".join(location(target, directives + "default_type text/html;"
                       "try_files /page.html =404;", None)
              for target, directives, _ in SLOTS)
    + "".join(location(folder(use) + "/", f"{directives}"
                       "proxy_pass http://@up@/;", None).replace(" = ", " ")
              for use, directives in USE.items())
    + "".join(location(f"/gz-{folder(use)[4:]}", "gzip on; gzip_vary on;"
                       + directives, "zip me " * 40)
              for use, directives in USE.items())
    + f"""
    location @on {{ exportsite on; return 200 "{COUNTRY}"; }}
    location @off {{ exportsite off; return 200 x; }}
    location = /sorry {{ internal; exportsite off; return 200 sorry; }}
    location = /accel-here {{ internal; exportsite on; set $d {LANGUAGE};
                              try_files /l/de =404; }}
    location = /auth {{ internal; exportsite on;
        if ($exportsite_country = FR) {{ return 403; }} return 204; }}
    location = /auth-plain {{ internal; return 204; }}
    location = /plain-part {{ return 200 part; }}
    location = /file-language {{ exportsite on; set $d {LANGUAGE};
                                 try_files /page.html =404; }}
    location = /file-country {{ exportsite on; set $d {COUNTRY};
                                try_files /page.html =404; }}
    location = /slot.css {{ exportsite on; try_files /l/de =404;
        default_type text/css; exportsite_slot hero text:{COUNTRY}; }}
    location = /view {{ exportsite on; exportsite_consent $arg_consent;
                        default_type text/html; return 200 page; }}
    location = /view-up {{ exportsite on; exportsite_consent on;
                           proxy_pass http://@up@/public; }}
    location = /who {{ exportsite on; exportsite_whoami; }}
    location = /status {{ exportsite_status; }}
    location = /beacon {{ exportsite on; exportsite_consent $cookie_c;
                          exportsite_beacon; }}
    location /level/ {{
        exportsite on; exportsite_vary off; set $d {COUNTRY}; return 200 x;
        location = /level/same {{ set $d {COUNTRY}; return 200 x; }}
        location = /level/again {{ exportsite_vary on; set $d {COUNTRY};
                                   return 200 x; }}
    }}
    location = /expires {{ exportsite on; set $d {COUNTRY}; expires $arg_e;
                           return 200 x; }}
    location = /expires-404 {{ exportsite on; set $d {COUNTRY};
        add_header Cache-Control "public, max-age=9" always;
        add_header Vary "Accept-language, X-Own" always;
        add_header X-Language {LANGUAGE} always; return 404; }}
    location = /expires-none {{ exportsite on; expires 1h;
        add_header Cache-Control "public, s-maxage=9";
        add_header Vary X-Own; add_header vary x-own; return 200 x; }}
    """)


@pytest.fixture(scope="module")
def site(module_redis, module_nginx, backend, mmdb):
    redis = module_redis()
    redis("HSET", "es:segments", *[
        word for pair in SEGMENTS.items() for word in pair])
    backend.on("/plain", reply("x"))
    backend.on("/public", reply("<p>x</p>",
                                "Cache-Control: public, max-age=600"))
    backend.on("/accel", reply("x", "X-Accel-Redirect: /accel-here"))
    site = module_nginx(HTTP, SERVER, redis=redis, world=mmdb.world(),
                        up=backend)
    site.write("html/page.html", PAGE)
    site.write("html/c/one", "content")
    for tag in "en", "de", "ja":
        site.write(f"html/l/{tag}", tag)
    until(lambda: {s["name"] for s in site.json()["segments"]}
          >= set(SEGMENTS), what="the segments")
    return site


# -- how answers are judged

def members(reply, name):
    """All members of a header that is a list, commas in quotes left alone."""
    found = []
    for line in reply.all(name):
        found += re.findall(r'(?:[^",]|"(?:\\.|[^"\\])*"?)+', line)
    return [word.strip() for word in found if word.strip()]


def fault(reply, want):
    """What is wrong with an answer's headers, or ""."""
    wanted = want.lower().split()
    private = ["private"] if "private" in wanted else []
    vary = sorted(word for word in wanted if word != "private")
    got = sorted(word.lower() for word in members(reply, "Vary"))
    if got != vary or len(reply.all("Vary")) > 1:
        return f"Vary is {reply.all('Vary')}, not {vary}"
    if reply.all("Cache-Control") != private:
        return f"Cache-Control is {reply.all('Cache-Control')}, not {private}"
    return ""


def judge(site, cases, method="GET"):
    """Ask each (target, …, headers, want), all on one connection."""
    wrong = []
    with site.session() as session:
        for target, *_, head, want in cases:
            got = session.request(method, target, head)
            found = fault(got, want)
            if found or got.status in (400, 502):
                wrong.append(f"{target}: {got.status} {found}")
    assert not wrong, "\n".join(wrong)


SLOT_CASES = [(target, GERMAN, want) for target, _, want in SLOTS]
TABLES = {"ladders": LADDERS, "choices": CHOICES, "segments": GROUPS,
          "variables": VARIABLES, "places": PLACES, "slots": SLOT_CASES}


@pytest.mark.parametrize("table", TABLES)
def test_what_was_used(site, table):
    """An answer depends on what was examined for it, and on nothing else."""
    judge(site, TABLES[table])


def test_again_backwards(site):
    """Nothing stays from one request to the next on a connection."""
    everything = [case for table in TABLES.values() for case in table]
    judge(site, everything[::-1])


def test_head(site):
    """HEAD is answered as GET is."""
    everything = [case for name, table in TABLES.items() for case in table
                  if name != "choices"]   # method = POST and others depend
    judge(site, everything, "HEAD")


def test_all_fields_are_here():
    """The table has all fields that docs/rules.md tells of."""
    with open(os.path.join(webserver.ROOT, "docs", "rules.md")) as file:
        text = file.read().split("\n## Fields\n")[1].split("\n## ")[0]
    fields = re.findall(r"^\| `([a-z]+(?:\.NAME)?)` \|", text, re.M)
    assert set(fields) == set(FIELDS)


def test_the_log_asks_late(site):
    """What only the log asks for is told to it, and to nobody else."""
    assert fault(site.get("/p-log", GERMAN), "") == ""
    site.get("/p-log-both", GERMAN)
    until(lambda: site.read("seen.log").splitlines()[-2:] == [
        "DE/de - -", f"DE/de {AL} private"], what="the lines")


@pytest.mark.skipif(not shutil.which("curl"), reason="no curl")
@pytest.mark.parametrize("target,want", [
    ("/l-accept", AL), ("/c-http-missed", "CF-IPCountry private"),
    ("/de/url", ""), ("/g-japan", "private"), ("/s-two", AL + " private"),
    ("/p-try-missed", AL), ("/expires-404", "X-Own private " + AL),
    ("/gz-none", "Accept-Encoding"), ("/gz-private", "Accept-Encoding private"),
    ("/gz-accept-language", "Accept-Encoding " + AL)])
def test_http2(site, target, want):
    """HTTP/2 says the same."""
    words = [word for pair in {**GERMAN, "Accept-Encoding": "gzip"}.items()
             for word in ("-H", f"{pair[0]}: {pair[1]}")]
    done = subprocess.run(
        ["curl", "-s", "-o", "-", "-D", "-", "--http2-prior-knowledge",
         "--max-time", "20", "--unix-socket", site.path("h2.sock"), *words,
         "http://localhost" + target], stdout=subprocess.PIPE)
    lines = done.stdout.decode("latin-1").split("\r\n\r\n")[0].split("\r\n")
    assert lines[0].startswith("HTTP/2 "), done
    got = httpclient.Response(
        0, [tuple(line.split(": ", 1)) for line in lines[1:]], b"")
    got.headers = [(name, value.replace(", max-age=9", ""))
                   for name, value in got.headers]
    assert not fault(got, want)


# -- conditions

@pytest.mark.parametrize("target,want", [
    ("/file-language", AL), ("/file-country", "private"),
    ("/s-file-language", AL), ("/s-file-country", "private"),
    ("/s-two", AL + " private"), ("/s-text", "")])
def test_not_modified(site, target, want):
    """A 304 says what the 200 says; so do HEAD, a part, and a wrong one."""
    got = site.get(target, GERMAN)
    assert got.status == 200 and not fault(got, want), got
    tag = {**GERMAN, "If-None-Match": got.header("ETag")}
    assert site.get(target, tag).status == 304
    assert not fault(site.get(target, tag), want)
    assert not fault(site.request("HEAD", target, tag), want)
    if got.header("Last-Modified"):
        since = {**GERMAN, "If-Modified-Since": got.header("Last-Modified")}
        assert site.get(target, since).status == 304
        assert not fault(site.get(target, since), want)
        for part, status in ("0-3", 206), ("9999-", 416):
            cut = site.get(target, {**GERMAN, "Range": f"bytes={part}"})
            assert cut.status == status and not fault(cut, want), cut
    refused = site.request("POST", target, GERMAN, b"x")
    assert refused.status == 405
    if target.startswith("/file"):
        assert not fault(refused, want), refused


def test_no_page_no_slots(site):
    """What has no slots does not depend on their contents."""
    assert not fault(site.get("/slot.css", GERMAN), "")


# -- what others say to caches

VARY = [
    ["Vary: Accept-Encoding"], ["Vary: accept-language"], ["vary: *"],
    ["Vary: Cookie", "Vary: Accept-Encoding, ACCEPT-LANGUAGE"],
    ["Vary: Accept-Encoding,, ,\taccept-encoding ,X-A"],
    ["Vary: Accept-Language-X"], ["Vary: "], ["Vary: ,"],
    ["Vary: a, b", "Vary: *", "VARY: B, c"], ["Vary: User-Agent"] * 3,
]

CONTROL = [
    ["Cache-Control: public"], ["Cache-Control: PUBLIC, max-age=60"],
    ["Cache-Control: s-maxage=600, max-age=60"],
    ["Cache-Control: Public , S-MaxAge = 5,immutable"],
    ['Cache-Control: public, s-maxage="600", stale-while-revalidate=30'],
    ["Cache-Control: max-age=60, must-revalidate"],
    ["Cache-Control: max-age=0"], ["Cache-Control: no-cache"],
    ["Cache-Control: no-store"], ["Cache-Control: No-Store, max-age=0"],
    ["Cache-Control: private"], ["Cache-Control: max-age=5, PRIVATE"],
    ["Cache-Control: no-store, public"],
    ["Cache-Control: private, s-maxage=60"],
    ['Cache-Control: private="X-Secret"'],
    ['Cache-Control: private="X-Secret, public", max-age=60'],
    ['Cache-Control: no-cache="Set-Cookie", public'],
    ['Cache-Control: ext="a, private", max-age=60'],
    ['Cache-Control: ext="no-store\\", private", public'],
    ["Cache-Control: public", "Cache-Control: max-age=60"],
    ["Cache-Control: max-age=60", "cache-control: no-store"],
    ["Cache-Control: public", "Cache-Control: s-maxage=1",
     "Cache-Control: private"],
    ["Cache-Control: "], ["Cache-Control: ,,"], ["Cache-Control: ="],
    ["Cache-Control: max-age"], ['Cache-Control: private="X'],
    ['Cache-Control: max-age=1, ext="public, private'],
    ["Cache-Control: publicly, privates, no-stores"],
]


def wanted_vary(lines, more):
    out = []
    for word in [w.strip().lower() for line in lines
                 for w in line.split(":", 1)[1].split(",")] + more:
        if word and word not in out:
            out.append(word)
    return sorted(out)


def control_fault(before, after):
    """What is wrong with a Cache-Control that had to become private."""
    def bare(word):
        return word.replace(" ", "").lower()
    words = members(after, "Cache-Control")
    kept = [word for word in members(before, "Cache-Control")
            if bare(word).split("=")[0] not in
            ("public", "private", "s-maxage")]
    if len(after.all("Cache-Control")) != 1 and "no-store" not in words:
        return "not one line"
    if "private" not in map(bare, words) and "no-store" not in map(bare, words):
        return "not private"
    if any(bare(word).split("=")[0] in ("public", "s-maxage")
           for word in words):
        return "an invitation"
    rest = [word for word in words if bare(word) != "private"]
    return "" if rest == kept else f"{kept} became {rest}"


def headers_of(reply):
    return [pair for pair in reply.headers
            if pair[0] not in ("Date", "Content-Language")]


def test_upstream_vary(site, backend):
    """One line of all that the upstream names, and what was used."""
    for n, lines in enumerate(VARY):
        backend.on(f"/vary-{n}", reply("x", *lines))
        for use in AL, AL + " private":
            got = site.get(f"{folder(use)}/vary-{n}", GERMAN)
            assert len(got.all("Vary")) == 1, (lines, got)
            found = sorted(w.lower() for w in members(got, "Vary"))
            assert found == wanted_vary(lines, [AL.lower()]), (lines, got)
        got = site.get(f"{folder('private')}/vary-{n}", GERMAN)
        found = {w.lower() for w in members(got, "Vary")}
        assert found == set(wanted_vary(lines, [])), (lines, got)


def test_upstream_cache_control(site, backend):
    """Invitations go, what is stricter stays, all else is kept in order."""
    for n, lines in enumerate(CONTROL):
        backend.on(f"/cc-{n}", reply("x", *lines))
        before = site.get(f"{folder('plain')}/cc-{n}", GERMAN)
        for use in "private", AL + " private":
            after = site.get(f"{folder(use)}/cc-{n}", GERMAN)
            found = control_fault(before, after)
            assert not found, (lines, found, after)
        got = site.get(f"{folder(AL)}/cc-{n}", GERMAN)
        assert got.all("Cache-Control") == before.all("Cache-Control")


def test_nothing_was_used(site, backend):
    """Then, and with exportsite_vary off, not a header is touched."""
    for n, lines in enumerate(VARY + CONTROL):
        backend.on(f"/raw-{n}", reply("x", "ETag: x", *lines, "X-Last: y"))
        want = headers_of(site.get(f"{folder('plain')}/raw-{n}", GERMAN))
        for use in "none", "off":
            got = headers_of(site.get(f"{folder(use)}/raw-{n}", GERMAN))
            assert got == want, lines


def test_strict_stays_as_it_is(site, backend):
    """What keeps shared caches off already is not written anew."""
    for n, value in enumerate(["no-store", "private", "private, max-age=5",
                               "no-store, no-cache, max-age=0"]):
        backend.on(f"/strict-{n}", reply("x", f"Cache-Control: {value}"))
        got = site.get(f"{folder('private')}/strict-{n}", GERMAN)
        assert got.all("Cache-Control") == [value]


def test_targeted(site, backend):
    """Headers for shared caches alone cannot invite them either."""
    names = ["CDN-Cache-Control: max-age=600", "surrogate-control: max-age=9",
             "Some-cdn-cache-control: public", "X-Cache-Controls: x"]
    backend.on("/cdn", reply("x", *names))
    for use, left in ("private", 0), (AL, 1), ("none", 1), ("off", 1):
        got = site.get(folder(use) + "/cdn", GERMAN)
        for line in names[:-1]:
            assert len(got.all(line.split(":")[0])) == left, (use, got)
        assert got.all("X-Cache-Controls") == ["x"]


def test_errors_of_the_upstream(site, backend):
    """A 404 or 500 of the upstream is an answer as any other."""
    for status in "404 Not Found", "500 Oh No", "301 Moved":
        backend.on("/bad", reply("x", "Location: /x", "Vary: X-A",
                                 "Cache-Control: public", status=status))
        got = site.get(folder(AL + " private") + "/bad", GERMAN)
        assert got.status == int(status[:3])
        assert not fault(got, AL + " X-A private"), got
    gone = site.get(folder(AL + " private") + "/no-such", GERMAN)
    assert gone.status == 404 and not fault(gone, AL + " private")


def test_add_header_and_expires(site):
    """nginx's own headers are merged and corrected, too."""
    for value, rest in ("1h", ["max-age=3600"]), ("epoch", ["no-cache"]), (
            "max", ["max-age=315360000"]), ("off", []):
        got = site.get(f"/expires?e={value}", GERMAN)
        assert got.all("Cache-Control") == [", ".join(["private"] + rest)]
    got = site.get("/expires-404", GERMAN)
    assert got.status == 404
    assert got.all("Cache-Control") == ["private, max-age=9"]
    assert sorted(w.lower() for w in members(got, "Vary")) == [
        AL.lower(), "x-own"] and len(got.all("Vary")) == 1
    got = site.get("/expires-none", GERMAN)
    assert got.all("Vary") == ["X-Own", "x-own"]
    assert got.all("Cache-Control") == ["max-age=3600", "public, s-maxage=9"]


def test_gzip_vary(site):
    """Accept-Encoding of gzip_vary is in the same line."""
    for zipped in {}, {"Accept-Encoding": "gzip"}:
        for use, want in (("none", ""), (AL, AL), ("private", "private"),
                          (AL + " private", AL + " private"), ("off", "")):
            got = site.get(f"/gz-{folder(use)[4:]}", {**GERMAN, **zipped})
            assert (got.header("Content-Encoding") == "gzip") == bool(zipped)
            assert not fault(got, want + " Accept-Encoding"), (use, got)


# -- cookies and our own endpoints

def test_cookies(site):
    """Who gets or loses our cookie has the page for themselves."""
    got = site.get("/view?consent=yes", GERMAN)
    assert got.cookie(NAME) and not fault(got, "private"), got
    mine = {**GERMAN, **jar(got.cookie(NAME)[0])}
    again = site.get("/view?consent=yes", mine)
    assert not again.cookie(NAME) and not fault(again, ""), again
    gone = site.get("/view?consent=no", mine)
    assert is_deleted(gone) and not fault(gone, "private"), gone
    assert not fault(site.get("/view?consent=no", GERMAN), "")
    got = site.get("/view-up", GERMAN)
    assert got.cookie(NAME)
    assert got.all("Cache-Control") == ["private, max-age=600"]
    got = site.get("/view-up", {**GERMAN, **jar(got.cookie(NAME)[0])})
    assert got.all("Cache-Control") == ["public, max-age=600"]


def test_our_endpoints(site):
    """The script may be shared; who one is and the status may not."""
    for target in "/who", "/status", "/status?format=html":
        got = site.get(target, GERMAN)
        assert got.status == 200
        assert got.all("Cache-Control") in (["no-store"], ["private"]), got
    script = site.get("/beacon", GERMAN)
    assert script.status == 200 and not script.all("Vary")
    assert re.fullmatch(r"(public, )?max-age=\d+",
                        script.header("Cache-Control")), script
    for data in b'{"type":"click"}', b"{":
        got = site.request("POST", "/beacon", GERMAN, data)
        assert got.status in (204, 400)
        assert not set(members(got, "Cache-Control")) & {"public", "s-maxage"}


def test_levels(site):
    """exportsite_vary is inherited, and may be set again."""
    assert not fault(site.get("/level/x", GERMAN), "")
    assert not fault(site.get("/level/same", GERMAN), "")
    assert not fault(site.get("/level/again", GERMAN), "private")


def test_vary_off_for_all(nginx):
    """Off at a higher level, on below."""
    site = nginx("exportsite on; exportsite_vary off;",
                 conf.echo("country", extra="")
                 + conf.echo("country", location="= /on",
                             extra="exportsite_vary on;"))
    assert not fault(site.get("/vars"), "")
    assert not fault(site.get("/on"), "private")


def test_many_headers(nginx):
    """More headers than are told apart: the rest makes it private."""
    names = [f"X-Rung-{n}" for n in range(90)]
    site = nginx("exportsite on;", "".join(
        location(f"/{n}", f"exportsite_country_from {rungs};", COUNTRY)
        for n, rungs in (("all", " ".join("header:" + n for n in names)),
                         ("first", "header:X-Rung-0"),
                         ("last", "header:X-Rung-89"))))
    got = site.get("/all")
    found = members(got, "Vary")
    assert len(set(found)) == len(found) > 0
    assert set(found) == set(names) or got.all("Cache-Control") == ["private"]
    assert not fault(site.get("/first"), "X-Rung-0")
    last = site.get("/last")
    assert members(last, "Vary") == ["X-Rung-89"] \
        or last.all("Cache-Control") == ["private"]
